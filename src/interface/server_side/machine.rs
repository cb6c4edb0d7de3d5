//! `ServerSideSessionInterface`: what is to be done when, without doing it.

use core::{fmt, time::Duration};

use super::{
    Codec, Condition, Finish, Found, LocalStore, ServerSideContext, SessionCodec, SessionId, SessionIdCookie,
    UnwritableMarkup,
    context::{Stored, is_empty},
    finish::{Plan, Successor},
};
use crate::{
    config::{BadCookie, Config},
    cookie::CookieValue,
    error::{Error, PayloadError},
    interface::{Opened, Request, Saved, context::is_setting_s_fault},
    session::{Session, SessionMixin as _},
    signing::{Keyring, Signer, SigningKeys},
    sink::{SliceSink, WriteError},
    time::Clock,
};

/// What a request gets whose session the store cannot give, because it does not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unavailable {
    /// Whoever asks for the session gets [`Error::StoreUnavailable`], which a server answers
    /// with 503. Who does not ask is served.
    #[default]
    Error,
    /// A null session: it reads as empty, and writing into it is
    /// [`Error::StoreUnavailable`]. Visitors who are logged in seem not to be, until the
    /// store is back; their cookies stay.
    NullSession,
}

/// Server-side sessions, as Flask-Session has them: the cookie holds an id, and a store
/// the session. It shares [`Config`], [`Session`] and the request's context with cookie
/// sessions, and does no I/O: it says what is to be done, and the caller does it.
///
/// 1. [`begin`](Self::begin) looks at the request, and says what to load.
/// 2. [`load`](Self::load) does so and calls [`opened`](Self::opened); a server without
///    `async` calls that itself.
/// 3. The handler has the session. It calls [`regenerate`](ServerSideContext::regenerate)
///    at login.
/// 4. [`finish`](Self::finish) says what to write, and [`Finish::run`] does it; then it
///    gives the headers to send.
///
/// ```
/// use hipflask::interface::server_side::{ServerSideContext, ServerSideSessionInterface};
/// # use hipflask::interface::server_side::{Store, LocalStore};
/// use hipflask::{Config, Error, SecureCookieSession, UnixTime, clock_fn};
///
/// # async fn request<S: Store>(store: &S, cookie_header: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
/// let interface = ServerSideSessionInterface::new(clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000))));
/// let config = Config::new();
/// let mut buffer = [0; 1024];
///
/// let mut context = ServerSideContext::new(SecureCookieSession::<1024>::new());
/// if let Some(id) = interface.begin(&config, cookie_header, &mut context) {
///     interface.load(store, &config, &id, &mut buffer, &mut context).await?;
/// }
/// context.regenerate()?;
/// context.session()?.insert("user", "ada")?;
///
/// let random = |bytes: &mut [u8; 32]| getrandom::fill(bytes).map_err(|_| Error::RandomUnavailable);
/// let finish = interface.finish(&config, &context, random, b"", &mut buffer)?;
/// let saved = finish.run(store).await?;
/// if let Some(cookie) = &saved.set_cookie {
///     println!("Set-Cookie: {cookie}");
/// }
/// # Ok(())
/// # }
/// ```
///
/// Where Flask-Session is weak, this differs from it:
///
/// - A session that was loaded is only written where it is still stored, so a logout
///   stays one, whatever another request is about to save. No cookie is sent for it then.
/// - A session that nobody changed is not written: its time to live is renewed, and only
///   when a part of it has [passed](Self::with_renewal_after_percent). The cookie goes with it.
/// - What cannot be read is a fresh session under a fresh id, and a reason for the log
///   ([`Opened::rejection`]). What is stored stays as it is.
/// - Of two requests that change one session at the same time, the one that saves last
///   wins, as in Flask-Session. [Compare-and-set](Self::with_compare_and_set) makes it an
///   error for that one instead.
/// - A cookie that deletes has every attribute of the one that it deletes.
#[derive(Clone)]
pub struct ServerSideSessionInterface<K, C, F = Codec> {
    signer: Option<Signer<K>>,
    clock: C,
    codec: F,
    unwritable_markup: UnwritableMarkup,
    permanent: bool,
    renewal_after_percent: u8,
    compare_and_set: bool,
    unavailable: Unavailable,
}

impl<C: Clock> ServerSideSessionInterface<Keyring, C> {
    /// Flask-Session's defaults: msgpack, ids are not signed, new sessions are permanent. The clock is
    /// asked only for the `Expires` of a permanent session's cookie.
    #[must_use]
    pub const fn new(clock: C) -> Self {
        Self {
            signer: None,
            clock,
            codec: Codec::MsgPack,
            unwritable_markup: UnwritableMarkup::Refuse,
            permanent: true,
            renewal_after_percent: 1,
            compare_and_set: false,
            unavailable: Unavailable::Error,
        }
    }
}

impl<K, C, F: SessionCodec> ServerSideSessionInterface<K, C, F> {
    /// Signs the ids in the cookies, and takes no others. `SESSION_USE_SIGNER`, whose keys
    /// are those of [`Keyring::for_session_ids`].
    ///
    /// An id is random and needs no signature. It spares the store the ids that somebody
    /// made up, and a change of the key ends every session.
    #[must_use]
    #[doc(alias = "SESSION_USE_SIGNER")]
    pub fn with_signer<T: SigningKeys>(self, keys: T) -> ServerSideSessionInterface<T, C, F> {
        ServerSideSessionInterface {
            signer: Some(Signer::new(keys)),
            clock: self.clock,
            codec: self.codec,
            unwritable_markup: self.unwritable_markup,
            permanent: self.permanent,
            renewal_after_percent: self.renewal_after_percent,
            compare_and_set: self.compare_and_set,
            unavailable: self.unavailable,
        }
    }

    /// Writes sessions with `codec`, and tries it first when it reads them: msgpack.
    /// `SESSION_SERIALIZATION_FORMAT`. A firmware takes the type
    /// [`TaggedJson`](super::TaggedJson), and has no other format in its flash.
    #[must_use]
    #[doc(alias = "SESSION_SERIALIZATION_FORMAT")]
    pub fn with_codec<T: SessionCodec>(self, codec: T) -> ServerSideSessionInterface<K, C, T> {
        ServerSideSessionInterface {
            signer: self.signer,
            clock: self.clock,
            codec,
            unwritable_markup: self.unwritable_markup,
            permanent: self.permanent,
            renewal_after_percent: self.renewal_after_percent,
            compare_and_set: self.compare_and_set,
            unavailable: self.unavailable,
        }
    }

    /// Says what happens to HTML that a site flashes, where the codec has no form for it:
    /// [`UnwritableMarkup::Refuse`].
    #[must_use]
    pub fn with_unwritable_markup(self, unwritable_markup: UnwritableMarkup) -> Self {
        Self { unwritable_markup, ..self }
    }

    /// Says whether a new session is permanent: true. `SESSION_PERMANENT`.
    #[must_use]
    #[doc(alias = "SESSION_PERMANENT")]
    pub fn with_permanent(self, permanent: bool) -> Self {
        Self { permanent, ..self }
    }

    /// Renews the time to live of a session that nobody changed once so much of it has
    /// passed: 1 percent, so that a session of 31 days is renewed after 7.4 hours, and ends
    /// at most that much earlier than 31 days after the latest visit. With 0, each request
    /// renews it, as in Flask-Session. (Only if `SESSION_REFRESH_EACH_REQUEST` is set.)
    #[must_use]
    pub fn with_renewal_after_percent(self, renewal_after_percent: u8) -> Self {
        Self { renewal_after_percent, ..self }
    }

    /// Writes a session only if what is stored is still what was loaded. Otherwise
    /// [`Finish::run`] is [`Error::SessionConflict`]: nothing was written, and the request
    /// can be tried again.
    ///
    /// What ends a session is not compared: a logout, and
    /// [`regenerate`](ServerSideContext::regenerate), which loses what another request
    /// changed meanwhile.
    #[must_use]
    pub fn with_compare_and_set(self, compare_and_set: bool) -> Self {
        Self { compare_and_set, ..self }
    }

    /// Says what requests get while the store does not answer: [`Unavailable::Error`].
    #[must_use]
    pub fn with_unavailable(self, unavailable: Unavailable) -> Self {
        Self { unavailable, ..self }
    }

    /// How sessions are written.
    #[must_use]
    pub const fn codec(&self) -> F {
        self.codec
    }

    /// Whether [`finish`](Self::finish) needs what was loaded.
    #[must_use]
    pub const fn compare_and_set(&self) -> bool {
        self.compare_and_set
    }
}

/// Opening.
impl<K: SigningKeys, C: Clock, F: SessionCodec> ServerSideSessionInterface<K, C, F> {
    /// Begins a request, whatever the context held before: with the id that is to be
    /// loaded, or with a fresh session. The request is not needed afterwards.
    ///
    /// With a signer that has no key, it is the null session.
    pub fn begin<R: Request + ?Sized>(
        &self,
        config: &Config<'_>,
        request: &R,
        context: &mut ServerSideContext,
    ) -> Option<SessionId> {
        context.stored = Stored::NOTHING;
        if self.signer.as_ref().is_some_and(|signer| !signer.keys().has_current()) {
            context.start(Ok(Opened::NULL), self.codec.serializer()).make_null();
            return None;
        }
        let cookie = request.find_cookie(config.session_cookie_name);
        let (cookie, has_duplicates) = cookie.unzip();
        let id = cookie.filter(|value| !value.raw().is_empty()).map(|value| self.read_id(value)).transpose();
        let opened = match id {
            Ok(_) => Ok(Opened::FRESH),
            Err(error) if error.is_bad_signature() || error == Error::InvalidSessionId => {
                Ok(Opened::rejected(error))
            }
            Err(error) => Err(error),
        };
        let opened = opened.map(|opened| opened.with_duplicates(has_duplicates.unwrap_or_default()));
        self.start_with_nothing(opened, context);
        id.unwrap_or_default()
    }

    /// Takes what the store found under the `id` that [`begin`](Self::begin) gave. Its start
    /// is in `buffer`, whose length bounds what is read.
    ///
    /// - Nothing: the session is fresh, and will get a fresh id.
    /// - Something that is no session, or a pickle, which is never read: the same, with a
    ///   reason for the log. What is stored stays.
    /// - A session that Flask may well read, and that is too large here, nested too deeply, or
    ///   has keys that are not kept: whoever asks for it gets the error, or it is the same too
    ///   with [`BadCookie::StartFresh`].
    pub fn opened(
        &self,
        config: &Config<'_>,
        id: &SessionId,
        found: Option<Found>,
        buffer: &[u8],
        context: &mut ServerSideContext,
    ) {
        let has_duplicates = context.opened().is_ok_and(Opened::has_duplicates);
        let Some(found) = found else {
            return context
                .set_opened(Opened::rejected(Error::SessionNotFound).with_duplicates(has_duplicates));
        };
        context.stored.id = Some(*id);
        let loaded = match buffer.get(..found.len_bytes) {
            Some(value) => self.codec.decode(value, context.storage()),
            None => Err(Error::Capacity { needed_bytes: found.len_bytes, capacity_bytes: buffer.len() }),
        };
        match loaded {
            Ok(_) => {
                context.stored.is_loaded = true;
                context.stored.is_renewal_due = self.is_renewal_due(config, found.expires_in);
                let session = context.storage();
                session.set_modified(false);
                session.make_server_side();
                context.set_opened(Opened::LOADED.with_duplicates(has_duplicates));
            }
            Err(error) => {
                // What another program may well read is not to be lost by a visit here.
                let is_too_much = matches!(
                    error,
                    Error::Capacity { .. }
                        | Error::Depth
                        | Error::DictKey { .. }
                        | Error::BadPayload(PayloadError::EqualKeys)
                );
                let opened = match config.bad_cookie {
                    BadCookie::Error if is_too_much => Err(error),
                    _ => Ok(Opened::rejected(error).with_duplicates(has_duplicates)),
                };
                self.start_with_nothing(opened, context);
            }
        }
    }

    /// Takes it that the store did not answer when it was asked for `id`: see
    /// [`Unavailable`].
    pub fn unavailable(&self, id: &SessionId, context: &mut ServerSideContext) {
        // Whoever logs out nevertheless ends what may be there.
        context.stored.id = Some(*id);
        let opened = match self.unavailable {
            Unavailable::Error => Err(Error::StoreUnavailable),
            Unavailable::NullSession => Ok(Opened::rejected(Error::StoreUnavailable)),
        };
        self.start_with_nothing(opened, context);
        if self.unavailable == Unavailable::NullSession {
            context.storage().make_unavailable();
        }
    }

    /// Loads the session of the `id` that [`begin`](Self::begin) gave, and calls
    /// [`opened`](Self::opened).
    ///
    /// # Errors
    /// Why the store did not answer: for the log. The request goes on, as
    /// [`unavailable`](Self::unavailable) says.
    pub async fn load<S: LocalStore + ?Sized>(
        &self,
        store: &S,
        config: &Config<'_>,
        id: &SessionId,
        buffer: &mut [u8],
        context: &mut ServerSideContext,
    ) -> Result<(), S::Error> {
        match store.load(id, buffer).await {
            Ok(found) => self.opened(config, id, found, buffer, context),
            Err(error) => {
                self.unavailable(id, context);
                return Err(error);
            }
        }
        Ok(())
    }

    /// The id in a cookie's value.
    fn read_id(&self, value: CookieValue<'_>) -> Result<SessionId, Error> {
        let value = value.plain().ok_or(Error::InvalidSessionId)?;
        SessionId::parse(match &self.signer {
            Some(signer) => signer.unsign(value)?,
            None => value,
        })
    }

    /// Puts a new session into the context.
    fn start_with_nothing(&self, opened: Result<Opened, Error>, context: &mut ServerSideContext) {
        let session = context.start(opened, self.codec.serializer());
        session.make_server_side();
        if self.permanent {
            if let Err(error) = session.set_permanent(true) {
                context.start(Err(error), self.codec.serializer());
                return;
            }
            context.storage().set_modified(false);
        }
    }

    fn is_renewal_due(&self, config: &Config<'_>, expires_in: Option<Duration>) -> bool {
        let Some(left) = expires_in else { return true };
        let Ok(lifetime) = config.permanent_session_lifetime.positive() else { return true };
        let percent = u32::from(self.renewal_after_percent);
        let part = lifetime.checked_div(100).unwrap_or_default().saturating_mul(percent);
        // More than the lifetime: another setting counted when it was stored.
        percent == 0 || left > lifetime || lifetime.saturating_sub(left) >= part
    }
}

/// Saving.
impl<K: SigningKeys, C: Clock, F: SessionCodec> ServerSideSessionInterface<K, C, F> {
    /// Says what is to be done at the end of the request, after the handler, whether or
    /// not it failed. It borrows nothing of the context.
    ///
    /// - `random` fills 32 bytes where a new id is needed. They are all that protects the
    ///   session.
    /// - `loaded` is what the store gave. It is needed for
    ///   [compare-and-set](Self::with_compare_and_set) alone.
    /// - The session is written into `buffer`, if it has to be.
    ///
    /// # Errors
    /// Why the session cannot be saved; nothing was written, and the request should be
    /// answered with an error. [`Error::InvalidConfig`] when the lifetime is not above zero:
    /// no store keeps such a session.
    pub fn finish<'a>(
        &'a self,
        config: &'a Config<'a>,
        context: &ServerSideContext,
        random: impl FnOnce(&mut [u8; 32]) -> Result<(), Error>,
        loaded: &'a [u8],
        buffer: &'a mut [u8],
    ) -> Result<Finish<'a>, Error> {
        // The same answer to everybody, until there is a key.
        let accessed = context.accessed() && !context.opened().is_ok_and(Opened::is_null);
        let nothing = Finish::new(Plan::Nothing, Saved::unchanged(accessed), accessed);
        // One that could not be opened is not saved, and a null session never is.
        let Ok(session) = context.peek() else { return Ok(nothing) };
        if session.is_null() {
            return Ok(nothing);
        }
        let stored = &context.stored;
        if !session.modified() {
            let is_due = stored.is_loaded && stored.is_renewal_due && config.session_refresh_each_request;
            return match stored.id {
                Some(id) if is_due && !is_empty(session) => self.renewal(config, session, id, accessed),
                _ => Ok(nothing),
            };
        }
        if is_empty(session) {
            let cookie = config.cookie(SessionIdCookie::EMPTY).expired();
            let plan = stored.id.map_or(Plan::Nothing, Plan::Delete);
            return Ok(Finish::new(plan, Saved::cookie(config, cookie, 0)?, accessed));
        }
        let ttl = config.permanent_session_lifetime.positive()?;
        let mut sink = SliceSink::new(buffer);
        self.codec.encode_with(self.unwritable_markup, session, &mut sink).map_err(|error| match error {
            WriteError::Source(error) | WriteError::Sink(error) => error,
        })?;
        let value: &[u8] = sink.into_written();
        let stays = stored.is_loaded && !stored.regenerates && !stored.starts_fresh;
        let (id, plan) = match stored.id.filter(|_| stays) {
            Some(id) if self.compare_and_set => {
                (id, Plan::Put { id, value, ttl, condition: Condition::Unchanged(loaded) })
            }
            Some(id) => (id, Plan::Put { id, value, ttl, condition: Condition::Present }),
            None => {
                let mut bytes = [0; 32];
                random(&mut bytes)?;
                let id = SessionId::from_random(&bytes);
                // What could not be read is left alone, unless its owner started afresh.
                let old = stored.id.filter(|_| stored.is_loaded || stored.starts_fresh);
                let condition = Condition::Absent;
                let put = Plan::Put { id, value, ttl, condition };
                let replace = |old| {
                    let successor = Successor { id, is_bound: !stored.starts_fresh };
                    Plan::Replace { old, successor, value, ttl }
                };
                (id, old.map_or(put, replace))
            }
        };
        let saved = self.cookie(config, session, &id)?;
        Ok(Finish::new(plan, saved, accessed))
    }

    /// Renews a session that nobody changed. If it cannot be, it fails no request.
    fn renewal<'a>(
        &'a self,
        config: &'a Config<'a>,
        session: &Session,
        id: SessionId,
        accessed: bool,
    ) -> Result<Finish<'a>, Error> {
        let ttl = config.permanent_session_lifetime.positive()?;
        let saved = match self.cookie(config, session, &id) {
            Ok(saved) if session.permanent() => saved,
            Err(error) if is_setting_s_fault(error) => return Err(error),
            other => Saved { refresh_skipped: other.err(), ..Saved::unchanged(accessed) },
        };
        Ok(Finish::new(Plan::Touch { id, ttl }, saved, accessed))
    }

    /// The cookie that brings the session of this id.
    fn cookie<'a>(
        &'a self,
        config: &'a Config<'a>,
        session: &Session,
        id: &SessionId,
    ) -> Result<Saved<'a, SessionIdCookie>, Error> {
        let value = SessionIdCookie::new(id, self.signer.as_ref())?;
        let len_bytes = value.len_bytes();
        let mut cookie = config.cookie(value);
        if session.permanent() {
            cookie.expires = Some(config.permanent_session_lifetime.after(self.clock.now()?)?);
        }
        Saved::cookie(config, cookie, len_bytes)
    }
}

impl<K, C, F: fmt::Debug> fmt::Debug for ServerSideSessionInterface<K, C, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerSideSessionInterface")
            .field("signs", &self.signer.is_some())
            .field("codec", &self.codec)
            .field("permanent", &self.permanent)
            .field("renewal_after_percent", &self.renewal_after_percent)
            .field("compare_and_set", &self.compare_and_set)
            .field("unavailable", &self.unavailable)
            .finish_non_exhaustive()
    }
}
