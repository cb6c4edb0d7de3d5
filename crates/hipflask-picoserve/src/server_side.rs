//! The layer for sessions that are kept in a store.

use core::cell::RefCell;

use hipflask::{
    Clock, Config, Error,
    interface::server_side::{
        Codec, FinishError, LocalStore, ServerSideContext, ServerSideSessionInterface, SessionCodec,
    },
    signing::SigningKeys,
};
use picoserve::{
    ResponseSent,
    io::Read,
    request::RequestParts,
    response::{Body, Connection, HeadersIter, Response, ResponseWriter},
    routing::{Layer, Next},
};

use crate::{
    SessionError, WithSession,
    layer::{Cookies, headers_of, page_instead},
    pool::{Place, ServerSidePool, Taken},
    queue::Memory,
};

/// Fills 32 bytes with random ones, for a new id.
type Random = fn(&mut [u8; 32]) -> Result<(), Error>;

/// What [`Sessions`](crate::Sessions) is, for sessions that are kept in a store: in RAM, or
/// in flash with the package `hipflask-flash`. `&ServerSideSessions` is a layer, and does
/// what that one does.
///
/// A handler takes its [`Session`](crate::Session) as with cookies, or a
/// [`ServerSideContext`](crate::ServerSideContext) to give it a new id. One that ends the
/// sessions of others has a reference to the store in the application's state.
///
/// A setting for compare-and-set is not followed: of two requests that change a session at
/// once, the later one counts.
pub struct ServerSideSessions<K, C, S: 'static, const BYTES: usize, const PLACES: usize, F = Codec> {
    interface: ServerSideSessionInterface<K, C, F>,
    config: Config<'static>,
    pool: &'static ServerSidePool<BYTES, PLACES>,
    store: &'static S,
    random: Random,
    buffer: Memory<[u8]>,
    on_error: fn(Error),
}

impl<K, C, S, const BYTES: usize, const PLACES: usize, F> ServerSideSessions<K, C, S, BYTES, PLACES, F>
where
    K: SigningKeys,
    C: Clock,
    S: LocalStore,
    F: SessionCodec,
{
    /// Takes what opens and saves the sessions, Flask's settings, the sessions' places, and
    /// where they are kept.
    ///
    /// `random` fills 32 bytes for each new id: they are all that protects a session, so it
    /// takes them from the chip's generator, and fails with
    /// [`Error::RandomUnavailable`] if it cannot. A `buffer` has room for the longest session,
    /// as it is stored; it is lent to one request at a time.
    pub fn new(
        interface: ServerSideSessionInterface<K, C, F>,
        config: Config<'static>,
        pool: &'static ServerSidePool<BYTES, PLACES>,
        store: &'static S,
        random: Random,
        buffer: &'static mut [u8],
    ) -> Self {
        let interface = interface.with_compare_and_set(false);
        Self { interface, config, pool, store, random, buffer: Memory::new(buffer), on_error: |_| {} }
    }

    /// Calls `log` with the reason when a session cannot be loaded or saved:
    /// [`Error::StoreUnavailable`] where the store failed. The client does not see it.
    #[must_use]
    pub fn on_error(mut self, log: fn(Error)) -> Self {
        self.on_error = log;
        self
    }

    #[expect(
        clippy::await_holding_refcell_ref,
        reason = "a place belongs to one request until it is answered"
    )]
    async fn open(&self, context: &RefCell<ServerSideContext>, cookies: &Cookies<'_>) {
        // Whoever asks for the session is told if it could not be opened, or if somebody kept it.
        let Ok(mut context) = context.try_borrow_mut() else { return };
        if let Some(id) = self.interface.begin(&self.config, cookies, &mut context) {
            let mut lent = self.buffer.borrow().await;
            let buffer = lent.get().unwrap_or_default();
            if self.interface.load(self.store, &self.config, &id, buffer, &mut context).await.is_err() {
                (self.on_error)(Error::StoreUnavailable);
            }
        }
    }
}

impl<A: Clone, P, K, C, S, const BYTES: usize, const PLACES: usize, F> Layer<A, P>
    for &ServerSideSessions<K, C, S, BYTES, PLACES, F>
where
    K: SigningKeys,
    C: Clock,
    S: LocalStore,
    F: SessionCodec,
{
    type NextState = WithSession<A, ServerSideContext>;
    type NextPathParameters = P;

    async fn call_layer<'a, R, L, W>(
        &self,
        next: L,
        state: &A,
        path_parameters: P,
        request_parts: RequestParts<'_>,
        response_writer: W,
    ) -> Result<ResponseSent, W::Error>
    where
        R: Read + 'a,
        L: Next<'a, R, Self::NextState, P>,
        W: ResponseWriter<Error = R::Error>,
    {
        let Taken { place, .. } = &self.pool.take().await;
        self.open(&place.context, &Cookies(request_parts.headers())).await;
        let state = WithSession { app: state.clone(), place };
        next.run(&state, path_parameters, Saving { sessions: self, place, inner: response_writer }).await
    }
}

/// Saves the session, and adds its headers to the response.
struct Saving<'s, K, C, S: 'static, W, const BYTES: usize, const PLACES: usize, F> {
    sessions: &'s ServerSideSessions<K, C, S, BYTES, PLACES, F>,
    place: &'static Place<ServerSideContext>,
    inner: W,
}

impl<K, C, S, W, const BYTES: usize, const PLACES: usize, F> ResponseWriter
    for Saving<'_, K, C, S, W, BYTES, PLACES, F>
where
    K: SigningKeys,
    C: Clock,
    S: LocalStore,
    F: SessionCodec,
    W: ResponseWriter,
{
    type Error = W::Error;

    async fn write_response<R: Read<Error = W::Error>, H: HeadersIter, B: Body>(
        self,
        connection: Connection<'_, R>,
        response: Response<H, B>,
    ) -> Result<ResponseSent, W::Error> {
        let ServerSideSessions { interface, config, store, random, on_error, .. } = self.sessions;
        let mut buffer = self.sessions.buffer.borrow().await;
        let context = self.place.context.try_borrow();
        let saved = match context.as_deref() {
            Ok(context) => {
                let buffer = buffer.get().unwrap_or_default();
                match interface.finish(config, context, random, b"", buffer) {
                    Ok(finish) => finish.run(*store).await.map_err(|error| match error {
                        FinishError::Session(reason) => SessionError::Failed(reason),
                        _ => SessionError::Failed(Error::StoreUnavailable),
                    }),
                    Err(reason) => Err(SessionError::Failed(reason)),
                }
            }
            Err(_) => Err(SessionError::InUse),
        };
        match &saved {
            Ok(saved) => {
                self.inner.write_response(connection, response.with_headers(headers_of(saved))).await
            }
            Err(failure) => {
                let accessed = context.as_deref().map_or(true, |context| context.accessed());
                let page = page_instead(*failure, accessed, *on_error);
                self.inner.write_response(connection, page).await
            }
        }
    }
}
