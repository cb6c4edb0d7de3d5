//! Builds the dict that a session keeps, where it keeps it: unescaped JSON, value by value.
//!
//! The entries of a dict stay in the order in which they come, as msgspec keeps them,
//! unless the session is to be written sorted. No dict has a key twice; without an
//! allocator that is found out by comparing the keys of a small dict with each other, and
//! by sorting a larger one. Whatever was sorted for that is read once more, unsorted.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "positions in a session's bytes, which are less than 2 GiB, and numbers of entries in them"
)]

use base64ct::{Base64, Encoding as _};

use super::EXT;
use crate::{
    bytes::{copy, sub_slice, sub_slice_mut},
    error::{Error, KeyName, PayloadError, TypeName},
    json::{
        MAX_DEPTH,
        entries::{
            CUSTOM, Dialect, NUMBER_KEY, STRING, STRING_END, TAG, WRAPPED, WRAPPED_END, compare_keys,
            entry_len, levels, pack_date, sort_entries_around, spell_f64, split_string, split_string_bytes,
        },
    },
    time::DateTime,
};

/// The most entries of a dict whose keys are compared with each other.
const SMALL: usize = 32;
/// Set in each byte of a number that is a key while entries are sorted, so that no text is
/// equal to it.
const NUMBER_BIT: u8 = 0x80;

/// Why something cannot be kept. Small: nearly every step can fail.
#[derive(Clone, Copy, Debug)]
pub(super) enum Refused {
    /// It is not in the format.
    Form,
    /// It is not a dict.
    NotASession,
    /// It takes at least so many bytes.
    Capacity(usize),
    Depth,
    /// A dict has a key twice.
    EqualKeys,
    /// A dict has a key of this type.
    Key(TypeName),
}

/// Reads something into a builder. Says how far it came.
pub(super) type Read<'r> = dyn Fn(&mut Builder<'_>) -> (usize, Result<(), Refused>) + 'r;

/// Builds what `read` reads at the start of `out`: gives its length, and how many entries it
/// has. `malformed` is the error of the format.
pub(super) fn build(
    out: &mut [u8],
    dialect: Dialect,
    read: &Read<'_>,
    malformed: fn(usize) -> PayloadError,
) -> Result<(usize, usize), Error> {
    let mut builder = Builder::new(out, dialect, true);
    let mut outcome = read(&mut builder);
    if outcome.1.is_ok() && builder.is_reordered {
        builder = Builder::new(builder.out, dialect, false);
        outcome = read(&mut builder);
    }
    let (offset_bytes, read) = outcome;
    read.map_err(|refused| builder.error(refused, malformed(offset_bytes)))?;
    Ok((builder.len, builder.entries))
}

/// An open list or dict.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Where its bracket stands.
    start: u32,
    /// Where the start mark of its latest key stands.
    key: u32,
    /// Where the start mark of its longest entry stands.
    longest: u32,
    /// The length of that entry, with a comma.
    longest_len: u32,
    /// How many items or entries it has.
    count: u32,
    is_dict: bool,
    /// Whether a key came behind a greater or an equal one.
    is_unsorted: bool,
}

impl Level {
    /// Remembers the entry that ends at `end` if it is the longest so far.
    fn entry_ends(&mut self, end: usize) {
        let len = end as u32 - self.key + 1;
        if len > self.longest_len {
            (self.longest, self.longest_len) = (self.key, len);
        }
    }
}

pub(super) struct Builder<'a> {
    out: &'a mut [u8],
    len: usize,
    levels: [Level; MAX_DEPTH],
    depth: usize,
    /// How many entries the outermost dict has.
    entries: usize,
    dialect: Dialect,
    /// Whether the keys are to be compared.
    compares: bool,
    /// Whether something stands in another order, or spelled otherwise, than it is to be kept.
    is_reordered: bool,
}

impl<'a> Builder<'a> {
    const fn new(out: &'a mut [u8], dialect: Dialect, compares: bool) -> Self {
        let level = Level {
            start: 0,
            key: 0,
            longest: 0,
            longest_len: 0,
            count: 0,
            is_dict: false,
            is_unsorted: false,
        };
        let levels = [level; MAX_DEPTH];
        Self { out, len: 0, levels, depth: 0, entries: 0, dialect, compares, is_reordered: false }
    }

    /// The error, which names the session's key that was read last.
    #[cold]
    fn error(&self, refused: Refused, malformed: PayloadError) -> Error {
        let key = match self.levels.first() {
            Some(level) if self.depth > 1 => {
                split_string(sub_slice(self.out, level.key as usize..self.len)).0
            }
            // It is one of the session's own.
            _ => "",
        };
        match refused {
            Refused::Form => Error::BadPayload(malformed),
            Refused::NotASession => Error::BadPayload(PayloadError::NotASession),
            Refused::EqualKeys => Error::BadPayload(PayloadError::EqualKeys),
            Refused::Capacity(needed_bytes) => {
                Error::Capacity { needed_bytes, capacity_bytes: self.out.len() }
            }
            Refused::Depth => Error::Depth,
            Refused::Key(found) => Error::DictKey { key: KeyName::new(key), found },
        }
    }

    fn level(&mut self) -> Option<&mut Level> {
        self.levels.get_mut(self.depth.checked_sub(1)?)
    }

    /// How many lists and dicts are open.
    pub(super) const fn depth(&self) -> usize {
        self.depth
    }

    /// Whether what is open is a dict.
    pub(super) fn in_dict(&mut self) -> bool {
        self.level().is_some_and(|level| level.is_dict)
    }

    /// Appends bytes as they are.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        let end = self.len.saturating_add(bytes.len());
        let room = self.out.get_mut(self.len..end).ok_or(Refused::Capacity(end))?;
        copy(room, bytes);
        self.len = end;
        Ok(())
    }

    /// Makes room for an item or an entry of what is open: a comma, if there is one before.
    fn next_item(&mut self) -> Result<(), Refused> {
        let end = self.len;
        let Some(level) = self.level() else { return Ok(()) };
        if level.count > 0 {
            if level.is_dict {
                level.entry_ends(end);
            }
            self.put(b",")?;
        }
        if let Some(level) = self.level() {
            level.count += 1;
        }
        Ok(())
    }

    // ---- dicts and lists

    pub(super) fn open_list(&mut self) -> Result<(), Refused> {
        self.open(b'[')
    }

    pub(super) fn open_dict(&mut self) -> Result<(), Refused> {
        self.open(b'{')
    }

    fn open(&mut self, bracket: u8) -> Result<(), Refused> {
        let is_dict = bracket == b'{';
        if self.depth == 0 && !is_dict {
            return Err(Refused::NotASession);
        }
        self.begin_value()?;
        let level = Level { start: self.len as u32, is_dict, ..Level::default() };
        *self.levels.get_mut(self.depth).ok_or(Refused::Depth)? = level;
        self.put(&[bracket])?;
        self.depth += 1;
        Ok(())
    }

    /// Begins a key that is text, whose bytes are [`put`](Self::put) then.
    pub(super) fn begin_key(&mut self) -> Result<(), Refused> {
        self.next_item()?;
        self.put(&[STRING])
    }

    /// Ends a key.
    pub(super) fn end_key(&mut self, key_len: usize) -> Result<(), Refused> {
        self.put(&[STRING_END, b':'])?;
        let start = self.len - key_len - 3;
        self.note_key(start);
        Ok(())
    }

    /// A key that is text.
    pub(super) fn key(&mut self, key: &str) -> Result<(), Refused> {
        self.begin_key()?;
        self.put(key.as_bytes())?;
        self.end_key(key.len())
    }

    /// A key that is an integer or a bool, of a dict that has so many entries.
    pub(super) fn number_key(
        &mut self,
        spelling: &[u8],
        found: TypeName,
        entries: u32,
    ) -> Result<(), Refused> {
        // The keys of the session itself are text, and so are all that Flask's JSON has.
        if self.depth < 2 || !self.dialect.number_keys {
            return Err(Refused::Key(found));
        }
        self.next_item()?;
        self.put(&[NUMBER_KEY])?;
        let start = self.len;
        if self.compares && entries as usize > SMALL {
            self.is_reordered = true;
            for byte in number_of(spelling) {
                self.put(&[*byte | NUMBER_BIT])?;
            }
        } else {
            self.put(spelling)?;
        }
        self.end_key(self.len - start)?;
        // The order of texts says nothing about a bool, which is equal to a number.
        if let Some(level) = self.level() {
            level.is_unsorted |= found == TypeName::Bool;
        }
        Ok(())
    }

    /// Compares the key at `start` with the one before it.
    fn note_key(&mut self, start: usize) {
        let Some(level) = self.depth.checked_sub(1).and_then(|top| self.levels.get_mut(top)) else { return };
        let previous = level.key as usize;
        level.key = start as u32;
        if previous > 0 && !level.is_unsorted {
            let (previous, key) = (sub_slice(self.out, previous + 1..), sub_slice(self.out, start + 1..));
            level.is_unsorted = compare_keys(previous, key).is_ge();
        }
    }

    /// Ends what is open.
    pub(super) fn close(&mut self) -> Result<(), Refused> {
        let Some(level) = self.level().copied() else { return Err(Refused::Form) };
        let mut end = b']';
        if level.is_dict {
            end = b'}';
            let is_outermost = self.depth == 1;
            if is_outermost {
                self.entries = level.count as usize;
            } else {
                let is_single = self.order(level)?;
                if is_single && self.wrap(level)? {
                    end = WRAPPED_END;
                }
            }
        }
        self.put(&[end])?;
        self.depth -= 1;
        Ok(())
    }

    /// Makes sure that no key comes twice in the dict that is open, and sorts it if that is
    /// how it is kept. Says whether it has one entry.
    fn order(&mut self, mut level: Level) -> Result<bool, Refused> {
        let is_single = level.count == 1;
        if !level.is_unsorted || !(self.compares || self.dialect.sort_keys) {
            return Ok(is_single);
        }
        level.entry_ends(self.len);
        // Every entry ends with a comma while they are compared.
        self.put(b",")?;
        let first = level.start as usize + 1;
        let entries = sub_slice_mut(self.out, first..self.len);
        let mut kept = (entries.len(), is_single);
        let must_be_sorted = self.dialect.sort_keys;
        if level.count as usize <= SMALL && !must_be_sorted {
            if has_equal_keys(entries) {
                return Err(Refused::EqualKeys);
            }
        } else {
            let longest = level.longest as usize - first;
            kept = sort_entries_around(entries, longest..longest + level.longest_len as usize);
            if !must_be_sorted {
                self.is_reordered = true;
                if kept.0 < entries.len() {
                    return Err(Refused::EqualKeys);
                }
            }
        }
        self.len = first + kept.0 - 1;
        Ok(kept.1)
    }

    /// Marks the dict that is open, which has one entry, as one that tagged JSON wraps, if it
    /// is. Says whether.
    fn wrap(&mut self, level: Level) -> Result<bool, Refused> {
        let start = level.start as usize;
        let (key, behind) = split_string_bytes(sub_slice(self.out, start + 1..self.len));
        let [b':', value @ ..] = behind else { return Ok(false) };
        if self.dialect.role(key).is_none() {
            return Ok(false);
        }
        if self.depth + 1 + levels(value) > MAX_DEPTH {
            return Err(Refused::Depth);
        }
        sub_slice_mut(self.out, start..=start).fill(WRAPPED);
        Ok(true)
    }

    // ---- values

    /// Begins a value, whose bytes are [`put`](Self::put) then.
    pub(super) fn begin_value(&mut self) -> Result<(), Refused> {
        if self.in_dict() { Ok(()) } else { self.next_item() }
    }

    /// `None`, a bool or an integer, as JSON spells it.
    pub(super) fn scalar(&mut self, spelling: &[u8]) -> Result<(), Refused> {
        self.begin_value()?;
        self.put(spelling)
    }

    pub(super) fn float(&mut self, value: f64) -> Result<(), Refused> {
        const NAN_BITS: u64 = 0x7FF8_0000_0000_0000;
        let bits = value.to_bits();
        match spell_f64(value) {
            Some(spelling) => self.scalar(spelling.as_bytes())?,
            None => return Err(Refused::Form),
        }
        // A name says which NaN it is only if it is Python's own.
        if value.is_nan() && bits != NAN_BITS {
            for byte in bits.to_be_bytes() {
                self.put(&[byte >> 4, byte & 0xF].map(crate::bytes::hex_digit))?;
            }
        }
        Ok(())
    }

    pub(super) fn string(&mut self, text: &str) -> Result<(), Refused> {
        self.begin_value()?;
        self.put(&[STRING])?;
        self.put(text.as_bytes())?;
        self.put(&[STRING_END])
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        self.begin_value()?;
        self.tagged_bytes(bytes, 1)
    }

    fn tagged_bytes(&mut self, bytes: &[u8], levels: usize) -> Result<(), Refused> {
        self.fits(levels)?;
        self.put(&[TAG, STRING, b' ', b'b', STRING_END, b':', STRING])?;
        for group in bytes.chunks(48) {
            let mut text = [0; 64];
            self.put(Base64::encode(group, &mut text).unwrap_or_default().as_bytes())?;
        }
        self.put(&[STRING_END, b'}'])
    }

    pub(super) fn date(&mut self, date: DateTime) -> Result<(), Refused> {
        self.begin_value()?;
        self.fits(1)?;
        self.put(&[TAG, STRING, b' ', b'd', STRING_END, b':', STRING])?;
        self.put(&pack_date(date))?;
        self.put(&[STRING_END, b'}'])
    }

    /// A msgpack extension of a type that msgspec does not know.
    pub(super) fn ext(&mut self, code: i8, data: &[u8]) -> Result<(), Refused> {
        self.begin_value()?;
        self.fits(3)?;
        self.put(&[CUSTOM, STRING])?;
        self.put(EXT.as_bytes())?;
        self.put(&[STRING_END, b':', b'['])?;
        self.put(crate::json::entries::spell_i64(code.into()).as_bytes())?;
        self.put(b",")?;
        self.tagged_bytes(data, 3)?;
        self.put(b"]}")
    }

    /// Whether so many levels more are not too many.
    fn fits(&self, levels: usize) -> Result<(), Refused> {
        if self.depth + levels > MAX_DEPTH { Err(Refused::Depth) } else { Ok(()) }
    }
}

/// Whether two of these entries, of which there are few, have equal keys.
fn has_equal_keys(entries: &[u8]) -> bool {
    let mut starts = [0; SMALL];
    let mut count = 0;
    let mut at = 0;
    while at < entries.len()
        && let Some(slot) = starts.get_mut(count)
    {
        *slot = at;
        count += 1;
        at += entry_len(entries, at);
    }
    let key = |start: &usize| {
        let entry = sub_slice(entries, *start..);
        let key = split_string_bytes(entry).0;
        match entry.first() {
            Some(&NUMBER_KEY) => (true, number_of(key)),
            _ => (false, key),
        }
    };
    let mut rest = sub_slice(&starts, ..count);
    while let [first, behind @ ..] = rest {
        let first = key(first);
        if behind.iter().any(|other| key(other) == first) {
            return true;
        }
        rest = behind;
    }
    false
}

/// The number that a key is equal to: `True` is 1.
fn number_of(spelling: &[u8]) -> &[u8] {
    match spelling {
        b"true" => b"1",
        b"false" => b"0",
        number => number,
    }
}
