//! Requests and responses of any HTTP server, with hipflask's two traits.

use std::{convert::Infallible, fmt::Display};

use hipflask::cookie;

use crate::html::{self, Html};

/// A request, read to its end.
#[derive(Default)]
pub struct Request {
    pub method: String,
    /// Without the query.
    pub path: String,
    /// The values of the `Cookie` headers. HTTP/2 proxies send several.
    pub cookies: Vec<Vec<u8>>,
    /// `None` when it was longer than the server reads.
    pub body: Option<Vec<u8>>,
}

impl Request {
    /// A field of the form that was posted; empty when it is missing.
    pub fn field(&self, name: &str) -> String {
        let body = self.body.as_deref().unwrap_or_default();
        let mut fields = form_urlencoded::parse(body);
        fields.find(|(field, _)| field == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    }
}

impl hipflask::Request for Request {
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
        self.cookies.iter().map(Vec::as_slice)
    }
}

/// A response that was not sent yet, so that it can still become another one.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Reply {
    pub fn html(status: u16, page: Html) -> Self {
        Self {
            status,
            headers: vec![
                ("Content-Type", "text/html; charset=utf-8".into()),
                // The back button must not show what a logged-out user saw.
                ("Cache-Control", "no-store".into()),
                (
                    "Content-Security-Policy",
                    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; \
                     frame-ancestors 'none'; base-uri 'none'"
                        .into(),
                ),
                ("X-Content-Type-Options", "nosniff".into()),
                ("Referrer-Policy", "same-origin".into()),
            ],
            body: page.into_string(),
        }
    }

    pub fn css(text: &str) -> Self {
        let headers = vec![("Content-Type", "text/css; charset=utf-8".into())];
        Self { status: 200, headers, body: text.into() }
    }

    /// Sends the browser to another page, which it gets with GET.
    pub fn see_other(path: &str) -> Self {
        Self { status: 303, headers: vec![("Location", path.into())], body: String::new() }
    }

    /// A page that needs no session.
    pub fn error(status: u16, title: &str, text: &str) -> Self {
        Self::html(status, html::error_page(title, text))
    }

    /// A page for whoever comes while too many others are served.
    pub fn busy() -> Self {
        let reply = Self::error(503, "Too many at once", "Please try again in a few seconds.");
        reply.with_header("Retry-After", "5")
    }

    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl hipflask::Response for Reply {
    type Error = Infallible;

    fn add_set_cookie(&mut self, value: &dyn Display) -> Result<(), Infallible> {
        self.headers.push(("Set-Cookie", value.to_string()));
        Ok(())
    }

    fn add_vary(&mut self, token: &str) -> Result<(), Infallible> {
        let line = self.headers.iter_mut().find(|(name, _)| *name == "Vary").map(|(_, line)| line);
        let vary = cookie::vary(line.as_deref().map(String::as_str), token).map(|vary| vary.to_string());
        match (line, vary) {
            (_, None) => {}
            (Some(line), Some(vary)) => *line = vary,
            (None, Some(vary)) => self.headers.push(("Vary", vary)),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hipflask::Response as _;

    #[test]
    fn vary_is_one_line() {
        let mut reply = Reply::css("").with_header("Vary", "Accept-Language");
        let Ok(()) = reply.add_vary("Cookie");
        let Ok(()) = reply.add_vary("cookie");
        let lines: Vec<_> = reply.headers.iter().filter(|(name, _)| *name == "Vary").collect();
        assert_eq!(lines, [&("Vary", "Accept-Language, Cookie".to_owned())]);
    }

    #[test]
    fn fields_are_decoded() {
        let body = Some(b"a=1&name=Zo%C3%AB+%26+co&name=second".to_vec());
        let request = Request { body, ..Request::default() };
        assert_eq!(request.field("name"), "Zoë & co");
        assert_eq!(request.field("missing"), "");
    }
}
