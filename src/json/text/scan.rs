//! JSON text to unescaped JSON: one pass, in place, without recursion.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "positions in the buffer, which is shorter than 2 GiB; what was written ends before what is to be read"
)]

use core::{cmp::Ordering, ops::Range};

use crate::{
    bytes::{copy_within, sub_slice, sub_slice_mut},
    error::{Error, PayloadError},
    json::{
        MAX_DEPTH,
        dialect::{Dialect, Role},
        form::{
            CUSTOM, STRING, STRING_END, TAG, WRAPPED, WRAPPED_END,
            sort::{compare_keys, sort_entries_around},
            span::split_string_bytes,
            tag::{self, Standard},
            words,
        },
        number::scan_number,
        value::Value,
    },
};

/// The longest text that is read, in bytes: positions are numbers of 31 bits.
pub(crate) const MAX_LEN_BYTES: usize = UNSORTED as usize - 1;

/// What happens to the entries of the outermost object. All others are sorted.
pub(crate) enum Order<'n> {
    /// They are sorted too.
    Sort,
    /// They stay as they come, with duplicate keys: a session indexes them. It
    /// is told where each starts.
    KeepOutermost(&'n mut dyn FnMut(usize)),
}

/// Checks the JSON text in `buffer` and rewrites it as unescaped JSON at the
/// buffer's start. Returns its length, which is at most the text's.
pub(crate) fn load(buffer: &mut [u8], dialect: Dialect, order: Order<'_>) -> Result<usize, Error> {
    if buffer.len() > MAX_LEN_BYTES {
        return Err(Error::Capacity { needed_bytes: buffer.len(), capacity_bytes: MAX_LEN_BYTES });
    }
    // Python decodes the payload as UTF-8 before it looks at it.
    if let Err(error) = core::str::from_utf8(buffer) {
        return Err(Error::BadPayload(PayloadError::Utf8 { offset_bytes: error.valid_up_to() }));
    }
    let mut scanner = Scanner { buffer, read: 0, written: 0, too_deep: false, waiting: 0, dialect, order };
    scanner.document().map_err(|refused| refused.at(scanner.read))?;
    if scanner.too_deep {
        return Err(Error::Depth);
    }
    Ok(scanner.written)
}

/// Why a text is refused. A byte, where [`Error`] takes three words: nearly
/// every step can fail.
#[derive(Clone, Copy)]
enum Refused {
    Form,
    Depth,
}

impl Refused {
    const fn at(self, offset_bytes: usize) -> Error {
        match self {
            Self::Form => Error::BadPayload(PayloadError::Json { offset_bytes }),
            Self::Depth => Error::Depth,
        }
    }
}

/// An open container.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Where its bracket was written.
    start: u32,
    /// Where the start mark of its latest key was written; 0 before the first.
    /// The high bit says that the keys came unsorted.
    key: u32,
    /// Where the start mark of its longest entry was written.
    longest: u32,
    /// The length of that entry, with a comma.
    longest_len: u32,
}

impl Level {
    const fn key_start(self) -> u32 {
        self.key & !UNSORTED
    }

    /// Whether its first entry is the only one so far.
    const fn is_single(self) -> bool {
        self.key == self.start + 1
    }

    /// Remembers the entry that ends at `end` if it is the longest so far.
    fn entry_ends(&mut self, end: usize) {
        let start = self.key_start();
        let len = end as u32 - start + 1;
        if len > self.longest_len {
            (self.longest, self.longest_len) = (start, len);
        }
    }
}

const UNSORTED: u32 = 1 << 31;

/// What a wrapper starts with, as it is written.
const WRAPPER: &[u8; 7] = &[b'{', STRING, b' ', b'd', b'i', STRING_END, b':'];

struct Scanner<'a, 'n> {
    buffer: &'a mut [u8],
    /// The next byte of the text.
    read: usize,
    /// The end of what was rewritten; never beyond `read`.
    written: usize,
    /// Whether there is one level too many, which is the wrapper's around the
    /// whole document if there is to be a value.
    too_deep: bool,
    /// How many wrappers, one directly in the other, begin with the value that ended
    /// last: the one around them takes them off with its own.
    waiting: usize,
    dialect: Dialect,
    order: Order<'n>,
}

impl Scanner<'_, '_> {
    #[inline(never)]
    fn document(&mut self) -> Result<(), Refused> {
        // One more level than a value may have: a session whose only key is a
        // tag's is wrapped as a whole, and must open again.
        let mut levels = [Level::default(); MAX_DEPTH + 1];
        let mut depth = 0_usize;
        loop {
            match self.next()? {
                open @ (b'{' | b'[') => {
                    let top = Level { start: self.written as u32, ..Level::default() };
                    self.emit(open);
                    if depth >= MAX_DEPTH {
                        if !self.is_wrapped_document() {
                            return Err(Refused::Depth);
                        }
                        self.too_deep = true;
                    }
                    *levels.get_mut(depth).ok_or(Refused::Depth)? = top;
                    depth += 1;
                    match self.peek()? {
                        b'}' if open == b'{' => {}
                        b']' if open == b'[' => {}
                        _ => {
                            if open == b'{' {
                                self.key(levels.get_mut(depth - 1))?;
                            }
                            continue;
                        }
                    }
                }
                b'"' => self.string()?,
                byte => self.scalar(byte)?,
            }
            // A value ended: close what ends with it, or go on to its sibling.
            loop {
                let Some((top, level)) =
                    depth.checked_sub(1).and_then(|top| Some((top, levels.get_mut(top)?)))
                else {
                    return if self.skip_whitespace().is_none() { Ok(()) } else { Err(Refused::Form) };
                };
                let in_object = self.buffer.get(level.start as usize) == Some(&b'{');
                match self.next()? {
                    b',' => {
                        if in_object {
                            level.entry_ends(self.written);
                        }
                        self.emit(b',');
                        if in_object {
                            self.key(Some(level))?;
                        }
                        break;
                    }
                    b']' if !in_object => self.emit(b']'),
                    b'}' if in_object => {
                        level.entry_ends(self.written);
                        self.close_object(&mut levels, top)?;
                    }
                    _ => return Err(Refused::Form),
                }
                depth = top;
            }
        }
    }

    /// Whether the whole document can be a ` di` wrapper, as far as it was written.
    fn is_wrapped_document(&self) -> bool {
        self.buffer.starts_with(WRAPPER)
    }

    /// The next byte that is not whitespace, without taking it.
    #[inline(always)]
    fn skip_whitespace(&mut self) -> Option<u8> {
        // Flask writes none.
        match self.buffer.get(self.read).copied() {
            Some(b' ' | b'\t' | b'\n' | b'\r') => self.skip_more_whitespace(),
            other => other,
        }
    }

    #[inline(never)]
    #[cold]
    fn skip_more_whitespace(&mut self) -> Option<u8> {
        loop {
            match self.buffer.get(self.read).copied() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.read += 1,
                other => return other,
            }
        }
    }

    fn peek(&mut self) -> Result<u8, Refused> {
        self.skip_whitespace().ok_or(Refused::Form)
    }

    /// Takes the next byte that is not whitespace.
    fn next(&mut self) -> Result<u8, Refused> {
        let byte = self.peek()?;
        self.read += 1;
        Ok(byte)
    }

    fn emit(&mut self, byte: u8) {
        if let Some(slot) = self.buffer.get_mut(self.written) {
            *slot = byte;
        }
        self.written += 1;
    }

    /// Takes `len` bytes of the text as they are.
    fn copy(&mut self, len: usize) {
        if self.read != self.written {
            copy_within(self.buffer, self.read..self.read + len, self.written);
        }
        self.read += len;
        self.written += len;
    }

    /// Writes what stands further behind.
    #[inline(never)]
    fn move_here(&mut self, from: Range<usize>) {
        let len = from.len();
        copy_within(self.buffer, from, self.written);
        self.written += len;
    }

    fn rest(&self) -> &[u8] {
        sub_slice(self.buffer, self.read..)
    }

    /// A number or a name, whose first byte was taken.
    fn scalar(&mut self, first: u8) -> Result<(), Refused> {
        self.read -= 1;
        let name: &[u8] = match first {
            b't' => b"true",
            b'f' => b"false",
            b'n' => b"null",
            b'N' => b"NaN",
            b'I' => b"Infinity",
            b'-' if self.rest().starts_with(b"-I") => b"-Infinity",
            b'-' | b'0'..=b'9' => {
                let (len, integer) = scan_number(self.rest()).ok_or(Refused::Form)?;
                // The int -0 is 0.
                let negative_zero = integer && self.rest().starts_with(b"-0");
                self.read += usize::from(negative_zero);
                self.copy(len - usize::from(negative_zero));
                return Ok(());
            }
            _ => return Err(Refused::Form),
        };
        if !self.rest().starts_with(name) {
            return Err(Refused::Form);
        }
        self.copy(name.len());
        Ok(())
    }

    /// A key and its colon.
    fn key(&mut self, level: Option<&mut Level>) -> Result<(), Refused> {
        if self.next()? != b'"' {
            return Err(Refused::Form);
        }
        let start = self.written;
        self.string()?;
        if self.next()? != b':' {
            return Err(Refused::Form);
        }
        self.emit(b':');
        let Some(level) = level else { return Ok(()) };
        if level.start == 0
            && let Order::KeepOutermost(note) = &mut self.order
        {
            note(start);
        }
        let previous = level.key_start() as usize;
        let sorted = previous == 0
            || compare_keys(sub_slice(self.buffer, previous + 1..), sub_slice(self.buffer, start + 1..))
                == Ordering::Less;
        level.key = level.key & UNSORTED | start as u32 | if sorted { 0 } else { UNSORTED };
        Ok(())
    }

    /// The rest of a string, whose opening quote was taken.
    fn string(&mut self) -> Result<(), Refused> {
        self.emit(STRING);
        loop {
            self.copy(words::literal_len(self.rest()));
            if self.rest().first() == Some(&b'"') {
                self.read += 1;
                self.emit(STRING_END);
                return Ok(());
            }
            self.escape()?;
        }
    }

    #[inline(never)]
    fn escape(&mut self) -> Result<(), Refused> {
        let [b'\\', letter, ..] = self.rest() else { return Err(Refused::Form) };
        let byte = match *letter {
            b'u' => return self.unicode_escape(),
            byte @ (b'"' | b'\\' | b'/') => byte,
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 0x08,
            b'f' => 0x0C,
            _ => return Err(Refused::Form),
        };
        self.read += 2;
        self.emit(byte);
        Ok(())
    }

    /// `\uXXXX`, or two of them that make one character.
    fn unicode_escape(&mut self) -> Result<(), Refused> {
        let first = hex4(self.rest()).ok_or(Refused::Form)?;
        self.read += 6;
        let code = match first {
            // A lone surrogate has no place in UTF-8.
            0xD800..0xDC00 => {
                let second = hex4(self.rest()).ok_or(Refused::Form)?;
                self.read += 6;
                if !(0xDC00..0xE000).contains(&second) {
                    return Err(Refused::Form);
                }
                0x1_0000 + ((first & 0x3FF) << 10 | second & 0x3FF)
            }
            code => code,
        };
        let letter = char::from_u32(code).ok_or(Refused::Form)?;
        for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
            self.emit(byte);
        }
        Ok(())
    }

    /// Ends the object at `top`: sorts it, and sees whether it is a tag.
    #[inline(never)]
    fn close_object(&mut self, levels: &mut [Level], top: usize) -> Result<(), Refused> {
        let Some([level, inside @ ..]) = levels.get_mut(top..) else { return Err(Refused::Depth) };
        let start = level.start as usize;
        let keep = start == 0 && matches!(self.order, Order::KeepOutermost(_));
        if level.key & UNSORTED != 0 && !keep {
            // Every entry ends with a comma while they are sorted; the last
            // one's becomes the brace.
            self.emit(b',');
            let first_key = start + 1;
            let longest = level.longest as usize - first_key;
            let longest = longest..longest + level.longest_len as usize;
            let entries = sub_slice_mut(self.buffer, first_key..self.written);
            let (len, single) = sort_entries_around(entries, longest);
            self.written = first_key + len - 1;
            if single {
                // All had one key, and the last of them moved to the front.
                let moved = level.key_start() - (level.start + 1);
                level.key = level.start + 1;
                if let Some(inside) = inside.first_mut() {
                    inside.start = inside.start.saturating_sub(moved);
                    inside.key = inside.key.saturating_sub(moved);
                }
            }
        }
        self.emit(b'}');
        if level.is_single() { self.close_tag(levels, top) } else { Ok(()) }
    }

    /// Ends the object at `top`, which has one entry.
    #[inline(never)]
    fn close_tag(&mut self, levels: &[Level], top: usize) -> Result<(), Refused> {
        let start = levels.get(top).map_or(0, |level| level.start as usize);
        let object = sub_slice_mut(self.buffer, start..self.written);
        let (key, _) = split_string_bytes(sub_slice(object, 1..));
        let Some(role) = self.dialect.role(key) else { return Ok(()) };
        // The bracket, the string's marks, the colon; the brace.
        let value = key.len() + 4..object.len() - 1;
        let mark = match role {
            Role::Standard(Standard::Dict) => return self.close_wrapper(levels, top),
            Role::Standard(tag) => {
                if !tag::check(tag, sub_slice_mut(object, value)) {
                    return Err(Refused::Form);
                }
                TAG
            }
            Role::Custom(tag) => {
                if !(tag.accepts)(Value::split(sub_slice(object, value)).0) {
                    return Err(Refused::Form);
                }
                CUSTOM
            }
        };
        if let Some(bracket) = object.first_mut() {
            *bracket = mark;
        }
        Ok(())
    }

    /// Ends the wrapper at `top` of a dict that was escaped: `{" di":{"KEY__":VALUE}}`
    /// is stored as `{"KEY":VALUE}`. Flask takes any object here and keeps its first
    /// key less two characters; anything but what it writes itself is refused.
    ///
    /// Of wrappers that are one directly in the other the outermost takes all of them
    /// off: the value inside is moved once, not once for each.
    fn close_wrapper(&mut self, levels: &[Level], top: usize) -> Result<(), Refused> {
        if self.is_wrapper(levels, top).is_none() {
            return Err(Refused::Form);
        }
        self.waiting += 1;
        if let Some(outer) = top.checked_sub(2)
            && let Some(key) = self.is_wrapper(levels, outer)
            && self.dialect.role(key).is_none()
            && let [b'}', rest @ ..] = self.rest().trim_ascii_start()
            && let [b'}', ..] = rest.trim_ascii_start()
        {
            return Ok(());
        }
        let start = levels.get(top).map_or(0, |level| level.start as usize);
        self.too_deep &= start != 0;
        self.unwrap_dicts(start);
        Ok(())
    }

    /// The key inside of the object at `top` that is a wrapper, as far as it was written.
    fn is_wrapper(&self, levels: &[Level], top: usize) -> Option<&[u8]> {
        let [outer, inner, ..] = levels.get(top..)? else { return None };
        // The dict inside may have been in a wrapper of its own.
        let starts = sub_slice(self.buffer, outer.start as usize..)
            .strip_prefix(WRAPPER)
            .is_some_and(|inner| matches!(inner.first(), Some(&(b'{' | WRAPPED))));
        // Only then is `inner` the level of that dict, and not of one before.
        if !starts || !outer.is_single() || !inner.is_single() {
            return None;
        }
        let key = split_string_bytes(sub_slice(self.buffer, inner.key as usize..)).0;
        key.ends_with(b"__").then_some(key)
    }

    /// Takes off the wrappers that wait, the first of which starts at `start`.
    fn unwrap_dicts(&mut self, start: usize) {
        let count = core::mem::take(&mut self.waiting);
        let end = self.written - 2 * count;
        let mut from = start;
        self.written = start;
        // A bit for each, the innermost lowest: whether it is written in a wrapper again.
        let mut marks = 0_u32;
        for _ in 0..count {
            // The mark before the key.
            let mark = from + WRAPPER.len() + 1;
            let key_len = words::string_len(sub_slice(self.buffer, mark + 1..));
            // Without the suffix.
            let key_end = mark + 1 + key_len - 2;
            let wrapped = self.dialect.role(sub_slice(self.buffer, mark + 1..key_end)).is_some();
            marks = marks << 1 | u32::from(wrapped);
            self.emit(if wrapped { WRAPPED } else { b'{' });
            self.move_here(mark..key_end);
            // The mark behind the key, and the colon.
            from = key_end + 4;
            self.move_here(key_end + 2..from);
        }
        self.move_here(from..end);
        for _ in 0..count {
            self.emit(if marks & 1 != 0 { WRAPPED_END } else { b'}' });
            marks >>= 1;
        }
    }
}

/// Puts the letter in place of the escape that `escape` starts with: `\uXXXX`, or two of them
/// that make one letter, or a letter behind a backslash. Gives the length of the letter and
/// of the escape.
pub(crate) fn unescape(escape: &mut [u8]) -> Option<(usize, usize)> {
    let mut scanner = Scanner {
        buffer: escape,
        read: 0,
        written: 0,
        too_deep: false,
        waiting: 0,
        dialect: Dialect::PLAIN,
        order: Order::Sort,
    };
    scanner.escape().ok()?;
    Some((scanner.written, scanner.read))
}

/// The four hex digits of the `\uXXXX` that `bytes` start with.
fn hex4(bytes: &[u8]) -> Option<u32> {
    let [b'\\', b'u', digits @ ..] = bytes else { return None };
    digits
        .first_chunk::<4>()?
        .iter()
        .try_fold(0_u32, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?))
}
