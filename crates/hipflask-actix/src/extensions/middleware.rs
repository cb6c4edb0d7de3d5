//! The middleware.

use std::{fmt, future, pin::Pin, rc::Rc};

use actix_web::{
    Error, HttpMessage as _, ResponseError as _,
    body::{BoxBody, EitherBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::header::HeaderValue,
};
use hipflask_server::{FlaskExtensions, OwnedClient};

use crate::{Session, error::NotSaved, headers::ResponseHeaders};

/// Gives requests Flask-Login and Flask-WTF, and responses the cookie that remembers. It
/// stands inside of the [sessions' middleware](crate::SessionMiddleware): `.wrap(extensions)`
/// comes before `.wrap(sessions)`.
///
/// ```
/// use actix_web::{App, web};
/// use hipflask_actix::{
///     CurrentUser, ExtensionsMiddleware, FlaskExtensions, FlaskLogin, FlaskWtf, Protection, RememberCookie,
///     SameSite::Lax, Sessions,
/// };
///
/// async fn account(user: CurrentUser) -> String {
///     format!("You are {}.\n", user.id)
/// }
///
/// let secret = "the SECRET_KEY";
/// let extensions = FlaskExtensions::new()
///     .login(FlaskLogin::new(secret, Protection::Basic)?, RememberCookie::new().secure(true))
///     .csrf(FlaskWtf::new(secret)?)
///     .https(true);
/// let app = App::new()
///     .route("/account", web::get().to(account))
///     .wrap(ExtensionsMiddleware::new(extensions))
///     .wrap(Sessions::secret_key(secret).secure(true).same_site(Lax).layer());
/// # Ok::<(), hipflask::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ExtensionsMiddleware(FlaskExtensions);

impl ExtensionsMiddleware {
    /// Takes the settings, once for all threads.
    #[must_use]
    pub const fn new(extensions: FlaskExtensions) -> Self {
        Self(extensions)
    }
}

impl<S, B> Transform<S, ServiceRequest> for ExtensionsMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<EitherBody<B, BoxBody>>;
    type Error = Error;
    type Transform = ExtensionsService<S>;
    type InitError = ();
    type Future = future::Ready<Result<ExtensionsService<S>, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        future::ready(Ok(ExtensionsService { inner: Rc::new(inner), extensions: self.0.clone() }))
    }
}

/// The service that an [`ExtensionsMiddleware`] makes.
pub struct ExtensionsService<S> {
    inner: Rc<S>,
    extensions: FlaskExtensions,
}

impl<S, B> Service<ServiceRequest> for ExtensionsService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<EitherBody<B, BoxBody>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        // Outside of the sessions' middleware, the extractors say what is wrong.
        let Some(session) = Session::of(&request.extensions()).map(|session| session.0.clone()) else {
            let answered = self.inner.call(request);
            return Box::pin(async move { Ok(answered.await?.map_into_left_body()) });
        };
        let remote_addr = request.peer_addr().map(|address| address.ip());
        let values = |name| request.headers().get_all(name).map(HeaderValue::as_bytes);
        let extensions = self.extensions.begin(session, OwnedClient::new(remote_addr, values));
        request.extensions_mut().insert(extensions.clone());
        let inner = self.inner.clone();
        Box::pin(async move {
            let mut response = inner.call(request).await?;
            let mut headers = ResponseHeaders(response.headers_mut());
            let finished = extensions.login().map_or(Ok(()), |login| login.finish(&mut headers));
            Ok(match finished {
                Ok(()) => response.map_into_left_body(),
                // A response, and no error, so that the session is saved.
                Err(reason) => {
                    tracing::error!(%reason, "the cookie that remembers was not sent");
                    response.into_response(NotSaved(reason.0).error_response()).map_into_right_body()
                }
            })
        })
    }
}

impl<S> fmt::Debug for ExtensionsService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtensionsService").finish_non_exhaustive()
    }
}
