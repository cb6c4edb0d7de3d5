//! Hash chains: for every position, the earlier ones with the same hash.
//!
//! At level 6 zlib enters every position into its hash chains, whatever the
//! parse does with it. So the chains do not depend on the parse and can be built
//! up front, by sorting the positions by hash. A stable radix sort puts each
//! chain's positions next to each other in rising order: exactly zlib's chains,
//! in linear time for every input, and without its 64 KiB table of heads. Walking
//! a chain is walking backwards through a slice.

#![expect(clippy::arithmetic_side_effects, reason = "places and counts of up to 2^15 positions")]

use crate::bytes::sub_slice;

/// A little-endian `u16` in the scratch memory.
pub(super) type Slot = [u8; 2];

/// zlib's `hash_bits` and `hash_shift` at memLevel 8. Three shifts take a byte
/// out of the hash, so the hash is one of three bytes.
const HASH_BITS: u32 = 15;
const HASH_SHIFT: u32 = 5;
const HASH_BYTES: usize = 3;

/// The sort goes by the hash's low bits first, then by its high bits.
const LOW_BITS: u32 = 8;
const LOW_VALUES: usize = 1 << LOW_BITS;
const HIGH_VALUES: usize = 1 << (HASH_BITS - LOW_BITS);

/// Marks the earliest position of a chain. Positions are below 32,768.
pub(super) const FIRST: u16 = 0x8000;

/// Sorts the positions of `input` that have a hash: 32,765 of them at most.
///
/// `sorted` gets the chains one after another, the first of each marked. `ranks`
/// gets for each position its place in `sorted`, with the same mark; positions
/// outside all chains are marked too, as they have no earlier ones either.
/// Position 0 is outside: zlib uses it as the chains' end and never finds it.
#[inline(never)]
pub(super) fn build(input: &[u8], sorted: &mut [Slot], ranks: &mut [Slot]) {
    // How many have each value of the hash's low bits and of its high bits, then where
    // the first of each goes.
    let (mut low_places, mut high_places) = ([0; LOW_VALUES], [0; HIGH_VALUES]);
    for bytes in input.windows(HASH_BYTES).skip(1) {
        let hash = hash(bytes);
        next(&mut low_places, hash & (LOW_VALUES - 1));
        next(&mut high_places, hash >> LOW_BITS);
    }
    places(&mut low_places);
    places(&mut high_places);

    // By the low bits, into `ranks`, which is free as yet.
    for (position, bytes) in (0_u16..).zip(input.windows(HASH_BYTES)).skip(1) {
        let low = hash(bytes) & (LOW_VALUES - 1);
        if let Some(slot) = next(&mut low_places, low).and_then(|place| ranks.get_mut(place)) {
            *slot = position.to_le_bytes();
        }
    }

    let len = input.len().saturating_sub(HASH_BYTES);
    // By the high bits. Within one value of them the low bits rise, so a chain
    // begins where they change.
    let mut last_low = [LOW_VALUES as u16; HIGH_VALUES];
    for &slot in ranks.iter().take(len) {
        let position = u16::from_le_bytes(slot);
        let at = usize::from(position);
        let hash = hash(sub_slice(input, at..at + HASH_BYTES));
        let (low, high) = (hash & (LOW_VALUES - 1), hash >> LOW_BITS);
        let Some(last_low) = last_low.get_mut(high) else { break };
        let mark = if usize::from(*last_low) == low { 0 } else { FIRST };
        *last_low = low as u16;
        if let Some(slot) = next(&mut high_places, high).and_then(|place| sorted.get_mut(place)) {
            *slot = (position | mark).to_le_bytes();
        }
    }

    // Position 0, and the last ones, which have no three bytes.
    for at in [0, len + 1, len + 2] {
        if let Some(slot) = ranks.get_mut(at) {
            *slot = FIRST.to_le_bytes();
        }
    }
    for (place, &slot) in (0_u16..).zip(sorted.iter().take(len)) {
        let entry = u16::from_le_bytes(slot);
        if let Some(rank) = ranks.get_mut(usize::from(entry & !FIRST)) {
            *rank = (place | entry & FIRST).to_le_bytes();
        }
    }
}

/// zlib's hash of three bytes.
#[inline(always)]
fn hash(bytes: &[u8]) -> usize {
    let hash = bytes.iter().fold(0_u32, |hash, &byte| hash << HASH_SHIFT ^ u32::from(byte));
    (hash & ((1 << HASH_BITS) - 1)) as usize
}

/// From how many there are of each value to where the first of each goes.
fn places(counts: &mut [u16]) {
    let mut sum = 0_u16;
    for slot in counts {
        let count = *slot;
        *slot = sum;
        sum += count;
    }
}

/// What stands under `value`, which is one more the next time.
#[inline(always)]
fn next(numbers: &mut [u16], value: usize) -> Option<usize> {
    let number = numbers.get_mut(value)?;
    let before = usize::from(*number);
    *number += 1;
    Some(before)
}
