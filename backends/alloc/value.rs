//! Values on the heap.

use ::alloc::{
    borrow::ToOwned as _,
    boxed::Box,
    string::{String, ToString as _},
    vec::Vec,
};
use core::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{EnumAccess, Error as _, MapAccess, SeqAccess, VariantAccess as _, Visitor},
    ser::{SerializeMap as _, SerializeTuple as _},
};

use crate::json::{BigInt, Custom, DateTime, Kind, Markup, Number, Uuid, Value, types};

/// A [`Value`] that borrows nothing: a tree of Python's types, as Flask's tags
/// bring them through JSON.
///
/// It serializes with its tags, so `session.insert("key", &owned)` writes what
/// Flask would. Two values are equal where Python says so: `True == 1 == 1.0`,
/// a list is no tuple, a dict has no order, a `Markup` is a `str`.
///
/// Converting from a `Value` cannot fail. Numbers become the type that Python
/// gives them; a float that was spelled otherwise is written as Python spells it.
///
/// ```
/// use hipflask::{SecureCookieSession, backends::alloc::OwnedValue};
///
/// let mut session = SecureCookieSession::<256>::new();
/// session.insert("cart", &[("apple", 2)].as_slice())?;
/// let mut cart: OwnedValue = session.get("cart").unwrap().into();
/// if let OwnedValue::List(items) = &mut cart {
///     items.push(OwnedValue::Tuple(vec!["pear".into(), 1.into()]));
/// }
/// session.insert("cart", &cart)?;
/// let mut json = Vec::new();
/// session.dump(&mut json)?;
/// assert_eq!(json, br#"{"cart":[{" t":["apple",2]},{" t":["pear",1]}]}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum OwnedValue {
    /// `None`
    #[default]
    Null,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// An `int` beyond 64 bits, in decimal.
    BigInt(String),
    /// `float`
    Float(f64),
    /// `str`
    Str(String),
    /// `list`
    List(Vec<Self>),
    /// `tuple` (tag ` t`)
    Tuple(Vec<Self>),
    /// `dict` with text keys; two equal ones do not serialize.
    Dict(Vec<(String, Self)>),
    /// `bytes` (tag ` b`)
    Bytes(Vec<u8>),
    /// `markupsafe.Markup` (tag ` m`)
    Markup(String),
    /// `uuid.UUID` (tag ` u`)
    Uuid(Uuid),
    /// `datetime.datetime`, aware, in UTC (tag ` d`)
    DateTime(DateTime),
    /// A tag the application registered.
    Custom {
        /// The tag's key.
        key: String,
        /// What it holds.
        value: Box<Self>,
    },
}

impl OwnedValue {
    /// An integer, given in decimal.
    fn int(digits: String) -> Self {
        match digits.parse() {
            Ok(value) => Self::Int(value),
            Err(_) => Self::BigInt(digits),
        }
    }

    /// The text, if it is a `str` or a `Markup`.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) | Self::Markup(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if it is a `bool`.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The integer, if it is one and fits.
    #[must_use]
    pub const fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The number as a double, if it is a number, and no integer beyond all doubles.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::BigInt(digits) => {
                Some(Number(digits.as_bytes()).as_f64()).filter(|value| value.is_finite())
            }
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The bytes, if it is `bytes`.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The items, if it is a list or a tuple.
    #[must_use]
    pub fn as_slice(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) | Self::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// Python's `bool(value)`: false for `None`, `False`, zero and what is empty.
    #[must_use]
    #[doc(alias = "bool")]
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Str(text) | Self::Markup(text) => !text.is_empty(),
            Self::List(items) | Self::Tuple(items) => !items.is_empty(),
            Self::Dict(entries) => !entries.is_empty(),
            Self::Bytes(bytes) => !bytes.is_empty(),
            Self::BigInt(_) | Self::Uuid(_) | Self::DateTime(_) | Self::Custom { .. } => true,
        }
    }

    /// The value at a key of a dict or a position in a list or a tuple, if there is
    /// one. Python: `value[index]`, which raises where there is none.
    ///
    /// ```
    /// use hipflask::{backends::alloc::OwnedValue, json::SESSION_JSON_SERIALIZER};
    ///
    /// let mut cart = SESSION_JSON_SERIALIZER.loads_owned(r#"{"items":[{"name":"apple","count":2}]}"#)?;
    /// let first = cart.get("items").and_then(|items| items.get(0));
    /// assert_eq!(first.and_then(|first| first.get("name")?.as_str()), Some("apple"));
    ///
    /// if let Some(count) = cart.get_mut("items").and_then(|items| items.get_mut(0)?.get_mut("count")) {
    ///     *count = 3.into();
    /// }
    /// assert_eq!(SESSION_JSON_SERIALIZER.dumps_to_string(&cart)?, r#"{"items":[{"count":3,"name":"apple"}]}"#);
    /// # Ok::<(), hipflask::Error>(())
    /// ```
    #[must_use]
    pub fn get(&self, index: impl ValueIndex) -> Option<&Self> {
        index.of(self)
    }

    /// As [`get`](Self::get), to change it.
    #[must_use]
    pub fn get_mut(&mut self, index: impl ValueIndex) -> Option<&mut Self> {
        index.of_mut(self)
    }
}

/// What [`OwnedValue::get`] takes: a key (`&str`) or a position (`usize`). There is no
/// `value["key"]`, as that could only panic where there is nothing.
pub trait ValueIndex: sealed::Index {}

impl<K: AsRef<str> + ?Sized> ValueIndex for &K {}
impl ValueIndex for usize {}

mod sealed {
    use super::OwnedValue;

    pub trait Index {
        fn of(self, value: &OwnedValue) -> Option<&OwnedValue>;
        fn of_mut(self, value: &mut OwnedValue) -> Option<&mut OwnedValue>;
    }

    impl<K: AsRef<str> + ?Sized> Index for &K {
        fn of(self, value: &OwnedValue) -> Option<&OwnedValue> {
            let OwnedValue::Dict(entries) = value else { return None };
            entries.iter().find(|(key, _)| key == self.as_ref()).map(|(_, value)| value)
        }

        fn of_mut(self, value: &mut OwnedValue) -> Option<&mut OwnedValue> {
            let OwnedValue::Dict(entries) = value else { return None };
            entries.iter_mut().find(|(key, _)| key == self.as_ref()).map(|(_, value)| value)
        }
    }

    impl Index for usize {
        fn of(self, value: &OwnedValue) -> Option<&OwnedValue> {
            value.as_slice()?.get(self)
        }

        fn of_mut(self, value: &mut OwnedValue) -> Option<&mut OwnedValue> {
            let (OwnedValue::List(items) | OwnedValue::Tuple(items)) = value else { return None };
            items.get_mut(self)
        }
    }
}

/// Recurses as deep as the value is nested, at most
/// [`MAX_DEPTH`](crate::json::MAX_DEPTH).
impl From<Value<'_>> for OwnedValue {
    fn from(value: Value<'_>) -> Self {
        match value.kind() {
            Kind::Null => Self::Null,
            Kind::Bool(value) => Self::Bool(value),
            Kind::Number(number) if number.is_integer() => Self::int(number.as_str().to_owned()),
            Kind::Number(number) => Self::Float(number.as_f64()),
            Kind::Str(text) => Self::Str(text.to_owned()),
            Kind::List(list) => Self::List(list.iter().map(Self::from).collect()),
            Kind::Tuple(list) => Self::Tuple(list.iter().map(Self::from).collect()),
            Kind::Dict(dict) => {
                Self::Dict(dict.iter().map(|(key, value)| (key.to_owned(), value.into())).collect())
            }
            Kind::Bytes(bytes) => Self::Bytes(bytes.iter().collect()),
            Kind::Markup(text) => Self::Markup(text.to_owned()),
            Kind::Uuid(uuid) => Self::Uuid(uuid),
            Kind::DateTime(date) => Self::DateTime(date),
            Kind::Custom { key, value } => {
                Self::Custom { key: key.to_owned(), value: Box::new(value.into()) }
            }
        }
    }
}

/// Refused past [`MAX_DEPTH`](crate::json::MAX_DEPTH) by this crate's format.
impl Serialize for OwnedValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::BigInt(digits) => BigInt(digits).serialize(serializer),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Str(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Tuple(items) => {
                let mut tuple = serializer.serialize_tuple(items.len())?;
                items.iter().try_for_each(|item| tuple.serialize_element(item))?;
                tuple.end()
            }
            Self::Dict(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                entries.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::Markup(text) => Markup(text).serialize(serializer),
            Self::Uuid(uuid) => uuid.serialize(serializer),
            Self::DateTime(date) => date.serialize(serializer),
            Self::Custom { key, value } => Custom { key, value }.serialize(serializer),
        }
    }
}

/// Without loss from hipflask's own values, as converting from a [`Value`] is (so in a
/// struct that is read from a session). Another format gives what it has types for, and
/// never what a tag says: `{" t":[]}` in plain JSON is a dict.
impl<'de> Deserialize<'de> for OwnedValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(types::VALUE, AnyVisitor)
    }
}

struct AnyVisitor;

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = OwnedValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<OwnedValue, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<OwnedValue, E> {
        Ok(value.into())
    }

    fn visit_i128<E>(self, value: i128) -> Result<OwnedValue, E> {
        Ok(OwnedValue::int(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<OwnedValue, E> {
        Ok(value.into())
    }

    fn visit_u128<E>(self, value: u128) -> Result<OwnedValue, E> {
        Ok(OwnedValue::int(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<OwnedValue, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<OwnedValue, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<OwnedValue, E> {
        Ok(text.into())
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<OwnedValue, E> {
        Ok(OwnedValue::Bytes(bytes.to_owned()))
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<OwnedValue, E> {
        Ok(OwnedValue::Bytes(bytes))
    }

    fn visit_none<E>(self) -> Result<OwnedValue, E> {
        Ok(OwnedValue::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<OwnedValue, D::Error> {
        OwnedValue::deserialize(deserializer)
    }

    fn visit_unit<E>(self) -> Result<OwnedValue, E> {
        Ok(OwnedValue::Null)
    }

    /// Another format's: it does not know the name.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<OwnedValue, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<OwnedValue, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(OwnedValue::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<OwnedValue, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(OwnedValue::Dict(entries))
    }

    /// What serde has no type for, by name.
    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<OwnedValue, A::Error> {
        let (name, contents) = access.variant::<String>()?;
        Ok(match name.as_str() {
            types::TUPLE => OwnedValue::Tuple(contents.newtype_variant()?),
            types::BYTES => OwnedValue::Bytes(contents.newtype_variant()?),
            types::MARKUP => OwnedValue::Markup(contents.newtype_variant::<Markup<_>>()?.0),
            types::UUID => OwnedValue::Uuid(contents.newtype_variant()?),
            types::DATE_TIME => OwnedValue::DateTime(contents.newtype_variant()?),
            types::BIG_INT => OwnedValue::int(contents.newtype_variant::<BigInt<_>>()?.0),
            types::CUSTOM => {
                let Custom { key, value } = contents.newtype_variant()?;
                OwnedValue::Custom { key: String::from(key), value: Box::new(value) }
            }
            _ => return Err(A::Error::unknown_variant(&name, &[])),
        })
    }
}

impl From<bool> for OwnedValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for OwnedValue {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for OwnedValue {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u64> for OwnedValue {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or_else(|_| Self::BigInt(value.to_string()), Self::Int)
    }
}

impl From<f64> for OwnedValue {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for OwnedValue {
    fn from(text: &str) -> Self {
        Self::Str(text.to_owned())
    }
}

impl From<String> for OwnedValue {
    fn from(text: String) -> Self {
        Self::Str(text)
    }
}
