//! `SecretKey`: Flask's `SECRET_KEY`, and whether it is text.

use core::fmt;

use crate::error::Error;

/// Flask's `SECRET_KEY`, as `app.secret_key` holds it: text or bytes.
///
/// It makes a difference. Where it is text, itsdangerous encodes it as UTF-8 (for sessions
/// and for CSRF tokens) and Flask-Login as Latin-1 (for `remember_token`), so that the
/// bytes of a key like `"pässword"` are not the same in both. A `&str` becomes the one and
/// a `&[u8]` the other by itself:
///
/// ```
/// use hipflask::extensions::SecretKey;
///
/// assert!(matches!(SecretKey::from("dev"), SecretKey::Text("dev")));
/// assert!(matches!(SecretKey::from(b"\x93\xa9"), SecretKey::Bytes(b"\x93\xa9")));
/// ```
#[derive(Clone, Copy)]
#[doc(alias = "SECRET_KEY")]
#[expect(clippy::exhaustive_enums, reason = "Python has these two")]
pub enum SecretKey<'a> {
    /// A `str`, as in `app.secret_key = "dev"` or `os.environ["SECRET_KEY"]`.
    Text(&'a str),
    /// `bytes`, as in `app.secret_key = b"\x93\xa9"`.
    Bytes(&'a [u8]),
}

/// What `app.secret_key` is in Flask, for a key that comes as bytes from a
/// [`SecretKeySource`](crate::signing::SecretKeySource).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "Python has these two")]
pub enum SecretKeyType {
    /// A `str`: what is in a variable of the environment or a line of a file is one, unless
    /// the site's configuration decodes it.
    Text,
    /// `bytes`.
    Bytes,
}

impl SecretKeyType {
    /// The key of this type in `secret`.
    #[cfg(feature = "flask-login")]
    pub(super) fn key_in(self, secret: &[u8]) -> Result<SecretKey<'_>, Error> {
        Ok(match self {
            Self::Bytes => SecretKey::Bytes(secret),
            Self::Text => SecretKey::Text(core::str::from_utf8(secret).map_err(|_| UNUSABLE)?),
        })
    }
}

/// The error of a key that is not what its type says.
#[cfg(feature = "flask-login")]
pub(super) const UNUSABLE: Error = Error::InvalidConfig { setting: "SECRET_KEY" };

impl<'a> SecretKey<'a> {
    /// The bytes that itsdangerous takes.
    #[cfg(feature = "flask-wtf")]
    pub(super) const fn utf8(self) -> &'a [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// Refuses a key that is empty: everybody could sign with it.
    pub(super) const fn check(self) -> Result<(), Error> {
        let is_empty = match self {
            Self::Text(text) => text.is_empty(),
            Self::Bytes(bytes) => bytes.is_empty(),
        };
        if is_empty { Err(Error::NoSecretKey) } else { Ok(()) }
    }
}

impl<'a> From<&'a str> for SecretKey<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for SecretKey<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for SecretKey<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Bytes(bytes)
    }
}

/// Shows no key.
impl fmt::Debug for SecretKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "SecretKey::Text(..)",
            Self::Bytes(_) => "SecretKey::Bytes(..)",
        })
    }
}
