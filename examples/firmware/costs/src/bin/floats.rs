//! As `open_save`, with a float.

#![no_std]
#![no_main]

use core::hint::black_box;

use firmware_costs::{
    measure,
    requests::{COOKIES, answer, keys, now},
};
use hipflask::{Error, SecureCookieSessionInterface, Session, clock_fn, signing::NoCompression};

fn visit(session: &mut Session) -> Result<(), Error> {
    let price: f64 = session.get_as(black_box("a"))?.unwrap_or_default();
    session.insert(black_box("a"), &(price * 1.25))
}

fn run() -> Result<usize, Error> {
    let interface = SecureCookieSessionInterface::new(keys()?, clock_fn(now));
    answer(&interface, &COOKIES, &mut NoCompression, visit)
}

#[firmware_costs::entry]
fn main() -> ! {
    measure(run)
}
