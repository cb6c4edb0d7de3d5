//! One request's session, from its opening to its saving.

use core::{
    fmt,
    ops::{Deref, DerefMut},
};

use super::{Opened, Request, Saved, SessionInterface};
use crate::{
    config::Config,
    error::Error,
    json::TaggedJsonSerializer,
    session::{SecureCookieSession, Session, SessionMixin},
};

/// Holds a request's session between opening and saving, and knows what Flask's
/// request context does with it.
///
/// [`open`](Self::open) opens the session. The handler obtains it with
/// [`session`](Self::session), which counts as access. [`save`](Self::save) says
/// which headers to send.
///
/// It borrows nothing: it may cross an `.await`, move into a task, or wait in a
/// pool and be opened again. `&mut RequestContext<SecureCookieSession<N>>` becomes
/// `&mut RequestContext` by itself, as the session in it does, and so does a `Box`.
///
/// - Save after a handler that failed too: what it wrote before is kept, as in Flask.
/// - A `save` that fails must become a 500 before any header goes out. That 500
///   needs `Vary: Cookie` if the session was [`accessed`](Self::accessed).
/// - A session that cannot be read harms only the handlers that ask for it: they get
///   the error. The others are served, with nothing saved.
///   [`start_fresh`](Self::start_fresh) puts a new one in its place, to log out.
///
/// ```
/// use hipflask::{Config, RequestContext, SecureCookieSession, SecureCookieSessionInterface, UnixTime, clock_fn};
/// use hipflask::signing::{Keyring, NoCompression};
///
/// let keys = Keyring::for_sessions(b"dev");
/// let clock = clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)));
/// let interface = SecureCookieSessionInterface::new(keys, clock);
/// let config = Config::new();
///
/// let cookie_header: &[u8] = b"session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk";
/// let mut context = RequestContext::new(SecureCookieSession::<512>::new());
/// context.open(&interface, &config, cookie_header);
///
/// let session = context.session()?;
/// assert_eq!(session.get_as::<u32>("a")?, Some(1));
/// session.insert("a", &2)?;
///
/// let mut scratch = NoCompression;
/// let saved = context.save(&interface, &config, &mut scratch)?;
/// assert_eq!(
///     saved.set_cookie.unwrap().to_string(),
///     "session=eyJhIjoyfQ.ZVPxAA.icfJIsgIGE1Fh1OwMioTFAKM22A; HttpOnly; Path=/"
/// );
/// assert!(saved.vary_cookie);
/// # Ok::<(), hipflask::Error>(())
/// ```
#[derive(Clone)]
pub struct RequestContext<S: ?Sized = Session> {
    outcome: Outcome,
    accessed: bool,
    session: S,
}

/// What came of opening. Before it, the number zero: then a new context is zeros and
/// nothing else, and a `static` pool of them takes no flash.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Outcome {
    NotOpened = 0,
    Opened(Opened) = 1,
    Failed(Error) = 2,
}

impl Outcome {
    const fn of(opened: Result<Opened, Error>) -> Self {
        match opened {
            Ok(opened) => Self::Opened(opened),
            Err(error) => Self::Failed(error),
        }
    }
}

impl<S> RequestContext<S> {
    /// Takes `session` for a request's. Until it is opened, it counts as one that
    /// the request did not bring.
    #[must_use]
    pub const fn new(session: S) -> Self {
        Self { outcome: Outcome::NotOpened, accessed: false, session }
    }
}

impl RequestContext {
    /// Makes it a copy of `other`, whose session has as much room or less, so that a request's
    /// session gets more room. See [`Session::copy_from`].
    ///
    /// # Errors
    /// [`Error::Capacity`] when the session of `other` has more room.
    pub fn copy_from(&mut self, other: &Self) -> Result<(), Error> {
        self.session.copy_from(&other.session)?;
        self.outcome = other.outcome;
        self.accessed = other.accessed;
        Ok(())
    }
}

impl<S: ?Sized> RequestContext<S> {
    /// How the session was opened.
    ///
    /// # Errors
    /// Why it could not be: as [`SessionInterface::open_session`].
    pub const fn opened(&self) -> Result<Opened, Error> {
        match self.outcome {
            Outcome::NotOpened => Ok(Opened::FRESH),
            Outcome::Opened(opened) => Ok(opened),
            Outcome::Failed(error) => Err(error),
        }
    }

    /// Whether a handler obtained the session.
    #[must_use]
    pub const fn accessed(&self) -> bool {
        self.accessed
    }
}

impl RequestContext {
    /// Begins with an empty session, which is written with `serializer`, and to which this
    /// outcome applies.
    pub(super) fn start(
        &mut self,
        outcome: Result<Opened, Error>,
        serializer: TaggedJsonSerializer,
    ) -> &mut Session {
        self.accessed = false;
        self.outcome = Outcome::of(outcome);
        self.session.reset(serializer);
        &mut self.session
    }

    /// Says how the session was opened that is in its storage now.
    pub(super) const fn set_opened(&mut self, opened: Opened) {
        self.outcome = Outcome::Opened(opened);
    }

    /// The session, for whoever opens it.
    pub(super) const fn storage(&mut self) -> &mut Session {
        &mut self.session
    }
}

impl<S: SessionMixin + ?Sized> RequestContext<S> {
    /// Opens the session of `request`, whatever the context held before. The request
    /// is not needed afterwards.
    ///
    /// A session that cannot be opened is no reason to refuse the request: whoever asks
    /// for it gets the error. A log takes it from [`opened`](Self::opened).
    pub fn open<R: Request + ?Sized, I: SessionInterface<Session = S> + ?Sized>(
        &mut self,
        interface: &I,
        config: &Config<'_>,
        request: &R,
    ) {
        self.accessed = false;
        self.outcome = Outcome::of(interface.open_session(config, request, &mut self.session));
    }

    /// The session, for the handler: from now on it counts as accessed.
    ///
    /// # Errors
    /// Why it could not be opened, as [`opened`](Self::opened).
    pub fn session(&mut self) -> Result<&mut S, Error> {
        self.accessed = true;
        // Not `opened`, whose answer would be copied to be dropped.
        if let Outcome::Failed(error) = self.outcome {
            return Err(error);
        }
        Ok(&mut self.session)
    }

    /// The session, for logs and middleware: this does not count as access, so the
    /// response must not depend on it.
    ///
    /// # Errors
    /// Why it could not be opened, as [`opened`](Self::opened).
    pub fn peek(&self) -> Result<&S, Error> {
        if let Outcome::Failed(error) = self.outcome {
            return Err(error);
        }
        Ok(&self.session)
    }

    /// Puts an empty session in the place of whatever there is, which also works where
    /// that cannot be read. Saving deletes the cookie, unless something is put in.
    /// This is how to log out in every case. It counts as access.
    ///
    /// # Errors
    /// [`Error::NoSecretKey`] when it is the null session.
    pub fn start_fresh(&mut self) -> Result<&mut S, Error> {
        self.accessed = true;
        self.session.clear()?;
        if let Outcome::Failed(reason) = self.outcome {
            self.outcome = Outcome::Opened(Opened::rejected(reason));
        }
        self.session.set_modified(true);
        Ok(&mut self.session)
    }

    /// What to send, after the handler, whether or not it failed. A null session sends
    /// nothing, and so does one that could not be opened. `scratch` is lent until the
    /// headers are written.
    ///
    /// A session that nobody changed, and that was only to be sent anew so that it lasts
    /// longer, fails no request: if it cannot be saved it stays as the browser has it,
    /// and [`Saved::refresh_skipped`] says why.
    ///
    /// # Errors
    /// As [`SessionInterface::save_session`].
    #[inline(never)]
    pub fn save<'a, I: SessionInterface<Session = S> + ?Sized>(
        &'a self,
        interface: &'a I,
        config: &'a Config<'a>,
        scratch: &'a mut I::Scratch,
    ) -> Result<Saved<'a, I::CookieValue<'a>>, Error> {
        let mut saved = match self.outcome {
            Outcome::Failed(_) => Ok(Saved::unchanged(self.accessed)),
            _ if interface.is_null_session(&self.session) => Ok(Saved::nothing()),
            _ => interface.save_session(config, &self.session, self.accessed, scratch),
        };
        if let Err(error) = saved
            && !self.session.modified()
            && !is_setting_s_fault(error)
        {
            saved = Ok(Saved { refresh_skipped: Some(error), ..Saved::unchanged(self.accessed) });
        }
        saved
    }
}

impl<const N: usize> Deref for RequestContext<SecureCookieSession<N>> {
    type Target = RequestContext;

    fn deref(&self) -> &RequestContext {
        self
    }
}

impl<const N: usize> DerefMut for RequestContext<SecureCookieSession<N>> {
    fn deref_mut(&mut self) -> &mut RequestContext {
        self
    }
}

/// Whether every request has this error until the settings are mended: such a one
/// is not to be kept quiet.
pub(super) const fn is_setting_s_fault(error: Error) -> bool {
    matches!(error, Error::InvalidConfig { .. } | Error::DateOutOfRange)
}

/// Shows no contents, as [`Session`] shows none.
impl<S: ?Sized> fmt::Debug for RequestContext<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestContext")
            .field("opened", &self.opened())
            .field("accessed", &self.accessed)
            .finish_non_exhaustive()
    }
}
