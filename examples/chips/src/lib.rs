//! Where a device gets its session key and its time from, chip by chip: what to
//! copy for yours. One feature names the chip.
//!
//! Each module has `keys`, to be called once at boot, and a clock. Flash is
//! written at the end, where no program should be: tell your linker script.

#![no_std]

#[cfg(feature = "esp32c3")]
pub mod esp32;
#[cfg(any(feature = "nrf52840", feature = "nrf5340", feature = "nrf54l15"))]
pub mod nrf;
#[cfg(feature = "rp2040")]
pub mod rp2040;
#[cfg(feature = "rp2350")]
pub mod rp2350;
#[cfg(feature = "stm32f439")]
pub mod stm32;

use embedded_storage::nor_flash::NorFlash;
use hipflask::{
    backends::embedded::{FlashSecret, FlashSecretError, OffsetClock},
    signing::Keyring,
};

/// The keys of the secret that is kept in the page at `offset` of `flash`, or of one that
/// is made and kept there.
pub fn keys<F: NorFlash>(
    flash: F,
    offset: u32,
    fill_with_random: impl FnOnce(&mut [u8; 32]),
) -> Result<Keyring, FlashSecretError<F::Error>> {
    FlashSecret::new(flash, offset).get_or_make(fill_with_random, |secret| Keyring::for_sessions(secret))
}

/// Counts from boot; set it when the time becomes known.
pub fn clock() -> OffsetClock<fn() -> u64> {
    #[cfg(not(feature = "esp32c3"))]
    return OffsetClock::new(|| embassy_time::Instant::now().as_secs());
    #[cfg(feature = "esp32c3")]
    OffsetClock::new(|| esp_hal::time::Instant::now().duration_since_epoch().as_secs())
}
