//! The seam between a signer and whoever computes its MACs.

use core::{fmt, hint::black_box};

use super::{
    base64::{Block, DIGEST_BLOCKS, encode},
    digest::MAX_DIGEST_BYTES,
};
use crate::{
    bytes::{copy, sub_slice},
    error::Error,
};

/// The keys a signer signs and verifies with, without the keys themselves:
/// each is known only by what it can do, start a MAC.
///
/// [`Keyring`](super::Keyring) is the usual implementation. Another may ask a
/// secure element, which can fail, or hold keys that rotate. The current key
/// is not a position in a list, so that no mistake in an order can make an old
/// key sign.
#[doc(alias = "SigningAlgorithm")]
pub trait SigningKeys {
    /// A MAC in progress.
    type Mac: Mac;

    /// Starts a MAC with the key that signs.
    ///
    /// # Errors
    /// [`Error::NoSecretKey`] when there is none: signing then fails, and
    /// verifying goes on with the fallbacks. [`Error::MacUnavailable`] when an
    /// external MAC does not answer.
    fn current(&self) -> Result<Self::Mac, Error>;

    /// Starts a MAC with a key that only verifies: 0 is the newest one, `None`
    /// ends the list.
    ///
    /// # Errors
    /// Inside the `Option`, as for [`current`](Self::current).
    fn fallback(&self, index: usize) -> Option<Result<Self::Mac, Error>> {
        let _ = index;
        None
    }

    /// Whether there is a key that signs. Where this is `false`,
    /// [`current`](Self::current) is [`Error::NoSecretKey`].
    fn has_current(&self) -> bool {
        true
    }
}

/// Whether `holds` says yes to a MAC of one of the keys: it is asked with the current one,
/// then with the fallbacks, newest first.
///
/// # Errors
/// What the keys and `holds` answer, but for the lack of a current key.
pub(crate) fn any_key<K: SigningKeys>(
    keys: &K,
    mut holds: impl FnMut(K::Mac) -> Result<bool, Error>,
) -> Result<bool, Error> {
    for tried in 0_usize.. {
        let mac = match tried.checked_sub(1) {
            None => keys.current(),
            Some(index) => match keys.fallback(index) {
                Some(mac) => mac,
                None => break,
            },
        };
        match mac {
            Ok(mac) => {
                if holds(mac)? {
                    return Ok(true);
                }
            }
            Err(Error::NoSecretKey) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// Whatever points to keys has keys.
macro_rules! pointers_are_keys {
    ($($pointer:ty),*) => {$(
        impl<K: SigningKeys + ?Sized> SigningKeys for $pointer {
            type Mac = K::Mac;

            fn current(&self) -> Result<Self::Mac, Error> {
                (**self).current()
            }

            fn fallback(&self, index: usize) -> Option<Result<Self::Mac, Error>> {
                (**self).fallback(index)
            }

            fn has_current(&self) -> bool {
                (**self).has_current()
            }
        }
    )*};
}

pointers_are_keys!(&K);
#[cfg(feature = "alloc")]
pointers_are_keys!(alloc::boxed::Box<K>, alloc::rc::Rc<K>);
// Some small cores have no `Arc`.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pointers_are_keys!(alloc::sync::Arc<K>);

/// A message authentication code in progress.
pub trait Mac {
    /// Takes the next part of the message.
    ///
    /// A device that fails here remembers it and says so in
    /// [`finish`](Self::finish).
    fn update(&mut self, bytes: &[u8]);

    /// The tag of the message.
    ///
    /// # Errors
    /// [`Error::MacUnavailable`] when an external MAC did not answer.
    fn finish(self) -> Result<MacTag, Error>;
}

/// A MAC's result, 1 to 64 bytes.
///
/// Comparing takes the same time wherever the first difference is. `Debug`
/// does not print the bytes: during verification they are the signature an
/// attacker looks for.
#[derive(Clone, Copy)]
pub struct MacTag {
    blocks: [Block; DIGEST_BLOCKS],
    len: usize,
}

impl MacTag {
    /// A tag of these bytes. `None` when there are none of them or more than 64.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() || bytes.len() > MAX_DIGEST_BYTES {
            return None;
        }
        Some(Self::of(bytes))
    }

    /// A tag of a digest, which is never empty or longer than 64 bytes.
    pub(super) fn of(digest: &[u8]) -> Self {
        let mut tag = Self { blocks: Default::default(), len: digest.len() };
        copy(tag.blocks.as_flattened_mut(), digest);
        tag
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        sub_slice(self.blocks.as_flattened(), ..self.len)
    }

    /// Whether `signature` is exactly these bytes, in constant time. Another
    /// length is a mismatch.
    #[must_use]
    pub fn matches(&self, signature: &[u8]) -> bool {
        are_equal(self.as_bytes(), signature)
    }

    /// Blocks that begin with the bytes, and how many bytes that are.
    pub(super) const fn blocks(&self) -> (&[Block], usize) {
        (&self.blocks, self.len)
    }

    /// Whether `text` is the base64url of these bytes, in constant time. No
    /// second spelling of the same bytes passes.
    pub(crate) fn matches_base64(&self, text: &[u8]) -> bool {
        let mut buffer = Default::default();
        let expected = encode(&self.blocks, self.len, &mut buffer);
        // Nothing matches nothing, should a tag ever fail to encode.
        !expected.is_empty() && are_equal(expected, text)
    }
}

/// Whether both are the same bytes, in constant time but for the length.
pub(crate) fn are_equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    // Opaque to the optimiser, which could otherwise stop early.
    let mut difference = 0;
    let ((words_a, rest_a), (words_b, rest_b)) = (a.as_chunks(), b.as_chunks());
    for (a, b) in words_a.iter().zip(words_b) {
        difference = black_box(difference | (usize::from_ne_bytes(*a) ^ usize::from_ne_bytes(*b)));
    }
    for (a, b) in rest_a.iter().zip(rest_b) {
        difference = black_box(difference | usize::from(a ^ b));
    }
    difference == 0
}

impl PartialEq for MacTag {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other.as_bytes())
    }
}

impl Eq for MacTag {}

impl fmt::Debug for MacTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MacTag").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::{format, vec};

    #[test]
    fn a_tag_has_1_to_64_bytes() {
        assert!(MacTag::new(&[]).is_none());
        assert!(MacTag::new(&[7; 65]).is_none());
        for len in 1..=64 {
            assert_eq!(MacTag::new(&vec![7; len]).unwrap().as_bytes(), vec![7; len]);
        }
    }

    #[test]
    fn every_bit_counts_and_so_does_the_length() {
        let bytes: vec::Vec<u8> = (0..20).collect();
        let tag = MacTag::new(&bytes).unwrap();
        assert!(tag.matches(&bytes));
        for bit in 0..160 {
            let mut other = bytes.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(!tag.matches(&other), "bit {bit}");
        }
        for len in 0..20 {
            assert!(!tag.matches(&bytes[..len]), "length {len}");
        }
        assert!(!tag.matches(&[&bytes[..], &[0]].concat()));
    }

    /// What is wrong in one place cannot make up for what is wrong in another.
    #[test]
    fn equal_differences_in_two_places_do_not_cancel_out() {
        let bytes: vec::Vec<u8> = (0..20).collect();
        let tag = MacTag::new(&bytes).unwrap();
        for (first, second) in (0..20).flat_map(|first| (0..first).map(move |second| (first, second))) {
            let mut other = bytes.clone();
            other[first] ^= 1;
            other[second] ^= 1;
            assert!(!tag.matches(&other), "{first} and {second}");
            assert_ne!(MacTag::new(&other).unwrap(), tag);
        }
    }

    #[test]
    fn a_signature_has_one_spelling() {
        let tag = |bytes: &[u8]| MacTag::new(bytes).unwrap();
        assert!(tag(&[0, 1]).matches_base64(b"AAE"));
        for other in ["", "A", "AA", "AAF", "AAE=", "AAE!", "AA!E", "AAE ", "AAE\n", "AAE\u{e9}"] {
            assert!(!tag(&[0, 1]).matches_base64(other.as_bytes()), "{other}");
        }
        assert!(tag(&[0xFB, 0xFF]).matches_base64(b"-_8"));
        for other in ["+_8", "-/8", "+/8", "-_9"] {
            assert!(!tag(&[0xFB, 0xFF]).matches_base64(other.as_bytes()), "{other}");
        }
        assert!(tag(&[0; 64]).matches_base64(&[b'A'; 86]));
        assert!(!tag(&[0; 64]).matches_base64(&[b'A'; 87]));
    }

    #[test]
    fn debug_shows_no_byte() {
        assert_eq!(format!("{:?}", MacTag::new(&[1, 2, 3]).unwrap()), "MacTag { .. }");
    }
}
