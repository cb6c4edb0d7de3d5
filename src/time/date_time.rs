//! `DateTime`: a moment in the range of Python's `datetime`.

use super::UnixTime;
use crate::error::Error;

/// 0001-01-01T00:00:00Z in Unix seconds.
pub(super) const MIN_UNIX_SECS: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z in Unix seconds.
const MAX_UNIX_SECS: i64 = 253_402_300_799;

pub(super) const MICROS_PER_SEC: u32 = 1_000_000;

/// A microsecond in UTC, in the years 1 to 9999 of the proleptic Gregorian
/// calendar: an aware `datetime` of Python's.
///
/// In a session it keeps its microseconds until the response is made; the cookie
/// has whole seconds, as Flask writes them. Its `Display` form is the HTTP date,
/// which is what Flask's `http_date` gives.
///
/// ```
/// use hipflask::time::DateTime;
///
/// let date = DateTime::new(1_700_000_000, 250_000).unwrap();
/// assert_eq!(date.to_string(), "Tue, 14 Nov 2023 22:13:20 GMT");
/// let read = DateTime::parse_http_date("Tue, 14 Nov 2023 22:13:20 GMT");
/// assert_eq!(read, DateTime::from_unix_secs(1_700_000_000));
/// assert!(Some(date) > read);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    /// Rounded down.
    unix_secs: i64,
    subsec_micros: u32,
}

impl DateTime {
    /// 1970-01-01T00:00:00Z, the `Expires` of a cookie that is to be deleted.
    pub const UNIX_EPOCH: Self = Self { unix_secs: 0, subsec_micros: 0 };

    /// The moment `unix_secs` seconds after (or before) 1970-01-01T00:00:00Z, and
    /// `subsec_micros` microseconds later; `None` outside the years 1 to 9999, and
    /// for a million microseconds or more.
    #[must_use]
    pub const fn new(unix_secs: i64, subsec_micros: u32) -> Option<Self> {
        if unix_secs < MIN_UNIX_SECS || unix_secs > MAX_UNIX_SECS || subsec_micros >= MICROS_PER_SEC {
            return None;
        }
        Some(Self { unix_secs, subsec_micros })
    }

    /// The moment `unix_secs` seconds after (or before) 1970-01-01T00:00:00Z;
    /// `None` outside the years 1 to 9999.
    #[must_use]
    pub const fn from_unix_secs(unix_secs: i64) -> Option<Self> {
        Self::new(unix_secs, 0)
    }

    /// The moment `unix_micros` microseconds after (or before) 1970-01-01T00:00:00Z;
    /// `None` outside the years 1 to 9999.
    #[must_use]
    pub const fn from_unix_micros(unix_micros: i64) -> Option<Self> {
        let (unix_secs, subsec_micros) = split_micros(unix_micros);
        Self::new(unix_secs, subsec_micros)
    }

    /// Seconds since 1970-01-01T00:00:00Z, rounded down; negative before it.
    #[must_use]
    pub const fn unix_secs(self) -> i64 {
        self.unix_secs
    }

    /// The microseconds past [the second](Self::unix_secs), 0 to 999,999: the
    /// `microsecond` of Python's `datetime`.
    #[must_use]
    pub const fn subsec_micros(self) -> u32 {
        self.subsec_micros
    }

    /// Microseconds since 1970-01-01T00:00:00Z, negative before it.
    #[must_use]
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "the years 1 to 9999 have fewer than 2⁵⁹ microseconds"
    )]
    pub const fn unix_micros(self) -> i64 {
        self.unix_secs * MICROS_PER_SEC as i64 + self.subsec_micros as i64
    }
}

/// The same moment.
///
/// # Errors
/// [`Error::DateOutOfRange`] from the year 10000 on.
/// The whole seconds, rounded down, and the microseconds past them.
pub(super) const fn split_micros(micros: i64) -> (i64, u32) {
    const PER_SEC: i64 = MICROS_PER_SEC as i64;
    (micros.div_euclid(PER_SEC), micros.rem_euclid(PER_SEC) as u32)
}

impl TryFrom<UnixTime> for DateTime {
    type Error = Error;

    fn try_from(time: UnixTime) -> Result<Self, Error> {
        let unix_secs = i64::try_from(time.secs()).map_err(|_| Error::DateOutOfRange)?;
        Self::new(unix_secs, time.subsec_micros()).ok_or(Error::DateOutOfRange)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds, microseconds, and Python's `(date - EPOCH) // timedelta(microseconds=1)`.
    const MOMENTS: [(i64, u32, i64); 12] = [
        (MIN_UNIX_SECS, 0, -62_135_596_800_000_000),
        (MIN_UNIX_SECS, 1, -62_135_596_799_999_999),
        (MIN_UNIX_SECS, 999_999, -62_135_596_799_000_001),
        (-1, 0, -1_000_000),
        (-1, 1, -999_999),
        (-1, 999_999, -1),
        (0, 0, 0),
        (0, 1, 1),
        (0, 999_999, 999_999),
        (MAX_UNIX_SECS, 0, 253_402_300_799_000_000),
        (MAX_UNIX_SECS, 1, 253_402_300_799_000_001),
        (MAX_UNIX_SECS, 999_999, 253_402_300_799_999_999),
    ];

    #[test]
    fn microseconds_count_upwards_on_both_sides_of_1970() {
        for (secs, micros, unix_micros) in MOMENTS {
            let date = DateTime::new(secs, micros).unwrap();
            assert_eq!((date.unix_secs(), date.subsec_micros()), (secs, micros));
            assert_eq!(date.unix_micros(), unix_micros);
            assert_eq!(DateTime::from_unix_micros(unix_micros), Some(date));
        }
        let dates = MOMENTS.map(|(secs, micros, _)| DateTime::new(secs, micros));
        assert!(dates.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn the_range_ends_with_python_s_datetime() {
        for secs in [MIN_UNIX_SECS - 1, MAX_UNIX_SECS + 1, i64::MIN, i64::MAX] {
            assert_eq!(DateTime::from_unix_secs(secs), None);
        }
        for micros in [-62_135_596_800_000_001, 253_402_300_800_000_000, i64::MIN, i64::MAX] {
            assert_eq!(DateTime::from_unix_micros(micros), None);
        }
        for micros in [1_000_000, u32::MAX] {
            assert_eq!(DateTime::new(0, micros), None);
        }
    }

    #[test]
    fn a_clock_s_time_is_a_date_up_to_the_year_9999() {
        assert_eq!(DateTime::try_from(UnixTime::new(7, 8)).ok(), DateTime::new(7, 8));
        let last = MAX_UNIX_SECS.unsigned_abs();
        assert!(DateTime::try_from(UnixTime::new(last, 999_999)).is_ok());
        for secs in [last + 1, u64::MAX] {
            assert_eq!(DateTime::try_from(UnixTime::from_secs(secs)), Err(Error::DateOutOfRange));
        }
    }
}
