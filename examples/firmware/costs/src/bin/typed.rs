//! The same without compressing, with the session as a struct.

#![no_std]
#![no_main]

use core::{fmt::Write as _, hint::black_box};

use firmware_costs::{keys, measure, now};
use hipflask::{
    Config, Error, RequestContext, SecureCookieSession, SecureCookieSessionInterface, signing::NoCompression,
};
use static_cell::ConstStaticCell;

/// Takes a header without keeping it.
struct Wire(usize);

impl core::fmt::Write for Wire {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0 = self.0.wrapping_add(black_box(text).len());
        Ok(())
    }
}

/// The whole session.
#[derive(serde::Deserialize, serde::Serialize)]
struct Contents<'a> {
    a: u32,
    text: Option<&'a str>,
    #[serde(default)]
    at: [i16; 2],
}

fn run() -> Result<usize, Error> {
    static SESSION: ConstStaticCell<SecureCookieSession<1024>> =
        ConstStaticCell::new(SecureCookieSession::new());
    let interface = SecureCookieSessionInterface::new(keys(), now);
    let scratch = &mut NoCompression;
    // Asking twice would be an error, not a panic.
    let Some(session) = SESSION.try_take() else { return Err(Error::Depth) };
    let cookies: &[u8] = black_box(b"session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk");
    let config = Config::new();
    let mut context = RequestContext::begin(&interface, &config, cookies, session)?;
    let session = context.session();
    let contents: Contents<'_> = session.read()?;
    let next =
        Contents { a: contents.a.wrapping_add(1), text: black_box(Some("aaaaaaaaaaaaaaaa")), at: [3, 4] };
    session.replace(&next)?;
    let saved = context.finish(scratch)?;
    let mut wire = Wire(0);
    if let Some(cookie) = &saved.set_cookie {
        let _ = write!(wire, "{cookie}");
    }
    Ok(wire.0)
}

#[cortex_m_rt::entry]
fn main() -> ! {
    measure(run)
}
