//! Nordic's. None has a clock that outlives a reset.

use embassy_nrf::{Peri, peripherals};
use hipflask::signing::Keyring;

/// The nRF52840's last two pages.
#[cfg(feature = "nrf52840")]
pub async fn keys(rng: Peri<'_, peripherals::RNG>, nvmc: Peri<'_, peripherals::NVMC>) -> Option<Keyring> {
    let mut rng = embassy_nrf::rng::Rng::new_blocking(rng);
    rng.set_bias_correction(true);
    let flash = embassy_nrf::nvmc::Nvmc::new(nvmc);
    crate::keys(flash, 0xf_e000..0x10_0000, |key| rng.blocking_fill_bytes(key)).await
}

/// The nRF5340's last two pages. The application core has the CryptoCell's generator.
#[cfg(feature = "nrf5340")]
pub async fn keys(rng: Peri<'_, peripherals::CC_RNG>, nvmc: Peri<'_, peripherals::NVMC>) -> Option<Keyring> {
    let mut rng = embassy_nrf::cryptocell_rng::CcRng::new_blocking(rng);
    let flash = embassy_nrf::nvmc::Nvmc::new(nvmc);
    crate::keys(flash, 0xf_e000..0x10_0000, |key| rng.blocking_fill_bytes(key)).await
}

/// The nRF54L15's last 8 KB.
#[cfg(feature = "nrf54l15")]
pub async fn keys(
    rng: Peri<'_, peripherals::CRACEN>,
    rramc: Peri<'_, peripherals::RRAMC>,
) -> Option<Keyring> {
    let mut rng = embassy_nrf::cracen::Cracen::new_blocking(rng);
    let flash = embassy_nrf::rramc::Rramc::new(rramc);
    let end = embassy_nrf::rramc::FLASH_SIZE as u32;
    crate::keys(flash, end - 0x2000..end, |key| rng.blocking_fill_bytes(key)).await
}
