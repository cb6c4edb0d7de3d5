//! What handlers take as arguments, and what they answer when there is no session.

use core::{
    cell::RefMut,
    error, fmt,
    ops::{Deref, DerefMut},
};

use hipflask::{Error, RequestContext, interface::server_side};
use picoserve::{
    ResponseSent,
    extract::FromRequestParts,
    io::Read,
    request::RequestParts,
    response::{Body, Connection, HeadersIter, IntoResponse, Response, ResponseWriter, StatusCode},
};

use crate::WithSession;

/// The request's session, as a handler's argument. It dereferences to
/// [`hipflask::Session`]. To take it counts as access, as in Flask.
///
/// It is the handler's alone: who asks for it twice gets [`SessionError::InUse`]. It has to
/// be dropped before the response is written, so it is no part of that.
pub struct Session(RefMut<'static, hipflask::Session>);

impl Session {
    /// The session of this context.
    fn of(mut context: RefMut<'static, RequestContext>) -> Result<Self, SessionError> {
        context.session().map_err(SessionError::Unreadable)?;
        let session = RefMut::filter_map(context, |context| context.session().ok());
        session.map(Self).map_err(|_| SessionError::InUse)
    }
}

impl<'r, S> FromRequestParts<'r, WithSession<S>> for Session {
    type Rejection = SessionError;

    async fn from_request_parts(
        state: &'r WithSession<S>,
        _: &RequestParts<'r>,
    ) -> Result<Self, SessionError> {
        Self::of(state.place.context.try_borrow_mut().map_err(|_| SessionError::InUse)?)
    }
}

impl<'r, S> FromRequestParts<'r, WithSession<S, server_side::ServerSideContext>> for Session {
    type Rejection = SessionError;

    async fn from_request_parts(
        state: &'r WithSession<S, server_side::ServerSideContext>,
        _: &RequestParts<'r>,
    ) -> Result<Self, SessionError> {
        let context = state.place.context.try_borrow_mut().map_err(|_| SessionError::InUse)?;
        Self::of(RefMut::map(context, |context| &mut **context))
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

/// The request's session before anybody has asked for it, as a handler's argument that
/// works where the session cannot be read. It dereferences to
/// [`hipflask::RequestContext`]:
///
/// - [`start_fresh`](RequestContext::start_fresh) logs out in every case.
/// - [`peek`](RequestContext::peek) only looks, so the response stays cacheable.
/// - [`opened`](RequestContext::opened) says, for a log, why a cookie was not accepted.
///
/// It is the handler's alone, as a [`Session`] is.
pub struct Context(RefMut<'static, RequestContext>);

impl<'r, S> FromRequestParts<'r, WithSession<S>> for Context {
    type Rejection = SessionError;

    async fn from_request_parts(
        state: &'r WithSession<S>,
        _: &RequestParts<'r>,
    ) -> Result<Self, SessionError> {
        state.place.context.try_borrow_mut().map(Self).map_err(|_| SessionError::InUse)
    }
}

impl Deref for Context {
    type Target = RequestContext;

    fn deref(&self) -> &RequestContext {
        &self.0
    }
}

impl DerefMut for Context {
    fn deref_mut(&mut self) -> &mut RequestContext {
        &mut self.0
    }
}

/// What [`Context`] is, for sessions that are kept in a store. It dereferences to
/// [`hipflask::interface::server_side::ServerSideContext`]:
///
/// - [`regenerate`](server_side::ServerSideContext::regenerate) gives the session a new id:
///   call it at each login.
/// - [`session`](RequestContext::session) is the session, also while this one is held.
/// - [`start_fresh`](server_side::ServerSideContext::start_fresh) logs out in every case.
pub struct ServerSideContext(RefMut<'static, server_side::ServerSideContext>);

impl<'r, S> FromRequestParts<'r, WithSession<S, server_side::ServerSideContext>> for ServerSideContext {
    type Rejection = SessionError;

    async fn from_request_parts(
        state: &'r WithSession<S, server_side::ServerSideContext>,
        _: &RequestParts<'r>,
    ) -> Result<Self, SessionError> {
        state.place.context.try_borrow_mut().map(Self).map_err(|_| SessionError::InUse)
    }
}

impl Deref for ServerSideContext {
    type Target = server_side::ServerSideContext;

    fn deref(&self) -> &server_side::ServerSideContext {
        &self.0
    }
}

impl DerefMut for ServerSideContext {
    fn deref_mut(&mut self) -> &mut server_side::ServerSideContext {
        &mut self.0
    }
}

/// Why a session cannot do what it should. As a response it is a page that does not tell
/// the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionError {
    /// The request brought a session that cannot be read here. As a response: 431 where it
    /// is too large, 503 where its store does not answer, otherwise 500.
    Unreadable(Error),
    /// Another argument of the handler has the session, or the response still does. As a
    /// response: 500.
    InUse,
    /// The session cannot be used or saved. As a response: 500, or 503 where its store does
    /// not answer or another request has changed it.
    Failed(Error),
}

impl SessionError {
    /// The status of the response.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Unreadable(reason) if reason.is_capacity() => StatusCode::new(431),
            Self::Unreadable(Error::StoreUnavailable)
            | Self::Failed(Error::StoreUnavailable | Error::SessionConflict) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The text of the response.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::InUse => "the session is in use already\n",
            Self::Unreadable(_) | Self::Failed(_) => "the session cannot be used here\n",
        }
    }

    pub(crate) fn response(self) -> Response<impl HeadersIter, impl Body> {
        Response::new(self.status(), self.text())
    }
}

impl<E: Into<Error>> From<E> for SessionError {
    fn from(reason: E) -> Self {
        Self::Failed(reason.into())
    }
}

impl IntoResponse for SessionError {
    async fn write_to<R: Read, W: ResponseWriter<Error = R::Error>>(
        self,
        connection: Connection<'_, R>,
        writer: W,
    ) -> Result<ResponseSent, W::Error> {
        writer.write_response(connection, self.response()).await
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(reason) => write!(f, "the session cannot be read: {reason}"),
            Self::InUse => f.write_str("the session is in use already"),
            Self::Failed(reason) => write!(f, "the session cannot be used: {reason}"),
        }
    }
}

impl error::Error for SessionError {}
