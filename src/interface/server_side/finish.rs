//! `Finish`: what is to be written at the end of a request, step by step.

use core::{fmt, time::Duration};

use super::{Condition, LocalStore, SessionId};
use crate::{
    error::Error,
    interface::Saved,
    signing::{SignatureSuffix, Signer, SigningKeys},
};

/// One thing that a store is to do.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Step<'a> {
    /// [`LocalStore::put`].
    Put {
        /// Where.
        id: SessionId,
        /// The session.
        value: &'a [u8],
        /// How long it lives.
        ttl: Duration,
        /// Only then.
        condition: Condition<'a>,
    },
    /// [`LocalStore::touch`].
    Touch {
        /// Where.
        id: SessionId,
        /// How long it lives from now on.
        ttl: Duration,
    },
    /// [`LocalStore::delete`].
    Delete {
        /// Where.
        id: SessionId,
    },
}

impl Step<'_> {
    /// Has `store` do it.
    ///
    /// # Errors
    /// The store's own.
    pub async fn run<S: LocalStore + ?Sized>(self, store: &S) -> Result<bool, S::Error> {
        match self {
            Self::Put { id, value, ttl, condition } => store.put(&id, value, ttl, condition).await,
            Self::Touch { id, ttl } => store.touch(&id, ttl).await,
            Self::Delete { id } => store.delete(&id).await,
        }
    }
}

/// Shows no session and no id.
impl fmt::Debug for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { ttl, condition, .. } => {
                f.debug_struct("Put").field("ttl", ttl).field("condition", condition).finish_non_exhaustive()
            }
            Self::Touch { ttl, .. } => f.debug_struct("Touch").field("ttl", ttl).finish_non_exhaustive(),
            Self::Delete { .. } => f.debug_struct("Delete").finish_non_exhaustive(),
        }
    }
}

/// What is to be written at the end of a request, and sent then:
/// [`run`](Self::run) does the one and gives the other.
///
/// A caller without `async` goes step by step: it does what [`step`](Self::step) says, and
/// tells [`answered`](Self::answered) what came of it, until there is no step left; then
/// [`saved`](Self::saved) says what to send.
#[must_use = "nothing is written until the steps are done"]
pub struct Finish<'a> {
    plan: Plan<'a>,
    saved: Saved<'a, SessionIdCookie>,
    accessed: bool,
}

/// What is left to do.
pub(super) enum Plan<'a> {
    Nothing,
    Delete(SessionId),
    Touch {
        id: SessionId,
        ttl: Duration,
    },
    Put {
        id: SessionId,
        value: &'a [u8],
        ttl: Duration,
        condition: Condition<'a>,
    },
    /// The new one first: whatever happens in between, the session is not lost.
    Replace {
        old: SessionId,
        successor: Successor,
        value: &'a [u8],
        ttl: Duration,
    },
    Retire {
        old: SessionId,
        successor: Successor,
    },
}

/// A session's new id.
#[derive(Clone, Copy)]
pub(super) struct Successor {
    pub(super) id: SessionId,
    /// Whether it may live only if the old one was there until now: what another request
    /// ended is not to come back under another id.
    pub(super) is_bound: bool,
}

impl<'a> Finish<'a> {
    pub(super) const fn new(plan: Plan<'a>, saved: Saved<'a, SessionIdCookie>, accessed: bool) -> Self {
        Self { plan, saved, accessed }
    }

    /// What the store is to do next.
    #[must_use]
    pub const fn step(&self) -> Option<Step<'a>> {
        Some(match self.plan {
            Plan::Nothing => return None,
            Plan::Delete(id) => Step::Delete { id },
            Plan::Touch { id, ttl } => Step::Touch { id, ttl },
            Plan::Put { id, value, ttl, condition } => Step::Put { id, value, ttl, condition },
            Plan::Replace { successor, value, ttl, .. } => {
                Step::Put { id: successor.id, value, ttl, condition: Condition::Absent }
            }
            Plan::Retire { old, .. } => Step::Delete { id: old },
        })
    }

    /// Takes what the store answered to the [`step`](Self::step).
    ///
    /// # Errors
    /// [`Error::SessionConflict`] when another request changed or ended the session, with
    /// compare-and-set; [`Error::RandomUnavailable`] when a session of the new id is stored
    /// already: then the random bytes are none. Nothing was written, and nothing is left to do.
    pub fn answered(&mut self, done: bool) -> Result<(), Error> {
        match core::mem::replace(&mut self.plan, Plan::Nothing) {
            Plan::Put { condition: Condition::Unchanged(_), .. } if !done => {
                return self.fail(Error::SessionConflict);
            }
            Plan::Put { condition: Condition::Absent, .. } | Plan::Replace { .. } if !done => {
                return self.fail(Error::RandomUnavailable);
            }
            Plan::Replace { old, successor, .. } => self.plan = Plan::Retire { old, successor },
            Plan::Retire { successor, .. } if !done && successor.is_bound => {
                self.end();
                self.plan = Plan::Delete(successor.id);
            }
            Plan::Put { .. } | Plan::Touch { .. } if !done => self.end(),
            _ => {}
        }
        Ok(())
    }

    /// What to send, when there is no step left. A browser is told no id under which
    /// nothing is stored.
    pub fn saved(self) -> Saved<'a, SessionIdCookie> {
        match self.plan {
            Plan::Nothing => self.saved,
            _ => Saved::unchanged(self.accessed),
        }
    }

    /// Does all steps, and says what to send.
    ///
    /// A session that nobody changed, and whose time to live could only not be renewed,
    /// fails no request: [`Saved::refresh_skipped`] says so.
    ///
    /// # Errors
    /// When the store did not answer, or the answer was not the one that was needed
    /// ([`answered`](Self::answered)). The request should be answered with an error.
    pub async fn run<S: LocalStore + ?Sized>(
        mut self,
        store: &S,
    ) -> Result<Saved<'a, SessionIdCookie>, FinishError<S::Error>> {
        while let Some(step) = self.step() {
            match step.run(store).await {
                Ok(done) => self.answered(done).map_err(FinishError::Session)?,
                Err(_) if matches!(self.plan, Plan::Touch { .. }) => {
                    let unchanged = Saved::unchanged(self.accessed);
                    return Ok(Saved { refresh_skipped: Some(Error::StoreUnavailable), ..unchanged });
                }
                Err(error) => return Err(FinishError::Store(error)),
            }
        }
        Ok(self.saved())
    }

    /// Another request ended the session.
    fn end(&mut self) {
        self.saved = Saved { ended_meanwhile: true, ..Saved::unchanged(self.accessed) };
    }

    fn fail(&mut self, error: Error) -> Result<(), Error> {
        self.saved = Saved::unchanged(self.accessed);
        Err(error)
    }
}

/// Shows the step, and neither a session nor an id.
impl fmt::Debug for Finish<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finish")
            .field("step", &self.step())
            .field("saved", &self.saved)
            .finish_non_exhaustive()
    }
}

/// Why a session was not saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FinishError<E> {
    /// The store did not answer.
    Store(E),
    /// The session could not be saved there: see [`Finish::answered`].
    Session(Error),
}

impl<E: fmt::Display> fmt::Display for FinishError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => write!(f, "the sessions' store failed: {error}"),
            Self::Session(error) => error.fmt(f),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for FinishError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            Self::Session(_) => None,
        }
    }
}

/// The value of a server-side session's cookie: its id, and the signature if there is one.
/// The value of a cookie that deletes is empty.
#[derive(Clone)]
pub struct SessionIdCookie {
    id: Option<SessionId>,
    suffix: SignatureSuffix,
}

impl SessionIdCookie {
    pub(super) const EMPTY: Self = Self { id: None, suffix: SignatureSuffix::EMPTY };

    /// Signs `id`, if there is a signer.
    ///
    /// # Errors
    /// As [`Signer::begin`].
    pub fn new<K: SigningKeys>(id: &SessionId, signer: Option<&Signer<K>>) -> Result<Self, Error> {
        let suffix = match signer {
            Some(signer) => {
                let mut mac = signer.begin()?;
                crate::signing::Mac::update(&mut mac, id.as_bytes());
                signer.finish(mac)?
            }
            None => SignatureSuffix::EMPTY,
        };
        Ok(Self { id: Some(*id), suffix })
    }

    /// How long it is, in bytes.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        let id_len_bytes = self.id.as_ref().map_or(0, |id| id.as_bytes().len());
        id_len_bytes.saturating_add(self.suffix.as_bytes().len())
    }
}

impl fmt::Display for SessionIdCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id.as_ref().map_or("", SessionId::as_str))?;
        f.write_str(crate::bytes::as_str(self.suffix.as_bytes()))
    }
}

/// Shows no letter: it is what logs in.
impl fmt::Debug for SessionIdCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionIdCookie").finish_non_exhaustive()
    }
}
