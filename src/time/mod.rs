//! Time: what a clock tells, dates as HTTP writes them, lengths of time.
//!
//! | file | idea |
//! |---|---|
//! | `unix_time` | [`UnixTime`]: seconds and microseconds since 1970 |
//! | `clock` | [`Clock`]: tells the time, or that it is not known yet; [`clock_fn`] |
//! | `date_time` | [`DateTime`]: a moment in the range of Python's `datetime` |
//! | `http_date` | a [`DateTime`] as HTTP has it, and back |
//! | `rfc_3339` | a [`DateTime`] as msgspec writes it into JSON |
//! | `calendar` | days, and the years, months and days that they are |
//! | `lifetime` | [`Lifetime`]: Python's `timedelta` |

mod calendar;
mod clock;
mod date_time;
mod http_date;
mod lifetime;
mod rfc_3339;
mod unix_time;

pub use clock::{Clock, ClockFn, clock_fn};
pub use date_time::DateTime;
pub use lifetime::Lifetime;
pub use unix_time::UnixTime;
