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
//!
//! | file | idea |
//! |---|---|
//! | `adopt` | a dict that was read becomes the entries |
//! | `entries` | an entry comes, grows or goes |
//! | `behind` | new entries are written behind all others, then take their places |
//! | `nested` | changes inside of an entry |
//!
//! How long the JSON text is decides whether a change is possible. The first change
//! measures all entries, and each later one what it puts in and takes out, so that
//! filling a session takes time in proportion.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "positions and lengths in an arena, of which at most 2 GiB count, and numbers of entries in it"
)]

mod adopt;
mod behind;
mod entries;
mod nested;

use core::cmp::Ordering;

use crate::{
    bytes::{copy, sub_slice, sub_slice_mut},
    error::{Error, Mismatch, PayloadError, TypeName},
    json::entries::{
        Dialect, Encode, Encoder, MAX_LEN_BYTES, Order, Value, WRAPPED, WRAPPED_END, WRAPPER_LEN, Writer,
        entry_len, load, split_entry, split_string_bytes, string_len, string_text_len, text_len,
    },
    sink::{AnySink, Stopped},
};

/// What is wrong with a value that is to become a session's entries and is no dict.
const NO_DICT: Mismatch = Mismatch::Type { found: TypeName::Other, asked: TypeName::Dict };
/// Bytes of an index record.
const RECORD: usize = size_of::<Record>();
/// Entries start behind the brace that the payload starts with.
const FIRST: usize = 1;
/// In place of the start mark of an entry that is to go, until the others close up.
const DEAD: u8 = 0xF9;

/// Two little-endian `u32`: a start and a position.
type Record = [[u8; 4]; 2];

/// Entries and index in one array.
#[derive(Clone)]
pub(super) struct Arena<A: ?Sized> {
    /// How many bytes the entries take. Zero at first, as all the rest, so that a
    /// `static` session takes no flash.
    entries_bytes: usize,
    /// How many entries there are.
    len: usize,
    /// How many bytes the entries take as JSON text, each with a colon and a comma.
    /// Zero beside entries says that they have not been measured.
    text_bytes: usize,
    /// How many keys would read as a tag if they were the only one. Measured with the text.
    tag_keys: usize,
    bytes: A,
}

impl<const N: usize> Arena<[u8; N]> {
    pub(super) const fn new() -> Self {
        Self { entries_bytes: 0, len: 0, text_bytes: 0, tag_keys: 0, bytes: [0; N] }
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

/// What an entry takes as JSON text.
#[derive(Clone, Copy)]
struct EntryText {
    len_bytes: usize,
    /// Whether its key would read as a tag if it were the only one.
    is_tag: bool,
}

impl EntryText {
    fn new(key: &str, value_text_len: usize, dialect: Dialect) -> Self {
        let key_text_len = string_text_len(key, dialect.ensure_ascii);
        // A colon, and a comma or brace.
        let len_bytes = key_text_len.saturating_add(value_text_len).saturating_add(2);
        Self { len_bytes, is_tag: dialect.role(key.as_bytes()).is_some() }
    }
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
        self.end() + self.len * RECORD
    }

    pub(super) fn clear(&mut self) {
        (self.entries_bytes, self.len, self.text_bytes, self.tag_keys) = (0, 0, 0, 0);
    }

    /// The end of the entries.
    const fn end(&self) -> usize {
        FIRST + self.entries_bytes
    }

    fn set_end(&mut self, end: usize) {
        self.entries_bytes = end - FIRST;
    }

    fn set_byte(&mut self, at: usize, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(at) {
            *slot = byte;
        }
    }

    // ---- the index

    /// The index, the last record first.
    fn index(&self) -> &[Record] {
        let records = records(&self.bytes);
        sub_slice(records, records.len().saturating_sub(self.len)..)
    }

    /// As [`index`](Self::index), to be written.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn index_mut(&mut self) -> &mut [Record] {
        let records = records_mut(&mut self.bytes);
        let free = records.len().saturating_sub(self.len);
        sub_slice_mut(records, free..)
    }

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
        self.load(record(&self.bytes, rank) + 4)
    }

    #[inline(never)]
    fn set_ranked(&mut self, rank: usize, position: usize) {
        let at = record(&self.bytes, rank) + 4;
        store(&mut self.bytes, at, position);
    }

    // ---- reading

    /// The entry at `position` in insertion order.
    #[inline(never)]
    pub(super) fn entry(&self, position: usize) -> (&str, Value<'_>) {
        split_entry(sub_slice(&self.bytes, self.start_of(position)..self.end()))
    }

    /// The key at `position`, from behind its start mark.
    #[inline(never)]
    fn key(&self, position: usize) -> &[u8] {
        sub_slice(&self.bytes, self.start_of(position) + 1..self.end())
    }

    pub(super) fn value(&self, place: Place) -> Value<'_> {
        let key = self.key(place.position);
        // Behind the key, its end mark and the colon.
        Value::split(sub_slice(key, string_len(key) + 2..)).0
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
            match sub_slice(other, ..string_len(other)).cmp(key.as_bytes()) {
                Ordering::Less => low = rank + 1,
                Ordering::Equal => return Ok(Place { position, rank }),
                Ordering::Greater => high = rank,
            }
        }
        Err(low)
    }

    // ---- as JSON text

    /// Writes the whole session as the JSON text of a dict.
    pub(super) fn write(&self, dialect: Dialect, sink: AnySink<'_>) -> Result<(), Stopped> {
        // Without the last comma.
        let all = sub_slice(&self.bytes, FIRST..FIRST.max(self.end() - 1));
        let would_read_as_tag = self.len == 1 && dialect.role(split_string_bytes(all).0).is_some();
        let start = |number| self.start_of(if dialect.sort_keys { self.ranked(number) } else { number });
        let mut writer = Writer::new(dialect, sink);
        if would_read_as_tag { writer.spans(&[WRAPPED]) } else { writer.put(b"{") }?;
        if (0..self.len).map(start).is_sorted() {
            writer.spans(all)?;
        } else {
            for number in 0..self.len {
                if number > 0 {
                    writer.put(b",")?;
                }
                let start = start(number);
                let end = start + entry_len(&self.bytes, start);
                writer.spans(sub_slice(&self.bytes, start..end - 1))?;
            }
        }
        if would_read_as_tag { writer.spans(&[WRAPPED_END]) } else { writer.put(b"}") }?;
        writer.finish()
    }

    fn entry_text(&self, position: usize, dialect: Dialect) -> EntryText {
        let (key, value) = self.entry(position);
        EntryText::new(key, text_len(value, dialect), dialect)
    }

    /// Measures the entries, unless it is known what they take.
    fn measure(&mut self, dialect: Dialect) {
        if self.text_bytes == 0 {
            for position in 0..self.len {
                self.add_text(self.entry_text(position, dialect));
            }
        }
        debug_assert!(self.is_measured(dialect), "the measure is wrong");
    }

    fn add_text(&mut self, text: EntryText) {
        self.text_bytes += text.len_bytes;
        self.tag_keys += usize::from(text.is_tag);
    }

    fn subtract_text(&mut self, text: EntryText) {
        self.text_bytes -= text.len_bytes;
        self.tag_keys -= usize::from(text.is_tag);
    }

    /// Whether the measure is what measuring gives. Large sessions are not looked at: a
    /// debug build would take time in the square of their size.
    fn is_measured(&self, dialect: Dialect) -> bool {
        let texts = || (0..self.len).map(|position| self.entry_text(position, dialect));
        self.entries_bytes > 4096
            || self.text_bytes == texts().map(|text| text.len_bytes).sum()
                && self.tag_keys == texts().filter(|text| text.is_tag).count()
    }

    /// The length of the JSON text when the entries take `entries_bytes` of it. As long as
    /// a key would read as a tag if it were the only one, the wrapper counts: the others
    /// may be taken out.
    const fn text_len(entries_bytes: usize, has_tag_key: bool) -> usize {
        entries_bytes.saturating_add(if has_tag_key { 1 + WRAPPER_LEN } else { 1 })
    }

    // ---- the whole contents

    /// Lends all bytes, for a JSON text. The arena is empty until it is loaded.
    pub(super) fn buffer(&mut self) -> &mut [u8] {
        self.clear();
        let capacity_bytes = self.capacity_bytes();
        sub_slice_mut(&mut self.bytes, ..capacity_bytes)
    }

    /// Fills the arena with the JSON text in its first `len` bytes. Without success it
    /// is empty.
    pub(super) fn load_text(&mut self, dialect: Dialect, len: usize) -> Result<(), Error> {
        self.clear();
        self.check(len)?;
        let (text, free) = self.bytes.split_at_mut_checked(len).unwrap_or_default();
        // The index is filled as the text is read, as far as there is room behind it.
        let indexed = free.len() / RECORD;
        let mut entries = 0;
        let mut note = |start: usize| {
            if entries < indexed {
                store(free, record(free, entries), start);
            }
            entries += 1;
        };
        let len = load(text, dialect, Order::KeepOutermost(&mut note))?;
        let loaded = match self.bytes.get(..len) {
            Some(b"null") => Ok(()),
            Some([b'{' | WRAPPED, ..]) => self.adopt(len, entries, indexed, dialect),
            // Flask makes a session of pairs, and an exception of the rest.
            _ => Err(Error::BadPayload(PayloadError::NotASession)),
        };
        loaded.inspect_err(|_| self.clear())
    }

    /// Makes it a copy of `other`, and leaves it alone where that may need more room.
    pub(super) fn copy_from(&mut self, other: &Self) -> Result<(), Error> {
        // The text of what it holds may take all of `other`'s room.
        self.check(other.capacity_bytes())?;
        copy(&mut self.bytes, sub_slice(&other.bytes, ..other.end()));
        (self.entries_bytes, self.len) = (other.entries_bytes, other.len);
        (self.text_bytes, self.tag_keys) = (other.text_bytes, other.tag_keys);
        self.index_mut().iter_mut().zip(other.index()).for_each(|(record, of_other)| *record = *of_other);
        Ok(())
    }

    /// Replaces everything by the dict that `build` makes in all bytes, whose length and number
    /// of entries it gives. Without success the arena is empty.
    pub(super) fn build(
        &mut self,
        build: impl FnOnce(&mut [u8]) -> Result<(usize, usize), Error>,
    ) -> Result<(), Error> {
        let (len, entries) = build(self.buffer())?;
        // A key is no tag where there is no text in which it may be one.
        self.adopt(len, entries, 0, Dialect::PLAIN).inspect_err(|_| self.clear())
    }

    /// Replaces everything by the dict that `value` is.
    pub(super) fn replace_all(&mut self, value: &dyn Encode, dialect: Dialect) -> Result<(), Error> {
        let counted = Encoder::count(value, dialect, 0)?;
        let entries = counted.entries.ok_or(NO_DICT)?;
        let arena_bytes = counted.len_bytes.saturating_add(entries.saturating_mul(RECORD));
        self.check(arena_bytes.max(counted.text_len_bytes))?;
        self.clear();
        let target = sub_slice_mut(&mut self.bytes, ..counted.len_bytes);
        Encoder::write(value, dialect, counted, target)?;
        self.adopt(counted.len_bytes, entries, 0, dialect).inspect_err(|_| self.clear())
    }

    fn check(&self, needed_bytes: usize) -> Result<(), Error> {
        let capacity_bytes = self.capacity_bytes();
        if needed_bytes > capacity_bytes {
            return Err(Error::Capacity { needed_bytes, capacity_bytes });
        }
        Ok(())
    }
}

/// The records that `bytes` have room for, the first of which is the last.
fn records(bytes: &[u8]) -> &[Record] {
    bytes.as_rchunks().1.as_rchunks().1
}

/// As [`records`], to be written.
fn records_mut(bytes: &mut [u8]) -> &mut [Record] {
    bytes.as_rchunks_mut().1.as_rchunks_mut().1
}

/// Where a record is in bytes that end with the index, and have room for it.
fn record(bytes: &[u8], number: usize) -> usize {
    bytes.len() - (number + 1) * RECORD
}

/// Stores half a record.
fn store(bytes: &mut [u8], at: usize, value: usize) {
    if let Some(bytes) = bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<4>) {
        *bytes = (value as u32).to_le_bytes();
    }
}
