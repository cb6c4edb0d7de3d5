//! ST's, for example an STM32F439: with a random number generator, which not all
//! parts have, and a clock that runs on while VBAT has power.

pub mod hash;

use core::fmt::Debug;

use embassy_stm32::{
    Peri, bind_interrupts,
    flash::Flash,
    hash as hash_unit, peripherals,
    rng::{self, Rng},
    rtc::RtcTimeProvider,
};
use hipflask::{Clock, Error, UnixTime, clock_fn, signing::Keyring};

bind_interrupts!(struct Interrupts {
    HASH_RNG => rng::InterruptHandler<peripherals::RNG>, hash_unit::InterruptHandler<peripherals::HASH>;
});

/// One of the second bank's sectors of 16 KB: those of 128 KB would be a waste.
pub fn keys(
    rng: Peri<'_, peripherals::RNG>,
    flash: Peri<'_, peripherals::FLASH>,
) -> Result<Keyring, impl Debug> {
    let mut rng = Rng::new(rng, Interrupts);
    let region = Flash::new_blocking(flash).into_blocking_regions().bank2_region1;
    crate::keys(region, 0, |key| rng.fill_bytes(key))
}

/// What `Rtc::new` gives beside the clock that is set with it. Until that was
/// done it says a time long ago, which `earliest` is later than.
pub fn clock(rtc: &RtcTimeProvider, earliest: UnixTime) -> impl Clock {
    clock_fn(move || {
        let now = rtc.now().map_err(|_| Error::ClockNotSet)?;
        let secs = chrono::NaiveDateTime::from(now).and_utc().timestamp();
        let secs = u64::try_from(secs).ok().filter(|secs| *secs >= earliest.secs());
        secs.map(UnixTime::from_secs).ok_or(Error::ClockNotSet)
    })
}
