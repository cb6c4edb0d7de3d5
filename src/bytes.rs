//! Parts of slices, bytes that are copied, and bytes that are text.

use core::{ops::Range, slice::SliceIndex};

/// The part of `slice` that its caller knows to be there. Where it is not, that is a
/// mistake of the caller's: debug builds stop, others take an empty part.
#[inline(always)]
pub(crate) fn sub_slice<T, R: SliceIndex<[T], Output = [T]>>(slice: &[T], range: R) -> &[T] {
    let part = slice.get(range);
    debug_assert!(part.is_some(), "a range outside of {} elements", slice.len());
    part.unwrap_or_default()
}

/// As [`sub_slice`], to be written.
#[inline(always)]
pub(crate) fn sub_slice_mut<T, R: SliceIndex<[T], Output = [T]>>(slice: &mut [T], range: R) -> &mut [T] {
    let len = slice.len();
    let part = slice.get_mut(range);
    debug_assert!(part.is_some(), "a range outside of {len} elements");
    part.unwrap_or_default()
}

/// The text of a span that was checked when it was read.
#[inline(never)]
pub(crate) fn as_str(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}

/// The lowercase hex digit of a value below 16.
#[expect(clippy::arithmetic_side_effects, reason = "a digit below 16, counted from its first letter")]
pub(crate) const fn hex_digit(value: u8) -> u8 {
    match value {
        0..10 => value + b'0',
        _ => value + (b'a' - 10),
    }
}

/// Writes the hex digits of `bytes` into `digits`, as far as both go.
pub(crate) fn write_hex(bytes: &[u8], digits: &mut [u8]) {
    for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *pair = [hex_digit(byte >> 4), hex_digit(byte & 0xF)];
    }
}

/// Copies from the start, as far as both go. [`slice::copy_from_slice`] panics
/// where the lengths differ.
#[inline(always)]
pub(crate) fn copy<T: Copy>(to: &mut [T], from: &[T]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

/// As [`slice::copy_within`], except that what does not fit is not copied.
///
/// The standard one panics there and links the C library's `memmove`, which is
/// more code on a microcontroller than everything that calls it.
#[inline(never)]
#[expect(clippy::arithmetic_side_effects, reason = "each sum and difference is a place in the slice")]
pub(crate) fn copy_within(bytes: &mut [u8], from: Range<usize>, to: usize) {
    let Range { start, end } = from;
    if to > start {
        let distance = to - start;
        (start..end).rev().for_each(|from| copy_step::<1>(bytes, from, from + distance));
        return;
    }
    let distance = start - to;
    let mut rest = start;
    // A microcontroller's sessions are short. Longer steps would be calls of `memmove`.
    if usize::BITS == 64 {
        rest = steps::<16>(bytes, rest, end, distance);
        rest = steps::<4>(bytes, rest, end, distance);
    }
    steps::<1>(bytes, rest, end, distance);
}

/// Copies downwards, `N` bytes at a time, and returns where fewer are left. A
/// step is read before it is written, and never reaches what is yet to be read.
#[inline(always)]
#[expect(clippy::arithmetic_side_effects, reason = "it goes up to `end`, from `distance` at least")]
fn steps<const N: usize>(bytes: &mut [u8], mut from: usize, end: usize, distance: usize) -> usize {
    while end.saturating_sub(from) >= N {
        copy_step::<N>(bytes, from, from - distance);
        from += N;
    }
    from
}

#[inline(always)]
fn copy_step<const N: usize>(bytes: &mut [u8], from: usize, to: usize) {
    if let Some(chunk) = bytes.get(from..).and_then(<[u8]>::first_chunk::<N>).copied()
        && let Some(room) = bytes.get_mut(to..).and_then(<[u8]>::first_chunk_mut::<N>)
    {
        *room = chunk;
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn it_copies_what_the_standard_one_copies() {
        for len in 0..44_usize {
            for start in 0..=len {
                for end in start..=len {
                    for to in 0..=len.saturating_sub(end - start) {
                        let mut expected: Vec<u8> = (0..len as u8).collect();
                        let mut bytes = expected.clone();
                        expected.copy_within(start..end, to);
                        copy_within(&mut bytes, start..end, to);
                        assert_eq!(bytes, expected, "{start}..{end} to {to} of {len}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_part_that_is_there_is_the_part() {
        let mut numbers = [1, 2, 3];
        assert_eq!(sub_slice(&numbers, 1..), [2, 3]);
        assert_eq!(sub_slice(&numbers, 3..), []);
        sub_slice_mut(&mut numbers, ..1).fill(7);
        assert_eq!(numbers, [7, 2, 3]);
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "a range outside of 3 elements")]
    fn a_part_that_is_not_there_stops_a_debug_build() {
        let _ = sub_slice(&[1, 2, 3], 2..4);
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "a range outside of 3 elements")]
    fn a_part_to_write_that_is_not_there_stops_a_debug_build() {
        let _ = sub_slice_mut(&mut [1, 2, 3], 4..);
    }

    #[test]
    fn out_of_range_is_not_a_panic() {
        for (from, to) in [(3..9, 0), (0..4, 3), (9..20, 30)] {
            copy_within(&mut [0; 4], from, to);
        }
    }
}
