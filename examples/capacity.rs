//! How many bytes which session takes: in a device's memory, and in a request.
//!
//! `cargo run --example capacity` prints a table, for the sessions of the tests
//! and for that of `examples/firmware`. Each is opened in exactly the capacity
//! that the table gives, and saved from it.

use hipflask::{
    Config, Error, SecureCookieSession, SecureCookieSessionInterface, SessionInterface, UnixTime, clock_fn,
    json::SESSION_JSON_SERIALIZER,
    signing::{Compression, Keyring, NoCompression},
    zlib::{DeflateScratch, Scratch},
};

const TINY: &[u8] = include_bytes!("../tests/data/zlib/payload-s1.json");
const DEVICE: &[u8] =
    br#"{"_permanent":true,"csrf":"0123456789abcdef0123456789abcdef01234567","user":"ada","visits":7}"#;
const LOGIN: &[u8] = include_bytes!("../tests/data/zlib/payload-s2.json");
const TAGGED: &[u8] = include_bytes!("../tests/data/zlib/payload-s3.json");
const CART: &[u8] = include_bytes!("../tests/data/zlib/payload-s4.json");
const TOKENS: &[u8] = include_bytes!("../tests/data/zlib/payload-s5.json");

/// What a session of so much JSON text and so many entries always fits into.
const fn capacity(json: &[u8], entries: usize) -> usize {
    json.len() + 8 * entries
}

fn main() -> Result<(), Error> {
    println!("                       JSON entries capacity   cookie compressed  memory for that");
    row::<{ capacity(TINY, 1) }, { TINY.len() }>("a number", TINY)?;
    row::<{ capacity(DEVICE, 4) }, { DEVICE.len() }>("the device's login", DEVICE)?;
    row::<{ capacity(LOGIN, 5) }, { LOGIN.len() }>("Flask-Login", LOGIN)?;
    row::<{ capacity(TAGGED, 10) }, { TAGGED.len() }>("messages, every tag", TAGGED)?;
    row::<{ capacity(CART, 3) }, { CART.len() }>("a shopping cart", CART)?;
    row::<{ capacity(TOKENS, 3) }, { TOKENS.len() }>("OAuth tokens", TOKENS)
}

fn row<const N: usize, const JSON: usize>(name: &str, json: &[u8]) -> Result<(), Error> {
    let mut session = SecureCookieSession::<N>::new();
    let buffer = session.buffer();
    let full = Error::Capacity { needed_bytes: json.len(), capacity_bytes: buffer.len() };
    buffer.get_mut(..json.len()).ok_or(full)?.copy_from_slice(json);
    session.load(SESSION_JSON_SERIALIZER, json.len())?;
    let entries = session.len();
    assert_eq!(N, capacity(json, entries));
    session.set_modified(true);
    let plain = cookie_bytes(&session, &mut NoCompression)?;
    let mut scratch = DeflateScratch::<JSON>::new();
    let compressed = cookie_bytes::<Scratch>(&session, &mut scratch)?;
    let memory = size_of::<DeflateScratch<JSON>>();
    println!("{name:20} {:6} {entries:7} {N:8} {plain:8} {compressed:10} {memory:16}", json.len());
    Ok(())
}

/// The length of `session=…`, as a browser sends it.
fn cookie_bytes<Z: Compression + ?Sized>(
    session: &hipflask::Session,
    scratch: &mut Z,
) -> Result<usize, Error> {
    let keys = Keyring::for_sessions(b"dev");
    let interface =
        SecureCookieSessionInterface::new(keys, clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000))));
    let config = Config::new().max_cookie_size(0);
    let interface = interface.with_scratch::<Z>();
    let saved = interface.save_session(&config, session, true, scratch)?;
    let cookie = saved.set_cookie.ok_or(Error::NoSecretKey)?;
    Ok(cookie.name.len() + "=".len() + cookie.value.to_string().len())
}
