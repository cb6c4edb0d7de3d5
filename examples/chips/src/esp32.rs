//! Espressif's, for example an ESP32-C3.

use esp_hal::{
    peripherals,
    rng::{Trng, TrngSource},
    rtc_cntl::Rtc,
};
use esp_storage::FlashStorage;
use hipflask::{Clock, Error, UnixTime, clock_fn, signing::Keyring};

/// Where your partition table has two sectors of 4 KB to spare.
const KEYS: core::ops::Range<u32> = 0x9000..0xb000;

/// Noise comes from the ADC meanwhile; with Wi-Fi or Bluetooth on, `Rng` would do.
pub async fn keys(
    rng: peripherals::RNG<'_>,
    adc: peripherals::ADC1<'_>,
    flash: peripherals::FLASH<'_>,
) -> Option<Keyring> {
    let _source = TrngSource::new(rng, adc);
    let trng = Trng::try_new().ok()?;
    crate::keys(FlashStorage::new(flash), KEYS, |key| trng.read(key)).await
}

/// Set with `set_current_time_us`, it goes on through a reset and through sleep.
/// Before that it says less than `earliest`.
pub fn clock(rtc: &Rtc<'_>, earliest: UnixTime) -> impl Clock {
    clock_fn(move || {
        let secs = rtc.current_time_us() / 1_000_000;
        if secs >= earliest.secs() { Ok(UnixTime::from_secs(secs)) } else { Err(Error::ClockNotSet) }
    })
}
