//! `Codec`: what a store keeps of a session.

use crate::{
    bytes::copy,
    error::Error,
    json::SESSION_JSON_SERIALIZER,
    session::Session,
    sink::{Sink, WriteError},
};

/// How a session is written where it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Codec {
    /// Flask's tagged JSON, as in a cookie: tuples, bytes, UUIDs and Markup survive.
    TaggedJson,
}

impl Codec {
    /// Makes `session` hold what `stored` says, not modified; says which codec read it.
    ///
    /// # Errors
    /// [`Error::BadPayload`] when it is no session; [`Error::Capacity`], [`Error::Depth`].
    /// The session is fresh and empty then.
    pub fn decode(self, stored: &[u8], session: &mut Session) -> Result<Self, Error> {
        session.reset(SESSION_JSON_SERIALIZER);
        let capacity_bytes = session.capacity_bytes();
        let room = session.buffer().get_mut(..stored.len());
        let room = room.ok_or(Error::Capacity { needed_bytes: stored.len(), capacity_bytes })?;
        copy(room, stored);
        session.load(SESSION_JSON_SERIALIZER, stored.len())?;
        Ok(self)
    }

    /// Writes the session.
    ///
    /// # Errors
    /// [`WriteError::Sink`] when the sink does not take it all.
    pub fn encode<S: Sink>(self, session: &Session, sink: &mut S) -> Result<(), WriteError<S::Error>> {
        session.dump(sink).map_err(WriteError::Sink)
    }
}
