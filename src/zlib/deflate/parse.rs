//! The lazy parse: which matches are used. Follows zlib's `deflate_slow`.
//!
//! A match is held back for one byte. If the next position has a longer one,
//! the byte becomes a literal and the longer match is held back instead.

#![expect(clippy::arithmetic_side_effects, reason = "what is held back began a byte before, so there is one")]

use super::chains::Slot;
use super::matches::{self, Match};
use super::trace::{Path, hit};
use crate::zlib::symbols::MIN_MATCH;

/// A match this long is used without a look at the next position: level 6's `max_lazy`.
const MAX_LAZY: usize = 16;
/// A match of three bytes from farther back costs more than three literals: zlib's `TOO_FAR`.
const TOO_FAR: usize = 4_096;

/// What stands for one or more bytes of the input.
#[derive(Clone, Copy)]
pub(super) enum Token {
    Literal(u8),
    Match(Match),
}

/// Parses `input`. `slots` holds the ranks, and then the tokens: a position's
/// slots are written only after its rank was used.
pub(super) fn parse(input: &[u8], sorted: &[Slot], slots: &mut [Slot]) {
    let mut held = Match::NONE;
    let mut has_literal = false;
    let mut at = 0_usize;
    while let Some(&slot) = slots.get(at)
        && at < input.len()
    {
        let mut found = Match::NONE;
        if held.len < MAX_LAZY {
            let rank = u16::from_le_bytes(slot);
            if let Some(longer) = matches::longest(input, sorted, rank, at, held.len) {
                if longer.len == MIN_MATCH && longer.distance > TOO_FAR {
                    hit(Path::TooFar);
                } else {
                    found = longer;
                }
            }
        }
        if held.len >= MIN_MATCH && found.len <= held.len {
            put(slots, at - 1, held.distance);
            put(slots, at, held.len);
            at += held.len - 1;
            held = Match::NONE;
            has_literal = false;
        } else {
            if held.len >= MIN_MATCH {
                hit(Path::LazyReplaced);
            }
            if has_literal {
                put(slots, at - 1, 0);
            }
            held = found;
            has_literal = true;
            at += 1;
        }
    }
    if has_literal {
        put(slots, at - 1, 0);
    }
}

/// Tokens lie at the positions of what they stand for. A literal is a zero; a
/// match is its distance and, in the next slot, its length.
#[inline(always)]
fn put(slots: &mut [Slot], at: usize, value: usize) {
    if let Some(slot) = slots.get_mut(at) {
        *slot = (value as u16).to_le_bytes();
    }
}

/// The tokens of the input from a position on.
#[derive(Clone, Copy)]
pub(super) struct Tokens<'a> {
    /// The part of the input that is not read yet.
    pub(super) input: &'a [u8],
    /// The slots of that part.
    pub(super) slots: &'a [Slot],
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    #[inline(always)]
    fn next(&mut self) -> Option<Token> {
        let (&literal, input) = self.input.split_first()?;
        let (&distance, slots) = self.slots.split_first()?;
        let distance = usize::from(u16::from_le_bytes(distance));
        if distance == 0 {
            (self.input, self.slots) = (input, slots);
            return Some(Token::Literal(literal));
        }
        let len = usize::from(u16::from_le_bytes(*slots.first()?));
        self.input = self.input.get(len..)?;
        self.slots = self.slots.get(len..)?;
        Some(Token::Match(Match { len, distance }))
    }
}
