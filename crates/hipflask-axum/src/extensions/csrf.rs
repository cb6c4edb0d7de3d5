//! Forms that are the site's own.

use std::{fmt, future, ops::Deref};

use axum_core::{
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use hipflask_server::FormError;
use http::{HeaderValue, StatusCode, header::VARY, request::Parts, uri::Authority};
use serde::de::DeserializeOwned;

use super::of;
use crate::SessionError;

/// Flask-WTF for this request, as a handler's argument. It dereferences to
/// [`hipflask_server::Csrf`], which makes tokens for forms and checks them.
///
/// ```
/// use hipflask_axum::{Csrf, SessionError};
///
/// async fn page(csrf: Csrf) -> Result<String, SessionError> {
///     Ok(format!(r#"<input type="hidden" name="csrf_token" value="{}">"#, csrf.token()?))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Csrf(hipflask_server::Csrf<SessionError>);

impl Deref for Csrf {
    type Target = hipflask_server::Csrf<SessionError>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Csrf {
    type Rejection = SessionError;

    fn from_request_parts(
        parts: &mut Parts,
        _state: &S,
    ) -> impl Future<Output = Result<Self, SessionError>> + Send {
        future::ready(of(&parts.extensions, |extensions| extensions.csrf()).map(Self))
    }
}

/// A form that one of the site's own pages sent, as a handler's last argument: it has the
/// session's token, in a field or in the header `X-CSRFToken`. Any other form is answered
/// with 400 and Flask-WTF's words.
///
/// ```
/// use hipflask_axum::CsrfForm;
///
/// #[derive(serde::Deserialize)]
/// struct Note {
///     text: String,
/// }
///
/// async fn take_note(CsrfForm(note): CsrfForm<Note>) -> String {
///     note.text
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper is what it wraps")]
pub struct CsrfForm<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for CsrfForm<T> {
    type Rejection = CsrfRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, CsrfRejection> {
        let (_, fields) = protected(request, state).await?;
        Ok(Self(hipflask_server::Csrf::read_form(&fields)?))
    }
}

/// A request of one of the site's own pages, by a form or a script, as a handler's last
/// argument: what is in its body, beside the token, does not matter. As [`CsrfForm`] otherwise.
///
/// ```
/// use hipflask_axum::{CsrfProtect, Login, SessionError};
///
/// async fn log_out(login: Login, _: CsrfProtect) -> Result<(), SessionError> {
///     login.logout_user()
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CsrfProtect {
    /// The body.
    pub body: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for CsrfProtect {
    type Rejection = CsrfRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, CsrfRejection> {
        let (body, _) = protected(request, state).await?;
        Ok(Self { body })
    }
}

/// The body of a request with the session's token, and the fields of the form in it.
async fn protected<S: Send + Sync>(request: Request, state: &S) -> Result<(Bytes, Bytes), CsrfRejection> {
    let (mut parts, body) = request.into_parts();
    let csrf = Csrf::from_request_parts(&mut parts, state).await.map_err(FormError::Session)?;
    let (uri, method, headers) = (parts.uri.clone(), parts.method.clone(), parts.headers.clone());
    let body = Bytes::from_request(Request::from_parts(parts, body), state).await?;
    let values = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let authority = uri.authority().map(Authority::as_str);
    let fields = csrf.protect(method.as_str(), authority, values, &body).await?;
    Ok((body, fields))
}

/// Why there is no [`CsrfForm`] or [`CsrfProtect`].
#[derive(Debug)]
#[non_exhaustive]
pub enum CsrfRejection {
    /// The form is not taken: a 400 Bad Request.
    Form(FormError<SessionError>),
    /// The body cannot be read.
    Body(BytesRejection),
}

impl From<FormError<SessionError>> for CsrfRejection {
    fn from(error: FormError<SessionError>) -> Self {
        Self::Form(error)
    }
}

impl From<BytesRejection> for CsrfRejection {
    fn from(error: BytesRejection) -> Self {
        Self::Body(error)
    }
}

impl fmt::Display for CsrfRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(error) => error.fmt(f),
            Self::Body(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CsrfRejection {}

impl IntoResponse for CsrfRejection {
    fn into_response(self) -> Response {
        match self {
            Self::Form(FormError::Session(error)) => error.into_response(),
            Self::Form(error) => {
                (StatusCode::BAD_REQUEST, [(VARY, "Cookie")], format!("{error}\n")).into_response()
            }
            Self::Body(error) => error.into_response(),
        }
    }
}
