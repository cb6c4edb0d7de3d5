//! Inflate: a zlib stream into a flat slice.
//!
//! The output slice is the window, so there is no 32 KiB buffer, and its length
//! is the bound on what a crafted stream can unfold to. Everything else (about
//! 1.5 KiB of tables and 64 bytes of read-ahead) lives on the stack.
//! What is accepted is what zlib's `inflate` accepts, to the last rule.

#![expect(clippy::arithmetic_side_effects, reason = "numbers of up to 15 bits, and places in the output")]

mod bits;
mod huffman;

pub use bits::Source;

use super::adler::adler32;
use super::symbols::{
    CODE_LENGTH_ORDER, CODE_LENGTH_SYMBOLS, DISTANCE_SYMBOLS, END_OF_BLOCK, FIRST_LENGTH,
    FIXED_DISTANCE_BITS, LENGTH_SYMBOLS, LITERAL_SYMBOLS, MAX_CODE_BITS, distances_of, fixed_literal_length,
    lengths_of,
};
use crate::{
    bytes::{sub_slice, sub_slice_mut},
    error::{Error, PayloadError},
};
use bits::Bits;
use huffman::Huffman;

/// Distance symbols with a code in a fixed block; the last two have no meaning.
const DISTANCE_CODES: usize = 32;

/// Literals and lengths: codes of up to eight bits in one step.
type LiteralCode = Huffman<LITERAL_SYMBOLS, { if usize::BITS == 64 { 256 } else { 0 } }>;
/// Distances: codes of up to seven bits in one step. Those of code lengths are never longer.
type DistanceCode = Huffman<DISTANCE_CODES, { if usize::BITS == 64 { 128 } else { 0 } }>;

/// What [`inflate_counting`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inflated {
    /// The length of the output.
    pub len_bytes: usize,
    /// The length of the stream itself, its checksum included: as many bytes of
    /// the source belong to it. Up to 64 more were read ahead and dropped.
    pub consumed_bytes: usize,
}

/// Inflates a zlib stream (RFC 1950) into `out` and returns the output's length.
///
/// Bytes after the stream's end are ignored, as itsdangerous' `zlib.decompress`
/// ignores them.
///
/// ```
/// use hipflask::zlib::inflate;
///
/// let mut stream: &[u8] = b"x\x9cKLJNIMK\xcf\xc8\xcc\xca\xce\x01\x00\x1e\xb8\x04\xcf";
/// let mut out = [0; 32];
/// let len = inflate(&mut stream, &mut out)?;
/// assert_eq!(&out[..len], b"abcdefghijkl");
/// # Ok::<(), hipflask::Error>(())
/// ```
///
/// # Errors
/// [`Error::BadPayload`] for everything zlib rejects: the header, a preset
/// dictionary, a block type, a set of code lengths, a symbol without a meaning, a
/// distance from before the output's start, the checksum, the end of the input.
/// [`Error::Capacity`] when the output does not fit `out`. The source's own errors.
/// What `out` holds after an error is unspecified.
#[doc(alias = "decompress")]
pub fn inflate<S: Source>(source: &mut S, out: &mut [u8]) -> Result<usize, Error> {
    inflate_counting(source, out).map(|inflated| inflated.len_bytes)
}

/// [`inflate`], for those who also need to know where the stream ended.
///
/// # Errors
/// Those of [`inflate`].
#[doc(alias = "decompressobj")]
pub fn inflate_counting<S: Source>(source: &mut S, out: &mut [u8]) -> Result<Inflated, Error> {
    let mut bits = Bits::new(source);
    let mut output = Output { out, len: 0, missing: 0 };
    match stream(&mut bits, &mut output) {
        Ok(()) => Ok(Inflated { len_bytes: output.len, consumed_bytes: bits.consumed_bytes() }),
        Err(Refused::Malformed) => Err(Error::BadPayload(PayloadError::Zlib)),
        Err(Refused::Source) => Err(bits.input.failure),
        Err(Refused::Full) => Err(Error::Capacity {
            needed_bytes: output.len.saturating_add(output.missing),
            capacity_bytes: output.out.len(),
        }),
    }
}

/// Why a stream is refused. A byte, where [`Error`] takes three words: nearly
/// every step can fail.
#[derive(Clone, Copy)]
enum Refused {
    Malformed,
    /// The output is full.
    Full,
    /// The source failed.
    Source,
}

fn stream<S: Source>(bits: &mut Bits<'_, S>, output: &mut Output<'_>) -> Result<(), Refused> {
    header(bits)?;
    blocks(bits, output)?;
    bits.align();
    let check = u32::from_be_bytes([bits.byte()?, bits.byte()?, bits.byte()?, bits.byte()?]);
    if check == adler32(output.written()) { Ok(()) } else { Err(Refused::Malformed) }
}

/// Reads zlib's two bytes. The window size they declare (up to 32 KiB) is
/// checked for its form only: zlib lets distances reach past it.
#[inline(never)]
fn header<S: Source>(bits: &mut Bits<'_, S>) -> Result<(), Refused> {
    let (method, flags) = (bits.byte()?, bits.byte()?);
    let is_multiple = u16::from_be_bytes([method, flags]).is_multiple_of(31);
    let is_deflate = method & 15 == 8 && method >> 4 <= 7;
    let has_dictionary = flags & 32 != 0;
    if is_multiple && is_deflate && !has_dictionary { Ok(()) } else { Err(Refused::Malformed) }
}

/// Reads all blocks.
#[inline(never)]
fn blocks<S: Source>(bits: &mut Bits<'_, S>, output: &mut Output<'_>) -> Result<(), Refused> {
    let mut codes = Codes { literals: Huffman::new(), distances: Huffman::new() };
    // The fixed codes are built once for blocks in a row: an empty one takes ten bits.
    let mut has_fixed_codes = false;
    loop {
        let is_last = bits.number(1)? == 1;
        let form = bits.number(2)?;
        match form {
            0 => stored(bits, output)?,
            1 | 2 => {
                let is_fixed = form == 1;
                if !(is_fixed && has_fixed_codes) {
                    codes.build(bits, is_fixed)?;
                }
                has_fixed_codes = is_fixed;
                compressed(bits, output, &codes)?;
            }
            _ => return Err(Refused::Malformed),
        }
        if is_last {
            return Ok(());
        }
    }
}

/// A stored block: its length, the length's complement, the bytes.
fn stored<S: Source>(bits: &mut Bits<'_, S>, output: &mut Output<'_>) -> Result<(), Refused> {
    bits.align();
    let (len, complement) = (bits.u16_le()?, bits.u16_le()?);
    if len != !complement {
        return Err(Refused::Malformed);
    }
    bits.bytes(output.grow(usize::from(len))?)
}

/// The codes of a block.
struct Codes {
    literals: LiteralCode,
    distances: DistanceCode,
}

impl Codes {
    /// Builds the fixed codes (RFC 1951, section 3.2.6), or those that stand at the
    /// block's start.
    #[inline(never)]
    fn build<S: Source>(&mut self, bits: &mut Bits<'_, S>, is_fixed: bool) -> Result<(), Refused> {
        let mut lengths = [0; LITERAL_SYMBOLS + DISTANCE_CODES];
        let (literal_count, distance_count) = if is_fixed {
            for (symbol, length) in lengths.iter_mut().enumerate() {
                let is_literal = symbol < LITERAL_SYMBOLS;
                *length = if is_literal { fixed_literal_length(symbol) } else { FIXED_DISTANCE_BITS };
            }
            (LITERAL_SYMBOLS, DISTANCE_CODES)
        } else {
            self.read_lengths(bits, &mut lengths)?
        };
        let (literals, distances) = lengths.split_at_checked(literal_count).unwrap_or_default();
        self.literals.build(literals)?;
        self.distances.build(sub_slice(distances, ..distance_count))
    }

    /// Reads the code lengths at a dynamic block's start (RFC 1951, section 3.2.7), and
    /// returns how many of them are literals' and how many distances'.
    fn read_lengths<S: Source>(
        &mut self,
        bits: &mut Bits<'_, S>,
        lengths: &mut [u8],
    ) -> Result<(usize, usize), Refused> {
        let literal_count = bits.number(5)? + 257;
        let distance_count = bits.number(5)? + 1;
        let code_length_count = bits.number(4)? + 4;
        // zlib's limits, two below what the fields can say.
        if literal_count > 286 || distance_count > 30 {
            return Err(Refused::Malformed);
        }

        let mut code_lengths = [0_u8; CODE_LENGTH_SYMBOLS];
        for &symbol in CODE_LENGTH_ORDER.iter().take(code_length_count) {
            let length = bits.number(3)? as u8;
            if let Some(slot) = code_lengths.get_mut(usize::from(symbol)) {
                *slot = length;
            }
        }
        // Until it gets its own code, `distances` has room for that of the lengths.
        self.distances.build(&code_lengths)?;
        let lengths = sub_slice_mut(lengths, ..literal_count + distance_count);
        unpack_lengths(bits, &self.distances, lengths)?;
        // A block that cannot end is refused before it begins.
        if lengths.get(END_OF_BLOCK).is_none_or(|&length| length == 0) {
            return Err(Refused::Malformed);
        }
        Ok((literal_count, distance_count))
    }
}

/// Reads run-length coded code lengths; a run may cross from the literals into
/// the distances, but not past the end.
fn unpack_lengths<S: Source>(
    bits: &mut Bits<'_, S>,
    code: &DistanceCode,
    lengths: &mut [u8],
) -> Result<(), Refused> {
    let mut previous = None;
    let mut slots = lengths.iter_mut();
    while let Some(slot) = slots.next() {
        bits.window.want(7, &mut bits.input)?;
        let symbol = code.symbol(&mut bits.window)?;
        let (length, more) = match symbol {
            16 => (previous.ok_or(Refused::Malformed)?, bits.number(2)? + 2),
            17 => (0, bits.number(3)? + 2),
            18 => (0, bits.number(7)? + 10),
            _ => (symbol as u8, 0),
        };
        if more > slots.len() {
            return Err(Refused::Malformed);
        }
        *slot = length;
        for slot in slots.by_ref().take(more) {
            *slot = length;
        }
        previous = Some(length);
    }
    Ok(())
}

/// The symbols of a block, up to its end.
fn compressed<S: Source>(
    bits: &mut Bits<'_, S>,
    output: &mut Output<'_>,
    codes: &Codes,
) -> Result<(), Refused> {
    /// A length's or a distance's code and its extra bits.
    const LENGTH_BITS: u32 = MAX_CODE_BITS as u32 + 5;
    const EXTRA_DISTANCE_BITS: u32 = 13;
    const DISTANCE_BITS: u32 = MAX_CODE_BITS as u32 + EXTRA_DISTANCE_BITS;
    let Bits { input, window } = bits;
    let mut next = *window;
    loop {
        next.want(LENGTH_BITS, input)?;
        let symbol = codes.literals.symbol(&mut next)?;
        if symbol < END_OF_BLOCK {
            output.push(symbol as u8)?;
            continue;
        }
        if symbol == END_OF_BLOCK {
            *window = next;
            return Ok(());
        }
        let symbol = symbol - FIRST_LENGTH;
        if symbol >= LENGTH_SYMBOLS {
            return Err(Refused::Malformed);
        }
        let range = lengths_of(symbol);
        let len = next.take(range.extra_bits)? + range.base;
        // With a 64-bit word these are all bits of a distance.
        next.want(DISTANCE_BITS, input)?;
        let symbol = codes.distances.symbol(&mut next)?;
        if symbol >= DISTANCE_SYMBOLS {
            return Err(Refused::Malformed);
        }
        let range = distances_of(symbol);
        next.want(EXTRA_DISTANCE_BITS, input)?;
        let distance = next.take(range.extra_bits)? + range.base;
        output.copy(distance, len)?;
    }
}

/// The output: written from its start, and read again by matches.
struct Output<'a> {
    out: &'a mut [u8],
    len: usize,
    /// How many bytes more [`Refused::Full`] would have taken, at least.
    missing: usize,
}

impl Output<'_> {
    fn written(&self) -> &[u8] {
        sub_slice(self.out, ..self.len)
    }

    #[cold]
    fn full(&mut self, missing: usize) -> Refused {
        self.missing = missing;
        Refused::Full
    }

    #[inline(always)]
    fn push(&mut self, byte: u8) -> Result<(), Refused> {
        let Some(slot) = self.out.get_mut(self.len) else { return Err(self.full(1)) };
        *slot = byte;
        self.len += 1;
        Ok(())
    }

    /// The next `n` bytes, to be written.
    fn grow(&mut self, n: usize) -> Result<&mut [u8], Refused> {
        let start = self.len;
        let end = start.saturating_add(n);
        if end > self.out.len() {
            return Err(self.full(n));
        }
        self.len = end;
        Ok(sub_slice_mut(self.out, start..end))
    }

    /// Repeats `len` bytes from `distance` bytes back.
    #[inline(always)]
    fn copy(&mut self, distance: usize, len: usize) -> Result<(), Refused> {
        let start = self.len.checked_sub(distance).ok_or(Refused::Malformed)?;
        let Some((before, after)) = self.out.split_at_mut_checked(self.len) else {
            return Err(self.full(len));
        };
        let (Some(from), Some(to)) = (before.get(start..), after.get_mut(..len)) else {
            return Err(self.full(len));
        };
        repeat(from, to);
        self.len += len;
        Ok(())
    }
}

/// Fills `to` with `from`, over and over: a match longer than its distance
/// repeats what it has just written.
#[inline(always)]
fn repeat(from: &[u8], to: &mut [u8]) {
    // The distance is never zero; a length of one keeps `chunks_mut` from
    // checking that again.
    for piece in to.chunks_mut(from.len().max(1)) {
        for (slot, &byte) in piece.iter_mut().zip(from) {
            *slot = byte;
        }
    }
}
