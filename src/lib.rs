#![no_std]
// Of two definitions of a link the first counts, so the README's links, which are for
// its readers in the repository, lead to this documentation's own pages.
//! [docs/compatibility.md]: guide::compatibility
//! [docs/cookie.md]: guide::cookie
//! [docs/firmware.md]: guide::firmware
//! [docs/fuzzing.md]: guide::fuzzing
//! [docs/nobody-is-logged-in.md]: guide::nobody_is_logged_in
//! [docs/server.md]: guide::server
//! [docs/server-side.md]: guide::server_side
//! [`interface`]: mod@interface
//! [`session`]: mod@session
//! [`json`]: mod@json
//! [`signing`]: mod@signing
//! [`zlib`]: mod@zlib
//! [`cookie`]: mod@cookie
//! [`time`]: mod@time
//! [`backends`]: mod@backends
//!
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs, unreachable_pub)]
// What may grow after 1.0 says so, and what may not says why.
#![deny(clippy::exhaustive_enums, clippy::exhaustive_structs)]
// No panics by construction: what could panic does not pass review by accident.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

// Lengths are counted in `usize`, and a session may have 64 KiB of text and more.
#[cfg(target_pointer_width = "16")]
compile_error!("hipflask needs addresses of 32 bits or more");

// `#[inline(never)]` marks what is to exist once, because it was measured: a
// microcontroller's flash is small.

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

// The layers, from what everything stands on to what a server uses.
//
//   error, time, sink, bytes    what can go wrong; the time; where bytes go
//   zlib                        inflate and deflate
//   json                        tagged JSON, read in place and written in one pass
//   signing                     itsdangerous: keys, signers, serializers, payloads
//   cookie                      Werkzeug: Cookie, Set-Cookie, Vary
//   config                      Flask's configuration keys
//   session                     what a handler works with
//   interface                   requests and responses; opening and saving
//   extensions                  what Flask-Login and Flask-WTF keep in sessions
//   backends                    clocks and key sources for std, alloc and devices
pub mod error;
pub mod sink;
pub mod time;

mod bytes;

pub mod zlib;

pub mod json;

pub mod signing;

pub mod cookie;

pub mod config;
pub mod session;

pub mod interface;

#[cfg(any(feature = "flask-login", feature = "flask-wtf"))]
pub mod extensions;

#[path = "../backends/mod.rs"]
pub mod backends;

pub use config::{BadCookie, Config, OversizeCookie, RefusedCookie, UnsetClock};
pub use error::Error;
pub use interface::{
    CookieSession, Opened, Request, RequestContext, Response, Saved, SecureCookieSessionInterface,
    SessionInterface,
};
pub use session::{NullSession, SecureCookieSession, Session, SessionMap, SessionMixin};
pub use time::{Clock, ClockFn, Lifetime, UnixTime, clock_fn};

#[cfg(any(doc, doctest))]
pub mod guide;
