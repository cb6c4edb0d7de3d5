#![doc = include_str!("../README.md")]
#![forbid(unsafe_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::{StatusCode, header::VARY, request::Parts};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hipflask::{Clock, signing::Keyring, zlib};
use hipflask::{Config, Error, Opened, RequestContext, SecureCookieSession, SecureCookieSessionInterface};
use tokio::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard};

/// Room for a session: its JSON, and 8 bytes more for each entry. A browser's
/// cookie has up to 4 KB, but a compressed one may hold more.
const SESSION_BYTES: usize = 8192;

/// A request's session before anybody has asked for it. [`layer`] puts it into the
/// request's extensions, so axum's `Extension<Context>` is an argument for handlers,
/// and for layers inside, that work where the session cannot be read:
///
/// - [`start_fresh`](RequestContext::start_fresh) logs out in every case.
/// - [`peek`](RequestContext::peek) only looks, so the response stays cacheable.
///
/// A handler that takes a [`Session`] too waits for itself when it locks this one.
pub type Context = Arc<Mutex<RequestContext>>;

/// What [`layer`] needs to know. Clones share the keys.
#[derive(Clone)]
pub struct Sessions {
    interface: Arc<SecureCookieSessionInterface<Keyring, Box<dyn Clock + Send + Sync>, zlib::Scratch>>,
    config: Config<'static>,
}

impl Sessions {
    /// Takes the site's keys, the time, and Flask's settings.
    pub fn new(keys: Keyring, clock: impl Clock + Send + Sync + 'static, config: Config<'static>) -> Self {
        let clock: Box<dyn Clock + Send + Sync> = Box::new(clock);
        let interface = SecureCookieSessionInterface::new(keys, clock).with_compression();
        Self { interface: Arc::new(interface), config }
    }

    fn save(&self, context: &RequestContext, response: &mut Response) -> Result<(), SessionError> {
        let mut scratch = zlib::DeflateScratch::<SESSION_BYTES>::new();
        let saved = context.save(&*self.interface, &self.config, &mut scratch)?;
        if saved.refresh_skipped.is_some() || saved.oversize_len_bytes.is_some() {
            tracing::warn!(?saved.refresh_skipped, ?saved.oversize_len_bytes, "a cookie needs attention");
        }
        saved.apply(response.headers_mut()).map_err(|_| SessionError::NotSent)
    }
}

/// Opens each request's session, and saves it when its handler has returned, whatever
/// that returned: `.layer(axum::middleware::from_fn_with_state(sessions, layer))`.
///
/// - A session that cannot be read is an error for whoever asks for it, and for nobody else.
/// - A session that cannot be saved makes the response a 500, before anything of it went out.
/// - As in Flask, what a response's body does while it is streamed comes too late.
/// - A request may have a [`Config`] of its own: a layer around this one puts a
///   `Config<'static>` into the request's extensions.
/// - Inside another one, this layer does nothing: two would undo each other.
pub async fn layer(State(mut sessions): State<Sessions>, mut request: Request, next: Next) -> Response {
    if request.extensions().get::<Context>().is_some() {
        return next.run(request).await;
    }
    sessions.config = request.extensions().get().copied().unwrap_or(sessions.config);
    let mut context = RequestContext::new(SecureCookieSession::<SESSION_BYTES>::new());
    context.open(&*sessions.interface, &sessions.config, request.headers());
    // With another key than Flask's, this is all that there is to see of it.
    if let Some(reason) = context.opened().map_or_else(Some, Opened::rejection) {
        tracing::debug!(%reason, "a session was not accepted");
    }
    let context: Context = Arc::new(Mutex::new(context));
    request.extensions_mut().insert(context.clone());
    let mut response = next.run(request).await;
    // Who still has it is a task, or a body that is to be streamed.
    let free = context.try_lock().map_err(|_| SessionError::InUse);
    let saved = free.and_then(|context| sessions.save(&context, &mut response));
    saved.map_or_else(IntoResponse::into_response, |()| response)
}

/// The request's session, as a handler's argument. It dereferences to
/// [`hipflask::Session`].
///
/// It is the handler's alone: who asks for it twice gets [`SessionError::InUse`], not a
/// deadlock. It may cross an `.await` and move into a task, but the handler must wait
/// for that task.
pub struct Session(OwnedMappedMutexGuard<RequestContext, hipflask::Session>);

impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = SessionError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, SessionError> {
        let context = parts.extensions.get::<Context>().ok_or(SessionError::NoLayer)?.clone();
        let context = context.try_lock_owned().map_err(|_| SessionError::InUse)?;
        let session = OwnedMutexGuard::try_map(context, |context| context.session().ok());
        session.map(Self).map_err(|context| context.opened().map_or_else(Into::into, |_| SessionError::InUse))
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

/// Why a session cannot do what it should. As a response it is a 500 with
/// `Vary: Cookie`; the reason is logged, and not told to the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionError {
    /// The route is not under [`layer`].
    NoLayer,
    /// Somebody else has the session: another argument of the handler, or a task that
    /// outlives it.
    InUse,
    /// The session's cookie cannot be written into a header.
    NotSent,
    /// The session cannot be opened, used or saved.
    Failed(Error),
}

impl<E: Into<Error>> From<E> for SessionError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl IntoResponse for SessionError {
    fn into_response(self) -> Response {
        tracing::error!(reason = ?self, "a session failed");
        (StatusCode::INTERNAL_SERVER_ERROR, [(VARY, "Cookie")], "something went wrong\n").into_response()
    }
}
