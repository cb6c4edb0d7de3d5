//! A token: what is signed, and what signs it. It is written here and nowhere else.
//!
//! Where no memory is lent, the payload is encoded twice: for the MAC, and for whoever
//! reads the token. The date and the signature are known when there is a [`Token`], so
//! that nothing is left that can fail but a sink.

use core::{convert::Infallible, fmt};

use super::{
    base64::{Base64Sink, len_bytes_of},
    mac::{Mac, SigningKeys},
    payload::{Compression, Packed},
    signer::{SignatureSuffix, Signer},
    timestamp::TimestampSigner,
};
use crate::{
    error::Error,
    sink::{AnySink, FmtSink, Sink, Stopped, with_any_sink},
    time::UnixTime,
};

/// Something that writes the same JSON text each time it is asked.
pub(crate) trait Dump {
    fn dump(&self, sink: AnySink<'_>) -> Result<(), Stopped>;
}

/// A payload, ready to be written as often as needed.
pub(crate) struct Payload<'a, D: ?Sized> {
    text: &'a D,
    /// `None` where the text is encoded while it is written.
    packed: Option<Packed<'a>>,
}

impl<'a, D: Dump + ?Sized> Payload<'a, D> {
    /// Packs what `text` writes, where `compression` has memory for it.
    ///
    /// # Errors
    /// [`Error::Capacity`] when the text is longer than the memory to compress it in.
    pub(crate) fn new<Z: Compression + ?Sized>(text: &'a D, compression: &'a mut Z) -> Result<Self, Error> {
        Ok(Self { text, packed: compression.pack(&|sink| text.dump(sink))? })
    }

    /// Of what `text` writes, without memory.
    #[cfg(feature = "flask-wtf")]
    pub(crate) const fn streamed(text: &'a D) -> Self {
        Self { text, packed: None }
    }

    /// Gives the payload to `mac`, and returns its length in bytes.
    fn update(&self, mac: &mut impl Mac) -> usize {
        let mut sink = MacSink { mac, len_bytes: 0 };
        let Ok(()) = self.write(&mut sink);
        sink.len_bytes
    }

    /// Writes the payload.
    pub(crate) fn write<S: Sink + ?Sized>(&self, sink: &mut S) -> Result<(), S::Error> {
        match &self.packed {
            Some(packed) => sink.write(packed.encoded),
            None => with_any_sink(sink, |sink| Base64Sink::encode(sink, |sink| self.text.dump(sink))),
        }
    }
}

/// Gives a MAC what is written, and counts it.
struct MacSink<'m, M> {
    mac: &'m mut M,
    len_bytes: usize,
}

impl<M: Mac> Sink for MacSink<'_, M> {
    type Error = Infallible;

    fn write(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.mac.update(bytes);
        self.len_bytes = self.len_bytes.saturating_add(bytes.len());
        Ok(())
    }
}

/// A signed payload. Writing it cannot fail but for the sink, and can be repeated.
pub(crate) struct Token<'a, D: ?Sized> {
    payload: Payload<'a, D>,
    payload_len_bytes: usize,
    suffix: SignatureSuffix,
}

impl<'a, D: Dump + ?Sized> Token<'a, D> {
    /// Signs `payload`.
    ///
    /// # Errors
    /// What the keys answer.
    pub(crate) fn new<K: SigningKeys>(signer: &Signer<K>, payload: Payload<'a, D>) -> Result<Self, Error> {
        let mut mac = signer.begin()?;
        let payload_len_bytes = payload.update(&mut mac);
        let suffix = signer.finish(mac)?;
        Ok(Self { payload, payload_len_bytes, suffix })
    }

    /// Signs `payload` and the time `now`.
    ///
    /// # Errors
    /// What the keys answer.
    #[inline(never)]
    pub(crate) fn with_timestamp<K: SigningKeys>(
        signer: &TimestampSigner<K>,
        payload: Payload<'a, D>,
        now: UnixTime,
    ) -> Result<Self, Error> {
        let mut mac = signer.begin()?;
        let payload_len_bytes = payload.update(&mut mac);
        let suffix = signer.finish(mac, now)?;
        Ok(Self { payload, payload_len_bytes, suffix })
    }

    /// The length of the token.
    pub(crate) fn len_bytes(&self) -> usize {
        self.payload_len_bytes.saturating_add(self.suffix.as_bytes().len())
    }

    /// The length of the JSON text that the payload holds.
    pub(crate) fn text_len_bytes(&self) -> usize {
        self.payload.packed.map_or(len_bytes_of(self.payload_len_bytes), |packed| packed.text_len_bytes)
    }

    /// Writes the token.
    pub(crate) fn write<S: Sink + ?Sized>(&self, sink: &mut S) -> Result<(), S::Error> {
        self.payload.write(sink)?;
        sink.write(self.suffix.as_bytes())
    }
}

impl<D: ?Sized> Token<'_, D> {
    /// What follows the payload.
    #[cfg(feature = "flask-wtf")]
    pub(crate) fn into_suffix(self) -> SignatureSuffix {
        self.suffix
    }

    /// Whether the payload is compressed.
    pub(crate) const fn is_compressed(&self) -> bool {
        matches!(&self.payload.packed, Some(packed) if packed.is_compressed())
    }
}

impl<D: Dump + ?Sized> fmt::Display for Token<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(&mut FmtSink(f))
    }
}

/// Shows no contents: it may be what logs in.
impl<D: ?Sized> fmt::Debug for Token<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("is_compressed", &self.is_compressed()).finish_non_exhaustive()
    }
}
