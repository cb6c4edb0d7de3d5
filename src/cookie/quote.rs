//! Escapes for header text: a cookie's value and its path.

use core::fmt;

use crate::bytes::as_str;

/// Text as a cookie's value, quoted where Werkzeug quotes it.
///
/// Text of letters, digits and ``_!#$%&'()*+-./:<=>?@[]^`{|}~`` stays as it is,
/// which includes everything that is signed. All other text goes between
/// quotes: `"` and `\` behind a backslash; `,`, `;`, DEL, the bytes 0x00 to 0x19
/// and all UTF-8 bytes from 0x80 on as a backslash and three octal digits. The
/// bytes 0x1A to 0x1F are not escaped, a quirk of Werkzeug's.
///
/// ```
/// use hipflask::cookie::QuotedValue;
///
/// assert_eq!(QuotedValue("a=b").to_string(), "a=b");
/// assert_eq!(QuotedValue("Jürgen, J").to_string(), r#""J\303\274rgen\054 J""#);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper is what it wraps")]
pub struct QuotedValue<'a>(pub &'a str);

impl fmt::Display for QuotedValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(f, self.0, "")
    }
}

/// Writes `text`, and behind it `bare`, which needs no quotes, as one value.
pub(crate) fn write_value(f: &mut fmt::Formatter<'_>, text: &str, bare: &str) -> fmt::Result {
    if text.bytes().all(is_bare_in_value) {
        f.write_str(text)?;
        return f.write_str(bare);
    }
    f.write_str("\"")?;
    write_escaped(&mut |text| f.write_str(text), text, stays_in_quotes, |out, byte| match byte {
        b'"' => out("\\\""),
        b'\\' => out("\\\\"),
        byte => out(as_str(&[b'\\', octal_digit(byte >> 6), octal_digit(byte >> 3), octal_digit(byte)])),
    })?;
    f.write_str(bare)?;
    f.write_str("\"")
}

/// Takes text, piece by piece.
pub(super) type Out<'o> = &'o mut dyn FnMut(&str) -> fmt::Result;

/// Writes a cookie's path: bytes outside the path characters of the URL
/// standard are percent-encoded, and so is `;`. A `%` is taken as the start of
/// an escape that is there already, and stays.
pub(super) fn write_path(out: Out<'_>, path: &str) -> fmt::Result {
    write_escaped(out, path, stays_in_path, |out, byte| {
        out(as_str(&[b'%', upper_hex_digit(byte >> 4), upper_hex_digit(byte & 0x0f)]))
    })
}

/// Writes `text`, runs of bytes that `stays` accepts in one piece each and the
/// other bytes by `escape`. `stays` accepts ASCII only.
fn write_escaped(
    out: Out<'_>,
    text: &str,
    stays: fn(u8) -> bool,
    escape: impl Fn(Out<'_>, u8) -> fmt::Result,
) -> fmt::Result {
    let mut rest = text.as_bytes();
    loop {
        let run_len = rest.iter().take_while(|byte| stays(**byte)).count();
        let (run, tail) = rest.split_at_checked(run_len).unwrap_or((rest, &[]));
        out(as_str(run))?;
        let Some((byte, tail)) = tail.split_first() else { return Ok(()) };
        escape(out, *byte)?;
        rest = tail;
    }
}

/// Whether a cookie's value can have this byte without quotes.
pub(crate) const fn is_bare_in_value(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9'
        | b'_' | b'!' | b'#'..=b'+' | b'-' | b'.' | b'/' | b':' | b'<'..=b'@'
        | b'[' | b']' | b'^' | b'`' | b'{'..=b'~')
}

const fn stays_in_quotes(byte: u8) -> bool {
    !matches!(byte, 0x00..=0x19 | b'"' | b',' | b';' | b'\\' | 0x7f..)
}

const fn stays_in_path(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~'
        | b'%' | b'!' | b'$' | b'&'..=b',' | b'/' | b':' | b'=' | b'@')
}

const fn octal_digit(number: u8) -> u8 {
    b'0' | number & 7
}

#[expect(clippy::arithmetic_side_effects, reason = "numbers of four bits")]
const fn upper_hex_digit(number: u8) -> u8 {
    let base = if number < 10 { b'0' } else { b'A' - 10 };
    base + number
}
