#![doc = include_str!("../README.md")]
#![forbid(unsafe_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

// From what everything stands on to what a program shows.
//
//   key          a secret key as people write it down
//   check        how good a key is
//   settings     the key, the salt, the time: what is known beside the cookie
//   pasted       the cookies in what somebody pasted
//   kind         what a value looks like
//   signature    whether a signature holds, and what would make it hold
//   sign         makes tokens
//   report       all that is known about one cookie, with
//     entries      what the entries mean
//     notes        what else there is to say
//     advice       the settings that would open it
//   stored       what a server keeps instead of a cookie
//   python       a value as Python prints it
//   typed        a value with its type, as JSON
//   text, json   reports for people and for programs
pub mod python;
pub mod typed;

mod advice;
mod check;
mod entries;
mod json;
mod key;
mod kind;
mod notes;
mod pasted;
mod report;
mod settings;
mod sign;
mod signature;
mod stored;
mod text;

pub use check::KeyCheck;
pub use key::{BadKey, read_key};
pub use kind::Kind;
pub use pasted::{Cookie, Pasted, Source, Unreadable};
pub use report::{Inspection, Payload, Report};
pub use settings::{Key, Settings};
pub use sign::{NotSignedAgain, Signing, sign_again};
pub use signature::{DERIVATIONS, DIGESTS, DigestMethod, SALTS, Verdict, Way};
pub use stored::Stored;
pub use text::{Palette, labelled};
