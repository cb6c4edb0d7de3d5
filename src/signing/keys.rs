//! From secrets to keys: derivation, custody and the keyring.

use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{
    digest::{Digest, HmacState, Sha1, State},
    mac::{Mac, MacTag, SigningKeys},
};
use crate::error::Error;

/// How a signing key is made of a secret and a salt (itsdangerous'
/// `key_derivation`).
///
/// The salt separates uses of one secret, so that a token signed for one of
/// them is worth nothing in another. This is no password hashing: the secret
/// itself must be long and random.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(alias = "key_derivation")]
#[non_exhaustive]
pub enum KeyDerivation {
    /// `HMAC(secret, salt)`: Flask's choice, and the one to use.
    #[default]
    Hmac,
    /// `H(salt ‖ "signer" ‖ secret)`: itsdangerous' own default. For
    /// compatibility only.
    DjangoConcat,
    /// `H(salt ‖ secret)`. For compatibility only.
    Concat,
    /// The secret itself, without the salt. For compatibility only.
    None,
}

/// Calls `use_key` with the key derived from `secret` and `salt`, and wipes it
/// afterwards (itsdangerous' `Signer.derive_key`).
///
/// The key is as long as the digest, or as long as the secret where the
/// derivation is [`KeyDerivation::None`].
///
/// ```
/// use hipflask::signing::{KeyDerivation, Sha1, with_derived_key};
///
/// let first = with_derived_key::<Sha1, _>(KeyDerivation::Hmac, b"dev", b"cookie-session", |key| key[0])?;
/// assert_eq!(first, 0x4d);
/// # Ok::<(), hipflask::Error>(())
/// ```
///
/// # Errors
/// Fails with [`Error::NoSecretKey`] when the secret is empty.
#[doc(alias = "derive_key")]
pub fn with_derived_key<D: Digest, R>(
    derivation: KeyDerivation,
    secret: &[u8],
    salt: &[u8],
    use_key: impl FnOnce(&[u8]) -> R,
) -> Result<R, Error> {
    if secret.is_empty() {
        return Err(Error::NoSecretKey);
    }
    Ok(match derivation {
        KeyDerivation::Hmac => {
            let mut state = HmacState::<D>::keyed(secret);
            state.update(salt);
            lend(state.finish().as_mut(), use_key)
        }
        KeyDerivation::DjangoConcat => {
            lend(HmacState::<D>::hash(&[salt, b"signer", secret]).as_mut(), use_key)
        }
        KeyDerivation::Concat => lend(HmacState::<D>::hash(&[salt, secret]).as_mut(), use_key),
        KeyDerivation::None => use_key(secret),
    })
}

fn lend<R>(key: &mut [u8], use_key: impl FnOnce(&[u8]) -> R) -> R {
    let result = use_key(key);
    key.zeroize();
    result
}

/// Hands out secrets for as long as a callback runs, so that they can come
/// from flash, one-time-programmable memory, a file or the environment, live
/// on the stack and be wiped.
#[doc(alias = "SECRET_KEY")]
#[doc(alias = "SECRET_KEY_FALLBACKS")]
pub trait SecretKeySource {
    /// Calls `use_secret` once with the secret that signs (Flask's
    /// `SECRET_KEY`), or not at all when there is none.
    ///
    /// # Errors
    /// When the secret cannot be read.
    fn with_current(&self, use_secret: &mut dyn FnMut(&[u8])) -> Result<(), Error>;

    /// Calls `use_secret` with each secret that only verifies, oldest first
    /// (Flask's `SECRET_KEY_FALLBACKS`, in the order of the list).
    ///
    /// # Errors
    /// When a secret cannot be read.
    fn with_fallbacks(&self, use_secret: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        let _ = use_secret;
        Ok(())
    }
}

/// Secrets that are in memory already.
///
/// ```
/// use hipflask::signing::{Keyring, Secrets};
///
/// let secrets = Secrets { current: b"new secret", fallbacks: &[b"old secret"] };
/// let keys = Keyring::for_sessions_from(&secrets)?;
/// # Ok::<(), hipflask::Error>(())
/// ```
#[derive(Clone, Copy, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a literal keeps a list of borrowed secrets alive where a method's argument would not"
)]
pub struct Secrets<'a> {
    /// The secret that signs (Flask's `SECRET_KEY`).
    pub current: &'a [u8],
    /// The secrets that only verify, oldest first (Flask's `SECRET_KEY_FALLBACKS`).
    pub fallbacks: &'a [&'a [u8]],
}

impl SecretKeySource for Secrets<'_> {
    fn with_current(&self, use_secret: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        use_secret(self.current);
        Ok(())
    }

    fn with_fallbacks(&self, use_secret: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        self.fallbacks.iter().for_each(|secret| use_secret(secret));
        Ok(())
    }
}

impl fmt::Debug for Secrets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

/// A derived key, kept as the HMAC state it leads to: a MAC starts with a
/// copy of it instead of two more hash blocks.
struct HmacKey<D: Digest>(HmacState<D>);

impl<D: Digest> HmacKey<D> {
    /// Inlined: the key is made where it stays, and not moved there.
    #[inline(always)]
    fn derive(secret: &[u8], salt: &[u8], derivation: KeyDerivation) -> Option<Self> {
        with_derived_key::<D, _>(derivation, secret, salt, |key| Self(HmacState::<D>::keyed(key))).ok()
    }

    fn from_derived(key: &[u8]) -> Option<Self> {
        if key.is_empty() { None } else { Some(Self(HmacState::<D>::keyed(key))) }
    }

    #[inline(never)]
    fn start(&self) -> Hmac<D> {
        Hmac(self.0.clone())
    }
}

// The state is two hash cores and a block buffer, all of which wipe themselves;
// the bounds of `Digest` make the compiler check it.
impl<D: Digest> ZeroizeOnDrop for HmacKey<D> {}

/// An HMAC in progress, with a key from a [`Keyring`]. It wipes itself when it is dropped.
#[doc(alias = "HMACAlgorithm")]
pub struct Hmac<D: Digest = Sha1>(HmacState<D>);

impl<D: Digest> ZeroizeOnDrop for Hmac<D> {}

impl<D: Digest> Mac for Hmac<D> {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(self) -> Result<MacTag, Error> {
        Ok(MacTag::of(self.0.finish().as_mut()))
    }
}

impl<D: Digest> fmt::Debug for Hmac<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hmac").finish_non_exhaustive()
    }
}

/// The key that signs and up to `FALLBACKS` older ones that only verify, each
/// derived once.
///
/// Verifying tries the current key, then the fallbacks from the one added last
/// to the one added first, as Flask does with `SECRET_KEY` and
/// `SECRET_KEY_FALLBACKS`. An **empty secret** is ignored wherever it turns up:
/// it never signs and never verifies. (itsdangerous lets an empty fallback
/// verify, which lets in anybody.)
///
/// The keys are wiped when the ring is dropped. Moving it copies the bytes, as
/// with any Rust value, and what the hash functions leave on the stack while a
/// key is derived is theirs: derive early and in one place.
///
/// `Keyring` without parameters is the one of Flask's sessions: SHA-1, and room for
/// two fallbacks.
///
/// ```
/// use hipflask::signing::{KeyDerivation, Keyring, Secrets, Signer};
///
/// // Of sessions: salt, derivation and digest are Flask's.
/// let keys = Keyring::for_sessions(b"new secret");
/// let rotated = Keyring::for_sessions_from(&Secrets { current: b"new secret", fallbacks: &[b"old secret"] })?;
///
/// // Of anything else, kept apart by a salt of its own.
/// let keys = Keyring::new(b"new secret", b"my-salt", KeyDerivation::Hmac);
/// assert!(!Signer::new(&keys).validate(b"value.signature"));
/// # Ok::<(), hipflask::Error>(())
/// ```
#[doc(alias = "secret_key")]
#[doc(alias = "secret_keys")]
pub struct Keyring<D: Digest = Sha1, const FALLBACKS: usize = 2> {
    current: Option<HmacKey<D>>,
    fallbacks: heapless::Vec<HmacKey<D>, FALLBACKS>,
}

impl Keyring {
    /// The salt of Flask's sessions (`SecureCookieSessionInterface.salt`).
    #[doc(alias = "salt")]
    pub const SESSION_SALT: &[u8] = b"cookie-session";

    /// Derives the key of Flask's sessions from `secret`, Flask's `SECRET_KEY`. With an
    /// empty secret, the ring cannot sign.
    ///
    /// Salt, derivation and digest are the ones of Flask's default interface. Where
    /// there are older secrets (`SECRET_KEY_FALLBACKS`), take
    /// [`for_sessions_from`](Self::for_sessions_from).
    #[must_use]
    pub fn for_sessions(secret: &[u8]) -> Self {
        Self::new(secret, Self::SESSION_SALT, KeyDerivation::Hmac)
    }

    /// Derives the keys of Flask's sessions from all the secrets of `source`: the
    /// current one and the fallbacks.
    ///
    /// # Errors
    /// Fails with what the source answers, and with [`Error::TooManyFallbacks`] when it
    /// has more than two fallbacks that are not empty.
    pub fn for_sessions_from<S: SecretKeySource + ?Sized>(source: &S) -> Result<Self, Error> {
        Self::from_source(source, Self::SESSION_SALT, KeyDerivation::Hmac)
    }

    /// The salt of the ids in the cookies of Flask-Session, where `SESSION_USE_SIGNER` is set.
    pub const SESSION_ID_SALT: &[u8] = b"flask-session";

    /// Derives the key that signs the ids of server-side sessions from `secret`, Flask's
    /// `SECRET_KEY`. With an empty secret, the ring cannot sign.
    ///
    /// Flask-Session takes no older secrets for it (`SECRET_KEY_FALLBACKS`).
    #[must_use]
    pub fn for_session_ids(secret: &[u8]) -> Self {
        Self::new(secret, Self::SESSION_ID_SALT, KeyDerivation::Hmac)
    }

    /// Derives the key that signs from `secret` and `salt`, with SHA-1. With an empty
    /// secret, the ring cannot sign.
    ///
    /// For another digest, or for room for other than two fallbacks, take
    /// [`from_secret`](Self::from_secret).
    #[must_use]
    pub fn new(secret: &[u8], salt: &[u8], derivation: KeyDerivation) -> Self {
        Self::from_secret(secret, salt, derivation)
    }
}

impl<D: Digest, const FALLBACKS: usize> Keyring<D, FALLBACKS> {
    /// As [`new`](Keyring::new), for a ring of any type.
    ///
    /// ```
    /// use hipflask::signing::{KeyDerivation, Keyring, Sha1};
    ///
    /// let keys = Keyring::<Sha1, 4>::from_secret(b"secret", b"my-salt", KeyDerivation::Hmac);
    /// ```
    #[must_use]
    pub fn from_secret(secret: &[u8], salt: &[u8], derivation: KeyDerivation) -> Self {
        Self::from_current(HmacKey::derive(secret, salt, derivation))
    }

    /// Takes a key derived elsewhere (see [`with_derived_key`]) as the one that signs.
    /// The ring's holder can neither sign for another salt nor
    /// learn the secret.
    #[must_use]
    pub fn from_derived_key(key: &[u8]) -> Self {
        Self::from_current(HmacKey::from_derived(key))
    }

    /// Derives the keys from all the secrets of `source`: the current one and the
    /// fallbacks.
    ///
    /// # Errors
    /// Fails with what the source answers, and with [`Error::TooManyFallbacks`] when it
    /// has more than `FALLBACKS` fallbacks that are not empty.
    pub fn from_source<S: SecretKeySource + ?Sized>(
        source: &S,
        salt: &[u8],
        derivation: KeyDerivation,
    ) -> Result<Self, Error> {
        let mut keys = Self::from_current(None);
        source.with_current(&mut |secret| keys.current = HmacKey::derive(secret, salt, derivation))?;
        let mut pushed = Ok(());
        source.with_fallbacks(&mut |secret| {
            pushed = pushed.and_then(|()| keys.push_fallback(secret, salt, derivation));
        })?;
        pushed.map(|()| keys)
    }

    /// Adds a key that only verifies and is tried before those added earlier.
    /// Salt and derivation are those of the current key, unless you migrate
    /// from others.
    ///
    /// # Errors
    /// Fails with [`Error::TooManyFallbacks`] when there are `FALLBACKS` fallbacks already.
    pub fn push_fallback(
        &mut self,
        secret: &[u8],
        salt: &[u8],
        derivation: KeyDerivation,
    ) -> Result<(), Error> {
        self.push(HmacKey::derive(secret, salt, derivation))
    }

    /// Like [`push_fallback`](Self::push_fallback), with a key derived elsewhere.
    ///
    /// # Errors
    /// Fails with [`Error::TooManyFallbacks`] when there are `FALLBACKS` fallbacks already.
    pub fn push_derived_fallback(&mut self, key: &[u8]) -> Result<(), Error> {
        self.push(HmacKey::from_derived(key))
    }

    /// Whether there is a key that signs. A program that must not run without
    /// one asks this at its start.
    #[must_use]
    pub const fn has_current(&self) -> bool {
        self.current.is_some()
    }

    fn from_current(current: Option<HmacKey<D>>) -> Self {
        Self { current, fallbacks: heapless::Vec::new() }
    }

    fn push(&mut self, key: Option<HmacKey<D>>) -> Result<(), Error> {
        let Some(key) = key else { return Ok(()) };
        self.fallbacks.push(key).map_err(|_| Error::TooManyFallbacks { limit: FALLBACKS })
    }
}

impl<D: Digest, const FALLBACKS: usize> SigningKeys for Keyring<D, FALLBACKS> {
    type Mac = Hmac<D>;

    fn current(&self) -> Result<Hmac<D>, Error> {
        self.current.as_ref().map(HmacKey::start).ok_or(Error::NoSecretKey)
    }

    fn fallback(&self, index: usize) -> Option<Result<Hmac<D>, Error>> {
        self.fallbacks.iter().rev().nth(index).map(|key| Ok(key.start()))
    }

    fn has_current(&self) -> bool {
        self.has_current()
    }
}

impl<D: Digest, const FALLBACKS: usize> ZeroizeOnDrop for Keyring<D, FALLBACKS> {}

impl<D: Digest, const FALLBACKS: usize> fmt::Debug for Keyring<D, FALLBACKS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::{format, string::ToString as _};

    const fn wipes_itself<T: ZeroizeOnDrop>() {}

    // Fails to compile when the zeroize features of the hash crates are off.
    const _: () = {
        wipes_itself::<Keyring>();
        wipes_itself::<Hmac>();
        wipes_itself::<HmacKey<Sha1>>();
        wipes_itself::<sha1::Sha1>();
        wipes_itself::<hmac::digest::block_api::Buffer<hmac::block_api::HmacCore<sha1::Sha1>>>();
        #[cfg(feature = "sha2")]
        wipes_itself::<hmac::digest::block_api::Buffer<hmac::block_api::HmacCore<sha2::Sha512>>>();
    };

    #[test]
    fn debug_shows_no_secret() {
        let secrets = Secrets { current: b"hunter2", fallbacks: &[b"hunter1"] };
        let keys: Keyring = Keyring::from_source(&secrets, b"salt", KeyDerivation::None).unwrap();
        let text = format!("{secrets:?} {keys:?} {:?}", keys.current().unwrap());
        assert_eq!(text, "Secrets { .. } Keyring { .. } Hmac { .. }");
    }

    #[test]
    fn a_full_ring_takes_no_more_and_says_how_many_it_takes() {
        let mut keys: Keyring<Sha1, 1> = Keyring::from_secret(b"a", b"", KeyDerivation::Hmac);
        keys.push_fallback(b"b", b"", KeyDerivation::Hmac).unwrap();
        // An empty secret takes no room.
        keys.push_fallback(b"", b"", KeyDerivation::Hmac).unwrap();
        let full = Error::TooManyFallbacks { limit: 1 };
        assert_eq!(keys.push_derived_fallback(b"c"), Err(full));
        assert_eq!(full.to_string(), "there are more fallback keys than the 1 that `Keyring<_, 1>` takes");
    }
}
