//! Why the store did not do what it should.

use core::{error, fmt};

use hipflask::Error;

/// Why a [`FlashStore`](crate::FlashStore) did not do what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlashStoreError<E> {
    /// The flash could not be read or written.
    Flash(E),
    /// What is in the flash is no map of sessions, and could not be repaired. Erase it: the
    /// sessions are lost.
    Corrupted,
    /// The flash has no room for so many sessions of that size, or its pages or words do not
    /// suit it.
    TooSmall,
    /// The value is longer than there is room for.
    TooLong {
        /// Its length in bytes.
        len_bytes: usize,
        /// The room in bytes.
        capacity_bytes: usize,
    },
    /// The clock did not say the time.
    Clock(Error),
}

impl<E: fmt::Debug> fmt::Display for FlashStoreError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash(error) => write!(f, "the flash failed: {error:?}"),
            Self::Corrupted => f.write_str("what is in the flash cannot be read as sessions"),
            Self::TooSmall => f.write_str("the flash is too small for the sessions"),
            Self::TooLong { len_bytes, capacity_bytes } => {
                write!(f, "the session has {len_bytes} bytes, and its place {capacity_bytes}")
            }
            Self::Clock(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug> error::Error for FlashStoreError<E> {}

impl<E> From<sequential_storage::Error<E>> for FlashStoreError<E> {
    fn from(error: sequential_storage::Error<E>) -> Self {
        use sequential_storage::Error;
        match error {
            Error::Storage { value, .. } => Self::Flash(value),
            Error::FullStorage | Error::ItemTooBig => Self::TooSmall,
            // Everything else is about bytes that this store did not write.
            _ => Self::Corrupted,
        }
    }
}
