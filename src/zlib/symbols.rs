//! What DEFLATE's length and distance symbols stand for (RFC 1951, section 3.2.5).

#![expect(clippy::arithmetic_side_effects, reason = "numbers of up to 15 bits")]

/// The shortest match there is a symbol for.
pub(crate) const MIN_MATCH: usize = 3;
/// The longest match there is a symbol for.
pub(crate) const MAX_MATCH: usize = 258;
/// How far back a match may reach, in bytes.
pub(crate) const WINDOW: usize = 32_768;
/// The symbol that ends a block; below it are the literals, above it the lengths.
pub(crate) const END_OF_BLOCK: usize = 256;
/// The symbol of the shortest length.
pub(crate) const FIRST_LENGTH: usize = 257;
/// Symbols for literals, the block's end and lengths. The last two have a code
/// in fixed blocks and no meaning.
pub(crate) const LITERAL_SYMBOLS: usize = 288;
/// Symbols for lengths.
pub(crate) const LENGTH_SYMBOLS: usize = 29;
/// Symbols for distances.
pub(crate) const DISTANCE_SYMBOLS: usize = 30;
/// Symbols for code lengths.
pub(crate) const CODE_LENGTH_SYMBOLS: usize = 19;
/// How long the code of each distance is in a fixed block.
pub(crate) const FIXED_DISTANCE_BITS: u8 = 5;

/// The longest code of a literal, a length or a distance, in bits.
pub(crate) const MAX_CODE_BITS: usize = 15;

/// The order in which a block lists the lengths of the code length code:
/// rarely used ones last, so that they can be left out.
pub(crate) const CODE_LENGTH_ORDER: [u8; CODE_LENGTH_SYMBOLS] =
    [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The smallest value a symbol stands for, and how many extra bits are added to it.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    pub(crate) base: usize,
    pub(crate) extra_bits: u32,
}

/// The match lengths of a symbol, counted from the shortest length's.
#[inline(always)]
pub(crate) const fn lengths_of(symbol: usize) -> Range {
    if symbol == LENGTH_SYMBOLS - 1 {
        // The longest match has a symbol of its own.
        return Range { base: MAX_MATCH, extra_bits: 0 };
    }
    let Range { base, extra_bits } = range(symbol, LENGTH_STEP_BITS);
    Range { base: base + MIN_MATCH, extra_bits }
}

/// The match distances of a symbol.
#[inline(always)]
pub(crate) const fn distances_of(symbol: usize) -> Range {
    let Range { base, extra_bits } = range(symbol, DISTANCE_STEP_BITS);
    Range { base: base + 1, extra_bits }
}

/// Of lengths four symbols (2^2) in a row have as many extra bits, of distances two,
/// but for twice as many that have none.
pub(crate) const LENGTH_STEP_BITS: u32 = 2;
pub(crate) const DISTANCE_STEP_BITS: u32 = 1;

/// Ranges that follow each other from 0 on: `2 * 2^step_bits` of one value each, then
/// `2^step_bits` for each further number of extra bits.
#[inline(always)]
const fn range(symbol: usize, step_bits: u32) -> Range {
    let step = 1 << step_bits;
    if symbol < step {
        return Range { base: symbol, extra_bits: 0 };
    }
    let extra_bits = (symbol >> step_bits) as u32 - 1;
    Range { base: (step | symbol & (step - 1)) << extra_bits, extra_bits }
}

/// How long the code of a literal or length is in a fixed block (section 3.2.6).
pub(crate) const fn fixed_literal_length(symbol: usize) -> u8 {
    match symbol {
        144..256 => 9,
        256..280 => 7,
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_rfc_1951() {
        let lengths = core::array::from_fn::<_, LENGTH_SYMBOLS, _>(lengths_of);
        assert_eq!(
            lengths.map(|range| range.base),
            [
                3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115,
                131, 163, 195, 227, 258
            ]
        );
        let distances = core::array::from_fn::<_, DISTANCE_SYMBOLS, _>(distances_of);
        assert_eq!(
            distances.map(|range| range.base),
            [
                1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
                2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577
            ]
        );
        assert_eq!(lengths.map(|range| range.extra_bits)[24..], [5, 5, 5, 5, 0]);
        assert_eq!(distances.map(|range| range.extra_bits)[26..], [12, 12, 13, 13]);
    }
}
