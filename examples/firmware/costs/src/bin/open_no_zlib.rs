//! Opens a session that is not compressed, and reads from it.

#![no_std]
#![no_main]

use core::hint::black_box;

use firmware_costs::{
    measure,
    requests::{CONFIG, UNCOMPRESSED_COOKIES, context, keys, now},
};
use hipflask::{Error, SecureCookieSessionInterface, clock_fn};

fn run() -> Result<usize, Error> {
    let interface = SecureCookieSessionInterface::new(keys()?, clock_fn(now)).without_zlib();
    let context = context()?;
    for request in black_box(&UNCOMPRESSED_COOKIES) {
        context.open(&interface, &CONFIG, *request);
    }
    Ok(context.session()?.get_as::<u32>(black_box("a"))?.unwrap_or_default() as usize)
}

#[firmware_costs::entry]
fn main() -> ! {
    measure(run)
}
