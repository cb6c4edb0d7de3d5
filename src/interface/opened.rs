//! How a session was opened.

use crate::error::Error;

/// How a session was opened, when it could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    origin: Origin,
}

/// Where a session comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Fresh,
    Loaded,
    Rejected(Error),
    Null,
}

impl Opened {
    /// The session is fresh and empty; the request brought none.
    pub const FRESH: Self = Self { origin: Origin::Fresh };
    /// The session is what the request brought.
    pub const LOADED: Self = Self { origin: Origin::Loaded };
    /// The session is the null session: no secret key is set.
    pub const NULL: Self = Self { origin: Origin::Null };

    /// The session is fresh and empty, although the request brought something, which
    /// was not accepted for this reason.
    #[must_use]
    pub const fn rejected(reason: Error) -> Self {
        Self { origin: Origin::Rejected(reason) }
    }

    /// Whether the session is what the request brought.
    #[must_use]
    pub const fn is_loaded(self) -> bool {
        matches!(self.origin, Origin::Loaded)
    }

    /// Whether the session is the null session.
    #[must_use]
    pub const fn is_null(self) -> bool {
        matches!(self.origin, Origin::Null)
    }

    /// Why what the request brought was not accepted, if it was not: for a log, it
    /// is no error.
    #[must_use]
    pub const fn rejection(self) -> Option<Error> {
        match self.origin {
            Origin::Rejected(reason) => Some(reason),
            Origin::Fresh | Origin::Loaded | Origin::Null => None,
        }
    }
}
