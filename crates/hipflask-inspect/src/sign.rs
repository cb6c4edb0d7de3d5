//! Makes a token, as Flask would or as another token was made.

use std::fmt;

use hipflask::{
    Error, UnixTime,
    backends::alloc::OwnedValue,
    clock_fn,
    json::{SESSION_JSON_SERIALIZER, TaggedJsonSerializer},
    signing::{
        Digest, KeyDerivation, NoCompression, TimestampSigner, UrlSafeSerializer, UrlSafeTimedSerializer,
    },
    zlib::DeflateScratch,
};

use crate::{
    report::{Payload, claims},
    settings::Settings,
    signature::{Way, way},
};

/// The longest JSON that is compressed.
const MAX_COMPRESSED_BYTES: usize = 32 * 1024;

/// A token, or why there is none.
pub(crate) type Made = Result<Vec<u8>, Error>;

/// How a token is made.
///
/// ```
/// use hipflask::json::SESSION_JSON_SERIALIZER;
/// use hipflask_inspect::{Settings, Signing};
///
/// let mut settings = Settings::new(1_700_000_000);
/// settings.set_keys(Some(b"dev".to_vec()), vec![]);
/// let session = SESSION_JSON_SERIALIZER.loads_owned(r#"{"user":"Zoë"}"#)?;
/// let token = Signing::new(&settings)?.sign(&session)?;
/// assert_eq!(token, b"eyJ1c2VyIjoiWm9cdTAwZWIifQ.ZVPxAA.CTxB9uAyToSMQr_DcacEN7J-1Jg");
/// # Ok::<(), hipflask::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Signing {
    /// Key, salt, derivation and digest.
    pub way: Way,
    /// The time that the token says, in Unix seconds. `None`: it says none, as those of a
    /// plain `URLSafeSerializer`.
    pub signed_at_secs: Option<u64>,
    /// Whether it is compressed where Flask would compress it.
    pub compresses: bool,
    /// Whether the JSON has Flask's tags. Without them it is that of itsdangerous.
    pub tags: bool,
}

impl Signing {
    /// As `settings` say, with the first key, now.
    ///
    /// # Errors
    /// [`Error::NoSecretKey`].
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let key = settings.keys.first().ok_or(Error::NoSecretKey)?;
        let way = Way::of(settings, key);
        Ok(Self { way, signed_at_secs: Some(settings.now_secs), compresses: true, tags: true })
    }

    /// As `token` is made: with the key, salt, derivation and digest with which it holds,
    /// its time, and compressed if it is. `None` if it holds with no key and no salt that
    /// is known here.
    ///
    /// A token whose key is derived as itsdangerous does by default has no tags.
    #[must_use]
    pub fn like(token: &[u8], settings: &Settings) -> Option<Self> {
        let way = way(token, settings)?;
        let (payload, signed_at_secs) = claims(token);
        let payload = payload.unwrap_or_default();
        // A compressed token without a time begins with the dot that others have before the time.
        let signed_at_secs = signed_at_secs.filter(|_| !payload.is_empty());
        let tags = way.derivation == KeyDerivation::Hmac;
        let mut signing = Self { way, signed_at_secs, compresses: true, tags };
        if let Ok(value) = Payload::new(payload).value
            && !payload.starts_with(b".")
        {
            // It says something only if Flask would have compressed it.
            signing.compresses = signing.sign(&value).is_ok_and(|token| !token.starts_with(b"."));
        }
        Some(signing)
    }

    /// The token of a value.
    ///
    /// # Errors
    /// [`Error::Capacity`] for more JSON than can be compressed, [`Error::NotSerializable`]
    /// for what JSON without tags has no form for, [`Error::Depth`].
    pub fn sign(&self, value: &OwnedValue) -> Result<Vec<u8>, Error> {
        (self.way.digest.sign)(self, value)
    }
}

/// What keeps a token from being [signed again](sign_again()).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotSignedAgain {
    /// No key signed it, or it is not valid now.
    DoesNotHold,
    /// There is no key to sign it with.
    Key(Error),
}

impl fmt::Display for NotSignedAgain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DoesNotHold => f.write_str("the signature does not hold, or is not valid now"),
            Self::Key(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NotSignedAgain {}

/// Signs the payload of `token`, which holds as `settings` say with any of its keys, with
/// the first key, at its own time or at `signed_at_secs`.
///
/// # Errors
/// When it does not hold, or there is no key.
pub fn sign_again(
    token: &[u8],
    settings: &Settings,
    signed_at_secs: Option<u64>,
) -> Result<Vec<u8>, NotSignedAgain> {
    if !crate::signature::holds(token, settings) {
        return Err(NotSignedAgain::DoesNotHold);
    }
    let (Some(payload), Some(claimed_secs)) = claims(token) else { return Err(NotSignedAgain::DoesNotHold) };
    let signing = Signing::new(settings).map_err(NotSignedAgain::Key)?;
    let at = UnixTime::from_secs(signed_at_secs.unwrap_or(claimed_secs));
    (signing.way.digest.sign_again)(&signing.way, payload, at).map_err(NotSignedAgain::Key)
}

pub(crate) fn sign<D: Digest>(signing: &Signing, value: &OwnedValue) -> Made {
    let serializer = if signing.tags { SESSION_JSON_SERIALIZER } else { TaggedJsonSerializer::plain() };
    let mut scratch = vec![0; serializer.dumps_to_string(value)?.len()];
    let mut compression = Box::new(DeflateScratch::<MAX_COMPRESSED_BYTES>::new());
    let keys = signing.way.keyring::<D>();
    let mut token = Vec::new();
    let written = match signing.signed_at_secs {
        Some(secs) => {
            let clock = clock_fn(|| Ok(UnixTime::from_secs(secs)));
            let tokens = UrlSafeTimedSerializer::new(keys, serializer);
            if signing.compresses {
                tokens.dumps_compressed(value, &clock, &mut scratch, &mut *compression, &mut token)
            } else {
                tokens.dumps_compressed(value, &clock, &mut scratch, &mut NoCompression, &mut token)
            }
        }
        None => {
            let tokens = UrlSafeSerializer::new(keys, serializer);
            if signing.compresses {
                tokens.dumps_compressed(value, &mut scratch, &mut *compression, &mut token)
            } else {
                tokens.dumps_compressed(value, &mut scratch, &mut NoCompression, &mut token)
            }
        }
    };
    written?;
    Ok(token)
}

pub(crate) fn resign<D: Digest>(way: &Way, payload: &[u8], at: UnixTime) -> Made {
    let mut token = Vec::new();
    TimestampSigner::new(way.keyring::<D>()).sign(payload, at, &mut token)?;
    Ok(token)
}
