//! Whether a text is JSON, without reading it into anything.

use crate::error::{Error, PayloadError};
use crate::json::{MAX_DEPTH, form::words::literal_len, number::scan_number};

// The open containers are the bits of one word.
const _: () = assert!(MAX_DEPTH <= u64::BITS as usize);

/// Checks that `text` is one value by RFC 8259, in UTF-8, without escaped
/// surrogates, nested no deeper than [`MAX_DEPTH`].
pub(super) fn check(text: &[u8]) -> Result<(), Error> {
    if let Err(error) = core::str::from_utf8(text) {
        return Err(Error::BadPayload(PayloadError::Utf8 { offset_bytes: error.valid_up_to() }));
    }
    let mut rest = Rest(text);
    check_value(&mut rest).map_err(|refused| match refused {
        Refused::Depth => Error::Depth,
        Refused::Form => {
            let offset_bytes = text.len().saturating_sub(rest.0.len());
            Error::BadPayload(PayloadError::Json { offset_bytes })
        }
    })
}

/// Why a text is refused; where is known from what was not looked at yet.
enum Refused {
    Form,
    Depth,
}

fn check_value(rest: &mut Rest<'_>) -> Result<(), Refused> {
    let mut depth = 0_usize;
    // A bit for each open container, the innermost lowest: whether it is an object.
    let mut objects = 0_u64;
    loop {
        match rest.peek() {
            Some(open @ (b'{' | b'[')) => {
                if depth >= MAX_DEPTH {
                    return Err(Refused::Depth);
                }
                rest.skip(1);
                depth = depth.saturating_add(1);
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
                return if next.is_none() { Ok(()) } else { Err(Refused::Form) };
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
                _ => return Err(Refused::Form),
            }
            depth = depth.saturating_sub(1);
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

    fn word(&mut self, word: &[u8]) -> Result<(), Refused> {
        self.0 = self.0.strip_prefix(word).ok_or(Refused::Form)?;
        Ok(())
    }

    /// A key and its colon.
    fn key(&mut self) -> Result<(), Refused> {
        self.peek();
        self.string()?;
        self.peek();
        self.word(b":")
    }

    fn number(&mut self) -> Result<(), Refused> {
        let (len, _) = scan_number(self.0).ok_or(Refused::Form)?;
        self.skip(len);
        Ok(())
    }

    fn string(&mut self) -> Result<(), Refused> {
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
                    return Err(Refused::Form);
                }
                [b'\\', b'u', a, b, c, d, ..]
                    if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) =>
                {
                    6
                }
                _ => return Err(Refused::Form),
            };
            self.skip(len);
        }
    }
}
