//! What to send for a session.

use core::fmt::Display;

use super::Response;
use crate::{config::Config, cookie::SetCookie, error::Error};

/// What to send for a session: the caller writes these headers.
#[derive(Clone, Debug)]
#[must_use = "the session is saved once these headers are sent"]
#[non_exhaustive]
pub struct Saved<'a, V> {
    /// The value of a `Set-Cookie` header.
    pub set_cookie: Option<SetCookie<'a, V>>,
    /// Whether the response depends on the cookie: `Vary: Cookie`. A cache
    /// that is not told gives one user's page to another.
    pub vary_cookie: bool,
    /// The cookie's length in bytes, if that is beyond `MAX_COOKIE_SIZE` and
    /// [`OversizeCookie::Warn`](crate::config::OversizeCookie::Warn) let it pass.
    pub oversize_len_bytes: Option<usize>,
    /// Why a session that nobody changed was not sent anew, if it was due but could not
    /// be: it stays as the browser has it, and ends when that cookie does. For a log.
    pub refresh_skipped: Option<Error>,
    /// Whether another request ended the server-side session meanwhile, by a logout or a
    /// new id: then nothing of this request was saved. For a log.
    pub ended_meanwhile: bool,
}

impl<'a, V> Saved<'a, V> {
    /// Nothing to send.
    pub const fn nothing() -> Self {
        Self::unchanged(false)
    }

    /// No cookie to send: the session stays as the browser has it. The response depends
    /// on it if the handler obtained it (`accessed`).
    pub const fn unchanged(accessed: bool) -> Self {
        Self {
            set_cookie: None,
            vary_cookie: accessed,
            oversize_len_bytes: None,
            refresh_skipped: None,
            ended_meanwhile: false,
        }
    }

    /// Checks a cookie whose value has `value_len_bytes`: that it can be written, that
    /// browsers keep it (see [`RefusedCookie`](crate::config::RefusedCookie)), and its length.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`], [`Error::CookieTooLarge`].
    pub fn cookie(
        config: &Config<'_>,
        cookie: SetCookie<'a, V>,
        value_len_bytes: usize,
    ) -> Result<Self, Error> {
        let attributes = cookie.with_value(());
        let oversize_len_bytes = config.check_cookie(&attributes, value_len_bytes)?;
        Ok(Self::checked(&attributes, cookie.value, oversize_len_bytes))
    }

    /// A cookie that was checked, given apart from its value, which is put where it stays.
    pub(super) fn checked(cookie: &SetCookie<'a, ()>, value: V, oversize_len_bytes: Option<usize>) -> Self {
        let set_cookie = Some(cookie.with_value(value));
        Self { set_cookie, vary_cookie: true, oversize_len_bytes, ..Self::nothing() }
    }

    /// Sets the headers of a response that has a list of them.
    ///
    /// # Errors
    /// The response's own.
    pub fn apply<R: Response + ?Sized>(&self, response: &mut R) -> Result<(), R::Error>
    where
        V: Display,
    {
        if let Some(cookie) = &self.set_cookie {
            response.add_set_cookie(cookie)?;
        }
        if self.vary_cookie {
            response.add_vary("Cookie")?;
        }
        Ok(())
    }
}
