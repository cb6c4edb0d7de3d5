//! `Clock`: who tells the time.

use core::fmt;

use super::UnixTime;
use crate::error::Error;

/// Tells the time, or that it is not known yet.
///
/// A device without a battery-backed clock boots without the time. Its clock
/// answers [`Error::ClockNotSet`] until somebody sets it; by default no cookie
/// is trusted or written before that.
///
/// A closure becomes a clock by [`clock_fn`]. A reference to a clock is a clock, and
/// with the feature `alloc` so is one in a `Box`, an `Rc` or an `Arc`:
/// `Box<dyn Clock + Send + Sync>` is one that is chosen at run time.
pub trait Clock {
    /// The current time.
    ///
    /// # Errors
    /// [`Error::ClockNotSet`] while the time is not known.
    fn now(&self) -> Result<UnixTime, Error>;
}

/// Makes a clock of a function or closure that gives the time.
///
/// ```
/// use hipflask::{Clock, UnixTime, clock_fn};
///
/// let fixed = clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)));
/// assert_eq!(fixed.now()?.secs(), 1_700_000_000);
/// # Ok::<(), hipflask::Error>(())
/// ```
pub const fn clock_fn<F: Fn() -> Result<UnixTime, Error>>(now: F) -> ClockFn<F> {
    ClockFn(now)
}

/// The clock that [`clock_fn`] makes.
#[derive(Clone, Copy)]
pub struct ClockFn<F>(F);

impl<F: Fn() -> Result<UnixTime, Error>> Clock for ClockFn<F> {
    fn now(&self) -> Result<UnixTime, Error> {
        (self.0)()
    }
}

impl<F> fmt::Debug for ClockFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClockFn").finish_non_exhaustive()
    }
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> Result<UnixTime, Error> {
        (**self).now()
    }
}

#[cfg(feature = "alloc")]
mod owned {
    use alloc::{boxed::Box, rc::Rc};

    use super::{Clock, Error, UnixTime};

    impl<C: Clock + ?Sized> Clock for Box<C> {
        fn now(&self) -> Result<UnixTime, Error> {
            (**self).now()
        }
    }

    impl<C: Clock + ?Sized> Clock for Rc<C> {
        fn now(&self) -> Result<UnixTime, Error> {
            (**self).now()
        }
    }

    // Some small cores have no `Arc`.
    #[cfg(target_has_atomic = "ptr")]
    impl<C: Clock + ?Sized> Clock for alloc::sync::Arc<C> {
        fn now(&self) -> Result<UnixTime, Error> {
            (**self).now()
        }
    }
}
