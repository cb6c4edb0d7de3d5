//! `UnixTime`: what a clock tells.

/// A point in time since 1970-01-01T00:00:00Z.
///
/// Signing uses the whole seconds; `Expires` keeps the fraction until it
/// truncates, as Flask does.
///
/// ```
/// use hipflask::time::UnixTime;
///
/// let now = UnixTime::new(1_700_000_000, 750_000);
/// assert_eq!(now.secs(), 1_700_000_000);
/// assert_eq!(now.subsec_micros(), 750_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct UnixTime {
    secs: u64,
    subsec_micros: u32,
}

impl UnixTime {
    /// `secs` whole seconds and `subsec_micros` microseconds (at most 999,999;
    /// more is cut to that).
    #[must_use]
    pub const fn new(secs: u64, subsec_micros: u32) -> Self {
        let subsec_micros = if subsec_micros > 999_999 { 999_999 } else { subsec_micros };
        Self { secs, subsec_micros }
    }

    /// Whole seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self::new(secs, 0)
    }

    /// The whole seconds.
    #[must_use]
    pub const fn secs(self) -> u64 {
        self.secs
    }

    /// The microseconds past the whole second.
    #[must_use]
    pub const fn subsec_micros(self) -> u32 {
        self.subsec_micros
    }
}
