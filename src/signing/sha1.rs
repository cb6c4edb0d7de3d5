//! SHA-1 (FIPS 180-4) in loops, for small machines: a fifth of the code of the `sha1`
//! crate's unrolled rounds. It is the part that takes blocks; what gathers and pads
//! them, and HMAC, are those of the `digest` and `hmac` crates.

#![allow(unreachable_pub, reason = "a 64-bit machine does nothing but test it")]

use core::{array, fmt};

use hmac::digest::{
    HashMarker, Output,
    array::Array,
    block_api::{
        AlgorithmName, Block, BlockSizeUser, Buffer, BufferKindUser, Eager, FixedOutputCore, OutputSizeUser,
        Reset, UpdateCore,
    },
    typenum::{U20, U64},
};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// `H(0)` of section 5.3.1.
const INITIAL: [u32; 5] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];

const BLOCK_BYTES: u64 = 64;

hmac::digest::buffer_fixed!(
    /// SHA-1, as the `sha1` crate's hasher.
    pub struct SmallSha1(Core);
    impl: BaseFixedTraits AlgorithmName Default Clone HashMarker Reset FixedOutputReset;
);

/// What it consists of wipes itself.
impl ZeroizeOnDrop for SmallSha1
where
    Core: ZeroizeOnDrop,
    Buffer<Core>: ZeroizeOnDrop,
{
}

/// The state between two blocks.
#[derive(Clone)]
pub struct Core {
    hash: [u32; 5],
    /// Enough for 256 GiB: with 64 bits, what holds it would be aligned to 8 bytes.
    blocks: u32,
}

/// Takes a block (section 6.1.3, the form that keeps 16 words of the schedule). Four
/// loops take 250 bytes more than one that asks for its function in each round, and half
/// the time.
#[inline(never)]
fn compress(hash: &mut [u32; 5], block: &[u8; 64]) {
    let words = block.as_chunks().0;
    let mut schedule =
        array::from_fn(|number| words.get(number).copied().map(u32::from_be_bytes).unwrap_or_default());
    let mut state = *hash;
    rounds(&mut state, &mut schedule, 0, 0x5A82_7999, |b, c, d| d ^ b & (c ^ d));
    rounds(&mut state, &mut schedule, 20, 0x6ED9_EBA1, |b, c, d| b ^ c ^ d);
    rounds(&mut state, &mut schedule, 40, 0x8F1B_BCDC, |b, c, d| b & c | d & (b | c));
    rounds(&mut state, &mut schedule, 60, 0xCA62_C1D6, |b, c, d| b ^ c ^ d);
    for (sum, value) in hash.iter_mut().zip(state) {
        *sum = sum.wrapping_add(value);
    }
}

/// Twenty rounds, which have one function and one constant.
#[inline(always)]
fn rounds(
    state: &mut [u32; 5],
    schedule: &mut [u32; 16],
    first: usize,
    constant: u32,
    function: fn(u32, u32, u32) -> u32,
) {
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for round in first..first.wrapping_add(20) {
        let word_at = |later| schedule.get(round.wrapping_add(later) % 16).copied().unwrap_or_default();
        let word = word_at(0);
        let next = (word ^ word_at(2) ^ word_at(8) ^ word_at(13)).rotate_left(1);
        if let Some(slot) = schedule.get_mut(round % 16) {
            *slot = next;
        }
        let sum = a.rotate_left(5).wrapping_add(function(b, c, d)).wrapping_add(e);
        (e, d, c, b, a) = (d, c, b.rotate_left(30), a, sum.wrapping_add(constant).wrapping_add(word));
    }
    *state = [a, b, c, d, e];
}

impl UpdateCore for Core {
    fn update_blocks(&mut self, blocks: &[Block<Self>]) {
        for block in Array::cast_slice_to_core(blocks) {
            compress(&mut self.hash, block);
            self.blocks = self.blocks.wrapping_add(1);
        }
    }
}

impl FixedOutputCore for Core {
    fn finalize_fixed_core(&mut self, buffer: &mut Buffer<Self>, out: &mut Output<Self>) {
        let len_bytes =
            u64::from(self.blocks).wrapping_mul(BLOCK_BYTES).wrapping_add(buffer.get_pos() as u64);
        buffer.len64_padding_be(len_bytes.wrapping_mul(8), |block| compress(&mut self.hash, &block.0));
        for (bytes, word) in out.as_chunks_mut().0.iter_mut().zip(self.hash) {
            *bytes = word.to_be_bytes();
        }
    }
}

impl Default for Core {
    fn default() -> Self {
        Self { hash: INITIAL, blocks: 0 }
    }
}

impl Reset for Core {
    fn reset(&mut self) {
        *self = Self::default();
    }
}

impl HashMarker for Core {}

impl BlockSizeUser for Core {
    type BlockSize = U64;
}

impl OutputSizeUser for Core {
    type OutputSize = U20;
}

impl BufferKindUser for Core {
    type BufferKind = Eager;
}

impl Drop for Core {
    #[inline(never)]
    fn drop(&mut self) {
        self.hash.zeroize();
        self.blocks.zeroize();
    }
}

impl ZeroizeOnDrop for Core {}

impl AlgorithmName for Core {
    fn write_alg_name(f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sha1")
    }
}

/// Shows nothing of what was hashed.
impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use hmac::{Hmac, KeyInit as _, Mac as _, digest::Digest as _};
    use std::vec::Vec;

    /// Inputs of every length up to some blocks, given in two pieces.
    #[test]
    fn it_is_the_sha1_crates() {
        let rounds = if cfg!(debug_assertions) { 30_000 } else { 1_000_000 };
        let mut state = 1_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        let mut bytes: Vec<u8> = (0..300).map(|_| random() as u8).collect();
        for round in 0..rounds {
            let len =
                if round < 300 { round } else { random() as usize % if round % 64 == 0 { 300 } else { 70 } };
            bytes[round % 300] = random() as u8;
            let (first, second) = bytes[..len].split_at(random() as usize % (len + 1));
            let ours = SmallSha1::new().chain_update(first).chain_update(second).finalize();
            assert_eq!(ours[..], sha1::Sha1::digest(&bytes[..len])[..], "{len} bytes");
        }
    }

    #[test]
    fn so_is_its_hmac() {
        let bytes: Vec<u8> = (0..=255).collect();
        for (key_len, len) in (0..=128).flat_map(|key_len| [(key_len, 0), (key_len, key_len), (key_len, 200)])
        {
            let (key, text) = (&bytes[..key_len], &bytes[..len]);
            let ours = Hmac::<SmallSha1>::new_from_slice(key).unwrap().chain_update(text).finalize();
            let theirs = Hmac::<sha1::Sha1>::new_from_slice(key).unwrap().chain_update(text).finalize();
            assert_eq!(ours.into_bytes()[..], theirs.into_bytes()[..], "a key of {key_len}");
        }
    }
}
