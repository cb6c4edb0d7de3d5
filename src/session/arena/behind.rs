//! Entries that are written behind all others, and then take the places of old ones.
//!
//! Until a value is there as a whole, nothing else is touched: whatever it does while
//! it is serialized, the arena stays as it was. The price is that there must be room for
//! old and new at once.

use super::{Arena, DEAD, EntryText, FIRST, NO_DICT, RECORD, entries::Unfinished, store};
use crate::{
    bytes::{copy_within, sub_slice, sub_slice_mut},
    error::Error,
    json::{
        MAX_DEPTH,
        entries::{
            Dialect, Encode, Encoder, STRING, STRING_END, Token, entry_len, split_entry, split_string,
            string_text_len, text_len,
        },
    },
};

/// What an item or an entry that is to be written consists of.
pub(super) struct New<'n> {
    /// Whether a comma stands before it.
    pub(super) comma_before: bool,
    /// A dict's key.
    pub(super) key: Option<Token<'n>>,
    pub(super) value: &'n dyn Encode,
    /// The levels around the value, without the wrapper that its key may bring.
    pub(super) depth: usize,
    /// Whether it is to be the only entry of a dict, which is wrapped then if its key
    /// would read as a tag.
    pub(super) is_alone: bool,
    /// Whether a comma stands behind it.
    pub(super) comma_behind: bool,
}

/// What was written, commas and key included.
#[derive(Clone, Copy, Default)]
pub(super) struct Written {
    pub(super) len_bytes: usize,
    pub(super) text_len_bytes: usize,
    /// Whether its dict is wrapped then.
    pub(super) wrapped: bool,
}

impl Arena<[u8]> {
    /// Writes the entries of the dict that `value` is, at their old positions or last.
    /// Without success nothing changes.
    #[inline(never)]
    pub(in crate::session) fn merge(&mut self, value: &dyn Encode, dialect: Dialect) -> Result<(), Error> {
        let counted = Encoder::count(value, dialect, 0)?;
        let entries = counted.entries.ok_or(NO_DICT)?;
        // The dict's first brace stands in place of the last comma, and its last brace
        // becomes one.
        let added_bytes = counted.len_bytes - 1;
        self.check(self.used_bytes().saturating_add(added_bytes))?;
        let end = self.end();
        let restore_comma = |arena: &mut Self| arena.set_byte(end - 1, b',');
        let unfinished = Unfinished { arena: self, undo: restore_comma };
        let target = sub_slice_mut(&mut unfinished.arena.bytes, end - 1..end + added_bytes);
        Encoder::write(value, dialect, counted, target)?;
        drop(unfinished);
        if entries == 0 {
            return Ok(());
        }
        self.set_byte(end + added_bytes - 1, b',');
        self.take_over(added_bytes, dialect)
    }

    /// Puts each value at its key: at its old position, or last. Of equal keys the last
    /// one counts. Without success nothing changes.
    #[inline(never)]
    pub(in crate::session) fn update(
        &mut self,
        items: &[(&str, &dyn Encode)],
        dialect: Dialect,
    ) -> Result<(), Error> {
        let mut added_bytes = 0;
        for (key, value) in items {
            added_bytes += self.write_entry(added_bytes, Token::key(key), *value, dialect)?;
        }
        if added_bytes == 0 {
            return Ok(());
        }
        self.take_over(added_bytes, dialect)
    }

    /// Puts `value` at the key that `key` stands for: at its old position, or last.
    /// Without success nothing changes.
    pub(super) fn insert_token(
        &mut self,
        key: Token<'_>,
        value: &dyn Encode,
        dialect: Dialect,
    ) -> Result<(), Error> {
        let added_bytes = self.write_entry(0, key, value, dialect)?;
        self.take_over(added_bytes, dialect)
    }

    /// Writes an entry of the session behind the entries and the `behind_bytes` that stand
    /// there already. Gives its length.
    fn write_entry(
        &mut self,
        behind_bytes: usize,
        key: Token<'_>,
        value: &dyn Encode,
        dialect: Dialect,
    ) -> Result<usize, Error> {
        let new =
            New { comma_before: false, key: Some(key), value, depth: 1, is_alone: false, comma_behind: true };
        Ok(self.write_behind(behind_bytes, &new, dialect)?.len_bytes)
    }

    /// Writes an item, or an entry, into the room behind the entries and the `behind_bytes`
    /// that stand there already.
    pub(super) fn write_behind(
        &mut self,
        behind_bytes: usize,
        new: &New<'_>,
        dialect: Dialect,
    ) -> Result<Written, Error> {
        let end = self.end() + behind_bytes;
        let used_bytes = self.used_bytes() + behind_bytes;
        let mut wrapped = false;
        // A comma, and a key with its two marks and the colon.
        let comma_len = usize::from(new.comma_before);
        let key_len = new.key.map_or(0, |key| key.bytes().count() + 3);
        let before_len = comma_len + key_len;
        let mut text_len_bytes = comma_len;
        self.check(used_bytes.saturating_add(before_len))?;
        let before = sub_slice_mut(&mut self.bytes, end..end + before_len);
        if let Some(token) = new.key {
            let spelled = [STRING].into_iter().chain(token.bytes()).chain([STRING_END, b':']);
            let (_, entry) = before.split_at_mut_checked(comma_len).unwrap_or_default();
            entry.iter_mut().zip(spelled).for_each(|(slot, byte)| *slot = byte);
            let (key, _) = split_string(entry);
            text_len_bytes += string_text_len(key, dialect.ensure_ascii) + 1;
            wrapped = new.is_alone && dialect.role(key.as_bytes()).is_some();
        }
        sub_slice_mut(before, ..comma_len).fill(b',');

        let depth = new.depth + usize::from(wrapped);
        if depth > MAX_DEPTH {
            return Err(Error::Depth);
        }
        let counted = Encoder::count(new.value, dialect, depth)?;
        let comma_len = usize::from(new.comma_behind);
        let len_bytes = counted.len_bytes.saturating_add(before_len + comma_len);
        self.check(used_bytes.saturating_add(len_bytes))?;
        let room = sub_slice_mut(&mut self.bytes, end + before_len..end + len_bytes);
        let (value, behind) = room.split_at_mut_checked(counted.len_bytes).unwrap_or_default();
        Encoder::write(new.value, dialect, counted, value)?;
        behind.fill(b',');
        text_len_bytes = (text_len_bytes + comma_len).saturating_add(counted.text_len_bytes);
        Ok(Written { len_bytes, text_len_bytes, wrapped })
    }

    /// Makes the `added_bytes` behind the entries entries too, in place of those
    /// that have their keys. Without success nothing changes.
    fn take_over(&mut self, added_bytes: usize, dialect: Dialect) -> Result<(), Error> {
        self.measure(dialect);
        let (old_end, end) = (self.end(), self.end() + added_bytes);
        let mut text_bytes = self.text_bytes;
        let (mut tag_keys, mut added, mut dead) = (self.tag_keys, 0, 0);
        let mut at = old_end;
        while at < end {
            let (key, value) = split_entry(sub_slice(&self.bytes, at..end));
            let text = EntryText::new(key, text_len(value, dialect), dialect);
            text_bytes = text_bytes.saturating_add(text.len_bytes);
            tag_keys += usize::from(text.is_tag);
            match self.find(key) {
                Ok(place) => {
                    let start = self.start_of(place.position);
                    // One key may come several times.
                    if self.bytes.get(start) != Some(&DEAD) {
                        let old = self.entry_text(place.position, dialect);
                        text_bytes -= old.len_bytes;
                        tag_keys -= usize::from(old.is_tag);
                        self.set_byte(start, DEAD);
                        dead += 1;
                    }
                }
                Err(_) => added += 1,
            }
            at += entry_len(&self.bytes, at);
        }
        let fits = self
            .check(self.used_bytes() + added_bytes + added * RECORD)
            .and_then(|()| self.check(Self::text_len(text_bytes, tag_keys > 0)));
        if fits.is_err() {
            for position in 0..self.len {
                self.set_byte(self.start_of(position), STRING);
            }
            return fits;
        }

        (self.text_bytes, self.tag_keys) = (text_bytes, tag_keys);
        self.set_end(end);
        at = old_end;
        while at < end {
            let (key, _) = split_entry(sub_slice(&self.bytes, at..end));
            match self.find(key) {
                Ok(place) => {
                    let start = self.start_of(place.position);
                    if start >= old_end {
                        self.subtract_text(self.entry_text(place.position, dialect));
                        self.set_byte(start, DEAD);
                        dead += 1;
                    }
                    self.set_start(place.position, at);
                }
                Err(rank) => {
                    let place = self.insert_record(rank);
                    self.set_start(place.position, at);
                }
            }
            at += entry_len(&self.bytes, at);
        }
        if dead > 0 {
            self.drop_dead();
        }
        Ok(())
    }

    /// Closes the gaps that dead entries leave, in one pass over all.
    fn drop_dead(&mut self) {
        // Each of the others gets its number in place of its first four bytes, highest byte
        // first, which no mark is as low as; they wait in its record.
        for position in 0..self.len {
            let start = self.start_of(position);
            self.set_start(position, self.load(start));
            store(&mut self.bytes, start, (position as u32).swap_bytes() as usize);
        }
        let (mut from, mut to, end) = (FIRST, FIRST, self.end());
        while from < end {
            let is_dead = self.bytes.get(from) == Some(&DEAD);
            if !is_dead {
                let position = (self.load(from) as u32).swap_bytes() as usize;
                let first_bytes = self.start_of(position);
                store(&mut self.bytes, from, first_bytes);
                self.set_start(position, to);
            }
            let len = entry_len(&self.bytes, from);
            if !is_dead {
                if from != to {
                    copy_within(&mut self.bytes, from..from + len, to);
                }
                to += len;
            }
            from += len;
        }
        self.set_end(to);
    }
}
