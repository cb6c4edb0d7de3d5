//! Unescaped JSON to JSON text, in one pass.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "lengths of bytes that are in memory, less than 2 GiB; their text is at most six times as long"
)]

use crate::{
    bytes::{copy, hex_digit, sub_slice, sub_slice_mut},
    json::{
        dialect::Dialect,
        form::{CUSTOM, FRACTION, STRING, STRING_END, TAG, WRAPPED, WRAPPED_END, words},
        value::Value,
    },
    sink::{AnySink, PIECE, Sink, Stopped},
};

/// What a dict starts with that would read as a tag; its key gets the suffix, and
/// one more brace closes it.
const WRAPPER: &[u8; 8] = br#"{" di":{"#;
/// What goes behind the key of such a dict.
const SUFFIX: &[u8; 2] = b"__";
/// What wrapping adds to the text.
pub(crate) const WRAPPER_LEN: usize = WRAPPER.len() + SUFFIX.len();

/// Writes `value` as `dialect` spells it.
pub(crate) fn write_value(value: Value<'_>, dialect: Dialect, sink: AnySink<'_>) -> Result<(), Stopped> {
    let mut writer = Writer::new(dialect, sink);
    writer.spans(value.span())?;
    writer.finish()
}

/// Writes JSON text into a sink, a piece at a time.
pub(crate) struct Writer<'s> {
    sink: AnySink<'s>,
    dialect: Dialect,
    /// What the sink was not yet given: the first `len` bytes, less than a piece.
    text: [u8; PIECE + STEP],
    len: usize,
    /// Whether the next string is a wrapped dict's key.
    is_key: bool,
}

/// The most bytes that are written in one step.
const STEP: usize = 8;

impl<'s> Writer<'s> {
    pub(crate) const fn new(dialect: Dialect, sink: AnySink<'s>) -> Self {
        let text = [0; PIECE + STEP];
        Self { sink, dialect, text, len: 0, is_key: false }
    }

    /// Gives the sink the rest.
    pub(crate) fn finish(&mut self) -> Result<(), Stopped> {
        self.sink.write(sub_slice(&self.text, ..self.len))
    }

    /// Writes a few bytes of text as they are.
    pub(crate) fn put<const N: usize>(&mut self, text: &[u8; N]) -> Result<(), Stopped> {
        const { assert!(N <= STEP) };
        if let Some(room) = self.text.get_mut(self.len..).and_then(<[u8]>::first_chunk_mut) {
            *room = *text;
        }
        self.len += N;
        if self.len < PIECE { Ok(()) } else { self.write_piece() }
    }

    #[inline(never)]
    fn write_piece(&mut self) -> Result<(), Stopped> {
        let Some((piece, more)) = self.text.split_first_chunk_mut::<{ PIECE }>() else { return Ok(()) };
        self.sink.write(piece)?;
        copy(piece, more);
        self.len -= PIECE;
        Ok(())
    }

    /// Writes values, or keys and values, with the brackets around and what stands between
    /// them.
    pub(crate) fn spans(&mut self, mut rest: &[u8]) -> Result<(), Stopped> {
        loop {
            // The end of a key is to be seen.
            if !self.is_key {
                rest = self.words(rest)?;
            }
            let Some((byte, behind)) = rest.split_first() else { return Ok(()) };
            match *byte {
                STRING => self.put(b"\"")?,
                STRING_END => {
                    if core::mem::take(&mut self.is_key) {
                        self.put(SUFFIX)?;
                    }
                    self.put(b"\"")?;
                }
                FRACTION => {
                    self.put(b" GMT")?;
                    rest = sub_slice(behind, 3..);
                    continue;
                }
                TAG | CUSTOM => self.put(b"{")?,
                WRAPPED => {
                    self.is_key = true;
                    self.put(WRAPPER)?;
                }
                WRAPPED_END => self.put(b"}}")?,
                0..0x20 | b'"' | b'\\' => self.escape(*byte)?,
                0x7F.. if self.dialect.ensure_ascii => {
                    rest = self.escape_letters(rest)?;
                    continue;
                }
                byte => self.put(&[byte])?,
            }
            rest = behind;
        }
    }

    /// Writes whole words, up to one that is not written as it is.
    fn words<'a>(&mut self, mut rest: &'a [u8]) -> Result<&'a [u8], Stopped> {
        loop {
            let mut len = 0_usize;
            let room = sub_slice_mut(&mut self.text, self.len..);
            for (slot, word) in room.as_chunks_mut().0.iter_mut().zip(rest.as_chunks().0) {
                let (word, stop) = words::to_json(*word);
                *slot = word;
                len += stop.unwrap_or(word.len());
                if stop.is_some() {
                    break;
                }
            }
            rest = sub_slice(rest, len..);
            self.len += len;
            if self.len < PIECE {
                return Ok(rest);
            }
            self.write_piece()?;
        }
    }

    /// Writes an ASCII character as an escape, as Python's `json.dumps` does.
    fn escape(&mut self, byte: u8) -> Result<(), Stopped> {
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0C => b'f',
            _ => return self.unit(u32::from(byte)),
        };
        self.put(&[b'\\', short])
    }

    /// Writes letters as escapes, up to one that is plain ASCII, and gives what
    /// is left.
    fn escape_letters<'a>(&mut self, mut rest: &'a [u8]) -> Result<&'a [u8], Stopped> {
        loop {
            let code;
            (code, rest) = match *rest {
                [a @ 0x7F, ref behind @ ..] => (u32::from(a), behind),
                [a @ 0x80..0xE0, b, ref behind @ ..] => (bits(a, 0x1F) << 6 | bits(b, 0x3F), behind),
                [a @ 0xE0..0xF0, b, c, ref behind @ ..] => {
                    (bits(a, 0x0F) << 12 | bits(b, 0x3F) << 6 | bits(c, 0x3F), behind)
                }
                [a @ 0xF0..FRACTION, b, c, d, ref behind @ ..] => {
                    (bits(a, 0x07) << 18 | bits(b, 0x3F) << 12 | bits(c, 0x3F) << 6 | bits(d, 0x3F), behind)
                }
                [] | [0..0x7F | FRACTION.., ..] => return Ok(rest),
                // Nothing else is UTF-8, which was checked when it was read.
                _ => return Ok(&[]),
            };
            if let Some(astral) = code.checked_sub(0x1_0000) {
                self.unit(0xD800 | astral >> 10)?;
                self.unit(0xDC00 | astral & 0x3FF)?;
            } else {
                self.unit(code)?;
            }
        }
    }

    /// Writes one UTF-16 unit as `\uXXXX`, in lowercase as Python does.
    fn unit(&mut self, unit: u32) -> Result<(), Stopped> {
        let digit = |shift: u32| hex_digit((unit >> shift & 0xF) as u8);
        self.put(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)])
    }
}

const fn bits(byte: u8, mask: u8) -> u32 {
    (byte & mask) as u32
}

/// How many bytes [`write_value`] writes.
pub(crate) fn text_len(value: Value<'_>, dialect: Dialect) -> usize {
    span_text_len(value.span(), dialect)
}

/// How many bytes [`Writer::spans`] writes.
pub(crate) fn span_text_len(span: &[u8], dialect: Dialect) -> usize {
    let mut rest = span;
    let mut len = rest.len();
    while let Some((mark, behind)) = sub_slice(rest, words::plain_len(rest)..).split_first() {
        rest = behind;
        if *mark == STRING {
            let string = sub_slice(behind, ..words::string_len(behind));
            len += escaped_extra(string, dialect.ensure_ascii);
            rest = sub_slice(behind, string.len()..);
        } else if *mark == WRAPPED {
            len += WRAPPER_LEN;
        }
    }
    len
}

/// How many bytes a string takes as JSON text.
pub(crate) fn string_text_len(string: &str, ensure_ascii: bool) -> usize {
    escaped_extra(string.as_bytes(), ensure_ascii) + string.len() + 2
}

/// How many bytes escaping adds to the inside of a string, given in UTF-8 or a date.
pub(crate) fn escaped_extra(string: &[u8], ensure_ascii: bool) -> usize {
    let clean_len = if ensure_ascii { words::ascii_len } else { words::literal_len };
    let mut rest = string;
    let mut extra = 0;
    loop {
        rest = sub_slice(rest, clean_len(rest)..);
        let Some(first) = rest.first() else { return extra };
        let (len, more) = match *first {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0C => (1, 1),
            0x00..0x80 => (1, 5),
            0x80..0xE0 => (2, 4),
            0xE0..0xF0 => (3, 3),
            FRACTION => (4, 0),
            0xF0.. => (4, 8),
        };
        extra += more;
        rest = sub_slice(rest, len..);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        json::text::scan::{Order, load},
        sink::{CountSink, with_any_sink},
    };

    #[test]
    fn lengths_are_those_of_what_is_written() {
        let texts = [
            r#"null"#,
            r#"{"a":[1,-2.5e7,Infinity,{"b":{}}],"c":{" t":[{" t":1,"u":2}]}}"#,
            r#"{" di":{" t__":{" di":{" u__":{" m":"<\u00e9>"}}}}}"#,
            r#"[{" di":{" di__":[{" di":{" b__":[]}}]}}]"#,
            r#"["\"\\/\b\f\n\r\t\u0000\u001f\u007f\u0080\u07ff\u0800\uffff\ud83d\ude00 yY_"]"#,
        ];
        for text in texts {
            for ensure_ascii in [true, false] {
                let dialect = Dialect { ensure_ascii, ..Dialect::FLASK };
                let mut buffer = [0; 128];
                let buffer = &mut buffer[..text.len()];
                buffer.copy_from_slice(text.as_bytes());
                let len = load(buffer, dialect, Order::Sort).unwrap();
                let value = Value::split(&buffer[..len]).0;
                let mut count = CountSink::default();
                let Ok(()) = with_any_sink(&mut count, |sink| write_value(value, dialect, sink));
                assert_eq!(text_len(value, dialect), count.len_bytes(), "{text}");
            }
        }
    }

    #[test]
    fn every_character_is_as_long_as_it_is_written() {
        for letter in '\0'..=char::MAX {
            for ensure_ascii in [true, false] {
                let dialect = Dialect { ensure_ascii, ..Dialect::FLASK };
                let mut utf8 = [0; 4];
                let string: &str = letter.encode_utf8(&mut utf8);
                let mut span = [STRING, 0, 0, 0, 0, STRING_END];
                span[1..=string.len()].copy_from_slice(string.as_bytes());
                span[string.len() + 1] = STRING_END;
                let mut count = CountSink::default();
                let Ok(()) =
                    with_any_sink(&mut count, |sink| write_value(Value::split(&span).0, dialect, sink));
                assert_eq!(string_text_len(string, ensure_ascii), count.len_bytes(), "{letter:?}");
            }
        }
    }
}
