//! Whether a signature holds, and what would make it hold.

use std::fmt;

use hipflask::{
    Error, UnixTime,
    backends::alloc::OwnedValue,
    clock_fn,
    extensions::{FlaskLogin, Protection},
    signing::{Digest, KeyDerivation, Keyring, Sha1, Sha256, Sha384, Sha512, Signer, TimestampSigner},
};

use crate::{
    key::{from_base64, from_hex, from_python, unescape},
    kind::{DJANGO_SALT, Kind},
    python::repr,
    settings::{Key, Settings},
    sign::{self, Signing},
};

/// A digest that itsdangerous can sign with, and what can be asked of it.
pub struct DigestMethod {
    name: &'static str,
    is_signed: fn(&Way, u8, &[u8]) -> bool,
    judge: fn(&Key, &[u8], &Settings) -> Option<Verdict>,
    pub(crate) sign: fn(&Signing, &OwnedValue) -> sign::Made,
    pub(crate) sign_again: fn(&Way, &[u8], UnixTime) -> sign::Made,
}

impl DigestMethod {
    const fn new<D: Digest>(name: &'static str) -> Self {
        Self {
            name,
            is_signed: is_signed::<D>,
            judge: judge::<D>,
            sign: sign::sign::<D>,
            sign_again: sign::resign::<D>,
        }
    }

    /// Its name in Python's hashlib.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Debug for DigestMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for DigestMethod {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for DigestMethod {}

/// The digests that are tried; Flask's is the first.
pub const DIGESTS: [&DigestMethod; 4] = [
    &DigestMethod::new::<Sha1>("sha1"),
    &DigestMethod::new::<Sha256>("sha256"),
    &DigestMethod::new::<Sha384>("sha384"),
    &DigestMethod::new::<Sha512>("sha512"),
];

/// How many characters a signature has.
pub(crate) const DIGEST_LENGTHS: &[(usize, &str)] =
    &[(22, "md5"), (27, "sha1"), (38, "sha224"), (43, "sha256"), (64, "sha384"), (86, "sha512")];

/// The derivations by their names in itsdangerous; Flask's is the first.
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
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Way {
    /// Which key, and how it was read.
    pub key: Key,
    /// The salt.
    pub salt: Vec<u8>,
    /// How the signing key is made of secret and salt.
    pub derivation: KeyDerivation,
    /// The digest that signs.
    pub digest: &'static DigestMethod,
}

impl Way {
    /// The way of `settings`, with one of its keys.
    pub(crate) fn of(settings: &Settings, key: &Key) -> Self {
        Self {
            key: key.clone(),
            salt: settings.salt.clone(),
            derivation: settings.derivation,
            digest: settings.digest,
        }
    }

    /// The derivation's name in itsdangerous.
    #[must_use]
    pub fn derivation_name(&self) -> &'static str {
        DERIVATIONS.iter().find(|(_, known)| *known == self.derivation).map_or("", |(name, _)| name)
    }

    /// The salt as text.
    #[must_use]
    pub fn salt_text(&self) -> String {
        String::from_utf8_lossy(&self.salt).into_owned()
    }

    /// Whether it signed `token`.
    pub(crate) fn signed(&self, separator: u8, token: &[u8]) -> bool {
        (self.digest.is_signed)(self, separator, token)
    }

    pub(crate) fn keyring<D: Digest>(&self) -> Keyring<D> {
        Keyring::from_secret(&self.key.secret, &self.salt, self.derivation)
    }
}

/// What is known about a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Nobody gave a key.
    Unknown,
    /// It is signed as asked for, and valid now.
    Holds {
        /// Which key.
        key: String,
    },
    /// It holds, and is too old.
    Expired {
        /// Which key.
        key: String,
        /// How long ago it expired.
        by_secs: u64,
    },
    /// It holds, and was made later than now.
    Future {
        /// Which key.
        key: String,
        /// How much later.
        by_secs: u64,
    },
    /// It holds, but there is no timestamp that can be read: the token of a plain
    /// serializer.
    Untimed {
        /// Which key.
        key: String,
    },
    /// It holds, and the timestamp lies after the year 9999.
    OutOfRange {
        /// Which key.
        key: String,
    },
    /// Another key, salt, derivation or digest, or it was changed.
    Mismatch {
        /// With which settings it would hold; none are known if it is empty.
        holds_with: Vec<Way>,
    },
    /// There is nothing where a signature would be.
    Unsigned,
    /// No browser sends this as a cookie's value.
    NotACookie {
        /// The first byte that no value has: a blank, a quote, a comma, …
        byte: u8,
        /// Its position.
        at_byte: usize,
    },
}

impl Verdict {
    pub(crate) fn new(token: &[u8], kind: Kind, settings: &Settings) -> Self {
        let judge = settings.digest.judge;
        if let Some(verdict) = settings.keys.iter().find_map(|key| judge(key, token, settings)) {
            return verdict;
        }
        // Never "another key" for what was damaged on the way here.
        if let Some(at_byte) = token.iter().position(|byte| !is_cookie_octet(*byte)) {
            let byte = token.get(at_byte).copied().unwrap_or_default();
            return Self::NotACookie { byte, at_byte };
        }
        let signed_by = |way: fn(&Key) -> Way, separator| {
            Self::of_other(settings, |key| way(key).signed(separator, token))
        };
        match kind {
            Kind::RememberToken => Self::of_other(settings, |key| remembers(key, token)),
            Kind::DjangoSession => signed_by(django, b':'),
            Kind::FlaskSessionId if token.contains(&b'.') => signed_by(flask_session, b'.'),
            _ if !token.contains(&b'.') => Self::Unsigned,
            _ if settings.keys.is_empty() => Self::Unknown,
            _ => Self::Mismatch { holds_with: ways(token, settings) },
        }
    }

    /// Of what is signed in one way, whatever the settings are.
    fn of_other(settings: &Settings, signed: impl Fn(&Key) -> bool) -> Self {
        if settings.keys.is_empty() {
            return Self::Unknown;
        }
        match settings.keys.iter().flat_map(variants).find(|key| signed(key)) {
            Some(key) => Self::Holds { key: key.name },
            None => Self::Mismatch { holds_with: Vec::new() },
        }
    }

    /// What hipflask does with such a cookie, whose payload is a session or not. So
    /// does Flask, but for what docs/compatibility.md lists.
    pub(crate) fn hipflask(&self, is_session: bool) -> Option<&'static str> {
        Some(match self {
            Self::Unknown => return None,
            Self::Holds { .. } if is_session => "opens",
            Self::Holds { .. } | Self::OutOfRange { .. } => "fails",
            _ => "starts afresh",
        })
    }
}

/// The digest whose signatures are as long as this token's.
pub(crate) fn digest_by_length(token: &[u8]) -> Option<&'static str> {
    let len = token.rsplit(|byte| *byte == b'.').next()?.len();
    DIGEST_LENGTHS.iter().find(|(known, _)| *known == len).map(|(_, name)| *name)
}

/// What a browser sends (RFC 6265, section 4.1.1).
fn is_cookie_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}

/// How Django signs its sessions.
fn django(key: &Key) -> Way {
    let [_, sha256, ..] = DIGESTS;
    let derivation = KeyDerivation::DjangoConcat;
    Way { key: key.clone(), salt: DJANGO_SALT.to_vec(), derivation, digest: sha256 }
}

/// How Flask-Session signs its ids.
fn flask_session(key: &Key) -> Way {
    let [sha1, ..] = DIGESTS;
    Way { key: key.clone(), salt: b"flask-session".to_vec(), derivation: KeyDerivation::Hmac, digest: sha1 }
}

/// Whether Flask-Login made the `remember_token`. Its spelling of the key is among the variants.
fn remembers(key: &Key, token: &[u8]) -> bool {
    let made = |token: &str| {
        let (user_id, _) = token.rsplit_once('|')?;
        let login = FlaskLogin::new(key.secret.as_slice(), Protection::Basic).ok()?;
        Some(login.encode_cookie(user_id).ok()?.to_string() == token)
    };
    std::str::from_utf8(token).ok().and_then(made).unwrap_or(false)
}

fn is_signed<D: Digest>(way: &Way, separator: u8, token: &[u8]) -> bool {
    let signer = Signer::new(way.keyring::<D>()).with_separator(separator);
    signer.is_ok_and(|signer| signer.validate(token))
}

/// `None` if the key, with the settings, did not sign the token.
fn judge<D: Digest>(key: &Key, token: &[u8], settings: &Settings) -> Option<Verdict> {
    let keys: Keyring<D> = Keyring::from_secret(&key.secret, &settings.salt, settings.derivation);
    if !Signer::new(&keys).validate(token) {
        return None;
    }
    let key = key.name.clone();
    let now = clock_fn(|| Ok(UnixTime::from_secs(settings.now_secs)));
    let Err(error) = TimestampSigner::new(&keys).with_clock_skew_secs(settings.clock_skew_secs).unsign(
        token,
        Some(settings.lifetime_secs),
        &now,
    ) else {
        return Some(Verdict::Holds { key });
    };
    Some(match (error.kind(), error.date_signed_secs()) {
        (Error::SignatureFromFuture, Some(signed_at)) => {
            Verdict::Future { key, by_secs: signed_at.saturating_sub(settings.now_secs) }
        }
        (Error::SignatureExpired, Some(signed_at)) => Verdict::Expired {
            key,
            by_secs: settings
                .now_secs
                .saturating_sub(signed_at)
                .saturating_add_signed(settings.lifetime_secs.saturating_neg()),
        },
        (Error::DateOutOfRange, _) => Verdict::OutOfRange { key },
        _ => Verdict::Untimed { key },
    })
}

/// The way in which `token` is signed: as `settings` say, or else the first one that is found.
pub(crate) fn way(token: &[u8], settings: &Settings) -> Option<Way> {
    let asked = settings.keys.iter().map(|key| Way::of(settings, key));
    asked.into_iter().find(|way| way.signed(b'.', token)).or_else(|| ways(token, settings).into_iter().next())
}

/// Whether `token` holds as `settings` say, now, with any of their keys.
pub(crate) fn holds(token: &[u8], settings: &Settings) -> bool {
    let judge = settings.digest.judge;
    let judged = settings.keys.iter().find_map(|key| judge(key, token, settings));
    matches!(judged, Some(Verdict::Holds { .. }))
}

/// All the ways known here in which the token's signature holds.
fn ways(token: &[u8], settings: &Settings) -> Vec<Way> {
    let given = [settings.salt.as_slice()];
    let others = SALTS.iter().map(|salt| salt.as_bytes()).filter(|salt| *salt != settings.salt);
    let salts: Vec<_> = given.into_iter().chain(others).collect();
    let mut ways = Vec::new();
    for key in settings.keys.iter().flat_map(variants) {
        // The signature's length tells the digest.
        for digest in DIGESTS.into_iter().filter(|digest| digest_by_length(token) == Some(digest.name)) {
            for (_, derivation) in DERIVATIONS {
                // Without a salt in the key, every salt would do.
                let tried = if *derivation == KeyDerivation::None { 1 } else { salts.len() };
                let tried = salts.iter().take(tried).map(|salt| Way {
                    key: key.clone(),
                    salt: salt.to_vec(),
                    derivation: *derivation,
                    digest,
                });
                ways.extend(tried.filter(|way| way.signed(b'.', token)));
            }
        }
    }
    ways
}

/// A key, and what is often mistaken for it.
fn variants(key: &Key) -> Vec<Key> {
    let secret = &key.secret;
    let trimmed = secret.trim_ascii();
    let unquoted = trimmed
        .strip_prefix(b"'")
        .and_then(|rest| rest.strip_suffix(b"'"))
        .or_else(|| trimmed.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")));
    let escapes = |is_bytes| secret.contains(&b'\\').then(|| unescape(secret, is_bytes)).flatten();
    let others = [
        (" without the space around it", Some(trimmed.to_vec())),
        (" and a line end", Some([secret, b"\n".as_slice()].concat())),
        (" without its quotes", unquoted.map(<[u8]>::to_vec)),
        (" as the bytes that it spells in hex", from_hex(secret)),
        (" as the bytes that it spells in base64", from_base64(secret)),
        (" as the literal that it is in Python", from_python(secret).ok()),
        (" with Python's escapes read, as bytes", escapes(true)),
        (" with Python's escapes read, as text", escapes(false)),
        (" in Latin-1 instead of UTF-8", latin1(secret)),
        (" in UTF-8 instead of Latin-1", (!secret.is_ascii()).then(|| utf8(secret))),
        (" as Python prints bytes, b'…'", Some(repr(&OwnedValue::Bytes(secret.clone())).into_bytes())),
    ];
    let mut variants = vec![key.clone()];
    for (what, secret) in others {
        let secret = secret.filter(|secret| !secret.is_empty());
        let secret = secret.filter(|secret| variants.iter().all(|known| known.secret != *secret));
        variants.extend(secret.map(|secret| Key::new(format!("{}{what}", key.name), secret)));
    }
    variants
}

/// The text's Latin-1, if it is UTF-8 and has one that differs.
fn latin1(text: &[u8]) -> Option<Vec<u8>> {
    std::str::from_utf8(text).ok()?.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect()
}

/// The UTF-8 of Latin-1.
fn utf8(latin1: &[u8]) -> Vec<u8> {
    latin1.iter().map(|byte| char::from(*byte)).collect::<String>().into_bytes()
}
