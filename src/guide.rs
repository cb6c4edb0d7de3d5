//! The pages of `docs/`, for whoever reads the documentation without the repository.
//! There is no code in here.

#[doc = include_str!("../docs/cookie.md")]
pub mod cookie {}

#[doc = include_str!("../docs/compatibility.md")]
pub mod compatibility {}

// Its examples ask for the features; the page itself is there without.
#[cfg_attr(
    any(not(doctest), all(feature = "flask-login", feature = "flask-wtf")),
    doc = include_str!("../docs/server.md")
)]
pub mod server {}

#[doc = include_str!("../docs/nobody-is-logged-in.md")]
pub mod nobody_is_logged_in {}

#[doc = include_str!("../docs/server-side.md")]
pub mod server_side {}

#[doc = include_str!("../docs/firmware.md")]
pub mod firmware {}

#[doc = include_str!("../docs/fuzzing.md")]
pub mod fuzzing {}
