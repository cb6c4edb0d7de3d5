//! `SessionInterface`: how sessions are opened and saved.
//!
//! | | |
//! |---|---|
//! | [`SessionInterface`] | Flask's trait of the same name: two methods, and defaults to override |
//! | [`SecureCookieSessionInterface`] | its default: the session is in a signed cookie |
//! | [`RequestContext`] | one request, begun and finished as Flask's request context does it |

mod context;
mod secure_cookie;

pub use context::RequestContext;
pub use secure_cookie::{CookieSession, SecureCookieSessionInterface, SessionCookie};

use core::fmt::{self, Display};

use crate::{
    Config, Error, OversizeCookie, Request, Response, SessionMixin, UnixTime,
    cookie::{SameSite, SetCookie},
    time::DateTime,
};

/// What Flask passes as `app`, with the request at hand.
pub struct App<'a, R: ?Sized> {
    /// The configuration.
    pub config: &'a Config<'a>,
    /// The request that the session was or will be opened for.
    pub request: &'a R,
}

impl<R: ?Sized> Clone for App<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R: ?Sized> Copy for App<'_, R> {}

/// Shows no request: that has the cookies.
impl<R: ?Sized> fmt::Debug for App<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("config", self.config).finish_non_exhaustive()
    }
}

/// How a session was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// From what the request brought.
    Loaded,
    /// Fresh and empty. If the request brought something that was not
    /// accepted, this is why: for a log, it is not an error.
    Fresh(Option<Error>),
    /// Not at all: a null session is to take its place.
    Unavailable,
}

impl Opened {
    /// Why the session that the request brought was not accepted, if it was not.
    #[must_use]
    pub const fn rejected(self) -> Option<Error> {
        match self {
            Self::Fresh(reason) => reason,
            Self::Loaded | Self::Unavailable => None,
        }
    }
}

/// Opens and saves sessions. Flask's `SessionInterface`.
///
/// `R` is the server's request type. Two methods are required; the others
/// answer from the [`Config`] as Flask's do, and can be overridden one by one. An
/// interface that leaves the two to another one asks it to use these: see
/// [`open_session_with`](SecureCookieSessionInterface::open_session_with).
pub trait SessionInterface<R: Request + ?Sized> {
    /// The session, in storage that the caller owns.
    type Session: SessionMixin + ?Sized;
    /// What the caller lends while saving:
    /// [`NoCompression`](crate::signing::NoCompression), or memory.
    type Scratch: ?Sized;
    /// The value of the cookie.
    type CookieValue<'a>: Display
    where
        Self: 'a,
        R: 'a;

    /// Whether sessions are pickled. Informational, as in Flask.
    const PICKLE_BASED: bool = false;

    /// Opens the session of a request in `session`, whatever that held before.
    ///
    /// # Errors
    /// When the request should be answered with an error (Flask: 500). What
    /// only means that there is no session to trust is [`Opened::Fresh`].
    fn open_session(&self, app: App<'_, R>, session: &mut Self::Session) -> Result<Opened, Error>;

    /// What to send for the session at the end of the request. `accessed` says
    /// that the handler obtained it.
    ///
    /// # Errors
    /// When it cannot be saved; the request should be answered with an error.
    fn save_session<'a>(
        &'a self,
        app: App<'a, R>,
        session: &'a Self::Session,
        accessed: bool,
        scratch: &'a mut Self::Scratch,
    ) -> Result<Saved<'a, Self::CookieValue<'a>>, Error>;

    /// Makes `session` the null session. Called when opening was
    /// [`Opened::Unavailable`].
    fn make_null_session(&self, app: App<'_, R>, session: &mut Self::Session) {
        let _ = app;
        session.make_null();
    }

    /// Whether `session` is the null session, which is never saved.
    fn is_null_session(&self, session: &Self::Session) -> bool {
        session.is_null()
    }

    /// The cookie's name.
    fn get_cookie_name<'a>(&'a self, app: App<'a, R>) -> &'a str {
        app.config.session_cookie_name
    }

    /// The cookie's `Domain`.
    fn get_cookie_domain<'a>(&'a self, app: App<'a, R>) -> Option<&'a str> {
        app.config.session_cookie_domain
    }

    /// The cookie's `Path`: the configured one, or the application's root.
    fn get_cookie_path<'a>(&'a self, app: App<'a, R>) -> Option<&'a str> {
        app.config.session_cookie_path.filter(|path| !path.is_empty()).or(app.config.application_root)
    }

    /// Whether the cookie is hidden from scripts.
    fn get_cookie_httponly(&self, app: App<'_, R>) -> bool {
        app.config.session_cookie_httponly
    }

    /// Whether the cookie is for HTTPS only.
    fn get_cookie_secure(&self, app: App<'_, R>) -> bool {
        app.config.session_cookie_secure
    }

    /// The cookie's `SameSite`.
    fn get_cookie_samesite(&self, app: App<'_, R>) -> Option<SameSite> {
        app.config.session_cookie_samesite
    }

    /// Whether the cookie is kept apart for each top-level site.
    fn get_cookie_partitioned(&self, app: App<'_, R>) -> bool {
        app.config.session_cookie_partitioned
    }

    /// When the cookie expires: never before the browser closes, or a lifetime
    /// from now if the session is permanent.
    ///
    /// # Errors
    /// [`Error::DateOutOfRange`] outside the years 1 to 9999.
    fn get_expiration_time(
        &self,
        app: App<'_, R>,
        session: &Self::Session,
        now: UnixTime,
    ) -> Result<Option<DateTime>, Error> {
        if session.permanent() {
            app.config.permanent_session_lifetime.after(now).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Whether a session that is not empty is sent: if it was changed, or is
    /// permanent and refreshed with each request.
    fn should_set_cookie(&self, app: App<'_, R>, session: &Self::Session) -> bool {
        session.modified() || (session.permanent() && app.config.session_refresh_each_request)
    }

    /// A cookie with all the attributes that the methods above give.
    fn make_cookie<'a, V>(&'a self, app: App<'a, R>, value: V) -> SetCookie<'a, V> {
        SetCookie {
            domain: self.get_cookie_domain(app),
            secure: self.get_cookie_secure(app),
            http_only: self.get_cookie_httponly(app),
            path: self.get_cookie_path(app),
            same_site: self.get_cookie_samesite(app),
            partitioned: self.get_cookie_partitioned(app),
            ..SetCookie::new(self.get_cookie_name(app), value)
        }
    }

    /// The cookie that deletes the session's.
    fn make_deletion<'a, V>(&'a self, app: App<'a, R>, empty: V) -> SetCookie<'a, V> {
        SetCookie {
            expires: Some(DateTime::UNIX_EPOCH),
            max_age_secs: Some(0),
            ..self.make_cookie(app, empty)
        }
    }
}

/// What to send for a session: the caller writes these headers.
#[derive(Clone, Debug)]
#[must_use = "the session is saved once these headers are sent"]
pub struct Saved<'a, V> {
    /// The value of a `Set-Cookie` header.
    pub set_cookie: Option<SetCookie<'a, V>>,
    /// Whether the response depends on the cookie: `Vary: Cookie`. A cache
    /// that is not told gives one user's page to another.
    pub vary_cookie: bool,
    /// The cookie's length in bytes, if that is beyond `MAX_COOKIE_SIZE` and
    /// [`OversizeCookie::Warn`] let it pass.
    pub oversize_len_bytes: Option<usize>,
}

impl<'a, V> Saved<'a, V> {
    /// Nothing to send.
    pub const fn nothing() -> Self {
        Self { set_cookie: None, vary_cookie: false, oversize_len_bytes: None }
    }

    /// Checks a cookie whose value has `value_len_bytes`, as Flask does when it
    /// sets one: that it can be written, and its length.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`], [`Error::CookieTooLarge`].
    pub fn cookie(
        config: &Config<'_>,
        cookie: SetCookie<'a, V>,
        value_len_bytes: usize,
    ) -> Result<Self, Error> {
        cookie.check()?;
        let len_bytes = cookie.len_bytes_with(value_len_bytes);
        let limit_bytes = config.max_cookie_size;
        let mut saved = Self { set_cookie: Some(cookie), vary_cookie: true, oversize_len_bytes: None };
        if limit_bytes > 0 && len_bytes > limit_bytes {
            match config.oversize_cookie {
                OversizeCookie::Error => return Err(Error::CookieTooLarge { len_bytes, limit_bytes }),
                OversizeCookie::Warn => saved.oversize_len_bytes = Some(len_bytes),
            }
        }
        Ok(saved)
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
