//! What browsers do not keep, or never give back to whoever looks for it.

use super::{SameSite, SetCookie, dump::bare_domain};
use crate::error::Error;

impl<V> SetCookie<'_, V> {
    /// Checks that browsers keep the cookie, and that it is found again when it comes
    /// back: otherwise a login just does not work, and nobody says why. Flask sends
    /// such cookies.
    ///
    /// Browsers drop a cookie with `SameSite=None` that is not `Secure`; one called
    /// `__Secure-…` that is not `Secure`; one called `__Host-…` that is not `Secure`, has
    /// a `Domain`, or a `Path` other than `/`; and one with a `Domain` that is no host's
    /// name, such as a URL or `*.example.com` (RFC 6265bis, section 5.7). Letter case
    /// does not count. A name that is empty, or has blanks, `=`, `"` or letters outside
    /// ASCII in it, does not come back as it was.
    ///
    /// A port behind the domain passes: it is not written, as in Flask.
    ///
    /// ```
    /// use hipflask::{Error, cookie::SetCookie};
    ///
    /// let cookie = SetCookie::new("__Host-session", "x");
    /// assert_eq!(cookie.check_for_browsers(), Err(Error::InvalidConfig { setting: "SESSION_COOKIE_SECURE" }));
    /// assert_eq!(cookie.with_secure(true).check_for_browsers(), Ok(()));
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] with the setting that is to be mended. It is the
    /// session's cookie that has these settings, whatever this one is.
    pub fn check_for_browsers(&self) -> Result<(), Error> {
        self.with_value(()).check_attributes_for_browsers()
    }
}

impl SetCookie<'_, ()> {
    /// The one copy of what looks at no value.
    pub(crate) fn check_attributes_for_browsers(&self) -> Result<(), Error> {
        self.refused_for().map_or(Ok(()), |setting| Err(Error::InvalidConfig { setting }))
    }

    /// The setting for which it is refused.
    fn refused_for(&self) -> Option<&'static str> {
        let promise = self.name.strip_prefix("__").unwrap_or_default();
        let is_for_one_host = begins_with(promise, "Host-");
        let needs_secure =
            is_for_one_host || begins_with(promise, "Secure-") || self.same_site == Some(SameSite::None);
        let domain = self.domain.unwrap_or_default();
        if self.name.is_empty() || !self.name.bytes().all(is_found_in_name) {
            Some("SESSION_COOKIE_NAME")
        } else if needs_secure && !self.is_secure() {
            Some("SESSION_COOKIE_SECURE")
        } else if !is_host(domain) || is_for_one_host && !bare_domain(domain).is_empty() {
            Some("SESSION_COOKIE_DOMAIN")
        } else if is_for_one_host && self.path != Some("/") {
            Some("SESSION_COOKIE_PATH")
        } else {
            None
        }
    }
}

/// In any letter case.
#[inline(never)]
fn begins_with(name: &str, prefix: &str) -> bool {
    let start = name.as_bytes().get(..prefix.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

const fn is_found_in_name(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'=' | b'"' | b';')
}

/// Whether this can be a host's name, with or without a port. Nothing can: browsers
/// take an empty `Domain` for none.
fn is_host(domain: &str) -> bool {
    let mut is_port = false;
    domain.bytes().all(|byte| match byte {
        b'0'..=b'9' => true,
        b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'-' | b'_' => !is_port,
        b':' => !core::mem::replace(&mut is_port, true),
        _ => false,
    })
}
