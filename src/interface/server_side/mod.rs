//! Server-side sessions: the cookie holds an id, a store the session.
//!
//! | | |
//! |---|---|
//! | [`SessionId`] | what the cookie holds |
//! | [`Store`], [`LocalStore`] | where sessions are kept, for servers with threads and for everything else |
//!
//! | file | idea |
//! |---|---|
//! | `id` | the id: its letters, and how it compares |
//! | `store` | the traits of a store |

mod id;
mod store;

pub use id::SessionId;
pub use store::{Condition, Found, LocalStore, Store};
