//! `Client`: what a request says of who sent it, and Flask-Login's hash of it.

use sha2::{Digest as _, Sha512};

use super::hex::Hex;
use crate::{
    bytes::hex_digit,
    cookie::{self, CookieValue},
    interface::Request,
};

/// What Flask-Login looks at of a request: the client's address, what it calls itself, and
/// the cookie by which it is remembered.
///
/// Header values are bytes, as they came. Where there are several `User-Agent` headers, a
/// Python server joins them with commas; of `X-Forwarded-For`, the first one counts.
///
/// ```
/// use hipflask::extensions::{Client, RememberCookie};
///
/// let cookies = "theme=dark; remember_token=1|0b4b1429";
/// let client = Client::new()
///     .remote_addr(b"127.0.0.1")
///     .user_agent(b"Mozilla/5.0")
///     .cookies(cookies, &RememberCookie::new());
/// assert!(client.remember_token.is_some());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Client<'a> {
    /// The address of the peer, as text: WSGI's `REMOTE_ADDR`. An IPv4 address that comes in
    /// by an IPv6 socket is `::ffff:127.0.0.1` in Python too.
    pub remote_addr: Option<&'a [u8]>,
    /// `X-Forwarded-For`. Flask-Login takes the first address in it for the client's,
    /// whoever sent it: see [`FlaskLogin::ignoring_forwarded_for`](super::FlaskLogin::ignoring_forwarded_for).
    pub forwarded_for: Option<&'a [u8]>,
    /// `User-Agent`.
    pub user_agent: Option<&'a [u8]>,
    /// The value of the cookie `remember_token`.
    pub remember_token: Option<CookieValue<'a>>,
}

impl<'a> Client<'a> {
    /// A client that says nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { remote_addr: None, forwarded_for: None, user_agent: None, remember_token: None }
    }

    /// Sets [`remote_addr`](Self#structfield.remote_addr).
    #[must_use]
    pub const fn remote_addr(mut self, remote_addr: &'a [u8]) -> Self {
        self.remote_addr = Some(remote_addr);
        self
    }

    /// Sets [`forwarded_for`](Self#structfield.forwarded_for).
    #[must_use]
    pub const fn forwarded_for(mut self, forwarded_for: &'a [u8]) -> Self {
        self.forwarded_for = Some(forwarded_for);
        self
    }

    /// Sets [`user_agent`](Self#structfield.user_agent).
    #[must_use]
    pub const fn user_agent(mut self, user_agent: &'a [u8]) -> Self {
        self.user_agent = Some(user_agent);
        self
    }

    /// Sets [`remember_token`](Self#structfield.remember_token) to the cookie that has the
    /// name of `settings`, if the request brings one.
    #[must_use]
    pub fn cookies<R: Request + ?Sized>(
        mut self,
        request: &'a R,
        settings: &super::RememberCookie<'_>,
    ) -> Self {
        self.remember_token = cookie::find(request.cookie_headers(), settings.name);
        self
    }

    /// What Flask-Login keeps of the client in `_id` (its `_create_identifier`).
    pub(super) fn identifier(&self, ignores_forwarded_for: bool) -> Identifier {
        let forwarded_for = self.forwarded_for.filter(|_| !ignores_forwarded_for);
        let address = forwarded_for.or(self.remote_addr).map(first_address);
        let mut hash = Sha512::new();
        write_repr(address, &mut |text| hash.update(text));
        hash.update(b"|");
        write_repr(self.user_agent, &mut |text| hash.update(text));
        Identifier(Hex::of(&hash.finalize()))
    }
}

/// What is in a header up to the first comma, without blanks around it.
fn first_address(addresses: &[u8]) -> &[u8] {
    let mut address = addresses.split(|byte| *byte == b',').next().unwrap_or_default();
    while let [b' ' | b'\t'..=b'\r', rest @ ..] | [rest @ .., b' ' | b'\t'..=b'\r'] = address {
        address = rest;
    }
    address
}

/// Writes Python's `repr` of the header's text, encoded as UTF-8: `None`, or `b'…'`. A
/// header's byte is a character of Latin-1 to a WSGI application.
fn write_repr(header: Option<&[u8]>, out: &mut dyn FnMut(&[u8])) {
    let Some(header) = header else { return out(b"None") };
    let quote = if header.contains(&b'\'') && !header.contains(&b'"') { b'"' } else { b'\'' };
    out(&[b'b', quote]);
    for byte in header {
        match *byte {
            b'\t' => out(b"\\t"),
            b'\n' => out(b"\\n"),
            b'\r' => out(b"\\r"),
            b'\\' => out(b"\\\\"),
            byte if byte == quote => out(&[b'\\', byte]),
            byte @ b' '..=b'~' => out(&[byte]),
            byte @ (0..b' ' | 0x7f) => out(&hex_escape(byte)),
            byte => char::from(byte).encode_utf8(&mut [0; 2]).bytes().for_each(|byte| out(&hex_escape(byte))),
        }
    }
    out(&[quote]);
}

const fn hex_escape(byte: u8) -> [u8; 4] {
    [b'\\', b'x', hex_digit(byte >> 4), hex_digit(byte & 0xF)]
}

/// Flask-Login's hash of a client's address and `User-Agent`: 128 hex digits, which `_id`
/// holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identifier(Hex);

impl Identifier {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}
