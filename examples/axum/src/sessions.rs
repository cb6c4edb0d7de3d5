//! Flask's sessions for axum: [`layer`] is a middleware that opens and saves
//! them, and [`Session`] hands one to a handler. This is the file to copy.
//!
//! The session is saved when the handler has returned, whatever it returned. As in
//! Flask, what a response's body does later, while it is streamed, comes too late.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{COOKIE, VARY},
        request::Parts,
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use hipflask::{
    App, Config, Error, Opened, Saved, SecureCookieSession, SecureCookieSessionInterface,
    SessionInterface as _, SessionMixin as _,
    backends::alloc::BoxedClock,
    signing::{Keyring, Sha1},
    sink::WriteError,
    zlib,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Room for a session: its JSON, and 8 bytes more for each entry. A browser's
/// cookie has up to 4 KB, but a compressed one may hold more.
const SESSION_BYTES: usize = 8192;

/// The current key, and up to four older ones.
pub type Keys = Keyring<Sha1, 4>;
/// Opens and saves sessions, with Flask's very bytes.
pub type Interface = SecureCookieSessionInterface<Keys, BoxedClock, zlib::Scratch>;

/// Everything that sessions need.
pub struct Sessions {
    /// Opens and saves them.
    pub interface: Interface,
    /// Flask's settings.
    pub config: Config<'static>,
}

/// A request's session, and whether its handler asked for it.
struct Place {
    session: SecureCookieSession<SESSION_BYTES>,
    accessed: bool,
}

/// The `Cookie` headers of a request that has gone on to its handler.
struct Cookies(Vec<HeaderValue>);

impl hipflask::Request for Cookies {
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(HeaderValue::as_bytes)
    }
}

/// The middleware: `.layer(middleware::from_fn_with_state(sessions, sessions::layer))`.
pub async fn layer(State(sessions): State<Arc<Sessions>>, mut request: Request, next: Next) -> Response {
    // A layer around this one has the request's session: two would undo each other.
    if request.extensions().get::<Arc<Mutex<Place>>>().is_some() {
        return next.run(request).await;
    }
    let cookies = Cookies(request.headers().get_all(COOKIE).iter().cloned().collect());
    let place = match sessions.open(&cookies) {
        Ok(place) => Arc::new(Mutex::new(place)),
        Err(error) => return failed("open", error).into_response(),
    };
    request.extensions_mut().insert(place.clone());
    let response = next.run(request).await;
    match place.try_lock() {
        Ok(place) => sessions.save(&cookies, &place, response),
        // It went into a task or a body that is still to be streamed.
        Err(_) => {
            eprintln!("could not save a session: its handler kept it");
            (VARY_COOKIE, TAKEN).into_response()
        }
    }
}

impl Sessions {
    fn app<'a>(&'a self, request: &'a Cookies) -> App<'a, Cookies> {
        App { config: &self.config, request }
    }

    fn open(&self, cookies: &Cookies) -> Result<Place, Error> {
        let mut session = SecureCookieSession::new();
        match self.interface.open_session(self.app(cookies), &mut session)? {
            Opened::LOADED | Opened::FRESH => {}
            // With another key than Flask's, this is all that there is to see of it.
            Opened::rejected(reason) => eprintln!("a session was not accepted: {reason}"),
            Opened::NULL => self.interface.make_null_session(self.app(cookies), &mut session),
        }
        Ok(Place { session, accessed: false })
    }

    fn save(&self, cookies: &Cookies, place: &Place, mut response: Response) -> Response {
        let mut scratch = zlib::DeflateScratch::<SESSION_BYTES>::new();
        let saved = if place.session.is_null() {
            Ok(Saved::nothing())
        } else {
            self.interface.save_session(self.app(cookies), &place.session, place.accessed, &mut scratch)
        };
        match saved {
            Ok(saved) => match saved.apply(&mut response) {
                Ok(()) => response,
                Err(error) => failed("send", error).into_response(),
            },
            // Nothing went out yet, so the page that would have claimed success is
            // replaced. It depends on the session all the same.
            Err(error) => {
                let page = failed("save", error);
                if place.accessed { (VARY_COOKIE, page).into_response() } else { page.into_response() }
            }
        }
    }
}

/// The request's session, as a handler's argument. It is the handler's alone: who
/// asks for it twice gets an error, not a deadlock.
pub struct Session(OwnedMutexGuard<Place>);

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let place = parts.extensions.get::<Arc<Mutex<Place>>>().ok_or(NO_LAYER)?;
        let mut place = place.clone().try_lock_owned().map_err(|_| TAKEN)?;
        place.accessed = true;
        Ok(Self(place))
    }
}

impl Deref for Session {
    type Target = hipflask::Session;

    fn deref(&self) -> &hipflask::Session {
        &self.0.session
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut hipflask::Session {
        &mut self.0.session
    }
}

/// What a handler may return where the session cannot do what it should.
pub struct Failed(Error);

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl<E> From<WriteError<E>> for Failed
where
    Error: From<WriteError<E>>,
{
    fn from(error: WriteError<E>) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        failed("use", self.0).into_response()
    }
}

const VARY_COOKIE: [(HeaderName, &str); 1] = [(VARY, "Cookie")];
const NO_LAYER: (StatusCode, &str) = (StatusCode::INTERNAL_SERVER_ERROR, "there is no layer of sessions\n");
const TAKEN: (StatusCode, &str) = (StatusCode::INTERNAL_SERVER_ERROR, "the session is in use already\n");

/// A 500. The reason is for the log alone.
fn failed(action: &str, error: impl fmt::Display) -> (StatusCode, &'static str) {
    eprintln!("could not {action} a session: {error}");
    (StatusCode::INTERNAL_SERVER_ERROR, "something went wrong\n")
}
