//! As `open_save`, for requests that have no quoted cookies.

#![no_std]
#![no_main]

use core::fmt::Write as _;

use firmware_costs::{
    measure,
    requests::{COOKIES, answer_by, keys, now, open_plain, visit},
};
use hipflask::{Error, SecureCookieSessionInterface, clock_fn, signing::NoCompression};

fn run() -> Result<usize, Error> {
    let interface = SecureCookieSessionInterface::new(keys()?, clock_fn(now));
    answer_by(&interface, &COOKIES, &mut NoCompression, visit, open_plain, |wire, cookie| {
        write!(wire, "{cookie}")
    })
}

#[firmware_costs::entry]
fn main() -> ! {
    measure(run)
}
