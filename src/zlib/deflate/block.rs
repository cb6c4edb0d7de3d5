//! Blocks: where they end, and which of the three forms each one takes.

#![expect(clippy::arithmetic_side_effects, reason = "a block has at most 2^14 symbols, of 28 bits or fewer")]

use core::iter;

use super::bits::BitWriter;
use super::codes::{Codes, cost_bits, distance_symbol, length_symbol};
use super::header::Header;
use super::lengths::code_lengths;
use super::parse::{Token, Tokens};
use super::trace::{Path, hit};
use crate::bytes::sub_slice;
use crate::zlib::symbols::{
    DISTANCE_SYMBOLS, END_OF_BLOCK, FIRST_LENGTH, FIXED_DISTANCE_BITS, LENGTH_SYMBOLS, LITERAL_SYMBOLS,
    MAX_CODE_BITS, distances_of, fixed_literal_length, lengths_of,
};

/// How many symbols a block has before it is ended: zlib's buffer for them at
/// memLevel 8 has 16,384 places, and it stops one short.
const MAX_SYMBOLS: usize = 16_383;

/// How often each symbol occurs in a block.
struct Frequencies {
    literals: [u16; LITERAL_SYMBOLS],
    distances: [u16; DISTANCE_SYMBOLS],
}

impl Frequencies {
    /// How many bits the symbols take, with codes that long.
    #[inline(never)]
    fn cost_bits(&self, literal_lengths: &[u8], distance_lengths: &[u8]) -> u32 {
        let literal_extra = iter::repeat_n(0, FIRST_LENGTH)
            .chain((0..LENGTH_SYMBOLS).map(|symbol| lengths_of(symbol).extra_bits));
        let distance_extra = (0..DISTANCE_SYMBOLS).map(|symbol| distances_of(symbol).extra_bits);
        cost_bits(&self.literals, literal_lengths, literal_extra)
            + cost_bits(&self.distances, distance_lengths, distance_extra)
    }

    /// How many bits they take with the fixed codes.
    #[inline(never)]
    fn fixed_cost_bits(&self) -> u32 {
        let mut literal_lengths = [0; LITERAL_SYMBOLS];
        set_fixed_lengths(&mut literal_lengths);
        self.cost_bits(&literal_lengths, &[FIXED_DISTANCE_BITS; DISTANCE_SYMBOLS])
    }
}

/// Writes all of the input as blocks; stops early when the output is full.
pub(super) fn write_all(mut rest: Tokens<'_>, out: &mut BitWriter<'_>) {
    let mut is_last = false;
    while !is_last && !out.overflowed() {
        let start = rest;
        let mut frequencies =
            Frequencies { literals: [0; LITERAL_SYMBOLS], distances: [0; DISTANCE_SYMBOLS] };
        is_last = count(&mut rest, &mut frequencies);
        let len = start.input.len() - rest.input.len();
        let block = Tokens { input: sub_slice(start.input, ..len), slots: start.slots };
        write(block, &frequencies, is_last, out);
    }
}

/// Takes the next block's tokens, and says whether it is the last one.
fn count(rest: &mut Tokens<'_>, frequencies: &mut Frequencies) -> bool {
    let add = |frequencies: &mut [u16], symbol: usize| {
        if let Some(frequency) = frequencies.get_mut(symbol) {
            *frequency += 1;
        }
    };
    add(&mut frequencies.literals, END_OF_BLOCK);
    let mut symbols = 0_usize;
    let mut ends_with_match = false;
    for token in rest.by_ref().take(MAX_SYMBOLS) {
        symbols += 1;
        match token {
            Token::Literal(byte) => {
                add(&mut frequencies.literals, byte.into());
                ends_with_match = false;
            }
            Token::Match(found) => {
                let length = length_symbol(found.len).number;
                add(&mut frequencies.literals, FIRST_LENGTH + length);
                add(&mut frequencies.distances, distance_symbol(found.distance).number);
                ends_with_match = true;
            }
        }
    }
    // zlib ends a full block at once, except on the input's last literal, which
    // it sends after its loop. So an input can end with a block of nothing.
    let is_last = rest.input.is_empty() && (symbols < MAX_SYMBOLS || !ends_with_match);
    if !is_last {
        hit(if rest.input.is_empty() { Path::EmptyLastBlock } else { Path::FullBlock });
    }
    is_last
}

/// Writes a block in the form that takes the fewest bytes; zlib counts whole
/// bytes, and on a tie takes stored before fixed before dynamic.
#[inline(never)]
fn write(block: Tokens<'_>, frequencies: &Frequencies, is_last: bool, out: &mut BitWriter<'_>) {
    let mut literal_lengths = [0; LITERAL_SYMBOLS];
    let mut distance_lengths = [0; DISTANCE_SYMBOLS];
    let literal_count = code_lengths(&frequencies.literals, MAX_CODE_BITS, &mut literal_lengths);
    let distance_count = code_lengths(&frequencies.distances, MAX_CODE_BITS, &mut distance_lengths);
    let header = Header::new(
        sub_slice(&literal_lengths, ..literal_count),
        sub_slice(&distance_lengths, ..distance_count),
    );

    let bytes = |bits: u32| (bits + 3).div_ceil(8);
    let fixed_bytes = bytes(frequencies.fixed_cost_bits());
    let dynamic_bits = frequencies.cost_bits(&literal_lengths, &distance_lengths) + header.len_bits;
    let dynamic_bytes = bytes(dynamic_bits);
    let stored_bytes = block.input.len() as u32 + 4;

    if stored_bytes <= fixed_bytes.min(dynamic_bytes) {
        hit(Path::StoredBlock);
        send_form(out, 0, is_last);
        out.align();
        let len = block.input.len() as u16;
        out.bytes(&len.to_le_bytes());
        out.bytes(&(!len).to_le_bytes());
        out.bytes(block.input);
        return;
    }
    if fixed_bytes <= dynamic_bytes {
        hit(Path::FixedBlock);
        send_form(out, 1, is_last);
        set_fixed_lengths(&mut literal_lengths);
        distance_lengths.fill(FIXED_DISTANCE_BITS);
    } else {
        hit(Path::DynamicBlock);
        send_form(out, 2, is_last);
        header.send(out);
    }
    send(block, &literal_lengths, &distance_lengths, out);
}

/// Makes the codes of literals and lengths as long as they are in a fixed block.
#[inline(never)]
fn set_fixed_lengths(lengths: &mut [u8; LITERAL_SYMBOLS]) {
    lengths.iter_mut().enumerate().for_each(|(symbol, length)| *length = fixed_literal_length(symbol));
}

fn send_form(out: &mut BitWriter<'_>, form: u16, is_last: bool) {
    out.bits(form << 1 | u16::from(is_last), 3);
}

/// Sends a block's symbols, with codes of these lengths.
#[inline(never)]
fn send(
    block: Tokens<'_>,
    literal_lengths: &[u8; LITERAL_SYMBOLS],
    distance_lengths: &[u8; DISTANCE_SYMBOLS],
    out: &mut BitWriter<'_>,
) {
    let (mut literals, mut distances) = ([0; LITERAL_SYMBOLS], [0; DISTANCE_SYMBOLS]);
    let literals = Codes::new(literal_lengths, &mut literals);
    let distances = Codes::new(distance_lengths, &mut distances);
    for token in block {
        match token {
            Token::Literal(byte) => literals.send(out, byte.into()),
            Token::Match(found) => {
                let length = length_symbol(found.len);
                literals.send(out, FIRST_LENGTH + length.number);
                out.bits(length.extra, length.extra_bits);
                let distance = distance_symbol(found.distance);
                distances.send(out, distance.number);
                out.bits(distance.extra, distance.extra_bits);
            }
        }
    }
    literals.send(out, END_OF_BLOCK);
}
