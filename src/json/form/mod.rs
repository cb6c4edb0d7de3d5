//! Unescaped JSON: the form in which values are kept. [`json`](super) says what it is.
//!
//! | file | idea |
//! |---|---|
//! | `words` | looking at strings a machine word at a time |
//! | `span` | where a value ends |
//! | `tag` | Flask's tags: what they are called, what they may hold |
//! | `date` | dates that keep their microseconds |
//! | `sort` | sorting an object's entries in place |

pub(crate) mod date;
pub(crate) mod sort;
pub(crate) mod span;
pub(crate) mod tag;
pub(crate) mod words;

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
/// Starts a key that is a number or a bool and not text, which formats other than JSON have.
/// The mark that ends it is the same: as JSON text both are quotes, as for any key.
pub(crate) const NUMBER_KEY: u8 = STRING_END;
/// Starts the four bytes in place of a date's ` GMT` that hold its microseconds. The
/// lowest mark.
pub(crate) const FRACTION: u8 = 0xF9;
