//! Tokens of plain JSON that are read straight into Rust types.

use serde::Deserialize;

use super::{
    error::SignatureError,
    mac::SigningKeys,
    payload::{NoCompression, load_payload},
    serializer::{Encoded, Loaded, UrlSafeSerializer, UrlSafeTimedSerializer},
};
use crate::{
    error::Error,
    json::{CompactJson, Encode, TaggedJsonSerializer},
    sink::{Sink, WriteError},
    time::Clock,
};

impl<K: SigningKeys> UrlSafeSerializer<K, CompactJson> {
    /// The value of a token. `scratch` takes its JSON text, from which `T` may
    /// borrow, and behind it the longest string that has escapes.
    ///
    /// # Errors
    /// As [`Signer::unsign`](super::Signer::unsign), then as [`CompactJson`]
    /// reads; [`Error::Capacity`].
    pub fn loads<'s, 't, T: Deserialize<'s>>(
        &self,
        token: &'t [u8],
        scratch: &'s mut [u8],
    ) -> Result<T, SignatureError<'t>> {
        Ok(loads_payload(self.signer().unsign(token)?, scratch)?)
    }

    /// Writes a token for `value`, uncompressed. `scratch` takes its JSON.
    ///
    /// # Errors
    /// [`WriteError::Source`] as [`CompactJson`] and
    /// [`Signer::signature`](super::Signer::signature), before anything is
    /// written; [`WriteError::Sink`].
    pub fn dumps<S: Sink + ?Sized>(
        &self,
        value: &dyn Encode,
        scratch: &mut [u8],
        sink: &mut S,
    ) -> Result<(), WriteError<S::Error>> {
        self.sign_text(&encode(value, scratch)?, &mut NoCompression, sink)
    }
}

impl<K: SigningKeys> UrlSafeTimedSerializer<K, CompactJson> {
    /// The value of a token and when it was signed. `scratch` takes its JSON
    /// text, from which `T` may borrow, and behind it the longest string that
    /// has escapes. Age is checked as by
    /// [`TimestampSigner::unsign`](super::TimestampSigner::unsign).
    ///
    /// # Errors
    /// As [`TimestampSigner::unsign`](super::TimestampSigner::unsign), then as
    /// [`CompactJson`] reads; [`Error::Capacity`].
    pub fn loads<'s, 't, T: Deserialize<'s>>(
        &self,
        token: &'t [u8],
        max_age_secs: Option<i64>,
        clock: &(impl Clock + ?Sized),
        scratch: &'s mut [u8],
    ) -> Result<Loaded<T>, SignatureError<'t>> {
        let signed = self.signer().unsign(token, max_age_secs, clock)?;
        let value = loads_payload(signed.payload, scratch)?;
        Ok(Loaded { value, timestamp_secs: signed.timestamp_secs })
    }

    /// Writes a token for `value`, uncompressed. `scratch` takes its JSON.
    ///
    /// # Errors
    /// [`WriteError::Source`] as [`CompactJson`], the keys and the clock, before
    /// anything is written; [`WriteError::Sink`].
    pub fn dumps<S: Sink + ?Sized, C: Clock + ?Sized>(
        &self,
        value: &dyn Encode,
        clock: &C,
        scratch: &mut [u8],
        sink: &mut S,
    ) -> Result<(), WriteError<S::Error>> {
        self.sign_text(&encode(value, scratch)?, clock, &mut NoCompression, sink)
    }
}

fn encode<'s>(value: &dyn Encode, scratch: &'s mut [u8]) -> Result<Encoded<'s>, Error> {
    let encoded = Encoded::new(TaggedJsonSerializer::plain(), value, scratch)?;
    if CompactJson.can_read_numbers(encoded.value) { Ok(encoded) } else { Err(Error::NotSerializable) }
}

fn loads_payload<'s, T: Deserialize<'s>>(payload: &[u8], scratch: &'s mut [u8]) -> Result<T, Error> {
    let len = load_payload::<NoCompression>(payload, scratch)?;
    let (text, unescaped) = scratch.split_at_mut_checked(len).unwrap_or_default();
    CompactJson.loads(text, unescaped)
}
