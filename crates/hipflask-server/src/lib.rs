#![doc = include_str!("../README.md")]
#![forbid(unsafe_code, missing_docs)]
#![deny(unreachable_pub, clippy::exhaustive_enums, clippy::exhaustive_structs)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

//   config      Flask's settings, owned
//   error       why a session cannot do what it should
//   room        memory for a session, as much as it needs
//   backend     who opens and saves, whatever its types are
//   server_side sessions in a store
//   session     the handle that handlers and middlewares have
//   lifecycle   a request's session, from its opening to its saving
//   sessions    the builder
//   extensions  Flask-Login and Flask-WTF
mod backend;
mod config;
mod error;
#[cfg(feature = "extensions")]
mod extensions;
mod lifecycle;
mod room;
mod server_side;
mod session;
mod sessions;

pub use config::OwnedConfig;
pub use error::SessionError;
#[cfg(feature = "extensions")]
pub use extensions::{Csrf, CurrentUser, FlaskExtensions, FormError, Login, OwnedClient, RequestExtensions};
pub use lifecycle::{Lifecycle, Route};
pub use session::{FlashedMessage, Session};
pub use sessions::{Adapter, Cookies, Custom, Said, ServerSide, Sessions, Unsaid};
