//! Server-side sessions: the cookie holds an id, a store the session.
//!
//! | | |
//! |---|---|
//! | [`ServerSideSessionInterface`] | says what is to be loaded, written and sent, without I/O |
//! | [`ServerSideContext`] | one request's session, with `id` and `regenerate` |
//! | [`SessionId`] | what the cookie holds |
//! | [`Codec`], [`TaggedJson`] | the bytes that are stored: chosen while the program runs, or by a type |
//! | [`Store`], [`LocalStore`] | where sessions are kept, for servers with threads and for everything else |
//! | [`SearchStore`], [`end_sessions`] | stores that can go over all sessions: to log out everywhere |
//! | [`RamStore`] | a store in RAM |
//! | [`acceptance`] | what every store has to do, as a suite that runs on yours |
//!
//! | file | idea |
//! |---|---|
//! | `machine` | the rules: what a request's beginning and its end lead to |
//! | `context` | what is known of a request's session between the two |
//! | `finish` | the end of a request, step by step |
//! | `codec` | the bytes of a session in a store |
//! | `id` | the id: its letters, and how it compares |
//! | `store` | the traits of a store |
//! | `ram` | the store in RAM |
//! | `acceptance` | the suite |

pub mod acceptance;
mod codec;
mod context;
mod finish;
mod id;
mod machine;
mod ram;
mod store;

pub use codec::{Codec, EXT, SessionCodec, TaggedJson, UnwritableMarkup};
pub use context::ServerSideContext;
pub use finish::{Finish, FinishError, SessionIdCookie, Step};
pub use id::SessionId;
pub use machine::{ServerSideSessionInterface, Unavailable};
pub use ram::{RamStore, RamStoreError};
pub use store::{Condition, Ended, Found, LocalStore, SearchStore, Store, end_sessions};
