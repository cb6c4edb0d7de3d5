//! As `open_save_no_zlib`, with cookies whose attributes are one text, for requests that have
//! no quoted cookies.

#![no_std]
#![no_main]

use core::fmt::Write as _;

use firmware_costs::{
    measure,
    requests::{ATTRIBUTES, UNCOMPRESSED_COOKIES, answer_by, keys, now, open_plain, visit},
};
use hipflask::{Error, SecureCookieSessionInterface, clock_fn, signing::NoZlib};

fn run() -> Result<usize, Error> {
    let interface =
        SecureCookieSessionInterface::new(keys()?, clock_fn(now)).without_zlib().without_attributes();
    answer_by(&interface, &UNCOMPRESSED_COOKIES, &mut NoZlib, visit, open_plain, |wire, cookie| {
        write!(wire, "{}", cookie.with_attributes(ATTRIBUTES))
    })
}

#[firmware_costs::entry]
fn main() -> ! {
    measure(run)
}
