#![doc = include_str!("../README.md")]
#![forbid(unsafe_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![deny(unreachable_pub, clippy::exhaustive_enums, clippy::exhaustive_structs)]

//   layer     the tower layer and its service
//   session   the extractor
//   error     a response that tells nothing
//   extensions  Flask-Login and Flask-WTF: a layer, extractors
mod error;
#[cfg(feature = "extensions")]
mod extensions;
mod layer;
mod session;

pub use error::SessionError;
#[cfg(feature = "extensions")]
pub use extensions::{
    Csrf, CsrfForm, CsrfProtect, CsrfRejection, CurrentUser, ExtensionsLayer, ExtensionsService, Login,
    LoginRejection,
};
pub use hipflask::cookie::SameSite;
#[cfg(feature = "extensions")]
pub use hipflask::extensions::{FlaskLogin, FlaskWtf, Protection, Remember, RememberCookie};
#[cfg(feature = "extensions")]
pub use hipflask_server::FlaskExtensions;
pub use hipflask_server::{Cookies, Custom, FlashedMessage, OwnedConfig, Said, ServerSide, Unsaid};
pub use layer::{Axum, SessionLayer, SessionService};
pub use session::Session;

/// The sessions of a site: its keys and settings, which become a [`SessionLayer`]. See
/// [`hipflask_server::Sessions`].
///
/// ```
/// use hipflask_axum::{SameSite::Lax, Sessions};
///
/// let layer = Sessions::secret_key("dev").secure(true).same_site(Lax).layer();
/// ```
///
/// `Secure` and `SameSite` have to be said:
///
/// ```compile_fail,E0599
/// let layer = hipflask_axum::Sessions::secret_key("dev").secure(true).layer();
/// ```
pub type Sessions<B = Cookies, Secure = Said, Same = Said> = hipflask_server::Sessions<Axum, B, Secure, Same>;
