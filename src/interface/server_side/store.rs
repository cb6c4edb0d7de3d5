//! Where server-side sessions are kept: the traits of a store.

use core::{error::Error, time::Duration};

use super::{SessionCodec, SessionId};
use crate::session::Session;

/// What a store found under an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// How long the stored value is, in bytes. It may be longer than the buffer that its
    /// start was copied to.
    pub len_bytes: usize,
    /// When the store will forget it, from now on. `None` where the store does not say, or
    /// never forgets it: each request then renews it.
    pub expires_in: Option<Duration>,
}

impl Found {
    /// Something of this length, of which it is not known when it expires.
    #[must_use]
    pub const fn new(len_bytes: usize) -> Self {
        Self { len_bytes, expires_in: None }
    }

    /// The same, which the store forgets in so long.
    #[must_use]
    pub const fn expires_in(self, expires_in: Duration) -> Self {
        Self { expires_in: Some(expires_in), ..self }
    }
}

/// What has to be so at the moment when a store writes: otherwise it leaves everything as
/// it is.
///
/// The check and the writing are one step, which no other request can come between. That
/// is what keeps a logout a logout.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition<'a> {
    /// Nothing is stored under the id. Redis: `NX`.
    Absent,
    /// Something is stored under the id. Redis: `XX`.
    Present,
    /// This very value is stored under the id: compare-and-set.
    Unchanged(&'a [u8]),
}

/// Shows no bytes: they are a session.
impl core::fmt::Debug for Condition<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::Present => "Present",
            Self::Unchanged(_) => "Unchanged(..)",
        })
    }
}

/// Keeps sessions under their ids, each for a time. Its futures need not be `Send`: for
/// RAM, for flash, for an executor of one thread. Every [`Store`] is one.
///
/// What an implementation has to do beyond the types:
/// - It forgets a value when its time to live is over, never earlier than that, and
///   finds nothing under its id from then on. (How much later it does, it documents.)
/// - [`put`](Self::put) replaces value and time to live; both or none of them.
/// - Each method is one step. Of two that meet, one comes first.
/// - What two stores in one place would write over each other is kept apart by a prefix
///   that the store is made with.
/// - It shows no id and no value, in no error and no log.
///
/// [`acceptance::run`](super::acceptance::run) checks it.
pub trait LocalStore {
    /// Why the store could not answer.
    type Error: Error;

    /// Copies the start of what is stored under `id` to the start of `buffer`, as much as
    /// there is room for, and says how long it is. `None` when there is nothing.
    ///
    /// Something that is no bytes at all (in Redis: a key of another type) counts as an
    /// empty value, which is no session.
    ///
    /// # Errors
    /// When the store does not answer.
    fn load(
        &self,
        id: &SessionId,
        buffer: &mut [u8],
    ) -> impl Future<Output = Result<Option<Found>, Self::Error>>;

    /// Stores `value` under `id` for the time `ttl`, which is not zero, if `condition`
    /// holds; says whether it did.
    ///
    /// # Errors
    /// When the store does not answer, or has no room. Whether it wrote is unknown then.
    fn put(
        &self,
        id: &SessionId,
        value: &[u8],
        ttl: Duration,
        condition: Condition<'_>,
    ) -> impl Future<Output = Result<bool, Self::Error>>;

    /// Lets what is stored under `id` live for the time `ttl` from now on; says whether
    /// there is something. The value stays as it is.
    ///
    /// # Errors
    /// When the store does not answer.
    fn touch(&self, id: &SessionId, ttl: Duration) -> impl Future<Output = Result<bool, Self::Error>>;

    /// Takes out what is stored under `id`; says whether there was something.
    ///
    /// # Errors
    /// When the store does not answer.
    fn delete(&self, id: &SessionId) -> impl Future<Output = Result<bool, Self::Error>>;
}

/// A [`LocalStore`] whose futures are `Send`, so that servers with several threads can
/// take it. The methods are those of `LocalStore`; an implementation writes them as
/// `async fn`.
pub trait Store: Send + Sync {
    /// Why the store could not answer.
    type Error: Error + Send + Sync + 'static;

    /// As [`LocalStore::load`].
    ///
    /// # Errors
    /// When the store does not answer.
    fn load(
        &self,
        id: &SessionId,
        buffer: &mut [u8],
    ) -> impl Future<Output = Result<Option<Found>, Self::Error>> + Send;

    /// As [`LocalStore::put`].
    ///
    /// # Errors
    /// When the store does not answer, or has no room. Whether it wrote is unknown then.
    fn put(
        &self,
        id: &SessionId,
        value: &[u8],
        ttl: Duration,
        condition: Condition<'_>,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// As [`LocalStore::touch`].
    ///
    /// # Errors
    /// When the store does not answer.
    fn touch(&self, id: &SessionId, ttl: Duration) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// As [`LocalStore::delete`].
    ///
    /// # Errors
    /// When the store does not answer.
    fn delete(&self, id: &SessionId) -> impl Future<Output = Result<bool, Self::Error>> + Send;
}

/// A [`Store`] that can go over all its sessions, whoever wrote them: for logging a user
/// out everywhere ([`end_sessions`]).
pub trait SearchStore: Store {
    /// Takes out every value that `matches`, and says how many those were. A value that is
    /// stored while it is looking may be missed.
    ///
    /// A value may be cut where it is longer than the store wants to load at once.
    ///
    /// # Errors
    /// When the store does not answer. Some may have been taken out.
    fn remove_where(
        &self,
        matches: impl FnMut(&[u8]) -> bool + Send,
    ) -> impl Future<Output = Result<usize, Self::Error>> + Send;
}

/// What [`end_sessions`] came upon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// How many sessions matched, and are ended.
    pub ended: usize,
    /// How many could not be read, so that nobody knows whose they are: too large for
    /// `session`, or no sessions. They are still there.
    pub unreadable: usize,
}

/// Ends every session that `matches`, also those that Flask wrote. This is "log out
/// everywhere", for whoever changed the password or lost the telephone.
///
/// It reads every session of the store, with `codec`, into the room of `session`, whose
/// contents are lost. The requests that are under way bring none of them back. Flask-Session's
/// requests may do so: they write without a condition.
///
/// ```
/// use hipflask::interface::server_side::{Codec, Ended, SearchStore, end_sessions};
/// use hipflask::SecureCookieSession;
///
/// async fn log_out_everywhere<S: SearchStore>(store: &S, user_id: &str) -> Result<Ended, S::Error> {
///     let mut room = Box::new(SecureCookieSession::<8192>::new());
///     end_sessions(store, Codec::TaggedJson, &mut room, |session| {
///         session.get("_user_id").is_some_and(|id| id == user_id)
///     })
///     .await
/// }
/// ```
///
/// # Errors
/// When the store does not answer. Some sessions may have been ended.
pub async fn end_sessions<S: SearchStore + ?Sized>(
    store: &S,
    codec: impl SessionCodec,
    session: &mut Session,
    mut matches: impl FnMut(&Session) -> bool + Send,
) -> Result<Ended, S::Error> {
    let mut unreadable: usize = 0;
    let removed = store.remove_where(|value| match codec.decode(value, session) {
        Ok(_) => matches(session),
        Err(_) => {
            unreadable = unreadable.saturating_add(1);
            false
        }
    });
    Ok(Ended { ended: removed.await?, unreadable })
}

impl<S: Store + ?Sized> LocalStore for S {
    type Error = S::Error;

    fn load(
        &self,
        id: &SessionId,
        buffer: &mut [u8],
    ) -> impl Future<Output = Result<Option<Found>, Self::Error>> {
        Store::load(self, id, buffer)
    }

    fn put(
        &self,
        id: &SessionId,
        value: &[u8],
        ttl: Duration,
        condition: Condition<'_>,
    ) -> impl Future<Output = Result<bool, Self::Error>> {
        Store::put(self, id, value, ttl, condition)
    }

    fn touch(&self, id: &SessionId, ttl: Duration) -> impl Future<Output = Result<bool, Self::Error>> {
        Store::touch(self, id, ttl)
    }

    fn delete(&self, id: &SessionId) -> impl Future<Output = Result<bool, Self::Error>> {
        Store::delete(self, id)
    }
}
