//! The time from the network: SNTP's packets, the `Date` of an HTTP response, and a clock
//! that takes both and never goes back. Without I/O: the caller sends and receives.

use core::{cell::Cell, fmt};

use super::OffsetClock;
use crate::{
    error::Error,
    time::{Clock, DateTime, UnixTime},
};

/// Seconds between 1900, where NTP counts from, and 1970.
const NTP_TO_UNIX_SECS: u64 = 2_208_988_800;
/// NTP's counter of 32 bits comes round in 2036. Less than this is of the new era.
const ERA_1_BELOW: u32 = 1 << 31;

/// A question to a time server (SNTP version 4, RFC 4330 and RFC 5905), and what its answer
/// says. Both are UDP, port 123.
///
/// The answer is not signed: who can send one in the server's place can set the clock. A
/// nonce that nobody can guess keeps out those who did not see the question.
///
/// ```
/// use hipflask::{UnixTime, backends::embedded::SntpRequest};
///
/// let request = SntpRequest::new(*b"8 random");
/// // socket.send_to(&request.packet(), server) …
/// # let mut answer = [0; 48];
/// # answer[..2].copy_from_slice(&[0x24, 2]);
/// # answer[24..32].copy_from_slice(b"8 random");
/// # answer[40..44].copy_from_slice(&3_908_988_800_u32.to_be_bytes());
/// // … and what came back from there:
/// assert_eq!(request.time(&answer), Some(UnixTime::from_secs(1_700_000_000)));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SntpRequest {
    nonce: [u8; 8],
}

impl SntpRequest {
    /// How long a packet is. An answer may be longer.
    pub const PACKET_BYTES: usize = 48;

    /// Asks with this nonce, which the answer has to repeat: eight random bytes.
    #[must_use]
    pub const fn new(nonce: [u8; 8]) -> Self {
        Self { nonce }
    }

    /// The packet to send. It tells nothing but the nonce.
    #[must_use]
    pub fn packet(&self) -> [u8; Self::PACKET_BYTES] {
        let mut packet = [0; Self::PACKET_BYTES];
        let [first, ..] = &mut packet;
        // No leap, version 4, mode 3: a client.
        *first = 0x23;
        // Where the time of sending would be, which comes back as the originate timestamp.
        if let Some(transmit) = packet.last_chunk_mut() {
            *transmit = self.nonce;
        }
        packet
    }

    /// The time that `answer`, a whole UDP packet, says it was when the server sent it.
    ///
    /// `None` when it is no answer to this question, when the server itself does not know
    /// the time, and when it asks to be left alone (stratum 0): ask again later, and less
    /// often each time.
    #[must_use]
    pub fn time(&self, answer: &[u8]) -> Option<UnixTime> {
        let &[first, stratum] = answer.first_chunk()?;
        let nonce = answer.get(24..32)?;
        let secs = u32::from_be_bytes(*answer.get(40..)?.first_chunk()?);
        let fraction = u32::from_be_bytes(*answer.get(44..)?.first_chunk()?);
        let (leap, mode) = (first >> 6, first & 7);
        if leap == 3 || mode != 4 || !(1..16).contains(&stratum) || nonce != self.nonce {
            return None;
        }
        let era_secs: u64 = if secs < ERA_1_BELOW { 1 << 32 } else { 0 };
        let unix_secs = era_secs.checked_add(secs.into())?.checked_sub(NTP_TO_UNIX_SECS)?;
        Some(UnixTime::new(unix_secs, (u64::from(fraction).checked_mul(1_000_000)? >> 32) as u32))
    }
}

/// The time in a `Date` header's value. `None` when there is none, and when it is not
/// written as RFC 9110 (section 5.6.7) wants dates to be sent.
///
/// Over TLS with a checked certificate, it is a time that one can believe.
///
/// ```
/// use hipflask::{UnixTime, backends::embedded::http_date};
///
/// assert_eq!(http_date(b"Tue, 14 Nov 2023 22:13:20 GMT"), Some(UnixTime::from_secs(1_700_000_000)));
/// assert_eq!(http_date(b"yesterday"), None);
/// ```
#[must_use]
pub fn http_date(value: &[u8]) -> Option<UnixTime> {
    let text = core::str::from_utf8(value.trim_ascii()).ok()?;
    let unix_secs = DateTime::parse_http_date(text)?.unix_secs();
    u64::try_from(unix_secs).ok().map(UnixTime::from_secs)
}

/// An [`OffsetClock`] for a time that is heard in the network: it never tells an earlier
/// time than it has told, so that an expired cookie stays expired.
///
/// It is not set until [`hear`](Self::hear) was told a time that is not before
/// `earliest`. When it then hears an earlier time than its own, it stands still until that
/// time comes.
///
/// Whoever can answer in a time server's place can set it ahead: sessions end early, and
/// new ones do not end until the right time has caught up. To keep an earliest time over
/// restarts, store [`now`](Clock::now) now and then, and give it to `new`.
///
/// ```
/// use hipflask::{Clock, Error, UnixTime, backends::embedded::NetworkClock};
/// # fn uptime_secs() -> u64 { 5 }
///
/// let built = UnixTime::from_secs(1_700_000_000);
/// let clock = NetworkClock::new(uptime_secs, built);
/// assert_eq!(clock.now(), Err(Error::ClockNotSet));
/// assert!(!clock.hear(UnixTime::from_secs(1_699_999_999)), "before it was built");
/// assert!(clock.hear(UnixTime::from_secs(1_800_000_001)));
/// assert_eq!(clock.now(), Ok(UnixTime::from_secs(1_800_000_000)));
/// ```
pub struct NetworkClock<F> {
    clock: OffsetClock<F>,
    earliest: UnixTime,
    told_secs: Cell<u64>,
}

impl<F: Fn() -> u64> NetworkClock<F> {
    /// A clock over `uptime_secs`, which gives the seconds since boot, not set. It cannot
    /// be earlier than `earliest`: when the firmware was built, or the latest time that it
    /// knew.
    pub const fn new(uptime_secs: F, earliest: UnixTime) -> Self {
        Self { clock: OffsetClock::new(uptime_secs), earliest, told_secs: Cell::new(0) }
    }

    /// Takes `now` for the time, and says whether it can be.
    ///
    /// The clock is set one second low, because one of the device's own seconds may end at
    /// any moment. So it is never ahead of what it heard, as other servers of the same
    /// sessions need it, and less than two seconds behind.
    pub fn hear(&self, now: UnixTime) -> bool {
        let is_possible = now >= self.earliest;
        if is_possible {
            // What it would say now is the least that it may say from now on.
            let _ = self.now();
            self.clock.set(UnixTime::from_secs(now.secs().saturating_sub(1)));
        }
        is_possible
    }
}

impl<F: Fn() -> u64> Clock for NetworkClock<F> {
    fn now(&self) -> Result<UnixTime, Error> {
        let secs = self.clock.now()?.secs().max(self.told_secs.get()).max(self.earliest.secs());
        self.told_secs.set(secs);
        Ok(UnixTime::from_secs(secs))
    }
}

impl<F> fmt::Debug for NetworkClock<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworkClock")
            .field("clock", &self.clock)
            .field("earliest", &self.earliest)
            .field("told_secs", &self.told_secs)
            .finish()
    }
}
