//! Serves the site on this computer: `cargo run`, with the password `flask`. With
//! a Flask app's `SECRET_KEY`, it shares that app's sessions.

use std::{
    cell::RefCell,
    env,
    error::Error,
    fmt::Write as _,
    net::{Ipv4Addr, SocketAddr},
    time::Instant,
};

use edge_http::io::server::DefaultServer;
use edge_http_sessions::{
    COOKIE_BYTES, Site,
    pages::{Device, Token},
};
use edge_nal::{TcpBind as _, WithTimeout};
use hipflask::{
    Config, RequestContext, SecureCookieSession, SecureCookieSessionInterface, UnixTime,
    backends::std::SystemClock,
    cookie::SameSite,
    signing::{KeyDerivation, Keyring, Mac as _, SigningKeys as _},
    zlib::DeflateScratch,
};

const SESSION_BYTES: usize = 2304;
const DEFLATE_BYTES: usize = 2176;
/// For each step of a client's.
const TIMEOUT_MILLIS: u32 = 10_000;
const PASSWORD: &str = "flask";

/// This computer, which knows the time.
struct Computer {
    started: Instant,
}

impl Device for Computer {
    fn uptime_secs(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    fn clock_is_set(&self) -> bool {
        true
    }

    fn set_clock(&self, _now: UnixTime) -> bool {
        false
    }

    /// Takes the same time wherever it differs.
    fn is_password(&self, password: &str) -> bool {
        let keys: Keyring = Keyring::new(PASSWORD.as_bytes(), b"password", KeyDerivation::Hmac);
        let tag = |text: &str| {
            let mut mac = keys.current()?;
            mac.update(text.as_bytes());
            mac.finish()
        };
        matches!((tag(password), tag(PASSWORD)), (Ok(given), Ok(ours)) if given == ours)
    }

    fn new_token(&self) -> Result<Token, hipflask::Error> {
        let mut bytes = [0; 20];
        getrandom::fill(&mut bytes).map_err(|_| hipflask::Error::NoSecretKey)?;
        let mut token = Token::new();
        for byte in bytes {
            let _ = write!(token, "{byte:02x}");
        }
        Ok(token)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let key = match env::var("SECRET_KEY") {
        Ok(key) => key.into_bytes(),
        Err(_) => {
            let mut key = [0; 32];
            getrandom::fill(&mut key)?;
            key.to_vec()
        }
    };
    let port = env::var("PORT").map_or(Ok(5003), |port| port.parse())?;
    let keys = Keyring::for_sessions(&key);
    let mut context = Box::new(RequestContext::new(SecureCookieSession::<SESSION_BYTES>::new()));
    let mut scratch = Box::new(DeflateScratch::<DEFLATE_BYTES>::new());
    let site = Site {
        device: Computer { started: Instant::now() },
        interface: SecureCookieSessionInterface::new(keys, SystemClock).with_compression(),
        config: Config::new().session_cookie_samesite(SameSite::Lax).max_cookie_size(COOKIE_BYTES),
        memory: RefCell::new((&mut **context, &mut *scratch)),
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut server = Box::new(DefaultServer::new());
    futures_lite::future::block_on(async {
        let acceptor = edge_nal_std::Stack::new().bind(address).await?;
        println!("open http://{address}/ (password: {PASSWORD})");
        // edge-http has no timeouts of its own.
        let acceptor = WithTimeout::new(TIMEOUT_MILLIS, acceptor);
        server.run(Some(TIMEOUT_MILLIS), acceptor, site).await.map_err(|error| format!("{error:?}").into())
    })
}
