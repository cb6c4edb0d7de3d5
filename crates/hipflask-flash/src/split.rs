//! Users in one store, strangers in another.

use core::{cell::RefCell, error, fmt, time::Duration};

use embassy_sync::{blocking_mutex::raw::NoopRawMutex, mutex::Mutex};
use hipflask::{
    SecureCookieSession,
    interface::server_side::{Codec, Condition, Found, LocalStore, SessionCodec, SessionId},
};

/// Keeps the sessions of users who are logged in in one store, and those of strangers in
/// another: in flash, and in RAM.
///
/// Each visitor without a cookie can get a session, for a login form's token. If they were
/// written to flash, whoever sends requests without a cookie wears it out, and takes the
/// places of users. Here only who knows a password does.
///
/// ```
/// use core::cell::RefCell;
/// use hipflask::{clock_fn, UnixTime};
/// use hipflask::interface::server_side::{Codec, LocalStore, RamStore};
/// use hipflask_flash::SplitStore;
///
/// # fn now() -> Result<UnixTime, hipflask::Error> { Ok(UnixTime::from_secs(17)) }
/// fn store<U: LocalStore>(flash: U) -> impl LocalStore {
///     let ram = RefCell::new(RamStore::<4, 256, _>::new(clock_fn(now), Codec::TaggedJson, "user"));
///     SplitStore::<_, _, 256>::new(flash, ram, Codec::TaggedJson, "user")
/// }
/// ```
///
/// A session that logs in or out under the same id moves from one store to the other. Take
/// a new id at each login all the same
/// ([`regenerate`](hipflask::interface::server_side::ServerSideContext::regenerate)).
pub struct SplitStore<U, S, const BYTES: usize, F = Codec> {
    users: U,
    strangers: S,
    codec: F,
    login_key: &'static str,
    /// Where a value is looked at for the login key.
    session: RefCell<SecureCookieSession<BYTES>>,
    /// One step at a time.
    turn: Mutex<NoopRawMutex, ()>,
}

/// Why one of a [`SplitStore`]'s stores did not do what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SplitStoreError<U, S> {
    /// The store of users failed.
    Users(U),
    /// The store of strangers failed.
    Strangers(S),
}

impl<U: fmt::Display, S: fmt::Display> fmt::Display for SplitStoreError<U, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Users(error) => error.fmt(f),
            Self::Strangers(error) => error.fmt(f),
        }
    }
}

impl<U: error::Error, S: error::Error> error::Error for SplitStoreError<U, S> {}

type Answer<T, U, S> = Result<T, SplitStoreError<<U as LocalStore>::Error, <S as LocalStore>::Error>>;

impl<U: LocalStore, S: LocalStore, const BYTES: usize, F: SessionCodec> SplitStore<U, S, BYTES, F> {
    /// Keeps in `users` each session with the key `login_key`, which a login puts into it,
    /// and in `strangers` the others. `codec` is the one that the interface has. A session
    /// with more than `BYTES` bytes of JSON, 8 bytes more for each entry, is taken for a
    /// stranger's.
    pub const fn new(users: U, strangers: S, codec: F, login_key: &'static str) -> Self {
        let session = RefCell::new(SecureCookieSession::new());
        Self { users, strangers, codec, login_key, session, turn: Mutex::new(()) }
    }

    /// The stores, of users and of strangers.
    pub fn into_parts(self) -> (U, S) {
        (self.users, self.strangers)
    }

    fn is_login(&self, value: &[u8]) -> bool {
        let Ok(mut session) = self.session.try_borrow_mut() else { return false };
        self.codec.decode(value, &mut *session).is_ok() && session.contains(self.login_key)
    }

    async fn is_user(&self, id: &SessionId) -> Answer<bool, U, S> {
        Ok(self.users.load(id, &mut []).await.map_err(SplitStoreError::Users)?.is_some())
    }

    /// A stranger's session becomes a user's, or a user's is made.
    async fn log_in(
        &self,
        id: &SessionId,
        value: &[u8],
        ttl: Duration,
        condition: Condition<'_>,
    ) -> Answer<bool, U, S> {
        let strangers = &self.strangers;
        let holds = match condition {
            Condition::Absent => strangers.load(id, &mut []).await.map(|found| found.is_none()),
            // Stored again as it is, it answers whether it is that.
            Condition::Unchanged(old) => strangers.put(id, old, ttl, condition).await,
            _ => strangers.load(id, &mut []).await.map(|found| found.is_some()),
        };
        if !holds.map_err(SplitStoreError::Strangers)? {
            return Ok(false);
        }
        let put = self.users.put(id, value, ttl, Condition::Absent).await.map_err(SplitStoreError::Users)?;
        strangers.delete(id).await.map_err(SplitStoreError::Strangers)?;
        Ok(put)
    }

    /// A user's session becomes a stranger's. It leaves the flash first: a logout holds,
    /// whatever comes.
    async fn log_out(
        &self,
        id: &SessionId,
        value: &[u8],
        ttl: Duration,
        condition: Condition<'_>,
    ) -> Answer<bool, U, S> {
        let holds = match condition {
            Condition::Absent => Ok(false),
            Condition::Unchanged(old) => self.users.put(id, old, ttl, condition).await,
            _ => Ok(true),
        };
        if !holds.map_err(SplitStoreError::Users)? {
            return Ok(false);
        }
        self.users.delete(id).await.map_err(SplitStoreError::Users)?;
        self.strangers.put(id, value, ttl, Condition::Absent).await.map_err(SplitStoreError::Strangers)
    }
}

impl<U: LocalStore, S: LocalStore, const BYTES: usize, F: SessionCodec> LocalStore
    for SplitStore<U, S, BYTES, F>
{
    type Error = SplitStoreError<U::Error, S::Error>;

    async fn load(&self, id: &SessionId, buffer: &mut [u8]) -> Result<Option<Found>, Self::Error> {
        let _turn = self.turn.lock().await;
        match self.users.load(id, buffer).await.map_err(SplitStoreError::Users)? {
            Some(found) => Ok(Some(found)),
            None => self.strangers.load(id, buffer).await.map_err(SplitStoreError::Strangers),
        }
    }

    async fn put(
        &self,
        id: &SessionId,
        value: &[u8],
        ttl: Duration,
        condition: Condition<'_>,
    ) -> Result<bool, Self::Error> {
        let _turn = self.turn.lock().await;
        match (self.is_user(id).await?, self.is_login(value)) {
            (true, true) => self.users.put(id, value, ttl, condition).await.map_err(SplitStoreError::Users),
            (false, false) => {
                self.strangers.put(id, value, ttl, condition).await.map_err(SplitStoreError::Strangers)
            }
            (false, true) => self.log_in(id, value, ttl, condition).await,
            (true, false) => self.log_out(id, value, ttl, condition).await,
        }
    }

    async fn touch(&self, id: &SessionId, ttl: Duration) -> Result<bool, Self::Error> {
        let _turn = self.turn.lock().await;
        Ok(self.users.touch(id, ttl).await.map_err(SplitStoreError::Users)?
            || self.strangers.touch(id, ttl).await.map_err(SplitStoreError::Strangers)?)
    }

    async fn delete(&self, id: &SessionId) -> Result<bool, Self::Error> {
        let _turn = self.turn.lock().await;
        Ok(self.users.delete(id).await.map_err(SplitStoreError::Users)?
            || self.strangers.delete(id).await.map_err(SplitStoreError::Strangers)?)
    }
}

/// Shows no session.
impl<U, S, const BYTES: usize, F> fmt::Debug for SplitStore<U, S, BYTES, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SplitStore").finish_non_exhaustive()
    }
}
