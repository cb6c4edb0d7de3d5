//! The signer that also records when it signed.

use core::fmt;

use super::{
    base64::{Base64Reader, Block},
    error::SignatureError,
    mac::{Mac, SigningKeys},
    signer::{SignatureSuffix, Signer, rsplit_once},
};
use crate::{
    bytes::copy,
    error::Error,
    sink::{Sink, WriteError},
    time::{Clock, UnixTime},
};

/// 9999-12-31T23:59:59Z, the last second of Python's `datetime`.
const MAX_DATE_SECS: u64 = 253_402_300_799;

/// What a [`TimestampSigner`] gives back.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signed<'a> {
    /// What was signed, still encoded.
    pub payload: &'a [u8],
    /// When it was signed, in Unix seconds.
    pub timestamp_secs: u64,
}

/// Shows no payload: it may be a session.
impl fmt::Debug for Signed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").field("timestamp_secs", &self.timestamp_secs).finish_non_exhaustive()
    }
}

/// Signs values with the time and checks their age (itsdangerous'
/// `TimestampSigner`).
///
/// A signed value is `payload.timestamp.signature`. The timestamp is the Unix
/// time in whole seconds, in as few big-endian bytes as it takes (none for 0),
/// as base64url. As with [`Signer`], only the canonical spelling of the
/// signature verifies. The timestamp, which it covers, is read as leniently as
/// itsdangerous reads it (see [`Base64Reader`]).
///
/// ```
/// use hipflask::{UnixTime, clock_fn, signing::{Keyring, TimestampSigner}, sink::SliceSink};
///
/// let keys = Keyring::for_sessions(b"dev");
/// let signer = TimestampSigner::new(&keys);
/// let signed_at = UnixTime::from_secs(1_700_000_000);
/// let mut buffer = [0; 64];
/// let mut sink = SliceSink::new(&mut buffer);
/// signer.sign(b"eyJhIjoxfQ", signed_at, &mut sink)?;
/// assert_eq!(sink.written(), b"eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk");
///
/// let a_minute_later = clock_fn(|| Ok(UnixTime::from_secs(1_700_000_060)));
/// let signed = signer.unsign(sink.written(), Some(60), &a_minute_later)?;
/// assert_eq!((signed.payload, signed.timestamp_secs), (&b"eyJhIjoxfQ"[..], 1_700_000_000));
/// # Ok::<(), hipflask::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TimestampSigner<K> {
    signer: Signer<K>,
    clock_skew_secs: u64,
}

impl<K: SigningKeys> TimestampSigner<K> {
    /// A signer with these keys (a reference to them will do), the separator
    /// `.`, for clocks that agree.
    pub const fn new(keys: K) -> Self {
        Self { signer: Signer::new(keys), clock_skew_secs: 0 }
    }

    /// The same signer with another separator.
    ///
    /// # Errors
    /// As [`Signer::with_separator`].
    #[doc(alias = "sep")]
    pub fn with_separator(self, separator: u8) -> Result<Self, Error> {
        Ok(Self { signer: self.signer.with_separator(separator)?, ..self })
    }

    /// The same signer, for hosts whose clocks differ by up to `clock_skew_secs`.
    ///
    /// It lets through timestamps that far in the future, which hosts make whose
    /// clocks are ahead of this one's. It also dates its own back by as much, so that
    /// hosts with clocks behind this one's let them through, Flask among them. The
    /// default is 0, as in Flask: a timestamp one second ahead is refused.
    ///
    /// No lifetime gets longer; those of its own tokens end `clock_skew_secs` earlier.
    #[doc(alias = "leeway")]
    #[must_use]
    pub fn with_clock_skew_secs(self, clock_skew_secs: u64) -> Self {
        Self { clock_skew_secs, ..self }
    }

    /// By how much the clocks of two hosts may differ.
    pub const fn clock_skew_secs(&self) -> u64 {
        self.clock_skew_secs
    }

    /// The keys that it signs and checks with.
    pub const fn keys(&self) -> &K {
        self.signer.keys()
    }

    /// The separator.
    pub const fn separator(&self) -> u8 {
        self.signer.separator()
    }

    /// Writes `payload`, the time `now` and the signature of both. The
    /// signature is known before the first byte is written.
    ///
    /// # Errors
    /// [`WriteError::Source`] with [`Error::NoSecretKey`] or
    /// [`Error::MacUnavailable`], [`WriteError::Sink`] when the sink does not
    /// take it all.
    pub fn sign<S: Sink + ?Sized>(
        &self,
        payload: &[u8],
        now: UnixTime,
        sink: &mut S,
    ) -> Result<(), WriteError<S::Error>> {
        let mut mac = self.begin()?;
        mac.update(payload);
        self.finish(mac, now)?.write_behind(payload, sink)
    }

    /// Starts the signature of a payload that is not in one piece: give its
    /// parts to [`Mac::update`], then call [`finish`](Self::finish).
    ///
    /// # Errors
    /// [`Error::NoSecretKey`] without a current key, [`Error::MacUnavailable`]
    /// when an external MAC does not answer.
    pub fn begin(&self) -> Result<K::Mac, Error> {
        self.signer.begin()
    }

    /// What follows the payload that `mac` has seen, signed at `now` (less the
    /// [clock skew](Self::with_clock_skew_secs)): separator, timestamp, separator,
    /// signature.
    ///
    /// # Errors
    /// [`Error::MacUnavailable`] when an external MAC does not answer.
    pub fn finish(&self, mut mac: K::Mac, now: UnixTime) -> Result<SignatureSuffix, Error> {
        let stamp_secs = now.secs().saturating_sub(self.clock_skew_secs);
        let mut suffix = SignatureSuffix::EMPTY;
        push_timestamp(&mut suffix, self.signer.separator(), stamp_secs);
        mac.update(suffix.as_bytes());
        suffix.push(self.signer.separator(), mac.finish()?.blocks());
        Ok(suffix)
    }

    /// The payload and the timestamp, if the signature holds and is not older
    /// than `max_age_secs` (an age of exactly that is fine) and not from the
    /// future by more than the [clock skew](Self::with_clock_skew_secs). With `None`, neither is checked and the clock is not asked; it
    /// is never asked before the signature holds. A negative age limit lets
    /// nothing through.
    ///
    /// # Errors
    /// - [`Error::BadSignature`]: the signature does not match and there is no
    ///   timestamp; [`Error::BadTimeSignature`]: it does not match, or the
    ///   timestamp is missing or unreadable.
    /// - [`Error::SignatureExpired`]: too old; [`Error::SignatureFromFuture`]: further
    ///   in the future than clocks may differ.
    /// - [`Error::DateOutOfRange`]: signed after the year 9999. Only a key
    ///   holder can make this; itsdangerous raises an exception that is not a
    ///   `BadSignature`.
    /// - What the keys and the clock answer, without a payload.
    #[doc(alias = "max_age")]
    #[doc(alias = "return_timestamp")]
    pub fn unsign<'a, C: Clock + ?Sized>(
        &self,
        signed: &'a [u8],
        max_age_secs: Option<i64>,
        clock: &C,
    ) -> Result<Signed<'a>, SignatureError<'a>> {
        self.unsign_with_skew(signed, max_age_secs, clock, self.clock_skew_secs)
    }

    /// The same, with a clock skew that is not the signer's own.
    pub(crate) fn unsign_with_skew<'a, C: Clock + ?Sized>(
        &self,
        signed: &'a [u8],
        max_age_secs: Option<i64>,
        clock: &C,
        clock_skew_secs: u64,
    ) -> Result<Signed<'a>, SignatureError<'a>> {
        let separator = self.signer.separator();
        let Some((value, signature)) = rsplit_once(signed, separator) else {
            return Err(Error::BadSignature.into());
        };
        let matches = self.signer.verify(value, signature)?;
        let Some((payload, field)) = rsplit_once(value, separator) else {
            let kind = if matches { Error::BadTimeSignature } else { Error::BadSignature };
            return Err(SignatureError::new(kind, Some(value), None));
        };
        let timestamp_secs = match read_timestamp(field) {
            Some(secs) if matches => secs,
            claimed_secs => {
                let date_secs = claimed_secs.filter(|secs| *secs <= MAX_DATE_SECS);
                return Err(SignatureError::new(Error::BadTimeSignature, Some(payload), date_secs));
            }
        };
        if timestamp_secs > MAX_DATE_SECS {
            return Err(Error::DateOutOfRange.into());
        }
        if let Some(max_age_secs) = max_age_secs
            && let Err(kind) = check_age(timestamp_secs, max_age_secs, clock.now()?.secs(), clock_skew_secs)
        {
            return Err(SignatureError::new(kind, Some(payload), Some(timestamp_secs)));
        }
        Ok(Signed { payload, timestamp_secs })
    }
}

fn check_age(
    timestamp_secs: u64,
    max_age_secs: i64,
    now_secs: u64,
    clock_skew_secs: u64,
) -> Result<(), Error> {
    let ahead_secs = timestamp_secs.saturating_sub(now_secs);
    if ahead_secs > clock_skew_secs {
        return Err(Error::SignatureFromFuture);
    }
    let age_secs = now_secs.saturating_sub(timestamp_secs);
    let is_fresh = u64::try_from(max_age_secs).is_ok_and(|max_age_secs| age_secs <= max_age_secs);
    if is_fresh { Ok(()) } else { Err(Error::SignatureExpired) }
}

/// Appends the separator and the timestamp field: the base64url of the number's
/// big-endian bytes without leading zeros, so of nothing at all for 0.
#[expect(clippy::arithmetic_side_effects, reason = "of 64 bits, some are zeros and some are not")]
fn push_timestamp(suffix: &mut SignatureSuffix, separator: u8, secs: u64) {
    let len_bytes = (u64::BITS - secs.leading_zeros()).div_ceil(8);
    let significant = secs.checked_shl(u64::BITS - len_bytes * 8).unwrap_or_default();
    let mut block = Block::default();
    copy(&mut block, &significant.to_be_bytes());
    suffix.push(separator, (&[block], len_bytes as usize));
}

/// Reads a timestamp field. Nothing is 0; more than 8 bytes are unreadable,
/// even when the first ones are zeros.
fn read_timestamp(field: &[u8]) -> Option<u64> {
    let mut bytes = [0; 9];
    // There is room for one byte more, so less than that was read to the end.
    let len = Base64Reader::new(field).fill(&mut bytes)?;
    if len > 8 {
        return None;
    }
    Some(bytes.iter().take(len).fold(0, |secs, byte| (secs << 8) | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_the_shortest_big_endian_number() {
        // As written by itsdangerous' `base64_encode(int_to_bytes(secs))`.
        let written: [(u64, &str); 7] = [
            (0, ""),
            (1, "AQ"),
            (255, "_w"),
            (256, "AQA"),
            (1_700_000_000, "ZVPxAA"),
            (253_402_300_800, "Ov_0QYA"),
            (u64::MAX, "__________8"),
        ];
        for (secs, text) in written {
            let mut suffix = SignatureSuffix::EMPTY;
            push_timestamp(&mut suffix, b'.', secs);
            assert_eq!(suffix.as_bytes().split_first(), Some((&b'.', text.as_bytes())));
            assert_eq!(read_timestamp(text.as_bytes()), Some(secs));
        }
    }

    #[test]
    fn leading_zeros_count_towards_the_8_bytes() {
        assert_eq!(read_timestamp(b"AAAAAGVT8QA"), Some(1_700_000_000));
        assert_eq!(read_timestamp(b"AAAAAABlU_EA"), None);
        assert_eq!(read_timestamp(b"AAAAAAAAAAAA"), None);
        assert_eq!(read_timestamp(b"A"), None);
        assert_eq!(read_timestamp(b"!!!!"), Some(0));
    }
}
