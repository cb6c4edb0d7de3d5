//! A secret key as people write it down.

use std::fmt;

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};

/// Why a key cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadKey {
    /// There is none, and nothing is signed with an empty key.
    Empty,
    /// What follows `b64:` is not base64, plain or for URLs.
    Base64,
    /// What follows `hex:` is not an even number of hex digits.
    Hex,
    /// What follows `python:` is not one literal of a text or of bytes.
    Python {
        /// The position of the first byte that does not belong there.
        at_byte: usize,
    },
}

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the key is empty, and nothing is signed with an empty key"),
            Self::Base64 => f.write_str("the key is not base64"),
            Self::Hex => f.write_str("the key is not an even number of hex digits"),
            Self::Python { at_byte } => {
                write!(f, "the key is not a literal of Python's text or bytes, from byte {at_byte} on")
            }
        }
    }
}

impl std::error::Error for BadKey {}

/// Reads a key that may begin with `b64:`, `hex:` or `python:` (a literal, as it stands in
/// a `settings.py`). What begins with none of them, or with `text:`, is taken byte for byte.
///
/// ```
/// use hipflask_inspect::read_key;
///
/// assert_eq!(read_key(b"dev")?, b"dev");
/// assert_eq!(read_key(b"hex:646576")?, b"dev");
/// assert_eq!(read_key(b"b64:ZGV2")?, b"dev");
/// assert_eq!(read_key(br#"python:b'_5#y2L"F4Q8z\n\xec]/'"#)?, b"_5#y2L\"F4Q8z\n\xec]/");
/// # Ok::<(), hipflask_inspect::BadKey>(())
/// ```
///
/// # Errors
/// When it is empty, or what follows the prefix cannot be read.
pub fn read_key(text: &[u8]) -> Result<Vec<u8>, BadKey> {
    let secret = if let Some(text) = text.strip_prefix(b"b64:") {
        from_base64(text).ok_or(BadKey::Base64)?
    } else if let Some(text) = text.strip_prefix(b"hex:") {
        from_hex(text).ok_or(BadKey::Hex)?
    } else if let Some(text) = text.strip_prefix(b"python:") {
        from_python(text)?
    } else {
        text.strip_prefix(b"text:").unwrap_or(text).to_vec()
    };
    if secret.is_empty() { Err(BadKey::Empty) } else { Ok(secret) }
}

/// The bytes of base64, plain or for URLs, with `=` or without.
pub(crate) fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text.trim_ascii()).ok()?;
    let bare = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    Base64UrlUnpadded::decode_vec(&bare).ok().or_else(|| Base64::decode_vec(text).ok())
}

/// The bytes of hex digits.
pub(crate) fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, []) = text.trim_ascii().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some((digit(*high)? << 4 | digit(*low)?) as u8)).collect()
}

/// The bytes that itsdangerous makes of a literal: those of bytes, a text's UTF-8.
///
/// # Errors
/// [`BadKey::Python`].
pub(crate) fn from_python(text: &[u8]) -> Result<Vec<u8>, BadKey> {
    let text = text.trim_ascii();
    let mut literal = Literal { rest: text, text };
    let mut secret = Vec::new();
    // Python puts literals that stand side by side together, if all are text or all bytes.
    let mut is_bytes = None;
    loop {
        let fault = literal.fault();
        let of_bytes = literal.read(&mut secret)?;
        if *is_bytes.get_or_insert(of_bytes) != of_bytes {
            return Err(fault);
        }
        while let [b' ' | b'\t', rest @ ..] = literal.rest {
            literal.rest = rest;
        }
        if literal.rest.is_empty() {
            return Ok(secret);
        }
    }
}

/// The escapes of Python's text and bytes, without what is around them.
pub(crate) fn unescape(text: &[u8], is_bytes: bool) -> Option<Vec<u8>> {
    let mut literal = Literal { rest: text, text };
    let mut secret = Vec::new();
    while !literal.rest.is_empty() {
        literal.read_letter(is_bytes, false, &mut secret).ok()?;
    }
    Some(secret)
}

struct Literal<'a> {
    rest: &'a [u8],
    text: &'a [u8],
}

impl Literal<'_> {
    fn fault(&self) -> BadKey {
        BadKey::Python { at_byte: self.text.len() - self.rest.len() }
    }

    /// Reads one literal, and says whether it is one of bytes.
    fn read(&mut self, secret: &mut Vec<u8>) -> Result<bool, BadKey> {
        let prefix_len = self.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (prefix, rest) = self.rest.split_at(prefix_len);
        let (is_bytes, is_raw) = match prefix.to_ascii_lowercase().as_slice() {
            b"" | b"u" => (false, false),
            b"b" => (true, false),
            b"r" => (false, true),
            b"br" | b"rb" => (true, true),
            _ => return Err(self.fault()),
        };
        let quotes: [&[u8]; 4] = [b"'''", b"\"\"\"", b"'", b"\""];
        let Some((quote, rest)) = quotes.iter().find_map(|quote| Some((*quote, rest.strip_prefix(*quote)?)))
        else {
            return Err(self.fault());
        };
        self.rest = rest;
        loop {
            if let Some(rest) = self.rest.strip_prefix(quote) {
                self.rest = rest;
                return Ok(is_bytes);
            }
            if self.rest.is_empty() || quote.len() == 1 && self.rest.starts_with(b"\n") {
                return Err(self.fault());
            }
            self.read_letter(is_bytes, is_raw, secret)?;
        }
    }

    fn read_letter(&mut self, is_bytes: bool, is_raw: bool, secret: &mut Vec<u8>) -> Result<(), BadKey> {
        let fault = self.fault();
        let push = |code: u32, secret: &mut Vec<u8>| {
            if is_bytes {
                secret.push(code as u8);
            } else {
                let letter = char::from_u32(code).ok_or(fault)?;
                secret.extend(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Ok(())
        };
        let simple = |letter: u8| {
            let escapes = [
                (b'\\', b'\\'),
                (b'\'', b'\''),
                (b'"', b'"'),
                (b'n', b'\n'),
                (b'r', b'\r'),
                (b't', b'\t'),
                (b'a', 7),
                (b'b', 8),
                (b'f', 12),
                (b'v', 11),
            ];
            escapes.iter().find(|(known, _)| *known == letter).map(|(_, byte)| *byte)
        };
        match self.rest {
            [b'\\', rest @ ..] if is_raw => {
                // A backslash stays, and what follows it does not end the text.
                let len = rest.len().min(1);
                secret.push(b'\\');
                secret.extend(rest.iter().take(len));
                self.rest = rest.get(len..).unwrap_or_default();
            }
            [b'\\', b'\n', rest @ ..] => self.rest = rest,
            [b'\\', letter, rest @ ..] if simple(*letter).is_some() => {
                secret.extend(simple(*letter));
                self.rest = rest;
            }
            [b'\\', b'0'..=b'7', ..] => {
                let (code, rest) = number(self.rest, 1, 3, 8).ok_or(fault)?;
                push(code, secret)?;
                self.rest = rest;
            }
            [b'\\', kind @ (b'x' | b'u' | b'U'), ..] if *kind == b'x' || !is_bytes => {
                let digits = match kind {
                    b'x' => 2,
                    b'u' => 4,
                    _ => 8,
                };
                let number = number(self.rest, 2, digits, 16);
                let (code, rest) =
                    number.filter(|(_, rest)| self.rest.len() - rest.len() == 2 + digits).ok_or(fault)?;
                push(code, secret)?;
                self.rest = rest;
            }
            [b'\\', b'N', ..] if !is_bytes => return Err(fault),
            [0, ..] => return Err(fault),
            [0x80..=0xff, ..] if is_bytes => return Err(fault),
            // What is no escape stays as it is, as in Superset's old default key.
            [byte, rest @ ..] => {
                secret.push(*byte);
                self.rest = rest;
            }
            [] => return Err(fault),
        }
        Ok(())
    }
}

/// A number of up to `max_digits` digits behind `skipped` bytes, and what follows it.
fn number(text: &[u8], skipped: usize, max_digits: usize, radix: u32) -> Option<(u32, &[u8])> {
    let text = text.get(skipped..)?;
    let digits: Vec<u32> =
        text.iter().take(max_digits).map_while(|byte| char::from(*byte).to_digit(radix)).collect();
    let rest = text.get(digits.len()..)?;
    let code = digits.iter().try_fold(0_u32, |code, digit| code.checked_mul(radix)?.checked_add(*digit))?;
    (!digits.is_empty()).then_some((code, rest))
}
