//! The payload: JSON text, unpacked from a token, and what packs it.
//!
//! As itsdangerous' `URLSafeSerializerMixin`: base64url of the JSON text, or a
//! dot and base64url of its zlib stream, if that is at least two bytes shorter.

use super::base64::{Base64Reader, Base64Sink, NOT_BASE64, len_bytes_of};
#[cfg(feature = "alloc")]
use super::base64::{encode_into, room_len};
use crate::{
    error::Error,
    sink::{AnySink, Sink, SliceSink, Stopped, with_any_sink},
    zlib::{DeflateScratch, Deflated, Scratch, inflate},
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
    let len = reader.fill(buffer).ok_or(NOT_BASE64)?;
    let mut more = [0];
    if len == buffer.len() && reader.fill(&mut more).ok_or(NOT_BASE64)? > 0 {
        return Err(Error::Capacity { needed_bytes: len_bytes_of(payload.len()), capacity_bytes: len });
    }
    Ok(len)
}

/// A payload that is written: in the memory that was lent.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Packed<'a> {
    /// As it stands in a token.
    pub(super) encoded: &'a [u8],
    /// The length of the JSON text.
    pub(super) text_len_bytes: usize,
}

impl Packed<'_> {
    pub(super) const fn is_compressed(&self) -> bool {
        matches!(self.encoded, [COMPRESSED, ..])
    }
}

mod sealed {
    pub trait Sealed {}
}

/// Something that writes the same JSON text each time it is asked.
type DumpText<'d> = &'d dyn Fn(AnySink<'_>) -> Result<(), Stopped>;

/// What saving is lent, and so whether payloads are compressed. Compressed ones are read
/// either way, but for [`NoZlib`].
///
/// | | memory | |
/// |---|---|---|
/// | [`NoCompression`] | none | JSON and base64 are written twice: for the signature and for the header |
/// | `[u8]` | 4 bytes for every 3 of JSON text | once; a buffer that is too short is done without |
/// | with `alloc` a `Vec<u8>` | grows to 7 bytes for every 3 | once |
/// | [`zlib::Scratch`](Scratch) | 5 bytes for every byte | compressed where Flask would |
///
/// Flask reads all of them. Compressing costs code as well (the README has figures), and
/// keeps large sessions below the browser's 4 KB. A session longer than its memory is
/// [`Error::Capacity`], never silently written uncompressed.
///
/// Do not keep a secret beside text that an attacker chooses in a compressed
/// session: the cookie's length then tells how much they have in common (CRIME).
/// This holds for Flask as well.
pub trait Compression: sealed::Sealed {
    /// Packs the text that `dump` writes, if there is memory for it.
    #[doc(hidden)]
    fn pack(&mut self, _dump: DumpText<'_>) -> Result<Option<Packed<'_>>, Error> {
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

impl sealed::Sealed for [u8] {}

/// Payloads are not compressed, and written once.
impl Compression for [u8] {
    fn pack(&mut self, dump: DumpText<'_>) -> Result<Option<Packed<'_>>, Error> {
        let mut encoded = SliceSink::new(self);
        let fits = with_any_sink(&mut encoded, |sink| Base64Sink::encode(sink, dump)).is_ok();
        let encoded: &[u8] = encoded.into_written();
        Ok(fits.then_some(Packed { encoded, text_len_bytes: len_bytes_of(encoded.len()) }))
    }
}

#[cfg(feature = "alloc")]
impl sealed::Sealed for alloc::vec::Vec<u8> {}

/// Payloads are not compressed, and written once: the text, and behind it what it is in a
/// token. What was in it is dropped.
#[cfg(feature = "alloc")]
impl Compression for alloc::vec::Vec<u8> {
    fn pack(&mut self, dump: DumpText<'_>) -> Result<Option<Packed<'_>>, Error> {
        self.clear();
        let Ok(()) = with_any_sink(self, dump);
        let text_len_bytes = self.len();
        self.resize(text_len_bytes.saturating_add(room_len(text_len_bytes)), 0);
        let (text, room) = self.split_at_mut_checked(text_len_bytes).unwrap_or_default();
        Ok(Some(Packed { encoded: encode_into(text, room), text_len_bytes }))
    }
}

impl sealed::Sealed for Scratch {}

impl Compression for Scratch {
    fn pack(&mut self, dump: DumpText<'_>) -> Result<Option<Packed<'_>>, Error> {
        let mut text = SliceSink::new(self.input_mut());
        with_any_sink(&mut text, dump)?;
        let len = text.written().len();
        // Worth it from two bytes on: len(zlib) < len(json) - 1.
        let (Deflated { input, stream, .. }, room) = self.deflate_beside_room(len, len.saturating_sub(2))?;
        let mut encoded = SliceSink::new(room);
        if stream.is_some() {
            encoded.write(&[COMPRESSED])?;
        }
        with_any_sink(&mut encoded, |sink| {
            Base64Sink::encode(sink, |mut sink| sink.write(stream.unwrap_or(input)))
        })?;
        Ok(Some(Packed { encoded: encoded.into_written(), text_len_bytes: len }))
    }
}

impl<const N: usize> sealed::Sealed for DeflateScratch<N> {}

impl<const N: usize> Compression for DeflateScratch<N> {
    fn pack(&mut self, dump: DumpText<'_>) -> Result<Option<Packed<'_>>, Error> {
        let scratch: &mut Scratch = self;
        scratch.pack(dump)
    }
}
