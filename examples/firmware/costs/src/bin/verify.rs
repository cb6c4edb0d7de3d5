//! Only the signature and the age of a cookie.

#![no_std]
#![no_main]

use core::hint::black_box;

use firmware_costs::{
    measure,
    requests::{COOKIES, keys, now},
};
use hipflask::{Error, clock_fn, signing::TimestampSigner};

fn run() -> Result<usize, Error> {
    let signer = TimestampSigner::new(keys()?);
    let mut len = 0;
    for cookies in black_box(&COOKIES) {
        let value = cookies.strip_prefix(b"session=").unwrap_or_default();
        len = signer.unsign(value, Some(2_678_400), &clock_fn(now))?.payload.len();
    }
    Ok(len)
}

#[firmware_costs::entry]
fn main() -> ! {
    measure(run)
}
