//! The bytes of a session: its entries, and an index at the tail.
//!
//! ```text
//! { key:value, key:value, ...            free            ... [1] [0]
//! 0 1                    used                          index      end
//! ```
//!
//! The entries are unescaped JSON, each ended by a comma, in any order. Record
//! `i` of the index holds where the `i`-th entry *in insertion order* starts,
//! and which entry is the `i`-th *in key order*. So iterating and `popitem`
//! follow insertion, lookups are a binary search, and writing is sorted.
//!
//! Both live in one array, so that a session of any size is one type behind a
//! reference.

mod adopt;
mod entries;

use core::cmp::Ordering;

use crate::{
    Error,
    bytes::sub_slice_mut,
    json::{
        Encode, Encoder, TaggedJsonSerializer, Value, WRAPPED,
        scan::{self, MAX_LEN_BYTES, Order},
        sort::entry_len,
        text,
        value::{split_entry, split_string_bytes},
        write::Writer,
    },
    sink::Sink,
};

/// Bytes of an index record: two little-endian `u32`.
const RECORD: usize = 8;
/// Entries start behind the brace that the payload starts with.
const FIRST: usize = 1;

/// Entries and index in one array.
#[derive(Clone)]
pub(super) struct Arena<A: ?Sized> {
    /// How many bytes the entries take. Zero at first, as all the rest, so that a
    /// `static` session takes no flash.
    entries_bytes: usize,
    /// How many entries there are.
    len: usize,
    bytes: A,
}

impl<const N: usize> Arena<[u8; N]> {
    pub(super) const fn new() -> Self {
        Self { entries_bytes: 0, len: 0, bytes: [0; N] }
    }
}

/// A value's place among the entries.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// In insertion order.
    position: usize,
    /// In key order.
    rank: usize,
}

impl Arena<[u8]> {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The bytes that count: where an entry starts is a number of 31 bits.
    pub(super) const fn capacity_bytes(&self) -> usize {
        if self.bytes.len() < MAX_LEN_BYTES { self.bytes.len() } else { MAX_LEN_BYTES }
    }

    /// What entries and index take.
    pub(super) const fn used_bytes(&self) -> usize {
        self.end().saturating_add(self.len.saturating_mul(RECORD))
    }

    pub(super) fn clear(&mut self) {
        self.entries_bytes = 0;
        self.len = 0;
    }

    /// The end of the entries.
    const fn end(&self) -> usize {
        self.entries_bytes.saturating_add(FIRST)
    }

    fn set_end(&mut self, end: usize) {
        self.entries_bytes = end.wrapping_sub(FIRST);
    }

    // ---- the index

    fn load(&self, at: usize) -> usize {
        let bytes = self.bytes.get(at..).and_then(<[u8]>::first_chunk::<4>);
        bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize)
    }

    #[inline(never)]
    fn start_of(&self, position: usize) -> usize {
        self.load(record(&self.bytes, position))
    }

    #[inline(never)]
    fn set_start(&mut self, position: usize, start: usize) {
        let at = record(&self.bytes, position);
        store(&mut self.bytes, at, start);
    }

    #[inline(never)]
    fn ranked(&self, rank: usize) -> usize {
        self.load(record(&self.bytes, rank).wrapping_add(4))
    }

    #[inline(never)]
    fn set_ranked(&mut self, rank: usize, position: usize) {
        let at = record(&self.bytes, rank).wrapping_add(4);
        store(&mut self.bytes, at, position);
    }

    // ---- reading

    /// The entry at `position` in insertion order.
    #[inline(never)]
    pub(super) fn entry(&self, position: usize) -> (&str, Value<'_>) {
        split_entry(self.bytes.get(self.start_of(position)..self.end()).unwrap_or_default())
    }

    /// The key at `position`, from behind its start mark.
    #[inline(never)]
    fn key(&self, position: usize) -> &[u8] {
        self.bytes.get(self.start_of(position).wrapping_add(1)..self.end()).unwrap_or_default()
    }

    pub(super) fn value(&self, place: Place) -> Value<'_> {
        let key = self.key(place.position);
        // Behind the key, its end mark and the colon.
        let start = text::string_len(key).wrapping_add(2);
        Value::split(key.get(start..).unwrap_or_default()).0
    }

    pub(super) fn last(&self) -> Option<Place> {
        let position = self.len.checked_sub(1)?;
        let (key, _) = self.entry(position);
        self.find(key).ok()
    }

    /// Where `key` is, or at which rank it belongs.
    pub(super) fn find(&self, key: &str) -> Result<Place, usize> {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let rank = low.midpoint(high);
            let position = self.ranked(rank);
            let other = self.key(position);
            match other.get(..text::string_len(other)).unwrap_or_default().cmp(key.as_bytes()) {
                Ordering::Less => low = rank.wrapping_add(1),
                Ordering::Equal => return Ok(Place { position, rank }),
                Ordering::Greater => high = rank,
            }
        }
        Err(low)
    }

    // ---- writing as JSON text

    /// Writes the whole session as the JSON text of a dict.
    pub(super) fn write<S: Sink>(
        &self,
        serializer: TaggedJsonSerializer,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let entries = |start, end: usize| self.bytes.get(start..end.wrapping_sub(1)).unwrap_or_default();
        let all = entries(FIRST, self.end());
        let would_read_as_tag = self.len == 1 && serializer.role(split_string_bytes(all).0).is_some();
        let start = |number| self.start_of(if serializer.sort_keys { self.ranked(number) } else { number });
        let mut writer = Writer::new(serializer, sink);
        writer.open(would_read_as_tag)?;
        if (0..self.len).map(start).is_sorted() {
            writer.spans(all)?;
        } else {
            for number in 0..self.len {
                if number > 0 {
                    writer.put(b",")?;
                }
                let start = start(number);
                writer.spans(entries(start, start.wrapping_add(entry_len(&self.bytes, start))))?;
            }
        }
        writer.close(would_read_as_tag)?;
        writer.finish()
    }

    // ---- the whole contents

    /// Fills the arena with the JSON text that `fill` writes at its start.
    /// Without success it is empty.
    pub(super) fn fill(
        &mut self,
        serializer: TaggedJsonSerializer,
        fill: impl FnOnce(&mut [u8]) -> Result<usize, Error>,
    ) -> Result<(), Error> {
        self.clear();
        let capacity_bytes = self.capacity_bytes();
        let len = fill(sub_slice_mut(&mut self.bytes, ..capacity_bytes))?;
        let (text, free) = self.bytes.split_at_mut_checked(len).unwrap_or_default();
        // The index is filled as the text is read, as far as there is room behind it.
        let indexed = free.len() / RECORD;
        let mut entries = 0_usize;
        let mut note = |start| {
            store(free, record(free, entries), start);
            entries = entries.wrapping_add(1);
        };
        let len = scan::load(text, serializer, Order::KeepOutermost(&mut note))?;
        let loaded = match self.bytes.get(..len) {
            Some(b"null") => Ok(()),
            Some([b'{' | WRAPPED, ..]) => self.adopt(len, entries, indexed, serializer),
            // Flask makes a session of pairs, and an exception of the rest.
            _ => Err(Error::BadPayload),
        };
        loaded.inspect_err(|_| self.clear())
    }

    /// Replaces everything by the dict that `value` is.
    pub(super) fn replace_all(
        &mut self,
        value: &dyn Encode,
        serializer: TaggedJsonSerializer,
    ) -> Result<(), Error> {
        let counted = Encoder::count(value, serializer, 0)?;
        let entries = counted.entries.ok_or(Error::WrongType)?;
        let arena_bytes = counted.len_bytes.saturating_add(entries.saturating_mul(RECORD));
        self.check(arena_bytes.max(counted.text_len_bytes))?;
        self.clear();
        let target = self.bytes.get_mut(..counted.len_bytes).unwrap_or_default();
        Encoder::write(value, serializer, counted, target)?;
        self.adopt(counted.len_bytes, entries, 0, serializer).inspect_err(|_| self.clear())
    }

    fn check(&self, needed_bytes: usize) -> Result<(), Error> {
        let capacity_bytes = self.capacity_bytes();
        if needed_bytes > capacity_bytes {
            return Err(Error::Capacity { needed_bytes, capacity_bytes });
        }
        Ok(())
    }
}

/// Where a record is in bytes that end with the index.
fn record(bytes: &[u8], number: usize) -> usize {
    bytes.len().wrapping_sub(number.wrapping_add(1).wrapping_mul(RECORD))
}

/// Stores half a record, if there is room.
fn store(bytes: &mut [u8], at: usize, value: usize) {
    if let Some(bytes) = bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<4>) {
        *bytes = (value as u32).to_le_bytes();
    }
}
