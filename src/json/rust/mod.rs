//! Rust's types, to and from unescaped JSON, through serde.
//!
//! | file | idea |
//! |---|---|
//! | `encode` | Rust values to unescaped JSON: counted first, then written |
//! | `int_key` | the order of keys that are integers |
//! | `ser`, `de` | the serde formats |
//! | `key` | a dict's keys, read as any type |
//! | `uuid`, `jiff`, `chrono` | those crates' types as Flask's (features of these names) |

#[cfg(feature = "chrono")]
pub mod chrono;
pub(crate) mod de;
pub(crate) mod encode;
mod int_key;
#[cfg(feature = "jiff")]
pub mod jiff;
pub(in crate::json) mod key;
mod ser;
#[cfg(feature = "uuid")]
pub mod uuid;
