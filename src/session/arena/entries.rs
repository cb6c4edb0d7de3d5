//! Putting entries in and taking them out.

use core::{
    mem::{forget, replace, swap},
    ops::Range,
};

use super::{Arena, EntryText, Place, RECORD, Record};
use crate::{
    bytes::{copy, copy_within, sub_slice, sub_slice_mut},
    error::{Error, KeyName, TypeName},
    json::entries::{
        Dialect, Encode, Encoder, STRING, STRING_END, Value, entry_len, rotate, split_entry, text_len,
    },
};

/// An entry of which all but the value is there.
#[derive(Clone)]
struct Reserved {
    place: Place,
    /// Where it is, from its key's start mark to its comma.
    entry: Range<usize>,
    /// Where its value is to be.
    value: Range<usize>,
    text: EntryText,
}

impl Arena<[u8]> {
    /// Puts `value` at `key`: at its old position, or last. Without success
    /// nothing changes, except that a value that serializes differently, or
    /// panics, the second time loses its entry.
    #[inline(never)]
    pub(in crate::session) fn insert(
        &mut self,
        key: &str,
        value: &dyn Encode,
        dialect: Dialect,
    ) -> Result<Place, Error> {
        let counted = Encoder::count(value, dialect, 1)?;
        let reserved = self.reserve(key, counted.len_bytes, counted.text_len_bytes, dialect)?;
        let undo = |arena: &mut Self| {
            arena.close_gap(reserved.entry.clone());
            arena.remove_record(reserved.place);
        };
        let unfinished = Unfinished { arena: self, undo };
        let target = sub_slice_mut(&mut unfinished.arena.bytes, reserved.value.clone());
        Encoder::write(value, dialect, counted, target)?;
        unfinished.arena.add_text(reserved.text);
        forget(unfinished);
        Ok(reserved.place)
    }

    /// Puts a copy of the value at `from` at `key`. Without success nothing changes.
    pub(in crate::session) fn copy(&mut self, from: Place, key: &str, dialect: Dialect) -> Result<(), Error> {
        let (from_key, value) = self.entry(from.position);
        if from_key == key {
            return Ok(());
        }
        let before_value = before_value_len(from_key);
        let len = value.span().len();
        let text_len = text_len(value, dialect);
        let reserved = self.reserve(key, len, text_len, dialect)?;
        let source = self.start_of(from.position) + before_value;
        copy_within(&mut self.bytes, source..source + len, reserved.value.start);
        self.add_text(reserved.text);
        Ok(())
    }

    /// Adds `item` to the end of the list at `key`, or starts a list with it.
    /// Without success nothing changes.
    pub(in crate::session) fn push(
        &mut self,
        key: &str,
        item: &dyn Encode,
        dialect: Dialect,
    ) -> Result<(), Error> {
        if let Ok(place) = self.find(key) {
            return self.extend(key, place, item, dialect);
        }
        const NO_ITEMS: &[()] = &[];
        let place = self.insert(key, &NO_ITEMS, dialect)?;
        let undo = |arena: &mut Self| {
            arena.pop(place, dialect);
        };
        let unfinished = Unfinished { arena: self, undo };
        unfinished.arena.extend(key, place, item, dialect)?;
        forget(unfinished);
        Ok(())
    }

    fn extend(&mut self, key: &str, place: Place, item: &dyn Encode, dialect: Dialect) -> Result<(), Error> {
        let entry = self.entry_range(place.position);
        let list = sub_slice(&self.bytes, entry.start + before_value_len(key)..entry.end - 1);
        if list.first() != Some(&b'[') {
            let reason = self.value(place).is_not(TypeName::List);
            return Err(Error::WrongType { key: Some(KeyName::new(key)), reason });
        }
        let comma = usize::from(list.len() > 2);
        let counted = Encoder::count(item, dialect, 2)?;
        let added = counted.len_bytes.saturating_add(comma);
        self.check(self.used_bytes().saturating_add(added))?;
        self.measure(dialect);
        let text_bytes = self.text_bytes.saturating_add(counted.text_len_bytes).saturating_add(comma);
        self.check(Self::text_len(text_bytes, self.tag_keys > 0))?;
        // At the end the list can grow. Its bracket and its entry's comma are
        // the last two bytes.
        self.move_to_end(place.position, entry);
        let list_end = self.end() - 2;
        let end = list_end + added;
        self.set_end(list_end);
        self.put(sub_slice(b",", ..comma));
        let close = |arena: &mut Self, end| {
            arena.set_end(end);
            arena.put(b"],");
        };
        let from = self.end();
        let unfinished = Unfinished { arena: self, undo: move |arena| close(arena, list_end) };
        let target = sub_slice_mut(&mut unfinished.arena.bytes, from..end);
        Encoder::write(item, dialect, counted, target)?;
        close(unfinished.arena, end);
        unfinished.arena.text_bytes = text_bytes;
        forget(unfinished);
        Ok(())
    }

    /// Takes an entry out. Its bytes stay readable until the next change.
    pub(in crate::session) fn pop(&mut self, place: Place, dialect: Dialect) -> (&str, Value<'_>) {
        if self.text_bytes > 0 {
            self.subtract_text(self.entry_text(place.position, dialect));
        }
        let entry = self.start_of(place.position);
        let entry = entry..entry + entry_len(&self.bytes, entry);
        let start = self.move_to_end(place.position, entry);
        let end = self.end();
        self.set_end(start);
        self.remove_record(place);
        split_entry(sub_slice(&self.bytes, start..end))
    }

    /// Makes sure that `key` and a value of these lengths fit, then takes out the old
    /// value of `key`, or gives it a record. The entry is not measured yet.
    fn reserve(
        &mut self,
        key: &str,
        value_len: usize,
        value_text_len: usize,
        dialect: Dialect,
    ) -> Result<Reserved, Error> {
        self.measure(dialect);
        let found = self.find(key);
        let start = self.end();
        let (old, old_text, records) = match found {
            Ok(Place { position, .. }) => {
                let start = self.start_of(position);
                let old_text = self.entry_text(position, dialect);
                (start..start + entry_len(&self.bytes, start), Some(old_text), self.len)
            }
            Err(_) => (start..start, None, self.len + 1),
        };
        // Two string marks, the colon, the comma.
        let len = key.len().saturating_add(value_len).saturating_add(4);
        self.check((start - old.len() + records * RECORD).saturating_add(len))?;
        let text = EntryText::new(key, value_text_len, dialect);
        let text_bytes = self.text_bytes - old_text.map_or(0, |old| old.len_bytes);
        let text_bytes = text_bytes.saturating_add(text.len_bytes);
        self.check(Self::text_len(text_bytes, text.is_tag || self.tag_keys > 0))?;

        if let Some(old_text) = old_text {
            self.subtract_text(old_text);
        }
        let (place, start) = match found {
            // A value as long as the old one takes its place.
            Ok(place) if old.len() == len => (place, old.start),
            _ => {
                let place = match found {
                    Ok(place) => {
                        self.close_gap(old);
                        place
                    }
                    Err(rank) => self.insert_record(rank),
                };
                let start = self.end();
                self.set_start(place.position, start);
                self.put(&[STRING]);
                self.put(key.as_bytes());
                self.put(&[STRING_END, b':']);
                self.set_end(start + len - 1);
                self.put(b",");
                (place, start)
            }
        };
        let value_start = start + before_value_len(key);
        Ok(Reserved { place, entry: start..start + len, value: value_start..value_start + value_len, text })
    }

    fn put(&mut self, bytes: &[u8]) {
        let end = self.end();
        copy(sub_slice_mut(&mut self.bytes, end..), bytes);
        self.set_end(end + bytes.len());
    }

    /// Where an entry stands. Takes time in proportion to how many there are, and not to
    /// its length.
    fn entry_range(&self, position: usize) -> Range<usize> {
        let start = self.start_of(position);
        let behind = |end: u32, [other, _]: &Record| {
            let other = u32::from_le_bytes(*other);
            if other as usize > start { end.min(other) } else { end }
        };
        start..self.index().iter().fold(self.end() as u32, behind) as usize
    }

    /// Moves an entry behind all others and returns where it starts then.
    fn move_to_end(&mut self, position: usize, entry: Range<usize>) -> usize {
        let end = self.end();
        let moved = end - entry.len();
        if entry.end < end {
            rotate(&mut self.bytes, entry.start, entry.end, end);
            self.shift_starts(entry.start, 0, entry.len());
            self.set_start(position, moved);
        }
        moved
    }

    /// Moves all entries behind `gap` to where it starts.
    fn close_gap(&mut self, gap: Range<usize>) {
        let end = self.end();
        self.set_end(end - gap.len());
        if gap.end < end {
            copy_within(&mut self.bytes, gap.end..end, gap.start);
            self.shift_starts(gap.start, 0, gap.len());
        }
    }

    /// Corrects the starts of the entries that start behind `from`, where so many bytes
    /// came and went.
    pub(super) fn shift_starts(&mut self, from: usize, added_bytes: usize, removed_bytes: usize) {
        let (from, added, removed) = (from as u32, added_bytes as u32, removed_bytes as u32);
        for [slot, _] in self.index_mut() {
            let start = u32::from_le_bytes(*slot);
            if start > from {
                *slot = (start + added - removed).to_le_bytes();
            }
        }
    }

    /// A record for a new entry of this rank, last in insertion order.
    pub(super) fn insert_record(&mut self, rank: usize) -> Place {
        let position = self.len;
        self.len += 1;
        // Each of a later rank moves on by one.
        let mut moved = (position as u32).to_le_bytes();
        for [_, ranked] in sub_slice_mut(self.index_mut(), ..=position - rank).iter_mut().rev() {
            moved = replace(ranked, moved);
        }
        Place { position, rank }
    }

    fn remove_record(&mut self, place: Place) {
        let last = self.len - 1;
        let index = self.index_mut();
        // The last record comes first: each gives way to the one before.
        let mut moved = [0; 4];
        for [start, _] in sub_slice_mut(index, ..=last - place.position) {
            swap(start, &mut moved);
        }
        for [_, ranked] in sub_slice_mut(index, ..=last - place.rank) {
            swap(ranked, &mut moved);
        }
        if place.position < last {
            let removed = place.position as u32;
            for [_, ranked] in index {
                let position = u32::from_le_bytes(*ranked);
                *ranked = (position - u32::from(position > removed)).to_le_bytes();
            }
        }
        self.len = last;
    }
}

/// How many bytes of an entry stand before its value: the key, its marks, the colon.
pub(super) const fn before_value_len(key: &str) -> usize {
    key.len() + 3
}

/// A change that is undone unless it is forgotten: a value's own code runs in
/// between, which may fail or panic, and a server may go on after a panic.
pub(super) struct Unfinished<'a, F: Fn(&mut Arena<[u8]>)> {
    pub(super) arena: &'a mut Arena<[u8]>,
    pub(super) undo: F,
}

impl<F: Fn(&mut Arena<[u8]>)> Drop for Unfinished<'_, F> {
    fn drop(&mut self) {
        (self.undo)(self.arena);
    }
}
