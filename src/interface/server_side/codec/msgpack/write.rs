//! A session's entries to msgpack, each value in its shortest form.

#![expect(clippy::arithmetic_side_effects, reason = "a date's nanoseconds, and lengths of what is in memory")]

use super::TIMESTAMP;
use crate::{
    bytes::as_str,
    interface::server_side::codec::{
        ext_parts, float_bits, uuid_text,
        walk::{Part, Walk},
    },
    json::{Kind, Number, Value},
    session::Session,
    sink::{AnySink, Sink, Stopped},
    time::DateTime,
};

/// Writes a session, of which it is known that it can be written.
pub(in crate::interface::server_side::codec) fn write(
    session: &Session,
    sink: AnySink<'_>,
) -> Result<(), Stopped> {
    let mut output = Output { sink };
    output.head(MAP, session.len())?;
    for (key, entry) in session {
        output.text(key)?;
        let mut walk = Walk::new(entry);
        while let Some(part) = walk.next() {
            match part {
                Part::List => output.head(ARRAY, walk.len_of(false))?,
                Part::Dict => output.head(MAP, walk.len_of(true))?,
                Part::Key { text, is_number: false, .. } => output.text(text)?,
                Part::Key { text, .. } => output.leaf(Value::split(text.as_bytes()).0)?,
                Part::Leaf(value) => output.leaf(value)?,
                Part::EndList | Part::EndDict | Part::Comma => {}
            }
        }
    }
    Ok(())
}

/// The forms of a head: the shortest, for lengths below the second number, and those with a
/// length of 1, 2 and 4 bytes, as far as there are such.
struct Forms {
    short: u8,
    short_end: usize,
    byte: Option<u8>,
    word: u8,
    long: u8,
}

const MAP: Forms = Forms { short: 0x80, short_end: 16, byte: None, word: 0xDE, long: 0xDF };
const ARRAY: Forms = Forms { short: 0x90, short_end: 16, byte: None, word: 0xDC, long: 0xDD };
const TEXT: Forms = Forms { short: 0xA0, short_end: 32, byte: Some(0xD9), word: 0xDA, long: 0xDB };
const BYTES: Forms = Forms { short: 0, short_end: 0, byte: Some(0xC4), word: 0xC5, long: 0xC6 };
const EXTENSION: Forms = Forms { short: 0, short_end: 0, byte: Some(0xC7), word: 0xC8, long: 0xC9 };

struct Output<'s> {
    sink: AnySink<'s>,
}

impl Output<'_> {
    /// What stands before `len` bytes, items or entries.
    fn head(&mut self, forms: Forms, len: usize) -> Result<(), Stopped> {
        // Nothing in a session has 4 GiB.
        let len = len as u32;
        if (len as usize) < forms.short_end {
            return self.sink.write(&[forms.short | len as u8]);
        }
        match (forms.byte, u8::try_from(len), u16::try_from(len)) {
            (Some(form), Ok(len), _) => self.sink.write(&[form, len]),
            (_, _, Ok(len)) => self.number(forms.word, len.to_be_bytes()),
            _ => self.number(forms.long, len.to_be_bytes()),
        }
    }

    fn number<const N: usize>(&mut self, form: u8, bytes: [u8; N]) -> Result<(), Stopped> {
        self.sink.write(&[form])?;
        self.sink.write(&bytes)
    }

    fn text(&mut self, text: &str) -> Result<(), Stopped> {
        self.head(TEXT, text.len())?;
        self.sink.write(text.as_bytes())
    }

    /// A value that is no list and no dict.
    fn leaf(&mut self, value: Value<'_>) -> Result<(), Stopped> {
        match value.kind() {
            Kind::Bool(false) => self.sink.write(&[0xC2]),
            Kind::Bool(true) => self.sink.write(&[0xC3]),
            Kind::Number(number) => self.any_number(number),
            Kind::Str(text) | Kind::Markup(text) => self.text(text),
            Kind::Bytes(bytes) => {
                self.head(BYTES, bytes.len())?;
                self.bytes(bytes.iter())
            }
            Kind::Uuid(uuid) => self.text(as_str(&uuid_text(uuid))),
            Kind::DateTime(date) => self.date(date),
            Kind::Custom { value, .. } => match ext_parts(value) {
                Some((code, data)) => {
                    match data.len() {
                        len @ (1 | 2 | 4 | 8 | 16) => self.sink.write(&[0xD4 + len.ilog2() as u8])?,
                        len => self.head(EXTENSION, len)?,
                    }
                    self.sink.write(&code.to_be_bytes())?;
                    self.bytes(data.iter())
                }
                None => Ok(()),
            },
            // The parts of the others come one by one.
            Kind::Null | Kind::List(_) | Kind::Tuple(_) | Kind::Dict(_) => self.sink.write(&[0xC0]),
        }
    }

    fn bytes(&mut self, mut bytes: impl Iterator<Item = u8>) -> Result<(), Stopped> {
        let mut piece = heapless::Vec::<u8, 48>::new();
        loop {
            piece.clear();
            piece.extend(bytes.by_ref().take(piece.capacity()));
            if piece.is_empty() {
                return Ok(());
            }
            self.sink.write(&piece)?;
        }
    }

    fn any_number(&mut self, number: Number<'_>) -> Result<(), Stopped> {
        if !number.is_integer() {
            return self.number(0xCB, float_bits(number).to_be_bytes());
        }
        match (number.as_u64(), number.as_i64()) {
            (Some(value), _) => self.unsigned(value),
            (None, Some(value)) => self.negative(value),
            // It was refused before.
            (None, None) => Ok(()),
        }
    }

    fn unsigned(&mut self, value: u64) -> Result<(), Stopped> {
        match (u8::try_from(value), u16::try_from(value), u32::try_from(value)) {
            (Ok(value @ ..0x80), ..) => self.sink.write(&[value]),
            (Ok(value), ..) => self.number(0xCC, value.to_be_bytes()),
            (_, Ok(value), _) => self.number(0xCD, value.to_be_bytes()),
            (_, _, Ok(value)) => self.number(0xCE, value.to_be_bytes()),
            _ => self.number(0xCF, value.to_be_bytes()),
        }
    }

    fn negative(&mut self, value: i64) -> Result<(), Stopped> {
        match (i8::try_from(value), i16::try_from(value), i32::try_from(value)) {
            (Ok(value @ -32..), ..) => self.sink.write(&value.to_be_bytes()),
            (Ok(value), ..) => self.number(0xD0, value.to_be_bytes()),
            (_, Ok(value), _) => self.number(0xD1, value.to_be_bytes()),
            (_, _, Ok(value)) => self.number(0xD2, value.to_be_bytes()),
            _ => self.number(0xD3, value.to_be_bytes()),
        }
    }

    fn date(&mut self, date: DateTime) -> Result<(), Stopped> {
        let [code] = TIMESTAMP.to_be_bytes();
        let nanos = date.subsec_micros() * 1000;
        let secs = date.unix_secs();
        match (u32::try_from(secs), u64::try_from(secs)) {
            (Ok(secs), _) if nanos == 0 => {
                self.sink.write(&[0xD6, code])?;
                self.sink.write(&secs.to_be_bytes())
            }
            (_, Ok(secs)) if secs >> 34 == 0 => {
                self.sink.write(&[0xD7, code])?;
                self.sink.write(&(u64::from(nanos) << 34 | secs).to_be_bytes())
            }
            _ => {
                self.sink.write(&[0xC7, 12, code])?;
                self.sink.write(&nanos.to_be_bytes())?;
                self.sink.write(&secs.to_be_bytes())
            }
        }
    }
}
