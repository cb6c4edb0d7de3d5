//! A whole request: the cookie opened, the session changed, the header written.
//! Opening includes the inflater, because most of Flask's cookies are compressed.

#![no_std]
#![no_main]

use core::{fmt::Write as _, hint::black_box};

use hipflask::{
    Config, Error, RequestContext, SecureCookieSession, SecureCookieSessionInterface, SessionMap, UnixTime,
    backends::embedded::OffsetClock,
    signing::{KeyDerivation, Keyring, NoCompression},
};
use hipflask_bare_metal::Uart;

hipflask_bare_metal::firmware!(run);

fn run() -> Result<(), Error> {
    let keys: Keyring =
        Keyring::new(black_box(b"dev"), SecureCookieSessionInterface::SALT, KeyDerivation::Hmac);
    let clock = OffsetClock::new(|| black_box(60));
    clock.set(UnixTime::from_secs(black_box(1_700_000_000)));
    let interface = SecureCookieSessionInterface::new(keys, clock);
    let config = Config::new();
    let mut session = SecureCookieSession::<1024>::new();

    let header: &[u8] = black_box(b"session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk");
    let mut context = RequestContext::begin(&interface, &config, header, &mut session)?;
    let visits: u32 = context.session().get_as("visits")?.unwrap_or_default();
    context.session().insert("visits", &visits.wrapping_add(1))?;
    let mut scratch = NoCompression;
    let saved = context.finish(&mut scratch)?;
    if let Some(cookie) = &saved.set_cookie {
        let _ = write!(Uart, "Set-Cookie: {cookie}\r\n");
    }
    Ok(())
}
