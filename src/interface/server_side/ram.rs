//! `RamStore`: sessions in a table of a fixed size.

use core::{cell::RefCell, fmt, time::Duration};

use super::{Codec, Condition, Found, LocalStore, SessionCodec, SessionId};
use crate::{
    bytes::copy,
    error::Error,
    session::SecureCookieSession,
    time::{Clock, UnixTime},
};

/// Keeps up to `SESSIONS` sessions of up to `BYTES` bytes each in RAM, and loses them with it.
/// A `SecureCookieSession<BYTES>` has to hold them too, so take the room that the handlers'
/// sessions have.
///
/// A `RefCell` of it is a [`LocalStore`]; with the feature `std`, a `Mutex` of it is a
/// [`Store`](super::Store).
///
/// When it is full, a new session takes the place of the one that was not used for the
/// longest time, but **no stranger ever takes the place of a user who is logged in**: that
/// is whoever has the login key in the session. A stranger takes the place of another
/// stranger or gets [`RamStoreError::Full`], however many of them come. A user who logs in
/// takes the place of a stranger, or else that of another user.
///
/// ```
/// use std::cell::RefCell;
/// use hipflask::interface::server_side::{Codec, RamStore};
/// use hipflask::{UnixTime, clock_fn};
///
/// // The time since the start is enough. `_user_id` is Flask-Login's key.
/// let clock = clock_fn(|| Ok(UnixTime::from_secs(17)));
/// let store = RefCell::new(RamStore::<8, 256, _>::new(clock, Codec::TaggedJson, "_user_id"));
/// ```
pub struct RamStore<const SESSIONS: usize, const BYTES: usize, C, F = Codec> {
    rows: heapless::Vec<Row<BYTES>, SESSIONS>,
    clock: C,
    codec: F,
    login_key: &'static str,
    /// Where a value is looked at for the login key.
    session: SecureCookieSession<BYTES>,
    uses: u64,
}

/// One session.
struct Row<const BYTES: usize> {
    id: SessionId,
    value: heapless::Vec<u8, BYTES>,
    /// On the clock.
    expires_at: Duration,
    /// The number of its latest use.
    used: u64,
    is_logged_in: bool,
}

/// Why a [`RamStore`] did not do what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RamStoreError {
    /// Every place is taken by a user who is logged in.
    Full,
    /// The value, or the session that it is, is longer than there is room for in a place.
    TooLong {
        /// Its length in bytes, or what the session takes at least.
        len_bytes: usize,
        /// The room in bytes.
        capacity_bytes: usize,
    },
    /// The clock did not say the time.
    Clock(Error),
    /// The store is being used further up the stack, or whoever used it panicked.
    InUse,
}

impl fmt::Display for RamStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("every place for a session is taken by a user who is logged in"),
            Self::TooLong { len_bytes, capacity_bytes } => {
                write!(f, "the session has {len_bytes} bytes, and its place {capacity_bytes}")
            }
            Self::Clock(error) => error.fmt(f),
            Self::InUse => f.write_str("the store is in use"),
        }
    }
}

impl core::error::Error for RamStoreError {}

impl<const SESSIONS: usize, const BYTES: usize, C: Clock, F: SessionCodec> RamStore<SESSIONS, BYTES, C, F> {
    /// Makes an empty table. `clock` may count from anywhere: what was stored is forgotten
    /// when it has gone on by the time to live. `login_key` is the key that a login puts into
    /// the session, which `codec` reads; an empty one is in none.
    #[must_use]
    pub const fn new(clock: C, codec: F, login_key: &'static str) -> Self {
        Self {
            rows: heapless::Vec::new(),
            clock,
            codec,
            login_key,
            session: SecureCookieSession::new(),
            uses: 0,
        }
    }

    /// How many sessions there are. Some may have expired.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Finds, as [`LocalStore::load`].
    ///
    /// # Errors
    /// [`RamStoreError::Clock`].
    pub fn load(&mut self, id: &SessionId, buffer: &mut [u8]) -> Result<Option<Found>, RamStoreError> {
        let now = self.now()?;
        let Some(row) = self.row(id, now) else { return Ok(None) };
        copy(buffer, &row.value);
        Ok(Some(Found::new(row.value.len()).expires_in(row.expires_at.saturating_sub(now))))
    }

    /// Writes, as [`LocalStore::put`].
    ///
    /// # Errors
    /// [`RamStoreError::Full`], [`RamStoreError::TooLong`], [`RamStoreError::Clock`]. What
    /// was stored is as it was.
    pub fn put(
        &mut self,
        id: &SessionId,
        value: &[u8],
        ttl: Duration,
        condition: Condition<'_>,
    ) -> Result<bool, RamStoreError> {
        let now = self.now()?;
        let (len_bytes, capacity_bytes) = (value.len(), BYTES);
        let value = heapless::Vec::from_slice(value)
            .map_err(|_| RamStoreError::TooLong { len_bytes, capacity_bytes })?;
        let is_logged_in = match self.codec.decode(&value, &mut self.session) {
            Ok(_) => self.session.contains(self.login_key),
            // It may be a user's, whose place is to be kept.
            Err(Error::Capacity { needed_bytes, .. }) => {
                return Err(RamStoreError::TooLong { len_bytes: needed_bytes, capacity_bytes });
            }
            Err(_) => false,
        };
        let expires_at = now.saturating_add(ttl);
        let existing = self.row(id, now);
        let holds = match condition {
            Condition::Absent => existing.is_none(),
            Condition::Present => existing.is_some(),
            Condition::Unchanged(old) => existing.as_ref().is_some_and(|row| row.value == old),
        };
        if !holds {
            return Ok(false);
        }
        match existing {
            Some(row) => {
                (row.value, row.expires_at, row.is_logged_in) = (value, expires_at, is_logged_in);
            }
            None => {
                self.make_room(is_logged_in, now)?;
                let row = Row { id: *id, value, expires_at, used: self.uses, is_logged_in };
                self.rows.push(row).map_err(|_| RamStoreError::Full)?;
            }
        }
        Ok(true)
    }

    /// Renews, as [`LocalStore::touch`].
    ///
    /// # Errors
    /// [`RamStoreError::Clock`].
    pub fn touch(&mut self, id: &SessionId, ttl: Duration) -> Result<bool, RamStoreError> {
        let now = self.now()?;
        let Some(row) = self.row(id, now) else { return Ok(false) };
        row.expires_at = now.saturating_add(ttl);
        Ok(true)
    }

    /// Takes out, as [`LocalStore::delete`].
    ///
    /// # Errors
    /// [`RamStoreError::Clock`].
    pub fn delete(&mut self, id: &SessionId) -> Result<bool, RamStoreError> {
        let now = self.now()?;
        let is_there = self.row(id, now).is_some();
        self.rows.retain(|row| row.id != *id);
        Ok(is_there)
    }

    /// Takes out every session whose value `matches`, as
    /// [`SearchStore::remove_where`](super::SearchStore::remove_where).
    pub fn remove_where(&mut self, mut matches: impl FnMut(&[u8]) -> bool) -> usize {
        let before = self.rows.len();
        self.rows.retain(|row| !matches(&row.value));
        before.saturating_sub(self.rows.len())
    }

    fn now(&self) -> Result<Duration, RamStoreError> {
        let now: UnixTime = self.clock.now().map_err(RamStoreError::Clock)?;
        Ok(Duration::new(now.secs(), now.subsec_micros().saturating_mul(1000)))
    }

    /// The row of this id, if it has not expired: it is used now.
    fn row(&mut self, id: &SessionId, now: Duration) -> Option<&mut Row<BYTES>> {
        self.uses = self.uses.saturating_add(1);
        let row = self.rows.iter_mut().find(|row| row.id == *id && row.expires_at > now)?;
        row.used = self.uses;
        Some(row)
    }

    /// Makes room for one more.
    fn make_room(&mut self, is_logged_in: bool, now: Duration) -> Result<(), RamStoreError> {
        self.rows.retain(|row| row.expires_at > now);
        if !self.rows.is_full() {
            return Ok(());
        }
        let oldest = self.rows.iter().min_by_key(|row| (row.is_logged_in, row.used));
        match oldest.filter(|oldest| is_logged_in || !oldest.is_logged_in).map(|oldest| oldest.used) {
            Some(used) => {
                self.rows.retain(|row| row.used != used);
                Ok(())
            }
            None => Err(RamStoreError::Full),
        }
    }
}

impl<const SESSIONS: usize, const BYTES: usize, C: Clock, F: SessionCodec> LocalStore
    for RefCell<RamStore<SESSIONS, BYTES, C, F>>
{
    type Error = RamStoreError;

    async fn load(&self, id: &SessionId, buffer: &mut [u8]) -> Result<Option<Found>, RamStoreError> {
        self.try_borrow_mut().map_err(|_| RamStoreError::InUse)?.load(id, buffer)
    }

    async fn put(
        &self,
        id: &SessionId,
        value: &[u8],
        ttl: Duration,
        condition: Condition<'_>,
    ) -> Result<bool, RamStoreError> {
        self.try_borrow_mut().map_err(|_| RamStoreError::InUse)?.put(id, value, ttl, condition)
    }

    async fn touch(&self, id: &SessionId, ttl: Duration) -> Result<bool, RamStoreError> {
        self.try_borrow_mut().map_err(|_| RamStoreError::InUse)?.touch(id, ttl)
    }

    async fn delete(&self, id: &SessionId) -> Result<bool, RamStoreError> {
        self.try_borrow_mut().map_err(|_| RamStoreError::InUse)?.delete(id)
    }
}

#[cfg(feature = "std")]
impl<const SESSIONS: usize, const BYTES: usize, C: Clock + Send, F: SessionCodec> super::Store
    for std::sync::Mutex<RamStore<SESSIONS, BYTES, C, F>>
{
    type Error = RamStoreError;

    async fn load(&self, id: &SessionId, buffer: &mut [u8]) -> Result<Option<Found>, RamStoreError> {
        self.lock().map_err(|_| RamStoreError::InUse)?.load(id, buffer)
    }

    async fn put(
        &self,
        id: &SessionId,
        value: &[u8],
        ttl: Duration,
        condition: Condition<'_>,
    ) -> Result<bool, RamStoreError> {
        self.lock().map_err(|_| RamStoreError::InUse)?.put(id, value, ttl, condition)
    }

    async fn touch(&self, id: &SessionId, ttl: Duration) -> Result<bool, RamStoreError> {
        self.lock().map_err(|_| RamStoreError::InUse)?.touch(id, ttl)
    }

    async fn delete(&self, id: &SessionId) -> Result<bool, RamStoreError> {
        self.lock().map_err(|_| RamStoreError::InUse)?.delete(id)
    }
}

#[cfg(feature = "std")]
impl<const SESSIONS: usize, const BYTES: usize, C: Clock + Send, F: SessionCodec> super::SearchStore
    for std::sync::Mutex<RamStore<SESSIONS, BYTES, C, F>>
{
    async fn remove_where(&self, matches: impl FnMut(&[u8]) -> bool + Send) -> Result<usize, RamStoreError> {
        Ok(self.lock().map_err(|_| RamStoreError::InUse)?.remove_where(matches))
    }
}

/// Shows no session.
impl<const SESSIONS: usize, const BYTES: usize, C, F> fmt::Debug for RamStore<SESSIONS, BYTES, C, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RamStore").field("sessions", &self.rows.len()).finish_non_exhaustive()
    }
}
