//! The same, and compresses it.

#![no_std]
#![no_main]

use core::{fmt::Write as _, hint::black_box};

use firmware_costs::{keys, measure, now};
use hipflask::{
    Config, Error, RequestContext, SecureCookieSession, SecureCookieSessionInterface, SessionMap as _,
    zlib::{DeflateScratch, Scratch},
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

fn run() -> Result<usize, Error> {
    static SESSION: ConstStaticCell<SecureCookieSession<1024>> =
        ConstStaticCell::new(SecureCookieSession::new());
    static SCRATCH: ConstStaticCell<DeflateScratch<1024>> = ConstStaticCell::new(DeflateScratch::new());
    let interface = SecureCookieSessionInterface::new(keys(), now).with_compression::<Scratch>();
    let Some(scratch) = SCRATCH.try_take() else { return Err(Error::Depth) };
    // Asking twice would be an error, not a panic.
    let Some(session) = SESSION.try_take() else { return Err(Error::Depth) };
    let cookies: &[u8] = black_box(b"session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk");
    let config = Config::new();
    let mut context = RequestContext::begin(&interface, &config, cookies, session)?;
    let session = context.session();
    let visits: u32 = session.get_as(black_box("a"))?.unwrap_or_default();
    session.insert(black_box("a"), &visits.wrapping_add(1))?;
    session.insert(black_box("text"), &black_box("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"))?;
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
