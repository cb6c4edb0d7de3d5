//! Opens a session, compressed or not, and reads from it.

#![no_std]
#![no_main]

use core::hint::black_box;

use firmware_costs::{
    measure,
    requests::{CONFIG, COOKIES, keys, now, session},
};
use hipflask::{App, Error, SecureCookieSessionInterface, SessionInterface as _};

fn run() -> Result<usize, Error> {
    let interface = SecureCookieSessionInterface::new(keys()?, now);
    let session = session()?;
    for request in black_box(COOKIES) {
        interface.open_session(App { config: &CONFIG, request }, session)?;
    }
    Ok(session.get_as::<u32>(black_box("a"))?.unwrap_or_default() as usize)
}

#[cortex_m_rt::entry]
fn main() -> ! {
    measure(run)
}
