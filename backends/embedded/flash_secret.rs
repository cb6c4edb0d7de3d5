//! A secret that a device makes once and keeps in flash.

use core::{error, fmt};

use embedded_storage::nor_flash::NorFlash;
use zeroize::{Zeroize as _, Zeroizing};

use crate::signing::{KeyDerivation, Keyring, Mac as _, Sha1, SigningKeys as _};

const SECRET_BYTES: usize = 32;
const CHECK_BYTES: usize = 20;
/// The secret and its check, and room to the next word of any flash.
const BODY_BYTES: usize = 64;
/// One word of any flash: it is written when the rest is there.
const MARK_BYTES: usize = 32;
const LEN_BYTES: usize = BODY_BYTES + MARK_BYTES;
const ERASED: u8 = 0xff;
const MARK: [u8; MARK_BYTES] = [0; MARK_BYTES];

/// A secret of 32 random bytes that a device makes at its first start and keeps in flash.
///
/// It has a place of its own: what has to be erased at once from `offset` on, so usually a
/// page. Tell your linker script. It is written in two steps, and handed out only after the
/// second. So when the power is cut while it is being written, nobody has seen it, and the
/// next start makes another one. From then on it is never replaced, only read: flash that
/// cannot be read, or has changed, is an error, and not a new secret, which would log
/// everybody out.
///
/// No copy stays in RAM, but what `use_secret` makes. Whoever can read the flash has the
/// secret.
///
/// ```
/// use hipflask::{backends::embedded::FlashSecret, signing::Keyring};
/// # use embedded_storage::nor_flash::NorFlash;
///
/// fn keys<F: NorFlash>(mut flash: F, random: impl FnOnce(&mut [u8; 32])) -> Option<Keyring> {
///     let mut secret = FlashSecret::new(&mut flash, 0xf_f000);
///     secret.get_or_make(random, |secret| Keyring::for_sessions(secret)).ok()
/// }
/// ```
///
/// It writes each word once, so it suits flash with error correction too. The flash's
/// words may have up to 32 bytes.
pub struct FlashSecret<F> {
    flash: F,
    offset: u32,
}

/// What a driver reads into and writes from: many want words.
#[repr(C, align(4))]
struct Aligned<const N: usize>([u8; N]);

impl<F: NorFlash> FlashSecret<F> {
    /// What has to be erased at once, in bytes.
    const PLACE_BYTES: u32 = {
        assert!(MARK_BYTES.is_multiple_of(F::WRITE_SIZE), "the flash's words are too long");
        assert!(MARK_BYTES.is_multiple_of(F::READ_SIZE), "what the flash reads at once is too long");
        (LEN_BYTES.div_ceil(F::ERASE_SIZE) * F::ERASE_SIZE) as u32
    };

    /// A secret at `offset`, which is where a page of `flash` begins. A `&mut` to a driver is
    /// a driver too.
    pub const fn new(flash: F, offset: u32) -> Self {
        Self { flash, offset }
    }

    /// Calls `use_secret` with the secret that is kept. Where there is none yet,
    /// `fill_with_random` makes one first.
    ///
    /// A generator that fails leaves the bytes as they are, which are zeros. Bytes that
    /// are all the same are not taken.
    ///
    /// # Errors
    /// - [`FlashSecretError::Flash`] when the flash cannot be read or written.
    /// - [`FlashSecretError::Damaged`] when there is something else than a secret, or one
    ///   that has changed.
    /// - [`FlashSecretError::NoRandom`] when `fill_with_random` made no secret.
    pub fn get_or_make<R>(
        &mut self,
        fill_with_random: impl FnOnce(&mut [u8; SECRET_BYTES]),
        use_secret: impl FnOnce(&[u8; SECRET_BYTES]) -> R,
    ) -> Result<R, FlashSecretError<F::Error>> {
        if !self.is_kept()? {
            self.make(fill_with_random)?;
        }
        let mut body = Aligned([0; BODY_BYTES]);
        let read = self.flash.read(self.offset, &mut body.0);
        let (secret, check) = split(&body.0);
        let used = match read {
            Ok(()) if check_of(secret) == Some(*check) => Ok(use_secret(secret)),
            Ok(()) => Err(FlashSecretError::Damaged),
            Err(error) => Err(FlashSecretError::Flash(error)),
        };
        body.0.zeroize();
        used
    }

    /// Erases the secret. The next [`get_or_make`](Self::get_or_make) makes another one, so
    /// that everybody is logged out.
    ///
    /// # Errors
    /// When the flash cannot be erased. If the power is cut meanwhile, the secret may be
    /// there, damaged, or gone.
    #[expect(clippy::arithmetic_side_effects, reason = "offsets within the flash")]
    pub fn forget(&mut self) -> Result<(), F::Error> {
        self.flash.erase(self.offset, self.offset + Self::PLACE_BYTES)
    }

    /// Whether a secret was ever kept here whole. Before that, whatever is in its place is
    /// what a cut left.
    fn is_kept(&mut self) -> Result<bool, FlashSecretError<F::Error>> {
        let mut mark = Aligned([0; MARK_BYTES]);
        self.flash.read(self.mark_offset(), &mut mark.0).map_err(FlashSecretError::Flash)?;
        Ok(mark.0.iter().any(|byte| *byte != ERASED))
    }

    fn make(
        &mut self,
        fill_with_random: impl FnOnce(&mut [u8; SECRET_BYTES]),
    ) -> Result<(), FlashSecretError<F::Error>> {
        let mut secret = Zeroizing::new([0; SECRET_BYTES]);
        fill_with_random(&mut secret);
        let [first, rest @ ..] = &*secret;
        if rest.iter().all(|byte| byte == first) {
            return Err(FlashSecretError::NoRandom);
        }
        let check = check_of(&secret).ok_or(FlashSecretError::NoRandom)?;
        let mut body = Aligned([ERASED; BODY_BYTES]);
        body.0.iter_mut().zip(secret.iter().chain(&check)).for_each(|(to, from)| *to = *from);
        let written = self
            .forget()
            .and_then(|()| self.flash.write(self.offset, &body.0))
            .and_then(|()| self.flash.write(self.mark_offset(), &Aligned(MARK).0));
        body.0.zeroize();
        written.map_err(FlashSecretError::Flash)
    }

    #[expect(clippy::arithmetic_side_effects, reason = "an offset within the flash")]
    const fn mark_offset(&self) -> u32 {
        self.offset + BODY_BYTES as u32
    }
}

impl<F> fmt::Debug for FlashSecret<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlashSecret").field("offset", &self.offset).finish_non_exhaustive()
    }
}

/// The secret, and what shows that it is one.
fn split(body: &[u8; BODY_BYTES]) -> (&[u8; SECRET_BYTES], &[u8; CHECK_BYTES]) {
    const NONE: (&[u8; SECRET_BYTES], &[u8; CHECK_BYTES]) = (&[0; SECRET_BYTES], &[0; CHECK_BYTES]);
    let split = body.split_first_chunk::<SECRET_BYTES>();
    split.and_then(|(secret, rest)| Some((secret, rest.first_chunk()?))).unwrap_or(NONE)
}

/// What is kept beside a secret: a MAC with it. The hash is there anyway.
fn check_of(secret: &[u8; SECRET_BYTES]) -> Option<[u8; CHECK_BYTES]> {
    let keys = Keyring::<Sha1, 0>::from_secret(secret, b"hipflask in flash", KeyDerivation::Hmac);
    keys.current().ok()?.finish().ok()?.as_bytes().try_into().ok()
}

/// Why there is no secret to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum FlashSecretError<E> {
    /// The flash could not be read or written. Nothing was replaced; try again.
    Flash(E),
    /// There is something else than a secret in its place, or a secret that has changed.
    /// Its sessions are lost: [`forget`](FlashSecret::forget) it, and everybody has to log
    /// in anew.
    Damaged,
    /// The random bytes are all the same: no secret was made.
    NoRandom,
}

impl<E: fmt::Debug> fmt::Display for FlashSecretError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash(error) => write!(f, "the flash failed: {error:?}"),
            Self::Damaged => f.write_str("what is kept is no secret, or has changed"),
            Self::NoRandom => f.write_str("the random bytes are all the same"),
        }
    }
}

impl<E: fmt::Debug> error::Error for FlashSecretError<E> {}
