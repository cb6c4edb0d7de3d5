//! base64url: a lenient reader, a strict decoder for signatures, an encoding sink.

use core::{fmt, slice};

use super::digest::MAX_DIGEST_BYTES;
use crate::{
    bytes::{copy, sub_slice, sub_slice_mut},
    error::{Error, PayloadError},
    sink::{AnySink, PIECE, Sink, Stopped},
    zlib::Source,
};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What [`VALUES`] holds for a character outside the alphabet: the top bit
/// shows up in the `|` of several.
const JUNK: u8 = 0x80;

/// The six bits of every character, of `+` and `/` too.
const VALUES: [u8; 256] = {
    let mut values = [JUNK; 256];
    let mut rest: &[u8] = ALPHABET;
    let mut value: u8 = 0;
    while let [character, tail @ ..] = rest {
        set(&mut values, *character, value);
        value += 1;
        rest = tail;
    }
    set(&mut values, b'+', 62);
    set(&mut values, b'/', 63);
    values
};

#[expect(clippy::indexing_slicing, reason = "a byte indexes 256 entries, at compile time")]
const fn set(values: &mut [u8; 256], character: u8, value: u8) {
    values[character as usize] = value;
}

fn value_of(character: u8) -> u8 {
    VALUES.get(usize::from(character)).copied().unwrap_or(JUNK)
}

/// The three bytes of a group in the upper bits. The lowest bit says that there
/// is a character outside the alphabet.
#[inline(always)]
fn decode_group(group: [u8; 4]) -> u32 {
    if usize::BITS == 64 { decode_by_table(group) } else { decode_by_shifts(group) }
}

/// What each character of a group adds to it: 4 KB, with which decoding takes two
/// thirds of the time. A microcontroller has no room for them.
static PLACED: [[u32; 256]; 4] = [placed(26), placed(20), placed(14), placed(8)];

const fn placed(shift: u32) -> [u32; 256] {
    let mut words = [0; 256];
    let (mut rest, mut values): (&mut [u32], &[u8]) = (&mut words, &VALUES);
    while let ([word, words @ ..], [value, tail @ ..]) = (rest, values) {
        *word = if *value == JUNK { 1 } else { (*value as u32) << shift };
        (rest, values) = (words, tail);
    }
    words
}

#[inline(always)]
fn decode_by_table(group: [u8; 4]) -> u32 {
    let placed = |(table, character): (&[u32; 256], u8)| table.get(usize::from(character)).copied();
    PLACED.iter().zip(group).filter_map(placed).fold(0, |bytes, bits| bytes | bits)
}

#[inline(always)]
fn decode_by_shifts(group: [u8; 4]) -> u32 {
    let [a, b, c, d] = group.map(value_of).map(u32::from);
    a << 26 | b << 20 | c << 14 | d << 8 | (a | b | c | d) >> 7
}

/// Encodes canonically, without padding, the first `len_bytes` of the blocks of a digest.
/// The time it takes depends on the length only: while a signature is verified, the right
/// one is what an attacker looks for.
pub(super) fn encode<'b>(
    digest: &[Block; DIGEST_BLOCKS],
    len_bytes: usize,
    text: &'b mut [[u8; BLOCK_LETTERS]; DIGEST_BLOCKS],
) -> &'b [u8] {
    let text_len = text_len(len_bytes);
    encode_blocks(sub_slice(digest, ..text_len.div_ceil(BLOCK_LETTERS)), text);
    sub_slice(text.as_flattened(), ..text_len)
}

/// How many letters so many bytes make, without padding.
#[expect(clippy::arithmetic_side_effects, reason = "of a few bytes")]
pub(super) const fn text_len(len_bytes: usize) -> usize {
    (len_bytes * 4).div_ceil(3)
}

/// How many bytes so many letters make.
pub(super) const fn len_bytes_of(text_len: usize) -> usize {
    text_len.saturating_mul(3) / 4
}

/// Decodes base64url piece by piece, exactly as leniently as
/// `itsdangerous.encoding.base64_decode`.
///
/// Flask reads the payload and the timestamp of a cookie this way. Both are
/// covered by the signature, so only a key holder can use the leniency:
/// - `+` and `/` are as good as `-` and `_`; spare bits may be anything.
/// - Any other byte except `=` is skipped.
/// - As many `=` are thought to follow as bring the text's length, **with the
///   skipped bytes**, to a multiple of four.
/// - `=` behind the second or third character of a group of four counts as
///   padding until the next character; padding that completes the group ends
///   the text, whatever follows. Any other `=` is skipped.
/// - A text that ends inside a group does not decode.
///
/// ```
/// use hipflask::signing::Base64Reader;
///
/// let mut reader = Base64Reader::new(b"aGlwZmxhc2s");
/// let mut buffer = [0; 16];
/// let len = reader.read(&mut buffer)?;
/// reader.finish()?;
/// assert_eq!(&buffer[..len], b"hipflask");
/// # Ok::<(), hipflask::Error>(())
/// ```
#[doc(alias = "base64_decode")]
#[derive(Clone)]
pub struct Base64Reader<'a> {
    text: &'a [u8],
    /// `=` that are thought to follow the text.
    implied_pads: u8,
    /// How many characters of the current group were read, 0 to 3.
    in_group: u8,
    /// `=` since the last character.
    pads: u8,
    /// The last character of the group; its low bits begin the next byte.
    last: u8,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reading,
    Ended,
    Failed,
}

pub(super) const NOT_BASE64: Error = Error::BadPayload(PayloadError::Base64);

impl<'a> Base64Reader<'a> {
    /// A reader of `text`, for which a payload's compression mark (`.`) is
    /// already taken off.
    #[must_use]
    pub const fn new(text: &'a [u8]) -> Self {
        // What brings the length to a multiple of four.
        let implied_pads = (text.len().wrapping_neg() % 4) as u8;
        Self { text, implied_pads, in_group: 0, pads: 0, last: 0, state: State::Reading }
    }

    /// Fills `buffer` as far as the text goes and gives the number of bytes.
    /// Less than the buffer's length means the end was reached, so 0 means that
    /// nothing is left (or no room was given). What the buffer holds behind
    /// these bytes is unspecified.
    ///
    /// # Errors
    /// [`Error::BadPayload`] when the text does not decode. This shows at its
    /// end only, so bytes read before are not yet known to be good: see
    /// [`finish`](Self::finish).
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        self.fill(buffer).ok_or(NOT_BASE64)
    }

    /// As [`read`](Self::read), where all failures are one.
    #[expect(clippy::arithmetic_side_effects, reason = "the rest is a part of the buffer")]
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Option<usize> {
        let capacity = buffer.len();
        let mut room = buffer;
        loop {
            if self.in_group == 0 {
                room = self.read_groups(room);
            }
            let [next, rest @ ..] = room else {
                return Some(capacity);
            };
            let Some(byte) = self.next_byte() else {
                // The rest, and the byte that was not there for `next`.
                let len = capacity - (rest.len() + 1);
                return (self.state == State::Ended).then_some(len);
            };
            *next = byte;
            room = rest;
        }
    }

    /// Reads to the end to see whether all of the text decodes.
    ///
    /// # Errors
    /// [`Error::BadPayload`] when it does not.
    pub fn finish(mut self) -> Result<(), Error> {
        let mut dropped = [0; 48];
        while self.read(&mut dropped)? != 0 {}
        Ok(())
    }

    /// Decodes whole groups of alphabet characters while there is room for
    /// them, and gives back the rest of the room.
    fn read_groups<'o>(&mut self, mut room: &'o mut [u8]) -> &'o mut [u8] {
        let mut text = self.text;
        // Two groups at a time: one check, and one store of 8 bytes of which
        // the next one overwrites the last two. It is faster on a microcontroller
        // as well, by less than its flash is worth.
        while usize::BITS == 64
            && let (Some(([a, b, c, d, e, f, g, h], rest)), Some(eight)) =
                (text.split_first_chunk::<8>(), room.first_chunk_mut::<8>())
        {
            let (first, second) = (decode_group([*a, *b, *c, *d]), decode_group([*e, *f, *g, *h]));
            if (first | second) & 1 != 0 {
                break;
            }
            *eight = (u64::from(first) << 32 | u64::from(second) << 8).to_be_bytes();
            room = sub_slice_mut(room, 6..);
            text = rest;
        }
        while let (Some((group, rest)), Some(three)) =
            (text.split_first_chunk::<4>(), room.first_chunk_mut::<3>())
        {
            let bytes = decode_group(*group);
            if bytes & 1 != 0 {
                break;
            }
            let [a, b, c, _] = bytes.to_be_bytes();
            *three = [a, b, c];
            room = sub_slice_mut(room, 3..);
            text = rest;
        }
        self.text = text;
        self.read_last_group(room)
    }

    /// Decodes a group that the end of the text cuts short, if what it lacks is
    /// the padding that is thought to follow.
    fn read_last_group<'o>(&mut self, room: &'o mut [u8]) -> &'o mut [u8] {
        let (group, len) = match *self.text {
            [a, b] if self.implied_pads == 2 => ([a, b, b'A'], 1),
            [a, b, c] if self.implied_pads == 1 => ([a, b, c], 2),
            _ => return room,
        };
        let [a, b, c] = group.map(value_of);
        if (a | b | c) & JUNK != 0 || room.len() < len {
            return room;
        }
        let (bytes, rest) = room.split_at_mut_checked(len).unwrap_or_default();
        bytes
            .iter_mut()
            .zip([(a << 2) | (b >> 4), (b << 4) | (c >> 2)])
            .for_each(|(slot, byte)| *slot = byte);
        self.text = &[];
        self.state = State::Ended;
        rest
    }

    /// Decodes character by character up to the next byte; `None` at the end, and where
    /// decoding failed.
    fn next_byte(&mut self) -> Option<u8> {
        while self.state == State::Reading {
            let Some(character) = self.next_character() else {
                self.state = if self.in_group == 0 { State::Ended } else { State::Failed };
                break;
            };
            if character == b'=' {
                self.pad();
                continue;
            }
            let value = value_of(character);
            if value == JUNK {
                continue;
            }
            self.pads = 0;
            let last = core::mem::replace(&mut self.last, value);
            let (in_group, byte) = match self.in_group {
                0 => (1, None),
                1 => (2, Some((last << 2) | (value >> 4))),
                2 => (3, Some((last << 4) | (value >> 2))),
                _ => (0, Some((last << 6) | value)),
            };
            self.in_group = in_group;
            if byte.is_some() {
                return byte;
            }
        }
        None
    }

    #[expect(clippy::arithmetic_side_effects, reason = "a group has 2 or 3 characters, and ends at 4")]
    fn pad(&mut self) {
        if self.in_group >= 2 {
            self.pads += 1;
            if self.in_group + self.pads >= 4 {
                self.state = State::Ended;
            }
        }
    }

    fn next_character(&mut self) -> Option<u8> {
        if let Some((character, rest)) = self.text.split_first() {
            self.text = rest;
            Some(*character)
        } else {
            self.implied_pads = self.implied_pads.checked_sub(1)?;
            Some(b'=')
        }
    }
}

/// Shows no text: it may be a session.
impl fmt::Debug for Base64Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Base64Reader").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Source for Base64Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        Base64Reader::read(self, buffer)
    }
}

/// Encodes base64url without padding on the way into another sink.
#[derive(Debug)]
pub(crate) struct Base64Sink<'s> {
    inner: AnySink<'s>,
    /// Bytes that do not make up a block yet: the first `len`.
    pending: Block,
    len: usize,
    /// Where a piece is encoded.
    text: [[u8; BLOCK_LETTERS]; PIECE / BLOCK_BYTES],
}

impl<'s> Base64Sink<'s> {
    pub(crate) const fn new(inner: AnySink<'s>) -> Self {
        let text = [[0; BLOCK_LETTERS]; PIECE / BLOCK_BYTES];
        Self { inner, pending: [0; BLOCK_BYTES], len: 0, text }
    }

    /// Encodes on the way into the inner sink whatever `dump` writes, to its end.
    pub(crate) fn encode(
        inner: AnySink<'s>,
        dump: impl FnOnce(AnySink<'_>) -> Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        let mut base64 = Self::new(inner);
        dump(AnySink::new(&mut |bytes| base64.write(bytes).is_ok()))?;
        base64.finish()
    }

    /// Writes the rest.
    fn finish(&mut self) -> Result<(), Stopped> {
        self.pending.iter_mut().skip(self.len).for_each(|byte| *byte = 0);
        encode_blocks(slice::from_ref(&self.pending), &mut self.text);
        self.inner.write(sub_slice(self.text.as_flattened(), ..text_len(self.len)))
    }
}

impl Sink for Base64Sink<'_> {
    type Error = Stopped;

    #[expect(clippy::arithmetic_side_effects, reason = "less than a block is pending, and a piece is short")]
    fn write(&mut self, mut bytes: &[u8]) -> Result<(), Stopped> {
        while self.len > 0
            && let Some((byte, rest)) = bytes.split_first()
        {
            if let Some(slot) = self.pending.get_mut(self.len) {
                *slot = *byte;
            }
            self.len += 1;
            if self.len == BLOCK_BYTES {
                self.finish()?;
                self.len = 0;
            }
            bytes = rest;
        }
        let (blocks, rest) = bytes.as_chunks();
        for blocks in blocks.chunks(PIECE / BLOCK_BYTES) {
            encode_blocks(blocks, &mut self.text);
            self.inner.write(sub_slice(self.text.as_flattened(), ..blocks.len() * BLOCK_LETTERS))?;
        }
        copy(&mut self.pending, rest);
        self.len += rest.len();
        Ok(())
    }
}

/// How many letters are made at once: where there are vector instructions, one of their
/// smallest registers.
pub(super) const BLOCK_LETTERS: usize = 16;
/// Of how many bytes they are made.
const BLOCK_BYTES: usize = BLOCK_LETTERS / 4 * 3;

/// What is encoded at once.
pub(super) type Block = [u8; BLOCK_BYTES];

/// How many blocks hold any digest.
pub(super) const DIGEST_BLOCKS: usize = MAX_DIGEST_BYTES.div_ceil(BLOCK_BYTES);

/// Encodes whole blocks. The time it takes depends on their number only.
#[inline(never)]
pub(super) fn encode_blocks(blocks: &[Block], text: &mut [[u8; BLOCK_LETTERS]]) {
    if usize::BITS == 64 {
        blocks.iter().zip(text).for_each(|(block, text)| encode_block(block, text));
        return;
    }
    let (groups, text) = (blocks.as_flattened().as_chunks().0, text.as_flattened_mut().as_chunks_mut().0);
    groups.iter().zip(text).for_each(|(group, text)| *text = encode_group(*group));
}

/// Encodes four letters, all at once in a word: no step depends on one of them, so the time
/// does not either.
#[inline(always)]
#[expect(clippy::arithmetic_side_effects, reason = "no byte of the word ever is above 255 or below 0")]
fn encode_group(group: [u8; 3]) -> [u8; 4] {
    const EACH: u32 = 0x0101_0101;
    let [a, b, c] = group.map(u32::from);
    let values = a >> 2 | (a & 3) << 12 | (b >> 4) << 8 | (b & 15) << 18 | (c >> 6) << 16 | (c & 63) << 24;
    // The gap where the value is above the last one of a run, elsewhere nothing.
    let from = |last: u32, gap: i8| ((values + (0x7F - last) * EACH) >> 7 & EACH).wrapping_mul(gap as u32);
    (values + u32::from(b'A') * EACH)
        .wrapping_add(from(25, gap(b'Z', b'a')))
        .wrapping_add(from(51, gap(b'z', b'0')))
        .wrapping_add(from(61, gap(b'9', b'-')))
        .wrapping_add(from(62, gap(b'-', b'_')))
        .to_le_bytes()
}

/// How much room [`encode_into`] takes for so many bytes: whole blocks.
#[cfg(feature = "alloc")]
#[expect(clippy::arithmetic_side_effects, reason = "of bytes in memory, which are not that many")]
pub(super) const fn room_len(len_bytes: usize) -> usize {
    len_bytes.div_ceil(BLOCK_BYTES) * BLOCK_LETTERS
}

/// Encodes what everybody may see to the start of `room`, where it gives it.
#[cfg(feature = "alloc")]
pub(super) fn encode_into<'r>(bytes: &[u8], room: &'r mut [u8]) -> &'r [u8] {
    let (blocks, rest) = bytes.as_chunks();
    let mut last = Block::default();
    copy(&mut last, rest);
    let (letters, room_for_last) =
        room.as_chunks_mut().0.split_at_mut_checked(blocks.len()).unwrap_or_default();
    encode_blocks(blocks, letters);
    encode_blocks(&[last], room_for_last);
    sub_slice(room, ..text_len(bytes.len()))
}

/// Encodes 16 letters in steps that the compiler makes vector instructions of:
/// twice as fast as looking letters up, where there are such. No step depends on
/// a letter, so the time does not either.
#[inline(always)]
fn encode_block(block: &Block, text: &mut [u8; BLOCK_LETTERS]) {
    for (letters, bytes) in text.as_chunks_mut().0.iter_mut().zip(block.as_chunks().0) {
        let [a, b, c, d, e, f] = *bytes;
        let mut bits = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        // Halves, quarters and eighths, each to its own half, quarter and eighth, the first
        // to the lowest.
        bits = bits >> 24 & 0x00FF_FFFF | (bits & 0x00FF_FFFF) << 32;
        bits = bits >> 12 & 0x0000_0FFF_0000_0FFF | (bits & 0x0000_0FFF_0000_0FFF) << 16;
        bits = bits >> 6 & 0x003F_003F_003F_003F | (bits & 0x003F_003F_003F_003F) << 8;
        *letters = bits.to_le_bytes();
    }
    for letter in text {
        // Some steps go below the alphabet, or past 127 and back: only their sum is a letter.
        let value = *letter as i8;
        // All bits are the sign: the gap behind the last value of a run, before it nothing.
        let from = |last: i8, gap: i8| last.wrapping_sub(value) >> 7 & gap;
        *letter = (value.wrapping_add(b'A' as i8))
            .wrapping_add(from(25, gap(b'Z', b'a')))
            .wrapping_add(from(51, gap(b'z', b'0')))
            .wrapping_add(from(61, gap(b'9', b'-')))
            .wrapping_add(from(62, gap(b'-', b'_'))) as u8;
    }
}

/// How much further than by one it is from a letter of the alphabet to the next.
#[expect(clippy::arithmetic_side_effects, reason = "letters of ASCII")]
const fn gap(letter: u8, next: u8) -> i8 {
    next as i8 - letter as i8 - 1
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::sink::{SliceSink, with_any_sink};
    use base64ct::{Base64UrlUnpadded, Encoding as _};
    use std::{vec, vec::Vec};

    fn read_in_steps(text: &[u8], step: usize) -> Result<Vec<u8>, Error> {
        let mut reader = Base64Reader::new(text);
        let mut bytes = Vec::new();
        let mut buffer = vec![0; step];
        loop {
            match reader.read(&mut buffer)? {
                0 => return reader.finish().map(|()| bytes),
                len => bytes.extend_from_slice(&buffer[..len]),
            }
        }
    }

    #[test]
    fn reads_as_itsdangerous_whatever_the_step() {
        for line in include_str!("../../tests/data/signing/base64.txt").lines() {
            let (text, expected) = line.split_once(' ').unwrap();
            let text = hex(text);
            let expected = if expected == "-" {
                Err(Error::BadPayload(PayloadError::Base64))
            } else {
                Ok(hex(expected))
            };
            for step in [1, 2, 3, 5, 12, 16, 64, 1000] {
                assert_eq!(read_in_steps(&text, step), expected, "{line} in steps of {step}");
            }
            assert_eq!(Base64Reader::new(&text).finish(), expected.map(drop), "{line}");
        }
    }

    /// Only one of them is in use on the machine that tests, and on each other one.
    #[test]
    fn a_group_is_the_same_by_table_and_by_shifts() {
        for character in 0..=255 {
            for places in 0..16 {
                let mut group = *b"Az-_";
                (0..4).filter(|place| places >> place & 1 != 0).for_each(|place| group[place] = character);
                let (by_table, by_shifts) = (decode_by_table(group), decode_by_shifts(group));
                assert_eq!(by_table & 1, by_shifts & 1, "{group:?}");
                assert!(by_table & 1 == 1 || by_table == by_shifts, "{group:?}");
            }
        }
    }

    /// Here too.
    #[test]
    fn a_block_is_the_same_by_words_and_by_vectors() {
        for values in 0..1_u32 << 18 {
            // Each pair of letters side by side, at each place.
            let [_, a, b, c] = (values << 6 | values >> 12 & 63).to_be_bytes();
            let block: Block = core::array::from_fn(|place| [a, b, c][place % 3]);
            let mut by_vectors = [0; BLOCK_LETTERS];
            encode_block(&block, &mut by_vectors);
            assert_eq!(by_vectors.as_chunks().0, [encode_group([a, b, c]); BLOCK_LETTERS / 4], "{a} {b} {c}");
        }
    }

    #[test]
    fn a_failed_reader_stays_failed_and_an_ended_one_ended() {
        let mut failed = Base64Reader::new(b"AAAAA");
        assert_eq!(failed.read(&mut [0; 3]), Ok(3));
        for _ in 0..3 {
            assert_eq!(failed.read(&mut [0; 3]), Err(Error::BadPayload(PayloadError::Base64)));
        }
        assert_eq!(failed.finish(), Err(Error::BadPayload(PayloadError::Base64)));

        let mut ended = Base64Reader::new(b"AAA=!AAAA");
        assert_eq!(ended.read(&mut [0; 9]), Ok(2));
        assert_eq!(ended.read(&mut [0; 9]), Ok(0));
        assert_eq!(ended.finish(), Ok(()));
    }

    #[test]
    fn the_sink_encodes_canonically_however_the_bytes_arrive() {
        let bytes: Vec<u8> = (0..=255).collect();
        for len in 0..=bytes.len() {
            let bytes = &bytes[..len];
            let mut expected = vec![0; 400];
            let expected = Base64UrlUnpadded::encode(bytes, &mut expected).unwrap();
            for step in [1, 2, 3, 4, 7, 47, 48, 49, 300] {
                let mut buffer = [0; 400];
                let mut written = SliceSink::new(&mut buffer);
                let dump = |mut sink: AnySink<'_>| bytes.chunks(step).try_for_each(|chunk| sink.write(chunk));
                with_any_sink(&mut written, |sink| Base64Sink::encode(sink, dump)).unwrap();
                assert_eq!(written.written(), expected.as_bytes());
            }
        }
    }

    fn hex(text: &str) -> Vec<u8> {
        text.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }
}
