//! actix-web's header lists, as the sessions see them.

use std::fmt::Display;

use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue, InvalidHeaderValue, SET_COOKIE, VARY};
use hipflask::{Request, Response, cookie::vary};

/// The headers of a request.
pub(crate) struct RequestHeaders<'a>(pub(crate) &'a HeaderMap);

impl Request for RequestHeaders<'_> {
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
        self.0.get_all(COOKIE).map(HeaderValue::as_bytes)
    }
}

/// The headers of a response.
pub(crate) struct ResponseHeaders<'a>(pub(crate) &'a mut HeaderMap);

impl Response for ResponseHeaders<'_> {
    type Error = InvalidHeaderValue;

    fn add_set_cookie(&mut self, value: &dyn Display) -> Result<(), InvalidHeaderValue> {
        let mut value = HeaderValue::try_from(value.to_string())?;
        // It logs in: not for `Debug`, nor for a table of HTTP/2's header compression.
        value.set_sensitive(true);
        self.0.append(SET_COOKIE, value);
        Ok(())
    }

    fn add_vary(&mut self, token: &str) -> Result<(), InvalidHeaderValue> {
        let has_token =
            |line: &HeaderValue| line.to_str().is_ok_and(|line| vary(Some(line), token).is_none());
        if !self.0.get_all(VARY).any(has_token) {
            self.0.append(VARY, HeaderValue::try_from(token)?);
        }
        Ok(())
    }
}
