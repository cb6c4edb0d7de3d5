#![doc = include_str!("../README.md")]
#![forbid(unsafe_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![deny(unreachable_pub, clippy::exhaustive_enums, clippy::exhaustive_structs)]

//   middleware   actix-web's middleware
//   headers      its header lists, as the sessions see them
//   session      the extractor
//   error        a response that tells nothing
//   extensions   Flask-Login and Flask-WTF: a middleware, extractors
mod error;
#[cfg(feature = "extensions")]
mod extensions;
mod headers;
mod middleware;
mod session;

pub use error::SessionError;
#[cfg(feature = "extensions")]
pub use extensions::{
    Csrf, CsrfForm, CsrfProtect, CsrfRejection, CurrentUser, ExtensionsMiddleware, ExtensionsService, Login,
    LoginRejection,
};
pub use hipflask::cookie::SameSite;
#[cfg(feature = "extensions")]
pub use hipflask::extensions::{FlaskLogin, FlaskWtf, Protection, Remember, RememberCookie};
#[cfg(feature = "extensions")]
pub use hipflask_server::FlaskExtensions;
pub use hipflask_server::{Cookies, Custom, FlashedMessage, OwnedConfig, Said, ServerSide, Unsaid};
pub use middleware::{Actix, SessionMiddleware, SessionService};
pub use session::Session;

/// The sessions of a site: its keys and settings, which become a [`SessionMiddleware`]. See
/// [`hipflask_server::Sessions`].
///
/// ```
/// use hipflask_actix::{SameSite::Lax, Sessions};
///
/// let middleware = Sessions::secret_key("dev").secure(true).same_site(Lax).layer();
/// ```
///
/// `Secure` and `SameSite` have to be said:
///
/// ```compile_fail,E0599
/// let middleware = hipflask_actix::Sessions::secret_key("dev").secure(true).layer();
/// ```
pub type Sessions<B = Cookies, Secure = Said, Same = Said> =
    hipflask_server::Sessions<Actix, B, Secure, Same>;
