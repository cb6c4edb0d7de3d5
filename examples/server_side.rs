//! Server-side sessions: the cookie holds only an id, the session lies in a table of a
//! fixed size in RAM. Step by step, as a server without `async` drives it.
//!
//! `cargo run --example server_side --features std`

use hipflask::{
    Config, Error, Saved, SecureCookieSession, Session,
    backends::std::SystemClock,
    interface::server_side::{
        Codec, RamStore, ServerSideContext, ServerSideSessionInterface, SessionIdCookie, Step,
    },
    signing::Keyring,
};

type Store = RamStore<8, SESSION_BYTES, SystemClock>;
type Interface = ServerSideSessionInterface<Keyring, SystemClock>;

/// The bytes of one session.
const SESSION_BYTES: usize = 256;

/// One request: opens its session, has the handler use it, and saves it.
fn serve<'a>(
    interface: &'a Interface,
    config: &'a Config<'a>,
    store: &mut Store,
    cookie_header: &str,
    buffer: &'a mut [u8; SESSION_BYTES],
    handler: impl FnOnce(&mut ServerSideContext) -> Result<(), Error>,
) -> Result<Saved<'a, SessionIdCookie>, Box<dyn std::error::Error>> {
    let mut context = ServerSideContext::new(SecureCookieSession::<SESSION_BYTES>::new());
    if let Some(id) = interface.begin(config, cookie_header, &mut context) {
        let found = store.load(&id, buffer)?;
        interface.opened(config, &id, found, buffer, &mut context);
    }

    handler(&mut context)?;

    let random = |bytes: &mut [u8; 32]| getrandom::fill(bytes).map_err(|_| Error::RandomUnavailable);
    let mut finish = interface.finish(config, &context, random, b"", buffer)?;
    while let Some(step) = finish.step() {
        let done = match step {
            Step::Put { id, value, ttl, condition } => store.put(&id, value, ttl, condition)?,
            Step::Touch { id, ttl } => store.touch(&id, ttl)?,
            Step::Delete { id } => store.delete(&id)?,
            other => unreachable!("a newer hipflask has another step: {other:?}"),
        };
        finish.answered(done)?;
    }
    Ok(finish.saved())
}

fn count(session: &mut Session) -> Result<(), Error> {
    session.modify::<u32>("visits", |visits| *visits += 1)?;
    println!("visit {}", session.get_as::<u32>("visits")?.unwrap_or_default());
    Ok(())
}

/// Four requests of one browser, which logs in with the third.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let interface = ServerSideSessionInterface::new(SystemClock).with_codec(Codec::TaggedJson);
    let config = Config::new();
    let mut store = Store::new(SystemClock, Codec::TaggedJson, "user");
    let mut cookie_header = String::new();
    for request in 0..4 {
        let mut buffer = [0; SESSION_BYTES];
        let saved = serve(&interface, &config, &mut store, &cookie_header, &mut buffer, |context| {
            if request == 2 {
                // Whoever knew the id until now is not to be logged in with it.
                context.regenerate()?;
                context.session()?.insert("user", "ada")?;
                println!("ada logs in");
            }
            count(context.session()?)
        })?;
        if let Some(cookie) = saved.set_cookie {
            println!("  Set-Cookie: {cookie}");
            cookie_header = format!("{}={}", cookie.name, cookie.value);
        }
    }
    Ok(())
}
