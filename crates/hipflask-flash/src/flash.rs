//! The store in flash.

use core::{fmt, ops::Range, time::Duration};

use embassy_sync::{blocking_mutex::raw::NoopRawMutex, mutex::Mutex};
use embedded_storage_async::nor_flash::NorFlash;
use hipflask::{
    Clock,
    interface::server_side::{Condition, Found, LocalStore, SessionId},
};
use sequential_storage::{
    cache::{Cache, Uncached},
    map::{MapConfig, MapStorage},
};

use crate::{
    FlashStoreError,
    row::{OVERHEAD_BYTES, Row},
};

/// Keeps up to `SESSIONS` sessions in flash, in rows of up to `ROW_BYTES` bytes: a value
/// takes 96 bytes less.
///
/// - A session that was stored is there after a reboot, until it expires. One that was
///   deleted stays deleted.
/// - When the power is cut while something is written, that change is made or not made, and
///   nothing else is lost.
/// - When all rows are taken, a new session takes the place of the one that expires first.
///   [`SplitStore`](crate::SplitStore) sees to it that strangers take no places from users.
/// - The map in flash is sequential-storage's: all pages are worn equally.
/// - In RAM it has 16 bytes for each row, and twice `ROW_BYTES`.
///
/// The clock tells the time of day: with one that starts anew at each reboot, sessions would
/// live longer than they should. While it is not set, the store answers
/// [`FlashStoreError::Clock`].
///
/// A row that is deleted or has expired is no session any more, but its bytes stay in the
/// flash until their page is used anew. Whoever can read the flash can be whoever is logged
/// in.
pub struct FlashStore<F: NorFlash, C, const SESSIONS: usize, const ROW_BYTES: usize> {
    state: Mutex<NoopRawMutex, State<F, SESSIONS, ROW_BYTES>>,
    clock: C,
}

type Map<F> = MapStorage<u8, F, Cache<Uncached, Uncached, Uncached, u8>>;

struct State<F: NorFlash, const SESSIONS: usize, const ROW_BYTES: usize> {
    map: Map<F>,
    /// What is in which row of the flash.
    index: [Option<Entry>; SESSIONS],
    /// The row that is being written. When that was given up, it is not known what it holds.
    in_doubt: Option<u8>,
    /// The map's, to read and write rows with.
    row: [u8; ROW_BYTES],
    /// A value that was found.
    value: [u8; ROW_BYTES],
}

#[derive(Clone, Copy)]
struct Entry {
    /// The id's first letters: what else begins so is told apart in the flash.
    letters: [u8; 4],
    /// Microseconds since 1970.
    expires_at: u64,
}

/// A session that was found.
struct Place {
    row: u8,
    expires_at: u64,
    len_bytes: usize,
}

fn letters(id: &SessionId) -> [u8; 4] {
    let mut letters = [0; 4];
    copy(&mut letters, id.as_bytes());
    letters
}

/// Copies as much as there is room for.
fn copy(to: &mut [u8], from: &[u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

impl<F: NorFlash, const SESSIONS: usize, const ROW_BYTES: usize> State<F, SESSIONS, ROW_BYTES> {
    /// Takes what `row` holds into the index.
    async fn look(&mut self, row: u8) -> Result<(), FlashStoreError<F::Error>> {
        let entry = match self.map.fetch_item(&mut self.row, &row).await? {
            Some(Row::Session { expires_at, id, .. }) => Some(Entry { letters: letters(&id), expires_at }),
            Some(Row::Deleted) | None => None,
        };
        if let Some(place) = self.index.get_mut(usize::from(row)) {
            *place = entry;
        }
        Ok(())
    }

    /// Finds the session of this id, and copies its value.
    async fn find(&mut self, id: &SessionId, now: u64) -> Result<Option<Place>, FlashStoreError<F::Error>> {
        if let Some(row) = self.in_doubt {
            self.look(row).await?;
            self.in_doubt = None;
        }
        let letters = letters(id);
        for (row, entry) in (0..).zip(self.index) {
            if entry.is_none_or(|entry| entry.letters != letters || entry.expires_at <= now) {
                continue;
            }
            if let Some(Row::Session { expires_at, id: stored, value }) =
                self.map.fetch_item(&mut self.row, &row).await?
                && stored == *id
            {
                copy(&mut self.value, value);
                return Ok(Some(Place { row, expires_at, len_bytes: value.len() }));
            }
        }
        Ok(None)
    }

    /// The row for a new session: one that is free, or else the one that expires first.
    fn free_row(&self, now: u64) -> u8 {
        let expiry = |entry: Option<Entry>| entry.map_or(0, |entry| entry.expires_at);
        let rows = (0..).zip(self.index);
        let first = rows.min_by_key(|(_, entry)| expiry(*entry).saturating_sub(now));
        first.map_or(0, |(row, _)| row)
    }

    /// Writes a session, with `value` or the one that was found.
    async fn write(
        &mut self,
        row: u8,
        id: &SessionId,
        expires_at: u64,
        value: Result<&[u8], usize>,
    ) -> Result<(), FlashStoreError<F::Error>> {
        let value = value.unwrap_or_else(|found| self.value.get(..found).unwrap_or_default());
        self.in_doubt = Some(row);
        self.map.store_item(&mut self.row, &row, &Row::Session { expires_at, id: *id, value }).await?;
        self.settle(row, Some(Entry { letters: letters(id), expires_at }));
        Ok(())
    }

    /// Takes a session out.
    async fn clear(&mut self, row: u8) -> Result<(), FlashStoreError<F::Error>> {
        self.in_doubt = Some(row);
        self.map.store_item(&mut self.row, &row, &Row::Deleted).await?;
        self.settle(row, None);
        Ok(())
    }

    fn settle(&mut self, row: u8, entry: Option<Entry>) {
        if let Some(place) = self.index.get_mut(usize::from(row)) {
            *place = entry;
        }
        self.in_doubt = None;
    }
}

impl<F: NorFlash, C: Clock, const SESSIONS: usize, const ROW_BYTES: usize>
    FlashStore<F, C, SESSIONS, ROW_BYTES>
{
    /// The longest value, in bytes.
    pub const MAX_VALUE_BYTES: usize = {
        assert!(ROW_BYTES > OVERHEAD_BYTES, "a row has 96 bytes beside its value");
        assert!(SESSIONS > 0 && SESSIONS <= 255, "there are 1 to 255 sessions");
        ROW_BYTES - OVERHEAD_BYTES
    };

    /// Opens the store in the `range` of `flash`, whole pages that are the store's own and
    /// were erased before it used them first.
    ///
    /// It takes two pages or more: all rows, and one more, have to fit into all pages but
    /// one. A page has room for `(page - 2 words) / (row + 8 bytes)` rows, each rounded up to
    /// whole words.
    ///
    /// # Errors
    /// - [`FlashStoreError::TooSmall`] when the range has too few pages, or is none of whole
    ///   pages.
    /// - [`FlashStoreError::Flash`], [`FlashStoreError::Corrupted`] when what is there cannot
    ///   be read.
    pub async fn open(flash: F, range: Range<u32>, clock: C) -> Result<Self, FlashStoreError<F::Error>> {
        let pages = (range.end.saturating_sub(range.start) as usize).checked_div(F::ERASE_SIZE).unwrap_or(0);
        let rows = Self::ROWS_OF_A_PAGE.saturating_mul(pages.saturating_sub(1));
        if rows <= SESSIONS || !ROW_BYTES.is_multiple_of(F::WRITE_SIZE) {
            return Err(FlashStoreError::TooSmall);
        }
        let config = MapConfig::try_new(range).map_err(|_| FlashStoreError::TooSmall)?;
        let mut state = State {
            map: MapStorage::new(flash, config, Cache::new_uncached()),
            index: [None; SESSIONS],
            in_doubt: None,
            row: [0; ROW_BYTES],
            value: [0; ROW_BYTES],
        };
        for (row, _) in (0..).zip([(); SESSIONS]) {
            state.look(row).await?;
        }
        Ok(Self { state: Mutex::new(state), clock })
    }

    /// How many of the longest rows a page has room for.
    const ROWS_OF_A_PAGE: usize = {
        let header = 8_usize.next_multiple_of(F::WRITE_SIZE);
        let row = header + (OVERHEAD_BYTES + Self::MAX_VALUE_BYTES).next_multiple_of(F::WRITE_SIZE);
        F::ERASE_SIZE.saturating_sub(2 * F::WRITE_SIZE) / row
    };

    /// How many sessions there are. Some may have expired.
    pub async fn len(&self) -> usize {
        self.state.lock().await.index.iter().flatten().count()
    }

    /// Whether there is none.
    pub async fn is_empty(&self) -> bool {
        self.len().await == 0
    }

    /// Gives the flash back.
    pub fn into_flash(self) -> F {
        self.state.into_inner().map.destroy().0
    }

    /// Microseconds since 1970.
    fn now(&self) -> Result<u64, FlashStoreError<F::Error>> {
        let now = self.clock.now().map_err(FlashStoreError::Clock)?;
        Ok(now.secs().saturating_mul(1_000_000).saturating_add(now.subsec_micros().into()))
    }
}

/// When what lives for `ttl` from `now` on expires.
fn expiry(now: u64, ttl: Duration) -> u64 {
    now.saturating_add(u64::try_from(ttl.as_micros()).unwrap_or(u64::MAX))
}

impl<F: NorFlash, C: Clock, const SESSIONS: usize, const ROW_BYTES: usize> LocalStore
    for FlashStore<F, C, SESSIONS, ROW_BYTES>
{
    type Error = FlashStoreError<F::Error>;

    async fn load(&self, id: &SessionId, buffer: &mut [u8]) -> Result<Option<Found>, Self::Error> {
        let mut state = self.state.lock().await;
        let now = self.now()?;
        let Some(place) = state.find(id, now).await? else { return Ok(None) };
        copy(buffer, state.value.get(..place.len_bytes).unwrap_or_default());
        let left = Duration::from_micros(place.expires_at.saturating_sub(now));
        Ok(Some(Found::new(place.len_bytes).expires_in(left)))
    }

    async fn put(
        &self,
        id: &SessionId,
        value: &[u8],
        ttl: Duration,
        condition: Condition<'_>,
    ) -> Result<bool, Self::Error> {
        let (len_bytes, capacity_bytes) = (value.len(), Self::MAX_VALUE_BYTES);
        if len_bytes > capacity_bytes {
            return Err(FlashStoreError::TooLong { len_bytes, capacity_bytes });
        }
        let mut state = self.state.lock().await;
        let now = self.now()?;
        let place = state.find(id, now).await?;
        let holds = match (condition, &place) {
            (Condition::Absent, place) => place.is_none(),
            (Condition::Present, place) => place.is_some(),
            (Condition::Unchanged(old), Some(place)) => state.value.get(..place.len_bytes) == Some(old),
            _ => false,
        };
        if holds {
            let row = place.map_or_else(|| state.free_row(now), |place| place.row);
            state.write(row, id, expiry(now, ttl), Ok(value)).await?;
        }
        Ok(holds)
    }

    async fn touch(&self, id: &SessionId, ttl: Duration) -> Result<bool, Self::Error> {
        let mut state = self.state.lock().await;
        let now = self.now()?;
        let Some(place) = state.find(id, now).await? else { return Ok(false) };
        state.write(place.row, id, expiry(now, ttl), Err(place.len_bytes)).await?;
        Ok(true)
    }

    async fn delete(&self, id: &SessionId) -> Result<bool, Self::Error> {
        let mut state = self.state.lock().await;
        let now = self.now()?;
        let Some(place) = state.find(id, now).await? else { return Ok(false) };
        state.clear(place.row).await?;
        Ok(true)
    }
}

/// Shows no session.
impl<F: NorFlash, C, const SESSIONS: usize, const ROW_BYTES: usize> fmt::Debug
    for FlashStore<F, C, SESSIONS, ROW_BYTES>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlashStore").finish_non_exhaustive()
    }
}
