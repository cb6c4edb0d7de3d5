//! Who sees to the attributes of a session's cookie: the settings, or the application.

use crate::{config::Config, cookie::SetCookie, error::Error};

mod sealed {
    pub trait Sealed {}
}

/// Who sees to the attributes of a session's cookie: [`ConfigAttributes`] or [`OwnAttributes`].
pub trait Attributes: sealed::Sealed {
    /// Checks a cookie whose value has `value_len_bytes`. Gives its length where that is
    /// beyond `MAX_COOKIE_SIZE` and may be.
    #[doc(hidden)]
    fn check(
        config: &Config<'_>,
        cookie: &SetCookie<'_, ()>,
        value_len_bytes: usize,
    ) -> Result<Option<usize>, Error> {
        config.check_cookie(cookie, value_len_bytes)
    }
}

/// The settings do, as in Flask: each cookie is checked and measured when it is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a unit: its name is its value")]
pub struct ConfigAttributes;

impl sealed::Sealed for ConfigAttributes {}

impl Attributes for ConfigAttributes {}

/// The application does, which writes them as one text: see
/// [`without_attributes`](super::SecureCookieSessionInterface::without_attributes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a unit: its name is its value")]
pub struct OwnAttributes;

impl sealed::Sealed for OwnAttributes {}

impl Attributes for OwnAttributes {
    fn check(
        config: &Config<'_>,
        cookie: &SetCookie<'_, ()>,
        value_len_bytes: usize,
    ) -> Result<Option<usize>, Error> {
        config.check_len(cookie.name.len().saturating_add(1).saturating_add(value_len_bytes))
    }
}
