//! Sessions in a store: the core's interface, a store, and the memory between them.

use std::mem;

use hipflask::{
    Clock, Error,
    interface::server_side::{Finish, FinishError, Found, ServerSideSessionInterface, SessionId, Store},
    signing::Keyring,
};

use crate::{
    backend::{Cookies, Headers, Later, StoreBackend, lacking_bytes},
    config::OwnedConfig,
    error::SessionError,
    room::Room,
    session::Session,
};

/// How many bytes are asked for at first: more than most sessions have.
const FIRST_BYTES: usize = 4096;

/// What says what is to be done.
pub(crate) type Interface = ServerSideSessionInterface<Keyring, Box<dyn Clock + Send + Sync>>;

/// Sessions in a store.
pub(crate) struct StoredSessions<S> {
    pub(crate) store: S,
    pub(crate) interface: Interface,
}

impl<S: Store> StoredSessions<S> {
    async fn open(
        &self,
        config: &OwnedConfig,
        cookies: Cookies<'_>,
        max_session_bytes: usize,
    ) -> (Room, Vec<u8>) {
        let mut room = Room::new(max_session_bytes);
        let config = config.as_config();
        let Some(id) = self.interface.begin(&config, &cookies, &mut room.context) else {
            return (room, Vec::new());
        };
        let (found, mut loaded) = match self.load(&id, room.max_stored_bytes()).await {
            Ok(loaded) => loaded,
            Err(error) => {
                tracing::error!(%error, "the store of the sessions does not answer");
                self.interface.unavailable(&id, &mut room.context);
                return (room, Vec::new());
            }
        };
        loop {
            self.interface.opened(&config, &id, found, &loaded, &mut room.context);
            match lacking_bytes(room.context.opened()).and_then(|needed_bytes| room.larger(needed_bytes)) {
                Some(larger) => {
                    room = larger;
                    self.interface.begin(&config, &cookies, &mut room.context);
                }
                None => break,
            }
        }
        loaded.truncate(found.map_or(0, |found| found.len_bytes));
        (room, if self.interface.compare_and_set() { loaded } else { Vec::new() })
    }

    /// What the store has under `id`, up to `max_bytes` of it.
    async fn load(&self, id: &SessionId, max_bytes: usize) -> Result<(Option<Found>, Vec<u8>), S::Error> {
        let mut buffer = vec![0; FIRST_BYTES];
        loop {
            let found = self.store.load(id, &mut buffer).await?;
            let needed_bytes = found.map_or(0, |found| found.len_bytes).min(max_bytes);
            if needed_bytes <= buffer.len() {
                return Ok((found, buffer));
            }
            buffer = vec![0; needed_bytes];
        }
    }

    async fn save(&self, session: &Session) -> Result<Headers, SessionError> {
        let (config, loaded, mut buffer) = session.lock(|state| {
            // A letter takes six bytes at most, and a number fewer.
            let is_written = |session: &&hipflask::Session| session.modified();
            let used_bytes =
                state.room.context.peek().ok().filter(is_written).map(|session| session.used_bytes());
            let len_bytes =
                used_bytes.map_or(0, |used_bytes| used_bytes * 6).min(state.room.max_stored_bytes());
            (state.config.clone(), mem::take(&mut state.loaded), vec![0; len_bytes])
        })?;
        let config = config.as_config();
        let finish: Finish<'_> = session.lock(|state| {
            let finish = self.interface.finish(&config, &state.room.context, random, &loaded, &mut buffer);
            state.is_over();
            finish
        })??;
        let saved = finish.run(&self.store).await.map_err(|error| match error {
            FinishError::Session(error) => error,
            error => {
                tracing::error!(%error, "the store of the sessions does not answer");
                Error::StoreUnavailable
            }
        })?;
        Ok(Headers::of(&saved))
    }
}

impl<S: Store> StoreBackend for StoredSessions<S> {
    fn open<'a>(
        &'a self,
        config: &'a OwnedConfig,
        cookies: Cookies<'a>,
        max_session_bytes: usize,
    ) -> Later<'a, (Room, Vec<u8>)> {
        Box::pin(self.open(config, cookies, max_session_bytes))
    }

    fn save<'a>(&'a self, session: &'a Session) -> Later<'a, Result<Headers, SessionError>> {
        Box::pin(self.save(session))
    }
}

/// Bytes for an id, from the system.
fn random(bytes: &mut [u8; 32]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|_| Error::RandomUnavailable)
}
