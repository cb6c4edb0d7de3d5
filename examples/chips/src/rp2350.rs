//! The RP2350: a true random generator, and a timer that a soft reset leaves alone.

use core::fmt::Debug;

use embassy_rp::{
    Peri,
    aon_timer::AonTimer,
    bind_interrupts,
    flash::{Blocking, Flash},
    peripherals,
    trng::{self, Trng},
};
use hipflask::{Clock, Error, UnixTime, clock_fn, signing::Keyring};

bind_interrupts!(struct Interrupts { TRNG_IRQ => trng::InterruptHandler<peripherals::TRNG>; });

const FLASH_BYTES: usize = 4 * 1024 * 1024;
const END: u32 = FLASH_BYTES as u32;

/// The last sector.
pub fn keys(
    trng: Peri<'_, peripherals::TRNG>,
    flash: Peri<'_, peripherals::FLASH>,
) -> Result<Keyring, impl Debug> {
    let mut trng = Trng::new(trng, Interrupts, trng::Config::default());
    let flash = Flash::<_, Blocking, FLASH_BYTES>::new_blocking(flash);
    crate::keys(flash, END - 0x1000, |key| trng.blocking_fill_bytes(key))
}

/// A timer that was set to Unix time, in milliseconds, and started. Before that
/// it says less than `earliest`.
pub fn clock(timer: &AonTimer<'_>, earliest: UnixTime) -> impl Clock {
    clock_fn(move || {
        let secs = timer.now() / 1000;
        if secs >= earliest.secs() { Ok(UnixTime::from_secs(secs)) } else { Err(Error::ClockNotSet) }
    })
}
