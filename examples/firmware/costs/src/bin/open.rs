//! Opens a session, compressed or not, and reads from it.

#![no_std]
#![no_main]

use core::hint::black_box;

use firmware_costs::{keys, measure, now};
use hipflask::{
    App, Config, Error, SecureCookieSession, SecureCookieSessionInterface, SessionInterface as _,
};
use static_cell::ConstStaticCell;

fn run() -> Result<u32, Error> {
    static SESSION: ConstStaticCell<SecureCookieSession<1024>> =
        ConstStaticCell::new(SecureCookieSession::new());
    let interface = SecureCookieSessionInterface::new(keys(), now);
    let cookies: &[u8] = black_box(b"session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk");
    let config = Config::new();
    let Some(session) = SESSION.try_take() else { return Err(Error::Depth) };
    interface.open_session(App { config: &config, request: cookies }, session)?;
    Ok(session.get_as(black_box("a"))?.unwrap_or_default())
}

#[cortex_m_rt::entry]
fn main() -> ! {
    measure(run)
}
