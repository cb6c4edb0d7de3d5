//! Errors that are responses.

use std::{fmt, ops::Deref};

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{ContentType, VARY},
    },
};

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

impl ResponseError for SessionError {
    fn status_code(&self) -> StatusCode {
        NotSaved(self.0).status_code()
    }

    fn error_response(&self) -> HttpResponse {
        tracing::error!(reason = %self.0, "a session failed");
        NotSaved(self.0).error_response()
    }
}

/// A session was not saved. The log has the reason already.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotSaved(pub(crate) hipflask_server::SessionError);

impl fmt::Display for NotSaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the session was not saved")
    }
}

impl ResponseError for NotSaved {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code())
            .insert_header((VARY, "Cookie"))
            .content_type(ContentType::plaintext())
            .body("something went wrong\n")
    }
}
