//! Forms that are the site's own.

use std::fmt;

use bytes::Bytes;
use hipflask::{
    Error,
    extensions::{CsrfError, FlaskWtf},
};
use serde::de::DeserializeOwned;

use super::{RequestExtensions, form, joined};
use crate::SessionError;

/// Flask-WTF for one request. Clones are of the same request.
///
/// `E` is the error of all methods: each adapter has one that is a response.
pub struct Csrf<E = SessionError>(pub(super) RequestExtensions<E>);

/// Why a request's form is not taken.
#[derive(Debug)]
#[non_exhaustive]
pub enum FormError<E = SessionError> {
    /// It may be another site's. Flask-WTF answers 400 with these words.
    Csrf(CsrfError),
    /// It is none, or lacks a field.
    Form(String),
    /// The session cannot be used.
    Session(E),
}

impl<E: From<SessionError>> Csrf<E> {
    /// Makes a token for a form of the page: the value of its hidden field `csrf_token`.
    ///
    /// # Errors
    /// As [`FlaskWtf::generate`]; [`SessionError::NoEntropy`] when the system has no random
    /// numbers.
    pub fn token(&self) -> Result<String, E> {
        let csrf = self.settings()?;
        // Before the session is lent: drawing the numbers may fail in a way of its own.
        let mut drawn = [0; 20];
        getrandom::fill(&mut drawn).map_err(|_| SessionError::NoEntropy)?;
        self.0.session.with_mut(|session| {
            let random = |bytes: &mut [u8; 20]| {
                *bytes = drawn;
                Ok::<_, Error>(())
            };
            Ok(csrf.generate(session, random, &*self.0.extensions.clock)?.to_string())
        })
    }

    /// Checks the token of a form, for a handler that reads the form itself.
    ///
    /// # Errors
    /// [`FormError::Csrf`], [`FormError::Session`].
    pub fn validate(&self, token: &[u8]) -> Result<(), FormError<E>> {
        let csrf = self.settings().map_err(FormError::Session)?;
        let clock = &*self.0.extensions.clock;
        let checked = self.0.session.with(|session| csrf.validate(session, token, clock));
        checked.map_err(FormError::Session)?.map_err(FormError::Csrf)
    }

    /// Checks a request as Flask-WTF's `CSRFProtect` does, and gives the fields of the form in its
    /// `body`, for [`read_form`](Self::read_form). The token is in the form's field `csrf_token`,
    /// else in a field that ends so, else in a header; on HTTPS it also counts which page sent
    /// it. A method that changes nothing needs no token.
    ///
    /// A form is `application/x-www-form-urlencoded` or `multipart/form-data`. The files of
    /// the latter are no fields.
    ///
    /// `values` gives what there is of each header. `authority` is the host in the request's address,
    /// where HTTP/2 has it instead of a header.
    ///
    /// # Errors
    /// [`FormError::Csrf`], [`FormError::Session`].
    pub async fn protect<'v, V: Iterator<Item = &'v [u8]>>(
        &self,
        method: &str,
        authority: Option<&str>,
        values: impl Fn(&'static str) -> V,
        body: &Bytes,
    ) -> Result<Bytes, FormError<E>> {
        let header = |name| joined(values(name));
        let fields = form::fields(&header("content-type").unwrap_or_default(), body).await;
        // Werkzeug writes a method in capitals before anybody looks at it.
        if !FlaskWtf::METHODS.iter().any(|protected| protected.eq_ignore_ascii_case(method)) {
            return Ok(fields);
        }
        let checked = self.check(&fields, authority, header);
        if let Err(FormError::Csrf(reason)) = &checked {
            tracing::info!(%reason, "a form was not taken");
        }
        checked.map(|()| fields)
    }

    fn check(
        &self,
        fields: &[u8],
        authority: Option<&str>,
        header: impl Fn(&'static str) -> Option<Vec<u8>>,
    ) -> Result<(), FormError<E>> {
        let name = self.settings().map_err(FormError::Session)?.field_name();
        let headers =
            || FlaskWtf::HEADERS.iter().filter_map(|name| header(name)).find(|token| !token.is_empty());
        let token = form::token(fields, name).or_else(headers);
        self.validate(&token.unwrap_or_default())?;
        if self.0.extensions.is_https {
            let host = header("host").or_else(|| Some(authority?.into())).unwrap_or_default();
            FlaskWtf::check_referrer(header("referer").as_deref(), &host).map_err(FormError::Csrf)?;
        }
        Ok(())
    }

    /// Reads a form's fields, which [`protect`](Self::protect) gave.
    ///
    /// # Errors
    /// [`FormError::Form`] when they are not a `T`.
    pub fn read_form<T: DeserializeOwned>(fields: &[u8]) -> Result<T, FormError<E>> {
        serde_urlencoded::from_bytes(fields).map_err(|error| FormError::Form(error.to_string()))
    }

    fn settings(&self) -> Result<&FlaskWtf<'static>, E> {
        // There are some, or there would be no `Csrf`.
        Ok(self.0.extensions.csrf.as_deref().ok_or(SessionError::NoLayer)?)
    }
}

impl<E> Clone for Csrf<E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<E> fmt::Debug for Csrf<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Csrf").finish_non_exhaustive()
    }
}

impl<E: fmt::Display> fmt::Display for FormError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Csrf(error) => error.fmt(f),
            Self::Form(error) => f.write_str(error),
            Self::Session(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for FormError<E> {}
