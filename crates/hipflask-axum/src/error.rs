//! An error that is a response.

use std::{fmt, ops::Deref};

use axum_core::response::{IntoResponse, Response};
use http::{StatusCode, header::VARY};

/// Why a session cannot do what it should: a [`hipflask_server::SessionError`].
///
/// As a response it is a 500 with `Vary: Cookie` that tells nothing, or a 503 where the store
/// of the sessions does not answer. The reason goes to the log at the level `error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionError(pub(crate) hipflask_server::SessionError);

impl Deref for SessionError {
    type Target = hipflask_server::SessionError;

    fn deref(&self) -> &hipflask_server::SessionError {
        &self.0
    }
}

impl<E: Into<hipflask_server::SessionError>> From<E> for SessionError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for SessionError {}

impl IntoResponse for SessionError {
    fn into_response(self) -> Response {
        tracing::error!(reason = %self.0, "a session failed");
        (status(self.0), [(VARY, "Cookie")], "something went wrong\n").into_response()
    }
}

/// The status of the response that it becomes.
pub(crate) fn status(error: hipflask_server::SessionError) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
