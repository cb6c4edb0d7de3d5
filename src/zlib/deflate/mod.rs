//! Deflate: a zlib stream, byte for byte as stock zlib makes it.
//!
//! The algorithm is that of zlib by Jean-loup Gailly and Mark Adler, at level 6
//! with 32 KiB of window and memLevel 8: what `zlib.compress(data)` does in
//! Python, and so what itsdangerous writes. Versions 1.2.x and 1.3.x agree;
//! zlib-ng and others write other bytes. Inputs end at 32 KiB, so the window
//! never slides, which leaves four steps, each over the whole input:
//!
//! 1. `chains`: sort the positions by hash.
//! 2. `parse`: walk the input, find matches, note the tokens.
//! 3. `block`: cut the tokens into blocks, count, choose each one's form.
//! 4. `bits`: write.
//!
//! No allocator and no 64 KiB head table: four bytes of scratch an input byte.
//! Two hold the sorted positions, and the output once these are done with.
//! Two hold each position's rank among them, and then the tokens.

mod bits;
mod block;
mod chains;
mod codes;
mod header;
mod lengths;
mod matches;
mod parse;
mod trace;

use core::{
    fmt,
    ops::{Deref, DerefMut},
};

#[cfg(hipflask_trace)]
pub use trace::hits;

use super::adler::adler32;
use super::symbols::WINDOW;
use crate::{bytes::sub_slice_mut, error::Error};
use bits::BitWriter;
use chains::Slot;
use parse::Tokens;

/// The input itself, its sorted position and its rank.
const BYTES_PER_INPUT_BYTE: usize = 1 + 2 * size_of::<Slot>();

/// zlib's header: deflate with a window of 32 KiB, default level, and the check bits.
const HEADER: [u8; 2] = [0x78, 0x9c];

/// The memory to compress in: input, work and output, in one object to be lent.
///
/// This is the type without its capacity, which functions take (`&mut Scratch`);
/// [`DeflateScratch`] is the one to create.
pub struct Scratch<B: ?Sized = [[u8; BYTES_PER_INPUT_BYTE]]> {
    bytes: B,
}

/// Memory to compress up to `N` bytes: 5 × `N` bytes, of which the input is one.
///
/// It is all zeros before its first use, so a `static` of it takes no flash. What
/// it holds after a use does not matter to the next.
///
/// ```
/// use hipflask::zlib::{DeflateScratch, Scratch};
///
/// fn pack(scratch: &mut Scratch) -> Result<Option<&[u8]>, hipflask::Error> {
///     scratch.input_mut()[..12].copy_from_slice(b"abababababab");
///     Ok(scratch.deflate(12, 64)?.stream)
/// }
///
/// let mut scratch = DeflateScratch::<64>::new();
/// // Python: zlib.compress(b"abababababab")
/// assert_eq!(pack(&mut scratch)?, Some(&b"x\x9cKLJ\x84C\x00\x1d\xbe\x04\x93"[..]));
/// # Ok::<(), hipflask::Error>(())
/// ```
pub type DeflateScratch<const N: usize> = Scratch<[[u8; BYTES_PER_INPUT_BYTE]; N]>;

/// What [`Scratch::deflate`] leaves: both in the scratch.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Deflated<'a> {
    /// The input, unchanged.
    pub input: &'a [u8],
    /// The zlib stream, or `None` if it is longer than it was to be.
    pub stream: Option<&'a [u8]>,
}

/// Shows no bytes: they may be a session.
impl fmt::Debug for Deflated<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stream_len = self.stream.map(<[u8]>::len);
        f.debug_struct("Deflated").field("stream_len", &stream_len).finish_non_exhaustive()
    }
}

/// Shows no bytes, as [`Deflated`].
impl<B: ?Sized> fmt::Debug for Scratch<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").finish_non_exhaustive()
    }
}

impl<const N: usize> DeflateScratch<N> {
    /// Memory for inputs of up to `N` bytes.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: [[0; BYTES_PER_INPUT_BYTE]; N] }
    }
}

impl<const N: usize> Default for DeflateScratch<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Deref for DeflateScratch<N> {
    type Target = Scratch;

    fn deref(&self) -> &Scratch {
        self
    }
}

impl<const N: usize> DerefMut for DeflateScratch<N> {
    fn deref_mut(&mut self) -> &mut Scratch {
        self
    }
}

impl Scratch {
    /// How long an input may be: `N`, but at most 32 KiB.
    #[must_use]
    pub const fn capacity_bytes(&self) -> usize {
        let capacity_bytes = self.bytes.len();
        if capacity_bytes < WINDOW { capacity_bytes } else { WINDOW }
    }

    /// Where the input goes: [`capacity_bytes`](Self::capacity_bytes) of room.
    pub fn input_mut(&mut self) -> &mut [u8] {
        let capacity_bytes = self.capacity_bytes();
        sub_slice_mut(self.parts().input, ..capacity_bytes)
    }

    /// Divides the memory; the slots come first, so that they lie on even addresses
    /// if the whole does.
    #[expect(clippy::arithmetic_side_effects, reason = "the memory has more bytes than that")]
    fn parts(&mut self) -> Parts<'_> {
        let slot_bytes = self.bytes.len() * size_of::<Slot>();
        let memory = self.bytes.as_flattened_mut();
        let (sorted, rest) = memory.split_at_mut_checked(slot_bytes).unwrap_or_default();
        let (ranks, input) = rest.split_at_mut_checked(slot_bytes).unwrap_or_default();
        Parts { sorted, ranks, input }
    }

    /// Compresses the first `len_bytes` of the input, to at most `max_len_bytes`.
    ///
    /// itsdangerous compresses only when that is at least two bytes shorter: for
    /// that rule `max_len_bytes` is `len_bytes - 2`. A stream longer than `2 * N`
    /// has no room and is not made either.
    ///
    /// # Errors
    /// [`Error::Capacity`] if `len_bytes` exceeds [`capacity_bytes`](Self::capacity_bytes).
    #[doc(alias = "compress")]
    pub fn deflate(&mut self, len_bytes: usize, max_len_bytes: usize) -> Result<Deflated<'_>, Error> {
        self.deflate_beside_room(len_bytes, max_len_bytes).map(|(deflated, _)| deflated)
    }

    /// The same, and `2 * N` bytes of the memory that are free afterwards: room for the
    /// base64 of what there is then.
    pub(crate) fn deflate_beside_room(
        &mut self,
        len_bytes: usize,
        max_len_bytes: usize,
    ) -> Result<(Deflated<'_>, &mut [u8]), Error> {
        let capacity_bytes = self.capacity_bytes();
        let full = Error::Capacity { needed_bytes: len_bytes, capacity_bytes };
        if len_bytes > capacity_bytes {
            return Err(full);
        }
        let Parts { sorted, ranks, input } = self.parts();
        let input = input.get(..len_bytes).ok_or(full)?;
        let slots = ranks.as_chunks_mut().0.get_mut(..len_bytes).ok_or(full)?;

        let sorted_slots = sorted.as_chunks_mut().0;
        chains::build(input, sorted_slots, slots);
        parse::parse(input, sorted_slots, slots);

        let room = max_len_bytes.min(sorted.len());
        let mut out = BitWriter::new(sub_slice_mut(sorted, ..room));
        out.bytes(&HEADER);
        block::write_all(Tokens { input, slots }, &mut out);
        out.bytes(&adler32(input).to_be_bytes());
        let stream = out.finish().and_then(|len| sorted.get(..len));
        Ok((Deflated { input, stream }, ranks))
    }
}

/// The parts of the scratch memory.
struct Parts<'a> {
    /// The sorted positions, later the output.
    sorted: &'a mut [u8],
    /// The ranks, later the tokens.
    ranks: &'a mut [u8],
    input: &'a mut [u8],
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::zlib::inflate;
    use std::{boxed::Box, vec};

    /// `tests/zlib.rs` compares what they deflate to; see `tools/zlib_corpus.py`.
    const CORPUS: &[u8] = include_bytes!("../../../tests/data/zlib/corpus.bin");

    #[test]
    fn the_corpus_takes_every_path() {
        let mut scratch = Box::new(DeflateScratch::<WINDOW>::new());
        let mut text = vec![0; WINDOW];
        let mut rest = CORPUS;
        while let Some((len, more)) = rest.split_first_chunk() {
            let (mut stream, more) = more.split_at(u32::from_le_bytes(*len) as usize);
            let len = inflate(&mut stream, &mut text).unwrap();
            scratch.input_mut()[..len].copy_from_slice(&text[..len]);
            scratch.deflate(len, 2 * WINDOW).unwrap();
            rest = more;
        }
        for (path, count) in trace::hits() {
            assert!(count > 0, "{path:?}");
        }
    }
}
