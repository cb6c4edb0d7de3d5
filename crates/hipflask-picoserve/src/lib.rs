#![no_std]
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![deny(unreachable_pub, clippy::exhaustive_enums, clippy::exhaustive_structs)]

mod extract;
mod layer;
mod pool;
mod queue;
mod server_side;

pub use extract::{Context, ServerSideContext, Session, SessionError};
pub use layer::{Sessions, WithSession};
pub use pool::{Pool, ServerSidePool};
pub use server_side::ServerSideSessions;
