//! Reading: cursors over unescaped JSON.

use core::fmt;

use base64ct::Encoding as _;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeTuple as _};

use super::{
    form::{
        CUSTOM, NUMBER_KEY, STRING, STRING_END, TAG, WRAPPED, date,
        span::{span_len, split_string, split_string_bytes},
        tag::{self, Standard},
    },
    number::Number,
    types::{self, Custom, Markup, Uuid},
};
use crate::{
    error::{Error, Mismatch, TypeName},
    time::DateTime,
};

/// A value inside a session or a decoded payload. Cheap to copy; borrows.
///
/// [`kind`](Value::kind) looks at it, [`to`](Value::to) turns it into any type
/// that serde can deserialize, borrowed text included.
///
/// ```
/// use hipflask::json::{Kind, SESSION_JSON_SERIALIZER};
///
/// let mut text = *br#"{"user":"Zo\u00eb","at":{" t":[3,4]}}"#;
/// let value = SESSION_JSON_SERIALIZER.loads(&mut text)?;
/// let Kind::Dict(dict) = value.kind() else { panic!() };
/// assert_eq!(dict.get("user").and_then(|user| user.as_str()), Some("Zoë"));
/// assert_eq!(dict.get("at").map(|at| at.to()), Some(Ok((3, 4))));
/// # Ok::<(), hipflask::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Value<'a> {
    /// Exactly this value's span.
    span: &'a [u8],
}

/// What begins with which byte; a tag with the letter of its key, in upper case.
/// All else is a number.
const TYPE_NAMES: [(u8, TypeName); 12] = [
    (STRING, TypeName::Str),
    (b'[', TypeName::List),
    (b'{', TypeName::Dict),
    (CUSTOM, TypeName::Custom),
    (b'n', TypeName::None),
    (b't', TypeName::Bool),
    (b'f', TypeName::Bool),
    (b'T', TypeName::Tuple),
    (b'B', TypeName::Bytes),
    (b'M', TypeName::Markup),
    (b'U', TypeName::Uuid),
    (b'D', TypeName::DateTime),
];

/// What a [`Value`] is: Python's types, as Flask's tags bring them through JSON.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Kind<'a> {
    /// `None`
    Null,
    /// `bool`
    Bool(bool),
    /// `int` or `float`
    Number(Number<'a>),
    /// `str`
    Str(&'a str),
    /// `list`
    List(List<'a>),
    /// `tuple` (tag ` t`)
    Tuple(List<'a>),
    /// `dict` with text keys
    Dict(Dict<'a>),
    /// `bytes` (tag ` b`)
    Bytes(ByteString<'a>),
    /// `markupsafe.Markup` (tag ` m`)
    Markup(&'a str),
    /// `uuid.UUID` (tag ` u`)
    Uuid(Uuid),
    /// `datetime.datetime`, aware, in UTC (tag ` d`)
    DateTime(DateTime),
    /// A tag the application registered.
    Custom {
        /// The tag's key.
        key: &'a str,
        /// What it holds.
        value: Value<'a>,
    },
}

impl<'a> Value<'a> {
    pub(crate) const NULL: Value<'static> = Value { span: b"null" };

    /// The value that `bytes` start with, and what follows it.
    pub(crate) fn split(bytes: &'a [u8]) -> (Self, &'a [u8]) {
        let (span, rest) = bytes.split_at_checked(span_len(bytes)).unwrap_or((bytes, &[]));
        (Self { span }, rest)
    }

    pub(crate) const fn span(self) -> &'a [u8] {
        self.span
    }

    /// What it is.
    #[must_use]
    pub fn kind(self) -> Kind<'a> {
        match self.span {
            [STRING, ..] => Kind::Str(split_string(self.span).0),
            [b'[', items @ ..] => Kind::List(List { items }),
            [b'{' | WRAPPED, entries @ ..] => Kind::Dict(Dict { entries }),
            [TAG, entry @ ..] => {
                let (key, value) = split_entry(entry);
                tag_kind(key, value)
            }
            [CUSTOM, entry @ ..] => {
                let (key, value) = split_entry(entry);
                Kind::Custom { key, value }
            }
            b"null" => Kind::Null,
            b"true" => Kind::Bool(true),
            b"false" => Kind::Bool(false),
            number => Kind::Number(Number(number)),
        }
    }

    /// Deserializes it into a `T`, which may borrow from the session.
    ///
    /// # Errors
    /// [`Error::WrongType`] when it is not of a form that `T` takes,
    /// [`Error::MissingField`] when a dict in it lacks a field.
    pub fn to<T: Deserialize<'a>>(self) -> Result<T, Error> {
        T::deserialize(self).map_err(Error::from)
    }

    /// What is wrong for one who asked for another type.
    #[cold]
    #[inline(never)]
    pub(crate) fn is_not(self, asked: TypeName) -> Mismatch {
        // `kind` would bring the code that reads dates to those who have none. Behind
        // the mark of a tag stand a string's and the two letters of its key.
        let code = match *self.span {
            [TAG, _, _, letter, ..] => letter.to_ascii_uppercase(),
            [first, ..] => first,
            [] => 0,
        };
        let found = match TYPE_NAMES.iter().find(|(first, _)| *first == code) {
            Some((_, name)) => *name,
            None if Number(self.span).is_integer() => TypeName::Int,
            None => TypeName::Float,
        };
        Mismatch::Type { found, asked }
    }

    /// The number, if it is one. Without `kind`, which brings the code that reads dates and
    /// UUIDs: nearly every program reads integers.
    pub(crate) fn number(self) -> Option<Number<'a>> {
        matches!(self.span, [b'-' | b'0'..=b'9' | b'N' | b'I', ..]).then_some(Number(self.span))
    }

    /// What it holds, if it is this tag. As [`number`](Self::number), without `kind`.
    fn tagged(self, tag: Standard) -> Option<Value<'a>> {
        let [TAG, entry @ ..] = self.span else { return None };
        let (key, value) = split_entry(entry);
        (Standard::of(key.as_bytes()) == Some(tag)).then_some(value)
    }

    /// The list, if it is one or a tuple.
    pub(super) fn list(self) -> Option<List<'a>> {
        match self.tagged(Standard::Tuple).unwrap_or(self).span {
            [b'[', items @ ..] => Some(List { items }),
            _ => None,
        }
    }

    /// The bytes, if it is some.
    pub(super) fn byte_string(self) -> Option<ByteString<'a>> {
        let text = self.tagged(Standard::Bytes)?;
        Some(ByteString { base64: split_string(text.span).0 })
    }

    /// The UUID, if it is one.
    pub(super) fn uuid(self) -> Option<Uuid> {
        let text = self.tagged(Standard::Uuid)?;
        Uuid::from_hex(split_string(text.span).0)
    }

    /// The text, if it is a `str` or a `Markup` (which is a `str` in Python too).
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        match self.tagged(Standard::Markup).unwrap_or(self).span {
            text @ [STRING, ..] => Some(split_string(text).0),
            _ => None,
        }
    }

    /// The integer, if it is one and fits.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        self.number()?.as_i64()
    }

    /// The truth value, if it is a `bool`.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        match self.span {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        }
    }

    /// Python's `bool(value)`: false for `None`, `False`, zero and what is empty.
    #[must_use]
    #[doc(alias = "bool")]
    pub fn is_truthy(self) -> bool {
        // Without `kind`, which brings the code that reads dates: every session asks this.
        match self.span {
            b"null" | b"false" | [b'[', b']'] | [b'{', b'}'] | [STRING, STRING_END] => false,
            // A UUID and a date are text that is not empty.
            [TAG, entry @ ..] => split_entry(entry).1.is_truthy(),
            number @ [b'-' | b'0'..=b'9', ..] => !Number(number).is_zero(),
            _ => true,
        }
    }
}

fn tag_kind<'a>(key: &'a str, value: Value<'a>) -> Kind<'a> {
    let text = || split_string(value.span).0;
    // What a tag holds was checked when it was read, so the fallbacks are never taken.
    match Standard::of(key.as_bytes()) {
        Some(Standard::Tuple) => match value.span {
            [_, items @ ..] => Kind::Tuple(List { items }),
            [] => Kind::Null,
        },
        Some(Standard::Bytes) => Kind::Bytes(ByteString { base64: text() }),
        Some(Standard::Markup) => Kind::Markup(text()),
        Some(Standard::Uuid) => Uuid::from_hex(text()).map_or(Kind::Null, Kind::Uuid),
        Some(Standard::DateTime) => {
            date::unpack(split_string_bytes(value.span).0).map_or(Kind::Null, Kind::DateTime)
        }
        Some(Standard::Dict) | None => Kind::Custom { key, value },
    }
}

/// A list or a tuple.
#[derive(Clone, Copy)]
#[doc(alias = "tuple")]
pub struct List<'a> {
    /// Behind the opening bracket.
    items: &'a [u8],
}

impl<'a> List<'a> {
    /// The values, in order.
    #[must_use]
    pub fn iter(self) -> Items<'a> {
        Items { rest: self.items }
    }

    /// The value at `index`. Takes time in proportion to what lies before it.
    #[must_use]
    pub fn get(self, index: usize) -> Option<Value<'a>> {
        self.iter().nth(index)
    }

    /// How many values there are. Takes time in proportion to their size.
    #[must_use]
    pub fn len(self) -> usize {
        self.iter().count()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.iter().next().is_none()
    }
}

impl<'a> IntoIterator for List<'a> {
    type Item = Value<'a>;
    type IntoIter = Items<'a>;

    fn into_iter(self) -> Items<'a> {
        self.iter()
    }
}

/// The values of a [`List`].
#[derive(Clone)]
pub struct Items<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        if matches!(self.rest, [] | [b']', ..]) {
            return None;
        }
        let (value, rest) = Value::split(self.rest);
        self.rest = match rest {
            [b',', rest @ ..] => rest,
            rest => rest,
        };
        Some(value)
    }
}

/// A dict. Its keys are unique and sorted by code point, as Flask writes them. Made of a
/// Rust value, keys that were numbers are sorted as numbers until the dict is read again,
/// and a serializer that does not [sort](super::TaggedJsonSerializer::with_sort_keys)
/// leaves them as they came.
#[derive(Clone, Copy)]
pub struct Dict<'a> {
    /// Behind the opening brace.
    entries: &'a [u8],
}

impl<'a> Dict<'a> {
    /// The keys and values, in order.
    #[must_use]
    pub fn iter(self) -> Entries<'a> {
        Entries { rest: self.entries }
    }

    /// The keys, in order, as what they are in Python: text, and in a server-side session also
    /// `int` and `bool`.
    pub fn keys(self) -> impl Iterator<Item = Value<'a>> {
        self.entries().map(|(key, _)| key)
    }

    /// The entries, with the keys as [`keys`](Self::keys) has them.
    fn entries(self) -> impl Iterator<Item = (Value<'a>, Value<'a>)> {
        let mut entries = self.iter();
        core::iter::from_fn(move || {
            let start = entries.rest;
            let (key, value) = entries.next()?;
            let span = match start {
                [NUMBER_KEY, ..] => key.as_bytes(),
                _ => start.get(..key.len().saturating_add(2))?,
            };
            Some((Value { span }, value))
        })
    }

    /// The value of `key`. Takes time in proportion to what lies before it.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Value<'a>> {
        self.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// How many entries there are. Takes time in proportion to their size.
    #[must_use]
    pub fn len(self) -> usize {
        self.iter().count()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.iter().next().is_none()
    }
}

impl<'a> IntoIterator for Dict<'a> {
    type Item = (&'a str, Value<'a>);
    type IntoIter = Entries<'a>;

    fn into_iter(self) -> Entries<'a> {
        self.iter()
    }
}

/// The entries of a [`Dict`].
#[derive(Clone)]
pub struct Entries<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Entries<'a> {
    type Item = (&'a str, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if !matches!(self.rest, [STRING | NUMBER_KEY, ..]) {
            return None;
        }
        let (key, rest) = split_string(self.rest);
        let (value, rest) = Value::split(rest.get(1..).unwrap_or_default());
        self.rest = match rest {
            [b',', rest @ ..] => rest,
            rest => rest,
        };
        Some((key, value))
    }
}

/// `bytes`, kept as the base64 text that Flask's ` b` tag holds: read them into
/// a buffer ([`read`](ByteString::read)), byte by byte ([`iter`](ByteString::iter)),
/// or as [`Bytes<N>`](super::Bytes).
#[derive(Clone, Copy)]
#[doc(alias = "bytes")]
pub struct ByteString<'a> {
    /// Canonical, padded.
    base64: &'a str,
}

impl<'a> ByteString<'a> {
    /// How many bytes there are.
    #[must_use]
    pub fn len(self) -> usize {
        let text = self.base64.as_bytes();
        let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
        (text.len() / 4).saturating_mul(3).saturating_sub(padding)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.base64.is_empty()
    }

    /// The bytes.
    #[expect(clippy::arithmetic_side_effects, reason = "at least 8 and less than 14 bits are held")]
    pub fn iter(self) -> impl Iterator<Item = u8> + 'a {
        let mut text = self.base64.bytes();
        let mut bits = 0_u32;
        let mut held = 0_u32;
        core::iter::from_fn(move || {
            while held < 8 {
                bits = bits << 6 | tag::base64_digit(text.next()?)?;
                held += 6;
            }
            held -= 8;
            Some((bits >> held) as u8)
        })
    }

    /// Them as base64 text, padded.
    pub(crate) const fn as_base64(self) -> &'a str {
        self.base64
    }

    /// The bytes, in the first part of `buffer`.
    ///
    /// # Errors
    /// [`Error::Capacity`] when `buffer` is too small.
    pub fn read(self, buffer: &mut [u8]) -> Result<&[u8], Error> {
        let capacity_bytes = buffer.len();
        let needed_bytes = self.len();
        let target =
            buffer.get_mut(..needed_bytes).ok_or(Error::Capacity { needed_bytes, capacity_bytes })?;
        base64ct::Base64::decode(self.base64, target).map_err(|_| Mismatch::Value.into())
    }
}

/// The key and value that `bytes` start with.
pub(crate) fn split_entry(bytes: &[u8]) -> (&str, Value<'_>) {
    let (key, rest) = split_string(bytes);
    (key, Value::split(rest.get(1..).unwrap_or_default()).0)
}

/// What it is, without loss within hipflask: a value can be put into another session
/// or a token. A registered tag is written by a serializer that has it registered.
/// Other formats get what they have types for: a tuple, a number, text, and bytes as a
/// list of numbers.
///
/// ```
/// use hipflask::SecureCookieSession;
///
/// let (mut old, mut new) = (SecureCookieSession::<64>::new(), SecureCookieSession::<64>::new());
/// old.insert("at", &(3, 4))?;
/// if let Some(at) = old.get("at") {
///     new.insert("from", &at)?;
/// }
/// assert_eq!(new.get_as("from")?, Some((3, 4)));
/// # Ok::<(), hipflask::Error>(())
/// ```
impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.kind() {
            Kind::Null => serializer.serialize_unit(),
            Kind::Bool(value) => serializer.serialize_bool(value),
            Kind::Number(number) => number.serialize(serializer),
            Kind::Str(text) => serializer.serialize_str(text),
            Kind::List(list) => list.serialize(serializer),
            Kind::Tuple(list) => {
                let mut tuple = serializer.serialize_tuple(list.len())?;
                list.iter().try_for_each(|item| tuple.serialize_element(&item))?;
                tuple.end()
            }
            Kind::Dict(dict) => dict.serialize(serializer),
            Kind::Bytes(bytes) => bytes.serialize(serializer),
            Kind::Markup(text) => Markup(text).serialize(serializer),
            Kind::Uuid(uuid) => uuid.serialize(serializer),
            Kind::DateTime(date) => date.serialize(serializer),
            Kind::Custom { key, value } => Custom { key, value }.serialize(serializer),
        }
    }
}

/// A list, also where it was a tuple's.
impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl Serialize for Dict<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.entries().map(|(key, value)| (Key(key), value)))
    }
}

/// A dict's key.
struct Key<'a>(Value<'a>);

impl Serialize for Key<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.0.as_str(), self.0.number()) {
            (Some(text), _) => serializer.serialize_str(text),
            (None, Some(number)) => number.serialize_value(serializer),
            (None, None) => serializer.serialize_bool(self.0.span == b"true"),
        }
    }
}

/// Bytes within hipflask; a list of numbers for other formats.
impl Serialize for ByteString<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_newtype_struct(types::BASE64, &Base64(*self))
        } else {
            serializer.collect_seq(self.iter())
        }
    }
}

/// Bytes inside of their newtype struct: text where hipflask asks for it.
struct Base64<'a>(ByteString<'a>);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_seq(self.0.iter())
        } else {
            serializer.serialize_str(self.0.base64)
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.kind(), f)
    }
}

impl fmt::Debug for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Debug for Dict<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl fmt::Debug for ByteString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Debug for Items<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl fmt::Debug for Entries<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.clone()).finish()
    }
}
