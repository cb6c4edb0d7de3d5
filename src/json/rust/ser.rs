//! The serde serializer: which Rust type becomes which Python type.
//!
//! A tuple and a `[T; N]` become a tuple, a sequence a list, a struct and a map
//! a dict, bytes bytes. An enum variant is its name, or a dict of its name and
//! its contents. Map keys are text that is there as a whole (not formatted on the way,
//! as a date of another crate's may be), integers of 64 bits or bools. As in Python the
//! latter are sorted by value, and become text.

use core::{
    fmt::{self, Display},
    mem::replace,
};

use serde::{
    Serialize, Serializer,
    ser::{
        self, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};

use super::encode::{Encode, EncodeError, Encoder, Open};
use crate::{
    error::Error,
    json::{
        number::{spell_f64, spell_i64, spell_u64, spell_u128},
        types,
    },
};

impl<T: Serialize + ?Sized> Encode for T {
    #[doc(hidden)]
    fn encode(&self, encoder: &mut Encoder<'_>) -> Result<(), EncodeError> {
        self.serialize(Target::<VALUE>(encoder))
    }
}

impl ser::Error for EncodeError {
    fn custom<T: Display>(_message: T) -> Self {
        Self::NotSerializable
    }
}

impl Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Error::from(*self).fmt(f)
    }
}

impl core::error::Error for EncodeError {}

/// A place for a value.
pub(super) const VALUE: u8 = 0;
/// A place for a dict's key. What it takes is decided when the program is compiled, so
/// that only those link the code for a type of key who have such keys.
const KEY: u8 = 1;
/// A place for text that stands for a number or bytes. It says that it is not for
/// humans, which every other place denies: so this crate's own types tell it from other
/// formats, which get what the text stands for.
const SPELLING: u8 = 2;

/// Where a value is serialized to: the serde serializer of this crate's format.
pub(super) struct Target<'e, 'b, const PLACE: u8>(pub(super) &'e mut Encoder<'b>);

impl<'e, 'b, const PLACE: u8> Target<'e, 'b, PLACE> {
    /// The encoder, where a value may come that is no key.
    fn no_key(self) -> Result<&'e mut Encoder<'b>, EncodeError> {
        if PLACE == KEY { Err(EncodeError::NotSerializable) } else { Ok(self.0) }
    }

    fn int(self, spelling: &[u8]) -> Result<(), EncodeError> {
        if PLACE == KEY { self.0.int_key(spelling) } else { self.0.scalar(spelling) }
    }

    fn text(self, text: &str) -> Result<(), EncodeError> {
        if PLACE == KEY {
            self.0.text_key(text);
            return Ok(());
        }
        self.0.text(text)
    }
}

/// A list, a tuple or a dict that is being serialized.
pub(super) struct Container<'e, 'b> {
    encoder: &'e mut Encoder<'b>,
    open: Open,
    /// Around the contents of an enum variant: the dict of the variant's name.
    variant: Option<Open>,
    /// Whether a map's key waits for its value.
    value_is_due: bool,
}

impl<'e, 'b> Container<'e, 'b> {
    fn list(encoder: &'e mut Encoder<'b>, tuple: bool) -> Result<Self, EncodeError> {
        let open = encoder.open(b'[', tuple)?;
        Ok(Self { encoder, open, variant: None, value_is_due: false })
    }

    fn dict(encoder: &'e mut Encoder<'b>) -> Result<Self, EncodeError> {
        let open = encoder.open(b'{', false)?;
        Ok(Self { encoder, open, variant: None, value_is_due: false })
    }

    fn in_variant(
        encoder: &'e mut Encoder<'b>,
        variant: &'static str,
        contents: fn(&'e mut Encoder<'b>) -> Result<Self, EncodeError>,
    ) -> Result<Self, EncodeError> {
        let mut outer = encoder.open(b'{', false)?;
        named(encoder, &mut outer, variant)?;
        Ok(Self { variant: Some(outer), ..contents(encoder)? })
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.encoder.item(&mut self.open, &value)
    }

    fn entry<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), EncodeError> {
        named(self.encoder, &mut self.open, key)?;
        self.encoder.element(&value)
    }

    fn end_list(self) -> Result<(), EncodeError> {
        self.encoder.close_list(&self.open)?;
        self.end_variant()
    }

    fn end_dict(self) -> Result<(), EncodeError> {
        self.encoder.close_dict(&self.open)?;
        self.end_variant()
    }

    fn end_variant(self) -> Result<(), EncodeError> {
        match &self.variant {
            Some(outer) => self.encoder.close_dict(outer),
            None => Ok(()),
        }
    }
}

/// A key that is a name in the program.
fn named(encoder: &mut Encoder<'_>, open: &mut Open, name: &'static str) -> Result<(), EncodeError> {
    encoder.begin_key(open);
    encoder.text_key(name);
    encoder.end_key(open, Ok(()))
}

impl<'e, 'b, const PLACE: u8> Serializer for Target<'e, 'b, PLACE> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Container<'e, 'b>;
    type SerializeTuple = Container<'e, 'b>;
    type SerializeTupleStruct = Container<'e, 'b>;
    type SerializeTupleVariant = Container<'e, 'b>;
    type SerializeMap = Container<'e, 'b>;
    type SerializeStruct = Container<'e, 'b>;
    type SerializeStructVariant = Container<'e, 'b>;

    fn is_human_readable(&self) -> bool {
        PLACE != SPELLING
    }

    fn serialize_bool(self, value: bool) -> Result<(), EncodeError> {
        self.int(if value { b"true" } else { b"false" })
    }

    fn serialize_i8(self, value: i8) -> Result<(), EncodeError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), EncodeError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), EncodeError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), EncodeError> {
        self.int(spell_i64(value).as_bytes())
    }

    fn serialize_i128(self, value: i128) -> Result<(), EncodeError> {
        self.no_key()?.scalar(spell_u128(value.unsigned_abs(), value < 0).as_bytes())
    }

    fn serialize_u8(self, value: u8) -> Result<(), EncodeError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), EncodeError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), EncodeError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), EncodeError> {
        self.int(spell_u64(value).as_bytes())
    }

    fn serialize_u128(self, value: u128) -> Result<(), EncodeError> {
        self.no_key()?.scalar(spell_u128(value, false).as_bytes())
    }

    fn serialize_f32(self, value: f32) -> Result<(), EncodeError> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), EncodeError> {
        self.no_key()?.scalar(spell_f64(value).ok_or(EncodeError::NotSerializable)?.as_bytes())
    }

    fn serialize_char(self, value: char) -> Result<(), EncodeError> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), EncodeError> {
        self.text(value)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), EncodeError> {
        self.no_key()?.display(&value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), EncodeError> {
        self.no_key()?.bytes(value)
    }

    fn serialize_none(self) -> Result<(), EncodeError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), EncodeError> {
        self.no_key()?.scalar(b"null")
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), EncodeError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), EncodeError> {
        self.text(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        match name {
            _ if PLACE == KEY && !types::is_tagged(name) => value.serialize(self),
            types::NUMBER => self.no_key()?.number(|encoder| value.serialize(Target::<SPELLING>(encoder))),
            types::BASE64 => self.no_key()?.base64(|encoder| value.serialize(Target::<SPELLING>(encoder))),
            _ => self.no_key()?.newtype(name, &value),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        let mut dict = Container::dict(self.no_key()?)?;
        dict.entry(variant, value)?;
        dict.end_dict()
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Container<'e, 'b>, EncodeError> {
        Container::list(self.no_key()?, false)
    }

    fn serialize_tuple(self, _len: usize) -> Result<Container<'e, 'b>, EncodeError> {
        Container::list(self.no_key()?, true)
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _len: usize,
    ) -> Result<Container<'e, 'b>, EncodeError> {
        Container::list(self.no_key()?, true)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Container<'e, 'b>, EncodeError> {
        Container::in_variant(self.no_key()?, variant, |encoder| Container::list(encoder, true))
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Container<'e, 'b>, EncodeError> {
        Container::dict(self.no_key()?)
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Container<'e, 'b>, EncodeError> {
        Container::dict(self.no_key()?)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Container<'e, 'b>, EncodeError> {
        Container::in_variant(self.no_key()?, variant, Container::dict)
    }
}

impl SerializeSeq for Container<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.item(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.end_list()
    }
}

impl SerializeTuple for Container<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.item(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.end_list()
    }
}

impl SerializeTupleStruct for Container<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.item(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.end_list()
    }
}

impl SerializeTupleVariant for Container<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.item(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.end_list()
    }
}

impl SerializeMap for Container<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        if replace(&mut self.value_is_due, true) {
            return Err(EncodeError::NotSerializable);
        }
        self.encoder.begin_key(&mut self.open);
        let key = key.serialize(Target::<KEY>(self.encoder));
        self.encoder.end_key(&mut self.open, key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        if !replace(&mut self.value_is_due, false) {
            return Err(EncodeError::NotSerializable);
        }
        self.encoder.element(&value)
    }

    fn end(self) -> Result<(), EncodeError> {
        if self.value_is_due { Err(EncodeError::NotSerializable) } else { self.end_dict() }
    }
}

impl SerializeStruct for Container<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        self.entry(key, value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.end_dict()
    }
}

impl SerializeStructVariant for Container<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        self.entry(key, value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.end_dict()
    }
}
