//! Strings, looked at a machine word at a time.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "lengths of slices, and sums of bytes that do not reach into the next byte of a word; what may is `wrapping`"
)]

use super::STRING_END;

// These functions exist once where flash is small. Elsewhere they are part of their callers:
// opening a session takes up to 8 % less.

type Word = usize;
const WORD_BYTES: usize = size_of::<Word>();
const ONES: Word = Word::MAX / 255;
const HIGHS: Word = ONES << 7;

/// `byte` in each byte of a word.
const fn all(byte: u8) -> Word {
    ONES * byte as Word
}

/// The high bit of every byte that equals `byte` (exact up to the first).
const fn equal_to(word: Word, byte: u8) -> Word {
    let zeros = word ^ all(byte);
    zeros.wrapping_sub(ONES) & !zeros & HIGHS
}

/// The high bit of every byte below `limit` (exact up to the first).
const fn below(word: Word, limit: u8) -> Word {
    word.wrapping_sub(all(limit)) & !word & HIGHS
}

/// How many leading bytes have their bit clear in `stops`.
#[inline]
fn leading(bytes: &[u8], stops: impl Fn(Word) -> Word) -> usize {
    let mut len = 0;
    let (words, tail) = if usize::BITS == 64 { bytes.as_chunks::<WORD_BYTES>() } else { (&[][..], bytes) };
    for word in words {
        let hits = stops(Word::from_le_bytes(*word));
        if hits != 0 {
            return len + (hits.trailing_zeros() / 8) as usize;
        }
        len += WORD_BYTES;
    }
    for byte in tail {
        // A byte repeated over the whole word, so that the one test serves both.
        if stops(all(*byte)) != 0 {
            break;
        }
        len += 1;
    }
    len
}

/// How many leading bytes of a JSON string stand for themselves: up to a quote,
/// a backslash or a control character.
#[cfg_attr(target_pointer_width = "32", inline(never))]
pub(crate) fn literal_len(bytes: &[u8]) -> usize {
    // With this bit turned, the quote is the first byte behind the control characters.
    leading(bytes, |word| equal_to(word, b'\\') | below(word ^ all(0x02), 0x21))
}

/// How many leading bytes Python writes as they are with `ensure_ascii`:
/// printable ASCII other than the quote and the backslash.
pub(crate) fn ascii_len(bytes: &[u8]) -> usize {
    leading(bytes, |word| {
        equal_to(word, b'"')
            | equal_to(word, b'\\')
            | below(word, 0x20)
            | equal_to(word, 0x7F)
            | (word & HIGHS)
    })
}

/// A word of unescaped JSON as JSON text, string marks as quotes, and the place
/// of its first byte that is not written so: that stands for something else or is
/// not ASCII.
#[inline]
pub(crate) fn to_json(bytes: [u8; WORD_BYTES]) -> ([u8; WORD_BYTES], Option<usize>) {
    let word = Word::from_le_bytes(bytes);
    // Without the high bit of each byte, so that no sum reaches into the next one.
    let low = word & !HIGHS;
    let marks = (low + all(0x80 - 0x7E)) & word & HIGHS;
    // A quote is the first byte behind the control characters, once a bit is flipped.
    let plain = ((low ^ all(0x02)) + all(0x80 - 0x21))
        & ((low ^ all(b'\\')) + all(0x7F))
        & ((low ^ all(0x7F)) + all(0x7F))
        & !word;
    let stops = !(plain | marks) & HIGHS;
    let quoted = if marks == 0 {
        word
    } else {
        // 0xFF for each mark, and a quote for each.
        let mask = (marks << 1).wrapping_sub(marks >> 7);
        word & !mask | mask & all(b'"')
    };
    (quoted.to_le_bytes(), (stops != 0).then_some((stops.trailing_zeros() / 8) as usize))
}

/// Where the string that starts at `bytes` ends: the position of its end mark
/// (or the length, when there is none).
#[cfg_attr(target_pointer_width = "32", inline(never))]
pub(crate) fn string_len(bytes: &[u8]) -> usize {
    leading(bytes, |word| equal_to(word, STRING_END))
}

/// How many leading bytes of unescaped JSON, outside of strings, are neither a
/// bracket nor a mark, or at least some of them.
#[cfg_attr(target_pointer_width = "32", inline(never))]
pub(crate) fn plain_len(bytes: &[u8]) -> usize {
    // With these bits set the four brackets are one byte; so are `Y`, `_`, `y`
    // and 0x7F, of which only `y` occurs there, in `Infinity`.
    leading(bytes, |word| equal_to(word | all(0x26), 0x7F) | (word & HIGHS))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec;

    /// Each test at every offset and every byte value, against the plain definition.
    #[test]
    fn the_word_tests_agree_with_their_definitions() {
        for len in 0..20 {
            for at in 0..len {
                for byte in 0..=255_u8 {
                    let mut bytes = vec![b'a'; len];
                    bytes[at] = byte;
                    if at + 2 < len {
                        bytes[at + 1] = 0;
                        bytes[at + 2] = b'"';
                    }
                    let first = |stop: fn(u8) -> bool| bytes.iter().position(|b| stop(*b)).unwrap_or(len);
                    assert_eq!(literal_len(&bytes), first(|b| b == b'"' || b == b'\\' || b < 0x20));
                    assert_eq!(
                        ascii_len(&bytes),
                        first(|b| !(0x20..0x7F).contains(&b) || b == b'"' || b == b'\\')
                    );
                    assert_eq!(string_len(&bytes), first(|b| b == 0xFF));
                    assert_eq!(plain_len(&bytes), first(|b| b"[]{}Y_y\x7F".contains(&b) || b >= 0x80));
                }
            }
        }
    }

    #[test]
    fn a_word_is_text_up_to_the_first_byte_that_is_not() {
        let is_text = |byte| matches!(byte, 0x20..0x7F | 0xFE..) && !b"\"\\".contains(&byte);
        for at in 0..WORD_BYTES {
            for (byte, other) in (0..=255_u8).flat_map(|byte| (0..=255).map(move |other| (byte, other))) {
                let mut word = [b'a'; WORD_BYTES];
                word[WORD_BYTES - 1 - at] = other;
                word[at] = byte;
                let (text, stop) = to_json(word);
                assert_eq!(stop, word.iter().position(|byte| !is_text(*byte)), "{word:x?}");
                for (from, to) in word.iter().zip(text).take(stop.unwrap_or(WORD_BYTES)) {
                    assert_eq!(to, if *from >= 0xFE { b'"' } else { *from }, "{word:x?}");
                }
            }
        }
    }
}
