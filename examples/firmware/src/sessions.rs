//! Flask's sessions for picoserve: a [`Layer`] opens and saves them, and
//! [`Session`] hands one to a handler.
//!
//! ```ignore
//! let router = picoserve::Router::new().route("/", get(visit)).layer(&sessions);
//!
//! async fn visit(mut session: Session) -> impl IntoResponse { … }
//! ```
//!
//! The session is saved when the handler has returned and before the first
//! byte of its response goes out; `Set-Cookie` is encoded straight into the
//! connection. A handler that asks for a session that cannot be opened, and one whose
//! session cannot be saved, is answered with an error; the others are served.

#![expect(clippy::await_holding_refcell_ref, reason = "a place belongs to one request until it is answered")]

use core::{cell::RefCell, cell::RefMut, fmt::Display};

use embassy_sync::{blocking_mutex::raw::NoopRawMutex, channel::Channel, mutex::Mutex};
use hipflask::{Config, Error, Request, RequestContext, SecureCookieSession, SessionInterface};
use picoserve::{
    ResponseSent,
    extract::FromRequestParts,
    io::Read,
    request::{Headers, RequestParts},
    response::{Body, Connection, HeadersIter, Response, ResponseWriter, StatusCode},
    routing::{Layer, Next},
};

/// A place for one request's session.
pub type Place<S = hipflask::Session> = RefCell<RequestContext<S>>;

/// A place with room for `N` bytes, for a `static`.
pub const fn place<const N: usize>() -> Place<SecureCookieSession<N>> {
    RefCell::new(RequestContext::new(SecureCookieSession::new()))
}

/// The places that no request has. When there is none, the next request waits.
pub type Free<const PLACES: usize> = Channel<NoopRawMutex, &'static Place, PLACES>;

/// All places, free.
pub fn free<const N: usize, const P: usize>(all: &'static [Place<SecureCookieSession<N>>; P]) -> Free<P> {
    let free = Free::new();
    // There is room for all of them, here and when they come back.
    let _ = all.iter().try_for_each(|place| free.try_send(place as &Place));
    free
}

/// The layer: everything that sessions need.
pub struct Sessions<I: SessionInterface<Scratch: 'static>, const PLACES: usize> {
    /// Opens and saves them.
    pub interface: I,
    /// Its settings.
    pub config: Config<'static>,
    /// Holds them meanwhile.
    pub free: &'static Free<PLACES>,
    /// What saving needs, lent to one response at a time.
    pub scratch: Mutex<NoopRawMutex, &'static mut I::Scratch>,
}

/// A request's headers, as the interface reads them.
struct Cookies<'r>(Headers<'r>);

impl Request for Cookies<'_> {
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter(|(name, _)| *name == "cookie").map(|(_, value)| value.as_raw())
    }
}

/// A place, until it is dropped: also when the connection breaks.
struct Taken<const PLACES: usize>(&'static Place, &'static Free<PLACES>);

impl<const PLACES: usize> Drop for Taken<PLACES> {
    fn drop(&mut self) {
        let _ = self.1.try_send(self.0);
    }
}

/// What handlers have as their state: the application's, and the session.
pub struct WithSession<S> {
    /// The application's.
    pub app: S,
    place: &'static Place,
}

impl<S: Clone, P, I, const PLACES: usize> Layer<S, P> for &Sessions<I, PLACES>
where
    I: SessionInterface<Session = hipflask::Session, Scratch: 'static>,
{
    type NextState = WithSession<S>;
    type NextPathParameters = P;

    async fn call_layer<'a, R, L, W>(
        &self,
        next: L,
        state: &S,
        path_parameters: P,
        request_parts: RequestParts<'_>,
        response_writer: W,
    ) -> Result<ResponseSent, W::Error>
    where
        R: Read + 'a,
        L: Next<'a, R, WithSession<S>, P>,
        W: ResponseWriter<Error = R::Error>,
    {
        let Taken(place, _) = &Taken(self.free.receive().await, self.free);
        let cookies = Cookies(request_parts.headers());
        // Whoever asks for the session is told if it could not be opened, or if somebody kept it.
        let _ = place.try_borrow_mut().map(|mut place| place.open(&self.interface, &self.config, &cookies));
        let state = WithSession { app: state.clone(), place };
        next.run(&state, path_parameters, Saving { sessions: self, place, inner: response_writer }).await
    }
}

/// Adds the session's headers to the response.
struct Saving<'s, I: SessionInterface<Scratch: 'static>, W, const PLACES: usize> {
    sessions: &'s Sessions<I, PLACES>,
    place: &'static Place,
    inner: W,
}

impl<I, W: ResponseWriter, const PLACES: usize> ResponseWriter for Saving<'_, I, W, PLACES>
where
    I: SessionInterface<Session = hipflask::Session, Scratch: 'static>,
{
    type Error = W::Error;

    async fn write_response<R: Read<Error = W::Error>, H: HeadersIter, B: Body>(
        self,
        connection: Connection<'_, R>,
        response: Response<H, B>,
    ) -> Result<ResponseSent, W::Error> {
        let Sessions { interface, config, scratch, .. } = self.sessions;
        let (mut scratch, context) = (scratch.lock().await, self.place.try_borrow());
        let saved = context
            .as_ref()
            .map_err(|_| TAKEN)
            .and_then(|context| context.save(interface, config, &mut scratch).map_err(refusal));
        let vary = |vary: bool| vary.then_some(("Vary", &"Cookie" as &dyn Display));
        // By reference: each future on the way would hold a copy.
        match &saved {
            Ok(saved) => {
                let cookie = saved.set_cookie.as_ref().map(|value| ("Set-Cookie", value as &dyn Display));
                let headers = [cookie, vary(saved.vary_cookie)];
                self.inner.write_response(connection, response.with_headers(headers)).await
            }
            // An error page depends on the session as the page does that it replaces.
            Err((status, text)) => {
                let vary = vary(context.as_ref().map_or(true, |context| context.accessed()));
                let page = Response::new(*status, *text).with_headers([vary]);
                self.inner.write_response(connection, page).await
            }
        }
    }
}

/// The request's session, as a handler's argument.
pub type Session = RefMut<'static, hipflask::Session>;

impl<'r, S> FromRequestParts<'r, WithSession<S>> for Session {
    type Rejection = Refusal;

    async fn from_request_parts(state: &'r WithSession<S>, _: &RequestParts<'r>) -> Result<Self, Refusal> {
        let mut context = state.place.try_borrow_mut().map_err(|_| TAKEN)?;
        context.session().map_err(refusal)?;
        RefMut::filter_map(context, |context| context.session().ok()).map_err(|_| TAKEN)
    }
}

/// What a client is told when there is no session.
type Refusal = (StatusCode, &'static str);

/// The answer to a handler that asks for its session twice, or keeps it in its response.
const TAKEN: Refusal = (StatusCode::INTERNAL_SERVER_ERROR, "the session is in use already\n");

/// The answer to a handler whose session cannot be opened, or not be saved.
fn refusal(error: Error) -> Refusal {
    (StatusCode::new(if error.is_capacity() { 431 } else { 500 }), "the session cannot be used here\n")
}
