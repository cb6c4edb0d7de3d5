//! The builder: from where keys and settings come.

use std::{fmt, marker::PhantomData, path::Path};

use hipflask::{
    BadCookie, Clock, Config, Error, Lifetime, OversizeCookie, RefusedCookie, SecureCookieSessionInterface,
    SessionInterface, UnsetClock,
    backends::std::{EnvSecrets, FileSecrets, FileSecretsError, SystemClock},
    cookie::SameSite,
    interface::server_side::{Codec, ServerSideSessionInterface, Store, Unavailable, UnwritableMarkup},
    json::{SESSION_JSON_SERIALIZER, TaggedJsonSerializer},
    signing::{Hmac, Keyring, SecretKeySource, SigningKeys},
    zlib::Scratch,
};

use crate::{
    backend::{Backend, CookieBackend},
    config::OwnedConfig,
    lifecycle::Lifecycle,
    server_side::{Interface, StoredSessions},
};

/// A setting that was said.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Said;

/// A setting that has no default, and was not said yet.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Unsaid;

/// What an adapter for a server's framework makes of sessions.
pub trait Adapter {
    /// Its layer, or middleware.
    type Layer;

    /// Makes the layer that gives requests their sessions.
    fn layer(lifecycle: Lifecycle) -> Self::Layer;
}

/// The sessions of a site: its keys and settings. Each adapter names this type with itself
/// as `A`.
///
/// The keys come first, then the settings, each by a method that has the end of its name in
/// Flask. `Secure` and `SameSite` have no default, because Flask's would be quietly unsafe
/// for most sites: say [`secure`](Self::secure) and [`same_site`](Self::same_site), or
/// [`flask_defaults`](Self::flask_defaults). Without, there is no `layer` to call.
///
/// ```
/// use hipflask::cookie::SameSite;
/// use hipflask_server::{Adapter, Cookies, Lifecycle, Said};
///
/// struct MyServer;
///
/// impl Adapter for MyServer {
///     type Layer = Lifecycle;
///
///     fn layer(lifecycle: Lifecycle) -> Lifecycle {
///         lifecycle
///     }
/// }
///
/// type Sessions<B = Cookies, Secure = Said, Same = Said> = hipflask_server::Sessions<MyServer, B, Secure, Same>;
///
/// let sessions: Sessions = Sessions::secret_key("dev").secure(true).same_site(SameSite::Lax);
/// let layer = sessions.layer();
/// ```
#[must_use = "the layer is what opens sessions"]
pub struct Sessions<A, B = Cookies, Secure = Said, Same = Said> {
    kept_by: B,
    config: OwnedConfig,
    max_session_bytes: usize,
    said: Names<A, Secure, Same>,
}

/// Names types without holding a value of them.
type Names<A, Secure, Same> = PhantomData<fn() -> (A, Secure, Same)>;

/// Sessions in cookies, as Flask keeps them.
pub struct Cookies {
    keys: Keys,
    clock: Box<dyn Clock + Send + Sync>,
    serializer: TaggedJsonSerializer,
    compress: bool,
}

/// Sessions of an interface of your own.
pub struct Custom(Box<dyn CookieBackend>);

/// Sessions in a store, as Flask-Session keeps them.
pub struct ServerSide<S>(StoredSessions<S>);

/// The longest session that there is room for, unless it is set.
const MAX_SESSION_BYTES: usize = 64 * 1024;

/// Where keys come from.
impl<A> Sessions<A, Cookies, Unsaid, Unsaid> {
    /// Takes `secret`, Flask's `SECRET_KEY`, as bytes or as text, of which the bytes are UTF-8.
    ///
    /// With an empty one sessions are null sessions, as in Flask: they are empty, and to
    /// write into one is an error.
    #[doc(alias = "SECRET_KEY")]
    pub fn secret_key(secret: impl AsRef<[u8]>) -> Self {
        Self::of_current(Keyring::for_sessions(secret.as_ref()))
    }

    /// Takes the value of the environment variable `name` as the secret key, byte for byte.
    ///
    /// # Errors
    /// [`Error::NoSecretKey`] when it is not set, or has nothing but white space.
    pub fn from_env(name: &str) -> Result<Self, Error> {
        Self::from_secrets(&EnvSecrets { current: name, fallbacks: &[] })
    }

    /// Takes what is in the file at `path` as the secret key, without a line end.
    ///
    /// # Errors
    /// As [`FileSecrets::read`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, FileSecretsError> {
        let secrets = FileSecrets::read(path)?;
        let mut keys = Keys::new(Keyring::for_sessions(b""));
        // A file's secrets are in memory, and lending them cannot fail.
        let _ = secrets.with_current(&mut |secret| keys.current = Keyring::for_sessions(secret));
        Ok(Self::of_keys(keys))
    }

    /// Takes the secrets of `source`: the current one, and any number of fallbacks.
    ///
    /// # Errors
    /// [`Error::NoSecretKey`] when there is no current one, and what the source answers.
    pub fn from_secrets<S: SecretKeySource + ?Sized>(source: &S) -> Result<Self, Error> {
        let mut keys = Keys::new(Keyring::for_sessions(b""));
        source.with_current(&mut |secret| keys.current = Keyring::for_sessions(secret))?;
        source.with_fallbacks(&mut |secret| keys.fallbacks.push(Keyring::for_sessions(secret)))?;
        if keys.has_current() { Ok(Self::of_keys(keys)) } else { Err(Error::NoSecretKey) }
    }

    fn of_current(current: Keyring) -> Self {
        Self::of_keys(Keys::new(current))
    }

    fn of_keys(keys: Keys) -> Self {
        Self::kept_by(Cookies {
            keys,
            clock: Box::new(SystemClock),
            serializer: SESSION_JSON_SERIALIZER,
            compress: true,
        })
    }
}

impl<A> Sessions<A, Custom, Unsaid, Unsaid> {
    /// Takes an interface of your own: one with another salt or digest, with keys in a
    /// secure element, or one that overrides hooks, as a subclass of Flask's does.
    pub fn with_interface<I>(interface: I) -> Self
    where
        I: SessionInterface<Session = hipflask::Session, Scratch = Scratch> + Send + Sync + 'static,
    {
        Self::kept_by(Custom(Box::new(interface)))
    }
}

impl<A, S: Store + 'static> Sessions<A, ServerSide<S>, Unsaid, Unsaid> {
    /// Keeps sessions in `store`, as Flask-Session does: the cookie holds an id.
    ///
    /// ```
    /// # use hipflask_server::{Adapter, Lifecycle, Said, ServerSide};
    /// # struct MyServer;
    /// # impl Adapter for MyServer {
    /// #     type Layer = Lifecycle;
    /// #     fn layer(lifecycle: Lifecycle) -> Lifecycle { lifecycle }
    /// # }
    /// # type Sessions<B> = hipflask_server::Sessions<MyServer, B, Said, Said>;
    /// use std::sync::Mutex;
    /// use hipflask::{backends::std::SystemClock, cookie::SameSite, interface::server_side::{Codec, RamStore}};
    ///
    /// let ram = RamStore::<100, 1024, _>::new(SystemClock, Codec::TaggedJson, "_user_id");
    /// let sessions: Sessions<ServerSide<_>> = hipflask_server::Sessions::server_side(Mutex::new(ram))
    ///     .codec(Codec::TaggedJson)
    ///     .secure(true)
    ///     .same_site(SameSite::Lax);
    /// ```
    #[doc(alias = "SESSION_TYPE")]
    pub fn server_side(store: S) -> Self {
        let clock: Box<dyn Clock + Send + Sync> = Box::new(SystemClock);
        let interface = ServerSideSessionInterface::new(clock);
        Self::kept_by(ServerSide(StoredSessions { store, interface }))
    }
}

impl<A, B> Sessions<A, B, Unsaid, Unsaid> {
    fn kept_by(kept_by: B) -> Self {
        let config = OwnedConfig::default();
        Self { kept_by, config, max_session_bytes: MAX_SESSION_BYTES, said: PhantomData }
    }
}

/// What belongs to the keys.
impl<A, Secure, Same> Sessions<A, Cookies, Secure, Same> {
    /// Adds a secret that only verifies, newer than those added before (Flask's
    /// `SECRET_KEY_FALLBACKS`, in the order of the list). An empty one is ignored.
    #[doc(alias = "SECRET_KEY_FALLBACKS")]
    pub fn fallback_key(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.kept_by.keys.fallbacks.push(Keyring::for_sessions(secret.as_ref()));
        self
    }

    /// Adds the value of the environment variable `name` as
    /// [`fallback_key`](Self::fallback_key) does. Where it is not set, there is no such key.
    pub fn fallback_env(mut self, name: &str) -> Self {
        let fallbacks = &mut self.kept_by.keys.fallbacks;
        let source = EnvSecrets { current: name, fallbacks: &[] };
        // The environment cannot fail, only have no such variable.
        let _ = source.with_current(&mut |secret| fallbacks.push(Keyring::for_sessions(secret)));
        self
    }

    /// Takes the time from `clock` instead of the system.
    pub fn clock(mut self, clock: impl Clock + Send + Sync + 'static) -> Self {
        self.kept_by.clock = Box::new(clock);
        self
    }

    /// Writes and reads sessions with `serializer`, which knows the tags that the Flask app
    /// registered.
    pub fn serializer(mut self, serializer: TaggedJsonSerializer) -> Self {
        self.kept_by.serializer = serializer;
        self
    }

    /// Sets whether cookies are compressed where Flask compresses them: true.
    ///
    /// Flask reads cookies that are not, and writing one takes far less time. But a session
    /// that is large and repeats itself may then be too long for a cookie.
    pub fn compress(mut self, compress: bool) -> Self {
        self.kept_by.compress = compress;
        self
    }
}

/// Flask-Session's settings. [`ServerSideSessionInterface`] says what each is for.
impl<A, S, Secure, Same> Sessions<A, ServerSide<S>, Secure, Same> {
    /// Signs the ids in the cookies with `secret`, Flask's `SECRET_KEY`, and takes no others.
    #[doc(alias = "SESSION_USE_SIGNER")]
    pub fn use_signer(self, secret: impl AsRef<[u8]>) -> Self {
        self.change(|interface| interface.with_signer(Keyring::for_session_ids(secret.as_ref())))
    }

    /// Sets how sessions are written.
    #[doc(alias = "SESSION_SERIALIZATION_FORMAT")]
    pub fn codec(self, codec: Codec) -> Self {
        self.change(|interface| interface.with_codec(codec))
    }

    /// Sets whether a new session is permanent: true.
    #[doc(alias = "SESSION_PERMANENT")]
    pub fn permanent(self, permanent: bool) -> Self {
        self.change(|interface| interface.with_permanent(permanent))
    }

    /// Sets after how many percent of its time to live a session that nobody changed is renewed: 1.
    pub fn renewal_after_percent(self, percent: u8) -> Self {
        self.change(|interface| interface.with_renewal_after_percent(percent))
    }

    /// Sets whether a session is written only if nobody else has written it since it was loaded:
    /// false. Then the response is a 409 instead, and the request can be tried again.
    pub fn compare_and_set(self, compare_and_set: bool) -> Self {
        self.change(|interface| interface.with_compare_and_set(compare_and_set))
    }

    /// Sets what a request gets while the store does not answer: a 503 if it asks for the session.
    pub fn unavailable(self, unavailable: Unavailable) -> Self {
        self.change(|interface| interface.with_unavailable(unavailable))
    }

    /// Sets what happens to HTML that a site flashes, where the codec has no form for it: the
    /// session is not saved, and the response is a 500.
    pub fn unwritable_markup(self, unwritable_markup: UnwritableMarkup) -> Self {
        self.change(|interface| interface.with_unwritable_markup(unwritable_markup))
    }

    fn change(mut self, change: impl FnOnce(Interface) -> Interface) -> Self {
        let ServerSide(StoredSessions { store, interface }) = self.kept_by;
        self.kept_by = ServerSide(StoredSessions { store, interface: change(interface) });
        self
    }
}

/// Flask's settings. [`Config`] says what each is for.
impl<A, B, Secure, Same> Sessions<A, B, Secure, Same> {
    /// Sets whether browsers send the cookie over HTTPS alone. Say `true` wherever there is
    /// HTTPS, also behind a proxy.
    #[doc(alias = "SESSION_COOKIE_SECURE")]
    pub fn secure(self, secure: bool) -> Sessions<A, B, Said, Same> {
        self.set(|config| config.session_cookie_secure = secure).said()
    }

    /// Sets with which requests of other sites browsers send the cookie: `Lax` for most
    /// sites, and `None` (the `Option`) for a cookie without the attribute, as Flask's default.
    #[doc(alias = "SESSION_COOKIE_SAMESITE")]
    pub fn same_site(self, same_site: impl Into<Option<SameSite>>) -> Sessions<A, B, Secure, Said> {
        let same_site = same_site.into();
        self.set(|config| config.session_cookie_samesite = same_site).said()
    }

    /// Takes Flask's defaults for what has none here: a cookie without `Secure` and without
    /// `SameSite`, which is for a site without HTTPS, or one whose Flask app has them too.
    pub fn flask_defaults(self) -> Sessions<A, B, Said, Said> {
        self.secure(false).same_site(None)
    }

    /// Takes all settings from `config`, `Secure` and `SameSite` too.
    pub fn config(mut self, config: OwnedConfig) -> Sessions<A, B, Said, Said> {
        self.config = config;
        self.said()
    }

    /// Sets the cookie's name: `session`.
    #[doc(alias = "SESSION_COOKIE_NAME")]
    pub fn cookie_name(mut self, name: impl AsRef<str>) -> Self {
        self.config.name = name.as_ref().into();
        self
    }

    /// Sets the cookie's `Domain`: none, so that only the host that set it gets the cookie.
    #[doc(alias = "SESSION_COOKIE_DOMAIN")]
    pub fn domain(mut self, domain: impl AsRef<str>) -> Self {
        self.config.domain = Some(domain.as_ref().into());
        self
    }

    /// Sets the cookie's `Path`: none, so that the application's root counts.
    #[doc(alias = "SESSION_COOKIE_PATH")]
    pub fn path(mut self, path: impl AsRef<str>) -> Self {
        self.config.path = Some(path.as_ref().into());
        self
    }

    /// Sets the application's root: `/`.
    #[doc(alias = "APPLICATION_ROOT")]
    pub fn application_root(mut self, root: impl AsRef<str>) -> Self {
        self.config.application_root = Some(root.as_ref().into());
        self
    }

    /// Sets whether the cookie is hidden from scripts: true.
    #[doc(alias = "SESSION_COOKIE_HTTPONLY")]
    pub fn http_only(self, http_only: bool) -> Self {
        self.set(|config| config.session_cookie_httponly = http_only)
    }

    /// Sets whether the cookie is kept apart for each top-level site: false. It forces `Secure`.
    #[doc(alias = "SESSION_COOKIE_PARTITIONED")]
    pub fn partitioned(self, partitioned: bool) -> Self {
        self.set(|config| config.session_cookie_partitioned = partitioned)
    }

    /// Sets whether permanent sessions are sent anew with every response: true.
    #[doc(alias = "SESSION_REFRESH_EACH_REQUEST")]
    pub fn refresh_each_request(self, refresh: bool) -> Self {
        self.set(|config| config.session_refresh_each_request = refresh)
    }

    /// Sets how long a permanent session lasts: 31 days. It is the age at which any cookie
    /// expires, too.
    #[doc(alias = "PERMANENT_SESSION_LIFETIME")]
    pub fn permanent_session_lifetime(self, lifetime: Lifetime) -> Self {
        self.set(|config| config.permanent_session_lifetime = lifetime)
    }

    /// Sets by how many seconds the clocks of the hosts that share the sessions may differ: 0.
    pub fn clock_skew_secs(self, secs: u64) -> Self {
        self.set(|config| config.clock_skew_secs = secs)
    }

    /// Sets how many bytes a `Set-Cookie` value may have: 4093. 0 means no limit.
    #[doc(alias = "MAX_COOKIE_SIZE")]
    pub fn max_cookie_size(self, bytes: usize) -> Self {
        self.set(|config| config.max_cookie_size = bytes)
    }

    /// Sets what happens beyond that: an error.
    pub fn oversize_cookie(self, oversize_cookie: OversizeCookie) -> Self {
        self.set(|config| config.oversize_cookie = oversize_cookie)
    }

    /// Sets what happens when the other settings make a cookie that browsers do not keep: an
    /// error.
    pub fn refused_cookie(self, refused_cookie: RefusedCookie) -> Self {
        self.set(|config| config.refused_cookie = refused_cookie)
    }

    /// Sets what happens when a cookie is signed rightly but is no session here: an error for
    /// whoever asks for the session.
    pub fn bad_cookie(self, bad_cookie: BadCookie) -> Self {
        self.set(|config| config.bad_cookie = bad_cookie)
    }

    /// Sets what happens to a signed cookie while the clock is not set: an error.
    pub fn unset_clock(self, unset_clock: UnsetClock) -> Self {
        self.set(|config| config.unset_clock = unset_clock)
    }

    /// Sets how many bytes of JSON a session may have: 65,536, rounded up to 1, 4, 16, 64 or
    /// 256 KiB.
    ///
    /// A request takes the smallest of these sizes that has room for its session, 1 KiB for
    /// most, and moves on when a handler puts more in. What does not fit is an error for
    /// whoever asks for the session, or puts it in. A compressed cookie of 4 KB can hold far
    /// more than this, so the limit says how much memory a request may take.
    ///
    /// A cookie that holds more than 32 KiB of JSON is read, but not written.
    pub fn max_session_bytes(mut self, bytes: usize) -> Self {
        self.max_session_bytes = bytes;
        self
    }

    fn set(mut self, set: impl FnOnce(&mut Config<'static>)) -> Self {
        set(&mut self.config.others);
        self
    }

    fn said<S, T>(self) -> Sessions<A, B, S, T> {
        let Self { kept_by, config, max_session_bytes, .. } = self;
        Sessions { kept_by, config, max_session_bytes, said: PhantomData }
    }
}

impl<A: Adapter> Sessions<A, Cookies> {
    /// Makes the layer that gives requests their sessions.
    ///
    /// Settings that cannot work are in the log at the level `error`; [`check`](Self::check)
    /// finds them before.
    pub fn layer(self) -> A::Layer {
        let Cookies { keys, clock, serializer, compress } = self.kept_by;
        if !keys.has_current() {
            tracing::warn!("there is no secret key: sessions are empty, and cannot be written");
        }
        let interface = SecureCookieSessionInterface::new(keys, clock).with_serializer(serializer);
        let backend: Box<dyn CookieBackend> = if compress {
            Box::new(interface.with_compression())
        } else {
            Box::new(interface.with_scratch::<Vec<u8>>())
        };
        A::layer(Lifecycle::new(Backend::Cookie(backend), self.config, self.max_session_bytes))
    }
}

impl<A: Adapter> Sessions<A, Custom> {
    /// Makes the layer that gives requests their sessions.
    pub fn layer(self) -> A::Layer {
        A::layer(Lifecycle::new(Backend::Cookie(self.kept_by.0), self.config, self.max_session_bytes))
    }
}

impl<A: Adapter, S: Store + 'static> Sessions<A, ServerSide<S>> {
    /// Makes the layer that gives requests their sessions.
    pub fn layer(self) -> A::Layer {
        let backend = Backend::Store(Box::new(self.kept_by.0));
        A::layer(Lifecycle::new(backend, self.config, self.max_session_bytes))
    }
}

impl<A, B> Sessions<A, B> {
    /// Checks the settings, for a program that must not start with those that cannot work.
    ///
    /// # Errors
    /// As [`Config::check`].
    pub fn check(self) -> Result<Self, Error> {
        self.config.as_config().check()?;
        Ok(self)
    }
}

/// Shows no keys.
impl<A, B, Secure, Same> fmt::Debug for Sessions<A, B, Secure, Same> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("config", &self.config)
            .field("max_session_bytes", &self.max_session_bytes)
            .finish_non_exhaustive()
    }
}

/// The key that signs, and any number of older ones that only verify: a [`Keyring`] has room
/// for a fixed number.
struct Keys {
    current: Keyring,
    /// The oldest first, each the current key of its ring.
    fallbacks: Vec<Keyring>,
}

impl Keys {
    const fn new(current: Keyring) -> Self {
        Self { current, fallbacks: Vec::new() }
    }
}

impl SigningKeys for Keys {
    type Mac = Hmac;

    fn current(&self) -> Result<Hmac, Error> {
        self.current.current()
    }

    fn fallback(&self, index: usize) -> Option<Result<Hmac, Error>> {
        let mut usable = self.fallbacks.iter().rev().filter(|fallback| fallback.has_current());
        usable.nth(index).map(Keyring::current)
    }

    fn has_current(&self) -> bool {
        self.current.has_current()
    }
}
