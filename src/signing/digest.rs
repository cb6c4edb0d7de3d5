//! The hash functions a signer can use, behind marker types of our own.

use hmac::{EagerHash, KeyInit, digest::common::Key};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::bytes::copy;

/// The longest digest there is here, SHA-512's, in bytes.
pub(crate) const MAX_DIGEST_BYTES: usize = 64;

mod sealed {
    /// Ties a marker to its implementation, by a type of this crate: whoever is
    /// generic over a [`Digest`](super::Digest) gets hold of no other crate's.
    pub trait Sealed {
        #[doc(hidden)]
        type State: super::State;
    }
}

/// A hash function that derives keys and signs (itsdangerous' `digest_method`).
///
/// Flask and itsdangerous use [`Sha1`]. The others come with the feature
/// `sha2`. The trait is sealed; another MAC plugs in one level higher, as
/// [`SigningKeys`](super::SigningKeys).
#[doc(alias = "digest_method")]
pub trait Digest: sealed::Sealed {}

/// SHA-1, the digest of Flask's sessions: signatures of 20 bytes, 27 characters.
///
/// HMAC does not rest on the collision resistance that SHA-1 has lost.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Sha1 {}

impl Digest for Sha1 {}
impl sealed::Sealed for Sha1 {
    #[cfg(target_pointer_width = "64")]
    type State = HmacOf<sha1::Sha1>;
    /// Small machines have less flash than time.
    #[cfg(not(target_pointer_width = "64"))]
    type State = HmacOf<super::sha1::SmallSha1>;
}

/// SHA-256: signatures of 32 bytes, 43 characters.
#[cfg(feature = "sha2")]
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Sha256 {}

#[cfg(feature = "sha2")]
impl Digest for Sha256 {}
#[cfg(feature = "sha2")]
impl sealed::Sealed for Sha256 {
    type State = HmacOf<sha2::Sha256>;
}

/// SHA-384: signatures of 48 bytes, 64 characters.
#[cfg(feature = "sha2")]
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Sha384 {}

#[cfg(feature = "sha2")]
impl Digest for Sha384 {}
#[cfg(feature = "sha2")]
impl sealed::Sealed for Sha384 {
    type State = HmacOf<sha2::Sha384>;
}

/// SHA-512: signatures of 64 bytes, 86 characters.
#[cfg(feature = "sha2")]
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Sha512 {}

#[cfg(feature = "sha2")]
impl Digest for Sha512 {}
#[cfg(feature = "sha2")]
impl sealed::Sealed for Sha512 {
    type State = HmacOf<sha2::Sha512>;
}

/// The HMAC state of a digest.
pub(crate) type HmacState<D> = <D as sealed::Sealed>::State;

/// What a digest is asked to do.
pub trait State: Clone + Sized {
    /// An HMAC state keyed with `key`, of any length (RFC 2104: a key longer than
    /// a block is hashed, a shorter one is filled up with zeros).
    fn keyed(key: &[u8]) -> Self;

    /// Takes more of the message.
    fn update(&mut self, bytes: &[u8]);

    /// The code of the message.
    fn finish(self) -> impl AsMut<[u8]>;

    /// The digest of `parts`, one after the other, without a key.
    fn hash(parts: &[&[u8]]) -> impl AsMut<[u8]>;
}

/// An HMAC over a hash function. The bounds of its implementations make the compiler
/// check that both the hash and its block-level core (which is what an HMAC state
/// holds) wipe themselves.
#[derive(Clone)]
pub struct HmacOf<H: EagerHash>(hmac::Hmac<H>);

impl<H: EagerHash<Core: ZeroizeOnDrop> + ZeroizeOnDrop> State for HmacOf<H> {
    fn keyed(key: &[u8]) -> Self {
        let mut block = Key::<hmac::Hmac<H>>::default();
        if key.len() > block.len() {
            let mut digest = digest_of::<H>(&[key]);
            copy(&mut block, &digest);
            digest.as_mut_slice().zeroize();
        } else {
            copy(&mut block, key);
        }
        let state = Self(hmac::Hmac::<H>::new(&block));
        block.as_mut_slice().zeroize();
        state
    }

    /// Not inlined: deriving and signing share it.
    #[inline(never)]
    fn update(&mut self, bytes: &[u8]) {
        hmac::digest::Update::update(&mut self.0, bytes);
    }

    fn finish(self) -> impl AsMut<[u8]> {
        code_of(self.0)
    }

    fn hash(parts: &[&[u8]]) -> impl AsMut<[u8]> {
        digest_of::<H>(parts)
    }
}

/// Not inlined: deriving and signing share it.
#[inline(never)]
fn code_of<H: EagerHash>(state: hmac::Hmac<H>) -> hmac::digest::Output<hmac::Hmac<H>> {
    hmac::digest::FixedOutput::finalize_fixed(state)
}

fn digest_of<H: EagerHash>(parts: &[&[u8]]) -> hmac::digest::Output<H> {
    let mut state = H::new();
    for part in parts {
        hmac::digest::Digest::update(&mut state, part);
    }
    hmac::digest::Digest::finalize(state)
}
