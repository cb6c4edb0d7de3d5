//! Flask-Login and Flask-WTF for a site: settings, and what a request does with them.
//!
//! | file | idea |
//! |---|---|
//! | here | the settings, and what belongs to one request |
//! | `login` | who is logged in |
//! | `csrf` | forms that are the site's own |
//! | `form` | what of a body is a form |

mod csrf;
mod form;
mod login;

use std::{fmt, net::IpAddr, sync::Arc};

use hipflask::{
    Clock, Lifetime, Request,
    backends::std::SystemClock,
    extensions::{Client, FlaskLogin, FlaskWtf, RememberCookie},
};

use crate::{Session, SessionError};

pub use csrf::{Csrf, FormError};
pub use login::{CurrentUser, Login};

/// What a Flask site has of Flask-Login and Flask-WTF, for the adapter of a server.
///
/// ```
/// use hipflask::extensions::{FlaskLogin, FlaskWtf, Protection, RememberCookie};
/// use hipflask_server::FlaskExtensions;
///
/// let secret = "the SECRET_KEY";
/// let extensions = FlaskExtensions::new()
///     .login(FlaskLogin::new(secret, Protection::Basic)?, RememberCookie::new().secure(true))
///     .csrf(FlaskWtf::new(secret)?)
///     .https(true);
/// # Ok::<(), hipflask::Error>(())
/// ```
///
/// Clones share the keys.
#[derive(Clone)]
pub struct FlaskExtensions {
    login: Option<Arc<(FlaskLogin, OwnedRememberCookie)>>,
    csrf: Option<Arc<FlaskWtf<'static>>>,
    is_https: bool,
    clock: Arc<dyn Clock + Send + Sync>,
}

impl FlaskExtensions {
    /// Neither of them yet.
    #[must_use]
    pub fn new() -> Self {
        Self { login: None, csrf: None, is_https: false, clock: Arc::new(SystemClock) }
    }

    /// Logs in and out as Flask-Login does, and remembers by a cookie with these settings.
    #[must_use]
    pub fn login(mut self, login: FlaskLogin, cookie: RememberCookie<'_>) -> Self {
        if let Err(error) = cookie.check() {
            tracing::error!(%error, "the settings of the cookie that remembers cannot be used");
        }
        self.login = Some(Arc::new((login, cookie.into())));
        self
    }

    /// Checks forms as Flask-WTF does.
    #[must_use]
    pub fn csrf(mut self, csrf: FlaskWtf<'static>) -> Self {
        self.csrf = Some(Arc::new(csrf));
        self
    }

    /// Says whether browsers come by HTTPS: then the page that sent a form must be one of the
    /// same host, as with `WTF_CSRF_SSL_STRICT`, Flask-WTF's default. Not said, they do not.
    #[must_use]
    #[doc(alias = "WTF_CSRF_SSL_STRICT")]
    pub fn https(mut self, is_https: bool) -> Self {
        self.is_https = is_https;
        self
    }

    /// Takes the time from `clock` instead of the system.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// What belongs to a request: its session, and what it says of who sent it.
    pub fn begin<E>(&self, session: Session<E>, client: OwnedClient) -> RequestExtensions<E> {
        RequestExtensions { session, extensions: self.clone(), client: Arc::new(client) }
    }
}

impl Default for FlaskExtensions {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows no keys.
impl fmt::Debug for FlaskExtensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlaskExtensions").field("is_https", &self.is_https).finish_non_exhaustive()
    }
}

/// What a request says of who sent it, as Flask-Login looks at it.
#[derive(Clone, Debug, Default)]
pub struct OwnedClient {
    remote_addr: Option<String>,
    forwarded_for: Option<Vec<u8>>,
    user_agent: Option<Vec<u8>>,
    cookies: Cookies,
}

/// The values of the `Cookie` headers.
#[derive(Clone, Default)]
struct Cookies(Vec<Vec<u8>>);

impl Request for Cookies {
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }
}

/// Shows none: they log in.
impl fmt::Debug for Cookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookies(..)")
    }
}

impl OwnedClient {
    /// Takes the peer's address and, by `values`, what there is of each header.
    pub fn new<'v, V: Iterator<Item = &'v [u8]>>(
        remote_addr: Option<IpAddr>,
        values: impl Fn(&'static str) -> V,
    ) -> Self {
        Self {
            remote_addr: remote_addr.map(|address| address.to_string()),
            forwarded_for: joined(values("x-forwarded-for")),
            user_agent: joined(values("user-agent")),
            cookies: Cookies(values("cookie").map(<[u8]>::to_vec).collect()),
        }
    }

    fn client(&self, settings: &RememberCookie<'_>) -> Client<'_> {
        let mut client = Client::new().cookies(&self.cookies, settings);
        client.remote_addr = self.remote_addr.as_deref().map(str::as_bytes);
        client.forwarded_for = self.forwarded_for.as_deref();
        client.user_agent = self.user_agent.as_deref();
        client
    }
}

/// The value of a header, if there is one. Python servers join those of one name, too.
fn joined<'v>(values: impl Iterator<Item = &'v [u8]>) -> Option<Vec<u8>> {
    let values: Vec<&[u8]> = values.collect();
    (!values.is_empty()).then(|| values.join(&b","[..]))
}

/// The extensions of a request. Clones are of the same request.
pub struct RequestExtensions<E = SessionError> {
    session: Session<E>,
    extensions: FlaskExtensions,
    client: Arc<OwnedClient>,
}

impl<E> RequestExtensions<E> {
    /// Who is logged in; `None` where the site has no Flask-Login.
    #[must_use]
    pub fn login(&self) -> Option<Login<E>> {
        self.extensions.login.is_some().then(|| Login(self.clone()))
    }

    /// The forms; `None` where the site has no Flask-WTF.
    #[must_use]
    pub fn csrf(&self) -> Option<Csrf<E>> {
        self.extensions.csrf.is_some().then(|| Csrf(self.clone()))
    }
}

impl<E> Clone for RequestExtensions<E> {
    fn clone(&self) -> Self {
        Self {
            session: self.session.clone(),
            extensions: self.extensions.clone(),
            client: self.client.clone(),
        }
    }
}

impl<E> fmt::Debug for RequestExtensions<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestExtensions").finish_non_exhaustive()
    }
}

/// A [`RememberCookie`] that owns its text.
struct OwnedRememberCookie {
    name: String,
    domain: Option<String>,
    path: Option<String>,
    /// The settings that are no text.
    others: RememberCookie<'static>,
}

impl OwnedRememberCookie {
    fn as_settings(&self) -> RememberCookie<'_> {
        let mut settings = self.others;
        settings.name = &self.name;
        settings.domain = self.domain.as_deref();
        settings.path = self.path.as_deref();
        settings
    }
}

impl From<RememberCookie<'_>> for OwnedRememberCookie {
    fn from(settings: RememberCookie<'_>) -> Self {
        let duration: Lifetime = settings.duration;
        let mut others = RememberCookie::new().duration(duration).secure(settings.secure);
        others = others.httponly(settings.httponly).refresh_each_request(settings.refresh_each_request);
        others.samesite = settings.samesite;
        Self {
            name: settings.name.to_owned(),
            domain: settings.domain.map(str::to_owned),
            path: settings.path.map(str::to_owned),
            others,
        }
    }
}
