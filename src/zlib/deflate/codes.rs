//! Codes: what is sent for each symbol, and how many bits that takes.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "codes have 1 to 15 bits and leave none of them over; values lie in their ranges"
)]

use super::bits::BitWriter;
use crate::zlib::symbols::{DISTANCE_STEP_BITS, LENGTH_STEP_BITS, LENGTH_SYMBOLS, MAX_CODE_BITS, MIN_MATCH};

/// The codes of some symbols.
pub(super) struct Codes<'a> {
    /// How long each symbol's code is, zero for none.
    lengths: &'a [u8],
    /// The codes, with the bit that is sent first lowest.
    codes: &'a [u16],
}

impl<'a> Codes<'a> {
    /// Puts into `codes` the canonical codes of these lengths (RFC 1951, section 3.2.2):
    /// of equal lengths the lower symbol has the lower code, and short codes are lower.
    #[inline(never)]
    pub(super) fn new(lengths: &'a [u8], codes: &'a mut [u16]) -> Self {
        let mut next = [0_u16; MAX_CODE_BITS + 1];
        for &length in lengths.iter().filter(|&&length| length != 0) {
            if let Some(count) = next.get_mut(usize::from(length)) {
                *count += 1;
            }
        }
        let mut code = 0_u16;
        for slot in &mut next {
            let count = *slot;
            code *= 2;
            *slot = code;
            code += count;
        }
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
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn send(&self, out: &mut BitWriter<'_>, symbol: usize) {
        if let (Some(&code), Some(&length)) = (self.codes.get(symbol), self.lengths.get(symbol)) {
            out.bits(code, length.into());
        }
    }
}

/// How many bits symbols take that occur that often, with codes that long and
/// `extra_bits` beside them.
pub(super) fn cost_bits(frequencies: &[u16], lengths: &[u8], extra_bits: impl Iterator<Item = u32>) -> u32 {
    frequencies.iter().zip(lengths).zip(extra_bits).fold(0, |sum, ((&frequency, &length), extra)| {
        sum + u32::from(frequency) * (u32::from(length) + extra)
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
    match len - MIN_MATCH {
        // The longest length stands alone.
        255 => Symbol { number: LENGTH_SYMBOLS - 1, extra: 0, extra_bits: 0 },
        value => Symbol::new(value, LENGTH_STEP_BITS),
    }
}

/// The symbol for a distance.
#[inline(always)]
pub(super) fn distance_symbol(distance: usize) -> Symbol {
    Symbol::new(distance - 1, DISTANCE_STEP_BITS)
}

impl Symbol {
    /// The symbol of the range that a value falls into, where 2^`step_bits` ranges in a
    /// row are as wide, the next ones twice as wide, and so on.
    #[inline(always)]
    fn new(value: usize, step_bits: u32) -> Self {
        let top_bit = value.checked_ilog2().unwrap_or_default();
        let extra_bits = top_bit.saturating_sub(step_bits);
        let number = ((extra_bits as usize) << step_bits) + (value >> extra_bits);
        // Ranges begin at multiples of their width.
        let extra = value & ((1 << extra_bits) - 1);
        Self { number, extra: extra as u16, extra_bits }
    }
}
