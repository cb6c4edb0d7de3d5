//! A small site, served by picoserve on a computer: `SECRET_KEY=… cargo run --example
//! site`, with the key of a Flask site. Whoever is logged in there is logged in here.

use std::{error::Error, fmt::Write as _, rc::Rc};

use hipflask::{
    Clock, Config, SecureCookieSessionInterface,
    backends::std::{EnvSecrets, SystemClock},
    signing::{KeyDerivation, Keyring},
    zlib::{DeflateScratch, Scratch},
};
use hipflask_picoserve::{Context, Pool, Session, SessionError, Sessions, WithSession};
use picoserve::{
    Router, Server, Timeouts,
    extract::{FromRef, State},
    routing::{PathRouter, get, post},
    time::Duration,
};
use tokio::{net::TcpListener, task};

/// Requests that are answered at once; the others wait.
const PLACES: usize = 2;
/// Room for a session, and for its JSON when it is compressed.
const SESSION_BYTES: usize = 2304;

const HTTP: picoserve::Config = picoserve::Config::new(Timeouts {
    start_read_request: Duration::from_secs(5),
    persistent_start_read_request: Duration::from_secs(5),
    read_request: Duration::from_secs(3),
    write: Duration::from_secs(3),
})
.keep_connection_alive();

/// What the handlers share.
#[derive(Clone, Copy)]
struct Site {
    greeting: &'static str,
}

/// So that a handler can take it as `State<Site>`.
impl FromRef<WithSession<Self>> for Site {
    fn from_ref(state: &WithSession<Self>) -> Self {
        state.app
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let secrets = EnvSecrets { current: "SECRET_KEY", fallbacks: &[] };
    let keys: Keyring = Keyring::from_source(&secrets, Keyring::SESSION_SALT, KeyDerivation::Hmac)?;
    if !keys.has_current() {
        return Err("SECRET_KEY is not set".into());
    }
    let listener = TcpListener::bind("127.0.0.1:5003").await?;
    println!("http://{}/", listener.local_addr()?);
    let site = Rc::new(site(keys, SystemClock));
    task::LocalSet::new().run_until(serve(listener, site)).await;
    Ok(())
}

fn site(keys: Keyring, clock: impl Clock + 'static) -> Router<impl PathRouter> {
    // A device has these in a `ConstStaticCell`.
    let pool = Box::leak(Box::new(Pool::<SESSION_BYTES, PLACES>::new()));
    let scratch: &mut Scratch = Box::leak(Box::new(DeflateScratch::<SESSION_BYTES>::new()));
    let interface = SecureCookieSessionInterface::new(keys, clock).with_compression();
    let sessions = Sessions::new(interface, Config::new(), pool, scratch)
        .on_save_error(|reason| eprintln!("a session was not saved: {reason}"));
    Router::new()
        .route("/", get(hello))
        .route("/goodbye", post(goodbye))
        .route("/about", get(about))
        .layer(&*Box::leak(Box::new(sessions)))
        .with_state(Site { greeting: "Hello" })
}

/// Who is here, how often, and what was flashed, here or by the Flask site.
async fn hello(State(site): State<Site>, mut session: Session) -> Result<String, SessionError> {
    let mut page = String::new();
    for flashed in session.take_flashed_messages()? {
        let _ = writeln!(page, "{}: {}", flashed.category, flashed.message);
    }
    match session.get_as::<String>("user")? {
        None => page += "Nobody is logged in.\n",
        Some(user) => {
            session.modify::<u64>("visits", |visits| *visits += 1)?;
            let visits = session.get_as::<u64>("visits")?.unwrap_or_default();
            let _ = writeln!(page, "{}, {user}, visit {visits}", site.greeting);
        }
    }
    Ok(page)
}

/// Logs out, whatever the request brought. A form that posts here needs a token against
/// cross-site request forgery, as the repository's `examples/firmware` has one.
async fn goodbye(mut context: Context) -> Result<&'static str, SessionError> {
    context.start_fresh()?.flash("You are logged out.", "info")?;
    Ok("Goodbye.\n")
}

async fn about() -> &'static str {
    "The same for everybody.\n"
}

/// Answers whoever connects, each in a task.
async fn serve(listener: TcpListener, site: Rc<Router<impl PathRouter + 'static>>) {
    while let Ok((connection, _)) = listener.accept().await {
        let site = site.clone();
        task::spawn_local(async move {
            // A client that breaks the connection is its own affair.
            let _ = Server::new_tokio(&site, &HTTP, &mut [0; 8192]).serve(connection).await;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hipflask::{UnixTime, clock_fn};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
    };

    /// `{"user":"Zo\u00eb"}`, as Flask saves it with the key `dev` at 1,700,000,000.
    const ZOE: &str = "session=eyJ1c2VyIjoiWm9cdTAwZWIifQ.ZVPxAA.CTxB9uAyToSMQr_DcacEN7J-1Jg";

    /// What the site answers to each request, with the cookie that it set last.
    async fn answers(requests: &[(&str, &str)]) -> Vec<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clock = clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)));
        task::spawn_local(serve(listener, Rc::new(site(Keyring::for_sessions(b"dev"), clock))));
        let mut cookie = ZOE.to_owned();
        let mut answers = Vec::new();
        for (method, path) in requests {
            let mut connection = TcpStream::connect(address).await.unwrap();
            let head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n");
            connection.write_all(head.as_bytes()).await.unwrap();
            let mut answer = String::new();
            connection.read_to_string(&mut answer).await.unwrap();
            let set = answer.split("\r\n").find_map(|line| line.strip_prefix("Set-Cookie: "));
            if let Some(set) = set {
                cookie = set.split(';').next().unwrap().to_owned();
            }
            answers.push(answer);
        }
        answers
    }

    #[tokio::test]
    async fn who_is_logged_in_at_the_flask_site_is_counted_and_logged_out() {
        let requests = [("GET", "/"), ("GET", "/"), ("POST", "/goodbye"), ("GET", "/"), ("GET", "/about")];
        let [first, second, goodbye, after, about] =
            task::LocalSet::new().run_until(answers(&requests)).await.try_into().unwrap();
        assert!(first.ends_with("Hello, Zo\u{eb}, visit 1\n"), "{first}");
        assert!(second.ends_with("Hello, Zo\u{eb}, visit 2\n"), "{second}");
        assert!(goodbye.ends_with("Goodbye.\n"), "{goodbye}");
        assert!(after.ends_with("info: You are logged out.\nNobody is logged in.\n"), "{after}");
        assert!(!about.contains("Vary") && !about.contains("Set-Cookie"), "{about}");
    }
}
