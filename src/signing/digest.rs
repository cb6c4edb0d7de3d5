//! The hash functions a signer can use, behind marker types of our own.

use hmac::{KeyInit, digest::common::Key};
use zeroize::Zeroize;

use crate::bytes::copy;

/// The longest digest there is here, SHA-512's, in bytes.
pub(crate) const MAX_DIGEST_BYTES: usize = 64;

mod sealed {
    use hmac::EagerHash;
    use zeroize::ZeroizeOnDrop;

    /// Ties a marker to its implementation. The bounds make the compiler check
    /// that both the hash and its block-level core (which is what an HMAC
    /// state holds) wipe themselves.
    pub trait Sealed {
        #[doc(hidden)]
        type Hash: EagerHash<Core: ZeroizeOnDrop> + ZeroizeOnDrop;
    }
}

/// A hash function for deriving keys and for signing (itsdangerous'
/// `digest_method`).
///
/// Flask and itsdangerous use [`Sha1`]. The others come with the feature
/// `sha2`. The trait is sealed; another MAC plugs in one level higher, as
/// [`SigningKeys`](super::SigningKeys).
pub trait Digest: sealed::Sealed {}

/// SHA-1, the digest of Flask's sessions: signatures of 20 bytes, 27 characters.
///
/// HMAC does not rest on the collision resistance that SHA-1 has lost.
#[derive(Clone, Copy, Debug)]
pub enum Sha1 {}

impl Digest for Sha1 {}
impl sealed::Sealed for Sha1 {
    type Hash = sha1::Sha1;
}

/// SHA-256: signatures of 32 bytes, 43 characters.
#[cfg(feature = "sha2")]
#[derive(Clone, Copy, Debug)]
pub enum Sha256 {}

#[cfg(feature = "sha2")]
impl Digest for Sha256 {}
#[cfg(feature = "sha2")]
impl sealed::Sealed for Sha256 {
    type Hash = sha2::Sha256;
}

/// SHA-384: signatures of 48 bytes, 64 characters.
#[cfg(feature = "sha2")]
#[derive(Clone, Copy, Debug)]
pub enum Sha384 {}

#[cfg(feature = "sha2")]
impl Digest for Sha384 {}
#[cfg(feature = "sha2")]
impl sealed::Sealed for Sha384 {
    type Hash = sha2::Sha384;
}

/// SHA-512: signatures of 64 bytes, 86 characters.
#[cfg(feature = "sha2")]
#[derive(Clone, Copy, Debug)]
pub enum Sha512 {}

#[cfg(feature = "sha2")]
impl Digest for Sha512 {}
#[cfg(feature = "sha2")]
impl sealed::Sealed for Sha512 {
    type Hash = sha2::Sha512;
}

/// The HMAC state of a digest.
pub(crate) type HmacState<D> = hmac::Hmac<<D as sealed::Sealed>::Hash>;

/// An HMAC state keyed with `key`, of any length (RFC 2104: a key longer than
/// a block is hashed, a shorter one is filled up with zeros).
pub(crate) fn keyed<D: Digest>(key: &[u8]) -> HmacState<D> {
    let mut block = Key::<HmacState<D>>::default();
    if key.len() > block.len() {
        let mut digest = hash::<D>(&[key]);
        copy(&mut block, &digest);
        digest.as_mut_slice().zeroize();
    } else {
        copy(&mut block, key);
    }
    let state = HmacState::<D>::new(&block);
    block.as_mut_slice().zeroize();
    state
}

/// Takes more of the message. Not inlined: deriving and signing share it.
#[inline(never)]
pub(crate) fn update<D: Digest>(state: &mut HmacState<D>, bytes: &[u8]) {
    hmac::digest::Update::update(state, bytes);
}

/// The code of the message. Not inlined: deriving and signing share it.
#[inline(never)]
pub(crate) fn finish<D: Digest>(state: HmacState<D>) -> hmac::digest::Output<HmacState<D>> {
    hmac::digest::FixedOutput::finalize_fixed(state)
}

/// The digest of `parts`, one after the other. Not inlined: few programs need
/// it, and not in one place only.
#[inline(never)]
pub(crate) fn hash<D: Digest>(parts: &[&[u8]]) -> hmac::digest::Output<<D as sealed::Sealed>::Hash> {
    let mut state = <<D as sealed::Sealed>::Hash as hmac::digest::Digest>::new();
    for part in parts {
        hmac::digest::Digest::update(&mut state, part);
    }
    hmac::digest::Digest::finalize(state)
}
