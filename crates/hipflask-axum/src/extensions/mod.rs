//! Flask-Login and Flask-WTF: a layer inside of the sessions' one, and extractors.
//!
//! | file | idea |
//! |---|---|
//! | `layer` | what a request brings, and the cookie that remembers |
//! | `login` | who is logged in |
//! | `csrf` | forms that are the site's own |

mod csrf;
mod layer;
mod login;

pub use csrf::{Csrf, CsrfForm, CsrfProtect, CsrfRejection};
pub use layer::{ExtensionsLayer, ExtensionsService};
pub use login::{CurrentUser, Login, LoginRejection};

use http::Extensions;

use crate::SessionError;

type RequestExtensions = hipflask_server::RequestExtensions<SessionError>;

/// What the layer put there of `part`.
fn of<T>(
    extensions: &Extensions,
    part: impl FnOnce(&RequestExtensions) -> Option<T>,
) -> Result<T, SessionError> {
    extensions.get().and_then(part).ok_or_else(|| hipflask_server::SessionError::NoLayer.into())
}
