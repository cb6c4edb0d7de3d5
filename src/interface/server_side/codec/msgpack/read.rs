//! msgpack to a session's entries.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "last bits of bytes whose range is known, and less than 2³⁰ nanoseconds"
)]

use super::TIMESTAMP;
use crate::{
    error::TypeName,
    interface::server_side::codec::build::{Builder, Refused},
    json::{
        MAX_DEPTH,
        entries::{spell_i64, spell_u64},
    },
    time::DateTime,
};

/// Reads a dict. Says how many bytes it took.
pub(in crate::interface::server_side::codec) fn read(
    stored: &[u8],
    builder: &mut Builder<'_>,
) -> (usize, Result<(), Refused>) {
    let mut input = Input { rest: stored };
    let outcome = document(&mut input, builder);
    (stored.len().saturating_sub(input.rest.len()), outcome)
}

/// What is left of an open list or dict.
#[derive(Clone, Copy, Default)]
struct Open {
    /// How many items, or entries, are to come.
    left: u32,
    /// How many entries a dict has.
    entries: u32,
}

fn document(input: &mut Input<'_>, builder: &mut Builder<'_>) -> Result<(), Refused> {
    let mut levels = [Open::default(); MAX_DEPTH];
    loop {
        // Whatever is complete ends, and what comes then is a key or a value.
        while let Some(level) = builder.depth().checked_sub(1).and_then(|top| levels.get_mut(top)) {
            if let Some(left) = level.left.checked_sub(1) {
                level.left = left;
                if builder.in_dict() {
                    key(input, builder, level.entries)?;
                }
                break;
            }
            builder.close()?;
            if builder.depth() == 0 {
                return if input.rest.is_empty() { Ok(()) } else { Err(Refused::Form) };
            }
        }
        let depth = builder.depth();
        let byte = input.byte()?;
        let opened = match byte {
            0x80..=0x8F => Some((true, u32::from(byte & 0xF))),
            0xDE | 0xDF => Some((true, input.length((byte & 1) + 1)?)),
            0x90..=0x9F => Some((false, u32::from(byte & 0xF))),
            0xDC | 0xDD => Some((false, input.length((byte & 1) + 1)?)),
            _ => None,
        };
        match opened {
            Some((is_dict, left)) => {
                if is_dict { builder.open_dict() } else { builder.open_list() }?;
                *levels.get_mut(depth).ok_or(Refused::Depth)? = Open { left, entries: left };
            }
            None if depth == 0 => return Err(Refused::NotASession),
            None => value(byte, input, builder)?,
        }
    }
}

/// A key of a dict that has so many entries.
fn key(input: &mut Input<'_>, builder: &mut Builder<'_>, entries: u32) -> Result<(), Refused> {
    let byte = input.byte()?;
    if let Some(text) = input.text(byte)? {
        return builder.key(text);
    }
    if let Some(integer) = input.integer(byte)? {
        return match integer {
            Integer::Signed(value) => builder.number_key(spell_i64(value).as_bytes(), TypeName::Int, entries),
            Integer::Unsigned(value) => {
                builder.number_key(spell_u64(value).as_bytes(), TypeName::Int, entries)
            }
        };
    }
    Err(Refused::Key(match byte {
        0xC2 => return builder.number_key(b"false", TypeName::Bool, entries),
        0xC3 => return builder.number_key(b"true", TypeName::Bool, entries),
        0xC0 => TypeName::None,
        0xCA | 0xCB => TypeName::Float,
        0xC4..=0xC6 => TypeName::Bytes,
        0x90..=0x9F | 0xDC | 0xDD => TypeName::Tuple,
        0xC7..=0xC9 | 0xD4..=0xD8 => TypeName::DateTime,
        // A dict is no key.
        _ => return Err(Refused::Form),
    }))
}

/// A value that is no list and no dict.
fn value(byte: u8, input: &mut Input<'_>, builder: &mut Builder<'_>) -> Result<(), Refused> {
    if let Some(text) = input.text(byte)? {
        return builder.string(text);
    }
    if let Some(integer) = input.integer(byte)? {
        return match integer {
            Integer::Signed(value) => builder.scalar(spell_i64(value).as_bytes()),
            Integer::Unsigned(value) => builder.scalar(spell_u64(value).as_bytes()),
        };
    }
    match byte {
        0xC0 => builder.scalar(b"null"),
        0xC2 => builder.scalar(b"false"),
        0xC3 => builder.scalar(b"true"),
        0xC4..=0xC6 => {
            let len = input.length(byte & 3)?;
            builder.bytes(input.take(len)?)
        }
        0xC7..=0xC9 => {
            let len = input.length((byte & 0xF) - 7)?;
            extension(len, input, builder)
        }
        0xD4..=0xD8 => extension(1 << ((byte & 0xF) - 4), input, builder),
        0xCA => builder.float(widen(u32::from_be_bytes(input.array()?))),
        0xCB => builder.float(f64::from_bits(u64::from_be_bytes(input.array()?))),
        // There is no 0xC1.
        _ => Err(Refused::Form),
    }
}

/// A float of 32 bits, given by its bits: a NaN keeps what else they say, and is a quiet one.
fn widen(bits: u32) -> f64 {
    const QUIET: u64 = 1 << (f64::MANTISSA_DIGITS - 2);
    let value = f32::from_bits(bits);
    if !value.is_nan() {
        return value.into();
    }
    let sign = u64::from(bits >> 31) << 63;
    let fraction = u64::from(bits << 9) << (52 - 32);
    f64::from_bits(sign | f64::INFINITY.to_bits() | QUIET | fraction)
}

/// A timestamp, or an extension that nobody knows.
fn extension(len: u32, input: &mut Input<'_>, builder: &mut Builder<'_>) -> Result<(), Refused> {
    let [code] = input.array()?;
    let code = i8::from_be_bytes([code]);
    let data = input.take(len)?;
    if code != TIMESTAMP {
        return builder.ext(code, data);
    }
    builder.date(date(data).ok_or(Refused::Form)?)
}

/// Reads a timestamp. msgspec rounds to microseconds, the half of one up.
fn date(data: &[u8]) -> Option<DateTime> {
    const NANOS_PER_SEC: u32 = 1_000_000_000;
    let (secs, nanos) = if let Ok(secs) = data.try_into() {
        (u32::from_be_bytes(secs).into(), 0)
    } else if let Ok(both) = data.try_into() {
        let both = u64::from_be_bytes(both);
        ((both & 0x3_FFFF_FFFF).cast_signed(), (both >> 34) as u32)
    } else {
        let (nanos, secs) = data.split_first_chunk()?;
        (i64::from_be_bytes(secs.try_into().ok()?), u32::from_be_bytes(*nanos))
    };
    if nanos >= NANOS_PER_SEC {
        return None;
    }
    match (nanos + 500) / 1000 {
        1_000_000 => DateTime::new(secs.checked_add(1)?, 0),
        micros => DateTime::new(secs, micros),
    }
}

enum Integer {
    Signed(i64),
    Unsigned(u64),
}

/// What is still to be read.
struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    fn take(&mut self, len: u32) -> Result<&'a [u8], Refused> {
        let taken;
        (taken, self.rest) = self.rest.split_at_checked(len as usize).ok_or(Refused::Form)?;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Refused> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(Refused::Form)?;
        self.rest = rest;
        Ok(*array)
    }

    fn byte(&mut self) -> Result<u8, Refused> {
        self.array().map(|[byte]| byte)
    }

    /// A length in 1, 2 or 4 bytes, of which `power` says how many: 0, 1 or 2.
    fn length(&mut self, power: u8) -> Result<u32, Refused> {
        Ok(match power {
            0 => self.byte()?.into(),
            1 => u16::from_be_bytes(self.array()?).into(),
            _ => u32::from_be_bytes(self.array()?),
        })
    }

    /// The text that begins with `byte`, if it does.
    fn text(&mut self, byte: u8) -> Result<Option<&'a str>, Refused> {
        let len = match byte {
            0xA0..=0xBF => (byte & 0x1F).into(),
            0xD9..=0xDB => self.length((byte & 3) - 1)?,
            _ => return Ok(None),
        };
        let text = core::str::from_utf8(self.take(len)?).map_err(|_| Refused::Form)?;
        Ok(Some(text))
    }

    /// The integer that begins with `byte`, if it does.
    fn integer(&mut self, byte: u8) -> Result<Option<Integer>, Refused> {
        Ok(Some(match byte {
            0x00..=0x7F => Integer::Unsigned(byte.into()),
            0xCC => Integer::Unsigned(self.byte()?.into()),
            0xCD => Integer::Unsigned(u16::from_be_bytes(self.array()?).into()),
            0xCE => Integer::Unsigned(u32::from_be_bytes(self.array()?).into()),
            0xCF => Integer::Unsigned(u64::from_be_bytes(self.array()?)),
            0xD0 => Integer::Signed(i8::from_be_bytes(self.array()?).into()),
            0xD1 => Integer::Signed(i16::from_be_bytes(self.array()?).into()),
            0xD2 => Integer::Signed(i32::from_be_bytes(self.array()?).into()),
            0xD3 => Integer::Signed(i64::from_be_bytes(self.array()?)),
            0xE0..=0xFF => Integer::Signed(i8::from_be_bytes([byte]).into()),
            _ => return Ok(None),
        }))
    }
}
