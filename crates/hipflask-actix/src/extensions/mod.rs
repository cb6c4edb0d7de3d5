//! Flask-Login and Flask-WTF: a middleware inside of the sessions' one, and extractors.
//!
//! | file | idea |
//! |---|---|
//! | `middleware` | what a request brings, and the cookie that remembers |
//! | `login` | who is logged in |
//! | `csrf` | forms that are the site's own |

mod csrf;
mod login;
mod middleware;

pub use csrf::{Csrf, CsrfForm, CsrfProtect, CsrfRejection};
pub use login::{CurrentUser, Login, LoginRejection};
pub use middleware::{ExtensionsMiddleware, ExtensionsService};

use actix_web::{HttpMessage as _, HttpRequest};

use crate::SessionError;

type RequestExtensions = hipflask_server::RequestExtensions<SessionError>;

/// What the middleware put there of `part`.
fn of<T>(
    request: &HttpRequest,
    part: impl FnOnce(&RequestExtensions) -> Option<T>,
) -> Result<T, SessionError> {
    let extensions = request.extensions();
    extensions.get().and_then(part).ok_or_else(|| hipflask_server::SessionError::NoLayer.into())
}
