//! A token: what is signed, and what signs it. It is written here and nowhere else.
//!
//! The payload is encoded twice, once for the MAC and once for whoever reads the
//! token, so that no buffer is needed for it. The date and the signature are known
//! when there is a [`Token`], so that nothing is left that can fail but a sink.

use core::{convert::Infallible, fmt};

use super::{
    base64::Base64Sink,
    mac::{Mac, SigningKeys},
    payload::{COMPRESSED, Compression, Packed},
    signer::{SignatureSuffix, Signer},
    timestamp::TimestampSigner,
};
use crate::{
    error::Error,
    sink::{FmtSink, Sink},
    time::UnixTime,
};

/// Something that writes the same JSON text each time it is asked.
pub(crate) trait Dump {
    fn dump<S: Sink>(&self, sink: &mut S) -> Result<(), S::Error>;
}

/// A payload, ready to be written as often as needed.
pub(crate) enum Payload<'a, D: ?Sized> {
    /// The text, encoded while it is written.
    Text(&'a D),
    /// A zlib stream.
    Stream(Packed<'a>),
}

impl<'a, D: Dump + ?Sized> Payload<'a, D> {
    /// Packs what `text` writes, if `compression` is one and it pays.
    ///
    /// # Errors
    /// [`Error::Capacity`] when the text is longer than the memory to compress it in.
    pub(crate) fn new<Z: Compression + ?Sized>(text: &'a D, compression: &'a mut Z) -> Result<Self, Error> {
        Ok(match compression.pack(&|sink| text.dump(sink))? {
            Some(packed) => Self::Stream(packed),
            None => Self::Text(text),
        })
    }

    /// Gives the payload to `mac`, and returns its length in bytes.
    fn update(&self, mac: &mut impl Mac) -> usize {
        let mut len_bytes = 0_usize;
        let Ok(()) = self.write_each(|bytes| {
            mac.update(bytes);
            len_bytes = len_bytes.saturating_add(bytes.len());
            Ok::<_, Infallible>(())
        });
        len_bytes
    }

    /// Writes the payload by `write`, up to its first error.
    fn write_each<E>(&self, mut write: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut written = Ok(());
        let stopped = self.write_to(AnySink(&mut |bytes| {
            written = write(bytes);
            written.is_ok()
        }));
        match stopped {
            Ok(()) | Err(Stopped) => written,
        }
    }

    /// The one copy of the writer: a MAC and a header both take its bytes.
    fn write_to(&self, mut sink: AnySink<'_>) -> Result<(), Stopped> {
        if let Self::Stream(_) = self {
            sink.write(&[COMPRESSED])?;
        }
        let mut base64 = Base64Sink::new(sink);
        match self {
            Self::Text(text) => text.dump(&mut base64)?,
            Self::Stream(packed) => base64.write(packed.stream)?,
        }
        base64.finish()
    }
}

/// A sink of any type, behind one type. It says whether it took the bytes.
struct AnySink<'s>(&'s mut dyn FnMut(&[u8]) -> bool);

/// The sink knows why.
struct Stopped;

impl Sink for AnySink<'_> {
    type Error = Stopped;

    fn write(&mut self, bytes: &[u8]) -> Result<(), Stopped> {
        if (self.0)(bytes) { Ok(()) } else { Err(Stopped) }
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
        match self.payload {
            Payload::Text(_) => self.payload_len_bytes.saturating_mul(3) / 4,
            Payload::Stream(packed) => packed.text_len_bytes,
        }
    }

    /// Writes the token.
    pub(crate) fn write<S: Sink + ?Sized>(&self, sink: &mut S) -> Result<(), S::Error> {
        self.payload.write_each(|bytes| sink.write(bytes))?;
        sink.write(self.suffix.as_bytes())
    }
}

impl<D: ?Sized> Token<'_, D> {
    /// Whether the payload is compressed.
    pub(crate) const fn is_compressed(&self) -> bool {
        matches!(self.payload, Payload::Stream(_))
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
