//! Opens a session, compressed or not, and reads from it.

#![no_std]
#![no_main]

use core::hint::black_box;

use firmware_costs::{
    measure,
    requests::{CONFIG, COOKIES, context, keys, now},
};
use hipflask::{Error, SecureCookieSessionInterface, clock_fn};

fn run() -> Result<usize, Error> {
    let interface = SecureCookieSessionInterface::new(keys()?, clock_fn(now));
    let context = context()?;
    for request in black_box(&COOKIES) {
        context.open(&interface, &CONFIG, *request);
    }
    Ok(context.session()?.get_as::<u32>(black_box("a"))?.unwrap_or_default() as usize)
}

#[firmware_costs::entry]
fn main() -> ! {
    measure(run)
}
