//! msgpack, as msgspec reads and writes it.

mod read;
mod write;

pub(super) use read::read;
pub(super) use write::write;

/// The type of the extension that is a timestamp.
const TIMESTAMP: i8 = -1;
