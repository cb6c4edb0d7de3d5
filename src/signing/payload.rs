//! The payload: JSON text, packed for a cookie and unpacked again.
//!
//! As itsdangerous' `URLSafeSerializerMixin`: base64url of the JSON text, or a
//! dot and base64url of its zlib stream, if that is at least two bytes shorter.

use core::fmt;

use super::{Base64Reader, base64::Base64Sink};
use crate::{
    Error,
    sink::{Sink, SliceSink},
    zlib::{DeflateScratch, Scratch, inflate},
};

/// Stands in front of a compressed payload.
const COMPRESSED: u8 = b'.';

/// Decodes `payload` into `buffer`; returns the length of the JSON text.
///
/// # Errors
/// [`Error::BadPayload`] when it is not base64 or not zlib; [`Error::Capacity`]
/// when the text is longer than `buffer`; [`Error::Compressed`] with [`NoZlib`].
pub(crate) fn load_payload<Z: Compression + ?Sized>(
    payload: &[u8],
    buffer: &mut [u8],
) -> Result<usize, Error> {
    if let [COMPRESSED, text @ ..] = payload {
        let mut reader = Base64Reader::new(text);
        let len = Z::inflate(&mut reader, buffer)?;
        // What follows the stream is ignored, but it has to be base64.
        reader.finish()?;
        return Ok(len);
    }
    let mut reader = Base64Reader::new(payload);
    let len = reader.read(buffer)?;
    let mut more = [0];
    if len == buffer.len() && reader.read(&mut more)? > 0 {
        let needed_bytes = payload.len().saturating_mul(3) / 4;
        return Err(Error::Capacity { needed_bytes, capacity_bytes: len });
    }
    Ok(len)
}

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

/// A text, compressed.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Packed<'a> {
    stream: &'a [u8],
    text_len_bytes: usize,
}

impl<D: Dump + ?Sized> Payload<'_, D> {
    /// The length of the JSON text, if the payload has `len_bytes`.
    pub(crate) fn text_len_bytes(&self, len_bytes: usize) -> usize {
        match self {
            Self::Text(_) => len_bytes.saturating_mul(3) / 4,
            Self::Stream(packed) => packed.text_len_bytes,
        }
    }

    /// Writes the payload without a buffer.
    pub(crate) fn write<S: Sink>(&self, mut sink: S) -> Result<(), S::Error> {
        let mut written = Ok(());
        let stopped = self.write_to(AnySink(&mut |bytes| {
            written = sink.write(bytes);
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

mod sealed {
    pub trait Sealed {}
}

/// Whether payloads are compressed: [`NoCompression`], or the memory to do it
/// in, [`DeflateScratch`](crate::zlib::DeflateScratch), lent for one save.
/// Compressed ones are read either way, but for [`NoZlib`].
///
/// Flask reads both. Compressing costs five bytes of RAM for every byte of JSON
/// text (and code; the README has figures), and keeps large sessions below the
/// browser's 4 KB. A session longer than the memory is
/// [`Error::Capacity`], never silently written uncompressed.
///
/// Do not keep a secret beside text that an attacker chooses in a compressed
/// session: the cookie's length then tells how much they have in common (CRIME).
/// This holds for Flask as well.
pub trait Compression: sealed::Sealed {
    /// Packs the text that `dump` writes, if it is packed at all.
    #[doc(hidden)]
    fn pack(
        &mut self,
        _dump: &dyn Fn(&mut SliceSink<'_>) -> Result<(), Error>,
    ) -> Result<Option<Packed<'_>>, Error> {
        Ok(None)
    }

    /// Unpacks a zlib stream to the start of `buffer`.
    #[doc(hidden)]
    fn inflate(stream: &mut Base64Reader<'_>, buffer: &mut [u8]) -> Result<usize, Error> {
        inflate(stream, buffer)
    }
}

/// Payloads are written as they are, encoded on the way, without a buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoCompression;

impl sealed::Sealed for NoCompression {}

impl Compression for NoCompression {}

/// Payloads are neither compressed nor inflated: one that is compressed is
/// refused with [`Error::Compressed`].
///
/// Flask compresses most sessions, so this is for a device that only opens what
/// it wrote itself. It leaves the inflater, and the stack it takes, out of the
/// firmware; `docs/firmware.md` says how much that is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoZlib;

impl sealed::Sealed for NoZlib {}

impl Compression for NoZlib {
    fn inflate(_: &mut Base64Reader<'_>, _: &mut [u8]) -> Result<usize, Error> {
        Err(Error::Compressed)
    }
}

impl sealed::Sealed for Scratch {}

impl Compression for Scratch {
    fn pack(
        &mut self,
        dump: &dyn Fn(&mut SliceSink<'_>) -> Result<(), Error>,
    ) -> Result<Option<Packed<'_>>, Error> {
        let mut sink = SliceSink::new(self.input_mut());
        dump(&mut sink)?;
        let len = sink.written().len();
        // Worth it from two bytes on: len(zlib) < len(json) - 1.
        let stream = self.deflate(len, len.saturating_sub(2))?.stream;
        Ok(stream.map(|stream| Packed { stream, text_len_bytes: len }))
    }
}

impl<const N: usize> sealed::Sealed for DeflateScratch<N> {}

impl<const N: usize> Compression for DeflateScratch<N> {
    fn pack(
        &mut self,
        dump: &dyn Fn(&mut SliceSink<'_>) -> Result<(), Error>,
    ) -> Result<Option<Packed<'_>>, Error> {
        let scratch: &mut Scratch = self;
        scratch.pack(dump)
    }
}

/// Packs what `dump` writes.
///
/// # Errors
/// [`Error::Capacity`] when the text is longer than the memory to compress it in.
pub(crate) fn dump_payload<'a, D: Dump + ?Sized, Z: Compression + ?Sized>(
    text: &'a D,
    compression: &'a mut Z,
) -> Result<Payload<'a, D>, Error> {
    Ok(match compression.pack(&|sink| text.dump(sink))? {
        Some(packed) => Payload::Stream(packed),
        None => Payload::Text(text),
    })
}

impl<D: ?Sized> fmt::Debug for Payload<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text",
            Self::Stream(_) => "Stream",
        })
    }
}
