//! `Lifetime`: how long a session lasts.

use super::{DateTime, UnixTime};
use crate::error::Error;

const MICROS_PER_SEC: i64 = 1_000_000;

/// A length of time, positive or negative, to the microsecond: Python's `timedelta`.
///
/// As there, beyond 999,999,999 days it is an error, here once a cookie is opened:
/// [`Error::InvalidConfig`].
///
/// ```
/// use hipflask::Lifetime;
///
/// assert_eq!(Lifetime::from_secs(60), Lifetime::from_micros(60_000_000));
/// assert_eq!(Lifetime::from_micros(-1).whole_secs(), 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Rounded down, as in a `timedelta`.
    secs: i64,
    /// 0 to 999,999.
    micros: i64,
}

impl Lifetime {
    /// Of so many seconds.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self { secs, micros: 0 }
    }

    /// Of so many microseconds.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self { secs: micros.div_euclid(MICROS_PER_SEC), micros: micros.rem_euclid(MICROS_PER_SEC) }
    }

    /// The whole seconds, truncated toward zero: the age up to which a cookie opens.
    #[must_use]
    pub const fn whole_secs(self) -> i64 {
        if self.secs < 0 && self.micros > 0 { self.secs.saturating_add(1) } else { self.secs }
    }

    /// The [whole seconds](Self::whole_secs), if it is a `timedelta`.
    pub(crate) fn max_age_secs(self) -> Result<i64, Error> {
        const DAY_SECS: i64 = 24 * 60 * 60;
        const MAX_DAYS: i64 = 999_999_999;
        if (-MAX_DAYS * DAY_SECS..(MAX_DAYS + 1) * DAY_SECS).contains(&self.secs) {
            Ok(self.whole_secs())
        } else {
            Err(Error::InvalidConfig { setting: "PERMANENT_SESSION_LIFETIME" })
        }
    }

    /// The moment so long after `now`, cut to the second.
    ///
    /// # Errors
    /// [`Error::DateOutOfRange`] outside the years 1 to 9999.
    pub fn after(self, now: UnixTime) -> Result<DateTime, Error> {
        let micros = self.micros.saturating_add(now.subsec_micros().into());
        let carry = i64::from(micros >= MICROS_PER_SEC);
        i64::try_from(now.secs())
            .ok()
            // Python has no such present either, whatever the sum is.
            .filter(|secs| DateTime::from_unix_secs(*secs).is_some())
            .and_then(|secs| secs.checked_add(self.secs)?.checked_add(carry))
            .and_then(DateTime::from_unix_secs)
            .ok_or(Error::DateOutOfRange)
    }
}
