//! Writes a `Set-Cookie` header value as Werkzeug's `dump_cookie` does.

use core::fmt::{self, Display, Write as _};

use super::quote::{Out, write_path};
use crate::{bytes::as_str, error::Error, json::number::spell_i64, sink::CountSink, time::DateTime};

/// The longest label of a domain name (RFC 1035, section 2.3.4).
const MAX_LABEL_LEN_BYTES: usize = 63;

/// No more than this is written beside the texts that the settings give: names and marks of
/// all attributes, a date of 29 bytes, 20 digits.
const MAX_ATTRIBUTES_LEN_BYTES: usize = 160;

/// When a browser sends the cookie along with requests from other sites.
#[doc(alias = "SESSION_COOKIE_SAMESITE")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SameSite {
    /// Only with requests from the same site.
    Strict,
    /// Also when a link from another site is followed.
    Lax,
    /// Always; browsers require `Secure` with it.
    None,
}

impl SameSite {
    /// Reads `strict`, `lax` or `none` in any letter case, as Werkzeug does.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for any other text. Flask answers such a
    /// `SESSION_COOKIE_SAMESITE` with a `ValueError` when it saves.
    pub fn parse(text: &str) -> Result<Self, Error> {
        [Self::Strict, Self::Lax, Self::None]
            .into_iter()
            .find(|same_site| same_site.as_str().eq_ignore_ascii_case(text))
            .ok_or(Error::InvalidConfig { setting: "SESSION_COOKIE_SAMESITE" })
    }

    /// The word in the header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        }
    }
}

/// A `Set-Cookie` header value (Werkzeug's `dump_cookie`); `Display` writes it.
///
/// The text is Werkzeug's to the byte. It can be written any number of times,
/// provided that `value` can. Nothing is checked while writing: call
/// [`check`](Self::check) on settings that were not checked before.
///
/// ```
/// use hipflask::cookie::{SameSite, SetCookie};
///
/// let cookie = SetCookie::new("session", "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk")
///     .with_http_only(true)
///     .with_same_site(SameSite::Lax);
/// cookie.check()?;
/// assert_eq!(
///     cookie.to_string(),
///     "session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk; HttpOnly; Path=/; SameSite=Lax"
/// );
/// # Ok::<(), hipflask::Error>(())
/// ```
#[doc(alias = "dump_cookie")]
#[doc(alias = "set_cookie")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetCookie<'a, V> {
    /// The name. Written as it is, non-ASCII as UTF-8. A name with a space, a
    /// `=`, a `"` or non-ASCII characters is not found again when it comes back.
    pub name: &'a str,
    /// The value. Written as it is: signed values need no quotes; put other text
    /// into a [`QuotedValue`](super::QuotedValue).
    pub value: V,
    /// `Domain`. Only the text before the first `:` counts, without leading dots.
    pub domain: Option<&'a str>,
    /// `Expires`. Werkzeug derives it from `max_age_secs` if only that is given;
    /// here nothing knows the time, so the caller sets both.
    pub expires: Option<DateTime>,
    /// `Max-Age`, in seconds.
    #[doc(alias = "max_age")]
    pub max_age_secs: Option<i64>,
    /// `Secure`: only over HTTPS.
    pub secure: bool,
    /// `HttpOnly`: not for scripts.
    #[doc(alias = "httponly")]
    pub http_only: bool,
    /// `Path`. Percent-encoded where needed.
    pub path: Option<&'a str>,
    /// `SameSite`.
    #[doc(alias = "samesite")]
    pub same_site: Option<SameSite>,
    /// `Partitioned`: kept apart per top-level site. Writes `Secure` too.
    pub partitioned: bool,
}

impl<'a> SetCookie<'a, &'static str> {
    /// The cookie that deletes the one called `name`. Browsers delete one of the same
    /// `Path`, here `/`, and `Domain`, here none: set those that it was made with.
    ///
    /// ```
    /// use hipflask::cookie::SetCookie;
    ///
    /// let leftover = SetCookie::deletion("session").with_domain("example.com");
    /// assert_eq!(
    ///     leftover.to_string(),
    ///     "session=; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/"
    /// );
    /// ```
    #[must_use]
    #[doc(alias = "delete_cookie")]
    pub const fn deletion(name: &'a str) -> Self {
        Self::new(name, "").expired()
    }
}

impl<'a, V> SetCookie<'a, V> {
    /// A cookie with `dump_cookie`'s defaults: `Path=/` and nothing else.
    #[must_use]
    pub const fn new(name: &'a str, value: V) -> Self {
        Self {
            name,
            value,
            domain: None,
            expires: None,
            max_age_secs: None,
            secure: false,
            http_only: false,
            path: Some("/"),
            same_site: None,
            partitioned: false,
        }
    }

    /// Sets `Domain`.
    #[must_use]
    pub const fn with_domain(mut self, domain: &'a str) -> Self {
        self.domain = Some(domain);
        self
    }

    /// Sets `Expires`.
    #[must_use]
    pub const fn with_expires(mut self, expires: DateTime) -> Self {
        self.expires = Some(expires);
        self
    }

    /// Sets `Max-Age`.
    #[must_use]
    pub const fn with_max_age_secs(mut self, max_age_secs: i64) -> Self {
        self.max_age_secs = Some(max_age_secs);
        self
    }

    /// Sets `Secure`, or takes it back.
    #[must_use]
    pub const fn with_secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Sets `HttpOnly`, or takes it back.
    #[must_use]
    pub const fn with_http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// Sets `Path`. To leave it out, set the field `path` to `None`.
    #[must_use]
    pub const fn with_path(mut self, path: &'a str) -> Self {
        self.path = Some(path);
        self
    }

    /// Sets `SameSite`.
    #[must_use]
    pub const fn with_same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = Some(same_site);
        self
    }

    /// Sets `Partitioned`, or takes it back.
    #[must_use]
    pub const fn with_partitioned(mut self, partitioned: bool) -> Self {
        self.partitioned = partitioned;
        self
    }

    /// The same cookie, for the browser to delete.
    pub(crate) const fn expired(self) -> Self {
        self.with_expires(DateTime::UNIX_EPOCH).with_max_age_secs(0)
    }

    /// Whether `Secure` is written.
    pub(super) const fn is_secure(&self) -> bool {
        self.secure || self.partitioned
    }

    /// The same cookie with another value.
    #[inline(never)]
    pub fn with_value<W>(&self, value: W) -> SetCookie<'a, W> {
        SetCookie {
            name: self.name,
            value,
            domain: self.domain,
            expires: self.expires,
            max_age_secs: self.max_age_secs,
            secure: self.secure,
            http_only: self.http_only,
            path: self.path,
            same_site: self.same_site,
            partitioned: self.partitioned,
        }
    }

    /// Checks that the name and the domain can stand in a header. The path can
    /// always, because it is escaped; the value is the caller's.
    ///
    /// Spaces, tabs and `=` in the name pass, as in Flask: that browsers keep the cookie is
    /// for [`check_for_browsers`](Self::check_for_browsers).
    ///
    /// # Errors
    /// [`Error::InvalidConfig`], which names the settings of the session's cookie
    /// whatever this one is, for a control character or a `;` in either, and
    /// for a domain that Python's `idna` codec rejects (an empty label, or one
    /// of more than 63 bytes) or would have to translate (non-ASCII: write such
    /// a domain in its `xn--` form).
    pub fn check(&self) -> Result<(), Error> {
        let name_is_fine = self.name.bytes().all(|byte| byte == b'\t' || is_fine_in_attribute(byte));
        if !name_is_fine {
            return Err(Error::InvalidConfig { setting: "SESSION_COOKIE_NAME" });
        }
        self.check_domain()
    }

    /// The part of [`check`](Self::check) that looks at the domain.
    pub(crate) fn check_domain(&self) -> Result<(), Error> {
        let domain_is_fine = self.domain.is_none_or(|domain| {
            let domain = bare_domain(domain);
            domain.bytes().all(|byte| byte.is_ascii() && is_fine_in_attribute(byte))
                && has_fine_labels(domain)
        });
        if domain_is_fine { Ok(()) } else { Err(Error::InvalidConfig { setting: "SESSION_COOKIE_DOMAIN" }) }
    }

    /// The same cookie with other attributes: `attributes` is a text such as
    /// `; HttpOnly; Path=/; SameSite=Lax`, and stands behind `Expires` and `Max-Age`, which
    /// come and go. Nothing is checked, and the other attributes set here do not count.
    ///
    /// ```
    /// use hipflask::cookie::SetCookie;
    ///
    /// const ATTRIBUTES: &str = "; HttpOnly; Path=/";
    /// let cookie = SetCookie::new("session", "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk");
    /// assert_eq!(
    ///     cookie.with_attributes(ATTRIBUTES).to_string(),
    ///     "session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk; HttpOnly; Path=/"
    /// );
    /// assert_eq!(
    ///     SetCookie::deletion("session").with_attributes(ATTRIBUTES).to_string(),
    ///     "session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/"
    /// );
    /// ```
    pub fn with_attributes<'s>(&'s self, attributes: &'s str) -> impl Display + 's
    where
        V: Display,
    {
        WithAttributes { cookie: self, attributes }
    }

    /// The length of the header value, which is what `MAX_COOKIE_SIZE` limits.
    pub fn len_bytes(&self) -> usize
    where
        V: Display,
    {
        let mut count = CountSink::default();
        // It takes everything; a value that fails to write itself is counted up
        // to there.
        let _ = write!(count, "{self}");
        count.len_bytes()
    }
}

impl<V: Display> Display for SetCookie<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        f.write_str("=")?;
        write!(f, "{}", self.value)?;
        self.with_value(()).write_attributes(&mut |text| f.write_str(text))
    }
}

/// A cookie, and what stands in the place of its attributes.
struct WithAttributes<'a, V> {
    cookie: &'a SetCookie<'a, V>,
    attributes: &'a str,
}

impl<V: Display> Display for WithAttributes<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.cookie.name)?;
        f.write_str("=")?;
        write!(f, "{}", self.cookie.value)?;
        self.cookie.with_value(()).write_ages(&mut |text| f.write_str(text))?;
        f.write_str(self.attributes)
    }
}

impl SetCookie<'_, ()> {
    /// A length that the header value is not longer than with a value of `value_len_bytes`,
    /// found without spelling it: what is escaped takes three bytes for one.
    pub(crate) fn max_len_bytes_with(&self, value_len_bytes: usize) -> usize {
        let domain_len = self.domain.map_or(0, str::len);
        let path_len = self.path.map_or(0, str::len).saturating_mul(3);
        let texts_len = self.name.len().saturating_add(domain_len).saturating_add(path_len);
        value_len_bytes.saturating_add(texts_len).saturating_add(MAX_ATTRIBUTES_LEN_BYTES)
    }

    /// How long the header value is with a value of `value_len_bytes`.
    pub(crate) fn len_bytes_with(&self, value_len_bytes: usize) -> usize {
        let mut len_bytes = self.name.len().saturating_add(1).saturating_add(value_len_bytes);
        let _ = self.write_attributes(&mut |text| {
            len_bytes = len_bytes.saturating_add(text.len());
            Ok(())
        });
        len_bytes
    }

    /// Writes when the browser drops it.
    fn write_ages(&self, out: Out<'_>) -> fmt::Result {
        if let Some(expires) = self.expires {
            out("; Expires=")?;
            out(as_str(&expires.http_date_bytes()))?;
        }
        if let Some(max_age_secs) = self.max_age_secs {
            out("; Max-Age=")?;
            // `core::fmt`'s integer code can panic.
            out(as_str(spell_i64(max_age_secs).as_bytes()))?;
        }
        Ok(())
    }

    /// The one copy of what follows the value, whatever that is.
    #[inline(never)]
    fn write_attributes(&self, out: Out<'_>) -> fmt::Result {
        if let Some(domain) = self.domain {
            out("; Domain=")?;
            out(bare_domain(domain))?;
        }
        self.write_ages(out)?;
        if self.is_secure() {
            out("; Secure")?;
        }
        if self.http_only {
            out("; HttpOnly")?;
        }
        if let Some(path) = self.path {
            out("; Path=")?;
            write_path(out, path)?;
        }
        if let Some(same_site) = self.same_site {
            out("; SameSite=")?;
            out(same_site.as_str())?;
        }
        if self.partitioned {
            out("; Partitioned")?;
        }
        Ok(())
    }
}

/// The part of a configured domain that is written: no port, no leading dots.
pub(super) fn bare_domain(domain: &str) -> &str {
    let end = domain.bytes().position(|byte| byte == b':').unwrap_or(domain.len());
    let dots = domain.bytes().take_while(|byte| *byte == b'.').count();
    domain.get(dots..end).unwrap_or_default()
}

/// Every label has 1 to 63 bytes, but the last one, after a trailing dot, may
/// be empty.
fn has_fine_labels(domain: &str) -> bool {
    let mut label_len = 0_usize;
    for byte in domain.bytes() {
        if byte != b'.' {
            label_len = label_len.saturating_add(1);
        } else if label_len == 0 {
            return false;
        } else {
            label_len = 0;
        }
        if label_len > MAX_LABEL_LEN_BYTES {
            return false;
        }
    }
    true
}

fn is_fine_in_attribute(byte: u8) -> bool {
    byte != b';' && !byte.is_ascii_control()
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    /// With every attribute, each as long as it gets.
    #[test]
    fn no_cookie_is_longer_than_its_bound() {
        let full = SetCookie::new("session", "value")
            .with_domain("example.com")
            .with_expires(DateTime::UNIX_EPOCH)
            .with_max_age_secs(i64::MIN)
            .with_http_only(true)
            .with_path("/ä;/\"")
            .with_same_site(SameSite::Strict)
            .with_partitioned(true);
        for cookie in [full, SetCookie { path: None, ..SetCookie::new("", "") }] {
            let attributes = cookie.with_value(());
            let (len_bytes, value_len) = (cookie.to_string().len(), cookie.value.len());
            assert_eq!(attributes.len_bytes_with(value_len), len_bytes);
            assert!(attributes.max_len_bytes_with(value_len) >= len_bytes, "{cookie}");
        }
    }
}
