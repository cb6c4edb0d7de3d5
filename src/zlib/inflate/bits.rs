//! The bit reader: bits from the low end, pulled through a small read-ahead.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "a word has room for what is wanted; `next` and `end` are places in the read-ahead"
)]

use super::Refused;
use crate::{
    bytes::{copy, copy_within},
    error::{Error, PayloadError},
};

/// Where compressed bytes come from, pulled in small pieces.
///
/// ```
/// use hipflask::zlib::Source;
///
/// let mut input: &[u8] = b"abc";
/// let mut buffer = [0; 64];
/// assert_eq!(input.read(&mut buffer)?, 3);
/// assert_eq!(input.read(&mut buffer)?, 0);
/// # Ok::<(), hipflask::Error>(())
/// ```
pub trait Source {
    /// Fills `buffer` from its start and returns how many bytes it wrote: zero
    /// only at the end of the input. [`inflate`](crate::zlib::inflate) always
    /// lends at least 48 bytes, so that base64 can be decoded group by group.
    ///
    /// # Errors
    /// The source's own, such as [`Error::BadPayload`] for text that is not base64.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error>;
}

impl Source for &[u8] {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let len = buffer.len().min(self.len());
        let (now, later) = self.split_at_checked(len).unwrap_or_default();
        copy(buffer, now);
        *self = later;
        Ok(len)
    }
}

/// Bytes read ahead of the bits.
const READ_AHEAD: usize = 64;

/// A machine word: what the bit buffer is filled with at a time.
const WORD: usize = size_of::<usize>();

/// Bits from a [`Source`], the lowest of each byte first.
pub(crate) struct Bits<'a, S> {
    pub(crate) input: Input<'a, S>,
    pub(crate) window: Window,
}

/// The bytes that come next.
pub(crate) struct Input<'a, S> {
    source: &'a mut S,
    /// What the source answered to [`Refused::Source`].
    pub(crate) failure: Error,
    ahead: [u8; READ_AHEAD],
    next: usize,
    end: usize,
    /// How many bytes the source gave so far.
    pulled_bytes: usize,
}

/// The bits that come next. A loop over symbols keeps its own copy, so that they
/// stay in registers.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    /// Above `count` may already stand bits of the bytes that come next; they
    /// are put there again, unchanged, when they are counted.
    hold: usize,
    count: u32,
}

impl Window {
    /// Tries to have `wanted` bits (on a 32-bit machine: at least 25), fewer at
    /// the end of the input. Taking more than there are is an error later.
    #[inline(always)]
    pub(crate) fn want<S: Source>(&mut self, wanted: u32, input: &mut Input<'_, S>) -> Result<(), Refused> {
        if self.count < wanted {
            *self = input.refill(*self)?;
        }
        Ok(())
    }

    /// The next bits without taking them: `count` of them are real.
    #[inline(always)]
    pub(crate) fn peek(self) -> usize {
        self.hold
    }

    /// Drops `n` bits (at most 15) that were looked at.
    #[inline(always)]
    pub(crate) fn drop(&mut self, n: u32) -> Result<(), Refused> {
        self.count = self.count.checked_sub(n).ok_or(Refused::Malformed)?;
        self.hold >>= n;
        Ok(())
    }

    /// Takes `n` bits (at most 15); [`want`](Self::want) came before.
    #[inline(always)]
    pub(crate) fn take(&mut self, n: u32) -> Result<usize, Refused> {
        let value = self.hold & ((1 << n) - 1);
        self.drop(n)?;
        Ok(value)
    }
}

impl<S: Source> Input<'_, S> {
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn refill(&mut self, mut window: Window) -> Result<Window, Refused> {
        if let Some(ahead) = self.ahead.get(self.next..self.end)
            && let Some(&word) = ahead.first_chunk::<WORD>()
        {
            // Whole bytes that fit above `count`, without a loop.
            window.hold |= usize::from_le_bytes(word) << window.count;
            let bytes = (usize::BITS - 1 - window.count) >> 3;
            self.next += bytes as usize;
            window.count |= usize::BITS - 8;
            return Ok(window);
        }
        self.refill_near_end(window)
    }

    /// Pulls from the source when less than a word is left, then goes byte by byte.
    #[inline(never)]
    #[cold]
    fn refill_near_end(&mut self, mut window: Window) -> Result<Window, Refused> {
        let left = self.end.saturating_sub(self.next);
        copy_within(&mut self.ahead, self.next..self.end, 0);
        (self.next, self.end) = (0, left);
        // A source may give a byte at a time, and more than that may be wanted.
        while self.end < WORD
            && let Some(room) = self.ahead.get_mut(self.end..)
        {
            let pulled = match self.source.read(room) {
                Ok(0) => break,
                Ok(pulled) => pulled.min(room.len()),
                Err(error) => {
                    self.failure = error;
                    return Err(Refused::Source);
                }
            };
            self.end += pulled;
            self.pulled_bytes = self.pulled_bytes.saturating_add(pulled);
        }
        while window.count <= usize::BITS - 8
            && self.next < self.end
            && let Some(&byte) = self.ahead.get(self.next)
        {
            window.hold |= usize::from(byte) << window.count;
            window.count += 8;
            self.next += 1;
        }
        Ok(window)
    }
}

impl<'a, S: Source> Bits<'a, S> {
    pub(crate) fn new(source: &'a mut S) -> Self {
        let input = Input {
            source,
            failure: Error::BadPayload(PayloadError::Zlib),
            ahead: [0; READ_AHEAD],
            next: 0,
            end: 0,
            pulled_bytes: 0,
        };
        Self { input, window: Window { hold: 0, count: 0 } }
    }

    /// Reads a number of `n` bits (at most 15). One copy, for where it is not a
    /// matter of speed.
    #[inline(never)]
    pub(crate) fn number(&mut self, n: u32) -> Result<usize, Refused> {
        self.window.want(n, &mut self.input)?;
        self.window.take(n)
    }

    /// Drops the rest of the byte.
    pub(crate) fn align(&mut self) {
        let odd = self.window.count & 7;
        self.window.hold >>= odd;
        self.window.count &= !7;
    }

    /// Takes a byte.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn byte(&mut self) -> Result<u8, Refused> {
        Ok(self.number(8)? as u8)
    }

    /// Takes a little-endian number of two bytes.
    pub(crate) fn u16_le(&mut self) -> Result<u16, Refused> {
        Ok(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    /// Fills `to` with whole bytes; the reader stands at a byte's start.
    pub(crate) fn bytes(&mut self, to: &mut [u8]) -> Result<(), Refused> {
        for slot in to {
            *slot = self.byte()?;
        }
        Ok(())
    }

    /// How many bytes were taken from the source and used, a byte begun counted whole.
    pub(crate) fn consumed_bytes(&self) -> usize {
        let Input { next, end, pulled_bytes, .. } = self.input;
        let unread = end.saturating_sub(next);
        pulled_bytes.saturating_sub(unread).saturating_sub((self.window.count >> 3) as usize)
    }
}
