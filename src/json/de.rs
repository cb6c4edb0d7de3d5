//! The serde deserializer: a [`Value`] as any Rust type, borrowing its text.
//!
//! It is strict: what Flask would see as another type is
//! [`Error::WrongType`], but that an integer is a float too, where it is not too
//! large, a `Markup` text, and a list a tuple and the other way round. Bytes come
//! as a sequence of numbers, which `Bytes<N>`, `serde_bytes::ByteBuf` and
//! `Vec<u8>` take. Recursion is bounded by [`MAX_DEPTH`](super::MAX_DEPTH).

use core::fmt::Display;

use serde::{
    Deserializer,
    de::{
        self, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, VariantAccess, Visitor,
        value::{BorrowedStrDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};

use super::{Kind, Number, Value, key::Key, types};
use crate::Error;

impl de::Error for Error {
    fn custom<T: Display>(_message: T) -> Self {
        Self::WrongType
    }
}

/// Deserializes a dict from its entries.
pub(crate) fn from_entries<'de, T, I>(entries: I) -> Result<T, Error>
where
    T: de::Deserialize<'de>,
    I: Iterator<Item = (&'de str, Value<'de>)>,
{
    T::deserialize(Entries(entries))
}

/// A number as a float. No integer and no double is infinite because it is too
/// large: Python's `float` raises then.
fn float(number: Number<'_>) -> Result<f64, Error> {
    let value = number.as_f64();
    if number.is_integer() && value.is_infinite() { Err(Error::WrongType) } else { Ok(value) }
}

/// An integer, in the smallest type that holds it.
fn visit_integer<'de, V: Visitor<'de>>(number: Number<'de>, visitor: V) -> Result<V::Value, Error> {
    if let Some(value) = number.as_u64() {
        visitor.visit_u64(value)
    } else if let Some(value) = number.as_i64() {
        visitor.visit_i64(value)
    } else {
        Err(Error::WrongType)
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::Null => visitor.visit_unit(),
            Kind::Bool(value) => visitor.visit_bool(value),
            Kind::Number(number) if number.is_integer() => visit_integer(number, visitor),
            Kind::Number(number) => visitor.visit_f64(number.as_f64()),
            Kind::Str(text) | Kind::Markup(text) => visitor.visit_borrowed_str(text),
            Kind::List(list) | Kind::Tuple(list) => visit_items(list.iter(), visitor),
            Kind::Dict(dict) => Entries(dict.iter()).deserialize_any(visitor),
            Kind::Bytes(bytes) => visit_items(bytes.iter(), visitor),
            Kind::Uuid(_) | Kind::DateTime(_) | Kind::Custom { .. } => Err(Error::WrongType),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(self.as_bool().ok_or(Error::WrongType)?)
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::Number(number) => visit_integer(number, visitor),
            _ => Err(Error::WrongType),
        }
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::Number(number) => visitor.visit_i128(number.as_i128().ok_or(Error::WrongType)?),
            _ => Err(Error::WrongType),
        }
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            // Rust's parser takes nothing but digits.
            Kind::Number(number) => {
                visitor.visit_u128(number.as_str().parse().map_err(|_| Error::WrongType)?)
            }
            _ => Err(Error::WrongType),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::Number(number) => {
                let value = float(number)?;
                let single = value as f32;
                if single.is_infinite() && value.is_finite() {
                    return Err(Error::WrongType);
                }
                visitor.visit_f32(single)
            }
            _ => Err(Error::WrongType),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::Number(number) => visitor.visit_f64(float(number)?),
            _ => Err(Error::WrongType),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::Str(text) | Kind::Markup(text) => visitor.visit_borrowed_str(text),
            // The uuid crate's type asks for text and takes numbers too, which no text does.
            Kind::Uuid(uuid) => visit_items(uuid.0.into_iter(), visitor),
            _ => Err(Error::WrongType),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::Bytes(bytes) => visit_items(bytes.iter(), visitor),
            _ => Err(Error::WrongType),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::Null => visitor.visit_unit(),
            _ => Err(Error::WrongType),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let text = match (name, self.kind()) {
            (types::MARKUP, Kind::Markup(text)) => text,
            (types::UUID, Kind::Uuid(uuid)) => {
                let hex = uuid.to_hex();
                return visitor.visit_newtype_struct(super::text::as_str(&hex).into_deserializer());
            }
            (types::DATE_TIME, Kind::DateTime(date)) => {
                let text = date.exact_text();
                return visitor.visit_newtype_struct(super::text::as_str(&text).into_deserializer());
            }
            (types::BIG_INT, Kind::Number(number)) if number.is_integer() => number.as_str(),
            (types::MARKUP | types::UUID | types::DATE_TIME | types::BIG_INT, _) => {
                return Err(Error::WrongType);
            }
            _ => return visitor.visit_newtype_struct(self),
        };
        visitor.visit_newtype_struct(BorrowedStrDeserializer::new(text))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::List(list) | Kind::Tuple(list) => visit_items(list.iter(), visitor),
            Kind::Bytes(bytes) => visit_items(bytes.iter(), visitor),
            _ => Err(Error::WrongType),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::Dict(dict) => Entries(dict.iter()).deserialize_any(visitor),
            _ => Err(Error::WrongType),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::Custom { key, value } if name == types::CUSTOM => {
                visitor.visit_enum(Variant { variant: key, contents: Some(value) })
            }
            Kind::Str(variant) => visitor.visit_enum(Variant { variant, contents: None }),
            Kind::Dict(dict) => Entries(dict.iter()).deserialize_enum(name, variants, visitor),
            _ => Err(Error::WrongType),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

/// Visits a list's values, or bytes. A type that takes only some of them is
/// another type: half a token is no token.
fn visit_items<'de, I, V>(items: I, visitor: V) -> Result<V::Value, Error>
where
    I: Iterator<Item: IntoDeserializer<'de, Error>>,
    V: Visitor<'de>,
{
    SeqDeserializer::new(items).deserialize_any(visitor)
}

impl<'de> IntoDeserializer<'de, Error> for Value<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Deserializes a dict.
struct Entries<I>(I);

impl<'de, I: Iterator<Item = (&'de str, Value<'de>)>> Deserializer<'de> for Entries<I> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(EntryAccess { entries: self.0, value: Value::NULL })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if types::is_tagged(name) {
            return Err(Error::WrongType);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match (self.0.next(), self.0.next()) {
            (Some((variant, contents)), None) if name != types::CUSTOM => {
                visitor.visit_enum(Variant { variant, contents: Some(contents) })
            }
            _ => Err(Error::WrongType),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct EntryAccess<'de, I> {
    entries: I,
    /// Of the latest key.
    value: Value<'de>,
}

impl<'de, I: Iterator<Item = (&'de str, Value<'de>)>> MapAccess<'de> for EntryAccess<'de, I> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        self.value = value;
        seed.deserialize(Key(BorrowedStrDeserializer::new(key))).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(self.value)
    }
}

/// An enum variant: its name, and what it holds.
struct Variant<'de> {
    variant: &'de str,
    contents: Option<Value<'de>>,
}

impl<'de> Variant<'de> {
    fn contents(self) -> Result<Value<'de>, Error> {
        self.contents.ok_or(Error::WrongType)
    }
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        Ok((seed.deserialize(BorrowedStrDeserializer::<Error>::new(self.variant))?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        if self.contents.is_none() { Ok(()) } else { Err(Error::WrongType) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.contents()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        self.contents()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.contents()?.deserialize_map(visitor)
    }
}
