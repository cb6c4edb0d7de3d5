//! The one error type: small, `Copy`, with the kinds named as itsdangerous names them.

use core::fmt;

/// What can go wrong, in kinds a caller can act on.
///
/// The first ones are itsdangerous' exceptions of the same names, but for
/// [`SignatureFromFuture`](Error::SignatureFromFuture), which is a `SignatureExpired`
/// there. As there, [`SignatureExpired`](Error::SignatureExpired) is a
/// [`BadTimeSignature`](Error::BadTimeSignature) is a
/// [`BadSignature`](Error::BadSignature), and
/// [`BadPayload`](Error::BadPayload) is **not** one: ask
/// [`is_bad_signature`](Error::is_bad_signature).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The signature does not match, or there is none.
    BadSignature,
    /// The signature does not match, or the timestamp is missing or unreadable.
    BadTimeSignature,
    /// The signature holds, but it is older than allowed.
    SignatureExpired,
    /// The signature holds, but its time lies in the future: the clock of the host
    /// that signed is ahead of this one's. itsdangerous raises `SignatureExpired`.
    SignatureFromFuture,
    /// The signature holds, but what it protects is not a value: not base64,
    /// not zlib, not UTF-8, not JSON, or a tag with contents of another form.
    BadPayload,
    /// The signature holds, but what it protects is compressed, and the inflater
    /// was left out by [`NoZlib`](crate::signing::NoZlib).
    Compressed,
    /// A date outside the years 1 to 9999: the timestamp under a good signature, or
    /// the end of a session's lifetime. Flask answers this with an uncaught
    /// exception (500).
    DateOutOfRange,
    /// There is not enough room: in the session's arena, the lent scratch or
    /// the output buffer.
    Capacity {
        /// How many bytes it would take, as far as is known (at least this many).
        needed_bytes: usize,
        /// How many there are.
        capacity_bytes: usize,
    },
    /// Nesting deeper than [`MAX_DEPTH`](crate::json::MAX_DEPTH).
    Depth,
    /// A value of another type than the one asked for: so is a struct of which a
    /// field is missing.
    WrongType,
    /// A value that JSON, as Flask writes it, has no form for (a map key that
    /// is not text, an integer of more than 4,300 digits, a tag that is not
    /// registered, ...).
    NotSerializable,
    /// A `Serialize` implementation that gave another length the second time.
    /// The entry it was to fill is removed; a list that it was to extend stays.
    LengthChanged,
    /// No secret key is set, so the session cannot be written, nor a token signed.
    NoSecretKey,
    /// The clock does not know the time yet.
    ClockNotSet,
    /// An external MAC (a secure element) did not answer.
    MacUnavailable,
    /// The `Set-Cookie` value is longer than `MAX_COOKIE_SIZE`.
    CookieTooLarge {
        /// Its length in bytes.
        len_bytes: usize,
        /// The configured limit in bytes.
        limit_bytes: usize,
    },
    /// A tag key that is taken already (Flask: `KeyError` from `register`), or that
    /// Flask's escape makes of another tag's.
    TagTaken,
    /// A separator from the base64url alphabet, which would be ambiguous.
    InvalidSeparator,
    /// A setting that cannot be used: text that cannot be written into a header, or
    /// a lifetime beyond Python's `timedelta`.
    InvalidConfig {
        /// Flask's name of it, such as `SESSION_COOKIE_DOMAIN`; itsdangerous' `sep`
        /// for a signer's separator.
        setting: &'static str,
    },
    /// A keyring is full. How many fallbacks it takes is a parameter of its type:
    /// `Keyring<Sha1, 4>` takes four.
    TooManyFallbacks {
        /// How many it takes.
        limit: usize,
    },
}

impl Error {
    /// Whether this is itsdangerous' `BadSignature` or one of its subclasses:
    /// Flask answers these with a fresh session.
    #[must_use]
    pub const fn is_bad_signature(self) -> bool {
        matches!(self, Self::BadSignature | Self::BadTimeSignature) || self.is_expired()
    }

    /// Whether this is itsdangerous' `SignatureExpired`: the signature holds, and its
    /// time is too long ago or in the future.
    #[must_use]
    pub const fn is_expired(self) -> bool {
        matches!(self, Self::SignatureExpired | Self::SignatureFromFuture)
    }

    /// Whether this is itsdangerous' `BadData`: a bad signature or a bad payload.
    #[must_use]
    pub const fn is_bad_data(self) -> bool {
        self.is_bad_signature() || matches!(self, Self::BadPayload)
    }

    /// Whether more room would help.
    #[must_use]
    pub const fn is_capacity(self) -> bool {
        matches!(self, Self::Capacity { .. })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadSignature => f.write_str("the signature does not match"),
            Self::BadTimeSignature => {
                f.write_str("the signature or its timestamp is missing or does not match")
            }
            Self::SignatureExpired => f.write_str("the signature has expired"),
            Self::SignatureFromFuture => {
                f.write_str("the signature is from the future: the clocks of two hosts differ")
            }
            Self::BadPayload => f.write_str("the signed payload is not a value"),
            Self::Compressed => f.write_str("the signed payload is compressed, which is not read here"),
            Self::DateOutOfRange => f.write_str("the date is not in the years 1 to 9999"),
            Self::Capacity { needed_bytes, capacity_bytes } => write!(
                f,
                "not enough room: at least {needed_bytes} bytes are needed, there are {capacity_bytes}"
            ),
            Self::Depth => f.write_str("the value is nested too deeply"),
            Self::WrongType => {
                f.write_str("the value, or one in it, is missing or of another type than the one asked for")
            }
            Self::NotSerializable => {
                f.write_str("the value has no form in tagged JSON, or its tag is not registered")
            }
            Self::LengthChanged => {
                f.write_str("the value was serialized twice and had two different lengths")
            }
            Self::NoSecretKey => f.write_str(
                "nothing can be written or signed: no secret key is set; \
                 give a Keyring with a long random secret",
            ),
            Self::ClockNotSet => f.write_str("the clock does not know the time yet"),
            Self::MacUnavailable => f.write_str("the external MAC did not answer"),
            Self::CookieTooLarge { len_bytes, limit_bytes } => write!(
                f,
                "the cookie has {len_bytes} bytes, {} more than the limit of {limit_bytes}",
                len_bytes.saturating_sub(*limit_bytes)
            ),
            Self::TagTaken => f.write_str("a tag with this key is registered already"),
            Self::InvalidSeparator => {
                f.write_str("the separator may not be a letter, a digit, '-', '_' or '='")
            }
            Self::InvalidConfig { setting } => {
                write!(f, "the setting {setting} has a value that cannot be used")
            }
            Self::TooManyFallbacks { limit } => {
                write!(f, "there are more fallback keys than the {limit} that `Keyring<_, {limit}>` takes")
            }
        }
    }
}

impl core::error::Error for Error {}
