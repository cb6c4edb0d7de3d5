//! Opens a session, compressed or not, changes it and saves it uncompressed.

#![no_std]
#![no_main]

use firmware_costs::{
    measure,
    requests::{COOKIES, answer, keys, now, visit},
};
use hipflask::{Error, SecureCookieSessionInterface, clock_fn, signing::NoCompression};

fn run() -> Result<usize, Error> {
    let interface = SecureCookieSessionInterface::new(keys()?, clock_fn(now));
    answer(&interface, &COOKIES, &mut NoCompression, visit)
}

#[firmware_costs::entry]
fn main() -> ! {
    measure(run)
}
