//! The serializer: which tags, which order, which letters.

use core::fmt;

use super::{
    dialect::{Dialect, JsonTag},
    form::tag::Standard,
    rust::encode::{Encode, Encoder},
    text::{
        scan::{self, Order},
        write::write_value,
    },
    value::Value,
};
use crate::{
    error::Error,
    sink::{Sink, WriteError, with_any_sink},
};

/// Flask's `session_json_serializer`: the standard tags, keys sorted, ASCII.
///
/// Usable alone, for any JSON value:
///
/// ```
/// use hipflask::{json::SESSION_JSON_SERIALIZER, sink::SliceSink};
///
/// let (mut scratch, mut out) = ([0; 64], [0; 64]);
/// let mut sink = SliceSink::new(&mut out);
/// SESSION_JSON_SERIALIZER.dumps(&("é", 1.5), &mut scratch, &mut sink)?;
/// assert_eq!(sink.written(), br#"{" t":["\u00e9",1.5]}"#);
/// # Ok::<(), hipflask::Error>(())
/// ```
pub const SESSION_JSON_SERIALIZER: TaggedJsonSerializer = TaggedJsonSerializer::new();

/// Flask's `TaggedJSONSerializer`, and itsdangerous' plain JSON as a mode of it.
#[derive(Clone, Copy)]
pub struct TaggedJsonSerializer {
    dialect: Dialect,
}

impl TaggedJsonSerializer {
    /// Flask's: the standard tags, keys sorted at every level, ASCII only.
    #[must_use]
    pub const fn new() -> Self {
        Self { dialect: Dialect::FLASK }
    }

    /// itsdangerous' default: plain compact JSON, no tags, keys in the order
    /// they come, letters outside ASCII as they are. A tuple becomes a list;
    /// bytes, UUIDs and dates are [`Error::NotSerializable`].
    #[must_use]
    pub const fn plain() -> Self {
        Self { dialect: Dialect::PLAIN }
    }

    /// What reads other formats and writes them again: keys, their order and letters stay as
    /// they are. `tags` are for what those formats have and JSON has not.
    pub(crate) const fn untouched(tags: &'static [JsonTag]) -> Self {
        let dialect = Dialect { custom: tags, number_keys: true, ..Dialect::FLASK };
        Self { dialect }.with_sort_keys(false).with_ensure_ascii(false)
    }

    /// Whether keys are written sorted (Flask's `app.json.sort_keys`).
    ///
    /// Unsorted, the entries of a Rust value and of a session keep their order;
    /// dicts inside what was *read* are sorted all the same. Two equal keys in a
    /// dict, which Python has not, are noticed only where they are sorted: else
    /// both are written, and a reader keeps the last. A tag's key alone, several
    /// times, is always refused.
    #[must_use]
    pub const fn with_sort_keys(mut self, sort_keys: bool) -> Self {
        self.dialect.sort_keys = sort_keys;
        self
    }

    /// Whether everything outside ASCII is escaped (Flask's `app.json.ensure_ascii`).
    #[must_use]
    pub const fn with_ensure_ascii(mut self, ensure_ascii: bool) -> Self {
        self.dialect.ensure_ascii = ensure_ascii;
        self
    }

    /// Registers tags beside the standard ones, in place of any registered
    /// before. A one-key dict with such a key is escaped from now on, like one
    /// with a standard key. A tag with an empty key is never read.
    ///
    /// ```
    /// use hipflask::json::{JsonTag, Kind, SESSION_JSON_SERIALIZER};
    ///
    /// const TAGS: &[JsonTag] = &[JsonTag::new(" od", |value| matches!(value.kind(), Kind::List(_)))];
    /// let serializer = SESSION_JSON_SERIALIZER.register(TAGS)?;
    /// let mut text = *br#"{" od":[1]}"#;
    /// assert!(matches!(serializer.loads(&mut text)?.kind(), Kind::Custom { key: " od", .. }));
    /// # Ok::<(), hipflask::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::TagTaken`] (Flask: `KeyError`) when a key is a standard tag's or
    /// occurs twice and the later tag is not [forced](JsonTag::force). Always
    /// for ` di`, which keeps dicts and tags apart, and for another tag's key with
    /// `__` behind it, which is how ` di` writes that key. (Flask takes the latter,
    /// and cannot read what it writes then.)
    pub fn register(mut self, tags: &'static [JsonTag]) -> Result<Self, Error> {
        for (position, tag) in tags.iter().enumerate() {
            let is_tag = |key: &str, tags: &[JsonTag]| {
                Standard::of(key.as_bytes()).is_some() || tags.iter().any(|other| other.key == key)
            };
            let taken = is_tag(tag.key, tags.get(..position).unwrap_or_default());
            let escaped = tag.key.strip_suffix("__").is_some_and(|key| !key.is_empty() && is_tag(key, tags));
            let is_wrapper = tag.key == Standard::Dict.key();
            if escaped || is_wrapper || taken && !tag.force && !tag.key.is_empty() {
                return Err(Error::TagTaken);
            }
        }
        self.dialect.custom = tags;
        Ok(self)
    }

    /// What it tells readers and writers.
    pub(crate) const fn dialect(self) -> Dialect {
        self.dialect
    }

    /// Reads a JSON text in place; the value borrows from `text`.
    ///
    /// # Errors
    /// [`Error::BadPayload`] when it is not JSON as Python reads it or a tag
    /// holds what it may not; [`Error::Depth`] when it is nested too deeply;
    /// [`Error::Capacity`] when it is 2 GiB long or longer.
    pub fn loads(self, text: &mut [u8]) -> Result<Value<'_>, Error> {
        let len = scan::load(text, self.dialect, Order::Sort)?;
        let text: &[u8] = text;
        Ok(Value::split(text.get(..len).unwrap_or_default()).0)
    }

    /// Writes `value` as JSON text into `sink`. The scratch holds it unescaped
    /// on the way, which takes at most as many bytes as the JSON text.
    ///
    /// # Errors
    /// [`WriteError::Source`] with [`Error::Capacity`] when the scratch is too small,
    /// and with what serializing gives ([`Error::NotSerializable`], [`Error::Depth`],
    /// [`Error::LengthChanged`]); [`WriteError::Sink`] when the sink does not take it.
    pub fn dumps<S: Sink>(
        self,
        value: &dyn Encode,
        scratch: &mut [u8],
        sink: &mut S,
    ) -> Result<(), WriteError<S::Error>> {
        let value = self.encode(value, scratch)?;
        self.write(value, sink).map_err(WriteError::Sink)
    }

    /// Puts `value` into `scratch`, as if it had been written and read again, but
    /// that its dates keep their microseconds.
    ///
    /// # Errors
    /// Those under [`WriteError::Source`] of [`dumps`](Self::dumps).
    pub fn encode<'s>(self, value: &dyn Encode, scratch: &'s mut [u8]) -> Result<Value<'s>, Error> {
        let counted = Encoder::count(value, self.dialect, 0)?;
        let capacity_bytes = scratch.len();
        let target = scratch
            .get_mut(..counted.len_bytes)
            .ok_or(Error::Capacity { needed_bytes: counted.len_bytes, capacity_bytes })?;
        Encoder::write(value, self.dialect, counted, target)?;
        Ok(Value::split(target).0)
    }

    /// Writes a value that was read as JSON text into `sink`, without a buffer.
    /// Its tags are written as they were read: it is for the serializer that read it.
    ///
    /// # Errors
    /// The sink's own.
    pub fn write<S: Sink>(self, value: Value<'_>, sink: &mut S) -> Result<(), S::Error> {
        with_any_sink(sink, |sink| write_value(value, self.dialect, sink))
    }
}

impl Default for TaggedJsonSerializer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TaggedJsonSerializer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaggedJsonSerializer")
            .field("tagged", &self.dialect.tagged)
            .field("sort_keys", &self.dialect.sort_keys)
            .field("ensure_ascii", &self.dialect.ensure_ascii)
            .field("custom", &self.dialect.custom)
            .finish()
    }
}
