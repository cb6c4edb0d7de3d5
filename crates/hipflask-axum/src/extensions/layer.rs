//! The layer.

use std::{
    fmt,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use hipflask_server::{FlaskExtensions, OwnedClient};
use http::{Extensions, HeaderValue, Request, Response, StatusCode};
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    Session,
    layer::{take_ready, without_body},
};

/// Where the peer's address is among a request's extensions.
type RemoteAddr = dyn Fn(&Extensions) -> Option<IpAddr> + Send + Sync;

/// Gives requests Flask-Login and Flask-WTF, and responses the cookie that remembers. It
/// stands inside of the [sessions' layer](crate::SessionLayer): `.layer(extensions)` comes
/// before `.layer(sessions)`.
///
/// ```
/// use std::net::SocketAddr;
///
/// use axum::{Router, extract::ConnectInfo, routing::get};
/// use hipflask_axum::{
///     CurrentUser, ExtensionsLayer, FlaskExtensions, FlaskLogin, FlaskWtf, Protection, RememberCookie,
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
/// let peer = |extensions: &http::Extensions| {
///     extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
/// };
/// let app: Router = Router::new()
///     .route("/account", get(account))
///     .layer(ExtensionsLayer::new(extensions, peer))
///     .layer(Sessions::secret_key(secret).secure(true).same_site(Lax).layer());
/// // axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
/// # Ok::<(), hipflask::Error>(())
/// ```
#[derive(Clone)]
pub struct ExtensionsLayer {
    extensions: FlaskExtensions,
    remote_addr: Arc<RemoteAddr>,
}

impl ExtensionsLayer {
    /// `remote_addr` finds the peer's address among a request's extensions. Flask-Login takes
    /// it for the client's where there is no `X-Forwarded-For`; with another one than Flask
    /// sees, each takes the other's login for one from somewhere else. Behind a proxy that
    /// sets the header, `|_| None` will do.
    pub fn new(
        extensions: FlaskExtensions,
        remote_addr: impl Fn(&Extensions) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> Self {
        Self { extensions, remote_addr: Arc::new(remote_addr) }
    }
}

impl<S> Layer<S> for ExtensionsLayer {
    type Service = ExtensionsService<S>;

    fn layer(&self, inner: S) -> ExtensionsService<S> {
        ExtensionsService { inner, layer: self.clone() }
    }
}

impl fmt::Debug for ExtensionsLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtensionsLayer").field("extensions", &self.extensions).finish_non_exhaustive()
    }
}

/// The service that an [`ExtensionsLayer`] makes.
#[derive(Clone, Debug)]
pub struct ExtensionsService<S> {
    inner: S,
    layer: ExtensionsLayer,
}

impl<S, B, C> Service<Request<B>> for ExtensionsService<S>
where
    S: Service<Request<B>, Response = Response<C>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    C: Default,
{
    type Response = Response<C>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<C>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let mut inner = take_ready(&mut self.inner);
        // Outside of the sessions' layer, the extractors say what is wrong.
        let Some(session) = Session::of(request.extensions()) else { return Box::pin(inner.call(request)) };
        let remote_addr = (self.layer.remote_addr)(request.extensions());
        let headers = request.headers();
        let client =
            OwnedClient::new(remote_addr, |name| headers.get_all(name).iter().map(HeaderValue::as_bytes));
        let extensions = self.layer.extensions.begin(session.0.clone(), client);
        request.extensions_mut().insert(extensions.clone());
        Box::pin(async move {
            let mut response = inner.call(request).await?;
            let finished = extensions.login().map_or(Ok(()), |login| login.finish(response.headers_mut()));
            if let Err(reason) = finished {
                tracing::error!(%reason, "the cookie that remembers was not sent");
                response = without_body(StatusCode::INTERNAL_SERVER_ERROR);
            }
            Ok(response)
        })
    }
}
