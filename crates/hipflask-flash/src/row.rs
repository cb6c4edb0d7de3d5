//! A session in flash: when it expires, its id, its value.

use hipflask::interface::server_side::SessionId;
use sequential_storage::map::{SerializationError, Value};

/// What stands before the id: when the session expires, and how long the id is.
const HEAD_BYTES: usize = size_of::<u64>() + 1;

/// All that a row needs beside its value, with its number in the map.
pub(crate) const OVERHEAD_BYTES: usize = 1 + HEAD_BYTES + SessionId::MAX_LEN_BYTES;

/// A session, or the place of one that was deleted.
pub(crate) enum Row<'a> {
    Deleted,
    Session {
        /// Microseconds since 1970.
        expires_at: u64,
        id: SessionId,
        value: &'a [u8],
    },
}

impl<'a> Value<'a> for Row<'a> {
    fn serialize_into(&self, buffer: &mut [u8]) -> Result<usize, SerializationError> {
        let Self::Session { expires_at, id, value } = self else { return Ok(0) };
        let id = id.as_bytes();
        let len = HEAD_BYTES.saturating_add(id.len()).saturating_add(value.len());
        let room = buffer.get_mut(..len).ok_or(SerializationError::BufferTooSmall)?;
        let head = expires_at.to_le_bytes().into_iter().chain([id.len() as u8]);
        room.iter_mut().zip(head.chain(id.iter().copied()).chain(value.iter().copied())).for_each(
            |(to, from)| {
                *to = from;
            },
        );
        Ok(len)
    }

    fn deserialize_from(buffer: &'a [u8]) -> Result<(Self, usize), SerializationError> {
        if buffer.is_empty() {
            return Ok((Self::Deleted, 0));
        }
        let parsed = || {
            let (expires_at, rest) = buffer.split_first_chunk()?;
            let (id_len, rest) = rest.split_first()?;
            let (id, value) = rest.split_at_checked(usize::from(*id_len))?;
            let id = SessionId::parse(id).ok()?;
            Some(Self::Session { expires_at: u64::from_le_bytes(*expires_at), id, value })
        };
        parsed().map(|row| (row, buffer.len())).ok_or(SerializationError::InvalidFormat)
    }
}
