//! Canonical Huffman codes (RFC 1951, section 3.2.2): from code lengths to what decodes
//! them. Codes are found by their length, or, where there is memory for a table, short
//! ones in one step.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "codes of up to 15 bits, and no more of them than there are"
)]

use super::{Refused, bits::Window};
use crate::{
    bytes::{copy, sub_slice},
    zlib::symbols::MAX_CODE_BITS,
};

/// A decoder for up to `SYMBOLS` symbols, with `FAST` table entries (a power of two, or none).
pub(crate) struct Huffman<const SYMBOLS: usize, const FAST: usize> {
    /// By the next bits: symbol in the upper ten bits, code length in the lower
    /// six, as many as a shift of a 64-bit word looks at. Zero where the code is
    /// longer than the table is wide, or no code.
    fast: [u16; FAST],
    /// Index mask of the part of `fast` that is in use.
    mask: usize,
    /// The symbols, ordered by code.
    sorted: [u16; SYMBOLS],
    levels: Levels,
}

/// The codes of one length.
#[derive(Clone, Copy)]
struct Level {
    /// Behind the last of them, filled up to [`MAX_CODE_BITS`].
    end: u16,
    /// What is to be added to a code for its place among the sorted symbols, modulo 2^16.
    offset: u16,
}

/// By length, from one bit on.
type Levels = [Level; MAX_CODE_BITS];

/// Behind all codes.
const END: u32 = 1 << MAX_CODE_BITS;

impl<const SYMBOLS: usize, const FAST: usize> Huffman<SYMBOLS, FAST> {
    /// No code yet: everything is an error.
    pub(crate) const fn new() -> Self {
        let levels = [Level { end: 0, offset: 0 }; MAX_CODE_BITS];
        Self { fast: [0; FAST], mask: 0, sorted: [0; SYMBOLS], levels }
    }

    /// Builds the decoder from the code length of each symbol, zero for none.
    pub(crate) fn build(&mut self, lengths: &[u8]) -> Result<(), Refused> {
        let longest = arrange(lengths, &mut self.levels, &mut self.sorted)?;
        if FAST > 0 {
            self.mask = fill(sub_slice(&self.levels, ..longest), &self.sorted, &mut self.fast);
        }
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
        let (symbol, length) = find(bits.peek(), &self.levels, &self.sorted)?;
        bits.drop(length)?;
        Ok(symbol)
    }
}

/// Orders the symbols by length, then by symbol, which is the order of the codes, and
/// notes where those of each length begin and end. Refuses what zlib's `inflate_table`
/// refuses, and returns the greatest length.
#[inline(never)]
fn arrange(lengths: &[u8], levels: &mut Levels, sorted: &mut [u16]) -> Result<usize, Refused> {
    // How many there are of each length, then where the next of that length goes.
    let mut places = [0_u16; MAX_CODE_BITS + 1];
    for &length in lengths.iter().filter(|&&length| length != 0) {
        if let Some(count) = places.get_mut(usize::from(length)) {
            *count += 1;
        }
    }
    let (mut code, mut place, mut end) = (0_u32, 0_u16, 0_u32);
    let mut longest = 0;
    for ((length, level), slot) in (1..).zip(levels).zip(places.iter_mut().skip(1)) {
        let count = core::mem::replace(slot, place);
        code *= 2;
        level.offset = place.wrapping_sub(code as u16);
        code += u32::from(count);
        place += count;
        end = code << (MAX_CODE_BITS - length);
        if end > END {
            return Err(Refused::Malformed);
        }
        level.end = end as u16;
        if count > 0 {
            longest = length;
        }
    }
    // Bit patterns without a symbol are allowed only beside a single code of
    // one bit, or where there is no code at all; meeting one is an error.
    // zlib refuses them in the code length code at once. There, one symbol
    // can only say that all lengths are equal, which is refused next.
    if end < END && longest > 1 {
        return Err(Refused::Malformed);
    }
    for (symbol, &length) in (0_u16..).zip(lengths) {
        if length != 0
            && let Some(place) = places.get_mut(usize::from(length))
        {
            if let Some(slot) = sorted.get_mut(usize::from(*place)) {
                *slot = symbol;
            }
            *place += 1;
        }
    }
    Ok(longest)
}

/// Fills the table and returns the mask of what it uses of it. The codes of one
/// length are written once, and the filled part is doubled before those one bit longer.
fn fill(levels: &[Level], sorted: &[u16], fast: &mut [u16]) -> usize {
    let mut width = 1_usize;
    let mut code = 0_u32;
    let mut symbols = sorted.iter();
    if let Some(slot) = fast.first_mut() {
        *slot = 0;
    }
    for (length, level) in (1..).zip(levels) {
        let Some((low, high)) = fast.split_at_mut_checked(width) else { break };
        if high.is_empty() {
            break;
        }
        copy(high, low);
        width *= 2;
        code *= 2;
        let end = u32::from(level.end) >> (MAX_CODE_BITS as u32 - length);
        for &symbol in symbols.by_ref().take((end - code) as usize) {
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

/// The symbol at the start of `rest` and its code's length: that of the first level
/// that does not end before it.
#[inline(never)]
fn find(rest: usize, levels: &Levels, sorted: &[u16]) -> Result<(usize, u32), Refused> {
    let code = (rest as u32).reverse_bits() >> (32 - MAX_CODE_BITS);
    for (length, level) in (1..).zip(levels) {
        if code < u32::from(level.end) {
            let place = level.offset.wrapping_add((code >> (MAX_CODE_BITS as u32 - length)) as u16);
            let symbol = sorted.get(usize::from(place)).copied().unwrap_or_default();
            return Ok((usize::from(symbol), length));
        }
    }
    Err(Refused::Malformed)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::bits::Bits;
    use super::*;
    use std::vec::Vec;

    /// The symbols that `bytes` are, up to the first that is none.
    fn symbols<const FAST: usize>(lengths: &[u8], mut bytes: &[u8]) -> Option<Vec<usize>> {
        let mut code = Huffman::<288, FAST>::new();
        code.build(lengths).ok()?;
        let mut bits = Bits::new(&mut bytes);
        let mut symbols = Vec::new();
        while bits.window.want(15, &mut bits.input).is_ok()
            && let Ok(symbol) = code.symbol(&mut bits.window)
        {
            symbols.push(symbol);
        }
        Some(symbols)
    }

    /// A machine has the table or has it not: here both are tested, on every one.
    #[test]
    fn codes_mean_the_same_with_a_table_and_without() {
        let mut state = 1_u32;
        let mut random = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % below
        };
        let mut decoded = 0;
        for round in 0..2_000 {
            // Splits a code until there are so many; now and then one of them is wrong.
            let mut lengths: Vec<u8> = [1, 1].into();
            for _ in 0..random(286) {
                let at = random(lengths.len());
                if lengths[at] < 15 {
                    lengths[at] += 1;
                    lengths.insert(random(lengths.len() + 1), lengths[at]);
                }
            }
            (0..random(4)).for_each(|_| lengths.insert(0, 0));
            lengths.truncate(288);
            if round % 8 == 0 {
                let at = random(lengths.len());
                lengths[at] = random(16) as u8;
            }
            let bytes: Vec<u8> = (0..100).map(|_| random(256) as u8).collect();
            let expected = symbols::<256>(&lengths, &bytes);
            assert_eq!(symbols::<0>(&lengths, &bytes), expected, "{lengths:?}");
            assert_eq!(symbols::<16>(&lengths, &bytes), expected, "{lengths:?}");
            decoded += expected.map_or(0, |symbols| symbols.len());
        }
        assert!(decoded > 100_000, "{decoded}");
        for single in [&[1][..], &[0, 0, 1], &[0; 30], &[2], &[15, 15]] {
            assert_eq!(symbols::<0>(single, &[0b1001_0000]), symbols::<128>(single, &[0b1001_0000]));
        }
    }
}
