//! Why a session cannot do what it should.

use std::fmt;

use hipflask::{Error, error::KeyName};

/// Why a session cannot do what it should.
///
/// It is for the log: a browser must not be told. Each adapter makes a response of it that
/// tells nothing, with its [`status`](Self::status) and `Vary: Cookie`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionError {
    /// The route is not under the layer that opens sessions.
    NoLayer,
    /// A closure used the very handle that lent it the session.
    InUse,
    /// The session's cookie cannot be written into a header.
    NotSent,
    /// The system has no random numbers, which a form's token needs.
    NoEntropy,
    /// The session cannot be opened, read, changed or saved.
    Failed {
        /// The entry that was asked for or written, if it was one.
        key: Option<KeyName>,
        /// Why.
        error: Error,
    },
}

impl SessionError {
    pub(crate) fn at_key(key: Option<&str>, error: Error) -> Self {
        Self::Failed { key: key.map(KeyName::new), error }
    }

    /// The key of the entry that is at fault, or of which something was asked.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Failed { key: Some(key), .. }
            | Self::Failed {
                error: Error::WrongType { key: Some(key), .. } | Error::MissingField { key: Some(key), .. },
                ..
            } => Some(key.as_str()),
            _ => None,
        }
    }

    /// The status of the response that it becomes: 503 where the store of the sessions does not
    /// answer, 409 where another request changed the session and
    /// [`compare_and_set`](crate::Sessions::compare_and_set) minds that, otherwise 500.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self.error() {
            Some(Error::StoreUnavailable) => 503,
            Some(Error::SessionConflict) => 409,
            _ => 500,
        }
    }

    /// The core's error, if it is one.
    #[must_use]
    pub const fn error(&self) -> Option<Error> {
        match self {
            Self::Failed { error, .. } => Some(*error),
            _ => None,
        }
    }
}

impl<E: Into<Error>> From<E> for SessionError {
    fn from(error: E) -> Self {
        Self::at_key(None, error.into())
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLayer => f.write_str("the route is not under the layer that opens sessions"),
            Self::InUse => f.write_str("a closure used the handle that lent it the session"),
            Self::NotSent => f.write_str("the session's cookie cannot be written into a header"),
            Self::NoEntropy => f.write_str("the system has no random numbers"),
            // These name their key themselves.
            Self::Failed {
                error: error @ (Error::WrongType { .. } | Error::MissingField { .. }), ..
            }
            | Self::Failed { key: None, error } => error.fmt(f),
            Self::Failed { key: Some(key), error } => write!(f, "`{key}`: {error}"),
        }
    }
}

impl std::error::Error for SessionError {}
