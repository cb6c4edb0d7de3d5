//! The types of the http crate, which axum, hyper, actix and others share.

use ::alloc::string::ToString as _;
use core::fmt::Display;

use ::http::{
    header::{COOKIE, HeaderMap, HeaderValue, InvalidHeaderValue, SET_COOKIE, VARY},
    request::Parts,
};

use crate::{
    cookie::vary,
    interface::{Request, Response},
};

impl Request for HeaderMap {
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
        self.get_all(COOKIE).iter().map(HeaderValue::as_bytes)
    }
}

impl<B> Request for ::http::Request<B> {
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
        self.headers().cookie_headers()
    }
}

impl Request for Parts {
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
        self.headers.cookie_headers()
    }
}

impl Response for HeaderMap {
    type Error = InvalidHeaderValue;

    fn add_set_cookie(&mut self, value: &dyn Display) -> Result<(), InvalidHeaderValue> {
        let mut value = HeaderValue::try_from(value.to_string())?;
        // It logs in: not for `Debug`, nor for a table of HTTP/2's header compression.
        value.set_sensitive(true);
        self.append(SET_COOKIE, value);
        Ok(())
    }

    fn add_vary(&mut self, token: &str) -> Result<(), InvalidHeaderValue> {
        // A line of its own: Werkzeug knows one line, but here others have added theirs.
        let has_token =
            |line: &HeaderValue| line.to_str().is_ok_and(|line| vary(Some(line), token).is_none());
        if !self.get_all(VARY).iter().any(has_token) {
            self.append(VARY, HeaderValue::try_from(token)?);
        }
        Ok(())
    }
}

impl<B> Response for ::http::Response<B> {
    type Error = InvalidHeaderValue;

    fn add_set_cookie(&mut self, value: &dyn Display) -> Result<(), InvalidHeaderValue> {
        self.headers_mut().add_set_cookie(value)
    }

    fn add_vary(&mut self, token: &str) -> Result<(), InvalidHeaderValue> {
        self.headers_mut().add_vary(token)
    }
}
