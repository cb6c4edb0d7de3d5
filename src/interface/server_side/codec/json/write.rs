//! A session's entries to JSON text.

use crate::{
    bytes::as_str,
    interface::server_side::codec::{
        float_bits, uuid_text,
        walk::{Part, Walk},
    },
    json::{
        Kind, Number, Value,
        entries::{Dialect, STRING, STRING_END, Writer, spell_f64},
    },
    session::Session,
    sink::{AnySink, Stopped},
};

/// Writes a session, of which it is known that it can be written.
pub(in crate::interface::server_side::codec) fn write(
    session: &Session,
    sink: AnySink<'_>,
) -> Result<(), Stopped> {
    let mut writer = Writer::new(Dialect::PLAIN, sink);
    let mut before = b"{";
    for (key, entry) in session {
        writer.put(before)?;
        before = b",";
        string(&mut writer, key)?;
        writer.put(b":")?;
        for part in Walk::new(entry) {
            match part {
                Part::List => writer.put(b"[")?,
                Part::EndList => writer.put(b"]")?,
                Part::Dict => writer.put(b"{")?,
                Part::EndDict => writer.put(b"}")?,
                Part::Comma => writer.put(b",")?,
                Part::Key { span, .. } => {
                    writer.spans(span)?;
                    writer.put(b":")?;
                }
                Part::Leaf(value) => leaf(&mut writer, value)?,
            }
        }
    }
    if session.is_empty() {
        writer.put(b"{")?;
    }
    writer.put(b"}")?;
    writer.finish()
}

/// A value that is no list and no dict.
fn leaf(writer: &mut Writer<'_>, value: Value<'_>) -> Result<(), Stopped> {
    match value.kind() {
        Kind::Number(number) if !number.is_integer() => float(writer, number),
        Kind::Bytes(bytes) => string(writer, bytes.as_base64()),
        Kind::Markup(text) => string(writer, text),
        Kind::Uuid(uuid) => string(writer, as_str(&uuid_text(uuid))),
        Kind::DateTime(date) => string(writer, as_str(&date.rfc_3339())),
        _ => writer.spans(value.span()),
    }
}

fn string(writer: &mut Writer<'_>, text: &str) -> Result<(), Stopped> {
    writer.spans(&[STRING])?;
    writer.spans(text.as_bytes())?;
    writer.spans(&[STRING_END])
}

/// A float as msgspec spells it: as Python does, but for its exponents, which have no plus
/// and no zero in front, and come from -6 downwards.
fn float(writer: &mut Writer<'_>, number: Number<'_>) -> Result<(), Stopped> {
    let value = f64::from_bits(float_bits(number));
    let Some(spelling) = spell_f64(value).filter(|_| value.is_finite()) else {
        return writer.spans(b"null");
    };
    let text = as_str(spelling.as_bytes());
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return writer.spans(text.as_bytes());
    };
    if exponent == "-05" {
        let (sign, digits) = match mantissa.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", mantissa),
        };
        let (first, rest) = digits.split_once('.').unwrap_or((digits, ""));
        return [sign, "0.0000", first, rest].iter().try_for_each(|part| writer.spans(part.as_bytes()));
    }
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ("e-", digits),
        None => ("e", exponent.trim_start_matches('+')),
    };
    let digits = digits.trim_start_matches('0');
    [mantissa, sign, digits].iter().try_for_each(|part| writer.spans(part.as_bytes()))
}
