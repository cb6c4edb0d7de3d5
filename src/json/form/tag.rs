//! The tags: what they are called and what they may hold.

use super::{STRING, STRING_END, TAG, span::split_string_bytes};
use crate::{bytes::as_str, time::DateTime};

/// Flask's own tags (`flask.json.tag`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standard {
    Dict,
    Tuple,
    Bytes,
    Markup,
    Uuid,
    DateTime,
}

/// What a tuple starts with, its list's bracket included.
pub(crate) const TUPLE: &[u8; 7] = &[TAG, STRING, b' ', b't', STRING_END, b':', b'['];

impl Standard {
    /// The tag with this key.
    pub(crate) fn of(key: &[u8]) -> Option<Self> {
        Some(match key {
            b" di" => Self::Dict,
            b" t" => Self::Tuple,
            b" b" => Self::Bytes,
            b" m" => Self::Markup,
            b" u" => Self::Uuid,
            b" d" => Self::DateTime,
            _ => return None,
        })
    }

    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Dict => " di",
            Self::Tuple => " t",
            Self::Bytes => " b",
            Self::Markup => " m",
            Self::Uuid => " u",
            Self::DateTime => " d",
        }
    }
}

/// Checks what a tag holds, and gives it the spelling that Flask writes where a
/// foreign one has the same length. `value` is unescaped JSON.
pub(crate) fn check(tag: Standard, value: &mut [u8]) -> bool {
    match tag {
        Standard::Tuple => value.first() == Some(&b'['),
        Standard::Markup => value.first() == Some(&STRING),
        Standard::Bytes => value.first() == Some(&STRING) && is_canonical_base64(string(value)),
        Standard::Uuid => {
            let accepted = value.first() == Some(&STRING)
                && string(value).len() == 32
                && string(value).iter().all(u8::is_ascii_hexdigit);
            if accepted {
                value.make_ascii_lowercase();
            }
            accepted
        }
        Standard::DateTime => value.first() == Some(&STRING) && normalize_date(value),
        // Taken apart by the scanner.
        Standard::Dict => false,
    }
}

fn string(value: &[u8]) -> &[u8] {
    split_string_bytes(value).0
}

/// Rewrites a date as Flask would: the right weekday, the year it is read as.
fn normalize_date(value: &mut [u8]) -> bool {
    let Some(date) = DateTime::parse_http_date(as_str(string(value))) else { return false };
    if let Some(body) = value.get_mut(1..) {
        body.iter_mut().zip(date.http_date_bytes()).for_each(|(byte, new)| *byte = new);
    }
    true
}

/// The value of a digit of the standard base64 alphabet.
#[expect(clippy::arithmetic_side_effects, reason = "each range is counted from its first letter")]
pub(crate) const fn base64_digit(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => (byte - b'A') as u32,
        b'a'..=b'z' => (byte - b'a' + 26) as u32,
        b'0'..=b'9' => (byte - b'0' + 52) as u32,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// Whether `text` is what Python's `b64encode` gives: standard alphabet, padded,
/// no spare bits.
#[expect(clippy::arithmetic_side_effects, reason = "behind a byte of a slice")]
fn is_canonical_base64(text: &[u8]) -> bool {
    let digits_len = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let (digits, padding) = text.split_at_checked(digits_len).unwrap_or_default();
    let spare_bits = match padding.len() {
        0 => 0,
        1 => 0b11,
        2 => 0b1111,
        _ => return false,
    };
    text.len().is_multiple_of(4)
        && digits.iter().all(|byte| base64_digit(*byte).is_some())
        && digits.last().and_then(|byte| base64_digit(*byte)).unwrap_or(0) & spare_bits == 0
}
