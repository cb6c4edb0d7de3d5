//! Who is logged in.

use std::{fmt, future, ops::Deref};

use axum_core::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::{StatusCode, header::VARY, request::Parts};

use super::of;
use crate::SessionError;

/// Flask-Login for this request, as a handler's argument. It dereferences to
/// [`hipflask_server::Login`], which logs in and out.
///
/// ```
/// use hipflask_axum::{Login, Remember, SessionError};
///
/// async fn welcome(login: Login) -> Result<(), SessionError> {
///     login.login_user("1", Remember::Yes)
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

impl<S: Sync> FromRequestParts<S> for Login {
    type Rejection = SessionError;

    fn from_request_parts(
        parts: &mut Parts,
        _state: &S,
    ) -> impl Future<Output = Result<Self, SessionError>> + Send {
        future::ready(of(&parts.extensions, |extensions| extensions.login()).map(Self))
    }
}

/// Who is logged in, as a handler's argument: Flask-Login's `current_user`, and its
/// `login_required`. It dereferences to [`hipflask_server::CurrentUser`].
///
/// Where nobody is logged in, the response is a 401 Unauthorized. An `Option<CurrentUser>` is
/// `None` then.
#[derive(Clone, Debug)]
pub struct CurrentUser(hipflask_server::CurrentUser);

impl Deref for CurrentUser {
    type Target = hipflask_server::CurrentUser;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = LoginRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, LoginRejection> {
        let user = <Self as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await;
        user.map_err(LoginRejection::Session)?.ok_or(LoginRejection::Unauthorized)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for CurrentUser {
    type Rejection = SessionError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, SessionError> {
        let login = Login::from_request_parts(parts, state).await?;
        Ok(login.current_user()?.map(Self))
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

impl IntoResponse for LoginRejection {
    fn into_response(self) -> Response {
        match self {
            Self::Unauthorized => {
                (StatusCode::UNAUTHORIZED, [(VARY, "Cookie")], "nobody is logged in\n").into_response()
            }
            Self::Session(error) => error.into_response(),
        }
    }
}
