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
#[cfg(feature = "stm32f429")]
pub mod stm32;

use core::ops::Range;

use embassy_embedded_hal::adapter::BlockingAsync;
use embedded_storage::nor_flash::NorFlash;
use hipflask::{
    SecureCookieSessionInterface,
    backends::embedded::OffsetClock,
    signing::{KeyDerivation, Keyring},
};
use sequential_storage::{
    cache::Cache,
    map::{MapConfig, MapStorage},
};

/// The key's name in the store.
const KEY: u8 = 1;

/// The key that is kept in this `range` of `flash`, two pages or more, or one
/// that is made and kept there. `None` when the flash fails.
pub async fn keys<F: NorFlash>(
    flash: F,
    range: Range<u32>,
    fill_with_random: impl FnOnce(&mut [u8]),
) -> Option<Keyring> {
    let config = MapConfig::new(range);
    let mut store = MapStorage::<u8, _, _>::new(BlockingAsync::new(flash), config, Cache::new_uncached());
    let mut buffer = [0; 64];
    let mut key = [0; 32];
    match store.fetch_item::<&[u8]>(&mut buffer, &KEY).await.ok()? {
        Some(kept) => key = kept.try_into().ok()?,
        None => {
            fill_with_random(&mut key);
            store.store_item(&mut buffer, &KEY, &&key[..]).await.ok()?;
        }
    }
    Some(Keyring::for_sessions(&key))
}

/// Counts from boot; set it when the time becomes known.
pub fn clock() -> OffsetClock<fn() -> u64> {
    #[cfg(not(feature = "esp32c3"))]
    return OffsetClock::new(|| embassy_time::Instant::now().as_secs());
    #[cfg(feature = "esp32c3")]
    OffsetClock::new(|| esp_hal::time::Instant::now().duration_since_epoch().as_secs())
}
