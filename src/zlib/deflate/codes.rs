//! Codes: what is sent for each symbol, and how many bits that takes.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "codes have 1 to 15 bits and leave none of them over; values lie in their ranges"
)]

use super::bits::BitWriter;
use crate::zlib::symbols::{MAX_CODE_BITS, Range};

/// The codes of up to `N` symbols.
pub(super) struct Codes<'a, const N: usize> {
    /// How long each symbol's code is, zero for none.
    lengths: &'a [u8; N],
    /// The codes, with the bit that is sent first lowest.
    codes: [u16; N],
}

impl<'a, const N: usize> Codes<'a, N> {
    /// The canonical codes of these lengths (RFC 1951, section 3.2.2): of equal
    /// lengths the lower symbol has the lower code, and short codes are lower.
    pub(super) fn new(lengths: &'a [u8; N]) -> Self {
        let mut next = [0_u16; MAX_CODE_BITS + 1];
        for &length in lengths {
            if let Some(count) = next.get_mut(usize::from(length)) {
                *count += 1;
            }
        }
        let mut code = 0_u16;
        for (length, slot) in next.iter_mut().enumerate() {
            let count = if length == 0 { 0 } else { *slot };
            code *= 2;
            *slot = code;
            code += count;
        }
        let mut codes = [0; N];
        for (code, &length) in codes.iter_mut().zip(lengths) {
            if length != 0
                && let Some(next) = next.get_mut(usize::from(length))
            {
                *code = next.reverse_bits() >> (16 - u32::from(length));
                *next += 1;
            }
        }
        Self { lengths, codes }
    }

    /// Sends `symbol`.
    #[inline(always)]
    pub(super) fn send(&self, out: &mut BitWriter<'_>, symbol: usize) {
        if let (Some(&code), Some(&length)) = (self.codes.get(symbol), self.lengths.get(symbol)) {
            out.bits(code, length.into());
        }
    }
}

/// How many bits symbols take that occur that often, with codes that long and
/// `extra_bits` beside them.
pub(super) fn cost_bits(
    frequencies: &[u16],
    lengths: impl Iterator<Item = u8>,
    extra_bits: impl Iterator<Item = u8>,
) -> u32 {
    frequencies.iter().zip(lengths).zip(extra_bits).fold(0, |sum, ((&frequency, length), extra)| {
        sum + u32::from(frequency) * (u32::from(length) + u32::from(extra))
    })
}

/// A symbol and the bits that follow it.
#[derive(Clone, Copy)]
pub(super) struct Symbol {
    pub(super) number: usize,
    pub(super) extra: u16,
    pub(super) extra_bits: u32,
}

/// The symbol (counted from the first one) for a length of three bytes or more.
#[inline(always)]
pub(super) fn length_symbol(len: usize) -> Symbol {
    // Four symbols share a number of extra bits; the longest length stands alone.
    let number = match len as u32 - 3 {
        255 => 28,
        value => stepped(value, 2),
    };
    Symbol::new(&crate::zlib::symbols::LENGTHS, number, len)
}

/// The symbol for a distance.
#[inline(always)]
pub(super) fn distance_symbol(distance: usize) -> Symbol {
    // Two symbols share a number of extra bits.
    Symbol::new(&crate::zlib::symbols::DISTANCES, stepped(distance as u32 - 1, 1), distance)
}

/// The number of the range a value falls into, where 2^`step_bits` ranges in a
/// row are as wide, the next ones twice as wide, and so on.
#[inline(always)]
fn stepped(value: u32, step_bits: u32) -> usize {
    let top_bit = value.checked_ilog2().unwrap_or_default();
    let extra_bits = top_bit.saturating_sub(step_bits);
    ((extra_bits << step_bits) + (value >> extra_bits)) as usize
}

impl Symbol {
    #[inline(always)]
    fn new(ranges: &[Range], number: usize, value: usize) -> Self {
        let range = ranges.get(number).copied().unwrap_or(Range { base: 0, extra_bits: 0 });
        let extra = value as u16 - range.base;
        Self { number, extra, extra_bits: range.extra_bits.into() }
    }
}
