//! The plain signer: a value, a separator, a signature.

use core::fmt;

use super::{
    base64::{Block, encode_blocks, text_len},
    error::SignatureError,
    mac::{Mac, MacTag, SigningKeys, any_key},
};
use crate::{
    bytes::sub_slice,
    error::Error,
    sink::{Sink, WriteError},
};

/// The separator of Flask and itsdangerous.
const DEFAULT_SEPARATOR: u8 = b'.';

/// Separator, timestamp (11 characters at most), separator and signature (86,
/// encoded in whole blocks of 16).
const MAX_SUFFIX_BYTES: usize = 1 + 11 + 1 + 96;

/// Signs values and checks that they are unchanged (itsdangerous' `Signer`).
///
/// A signed value is `value.signature`, the signature being base64url without
/// padding. **Only that one spelling verifies.** itsdangerous decodes leniently
/// and takes many spellings of one signature (`=` and anything after it, junk
/// in between, `+` and `/`, other spare bits); here they are a mismatch, so a
/// signed value cannot be altered at all.
///
/// ```
/// use hipflask::{signing::{KeyDerivation, Keyring, Signer}, sink::SliceSink};
///
/// let keys = Keyring::new(b"dev", b"my-salt", KeyDerivation::Hmac);
/// let signer = Signer::new(&keys);
/// let mut buffer = [0; 64];
/// let mut sink = SliceSink::new(&mut buffer);
/// signer.sign(b"value", &mut sink)?;
/// assert_eq!(signer.unsign(sink.written()), Ok(&b"value"[..]));
/// # Ok::<(), hipflask::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Signer<K> {
    keys: K,
    separator: u8,
}

impl<K: SigningKeys> Signer<K> {
    /// A signer with these keys (a reference to them will do) and the
    /// separator `.`.
    pub const fn new(keys: K) -> Self {
        Self { keys, separator: DEFAULT_SEPARATOR }
    }

    /// The same signer with another separator (itsdangerous' `sep`).
    ///
    /// # Errors
    /// [`Error::InvalidSeparator`] for `A-Z a-z 0-9 - _ =`, which a signature
    /// may contain.
    #[doc(alias = "sep")]
    pub fn with_separator(self, separator: u8) -> Result<Self, Error> {
        if separator.is_ascii_alphanumeric() || matches!(separator, b'-' | b'_' | b'=') {
            return Err(Error::InvalidSeparator);
        }
        Ok(Self { separator, ..self })
    }

    /// The keys that it signs and checks with.
    pub const fn keys(&self) -> &K {
        &self.keys
    }

    /// The separator.
    pub const fn separator(&self) -> u8 {
        self.separator
    }

    /// The signature of `value` with the current key, not encoded.
    ///
    /// # Errors
    /// [`Error::NoSecretKey`] without a current key, [`Error::MacUnavailable`]
    /// when an external MAC does not answer.
    #[doc(alias = "get_signature")]
    pub fn signature(&self, value: &[u8]) -> Result<MacTag, Error> {
        tag(self.keys.current()?, value)
    }

    /// Writes `value`, the separator and the signature. The signature is known
    /// before the first byte is written.
    ///
    /// # Errors
    /// [`WriteError::Source`] as [`signature`](Self::signature),
    /// [`WriteError::Sink`] when the sink does not take it all.
    pub fn sign<S: Sink + ?Sized>(&self, value: &[u8], sink: &mut S) -> Result<(), WriteError<S::Error>> {
        let mut mac = self.begin()?;
        mac.update(value);
        self.finish(mac)?.write_behind(value, sink)
    }

    /// Starts the signature of a value that is not in one piece: give its
    /// parts to [`Mac::update`], then call [`finish`](Self::finish).
    ///
    /// # Errors
    /// As [`signature`](Self::signature).
    pub fn begin(&self) -> Result<K::Mac, Error> {
        self.keys.current()
    }

    /// What follows the value that `mac` has seen: the separator and the signature.
    ///
    /// # Errors
    /// [`Error::MacUnavailable`] when an external MAC does not answer.
    pub fn finish(&self, mac: K::Mac) -> Result<SignatureSuffix, Error> {
        let mut suffix = SignatureSuffix::EMPTY;
        suffix.push(self.separator, mac.finish()?.blocks());
        Ok(suffix)
    }

    /// The value of a signed value: what is before the last separator, if what
    /// is behind it is its signature.
    ///
    /// # Errors
    /// [`Error::BadSignature`] when there is no separator or no key signed
    /// this; otherwise what the keys answer.
    pub fn unsign<'a>(&self, signed: &'a [u8]) -> Result<&'a [u8], SignatureError<'a>> {
        let Some((value, signature)) = rsplit_once(signed, self.separator) else {
            return Err(Error::BadSignature.into());
        };
        if self.verify(value, signature)? {
            Ok(value)
        } else {
            Err(SignatureError::new(Error::BadSignature, Some(value), None))
        }
    }

    /// Whether [`unsign`](Self::unsign) gives a value.
    #[must_use]
    pub fn validate(&self, signed: &[u8]) -> bool {
        self.unsign(signed).is_ok()
    }

    /// Tries the current key, then the fallbacks, newest first.
    #[inline(never)]
    pub(super) fn verify(&self, value: &[u8], signature: &[u8]) -> Result<bool, Error> {
        any_key(&self.keys, |mac| Ok(tag(mac, value)?.matches_base64(signature)))
    }
}

fn tag(mut mac: impl Mac, value: &[u8]) -> Result<MacTag, Error> {
    mac.update(value);
    mac.finish()
}

/// Splits at the last `separator`.
pub(crate) fn rsplit_once(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().rposition(|byte| *byte == separator)?;
    let (before, behind) = bytes.split_at_checked(at)?;
    Some((before, behind.get(1..)?))
}

/// What a signer appends to a value, at most 99 bytes: separator and signature,
/// and before them separator and timestamp if it was a
/// [`TimestampSigner`](super::TimestampSigner).
///
/// With it in hand, nothing that is left to write can fail but the writing.
#[derive(Clone)]
pub struct SignatureSuffix {
    bytes: [u8; MAX_SUFFIX_BYTES],
    len: usize,
}

impl SignatureSuffix {
    /// Of a value that is not signed.
    pub(crate) const EMPTY: Self = Self { bytes: [0; MAX_SUFFIX_BYTES], len: 0 };

    /// The bytes; ASCII if the separator is.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        sub_slice(&self.bytes, ..self.len)
    }

    /// Writes `value`, which is what was signed, and the suffix.
    pub(super) fn write_behind<S: Sink + ?Sized>(
        &self,
        value: &[u8],
        sink: &mut S,
    ) -> Result<(), WriteError<S::Error>> {
        sink.write(value).and_then(|()| sink.write(self.as_bytes())).map_err(WriteError::Sink)
    }

    /// Appends the separator and the base64 of the first `len_bytes` of `blocks`.
    /// It is never full: the parts have the lengths the capacity is made of.
    #[inline(never)]
    #[expect(clippy::arithmetic_side_effects, reason = "a timestamp and a signature, and no more")]
    pub(super) fn push(&mut self, separator: u8, (blocks, len_bytes): (&[Block], usize)) {
        let blocks = sub_slice(blocks, ..len_bytes.div_ceil(size_of::<Block>()));
        if let Some((first, room)) = self.bytes.get_mut(self.len..).and_then(<[u8]>::split_first_mut) {
            *first = separator;
            encode_blocks(blocks, room.as_chunks_mut().0);
        }
        self.len += 1 + text_len(len_bytes);
    }
}

impl Default for SignatureSuffix {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// Shows no signature: it is what logs in.
impl fmt::Debug for SignatureSuffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureSuffix").finish_non_exhaustive()
    }
}

impl AsRef<[u8]> for SignatureSuffix {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}
