//! `Codec`: the bytes of a session in a store, as Flask-Session 0.8 writes them by msgspec.
//!
//! | Python | in a session here | msgpack | JSON |
//! |---|---|---|---|
//! | None, bool, int, float, str | as ever | msgspec's shortest form; a float has 64 bits | as msgspec spells it; a float that is not finite is `null` |
//! | list, tuple, set | a list; what a handler puts in as a tuple is one until then | array | array |
//! | dict | a dict, in the order in which it came | map | object |
//! | dict with keys that are int or bool | a dict with their text as keys, of which [`Dict::keys`](crate::json::Dict::keys) tells what they are | map, the keys as they were | object with text as keys; refused are bools, and ints beside text |
//! | bytes | bytes | bin | base64 text |
//! | aware datetime | a date, with its microseconds | timestamp, extension −1 | RFC 3339 text in UTC |
//! | UUID | UUID | text with hyphens | text with hyphens |
//! | Markup | Markup | refused, or its text: [`UnwritableMarkup`] | the same |
//! | `msgspec.msgpack.Ext` | [`Custom`](crate::json::Custom) with the key [`EXT`]: `(i8, Bytes<N>)` | extension | refused |
//!
//! What a handler leaves alone is written as it was read, if msgspec wrote it; what another
//! writer spelled otherwise is written as msgspec writes it after reading.
//!
//! | file | idea |
//! |---|---|
//! | `by_type` | a codec that the program chooses by its type |
//! | `build` | a dict is built where a session keeps it, value by value |
//! | `walk` | a session's value, part by part |
//! | `check` | whether all of a session can be written |
//! | `msgpack`, `json` | the two formats, both ways |

mod build;
mod by_type;
mod check;
mod json;
mod msgpack;
mod walk;

pub use by_type::{SessionCodec, TaggedJson};

use crate::{
    error::{Error, PayloadError},
    json::{ByteString, JsonTag, Kind, Number, SESSION_JSON_SERIALIZER, TaggedJsonSerializer, Uuid, Value},
    session::Session,
    sink::{Sink, WriteError, with_any_sink},
};

/// The format of stored sessions: Flask-Session's `SESSION_SERIALIZATION_FORMAT`.
///
/// ```
/// use hipflask::{SecureCookieSession, interface::server_side::Codec, sink::SliceSink};
///
/// // msgspec.msgpack.encode({"user": "ada", "seen": datetime(2024, 1, 2, 3, 4, 5, 678, UTC)})
/// let stored = b"\x82\xa4user\xa3ada\xa4seen\xd7\xff\x00\x29\x61\xc0\x65\x93\x7d\x25";
/// let mut session = SecureCookieSession::<256>::new();
/// Codec::MsgPack.decode(stored, &mut session)?;
/// assert_eq!(session.get_as("user")?, Some("ada"));
///
/// session.insert("visits", &7)?;
/// let mut room = [0; 64];
/// let mut sink = SliceSink::new(&mut room);
/// Codec::MsgPack.encode(&session, &mut sink)?;
/// assert_eq!(sink.written(), [b"\x83", &stored[1..], b"\xa6visits\x07"].concat());
/// # Ok::<(), hipflask::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Codec {
    /// Flask-Session's default, `"msgpack"`.
    #[default]
    #[doc(alias = "msgspec")]
    MsgPack,
    /// Flask-Session's `"json"`: dates, bytes and UUIDs come back as text.
    Json,
    /// The JSON of Flask's own cookies, which keeps tuples, bytes, dates, UUIDs and Markup
    /// (but no microseconds). Flask-Session writes it if the site replaces its serializer by
    /// Flask's `TaggedJSONSerializer`.
    TaggedJson,
}

/// What happens to [`Markup`](crate::json::Markup), HTML that a site flashes, where the
/// format has no form for it. msgspec raises `TypeError`, so Flask answers 500.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnwritableMarkup {
    /// The session is refused, by [`Error::NoForm`], which names the key.
    #[default]
    Refuse,
    /// It is written as text. Whoever reads it escapes it then, unless it is told that the
    /// text is HTML.
    WriteText,
}

/// The key of a msgpack extension of a type that msgspec does not know: a handler sees it as
/// a [`Custom`](crate::json::Custom) with this key, whose value is the type's number and the
/// bytes, and may put such a one in.
///
/// ```
/// use hipflask::{
///     SecureCookieSession,
///     interface::server_side::{Codec, EXT},
///     json::{Bytes, Custom},
/// };
///
/// let mut session = SecureCookieSession::<128>::new();
/// Codec::MsgPack.decode(b"\x81\xa1k\xd5\x05ab", &mut session)?;
/// let ext: Option<Custom<'_, (i8, Bytes<8>)>> = session.get_as("k")?;
/// let data = Bytes::from_slice(b"ab").unwrap();
/// assert_eq!(ext, Some(Custom { key: EXT, value: (5, data) }));
/// # Ok::<(), hipflask::Error>(())
/// ```
pub const EXT: &str = " ext";

const TAGS: &[JsonTag] = &[JsonTag::new(EXT, |value| ext_parts(value).is_some())];

impl Codec {
    /// The serializer that a session has which is written by this codec: a fresh one is
    /// [`reset`](Session::reset) with it. [`decode`](Self::decode) does so itself.
    #[must_use]
    pub const fn serializer(self) -> TaggedJsonSerializer {
        match self {
            Self::MsgPack | Self::Json => TaggedJsonSerializer::untouched(TAGS),
            Self::TaggedJson => SESSION_JSON_SERIALIZER,
        }
    }

    /// Makes `session` hold what `stored` says, to be written by this codec; not modified.
    ///
    /// A session that was stored in another format is read all the same, because sites
    /// change theirs: its first byte says whether it is msgpack or JSON. Answers which codec
    /// read it. What Python pickled is never read.
    ///
    /// # Errors
    /// Each leaves the session fresh and empty.
    /// - [`Error::BadPayload`] when it is not a dict in one of the formats; with
    ///   [`PayloadError::Pickle`] when it was pickled, with [`PayloadError::EqualKeys`] when
    ///   a dict inside has a key twice, which msgspec does not write.
    /// - [`Error::DictKey`], which names the session's key, when a dict inside has a key that
    ///   is neither text nor an int nor a bool, or the session one that is not text; for
    ///   [`TaggedJson`](Self::TaggedJson) any that is not text.
    /// - [`Error::Capacity`] when the session has no room for it; [`Error::Depth`].
    pub fn decode(self, stored: &[u8], session: &mut Session) -> Result<Self, Error> {
        let serializer = self.serializer();
        let dialect = serializer.dialect();
        let codec = self.codec_of(stored);
        let read = match codec {
            Self::MsgPack => session.build(serializer, |out| {
                build::build(out, dialect, &|builder| msgpack::read(stored, builder), |offset_bytes| {
                    PayloadError::MsgPack { offset_bytes }
                })
            }),
            Self::Json => session.build(serializer, |out| {
                build::build(out, dialect, &|builder| json::read(stored, builder), |offset_bytes| {
                    PayloadError::Json { offset_bytes }
                })
            }),
            Self::TaggedJson => load(stored, session),
        };
        named_if_pickled(read, stored)?;
        Ok(codec)
    }

    /// Writes `session` into `sink`. It should be one that this codec read, or that was
    /// [reset](Session::reset) with its [serializer](Self::serializer): then its dicts have
    /// the order that Flask would give them.
    ///
    /// # Errors
    /// [`WriteError::Source`] before anything is written, when the format has no form for
    /// something: with [`Error::NoForm`], which names the session's key, for Markup, for an
    /// int beyond 64 bits in msgpack, and for an extension in JSON; with [`Error::DictKey`]
    /// in JSON for a dict with keys that are bools, or ints beside text: `1` and `"1"`
    /// would be one key. [`WriteError::Sink`] when the sink does
    /// not take it.
    pub fn encode<S: Sink>(self, session: &Session, sink: &mut S) -> Result<(), WriteError<S::Error>> {
        self.encode_with(UnwritableMarkup::Refuse, session, sink)
    }

    /// As [`encode`](Self::encode), with another rule for Markup.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_with<S: Sink>(
        self,
        markup: UnwritableMarkup,
        session: &Session,
        sink: &mut S,
    ) -> Result<(), WriteError<S::Error>> {
        check::check(self, markup, session)?;
        with_any_sink(sink, |sink| match self {
            Self::MsgPack => msgpack::write(session, sink),
            Self::Json => json::write(session, sink),
            Self::TaggedJson => session.dump_as(SESSION_JSON_SERIALIZER, sink),
        })
        .map_err(WriteError::Sink)
    }

    /// The codec that `stored` is read with. msgpack begins no dict with an ASCII letter,
    /// and JSON begins everything with one.
    const fn codec_of(self, stored: &[u8]) -> Self {
        match (self, stored) {
            (_, [0x80..=0xFF, ..]) => Self::MsgPack,
            (Self::MsgPack, [_, ..]) => Self::Json,
            (configured, _) => configured,
        }
    }
}

/// Reads Flask's tagged JSON.
fn load(stored: &[u8], session: &mut Session) -> Result<(), Error> {
    let buffer = session.buffer();
    let capacity_bytes = buffer.len();
    let text = buffer
        .get_mut(..stored.len())
        .ok_or(Error::Capacity { needed_bytes: stored.len(), capacity_bytes })?;
    crate::bytes::copy(text, stored);
    session.load(SESSION_JSON_SERIALIZER, stored.len())
}

/// What reading came to. That something is a pickle is said of what is nothing else.
fn named_if_pickled(read: Result<(), Error>, stored: &[u8]) -> Result<(), Error> {
    match read {
        Err(Error::BadPayload(_)) if is_pickled(stored) => Err(Error::BadPayload(PayloadError::Pickle)),
        other => other,
    }
}

/// Whether it looks like a pickle, of any protocol, of a dict.
const fn is_pickled(stored: &[u8]) -> bool {
    matches!(stored, [0x80, 2..=5, .., b'.'] | [b'(' | b'}' | b'c', .., b'.'])
}

/// The type's number and the bytes of an extension.
fn ext_parts(value: Value<'_>) -> Option<(i8, ByteString<'_>)> {
    let (Kind::List(parts) | Kind::Tuple(parts)) = value.kind() else { return None };
    let mut parts = parts.iter();
    let code = parts.next()?.as_i64()?.try_into().ok()?;
    match (parts.next()?.kind(), parts.next()) {
        (Kind::Bytes(data), None) => Some((code, data)),
        _ => None,
    }
}

/// A UUID with hyphens, as Python's `str` gives it.
fn uuid_text(uuid: Uuid) -> [u8; 36] {
    let mut digits = uuid.to_hex().into_iter();
    core::array::from_fn(
        |at| if matches!(at, 8 | 13 | 18 | 23) { b'-' } else { digits.next().unwrap_or(b'-') },
    )
}

/// A float's bits. Those of a NaN may stand behind its name.
fn float_bits(number: Number<'_>) -> u64 {
    let bits = number.as_str().strip_prefix("NaN").and_then(|digits| u64::from_str_radix(digits, 16).ok());
    bits.unwrap_or_else(|| number.as_f64().to_bits())
}
