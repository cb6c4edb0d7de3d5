//! Signed values, as itsdangerous signs them.
//!
//! From the bottom up:
//!
//! - [`SecretKeySource`] hands out secrets; [`KeyDerivation`] and
//!   [`with_derived_key`] turn a secret and a salt into a key of a [`Digest`].
//! - [`Keyring`] keeps derived keys. What a signer needs of it is
//!   [`SigningKeys`], starting a [`Mac`], which a secure element can do as well.
//! - [`Signer`] signs bytes and [`TimestampSigner`] signs them with the time;
//!   [`SignatureError`] says why a token is not trusted.
//! - [`UrlSafeSerializer`] and [`UrlSafeTimedSerializer`] make tokens of values;
//!   [`Compression`] says whether they are compressed.
//! - [`Base64Reader`] decodes what they protect, as a
//!   [`Source`](crate::zlib::Source) for the inflater if it is compressed.
//!
//! Nothing here knows about sessions or cookies: any salt will do, so the same
//! types make and check CSRF or password-reset tokens.

mod base64;
#[cfg(feature = "compact-json")]
mod compact;
mod digest;
mod error;
mod keys;
pub(crate) mod mac;
pub(crate) mod payload;
pub(crate) mod serializer;
// On other machines the `sha1` crate's is faster.
#[cfg(any(test, not(target_pointer_width = "64")))]
mod sha1;
mod signer;
mod timestamp;
pub(crate) mod token;

pub use base64::Base64Reader;
pub use digest::{Digest, Sha1};
#[cfg(feature = "sha2")]
pub use digest::{Sha256, Sha384, Sha512};
pub use error::SignatureError;
pub use keys::{Hmac, KeyDerivation, Keyring, SecretKeySource, Secrets, with_derived_key};
pub(crate) use mac::are_equal;
pub use mac::{Mac, MacTag, SigningKeys};
pub use payload::{Compression, NoCompression, NoZlib};
pub use serializer::{Loaded, UnsafelyLoaded, UrlSafeSerializer, UrlSafeTimedSerializer};
pub use signer::{SignatureSuffix, Signer};
pub use timestamp::{Signed, TimestampSigner};
