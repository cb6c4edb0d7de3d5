//! What a platform of your own brings to hipflask, without a line of hipflask's
//! own: a clock, a key source, a MAC computed elsewhere, and sessions of another kind.

#![no_std]
#![forbid(unsafe_code)]

pub mod session;

use core::cell::Cell;

use hipflask::{
    Clock, Error, UnixTime,
    signing::{KeyDerivation, Mac, MacTag, SecretKeySource, Sha1, SigningKeys, with_derived_key},
};
use hmac::{Hmac, KeyInit as _, Mac as _};

/// A real-time clock chip that knows whether its battery failed.
#[derive(Debug, Default)]
pub struct Rtc {
    /// Unix seconds, unless the battery failed.
    pub secs: Cell<Option<u64>>,
}

impl Clock for Rtc {
    fn now(&self) -> Result<UnixTime, Error> {
        self.secs.get().map(UnixTime::from_secs).ok_or(Error::ClockNotSet)
    }
}

/// One-time-programmable memory: a secret of 16 bytes in each bank, or zeros.
#[derive(Debug)]
pub struct Otp {
    /// The banks, oldest first; the last one that is written is the current secret.
    pub banks: [[u8; 16]; 3],
}

impl Otp {
    fn written(&self) -> impl DoubleEndedIterator<Item = &[u8; 16]> {
        self.banks.iter().filter(|bank| **bank != [0; 16])
    }
}

impl SecretKeySource for Otp {
    fn with_current(&self, use_secret: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        self.written().next_back().into_iter().for_each(|bank| use_secret(bank));
        Ok(())
    }

    fn with_fallbacks(&self, use_secret: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        let older = self.written().count().saturating_sub(1);
        self.written().take(older).for_each(|bank| use_secret(bank));
        Ok(())
    }
}

/// A secure element: it holds a derived key, computes HMAC-SHA1 with it, and
/// never gives it out. It may stop answering.
pub struct SecureElement {
    key: [u8; 20],
    /// How many more commands it answers.
    pub commands: Cell<u32>,
}

impl SecureElement {
    /// An element provisioned with the key of Flask's sessions.
    ///
    /// # Errors
    /// [`Error::NoSecretKey`] when the secret is empty.
    pub fn provision(secret_key: &[u8]) -> Result<Self, Error> {
        let key = with_derived_key::<Sha1, _>(KeyDerivation::Hmac, secret_key, b"cookie-session", |key| {
            key.try_into().unwrap_or_default()
        })?;
        Ok(Self { key, commands: Cell::new(u32::MAX) })
    }

    /// Spends a command; whether it was answered.
    fn answers(&self) -> bool {
        let left = self.commands.get().checked_sub(1);
        self.commands.set(left.unwrap_or(0));
        left.is_some()
    }
}

impl<'a> SigningKeys for &'a SecureElement {
    type Mac = ElementMac<'a>;

    fn current(&self) -> Result<ElementMac<'a>, Error> {
        if !self.answers() {
            return Err(Error::MacUnavailable);
        }
        let state = Hmac::new_from_slice(&self.key).map_err(|_| Error::MacUnavailable)?;
        Ok(ElementMac { element: self, state, failed: false })
    }
}

/// A MAC that the element is computing.
pub struct ElementMac<'a> {
    element: &'a SecureElement,
    state: Hmac<sha1::Sha1>,
    failed: bool,
}

impl Mac for ElementMac<'_> {
    fn update(&mut self, bytes: &[u8]) {
        self.failed |= !self.element.answers();
        self.state.update(bytes);
    }

    fn finish(self) -> Result<MacTag, Error> {
        if self.failed || !self.element.answers() {
            return Err(Error::MacUnavailable);
        }
        MacTag::new(&self.state.finalize().into_bytes()).ok_or(Error::MacUnavailable)
    }
}
