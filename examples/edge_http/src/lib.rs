//! Flask's sessions in an edge-http handler.
//!
//! edge-http takes header values as text that is there as a whole, so the cookie
//! is written to a buffer. Between opening a session and saving it nothing is
//! awaited, so however many connections there are, one session's memory is enough.
//!
//! The pages are those of `../smoltcp`.

#![no_std]

#[path = "../../smoltcp/src/form.rs"]
pub mod form;
#[path = "../../smoltcp/src/pages.rs"]
pub mod pages;

use core::{
    cell::RefCell,
    fmt::{self, Debug, Display, Write as _},
};

use edge_http::{
    Headers, Method,
    io::{
        Error,
        server::{Connection, Handler},
    },
};
use edge_nal::{
    TcpSplit,
    io::{Read, Write},
};
use hipflask::{
    Clock, Config, RequestContext, SecureCookieSessionInterface, signing::Keyring, zlib::Scratch,
};

use form::Form;
use pages::{Device, Page};

/// The longest `Set-Cookie` value: give it to [`Config::max_cookie_size`].
pub const COOKIE_BYTES: usize = 1100;
/// Room for a page.
const PAGE_BYTES: usize = 1024;
/// The longest form.
const FORM_BYTES: usize = 256;

/// What is served, with everything that its sessions need.
pub struct Site<'m, D, C> {
    /// The device that it is about.
    pub device: D,
    /// Opens and saves sessions.
    pub interface: SecureCookieSessionInterface<Keyring, C, Scratch>,
    /// Its settings.
    pub config: Config<'static>,
    /// One session, and memory to compress in.
    pub memory: RefCell<(&'m mut RequestContext, &'m mut Scratch)>,
}

/// A request's `Cookie` headers.
struct Cookies<'r, 'b, const N: usize>(&'r Headers<'b, N>);

impl<const N: usize> hipflask::Request for Cookies<'_, '_, N> {
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
        let cookies = self.0.iter_raw().filter(|(name, _)| name.eq_ignore_ascii_case("Cookie"));
        cookies.map(|(_, value)| value)
    }
}

/// What is sent.
struct Answer {
    status: u16,
    location: Option<&'static str>,
    set_cookie: heapless::String<COOKIE_BYTES>,
    vary_cookie: bool,
    body: heapless::String<PAGE_BYTES>,
}

impl Answer {
    fn new(page: &Page, set_cookie: Option<&dyn Display>, vary_cookie: bool) -> Result<Self, fmt::Error> {
        let (mut cookie, mut body) = (heapless::String::new(), heapless::String::new());
        if let Some(set_cookie) = set_cookie {
            write!(cookie, "{set_cookie}")?;
        }
        write!(body, "{page}")?;
        Ok(Self { status: page.status(), location: page.location(), set_cookie: cookie, vary_cookie, body })
    }

    /// The answer instead of one that has no room.
    const fn empty(status: u16) -> Self {
        Self {
            status,
            location: None,
            set_cookie: heapless::String::new(),
            vary_cookie: true,
            body: heapless::String::new(),
        }
    }
}

impl<D: Device, C: Clock> Site<'_, D, C> {
    /// A request from its session's opening to the answer.
    fn answer<const N: usize>(
        &self,
        method: &str,
        path: &str,
        headers: &Headers<'_, N>,
        form: Form<'_>,
    ) -> Answer {
        let Ok(mut memory) = self.memory.try_borrow_mut() else { return Answer::empty(503) };
        let (context, scratch) = &mut *memory;
        // Whoever asks for the session is told if it could not be opened.
        context.open(&self.interface, &self.config, &Cookies(headers));
        let page = Page::new(&self.device, context, method, path, form);
        let answer = match context.save(&self.interface, &self.config, scratch) {
            Ok(saved) => {
                let cookie = saved.set_cookie.as_ref().map(|cookie| cookie as &dyn Display);
                Answer::new(&page, cookie, saved.vary_cookie)
            }
            Err(error) => Answer::new(&Page::failed(error), None, context.accessed()),
        };
        answer.unwrap_or(Answer::empty(500))
    }
}

impl<D: Device, C: Clock> Handler for Site<'_, D, C> {
    type Error<E>
        = Error<E>
    where
        E: Debug;

    async fn handle<T, const N: usize>(
        &self,
        _task: impl Display + Copy,
        connection: &mut Connection<'_, T, N>,
    ) -> Result<(), Error<T::Error>>
    where
        T: Read + Write + TcpSplit,
    {
        let (request, body) = connection.split();
        // The form first: whoever sends it slowly holds up nobody's session.
        let mut form = [0; FORM_BYTES];
        let mut len = 0;
        while let Some(room) = form.get_mut(len..).filter(|room| !room.is_empty()) {
            match body.read(room).await? {
                0 => break,
                read => len += read,
            }
        }
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
            _ => "",
        };
        let path = request.path.split('?').next().unwrap_or_default();
        let answer = match form.get(..len).filter(|_| len < FORM_BYTES) {
            _ if method.is_empty() => Answer::empty(405),
            Some(form) => self.answer(method, path, &request.headers, Form(form)),
            None => Answer::empty(413),
        };
        let headers = [
            Some(("Content-Type", "text/html; charset=utf-8")),
            Some(("Cache-Control", "no-store")),
            answer.location.map(|location| ("Location", location)),
            Some(("Set-Cookie", answer.set_cookie.as_str())).filter(|(_, cookie)| !cookie.is_empty()),
            answer.vary_cookie.then_some(("Vary", "Cookie")),
            // The client of a HEAD would take the end of an empty body for the next answer.
            method.is_empty().then_some(("Content-Length", "0")),
            method.is_empty().then_some(("Allow", "GET, POST")),
        ];
        let headers: heapless::Vec<_, 7> = headers.into_iter().flatten().collect();
        connection.initiate_response(answer.status, None, &headers).await?;
        connection.write_all(answer.body.as_bytes()).await
    }
}
