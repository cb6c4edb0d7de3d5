//! A dict that was read becomes a session's entries.

use core::cmp::Ordering;

use super::{Arena, DEAD, FIRST, RECORD};
use crate::{
    bytes::copy_within,
    error::{Error, PayloadError},
    json::entries::{Dialect, compare_keys, entry_len},
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
        dialect: Dialect,
    ) -> Result<(), Error> {
        self.check(len.saturating_add(entries.saturating_mul(RECORD)))?;
        if entries > 0 {
            self.set_byte(len - 1, b',');
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
            self.sort_ranks();
            self.drop_duplicates();
            // One key that came several times could have been a tag.
            if self.len == 1 && dialect.role(self.entry(0).0.as_bytes()).is_some() {
                return Err(Error::BadPayload(PayloadError::NotASession));
            }
        }
        Ok(())
    }

    fn end_of(&self, position: usize) -> usize {
        let start = self.start_of(position);
        start + entry_len(&self.bytes, start)
    }

    /// Orders the ranks by key, and by insertion among equal keys. Heapsort: no second
    /// buffer, and no input makes it slow.
    fn sort_ranks(&mut self) {
        for root in (0..self.len / 2).rev() {
            self.sift_down(root, self.len);
        }
        for end in (1..self.len).rev() {
            let (first, last) = (self.ranked(0), self.ranked(end));
            self.set_ranked(0, last);
            self.set_ranked(end, first);
            self.sift_down(0, end);
        }
    }

    /// Whether what is at rank `a` belongs before what is at rank `b`.
    fn is_before(&self, a: usize, b: usize) -> bool {
        let (a, b) = (self.ranked(a), self.ranked(b));
        compare_keys(self.key(a), self.key(b)).then(a.cmp(&b)) == Ordering::Less
    }

    /// Goes down to a leaf along the greater children, then back up to where the
    /// root belongs: half the comparisons of going down with it.
    fn sift_down(&mut self, root: usize, end: usize) {
        let mut place = root;
        loop {
            let left = place * 2 + 1;
            let right = left + 1;
            if left >= end {
                break;
            }
            place = if right < end && self.is_before(left, right) { right } else { left };
        }
        while place > root && self.is_before(place, root) {
            place = (place - 1) / 2;
        }
        // Each on the way moves up to its parent's place.
        let mut moved = self.ranked(root);
        while place > root {
            let next = self.ranked(place);
            self.set_ranked(place, moved);
            moved = next;
            place = (place - 1) / 2;
        }
        self.set_ranked(root, moved);
    }

    /// Among equal keys keeps the last value, at the first position, as Python does. The
    /// entries stand as they came, and the ranks are in key order, before as after.
    fn drop_duplicates(&mut self) {
        /// The start in a record that is dropped.
        const GONE: usize = 0;
        /// Set in such a record whose entry is kept, for the record with this number.
        const KEPT_FOR: usize = 1 << 31;

        let all = self.len;
        let (mut rank, mut kept) = (0, 0);
        while rank < all {
            let first = self.ranked(rank);
            let mut last = first;
            rank += 1;
            while rank < all && compare_keys(self.key(last), self.key(self.ranked(rank))) == Ordering::Equal {
                self.set_byte(self.start_of(last), DEAD);
                if last != first {
                    self.set_start(last, GONE);
                }
                last = self.ranked(rank);
                rank += 1;
            }
            if last != first {
                self.set_start(last, KEPT_FOR | first);
            }
            self.set_ranked(kept, first);
            kept += 1;
        }
        if kept == all {
            return;
        }

        let (mut from, mut to) = (FIRST, FIRST);
        for position in 0..all {
            let len = entry_len(&self.bytes, from);
            if self.bytes.get(from) != Some(&DEAD) {
                copy_within(&mut self.bytes, from..from + len, to);
                let start = self.start_of(position);
                if start & KEPT_FOR == 0 {
                    self.set_start(position, to);
                } else {
                    self.set_start(start - KEPT_FOR, to);
                    self.set_start(position, GONE);
                }
                to += len;
            }
            from += len;
        }
        self.set_end(to);

        // The records close ranks, for which each start waits where its position is known from.
        for rank in 0..kept {
            let position = self.ranked(rank);
            self.set_ranked(rank, self.start_of(position));
            self.set_start(position, rank + 1);
        }
        let mut number = 0;
        for position in 0..all {
            let Some(rank) = self.start_of(position).checked_sub(1) else { continue };
            self.set_start(number, self.ranked(rank));
            self.set_ranked(rank, number);
            number += 1;
        }
        self.len = kept;
    }
}
