//! Only the signature and the age of a cookie.

#![no_std]
#![no_main]

use core::hint::black_box;

use firmware_costs::{keys, measure, now};
use hipflask::{Error, signing::TimestampSigner};

fn run() -> Result<usize, Error> {
    let cookie: &[u8] = black_box(b"eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk");
    let signed = TimestampSigner::new(&keys()).unsign(cookie, Some(2_678_400), &now)?;
    Ok(signed.payload.len())
}

#[cortex_m_rt::entry]
fn main() -> ! {
    measure(run)
}
