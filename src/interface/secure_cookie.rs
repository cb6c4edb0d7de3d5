//! `SecureCookieSessionInterface`: the session is in a signed cookie.

use core::{fmt, marker::PhantomData};

use super::{Attributes, ConfigAttributes, Opened, OwnAttributes, Request, Saved, SessionInterface};
use crate::{
    bytes::copy_within,
    config::{BadCookie, Config, UnsetClock},
    cookie::{self, CookieValue},
    error::Error,
    json::{SESSION_JSON_SERIALIZER, TaggedJsonSerializer},
    session::{Session, SessionMixin},
    signing::{
        Compression, NoCompression, NoZlib, SigningKeys, TimestampSigner,
        payload::load_payload,
        token::{Dump, Payload, Token},
    },
    sink::{AnySink, Sink, Stopped},
    time::{Clock, UnixTime},
    zlib::Scratch,
};

/// A session that a signed cookie can hold. [`Session`] is the usual one; a
/// program can bring its own.
pub trait CookieSession: SessionMixin {
    /// Makes it fresh, empty and not modified, to be written with `serializer`.
    fn reset(&mut self, serializer: TaggedJsonSerializer);

    /// Lends the room for a JSON text, which goes to its start, for
    /// [`load`](Self::load). What was in the session is gone.
    fn buffer(&mut self) -> &mut [u8];

    /// Makes it hold the JSON text in the first `len_bytes` bytes of its
    /// [`buffer`](Self::buffer), to be written with `serializer`.
    ///
    /// # Errors
    /// [`Error::BadPayload`] when the text is not a session's, and what else is in the
    /// way of holding it.
    fn load(&mut self, serializer: TaggedJsonSerializer, len_bytes: usize) -> Result<(), Error>;

    /// Writes it as JSON text; the same text each time it is asked.
    ///
    /// # Errors
    /// The sink's own.
    fn dump<S: Sink>(&self, sink: &mut S) -> Result<(), S::Error>;

    /// The longest JSON text that it can load, in bytes: what is longer is not
    /// saved, because it would not open again.
    fn capacity_bytes(&self) -> usize {
        usize::MAX
    }
}

impl CookieSession for Session {
    fn reset(&mut self, serializer: TaggedJsonSerializer) {
        self.reset(serializer);
    }

    fn buffer(&mut self) -> &mut [u8] {
        self.buffer()
    }

    fn load(&mut self, serializer: TaggedJsonSerializer, len_bytes: usize) -> Result<(), Error> {
        self.load(serializer, len_bytes)
    }

    fn dump<S: Sink>(&self, sink: &mut S) -> Result<(), S::Error> {
        self.dump(sink)
    }

    fn capacity_bytes(&self) -> usize {
        self.capacity_bytes()
    }
}

impl<S: CookieSession + ?Sized> Dump for S {
    fn dump(&self, mut sink: AnySink<'_>) -> Result<(), Stopped> {
        CookieSession::dump(self, &mut sink)
    }
}

/// Flask's default: the session is JSON in a cookie, signed and dated.
///
/// Signed, not encrypted: the browser's owner can read it. What Flask's class
/// keeps in attributes is replaceable here too: salt, digest and key derivation
/// by the [`Keyring`](crate::signing::Keyring) (or any other [`SigningKeys`]),
/// the serializer by [`with_serializer`](Self::with_serializer), the session
/// type by [`with_session`](Self::with_session).
///
/// `Z` is what saving is lent, which says whether cookies are compressed: [`NoCompression`];
/// `[u8]` after [`with_buffer`](Self::with_buffer);
/// [`zlib::Scratch`](crate::zlib::Scratch) after [`with_compression`](Self::with_compression);
/// [`NoZlib`](crate::signing::NoZlib) after [`without_zlib`](Self::without_zlib). `A` says who
/// sees to the cookies' attributes: the settings, or, after
/// [`without_attributes`](Self::without_attributes), the application.
pub struct SecureCookieSessionInterface<
    K,
    C,
    Z: ?Sized = NoCompression,
    S: ?Sized = Session,
    A = ConfigAttributes,
> {
    signer: TimestampSigner<K>,
    clock: C,
    serializer: TaggedJsonSerializer,
    storage: Storage<Z, S, A>,
}

/// Names three types without holding a value of any.
type Storage<Z, S, A> = PhantomData<(fn(&Z), fn(&S), fn(&A))>;

impl<K: SigningKeys, C: Clock> SecureCookieSessionInterface<K, C> {
    /// Flask's default interface, whose cookies are not compressed. Flask's keys are those
    /// of [`Keyring::for_sessions`](crate::signing::Keyring::for_sessions).
    #[must_use]
    pub const fn new(keys: K, clock: C) -> Self {
        Self::with_signer(TimestampSigner::new(keys), clock)
    }

    /// One whose signer has another separator. Saving is [`Error::InvalidConfig`] with one
    /// that a cookie cannot hold unquoted. Of the signer's clock skew and
    /// [`Config::clock_skew_secs`] the larger one counts.
    #[must_use]
    pub const fn with_signer(signer: TimestampSigner<K>, clock: C) -> Self {
        Self { signer, clock, serializer: SESSION_JSON_SERIALIZER, storage: PhantomData }
    }
}

impl<K, C, Z: ?Sized, S: ?Sized, A> SecureCookieSessionInterface<K, C, Z, S, A> {
    /// Writes and reads payloads with `serializer`: other tags, another order.
    #[must_use]
    pub fn with_serializer(self, serializer: TaggedJsonSerializer) -> Self {
        Self { serializer, ..self }
    }

    /// Compresses cookies where Flask would, in memory that each save is lent: a
    /// [`zlib::DeflateScratch`](crate::zlib::DeflateScratch). Cookies have Flask's very
    /// bytes then.
    #[must_use]
    pub fn with_compression(self) -> SecureCookieSessionInterface<K, C, Scratch, S, A> {
        self.with_scratch()
    }

    /// Writes each cookie once, uncompressed, in a buffer that each save is lent: 4 bytes
    /// for every 3 of JSON text. Without one, JSON and base64 are written twice.
    ///
    /// ```
    /// use hipflask::signing::Keyring;
    /// use hipflask::{Config, RequestContext, SecureCookieSession, SecureCookieSessionInterface, UnixTime, clock_fn};
    ///
    /// let clock = clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)));
    /// let interface = SecureCookieSessionInterface::new(Keyring::for_sessions(b"dev"), clock).with_buffer();
    /// let config = Config::new();
    /// let mut context = RequestContext::new(SecureCookieSession::<64>::new());
    /// context.open(&interface, &config, "");
    /// context.session()?.insert("a", &1)?;
    /// let mut buffer = [0; 64];
    /// let saved = context.save(&interface, &config, &mut buffer)?;
    /// assert_eq!(
    ///     saved.set_cookie.unwrap().value.to_string(),
    ///     "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk"
    /// );
    /// # Ok::<(), hipflask::Error>(())
    /// ```
    #[must_use]
    pub fn with_buffer(self) -> SecureCookieSessionInterface<K, C, [u8], S, A> {
        self.with_scratch()
    }

    /// Does without zlib: a compressed cookie is no session here, see
    /// [`NoZlib`](crate::signing::NoZlib).
    #[must_use]
    pub fn without_zlib(self) -> SecureCookieSessionInterface<K, C, NoZlib, S, A> {
        self.with_scratch()
    }

    /// Saves with a `T`, where a program is generic over it: the two methods above name
    /// the types there are.
    #[must_use]
    pub fn with_scratch<T: Compression + ?Sized>(self) -> SecureCookieSessionInterface<K, C, T, S, A> {
        let Self { signer, clock, serializer, .. } = self;
        SecureCookieSessionInterface { signer, clock, serializer, storage: PhantomData }
    }

    /// Leaves the attributes of cookies to the application, which writes them as one text:
    /// [`SetCookie::with_attributes`](crate::cookie::SetCookie::with_attributes). It leaves
    /// the code that checks, measures and writes them out of a firmware; `docs/firmware.md`
    /// says how much that is.
    ///
    /// Of the [`Config`], the cookie's name counts, and [`max_cookie_size`] for the name and
    /// the value alone. [`Config::check`] finds on a computer what saving does not look at.
    ///
    /// [`max_cookie_size`]: Config#structfield.max_cookie_size
    ///
    /// ```
    /// use hipflask::signing::{Keyring, NoCompression};
    /// use hipflask::{Config, RequestContext, SecureCookieSession, SecureCookieSessionInterface, UnixTime, clock_fn};
    ///
    /// let clock = clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)));
    /// let keys = Keyring::for_sessions(b"dev");
    /// let interface = SecureCookieSessionInterface::new(keys, clock).without_attributes();
    /// let config = Config::new();
    /// let mut context = RequestContext::new(SecureCookieSession::<64>::new());
    /// context.open(&interface, &config, "");
    /// context.session()?.insert("a", &1)?;
    /// let mut scratch = NoCompression;
    /// let saved = context.save(&interface, &config, &mut scratch)?;
    /// assert_eq!(
    ///     saved.set_cookie.unwrap().with_attributes("; HttpOnly; Path=/; SameSite=Lax").to_string(),
    ///     "session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk; HttpOnly; Path=/; SameSite=Lax"
    /// );
    /// # Ok::<(), hipflask::Error>(())
    /// ```
    #[must_use]
    pub fn without_attributes(self) -> SecureCookieSessionInterface<K, C, Z, S, OwnAttributes> {
        let Self { signer, clock, serializer, .. } = self;
        SecureCookieSessionInterface { signer, clock, serializer, storage: PhantomData }
    }

    /// Keeps sessions in a `T`.
    #[must_use]
    pub fn with_session<T: CookieSession + ?Sized>(self) -> SecureCookieSessionInterface<K, C, Z, T, A> {
        let Self { signer, clock, serializer, .. } = self;
        SecureCookieSessionInterface { signer, clock, serializer, storage: PhantomData }
    }

    /// The clock.
    pub const fn clock(&self) -> &C {
        &self.clock
    }

    /// The signer.
    pub const fn signer(&self) -> &TimestampSigner<K> {
        &self.signer
    }
}

impl<K, C, Z, S, A> SessionInterface for SecureCookieSessionInterface<K, C, Z, S, A>
where
    K: SigningKeys,
    C: Clock,
    Z: Compression + ?Sized,
    S: CookieSession + ?Sized,
    A: Attributes,
{
    type Session = S;
    type Scratch = Z;
    type CookieValue<'a>
        = SessionCookie<'a, S>
    where
        Self: 'a;

    fn open_session<R: Request + ?Sized>(
        &self,
        config: &Config<'_>,
        request: &R,
        session: &mut S,
    ) -> Result<Opened, Error> {
        self.open_session_with(self, config, request, session)
    }

    fn save_session<'a>(
        &'a self,
        config: &'a Config<'a>,
        session: &'a S,
        accessed: bool,
        scratch: &'a mut Z,
    ) -> Result<Saved<'a, SessionCookie<'a, S>>, Error> {
        self.save_session_with(self, config, session, accessed, scratch)
    }
}

impl<K, C, Z, S, A> SecureCookieSessionInterface<K, C, Z, S, A>
where
    K: SigningKeys,
    C: Clock,
    Z: Compression + ?Sized,
    S: CookieSession + ?Sized,
    A: Attributes,
{
    /// Opens a session as [`open_session`](SessionInterface::open_session) does,
    /// with the hooks of `interface`: of one that overrides some, as a subclass
    /// does in Flask, and leaves the rest to this one.
    ///
    /// ```
    /// use hipflask::{
    ///     ClockFn, Config, Error, Opened, Request, RequestContext, Saved, SecureCookieSession,
    ///     SecureCookieSessionInterface, Session, SessionInterface, UnixTime, clock_fn,
    ///     interface::SessionCookie,
    ///     signing::{Keyring, NoCompression},
    /// };
    ///
    /// type Clock = ClockFn<fn() -> Result<UnixTime, Error>>;
    ///
    /// struct Tenant(SecureCookieSessionInterface<Keyring, Clock>);
    ///
    /// impl SessionInterface for Tenant {
    ///     type Session = Session;
    ///     type Scratch = NoCompression;
    ///     type CookieValue<'a> = SessionCookie<'a>;
    ///
    ///     fn open_session<R: Request + ?Sized>(
    ///         &self,
    ///         config: &Config<'_>,
    ///         request: &R,
    ///         session: &mut Session,
    ///     ) -> Result<Opened, Error> {
    ///         self.0.open_session_with(self, config, request, session)
    ///     }
    ///
    ///     fn save_session<'a>(
    ///         &'a self,
    ///         config: &'a Config<'a>,
    ///         session: &'a Session,
    ///         accessed: bool,
    ///         scratch: &'a mut NoCompression,
    ///     ) -> Result<Saved<'a, SessionCookie<'a>>, Error> {
    ///         self.0.save_session_with(self, config, session, accessed, scratch)
    ///     }
    ///
    ///     fn get_cookie_path<'a>(&'a self, _config: &'a Config<'a>) -> Option<&'a str> {
    ///         Some("/tenant")
    ///     }
    /// }
    ///
    /// let keys = Keyring::for_sessions(b"dev");
    /// let clock: Clock = clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)));
    /// let interface = Tenant(SecureCookieSessionInterface::new(keys, clock));
    /// let config = Config::new();
    /// let mut context = RequestContext::new(SecureCookieSession::<64>::new());
    /// context.open(&interface, &config, "");
    /// context.session()?.insert("a", &1)?;
    /// let mut scratch = NoCompression;
    /// let saved = context.save(&interface, &config, &mut scratch)?;
    /// assert_eq!(
    ///     saved.set_cookie.unwrap().to_string(),
    ///     "session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk; HttpOnly; Path=/tenant"
    /// );
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As `open_session`.
    #[inline(never)]
    pub fn open_session_with<R: Request + ?Sized, I: SessionInterface<Session = S>>(
        &self,
        interface: &I,
        config: &Config<'_>,
        request: &R,
        session: &mut S,
    ) -> Result<Opened, Error> {
        session.reset(self.serializer);
        if !self.signer.keys().has_current() {
            interface.make_null_session(config, session);
            return Ok(Opened::NULL);
        }
        let name = interface.get_cookie_name(config);
        let Some((value, has_duplicates)) = request.find_cookie(name) else {
            return Ok(Opened::FRESH);
        };
        let mut opened = self.open_cookie(config, value, session);
        if let Ok(opened) = &mut opened {
            opened.has_duplicates = has_duplicates;
        }
        opened
    }

    /// Opens the session in a cookie of this value.
    fn open_cookie(
        &self,
        config: &Config<'_>,
        value: CookieValue<'_>,
        session: &mut S,
    ) -> Result<Opened, Error> {
        if value.raw().is_empty() {
            return Ok(Opened::FRESH);
        }
        let error = match self.load_payload(config, value, session.buffer()) {
            Ok(len_bytes) => match session.load(self.serializer, len_bytes) {
                Ok(()) => return Ok(Opened::LOADED),
                Err(error) => error,
            },
            Err(error) => error,
        };
        session.reset(self.serializer);
        match &error {
            error if error.is_bad_signature() => {}
            Error::ClockNotSet if config.unset_clock == UnsetClock::StartFresh => {}
            // The signature holds, and what it protects is no session here.
            Error::BadPayload(_)
            | Error::Depth
            | Error::Compressed
            | Error::Capacity { .. }
            | Error::DateOutOfRange
                if config.bad_cookie == BadCookie::StartFresh =>
            {
                // Empty and modified: saving deletes the cookie.
                session.set_modified(true);
            }
            _ => return Err(error),
        }
        Ok(Opened::rejected(error))
    }

    /// Saves a session as [`save_session`](SessionInterface::save_session) does,
    /// with the hooks of `interface`: see [`open_session_with`](Self::open_session_with).
    ///
    /// # Errors
    /// As `save_session`.
    #[inline(never)]
    pub fn save_session_with<'a, I: SessionInterface<Session = S>>(
        &'a self,
        interface: &'a I,
        config: &'a Config<'a>,
        session: &'a S,
        accessed: bool,
        scratch: &'a mut Z,
    ) -> Result<Saved<'a, SessionCookie<'a, S>>, Error> {
        let unchanged = Saved::unchanged(accessed);
        if session.is_empty() {
            if !session.modified() {
                return Ok(unchanged);
            }
            let cookie = interface.make_deletion(config, ());
            let oversize_len_bytes = A::check(config, &cookie, 0)?;
            return Ok(Saved::checked(&cookie, SessionCookie(None), oversize_len_bytes));
        }
        if !interface.should_set_cookie(config, session) {
            return Ok(unchanged);
        }
        let now = self.clock.now()?;
        let expires = interface.get_expiration_time(config, session, now)?;
        // A signer allows more separators than a header does.
        if !cookie::is_bare_in_value(self.signer.separator()) {
            return Err(Error::InvalidConfig { setting: "sep" });
        }
        // The signer dates it back by its own share.
        let rest_secs = config.clock_skew_secs.saturating_sub(self.signer.clock_skew_secs());
        let signed_at = UnixTime::from_secs(now.secs().saturating_sub(rest_secs));
        let token = Token::with_timestamp(&self.signer, Payload::new(session, scratch)?, signed_at)?;
        // A payload of another writer's can be shorter than the same one in our
        // spelling: with letters outside ASCII, for one.
        let (needed_bytes, capacity_bytes) = (token.text_len_bytes(), session.capacity_bytes());
        if needed_bytes > capacity_bytes {
            return Err(Error::Capacity { needed_bytes, capacity_bytes });
        }
        let mut cookie = interface.make_cookie(config, ());
        cookie.expires = expires;
        let oversize_len_bytes = A::check(config, &cookie, token.len_bytes())?;
        Ok(Saved::checked(&cookie, SessionCookie(Some(token)), oversize_len_bytes))
    }
}

impl<K: SigningKeys, C: Clock, Z: Compression + ?Sized, S: ?Sized, A>
    SecureCookieSessionInterface<K, C, Z, S, A>
{
    /// Checks a cookie and decodes its payload into `buffer`.
    fn load_payload(
        &self,
        config: &Config<'_>,
        value: CookieValue<'_>,
        buffer: &mut [u8],
    ) -> Result<usize, Error> {
        if let Some(value) = value.plain() {
            return self.unsign(config, value, buffer);
        }
        // Where no value is quoted, there is no code for it.
        if !value.is_quoted() {
            return Err(Error::BadSignature);
        }
        let (value, buffer) = unquote(value, buffer)?;
        let mut loaded = self.unsign(config, value, buffer);
        if let Err(Error::Capacity { needed_bytes, capacity_bytes }) = &mut loaded {
            *needed_bytes = needed_bytes.saturating_add(value.len());
            *capacity_bytes = capacity_bytes.saturating_add(value.len());
        }
        loaded
    }

    /// The same, of a value without quotes: the signature is checked first, the age next,
    /// and the payload is decoded last.
    #[inline(never)]
    fn unsign(&self, config: &Config<'_>, value: &[u8], buffer: &mut [u8]) -> Result<usize, Error> {
        let max_age_secs = config.permanent_session_lifetime.max_age_secs()?;
        let clock_skew_secs = config.clock_skew_secs.max(self.signer.clock_skew_secs());
        let signed = self.signer.unsign_with_skew(value, Some(max_age_secs), &self.clock, clock_skew_secs)?;
        load_payload::<Z>(signed.payload, buffer)
    }
}

/// Writes a value that is not plain without its escapes to the end of `buffer`,
/// and gives what is left. No browser sends such values back for a cookie of
/// ours; one that is not ASCII or does not fit is no session.
fn unquote<'b>(value: CookieValue<'_>, buffer: &'b mut [u8]) -> Result<(&'b [u8], &'b mut [u8]), Error> {
    let mut room = buffer.iter_mut();
    for byte in value.unquoted() {
        let slot = room.next().filter(|_| byte.is_ascii()).ok_or(Error::BadSignature)?;
        *slot = byte;
    }
    let rest = room.len();
    let len = buffer.len().saturating_sub(rest);
    copy_within(buffer, 0..len, rest);
    let (buffer, value) = buffer.split_at_mut_checked(rest).ok_or(Error::BadSignature)?;
    Ok((value, buffer))
}

/// The value of a session cookie, encoded while it is displayed: nothing is
/// buffered. Its date and signature are fixed, so displaying cannot fail
/// half-way, and can be repeated.
///
/// The value of a cookie that deletes the session's is empty.
pub struct SessionCookie<'a, S: ?Sized = Session>(Option<Token<'a, S>>);

impl<S: ?Sized> SessionCookie<'_, S> {
    /// Whether the payload is compressed.
    #[must_use]
    pub const fn is_compressed(&self) -> bool {
        matches!(&self.0, Some(token) if token.is_compressed())
    }
}

impl<S: CookieSession + ?Sized> fmt::Display for SessionCookie<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |token| token.fmt(f))
    }
}

/// Shows no contents: it is what logs in.
impl<S: ?Sized> fmt::Debug for SessionCookie<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionCookie").field(&self.0).finish()
    }
}

impl<K, C, Z: ?Sized, S: ?Sized, A> fmt::Debug for SecureCookieSessionInterface<K, C, Z, S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecureCookieSessionInterface")
            .field("serializer", &self.serializer)
            .finish_non_exhaustive()
    }
}
