//! The `DateTime<Utc>` of the chrono crate (feature `chrono`): conversions to and
//! from [`DateTime`], and `#[serde(with = "hipflask::json::chrono")]` for a struct's field.
//!
//! Written as it is, a `chrono::DateTime<Utc>` becomes **text**, because that is what it
//! serializes as; Flask then has a `str` where its code expects a `datetime`. And
//! `get_as::<chrono::DateTime<Utc>>` is [`Error::WrongType`]: that type asks serde for
//! text just as text types do, and a datetime is none.
//! Nanoseconds are cut off, because Python's `datetime` has none, and so are leap seconds.
//!
//! ```
//! use hipflask::{SecureCookieSession, json};
//! use chrono::Utc;
//!
//! let now = chrono::DateTime::from_timestamp_micros(1_700_000_000_250_000).unwrap();
//! let mut session = SecureCookieSession::<256>::new();
//! session.insert("wrong", &now)?; // '2023-11-14T22:13:20.250Z'
//! session.insert("right", &json::DateTime::try_from(now)?)?; // a datetime
//! let read: json::DateTime = session.get_as("right")?.unwrap();
//! assert_eq!(chrono::DateTime::<Utc>::from(read), now);
//!
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Visit {
//!     #[serde(with = "hipflask::json::chrono")]
//!     at: chrono::DateTime<Utc>,
//!     #[serde(with = "hipflask::json::chrono::option")]
//!     left: Option<chrono::DateTime<Utc>>,
//! }
//! session.insert("visit", &Visit { at: now, left: None })?; // {'at': datetime(…), 'left': None}
//! # assert_eq!(session.get_as::<Visit>("visit")?.map(|visit| (visit.at, visit.left)), Some((now, None)));
//! # Ok::<(), hipflask::Error>(())
//! ```

use ::chrono::{TimeZone, Utc};
use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, ser::Error as _};

use crate::{error::Error, time::DateTime};

/// The same moment, cut to the microsecond; a leap second is the last one of the
/// second before it.
///
/// # Errors
/// [`Error::DateOutOfRange`] outside the years 1 to 9999.
impl<Tz: TimeZone> TryFrom<::chrono::DateTime<Tz>> for DateTime {
    type Error = Error;

    fn try_from(date: ::chrono::DateTime<Tz>) -> Result<Self, Error> {
        Self::new(date.timestamp(), date.timestamp_subsec_micros().min(999_999)).ok_or(Error::DateOutOfRange)
    }
}

impl From<DateTime> for ::chrono::DateTime<Utc> {
    fn from(date: DateTime) -> Self {
        // chrono has 260,000 years more, on both sides.
        Self::from_timestamp_micros(date.unix_micros()).unwrap_or_default()
    }
}

/// Writes it as Flask's datetime.
///
/// # Errors
/// The serializer's own: here [`Error::NotSerializable`] outside the years 1 to 9999.
pub fn serialize<S: Serializer>(date: &::chrono::DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    DateTime::try_from(*date).map_err(S::Error::custom)?.serialize(serializer)
}

/// Reads Flask's datetime.
///
/// # Errors
/// The deserializer's own: here [`Error::WrongType`] for anything else, text included.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<::chrono::DateTime<Utc>, D::Error> {
    DateTime::deserialize(deserializer).map(Into::into)
}

/// The same for a field that may be `None`.
pub mod option {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, ser::Error as _};

    use super::{DateTime, Utc};

    /// Writes it as Flask's datetime, or as `None`.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(
        date: &Option<::chrono::DateTime<Utc>>,
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
    ) -> Result<Option<::chrono::DateTime<Utc>>, D::Error> {
        Ok(Option::<DateTime>::deserialize(deserializer)?.map(Into::into))
    }
}
