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
//! connection. What cannot be opened or saved becomes an error response.

use core::{
    cell::{Cell, RefCell, RefMut},
    fmt,
};

use embassy_sync::{blocking_mutex::raw::NoopRawMutex, channel::Channel, mutex::Mutex};
use hipflask::{App, Config, Error, Opened, Request, Saved, SecureCookieSession, SessionInterface};
use picoserve::{
    ResponseSent,
    extract::FromRequestParts,
    io::Read,
    request::{Headers, RequestParts},
    response::{Body, Connection, HeadersIter, IntoResponse, Response, ResponseWriter, StatusCode},
    routing::{Layer, Next},
};

/// A place for one request's session: `Place<[u8; N]>` has room for `N` bytes.
pub struct Place<A: ?Sized = [u8]> {
    accessed: Cell<bool>,
    session: RefCell<hipflask::Session<A>>,
}

impl<const N: usize> Place<[u8; N]> {
    /// An empty place.
    #[allow(clippy::new_without_default, reason = "made in constants only")]
    pub const fn new() -> Self {
        Self { accessed: Cell::new(false), session: RefCell::new(SecureCookieSession::new()) }
    }
}

/// The places that no request has. When there is none, the next request waits.
pub type Free<const PLACES: usize> = Channel<NoopRawMutex, &'static Place, PLACES>;

/// All places, free.
pub fn free<const N: usize, const PLACES: usize>(places: &'static [Place<[u8; N]>; PLACES]) -> Free<PLACES> {
    let free = Free::new();
    for place in places {
        // There is room for all of them, here and when they come back.
        let _ = free.try_send(place as &Place);
    }
    free
}

/// The layer: everything that sessions need.
pub struct Sessions<I, Z: ?Sized + 'static, const PLACES: usize> {
    /// Opens and saves them.
    pub interface: I,
    /// Its settings.
    pub config: Config<'static>,
    /// Holds them meanwhile.
    pub free: &'static Free<PLACES>,
    /// What saving needs, lent to one response at a time.
    pub scratch: Mutex<NoopRawMutex, &'static mut Z>,
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

impl<S: Clone, P, I, Z: ?Sized, const PLACES: usize> Layer<S, P> for &Sessions<I, Z, PLACES>
where
    I: for<'r> SessionInterface<Cookies<'r>, Session = hipflask::Session, Scratch = Z>,
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
        let cookies = Cookies(request_parts.headers());
        let app = App { config: &self.config, request: &cookies };
        let taken = Taken(self.free.receive().await, self.free);
        let place = taken.0;
        if let Err(error) = self.open(app, place) {
            return refusal(error).write_to(next.into_connection().await?, response_writer).await;
        }
        let state = WithSession { app: state.clone(), place };
        next.run(&state, path_parameters, Saving { sessions: self, app, place, inner: response_writer }).await
    }
}

impl<I, Z: ?Sized, const PLACES: usize> Sessions<I, Z, PLACES> {
    fn open<'r>(&self, app: App<'_, Cookies<'r>>, place: &Place) -> Result<(), Error>
    where
        I: SessionInterface<Cookies<'r>, Session = hipflask::Session>,
    {
        place.accessed.set(false);
        let mut session = place.session.borrow_mut();
        if self.interface.open_session(app, &mut session)? == Opened::NULL {
            self.interface.make_null_session(app, &mut session);
        }
        Ok(())
    }
}

/// Says to a client why there is no session.
fn refusal(error: Error) -> (StatusCode, &'static str) {
    if error.is_capacity() {
        (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the session is too large for this device\n")
    } else {
        (StatusCode::INTERNAL_SERVER_ERROR, "the session cannot be opened or saved\n")
    }
}

/// Adds the session's headers to the response.
struct Saving<'s, I, Z: ?Sized + 'static, W, const PLACES: usize, C> {
    sessions: &'s Sessions<I, Z, PLACES>,
    app: App<'s, C>,
    place: &'static Place,
    inner: W,
}

impl<I, Z: ?Sized, W: ResponseWriter, const PLACES: usize, C: Request> ResponseWriter
    for Saving<'_, I, Z, W, PLACES, C>
where
    I: SessionInterface<C, Session = hipflask::Session, Scratch = Z>,
{
    type Error = W::Error;

    #[expect(
        clippy::await_holding_refcell_ref,
        reason = "the place belongs to this request until it is answered"
    )]
    async fn write_response<R: Read<Error = W::Error>, H: HeadersIter, B: Body>(
        self,
        connection: Connection<'_, R>,
        response: Response<H, B>,
    ) -> Result<ResponseSent, W::Error> {
        let Self { sessions: Sessions { interface, scratch, .. }, app, place, inner } = self;
        let mut scratch = scratch.lock().await;
        // An error page depends on the session as the page does that it replaces.
        let vary = |vary: bool| vary.then_some(("Vary", &"Cookie" as &dyn fmt::Display));
        let refused = |(status, text): (StatusCode, &'static str)| {
            Response::new(status, text).with_headers([vary(place.accessed.get())])
        };
        let Ok(session) = place.session.try_borrow() else {
            return inner.write_response(connection, refused(TAKEN)).await;
        };
        let saved = if interface.is_null_session(&session) {
            Ok(Saved::nothing())
        } else {
            interface.save_session(app, &session, place.accessed.get(), &mut scratch)
        };
        // By reference: each future on the way would hold a copy.
        match &saved {
            Ok(saved) => {
                let cookie =
                    saved.set_cookie.as_ref().map(|value| ("Set-Cookie", value as &dyn fmt::Display));
                let headers = [cookie, vary(saved.vary_cookie)];
                inner.write_response(connection, response.with_headers(headers)).await
            }
            Err(error) => inner.write_response(connection, refused(refusal(*error))).await,
        }
    }
}

/// The request's session, as a handler's argument.
pub type Session = RefMut<'static, hipflask::Session>;

/// The answer to a handler that asks for its session twice, or keeps it in its response.
const TAKEN: (StatusCode, &str) = (StatusCode::INTERNAL_SERVER_ERROR, "the session is in use already\n");

impl<'r, S> FromRequestParts<'r, WithSession<S>> for Session {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(
        state: &'r WithSession<S>,
        _: &RequestParts<'r>,
    ) -> Result<Self, Self::Rejection> {
        state.place.accessed.set(true);
        state.place.session.try_borrow_mut().map_err(|_| TAKEN)
    }
}
