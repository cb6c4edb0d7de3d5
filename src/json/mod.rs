//! Tagged JSON: Flask's `TaggedJSONSerializer`, without an allocator.
//!
//! | Rust, through serde | Python |
//! |---|---|
//! | a slice, `Vec`, `heapless::Vec`, of bytes too | list |
//! | a tuple, `[T; N]`, so also `b"text"` | tuple |
//! | [`Bytes`], `serde_bytes` | bytes |
//! | a struct; a map whose keys are text, integers or bools, which become text | dict |
//! | [`Markup`], [`Uuid`], [`DateTime`] | Markup, UUID, datetime |
//! | integers, [`BigInt`]; floats; text, `char`; `bool` | int, float, str, bool |
//! | `None`, `()` | None |
//! | a unit variant; any other variant | its name; a dict of name and contents |
//! | [`Custom`] | what its registered tag makes of it |
//!
//! A JSON text is read *in place*: one pass checks it and rewrites it into
//! *unescaped JSON*, the same grammar in which
//!
//! - every string is its raw UTF-8 between the bytes `0xFE` and `0xFF`, which
//!   never occur in UTF-8, so that a `&str` can always be borrowed;
//! - an object that is a tag (`{" t":[...]}`) starts with `0xFD` (or `0xFC`, if
//!   the application registered the tag) in place of `{`, so that a `{` is
//!   always a real dict; a dict that Flask writes in a ` di` wrapper, because it
//!   would read as a tag, stands without it between `0xFB` and `0xFA`;
//! - numbers stay source text, so that big integers and Python's float
//!   spelling survive, and nobody links float code who reads no float;
//! - a date that has microseconds has them, behind the byte `0xF9`, in place of
//!   ` GMT`, because they are kept but not written;
//! - there is no whitespace, and the keys of every object are unique, and sorted
//!   unless it was made of a Rust value by a serializer that does not sort, or of
//!   keys that are numbers, which are sorted as such.
//!
//! The result is never longer than the text. A [`Value`] is a cursor over it.
//!
//! | from the ground up | idea |
//! |---|---|
//! | `form` | the unescaped form: its marks, where a value ends, sorting, tags, dates |
//! | `types` | [`Markup`], [`Uuid`], [`Bytes`], [`BigInt`]: what serde has no type for |
//! | `number` | [`Number`], and numbers as Python spells them |
//! | `value` | reading: [`Value`], [`Kind`], [`List`], [`Dict`] |
//! | `pointer` | a place inside a [`Value`], by JSON Pointer |
//! | `equality` | a [`Value`] compared with Rust's, as Python compares |
//! | `dialect` | which tags, which order, which letters; [`JsonTag`] |
//! | `text` | JSON text, from and to the unescaped form |
//! | `rust` | Rust's types, to and from the unescaped form, through serde |
//! | `serializer` | [`TaggedJsonSerializer`]: the front of all that |
//! | `compact` | JSON without tags, read straight into Rust types (feature `compact-json`) |
//! | `entries` | the one door for a session's arena, which keeps values in memory of its own |

#[cfg(feature = "compact-json")]
mod compact;
mod dialect;
mod equality;
mod form;
pub(crate) mod number;
mod pointer;
mod rust;
mod serializer;
mod text;
pub(crate) mod types;
mod value;

pub use crate::time::DateTime;
#[cfg(feature = "compact-json")]
pub use compact::CompactJson;
pub use dialect::JsonTag;
pub use number::Number;
#[cfg(feature = "chrono")]
pub use rust::chrono;
pub use rust::de::DeserializeError;
pub(crate) use rust::de::from_entries;
pub(crate) use rust::encode::ByRef;
pub use rust::encode::Encode;
#[cfg(feature = "jiff")]
pub use rust::jiff;
#[cfg(feature = "uuid")]
pub use rust::uuid;
pub use serializer::{SESSION_JSON_SERIALIZER, TaggedJsonSerializer};
pub use types::{BigInt, Bytes, Custom, Markup, Uuid};
pub use value::{ByteString, Dict, Entries, Items, Kind, List, Value};

/// What the arena of a session, and what reads and writes it in other formats, need to know
/// of the unescaped form.
pub(crate) mod entries {
    pub(crate) use super::{
        dialect::Dialect,
        form::{
            CUSTOM, NUMBER_KEY, STRING, STRING_END, TAG, WRAPPED, WRAPPED_END,
            date::pack as pack_date,
            sort::{compare_keys, entry_len, rotate, sort_entries_around},
            span::{levels, span_len, split_string, split_string_bytes},
            tag::TUPLE,
            words::{literal_len, string_len},
        },
        number::{scan_number, spell_f64, spell_i64, spell_u64},
        pointer::{Token, split_item, step_into},
        rust::encode::{Encode, Encoder},
        text::{
            scan::{MAX_LEN_BYTES, Order, load, unescape},
            write::{WRAPPER_LEN, Writer, span_text_len, string_text_len, text_len},
        },
        value::{Value, split_entry},
    };
}

/// The deepest nesting that is read or written, in JSON's own levels: a list,
/// a dict, a tag object and a ` di` wrapper count one each.
///
/// Flask itself stops near 490 when reading and 247 to 330 when writing, where
/// CPython's recursion limit happens to lie.
pub const MAX_DEPTH: usize = 64;
