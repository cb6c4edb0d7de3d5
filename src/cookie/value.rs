//! A cookie's value: as it stands, unquoted, or as text.

use core::fmt::{self, Write};

/// How the bytes of a `Cookie` header become text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "who decodes names of cookies has these two cases")]
pub enum Charset {
    /// Each byte is the character of that number. This is what Flask's
    /// `request.cookies` does (WSGI, PEP 3333).
    Latin1,
    /// UTF-8, as in `werkzeug.http.parse_cookie`.
    ///
    /// That function fails on a header that is not UTF-8; here such bytes
    /// become U+FFFD. Check the header with [`core::str::from_utf8`] where the
    /// difference matters.
    Utf8,
}

/// A cookie's value, borrowed from the header.
///
/// ```
/// use hipflask::cookie::{Charset, parse_cookie};
///
/// let value = parse_cookie(br#"name="J\303\274rgen \"JJ\"""#).next().unwrap().value();
/// assert!(value.is_quoted());
/// assert_eq!(value.plain(), None);
/// assert_eq!(value.text(Charset::Latin1).to_string(), "Jürgen \"JJ\"");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CookieValue<'a> {
    raw: &'a [u8],
    quoted: bool,
}

impl<'a> CookieValue<'a> {
    pub(super) const fn token(raw: &'a [u8]) -> Self {
        Self { raw, quoted: false }
    }

    pub(super) const fn quoted(raw: &'a [u8]) -> Self {
        Self { raw, quoted: true }
    }

    /// The bytes as they stand in the header, without the quotes around them.
    #[must_use]
    pub const fn raw(self) -> &'a [u8] {
        self.raw
    }

    /// Whether there were quotes around the value.
    #[must_use]
    pub const fn is_quoted(self) -> bool {
        self.quoted
    }

    /// The value, if it is ASCII and has no escapes to resolve: the same bytes
    /// in any charset. This is so for all that Flask signs.
    #[must_use]
    pub fn plain(self) -> Option<&'a [u8]> {
        let (mut letters, mut has_backslash) = (0, false);
        for byte in self.raw {
            letters |= byte;
            has_backslash |= *byte == b'\\';
        }
        (letters.is_ascii() && !(self.quoted && has_backslash)).then_some(self.raw)
    }

    /// The bytes after unquoting: in a quoted value, a backslash and three octal
    /// digits up to 377 are the byte of that number, and any other backslash is
    /// dropped.
    ///
    /// Bytes of 0x80 and more that stand in the header come as they are; only
    /// [`text`](Self::text) gives them a charset.
    pub fn unquoted(self) -> impl Iterator<Item = u8> + Clone + 'a {
        self.units().map(|unit| match unit {
            Unit::Literal(byte) | Unit::Octal(byte) => byte,
        })
    }

    /// The value as text, as Werkzeug gives it to an application.
    ///
    /// A quoted value is unquoted over its UTF-8 form and decoded, with one
    /// U+FFFD for each maximal part of an ill-formed sequence, as in Python.
    #[must_use]
    pub fn text(self, charset: Charset) -> impl fmt::Display + Clone + 'a {
        Text { value: self, charset }
    }

    fn units(self) -> Units<'a> {
        Units { rest: self.raw, quoted: self.quoted }
    }
}

/// Shows no bytes: a session's cookie is what logs in.
impl fmt::Debug for CookieValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieValue").field("quoted", &self.quoted).finish_non_exhaustive()
    }
}

/// One byte of an unquoted value, by where it came from.
#[derive(Clone, Copy)]
enum Unit {
    Literal(u8),
    Octal(u8),
}

#[derive(Clone)]
struct Units<'a> {
    rest: &'a [u8],
    quoted: bool,
}

impl Iterator for Units<'_> {
    type Item = Unit;

    fn next(&mut self) -> Option<Unit> {
        let (unit, rest) = match self.rest {
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', rest @ ..] if self.quoted => {
                (Unit::Octal((a & 3) << 6 | (b & 7) << 3 | c & 7), rest)
            }
            [b'\\', byte, rest @ ..] if self.quoted => (Unit::Literal(*byte), rest),
            [byte, rest @ ..] => (Unit::Literal(*byte), rest),
            [] => return None,
        };
        self.rest = rest;
        Some(unit)
    }
}

#[derive(Clone)]
struct Text<'a> {
    value: CookieValue<'a>,
    charset: Charset,
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(ascii) = self.value.plain() {
            return f.write_str(core::str::from_utf8(ascii).map_err(|_| fmt::Error)?);
        }
        let mut decoder = Utf8Decoder { out: f, state: State::Start };
        for unit in self.value.units() {
            match (unit, self.charset) {
                (Unit::Literal(byte @ 0x80..), Charset::Latin1) => {
                    decoder.push(0xc0 | byte >> 6)?;
                    decoder.push(0x80 | byte & 0x3f)?;
                }
                (Unit::Literal(byte) | Unit::Octal(byte), _) => decoder.push(byte)?,
            }
        }
        decoder.finish()
    }
}

/// Decodes UTF-8 byte by byte, replacing what is ill-formed as the Unicode
/// standard recommends (section 3.9) and Python does.
struct Utf8Decoder<W> {
    out: W,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Start,
    /// `missing` bytes to come, the next one within `next_min..=next_max`;
    /// `bits` of the character so far.
    Inside {
        bits: u32,
        missing: u8,
        next_min: u8,
        next_max: u8,
    },
}

impl<W: Write> Utf8Decoder<W> {
    #[expect(clippy::arithmetic_side_effects, reason = "inside a character, a byte is missing")]
    fn push(&mut self, byte: u8) -> fmt::Result {
        if let State::Inside { bits, missing, next_min, next_max } = self.state {
            if (next_min..=next_max).contains(&byte) {
                let bits = bits << 6 | u32::from(byte & 0x3f);
                return if missing == 1 {
                    self.state = State::Start;
                    self.out.write_char(char::from_u32(bits).unwrap_or(char::REPLACEMENT_CHARACTER))
                } else {
                    self.state = State::Inside { bits, missing: missing - 1, next_min: 0x80, next_max: 0xbf };
                    Ok(())
                };
            }
            self.replace()?;
        }
        let (mask, missing, next_min, next_max) = match byte {
            0x00..0x80 => return self.out.write_char(char::from(byte)),
            0xc2..=0xdf => (0x1f, 1, 0x80, 0xbf),
            0xe0 => (0x0f, 2, 0xa0, 0xbf),
            0xed => (0x0f, 2, 0x80, 0x9f),
            0xe1..=0xef => (0x0f, 2, 0x80, 0xbf),
            0xf0 => (0x07, 3, 0x90, 0xbf),
            0xf1..=0xf3 => (0x07, 3, 0x80, 0xbf),
            0xf4 => (0x07, 3, 0x80, 0x8f),
            _ => return self.replace(),
        };
        self.state = State::Inside { bits: u32::from(byte & mask), missing, next_min, next_max };
        Ok(())
    }

    fn finish(mut self) -> fmt::Result {
        match self.state {
            State::Start => Ok(()),
            State::Inside { .. } => self.replace(),
        }
    }

    fn replace(&mut self) -> fmt::Result {
        self.state = State::Start;
        self.out.write_char(char::REPLACEMENT_CHARACTER)
    }
}
