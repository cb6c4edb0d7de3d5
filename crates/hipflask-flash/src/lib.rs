#![no_std]
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![deny(unreachable_pub, clippy::exhaustive_enums, clippy::exhaustive_structs)]

mod error;
mod flash;
mod row;
mod split;

pub use error::FlashStoreError;
pub use flash::FlashStore;
pub use split::{SplitStore, SplitStoreError};
