//! Flask-WTF: tokens that tie a form to a session.

use core::fmt;

use super::secret_key::SecretKey;
use crate::{
    bytes::{as_str, write_hex},
    error::Error,
    json::{TaggedJsonSerializer, Value},
    session::Session,
    signing::{
        KeyDerivation, Keyring, SecretKeySource, SignatureSuffix, TimestampSigner, UrlSafeTimedSerializer,
        mac::are_equal,
        serializer::Encoded,
        token::{Payload, Token},
    },
    sink::{CountSink, FmtSink},
    time::{Clock, UnixTime, clock_fn},
};

/// With this salt, a token is no session's cookie, and no session's cookie a token.
const SALT: &[u8] = b"wtf-csrf-token";
/// itsdangerous' own, which Flask-WTF leaves as it is.
const DERIVATION: KeyDerivation = KeyDerivation::DjangoConcat;
/// Room for the JSON text in a token.
const TEXT_BYTES: usize = 256;

/// Flask-WTF's protection against cross-site request forgery: the session holds a random
/// text, and each form that text again, signed and dated. Another site can have a form
/// sent, but cannot know the token.
///
/// A form that Flask rendered is valid here, and one from here is valid there.
///
/// ```
/// use hipflask::{Error, SecureCookieSession, UnixTime, clock_fn};
/// use hipflask::extensions::{CsrfError, FlaskWtf};
///
/// let csrf = FlaskWtf::new("dev")?;
/// let clock = clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)));
/// let mut session = SecureCookieSession::<256>::new();
///
/// # fn random(bytes: &mut [u8; 20]) -> Result<(), Error> { Ok(bytes.fill(7)) }
/// let token = csrf.generate(&mut session, random, &clock)?.to_string();
/// let field = format!(r#"<input type="hidden" name="csrf_token" value="{token}">"#);
///
/// assert_eq!(csrf.validate(&session, &token, &clock), Ok(()));
/// assert_eq!(csrf.validate(&session, "", &clock), Err(CsrfError::Missing));
/// # Ok::<(), hipflask::Error>(())
/// ```
pub struct FlaskWtf<'f> {
    keys: Keyring,
    clock_skew_secs: u64,
    field_name: &'f str,
    time_limit_secs: Option<i64>,
}

impl FlaskWtf<'static> {
    /// The headers that a request without a form has its token in, the first one first: the
    /// default of `WTF_CSRF_HEADERS`.
    #[doc(alias = "WTF_CSRF_HEADERS")]
    pub const HEADERS: [&'static str; 2] = ["X-CSRFToken", "X-CSRF-Token"];

    /// The methods of requests that need a token: the default of `WTF_CSRF_METHODS`.
    #[doc(alias = "WTF_CSRF_METHODS")]
    pub const METHODS: [&'static str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

    /// Signs tokens with `secret_key`: Flask's `WTF_CSRF_SECRET_KEY` where it is set, else its
    /// `SECRET_KEY`. A token is good for an hour.
    ///
    /// # Errors
    /// [`Error::NoSecretKey`] when the key is empty.
    pub fn new<'k>(secret_key: impl Into<SecretKey<'k>>) -> Result<Self, Error> {
        let secret_key = secret_key.into();
        secret_key.check()?;
        Ok(Self {
            keys: Keyring::new(secret_key.utf8(), SALT, DERIVATION),
            clock_skew_secs: 0,
            field_name: "csrf_token",
            time_limit_secs: Some(60 * 60),
        })
    }

    /// Signs tokens with the current secret of `source`. Its fallbacks do not count, as in
    /// Flask-WTF: see [`accepting_fallbacks_of`](Self::accepting_fallbacks_of).
    ///
    /// # Errors
    /// As [`new`](Self::new), and what the source answers.
    pub fn from_source<S: SecretKeySource + ?Sized>(source: &S) -> Result<Self, Error> {
        let mut csrf = Err(Error::NoSecretKey);
        source.with_current(&mut |secret| csrf = Self::new(secret))?;
        csrf
    }
}

impl<'f> FlaskWtf<'f> {
    /// Lets a form in that the older `secret_key` signed. Flask-WTF never does: it knows one
    /// key, so that changing it makes every open form invalid. Such a form is valid here
    /// and invalid in Flask.
    ///
    /// # Errors
    /// [`Error::NoSecretKey`] when the key is empty; [`Error::TooManyFallbacks`] for more
    /// than two.
    pub fn accepting_old_key<'k>(mut self, secret_key: impl Into<SecretKey<'k>>) -> Result<Self, Error> {
        let secret_key = secret_key.into();
        secret_key.check()?;
        self.keys.push_fallback(secret_key.utf8(), SALT, DERIVATION)?;
        Ok(self)
    }

    /// The same for each fallback of `source`.
    ///
    /// # Errors
    /// [`Error::TooManyFallbacks`] for more than two, and what the source answers.
    pub fn accepting_fallbacks_of<S: SecretKeySource + ?Sized>(mut self, source: &S) -> Result<Self, Error> {
        let mut pushed = Ok(());
        source.with_fallbacks(&mut |secret| {
            pushed = pushed.and_then(|()| self.keys.push_fallback(secret, SALT, DERIVATION));
        })?;
        pushed.map(|()| self)
    }

    /// Sets `WTF_CSRF_FIELD_NAME`, the name of the form's field and of the session's entry:
    /// `csrf_token`.
    #[must_use]
    #[doc(alias = "WTF_CSRF_FIELD_NAME")]
    pub fn with_field_name<'n>(self, field_name: &'n str) -> FlaskWtf<'n> {
        FlaskWtf {
            keys: self.keys,
            clock_skew_secs: self.clock_skew_secs,
            field_name,
            time_limit_secs: self.time_limit_secs,
        }
    }

    /// Sets `WTF_CSRF_TIME_LIMIT`, for how many seconds a token is good: 3600. With `None`
    /// it is for as long as the session has the same text.
    #[must_use]
    #[doc(alias = "WTF_CSRF_TIME_LIMIT")]
    pub fn with_time_limit_secs(self, time_limit_secs: Option<i64>) -> Self {
        Self { time_limit_secs, ..self }
    }

    /// Allows for clocks of two hosts that differ by up to `clock_skew_secs`, as
    /// [`TimestampSigner::with_clock_skew_secs`] says: give it what the sessions have.
    #[must_use]
    pub fn with_clock_skew_secs(self, clock_skew_secs: u64) -> Self {
        Self { clock_skew_secs, ..self }
    }

    /// The name of the form's field and of the session's entry.
    #[must_use]
    pub const fn field_name(&self) -> &'f str {
        self.field_name
    }

    /// Makes the token for a form (Flask-WTF's `generate_csrf`), which `Display` writes. All
    /// that is in it can stand in HTML as it is.
    ///
    /// A session that has no random text yet gets one: 40 hex digits of the 20 bytes that
    /// `random` fills, where Flask-WTF hashes 64 of them. So does one that has something
    /// else in that place, or more than 254 letters; of what is no text, Flask-WTF makes a
    /// form that it will not accept.
    ///
    /// # Errors
    /// What `random` and the clock answer; [`Error::Capacity`] when the session has no room
    /// for the text; [`Error::NoSecretKey`] on a null session.
    #[doc(alias = "generate_csrf")]
    pub fn generate<'s, C: Clock + ?Sized, E: From<Error>>(
        &self,
        session: &'s mut Session,
        random: impl FnOnce(&mut [u8; 20]) -> Result<(), E>,
        clock: &C,
    ) -> Result<CsrfToken<'s>, E> {
        if !session.get(self.field_name).is_some_and(is_usable) {
            let mut bytes = [0; 20];
            random(&mut bytes)?;
            let mut digits = [0; 40];
            write_hex(&bytes, &mut digits);
            session.insert(self.field_name, as_str(&digits))?;
        }
        let text = session.get(self.field_name).map(encoded).ok_or(Error::NoSecretKey)?;
        let token = Token::with_timestamp(&self.signer(), Payload::streamed(&text), clock.now()?)?;
        let suffix = token.into_suffix();
        Ok(CsrfToken { text, suffix })
    }

    /// Checks that a form with this token came from a page of this session (Flask-WTF's
    /// `validate_csrf`). The token may be any bytes, of any length.
    ///
    /// # Errors
    /// [`CsrfError`], the first reason of those that Flask-WTF gives, in its order.
    #[doc(alias = "validate_csrf")]
    pub fn validate<C: Clock + ?Sized>(
        &self,
        session: &Session,
        token: impl AsRef<[u8]>,
        clock: &C,
    ) -> Result<(), CsrfError> {
        self.validate_bytes(session, token.as_ref(), &|| clock.now())
    }

    fn validate_bytes(
        &self,
        session: &Session,
        token: &[u8],
        now: &dyn Fn() -> Result<UnixTime, Error>,
    ) -> Result<(), CsrfError> {
        if token.is_empty() {
            return Err(CsrfError::Missing);
        }
        let own = session.get(self.field_name).ok_or(CsrfError::NoSession)?;
        // What is signed is ASCII; base64 would be read over anything else.
        if !token.is_ascii() {
            return Err(CsrfError::Invalid);
        }
        let mut scratch = [0; TEXT_BYTES];
        let tokens = UrlSafeTimedSerializer::with_signer(self.signer(), TaggedJsonSerializer::plain());
        let loaded = tokens.loads(token, self.time_limit_secs, &clock_fn(now), &mut scratch);
        let value = match loaded.map_err(|error| error.kind()) {
            Ok(loaded) => loaded.value,
            Err(error) if error.is_expired() => return Err(CsrfError::Expired),
            // A text of that length is signed, and no session's.
            Err(Error::Capacity { .. }) => return Err(CsrfError::Mismatch),
            Err(error @ (Error::ClockNotSet | Error::MacUnavailable)) => {
                return Err(CsrfError::Failed(error));
            }
            Err(_) => return Err(CsrfError::Invalid),
        };
        match (own.as_str(), value.as_str()) {
            // Python's `compare_digest` compares no other text.
            (Some(own), Some(value)) if own.is_ascii() && are_equal(own.as_bytes(), value.as_bytes()) => {
                Ok(())
            }
            _ => Err(CsrfError::Mismatch),
        }
    }

    /// Checks that a request that came by HTTPS was sent by a page of `host`, by its header
    /// `Referer`: what Flask-WTF does after [`validate`](Self::validate) where
    /// `WTF_CSRF_SSL_STRICT` is set, as it is by default. `host` is the header `Host`.
    ///
    /// It compares the spelling that browsers use. A `Referer` with a user's name, or with
    /// the port 443 written out, does not match.
    ///
    /// # Errors
    /// [`CsrfError::ReferrerMissing`], [`CsrfError::ReferrerMismatch`].
    #[doc(alias = "WTF_CSRF_SSL_STRICT")]
    pub fn check_referrer(referrer: Option<&[u8]>, host: &[u8]) -> Result<(), CsrfError> {
        let referrer = referrer.filter(|referrer| !referrer.is_empty()).ok_or(CsrfError::ReferrerMissing)?;
        let authority = || {
            let (scheme, rest) = referrer.split_at_checked(b"https://".len())?;
            let is_https = scheme.eq_ignore_ascii_case(b"https://");
            is_https.then(|| rest.split(|byte| b"/?#".contains(byte)).next())?
        };
        // As Werkzeug's `request.host`.
        let host = host.strip_suffix(b":443").unwrap_or(host);
        let matches =
            authority().is_some_and(|of_page| is_authority(host) && of_page.eq_ignore_ascii_case(host));
        if matches { Ok(()) } else { Err(CsrfError::ReferrerMismatch) }
    }

    fn signer(&self) -> TimestampSigner<&Keyring> {
        TimestampSigner::new(&self.keys).with_clock_skew_secs(self.clock_skew_secs)
    }
}

/// A session's value, to be written as itsdangerous writes it.
const fn encoded(value: Value<'_>) -> Encoded<'_> {
    Encoded { value, serializer: TaggedJsonSerializer::plain() }
}

/// Whether a token of a session's value is read again.
fn is_usable(value: Value<'_>) -> bool {
    let mut count = CountSink::default();
    let Ok(()) = TaggedJsonSerializer::plain().write(value, &mut count);
    value.as_str().is_some() && count.len_bytes() <= TEXT_BYTES
}

/// Whether `host` is one to Werkzeug, with or without a port.
fn is_authority(host: &[u8]) -> bool {
    let port_at = host.iter().rposition(|byte| *byte == b':').filter(|_| !host.ends_with(b"]"));
    let (name, port) = host.split_at_checked(port_at.unwrap_or(host.len())).unwrap_or((host, &[]));
    let is_port = |digits: &[u8]| !digits.starts_with(b"0") && as_str(digits).parse::<u16>().is_ok();
    let is_name = match name {
        [b'[', address @ .., b']'] => {
            address.iter().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(byte))
        }
        name => name.iter().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(byte)),
    };
    !name.is_empty() && is_name && port.strip_prefix(b":").is_none_or(is_port)
}

impl fmt::Debug for FlaskWtf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlaskWtf")
            .field("field_name", &self.field_name)
            .field("time_limit_secs", &self.time_limit_secs)
            .finish_non_exhaustive()
    }
}

/// The token of a form. It borrows the session's text; write it into the form before the
/// session is used again.
pub struct CsrfToken<'s> {
    text: Encoded<'s>,
    suffix: SignatureSuffix,
}

impl fmt::Display for CsrfToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Payload::streamed(&self.text).write(&mut FmtSink(&mut *f))?;
        f.write_str(as_str(self.suffix.as_bytes()))
    }
}

/// Shows no token.
impl fmt::Debug for CsrfToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsrfToken").finish_non_exhaustive()
    }
}

/// Why a form is refused (Flask-WTF's exception of the same name, a 400 Bad Request), in
/// Flask-WTF's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "CSRFError")]
#[doc(alias = "ValidationError")]
#[non_exhaustive]
pub enum CsrfError {
    /// The request has no token.
    Missing,
    /// The session has no text to compare with: none of its pages had a form, or the cookie
    /// did not come back.
    NoSession,
    /// The token is older than the time limit, or from the future.
    Expired,
    /// The token was not signed with this key.
    Invalid,
    /// The token is another session's.
    Mismatch,
    /// The request does not say which page sent it.
    ReferrerMissing,
    /// A page of another site sent the request.
    ReferrerMismatch,
    /// The token could not be checked: the clock is not set.
    Failed(Error),
}

impl fmt::Display for CsrfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "The CSRF token is missing.",
            Self::NoSession => "The CSRF session token is missing.",
            Self::Expired => "The CSRF token has expired.",
            Self::Invalid => "The CSRF token is invalid.",
            Self::Mismatch => "The CSRF tokens do not match.",
            Self::ReferrerMissing => "The referrer header is missing.",
            Self::ReferrerMismatch => "The referrer does not match the host.",
            Self::Failed(error) => return error.fmt(f),
        })
    }
}

impl core::error::Error for CsrfError {}
