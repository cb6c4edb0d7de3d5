//! Who is logged in.

use std::{fmt, future, ops::Deref};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, ResponseError,
    dev::Payload,
    http::{StatusCode, header::ContentType},
};

use super::of;
use crate::SessionError;

/// Flask-Login for this request, as a handler's argument. It dereferences to
/// [`hipflask_server::Login`], which logs in and out.
///
/// ```
/// use hipflask_actix::{Login, Remember, SessionError};
///
/// async fn welcome(login: Login) -> Result<&'static str, SessionError> {
///     login.login_user("1", Remember::Yes)?;
///     Ok("Welcome!\n")
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Login(hipflask_server::Login<SessionError>);

impl Deref for Login {
    type Target = hipflask_server::Login<SessionError>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl FromRequest for Login {
    type Error = SessionError;
    type Future = future::Ready<Result<Self, SessionError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        future::ready(of(request, |extensions| extensions.login()).map(Self))
    }
}

/// Who is logged in, as a handler's argument: Flask-Login's `current_user`, and its
/// `login_required`. It dereferences to [`hipflask_server::CurrentUser`].
///
/// Where nobody is logged in, the response is a 401 Unauthorized. An `Option<CurrentUser>` is
/// `None` then, and also, as for every type in actix-web, where the session cannot be used:
/// [`Login`]'s `current_user` tells one from the other.
#[derive(Clone, Debug)]
pub struct CurrentUser(hipflask_server::CurrentUser);

impl Deref for CurrentUser {
    type Target = hipflask_server::CurrentUser;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl FromRequest for CurrentUser {
    type Error = LoginRejection;
    type Future = future::Ready<Result<Self, LoginRejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let login = of(request, |extensions| extensions.login());
        let user = login.and_then(|login| login.current_user()).map_err(LoginRejection::Session);
        future::ready(user.and_then(|user| user.map(Self).ok_or(LoginRejection::Unauthorized)))
    }
}

/// Why there is no [`CurrentUser`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginRejection {
    /// Nobody is logged in: a 401 Unauthorized, as Flask-Login answers without a `login_view`.
    Unauthorized,
    /// The session cannot be used.
    Session(SessionError),
}

impl fmt::Display for LoginRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthorized => f.write_str("nobody is logged in"),
            Self::Session(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LoginRejection {}

impl ResponseError for LoginRejection {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Session(error) => error.status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Unauthorized => HttpResponse::Unauthorized()
                .content_type(ContentType::plaintext())
                .body("nobody is logged in\n"),
            Self::Session(error) => error.error_response(),
        }
    }
}
