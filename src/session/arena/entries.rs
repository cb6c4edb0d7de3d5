//! Putting entries in and taking them out.

use core::mem::forget;

use super::{Arena, Place, RECORD};
use crate::{
    bytes::{copy, copy_within},
    error::{Error, TypeName},
    json::{
        Encode, Encoder, STRING, STRING_END, TaggedJsonSerializer, Value,
        sort::{entry_len, rotate},
        value::split_entry,
        write::{self, WRAPPER_LEN},
    },
};

impl Arena<[u8]> {
    /// Puts `value` at `key`: at its old position, or last. Without success
    /// nothing changes, except that a value that serializes differently, or
    /// panics, the second time loses its entry.
    #[inline(never)]
    pub(in crate::session) fn insert(
        &mut self,
        key: &str,
        value: &dyn Encode,
        serializer: TaggedJsonSerializer,
    ) -> Result<Place, Error> {
        let counted = Encoder::count(value, serializer, 1)?;
        let place = self.reserve(key, counted.len_bytes, counted.text_len_bytes, serializer)?;
        let start = self.open_entry(place, key);
        let from = self.end();
        let end = from.wrapping_add(counted.len_bytes);
        let unfinished = Unfinished { arena: self, undo: move |arena| arena.drop_last(place, start) };
        let target = unfinished.arena.bytes.get_mut(from..end).unwrap_or_default();
        Encoder::write(value, serializer, counted, target)?;
        unfinished.arena.close_entry(end);
        forget(unfinished);
        Ok(place)
    }

    /// Puts a copy of the value at `from` at `key`. Without success nothing changes.
    pub(in crate::session) fn copy(
        &mut self,
        from: Place,
        key: &str,
        serializer: TaggedJsonSerializer,
    ) -> Result<(), Error> {
        let (from_key, value) = self.entry(from.position);
        if from_key == key {
            return Ok(());
        }
        let len = value.span().len();
        let text_len = write::text_len(value, serializer);
        let place = self.reserve(key, len, text_len, serializer)?;
        self.open_entry(place, key);
        let source = self.value_start(from.position);
        let end = self.end().wrapping_add(len);
        let to = self.end();
        copy_within(&mut self.bytes, source..source.wrapping_add(len), to);
        self.close_entry(end);
        Ok(())
    }

    /// Adds `item` to the end of the list at `key`, or starts a list with it.
    /// Without success nothing changes.
    pub(in crate::session) fn push(
        &mut self,
        key: &str,
        item: &dyn Encode,
        serializer: TaggedJsonSerializer,
    ) -> Result<(), Error> {
        if let Ok(place) = self.find(key) {
            return self.extend(key, place, item, serializer);
        }
        const NO_ITEMS: &[()] = &[];
        let place = self.insert(key, &NO_ITEMS, serializer)?;
        let undo = |arena: &mut Self| {
            arena.pop(place);
        };
        let unfinished = Unfinished { arena: self, undo };
        unfinished.arena.extend(key, place, item, serializer)?;
        forget(unfinished);
        Ok(())
    }

    fn extend(
        &mut self,
        key: &str,
        place: Place,
        item: &dyn Encode,
        serializer: TaggedJsonSerializer,
    ) -> Result<(), Error> {
        let list = self.value(place).span();
        if list.first() != Some(&b'[') {
            return Err(self.value(place).is_not(TypeName::List).into());
        }
        let comma = usize::from(list.len() > 2);
        let counted = Encoder::count(item, serializer, 2)?;
        let added = counted.len_bytes.saturating_add(comma);
        self.check(self.used_bytes().saturating_add(added))?;
        let text_len = write::text_len(self.value(place), serializer)
            .saturating_add(counted.text_len_bytes)
            .saturating_add(comma);
        self.check(self.text_len_with(key, text_len, self.len, serializer))?;
        // At the end the list can grow. Its bracket and its entry's comma are
        // the last two bytes.
        self.move_to_end(place.position);
        let list_end = self.end().wrapping_sub(2);
        let end = list_end.wrapping_add(added);
        self.set_end(list_end);
        self.put(b",".get(..comma).unwrap_or_default());
        let close = |arena: &mut Self, end| {
            arena.set_end(end);
            arena.put(b"],");
        };
        let from = self.end();
        let unfinished = Unfinished { arena: self, undo: move |arena| close(arena, list_end) };
        let target = unfinished.arena.bytes.get_mut(from..end).unwrap_or_default();
        Encoder::write(item, serializer, counted, target)?;
        close(unfinished.arena, end);
        forget(unfinished);
        Ok(())
    }

    /// Takes an entry out. Its bytes stay readable until the next change.
    pub(in crate::session) fn pop(&mut self, place: Place) -> (&str, Value<'_>) {
        let start = self.move_to_end(place.position);
        let end = self.end();
        self.drop_last(place, start);
        split_entry(self.bytes.get(start..end).unwrap_or_default())
    }

    /// Makes sure that `key` and a value of these lengths fit, then takes out
    /// the old value of `key`, or gives it a record.
    fn reserve(
        &mut self,
        key: &str,
        value_len: usize,
        value_text_len: usize,
        serializer: TaggedJsonSerializer,
    ) -> Result<Place, Error> {
        let found = self.find(key);
        let (old_len, records) = match found {
            Ok(place) => (entry_len(&self.bytes, self.start_of(place.position)), self.len),
            Err(_) => (0, self.len.saturating_add(1)),
        };
        // Two string marks, the colon, the comma.
        let new_len = key.len().saturating_add(value_len).saturating_add(4);
        let arena = self.end().saturating_sub(old_len).saturating_add(new_len);
        self.check(arena.saturating_add(records.saturating_mul(RECORD)))?;
        self.check(self.text_len_with(key, value_text_len, records, serializer))?;
        Ok(match found {
            Ok(place) => {
                let start = self.move_to_end(place.position);
                self.set_end(start);
                place
            }
            Err(rank) => self.insert_record(rank),
        })
    }

    /// The length of the JSON text once `key` has a value of `value_text_len`.
    /// As long as a key would read as a tag if it were the only one, the wrapper
    /// counts: the others may be taken out.
    fn text_len_with(
        &self,
        key: &str,
        value_text_len: usize,
        records: usize,
        serializer: TaggedJsonSerializer,
    ) -> usize {
        let mut len = write::string_text_len(key, serializer.ensure_ascii);
        let mut has_tag_key = serializer.role(key.as_bytes()).is_some();
        for position in 0..self.len {
            let (other, value) = self.entry(position);
            if other != key {
                has_tag_key |= serializer.role(other.as_bytes()).is_some();
                len = len
                    .saturating_add(write::string_text_len(other, serializer.ensure_ascii))
                    .saturating_add(write::text_len(value, serializer));
            }
        }
        // A colon and a comma or brace for each, and the opening brace.
        let punctuation = records.saturating_mul(2).saturating_add(1);
        len.saturating_add(value_text_len).saturating_add(punctuation).saturating_add(if has_tag_key {
            WRAPPER_LEN
        } else {
            0
        })
    }

    /// Starts the entry of `place` at the end: all but its value and comma.
    fn open_entry(&mut self, place: Place, key: &str) -> usize {
        let start = self.end();
        self.set_start(place.position, start);
        self.put(&[STRING]);
        self.put(key.as_bytes());
        self.put(&[STRING_END, b':']);
        start
    }

    /// Ends the entry whose value ends at `end`.
    fn close_entry(&mut self, end: usize) {
        self.set_end(end);
        self.put(b",");
    }

    fn put(&mut self, bytes: &[u8]) {
        let room = self.bytes.get_mut(self.end()..).unwrap_or_default();
        copy(room, bytes);
        self.set_end(self.end().wrapping_add(bytes.len()));
    }

    /// Forgets the entry of `place`, which is the last in the arena and starts at `start`.
    fn drop_last(&mut self, place: Place, start: usize) {
        self.set_end(start);
        self.remove_record(place);
    }

    fn value_start(&self, position: usize) -> usize {
        let start = self.start_of(position);
        let (key, _) = self.entry(position);
        start.wrapping_add(key.len()).wrapping_add(3)
    }

    /// Moves an entry behind all others and returns where it starts then.
    fn move_to_end(&mut self, position: usize) -> usize {
        let start = self.start_of(position);
        let len = entry_len(&self.bytes, start);
        let end = self.end();
        rotate(&mut self.bytes, start, start.wrapping_add(len), end);
        for other in 0..self.len {
            let other_start = self.start_of(other);
            if other_start > start {
                self.set_start(other, other_start.wrapping_sub(len));
            }
        }
        let moved = end.wrapping_sub(len);
        self.set_start(position, moved);
        moved
    }

    /// A record for a new entry of this rank, last in insertion order.
    fn insert_record(&mut self, rank: usize) -> Place {
        let position = self.len;
        for later in (rank..position).rev() {
            self.set_ranked(later.wrapping_add(1), self.ranked(later));
        }
        self.set_ranked(rank, position);
        self.len = position.wrapping_add(1);
        Place { position, rank }
    }

    fn remove_record(&mut self, place: Place) {
        let last = self.len.saturating_sub(1);
        for position in place.position..last {
            self.set_start(position, self.start_of(position.wrapping_add(1)));
        }
        for rank in place.rank..last {
            self.set_ranked(rank, self.ranked(rank.wrapping_add(1)));
        }
        self.len = last;
        for rank in 0..last {
            let position = self.ranked(rank);
            if position > place.position {
                self.set_ranked(rank, position.wrapping_sub(1));
            }
        }
    }
}

/// A change that is undone unless it is forgotten: a value's own code runs in
/// between, which may fail or panic, and a server may go on after a panic.
struct Unfinished<'a, F: Fn(&mut Arena<[u8]>)> {
    arena: &'a mut Arena<[u8]>,
    undo: F,
}

impl<F: Fn(&mut Arena<[u8]>)> Drop for Unfinished<'_, F> {
    fn drop(&mut self) {
        (self.undo)(self.arena);
    }
}
