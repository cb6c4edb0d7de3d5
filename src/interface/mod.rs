//! `SessionInterface`: how sessions are opened and saved.
//!
//! | | |
//! |---|---|
//! | [`SessionInterface`] | Flask's trait of the same name: two methods, and defaults to override |
//! | [`SecureCookieSessionInterface`] | its default: the session is in a signed cookie |
//! | [`RequestContext`] | one request's session, from its opening to its saving, as Flask's request context has it |
//! | [`Opened`], [`Saved`] | what came of either |
//! | [`server_side`] | the other kind: the cookie holds an id, a store the session |
//! | [`Request`], [`Response`] | what the session layer needs to know of a server |
//! | [`PlainCookies`], [`OwnAttributes`] | less flash, where a device needs less |

mod attributes;
mod context;
mod opened;
mod request;
mod saved;
mod secure_cookie;
pub mod server_side;

pub use attributes::{Attributes, ConfigAttributes, OwnAttributes};
pub use context::RequestContext;
pub use opened::Opened;
pub use request::{PlainCookies, Request, Response};
pub use saved::Saved;
pub use secure_cookie::{CookieSession, SecureCookieSessionInterface, SessionCookie};

use core::fmt::Display;

use crate::{
    config::Config,
    cookie::{SameSite, SetCookie},
    error::Error,
    session::SessionMixin,
    time::{DateTime, UnixTime},
};

/// Opens and saves sessions. Flask's `SessionInterface`.
///
/// Two methods are required; the others answer from the [`Config`] as Flask's do,
/// and can be overridden one by one. An interface that leaves the two to another
/// one asks it to use these: see
/// [`open_session_with`](SecureCookieSessionInterface::open_session_with).
///
/// A request is looked at while its session is opened, and not after. What
/// depends on it (a tenant's path, a domain, `Secure` behind a proxy) is a
/// [`Config`] of that request, made when it begins. An interface that needs more
/// of a request keeps that in its session.
pub trait SessionInterface {
    /// The session, in storage that the caller owns.
    type Session: SessionMixin + ?Sized;
    /// What the caller lends while saving:
    /// [`NoCompression`](crate::signing::NoCompression), or memory.
    type Scratch: ?Sized;
    /// The value of the cookie.
    type CookieValue<'a>: Display
    where
        Self: 'a;

    /// Whether sessions are pickled. Informational, as in Flask.
    const PICKLE_BASED: bool = false;

    /// Opens the session of a request in `session`, whatever that held before. An
    /// interface that has no key makes it the null session.
    ///
    /// An implementation empties `session` before anything can fail: after an error,
    /// [`start_fresh`](RequestContext::start_fresh) clears and saves what it left there.
    ///
    /// # Errors
    /// When whoever asks for the session has to be told that it cannot be read
    /// (Flask: 500). What only means that there is no session to trust is
    /// [`Opened::rejected`].
    fn open_session<R: Request + ?Sized>(
        &self,
        config: &Config<'_>,
        request: &R,
        session: &mut Self::Session,
    ) -> Result<Opened, Error>;

    /// What to send for the session at the end of the request. `accessed` says
    /// that the handler obtained it.
    ///
    /// # Errors
    /// When it cannot be saved; the request should be answered with an error.
    fn save_session<'a>(
        &'a self,
        config: &'a Config<'a>,
        session: &'a Self::Session,
        accessed: bool,
        scratch: &'a mut Self::Scratch,
    ) -> Result<Saved<'a, Self::CookieValue<'a>>, Error>;

    /// Makes `session` the null session. [`open_session`](Self::open_session) calls
    /// it where no secret key is set.
    fn make_null_session(&self, config: &Config<'_>, session: &mut Self::Session) {
        let _ = config;
        session.make_null();
    }

    /// Whether `session` is the null session, which is never saved.
    fn is_null_session(&self, session: &Self::Session) -> bool {
        session.is_null()
    }

    /// The cookie's name.
    fn get_cookie_name<'a>(&'a self, config: &'a Config<'a>) -> &'a str {
        config.session_cookie_name
    }

    /// The cookie's `Domain`.
    fn get_cookie_domain<'a>(&'a self, config: &'a Config<'a>) -> Option<&'a str> {
        config.session_cookie_domain
    }

    /// The cookie's `Path`: the configured one, or the application's root.
    fn get_cookie_path<'a>(&'a self, config: &'a Config<'a>) -> Option<&'a str> {
        config.cookie_path()
    }

    /// Whether the cookie is hidden from scripts.
    fn get_cookie_httponly(&self, config: &Config<'_>) -> bool {
        config.session_cookie_httponly
    }

    /// Whether the cookie is for HTTPS only.
    fn get_cookie_secure(&self, config: &Config<'_>) -> bool {
        config.session_cookie_secure
    }

    /// The cookie's `SameSite`.
    fn get_cookie_samesite(&self, config: &Config<'_>) -> Option<SameSite> {
        config.session_cookie_samesite
    }

    /// Whether the cookie is kept apart for each top-level site.
    fn get_cookie_partitioned(&self, config: &Config<'_>) -> bool {
        config.session_cookie_partitioned
    }

    /// When the cookie expires: never before the browser closes, or a lifetime
    /// from now if the session is permanent.
    ///
    /// # Errors
    /// [`Error::DateOutOfRange`] outside the years 1 to 9999.
    fn get_expiration_time(
        &self,
        config: &Config<'_>,
        session: &Self::Session,
        now: UnixTime,
    ) -> Result<Option<DateTime>, Error> {
        if session.permanent() { config.permanent_session_lifetime.after(now).map(Some) } else { Ok(None) }
    }

    /// Whether a session that is not empty is sent: if it was changed, or is
    /// permanent and refreshed with each request.
    fn should_set_cookie(&self, config: &Config<'_>, session: &Self::Session) -> bool {
        session.modified() || (session.permanent() && config.session_refresh_each_request)
    }

    /// A cookie with all the attributes that the methods above give.
    fn make_cookie<'a, V>(&'a self, config: &'a Config<'a>, value: V) -> SetCookie<'a, V> {
        SetCookie {
            domain: self.get_cookie_domain(config),
            secure: self.get_cookie_secure(config),
            http_only: self.get_cookie_httponly(config),
            path: self.get_cookie_path(config),
            same_site: self.get_cookie_samesite(config),
            partitioned: self.get_cookie_partitioned(config),
            ..SetCookie::new(self.get_cookie_name(config), value)
        }
    }

    /// The cookie that deletes the session's.
    fn make_deletion<'a, V>(&'a self, config: &'a Config<'a>, empty: V) -> SetCookie<'a, V> {
        self.make_cookie(config, empty).expired()
    }
}
