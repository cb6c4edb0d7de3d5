//! Opens, edits and saves a session with stack memory only: this is `no_std`,
//! there is no allocator in it. (The standard library is there to print.)
//!
//! `cargo run --example stack_only`
#![no_std]

extern crate std;

use hipflask::{
    Config, Error, RequestContext, SecureCookieSession, SecureCookieSessionInterface, Session, UnixTime,
    clock_fn,
    signing::{Keyring, NoCompression},
};

/// What a firmware brings: a key, and the time.
const SECRET: &[u8] = b"dev";
const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

/// A handler: it takes a session of any size.
fn visit(session: &mut Session) -> Result<u32, Error> {
    let visits = session.get_as::<u32>("visits")?.unwrap_or(0).saturating_add(1);
    session.insert("visits", &visits)?;
    for flashed in session.take_flashed_messages()? {
        std::println!("  {}: {}", flashed.category, flashed.message);
    }
    if visits == 1 {
        session.flash("Welcome.", "info")?;
    }
    Ok(visits)
}

fn main() -> Result<(), Error> {
    let keys = Keyring::for_sessions(SECRET);
    let interface = SecureCookieSessionInterface::new(keys, clock_fn(|| Ok(NOW)));
    let config = Config::new();

    // The browser's side: the cookie that came last.
    let mut header = heapless::String::<1024>::new();
    for _ in 0..3 {
        let mut context = RequestContext::new(SecureCookieSession::<512>::new());
        context.open(&interface, &config, header.as_str());
        let visits = visit(context.session()?)?;
        let mut scratch = NoCompression;
        let saved = context.save(&interface, &config, &mut scratch)?;
        let cookie = saved.set_cookie.ok_or(Error::NoSecretKey)?;
        std::println!("visit {visits}: Set-Cookie: {cookie}");
        header.clear();
        let full = Error::Capacity { needed_bytes: cookie.len_bytes(), capacity_bytes: header.capacity() };
        core::fmt::Write::write_fmt(&mut header, format_args!("{}={}", cookie.name, cookie.value))
            .map_err(|_| full)?;
    }
    Ok(())
}
