//! The one error type: small, `Copy`, with the kinds named as itsdangerous names them.
//!
//! What an error has to say is in it (a key, an offset, a reason), so that it can be
//! shown anywhere; the words are in `Display` only, and a firmware that prints none
//! links none.

use core::fmt;

use crate::bytes::copy;

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
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
// Errors are copied on many paths: words take less code than the odd bytes behind a
// tag of one.
#[repr(u32)]
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
    /// The signature holds, but what it protects is not a value; it says which of
    /// the payload's layers could not be read, and where reading stopped.
    BadPayload(PayloadError),
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
    #[doc(alias = "RecursionError")]
    Depth,
    /// A value that is not what was asked for: of another type, out of range, no
    /// variant of an enum.
    WrongType {
        /// The key of the value in the session or the dict that was read, the
        /// outermost one of several. `None` where there is no key, such as at
        /// [`Value::to`](crate::json::Value::to).
        key: Option<KeyName>,
        /// What is wrong with it, or with one inside of it.
        reason: Mismatch,
    },
    /// A dict, or the session, that lacks a field which the struct that was asked for
    /// needs.
    MissingField {
        /// The key of the dict, as in [`WrongType`](Error::WrongType).
        key: Option<KeyName>,
        /// The field's name.
        field: &'static str,
    },
    /// A JSON Pointer that leads nowhere: a step of it names no entry of a dict, or no
    /// item of a list. (Python: `KeyError`, `IndexError`.)
    #[doc(alias = "KeyError")]
    #[doc(alias = "IndexError")]
    NotFound {
        /// The first such step, as it is spelled in the pointer.
        step: KeyName,
    },
    /// A value that JSON, as Flask writes it, has no form for: a map key that is
    /// neither text nor an integer nor a bool, text beside numbers as keys, two equal
    /// keys, an integer of more than 4,300 digits, a tag that is not registered, ...
    #[doc(alias = "TypeError")]
    NotSerializable,
    /// A `Serialize` implementation that gave another length the second time.
    /// The entry it was to fill is removed; a list that it was to extend stays.
    LengthChanged,
    /// A value for which the format of a server-side session has no form: Markup in one that
    /// msgspec writes, an int beyond 64 bits in msgpack, … (msgspec: `TypeError`,
    /// `OverflowError`.) Nothing was written.
    #[doc(alias = "TypeError")]
    #[doc(alias = "OverflowError")]
    NoForm {
        /// The session's key at which it is.
        key: KeyName,
        /// What it is.
        found: TypeName,
    },
    /// A dict in a server-side session with a key that is not kept here, or that the format
    /// has no form for: a float, a tuple, …; in the session itself anything but text.
    DictKey {
        /// The session's key at which the dict is. Empty for the session itself.
        key: KeyName,
        /// What the dict's key is.
        found: TypeName,
    },
    /// No secret key is set, so the session cannot be written, nor a token signed.
    #[doc(alias = "SECRET_KEY")]
    NoSecretKey,
    /// The clock does not know the time yet.
    ClockNotSet,
    /// An external MAC (a secure element) did not answer.
    MacUnavailable,
    /// The `Set-Cookie` value is longer than `MAX_COOKIE_SIZE`.
    #[doc(alias = "MAX_COOKIE_SIZE")]
    CookieTooLarge {
        /// Its length in bytes.
        len_bytes: usize,
        /// The configured limit in bytes.
        limit_bytes: usize,
    },
    /// A tag key that is taken already (Flask: `KeyError` from `register`), or that
    /// Flask's escape makes of another tag's.
    #[doc(alias = "KeyError")]
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
    /// The cookie of a server-side session holds no id: see
    /// [`SessionId`](crate::interface::server_side::SessionId).
    InvalidSessionId,
    /// No session is stored under the id in the cookie: it expired, was ended, or never was.
    SessionNotFound,
    /// The store of server-side sessions did not answer.
    StoreUnavailable,
    /// Another request changed or ended the server-side session meanwhile. Nothing was
    /// written; the request can be tried again.
    SessionConflict,
    /// There are no random bytes for a session's id.
    RandomUnavailable,
    /// A keyring is full. How many fallbacks it takes is a parameter of its type:
    /// `Keyring<Sha1, 4>` takes four.
    #[doc(alias = "SECRET_KEY_FALLBACKS")]
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
    #[doc(alias = "BadData")]
    pub const fn is_bad_data(self) -> bool {
        self.is_bad_signature() || matches!(self, Self::BadPayload(_))
    }

    /// Whether a value was not what was asked for, whatever the reason.
    #[must_use]
    pub const fn is_wrong_type(self) -> bool {
        matches!(self, Self::WrongType { .. } | Self::MissingField { .. })
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
            Self::BadPayload(error) => error.fmt(f),
            Self::Compressed => f.write_str("the signed payload is compressed, which is not read here"),
            Self::DateOutOfRange => f.write_str("the date is not in the years 1 to 9999"),
            Self::Capacity { needed_bytes, capacity_bytes } => write!(
                f,
                "not enough room: at least {needed_bytes} bytes are needed, there are {capacity_bytes}"
            ),
            Self::Depth => f.write_str("the value is nested too deeply"),
            Self::WrongType { key: Some(key), reason } => write!(f, "`{key}`: {reason}"),
            Self::WrongType { key: None, reason } => reason.fmt(f),
            Self::MissingField { key: Some(key), field } => {
                write!(f, "`{key}`: the field `{field}` is missing")
            }
            Self::MissingField { key: None, field } => write!(f, "the field `{field}` is missing"),
            Self::NotFound { step } => write!(f, "the pointer's step `{step}` leads to no value"),
            Self::NotSerializable => {
                f.write_str("the value has no form in tagged JSON, or its tag is not registered")
            }
            Self::LengthChanged => {
                f.write_str("the value was serialized twice and had two different lengths")
            }
            Self::NoForm { key, found } => {
                write!(f, "`{key}`: the format of server-side sessions has no form for {found}")
            }
            Self::DictKey { key, found } => {
                write!(f, "`{key}`: a dict in a server-side session has {found} as a key")
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
            Self::InvalidSessionId => f.write_str("the cookie holds no session id"),
            Self::SessionNotFound => {
                f.write_str("no session is stored under the id: it expired, was ended, or never was")
            }
            Self::StoreUnavailable => f.write_str("the store of the sessions does not answer"),
            Self::SessionConflict => {
                f.write_str("another request changed or ended the session at the same time")
            }
            Self::RandomUnavailable => f.write_str("there are no random bytes for a session's id"),
            Self::TooManyFallbacks { limit } => {
                write!(f, "there are more fallback keys than the {limit} that `Keyring<_, {limit}>` takes")
            }
        }
    }
}

impl core::error::Error for Error {}

/// Which of its layers made a signed payload, or a stored session, unreadable, from the
/// outermost inwards.
/// (itsdangerous: `BadPayload.original_error`.)
///
/// Offsets count bytes of the JSON text: what is left of the payload when base64 and
/// compression are taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
#[doc(alias = "original_error")]
pub enum PayloadError {
    /// It is not base64: a character of the last group is missing.
    Base64,
    /// It is marked as compressed, and is no zlib stream.
    Zlib,
    /// Its text is not UTF-8.
    Utf8 {
        /// How many bytes before the first wrong one are UTF-8.
        offset_bytes: usize,
    },
    /// Its text is not JSON as Python reads it, or a tag in it holds what it may not.
    Json {
        /// How many bytes were read until then: the last of them is the first wrong
        /// one, or stands right before it. Of a tag it is the end.
        offset_bytes: usize,
    },
    /// It can be read, but is not what a session is made of: a dict, or null in a cookie.
    NotASession,
    /// A server-side session is not msgpack.
    MsgPack {
        /// How many bytes were read until then.
        offset_bytes: usize,
    },
    /// A dict in a server-side session has a key twice, which no Python dict has.
    EqualKeys,
    /// A server-side session was pickled by a Flask-Session of before 0.7. Pickles are
    /// programs, and are never read.
    Pickle,
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base64 => f.write_str("the signed payload is not base64"),
            Self::Zlib => f.write_str("the signed payload is not a zlib stream"),
            Self::Utf8 { offset_bytes } => {
                write!(f, "the signed payload's text is not UTF-8 at byte {offset_bytes}")
            }
            Self::Json { offset_bytes } => {
                write!(f, "the payload's text is not tagged JSON near byte {offset_bytes}")
            }
            Self::NotASession => f.write_str("the payload is neither a dict nor null"),
            Self::MsgPack { offset_bytes } => {
                write!(f, "the stored session is not msgpack near byte {offset_bytes}")
            }
            Self::EqualKeys => f.write_str("the stored session has a dict with two equal keys"),
            Self::Pickle => f.write_str("the stored session is a pickle, which is never read"),
        }
    }
}

/// Why a value is not what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Mismatch {
    /// It is of another type.
    Type {
        /// What it is.
        found: TypeName,
        /// What was asked for.
        asked: TypeName,
    },
    /// It has a field that the struct does not know and does not skip
    /// (`#[serde(deny_unknown_fields)]`).
    UnknownField,
    /// It names no variant of the enum.
    UnknownVariant,
    /// It is a number, but out of the range of the type.
    OutOfRange,
    /// It has more or fewer items, or letters, than the type takes.
    Length,
    /// It is of the right type, but not a value that the type takes.
    Value,
}

impl From<Mismatch> for Error {
    fn from(reason: Mismatch) -> Self {
        Self::WrongType { key: None, reason }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type { found, asked } => write!(f, "found {found}, asked for {asked}"),
            Self::UnknownField => f.write_str("there is a field that the struct does not know"),
            Self::UnknownVariant => f.write_str("the enum has no such variant"),
            Self::OutOfRange => f.write_str("the number is out of the range of the type asked for"),
            Self::Length => f.write_str("the length is not that of the type asked for"),
            Self::Value => f.write_str("the type that was asked for does not take this value"),
        }
    }
}

/// What Python calls the type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum TypeName {
    /// `None`
    None,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `float`
    Float,
    /// `str`
    Str,
    /// `list`
    List,
    /// `tuple`
    Tuple,
    /// `dict`
    Dict,
    /// `bytes`
    Bytes,
    /// `markupsafe.Markup`
    Markup,
    /// `uuid.UUID`
    Uuid,
    /// `datetime.datetime`
    DateTime,
    /// The type of a tag that the application registered.
    Custom,
    /// A Rust enum, which is a `str` or a `dict` of one entry.
    Enum,
    /// A type that the one who asked did not name.
    Other,
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Bool => "a bool",
            Self::Int => "an int",
            Self::Float => "a float",
            Self::Str => "a str",
            Self::List => "a list",
            Self::Tuple => "a tuple",
            Self::Dict => "a dict",
            Self::Bytes => "bytes",
            Self::Markup => "a Markup",
            Self::Uuid => "a UUID",
            Self::DateTime => "a datetime",
            Self::Custom => "a value with a registered tag",
            Self::Enum => "a variant of an enum",
            Self::Other => "another type",
        })
    }
}

/// A key, as far as an error has room for it: its first 24 bytes, cut between two
/// characters.
///
/// ```
/// use hipflask::error::KeyName;
///
/// assert_eq!(KeyName::new("visits").to_string(), "visits");
/// assert_eq!(KeyName::new("the_number_of_visits_since_monday").to_string(), "the_number_of_visits_sin…");
/// ```
#[derive(Clone, Copy)]
#[repr(align(4))]
pub struct KeyName {
    /// What is behind the text means nothing.
    bytes: [u8; Self::CAPACITY_BYTES],
    len: u8,
    cut: bool,
}

impl KeyName {
    const CAPACITY_BYTES: usize = 24;

    /// As much of `key` as there is room for.
    #[must_use]
    pub fn new(key: &str) -> Self {
        let mut bytes = [0; Self::CAPACITY_BYTES];
        copy(&mut bytes, key.as_bytes());
        let mut len = key.len().min(Self::CAPACITY_BYTES);
        while !key.is_char_boundary(len) {
            len = len.saturating_sub(1);
        }
        Self { bytes, len: len as u8, cut: len < key.len() }
    }

    /// What it has of the key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        core::str::from_utf8(bytes).unwrap_or_default()
    }

    /// Whether the key is longer.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.cut
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for KeyName {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=str}{=str}", self.as_str(), if self.cut { "…" } else { "" });
    }
}

impl PartialEq for KeyName {
    fn eq(&self, other: &Self) -> bool {
        (self.as_str(), self.cut) == (other.as_str(), other.cut)
    }
}

impl Eq for KeyName {}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        f.write_str(if self.cut { "…" } else { "" })
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}
