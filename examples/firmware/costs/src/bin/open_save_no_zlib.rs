//! Opens a session, changes it and saves it, without zlib.

#![no_std]
#![no_main]

use firmware_costs::{
    measure,
    requests::{UNCOMPRESSED_COOKIES, answer, keys, now, visit},
};
use hipflask::{Error, SecureCookieSessionInterface, clock_fn, signing::NoZlib};

fn run() -> Result<usize, Error> {
    let interface = SecureCookieSessionInterface::new(keys()?, clock_fn(now)).without_zlib();
    answer(&interface, &UNCOMPRESSED_COOKIES, &mut NoZlib, visit)
}

#[firmware_costs::entry]
fn main() -> ! {
    measure(run)
}
