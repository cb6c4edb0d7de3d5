//! Cookie headers, byte for byte as Werkzeug reads and writes them.
//!
//! | way | items | header |
//! |---|---|---|
//! | in | [`find`], [`find_with_duplicates`], [`find_plain`], [`parse_cookie`], [`Cookie`], [`CookieValue`] | `Cookie` |
//! | out | [`SetCookie`], [`SameSite`], [`QuotedValue`] | `Set-Cookie` |
//! | out | [`vary`](fn@vary) | `Vary` |
//!
//! Everything that comes in is borrowed from the header; everything that goes
//! out is a [`Display`](core::fmt::Display) value. Nothing is buffered.

mod browser;
mod dump;
mod find;
mod parse;
mod quote;
mod value;
mod vary;

pub use dump::{SameSite, SetCookie};
pub use find::{find, find_plain, find_with_duplicates};
pub use parse::{Cookie, Cookies, parse_cookie};
pub use quote::QuotedValue;
pub(crate) use quote::is_bare_in_value;
#[cfg(feature = "flask-login")]
pub(crate) use quote::write_value;
pub use value::{Charset, CookieValue};
pub use vary::{Vary, vary};
