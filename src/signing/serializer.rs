//! `URLSafeSerializer` and `URLSafeTimedSerializer`: values as signed tokens.

use super::{
    error::SignatureError,
    mac::SigningKeys,
    payload::{Compression, NoCompression, load_payload},
    signer::Signer,
    timestamp::TimestampSigner,
    token::{Dump, Payload, Token},
};
use crate::{
    bytes::sub_slice_mut,
    error::Error,
    json::{Encode, TaggedJsonSerializer, Value},
    sink::{AnySink, Sink, Stopped, WriteError},
    time::Clock,
};

/// A value as signed text (itsdangerous' `URLSafeSerializer`).
///
/// Give it a salt that no timed serializer of the same secret has: to this one,
/// a timed token is a value like any other, whatever its age.
///
/// ```
/// use hipflask::{clock_fn, json::TaggedJsonSerializer, signing::{KeyDerivation, Keyring, UrlSafeSerializer}, sink::SliceSink};
///
/// let keys = Keyring::new(b"secret", b"unsubscribe", KeyDerivation::Hmac);
/// let tokens = UrlSafeSerializer::new(keys, TaggedJsonSerializer::plain());
///
/// let (mut scratch, mut out) = ([0; 64], [0; 128]);
/// let mut sink = SliceSink::new(&mut out);
/// tokens.dumps(&42, &mut scratch, &mut sink)?;
/// let value = tokens.loads(sink.written(), &mut scratch)?;
/// assert_eq!(value.as_i64(), Some(42));
/// # Ok::<(), hipflask::Error>(())
/// ```
#[doc(alias = "URLSafeSerializer")]
#[derive(Debug)]
pub struct UrlSafeSerializer<K, P = TaggedJsonSerializer> {
    signer: Signer<K>,
    serializer: P,
}

/// A value as signed text with the time it was signed at (itsdangerous'
/// `URLSafeTimedSerializer`): the form of Flask's session cookie, and, with
/// another salt, of CSRF and password-reset tokens.
///
/// ```
/// use hipflask::{UnixTime, clock_fn, json::SESSION_JSON_SERIALIZER, sink::SliceSink};
/// use hipflask::signing::{Keyring, UrlSafeTimedSerializer};
///
/// let clock = clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)));
/// let keys = Keyring::for_sessions(b"dev");
/// let tokens = UrlSafeTimedSerializer::new(keys, SESSION_JSON_SERIALIZER);
///
/// let mut scratch = [0; 64];
/// let loaded = tokens.loads(b"eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk", Some(3600), &clock, &mut scratch)?;
/// assert_eq!(loaded.timestamp_secs, 1_700_000_000);
/// # Ok::<(), hipflask::Error>(())
/// ```
#[doc(alias = "URLSafeTimedSerializer")]
#[derive(Debug)]
pub struct UrlSafeTimedSerializer<K, P = TaggedJsonSerializer> {
    signer: TimestampSigner<K>,
    serializer: P,
}

/// A value that was loaded, and when it was signed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Loaded<V> {
    /// The value.
    pub value: V,
    /// When it was signed, in Unix seconds.
    pub timestamp_secs: u64,
}

/// A value of a token that nobody vouches for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct UnsafelyLoaded<'a> {
    /// Whether the signature holds and the token has not expired.
    pub valid: bool,
    /// The value, if the token has one that decodes.
    pub value: Option<Value<'a>>,
}

impl<K: SigningKeys, P> UrlSafeSerializer<K, P> {
    /// Signs with `keys`, which know the salt, what `serializer` writes.
    pub const fn new(keys: K, serializer: P) -> Self {
        Self { signer: Signer::new(keys), serializer }
    }

    /// Uses a signer of another separator.
    pub const fn with_signer(signer: Signer<K>, serializer: P) -> Self {
        Self { signer, serializer }
    }

    /// The signer.
    pub const fn signer(&self) -> &Signer<K> {
        &self.signer
    }

    /// Writes a token for a JSON text.
    pub(super) fn sign_text<D: Dump, S: Sink + ?Sized, Z: Compression + ?Sized>(
        &self,
        text: &D,
        compression: &mut Z,
        sink: &mut S,
    ) -> Result<(), WriteError<S::Error>> {
        let token = Token::new(&self.signer, Payload::new(text, compression)?)?;
        token.write(sink).map_err(WriteError::Sink)
    }
}

impl<K: SigningKeys> UrlSafeSerializer<K> {
    /// The value of a token. `scratch` takes its JSON text, and is borrowed by it.
    ///
    /// # Errors
    /// As [`Signer::unsign`]; [`Error::BadPayload`] and [`Error::Depth`] when
    /// what was signed is not a value; [`Error::Capacity`].
    pub fn loads<'s, 't>(
        &self,
        token: &'t [u8],
        scratch: &'s mut [u8],
    ) -> Result<Value<'s>, SignatureError<'t>> {
        let payload = self.signer.unsign(token)?;
        Ok(loads_payload(self.serializer, payload, scratch)?)
    }

    /// The value of a payload alone, without a signature (itsdangerous'
    /// `load_payload`). Nobody vouches for it.
    ///
    /// # Errors
    /// As [`loads`](Self::loads) once the signature holds.
    pub fn load_payload<'s>(&self, payload: &[u8], scratch: &'s mut [u8]) -> Result<Value<'s>, Error> {
        loads_payload(self.serializer, payload, scratch)
    }

    /// The value of a token whether or not it is signed rightly, for debugging.
    ///
    /// # Errors
    /// As itsdangerous: when the signature holds and the payload does not
    /// decode; besides, [`Error::Capacity`] and what the keys answer.
    pub fn loads_unsafe<'s>(&self, token: &[u8], scratch: &'s mut [u8]) -> Result<UnsafelyLoaded<'s>, Error> {
        let unsigned = self.signer.unsign(token);
        loads_unsafe(self.serializer, unsigned, scratch)
    }

    /// Writes a token for `value`, uncompressed. `scratch` takes its JSON.
    ///
    /// # Errors
    /// [`WriteError::Source`] as [`TaggedJsonSerializer::dumps`] and
    /// [`Signer::signature`], before anything is written; [`WriteError::Sink`].
    pub fn dumps<S: Sink + ?Sized>(
        &self,
        value: &dyn Encode,
        scratch: &mut [u8],
        sink: &mut S,
    ) -> Result<(), WriteError<S::Error>> {
        self.dumps_compressed(value, scratch, &mut NoCompression, sink)
    }

    /// Like [`dumps`](Self::dumps), compressed where itsdangerous would.
    ///
    /// # Errors
    /// As [`dumps`](Self::dumps), and [`Error::Capacity`] when the JSON text is
    /// longer than the memory to compress it in.
    pub fn dumps_compressed<S: Sink + ?Sized, Z: Compression + ?Sized>(
        &self,
        value: &dyn Encode,
        scratch: &mut [u8],
        compression: &mut Z,
        sink: &mut S,
    ) -> Result<(), WriteError<S::Error>> {
        let text = Encoded::new(self.serializer, value, scratch)?;
        self.sign_text(&text, compression, sink)
    }
}

impl<K: SigningKeys, P> UrlSafeTimedSerializer<K, P> {
    /// Signs with `keys`, which know the salt, what `serializer` writes.
    pub const fn new(keys: K, serializer: P) -> Self {
        Self { signer: TimestampSigner::new(keys), serializer }
    }

    /// Uses a signer of another separator, or one that allows for clock skew.
    pub const fn with_signer(signer: TimestampSigner<K>, serializer: P) -> Self {
        Self { signer, serializer }
    }

    /// The signer.
    pub const fn signer(&self) -> &TimestampSigner<K> {
        &self.signer
    }

    /// Writes a token for a JSON text.
    pub(super) fn sign_text<D: Dump, S: Sink + ?Sized, C: Clock + ?Sized, Z: Compression + ?Sized>(
        &self,
        text: &D,
        clock: &C,
        compression: &mut Z,
        sink: &mut S,
    ) -> Result<(), WriteError<S::Error>> {
        let now = clock.now()?;
        let token = Token::with_timestamp(&self.signer, Payload::new(text, compression)?, now)?;
        token.write(sink).map_err(WriteError::Sink)
    }
}

impl<K: SigningKeys> UrlSafeTimedSerializer<K> {
    /// The value of a token and when it was signed. `scratch` takes its JSON
    /// text, and is borrowed by it. Age is checked as by [`TimestampSigner::unsign`].
    ///
    /// # Errors
    /// As [`TimestampSigner::unsign`]; [`Error::BadPayload`] and
    /// [`Error::Depth`] when what was signed is not a value; [`Error::Capacity`].
    pub fn loads<'s, 't, C: Clock + ?Sized>(
        &self,
        token: &'t [u8],
        max_age_secs: Option<i64>,
        clock: &C,
        scratch: &'s mut [u8],
    ) -> Result<Loaded<Value<'s>>, SignatureError<'t>> {
        let signed = self.signer.unsign(token, max_age_secs, clock)?;
        let value = loads_payload(self.serializer, signed.payload, scratch)?;
        Ok(Loaded { value, timestamp_secs: signed.timestamp_secs })
    }

    /// The value of a token whether or not it is signed rightly, for debugging.
    ///
    /// # Errors
    /// As itsdangerous: when the signature holds and the payload does not
    /// decode, or the date lies after the year 9999; besides,
    /// [`Error::Capacity`] and what keys and clock answer.
    pub fn loads_unsafe<'s, C: Clock + ?Sized>(
        &self,
        token: &[u8],
        max_age_secs: Option<i64>,
        clock: &C,
        scratch: &'s mut [u8],
    ) -> Result<UnsafelyLoaded<'s>, Error> {
        let unsigned = self.signer.unsign(token, max_age_secs, clock);
        loads_unsafe(self.serializer, unsigned.map(|signed| signed.payload), scratch)
    }

    /// Writes a token for `value`, uncompressed. `scratch` takes its JSON.
    ///
    /// # Errors
    /// [`WriteError::Source`] as [`TaggedJsonSerializer::dumps`], the keys and
    /// the clock, before anything is written; [`WriteError::Sink`].
    pub fn dumps<S: Sink + ?Sized, C: Clock + ?Sized>(
        &self,
        value: &dyn Encode,
        clock: &C,
        scratch: &mut [u8],
        sink: &mut S,
    ) -> Result<(), WriteError<S::Error>> {
        self.dumps_compressed(value, clock, scratch, &mut NoCompression, sink)
    }

    /// Like [`dumps`](Self::dumps), compressed where itsdangerous would.
    ///
    /// # Errors
    /// As [`dumps`](Self::dumps), and [`Error::Capacity`] when the JSON text is
    /// longer than the memory to compress it in.
    pub fn dumps_compressed<S: Sink + ?Sized, C: Clock + ?Sized, Z: Compression + ?Sized>(
        &self,
        value: &dyn Encode,
        clock: &C,
        scratch: &mut [u8],
        compression: &mut Z,
        sink: &mut S,
    ) -> Result<(), WriteError<S::Error>> {
        let text = Encoded::new(self.serializer, value, scratch)?;
        self.sign_text(&text, clock, compression, sink)
    }
}

/// A value in the scratch, to be written as JSON text.
pub(crate) struct Encoded<'s> {
    pub(crate) value: Value<'s>,
    pub(crate) serializer: TaggedJsonSerializer,
}

impl<'s> Encoded<'s> {
    pub(super) fn new(
        serializer: TaggedJsonSerializer,
        value: &dyn Encode,
        scratch: &'s mut [u8],
    ) -> Result<Self, Error> {
        Ok(Self { value: serializer.encode(value, scratch)?, serializer })
    }
}

impl Dump for Encoded<'_> {
    fn dump(&self, mut sink: AnySink<'_>) -> Result<(), Stopped> {
        self.serializer.write(self.value, &mut sink)
    }
}

fn loads_payload<'s>(
    serializer: TaggedJsonSerializer,
    payload: &[u8],
    scratch: &'s mut [u8],
) -> Result<Value<'s>, Error> {
    let len = load_payload::<NoCompression>(payload, scratch)?;
    serializer.loads(sub_slice_mut(scratch, ..len))
}

fn loads_unsafe<'s>(
    serializer: TaggedJsonSerializer,
    unsigned: Result<&[u8], SignatureError<'_>>,
    scratch: &'s mut [u8],
) -> Result<UnsafelyLoaded<'s>, Error> {
    let error = match unsigned {
        Ok(payload) => {
            let value = Some(loads_payload(serializer, payload, scratch)?);
            return Ok(UnsafelyLoaded { valid: true, value });
        }
        Err(error) if error.kind().is_bad_signature() => error,
        Err(error) => return Err(error.kind()),
    };
    let value = match error.payload().map(|payload| loads_payload(serializer, payload, scratch)) {
        Some(Ok(value)) => Some(value),
        Some(Err(Error::BadPayload(_) | Error::Depth)) | None => None,
        Some(Err(error)) => return Err(error),
    };
    Ok(UnsafelyLoaded { valid: false, value })
}
