//! What every store has to do, as a suite that its author runs on it.
//!
//! ```
//! use core::{cell::{Cell, RefCell}, time::Duration};
//! use hipflask::interface::server_side::{Codec, RamStore, acceptance};
//! use hipflask::{UnixTime, clock_fn};
//!
//! # async fn suite() {
//! let millis = Cell::new(0);
//! let clock = clock_fn(|| Ok(UnixTime::new(millis.get() / 1000, (millis.get() % 1000) as u32 * 1000)));
//! let store = RefCell::new(RamStore::<8, 1024, _>::new(clock, Codec::TaggedJson, "_user_id"));
//! // Lets so much time pass, for the store: a test of a database sleeps here.
//! let wait = async |time: Duration| millis.set(millis.get() + time.as_millis() as u64);
//! acceptance::run(&store, wait).await.unwrap();
//! # }
//! # let mut suite = core::pin::pin!(suite());
//! # let mut task = core::task::Context::from_waker(core::task::Waker::noop());
//! # assert!(suite.as_mut().poll(&mut task).is_ready());
//! ```

use core::{fmt, time::Duration};

use super::{Condition, Found, LocalStore, SessionId};
use crate::bytes::sub_slice;

/// Why a store did not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure<E> {
    /// It did not do this, which it has to.
    Rule(&'static str),
    /// It failed while it was to do this.
    Store(&'static str, E),
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(rule) => write!(f, "the store does not follow the rule: {rule}"),
            Self::Store(rule, error) => write!(f, "the store failed ({error}) where the rule is: {rule}"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for Failure<E> {}

/// The longest value that is stored, in bytes. A store has room for it.
pub const MAX_VALUE_BYTES: usize = 1000;

const LONG: Duration = Duration::from_secs(3600);
const HALF: Duration = Duration::from_secs(1800);
/// No whole second, and long enough for a slow machine to do something meanwhile.
const SHORT: Duration = Duration::from_millis(1200);
/// Less than a second.
const SHORTEST: Duration = Duration::from_millis(400);

/// Checks a store by what it answers. It uses ids of its own and leaves nothing behind
/// when it passes; run it on a store without real sessions all the same.
///
/// `wait` lets time pass for the store: up to 2 seconds at once.
///
/// # Errors
/// The first rule that the store does not follow.
pub async fn run<S: LocalStore + ?Sized>(
    store: &S,
    wait: impl AsyncFn(Duration),
) -> Result<(), Failure<S::Error>> {
    let store = Checked { store, rule: "" };
    values(&store).await?;
    conditions(&store).await?;
    lifetimes(&store, wait).await
}

/// The ids that are used: of all kinds that there are.
const IDS: [&str; 4] =
    ["BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc", "-", "_z", "550e8400-e29b-41d4-a716-446655440000"];

fn id<E>(text: &str) -> Result<SessionId, Failure<E>> {
    text.parse().map_err(|_| Failure::Rule("the suite's own ids are ids"))
}

/// A store, and the rule that is being checked.
struct Checked<'s, S: ?Sized> {
    store: &'s S,
    rule: &'static str,
}

impl<S: LocalStore + ?Sized> Checked<'_, S> {
    const fn rule(&self, rule: &'static str) -> Self {
        Checked { store: self.store, rule }
    }

    fn holds(&self, holds: bool) -> Result<(), Failure<S::Error>> {
        if holds { Ok(()) } else { Err(Failure::Rule(self.rule)) }
    }

    fn answer<T>(&self, answer: Result<T, S::Error>) -> Result<T, Failure<S::Error>> {
        answer.map_err(|error| Failure::Store(self.rule, error))
    }

    async fn load(&self, id: &SessionId, buffer: &mut [u8]) -> Result<Option<Found>, Failure<S::Error>> {
        self.answer(self.store.load(id, buffer).await)
    }

    async fn has(&self, id: &SessionId, value: Option<&[u8]>) -> Result<(), Failure<S::Error>> {
        let mut buffer = [0xA5; MAX_VALUE_BYTES + 1];
        let found = self.load(id, &mut buffer).await?;
        self.holds(match (found, value) {
            (Some(found), Some(value)) => buffer.get(..found.len_bytes) == Some(value),
            (found, value) => found.is_none() && value.is_none(),
        })
    }

    async fn put(
        &self,
        id: &SessionId,
        value: &[u8],
        ttl: Duration,
        condition: Condition<'_>,
        done: bool,
    ) -> Result<(), Failure<S::Error>> {
        self.holds(self.answer(self.store.put(id, value, ttl, condition).await)? == done)
    }

    async fn touch(&self, id: &SessionId, ttl: Duration, done: bool) -> Result<(), Failure<S::Error>> {
        self.holds(self.answer(self.store.touch(id, ttl).await)? == done)
    }

    async fn delete(&self, id: &SessionId, done: bool) -> Result<(), Failure<S::Error>> {
        self.holds(self.answer(self.store.delete(id).await)? == done)
    }
}

async fn values<S: LocalStore + ?Sized>(store: &Checked<'_, S>) -> Result<(), Failure<S::Error>> {
    let rule = store.rule("nothing is stored under an id before somebody stores it");
    for text in IDS {
        rule.answer(rule.store.delete(&id(text)?).await)?;
        rule.has(&id(text)?, None).await?;
        rule.delete(&id(text)?, false).await?;
        rule.touch(&id(text)?, LONG, false).await?;
    }
    let rule = store.rule("every byte comes back, under its own id");
    let mut value = [0; MAX_VALUE_BYTES];
    (0..=u8::MAX).cycle().zip(&mut value).for_each(|(byte, place)| *place = byte);
    for (len, text) in [0, 1, 257, MAX_VALUE_BYTES].into_iter().zip(IDS) {
        rule.put(&id(text)?, sub_slice(&value, ..len), LONG, Condition::Absent, true).await?;
    }
    for (len, text) in [0, 1, 257, MAX_VALUE_BYTES].into_iter().zip(IDS) {
        rule.has(&id(text)?, Some(sub_slice(&value, ..len))).await?;
    }
    let rule = store.rule("a short buffer gets the start of the value, and its true length is said");
    for (len, text) in [0, 1, 257, MAX_VALUE_BYTES].into_iter().zip(IDS) {
        for room in [0, 1, 100] {
            let mut buffer = [0xA5; 101];
            let part = buffer.get_mut(..room).unwrap_or_default();
            let found = rule.load(&id(text)?, part).await?;
            rule.holds(found.is_some_and(|found| found.len_bytes == len))?;
            let copied = room.min(len);
            rule.holds(sub_slice(&buffer, ..copied) == sub_slice(&value, ..copied))?;
            rule.holds(sub_slice(&buffer, room..).iter().all(|byte| *byte == 0xA5))?;
        }
    }
    let rule = store.rule("what is deleted is gone, once, and nothing else is");
    for (index, text) in IDS.into_iter().enumerate() {
        rule.delete(&id(text)?, true).await?;
        rule.delete(&id(text)?, false).await?;
        rule.has(&id(text)?, None).await?;
        for other in IDS.into_iter().skip(index.saturating_add(1)) {
            let found = rule.load(&id(other)?, &mut []).await?;
            rule.holds(found.is_some())?;
        }
    }
    Ok(())
}

async fn conditions<S: LocalStore + ?Sized>(store: &Checked<'_, S>) -> Result<(), Failure<S::Error>> {
    let id = id(IDS[0])?;
    let rule = store.rule("nothing is replaced where nothing is: a logout stays a logout");
    rule.put(&id, b"a", LONG, Condition::Present, false).await?;
    rule.put(&id, b"a", LONG, Condition::Unchanged(b""), false).await?;
    rule.has(&id, None).await?;
    let rule = store.rule("a new session takes the place of none");
    rule.put(&id, b"a", LONG, Condition::Absent, true).await?;
    rule.put(&id, b"b", LONG, Condition::Absent, false).await?;
    rule.has(&id, Some(b"a")).await?;
    let rule = store.rule("what is there is replaced, by a shorter and by a longer one");
    for value in [&b"longer"[..], b"b", b"", b"a"] {
        rule.put(&id, value, LONG, Condition::Present, true).await?;
        rule.has(&id, Some(value)).await?;
    }
    let rule = store.rule("compare-and-set compares all bytes, and the length");
    for other in [&b""[..], b"b", b"aa", b"A", b"a\0"] {
        rule.put(&id, b"c", LONG, Condition::Unchanged(other), false).await?;
        rule.has(&id, Some(b"a")).await?;
    }
    rule.put(&id, b"c", LONG, Condition::Unchanged(b"a"), true).await?;
    rule.put(&id, b"d", LONG, Condition::Unchanged(b"a"), false).await?;
    rule.has(&id, Some(b"c")).await?;
    rule.delete(&id, true).await
}

async fn lifetimes<S: LocalStore + ?Sized>(
    store: &Checked<'_, S>,
    wait: impl AsyncFn(Duration),
) -> Result<(), Failure<S::Error>> {
    let [first, second, third, _] = IDS;
    let (first, second, third) = (id(first)?, id(second)?, id(third)?);
    let rule = store.rule("what is said of the time that is left is right");
    rule.put(&first, b"a", LONG, Condition::Absent, true).await?;
    let found = rule.load(&first, &mut []).await?;
    let left = found.and_then(|found| found.expires_in);
    rule.holds(left.is_none_or(|left| left <= LONG && left > HALF))?;

    let rule = store.rule("a value lives as long as was said, and no longer");
    rule.put(&first, b"a", SHORT, Condition::Present, true).await?;
    rule.put(&second, b"b", SHORTEST, Condition::Absent, true).await?;
    rule.put(&third, b"c", SHORTEST, Condition::Absent, true).await?;
    rule.has(&second, Some(b"b")).await?;
    let touched = store.rule("a touch lets it live longer, and leaves the value alone");
    touched.touch(&third, LONG, true).await?;
    wait(SHORTEST).await;
    wait(Duration::from_millis(100)).await;
    rule.has(&first, Some(b"a")).await?;
    rule.has(&second, None).await?;
    touched.has(&third, Some(b"c")).await?;
    wait(SHORT).await;
    rule.has(&first, None).await?;

    let rule = store.rule("what has expired is absent in every respect");
    for expired in [&first, &second] {
        rule.touch(expired, LONG, false).await?;
        rule.put(expired, b"d", LONG, Condition::Present, false).await?;
        rule.put(expired, b"d", LONG, Condition::Unchanged(b"a"), false).await?;
        rule.delete(expired, false).await?;
        rule.put(expired, b"d", LONG, Condition::Absent, true).await?;
        rule.has(expired, Some(b"d")).await?;
    }
    let rule = store.rule("a value that is replaced lives from then on, and a touch may shorten its life");
    rule.put(&first, b"e", SHORTEST, Condition::Present, true).await?;
    rule.put(&second, b"e", SHORTEST, Condition::Unchanged(b"d"), true).await?;
    rule.touch(&third, SHORTEST, true).await?;
    wait(SHORT).await;
    for expired in [&first, &second, &third] {
        rule.has(expired, None).await?;
    }
    Ok(())
}
