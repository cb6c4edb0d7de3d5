//! `Lifetime`: how long a session lasts.

use core::time::Duration;

use super::{
    DateTime, UnixTime,
    date_time::{MICROS_PER_SEC, split_micros},
};
use crate::error::Error;

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
    micros: u32,
}

impl Lifetime {
    /// Makes a lifetime of `secs` seconds.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self { secs, micros: 0 }
    }

    /// Makes a lifetime of `micros` microseconds.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        let (secs, micros) = split_micros(micros);
        Self { secs, micros }
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

    /// A length of time that a store can keep something for.
    pub(crate) fn positive(self) -> Result<Duration, Error> {
        self.max_age_secs()?;
        let nanos = self.micros.saturating_mul(1000);
        match u64::try_from(self.secs) {
            Ok(secs) if secs > 0 || nanos > 0 => Ok(Duration::new(secs, nanos)),
            _ => Err(Error::InvalidConfig { setting: "PERMANENT_SESSION_LIFETIME" }),
        }
    }

    /// The seconds, as Python's `total_seconds` gives them.
    #[cfg(feature = "flask-login")]
    pub(crate) fn as_secs_f64(self) -> f64 {
        // An integer, made a float and then divided, as Python does: each step rounds.
        let micros = i128::from(self.secs).saturating_mul(i128::from(MICROS_PER_SEC));
        micros.saturating_add(i128::from(self.micros)) as f64 / f64::from(MICROS_PER_SEC)
    }

    /// So many seconds, to the nearest microsecond and of two the even one; `None` where
    /// that is no `timedelta`.
    #[cfg(feature = "flask-login")]
    #[expect(clippy::arithmetic_side_effects, reason = "a billion days have fewer than 2⁴⁷ seconds")]
    pub(crate) fn from_secs_f64(secs: f64) -> Option<Self> {
        const LIMIT_SECS: f64 = 1e9 * 24.0 * 60.0 * 60.0;
        if !(-LIMIT_SECS..LIMIT_SECS).contains(&secs) {
            return None;
        }
        let whole_secs = secs as i64;
        let micros = (secs - whole_secs as f64) * f64::from(MICROS_PER_SEC);
        let whole_micros = micros as i64;
        let rest = micros - whole_micros as f64;
        let is_half = rest == 0.5 || rest == -0.5;
        let is_rounded_away = if is_half { whole_micros % 2 != 0 } else { !(-0.5..0.5).contains(&rest) };
        let step = if !is_rounded_away {
            0
        } else if rest < 0.0 {
            -1
        } else {
            1
        };
        let (carry, micros) = split_micros(whole_micros + step);
        Some(Self { secs: whole_secs + carry, micros })
    }

    /// The moment so long after `now`.
    ///
    /// # Errors
    /// [`Error::DateOutOfRange`] outside the years 1 to 9999.
    pub fn after(self, now: UnixTime) -> Result<DateTime, Error> {
        // Python has no such present either, whatever the sum is.
        let now = DateTime::try_from(now)?;
        let micros = now.subsec_micros().saturating_add(self.micros);
        let (carry, micros) = match micros.checked_sub(MICROS_PER_SEC) {
            Some(rest) => (1, rest),
            None => (0, micros),
        };
        let secs = now.unix_secs().saturating_add(self.secs).saturating_add(carry);
        DateTime::new(secs, micros).ok_or(Error::DateOutOfRange)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Now, the lifetime in microseconds, and Python's
    /// `(now + timedelta(microseconds=lifetime) - EPOCH) // timedelta(microseconds=1)`.
    #[test]
    fn a_lifetime_ends_to_the_microsecond() {
        let last = 253_402_300_799;
        for ((secs, micros), lifetime, end) in [
            ((10, 999_999), 0, Some(10_999_999)),
            ((10, 999_999), 1, Some(11_000_000)),
            ((10, 1), -2, Some(9_999_999)),
            ((0, 0), -1, Some(-1)),
            ((0, 500_000), 1_500_000, Some(2_000_000)),
            ((0, 0), -62_135_596_800_000_000, Some(-62_135_596_800_000_000)),
            ((0, 0), -62_135_596_800_000_001, None),
            ((last, 999_998), 1, Some(253_402_300_799_999_999)),
            ((last, 999_999), 1, None),
            ((last, 0), i64::MAX, None),
            ((0, 0), i64::MIN, None),
            ((last + 1, 0), -1, None),
            ((u64::MAX, 999_999), i64::MAX, None),
        ] {
            let ends = Lifetime::from_micros(lifetime).after(UnixTime::new(secs, micros));
            assert_eq!(
                ends.map(DateTime::unix_micros),
                end.ok_or(Error::DateOutOfRange),
                "{secs} {lifetime}"
            );
        }
        for secs in [i64::MIN, i64::MAX] {
            let ends = Lifetime::from_secs(secs).after(UnixTime::new(0, 999_999));
            assert_eq!(ends, Err(Error::DateOutOfRange));
        }
    }
}
