//! The payload: JSON text, unpacked from a token, and what packs it.
//!
//! As itsdangerous' `URLSafeSerializerMixin`: base64url of the JSON text, or a
//! dot and base64url of its zlib stream, if that is at least two bytes shorter.

use super::base64::{Base64Reader, NOT_BASE64};
use crate::{
    error::Error,
    sink::SliceSink,
    zlib::{DeflateScratch, Scratch, inflate},
};

/// Stands in front of a compressed payload.
pub(super) const COMPRESSED: u8 = b'.';

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
    let len = reader.fill(buffer).ok_or(NOT_BASE64)?;
    let mut more = [0];
    if len == buffer.len() && reader.fill(&mut more).ok_or(NOT_BASE64)? > 0 {
        let needed_bytes = payload.len().saturating_mul(3) / 4;
        return Err(Error::Capacity { needed_bytes, capacity_bytes: len });
    }
    Ok(len)
}

/// A text, compressed.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Packed<'a> {
    pub(super) stream: &'a [u8],
    pub(super) text_len_bytes: usize,
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
#[expect(clippy::exhaustive_structs, reason = "a unit: its name is its value")]
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
#[expect(clippy::exhaustive_structs, reason = "a unit: its name is its value")]
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
