//! The `Timestamp` of the jiff crate (feature `jiff`): conversions to and
//! from [`DateTime`], and `#[serde(with = "hipflask::json::jiff")]` for a struct's field.
//!
//! Written as it is, a `jiff::Timestamp` becomes **text**, because that is what it
//! serializes as; Flask then has a `str` where its code expects a `datetime`. And
//! `get_as::<jiff::Timestamp>` is [`Error::WrongType`]: that type asks serde for
//! text just as text types do, and a datetime is none.
//! Nanoseconds are cut off, because Python's `datetime` has none.
//!
//! ```
//! use hipflask::{SecureCookieSession, json};
//!
//! let now = jiff::Timestamp::from_microsecond(1_700_000_000_250_000).unwrap();
//! let mut session = SecureCookieSession::<256>::new();
//! session.insert("wrong", &now)?; // '2023-11-14T22:13:20.25Z'
//! session.insert("right", &json::DateTime::try_from(now)?)?; // a datetime
//! let read: json::DateTime = session.get_as("right")?.unwrap();
//! assert_eq!(jiff::Timestamp::try_from(read)?, now);
//!
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Visit {
//!     #[serde(with = "hipflask::json::jiff")]
//!     at: jiff::Timestamp,
//!     #[serde(with = "hipflask::json::jiff::option")]
//!     left: Option<jiff::Timestamp>,
//! }
//! session.insert("visit", &Visit { at: now, left: None })?; // {'at': datetime(…), 'left': None}
//! # assert_eq!(session.get_as::<Visit>("visit")?.map(|visit| (visit.at, visit.left)), Some((now, None)));
//! # Ok::<(), hipflask::Error>(())
//! ```

use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error as _, ser::Error as _};

use crate::{error::Error, time::DateTime};

/// The same moment, cut to the microsecond.
///
/// # Errors
/// [`Error::DateOutOfRange`] before the year 1.
impl TryFrom<::jiff::Timestamp> for DateTime {
    type Error = Error;

    fn try_from(timestamp: ::jiff::Timestamp) -> Result<Self, Error> {
        // Rounded down, not toward 1970.
        let micros = timestamp.as_nanosecond().div_euclid(1000);
        i64::try_from(micros).ok().and_then(Self::from_unix_micros).ok_or(Error::DateOutOfRange)
    }
}

/// The same moment.
///
/// # Errors
/// [`Error::DateOutOfRange`] in the last 26 hours of the year 9999, which jiff leaves
/// for its time zones.
impl TryFrom<DateTime> for ::jiff::Timestamp {
    type Error = Error;

    fn try_from(date: DateTime) -> Result<Self, Error> {
        // `from_microsecond` leaves out a part of jiff's last second.
        let nanos = date.subsec_micros().cast_signed().saturating_mul(1000);
        Self::new(date.unix_secs(), nanos).map_err(|_| Error::DateOutOfRange)
    }
}

/// Writes it as Flask's datetime.
///
/// # Errors
/// The serializer's own: here [`Error::NotSerializable`] outside the years 1 to 9999.
pub fn serialize<S: Serializer>(date: &::jiff::Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    DateTime::try_from(*date).map_err(S::Error::custom)?.serialize(serializer)
}

/// Reads Flask's datetime.
///
/// # Errors
/// The deserializer's own: here [`Error::WrongType`] for anything else, text included,
/// and for the last hours of the year 9999.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<::jiff::Timestamp, D::Error> {
    DateTime::deserialize(deserializer)?.try_into().map_err(D::Error::custom)
}

/// The same for a field that may be `None`.
pub mod option {
    use serde::{
        Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error as _, ser::Error as _,
    };

    use super::DateTime;

    /// Writes it as Flask's datetime, or as `None`.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(
        date: &Option<::jiff::Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        date.map(DateTime::try_from).transpose().map_err(S::Error::custom)?.serialize(serializer)
    }

    /// Reads Flask's datetime, or `None`.
    ///
    /// # Errors
    /// The deserializer's own.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<::jiff::Timestamp>, D::Error> {
        Option::<DateTime>::deserialize(deserializer)?
            .map(TryInto::try_into)
            .transpose()
            .map_err(D::Error::custom)
    }
}
