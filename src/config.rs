//! Configuration: Flask's keys, with Flask's defaults.

use crate::{
    cookie::{SameSite, SetCookie},
    error::Error,
    time::Lifetime,
};

/// The session part of Flask's `app.config`, with Flask's names.
///
/// [`Config::new`] has Flask's defaults; each setting has a method of its name that
/// changes it, also in a `const`. The fields are public to be read, and to be set where a
/// value comes from elsewhere, such as a file.
///
/// ```
/// use hipflask::{Config, Lifetime, cookie::SameSite};
///
/// const CONFIG: Config = Config::new()
///     .session_cookie_secure(true)
///     .session_cookie_samesite(SameSite::Lax)
///     .permanent_session_lifetime(Lifetime::from_secs(7 * 24 * 60 * 60));
/// assert_eq!(CONFIG.session_cookie_name, "session");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config<'a> {
    /// `SESSION_COOKIE_NAME`: `session`. [`refused_cookie`](Self#structfield.refused_cookie)
    /// says what happens with a name that is not found when it comes back: an empty one, one
    /// outside ASCII, or with a space, `=` or `"` in it.
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
    /// By how much the clocks of the hosts that share the sessions may differ, in seconds:
    /// 0, as in Flask, which refuses a cookie that is one second ahead of its clock.
    ///
    /// A cookie that is no further in the future opens, and new ones are dated back by as
    /// much, so that hosts whose clocks are behind open them, Flask among them. `Expires`
    /// is not dated back. No lifetime gets longer; that of a new cookie ends so much earlier.
    ///
    /// It is for sessions. CSRF and other timed tokens follow it when their signer is made
    /// [with it](crate::signing::TimestampSigner::with_clock_skew_secs).
    #[doc(alias = "leeway")]
    pub clock_skew_secs: u64,
    /// `MAX_COOKIE_SIZE` in bytes of the whole `Set-Cookie` value: 4093. 0 means no limit.
    pub max_cookie_size: usize,
    /// What happens beyond it: [`OversizeCookie::Error`].
    pub oversize_cookie: OversizeCookie,
    /// What happens when the other settings make a cookie that browsers do not keep:
    /// [`RefusedCookie::Error`].
    pub refused_cookie: RefusedCookie,
    /// What happens when a cookie is signed rightly but does not decode:
    /// [`BadCookie::Error`].
    pub bad_cookie: BadCookie,
    /// What happens to a signed cookie while the clock is not set:
    /// [`UnsetClock::Error`].
    pub unset_clock: UnsetClock,
}

/// What happens to a cookie longer than `MAX_COOKIE_SIZE`.
///
/// Browsers drop a cookie whose *name and value* are longer than 4,096 bytes together
/// (RFC 6265bis, section 5.6), without telling anybody. `MAX_COOKIE_SIZE` is Flask's rule
/// of thumb for that: it counts the whole header, attributes too, so its 4,093 bytes stop
/// some cookies that browsers would keep. With the attributes that a site uses, one can
/// set it to 4,096 and their length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OversizeCookie {
    /// Saving what a handler changed fails with [`Error::CookieTooLarge`], which says by
    /// how much. A session that nobody changed, and that was only to be sent anew, is left
    /// as the browser has it: see [`Saved::refresh_skipped`](crate::Saved::refresh_skipped).
    #[default]
    Error,
    /// It is sent, and [`Saved::oversize_len_bytes`](crate::Saved::oversize_len_bytes) says so. Flask's way.
    Warn,
}

/// What happens to a cookie that no browser keeps, or that is never found when it comes
/// back: [`SetCookie::check_for_browsers`] lists them. Nobody could log in with one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusedCookie {
    /// Saving fails with [`Error::InvalidConfig`], and so does [`Config::check`] when the
    /// program starts.
    #[default]
    Error,
    /// It is sent. Flask's way.
    Send,
}

/// What happens to a cookie whose signature holds, but that is no session here: it does
/// not decode, is too large or nested too deeply, was signed after the year 9999, or needs
/// the inflater that [`NoZlib`](crate::signing::NoZlib) leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadCookie {
    /// Whoever asks for the session gets the error, until the browser drops the cookie or
    /// [`start_fresh`](crate::RequestContext::start_fresh) deletes it. Flask answers 500,
    /// to every request.
    #[default]
    Error,
    /// A fresh session, and the cookie is deleted.
    StartFresh,
}

/// What happens to a cookie whose signature holds, while its age cannot be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnsetClock {
    /// Opening fails with [`Error::ClockNotSet`].
    #[default]
    Error,
    /// A fresh session, as if the cookie had expired. It can be read and
    /// written, but saving what it holds needs the time.
    StartFresh,
}

impl<'a> Config<'a> {
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
            clock_skew_secs: 0,
            max_cookie_size: 4093,
            oversize_cookie: OversizeCookie::Error,
            refused_cookie: RefusedCookie::Error,
            bad_cookie: BadCookie::Error,
            unset_clock: UnsetClock::Error,
        }
    }

    /// Sets [`session_cookie_name`](Self#structfield.session_cookie_name).
    #[must_use]
    pub const fn session_cookie_name(mut self, session_cookie_name: &'a str) -> Self {
        self.session_cookie_name = session_cookie_name;
        self
    }

    /// Sets [`session_cookie_domain`](Self#structfield.session_cookie_domain).
    #[must_use]
    pub const fn session_cookie_domain(mut self, session_cookie_domain: &'a str) -> Self {
        self.session_cookie_domain = Some(session_cookie_domain);
        self
    }

    /// Sets [`session_cookie_path`](Self#structfield.session_cookie_path).
    #[must_use]
    pub const fn session_cookie_path(mut self, session_cookie_path: &'a str) -> Self {
        self.session_cookie_path = Some(session_cookie_path);
        self
    }

    /// Sets [`application_root`](Self#structfield.application_root).
    #[must_use]
    pub const fn application_root(mut self, application_root: &'a str) -> Self {
        self.application_root = Some(application_root);
        self
    }

    /// Sets [`session_cookie_httponly`](Self#structfield.session_cookie_httponly).
    #[must_use]
    pub const fn session_cookie_httponly(mut self, session_cookie_httponly: bool) -> Self {
        self.session_cookie_httponly = session_cookie_httponly;
        self
    }

    /// Sets [`session_cookie_secure`](Self#structfield.session_cookie_secure).
    #[must_use]
    pub const fn session_cookie_secure(mut self, session_cookie_secure: bool) -> Self {
        self.session_cookie_secure = session_cookie_secure;
        self
    }

    /// Sets [`session_cookie_partitioned`](Self#structfield.session_cookie_partitioned).
    #[must_use]
    pub const fn session_cookie_partitioned(mut self, session_cookie_partitioned: bool) -> Self {
        self.session_cookie_partitioned = session_cookie_partitioned;
        self
    }

    /// Sets [`session_cookie_samesite`](Self#structfield.session_cookie_samesite).
    #[must_use]
    pub const fn session_cookie_samesite(mut self, session_cookie_samesite: SameSite) -> Self {
        self.session_cookie_samesite = Some(session_cookie_samesite);
        self
    }

    /// Sets [`session_refresh_each_request`](Self#structfield.session_refresh_each_request).
    #[must_use]
    pub const fn session_refresh_each_request(mut self, session_refresh_each_request: bool) -> Self {
        self.session_refresh_each_request = session_refresh_each_request;
        self
    }

    /// Sets [`permanent_session_lifetime`](Self#structfield.permanent_session_lifetime).
    #[must_use]
    pub const fn permanent_session_lifetime(mut self, permanent_session_lifetime: Lifetime) -> Self {
        self.permanent_session_lifetime = permanent_session_lifetime;
        self
    }

    /// Sets [`clock_skew_secs`](Self#structfield.clock_skew_secs).
    #[must_use]
    pub const fn clock_skew_secs(mut self, clock_skew_secs: u64) -> Self {
        self.clock_skew_secs = clock_skew_secs;
        self
    }

    /// Sets [`max_cookie_size`](Self#structfield.max_cookie_size).
    #[must_use]
    pub const fn max_cookie_size(mut self, max_cookie_size: usize) -> Self {
        self.max_cookie_size = max_cookie_size;
        self
    }

    /// Sets [`oversize_cookie`](Self#structfield.oversize_cookie).
    #[must_use]
    pub const fn oversize_cookie(mut self, oversize_cookie: OversizeCookie) -> Self {
        self.oversize_cookie = oversize_cookie;
        self
    }

    /// Sets [`refused_cookie`](Self#structfield.refused_cookie).
    #[must_use]
    pub const fn refused_cookie(mut self, refused_cookie: RefusedCookie) -> Self {
        self.refused_cookie = refused_cookie;
        self
    }

    /// Sets [`bad_cookie`](Self#structfield.bad_cookie).
    #[must_use]
    pub const fn bad_cookie(mut self, bad_cookie: BadCookie) -> Self {
        self.bad_cookie = bad_cookie;
        self
    }

    /// Sets [`unset_clock`](Self#structfield.unset_clock).
    #[must_use]
    pub const fn unset_clock(mut self, unset_clock: UnsetClock) -> Self {
        self.unset_clock = unset_clock;
        self
    }

    /// Checks the settings. Call it when the program starts: a login that cannot work
    /// is then found before anybody tries it. What it checks of the cookie is checked again
    /// whenever one is made, with the attributes that an interface's hooks give it.
    ///
    /// ```
    /// use hipflask::{Config, Error, cookie::SameSite};
    ///
    /// let config = Config::new().session_cookie_samesite(SameSite::None);
    /// assert_eq!(config.check(), Err(Error::InvalidConfig { setting: "SESSION_COOKIE_SECURE" }));
    /// assert_eq!(config.session_cookie_secure(true).check(), Ok(()));
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] with the setting that is to be mended:
    /// - the cookie cannot be written: [`SetCookie::check`];
    /// - browsers do not keep it: [`SetCookie::check_for_browsers`], unless
    ///   [`RefusedCookie::Send`] lets it pass;
    /// - the lifetime is no `timedelta`;
    /// - it is shorter than the clock skew (`clock_skew_secs`), so that a session has
    ///   ended before it begins.
    pub fn check(&self) -> Result<(), Error> {
        let lifetime_secs = self.permanent_session_lifetime.max_age_secs()?;
        if self.clock_skew_secs > lifetime_secs.max(0).cast_unsigned() {
            return Err(Error::InvalidConfig { setting: "clock_skew_secs" });
        }
        self.check_attributes(&self.cookie(()))
    }

    /// The cookie that deletes a leftover: one of the session's name that the site set with
    /// this `Domain` and `Path` in former times. Browsers keep a cookie for each of them, and
    /// send all that match ([`Opened::has_duplicates`](crate::Opened::has_duplicates)).
    ///
    /// It must not be the pair that is in use now, which is the session itself. To log
    /// out, delete the leftovers too, whatever the request brought.
    ///
    /// ```
    /// use hipflask::{Config, Error, Opened, Response};
    ///
    /// const CONFIG: Config = Config::new();
    ///
    /// /// The site once set its cookie for all of example.com, and once for `/shop` alone.
    /// fn delete_leftovers<R: Response>(opened: Result<Opened, Error>, response: &mut R) -> Result<(), R::Error> {
    ///     // A session that cannot be read may itself be a leftover.
    ///     if opened.map_or(true, Opened::has_duplicates) {
    ///         response.add_set_cookie(&CONFIG.leftover_deletion(Some("example.com"), "/"))?;
    ///         response.add_set_cookie(&CONFIG.leftover_deletion(None, "/shop"))?;
    ///     }
    ///     Ok(())
    /// }
    ///
    /// let leftover = CONFIG.leftover_deletion(Some("example.com"), "/");
    /// assert_eq!(
    ///     leftover.to_string(),
    ///     "session=; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/"
    /// );
    /// ```
    #[must_use]
    pub fn leftover_deletion(&self, domain: Option<&'a str>, path: &'a str) -> SetCookie<'a, &'static str> {
        let mut cookie = self.cookie("").expired().with_path(path);
        cookie.domain = domain;
        cookie
    }

    /// Checks a cookie whose value has `value_len_bytes`, as far as the settings say. Gives
    /// its length where that is beyond `MAX_COOKIE_SIZE` and may be.
    pub(crate) fn check_cookie(
        &self,
        cookie: &SetCookie<'_, ()>,
        value_len_bytes: usize,
    ) -> Result<Option<usize>, Error> {
        self.check_attributes(cookie)?;
        // Most cookies are so short that they need not be measured. Small machines have less
        // flash than time.
        if usize::BITS == 64
            && let Ok(None) = self.check_len(cookie.max_len_bytes_with(value_len_bytes))
        {
            return Ok(None);
        }
        self.check_len(cookie.len_bytes_with(value_len_bytes))
    }

    /// Gives a cookie's length where that is beyond `MAX_COOKIE_SIZE` and may be.
    pub(crate) fn check_len(&self, len_bytes: usize) -> Result<Option<usize>, Error> {
        let limit_bytes = self.max_cookie_size;
        match self.oversize_cookie {
            _ if limit_bytes == 0 || len_bytes <= limit_bytes => Ok(None),
            OversizeCookie::Error => Err(Error::CookieTooLarge { len_bytes, limit_bytes }),
            OversizeCookie::Warn => Ok(Some(len_bytes)),
        }
    }

    fn check_attributes(&self, cookie: &SetCookie<'_, ()>) -> Result<(), Error> {
        match self.refused_cookie {
            // Every name that is found when it comes back can be written.
            RefusedCookie::Error => {
                cookie.check_domain().and_then(|()| cookie.check_attributes_for_browsers())
            }
            RefusedCookie::Send => cookie.check(),
        }
    }

    /// A cookie with the attributes that are set here.
    pub(crate) fn cookie<V>(&self, value: V) -> SetCookie<'a, V> {
        SetCookie {
            domain: self.session_cookie_domain,
            secure: self.session_cookie_secure,
            http_only: self.session_cookie_httponly,
            path: self.cookie_path(),
            same_site: self.session_cookie_samesite,
            partitioned: self.session_cookie_partitioned,
            ..SetCookie::new(self.session_cookie_name, value)
        }
    }

    /// `SESSION_COOKIE_PATH`, or else `APPLICATION_ROOT`.
    pub(crate) fn cookie_path(&self) -> Option<&'a str> {
        self.session_cookie_path.filter(|path| !path.is_empty()).or(self.application_root)
    }
}

impl Default for Config<'_> {
    fn default() -> Self {
        Self::new()
    }
}
