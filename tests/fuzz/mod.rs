//! What must hold for any bytes at all: one function for each claim, for a fuzzer to call.
//!
//! `tests/fuzz.rs` calls them with seeds and small changes of seeds in every test run; the package in
//! `fuzz/` hands them to libFuzzer. What they stand on is public: a fuzzer of your own can do the same.
//!
//! | target | reads | claims |
//! |---|---|---|
//! | [`cookie_header`] | `Cookie` headers | what is found is a part of the header; what is written is read again |
//! | [`token`] | signed tokens | none opens that was not signed; one that was opens until a byte is changed |
//! | [`inflate`] | a zlib stream | the same output however it is read, never more than there is room for |
//! | [`deflate`] | any text | it inflates to itself; used memory gives the same bytes as new memory |
//! | [`json`] | JSON text | what is read is written, and reads as the same; serde_json agrees |
//! | [`encode`] | choices of values | a value is the same once written and read; exactly the memory asked for suffices |
//! | [`compact_json`] | JSON text, which is signed | a type gets the value that serde_json gives it, or an error |
//! | [`open_cookie`] | a `Cookie` header, without the key | nothing opens |
//! | [`open_payload`] | a payload, which is signed | it opens or is an error; what opens is saved and opens as the same |
//! | [`codecs`] | a session as a store has it | it is read and written as msgspec does, or refused for a documented reason |
//! | [`operations`] | choices of operations | a session is a `dict`; what fails changes nothing; it opens again |
//! | [`extensions`] | headers, a CSRF token | nobody is logged in and no form is accepted that was not signed |

mod choices;
mod codecs;
mod compact;
mod cookies;
mod extensions;
mod json;
mod operations;
pub mod seeds;
mod sessions;
mod tokens;
mod values;
mod zlib;

pub use codecs::codecs;
pub use compact::compact_json;
pub use cookies::cookie_header;
pub use extensions::extensions;
pub use json::{encode, json};
pub use operations::operations;
pub use sessions::{open_cookie, open_payload};
pub use tokens::token;
pub use zlib::{deflate, inflate};

/// A target's name and the function.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 12] = [
    ("cookie_header", cookie_header),
    ("token", token),
    ("inflate", inflate),
    ("deflate", deflate),
    ("json", json),
    ("encode", encode),
    ("compact_json", compact_json),
    ("open_cookie", open_cookie),
    ("open_payload", open_payload),
    ("codecs", codecs),
    ("operations", operations),
    ("extensions", extensions),
];
