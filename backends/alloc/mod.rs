//! A program with an allocator: owned values and owned secrets.
//!
//! | | |
//! |---|---|
//! | [`OwnedValue`] | a [`Value`] that borrows nothing |
//! | [`OwnedSecrets`] | secrets that wipe themselves, any number of them |
//! | `Vec<u8>` | a [`Sink`] that grows |
//! | [`dumps_to_string`](TaggedJsonSerializer::dumps_to_string) | JSON text without a scratch |
//!
//! `String` and the other owned types of serde need nothing from here:
//! `session.get_as::<String>("user")` works with the feature on.

mod equality;
mod secrets;
mod value;

pub use secrets::OwnedSecrets;
pub use value::{OwnedValue, ValueIndex};

use ::alloc::{string::String, vec, vec::Vec};
use core::convert::Infallible;

use crate::{
    error::Error,
    json::{Encode, TaggedJsonSerializer, Value, entries::Encoder},
    sink::Sink,
};

impl Sink for Vec<u8> {
    type Error = Infallible;

    fn write(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

impl TaggedJsonSerializer {
    /// Writes `value` as JSON text: [`dumps`](Self::dumps) with memory of its own.
    ///
    /// ```
    /// use hipflask::json::SESSION_JSON_SERIALIZER;
    ///
    /// assert_eq!(SESSION_JSON_SERIALIZER.dumps_to_string(&("é", 1))?, r#"{" t":["\u00e9",1]}"#);
    /// # Ok::<(), hipflask::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotSerializable`], [`Error::Depth`], [`Error::LengthChanged`].
    pub fn dumps_to_string(self, value: &dyn Encode) -> Result<String, Error> {
        let counted = Encoder::count(value, self.dialect(), 0)?;
        let mut scratch = vec![0; counted.len_bytes];
        let mut text = Vec::with_capacity(counted.text_len_bytes);
        Encoder::write(value, self.dialect(), counted, &mut scratch)?;
        let Ok(()) = self.write(Value::split(&scratch).0, &mut text);
        String::from_utf8(text).map_err(|_| Error::NotSerializable)
    }

    /// Reads a JSON text: [`loads`](Self::loads) with memory of its own.
    ///
    /// ```
    /// use hipflask::{backends::alloc::OwnedValue, json::SESSION_JSON_SERIALIZER};
    ///
    /// let value = SESSION_JSON_SERIALIZER.loads_owned(r#"{" t":["\u00e9",1]}"#)?;
    /// assert_eq!(value, OwnedValue::Tuple(vec!["é".into(), 1.into()]));
    /// # Ok::<(), hipflask::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::BadPayload`], [`Error::Depth`].
    pub fn loads_owned(self, text: impl Into<Vec<u8>>) -> Result<OwnedValue, Error> {
        self.loads(&mut text.into()).map(OwnedValue::from)
    }
}
