//! The cookie `remember_token`: its settings, its value, and who it remembers.

use core::fmt::{self, Write as _};

use serde::{Serialize, Serializer};

use super::hex::{self, Hex};
use crate::{
    bytes::{as_str, copy},
    cookie::{SameSite, SetCookie, write_value},
    error::Error,
    signing::{
        Mac, SigningKeys,
        mac::{any_key, are_equal},
    },
    sink::{CountSink, Sink as _, SliceSink},
    time::Lifetime,
};

/// How long a login is remembered, as [`FlaskLogin::login_user`](super::FlaskLogin::login_user)
/// is told: Flask-Login's `remember` and `duration`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remember {
    /// As long as the session lasts.
    #[default]
    No,
    /// For the [`duration`](RememberCookie#structfield.duration) of the settings.
    Yes,
    /// For so long.
    For(Lifetime),
}

/// The `REMEMBER_COOKIE_…` settings of Flask-Login, with its defaults.
///
/// ```
/// use hipflask::{cookie::SameSite, extensions::RememberCookie};
///
/// const REMEMBER: RememberCookie = RememberCookie::new().secure(true).samesite(SameSite::Lax);
/// assert_eq!(REMEMBER.check(), Ok(()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RememberCookie<'a> {
    /// `REMEMBER_COOKIE_NAME`: `remember_token`.
    #[doc(alias = "REMEMBER_COOKIE_NAME")]
    pub name: &'a str,
    /// `REMEMBER_COOKIE_DURATION`: 365 days.
    #[doc(alias = "REMEMBER_COOKIE_DURATION")]
    pub duration: Lifetime,
    /// `REMEMBER_COOKIE_DOMAIN`: none.
    #[doc(alias = "REMEMBER_COOKIE_DOMAIN")]
    pub domain: Option<&'a str>,
    /// `REMEMBER_COOKIE_PATH`: `/`.
    #[doc(alias = "REMEMBER_COOKIE_PATH")]
    pub path: Option<&'a str>,
    /// `REMEMBER_COOKIE_SECURE`: false.
    #[doc(alias = "REMEMBER_COOKIE_SECURE")]
    pub secure: bool,
    /// `REMEMBER_COOKIE_HTTPONLY`: true.
    #[doc(alias = "REMEMBER_COOKIE_HTTPONLY")]
    pub httponly: bool,
    /// `REMEMBER_COOKIE_SAMESITE`: none.
    #[doc(alias = "REMEMBER_COOKIE_SAMESITE")]
    pub samesite: Option<SameSite>,
    /// `REMEMBER_COOKIE_REFRESH_EACH_REQUEST`: false. Where it is true, every response of
    /// whoever is logged in sets the cookie, also for those who did not ask to be
    /// remembered, and counts as a change to the session, as in Flask-Login.
    #[doc(alias = "REMEMBER_COOKIE_REFRESH_EACH_REQUEST")]
    pub refresh_each_request: bool,
}

impl<'a> RememberCookie<'a> {
    /// Flask-Login's defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            name: "remember_token",
            duration: Lifetime::from_secs(365 * 24 * 60 * 60),
            domain: None,
            path: Some("/"),
            secure: false,
            httponly: true,
            samesite: None,
            refresh_each_request: false,
        }
    }

    /// Sets [`name`](Self#structfield.name).
    #[must_use]
    pub const fn name(mut self, name: &'a str) -> Self {
        self.name = name;
        self
    }

    /// Sets [`duration`](Self#structfield.duration).
    #[must_use]
    pub const fn duration(mut self, duration: Lifetime) -> Self {
        self.duration = duration;
        self
    }

    /// Sets [`domain`](Self#structfield.domain).
    #[must_use]
    pub const fn domain(mut self, domain: &'a str) -> Self {
        self.domain = Some(domain);
        self
    }

    /// Sets [`path`](Self#structfield.path).
    #[must_use]
    pub const fn path(mut self, path: &'a str) -> Self {
        self.path = Some(path);
        self
    }

    /// Sets [`secure`](Self#structfield.secure).
    #[must_use]
    pub const fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Sets [`httponly`](Self#structfield.httponly).
    #[must_use]
    pub const fn httponly(mut self, httponly: bool) -> Self {
        self.httponly = httponly;
        self
    }

    /// Sets [`samesite`](Self#structfield.samesite).
    #[must_use]
    pub const fn samesite(mut self, samesite: SameSite) -> Self {
        self.samesite = Some(samesite);
        self
    }

    /// Sets [`refresh_each_request`](Self#structfield.refresh_each_request).
    #[must_use]
    pub const fn refresh_each_request(mut self, refresh_each_request: bool) -> Self {
        self.refresh_each_request = refresh_each_request;
        self
    }

    /// Checks that the settings make a cookie that browsers keep and send back, as
    /// [`SetCookie::check`] and [`SetCookie::check_for_browsers`] do. Ask it when the
    /// program starts.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] with the setting that is to be mended.
    pub fn check(&self) -> Result<(), Error> {
        let cookie = self.cookie(());
        cookie.check().and_then(|()| cookie.check_for_browsers()).map_err(|error| match error {
            Error::InvalidConfig { setting } => Error::InvalidConfig { setting: own_name(setting) },
            error => error,
        })
    }

    /// The cookie without its `Expires`.
    pub(super) fn cookie<V>(&self, value: V) -> SetCookie<'a, V> {
        let mut cookie =
            SetCookie::new(self.name, value).with_secure(self.secure).with_http_only(self.httponly);
        (cookie.domain, cookie.path, cookie.same_site) = (self.domain, self.path, self.samesite);
        cookie
    }
}

impl Default for RememberCookie<'_> {
    fn default() -> Self {
        Self::new()
    }
}

/// What a setting of the session's cookie is called here.
fn own_name(setting: &'static str) -> &'static str {
    match setting {
        "SESSION_COOKIE_NAME" => "REMEMBER_COOKIE_NAME",
        "SESSION_COOKIE_SECURE" => "REMEMBER_COOKIE_SECURE",
        "SESSION_COOKIE_DOMAIN" => "REMEMBER_COOKIE_DOMAIN",
        "SESSION_COOKIE_PATH" => "REMEMBER_COOKIE_PATH",
        other => other,
    }
}

/// A user's id, signed (Flask-Login's `encode_cookie`): `Display` writes
/// `user_id|signature`, the text that the cookie stands for.
///
/// It has no date: whoever has it is logged in until the key changes.
#[derive(Clone, Copy)]
pub struct RememberToken<'u> {
    user_id: &'u str,
    digest: Hex,
}

/// Stands between a user's id and its signature.
const SEPARATOR: u8 = b'|';
/// How long what follows the user's id is.
const SUFFIX_LEN: usize = 1 + hex::LEN;

impl<'u> RememberToken<'u> {
    pub(super) fn new(user_id: &'u str, keys: &impl SigningKeys) -> Result<Self, Error> {
        let mut mac = keys.current()?;
        mac.update(user_id.as_bytes());
        Ok(Self { user_id, digest: Hex::of(mac.finish()?.as_bytes()) })
    }
}

impl fmt::Display for RememberToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.user_id)?;
        f.write_char(char::from(SEPARATOR))?;
        f.write_str(self.digest.as_str())
    }
}

/// Shows no token: it is what logs in.
impl fmt::Debug for RememberToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RememberToken").finish_non_exhaustive()
    }
}

/// The value in the header of a cookie `remember_token`: a [`RememberToken`], quoted where
/// Werkzeug quotes it, or nothing where the cookie is to be deleted.
#[derive(Clone, Copy, Debug)]
pub struct RememberValue<'u>(pub(super) Option<RememberToken<'u>>);

impl fmt::Display for RememberValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(token) = &self.0 else { return Ok(()) };
        let mut suffix = [SEPARATOR; SUFFIX_LEN];
        let [_, digits @ ..] = &mut suffix;
        copy(digits, token.digest.as_str().as_bytes());
        write_value(f, token.user_id, as_str(&suffix))
    }
}

/// How long the user's id is in the text of a token that one of `keys` signed; `None` when
/// none of them did.
pub(super) fn signed_len(token: &impl fmt::Display, keys: &impl SigningKeys) -> Result<Option<usize>, Error> {
    let mut count = CountSink::default();
    // A sink that takes everything.
    let _ = write!(count, "{token}");
    let Some(len) = count.len_bytes().checked_sub(SUFFIX_LEN) else { return Ok(None) };
    let is_signed = any_key(keys, |mac| {
        let mut suffix = [0; SUFFIX_LEN];
        let mut parts = Parts { signed_left: len, mac, suffix: SliceSink::new(&mut suffix) };
        if write!(parts, "{token}").is_err() {
            return Ok(false);
        }
        let expected = Hex::of(parts.mac.finish()?.as_bytes());
        let [separator, digits @ ..] = &suffix;
        Ok(*separator == SEPARATOR && are_equal(digits, expected.as_str().as_bytes()))
    })?;
    Ok(is_signed.then_some(len))
}

/// Takes the text of a token apart: what is signed, and what follows it.
struct Parts<'s, M> {
    signed_left: usize,
    mac: M,
    suffix: SliceSink<'s>,
}

impl<M: Mac> fmt::Write for Parts<'_, M> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let text = text.as_bytes();
        let (signed, rest) = text.split_at_checked(self.signed_left).unwrap_or((text, &[]));
        self.mac.update(signed);
        self.signed_left = self.signed_left.saturating_sub(signed.len());
        self.suffix.write(rest).map_err(|_| fmt::Error)
    }
}

/// The user's id in the text of a token: its first `len` bytes.
pub(super) struct UserIdIn<T> {
    pub(super) token: T,
    pub(super) len: usize,
}

impl<T: fmt::Display> fmt::Display for UserIdIn<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Start { left: self.len, out: f }, "{}", self.token)
    }
}

impl<T: fmt::Display> Serialize for UserIdIn<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Passes the first bytes on, and drops the rest. They end between two characters.
struct Start<W> {
    left: usize,
    out: W,
}

impl<W: fmt::Write> fmt::Write for Start<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let start = text.get(..self.left).unwrap_or(text);
        self.left = self.left.saturating_sub(start.len());
        self.out.write_str(start)
    }
}
