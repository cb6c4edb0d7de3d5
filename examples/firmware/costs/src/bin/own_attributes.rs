//! As `open_save`, with cookies whose attributes are one text.

#![no_std]
#![no_main]

use firmware_costs::{
    measure,
    requests::{COOKIES, answer_by, keys, now, open, send_with_attributes, visit},
};
use hipflask::{Error, SecureCookieSessionInterface, clock_fn, signing::NoCompression};

fn run() -> Result<usize, Error> {
    let interface = SecureCookieSessionInterface::new(keys()?, clock_fn(now)).without_attributes();
    answer_by(&interface, &COOKIES, &mut NoCompression, visit, open, send_with_attributes)
}

#[firmware_costs::entry]
fn main() -> ! {
    measure(run)
}
