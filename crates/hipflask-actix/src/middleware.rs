//! actix-web's middleware.

use std::{fmt, future, pin::Pin, rc::Rc};

use actix_web::{
    Error, HttpMessage as _,
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
};
use hipflask_server::{Adapter, Lifecycle, OwnedConfig, Route};

use crate::{
    Session,
    error::NotSaved,
    headers::{RequestHeaders, ResponseHeaders},
};

/// The adapter for actix-web.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Actix;

impl Adapter for Actix {
    type Layer = SessionMiddleware;

    fn layer(lifecycle: Lifecycle) -> SessionMiddleware {
        SessionMiddleware(lifecycle)
    }
}

/// Opens each request's session, and saves it when its handler has answered, whatever that
/// answered: `App::new().wrap(middleware.clone())`. [`Sessions::layer`](crate::Sessions) makes
/// it, once for all threads.
///
/// - A session that cannot be read is an error for whoever asks for it, and for nobody else.
/// - When a session cannot be saved, the response is a 500, or a 503 if its store does not answer.
///   The reason is in the log.
/// - As in Flask, what a response's body does while it is streamed comes too late.
/// - A request has settings of its own when a middleware around this one puts an
///   [`OwnedConfig`] into its extensions.
/// - Inside another one, this middleware does nothing: two would undo each other.
/// - An error of a handler or an extractor is a response, and the session is saved. An error
///   that a *middleware* inside of this one returns instead of a response is passed on, and
///   nothing is saved: there is no response to send it with.
#[derive(Clone, Debug)]
pub struct SessionMiddleware(Lifecycle);

impl<S, B> Transform<S, ServiceRequest> for SessionMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = SessionService<S>;
    type InitError = ();
    type Future = future::Ready<Result<SessionService<S>, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        future::ready(Ok(SessionService { inner: Rc::new(inner), lifecycle: self.0.clone() }))
    }
}

/// The service that a [`SessionMiddleware`] makes.
pub struct SessionService<S> {
    inner: Rc<S>,
    lifecycle: Lifecycle,
}

impl<S, B> Service<ServiceRequest> for SessionService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<ServiceResponse<B>, Error>>>>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        if Session::of(&request.extensions()).is_some() {
            return Box::pin(self.inner.call(request));
        }
        let (inner, lifecycle) = (self.inner.clone(), self.lifecycle.clone());
        Box::pin(async move {
            let config = request.extensions().get::<OwnedConfig>().cloned();
            let session = lifecycle.begin(&RequestHeaders(request.headers()), config.as_ref()).await;
            request.extensions_mut().insert(Session(session.with_error()));
            let mut response = inner.call(request).await?;
            let request = response.request().clone();
            let route = Route { method: request.method().as_str(), path: request.path() };
            let mut headers = ResponseHeaders(response.headers_mut());
            lifecycle.finish(&session, route, &mut headers).await.map_err(NotSaved)?;
            Ok(response)
        })
    }
}

impl<S> fmt::Debug for SessionService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService").finish_non_exhaustive()
    }
}
