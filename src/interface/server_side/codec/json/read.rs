//! JSON text to a session's entries. It is stricter than Python's own reader: there is no
//! `NaN`, and no number becomes infinite.

use crate::{
    bytes::{copy, sub_slice},
    interface::server_side::codec::build::{Builder, Refused},
    json::{
        Number,
        entries::{STRING, STRING_END, literal_len, scan_number, unescape},
    },
};

/// Two of `\uXXXX`.
const LONGEST_ESCAPE: usize = 12;

/// Reads a dict. Says how many bytes it took.
pub(in crate::interface::server_side::codec) fn read(
    stored: &[u8],
    builder: &mut Builder<'_>,
) -> (usize, Result<(), Refused>) {
    let mut input = Input { rest: stored, from_last: stored };
    let outcome = document(&mut input, builder);
    (stored.len().saturating_sub(input.rest.len()), outcome)
}

fn document(input: &mut Input<'_>, builder: &mut Builder<'_>) -> Result<(), Refused> {
    loop {
        match input.next()? {
            b'{' => {
                builder.open_dict()?;
                if input.peek()? != b'}' {
                    key(input, builder)?;
                    continue;
                }
            }
            b'[' => {
                builder.open_list()?;
                if input.peek()? != b']' {
                    continue;
                }
            }
            _ if builder.depth() == 0 => return Err(Refused::NotASession),
            b'"' => {
                builder.begin_value()?;
                builder.put(&[STRING])?;
                text(input, builder)?;
                builder.put(&[STRING_END])?;
            }
            first => scalar(first, input, builder)?,
        }
        // A value ended: close what ends with it, or go on to its sibling.
        loop {
            if builder.depth() == 0 {
                input.skip_whitespace();
                return if input.rest.is_empty() { Ok(()) } else { Err(Refused::Form) };
            }
            let in_dict = builder.in_dict();
            match input.next()? {
                b',' if in_dict => {
                    key(input, builder)?;
                    break;
                }
                b',' => break,
                b'}' if in_dict => builder.close()?,
                b']' if !in_dict => builder.close()?,
                _ => return Err(Refused::Form),
            }
        }
    }
}

/// A key and its colon.
fn key(input: &mut Input<'_>, builder: &mut Builder<'_>) -> Result<(), Refused> {
    input.expect(b'"')?;
    builder.begin_key()?;
    let len = text(input, builder)?;
    builder.end_key(len)?;
    input.expect(b':')
}

/// The rest of a string, whose quote was taken. Gives the length of its text.
fn text(input: &mut Input<'_>, builder: &mut Builder<'_>) -> Result<usize, Refused> {
    let mut len = 0_usize;
    loop {
        let (literal, rest) = input.rest.split_at_checked(literal_len(input.rest)).unwrap_or_default();
        // What is escaped is ASCII, so that no letter is cut in two.
        core::str::from_utf8(literal).map_err(|_| Refused::Form)?;
        builder.put(literal)?;
        len = len.saturating_add(literal.len());
        input.rest = rest;
        if let [b'"', rest @ ..] = rest {
            input.rest = rest;
            return Ok(len);
        }
        let mut escape = [0; LONGEST_ESCAPE];
        copy(&mut escape, rest);
        let (letter_len, taken) = unescape(&mut escape).ok_or(Refused::Form)?;
        builder.put(sub_slice(&escape, ..letter_len))?;
        len = len.saturating_add(letter_len);
        input.rest = rest.get(taken..).ok_or(Refused::Form)?;
    }
}

/// A number or a name, whose first byte was taken.
fn scalar(first: u8, input: &mut Input<'_>, builder: &mut Builder<'_>) -> Result<(), Refused> {
    let name: &[u8] = match first {
        b't' => b"true",
        b'f' => b"false",
        b'n' => b"null",
        _ => return number(input, builder),
    };
    input.rest = input.from_last.strip_prefix(name).ok_or(Refused::Form)?;
    builder.scalar(name)
}

fn number(input: &mut Input<'_>, builder: &mut Builder<'_>) -> Result<(), Refused> {
    let (len, is_integer) = scan_number(input.from_last).ok_or(Refused::Form)?;
    let (spelling, rest) = input.from_last.split_at_checked(len).ok_or(Refused::Form)?;
    input.rest = rest;
    if is_integer {
        return builder.scalar(if spelling == b"-0" { b"0" } else { spelling });
    }
    let value = Number(spelling).as_f64();
    if value.is_finite() { builder.float(value) } else { Err(Refused::Form) }
}

/// What is still to be read.
struct Input<'a> {
    rest: &'a [u8],
    /// The same with the byte that was taken last.
    from_last: &'a [u8],
}

impl Input<'_> {
    fn skip_whitespace(&mut self) {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// The next byte that is not whitespace, without taking it.
    fn peek(&mut self) -> Result<u8, Refused> {
        self.skip_whitespace();
        self.rest.first().copied().ok_or(Refused::Form)
    }

    /// Takes the next byte that is not whitespace.
    fn next(&mut self) -> Result<u8, Refused> {
        let byte = self.peek()?;
        self.from_last = self.rest;
        self.rest = sub_slice(self.rest, 1..);
        Ok(byte)
    }

    fn expect(&mut self, byte: u8) -> Result<(), Refused> {
        if self.next()? == byte { Ok(()) } else { Err(Refused::Form) }
    }
}
