//! Sockets and threads: just enough HTTP/1.1 (RFC 9112) for a browser on the
//! same computer. One thread and one request a connection.

use std::{
    error::Error,
    fmt::Write as _,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use hipflask::{
    Clock as _, SecureCookieSession, backends::std::SystemClock, json::DateTime, zlib::DeflateScratch,
};

use crate::{
    app::App,
    lifecycle,
    web::{Reply, Request},
};

/// Room for a session. Far more than a cookie holds, because Flask compresses.
const SESSION_BYTES: usize = 32 * 1024;
const MAX_HEAD_BYTES: usize = 32 * 1024;
const MAX_HEADERS: usize = 100;
/// The longest form that is read.
const MAX_BODY_BYTES: u64 = 64 * 1024;
/// What is read and dropped of a longer one, so that the browser gets to see the answer.
const MAX_DROPPED_BYTES: u64 = 16 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(10);

/// Serves until the process is ended.
pub fn serve(app: &App, port: u16) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map_err(|error| format!("could not listen on port {port}: {error}"))?;
    println!("Listening on http://{} (Ctrl+C stops it)", listener.local_addr()?);
    thread::scope(|scope| {
        for connection in listener.incoming() {
            let started = connection.and_then(|stream| {
                thread::Builder::new().spawn_scoped(scope, move || {
                    // A browser that went away, or a connection made in advance and not used.
                    let _ = converse(app, stream);
                })
            });
            if let Err(error) = started {
                eprintln!("login: could not take a connection: {error}");
                thread::sleep(Duration::from_millis(100));
            }
        }
    });
    Ok(())
}

/// One request and its answer.
fn converse(app: &App, mut stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    match read(&mut stream)? {
        Ok(request) => {
            let mut session = Box::new(SecureCookieSession::<SESSION_BYTES>::new());
            let mut scratch = Box::new(DeflateScratch::<SESSION_BYTES>::new());
            let reply = lifecycle::answer(app, &request, &mut session, &mut scratch);
            write(&mut stream, &reply, request.method != "HEAD")?;
            if request.body.is_none() {
                stream.shutdown(Shutdown::Write)?;
                io::copy(&mut stream.take(MAX_DROPPED_BYTES), &mut io::sink())?;
            }
            Ok(())
        }
        Err(status) => {
            let reply = Reply::error(status, "That was no request", "This server did not understand it.");
            write(&mut stream, &reply, true)
        }
    }
}

/// A request, or the status that says what is wrong with it.
fn read(stream: &mut TcpStream) -> io::Result<Result<Request, u16>> {
    let mut bytes = Vec::new();
    let head = loop {
        let mut chunk = [0; 4096];
        let received = stream.read(&mut chunk)?;
        if received == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&chunk[..received]);
        match parse(&bytes) {
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
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let mut body = bytes.split_off(len_bytes);
    stream.take(body_bytes.saturating_sub(body.len() as u64)).read_to_end(&mut body)?;
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

fn write(stream: &mut TcpStream, reply: &Reply, with_body: bool) -> io::Result<()> {
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
    stream.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

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
