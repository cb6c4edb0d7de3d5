//! `SessionId`: what the cookie of a server-side session holds.

use core::{
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};

use base64ct::{Base64UrlUnpadded, Encoding as _};

use crate::{
    bytes::{as_str, copy, sub_slice},
    error::Error,
    signing::are_equal,
};

/// Names a server-side session, and is all that a browser needs to be in it: who knows
/// the id has the session. So it compares in constant time, and `Debug` does not show it.
///
/// A new one is 32 random bytes as 43 letters, as Flask-Session makes it. Sites with
/// another `SESSION_ID_LENGTH`, or with ids of former times (UUIDs), have others: each text
/// of 1 to 86 of the letters `A-Z a-z 0-9 - _` is one. Nothing else ever becomes part of a
/// store's key.
///
/// ```
/// use hipflask::interface::server_side::SessionId;
///
/// let id = SessionId::from_random(&[7; 32]);
/// assert_eq!(id.as_str(), "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc");
/// assert_eq!(id.as_str().parse(), Ok(id));
/// assert_eq!(format!("{id:?}"), "SessionId { .. }");
/// ```
#[derive(Clone, Copy)]
#[doc(alias = "sid")]
pub struct SessionId {
    /// What is behind the id is zeros.
    letters: [u8; Self::MAX_LEN_BYTES],
    len: u8,
}

impl SessionId {
    /// The longest id, in bytes: 64 random bytes in base64.
    pub const MAX_LEN_BYTES: usize = 86;

    /// Makes an id of 32 random bytes. They are all that protects the session: take them
    /// from the system, or from a chip's generator.
    #[must_use]
    pub fn from_random(bytes: &[u8; 32]) -> Self {
        let mut text = [0; Self::MAX_LEN_BYTES];
        Self::of(Base64UrlUnpadded::encode(bytes, &mut text).unwrap_or_default().as_bytes())
    }

    /// Reads an id, as a browser sent it.
    ///
    /// # Errors
    /// [`Error::InvalidSessionId`] when it has none of the letters, other ones, or too many.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if text.is_empty() || text.len() > Self::MAX_LEN_BYTES || !text.iter().all(is_letter) {
            return Err(Error::InvalidSessionId);
        }
        Ok(Self::of(text))
    }

    /// An id of letters that are known to be good and not too many.
    fn of(text: &[u8]) -> Self {
        let mut id = Self { letters: [0; Self::MAX_LEN_BYTES], len: text.len() as u8 };
        copy(&mut id.letters, text);
        id
    }

    /// The letters: for a store's key. Keep them out of logs.
    #[must_use]
    pub fn as_str(&self) -> &str {
        as_str(self.as_bytes())
    }

    /// The letters, as bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        sub_slice(&self.letters, ..usize::from(self.len))
    }
}

impl FromStr for SessionId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text.as_bytes())
    }
}

/// In constant time, but for the length, which is no secret.
impl PartialEq for SessionId {
    fn eq(&self, other: &Self) -> bool {
        are_equal(self.as_bytes(), other.as_bytes())
    }
}

impl Eq for SessionId {}

impl Hash for SessionId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

/// Shows no letter: it is what logs in.
impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionId").finish_non_exhaustive()
    }
}
