//! How a session was opened.

use crate::error::Error;

/// How a session was opened, when it could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Opened {
    origin: Origin,
    pub(super) has_duplicates: bool,
}

/// Where a session comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Origin {
    Fresh,
    Loaded,
    Rejected(Error),
    Null,
}

impl Opened {
    /// The session is fresh and empty; the request brought none.
    pub const FRESH: Self = Self::of(Origin::Fresh);
    /// The session is what the request brought.
    pub const LOADED: Self = Self::of(Origin::Loaded);
    /// The session is the null session: no secret key is set.
    pub const NULL: Self = Self::of(Origin::Null);

    /// The session is fresh and empty, although the request brought something, which
    /// was not accepted for this reason.
    #[must_use]
    pub const fn rejected(reason: Error) -> Self {
        Self::of(Origin::Rejected(reason))
    }

    const fn of(origin: Origin) -> Self {
        Self { origin, has_duplicates: false }
    }

    /// The same, of a request that brought more cookies of the session's name, or not.
    /// [`find_with_duplicates`](crate::cookie::find_with_duplicates) tells.
    #[must_use]
    pub const fn with_duplicates(mut self, has_duplicates: bool) -> Self {
        self.has_duplicates = has_duplicates;
        self
    }

    /// Whether the request brought more cookies of the session's name. The first one
    /// counts, as in Flask, and that is often a leftover: one that the site set with
    /// another `Domain` or `Path` in former times, or that another site of the same domain
    /// set. It stays the first, so that nobody can log in beside it or log out of it, until
    /// it is deleted: see [`Config::leftover_deletion`](crate::Config::leftover_deletion).
    ///
    /// Without a secret key nothing is looked for.
    #[must_use]
    pub const fn has_duplicates(self) -> bool {
        self.has_duplicates
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
