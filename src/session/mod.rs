//! Session objects: what a handler works with.
//!
//! | | |
//! |---|---|
//! | [`Session`] | what a handler takes, whatever its capacity: a dictionary with Flask's attributes |
//! | [`SecureCookieSession`] | the same with a capacity: the session that a signed cookie holds, in a fixed arena |
//! | [`NullSession`] | the session without a secret key: reads empty, refuses to be written |
//! | [`FlashedMessages`] | messages for the next page, once they were taken |
//! | [`SessionMixin`], [`SessionMap`] | what any kind of session has, for programs that bring their own |
//!
//! | file | idea |
//! |---|---|
//! | `traits` | the attributes and the dictionary of any session |
//! | `secure_cookie` | [`Session`]: its making, its text, its attributes |
//! | `dict` | what a handler does with it, key by key and at places inside of a value |
//! | `typed` | the same with types of the application's own |
//! | `flash` | flash messages |
//! | `arena` | the bytes that it is kept in |

mod arena;
mod dict;
mod flash;
mod null;
mod secure_cookie;
mod traits;
mod typed;

pub(crate) use traits::PERMANENT;

pub use dict::Iter;
pub use flash::{FlashedMessage, FlashedMessages};
pub use null::NullSession;
pub use secure_cookie::{SecureCookieSession, Session};
pub use traits::{SessionMap, SessionMixin};
