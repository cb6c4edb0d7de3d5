//! `DateTime`: a moment in the range of Python's `datetime`.

/// 0001-01-01T00:00:00Z in Unix seconds.
pub(super) const MIN_UNIX_SECS: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z in Unix seconds.
const MAX_UNIX_SECS: i64 = 253_402_300_799;

/// A second in UTC, in the years 1 to 9999 of the proleptic Gregorian calendar:
/// the range of Python's `datetime`.
///
/// Its `Display` form is the HTTP date, which is what Flask's `http_date` gives.
///
/// ```
/// use hipflask::time::DateTime;
///
/// let date = DateTime::from_unix_secs(1_700_000_000).unwrap();
/// assert_eq!(date.to_string(), "Tue, 14 Nov 2023 22:13:20 GMT");
/// assert_eq!(DateTime::parse_http_date("Tue, 14 Nov 2023 22:13:20 GMT"), Some(date));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    unix_secs: i64,
}

impl DateTime {
    /// 1970-01-01T00:00:00Z, the `Expires` of a cookie that is to be deleted.
    pub const UNIX_EPOCH: Self = Self { unix_secs: 0 };

    /// The point `unix_secs` seconds after (or before) 1970-01-01T00:00:00Z;
    /// `None` outside the years 1 to 9999.
    #[must_use]
    pub const fn from_unix_secs(unix_secs: i64) -> Option<Self> {
        if unix_secs < MIN_UNIX_SECS || unix_secs > MAX_UNIX_SECS {
            return None;
        }
        Some(Self { unix_secs })
    }

    /// Seconds since 1970-01-01T00:00:00Z, negative before it.
    #[must_use]
    pub const fn unix_secs(self) -> i64 {
        self.unix_secs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_ends_with_python_s_datetime() {
        assert_eq!(DateTime::from_unix_secs(MIN_UNIX_SECS - 1), None);
        assert_eq!(DateTime::from_unix_secs(MAX_UNIX_SECS + 1), None);
        assert_eq!(DateTime::from_unix_secs(i64::MIN), None);
        assert_eq!(DateTime::from_unix_secs(i64::MAX), None);
    }
}
