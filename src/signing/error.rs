//! Why a token is not trusted.

use core::fmt;

use crate::error::Error;

/// Why a token is not trusted, with what it claims.
///
/// As itsdangerous' exceptions do, it carries the payload, still encoded, and
/// the date for logs and messages. Nobody vouches for either, unless the kind
/// is [expired](Error::is_expired).
#[doc(alias = "BadSignature")]
#[doc(alias = "BadTimeSignature")]
#[doc(alias = "SignatureExpired")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SignatureError<'a> {
    kind: Error,
    payload: Option<&'a [u8]>,
    date_signed_secs: Option<u64>,
}

impl<'a> SignatureError<'a> {
    pub(crate) const fn new(kind: Error, payload: Option<&'a [u8]>, date_signed_secs: Option<u64>) -> Self {
        Self { kind, payload, date_signed_secs }
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> Error {
        self.kind
    }

    /// What the signature was to protect, still encoded. `None` when the token
    /// has no separator, and for the kinds that are not about the token.
    #[must_use]
    pub const fn payload(&self) -> Option<&'a [u8]> {
        self.payload
    }

    /// When the token claims to have been signed, in Unix seconds. `None` when
    /// it does not say so, not readably, or a date after the year 9999.
    #[doc(alias = "date_signed")]
    #[must_use]
    pub const fn date_signed_secs(&self) -> Option<u64> {
        self.date_signed_secs
    }
}

impl From<Error> for SignatureError<'_> {
    fn from(kind: Error) -> Self {
        Self::new(kind, None, None)
    }
}

impl From<SignatureError<'_>> for Error {
    fn from(error: SignatureError<'_>) -> Self {
        error.kind
    }
}

impl fmt::Display for SignatureError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl core::error::Error for SignatureError<'_> {}

/// Shows no payload: errors are logged.
impl fmt::Debug for SignatureError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureError")
            .field("kind", &self.kind)
            .field("date_signed_secs", &self.date_signed_secs)
            .finish_non_exhaustive()
    }
}
