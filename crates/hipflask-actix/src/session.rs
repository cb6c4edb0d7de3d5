//! The extractor.

use std::{future, ops::Deref};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest,
    dev::{Extensions, Payload},
};

use crate::SessionError;

/// The request's session, as a handler's argument. It is a cheap handle, and dereferences to
/// [`hipflask_server::Session`], which has all that a handler does with it.
///
/// Several arguments of a handler can be the session, or use it, in any order: they are the
/// same one.
///
/// ```
/// use hipflask_actix::{Session, SessionError};
///
/// async fn home(session: Session) -> Result<String, SessionError> {
///     session.modify::<u64>("visits", |visits| *visits += 1)?;
///     for flashed in session.take_flashed_messages()? {
///         println!("{}: {}", flashed.category, flashed.message);
///     }
///     Ok(session.get_as::<String>("user")?.unwrap_or_default())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Session(pub(crate) hipflask_server::Session<SessionError>);

impl Session {
    /// The session of a request, for middlewares, which have its extensions; `None` where
    /// the middleware is not inside of the [sessions' one](crate::SessionMiddleware).
    #[must_use]
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }
}

impl Deref for Session {
    type Target = hipflask_server::Session<SessionError>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl FromRequest for Session {
    type Error = SessionError;
    type Future = future::Ready<Result<Self, SessionError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let no_layer = SessionError(hipflask_server::SessionError::NoLayer);
        future::ready(Self::of(&request.extensions()).cloned().ok_or(no_layer))
    }
}
