//! A request's session, from its opening to its saving.

use std::{fmt, sync::Arc};

use hipflask::{Error, Request, Response};

use crate::{
    backend::{Backend, Cookies, Headers},
    config::OwnedConfig,
    error::SessionError,
    room::Room,
    session::{Session, State},
};

/// Opens and saves the sessions of requests, for the adapter of a server. Clones share the
/// keys.
///
/// - [`begin`](Self::begin) opens the session of a request. What cannot be read is an error
///   for whoever asks for the session, and for nobody else.
/// - [`finish`](Self::finish) saves it, whatever the handler answered. As in Flask, what a
///   response's body does while it is streamed comes too late.
#[derive(Clone)]
pub struct Lifecycle {
    backend: Arc<Backend>,
    config: OwnedConfig,
    max_session_bytes: usize,
}

/// What a request asked for, as the log shows it.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a log names a route by these two")]
pub struct Route<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its path, without the query, which may have secrets in it.
    pub path: &'a str,
}

impl Lifecycle {
    pub(crate) fn new(backend: Backend, config: OwnedConfig, max_session_bytes: usize) -> Self {
        if let Err(error) = config.as_config().check() {
            tracing::error!(%error, "the settings of the sessions cannot be used");
        }
        Self { backend: Arc::new(backend), config, max_session_bytes }
    }

    /// Opens the session of `request`, with settings of its own if it has any.
    ///
    /// Nothing is waited for where sessions are in cookies.
    pub async fn begin<R: Request + ?Sized>(&self, request: &R, config: Option<&OwnedConfig>) -> Session {
        let config = config.unwrap_or(&self.config).clone();
        let cookies = Cookies(request.cookie_headers().collect());
        let (room, loaded) = match &*self.backend {
            Backend::Cookie(backend) => {
                let mut room = Room::new(self.max_session_bytes);
                backend.open(&config.as_config(), &cookies, &mut room);
                (room, Vec::new())
            }
            Backend::Store(backend) => backend.open(&config, cookies, self.max_session_bytes).await,
        };
        match room.context.opened() {
            Err(reason) => tracing::debug!(%reason, "a session cannot be read"),
            Ok(opened) => {
                match opened.rejection() {
                    // Nobody but the application wrote it.
                    Some(reason @ Error::BadPayload(_)) => {
                        tracing::warn!(%reason, "what is kept of a session is none");
                    }
                    // With another key than Flask's, this is all that there is to see of it.
                    Some(reason) => tracing::debug!(%reason, "a session was not accepted"),
                    None => {}
                }
                if opened.has_duplicates() {
                    tracing::info!(
                        "a request has several cookies of the session's name: the first one counts"
                    );
                }
            }
        }
        Session::new(State { room, config, loaded, is_saved: false })
    }

    /// Saves the session into the headers of `response`. What happens to the session
    /// afterwards is lost.
    ///
    /// # Errors
    /// When the session cannot be saved. The reason is in the log; the response must become
    /// a 500 with `Vary: Cookie`, before anything of it goes out.
    pub async fn finish<R: Response + ?Sized>(
        &self,
        session: &Session,
        route: Route<'_>,
        response: &mut R,
    ) -> Result<(), SessionError> {
        let saved = self.save(session).await.and_then(|headers| {
            if let Some(reason) = headers.refresh_skipped {
                tracing::warn!(method = route.method, path = route.path, %reason, "a session was not sent anew");
            }
            if let Some(len_bytes) = headers.oversize_len_bytes {
                tracing::warn!(method = route.method, path = route.path, len_bytes, "a cookie is too large");
            }
            if headers.ended_meanwhile {
                tracing::debug!("another request ended a session: it was not saved");
            }
            apply(&headers, response).map_err(|_| SessionError::NotSent)
        });
        if let Err(reason) = &saved {
            tracing::error!(method = route.method, path = route.path, %reason, "a session was not saved");
        }
        saved
    }

    async fn save(&self, session: &Session) -> Result<Headers, SessionError> {
        match &*self.backend {
            Backend::Cookie(backend) => Ok(session.lock(|state| {
                let headers = backend.save(&state.config.as_config(), &state.room);
                state.is_over();
                headers
            })??),
            Backend::Store(backend) => backend.save(session).await,
        }
    }
}

fn apply<R: Response + ?Sized>(headers: &Headers, response: &mut R) -> Result<(), R::Error> {
    if let Some(cookie) = &headers.set_cookie {
        response.add_set_cookie(cookie)?;
    }
    if headers.vary_cookie {
        response.add_vary("Cookie")?;
    }
    Ok(())
}

impl fmt::Debug for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lifecycle")
            .field("config", &self.config)
            .field("max_session_bytes", &self.max_session_bytes)
            .finish_non_exhaustive()
    }
}
