//! What is known beside the cookie.

use std::fmt;

use hipflask::signing::{KeyDerivation, Keyring};

use crate::signature::{DIGESTS, DigestMethod};

/// A secret key, and what a report calls it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Key {
    /// What a report calls it, such as "the key".
    pub name: String,
    /// Its bytes.
    pub secret: Vec<u8>,
}

impl Key {
    /// A key that reports call `name`.
    pub fn new(name: impl Into<String>, secret: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), secret: secret.into() }
    }
}

/// Shows the name alone.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What is known beside the cookie: keys, the way it is signed, the time. The defaults
/// are Flask's.
///
/// ```
/// use hipflask_inspect::{Key, Settings};
///
/// let mut settings = Settings::new(1_700_000_000);
/// settings.set_keys(Some(b"dev".to_vec()), vec![b"an older key".to_vec()]);
/// assert_eq!(settings.keys, [Key::new("the key", "dev"), Key::new("fallback 1", "an older key")]);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// The cookie's name.
    pub name: String,
    /// The current key, if there is one, then the fallbacks.
    pub keys: Vec<Key>,
    /// Whether the first key is the current one. Without it, all sessions are null
    /// sessions, whatever the fallbacks are.
    pub has_current: bool,
    /// With another salt than the session's, what is pasted is looked at as a token.
    pub salt: Vec<u8>,
    /// The digest that signs.
    pub digest: &'static DigestMethod,
    /// How the signing key is made of secret and salt.
    pub derivation: KeyDerivation,
    /// How long a signature is valid.
    pub lifetime_secs: i64,
    /// How far in the future a signature may be.
    pub clock_skew_secs: u64,
    /// The time, in Unix seconds.
    pub now_secs: u64,
}

impl Settings {
    /// Flask's defaults, without a key, at `now_secs` (Unix seconds).
    #[must_use]
    pub fn new(now_secs: u64) -> Self {
        Self {
            name: "session".into(),
            keys: Vec::new(),
            has_current: false,
            salt: Keyring::SESSION_SALT.to_vec(),
            digest: DIGESTS[0],
            derivation: KeyDerivation::Hmac,
            lifetime_secs: 31 * 24 * 60 * 60,
            clock_skew_secs: 0,
            now_secs,
        }
    }

    /// Takes the current key and older ones. An empty key counts as none.
    pub fn set_keys(&mut self, current: Option<Vec<u8>>, fallbacks: Vec<Vec<u8>>) {
        let current = current.filter(|secret| !secret.is_empty()).map(|secret| Key::new("the key", secret));
        let fallbacks = fallbacks.into_iter().filter(|secret| !secret.is_empty()).enumerate();
        let fallbacks = fallbacks.map(|(index, secret)| Key::new(format!("fallback {}", index + 1), secret));
        self.has_current = current.is_some();
        self.keys = current.into_iter().chain(fallbacks).collect();
    }
}
