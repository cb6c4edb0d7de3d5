//! The RP2040: no true random generator. embassy-rp resets its clock when it starts.

use core::fmt::Debug;

use embassy_rp::{
    Peri,
    clocks::RoscRng,
    flash::{Blocking, Flash},
    peripherals,
};
use hipflask::signing::{KeyDerivation, Keyring, Mac as _, Sha1, SigningKeys as _};

const FLASH_BYTES: usize = 2 * 1024 * 1024;
const END: u32 = FLASH_BYTES as u32;

/// The last sector. A key that is written when the device is made is better.
pub fn keys(flash: Peri<'_, peripherals::FLASH>) -> Result<Keyring, impl Debug> {
    let flash = Flash::<_, Blocking, FLASH_BYTES>::new_blocking(flash);
    crate::keys(flash, END - 0x1000, conditioned)
}

/// The datasheet says that the oscillator's bits are not for security systems. So
/// this takes 32 times as many as it needs: all of the key depends on each of them.
fn conditioned(key: &mut [u8; 32]) {
    let mut noise = [0; 1024];
    RoscRng.fill_bytes(&mut noise);
    RoscRng.fill_bytes(key);
    let keys = Keyring::<Sha1, 0>::from_secret(&noise, b"noise", KeyDerivation::Hmac);
    for (number, part) in (0_u8..).zip(key.chunks_mut(20)) {
        let Ok(mut mac) = keys.current() else { return };
        mac.update(&[number]);
        let Ok(tag) = mac.finish() else { return };
        part.iter_mut().zip(tag.as_bytes()).for_each(|(to, from)| *to ^= *from);
    }
}
