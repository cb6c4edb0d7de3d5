//! The bit writer: bits from the low end of each byte, into a slice.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "less than half a word is held back, and `len` is a place in the output"
)]

/// Half a machine word: what is written at a time.
const HALF: usize = size_of::<usize>() / 2;

/// Writes bits into a slice, and remembers when they did not fit.
pub(super) struct BitWriter<'a> {
    out: &'a mut [u8],
    len: usize,
    hold: usize,
    count: u32,
    overflowed: bool,
}

impl<'a> BitWriter<'a> {
    pub(super) fn new(out: &'a mut [u8]) -> Self {
        Self { out, len: 0, hold: 0, count: 0, overflowed: false }
    }

    /// Writes the low `n` bits of `value` (at most 16), which has no others.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(super) fn bits(&mut self, value: u16, n: u32) {
        self.hold |= usize::from(value) << self.count;
        self.count += n;
        if self.count >= usize::BITS / 2 {
            if let Some(half) = self.hold.to_le_bytes().first_chunk::<HALF>() {
                self.put(half);
            }
            self.hold >>= usize::BITS / 2;
            self.count -= usize::BITS / 2;
        }
    }

    /// Fills the last byte with zeros.
    pub(super) fn align(&mut self) {
        while self.count > 0 {
            self.put(&[self.hold as u8]);
            self.hold >>= 8;
            self.count = self.count.saturating_sub(8);
        }
    }

    /// Writes whole bytes; the writer stands at a byte's start.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.align();
        for &byte in bytes {
            self.put(&[byte]);
        }
    }

    #[inline(always)]
    fn put<const N: usize>(&mut self, bytes: &[u8; N]) {
        let end = self.len + N;
        match self.out.get_mut(self.len..end).and_then(|room| room.first_chunk_mut::<N>()) {
            Some(room) => {
                *room = *bytes;
                self.len = end;
            }
            None => self.overflowed = true,
        }
    }

    /// Whether something did not fit.
    pub(super) fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// How many bytes were written, if everything fit.
    pub(super) fn finish(mut self) -> Option<usize> {
        self.align();
        (!self.overflowed).then_some(self.len)
    }
}
