//! Where a string or a value ends, in unescaped JSON.

use super::{CUSTOM, STRING, TAG, WRAPPED, WRAPPED_END, words};
use crate::bytes::{as_str, sub_slice};

/// The string that `bytes` start with, and what follows it.
pub(crate) fn split_string(bytes: &[u8]) -> (&str, &[u8]) {
    let (text, rest) = split_string_bytes(bytes);
    (as_str(text), rest)
}

/// As [`split_string`], where it does not matter that it is UTF-8.
pub(crate) fn split_string_bytes(bytes: &[u8]) -> (&[u8], &[u8]) {
    let body = bytes.get(1..).unwrap_or_default();
    let (text, rest) = body.split_at_checked(words::string_len(body)).unwrap_or_default();
    (text, rest.get(1..).unwrap_or_default())
}

/// The length of the value at the start of `bytes`.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "the depth is that of open brackets, and the loop ends at 0; a rest is a part of the bytes"
)]
pub(crate) fn span_len(bytes: &[u8]) -> usize {
    let Some(first) = bytes.first() else { return 0 };
    if !matches!(*first, STRING | b'[' | b'{' | TAG | CUSTOM | WRAPPED) {
        let is_end = |byte: &u8| matches!(*byte, b',' | b']' | b'}' | WRAPPED_END);
        return bytes.iter().position(is_end).unwrap_or(bytes.len());
    }
    let mut rest = bytes;
    let mut depth = 0_usize;
    while let [first, behind @ ..] = rest {
        rest = behind;
        match *first {
            STRING => {
                let len = words::string_len(behind);
                rest = behind.get(len + 1..).unwrap_or_default();
            }
            b'[' | b'{' | TAG | CUSTOM | WRAPPED => depth += 1,
            b']' | b'}' | WRAPPED_END => depth -= 1,
            _ => {
                rest = behind.get(words::plain_len(behind)..).unwrap_or_default();
                continue;
            }
        }
        if depth == 0 {
            break;
        }
    }
    bytes.len() - rest.len()
}

/// How many levels of JSON the value in `span` has: a wrapper is one of them.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "the depth is that of open brackets, each of which is closed"
)]
pub(crate) fn levels(span: &[u8]) -> usize {
    let mut rest = span;
    let (mut depth, mut deepest) = (0, 0_usize);
    while let Some((mark, behind)) = sub_slice(rest, words::plain_len(rest)..).split_first() {
        rest = behind;
        match *mark {
            STRING => rest = sub_slice(rest, words::string_len(rest)..),
            b'[' | b'{' | TAG | CUSTOM => depth += 1,
            WRAPPED => depth += 2,
            b']' | b'}' => depth -= 1,
            WRAPPED_END => depth -= 2,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}
