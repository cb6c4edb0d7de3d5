//! The serde serializer: which Rust type becomes which Python type.
//!
//! A tuple and a `[T; N]` become a tuple, a sequence a list, a struct and a map
//! a dict, bytes bytes. An enum variant is its name, or a dict of its name and
//! its contents. Map keys are text that is there as a whole: not numbers, nor what
//! is formatted on the way, such as a date of another crate's.

use core::{fmt::Display, mem::replace};

use serde::{
    Serialize, Serializer,
    ser::{
        self, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};

use super::{
    encode::{Encoder, Open},
    number::{spell_f64, spell_i64, spell_u64, spell_u128},
};
use crate::Error;

impl ser::Error for Error {
    fn custom<T: Display>(_message: T) -> Self {
        Self::NotSerializable
    }
}

/// A list, a tuple or a dict that is being serialized.
#[doc(hidden)]
pub struct Container<'e, 'b> {
    encoder: &'e mut Encoder<'b>,
    open: Open,
    /// Around the contents of an enum variant: the dict of the variant's name.
    variant: Option<Open>,
    /// Whether a map's key waits for its value.
    value_is_due: bool,
}

impl<'e, 'b> Container<'e, 'b> {
    fn list(encoder: &'e mut Encoder<'b>, tuple: bool) -> Result<Self, Error> {
        let open = encoder.open(b'[', tuple)?;
        Ok(Self { encoder, open, variant: None, value_is_due: false })
    }

    fn dict(encoder: &'e mut Encoder<'b>) -> Result<Self, Error> {
        let open = encoder.open(b'{', false)?;
        Ok(Self { encoder, open, variant: None, value_is_due: false })
    }

    fn in_variant(
        encoder: &'e mut Encoder<'b>,
        variant: &'static str,
        contents: fn(&'e mut Encoder<'b>) -> Result<Self, Error>,
    ) -> Result<Self, Error> {
        let mut outer = encoder.open(b'{', false)?;
        encoder.key(&mut outer, &variant)?;
        Ok(Self { variant: Some(outer), ..contents(encoder)? })
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.encoder.item(&mut self.open, &value)
    }

    fn entry<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        self.encoder.key(&mut self.open, &key)?;
        self.encoder.element(&value)
    }

    fn end_list(self) -> Result<(), Error> {
        self.encoder.close_list(&self.open)?;
        self.end_variant()
    }

    fn end_dict(self) -> Result<(), Error> {
        self.encoder.close_dict(&self.open)?;
        self.end_variant()
    }

    fn end_variant(self) -> Result<(), Error> {
        match &self.variant {
            Some(outer) => self.encoder.close_dict(outer),
            None => Ok(()),
        }
    }
}

impl<'e, 'b> Serializer for &'e mut Encoder<'b> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Container<'e, 'b>;
    type SerializeTuple = Container<'e, 'b>;
    type SerializeTupleStruct = Container<'e, 'b>;
    type SerializeTupleVariant = Container<'e, 'b>;
    type SerializeMap = Container<'e, 'b>;
    type SerializeStruct = Container<'e, 'b>;
    type SerializeStructVariant = Container<'e, 'b>;

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.scalar(if value { b"true" } else { b"false" })
    }

    fn serialize_i8(self, value: i8) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Error> {
        self.scalar(spell_i64(value).as_bytes())
    }

    fn serialize_i128(self, value: i128) -> Result<(), Error> {
        self.scalar(spell_u128(value.unsigned_abs(), value < 0).as_bytes())
    }

    fn serialize_u8(self, value: u8) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Error> {
        self.scalar(spell_u64(value).as_bytes())
    }

    fn serialize_u128(self, value: u128) -> Result<(), Error> {
        self.scalar(spell_u128(value, false).as_bytes())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        self.scalar(spell_f64(value)?.as_bytes())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.text(value)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        self.display(&value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.bytes(value)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.scalar(b"null")
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.text(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.newtype(name, &value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let mut dict = Container::dict(self)?;
        dict.entry(variant, value)?;
        dict.end_dict()
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Container<'e, 'b>, Error> {
        Container::list(self, false)
    }

    fn serialize_tuple(self, _len: usize) -> Result<Container<'e, 'b>, Error> {
        Container::list(self, true)
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Container<'e, 'b>, Error> {
        Container::list(self, true)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Container<'e, 'b>, Error> {
        Container::in_variant(self, variant, |encoder| Container::list(encoder, true))
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Container<'e, 'b>, Error> {
        Container::dict(self)
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Container<'e, 'b>, Error> {
        Container::dict(self)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Container<'e, 'b>, Error> {
        Container::in_variant(self, variant, Container::dict)
    }
}

impl SerializeSeq for Container<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), Error> {
        self.end_list()
    }
}

impl SerializeTuple for Container<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), Error> {
        self.end_list()
    }
}

impl SerializeTupleStruct for Container<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), Error> {
        self.end_list()
    }
}

impl SerializeTupleVariant for Container<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), Error> {
        self.end_list()
    }
}

impl SerializeMap for Container<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        if replace(&mut self.value_is_due, true) {
            return Err(Error::NotSerializable);
        }
        self.encoder.key(&mut self.open, &key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        if !replace(&mut self.value_is_due, false) {
            return Err(Error::NotSerializable);
        }
        self.encoder.element(&value)
    }

    fn end(self) -> Result<(), Error> {
        if self.value_is_due { Err(Error::NotSerializable) } else { self.end_dict() }
    }
}

impl SerializeStruct for Container<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        self.entry(key, value)
    }

    fn end(self) -> Result<(), Error> {
        self.end_dict()
    }
}

impl SerializeStructVariant for Container<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        self.entry(key, value)
    }

    fn end(self) -> Result<(), Error> {
        self.end_dict()
    }
}
