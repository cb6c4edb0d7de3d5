//! Configuration: Flask's keys, with Flask's defaults.

use crate::{cookie::SameSite, time::Lifetime};

/// The session part of Flask's `app.config`. Const-constructible.
///
/// ```
/// use hipflask::{Config, Lifetime, cookie::SameSite};
///
/// const CONFIG: Config = Config {
///     session_cookie_secure: true,
///     session_cookie_samesite: Some(SameSite::Lax),
///     permanent_session_lifetime: Lifetime::from_secs(7 * 24 * 60 * 60),
///     ..Config::new()
/// };
/// assert_eq!(CONFIG.session_cookie_name, "session");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config<'a> {
    /// `SESSION_COOKIE_NAME`: `session`. A name outside ASCII, or with a space,
    /// `=` or `"` in it, is written but never found again, as in Flask.
    pub session_cookie_name: &'a str,
    /// `SESSION_COOKIE_DOMAIN`: none, so that only the host that set it gets the cookie.
    pub session_cookie_domain: Option<&'a str>,
    /// `SESSION_COOKIE_PATH`: none, so that `application_root` counts. So does an empty one.
    pub session_cookie_path: Option<&'a str>,
    /// `APPLICATION_ROOT`: `/`. Without it and without a path, there is no `Path` attribute.
    pub application_root: Option<&'a str>,
    /// `SESSION_COOKIE_HTTPONLY`: true.
    pub session_cookie_httponly: bool,
    /// `SESSION_COOKIE_SECURE`: false.
    pub session_cookie_secure: bool,
    /// `SESSION_COOKIE_PARTITIONED`: false. Forces `Secure`.
    pub session_cookie_partitioned: bool,
    /// `SESSION_COOKIE_SAMESITE`: none.
    pub session_cookie_samesite: Option<SameSite>,
    /// `SESSION_REFRESH_EACH_REQUEST`: true. Permanent sessions are sent anew
    /// with every response, so that they last from the latest visit.
    pub session_refresh_each_request: bool,
    /// `PERMANENT_SESSION_LIFETIME`: 31 days. Also the age at which any cookie expires.
    pub permanent_session_lifetime: Lifetime,
    /// `MAX_COOKIE_SIZE` in bytes of the whole `Set-Cookie` value: 4093. 0 means no limit.
    pub max_cookie_size: usize,
    /// What happens beyond it: [`OversizeCookie::Error`].
    pub oversize_cookie: OversizeCookie,
    /// What happens when a cookie is signed rightly but does not decode:
    /// [`BadCookie::Error`].
    pub bad_cookie: BadCookie,
    /// What happens to a signed cookie while the clock is not set:
    /// [`UnsetClock::Error`].
    pub unset_clock: UnsetClock,
}

/// What happens to a cookie longer than `MAX_COOKIE_SIZE`, which browsers drop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OversizeCookie {
    /// Saving fails with [`Error::CookieTooLarge`](crate::Error::CookieTooLarge), which says by how much.
    #[default]
    Error,
    /// It is sent, and [`Saved::oversize_len_bytes`](crate::Saved::oversize_len_bytes) says so. Flask's way.
    Warn,
}

/// What happens to a cookie whose signature holds, but that does not decode, or
/// only with the inflater that [`NoZlib`](crate::signing::NoZlib) leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BadCookie {
    /// Opening fails. Flask's way: it answers 500, and goes on doing so until
    /// the browser drops the cookie.
    #[default]
    Error,
    /// A fresh session, and the cookie is deleted.
    StartFresh,
}

/// What happens to a cookie whose signature holds, while its age cannot be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnsetClock {
    /// Opening fails with [`Error::ClockNotSet`](crate::Error::ClockNotSet).
    #[default]
    Error,
    /// A fresh session, as if the cookie had expired. It can be read and
    /// written, but saving what it holds needs the time.
    StartFresh,
}

impl Config<'_> {
    /// Flask's defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            session_cookie_name: "session",
            session_cookie_domain: None,
            session_cookie_path: None,
            application_root: Some("/"),
            session_cookie_httponly: true,
            session_cookie_secure: false,
            session_cookie_partitioned: false,
            session_cookie_samesite: None,
            session_refresh_each_request: true,
            permanent_session_lifetime: Lifetime::from_secs(31 * 24 * 60 * 60),
            max_cookie_size: 4093,
            oversize_cookie: OversizeCookie::Error,
            bad_cookie: BadCookie::Error,
            unset_clock: UnsetClock::Error,
        }
    }
}

impl Default for Config<'_> {
    fn default() -> Self {
        Self::new()
    }
}
