//! JSON text to unescaped JSON: one pass, in place, without recursion.

use core::cmp::Ordering;

use super::{
    CUSTOM, MAX_DEPTH, STRING, STRING_END, TAG, TaggedJsonSerializer, Value,
    number::scan_number,
    sort::{compare_keys, sort_entries_around},
    tag::{self, Role, Standard},
    text,
    value::{span_len, split_string_bytes},
};
use crate::{Error, bytes::copy_within, error::PayloadError};

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
pub(crate) fn load(
    buffer: &mut [u8],
    serializer: TaggedJsonSerializer,
    order: Order<'_>,
) -> Result<usize, Error> {
    // Python decodes the payload as UTF-8 before it looks at it.
    if let Err(error) = core::str::from_utf8(buffer) {
        return Err(Error::BadPayload(PayloadError::Utf8 { offset_bytes: error.valid_up_to() }));
    }
    let mut scanner = Scanner { buffer, read: 0, written: 0, too_deep: false, serializer, order };
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

    /// Remembers the entry that ends at `end` if it is the longest so far.
    fn entry_ends(&mut self, end: usize) {
        let start = self.key_start();
        let len = (end as u32).wrapping_sub(start).wrapping_add(1);
        if len > self.longest_len {
            (self.longest, self.longest_len) = (start, len);
        }
    }
}

const UNSORTED: u32 = 1 << 31;

struct Scanner<'a, 'n> {
    buffer: &'a mut [u8],
    /// The next byte of the text.
    read: usize,
    /// The end of what was rewritten; never beyond `read`.
    written: usize,
    /// Whether there is one level too many, which is the wrapper's around the
    /// whole document if there is to be a value.
    too_deep: bool,
    serializer: TaggedJsonSerializer,
    order: Order<'n>,
}

impl Scanner<'_, '_> {
    #[inline(never)]
    fn document(&mut self) -> Result<(), Refused> {
        if self.buffer.len() >= UNSORTED as usize {
            return Err(Refused::Form);
        }
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
                    depth = depth.wrapping_add(1);
                    match self.peek()? {
                        b'}' if open == b'{' => {}
                        b']' if open == b'[' => {}
                        _ => {
                            if open == b'{' {
                                self.key(levels.get_mut(depth.wrapping_sub(1)))?;
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
                let top = depth.wrapping_sub(1);
                let Some(level) = levels.get_mut(top) else {
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
                        let level = *level;
                        self.close_object(level)?;
                    }
                    _ => return Err(Refused::Form),
                }
                depth = top;
            }
        }
    }

    /// Whether the whole document can be a ` di` wrapper, as far as it was written.
    fn is_wrapped_document(&self) -> bool {
        self.buffer.starts_with(&[b'{', STRING, b' ', b'd', b'i', STRING_END])
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
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.read = self.read.wrapping_add(1),
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
        self.read = self.read.wrapping_add(1);
        Ok(byte)
    }

    fn emit(&mut self, byte: u8) {
        if let Some(slot) = self.buffer.get_mut(self.written) {
            *slot = byte;
        }
        self.written = self.written.wrapping_add(1);
    }

    /// Takes `len` bytes of the text as they are.
    fn copy(&mut self, len: usize) {
        if self.read != self.written {
            copy_within(self.buffer, self.read..self.read.wrapping_add(len), self.written);
        }
        self.read = self.read.wrapping_add(len);
        self.written = self.written.wrapping_add(len);
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.read..).unwrap_or_default()
    }

    /// A number or a name, whose first byte was taken.
    fn scalar(&mut self, first: u8) -> Result<(), Refused> {
        self.read = self.read.wrapping_sub(1);
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
                self.read = self.read.wrapping_add(usize::from(negative_zero));
                self.copy(len.wrapping_sub(usize::from(negative_zero)));
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
            || compare_keys(
                self.buffer.get(previous.wrapping_add(1)..).unwrap_or_default(),
                self.buffer.get(start.wrapping_add(1)..).unwrap_or_default(),
            ) == Ordering::Less;
        level.key = level.key & UNSORTED | start as u32 | if sorted { 0 } else { UNSORTED };
        Ok(())
    }

    /// The rest of a string, whose opening quote was taken.
    fn string(&mut self) -> Result<(), Refused> {
        self.emit(STRING);
        loop {
            self.copy(text::literal_len(self.rest()));
            if self.rest().first() == Some(&b'"') {
                self.read = self.read.wrapping_add(1);
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
        self.read = self.read.wrapping_add(2);
        self.emit(byte);
        Ok(())
    }

    /// `\uXXXX`, or two of them that make one character.
    fn unicode_escape(&mut self) -> Result<(), Refused> {
        let first = hex4(self.rest()).ok_or(Refused::Form)?;
        self.read = self.read.wrapping_add(6);
        let code = match first {
            // A lone surrogate has no place in UTF-8.
            0xD800..0xDC00 => {
                let second = hex4(self.rest()).ok_or(Refused::Form)?;
                self.read = self.read.wrapping_add(6);
                if !(0xDC00..0xE000).contains(&second) {
                    return Err(Refused::Form);
                }
                0x1_0000_u32.wrapping_add((first & 0x3FF) << 10 | second & 0x3FF)
            }
            code => code,
        };
        let letter = char::from_u32(code).ok_or(Refused::Form)?;
        for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
            self.emit(byte);
        }
        Ok(())
    }

    /// Ends an object: sorts it, and sees whether it is a tag.
    #[inline(never)]
    fn close_object(&mut self, level: Level) -> Result<(), Refused> {
        let start = level.start as usize;
        let first_key = start.wrapping_add(1);
        let mut single = level.key as usize == first_key;
        let keep = start == 0 && matches!(self.order, Order::KeepOutermost(_));
        if level.key & UNSORTED != 0 && !keep {
            // Every entry ends with a comma while they are sorted; the last
            // one's becomes the brace.
            self.emit(b',');
            let entries = self.buffer.get_mut(first_key..self.written).unwrap_or_default();
            let longest = (level.longest as usize).wrapping_sub(first_key);
            let longest = longest..longest.wrapping_add(level.longest_len as usize);
            let len;
            (len, single) = sort_entries_around(entries, longest);
            self.written = first_key.wrapping_add(len).wrapping_sub(1);
        }
        self.emit(b'}');
        if single { self.close_tag(start) } else { Ok(()) }
    }

    /// Ends an object of one entry, which starts at `start`.
    fn close_tag(&mut self, start: usize) -> Result<(), Refused> {
        let object = self.buffer.get_mut(start..self.written).unwrap_or_default();
        let (key, rest) = split_string_bytes(object.get(1..).unwrap_or_default());
        let Some(role) = self.serializer.role(key) else { return Ok(()) };
        let value_at = object.len().wrapping_sub(rest.len()).wrapping_add(1);
        let value_end = object.len().wrapping_sub(1);
        let value = object.get_mut(value_at..value_end).unwrap_or_default();
        let mark = match role {
            Role::Standard(Standard::Dict) => return self.unwrap_dict(start),
            Role::Standard(tag) => {
                if !tag::check(tag, value) {
                    return Err(Refused::Form);
                }
                TAG
            }
            Role::Custom(tag) => {
                if !(tag.accepts)(Value::split(value).0) {
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

    /// Takes the wrapper off a dict that was escaped: `{" di":{"KEY__":VALUE}}`
    /// becomes `{"KEY":VALUE}`. Flask takes any object here and keeps its first
    /// key less two characters; anything but what it writes itself is refused.
    fn unwrap_dict(&mut self, start: usize) -> Result<(), Refused> {
        /// The wrapper's key and the inner brace, as written.
        const BEFORE: usize = 7;
        let end = self.written;
        let inner_start = start.wrapping_add(BEFORE);
        let inner = self.buffer.get(inner_start..end).unwrap_or_default();
        let [b'{', entries @ ..] = inner else { return Err(Refused::Form) };
        if entries.first() != Some(&STRING) {
            return Err(Refused::Form);
        }
        let (key, rest) = split_string_bytes(entries);
        let value = rest.get(1..).unwrap_or_default();
        if !key.ends_with(b"__") || value.get(span_len(value)) != Some(&b'}') {
            return Err(Refused::Form);
        }
        // Without the suffix, up to the outer brace.
        let key_len = key.len().wrapping_sub(2);
        let key_from = inner_start.wrapping_add(2);
        let rest_from = key_from.wrapping_add(key.len());
        let key_to = start.wrapping_add(2);
        let rest_to = key_to.wrapping_add(key_len);
        let rest_end = end.wrapping_sub(1);
        copy_within(self.buffer, key_from..key_from.wrapping_add(key_len), key_to);
        copy_within(self.buffer, rest_from..rest_end, rest_to);
        self.written = rest_to.wrapping_add(rest_end.wrapping_sub(rest_from));
        self.too_deep &= start != 0;
        Ok(())
    }
}

/// The four hex digits of the `\uXXXX` that `bytes` start with.
fn hex4(bytes: &[u8]) -> Option<u32> {
    let [b'\\', b'u', digits @ ..] = bytes else { return None };
    digits
        .first_chunk::<4>()?
        .iter()
        .try_fold(0_u32, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?))
}
