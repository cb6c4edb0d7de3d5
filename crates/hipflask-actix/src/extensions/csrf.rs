//! Forms that are the site's own.

use std::{fmt, future, ops::Deref, pin::Pin};

use actix_web::{
    Error, FromRequest, HttpRequest, HttpResponse, ResponseError,
    dev::Payload,
    http::{
        StatusCode,
        header::{ContentType, HeaderValue},
        uri::Authority,
    },
    web::Bytes,
};
use hipflask_server::FormError;
use serde::de::DeserializeOwned;

use super::of;
use crate::SessionError;

/// Flask-WTF for this request, as a handler's argument. It dereferences to
/// [`hipflask_server::Csrf`], which makes tokens for forms and checks them.
///
/// ```
/// use hipflask_actix::{Csrf, SessionError};
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

impl FromRequest for Csrf {
    type Error = SessionError;
    type Future = future::Ready<Result<Self, SessionError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        future::ready(of(request, |extensions| extensions.csrf()).map(Self))
    }
}

/// A form that one of the site's own pages sent, as a handler's argument: it has the
/// session's token, in a field or in the header `X-CSRFToken`. Any other form is answered
/// with 400 and Flask-WTF's words.
///
/// ```
/// use hipflask_actix::CsrfForm;
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

impl<T: DeserializeOwned + 'static> FromRequest for CsrfForm<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let protected = protected(request, payload);
        Box::pin(async move {
            let (_, fields) = protected.await?;
            Ok(Self(hipflask_server::Csrf::read_form(&fields).map_err(CsrfRejection)?))
        })
    }
}

/// A request of one of the site's own pages, by a form or a script, as a handler's argument:
/// what is in its body, beside the token, does not matter. As [`CsrfForm`] otherwise.
///
/// ```
/// use hipflask_actix::{CsrfProtect, Login, SessionError};
///
/// async fn log_out(login: Login, _: CsrfProtect) -> Result<&'static str, SessionError> {
///     login.logout_user()?;
///     Ok("Bye!\n")
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CsrfProtect {
    /// The body.
    pub body: Bytes,
}

impl FromRequest for CsrfProtect {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let protected = protected(request, payload);
        Box::pin(async move { Ok(Self { body: protected.await?.0 }) })
    }
}

/// The body of a request with the session's token, and the fields of the form in it.
fn protected(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<(Bytes, Bytes), Error>> + use<> {
    let (request, body) = (request.clone(), Bytes::from_request(request, payload));
    async move {
        let csrf = of(&request, |extensions| extensions.csrf())?;
        let body = body.await?;
        let values = |name| request.headers().get_all(name).map(HeaderValue::as_bytes);
        let (method, authority) = (request.method().as_str(), request.uri().authority());
        let fields = csrf.protect(method, authority.map(Authority::as_str), values, &body).await;
        Ok((body, fields.map_err(CsrfRejection)?))
    }
}

/// Why there is no [`CsrfForm`] or [`CsrfProtect`]: a 400 Bad Request, or the session cannot
/// be used.
#[derive(Debug)]
pub struct CsrfRejection(FormError<SessionError>);

impl Deref for CsrfRejection {
    type Target = FormError<SessionError>;

    fn deref(&self) -> &FormError<SessionError> {
        &self.0
    }
}

impl fmt::Display for CsrfRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for CsrfRejection {}

impl ResponseError for CsrfRejection {
    fn status_code(&self) -> StatusCode {
        match &self.0 {
            FormError::Session(error) => error.status_code(),
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match &self.0 {
            FormError::Session(error) => error.error_response(),
            error => {
                HttpResponse::BadRequest().content_type(ContentType::plaintext()).body(format!("{error}\n"))
            }
        }
    }
}
