//! The longest match at a position, as zlib's `longest_match` finds it.

#![expect(clippy::arithmetic_side_effects, reason = "places and lengths within an input of up to 2^15 bytes")]

use super::chains::{FIRST, Slot};
use super::trace::{Path, hit};
use crate::bytes::sub_slice;
use crate::zlib::symbols::{MAX_MATCH, MIN_MATCH, WINDOW};

/// How many candidates are tried: level 6's `max_chain_length`.
const MAX_CHAIN: usize = 128;
/// From this length on, the match to be beaten is good, and only
/// a quarter of the candidates are tried: level 6's `good_match`.
const GOOD_MATCH: usize = 8;
/// From this length on, the search stops: level 6's `nice_match`.
const NICE_MATCH: usize = 128;
/// The largest distance: the window, less zlib's `MIN_LOOKAHEAD`, which
/// it keeps free to read ahead.
const MAX_DISTANCE: usize = WINDOW - (MAX_MATCH + MIN_MATCH + 1);
/// What a match has to be longer than when there is none before it.
pub(super) const NO_MATCH: usize = MIN_MATCH - 1;

/// A match: as many bytes as those that distance back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    /// Up to [`NO_MATCH`]: none.
    pub(super) len: usize,
    pub(super) distance: usize,
}

impl Match {
    pub(super) const NONE: Self = Self { len: NO_MATCH, distance: 0 };
}

/// Finds the first longest match at `at` that is longer than `beat` bytes, if there is one.
///
/// `rank` is the position's entry in the ranks. Nearer candidates come first and
/// farther ones must be longer, so of equally long matches the nearest wins.
#[inline(always)]
pub(super) fn longest(input: &[u8], sorted: &[Slot], rank: u16, at: usize, beat: usize) -> Option<Match> {
    if rank & FIRST != 0 {
        return None;
    }
    let ahead = input.get(at..)?;
    // A match is cut to what is left, so nothing can beat that.
    if beat >= ahead.len() {
        return None;
    }
    let longest = ahead.len().min(MAX_MATCH);
    let nice = ahead.len().min(NICE_MATCH);
    let budget = if beat >= GOOD_MATCH { MAX_CHAIN / 4 } else { MAX_CHAIN };

    let end = usize::from(rank);
    let mut candidates = sorted.get(end.saturating_sub(budget)..end)?;
    if let Some(limit) = at.checked_sub(MAX_DISTANCE) {
        candidates = in_window(candidates, limit);
    }
    let mut best = Match { len: beat, distance: 0 };
    let mut tail = Tail::new(input, ahead, beat);
    let mut is_used_up = true;
    for &slot in candidates.iter().rev() {
        let entry = u16::from_le_bytes(slot);
        let candidate = usize::from(entry & !FIRST);
        if tail.is_at(candidate) {
            let len = common(input.get(candidate..)?, ahead, longest);
            if len > best.len {
                best = Match { len, distance: at - candidate };
                if len >= nice {
                    hit(Path::NiceMatch);
                    is_used_up = false;
                    break;
                }
                tail = Tail::new(input, ahead, len);
            }
        }
        if entry & FIRST != 0 {
            is_used_up = false;
            break;
        }
    }
    if is_used_up && candidates.len() == budget {
        hit(if beat >= GOOD_MATCH { Path::ReducedChainBudget } else { Path::ChainBudget });
    }
    if best.distance == MAX_DISTANCE {
        hit(Path::WindowLimit);
    }
    (best.len > beat).then_some(best)
}

/// Drops the candidates that are too far back. zlib takes the nearest one at the
/// largest distance too, and the others only below it.
#[cold]
fn in_window(candidates: &[Slot], limit: usize) -> &[Slot] {
    let mut lowest = limit;
    for (index, &slot) in candidates.iter().enumerate().rev() {
        let entry = u16::from_le_bytes(slot);
        if usize::from(entry & !FIRST) < lowest {
            hit(Path::WindowExceeded);
            return sub_slice(candidates, index + 1..);
        }
        if entry & FIRST != 0 {
            break;
        }
        lowest = limit + 1;
    }
    candidates
}

/// A machine word: what is compared at a time.
const WORD: usize = size_of::<usize>();

/// The last bytes, up to a word, that a longer match must have. They tell
/// candidates apart without comparing them from the start; for
/// matches shorter than a word nothing is left to compare.
#[derive(Clone, Copy)]
struct Tail<'a> {
    /// The input from as far on as the last bytes are from a match's start.
    input: &'a [u8],
    bytes: usize,
    mask: usize,
}

impl<'a> Tail<'a> {
    /// What a match at `ahead` longer than `len` ends with.
    #[inline(always)]
    fn new(input: &'a [u8], ahead: &[u8], len: usize) -> Self {
        let needed = len + 1;
        let offset = needed.saturating_sub(WORD);
        let unused = WORD.saturating_sub(needed) as u32;
        let mask = usize::MAX >> (unused * 8);
        // Nearer to the input's end than a word, everything is compared.
        let (bytes, mask) = word(ahead, offset).map_or((0, 0), |bytes| (bytes, mask));
        let input = sub_slice(input, offset..);
        Self { input, bytes, mask }
    }

    #[inline(always)]
    fn is_at(self, candidate: usize) -> bool {
        word(self.input, candidate).is_none_or(|word| (word ^ self.bytes) & self.mask == 0)
    }
}

#[inline(always)]
fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let word = bytes.get(at..at + WORD)?.first_chunk()?;
    Some(usize::from_le_bytes(*word))
}

/// How many bytes, up to `limit`, are the same; a machine word at a time.
#[inline(always)]
fn common(a: &[u8], b: &[u8], limit: usize) -> usize {
    let (a_words, a_rest) = sub_slice(a, ..limit).as_chunks::<WORD>();
    let (b_words, b_rest) = sub_slice(b, ..limit).as_chunks::<WORD>();
    let mut len = 0_usize;
    for (&a, &b) in a_words.iter().zip(b_words) {
        let difference = usize::from_le_bytes(a) ^ usize::from_le_bytes(b);
        if difference != 0 {
            return len + (difference.trailing_zeros() >> 3) as usize;
        }
        len += WORD;
    }
    len + a_rest.iter().zip(b_rest).take_while(|(a, b)| a == b).count()
}
