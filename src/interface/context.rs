//! One request: begun, handled, finished.

use core::fmt;

use super::{App, Opened, Saved, SessionInterface};
use crate::{Config, Error, Request};

/// What Flask's request context does with the session, once for everybody.
///
/// [`begin`](Self::begin) opens it, or puts the null session in its place; the
/// handler obtains it with [`session`](Self::session), which counts as access;
/// [`finish`](Self::finish) says which headers to send.
///
/// Finish error responses too: what the handler wrote before it failed is
/// saved, as in Flask. A `finish` that fails must become a 500 before any
/// header goes out; ask [`accessed`](Self::accessed) before it, since that 500
/// needs `Vary: Cookie` all the same.
///
/// The types are long; a program names them once:
/// `type Context<'a> = RequestContext<'a, MyRequest, MyInterface>`.
///
/// ```
/// use hipflask::{Config, RequestContext, SecureCookieSession, SecureCookieSessionInterface, SessionMap, UnixTime};
/// use hipflask::signing::{KeyDerivation, Keyring, NoCompression};
///
/// let keys: Keyring = Keyring::new(b"dev", SecureCookieSessionInterface::SALT, KeyDerivation::Hmac);
/// let clock = || Ok(UnixTime::from_secs(1_700_000_000));
/// let interface = SecureCookieSessionInterface::new(keys, clock);
/// let config = Config::new();
///
/// let mut session = SecureCookieSession::<512>::new();
/// let cookie_header: &[u8] = b"session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk";
/// let mut context = RequestContext::begin(&interface, &config, cookie_header, &mut session)?;
/// assert_eq!(context.session().get_as::<u32>("a")?, Some(1));
/// context.session().insert("a", &2)?;
///
/// let mut scratch = NoCompression;
/// let saved = context.finish(&mut scratch)?;
/// assert_eq!(
///     saved.set_cookie.unwrap().to_string(),
///     "session=eyJhIjoyfQ.ZVPxAA.icfJIsgIGE1Fh1OwMioTFAKM22A; HttpOnly; Path=/"
/// );
/// assert!(saved.vary_cookie);
/// # Ok::<(), hipflask::Error>(())
/// ```
pub struct RequestContext<'a, R: Request + ?Sized, I: SessionInterface<R> + ?Sized> {
    interface: &'a I,
    app: App<'a, R>,
    session: &'a mut I::Session,
    opened: Opened,
    accessed: bool,
}

impl<'a, R: Request + ?Sized, I: SessionInterface<R> + ?Sized> RequestContext<'a, R, I> {
    /// Opens the request's session in `session`.
    ///
    /// # Errors
    /// As [`SessionInterface::open_session`]; [`Error::NoSecretKey`] when the
    /// session is unavailable and this kind has no null session.
    pub fn begin(
        interface: &'a I,
        config: &'a Config<'a>,
        request: &'a R,
        session: &'a mut I::Session,
    ) -> Result<Self, Error> {
        let app = App { config, request };
        let opened = interface.open_session(app, session)?;
        if opened == Opened::Unavailable {
            interface.make_null_session(app, session);
            if !interface.is_null_session(session) {
                return Err(Error::NoSecretKey);
            }
        }
        Ok(Self { interface, app, session, opened, accessed: false })
    }

    /// The session, for the handler: from now on it counts as accessed.
    pub fn session(&mut self) -> &mut I::Session {
        self.accessed = true;
        self.session
    }

    /// The session, for logs and middleware: this does not count as access, so
    /// the response must not depend on it.
    #[must_use]
    pub fn peek(&self) -> &I::Session {
        self.session
    }

    /// How it was opened, and why not if it was not.
    #[must_use]
    pub const fn opened(&self) -> Opened {
        self.opened
    }

    /// Whether the handler obtained it.
    #[must_use]
    pub const fn accessed(&self) -> bool {
        self.accessed
    }

    /// The headers to send, after the handler, whether or not it failed. A null
    /// session sends none. `scratch` is lent until they are written.
    ///
    /// # Errors
    /// As [`SessionInterface::save_session`].
    pub fn finish(self, scratch: &'a mut I::Scratch) -> Result<Saved<'a, I::CookieValue<'a>>, Error> {
        let session: &'a I::Session = self.session;
        if self.interface.is_null_session(session) {
            return Ok(Saved::nothing());
        }
        self.interface.save_session(self.app, session, self.accessed, scratch)
    }
}

impl<R: Request + ?Sized, I: SessionInterface<R> + ?Sized> fmt::Debug for RequestContext<'_, R, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestContext")
            .field("opened", &self.opened)
            .field("accessed", &self.accessed)
            .finish_non_exhaustive()
    }
}
