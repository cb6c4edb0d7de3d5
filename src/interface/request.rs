//! What the session layer needs to know of a server: two small traits.

use core::fmt::Display;

use crate::cookie::{CookieValue, find_plain, find_with_duplicates};

/// A request, as far as sessions look at it: once, while its session is opened.
///
/// ```
/// struct MyRequest {
///     headers: [(&'static str, &'static [u8]); 1],
/// }
///
/// impl hipflask::Request for MyRequest {
///     fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
///         let cookies = self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
///         cookies.map(|(_, value)| *value)
///     }
/// }
/// ```
pub trait Request {
    /// The values of all `Cookie` headers, in order.
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]>;

    /// The value of the first cookie called `name`, and whether there are more of that name:
    /// as [`find_with_duplicates`] reads them.
    fn find_cookie(&self, name: &str) -> Option<(CookieValue<'_>, bool)> {
        find_with_duplicates(self.cookie_headers(), name)
    }
}

/// A request whose cookies are read only where none of them is quoted, as
/// [`find_plain`] reads them: with a `"` in its `Cookie` headers, it brings no session.
///
/// Neither Flask nor this crate quotes a session's cookie, and browsers do not either. A
/// device whose host name is its own sees no other cookies, and does without the code for
/// quotes: `docs/firmware.md` says how much that is.
///
/// ```
/// use hipflask::signing::Keyring;
/// use hipflask::{Config, Opened, RequestContext, SecureCookieSession, SecureCookieSessionInterface, UnixTime, clock_fn};
/// use hipflask::interface::PlainCookies;
///
/// let clock = clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)));
/// let interface = SecureCookieSessionInterface::new(Keyring::for_sessions(b"dev"), clock);
/// let config = Config::new();
/// let mut context = RequestContext::new(SecureCookieSession::<64>::new());
/// let header = "theme=dark; session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk";
/// context.open(&interface, &config, &PlainCookies(header));
/// assert_eq!(context.opened(), Ok(Opened::LOADED));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper is what it wraps")]
pub struct PlainCookies<'r, R: ?Sized>(pub &'r R);

impl<R: Request + ?Sized> Request for PlainCookies<'_, R> {
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
        self.0.cookie_headers()
    }

    fn find_cookie(&self, name: &str) -> Option<(CookieValue<'_>, bool)> {
        find_plain(self.cookie_headers(), name)
    }
}

/// The value of a single `Cookie` header is a request.
impl Request for [u8] {
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
        core::iter::once(self)
    }
}

impl<const N: usize> Request for [u8; N] {
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
        self.as_slice().cookie_headers()
    }
}

impl Request for str {
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
        core::iter::once(self.as_bytes())
    }
}

/// A response with a header list, for [`Saved::apply`](super::Saved::apply).
///
/// A server that streams its headers out does without: it writes
/// [`Saved::set_cookie`](super::Saved::set_cookie), which is [`Display`], and a
/// `Vary: Cookie` line.
pub trait Response {
    /// Why a header could not be set.
    type Error;

    /// Adds a `Set-Cookie` header beside any that are there.
    ///
    /// # Errors
    /// The server's own.
    fn add_set_cookie(&mut self, value: &dyn Display) -> Result<(), Self::Error>;

    /// Adds `token` to the `Vary` header, unless it is there.
    /// [`cookie::vary`](crate::cookie::vary) does it as Werkzeug does.
    ///
    /// # Errors
    /// The server's own.
    fn add_vary(&mut self, token: &str) -> Result<(), Self::Error>;
}
