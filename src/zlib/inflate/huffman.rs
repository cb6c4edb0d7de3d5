//! Canonical Huffman codes (RFC 1951, section 3.2.2): from code lengths to a
//! table that decodes short codes in one step and long ones by their length.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "codes of up to 15 bits, and no more of them than there are"
)]

use super::{Refused, bits::Window};
use crate::{bytes::copy, zlib::symbols::MAX_CODE_BITS};

/// A decoder for up to `SYMBOLS` symbols, with `FAST` table entries (a power of two).
pub(crate) struct Huffman<const SYMBOLS: usize, const FAST: usize> {
    /// By the next bits: symbol in the upper ten bits, code length in the lower
    /// six, as many as a shift of a 64-bit word looks at. Zero where the code is
    /// longer than the table is wide, or no code.
    fast: [u16; FAST],
    /// The symbols, ordered by code.
    sorted: [u16; SYMBOLS],
    counts: Counts,
    /// Index mask of the part of `fast` that is in use.
    mask: usize,
}

/// How many codes of each length there are.
type Counts = [u16; MAX_CODE_BITS + 1];

impl<const SYMBOLS: usize, const FAST: usize> Huffman<SYMBOLS, FAST> {
    /// No code yet: everything is an error.
    pub(crate) const fn new() -> Self {
        Self { fast: [0; FAST], sorted: [0; SYMBOLS], counts: [0; MAX_CODE_BITS + 1], mask: 0 }
    }

    /// Builds the decoder from the code length of each symbol, zero for none.
    pub(crate) fn build(&mut self, lengths: &[u8]) -> Result<(), Refused> {
        self.counts = count(lengths)?;
        sort(lengths, &self.counts, &mut self.sorted);
        self.mask = fill(&self.counts, &self.sorted, &mut self.fast);
        Ok(())
    }

    /// Takes one symbol; the window has [`MAX_CODE_BITS`] bits or all that are left.
    #[inline(always)]
    pub(crate) fn symbol(&self, bits: &mut Window) -> Result<usize, Refused> {
        let entry = self.fast.get(bits.peek() & self.mask).copied().unwrap_or_default();
        if entry != 0 {
            bits.drop(u32::from(entry & 63))?;
            return Ok(usize::from(entry >> 6));
        }
        let (symbol, length) = long_symbol(bits.peek(), &self.counts, &self.sorted)?;
        bits.drop(length)?;
        Ok(symbol)
    }
}

/// Counts the lengths, and refuses what zlib's `inflate_table` refuses.
fn count(lengths: &[u8]) -> Result<Counts, Refused> {
    let mut counts = [0; MAX_CODE_BITS + 1];
    for &length in lengths.iter().filter(|&&length| length != 0) {
        if let Some(count) = counts.get_mut(usize::from(length)) {
            *count += 1;
        }
    }
    let mut left = 1_i32;
    let mut longest = 0;
    for (length, &count) in counts.iter().enumerate().skip(1) {
        left = 2 * left - i32::from(count);
        if left < 0 {
            return Err(Refused::Malformed);
        }
        if count > 0 {
            longest = length;
        }
    }
    // Bit patterns without a symbol are allowed only beside a single code of
    // one bit, or where there is no code at all; meeting one is an error.
    // zlib refuses them in the code length code at once. There, one symbol
    // can only say that all lengths are equal, which is refused next.
    if left > 0 && longest > 1 {
        return Err(Refused::Malformed);
    }
    Ok(counts)
}

/// Orders the symbols by length, then by symbol: the order of the codes.
fn sort(lengths: &[u8], counts: &Counts, sorted: &mut [u16]) {
    let mut offsets = [0_u16; MAX_CODE_BITS + 1];
    let mut offset = 0_u16;
    for (slot, &count) in offsets.iter_mut().zip(counts) {
        *slot = offset;
        offset += count;
    }
    for (symbol, &length) in (0_u16..).zip(lengths) {
        if length != 0
            && let Some(offset) = offsets.get_mut(usize::from(length))
        {
            if let Some(slot) = sorted.get_mut(usize::from(*offset)) {
                *slot = symbol;
            }
            *offset += 1;
        }
    }
}

/// Fills the table and returns the mask of what it uses of it. The codes of one
/// length are written once, and the filled part is doubled before those one bit longer.
fn fill(counts: &Counts, sorted: &[u16], fast: &mut [u16]) -> usize {
    let mut width = 1_usize;
    let mut code = 0_u32;
    let mut symbols = sorted.iter();
    if let Some(slot) = fast.first_mut() {
        *slot = 0;
    }
    let longest = counts.iter().rposition(|&count| count > 0).unwrap_or_default();
    for (length, &count) in (0_u32..).zip(counts).take(longest + 1).skip(1) {
        let Some((low, high)) = fast.split_at_mut_checked(width) else { break };
        if high.is_empty() {
            break;
        }
        copy(high, low);
        width *= 2;
        code *= 2;
        for &symbol in symbols.by_ref().take(usize::from(count)) {
            // Codes are sent from their highest bit, everything else from the lowest.
            let index = code.reverse_bits() >> (32 - length);
            if let Some(slot) = fast.get_mut(index as usize) {
                *slot = symbol << 6 | length as u16;
            }
            code += 1;
        }
    }
    width - 1
}

/// The symbol at the start of `rest` and its code's length, found by going
/// through the lengths: the first codes of each follow from the counts.
#[inline(never)]
fn long_symbol(mut rest: usize, counts: &Counts, sorted: &[u16]) -> Result<(usize, u32), Refused> {
    let mut code = 0_usize;
    let mut first = 0_usize;
    let mut index = 0_usize;
    for (length, &count) in (0_u32..).zip(counts).skip(1) {
        let count = usize::from(count);
        code |= rest & 1;
        rest >>= 1;
        // It is not before the first one: so were the shorter codes passed.
        let place = code - first;
        if place < count {
            let symbol = sorted.get(index + place).copied().unwrap_or_default();
            return Ok((usize::from(symbol), length));
        }
        index += count;
        first = 2 * (first + count);
        code *= 2;
    }
    Err(Refused::Malformed)
}
