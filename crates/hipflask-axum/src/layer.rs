//! The tower layer.

use std::{
    fmt, mem,
    pin::Pin,
    task::{Context, Poll},
};

use hipflask_server::{Adapter, Lifecycle, OwnedConfig, Route};
use http::{HeaderValue, Request, Response, StatusCode, header::VARY};
use tower_layer::Layer;
use tower_service::Service;

use crate::{Session, error::status};

/// The adapter for tower services, axum's routers among them.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Axum;

impl Adapter for Axum {
    type Layer = SessionLayer;

    fn layer(lifecycle: Lifecycle) -> SessionLayer {
        SessionLayer(lifecycle)
    }
}

/// Opens each request's session, and saves it when its handler has answered, whatever that
/// answered. [`Sessions::layer`](crate::Sessions) makes it.
///
/// - It serves any tower service of HTTP requests, with bodies of any kind.
/// - A session that cannot be read is an error for whoever asks for it, and for nobody else.
/// - When a session cannot be saved, the response is a 500 without a body, or a 503 if its store
///   does not answer. The reason is in the log.
/// - As in Flask, what a response's body does while it is streamed comes too late.
/// - A request has settings of its own when a layer around this one puts an [`OwnedConfig`]
///   into its extensions.
/// - Inside another one, this layer does nothing: two would undo each other.
#[derive(Clone, Debug)]
pub struct SessionLayer(Lifecycle);

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> SessionService<S> {
        SessionService { inner, lifecycle: self.0.clone() }
    }
}

/// The service that a [`SessionLayer`] makes.
#[derive(Clone)]
pub struct SessionService<S> {
    inner: S,
    lifecycle: Lifecycle,
}

impl<S, B, C> Service<Request<B>> for SessionService<S>
where
    S: Service<Request<B>, Response = Response<C>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    C: Default + Send,
{
    type Response = Response<C>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<C>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let mut inner = take_ready(&mut self.inner);
        if Session::of(request.extensions()).is_some() {
            return Box::pin(inner.call(request));
        }
        let lifecycle = self.lifecycle.clone();
        Box::pin(async move {
            let config = request.extensions().get::<OwnedConfig>();
            let session = lifecycle.begin(request.headers(), config).await;
            let (method, path) = (request.method().clone(), request.uri().path().to_owned());
            request.extensions_mut().insert(Session(session.with_error()));
            let mut response = inner.call(request).await?;
            let route = Route { method: method.as_str(), path: &path };
            if let Err(error) = lifecycle.finish(&session, route, response.headers_mut()).await {
                response = without_body(status(error));
            }
            Ok(response)
        })
    }
}

/// The service that said it is ready. A clone takes its place.
pub(crate) fn take_ready<S: Clone>(service: &mut S) -> S {
    let clone = service.clone();
    mem::replace(service, clone)
}

/// What is sent in the place of a response whose headers were not to be had: with a body of
/// a type that is not known, so without one. It depends on the session as that one did.
pub(crate) fn without_body<C: Default>(status: StatusCode) -> Response<C> {
    let mut response = Response::new(C::default());
    *response.status_mut() = status;
    response.headers_mut().insert(VARY, HeaderValue::from_static("Cookie"));
    response
}

impl<S: fmt::Debug> fmt::Debug for SessionService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService").field("inner", &self.inner).finish_non_exhaustive()
    }
}
