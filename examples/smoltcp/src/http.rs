//! Just enough HTTP/1.1 (RFC 9112): one request a connection, and its answer.

use core::fmt::{self, Display, Write as _};

use httparse::Header;
use smoltcp::socket::tcp;

use crate::pages::Page;

/// A browser sends some fifteen.
pub const MAX_HEADERS: usize = 32;

/// A request, where it was received.
pub struct Request<'h, 'b> {
    pub method: &'b str,
    pub path: &'b str,
    headers: &'h [Header<'b>],
    pub body: &'b [u8],
}

impl<'b> Request<'_, 'b> {
    fn values(&self, name: &'static str) -> impl Iterator<Item = &'b [u8]> {
        let named = self.headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
        named.map(|header| header.value)
    }
}

impl hipflask::Request for Request<'_, '_> {
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
        self.values("Cookie")
    }
}

/// Reads a request from what was received. `None` if more has to come.
///
/// # Errors
/// The status that says what is wrong with it.
pub fn parse<'h, 'b>(
    received: &'b [u8],
    headers: &'h mut [Header<'b>; MAX_HEADERS],
) -> Result<Option<Request<'h, 'b>>, u16> {
    let mut head = httparse::Request::new(headers);
    let body = match head.parse(received) {
        Ok(httparse::Status::Complete(len)) => received.get(len..).unwrap_or_default(),
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(431),
        Err(_) => return Err(400),
    };
    let method = head.method.unwrap_or_default();
    let path = head.path.and_then(|path| path.split('?').next()).unwrap_or_default();
    let mut request = Request { method, path, headers: head.headers, body };
    // Browsers do not send forms in chunks.
    if request.values("Transfer-Encoding").next().is_some() {
        return Err(501);
    }
    let mut lengths = request.values("Content-Length");
    let length = match (lengths.next(), lengths.next()) {
        (None, _) => 0,
        (Some(digits), None) if digits.iter().all(u8::is_ascii_digit) => {
            str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).ok_or(400_u16)?
        }
        _ => return Err(400),
    };
    drop(lengths);
    let Some(body) = body.get(..length) else { return Ok(None) };
    request.body = body;
    Ok(Some(request))
}

/// What is written to the socket's buffer, piece by piece.
struct Wire<'a, 's>(&'a mut tcp::Socket<'s>);

impl fmt::Write for Wire<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.send_slice(text.as_bytes()) == Ok(text.len()) { Ok(()) } else { Err(fmt::Error) }
    }
}

/// Writes an answer straight into the socket: the cookie is encoded on its way.
///
/// # Errors
/// When it is longer than the socket's buffer.
pub fn respond(
    socket: &mut tcp::Socket<'_>,
    page: &Page,
    set_cookie: Option<&dyn Display>,
    vary_cookie: bool,
) -> fmt::Result {
    let mut wire = Wire(socket);
    let status = page.status();
    // It ends where the connection does, so it needs no length.
    write!(
        wire,
        "HTTP/1.1 {status} \r\nConnection: close\r\nCache-Control: no-store\r\n\
         Content-Type: text/html; charset=utf-8\r\n"
    )?;
    if let Some(location) = page.location() {
        write!(wire, "Location: {location}\r\n")?;
    }
    if let Some(cookie) = set_cookie {
        write!(wire, "Set-Cookie: {cookie}\r\n")?;
    }
    if vary_cookie {
        wire.write_str("Vary: Cookie\r\n")?;
    }
    write!(wire, "\r\n{page}")
}
