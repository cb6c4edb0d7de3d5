//! Whether a text is JSON, without reading it into anything.

use super::super::{MAX_DEPTH, number::scan_number, text::literal_len};
use crate::Error;

// The open containers are the bits of one word.
const _: () = assert!(MAX_DEPTH <= u64::BITS as usize);

/// Checks that `text` is one value by RFC 8259, in UTF-8, without escaped
/// surrogates, nested no deeper than [`MAX_DEPTH`].
pub(super) fn check(text: &[u8]) -> Result<(), Error> {
    if core::str::from_utf8(text).is_err() {
        return Err(Error::BadPayload);
    }
    let mut rest = Rest(text);
    let mut depth = 0_usize;
    // A bit for each open container, the innermost lowest: whether it is an object.
    let mut objects = 0_u64;
    loop {
        match rest.peek() {
            Some(open @ (b'{' | b'[')) => {
                if depth >= MAX_DEPTH {
                    return Err(Error::Depth);
                }
                rest.skip(1);
                depth = depth.wrapping_add(1);
                objects = objects << 1 | u64::from(open == b'{');
                match (open, rest.peek()) {
                    (b'{', Some(b'}')) | (b'[', Some(b']')) => {}
                    (b'{', _) => {
                        rest.key()?;
                        continue;
                    }
                    _ => continue,
                }
            }
            Some(b'"') => rest.string()?,
            Some(b't') => rest.word(b"true")?,
            Some(b'f') => rest.word(b"false")?,
            Some(b'n') => rest.word(b"null")?,
            _ => rest.number()?,
        }
        // A value ended: close what ends with it, or go on to its sibling.
        loop {
            let next = rest.peek();
            if depth == 0 {
                return if next.is_none() { Ok(()) } else { Err(Error::BadPayload) };
            }
            rest.skip(1);
            let in_object = objects & 1 == 1;
            match next {
                Some(b',') => {
                    if in_object {
                        rest.key()?;
                    }
                    break;
                }
                Some(b'}') if in_object => {}
                Some(b']') if !in_object => {}
                _ => return Err(Error::BadPayload),
            }
            depth = depth.wrapping_sub(1);
            objects >>= 1;
        }
    }
}

/// What was not looked at yet.
struct Rest<'t>(&'t [u8]);

impl Rest<'_> {
    /// The next byte that is not whitespace, which is skipped.
    fn peek(&mut self) -> Option<u8> {
        while let [b' ' | b'\t' | b'\n' | b'\r', behind @ ..] = self.0 {
            self.0 = behind;
        }
        self.0.first().copied()
    }

    fn skip(&mut self, len: usize) {
        self.0 = self.0.get(len..).unwrap_or_default();
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Error> {
        self.0 = self.0.strip_prefix(word).ok_or(Error::BadPayload)?;
        Ok(())
    }

    /// A key and its colon.
    fn key(&mut self) -> Result<(), Error> {
        self.peek();
        self.string()?;
        self.peek();
        self.word(b":")
    }

    fn number(&mut self) -> Result<(), Error> {
        let (len, _) = scan_number(self.0).ok_or(Error::BadPayload)?;
        self.skip(len);
        Ok(())
    }

    fn string(&mut self) -> Result<(), Error> {
        self.word(b"\"")?;
        loop {
            self.skip(literal_len(self.0));
            let len = match self.0 {
                [b'"', ..] => {
                    self.skip(1);
                    return Ok(());
                }
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
                // Surrogates: serde-json-core puts no pairs together.
                [b'\\', b'u', b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', ..] => {
                    return Err(Error::BadPayload);
                }
                [b'\\', b'u', a, b, c, d, ..]
                    if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) =>
                {
                    6
                }
                _ => return Err(Error::BadPayload),
            };
            self.skip(len);
        }
    }
}
