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
    time::DateTime,
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
        Kind::DateTime(date) => string(writer, as_str(&rfc_3339(date))),
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

/// A date as RFC 3339 has it, in UTC: with six digits of a second's fraction if there is one.
fn rfc_3339(date: DateTime) -> heapless::Vec<u8, 27> {
    const MONTHS: [&[u8; 3]; 12] =
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    let two = |number: u32| [b'0' | (number / 10) as u8, b'0' | (number % 10) as u8];
    #[rustfmt::skip]
    let [
        _, _, _, _, _, d0, d1, _, m0, m1, m2, _, y0, y1, y2, y3, _, h0, h1, _, n0, n1, _, s0, s1, ..
    ] = date.http_date_bytes();
    let month = (1..).zip(MONTHS).find(|(_, name)| **name == [m0, m1, m2]).map_or(0, |(month, _)| month);
    let [o0, o1] = two(month);
    let moment = [y0, y1, y2, y3, b'-', o0, o1, b'-', d0, d1, b'T', h0, h1, b':', n0, n1, b':', s0, s1];
    let [[f0, f1], [f2, f3], [f4, f5]] = date.micros_in_pairs().map(two);
    let fraction = [b'.', f0, f1, f2, f3, f4, f5];
    let fraction = if date.subsec_micros() == 0 { &[][..] } else { &fraction };
    let mut text = heapless::Vec::new();
    for part in [&moment[..], fraction, b"Z"] {
        // It has room for all of them.
        let _ = text.extend_from_slice(part);
    }
    text
}
