//! Rust values to unescaped JSON: counted first, then written.

use core::fmt::{self, Write as _};

use super::int_key;
use crate::{
    bytes::copy,
    error::Error,
    json::{
        MAX_DEPTH,
        dialect::{Dialect, Role},
        form::{
            CUSTOM, NUMBER_KEY, STRING, STRING_END, TAG, WRAPPED, WRAPPED_END, date,
            sort::{have_one_key, sort_entries},
            tag::{self, Standard},
        },
        number,
        text::write::{WRAPPER_LEN, escaped_extra},
        types,
        value::{Value, split_entry},
    },
    time::DateTime,
};

/// Anything that serde can serialize, as an object-safe trait: a session is
/// filled through `&dyn Encode`, so that its code exists once.
///
/// Implemented for every [`Serialize`](serde::Serialize) type; there is nothing else to implement.
pub trait Encode {
    /// Serializes itself into the encoder.
    ///
    /// # Errors
    /// [`EncodeError`].
    #[doc(hidden)]
    fn encode(&self, encoder: &mut Encoder<'_>) -> Result<(), EncodeError>;
}

/// Why a value cannot be written. A byte, where [`Error`] takes ten words: every step
/// can fail.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    NotSerializable,
    Depth,
    LengthChanged,
}

impl From<EncodeError> for Error {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::NotSerializable => Self::NotSerializable,
            EncodeError::Depth => Self::Depth,
            EncodeError::LengthChanged => Self::LengthChanged,
        }
    }
}

/// A value of a type without a size, such as `str`, behind one with a size, as a
/// `&dyn Encode` needs it.
pub(crate) struct ByRef<'v, T: ?Sized>(pub(crate) &'v T);

impl<T: Encode + ?Sized> Encode for ByRef<'_, T> {
    fn encode(&self, encoder: &mut Encoder<'_>) -> Result<(), EncodeError> {
        self.0.encode(encoder)
    }
}

/// What a value takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted {
    /// The levels around it.
    depth: usize,
    /// Bytes of unescaped JSON.
    pub(crate) len_bytes: usize,
    /// Bytes of JSON text, the wrapper included that a session may come to need.
    pub(crate) text_len_bytes: usize,
    /// How many entries it has, if it is a dict.
    pub(crate) entries: Option<usize>,
}

/// What may come next.
#[derive(Clone, Copy)]
enum Expect {
    Anything,
    /// What a tag holds where it is text.
    Text,
    /// Text that becomes something else, and what writes that. Through this pointer only
    /// those link it who have such values.
    Spelled(fn(&mut Encoder<'_>, &str) -> Result<(), EncodeError>),
    /// The dict that a registered tag is.
    Custom,
}

/// The serde dialect of this crate's format. Opaque.
#[doc(hidden)]
pub struct Encoder<'b> {
    /// Empty while counting.
    out: &'b mut [u8],
    /// How much was emitted, written or not.
    len: usize,
    /// By how much the JSON text is longer.
    text_extra: usize,
    depth: usize,
    /// The deepest level of the container that is being written.
    deepest: usize,
    expect: Expect,
    /// What the latest key is.
    key: Key,
    /// How many entries the outermost dict has.
    entries: Option<usize>,
    /// Why an element could not be written.
    failed: Option<EncodeError>,
    dialect: Dialect,
}

/// What a key is.
#[derive(Clone, Copy)]
enum Key {
    Text {
        /// Whether it would read as a tag.
        is_tag: bool,
        /// Whether it would read as one that the application registered.
        is_registered: bool,
    },
    /// A number, with what sorts entries by such keys. Through this pointer only
    /// those link it who have such keys.
    Int(fn(&mut [u8]) -> bool),
}

/// A container that is being written.
pub(super) struct Open {
    /// Where its bracket stands.
    start: usize,
    /// The deepest level around it so far.
    outer_deepest: usize,
    /// How many entries it has.
    pub(super) count: usize,
    /// Whether a key of it is a tag's, so that it would read as one if it were the only one.
    has_tag_key: bool,
    /// Sorts it, if its keys are numbers.
    sort_ints: Option<fn(&mut [u8]) -> bool>,
    /// Whether it is a tuple, which is a list in a tag.
    tagged: bool,
    /// Whether it is a registered tag.
    custom: bool,
}

impl<'b> Encoder<'b> {
    /// Counts what `value` takes inside of `depth` levels.
    pub(crate) fn count(value: &dyn Encode, dialect: Dialect, depth: usize) -> Result<Counted, EncodeError> {
        Encoder::run(value, dialect, depth, &mut [])
    }

    /// Writes `value` into `out`, which has exactly the counted length.
    pub(crate) fn write(
        value: &dyn Encode,
        dialect: Dialect,
        counted: Counted,
        out: &'b mut [u8],
    ) -> Result<(), EncodeError> {
        if Self::run(value, dialect, counted.depth, out)? == counted {
            Ok(())
        } else {
            Err(EncodeError::LengthChanged)
        }
    }

    fn run(
        value: &dyn Encode,
        dialect: Dialect,
        depth: usize,
        out: &'b mut [u8],
    ) -> Result<Counted, EncodeError> {
        let mut encoder = Encoder {
            out,
            len: 0,
            text_extra: 0,
            depth,
            deepest: depth,
            expect: Expect::Anything,
            key: Key::Text { is_tag: false, is_registered: false },
            entries: None,
            failed: None,
            dialect,
        };
        value.encode(&mut encoder)?;
        if let Some(error) = encoder.failed {
            return Err(error);
        }
        Ok(Counted {
            depth,
            len_bytes: encoder.len,
            text_len_bytes: encoder.len.saturating_add(encoder.text_extra),
            entries: encoder.entries,
        })
    }

    fn counting(&self) -> bool {
        self.out.is_empty()
    }

    fn emit(&mut self, bytes: &[u8]) {
        let room = self.out.get_mut(self.len..).unwrap_or_default();
        copy(room, bytes);
        self.len = self.len.saturating_add(bytes.len());
    }

    /// Anything but text, where anything may come.
    fn begin(&mut self) -> Result<(), EncodeError> {
        if matches!(self.expect, Expect::Anything) { Ok(()) } else { Err(EncodeError::NotSerializable) }
    }

    pub(in crate::json::rust) fn scalar(&mut self, spelling: &[u8]) -> Result<(), EncodeError> {
        self.begin()?;
        self.emit(spelling);
        Ok(())
    }

    pub(in crate::json::rust) fn text(&mut self, text: &str) -> Result<(), EncodeError> {
        match core::mem::replace(&mut self.expect, Expect::Anything) {
            Expect::Spelled(spell) => return spell(self, text),
            Expect::Custom => return Err(EncodeError::NotSerializable),
            Expect::Anything | Expect::Text => {}
        }
        self.string(text);
        Ok(())
    }

    /// Writes the integer that decimal text is.
    fn spell_integer(&mut self, text: &str) -> Result<(), EncodeError> {
        self.spell_if(number::is_integer_text(text), text)
    }

    /// Writes the number that text is, as it is.
    fn spell_number(&mut self, text: &str) -> Result<(), EncodeError> {
        self.spell_if(number::is_number_text(text), text)
    }

    fn spell_if(&mut self, fits: bool, text: &str) -> Result<(), EncodeError> {
        if !fits {
            return Err(EncodeError::NotSerializable);
        }
        self.emit(text.as_bytes());
        Ok(())
    }

    /// Writes the date that text is, to the microsecond.
    fn spell_date(&mut self, text: &str) -> Result<(), EncodeError> {
        let date = DateTime::parse_exact(text.as_bytes()).ok_or(EncodeError::NotSerializable)?;
        self.emit(&[STRING]);
        // A tag that takes this one's place reads text.
        let forced = matches!(self.dialect.role(b" d"), Some(Role::Custom(_)));
        self.emit(&if forced { date.http_date_bytes() } else { date::pack(date) });
        self.emit(&[STRING_END]);
        Ok(())
    }

    fn string(&mut self, text: &str) {
        self.emit(&[STRING]);
        self.letters(text);
        self.emit(&[STRING_END]);
    }

    /// A string made by `Display`, where no number is due.
    pub(in crate::json::rust) fn display(&mut self, text: &dyn fmt::Display) -> Result<(), EncodeError> {
        match core::mem::replace(&mut self.expect, Expect::Anything) {
            Expect::Anything | Expect::Text => {}
            Expect::Spelled(_) | Expect::Custom => return Err(EncodeError::NotSerializable),
        }
        self.emit(&[STRING]);
        write!(Letters(self), "{text}").map_err(|_| EncodeError::NotSerializable)?;
        self.emit(&[STRING_END]);
        Ok(())
    }

    /// A part of a string.
    fn letters(&mut self, text: &str) {
        self.emit(text.as_bytes());
        let extra = escaped_extra(text.as_bytes(), self.dialect.ensure_ascii);
        self.text_extra = self.text_extra.saturating_add(extra);
    }

    fn enter(&mut self) -> Result<(), EncodeError> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(EncodeError::Depth);
        }
        self.deepest = self.deepest.max(self.depth);
        Ok(())
    }

    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Writes a tag around what `inside` writes, and checks it as a reader would.
    fn tag(
        &mut self,
        key: &str,
        inside: impl FnOnce(&mut Self) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.begin()?;
        self.enter()?;
        self.emit(&[TAG, STRING]);
        self.letters(key);
        self.emit(&[STRING_END, b':']);
        let start = self.len;
        inside(self)?;
        self.close_tag(key, start)
    }

    /// Ends the tag whose contents begin at `start`.
    fn close_tag(&mut self, key: &str, start: usize) -> Result<(), EncodeError> {
        // There are none while counting, nor when they are longer than counted.
        if let Some(value) = self.out.get_mut(start..self.len) {
            let accepted = match self.dialect.role(key.as_bytes()) {
                // Its text was checked. The years 1 to 99 stay: Flask writes them too,
                // and only a reader takes them for others.
                Some(Role::Standard(Standard::DateTime)) => true,
                Some(Role::Standard(standard)) => tag::check(standard, value),
                Some(Role::Custom(forced)) => (forced.accepts)(Value::split(value).0),
                None => false,
            };
            if !accepted {
                return Err(EncodeError::NotSerializable);
            }
        }
        self.emit(b"}");
        self.leave();
        Ok(())
    }

    pub(in crate::json::rust) fn bytes(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        use base64ct::{Base64, Encoding as _};
        if !self.dialect.tagged {
            return Err(EncodeError::NotSerializable);
        }
        self.tag(Standard::Bytes.key(), |encoder| {
            encoder.emit(&[STRING]);
            for group in bytes.chunks(3) {
                let mut text = [0; 4];
                encoder.emit(Base64::encode(group, &mut text).unwrap_or_default().as_bytes());
            }
            encoder.emit(&[STRING_END]);
            Ok(())
        })
    }

    /// A newtype struct: one of this crate's, or what it holds.
    pub(in crate::json::rust) fn newtype(
        &mut self,
        name: &'static str,
        value: &dyn Encode,
    ) -> Result<(), EncodeError> {
        let standard = match name {
            types::MARKUP => Standard::Markup,
            types::UUID => Standard::Uuid,
            types::DATE_TIME => Standard::DateTime,
            types::BIG_INT => {
                self.begin()?;
                self.expect = Expect::Spelled(|encoder, text| encoder.spell_integer(text));
                return value.encode(self);
            }
            types::CUSTOM => {
                self.begin()?;
                self.expect = Expect::Custom;
                return value.encode(self);
            }
            _ => return value.encode(self),
        };
        if self.dialect.tagged {
            return self.tag(standard.key(), |encoder| {
                encoder.expect = match standard {
                    Standard::DateTime => Expect::Spelled(|encoder, text| encoder.spell_date(text)),
                    _ => Expect::Text,
                };
                value.encode(encoder)
            });
        }
        // To Python's json, Markup is the str it derives from; the others are unknown.
        if standard != Standard::Markup {
            return Err(EncodeError::NotSerializable);
        }
        value.encode(self)
    }

    /// A number that comes as text, spelled as it is to stay.
    pub(in crate::json::rust) fn number(
        &mut self,
        value: impl FnOnce(&mut Self) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.begin()?;
        self.expect = Expect::Spelled(|encoder, text| encoder.spell_number(text));
        value(self)
    }

    /// Bytes that come as base64 text.
    pub(in crate::json::rust) fn base64(
        &mut self,
        value: impl FnOnce(&mut Self) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        if !self.dialect.tagged {
            return Err(EncodeError::NotSerializable);
        }
        self.tag(Standard::Bytes.key(), |encoder| {
            encoder.expect = Expect::Text;
            value(encoder)
        })
    }

    pub(super) fn open(&mut self, mut bracket: u8, tagged: bool) -> Result<Open, EncodeError> {
        if bracket == b'{' && matches!(self.expect, Expect::Custom) {
            bracket = CUSTOM;
            self.expect = Expect::Anything;
        }
        self.begin()?;
        let tagged = tagged && self.dialect.tagged;
        let outer_deepest = core::mem::replace(&mut self.deepest, self.depth);
        if tagged {
            self.enter()?;
            self.emit(&[TAG, STRING, b' ', b't', STRING_END, b':']);
        }
        self.enter()?;
        let start = self.len;
        self.emit(&[bracket]);
        Ok(Open {
            start,
            outer_deepest,
            count: 0,
            has_tag_key: false,
            sort_ints: None,
            tagged,
            custom: bracket == CUSTOM,
        })
    }

    pub(in crate::json::rust) fn item(
        &mut self,
        open: &mut Open,
        value: &dyn Encode,
    ) -> Result<(), EncodeError> {
        if open.count > 0 {
            self.emit(b",");
        }
        open.count = open.count.saturating_add(1);
        self.element(value)
    }

    /// A part of a container. What fails is half written, so the whole must fail
    /// too, even if a `Serialize` ignores the error.
    pub(in crate::json::rust) fn element(&mut self, value: &dyn Encode) -> Result<(), EncodeError> {
        let encoded = value.encode(self);
        self.failed = self.failed.or(encoded.err());
        encoded
    }

    pub(in crate::json::rust) fn close_list(&mut self, open: &Open) -> Result<(), EncodeError> {
        self.emit(b"]");
        self.leave();
        if open.tagged {
            self.close_tag(Standard::Tuple.key(), open.start)?;
        }
        self.deepest = self.deepest.max(open.outer_deepest);
        Ok(())
    }

    /// Writes what stands before a dict's key.
    pub(in crate::json::rust) fn begin_key(&mut self, open: &mut Open) {
        if open.count > 0 {
            self.emit(b",");
        }
        open.count = open.count.saturating_add(1);
    }

    pub(in crate::json::rust) fn text_key(&mut self, text: &str) {
        let role = self.dialect.role(text.as_bytes());
        self.key = Key::Text { is_tag: role.is_some(), is_registered: matches!(role, Some(Role::Custom(_))) };
        self.string(text);
    }

    /// A key that Python sorts as a number before it becomes text. (Flask takes none
    /// for a tag's; a reader does.)
    pub(in crate::json::rust) fn int_key(&mut self, spelling: &[u8]) -> Result<(), EncodeError> {
        if self.dialect.role(spelling).is_some() {
            return Err(EncodeError::NotSerializable);
        }
        // The outermost dict may be a session, whose own keys are text.
        let stays = self.dialect.number_keys && self.depth > 1;
        self.key = Key::Int(int_key::sort);
        self.emit(&[if stays { NUMBER_KEY } else { STRING }]);
        self.emit(spelling);
        self.emit(&[STRING_END]);
        Ok(())
    }

    /// Writes what stands behind a dict's key, if there is one.
    pub(in crate::json::rust) fn end_key(
        &mut self,
        open: &mut Open,
        key: Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let sort_ints = match self.key {
            Key::Text { is_tag, is_registered } => {
                // In place of a registered tag's dict, no other tag may stand.
                open.has_tag_key |= if open.custom { is_registered } else { is_tag };
                None
            }
            Key::Int(sort) => Some(sort),
        };
        // Python compares no number with text.
        let is_mixed = open.count > 1 && sort_ints.is_some() != open.sort_ints.is_some();
        open.sort_ints = sort_ints;
        let key = if is_mixed && self.dialect.sort_keys { Err(EncodeError::NotSerializable) } else { key };
        self.failed = self.failed.or(key.err());
        self.emit(b":");
        key
    }

    pub(in crate::json::rust) fn close_dict(&mut self, open: &Open) -> Result<(), EncodeError> {
        if open.custom {
            return self.close_custom(open);
        }
        // Flask wraps a dict that would read as a tag. The wrapper is not stored,
        // but it is more text and, but for the whole document's, one more level.
        // A session has room for it as long as it has such a key, because the
        // other keys may be taken out.
        let outermost = self.depth == 1;
        let wrapped = open.has_tag_key && open.count == 1;
        if wrapped || open.has_tag_key && outermost {
            self.text_extra = self.text_extra.saturating_add(WRAPPER_LEN);
        }
        if wrapped && !outermost {
            self.deepest = self.deepest.saturating_add(1);
            if self.deepest > MAX_DEPTH {
                return Err(EncodeError::Depth);
            }
        }
        if !self.counting() && open.count > 1 {
            let start = open.start.saturating_add(1);
            // Every entry ends with a comma while they are compared.
            self.emit(b",");
            let entries = self.out.get_mut(start..self.len).unwrap_or_default();
            let refused = if self.dialect.sort_keys {
                // A Python dict has no two equal keys.
                match open.sort_ints {
                    Some(sort) => !sort(entries),
                    None => sort_entries(entries) != entries.len(),
                }
            } else {
                // A reader, who keeps the last, would be left with a tag.
                open.has_tag_key && have_one_key(entries)
            };
            if refused {
                return Err(EncodeError::NotSerializable);
            }
            self.len = self.len.saturating_sub(1);
        }
        if wrapped && let Some(bracket) = self.out.get_mut(open.start) {
            *bracket = WRAPPED;
        }
        self.emit(&[if wrapped { WRAPPED_END } else { b'}' }]);
        self.leave();
        self.deepest = self.deepest.max(open.outer_deepest);
        // A session is no dict of numbers: it sorts its keys as text.
        self.entries = (open.start == 0 && open.sort_ints.is_none()).then_some(open.count);
        Ok(())
    }

    /// Ends a registered tag: one entry, whose key is registered and whose
    /// contents the tag accepts.
    fn close_custom(&mut self, open: &Open) -> Result<(), EncodeError> {
        self.emit(b"}");
        self.leave();
        self.deepest = self.deepest.max(open.outer_deepest);
        let accepted = match self.out.get(open.start.saturating_add(1)..self.len) {
            // While counting, only the key is known.
            None => open.has_tag_key,
            Some(entry) => {
                let (key, value) = split_entry(entry);
                matches!(self.dialect.role(key.as_bytes()), Some(Role::Custom(tag)) if (tag.accepts)(value))
            }
        };
        if accepted && open.count == 1 { Ok(()) } else { Err(EncodeError::NotSerializable) }
    }
}

/// Takes the inside of a string in pieces.
struct Letters<'e, 'b>(&'e mut Encoder<'b>);

impl fmt::Write for Letters<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.letters(text);
        Ok(())
    }
}
