//! Flask's sessions for picoserve: a [`Layer`] opens and saves them, and
//! [`Session`] and [`Flashed`] hand them to handlers.
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
    ops::{Deref, DerefMut},
};

use embassy_sync::{
    blocking_mutex::raw::NoopRawMutex,
    mutex::Mutex,
    semaphore::{GreedySemaphore, Semaphore as _, SemaphoreReleaser},
};
use hipflask::{
    App, Config, Error, NullSession, Opened, Saved, SecureCookieSession, SessionInterface, SessionMixin as _,
    session::{FlashedMessages, take_flashed_messages},
};
use picoserve::{
    ResponseSent,
    extract::FromRequestParts,
    io::Read,
    request::RequestParts,
    response::{Body, Connection, HeadersIter, IntoResponse, Response, ResponseWriter, StatusCode},
    routing::{Layer, Next},
};

/// How a request that gets no session is answered: with a status and a reason.
type Refusal = (StatusCode, &'static str);

/// A place for one request's session.
pub struct Slot<A: ?Sized = [u8]> {
    taken: Cell<bool>,
    accessed: Cell<bool>,
    session: RefCell<hipflask::Session<A>>,
}

/// Places for the sessions of as many requests at once, each of `N` bytes. One
/// more request waits until a place is free.
pub struct Pool<const N: usize, const SLOTS: usize> {
    slots: [Slot<[u8; N]>; SLOTS],
    free: GreedySemaphore<NoopRawMutex>,
}

impl<const N: usize, const SLOTS: usize> Default for Pool<N, SLOTS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize, const SLOTS: usize> Pool<N, SLOTS> {
    /// All places, none taken.
    pub const fn new() -> Self {
        let slots = [const {
            Slot {
                taken: Cell::new(false),
                accessed: Cell::new(false),
                session: RefCell::new(SecureCookieSession::new()),
            }
        }; SLOTS];
        Self { slots, free: GreedySemaphore::new(SLOTS) }
    }

    /// How many places are taken now.
    pub fn taken(&self) -> usize {
        self.slots.iter().filter(|slot| slot.taken.get()).count()
    }

    async fn take(&'static self) -> Result<Taken, Error> {
        let permit = self.free.acquire(1).await.map_err(|_| TOO_MANY)?;
        let slot: &'static Slot = self.slots.iter().find(|slot| !slot.taken.replace(true)).ok_or(TOO_MANY)?;
        slot.accessed.set(false);
        Ok(Taken { slot, _permit: permit })
    }
}

/// More requests than anything waits for: cannot happen.
const TOO_MANY: Error = Error::Capacity { needed_bytes: 0, capacity_bytes: 0 };

/// A place, until it is dropped: also when the connection breaks.
struct Taken {
    slot: &'static Slot,
    _permit: SemaphoreReleaser<'static, GreedySemaphore<NoopRawMutex>>,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.slot.taken.set(false);
    }
}

/// The layer: everything that sessions need.
pub struct Sessions<I: SessionInterface<[u8]>, const N: usize, const SLOTS: usize>
where
    I::Scratch: 'static,
{
    /// Opens and saves them.
    pub interface: I,
    /// Its settings.
    pub config: Config<'static>,
    /// Holds them meanwhile.
    pub pool: &'static Pool<N, SLOTS>,
    /// What saving needs, lent to one response at a time.
    pub scratch: Mutex<NoopRawMutex, &'static mut I::Scratch>,
}

/// What handlers have as their state: the application's, and the session.
pub struct WithSession<S> {
    /// The application's.
    pub app: S,
    slot: &'static Slot,
}

impl<S: Clone, P, I, const N: usize, const SLOTS: usize> Layer<S, P> for &Sessions<I, N, SLOTS>
where
    I: SessionInterface<[u8], Session = hipflask::Session>,
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
        // Browsers send one Cookie header at most (RFC 6265, section 5.4).
        let cookies = request_parts.headers().get("cookie").map(|value| value.as_raw()).unwrap_or_default();
        let app = App { config: &self.config, request: cookies };
        let opened = self.pool.take().await.and_then(|taken| self.open(app, taken.slot).map(|()| taken));
        let taken = match opened {
            Ok(taken) => taken,
            Err(error) => {
                return refusal(error).write_to(next.into_connection().await?, response_writer).await;
            }
        };
        let slot = taken.slot;
        let state = WithSession { app: state.clone(), slot };
        next.run(&state, path_parameters, Saving { sessions: self, app, slot, inner: response_writer }).await
    }
}

impl<I, const N: usize, const SLOTS: usize> Sessions<I, N, SLOTS>
where
    I: SessionInterface<[u8], Session = hipflask::Session>,
{
    fn open(&self, app: App<'_, [u8]>, slot: &Slot) -> Result<(), Error> {
        let mut session = slot.session.try_borrow_mut().map_err(|_| Error::Depth)?;
        if self.interface.open_session(app, &mut session)? == Opened::Unavailable {
            NullSession.make(&mut session);
        }
        Ok(())
    }
}

/// Says to a client why there is no session.
fn refusal(error: Error) -> Refusal {
    match error {
        Error::ClockNotSet => (StatusCode::SERVICE_UNAVAILABLE, "the clock is not set yet"),
        error if error.is_capacity() => {
            (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the session is too large for this device")
        }
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "the session cannot be opened or saved"),
    }
}

/// Adds the session's headers to the response.
struct Saving<'s, I: SessionInterface<[u8]>, W, const N: usize, const SLOTS: usize>
where
    I::Scratch: 'static,
{
    sessions: &'s Sessions<I, N, SLOTS>,
    app: App<'s, [u8]>,
    slot: &'static Slot,
    inner: W,
}

impl<I, W: ResponseWriter, const N: usize, const SLOTS: usize> ResponseWriter for Saving<'_, I, W, N, SLOTS>
where
    I: SessionInterface<[u8], Session = hipflask::Session>,
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
        let Self { sessions, app, slot, inner } = self;
        let mut scratch = sessions.scratch.lock().await;
        let Ok(session) = slot.session.try_borrow() else { return TAKEN.write_to(connection, inner).await };
        let saved = if session.is_null() {
            Ok(Saved::nothing())
        } else {
            sessions.interface.save_session(app, &session, slot.accessed.get(), &mut scratch)
        };
        // By reference: each future on the way would hold a copy.
        match &saved {
            Ok(saved) => {
                let cookie =
                    saved.set_cookie.as_ref().map(|cookie| ("Set-Cookie", cookie as &dyn fmt::Display));
                let vary = saved.vary_cookie.then_some(("Vary", &"Cookie" as &dyn fmt::Display));
                inner.write_response(connection, response.with_headers([cookie, vary])).await
            }
            Err(error) => refusal(*error).write_to(connection, inner).await,
        }
    }
}

/// The answer to a handler that asks for its session twice, or keeps it in its response.
const TAKEN: Refusal = (StatusCode::INTERNAL_SERVER_ERROR, "the session is in use already");

/// The request's session, as a handler's argument.
pub struct Session(RefMut<'static, hipflask::Session>);

impl<'r, S> FromRequestParts<'r, WithSession<S>> for Session {
    type Rejection = Refusal;

    async fn from_request_parts(state: &'r WithSession<S>, _: &RequestParts<'r>) -> Result<Self, Refusal> {
        let session = state.slot.session.try_borrow_mut().map_err(|_| TAKEN)?;
        state.slot.accessed.set(true);
        Ok(Self(session))
    }
}

impl Deref for Session {
    type Target = hipflask::Session;

    fn deref(&self) -> &hipflask::Session {
        &self.0
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut hipflask::Session {
        &mut self.0
    }
}

/// The flashed messages, for a handler that needs nothing else of the session.
pub struct Flashed(Session);

impl<'r, S> FromRequestParts<'r, WithSession<S>> for Flashed {
    type Rejection = Refusal;

    async fn from_request_parts(
        state: &'r WithSession<S>,
        parts: &RequestParts<'r>,
    ) -> Result<Self, Refusal> {
        Session::from_request_parts(state, parts).await.map(Self)
    }
}

impl Flashed {
    /// Takes them out.
    ///
    /// # Errors
    /// As [`take_flashed_messages`].
    pub fn take(&mut self) -> Result<FlashedMessages<'_>, Error> {
        take_flashed_messages(&mut self.0)
    }
}
