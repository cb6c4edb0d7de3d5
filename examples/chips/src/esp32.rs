//! Espressif's, for example an ESP32-C3.

use core::fmt::Debug;

use esp_hal::{
    peripherals,
    rng::{Trng, TrngSource},
    rtc_cntl::Rtc,
};
use esp_storage::FlashStorage;
use hipflask::{Clock, Error, UnixTime, clock_fn, signing::Keyring};

/// Where your partition table has a sector of 4 KB to spare.
const KEYS: u32 = 0x9000;

/// Noise comes from the ADC meanwhile; with Wi-Fi or Bluetooth on, `Rng` would do.
pub fn keys(
    rng: peripherals::RNG<'_>,
    adc: peripherals::ADC1<'_>,
    flash: peripherals::FLASH<'_>,
) -> Result<Keyring, impl Debug> {
    let _source = TrngSource::new(rng, adc);
    // Without it the bytes would stay zeros, which are no key.
    let random = |key: &mut [u8; 32]| _ = Trng::try_new().map(|trng| trng.read(key));
    crate::keys(FlashStorage::new(flash), KEYS, random)
}

/// Set with `set_current_time_us`, it goes on through a reset and through sleep.
/// Before that it says less than `earliest`.
pub fn clock(rtc: &Rtc<'_>, earliest: UnixTime) -> impl Clock {
    clock_fn(move || {
        let secs = rtc.current_time_us() / 1_000_000;
        if secs >= earliest.secs() { Ok(UnixTime::from_secs(secs)) } else { Err(Error::ClockNotSet) }
    })
}
