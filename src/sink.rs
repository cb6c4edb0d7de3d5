//! Where bytes go: one small trait, so that writers stack without buffers.

use core::{convert::Infallible, fmt};

use crate::{
    bytes::{copy, sub_slice, sub_slice_mut},
    error::Error,
};

/// A place that takes bytes, in pieces of any size.
pub trait Sink {
    /// Why a write failed.
    type Error;

    /// Takes all of `bytes`.
    ///
    /// # Errors
    /// When the sink cannot take them all; what it took of them is its own
    /// affair, and a writer stops there.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
}

impl<S: Sink + ?Sized> Sink for &mut S {
    type Error = S::Error;

    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        (**self).write(bytes)
    }
}

/// Why something was not written: it could not be made, or the sink did not take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "what is written was made and was taken, or not: there is no third"
)]
pub enum WriteError<E> {
    /// It could not be serialized or signed; nothing was written.
    Source(Error),
    /// The sink stopped.
    Sink(E),
}

impl<E> From<Error> for WriteError<E> {
    fn from(error: Error) -> Self {
        Self::Source(error)
    }
}

impl From<WriteError<Self>> for Error {
    fn from(error: WriteError<Self>) -> Self {
        match error {
            WriteError::Source(error) | WriteError::Sink(error) => error,
        }
    }
}

impl From<WriteError<Infallible>> for Error {
    fn from(error: WriteError<Infallible>) -> Self {
        match error {
            WriteError::Source(error) => error,
            WriteError::Sink(never) => match never {},
        }
    }
}

impl<E: fmt::Display> fmt::Display for WriteError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(error) => error.fmt(f),
            Self::Sink(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for WriteError<E> {}

/// A sink of any type, behind one type: what writes to many sinks exists once. It says
/// whether it took the bytes. Why not is for [`with_any_sink`] to know.
#[doc(hidden)]
pub struct AnySink<'s>(&'s mut dyn FnMut(&[u8]) -> bool);

/// A sink did not take all that it was to take.
#[doc(hidden)]
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a unit: its name is its value")]
pub struct Stopped;

impl<'s> AnySink<'s> {
    pub(crate) fn new(take: &'s mut dyn FnMut(&[u8]) -> bool) -> Self {
        Self(take)
    }
}

impl Sink for AnySink<'_> {
    type Error = Stopped;

    fn write(&mut self, bytes: &[u8]) -> Result<(), Stopped> {
        if (self.0)(bytes) { Ok(()) } else { Err(Stopped) }
    }
}

impl fmt::Debug for AnySink<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnySink").finish_non_exhaustive()
    }
}

/// Has `write` write to `sink`, and gives the sink's own error.
pub(crate) fn with_any_sink<S: Sink + ?Sized>(
    sink: &mut S,
    write: impl FnOnce(AnySink<'_>) -> Result<(), Stopped>,
) -> Result<(), S::Error> {
    let mut written = Ok(());
    let stopped = write(AnySink(&mut |bytes| {
        written = sink.write(bytes);
        written.is_ok()
    }));
    match stopped {
        Ok(()) | Err(Stopped) => written,
    }
}

/// How many bytes a writer gives a sink at once, if it can. Base64 makes whole
/// blocks of the hash functions of it, one where stacks are small.
pub(crate) const PIECE: usize = if usize::BITS < 64 { 48 } else { 192 };

/// Counts the bytes and drops them.
///
/// ```
/// use hipflask::sink::{CountSink, Sink};
///
/// let mut count = CountSink::default();
/// count.write(b"abc")?;
/// assert_eq!(count.len_bytes(), 3);
/// # Ok::<(), core::convert::Infallible>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CountSink(usize);

impl CountSink {
    /// How many bytes were written.
    #[must_use]
    pub const fn len_bytes(&self) -> usize {
        self.0
    }
}

impl Sink for CountSink {
    type Error = Infallible;

    fn write(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(())
    }
}

impl fmt::Write for CountSink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let Ok(()) = self.write(text.as_bytes());
        Ok(())
    }
}

/// Fills a byte slice from its start.
///
/// ```
/// use hipflask::sink::{Sink, SliceSink};
///
/// let mut buffer = [0; 4];
/// let mut sink = SliceSink::new(&mut buffer);
/// sink.write(b"abc")?;
/// assert_eq!(sink.written(), b"abc");
/// assert!(sink.write(b"de").is_err());
/// assert_eq!(sink.written(), b"abc");
/// # Ok::<(), hipflask::Error>(())
/// ```
pub struct SliceSink<'a> {
    buffer: &'a mut [u8],
    len: usize,
}

/// Shows no bytes: they may be a session.
impl fmt::Debug for SliceSink<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SliceSink").field("len", &self.len).finish_non_exhaustive()
    }
}

impl<'a> SliceSink<'a> {
    /// A sink over `buffer`.
    #[must_use]
    pub const fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    /// What was written.
    #[must_use]
    pub fn written(&self) -> &[u8] {
        sub_slice(self.buffer, ..self.len)
    }

    /// What was written, for as long as the buffer was lent.
    #[must_use]
    pub fn into_written(self) -> &'a mut [u8] {
        sub_slice_mut(self.buffer, ..self.len)
    }
}

impl Sink for SliceSink<'_> {
    type Error = Error;

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let end = self.len.saturating_add(bytes.len());
        let capacity_bytes = self.buffer.len();
        let room = self
            .buffer
            .get_mut(self.len..end)
            .ok_or(Error::Capacity { needed_bytes: end, capacity_bytes })?;
        copy(room, bytes);
        self.len = end;
        Ok(())
    }
}

/// Passes ASCII text on to a [`core::fmt::Write`]: all that cookies and tokens are.
///
/// Other text may come in pieces that end inside a letter, which is an error. So a
/// serializer that does not [`ensure_ascii`](crate::json::TaggedJsonSerializer::with_ensure_ascii)
/// is to write bytes.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper is what it wraps")]
pub struct FmtSink<W>(pub W);

impl<W: fmt::Write> Sink for FmtSink<W> {
    type Error = fmt::Error;

    fn write(&mut self, bytes: &[u8]) -> fmt::Result {
        self.0.write_str(core::str::from_utf8(bytes).map_err(|_| fmt::Error)?)
    }
}
