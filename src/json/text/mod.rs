//! JSON text, from and to unescaped JSON.
//!
//! | file | idea |
//! |---|---|
//! | `scan` | JSON text to unescaped JSON, in place and in one pass |
//! | `write` | unescaped JSON to JSON text, into any sink |

pub(crate) mod scan;
pub(crate) mod write;
