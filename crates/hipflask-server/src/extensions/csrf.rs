//! Forms that are the site's own.

use std::{collections::HashSet, fmt};

use hipflask::{
    Error,
    extensions::{CsrfError, FlaskWtf},
};
use serde::de::DeserializeOwned;

use super::{RequestExtensions, joined};
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

    /// Checks a request as Flask-WTF's `CSRFProtect` does, and gives the form in its `body`.
    /// The token is in the form's field `csrf_token`, else in a field that ends so, else in a
    /// header; on HTTPS it also counts which page sent it. A method that changes nothing needs
    /// no token.
    ///
    /// A body of another type than `application/x-www-form-urlencoded` has no form, not even
    /// one of the type `multipart/form-data`, which Flask reads too: there the token is in a
    /// header.
    ///
    /// `values` gives what there is of each header. `authority` is the host in the request's address,
    /// where HTTP/2 has it instead of a header.
    ///
    /// # Errors
    /// [`FormError::Csrf`], [`FormError::Session`].
    pub fn protect<'b, 'v, V: Iterator<Item = &'v [u8]>>(
        &self,
        method: &str,
        authority: Option<&str>,
        values: impl Fn(&'static str) -> V,
        body: &'b [u8],
    ) -> Result<&'b [u8], FormError<E>> {
        let header = |name| joined(values(name));
        let form = if header("content-type").is_some_and(|kind| is_form(&kind)) { body } else { &[] };
        // Werkzeug writes a method in capitals before anybody looks at it.
        if !FlaskWtf::METHODS.iter().any(|protected| protected.eq_ignore_ascii_case(method)) {
            return Ok(form);
        }
        let checked = self.check(form, authority, header);
        if let Err(FormError::Csrf(reason)) = &checked {
            tracing::info!(%reason, "a form was not taken");
        }
        checked.map(|()| form)
    }

    fn check(
        &self,
        form: &[u8],
        authority: Option<&str>,
        header: impl Fn(&'static str) -> Option<Vec<u8>>,
    ) -> Result<(), FormError<E>> {
        let name = self.settings().map_err(FormError::Session)?.field_name();
        let headers =
            || FlaskWtf::HEADERS.iter().filter_map(|name| header(name)).find(|token| !token.is_empty());
        let token = token_of(form, name).or_else(headers);
        self.validate(&token.unwrap_or_default())?;
        if self.0.extensions.is_https {
            let host = header("host").or_else(|| Some(authority?.into())).unwrap_or_default();
            FlaskWtf::check_referrer(header("referer").as_deref(), &host).map_err(FormError::Csrf)?;
        }
        Ok(())
    }

    /// Reads a form, which [`protect`](Self::protect) gave.
    ///
    /// # Errors
    /// [`FormError::Form`] when the form is not a `T`.
    pub fn read_form<T: DeserializeOwned>(form: &[u8]) -> Result<T, FormError<E>> {
        serde_urlencoded::from_bytes(form).map_err(|error| FormError::Form(error.to_string()))
    }

    fn settings(&self) -> Result<&FlaskWtf<'static>, E> {
        // There are some, or there would be no `Csrf`.
        Ok(self.0.extensions.csrf.as_deref().ok_or(SessionError::NoLayer)?)
    }
}

/// Whether a body of this `Content-Type` is a form: its parameters do not matter.
fn is_form(content_type: &[u8]) -> bool {
    let media_type = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    media_type.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
}

/// The token in a form: in the field `name`, else in the first one that ends so (a form may
/// have a prefix) and is not empty. Of fields with one name the first counts.
fn token_of(form: &[u8], name: &str) -> Option<Vec<u8>> {
    let (mut seen, mut of_prefix) = (HashSet::new(), None);
    for (key, value) in form_urlencoded::parse(form) {
        let is_exact = key == name;
        if !key.ends_with(name) || !seen.insert(key) || value.is_empty() {
            continue;
        }
        let token = value.into_owned().into_bytes();
        if is_exact {
            return Some(token);
        }
        of_prefix.get_or_insert(token);
    }
    of_prefix
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
