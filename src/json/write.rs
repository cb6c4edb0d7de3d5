//! Unescaped JSON to JSON text, in one pass and without a buffer.

use super::{
    CUSTOM, STRING, TAG, TaggedJsonSerializer, Value, text,
    value::{span_len, split_string},
};
use crate::sink::Sink;

/// What goes in front of a dict that would read as a tag; its key gets the
/// suffix, and one more brace closes it.
pub(crate) const WRAPPER: &[u8] = br#"{" di":"#;
/// What goes behind the key of such a dict.
pub(crate) const SUFFIX: &[u8] = b"__";
/// What wrapping adds to the text.
pub(crate) const WRAPPER_LEN: usize = WRAPPER.len() + SUFFIX.len() + 1;

/// Writes `value` as `serializer` spells it.
pub(crate) fn write_value<S: Sink>(
    value: Value<'_>,
    serializer: TaggedJsonSerializer,
    sink: &mut S,
) -> Result<(), S::Error> {
    let mut rest = value.span();
    // A bit for each open brace, the innermost lowest: whether it is a wrapped
    // dict's. There are at most `MAX_DEPTH`.
    let mut wrapped = 0_u64;
    while !rest.is_empty() {
        let plain = rest.iter().position(|byte| matches!(byte, b'{' | b'}' | CUSTOM..)).unwrap_or(rest.len());
        let (before, from) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        if !before.is_empty() {
            sink.write(before)?;
        }
        let Some((byte, behind)) = from.split_first() else { break };
        rest = behind;
        match *byte {
            STRING => {
                let (string, behind) = split_string(from);
                write_string(string, serializer.ensure_ascii, sink)?;
                rest = behind;
            }
            b'}' => {
                sink.write(if wrapped & 1 == 0 { b"}" } else { b"}}" })?;
                wrapped >>= 1;
            }
            b'{' => {
                wrapped <<= 1;
                if let Some(key) = key_to_escape(behind, serializer) {
                    wrapped |= 1;
                    sink.write(WRAPPER)?;
                    sink.write(b"{")?;
                    write_escaped_key(key, serializer, sink)?;
                    rest = split_string(behind).1;
                } else {
                    sink.write(b"{")?;
                }
            }
            TAG | CUSTOM => {
                sink.write(b"{")?;
                wrapped <<= 1;
            }
            _ => {}
        }
    }
    Ok(())
}

/// How many bytes [`write_value`] writes.
pub(crate) fn text_len(value: Value<'_>, serializer: TaggedJsonSerializer) -> usize {
    let mut rest = value.span();
    let mut len = rest.len();
    loop {
        let plain = text::plain_len(rest);
        let Some((byte, behind)) = rest.get(plain..).and_then(<[u8]>::split_first) else { return len };
        rest = behind;
        if *byte == STRING {
            let string = behind.get(..text::string_len(behind)).unwrap_or_default();
            len = len.saturating_add(escaped_extra(string, serializer.ensure_ascii));
            rest = behind.get(string.len()..).unwrap_or_default();
        } else if *byte == b'{' && key_to_escape(behind, serializer).is_some() {
            len = len.saturating_add(WRAPPER_LEN);
        }
    }
}

/// How many bytes [`write_string`] writes.
pub(crate) fn string_text_len(string: &str, ensure_ascii: bool) -> usize {
    escaped_extra(string.as_bytes(), ensure_ascii).saturating_add(string.len()).saturating_add(2)
}

/// How many bytes escaping adds to the inside of a string, given in UTF-8.
pub(crate) fn escaped_extra(string: &[u8], ensure_ascii: bool) -> usize {
    let clean_len = if ensure_ascii { text::ascii_len } else { text::literal_len };
    let mut rest = string;
    let mut extra = 0_usize;
    loop {
        rest = rest.get(clean_len(rest)..).unwrap_or_default();
        let Some(first) = rest.first() else { return extra };
        let (len, more) = match first {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0C => (1, 1),
            0x00..0x80 => (1, 5),
            0x80..0xE0 => (2, 4),
            0xE0..0xF0 => (3, 3),
            0xF0.. => (4, 8_usize),
        };
        extra = extra.saturating_add(more);
        rest = rest.get(len..).unwrap_or_default();
    }
}

/// Writes the key of a wrapped dict.
pub(crate) fn write_escaped_key<S: Sink>(
    key: &str,
    serializer: TaggedJsonSerializer,
    sink: &mut S,
) -> Result<(), S::Error> {
    sink.write(b"\"")?;
    write_escaped(key, serializer.ensure_ascii, sink)?;
    sink.write(SUFFIX)?;
    sink.write(b"\"")
}

/// The key of the dict behind whose brace `entries` start, if it is the only
/// one and would read as a tag.
fn key_to_escape(entries: &[u8], serializer: TaggedJsonSerializer) -> Option<&str> {
    if entries.first() != Some(&STRING) {
        return None;
    }
    let (key, rest) = split_string(entries);
    serializer.role(key.as_bytes())?;
    let value = rest.get(1..)?;
    (value.get(span_len(value)) == Some(&b'}')).then_some(key)
}

/// Writes a JSON string.
pub(crate) fn write_string<S: Sink>(string: &str, ensure_ascii: bool, sink: &mut S) -> Result<(), S::Error> {
    sink.write(b"\"")?;
    write_escaped(string, ensure_ascii, sink)?;
    sink.write(b"\"")
}

/// Writes the inside of a JSON string, escaped as Python's `json.dumps` does.
pub(crate) fn write_escaped<S: Sink>(string: &str, ensure_ascii: bool, sink: &mut S) -> Result<(), S::Error> {
    let clean_len = if ensure_ascii { text::ascii_len } else { text::literal_len };
    let mut rest = string.as_bytes();
    loop {
        let (clean, from) = rest.split_at_checked(clean_len(rest)).unwrap_or((rest, &[]));
        if !clean.is_empty() {
            sink.write(clean)?;
        }
        let Some(first) = from.first() else { return Ok(()) };
        let len = match first {
            0x00..0x80 => 1,
            0x80..0xE0 => 2,
            0xE0..0xF0 => 3,
            0xF0.. => 4_usize,
        };
        let (letter, behind) = from.split_at_checked(len).unwrap_or((from, &[]));
        rest = behind;
        write_escape(letter, sink)?;
    }
}

/// Writes one character, given in UTF-8, as an escape.
fn write_escape<S: Sink>(letter: &[u8], sink: &mut S) -> Result<(), S::Error> {
    let code = match *letter {
        [a] => {
            let short = match a {
                b'"' | b'\\' => a,
                b'\n' => b'n',
                b'\r' => b'r',
                b'\t' => b't',
                0x08 => b'b',
                0x0C => b'f',
                _ => return write_unit(u32::from(a), sink),
            };
            return sink.write(&[b'\\', short]);
        }
        [a, b] => bits(a, 0x1F) << 6 | bits(b, 0x3F),
        [a, b, c] => bits(a, 0x0F) << 12 | bits(b, 0x3F) << 6 | bits(c, 0x3F),
        [a, b, c, d] => bits(a, 0x07) << 18 | bits(b, 0x3F) << 12 | bits(c, 0x3F) << 6 | bits(d, 0x3F),
        _ => return Ok(()),
    };
    if let Some(astral) = code.checked_sub(0x1_0000) {
        write_unit(0xD800 | astral >> 10, sink)?;
        write_unit(0xDC00 | astral & 0x3FF, sink)
    } else {
        write_unit(code, sink)
    }
}

const fn bits(byte: u8, mask: u8) -> u32 {
    (byte & mask) as u32
}

/// Writes one UTF-16 unit as `\uXXXX`, in lowercase as Python does.
fn write_unit<S: Sink>(unit: u32, sink: &mut S) -> Result<(), S::Error> {
    let digit = |shift: u32| text::hex_digit((unit >> shift & 0xF) as u8);
    sink.write(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::CountSink;

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
                let serializer = TaggedJsonSerializer::new().with_ensure_ascii(ensure_ascii);
                let mut buffer = [0; 128];
                let buffer = &mut buffer[..text.len()];
                buffer.copy_from_slice(text.as_bytes());
                let value = serializer.loads(buffer).unwrap();
                let mut count = CountSink::default();
                let Ok(()) = write_value(value, serializer, &mut count);
                assert_eq!(text_len(value, serializer), count.len_bytes(), "{text}");
            }
        }
    }

    #[test]
    fn every_character_is_as_long_as_it_is_written() {
        for letter in '\0'..=char::MAX {
            for ensure_ascii in [true, false] {
                let mut count = CountSink::default();
                let mut utf8 = [0; 4];
                let string: &str = letter.encode_utf8(&mut utf8);
                let Ok(()) = write_string(string, ensure_ascii, &mut count);
                assert_eq!(string_text_len(string, ensure_ascii), count.len_bytes(), "{letter:?}");
            }
        }
    }
}
