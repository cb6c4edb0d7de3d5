//! Who is logged in, and how that changes.

use std::fmt;

use hipflask::{
    Error, Response,
    extensions::{Client, FlaskLogin, Remember, RememberCookie},
};

use super::RequestExtensions;
use crate::SessionError;

/// Who is logged in, in the session.
const USER_ID: &str = "_user_id";
/// The order to set or to delete the cookie that remembers.
const REMEMBER: &str = "_remember";

/// Who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CurrentUser {
    /// The user's id: Flask-Login's `current_user.get_id()`.
    pub id: String,
    /// Whether they gave their password in this session, and have not come from elsewhere
    /// since.
    pub is_fresh: bool,
}

/// Flask-Login for one request. Clones are of the same request.
///
/// `E` is the error of all methods: each adapter has one that is a response.
pub struct Login<E = SessionError>(pub(super) RequestExtensions<E>);

impl<E: From<SessionError>> Login<E> {
    /// Says who is logged in, by the session or by the cookie that remembers, after looking
    /// after the session as the protection says.
    ///
    /// Whom the cookie logs in gets another id of the session, as with
    /// [`login_user`](Self::login_user).
    ///
    /// # Errors
    /// As [`FlaskLogin::user_id`].
    pub fn current_user(&self) -> Result<Option<CurrentUser>, E> {
        let (user, is_remembered) = self.with(|login, session, client| {
            let was_nobody = !session.contains(USER_ID);
            let Some(id) = login.user_id(session, client)?.map(str::to_owned) else {
                return Ok((None, false));
            };
            Ok((Some(CurrentUser { id, is_fresh: FlaskLogin::login_fresh(session) }), was_nobody))
        })?;
        if is_remembered {
            self.0.session.regenerate()?;
        }
        Ok(user)
    }

    /// Logs in whoever the cookie remembers: for a program that knows no user of the id that
    /// [`current_user`](Self::current_user) gave.
    ///
    /// # Errors
    /// As [`FlaskLogin::remembered_user_id`].
    pub fn remembered_user_id(&self) -> Result<Option<String>, E> {
        let user_id = self.with(|login, session, client| {
            Ok(login.remembered_user_id(session, client)?.map(str::to_owned))
        })?;
        if user_id.is_some() {
            self.0.session.regenerate()?;
        }
        Ok(user_id)
    }

    /// Logs `user_id` in. The response has the cookie that remembers, if it is to be.
    ///
    /// A session in a store gets another id: whoever planted the old one in the browser is not
    /// logged in with it.
    ///
    /// # Errors
    /// As [`FlaskLogin::login_user`].
    pub fn login_user(&self, user_id: &str, remember: Remember) -> Result<(), E> {
        self.with(|login, session, client| login.login_user(session, user_id, remember, client))?;
        self.0.session.regenerate()
    }

    /// Makes the login fresh again.
    ///
    /// # Errors
    /// As [`FlaskLogin::confirm_login`].
    pub fn confirm_login(&self) -> Result<(), E> {
        self.with(|login, session, client| login.confirm_login(session, client))
    }

    /// Logs out. The response deletes the cookie that remembers, if there is one. What else
    /// the session holds stays.
    ///
    /// # Errors
    /// As [`FlaskLogin::logout_user`].
    pub fn logout_user(&self) -> Result<(), E> {
        self.with(|login, session, client| login.logout_user(session, client))
    }

    /// Sets or deletes the cookie that remembers in the headers of `response`, if the session
    /// has an order for that. An adapter calls it when the handler has answered, before the
    /// session is saved.
    ///
    /// A response that needs none of it does not vary for it.
    ///
    /// # Errors
    /// As [`FlaskLogin::remember_cookie`]; [`SessionError::NotSent`]. The response must become
    /// a 500 then, and the session is saved all the same. The order is gone.
    pub fn finish<R: Response + ?Sized>(&self, response: &mut R) -> Result<(), E> {
        let Some((login, settings)) = self.0.extensions.login.as_deref() else { return Ok(()) };
        let settings = settings.as_settings();
        let is_asked =
            |session: &hipflask::Session| settings.refresh_each_request || session.contains(REMEMBER);
        // A session that cannot be read has no order.
        if !self.0.session.peek(is_asked).unwrap_or(false) {
            return Ok(());
        }
        let cookie = self.0.session.with_mut(|session| {
            let cookie = login.remember_cookie(session, &settings, &*self.0.extensions.clock);
            let cookie = cookie.map(|cookie| cookie.map(|cookie| cookie.to_string()));
            if cookie.is_err() {
                // As in Flask-Login. Otherwise each response to come would fail for it.
                session.remove(REMEMBER)?;
            }
            cookie
        })?;
        match cookie.map(|cookie| response.add_set_cookie(&cookie)) {
            Some(Err(_)) => Err(SessionError::NotSent.into()),
            _ => Ok(()),
        }
    }

    fn with<T>(
        &self,
        mut change: impl FnMut(&FlaskLogin, &mut hipflask::Session, &Client<'_>) -> Result<T, Error>,
    ) -> Result<T, E> {
        // There is one, or there would be no `Login`.
        let (login, settings) = self.0.extensions.login.as_deref().ok_or(SessionError::NoLayer)?;
        let settings: RememberCookie<'_> = settings.as_settings();
        let client = self.0.client.client(&settings);
        self.0.session.with_mut(|session| change(login, session, &client))
    }
}

impl<E> Clone for Login<E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<E> fmt::Debug for Login<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}
