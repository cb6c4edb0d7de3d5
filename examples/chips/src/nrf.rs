//! Nordic's. None has a clock that outlives a reset.

use core::fmt::Debug;

use embassy_nrf::{Peri, peripherals};
use hipflask::signing::Keyring;

/// The nRF52840's last page.
#[cfg(feature = "nrf52840")]
pub fn keys(
    rng: Peri<'_, peripherals::RNG>,
    nvmc: Peri<'_, peripherals::NVMC>,
) -> Result<Keyring, impl Debug> {
    let mut rng = embassy_nrf::rng::Rng::new_blocking(rng);
    rng.set_bias_correction(true);
    let flash = embassy_nrf::nvmc::Nvmc::new(nvmc);
    crate::keys(flash, 0xf_f000, |key| rng.blocking_fill_bytes(key))
}

/// The nRF5340's last page. The application core has the CryptoCell's generator.
#[cfg(feature = "nrf5340")]
pub fn keys(
    rng: Peri<'_, peripherals::CC_RNG>,
    nvmc: Peri<'_, peripherals::NVMC>,
) -> Result<Keyring, impl Debug> {
    let mut rng = embassy_nrf::cryptocell_rng::CcRng::new_blocking(rng);
    let flash = embassy_nrf::nvmc::Nvmc::new(nvmc);
    crate::keys(flash, 0xf_f000, |key| rng.blocking_fill_bytes(key))
}

/// The nRF54L15's last 4 KB.
#[cfg(feature = "nrf54l15")]
pub fn keys(
    rng: Peri<'_, peripherals::CRACEN>,
    rramc: Peri<'_, peripherals::RRAMC>,
) -> Result<Keyring, impl Debug> {
    let mut rng = embassy_nrf::cracen::Cracen::new_blocking(rng);
    let flash = embassy_nrf::rramc::Rramc::new(rramc);
    let end = embassy_nrf::rramc::FLASH_SIZE as u32;
    crate::keys(flash, end - 0x1000, |key| rng.blocking_fill_bytes(key))
}
