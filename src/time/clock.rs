//! `Clock`: who tells the time.

use super::UnixTime;
use crate::error::Error;

/// Tells the time, or that it is not known yet.
///
/// A device without a battery-backed clock boots without the time. Its clock
/// answers [`Error::ClockNotSet`] until somebody sets it; by default no cookie
/// is trusted or written before that.
///
/// Any `Fn() -> Result<UnixTime, Error>` is a clock.
///
/// ```
/// use hipflask::{Clock, UnixTime};
///
/// let fixed = || Ok(UnixTime::from_secs(1_700_000_000));
/// assert_eq!(fixed.now()?.secs(), 1_700_000_000);
/// # Ok::<(), hipflask::Error>(())
/// ```
pub trait Clock {
    /// The current time.
    ///
    /// # Errors
    /// [`Error::ClockNotSet`] while the time is not known.
    fn now(&self) -> Result<UnixTime, Error>;
}

impl<F: Fn() -> Result<UnixTime, Error>> Clock for F {
    fn now(&self) -> Result<UnixTime, Error> {
        self()
    }
}
