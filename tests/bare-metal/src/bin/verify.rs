//! Only the signature and the age of a cookie.

#![no_std]
#![no_main]

use core::hint::black_box;

use hipflask::{
    Error, UnixTime,
    signing::{KeyDerivation, Keyring, TimestampSigner},
};

hipflask_bare_metal::firmware!(run);

fn run() -> Result<usize, Error> {
    let keys: Keyring = Keyring::new(black_box(b"dev"), b"cookie-session", KeyDerivation::Hmac);
    let clock = || Ok(UnixTime::from_secs(black_box(1_700_000_000)));
    let cookie: &[u8] = black_box(b"eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk");
    let signed = TimestampSigner::new(&keys).unsign(cookie, Some(2_678_400), &clock)?;
    Ok(signed.payload.len())
}
