//! What payloads are made of: which tags, which order, which letters.

use core::fmt;

use super::{form::tag::Standard, value::Value};

/// Which tags, which order, which letters. Readers and writers are given one;
/// [`TaggedJsonSerializer`](super::TaggedJsonSerializer) is how a program chooses it.
#[derive(Clone, Copy)]
pub(crate) struct Dialect {
    pub(crate) custom: &'static [JsonTag],
    pub(crate) tagged: bool,
    pub(crate) sort_keys: bool,
    pub(crate) ensure_ascii: bool,
    /// Whether keys that are numbers stay what they are, and do not become text.
    pub(crate) number_keys: bool,
}

impl Dialect {
    /// Flask's.
    pub(crate) const FLASK: Self =
        Self { custom: &[], tagged: true, sort_keys: true, ensure_ascii: true, number_keys: false };
    /// itsdangerous' default.
    pub(crate) const PLAIN: Self =
        Self { tagged: false, sort_keys: false, ensure_ascii: false, ..Self::FLASK };

    /// What `key` means, if anything.
    pub(crate) fn role(self, key: &[u8]) -> Option<Role> {
        // Registered tags come first: only a forced one can share a standard key.
        if !self.tagged || key.is_empty() {
            return None;
        }
        match self.custom.iter().rev().find(|tag| tag.key.as_bytes() == key) {
            Some(tag) => Some(Role::Custom(*tag)),
            None => Standard::of(key).map(Role::Standard),
        }
    }

    /// Whether a list under a tuple's tag is a tuple, and not what a tag of the
    /// application's makes of it.
    pub(crate) fn has_tuples(self) -> bool {
        matches!(self.role(Standard::Tuple.key().as_bytes()), Some(Role::Standard(Standard::Tuple)))
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
///     Config, RequestContext, SecureCookieSession, SecureCookieSessionInterface, UnixTime,
///     clock_fn,
///     json::{Custom, JsonTag, Kind, SESSION_JSON_SERIALIZER},
///     signing::{Keyring, NoCompression},
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
