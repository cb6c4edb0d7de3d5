//! The tags: what they are called and what they may hold.

use core::fmt;

use super::{STRING, Value, text, value::split_string_bytes};
use crate::time::DateTime;

/// Flask's own tags (`flask.json.tag`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standard {
    Dict,
    Tuple,
    Bytes,
    Markup,
    Uuid,
    DateTime,
}

impl Standard {
    /// The tag with this key.
    pub(crate) fn of(key: &[u8]) -> Option<Self> {
        Some(match key {
            b" di" => Self::Dict,
            b" t" => Self::Tuple,
            b" b" => Self::Bytes,
            b" m" => Self::Markup,
            b" u" => Self::Uuid,
            b" d" => Self::DateTime,
            _ => return None,
        })
    }

    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Dict => " di",
            Self::Tuple => " t",
            Self::Bytes => " b",
            Self::Markup => " m",
            Self::Uuid => " u",
            Self::DateTime => " d",
        }
    }
}

/// A tag of the application's own, to be registered with
/// [`TaggedJsonSerializer::register`](super::TaggedJsonSerializer::register).
///
/// Flask's `JSONTag` turns the JSON form into a Python object. Here the value
/// is seen as [`Kind::Custom`](super::Kind::Custom), is written from and read
/// into [`Custom`](super::Custom), and the tag says which contents are its own.
///
/// ```
/// use hipflask::{
///     Config, RequestContext, SecureCookieSession, SecureCookieSessionInterface, SessionMap as _, UnixTime,
///     clock_fn,
///     json::{Custom, JsonTag, Kind, SESSION_JSON_SERIALIZER},
///     signing::{KeyDerivation, Keyring, NoCompression},
/// };
///
/// // For `class TagDecimal(JSONTag)` with `key = " dec"`, whose JSON is the number's text.
/// const TAGS: &[JsonTag] = &[JsonTag::new(" dec", |value| matches!(value.kind(), Kind::Str(_)))];
///
/// let keys = Keyring::for_sessions(b"dev");
/// let interface = SecureCookieSessionInterface::new(keys, clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000))))
///     .with_serializer(SESSION_JSON_SERIALIZER.register(TAGS)?);
/// let config = Config::new();
///
/// let mut context = RequestContext::new(SecureCookieSession::<64>::new());
/// context.open(&interface, &config, "");
/// context.session()?.insert("total", &Custom { key: " dec", value: "19.90" })?;
/// let total: Option<Custom<'_, &str>> = context.session()?.get_as("total")?;
/// assert_eq!(total, Some(Custom { key: " dec", value: "19.90" }));
///
/// let mut scratch = NoCompression;
/// let saved = context.save(&interface, &config, &mut scratch)?; // {"total":{" dec":"19.90"}}
/// assert!(saved.set_cookie.is_some());
/// # Ok::<(), hipflask::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct JsonTag {
    pub(crate) key: &'static str,
    pub(crate) accepts: fn(Value<'_>) -> bool,
    pub(crate) force: bool,
}

impl JsonTag {
    /// A tag called `key`, whose contents `accepts` checks when they are read.
    /// Contents that it does not accept make the payload
    /// [`BadPayload`](crate::Error::BadPayload).
    #[must_use]
    pub const fn new(key: &'static str, accepts: fn(Value<'_>) -> bool) -> Self {
        Self { key, accepts, force: false }
    }

    /// Lets the tag take over a key that is registered already, as Flask's
    /// `register(..., force=True)`. As there, it takes over *reading*: Rust
    /// types that write the old tag go on writing it.
    #[must_use]
    pub const fn force(mut self) -> Self {
        self.force = true;
        self
    }
}

impl fmt::Debug for JsonTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonTag").field("key", &self.key).field("force", &self.force).finish_non_exhaustive()
    }
}

/// What a key means to a serializer.
pub(crate) enum Role {
    Standard(Standard),
    Custom(JsonTag),
}

/// Checks what a tag holds, and gives it the spelling that Flask writes where a
/// foreign one has the same length. `value` is unescaped JSON.
pub(crate) fn check(tag: Standard, value: &mut [u8]) -> bool {
    match tag {
        Standard::Tuple => value.first() == Some(&b'['),
        Standard::Markup => value.first() == Some(&STRING),
        Standard::Bytes => value.first() == Some(&STRING) && is_canonical_base64(string(value)),
        Standard::Uuid => {
            let accepted = value.first() == Some(&STRING)
                && string(value).len() == 32
                && string(value).iter().all(u8::is_ascii_hexdigit);
            if accepted {
                value.make_ascii_lowercase();
            }
            accepted
        }
        Standard::DateTime => value.first() == Some(&STRING) && normalize_date(value),
        // Taken apart by the scanner.
        Standard::Dict => false,
    }
}

fn string(value: &[u8]) -> &[u8] {
    split_string_bytes(value).0
}

/// Rewrites a date as Flask would: the right weekday, the year it is read as.
fn normalize_date(value: &mut [u8]) -> bool {
    let Some(date) = DateTime::parse_http_date(text::as_str(string(value))) else { return false };
    if let Some(body) = value.get_mut(1..) {
        body.iter_mut().zip(date.http_date_bytes()).for_each(|(byte, new)| *byte = new);
    }
    true
}

/// The value of a digit of the standard base64 alphabet.
#[expect(clippy::arithmetic_side_effects, reason = "each range is counted from its first letter")]
pub(crate) const fn base64_digit(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => (byte - b'A') as u32,
        b'a'..=b'z' => (byte - b'a' + 26) as u32,
        b'0'..=b'9' => (byte - b'0' + 52) as u32,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// Whether `text` is what Python's `b64encode` gives: standard alphabet, padded,
/// no spare bits.
#[expect(clippy::arithmetic_side_effects, reason = "behind a byte of a slice")]
fn is_canonical_base64(text: &[u8]) -> bool {
    let digits_len = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let (digits, padding) = text.split_at_checked(digits_len).unwrap_or_default();
    let spare_bits = match padding.len() {
        0 => 0,
        1 => 0b11,
        2 => 0b1111,
        _ => return false,
    };
    text.len().is_multiple_of(4)
        && digits.iter().all(|byte| base64_digit(*byte).is_some())
        && digits.last().and_then(|byte| base64_digit(*byte)).unwrap_or(0) & spare_bits == 0
}
