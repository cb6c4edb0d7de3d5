//! The serde deserializer: a [`Value`] as any Rust type, borrowing its text.
//!
//! It is strict: what Flask would see as another type is
//! [`Error::WrongType`], which says why, but that an integer is a float too, where it is not too
//! large, a `Markup` text, and a list a tuple and the other way round. Bytes come
//! as a sequence of numbers, which `Bytes<N>`, `serde_bytes::ByteBuf` and
//! `Vec<u8>` take. Recursion is bounded by [`MAX_DEPTH`](super::MAX_DEPTH).

use core::fmt::{self, Display};

use serde::{
    Deserializer,
    de::{
        self, DeserializeSeed, EnumAccess, Expected, IntoDeserializer, MapAccess, Unexpected, VariantAccess,
        Visitor,
        value::{BorrowedStrDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};

use super::key::Key;
use crate::{
    bytes::as_str,
    error::{Error, KeyName, Mismatch, TypeName},
    json::{
        number::Number,
        types,
        value::{Kind, Value},
    },
};

/// Why a value is no `T`: small, because every step of a `Deserialize` hands it on.
/// It becomes an [`Error::WrongType`] or an [`Error::MissingField`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeserializeError<'de> {
    /// The outermost key so far.
    key: Option<&'de str>,
    reason: Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    Mismatch(Mismatch),
    MissingField(&'static str),
}

impl DeserializeError<'_> {
    /// The error of one who asked for the value at `key`.
    #[cold]
    #[inline(never)]
    pub(crate) fn at_key(self, key: Option<&str>) -> Error {
        let key = key.map(KeyName::new);
        match self.reason {
            Reason::Mismatch(reason) => Error::WrongType { key, reason },
            Reason::MissingField(field) => Error::MissingField { key, field },
        }
    }
}

impl From<Mismatch> for DeserializeError<'_> {
    fn from(reason: Mismatch) -> Self {
        Self { key: None, reason: Reason::Mismatch(reason) }
    }
}

impl From<DeserializeError<'_>> for Error {
    fn from(error: DeserializeError<'_>) -> Self {
        error.at_key(error.key)
    }
}

impl Display for DeserializeError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Error::from(*self).fmt(f)
    }
}

impl core::error::Error for DeserializeError<'_> {}

impl de::Error for DeserializeError<'_> {
    fn custom<T: Display>(_message: T) -> Self {
        Mismatch::Value.into()
    }

    fn invalid_type(found: Unexpected<'_>, _asked: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Bool(_) => TypeName::Bool,
            Unexpected::Unsigned(_) | Unexpected::Signed(_) => TypeName::Int,
            Unexpected::Float(_) => TypeName::Float,
            Unexpected::Char(_) | Unexpected::Str(_) => TypeName::Str,
            Unexpected::Bytes(_) => TypeName::Bytes,
            Unexpected::Unit | Unexpected::Option => TypeName::None,
            Unexpected::Seq => TypeName::List,
            Unexpected::Map => TypeName::Dict,
            _ => TypeName::Enum,
        };
        Mismatch::Type { found, asked: TypeName::Other }.into()
    }

    fn invalid_value(found: Unexpected<'_>, _asked: &dyn Expected) -> Self {
        match found {
            Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => Mismatch::OutOfRange,
            _ => Mismatch::Value,
        }
        .into()
    }

    fn invalid_length(_len: usize, _asked: &dyn Expected) -> Self {
        Mismatch::Length.into()
    }

    fn unknown_variant(_variant: &str, _expected: &'static [&'static str]) -> Self {
        Mismatch::UnknownVariant.into()
    }

    fn unknown_field(_field: &str, _expected: &'static [&'static str]) -> Self {
        Mismatch::UnknownField.into()
    }

    fn missing_field(field: &'static str) -> Self {
        Self { key: None, reason: Reason::MissingField(field) }
    }

    fn duplicate_field(_field: &'static str) -> Self {
        Mismatch::Value.into()
    }
}

/// Deserializes a dict from its entries.
pub(crate) fn from_entries<'de, T, I>(entries: I) -> Result<T, Error>
where
    T: de::Deserialize<'de>,
    I: Iterator<Item = (&'de str, Value<'de>)>,
{
    T::deserialize(Entries(entries)).map_err(Error::from)
}

/// A number as a float. No integer and no double is infinite because it is too
/// large: Python's `float` raises then.
fn float(number: Number<'_>) -> Result<f64, Mismatch> {
    let value = number.as_f64();
    if number.is_integer() && value.is_infinite() { Err(Mismatch::OutOfRange) } else { Ok(value) }
}

/// An integer, in the smallest type that holds it.
fn visit_integer<'de, V: Visitor<'de>>(
    number: Number<'de>,
    visitor: V,
) -> Result<V::Value, DeserializeError<'de>> {
    let Some((negative, magnitude)) = number.sign_and_magnitude() else {
        let is_float = Mismatch::Type { found: TypeName::Float, asked: TypeName::Int };
        return Err(if number.is_integer() { Mismatch::OutOfRange } else { is_float }.into());
    };
    if negative {
        visitor.visit_i64(0_i64.checked_sub_unsigned(magnitude).ok_or(Mismatch::OutOfRange)?)
    } else {
        visitor.visit_u64(magnitude)
    }
}

impl<'de> Value<'de> {
    fn is_none(self) -> bool {
        self.span() == b"null"
    }

    /// Lets a visitor that takes any kind tell those apart that serde has no type for:
    /// it sees them as the variants of an enum.
    fn visit_kind<V: Visitor<'de>>(
        self,
        kind: Kind<'de>,
        visitor: V,
    ) -> Result<V::Value, DeserializeError<'de>> {
        let variant = match kind {
            Kind::Tuple(_) => types::TUPLE,
            Kind::Bytes(_) => types::BYTES,
            Kind::Markup(_) => types::MARKUP,
            Kind::Uuid(_) => types::UUID,
            Kind::DateTime(_) => types::DATE_TIME,
            Kind::Custom { .. } => types::CUSTOM,
            Kind::Number(number) if number.is_integer() => types::BIG_INT,
            _ => return self.deserialize_any(visitor),
        };
        visitor.visit_enum(Variant { variant, contents: Some(self) })
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = DeserializeError<'de>;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        match self.kind() {
            Kind::Null => visitor.visit_unit(),
            Kind::Bool(value) => visitor.visit_bool(value),
            Kind::Number(number) if number.is_integer() => visit_integer(number, visitor),
            Kind::Number(number) => visitor.visit_f64(number.as_f64()),
            Kind::Str(text) | Kind::Markup(text) => visitor.visit_borrowed_str(text),
            Kind::List(list) | Kind::Tuple(list) => visit_items(list.iter(), visitor),
            Kind::Dict(dict) => Entries(dict.iter()).deserialize_any(visitor),
            Kind::Bytes(bytes) => visit_items(bytes.iter(), visitor),
            Kind::Uuid(_) | Kind::DateTime(_) | Kind::Custom { .. } => {
                Err(self.is_not(TypeName::Other).into())
            }
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        visitor.visit_bool(self.as_bool().ok_or_else(|| self.is_not(TypeName::Bool))?)
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        visit_integer(self.number().ok_or_else(|| self.is_not(TypeName::Int))?, visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        match self.number() {
            Some(number) if number.is_integer() => {
                visitor.visit_i128(number.as_i128().ok_or(Mismatch::OutOfRange)?)
            }
            _ => Err(self.is_not(TypeName::Int).into()),
        }
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        match self.number() {
            // Rust's parser takes nothing but digits.
            Some(number) if number.is_integer() => {
                visitor.visit_u128(number.as_str().parse().map_err(|_| Mismatch::OutOfRange)?)
            }
            _ => Err(self.is_not(TypeName::Int).into()),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        let value = float(self.number().ok_or_else(|| self.is_not(TypeName::Float))?)?;
        let single = value as f32;
        if single.is_infinite() && value.is_finite() {
            return Err(Mismatch::OutOfRange.into());
        }
        visitor.visit_f32(single)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        visitor.visit_f64(float(self.number().ok_or_else(|| self.is_not(TypeName::Float))?)?)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        if let Some(text) = self.as_str() {
            return visitor.visit_borrowed_str(text);
        }
        let is_not = || self.is_not(TypeName::Str);
        // The uuid crate's type asks for text and takes numbers too, which no text does.
        let uuid = self.uuid().ok_or_else(is_not)?;
        visit_items(uuid.0.into_iter(), visitor).map_err(|_: DeserializeError<'_>| is_not().into())
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        let bytes = self.byte_string().ok_or_else(|| self.is_not(TypeName::Bytes))?;
        visit_items(bytes.iter(), visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        if self.is_none() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        if self.is_none() { visitor.visit_unit() } else { Err(self.is_not(TypeName::None).into()) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DeserializeError<'de>> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DeserializeError<'de>> {
        let text = match (name, self.kind()) {
            (types::VALUE, kind) => return self.visit_kind(kind, visitor),
            (types::MARKUP, Kind::Markup(text)) => text,
            (types::UUID, Kind::Uuid(uuid)) => {
                let hex = uuid.to_hex();
                return visitor.visit_newtype_struct(as_str(&hex).into_deserializer());
            }
            (types::DATE_TIME, Kind::DateTime(date)) => {
                let text = date.exact_text();
                return visitor.visit_newtype_struct(as_str(&text).into_deserializer());
            }
            (types::BIG_INT, Kind::Number(number)) if number.is_integer() => number.as_str(),
            (types::MARKUP, _) => return Err(self.is_not(TypeName::Markup).into()),
            (types::UUID, _) => return Err(self.is_not(TypeName::Uuid).into()),
            (types::DATE_TIME, _) => return Err(self.is_not(TypeName::DateTime).into()),
            (types::BIG_INT, _) => return Err(self.is_not(TypeName::Int).into()),
            _ => return visitor.visit_newtype_struct(self),
        };
        visitor.visit_newtype_struct(BorrowedStrDeserializer::new(text))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        if let Some(list) = self.list() {
            return visit_items(list.iter(), visitor);
        }
        let bytes = self.byte_string().ok_or_else(|| self.is_not(TypeName::List))?;
        visit_items(bytes.iter(), visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, DeserializeError<'de>> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, DeserializeError<'de>> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        match self.kind() {
            Kind::Dict(dict) => Entries(dict.iter()).deserialize_any(visitor),
            _ => Err(self.is_not(TypeName::Dict).into()),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DeserializeError<'de>> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DeserializeError<'de>> {
        match self.kind() {
            Kind::Custom { key, value } if name == types::CUSTOM => {
                visitor.visit_enum(Variant { variant: key, contents: Some(value) })
            }
            Kind::Str(variant) => visitor.visit_enum(Variant { variant, contents: None }),
            Kind::Dict(dict) => Entries(dict.iter()).deserialize_enum(name, variants, visitor),
            _ if name == types::CUSTOM => Err(self.is_not(TypeName::Custom).into()),
            _ => Err(self.is_not(TypeName::Enum).into()),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        visitor.visit_unit()
    }
}

/// Visits a list's values, or bytes. A type that takes only some of them is
/// another type: half a token is no token.
fn visit_items<'de, I, V>(items: I, visitor: V) -> Result<V::Value, DeserializeError<'de>>
where
    I: Iterator<Item: IntoDeserializer<'de, DeserializeError<'de>>>,
    V: Visitor<'de>,
{
    SeqDeserializer::new(items).deserialize_any(visitor)
}

impl<'de> IntoDeserializer<'de, DeserializeError<'de>> for Value<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// A dict, where a registered tag's value, an enum or one of this crate's types is due.
const IS_DICT: Mismatch = Mismatch::Type { found: TypeName::Dict, asked: TypeName::Other };

/// Deserializes a dict.
struct Entries<I>(I);

impl<'de, I: Iterator<Item = (&'de str, Value<'de>)>> Deserializer<'de> for Entries<I> {
    type Error = DeserializeError<'de>;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        visitor.visit_map(EntryAccess { entries: self.0, key: "", value: Value::NULL })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeserializeError<'de>> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DeserializeError<'de>> {
        match name {
            types::VALUE => self.deserialize_any(visitor),
            _ if types::is_tagged(name) => Err(IS_DICT.into()),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DeserializeError<'de>> {
        match (self.0.next(), self.0.next()) {
            (Some((variant, contents)), None) if name != types::CUSTOM => {
                visitor.visit_enum(Variant { variant, contents: Some(contents) })
            }
            _ => Err(IS_DICT.into()),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct EntryAccess<'de, I> {
    entries: I,
    /// The latest key, and its value.
    key: &'de str,
    value: Value<'de>,
}

impl<'de, I: Iterator<Item = (&'de str, Value<'de>)>> MapAccess<'de> for EntryAccess<'de, I> {
    type Error = DeserializeError<'de>;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DeserializeError<'de>> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        (self.key, self.value) = (key, value);
        seed.deserialize(Key(BorrowedStrDeserializer::new(key))).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, DeserializeError<'de>> {
        seed.deserialize(self.value).map_err(|error| DeserializeError { key: Some(self.key), ..error })
    }
}

/// An enum variant: its name, and what it holds.
struct Variant<'de> {
    variant: &'de str,
    contents: Option<Value<'de>>,
}

impl<'de> Variant<'de> {
    fn contents(self) -> Result<Value<'de>, DeserializeError<'de>> {
        self.contents.ok_or_else(|| Mismatch::Value.into())
    }
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = DeserializeError<'de>;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), DeserializeError<'de>> {
        Ok((seed.deserialize(BorrowedStrDeserializer::<DeserializeError<'_>>::new(self.variant))?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = DeserializeError<'de>;

    fn unit_variant(self) -> Result<(), DeserializeError<'de>> {
        if self.contents.is_none() { Ok(()) } else { Err(Mismatch::Value.into()) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, DeserializeError<'de>> {
        seed.deserialize(self.contents()?)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, DeserializeError<'de>> {
        self.contents()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DeserializeError<'de>> {
        self.contents()?.deserialize_map(visitor)
    }
}
