//! Sorting an object's entries where they stand.
//!
//! Flask writes keys sorted, so this runs only for what others wrote, or for a
//! Rust struct whose fields are declared in another order. The entries differ
//! in length and there is no second buffer of their size, so it is a merge
//! sort whose merge rotates (after Dudziński and Dydek, "On a stable
//! minimum storage merging algorithm", 1981): O(n log² n) for any input. Small
//! runs are merged through a buffer on the stack instead.
//!
//! Runs that are in order already are taken as they are. Each waits until one comes that
//! is at least half as long, so that few wait and every entry is merged O(log n) times.
//!
//! Objects are sorted from the inside out, so an object whose parents are all
//! unsorted would be walked and moved again and again. Therefore the longest
//! entry stands aside: it is moved twice and never walked, and what remains,
//! summed over all levels, is O(n log n).

#![expect(
    clippy::arithmetic_side_effects,
    reason = "positions in an object's entries, which are shorter than 2 GiB, and none is empty"
)]

use core::{cmp::Ordering, ops::Range};

use super::{span::span_len, words};
use crate::bytes::{copy, copy_within, sub_slice, sub_slice_mut};

/// Runs of up to so many bytes are merged through a buffer.
const BUFFER: usize = 240;

/// The deepest that [`merge`] can put off work: its left part halves each time,
/// from below 2 GiB, until it fits into the buffer.
const MERGE_DEPTH: usize = (31 - BUFFER.ilog2()) as usize;

/// The most runs that wait: each is at least twice as long as the next, as long as
/// there is room for one more. So they have 100 MB, and on small processors 80 KB.
const RUNS: usize = if usize::BITS < 64 { 14 } else { 24 };

/// The order of two keys, given from behind their start marks: by code point.
///
/// UTF-8 keeps code-point order, and the end mark becomes the smallest byte, so
/// that a key sorts before its extensions.
#[inline(never)]
pub(crate) fn compare_keys(a: &[u8], b: &[u8]) -> Ordering {
    for (a, b) in a.iter().zip(b) {
        if a != b {
            // The end mark is 0xFF.
            return a.wrapping_add(1).cmp(&b.wrapping_add(1));
        }
        if *a == super::STRING_END {
            break;
        }
    }
    Ordering::Equal
}

/// Sorts `entries`, each `key:value,`, and drops all but the last of those with
/// equal keys. Returns the length of what is left.
pub(crate) fn sort_entries(entries: &mut [u8]) -> usize {
    if is_sorted(entries) {
        return entries.len();
    }
    merge_runs(entries);
    drop_duplicates(entries)
}

/// As [`sort_entries`]; `longest` is where the longest entry stands. Says also
/// whether only one entry is left.
#[inline(never)]
pub(crate) fn sort_entries_around(entries: &mut [u8], longest: Range<usize>) -> (usize, bool) {
    let len = longest.len();
    let end = entries.len();
    let others = end - len;
    let mut later = longest.end;
    while later < end && compare(entries, later, longest.start) != Ordering::Equal {
        later += entry_len(entries, later);
    }
    rotate(entries, longest.start, longest.end, end);
    let mut kept = sort_entries(sub_slice_mut(entries, ..others));
    if later < end {
        // A later entry has its key.
        return (kept, entry_len(entries, 0) == kept);
    }
    let place = lower_bound(entries, 0, kept, others);
    if place < kept && compare(entries, place, others) == Ordering::Equal {
        let replaced = entry_len(entries, place);
        copy_within(entries, place + replaced..kept, place);
        kept -= replaced;
    }
    rotate(entries, place, others, end);
    (kept + len, kept == 0)
}

/// Sorts `entries` by key, stably.
fn merge_runs(entries: &mut [u8]) {
    // Where the runs start that wait, the last of which ends where the next one starts.
    let mut starts = [0; RUNS];
    let mut waiting = 0;
    let mut start = 0;
    while start < entries.len() {
        let end = run_end(entries, start);
        let mut run = start;
        while let Some(last) = usize::checked_sub(waiting, 1)
            && let Some(before) = starts.get(last).copied()
            && (end == entries.len() || waiting == RUNS || run - before < 2 * (end - run))
        {
            merge(sub_slice_mut(entries, before..end), run - before);
            run = before;
            waiting = last;
        }
        if let Some(slot) = starts.get_mut(waiting) {
            *slot = run;
            waiting += 1;
        }
        start = end;
    }
}

/// The end of the run at `start`: of entries no key of which is less than the one before.
fn run_end(entries: &[u8], start: usize) -> usize {
    let mut at = start;
    loop {
        let next = at + entry_len(entries, at);
        if next >= entries.len() || compare(entries, at, next) == Ordering::Greater {
            return next;
        }
        at = next;
    }
}

/// Whether every key is greater than the one before.
fn is_sorted(entries: &[u8]) -> bool {
    let mut at = 0;
    while at < entries.len() {
        let next = at + entry_len(entries, at);
        if next < entries.len() && compare(entries, at, next) != Ordering::Less {
            return false;
        }
        at = next;
    }
    true
}

/// Merges two sorted runs that meet at `middle`. Stable.
fn merge(runs: &mut [u8], middle: usize) {
    // Merges that wait: the entry before them, which is in its place, and their
    // middle. Each ends where the next one's entry is.
    let mut later = [(0_usize, 0_usize); MERGE_DEPTH];
    let mut waiting = 0;
    let (mut start, mut middle, mut end) = (0, middle, runs.len());
    loop {
        if start < middle && middle < end {
            if middle - start > BUFFER {
                // The entry in the middle of the left run goes to its place: behind
                // what is smaller in the right run. That leaves two smaller merges.
                let pivot = entry_at(runs, start, start.midpoint(middle));
                let bound = lower_bound(runs, middle, end, pivot);
                rotate(runs, pivot, middle, bound);
                let pivot_end = pivot + (bound - middle);
                if let Some(slot) = later.get_mut(waiting) {
                    *slot = (pivot_end, bound);
                    waiting += 1;
                }
                (middle, end) = (pivot, pivot_end);
                continue;
            }
            merge_small(sub_slice_mut(runs, start..end), middle - start);
        }
        let mut rest = later.iter().take(waiting).rev();
        let Some((before, bound)) = rest.next().copied() else { return };
        (start, middle) = (before + entry_len(runs, before), bound);
        end = rest.next().map_or(runs.len(), |(after, _)| *after);
        waiting -= 1;
    }
}

/// Merges two sorted runs that meet at `middle`, at most [`BUFFER`]. Stable.
fn merge_small(runs: &mut [u8], middle: usize) {
    let mut buffer = [0; BUFFER];
    let left_run = sub_slice_mut(&mut buffer, ..middle);
    copy(left_run, runs);
    // What was written never reaches what is still to be read.
    let (mut written, mut left, mut right) = (0, 0, middle);
    while left < middle {
        let take_left =
            right >= runs.len() || compare_keys(key(left_run, left), key(runs, right)) != Ordering::Greater;
        let len = if take_left { entry_len(left_run, left) } else { entry_len(runs, right) };
        let after = written + len;
        if take_left {
            copy(sub_slice_mut(runs, written..after), sub_slice(left_run, left..));
            left += len;
        } else {
            copy_within(runs, right..right + len, written);
            right += len;
        }
        written = after;
    }
}

/// The start of the entry that holds `position`, from `start` on.
fn entry_at(entries: &[u8], start: usize, position: usize) -> usize {
    let mut at = start;
    loop {
        let next = at + entry_len(entries, at);
        if next > position {
            return at;
        }
        at = next;
    }
}

/// The first entry of `from..to` that is not smaller than the one at `pivot`.
fn lower_bound(entries: &[u8], from: usize, to: usize, pivot: usize) -> usize {
    let mut at = from;
    while at < to && compare(entries, at, pivot) == Ordering::Less {
        at += entry_len(entries, at);
    }
    at
}

/// Swaps `start..middle` with `middle..end`, by three reversals.
#[inline(never)]
pub(crate) fn rotate(bytes: &mut [u8], start: usize, middle: usize, end: usize) {
    for (from, to) in [(start, middle), (middle, end), (start, end)] {
        if let Some(part) = bytes.get_mut(from..to) {
            part.reverse();
        }
    }
}

/// Whether all `entries`, each `key:value,`, have the same key.
pub(crate) fn have_one_key(entries: &[u8]) -> bool {
    let mut at = 0;
    while at < entries.len() {
        if compare(entries, 0, at) != Ordering::Equal {
            return false;
        }
        at += entry_len(entries, at);
    }
    true
}

/// Keeps the last of the entries with equal keys.
fn drop_duplicates(entries: &mut [u8]) -> usize {
    let (mut kept, mut at) = (0, 0);
    while at < entries.len() {
        let len = entry_len(entries, at);
        let next = at + len;
        let replaced = next < entries.len() && compare(entries, at, next) == Ordering::Equal;
        if !replaced {
            if kept != at {
                copy_within(entries, at..next, kept);
            }
            kept += len;
        }
        at = next;
    }
    kept
}

/// The order of the entries at `a` and `b`.
#[inline(never)]
fn compare(entries: &[u8], a: usize, b: usize) -> Ordering {
    compare_keys(key(entries, a), key(entries, b))
}

/// The key at `at`, from behind its start mark.
fn key(entries: &[u8], at: usize) -> &[u8] {
    sub_slice(entries, at + 1..)
}

/// The length of the entry at `at`, its comma included; at least 1.
pub(crate) fn entry_len(entries: &[u8], at: usize) -> usize {
    let key = key(entries, at);
    // Behind the start mark: the key, its end mark, the colon, the value, the comma.
    let before_value = words::string_len(key) + 2;
    let value_len = span_len(sub_slice(key, before_value..));
    before_value + value_len + 2
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::{collections::BTreeMap, format, string::String, vec::Vec};

    fn entries(keys: &[String]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (value, key) in keys.iter().enumerate() {
            bytes.push(0xFE);
            bytes.extend(key.bytes());
            bytes.push(0xFF);
            bytes.extend(format!(":{value},").bytes());
        }
        bytes
    }

    /// Against a std map, over many shapes: the keys sorted, the last value kept.
    #[test]
    fn sorted_and_last_wins() {
        let mut state = 1_u32;
        let mut random = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % below
        };
        for round in 0..400 {
            let len = random(60) as usize;
            let keys: Vec<String> = (0..len)
                .map(|i| match round % 4 {
                    0 => format!("k{:03}", len - i),
                    1 => format!("k{}", random(8)),
                    2 => "é".repeat(random(4) as usize) + &"a".repeat(random(4) as usize),
                    _ => format!("{}", random(100_000)),
                })
                .collect();
            let mut bytes = entries(&keys);
            let mut around = bytes.clone();
            let kept = sort_entries(&mut bytes);
            let map: BTreeMap<_, _> = keys.iter().enumerate().map(|(i, k)| (k, i)).collect();
            let map_len = map.len();
            let mut expected = Vec::new();
            for (key, value) in map {
                expected.push(0xFE);
                expected.extend(key.bytes());
                expected.push(0xFF);
                expected.extend(format!(":{value},").bytes());
            }
            assert_eq!(&bytes[..kept], &expected[..]);
            if len > 0 {
                // Any entry may stand aside.
                let next = |at| at + entry_len(&around, at);
                let start = (0..random(len as u32)).fold(0, |at, _| next(at));
                let end = next(start);
                let (kept, single) = sort_entries_around(&mut around, start..end);
                assert_eq!(&around[..kept], &expected[..]);
                assert_eq!(single, map_len == 1);
            }
        }
    }

    #[test]
    fn a_prefix_sorts_first() {
        assert_eq!(compare_keys(b"a\xFF", b"ab\xFF"), Ordering::Less);
        assert_eq!(compare_keys(b"\xFF", b"a\xFF"), Ordering::Less);
        assert_eq!(compare_keys(b"ab\xFF:1", b"ab\xFF:2"), Ordering::Equal);
    }
}
