//! MACs by the HASH peripheral, which some parts have. A program that takes these keys
//! links neither SHA-1 nor HMAC.

use core::cell::RefCell;

use embassy_stm32::{
    Peri,
    hash::{Algorithm, Context, DataType, Hash},
    mode::Blocking,
    peripherals::HASH,
};
use hipflask::{
    Error,
    signing::{Keyring, Mac, MacTag, SigningKeys},
};

/// The key of Flask's sessions, and the peripheral. Lend it to the interface.
pub struct HashKeys<'d> {
    unit: RefCell<Hash<'d, HASH, Blocking>>,
    key: [u8; 20],
}

impl<'d> HashKeys<'d> {
    /// Derives the key from `secret`, which is not empty: for example what
    /// `FlashSecret::get_or_make` lends.
    pub fn new(unit: Peri<'d, HASH>, secret: &[u8]) -> Self {
        let mut unit = Hash::new_blocking(unit, super::Interrupts);
        let mut mac = unit.start(Algorithm::SHA1, DataType::Width8, Some(secret));
        unit.update_blocking(&mut mac, Keyring::SESSION_SALT);
        let mut key = [0; 20];
        unit.finish_blocking(mac, &mut key);
        Self { unit: RefCell::new(unit), key }
    }
}

impl<'k, 'd> SigningKeys for &'k HashKeys<'d> {
    type Mac = HashMac<'k, 'd>;

    fn current(&self) -> Result<Self::Mac, Error> {
        let mut unit = self.unit.try_borrow_mut().map_err(|_| Error::MacUnavailable)?;
        let context = unit.start(Algorithm::SHA1, DataType::Width8, Some(&self.key));
        Ok(HashMac { unit: &self.unit, context })
    }
}

/// A MAC in progress. Its state is kept here, so that there can be several.
pub struct HashMac<'k, 'd> {
    unit: &'k RefCell<Hash<'d, HASH, Blocking>>,
    context: Context<'k>,
}

impl Mac for HashMac<'_, '_> {
    fn update(&mut self, bytes: &[u8]) {
        self.unit.borrow_mut().update_blocking(&mut self.context, bytes);
    }

    fn finish(self) -> Result<MacTag, Error> {
        let mut tag = [0; 20];
        self.unit.borrow_mut().finish_blocking(self.context, &mut tag);
        MacTag::new(&tag).ok_or(Error::MacUnavailable)
    }
}
