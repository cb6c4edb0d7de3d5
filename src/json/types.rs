//! What serde has no type for: newtypes that carry Flask's tags.
//!
//! Each is a newtype struct with a name of its own, by which this crate's
//! format knows it. Other serde formats see what is inside.

use core::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, EnumAccess, Error as _, SeqAccess, VariantAccess as _, Visitor},
};

use crate::{
    bytes::{as_str, write_hex},
    time::DateTime,
};

pub(crate) const MARKUP: &str = "hipflask::Markup";
pub(crate) const UUID: &str = "hipflask::Uuid";
pub(crate) const DATE_TIME: &str = "hipflask::DateTime";
pub(crate) const BIG_INT: &str = "hipflask::BigInt";
pub(crate) const CUSTOM: &str = "hipflask::Custom";
/// A value of any kind, by whatever visits it as an enum of these names.
pub(crate) const VALUE: &str = "hipflask::Value";
pub(crate) const TUPLE: &str = "hipflask::Tuple";
pub(crate) const BYTES: &str = "hipflask::Bytes";
/// A number as it is spelled.
pub(super) const NUMBER: &str = "hipflask::Number";
/// Bytes as base64 text.
pub(super) const BASE64: &str = "hipflask::Base64";

/// Whether it is the name of one of them: then it is no text, whatever it holds.
pub(super) fn is_tagged(name: &str) -> bool {
    name.starts_with("hipflask::")
}

/// Refuses it where a tag is no value.
pub(super) fn refuse_tagged<E: de::Error>(name: &str) -> Result<(), E> {
    if is_tagged(name) { Err(E::custom("a tag")) } else { Ok(()) }
}

/// `markupsafe.Markup` (tag ` m`): text that is HTML already. `T` is any text
/// type: `&str`, `heapless::String<N>`, `String`.
///
/// ```
/// use hipflask::json::{Markup, SESSION_JSON_SERIALIZER};
///
/// let mut text = *br#"{" m":"<b>hi</b>"}"#;
/// let value = SESSION_JSON_SERIALIZER.loads(&mut text)?;
/// assert_eq!(value.to::<Markup<&str>>()?.0, "<b>hi</b>");
/// # Ok::<(), hipflask::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper is what it wraps")]
pub struct Markup<T>(pub T);

impl<T: AsRef<str>> AsRef<str> for Markup<T> {
    fn as_ref(&self) -> &str {
        self.0.as_ref()
    }
}

impl<T: Serialize> Serialize for Markup<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(MARKUP, &self.0)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Markup<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(MARKUP, Inside(PhantomData)).map(Self)
    }
}

/// An `int` of any size up to 4,300 digits, as decimal text. `T` is any text type.
///
/// ```
/// use hipflask::json::{BigInt, SESSION_JSON_SERIALIZER};
///
/// let mut text = *b"-123456789012345678901234567890";
/// let value = SESSION_JSON_SERIALIZER.loads(&mut text)?;
/// assert_eq!(value.to::<BigInt<&str>>()?.0, "-123456789012345678901234567890");
/// # Ok::<(), hipflask::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper is what it wraps")]
pub struct BigInt<T>(pub T);

impl<T: Serialize> Serialize for BigInt<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(BIG_INT, &self.0)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for BigInt<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(BIG_INT, Inside(PhantomData)).map(Self)
    }
}

/// Takes what a newtype struct holds.
struct Inside<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Inside<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tagged value")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::deserialize(deserializer)
    }
}

/// `uuid.UUID` (tag ` u`): 16 bytes, big-endian, as `UUID.bytes`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper is what it wraps")]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// From 32 hex digits, in either case, without hyphens.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
        let mut bytes = [0; 16];
        if pairs.len() != bytes.len() {
            return None;
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            let digit = |digit: u8| char::from(digit).to_digit(16);
            *byte = (digit(*high)? << 4 | digit(*low)?) as u8;
        }
        Some(Self(bytes))
    }

    /// 32 lowercase hex digits, as Flask writes it (`UUID.hex`).
    #[must_use]
    pub fn to_hex(self) -> [u8; 32] {
        let mut text = [0; 32];
        write_hex(&self.0, &mut text);
        text
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(as_str(&self.to_hex()))
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Uuid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(UUID, as_str(&self.to_hex()))
    }
}

impl<'de> Deserialize<'de> for Uuid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(UUID, FromText(Self::from_hex))
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(DATE_TIME, as_str(&self.exact_text()))
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_newtype_struct(DATE_TIME, FromText(|text| Self::parse_exact(text.as_bytes())))
    }
}

/// Parses the text that a newtype struct holds.
struct FromText<T>(fn(&str) -> Option<T>);

impl<'de, T> Visitor<'de> for FromText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tagged value")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).ok_or_else(|| E::custom("another form"))
    }
}

/// `bytes` (tag ` b`) of at most `N` bytes, decoded.
///
/// Flask keeps bytes as base64, so a `&[u8]` cannot be borrowed from a session.
/// (`heapless::Vec<u8, N>` and `[u8; N]` are a list and a tuple of numbers.)
///
/// ```
/// use hipflask::json::{Bytes, SESSION_JSON_SERIALIZER};
///
/// let mut text = *br#"{" b":"AP8="}"#;
/// let value = SESSION_JSON_SERIALIZER.loads(&mut text)?;
/// assert_eq!(value.to::<Bytes<8>>()?.as_slice(), [0, 255]);
/// # Ok::<(), hipflask::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bytes<const N: usize>(heapless::Vec<u8, N>);

impl<const N: usize> Bytes<N> {
    /// A copy of `bytes`, if they are at most `N`.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        heapless::Vec::from_slice(bytes).ok().map(Self)
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize> Serialize for Bytes<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Bytes<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(BytesVisitor).map(Self)
    }
}

struct BytesVisitor<const N: usize>;

impl<'de, const N: usize> Visitor<'de> for BytesVisitor<N> {
    type Value = heapless::Vec<u8, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        heapless::Vec::from_slice(bytes).map_err(|_| E::custom("too many bytes"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut bytes: A) -> Result<Self::Value, A::Error> {
        let mut all = heapless::Vec::new();
        while let Some(byte) = bytes.next_element()? {
            all.push(byte).map_err(|_| A::Error::custom("too many bytes"))?;
        }
        Ok(all)
    }
}

/// A value of a tag that the application registered. Other serde formats see
/// the dict `{key: value}`. Who reads one compares the key: of several
/// registered tags it may be any.
///
/// ```
/// use hipflask::{json::{Custom, JsonTag, Kind, SESSION_JSON_SERIALIZER}, sink::SliceSink};
///
/// const TAGS: &[JsonTag] = &[JsonTag::new(" od", |value| matches!(value.kind(), Kind::List(_)))];
/// let serializer = SESSION_JSON_SERIALIZER.register(TAGS)?;
/// let (mut scratch, mut out) = ([0; 32], [0; 32]);
/// let mut sink = SliceSink::new(&mut out);
/// let value = Custom { key: " od", value: [1, 2].as_slice() };
/// serializer.dumps(&value, &mut scratch, &mut sink)?;
/// assert_eq!(sink.written(), br#"{" od":[1,2]}"#);
/// let read: Custom<'_, [u8; 2]> = serializer.loads(sink.into_written())?.to()?;
/// assert_eq!(read, Custom { key: " od", value: [1, 2] });
/// # Ok::<(), hipflask::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a tagged value has a key and a value")]
pub struct Custom<'k, T> {
    /// The tag's key.
    pub key: &'k str,
    /// What it holds.
    pub value: T,
}

impl<T: Serialize> Serialize for Custom<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(CUSTOM, &OneEntry(self.key, &self.value))
    }
}

// serde's form of an enum is such a dict, and the variant's name any key.
impl<'de: 'k, 'k, T: Deserialize<'de>> Deserialize<'de> for Custom<'k, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum(CUSTOM, &[], CustomVisitor(PhantomData))
    }
}

struct CustomVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for CustomVisitor<T> {
    type Value = Custom<'de, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tagged value")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Self::Value, A::Error> {
        let (key, contents) = tagged.variant()?;
        Ok(Custom { key, value: contents.newtype_variant()? })
    }
}

/// A dict of one entry.
struct OneEntry<'k, T>(&'k str, T);

impl<T: Serialize> Serialize for OneEntry<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0, &self.1)])
    }
}
