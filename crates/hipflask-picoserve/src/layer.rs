//! The layer: opens a session when a request comes, and saves it into the response.

use core::fmt::Display;

use hipflask::{Config, Error, Request, RequestContext, Saved, Session, SessionInterface};
use picoserve::{
    ResponseSent,
    io::Read,
    request::{Headers, RequestParts},
    response::{Body, Connection, HeadersIter, Response, ResponseWriter},
    routing::{Layer, Next},
};

use crate::{
    SessionError,
    pool::{Place, Pool, Taken},
    queue::Memory,
};

/// What sessions need. `&Sessions` is a layer: `router.layer(&sessions)`.
///
/// - A handler that asks for its session by a [`Session`](crate::Session) gets it. Who does
///   not ask is served without one, also when it cannot be read.
/// - The session is saved when the handler has returned, whatever that returned, and before
///   the first byte of the response goes out.
/// - A session that cannot be saved makes the response a 500.
/// - As in Flask, what a response's body does while it is sent comes too late.
///
/// A router needs it once. Inside of a second one, a request takes two places of the pool.
pub struct Sessions<I: SessionInterface<Scratch: 'static>, const BYTES: usize, const PLACES: usize> {
    interface: I,
    config: Config<'static>,
    pool: &'static Pool<BYTES, PLACES>,
    scratch: Memory<I::Scratch>,
    on_save_error: fn(Error),
}

impl<I, const BYTES: usize, const PLACES: usize> Sessions<I, BYTES, PLACES>
where
    I: SessionInterface<Session = Session, Scratch: 'static>,
{
    /// Takes what opens and saves the sessions, Flask's settings, the sessions' places, and
    /// the memory that saving needs, which is lent to one response at a time.
    pub fn new(
        interface: I,
        config: Config<'static>,
        pool: &'static Pool<BYTES, PLACES>,
        scratch: &'static mut I::Scratch,
    ) -> Self {
        Self { interface, config, pool, scratch: Memory::new(scratch), on_save_error: |_| {} }
    }

    /// Calls `log` with the reason when a session cannot be saved. The client sees a 500
    /// without it.
    #[must_use]
    pub fn on_save_error(mut self, log: fn(Error)) -> Self {
        self.on_save_error = log;
        self
    }
}

/// A request's headers, as the interface reads them.
pub(crate) struct Cookies<'r>(pub(crate) Headers<'r>);

impl Request for Cookies<'_> {
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter(|(name, _)| *name == "cookie").map(|(_, value)| value.as_raw())
    }
}

/// What handlers have as their state: the application's state, and the session.
///
/// picoserve's `State` gives a handler a part of the application's state when
/// `FromRef<WithSession<App>>` says which; examples/site.rs does so.
///
/// `X` is what is known of a request's session: [`RequestContext`], or [`ServerSideContext`]
/// for sessions that are kept in a store.
///
/// [`ServerSideContext`]: hipflask::interface::server_side::ServerSideContext
#[non_exhaustive]
pub struct WithSession<S, X: ?Sized + 'static = RequestContext> {
    /// The application's state.
    pub app: S,
    pub(crate) place: &'static Place<X>,
}

impl<S: Clone, P, I, const BYTES: usize, const PLACES: usize> Layer<S, P> for &Sessions<I, BYTES, PLACES>
where
    I: SessionInterface<Session = Session, Scratch: 'static>,
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
        let Taken { place, .. } = &self.pool.take().await;
        // Whoever asks for the session is told if it could not be opened, or if somebody kept it.
        if let Ok(mut context) = place.context.try_borrow_mut() {
            context.open(&self.interface, &self.config, &Cookies(request_parts.headers()));
        }
        let state = WithSession { app: state.clone(), place };
        next.run(&state, path_parameters, Saving { sessions: self, place, inner: response_writer }).await
    }
}

/// Adds the session's headers to the response.
struct Saving<'s, I: SessionInterface<Scratch: 'static>, W, const BYTES: usize, const PLACES: usize> {
    sessions: &'s Sessions<I, BYTES, PLACES>,
    place: &'static Place<RequestContext>,
    inner: W,
}

impl<I, W: ResponseWriter, const BYTES: usize, const PLACES: usize> ResponseWriter
    for Saving<'_, I, W, BYTES, PLACES>
where
    I: SessionInterface<Session = Session, Scratch: 'static>,
{
    type Error = W::Error;

    async fn write_response<R: Read<Error = W::Error>, H: HeadersIter, B: Body>(
        self,
        connection: Connection<'_, R>,
        response: Response<H, B>,
    ) -> Result<ResponseSent, W::Error> {
        let Sessions { interface, config, on_save_error, .. } = self.sessions;
        let (mut scratch, context) = (self.sessions.scratch.borrow().await, self.place.context.try_borrow());
        let saved = match (&context, scratch.get()) {
            (Ok(context), Some(scratch)) => {
                context.save(interface, config, scratch).map_err(SessionError::Failed)
            }
            _ => Err(SessionError::InUse),
        };
        match &saved {
            Ok(saved) => {
                self.inner.write_response(connection, response.with_headers(headers_of(saved))).await
            }
            Err(failure) => {
                let accessed = context.as_deref().map_or(true, RequestContext::accessed);
                let page = page_instead(*failure, accessed, *on_save_error);
                self.inner.write_response(connection, page).await
            }
        }
    }
}

/// A header, by reference: each future on the way would hold a copy.
type Header<'a> = (&'static str, &'a dyn Display);

const VARY: Header<'static> = ("Vary", &"Cookie");

/// What a saved session adds to the response.
pub(crate) fn headers_of<'s, V: Display>(saved: &'s Saved<'_, V>) -> [Option<Header<'s>>; 2] {
    let cookie = saved.set_cookie.as_ref().map(|value| ("Set-Cookie", value as &dyn Display));
    [cookie, saved.vary_cookie.then_some(VARY)]
}

/// The response where a session was not saved. It depends on the session as the page does
/// that it replaces.
pub(crate) fn page_instead(
    failure: SessionError,
    accessed: bool,
    log: fn(Error),
) -> Response<impl HeadersIter, impl Body> {
    if let SessionError::Failed(reason) = failure {
        log(reason);
    }
    failure.response().with_headers([accessed.then_some(VARY)])
}
