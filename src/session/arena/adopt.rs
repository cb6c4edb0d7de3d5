//! A dict that was read becomes a session's entries.

use core::cmp::Ordering;

use super::{Arena, FIRST, RECORD};
use crate::{
    bytes::copy_within,
    error::{Error, PayloadError},
    json::{
        TaggedJsonSerializer,
        sort::{compare_keys, entry_len},
    },
};

impl Arena<[u8]> {
    /// Makes `entries` entries of the unescaped dict at the start, `len` bytes
    /// long. The first `indexed` of them, if there are so many, have their start in
    /// the index.
    pub(super) fn adopt(
        &mut self,
        len: usize,
        entries: usize,
        indexed: usize,
        serializer: TaggedJsonSerializer,
    ) -> Result<(), Error> {
        self.check(len.saturating_add(entries.saturating_mul(RECORD)))?;
        if entries > 0 {
            if let Some(brace) = self.bytes.get_mut(len.wrapping_sub(1)) {
                *brace = b',';
            }
            self.set_end(len);
            self.len = entries;
        }
        let mut sorted = true;
        for position in 0..entries {
            let previous = position.checked_sub(1);
            if position >= indexed {
                let start = previous.map_or(FIRST, |previous| self.end_of(previous));
                self.set_start(position, start);
            }
            self.set_ranked(position, position);
            if let Some(previous) = previous {
                sorted &= compare_keys(self.key(previous), self.key(position)) == Ordering::Less;
            }
        }
        if !sorted {
            self.sort_ranks(Self::by_key);
            self.drop_duplicates();
            // One key that came several times could have been a tag.
            if self.len == 1 && serializer.role(self.entry(0).0.as_bytes()).is_some() {
                return Err(Error::BadPayload(PayloadError::NotASession));
            }
        }
        Ok(())
    }

    fn end_of(&self, position: usize) -> usize {
        let start = self.start_of(position);
        start.wrapping_add(entry_len(&self.bytes, start))
    }

    /// By key, and by insertion among equal keys.
    fn by_key(&self, a: usize, b: usize) -> Ordering {
        compare_keys(self.key(a), self.key(b)).then(a.cmp(&b))
    }

    /// By where the entries stand.
    fn by_start(&self, a: usize, b: usize) -> Ordering {
        self.start_of(a).cmp(&self.start_of(b))
    }

    /// Orders the ranks. Heapsort: no second buffer, and no input makes it slow.
    fn sort_ranks(&mut self, order: fn(&Self, usize, usize) -> Ordering) {
        for root in (0..self.len / 2).rev() {
            self.sift_down(root, self.len, order);
        }
        for end in (1..self.len).rev() {
            self.swap_ranks(0, end);
            self.sift_down(0, end, order);
        }
    }

    /// Goes down to a leaf along the greater children, then back up to where the
    /// root belongs: half the comparisons of going down with it.
    fn sift_down(&mut self, root: usize, end: usize, order: fn(&Self, usize, usize) -> Ordering) {
        let before = |arena: &Self, a, b| order(arena, arena.ranked(a), arena.ranked(b)) == Ordering::Less;
        let mut place = root;
        loop {
            let left = place.wrapping_mul(2).wrapping_add(1);
            let right = left.wrapping_add(1);
            if left >= end {
                break;
            }
            place = if right < end && before(self, left, right) { right } else { left };
        }
        while place > root && before(self, place, root) {
            place = place.wrapping_sub(1) / 2;
        }
        // Each on the way moves up to its parent's place.
        let mut moved = self.ranked(root);
        while place > root {
            let next = self.ranked(place);
            self.set_ranked(place, moved);
            moved = next;
            place = place.wrapping_sub(1) / 2;
        }
        self.set_ranked(root, moved);
    }

    fn swap_ranks(&mut self, a: usize, b: usize) {
        let (at_a, at_b) = (self.ranked(a), self.ranked(b));
        self.set_ranked(a, at_b);
        self.set_ranked(b, at_a);
    }

    /// Among equal keys keeps the last value, at the first position, as Python
    /// does. The ranks are in key order, before as after.
    fn drop_duplicates(&mut self) {
        /// Takes the place of an entry's start mark while it waits to be dropped.
        const DEAD: u8 = 0xFB;
        /// The start in a record that waits to be dropped.
        const GONE: usize = 0;

        let all = self.len;
        let mut has_duplicates = false;
        let mut rank = 0_usize;
        while rank < all {
            let first = self.ranked(rank);
            let mut last = first;
            rank = rank.wrapping_add(1);
            while rank < all && compare_keys(self.key(last), self.key(self.ranked(rank))) == Ordering::Equal {
                if let Some(mark) = self.bytes.get_mut(self.start_of(last)) {
                    *mark = DEAD;
                }
                has_duplicates = true;
                if last != first {
                    self.set_start(last, GONE);
                }
                last = self.ranked(rank);
                rank = rank.wrapping_add(1);
            }
            if last != first {
                self.set_start(first, self.start_of(last));
                self.set_start(last, GONE);
            }
        }

        // Mostly there are none, and sorting twice more would take three times as long.
        if !has_duplicates {
            return;
        }

        let mut kept = 0_usize;
        for position in 0..all {
            let start = self.start_of(position);
            if start != GONE {
                self.set_start(kept, start);
                self.set_ranked(kept, kept);
                kept = kept.wrapping_add(1);
            }
        }
        self.len = kept;

        self.sort_ranks(Self::by_start);
        let mut rank = 0_usize;
        let (mut from, mut to) = (FIRST, FIRST);
        while from < self.end() {
            let len = entry_len(&self.bytes, from);
            if self.bytes.get(from) != Some(&DEAD) {
                copy_within(&mut self.bytes, from..from.wrapping_add(len), to);
                self.set_start(self.ranked(rank), to);
                rank = rank.wrapping_add(1);
                to = to.wrapping_add(len);
            }
            from = from.wrapping_add(len);
        }
        self.set_end(to);
        self.sort_ranks(Self::by_key);
    }
}
