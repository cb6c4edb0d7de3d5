//! As `open_save`, with cookies whose attributes are one text.

#![no_std]
#![no_main]

use core::fmt::Write as _;

use firmware_costs::{
    measure,
    requests::{ATTRIBUTES, COOKIES, answer_by, keys, now, open, visit},
};
use hipflask::{Error, SecureCookieSessionInterface, clock_fn, signing::NoCompression};

fn run() -> Result<usize, Error> {
    let interface = SecureCookieSessionInterface::new(keys()?, clock_fn(now)).without_attributes();
    answer_by(&interface, &COOKIES, &mut NoCompression, visit, open, |wire, cookie| {
        write!(wire, "{}", cookie.with_attributes(ATTRIBUTES))
    })
}

#[firmware_costs::entry]
fn main() -> ! {
    measure(run)
}
