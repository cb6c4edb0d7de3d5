//! Whether a signature holds, and what would make it hold.

#[cfg(feature = "sha2")]
use hipflask::signing::{Sha256, Sha384, Sha512};
use hipflask::{
    Error, UnixTime, clock_fn,
    signing::{Digest, KeyDerivation, Keyring, Sha1, Signer, TimestampSigner},
};

use crate::options::Options;

/// A secret, and what to call it.
pub struct Key {
    pub name: String,
    pub secret: Vec<u8>,
}

/// A digest, and what can be asked of it.
pub struct Hash {
    pub name: &'static str,
    is_signed: fn(&[u8], &[u8], KeyDerivation, &[u8]) -> bool,
    judge: fn(&Key, &[u8], &Options) -> Option<Verdict>,
}

impl Hash {
    const fn new<D: Digest>(name: &'static str) -> Self {
        Self { name, is_signed: is_signed::<D>, judge: judge::<D> }
    }
}

pub const HASHES: &[Hash] = &[
    Hash::new::<Sha1>("sha1"),
    #[cfg(feature = "sha2")]
    Hash::new::<Sha256>("sha256"),
    #[cfg(feature = "sha2")]
    Hash::new::<Sha384>("sha384"),
    #[cfg(feature = "sha2")]
    Hash::new::<Sha512>("sha512"),
];

/// How many characters a signature has.
pub const DIGEST_LENGTHS: &[(usize, &str)] =
    &[(22, "md5"), (27, "sha1"), (38, "sha224"), (43, "sha256"), (64, "sha384"), (86, "sha512")];

pub const DERIVATIONS: &[(&str, KeyDerivation)] = &[
    ("hmac", KeyDerivation::Hmac),
    ("django-concat", KeyDerivation::DjangoConcat),
    ("concat", KeyDerivation::Concat),
    ("none", KeyDerivation::None),
];

/// Salts in use: Flask's, itsdangerous' two, and those of Flask's extensions.
pub const SALTS: &[&str] = &[
    "cookie-session",
    "itsdangerous",
    "itsdangerous.Signer",
    "flask-session",
    "wtf-csrf-token",
    "confirm-salt",
    "login-salt",
    "remember-salt",
    "reset-salt",
];

/// Settings with which a signature holds.
pub struct Way {
    pub key: String,
    pub salt: String,
    pub derivation: &'static str,
    pub digest: &'static str,
}

pub enum Verdict {
    /// Nobody gave a key.
    Unknown,
    Holds {
        key: String,
    },
    Expired {
        key: String,
        by_secs: u64,
    },
    Future {
        key: String,
        by_secs: u64,
    },
    /// It holds, but there is no timestamp that can be read: the token of a plain
    /// serializer.
    Untimed {
        key: String,
    },
    /// It holds, and the timestamp lies after the year 9999.
    OutOfRange {
        key: String,
    },
    /// Another key, salt, derivation or digest, or it was changed.
    Mismatch {
        holds_with: Vec<Way>,
    },
    /// There is nothing where a signature would be.
    Unsigned,
}

impl Verdict {
    pub fn new(token: &[u8], options: &Options) -> Self {
        if !token.contains(&b'.') {
            return Self::Unsigned;
        }
        if options.keys.is_empty() {
            return Self::Unknown;
        }
        let hash = HASHES.iter().find(|hash| hash.name == options.digest);
        hash.and_then(|hash| options.keys.iter().find_map(|key| (hash.judge)(key, token, options)))
            .unwrap_or_else(|| Self::Mismatch { holds_with: ways(token, options) })
    }

    /// What hipflask does with such a cookie, whose payload is a session or not. So
    /// does Flask, but for what docs/compatibility.md lists.
    pub fn hipflask(&self, is_session: bool) -> Option<&'static str> {
        Some(match self {
            Self::Unknown => return None,
            Self::Holds { .. } if is_session => "opens",
            Self::Holds { .. } | Self::OutOfRange { .. } => "fails",
            _ => "starts afresh",
        })
    }
}

/// The digest whose signatures are as long as this token's.
pub fn digest_by_length(token: &[u8]) -> Option<&'static str> {
    let len = token.rsplit(|byte| *byte == b'.').next()?.len();
    DIGEST_LENGTHS.iter().find(|(known, _)| *known == len).map(|(_, name)| *name)
}

fn is_signed<D: Digest>(secret: &[u8], salt: &[u8], derivation: KeyDerivation, token: &[u8]) -> bool {
    let keys: Keyring<D> = Keyring::from_secret(secret, salt, derivation);
    Signer::new(&keys).validate(token)
}

/// `None` if the key, with the settings of `options`, did not sign the token.
fn judge<D: Digest>(key: &Key, token: &[u8], options: &Options) -> Option<Verdict> {
    let keys: Keyring<D> = Keyring::from_secret(&key.secret, &options.salt, options.derivation);
    if !Signer::new(&keys).validate(token) {
        return None;
    }
    let key = key.name.clone();
    let now = clock_fn(|| Ok(UnixTime::from_secs(options.now_secs)));
    let Err(error) = TimestampSigner::new(&keys).with_clock_skew_secs(options.clock_skew_secs).unsign(
        token,
        Some(options.max_age_secs),
        &now,
    ) else {
        return Some(Verdict::Holds { key });
    };
    Some(match (error.kind(), error.date_signed_secs()) {
        (Error::SignatureFromFuture, Some(signed_at)) => {
            Verdict::Future { key, by_secs: signed_at.saturating_sub(options.now_secs) }
        }
        (Error::SignatureExpired, Some(signed_at)) => Verdict::Expired {
            key,
            by_secs: options
                .now_secs
                .saturating_sub(signed_at)
                .saturating_add_signed(options.max_age_secs.saturating_neg()),
        },
        (Error::DateOutOfRange, _) => Verdict::OutOfRange { key },
        _ => Verdict::Untimed { key },
    })
}

/// All the ways known here in which the token's signature holds.
fn ways(token: &[u8], options: &Options) -> Vec<Way> {
    let mut ways = Vec::new();
    for key in options.keys.iter().flat_map(variants) {
        // The signature's length tells the digest.
        for hash in HASHES.iter().filter(|hash| digest_by_length(token) == Some(hash.name)) {
            for (derivation_name, derivation) in DERIVATIONS {
                let given = [options.salt.as_slice()];
                let others = SALTS.iter().map(|salt| salt.as_bytes()).filter(|salt| *salt != options.salt);
                for salt in given.into_iter().chain(others) {
                    if (hash.is_signed)(&key.secret, salt, *derivation, token) {
                        ways.push(Way {
                            key: key.name.clone(),
                            salt: String::from_utf8_lossy(salt).into_owned(),
                            derivation: derivation_name,
                            digest: hash.name,
                        });
                        // Without a salt in the key, every salt would do.
                        if *derivation == KeyDerivation::None {
                            break;
                        }
                    }
                }
            }
        }
    }
    ways
}

/// A key, and what is often mistaken for it.
fn variants(key: &Key) -> Vec<Key> {
    let variant = |what: &str, secret: Vec<u8>| Key { name: format!("{}{what}", key.name), secret };
    let trimmed = key.secret.trim_ascii();
    let unquoted = trimmed
        .strip_prefix(b"'")
        .and_then(|rest| rest.strip_suffix(b"'"))
        .or_else(|| trimmed.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")));
    let mut variants = vec![variant("", key.secret.clone())];
    if trimmed != key.secret {
        variants.push(variant(" without the space around it", trimmed.to_vec()));
    }
    variants.push(variant(" and a line end", [&key.secret, b"\n".as_slice()].concat()));
    variants.extend(unquoted.map(|secret| variant(" without its quotes", secret.to_vec())));
    variants.extend(from_hex(trimmed).map(|secret| variant(" as the bytes that it spells in hex", secret)));
    variants
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, []) = text.as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some((digit(*high)? << 4 | digit(*low)?) as u8)).collect()
}
