//! `SessionCodec`: a codec that is chosen while the program runs, or by its type.

use core::fmt;

use super::{Codec, UnwritableMarkup, check::check, load, named_if_pickled};
use crate::{
    error::Error,
    json::{SESSION_JSON_SERIALIZER, TaggedJsonSerializer},
    session::Session,
    sink::{Sink, WriteError, with_any_sink},
};

mod sealed {
    pub trait Sealed {}
}

/// What reads and writes stored sessions: for [`ServerSideSessionInterface`], for
/// [`RamStore`] and for [`end_sessions`].
///
/// [`Codec`] is chosen while the program runs, so all of its formats are in the program.
/// [`TaggedJson`] is chosen by its type: a program that takes no other has no other format
/// in it, and no floats. On a microcontroller that saves a lot of flash.
///
/// [`ServerSideSessionInterface`]: super::super::ServerSideSessionInterface
/// [`RamStore`]: super::super::RamStore
/// [`end_sessions`]: super::super::end_sessions
pub trait SessionCodec: Copy + fmt::Debug + Send + Sync + sealed::Sealed {
    /// As [`Codec::serializer`].
    fn serializer(self) -> TaggedJsonSerializer;

    /// As [`Codec::decode`].
    ///
    /// # Errors
    /// As [`Codec::decode`].
    fn decode(self, stored: &[u8], session: &mut Session) -> Result<Codec, Error>;

    /// As [`Codec::encode_with`].
    ///
    /// # Errors
    /// As [`Codec::encode`].
    fn encode_with<S: Sink>(
        self,
        markup: UnwritableMarkup,
        session: &Session,
        sink: &mut S,
    ) -> Result<(), WriteError<S::Error>>;
}

impl sealed::Sealed for Codec {}
impl SessionCodec for Codec {
    fn serializer(self) -> TaggedJsonSerializer {
        self.serializer()
    }

    fn decode(self, stored: &[u8], session: &mut Session) -> Result<Codec, Error> {
        self.decode(stored, session)
    }

    fn encode_with<S: Sink>(
        self,
        markup: UnwritableMarkup,
        session: &Session,
        sink: &mut S,
    ) -> Result<(), WriteError<S::Error>> {
        self.encode_with(markup, session, sink)
    }
}

/// As [`Codec::TaggedJson`], but by its type, and alone: a session that was stored as
/// msgpack does not decode.
///
/// ```
/// use std::cell::RefCell;
/// use hipflask::interface::server_side::{RamStore, ServerSideSessionInterface, TaggedJson};
/// use hipflask::{UnixTime, clock_fn};
///
/// let clock = clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)));
/// let interface = ServerSideSessionInterface::new(&clock).with_codec(TaggedJson);
/// let store: RamStore<8, 256, _, _> = RamStore::new(&clock, TaggedJson, "_user_id");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "it is its own value, and holds nothing")]
pub struct TaggedJson;

impl sealed::Sealed for TaggedJson {}
impl SessionCodec for TaggedJson {
    fn serializer(self) -> TaggedJsonSerializer {
        SESSION_JSON_SERIALIZER
    }

    fn decode(self, stored: &[u8], session: &mut Session) -> Result<Codec, Error> {
        named_if_pickled(load(stored, session), stored)?;
        Ok(Codec::TaggedJson)
    }

    fn encode_with<S: Sink>(
        self,
        markup: UnwritableMarkup,
        session: &Session,
        sink: &mut S,
    ) -> Result<(), WriteError<S::Error>> {
        check(Codec::TaggedJson, markup, session)?;
        with_any_sink(sink, |sink| session.dump_as(SESSION_JSON_SERIALIZER, sink)).map_err(WriteError::Sink)
    }
}
