//! As `open_save_no_zlib`, with cookies whose attributes are one text, for requests that have
//! no quoted cookies.

#![no_std]
#![no_main]

use firmware_costs::{
    measure,
    requests::{UNCOMPRESSED_COOKIES, answer_by, keys, now, open_plain, send_with_attributes, visit},
};
use hipflask::{Error, SecureCookieSessionInterface, clock_fn, signing::NoZlib};

fn run() -> Result<usize, Error> {
    let interface = SecureCookieSessionInterface::new(keys()?, clock_fn(now)).without_zlib().without_attributes();
    answer_by(&interface, &UNCOMPRESSED_COOKIES, &mut NoZlib, visit, open_plain, send_with_attributes)
}

#[firmware_costs::entry]
fn main() -> ! {
    measure(run)
}
