//! A dynamic block's header: the code lengths, run-length coded (RFC 1951, section 3.2.7).

#![expect(
    clippy::arithmetic_side_effects,
    reason = "the symbol that ends a block is always there, and so are two distances"
)]

use super::bits::BitWriter;
use super::codes::{Codes, Symbol, cost_bits};
use super::lengths::code_lengths;
use crate::bytes::sub_slice;
use crate::zlib::symbols::{CODE_LENGTH_ORDER, CODE_LENGTH_SYMBOLS, FIRST_LENGTH};

/// The longest code of a code length, in bits.
const MAX_CODE_LENGTH_BITS: usize = 7;
/// Repeats the previous length 3 to 6 times.
const REPEAT: usize = 16;
/// Zero, 3 to 10 times.
const SHORT_ZEROS: usize = 17;
/// Zero, 11 to 138 times.
const LONG_ZEROS: usize = 18;

/// The header of a block with these code lengths, ready to be sent.
pub(super) struct Header<'a> {
    literal_lengths: &'a [u8],
    distance_lengths: &'a [u8],
    /// How long the code of each symbol here is.
    code_lengths: [u8; CODE_LENGTH_SYMBOLS],
    /// How many of the code length code's own lengths are sent.
    sent_lengths: usize,
    /// How long the header is.
    pub(super) len_bits: u32,
}

impl<'a> Header<'a> {
    pub(super) fn new(literal_lengths: &'a [u8], distance_lengths: &'a [u8]) -> Self {
        let mut frequencies = [0_u16; CODE_LENGTH_SYMBOLS];
        let mut count = |symbol: Symbol| {
            if let Some(frequency) = frequencies.get_mut(symbol.number) {
                *frequency += 1;
            }
        };
        // No run crosses from one into the other, though the format allows it.
        runs(literal_lengths, &mut count);
        runs(distance_lengths, &mut count);

        let mut lengths = [0; CODE_LENGTH_SYMBOLS];
        code_lengths(&frequencies, MAX_CODE_LENGTH_BITS, &mut lengths);
        let is_used = |&symbol: &u8| lengths.get(usize::from(symbol)).is_some_and(|&length| length > 0);
        // At least four must be sent. There are more: some length is not zero.
        let sent_lengths = CODE_LENGTH_ORDER.iter().rposition(is_used).unwrap_or_default() + 1;
        let extra_bits = (0..CODE_LENGTH_SYMBOLS).map(|symbol| match symbol {
            REPEAT => 2,
            SHORT_ZEROS => 3,
            LONG_ZEROS => 7,
            _ => 0,
        });
        let len_bits = cost_bits(&frequencies, &lengths, extra_bits) + 3 * sent_lengths as u32 + 5 + 5 + 4;
        Self { literal_lengths, distance_lengths, code_lengths: lengths, sent_lengths, len_bits }
    }

    pub(super) fn send(&self, out: &mut BitWriter<'_>) {
        out.bits((self.literal_lengths.len() - FIRST_LENGTH) as u16, 5);
        out.bits((self.distance_lengths.len() - 1) as u16, 5);
        out.bits((self.sent_lengths - 4) as u16, 4);
        for &symbol in CODE_LENGTH_ORDER.iter().take(self.sent_lengths) {
            let length = self.code_lengths.get(usize::from(symbol)).copied().unwrap_or_default();
            out.bits(length.into(), 3);
        }
        let mut codes = [0; CODE_LENGTH_SYMBOLS];
        let codes = Codes::new(&self.code_lengths, &mut codes);
        let mut send = |symbol: Symbol| {
            codes.send(out, symbol.number);
            out.bits(symbol.extra, symbol.extra_bits);
        };
        runs(self.literal_lengths, &mut send);
        runs(self.distance_lengths, &mut send);
    }
}

/// Cuts code lengths into runs as zlib's `scan_tree`, and gives `each` what stands for them.
#[inline(never)]
fn runs(lengths: &[u8], each: &mut dyn FnMut(Symbol)) {
    let mut previous = None;
    let mut rest = lengths;
    while let Some(&length) = rest.first() {
        let is_repeated = previous == Some(length);
        // The longest run there is a symbol for. One that does not repeat
        // the previous length is sent as the length itself and a repetition.
        let most = match (length, is_repeated) {
            (0, _) => 138,
            (_, true) => 6,
            (_, false) => 7,
        };
        let run = rest.iter().take(most).take_while(|&&other| other == length).count();
        rest = sub_slice(rest, run..);
        previous = Some(length);

        let alone = Symbol { number: length.into(), extra: 0, extra_bits: 0 };
        let repeated = |number, least: usize, repeats: usize, extra_bits| Symbol {
            number,
            extra: (repeats - least) as u16,
            extra_bits,
        };
        match (length, is_repeated, run) {
            (0, _, 11..) => each(repeated(LONG_ZEROS, 11, run, 7)),
            (0, _, 3..) => each(repeated(SHORT_ZEROS, 3, run, 3)),
            (1.., true, 3..) => each(repeated(REPEAT, 3, run, 2)),
            (1.., false, 4..) => {
                each(alone);
                each(repeated(REPEAT, 3, run - 1, 2));
            }
            _ => (0..run).for_each(|_| each(alone)),
        }
    }
}
