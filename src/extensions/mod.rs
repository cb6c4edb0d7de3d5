//! What Flask's extensions keep in a site's sessions, so that a program beside Flask
//! agrees with it: who is logged in, and which forms are its own.
//!
//! | extension | here | feature | what it keeps |
//! |---|---|---|---|
//! | Flask-Login 0.6.3 | [`FlaskLogin`] | `flask-login` | `_user_id`, `_fresh`, `_id`, `_remember`, the cookie `remember_token` |
//! | Flask-WTF 1.3 | [`FlaskWtf`] | `flask-wtf` | `csrf_token` |
//!
//! Both know Flask's `SECRET_KEY` and none of its `SECRET_KEY_FALLBACKS`, as in Flask:
//! with a new key, forms that are open become invalid, and whoever was remembered has to
//! log in again. Old keys count where a program says so by name, and then Flask still
//! refuses what they signed.
//!
//! A key is a [`SecretKey`]: text or bytes, whichever it is in Flask.

#[cfg(feature = "flask-login")]
mod flask_login;
#[cfg(feature = "flask-wtf")]
mod flask_wtf;
mod secret_key;

#[cfg(feature = "flask-login")]
pub use flask_login::{
    Client, FlaskLogin, Identifier, Protection, Remember, RememberCookie, RememberToken, RememberValue,
};
#[cfg(feature = "flask-wtf")]
pub use flask_wtf::{CsrfError, CsrfToken, FlaskWtf};
pub use secret_key::{SecretKey, SecretKeyType};
