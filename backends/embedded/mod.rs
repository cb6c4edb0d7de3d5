//! A device without an operating system: a clock that somebody has to set, the time from
//! the network, and secrets that are read when they are needed. No allocator.

#[cfg(feature = "embedded-storage")]
mod flash_secret;
mod network_time;

#[cfg(feature = "embedded-storage")]
pub use flash_secret::{FlashSecret, FlashSecretError};
pub use network_time::{NetworkClock, SntpRequest, http_date};

use core::{cell::Cell, fmt};

use zeroize::Zeroize as _;

use crate::{
    error::Error,
    signing::{SecretKeySource, Secrets},
    time::{Clock, UnixTime},
};

/// Secrets in flash or in another `static`. They cannot be wiped.
///
/// ```
/// use hipflask::{backends::embedded::StaticSecrets, signing::Keyring};
///
/// static SECRETS: StaticSecrets = StaticSecrets { current: b"new secret", fallbacks: &[b"old secret"] };
///
/// let keys = Keyring::for_sessions_from(&SECRETS)?;
/// # Ok::<(), hipflask::Error>(())
/// ```
pub type StaticSecrets = Secrets<'static>;

/// What a clock knew when it was asked last.
#[derive(Clone, Copy, Debug)]
struct Reading {
    uptime_secs: u64,
    unix_secs: u64,
}

/// A counter of seconds since boot, and what makes Unix time of it.
#[derive(Debug, Default)]
struct Offset(Cell<Option<Reading>>);

impl Offset {
    const fn unset() -> Self {
        Self(Cell::new(None))
    }

    fn set(&self, now: UnixTime, uptime_secs: u64) {
        self.0.set(Some(Reading { uptime_secs, unix_secs: now.secs() }));
    }

    fn now(&self, uptime_secs: u64) -> Result<UnixTime, Error> {
        let reading = self.0.get().and_then(|last| {
            let elapsed_secs = uptime_secs.checked_sub(last.uptime_secs)?;
            Some(Reading { uptime_secs, unix_secs: last.unix_secs.checked_add(elapsed_secs)? })
        });
        self.0.set(reading);
        reading.map(|now| UnixTime::from_secs(now.unix_secs)).ok_or(Error::ClockNotSet)
    }
}

/// A clock over a counter: a closure that gives the seconds since boot, and a
/// Unix time that is set when it becomes known (from SNTP, a GPS receiver, a
/// battery-backed clock, a signed request).
///
/// It answers [`Error::ClockNotSet`] until it is set. It does so again when the
/// counter **runs backwards** between two readings, or when the sum leaves
/// 64 bits: a counter that started anew would make expired sessions valid
/// again. Setting it again helps. A counter that wraps and comes round to
/// more than it was cannot be told from one that went on, so read the clock
/// (each session does) more often than the counter wraps.
///
/// It is set through a shared reference. A `Cell` makes it `Send`, not `Sync`:
/// in a `static` it goes into a mutex of your platform.
///
/// ```
/// use hipflask::{Clock, Error, UnixTime, backends::embedded::OffsetClock};
/// # use core::cell::Cell;
/// # let ticks = Cell::new(5);
///
/// let clock = OffsetClock::new(|| ticks.get()); // your timer, in seconds
/// assert_eq!(clock.now(), Err(Error::ClockNotSet));
/// clock.set(UnixTime::from_secs(1_700_000_000));
/// ticks.set(65);
/// assert_eq!(clock.now(), Ok(UnixTime::from_secs(1_700_000_060)));
/// ```
pub struct OffsetClock<F> {
    uptime_secs: F,
    offset: Offset,
}

impl<F: Fn() -> u64> OffsetClock<F> {
    /// A clock over `uptime_secs`, not set.
    pub const fn new(uptime_secs: F) -> Self {
        Self { uptime_secs, offset: Offset::unset() }
    }

    /// Sets it: it is `now`. Can be repeated, forwards and backwards. The
    /// fraction of the second is dropped.
    pub fn set(&self, now: UnixTime) {
        self.offset.set(now, (self.uptime_secs)());
    }
}

impl<F: Fn() -> u64> Clock for OffsetClock<F> {
    fn now(&self) -> Result<UnixTime, Error> {
        self.offset.now((self.uptime_secs)())
    }
}

impl<F> fmt::Debug for OffsetClock<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OffsetClock").field("offset", &self.offset).finish_non_exhaustive()
    }
}

/// [`OffsetClock`] over a clock of the embedded-time crate.
///
/// Only for clocks that count in `u64`. That crate's instants compare modulo
/// the counter's range, and a `u32` of milliseconds comes round after 49.7
/// days; so here the ticks are taken as a number, and smaller types are left
/// out. A clock that fails is not set. (The crate's last release is of 2021.
/// Without it, give [`OffsetClock`] a closure.)
#[cfg(feature = "embedded-time")]
pub struct EmbeddedTimeClock<C> {
    clock: C,
    offset: Offset,
}

#[cfg(feature = "embedded-time")]
impl<C: embedded_time::Clock<T = u64>> EmbeddedTimeClock<C> {
    /// A clock over `clock`, not set.
    pub const fn new(clock: C) -> Self {
        Self { clock, offset: Offset::unset() }
    }

    /// Sets it: it is `now`. Can be repeated, forwards and backwards. The
    /// fraction of the second is dropped.
    ///
    /// # Errors
    /// [`Error::ClockNotSet`] when the clock below does not run.
    pub fn set(&self, now: UnixTime) -> Result<(), Error> {
        self.offset.set(now, self.uptime_secs()?);
        Ok(())
    }

    /// Whole seconds of ticks, without an overflow on the way.
    fn uptime_secs(&self) -> Result<u64, Error> {
        let ticks = self.clock.try_now().map_err(|_| Error::ClockNotSet)?.duration_since_epoch().integer();
        let numerator = u64::from(*C::SCALING_FACTOR.numerator());
        let denominator = u64::from(*C::SCALING_FACTOR.denominator());
        let whole = ticks.checked_div(denominator).and_then(|secs| secs.checked_mul(numerator));
        let rest = ticks.checked_rem(denominator).and_then(|ticks| ticks.checked_mul(numerator));
        let rest = rest.and_then(|rest| rest.checked_div(denominator));
        whole.zip(rest).and_then(|(whole, rest)| whole.checked_add(rest)).ok_or(Error::ClockNotSet)
    }
}

#[cfg(feature = "embedded-time")]
impl<C: embedded_time::Clock<T = u64>> Clock for EmbeddedTimeClock<C> {
    fn now(&self) -> Result<UnixTime, Error> {
        self.offset.now(self.uptime_secs()?)
    }
}

#[cfg(feature = "embedded-time")]
impl<C> fmt::Debug for EmbeddedTimeClock<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedTimeClock").field("offset", &self.offset).finish_non_exhaustive()
    }
}

/// Which secret a [`SecretReader`] is to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "who reads secrets has to know every place for one")]
pub enum SecretSlot {
    /// The one that signs (Flask's `SECRET_KEY`).
    Current,
    /// One that only verifies; 0 is the oldest (`SECRET_KEY_FALLBACKS`).
    Fallback(usize),
}

/// Secrets that a closure reads when they are needed, from one-time-programmable
/// memory, an EEPROM or a key store: into `LEN` bytes on the stack, which are
/// wiped after use.
///
/// The closure writes a secret to the start of the buffer and answers how long
/// it is. The length 0 means that there is none.
///
/// ```
/// use hipflask::{backends::embedded::{SecretReader, SecretSlot}, signing::{KeyDerivation, Keyring}};
/// # fn otp_read(_: usize, buffer: &mut [u8]) { buffer.fill(7); }
///
/// let secrets = SecretReader::<32, _>::new(|slot, buffer| {
///     otp_read(if slot == SecretSlot::Current { 0x100 } else { 0x120 }, buffer);
///     Ok(32)
/// });
/// let keys: Keyring = Keyring::from_source(&secrets.with_fallbacks(1), b"cookie-session", KeyDerivation::Hmac)?;
/// # Ok::<(), hipflask::Error>(())
/// ```
pub struct SecretReader<const LEN: usize, F> {
    read: F,
    fallbacks: usize,
}

impl<const LEN: usize, F> SecretReader<LEN, F>
where
    F: Fn(SecretSlot, &mut [u8; LEN]) -> Result<usize, Error>,
{
    /// A source of one secret and no fallbacks.
    pub const fn new(read: F) -> Self {
        Self { read, fallbacks: 0 }
    }

    /// The same source with this many fallbacks.
    #[must_use]
    pub fn with_fallbacks(self, fallbacks: usize) -> Self {
        Self { fallbacks, ..self }
    }

    fn lend(&self, slot: SecretSlot, use_secret: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        let mut buffer = [0; LEN];
        let lent = (self.read)(slot, &mut buffer).and_then(|len| match buffer.get(..len) {
            Some([]) => Ok(()),
            Some(secret) => {
                use_secret(secret);
                Ok(())
            }
            None => Err(Error::Capacity { needed_bytes: len, capacity_bytes: LEN }),
        });
        buffer.zeroize();
        lent
    }
}

impl<const LEN: usize, F> SecretKeySource for SecretReader<LEN, F>
where
    F: Fn(SecretSlot, &mut [u8; LEN]) -> Result<usize, Error>,
{
    fn with_current(&self, use_secret: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        self.lend(SecretSlot::Current, use_secret)
    }

    fn with_fallbacks(&self, use_secret: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        (0..self.fallbacks).try_for_each(|index| self.lend(SecretSlot::Fallback(index), use_secret))
    }
}

impl<const LEN: usize, F> fmt::Debug for SecretReader<LEN, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretReader").field("fallbacks", &self.fallbacks).finish_non_exhaustive()
    }
}
