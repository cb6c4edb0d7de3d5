//! A request's session, from its opening to its saving.

use std::{fmt, sync::Arc};

use hipflask::{Error, Opened, Request, Response};

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
    backend: Arc<dyn Backend>,
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
    pub(crate) fn new(backend: Arc<dyn Backend>, config: OwnedConfig, max_session_bytes: usize) -> Self {
        if let Err(error) = config.as_config().check() {
            tracing::error!(%error, "the settings of the sessions cannot be used");
        }
        Self { backend, config, max_session_bytes }
    }

    /// Opens the session of `request`, with settings of its own if it has any.
    pub fn begin<R: Request + ?Sized>(&self, request: &R, config: Option<&OwnedConfig>) -> Session {
        let config = config.unwrap_or(&self.config).clone();
        let cookies = Cookies(request.cookie_headers().collect());
        let mut room = Room::new(self.max_session_bytes);
        loop {
            self.backend.open(&config.as_config(), &cookies, &mut room.context);
            match lacking_bytes(room.context.opened()).and_then(|needed_bytes| room.larger(needed_bytes)) {
                Some(larger) => room = larger,
                None => break,
            }
        }
        match room.context.opened() {
            Err(reason) => tracing::debug!(%reason, "a session cannot be read"),
            Ok(opened) => {
                // With another key than Flask's, this is all that there is to see of it.
                if let Some(reason) = opened.rejection() {
                    tracing::debug!(%reason, "a session was not accepted");
                }
                if opened.has_duplicates() {
                    tracing::info!(
                        "a request has several cookies of the session's name: the first one counts"
                    );
                }
            }
        }
        Session::new(State { room, config, is_saved: false })
    }

    /// Saves the session into the headers of `response`. What happens to the session
    /// afterwards is lost.
    ///
    /// # Errors
    /// When the session cannot be saved. The reason is in the log; the response must become
    /// a 500 with `Vary: Cookie`, before anything of it goes out.
    pub fn finish<R: Response + ?Sized>(
        &self,
        session: &Session,
        route: Route<'_>,
        response: &mut R,
    ) -> Result<(), SessionError> {
        let saved = self.save(session).and_then(|headers| {
            if let Some(reason) = headers.refresh_skipped {
                tracing::warn!(method = route.method, path = route.path, %reason, "a session was not sent anew");
            }
            if let Some(len_bytes) = headers.oversize_len_bytes {
                tracing::warn!(method = route.method, path = route.path, len_bytes, "a cookie is too large");
            }
            apply(&headers, response).map_err(|_| SessionError::NotSent)
        });
        if let Err(reason) = &saved {
            tracing::error!(method = route.method, path = route.path, %reason, "a session was not saved");
        }
        saved
    }

    fn save(&self, session: &Session) -> Result<Headers, SessionError> {
        Ok(session.lock(|state| {
            state.is_saved = true;
            let headers = self.backend.save(&state.config.as_config(), &state.room);
            // From now on it says whether somebody comes too late.
            if let Ok(session) = state.room.context.session() {
                session.set_modified(false);
            }
            headers
        })??)
    }
}

/// How much room was asked for where there was not enough.
const fn lacking_bytes(opened: Result<Opened, Error>) -> Option<usize> {
    let reason = match opened {
        Ok(opened) => opened.rejection(),
        Err(error) => Some(error),
    };
    match reason {
        Some(Error::Capacity { needed_bytes, .. }) => Some(needed_bytes),
        _ => None,
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
