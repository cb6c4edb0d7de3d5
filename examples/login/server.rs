//! Sockets and threads: just enough HTTP/1.1 (RFC 9112) for a browser on the
//! same computer. One thread and one request a connection, both within [`Limits`].

use std::{
    error::Error,
    fmt::Write as _,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread::{self, Scope},
    time::Duration,
};

use hipflask::{
    Clock as _, RequestContext, SecureCookieSession, backends::std::SystemClock, json::DateTime,
    zlib::DeflateScratch,
};

use crate::{
    app::App,
    connection::Connection,
    gate::Gate,
    lifecycle,
    web::{Reply, Request},
};

/// Room for a session. Far more than a cookie holds, because Flask compresses.
const SESSION_BYTES: usize = 32 * 1024;
const MAX_HEAD_BYTES: usize = 32 * 1024;
const MAX_HEADERS: usize = 100;
/// The longest form that is read.
const MAX_BODY_BYTES: u64 = 64 * 1024;

/// What clients can take of this server, whatever they do.
struct Limits {
    /// Connections that are served at once.
    connections: usize,
    /// Connections beyond those that get an answer, which is to come again. All others are closed.
    refusals: usize,
    /// The time for a whole request, head and body, however its bytes trickle in.
    request_time: Duration,
    /// The time to take the answer.
    answer_time: Duration,
    /// The time for one of the refusals.
    refusal_time: Duration,
}

const LIMITS: Limits = Limits {
    connections: 64,
    refusals: 16,
    request_time: Duration::from_secs(10),
    answer_time: Duration::from_secs(10),
    refusal_time: Duration::from_secs(1),
};

/// Serves until the process is ended.
pub fn serve(app: &App, port: u16) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map_err(|error| format!("could not listen on port {port}: {error}"))?;
    println!("Listening on http://{} (Ctrl+C stops it)", listener.local_addr()?);
    accept(app, &listener, &LIMITS);
    Ok(())
}

fn accept(app: &App, listener: &TcpListener, limits: &Limits) {
    let (served, refused) = (Gate::new(limits.connections), Gate::new(limits.refusals));
    thread::scope(|scope| {
        for connection in listener.incoming() {
            let started = connection.and_then(|stream| start(scope, app, stream, limits, &served, &refused));
            if let Err(error) = started {
                eprintln!("login: could not take a connection: {error}");
                thread::sleep(Duration::from_millis(100));
            }
        }
    });
}

/// Starts the thread of a connection, if there is a place for one.
fn start<'scope>(
    scope: &'scope Scope<'scope, '_>,
    app: &'scope App,
    stream: TcpStream,
    limits: &'scope Limits,
    served: &'scope Gate,
    refused: &'scope Gate,
) -> io::Result<()> {
    let place = served.enter(Duration::ZERO);
    let is_served = place.is_some();
    let Some(place) = place.or_else(|| refused.enter(Duration::ZERO)) else { return Ok(()) };
    thread::Builder::new().spawn_scoped(scope, move || {
        // An error is a browser that went away, or a connection made in advance and not used.
        let _ = if is_served { converse(app, stream, limits) } else { refuse(stream, limits) };
        drop(place);
    })?;
    Ok(())
}

/// One request and its answer.
fn converse(app: &App, stream: TcpStream, limits: &Limits) -> io::Result<()> {
    let mut connection = Connection::new(stream, limits.request_time);
    let read = read(&mut connection)?;
    let (reply, is_head, is_all_read) = match &read {
        Ok(request) => {
            let mut context = Box::new(RequestContext::new(SecureCookieSession::<SESSION_BYTES>::new()));
            let mut scratch = Box::new(DeflateScratch::<SESSION_BYTES>::new());
            let reply = lifecycle::answer(app, request, &mut context, &mut scratch);
            (reply, request.method == "HEAD", request.body.is_some())
        }
        Err(408) => (Reply::error(408, "That took too long", "Please try again."), false, false),
        Err(status) => {
            let text = "This server did not understand it.";
            (Reply::error(*status, "That was no request", text), false, false)
        }
    };
    connection.allow(limits.answer_time);
    write(&mut connection, &reply, !is_head)?;
    if is_all_read { Ok(()) } else { connection.drop_rest() }
}

fn refuse(stream: TcpStream, limits: &Limits) -> io::Result<()> {
    let mut connection = Connection::new(stream, limits.refusal_time);
    write(&mut connection, &Reply::busy(), true)?;
    connection.drop_rest()
}

/// A request, or the status that says what is wrong with it.
fn read(connection: &mut Connection) -> io::Result<Result<Request, u16>> {
    let mut bytes = Vec::new();
    match read_into(&mut bytes, connection) {
        // Of a connection on which nothing was sent, nobody waits for an answer.
        Err(error) if error.kind() == io::ErrorKind::TimedOut && !bytes.is_empty() => Ok(Err(408)),
        other => other,
    }
}

fn read_into(bytes: &mut Vec<u8>, connection: &mut Connection) -> io::Result<Result<Request, u16>> {
    let head = loop {
        let mut chunk = [0; 4096];
        let received = connection.read(&mut chunk)?;
        if received == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&chunk[..received]);
        match parse(bytes) {
            Ok(Some(head)) => break head,
            Ok(None) if bytes.len() < MAX_HEAD_BYTES => {}
            Ok(None) => return Ok(Err(431)),
            Err(status) => return Ok(Err(status)),
        }
    };
    let Head { mut request, len_bytes, body_bytes, expects_continue } = head;
    if body_bytes > MAX_BODY_BYTES {
        return Ok(Ok(request));
    }
    if expects_continue {
        connection.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let mut body = bytes.split_off(len_bytes);
    connection.take(body_bytes.saturating_sub(body.len() as u64)).read_to_end(&mut body)?;
    if (body.len() as u64) < body_bytes {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    // What follows would be another request.
    body.truncate(body_bytes as usize);
    request.body = Some(body);
    Ok(Ok(request))
}

struct Head {
    /// Without its body.
    request: Request,
    /// The head's own length.
    len_bytes: usize,
    /// The length of the body that follows.
    body_bytes: u64,
    expects_continue: bool,
}

/// The head, once it is there as a whole.
fn parse(bytes: &[u8]) -> Result<Option<Head>, u16> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let len_bytes = match head.parse(bytes) {
        Ok(httparse::Status::Complete(len_bytes)) => len_bytes,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(431),
        Err(_) => return Err(400),
    };
    let values = |name: &'static str| {
        let named = head.headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
        named.map(|header| header.value)
    };
    // Browsers do not send forms in chunks.
    if values("Transfer-Encoding").next().is_some() {
        return Err(501);
    }
    let mut lengths = values("Content-Length");
    let body_bytes = match (lengths.next(), lengths.next()) {
        (None, _) => 0,
        (Some(digits), None) if digits.iter().all(u8::is_ascii_digit) => {
            str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).ok_or(400_u16)?
        }
        _ => return Err(400),
    };
    let request = Request {
        method: head.method.unwrap_or_default().into(),
        path: head.path.and_then(|path| path.split('?').next()).unwrap_or_default().into(),
        cookies: values("Cookie").map(<[u8]>::to_vec).collect(),
        body: None,
    };
    let expects_continue = values("Expect").any(|value| value.eq_ignore_ascii_case(b"100-continue"));
    Ok(Some(Head { request, len_bytes, body_bytes, expects_continue }))
}

fn write(connection: &mut Connection, reply: &Reply, with_body: bool) -> io::Result<()> {
    let mut text = format!("HTTP/1.1 {} \r\nConnection: close\r\n", reply.status);
    let now = SystemClock.now().ok().and_then(|now| DateTime::from_unix_secs(now.secs().try_into().ok()?));
    let length = reply.body.len();
    let date = now.map(|now| ("Date", now.to_string()));
    let own = [("Content-Length", length.to_string())];
    for (name, value) in date.iter().chain(&own).chain(&reply.headers) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{name}: {value}\r\n");
    }
    text.push_str("\r\n");
    if with_body {
        text.push_str(&reply.body);
    }
    connection.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::{
        net::{Shutdown, SocketAddr},
        time::Instant,
    };

    use hipflask::signing::Secrets;

    use super::*;
    use crate::options::Options;

    /// So long that a test which waits for it fails.
    const LONG: Duration = Duration::from_secs(60);
    const PATIENT: Limits = Limits { request_time: LONG, answer_time: LONG, refusal_time: LONG, ..LIMITS };

    /// A server with these limits, which ends with the test's process.
    fn served(limits: Limits) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let secrets = Secrets { current: b"dev", fallbacks: &[] };
            accept(&App::new(&secrets, &Options::default()).unwrap(), &listener, &limits);
        });
        address
    }

    fn connect(address: SocketAddr, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(LONG / 2)).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    }

    /// All that the server sends until it closes the connection.
    fn answer(mut stream: TcpStream) -> io::Result<String> {
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn bytes_that_trickle_in_do_not_make_a_request_last_longer() {
        let address = served(Limits { request_time: Duration::from_millis(200), ..PATIENT });
        for beginning in ["GET / HTTP/1.1\r\nX: ", "POST / HTTP/1.1\r\nContent-Length: 60000\r\n\r\n"] {
            let started = Instant::now();
            let mut stream = connect(address, beginning);
            // The pause between two bytes is far shorter than the time for all.
            stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
            let mut first = [0; 12];
            let received = loop {
                assert!(started.elapsed() < LONG / 2, "{beginning:?} is read for ever");
                match stream.read(&mut first) {
                    Ok(received) => break received,
                    Err(_) => stream.write_all(b"x").unwrap(),
                }
            };
            assert_eq!(&first[..received], b"HTTP/1.1 408");
        }
    }

    #[test]
    fn a_connection_on_which_nothing_is_sent_is_closed_without_a_word() {
        let address = served(Limits { request_time: Duration::from_millis(50), ..PATIENT });
        assert_eq!(answer(connect(address, "")).unwrap(), "");
    }

    #[test]
    fn one_connection_too_many_is_told_to_come_again() {
        let address = served(Limits { connections: 1, refusals: 1, ..PATIENT });
        let first = connect(address, "GET /login HTTP/1.1\r\n");
        let mut second = connect(address, "");
        let mut head = [0; 12];
        second.read_exact(&mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.1 503");
        // Not even for that there is a place: the second is not closed yet.
        assert!(matches!(answer(connect(address, "")).as_deref(), Ok("") | Err(_)));
        second.shutdown(Shutdown::Write).unwrap();
        assert!(answer(second).unwrap().contains("\r\nRetry-After: 5\r\n"));

        // The first was not harmed, and its place is free after it.
        (&first).write_all(b"\r\n").unwrap();
        assert!(answer(first).unwrap().starts_with("HTTP/1.1 200"));
        let started = Instant::now();
        while !answer(connect(address, "GET /login HTTP/1.1\r\n\r\n"))
            .is_ok_and(|text| text.contains(" 200 "))
        {
            assert!(started.elapsed() < LONG / 2, "the place stays taken");
        }
    }

    #[test]
    fn a_head_is_read() {
        let text =
            b"POST /login?x=1 HTTP/1.1\r\nCOOKIE: a=\xe9\r\nCookie: b=1\r\nContent-Length: 3\r\n\r\na=1";
        for len in 0..text.len() - 3 {
            assert!(matches!(parse(&text[..len]), Ok(None)), "{len}");
        }
        let Ok(Some(head)) = parse(text) else { panic!("not read") };
        assert_eq!((head.len_bytes, head.body_bytes, head.expects_continue), (text.len() - 3, 3, false));
        assert_eq!((head.request.method.as_str(), head.request.path.as_str()), ("POST", "/login"));
        assert_eq!(head.request.cookies, [&b"a=\xe9"[..], b"b=1"]);
    }

    #[test]
    fn a_length_that_can_be_read_in_two_ways_is_refused() {
        for (header, status) in [
            ("Content-Length: +3", 400),
            ("Content-Length: 3, 3", 400),
            ("Content-Length: ", 400),
            ("Content-Length: 3\r\nContent-Length: 3", 400),
            ("Transfer-Encoding: chunked", 501),
            ("No colon", 400),
        ] {
            let text = format!("POST / HTTP/1.1\r\n{header}\r\n\r\n");
            assert_eq!(parse(text.as_bytes()).err(), Some(status), "{header}");
        }
    }
}
