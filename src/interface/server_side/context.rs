//! One request's server-side session.

use core::{
    fmt,
    ops::{Deref, DerefMut},
};

use super::SessionId;
use crate::{
    error::Error,
    interface::RequestContext,
    session::{PERMANENT, SecureCookieSession, Session},
};

/// A [`RequestContext`], and what a server-side session has beside it: the id under which
/// it is stored, and whether it is to get another.
///
/// It dereferences to the `RequestContext`, which opens and saves cookie sessions as
/// ever: a server that offers both kinds needs this type alone, and its handlers cannot
/// tell which kind they have.
#[derive(Clone)]
pub struct ServerSideContext<S: ?Sized = Session> {
    pub(super) stored: Stored,
    context: RequestContext<S>,
}

/// What is known of the stored session.
#[derive(Clone, Copy)]
pub(super) struct Stored {
    /// The id that the request brought, if something is stored under it, or may be where the
    /// store did not answer.
    pub(super) id: Option<SessionId>,
    /// Whether that is the request's session now. It is not where it could not be read.
    pub(super) is_loaded: bool,
    /// Whether its time to live is to be renewed, even if nobody changes it.
    pub(super) is_renewal_due: bool,
    /// Whether it gets another id.
    pub(super) regenerates: bool,
    /// Whether the handler started afresh, whatever was stored.
    pub(super) starts_fresh: bool,
}

impl Stored {
    /// What is known before anything was loaded.
    pub(super) const NOTHING: Self =
        Self { id: None, is_loaded: false, is_renewal_due: false, regenerates: false, starts_fresh: false };
}

impl<S> ServerSideContext<S> {
    /// Takes `session` for a request's.
    #[must_use]
    pub const fn new(session: S) -> Self {
        Self { stored: Stored::NOTHING, context: RequestContext::new(session) }
    }
}

impl<S: ?Sized> ServerSideContext<S> {
    /// The id under which the session is stored, if the request brought one. A session
    /// that is new gets its id when it is saved, and one that is to get another has its old one
    /// until then.
    #[must_use]
    #[doc(alias = "sid")]
    pub const fn id(&self) -> Option<&SessionId> {
        match &self.stored {
            Stored { id: Some(id), is_loaded: true, .. } => Some(id),
            _ => None,
        }
    }
}

impl ServerSideContext {
    /// As [`RequestContext::copy_from`].
    ///
    /// # Errors
    /// As there.
    pub fn copy_from(&mut self, other: &Self) -> Result<(), Error> {
        self.context.copy_from(&other.context)?;
        self.stored = other.stored;
        Ok(())
    }

    /// Gives the session another id when it is saved, and ends it under the old one. Call
    /// it at login, and whenever somebody's rights change: whoever planted the old id in
    /// the browser, or read it there, must not be logged in with it (session fixation).
    ///
    /// It counts as a change, unless the session is empty. A cookie session has no id, and
    /// is only saved.
    ///
    /// # Errors
    /// Why the session could not be opened, as [`session`](RequestContext::session).
    pub fn regenerate(&mut self) -> Result<(), Error> {
        let session = self.context.session()?;
        if !is_empty(session) {
            session.set_modified(true);
        }
        self.stored.regenerates = true;
        Ok(())
    }

    /// As [`RequestContext::start_fresh`]. What was stored is taken out when the session
    /// is saved, also where it could not be read.
    ///
    /// # Errors
    /// As there.
    pub fn start_fresh(&mut self) -> Result<&mut Session, Error> {
        self.stored.starts_fresh = true;
        self.context.start_fresh()
    }
}

/// Whether a server-side session holds nothing: `_permanent` alone does not count.
pub(super) fn is_empty(session: &Session) -> bool {
    session.len() == usize::from(session.contains(PERMANENT))
}

impl Deref for ServerSideContext {
    type Target = RequestContext;

    fn deref(&self) -> &RequestContext {
        &self.context
    }
}

impl DerefMut for ServerSideContext {
    fn deref_mut(&mut self) -> &mut RequestContext {
        &mut self.context
    }
}

impl<const N: usize> Deref for ServerSideContext<SecureCookieSession<N>> {
    type Target = ServerSideContext;

    fn deref(&self) -> &ServerSideContext {
        self
    }
}

impl<const N: usize> DerefMut for ServerSideContext<SecureCookieSession<N>> {
    fn deref_mut(&mut self) -> &mut ServerSideContext {
        self
    }
}

/// Shows no contents and no id.
impl<S: ?Sized> fmt::Debug for ServerSideContext<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerSideContext")
            .field("context", &&self.context)
            .field("is_loaded", &self.stored.is_loaded)
            .field("regenerates", &self.stored.regenerates)
            .finish_non_exhaustive()
    }
}
