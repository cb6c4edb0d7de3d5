//! What the session layer needs to know of a server: two small traits.

use core::fmt::Display;

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
