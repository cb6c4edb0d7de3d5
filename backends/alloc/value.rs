//! Values on the heap.

use ::alloc::{
    borrow::ToOwned as _,
    boxed::Box,
    string::{String, ToString as _},
    vec::Vec,
};

use serde::{Serialize, Serializer, ser::SerializeMap as _, ser::SerializeTuple as _};

use crate::json::{BigInt, Custom, DateTime, Kind, Markup, Number, Uuid, Value};

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
/// use hipflask::{SecureCookieSession, SessionMap, backends::alloc::OwnedValue};
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

    /// The value of `key`, if it is a dict and has one.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Dict(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
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
            Kind::Number(number) if number.is_integer() => match number.as_i64() {
                Some(value) => Self::Int(value),
                None => Self::BigInt(number.as_str().to_owned()),
            },
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
