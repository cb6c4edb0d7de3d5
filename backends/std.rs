//! A program on an operating system: its clock, secrets from the environment or
//! from files, and `std::io`.

use ::std::{
    env, error, fmt,
    fs::File,
    io::{self, Read as _, Write},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
    vec::Vec,
};

use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::alloc::OwnedSecrets;
use crate::{
    error::Error,
    signing::SecretKeySource,
    sink::Sink,
    time::{Clock, UnixTime},
};

/// The operating system's clock. Before 1970 it counts as not set.
///
/// ```
/// use hipflask::{Clock, backends::std::SystemClock};
///
/// assert!(SystemClock.now()?.secs() > 1_700_000_000);
/// # Ok::<(), hipflask::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a unit: its name is its value")]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Result<UnixTime, Error> {
        unix_time(SystemTime::now())
    }
}

fn unix_time(time: SystemTime) -> Result<UnixTime, Error> {
    let elapsed = time.duration_since(UNIX_EPOCH).map_err(|_| Error::ClockNotSet)?;
    Ok(UnixTime::new(elapsed.as_secs(), elapsed.subsec_micros()))
}

/// Secrets in environment variables: one variable, one secret.
///
/// A value is taken as it is, byte for byte, as Flask takes `os.environ[…]`;
/// nothing is trimmed or split. A variable that is not set, is empty, or has
/// nothing but white space, holds no secret: everybody could sign with it.
/// Without a current one, sessions are null sessions, as in Flask without a
/// `SECRET_KEY`.
///
/// The copy that is lent is wiped. The environment itself stays readable to the
/// process, and on many systems to its children.
///
/// ```
/// use hipflask::{backends::std::EnvSecrets, signing::Keyring};
///
/// let secrets = EnvSecrets { current: "SECRET_KEY", fallbacks: &["OLD_SECRET_KEY"] };
/// let keys = Keyring::for_sessions_from(&secrets)?;
/// # Ok::<(), hipflask::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "Flask has these two settings for keys")]
pub struct EnvSecrets<'a> {
    /// The name of the variable with the secret that signs.
    pub current: &'a str,
    /// The names of those with secrets that only verify, oldest first.
    pub fallbacks: &'a [&'a str],
}

impl SecretKeySource for EnvSecrets<'_> {
    fn with_current(&self, use_secret: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        lend_variable(self.current, use_secret);
        Ok(())
    }

    fn with_fallbacks(&self, use_secret: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        self.fallbacks.iter().for_each(|name| lend_variable(name, use_secret));
        Ok(())
    }
}

fn lend_variable(name: &str, use_secret: &mut dyn FnMut(&[u8])) {
    let secret = Zeroizing::new(env::var_os(name).unwrap_or_default().into_encoded_bytes());
    if !is_blank(&secret) {
        use_secret(&secret);
    }
}

/// Whether a secret says nothing: it is empty, or text of white space and NUL
/// characters alone, which a file has after a power failure. Random bytes are
/// hardly ever that: 16 of them once in 10²⁴ times.
fn is_blank(secret: &[u8]) -> bool {
    let says_nothing = |letter: char| letter.is_whitespace() || letter == '\0';
    str::from_utf8(secret).is_ok_and(|text| text.chars().all(says_nothing))
}

/// The longest secret that is read from a file, in bytes.
const MAX_FILE_SECRET_BYTES: usize = 4096;

/// Secrets that were read from files: one file, one secret.
///
/// **One line end** (`\n` or `\r\n`) at the end of a file is not part of the
/// secret, because editors and `openssl rand -hex 32 > file` leave one.
/// Everything else is, byte for byte.
///
/// A file that is empty or has nothing but white space or NUL bytes, one of more
/// than 4,096 bytes, and one that begins with a byte order mark is an error: a
/// mounted secret that is missing should stop the program, not make null
/// sessions of its sessions.
///
/// The secrets are wiped when this is dropped. They are read only once.
///
/// ```no_run
/// use hipflask::{backends::std::FileSecrets, signing::Keyring};
///
/// let mut secrets = FileSecrets::read("/run/secrets/session-key")?;
/// secrets.read_fallback("/run/secrets/old-session-key")?;
/// let keys = Keyring::for_sessions_from(&secrets)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FileSecrets(OwnedSecrets);

impl FileSecrets {
    /// Reads the secret that signs.
    ///
    /// # Errors
    /// [`FileSecretsError`] when the file holds no secret or cannot be read.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, FileSecretsError> {
        Ok(Self(OwnedSecrets::new(read_secret(path.as_ref())?)))
    }

    /// Reads a secret that only verifies, newer than those read before.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_fallback(&mut self, path: impl AsRef<Path>) -> Result<(), FileSecretsError> {
        self.0.push_fallback(read_secret(path.as_ref())?);
        Ok(())
    }
}

impl SecretKeySource for FileSecrets {
    fn with_current(&self, use_secret: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        self.0.with_current(use_secret)
    }

    fn with_fallbacks(&self, use_secret: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        self.0.with_fallbacks(use_secret)
    }
}

impl ZeroizeOnDrop for FileSecrets {}

fn read_secret(path: &Path) -> Result<Vec<u8>, FileSecretsError> {
    let fail = |reason| FileSecretsError { path: path.into(), reason };
    // Room for all of it and one byte more: a buffer that grew would leave
    // copies behind.
    let limit = MAX_FILE_SECRET_BYTES.saturating_add(1);
    let mut secret = Zeroizing::new(Vec::with_capacity(limit.saturating_add(1)));
    let file = File::open(path).map_err(|error| fail(FileSecretsReason::Io(error)))?;
    file.take(limit as u64).read_to_end(&mut secret).map_err(|error| fail(FileSecretsReason::Io(error)))?;
    if secret.len() > MAX_FILE_SECRET_BYTES {
        return Err(fail(FileSecretsReason::TooLong));
    }
    if secret.last() == Some(&b'\n') {
        secret.pop();
        if secret.last() == Some(&b'\r') {
            secret.pop();
        }
    }
    if secret.is_empty() {
        return Err(fail(FileSecretsReason::Empty));
    }
    if is_blank(&secret) {
        return Err(fail(FileSecretsReason::Blank));
    }
    if has_byte_order_mark(&secret) {
        return Err(fail(FileSecretsReason::ByteOrderMark));
    }
    Ok(::core::mem::take(&mut *secret))
}

/// Whether a text begins with a mark of UTF-8, or of UTF-16 and a letter of
/// ASCII. Of 16 million secrets of random bytes, three begin so.
const fn has_byte_order_mark(secret: &[u8]) -> bool {
    matches!(secret, [0xef, 0xbb, 0xbf, ..] | [0xff, 0xfe, _, 0, ..] | [0xfe, 0xff, 0, ..])
}

/// A file without a usable secret.
#[derive(Debug)]
#[non_exhaustive]
pub struct FileSecretsError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: FileSecretsReason,
}

/// What is wrong with a secret's file.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileSecretsReason {
    /// It cannot be read.
    Io(io::Error),
    /// There is nothing in it, or a line end alone.
    Empty,
    /// There is nothing in it but white space or NUL bytes.
    Blank,
    /// It begins with a byte order mark of UTF-8 or UTF-16, as Windows' editors
    /// and shells write it. The mark is not seen, and would be part of the secret:
    /// nobody who copies the text gets the same one.
    ByteOrderMark,
    /// It has more than 4,096 bytes.
    TooLong,
}

impl fmt::Display for FileSecretsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no secret key from {}: ", self.path.display())?;
        match &self.reason {
            FileSecretsReason::Io(error) => error.fmt(f),
            FileSecretsReason::Empty => f.write_str("the file is empty"),
            FileSecretsReason::Blank => f.write_str("the file has nothing but white space or NUL bytes"),
            FileSecretsReason::ByteOrderMark => {
                f.write_str("the file begins with a byte order mark; save it as UTF-8 without one")
            }
            FileSecretsReason::TooLong => {
                write!(f, "the file has more than {MAX_FILE_SECRET_BYTES} bytes")
            }
        }
    }
}

impl error::Error for FileSecretsError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &self.reason {
            FileSecretsReason::Io(error) => Some(error),
            FileSecretsReason::Empty
            | FileSecretsReason::Blank
            | FileSecretsReason::ByteOrderMark
            | FileSecretsReason::TooLong => None,
        }
    }
}

/// Passes bytes on to an [`io::Write`]. Give it a buffered one: writers send
/// many small pieces.
///
/// ```
/// use hipflask::{SecureCookieSession, backends::std::IoSink};
///
/// let mut session = SecureCookieSession::<64>::new();
/// session.insert("a", &1)?;
/// let mut sink = IoSink(Vec::new());
/// session.dump(&mut sink)?;
/// assert_eq!(sink.0, br#"{"a":1}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper is what it wraps")]
pub struct IoSink<W>(pub W);

impl<W: Write> Sink for IoSink<W> {
    type Error = io::Error;

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }
}

/// Keeps the error as the source; data that is not to be trusted is
/// [`io::ErrorKind::InvalidData`].
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        if error.is_bad_data() { Self::new(io::ErrorKind::InvalidData, error) } else { Self::other(error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::std::time::Duration;

    #[test]
    fn a_clock_before_1970_is_not_set() {
        let epoch = UNIX_EPOCH;
        assert_eq!(unix_time(epoch), Ok(UnixTime::from_secs(0)));
        assert_eq!(unix_time(epoch + Duration::from_micros(1_500_000)), Ok(UnixTime::new(1, 500_000)));
        assert_eq!(unix_time(epoch - Duration::from_micros(1)), Err(Error::ClockNotSet));
    }
}
