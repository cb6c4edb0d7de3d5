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
//! | file | idea |
//! |---|---|
//! | `scan` | JSON text to unescaped JSON, in place |
//! | `sort` | sorting an object's entries in place |
//! | `tag` | the tags: what they are called, what they may hold |
//! | `value` | reading: [`Value`], [`Kind`], [`List`], [`Dict`] |
//! | `pointer` | a place inside a [`Value`], by JSON Pointer |
//! | `equality` | a [`Value`] compared with Rust's, as Python compares |
//! | `number` | [`Number`], and numbers as Python spells them |
//! | `date` | dates in unescaped JSON |
//! | `types` | [`Markup`], [`Uuid`], [`Bytes`], [`BigInt`]: what serde has no type for |
//! | `encode` | Rust values to unescaped JSON |
//! | `int_key` | the order of keys that are integers |
//! | `ser`, `de` | the serde formats |
//! | `write` | unescaped JSON to JSON text |
//! | `text` | looking at strings a word at a time |
//! | `serializer` | [`TaggedJsonSerializer`] |
//! | [`uuid`], [`jiff`], [`chrono`] | those crates' types as Flask's (features of these names) |
//! | `compact` | JSON without tags, read straight into Rust types (feature `compact-json`) |

#[cfg(feature = "chrono")]
pub mod chrono;
#[cfg(feature = "compact-json")]
mod compact;
mod date;
mod de;
pub(crate) mod encode;
mod equality;
mod int_key;
#[cfg(feature = "jiff")]
pub mod jiff;
mod key;
pub(crate) mod number;
pub(crate) mod pointer;
pub(crate) mod scan;
mod ser;
mod serializer;
pub(crate) mod sort;
pub(crate) mod tag;
pub(crate) mod text;
pub(crate) mod types;
#[cfg(feature = "uuid")]
pub mod uuid;
pub(crate) mod value;
pub(crate) mod write;

pub use crate::time::DateTime;
#[cfg(feature = "compact-json")]
pub use compact::CompactJson;
pub use de::DeserializeError;
pub(crate) use de::from_entries;
pub use encode::Encode;
pub(crate) use encode::{ByRef, Encoder};
pub use number::Number;
pub use serializer::{SESSION_JSON_SERIALIZER, TaggedJsonSerializer};
pub use tag::JsonTag;
pub use types::{BigInt, Bytes, Custom, Markup, Uuid};
pub use value::{ByteString, Dict, Entries, Items, Kind, List, Value};

/// The deepest nesting that is read or written, in JSON's own levels: a list,
/// a dict, a tag object and a ` di` wrapper count one each.
///
/// Flask itself stops near 490 when reading and 247 to 330 when writing, where
/// CPython's recursion limit happens to lie.
pub const MAX_DEPTH: usize = 64;

/// Starts a string in unescaped JSON.
pub(crate) const STRING: u8 = 0xFE;
/// Ends a string in unescaped JSON.
pub(crate) const STRING_END: u8 = 0xFF;
/// Starts an object with one of Flask's tags in unescaped JSON.
pub(crate) const TAG: u8 = 0xFD;
/// Starts an object with a registered tag in unescaped JSON.
pub(crate) const CUSTOM: u8 = 0xFC;
/// Starts a dict that is written in a wrapper in unescaped JSON.
pub(crate) const WRAPPED: u8 = 0xFB;
/// Ends a dict that is written in a wrapper in unescaped JSON.
pub(crate) const WRAPPED_END: u8 = 0xFA;
/// Starts the four bytes in place of a date's ` GMT` that hold its microseconds. The
/// lowest mark.
pub(crate) const FRACTION: u8 = 0xF9;
