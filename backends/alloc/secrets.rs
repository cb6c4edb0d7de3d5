//! Secrets on the heap.

use ::alloc::vec::Vec;
use core::fmt;

use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::{error::Error, signing::SecretKeySource};

/// Secrets that own their memory and wipe it when they are dropped.
///
/// Give it vectors to move them in: what is borrowed, such as a `&str`, is
/// copied, and the original is yours to wipe. Empty secrets are dropped.
///
/// ```
/// use hipflask::{backends::alloc::OwnedSecrets, signing::Keyring};
///
/// let mut secrets = OwnedSecrets::new("new secret");
/// secrets.push_fallback("old secret");
/// let keys = Keyring::for_sessions_from(&secrets)?;
/// # Ok::<(), hipflask::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct OwnedSecrets {
    current: Zeroizing<Vec<u8>>,
    fallbacks: Vec<Zeroizing<Vec<u8>>>,
}

impl OwnedSecrets {
    /// The secret that signs (Flask's `SECRET_KEY`). An empty one is none.
    pub fn new(current: impl Into<Vec<u8>>) -> Self {
        Self { current: Zeroizing::new(current.into()), fallbacks: Vec::new() }
    }

    /// Adds a secret that only verifies, newer than those added before
    /// (Flask's `SECRET_KEY_FALLBACKS`, in the order of the list).
    pub fn push_fallback(&mut self, fallback: impl Into<Vec<u8>>) {
        let fallback = Zeroizing::new(fallback.into());
        if !fallback.is_empty() {
            self.fallbacks.push(fallback);
        }
    }

    /// How many fallbacks there are: a [`Keyring`](crate::signing::Keyring)
    /// needs room for them.
    #[must_use]
    pub fn fallbacks_len(&self) -> usize {
        self.fallbacks.len()
    }
}

impl SecretKeySource for OwnedSecrets {
    fn with_current(&self, use_secret: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        if !self.current.is_empty() {
            use_secret(&self.current);
        }
        Ok(())
    }

    fn with_fallbacks(&self, use_secret: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        self.fallbacks.iter().for_each(|secret| use_secret(secret));
        Ok(())
    }
}

impl ZeroizeOnDrop for OwnedSecrets {}

impl fmt::Debug for OwnedSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedSecrets").finish_non_exhaustive()
    }
}
