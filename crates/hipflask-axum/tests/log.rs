//! What the log says. A test of its own, because a log is a program's.

mod common;

use std::{
    fmt::{Debug, Write as _},
    sync::{Arc, Mutex},
};

use axum::{Router, routing::get};
use common::*;
use hipflask::OversizeCookie;
use hipflask_axum::{Session, SessionError, Sessions};
use tracing::{
    Event, Metadata, Subscriber,
    field::Field,
    span::{Attributes, Id, Record},
};

/// The lines of a log: their level, and what belongs to it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("hipflask")
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = event.metadata().level().to_string();
        event.record(&mut |field: &Field, value: &dyn Debug| write!(line, ", {field}: {value:?}").unwrap());
        self.0.lock().unwrap().push(line);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

async fn about() {}

async fn hello(session: Session) -> Result<(), SessionError> {
    session.insert("visits", &1)
}

async fn wrong(session: Session) -> Result<(), SessionError> {
    session.get_as::<u64>("user")?;
    Ok(())
}

#[tokio::test]
async fn the_log_has_the_reasons_and_no_contents() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let site = || {
        let site = Router::new().route("/about", get(about)).route("/hello", get(hello));
        site.route("/wrong", get(wrong))
    };
    let logged = async |path: &str, cookie: &str, sessions: Sessions| {
        let answer = answer_of(site().layer(sessions.layer()), request("GET", path, cookie)).await;
        (answer.status, log.take())
    };
    let lines = |lines: &[&str]| lines.iter().map(ToString::to_string).collect::<Vec<_>>();

    assert_eq!(logged("/hello", flasks("user"), sessions()).await, (200, vec![]));
    let not_accepted = "DEBUG, message: a session was not accepted, \
                        reason: the signature or its timestamp is missing or does not match";
    assert_eq!(logged("/hello", "session=e30.x.y", sessions()).await, (200, lines(&[not_accepted])));

    // Only who asks for it has an error.
    let too_deep = "DEBUG, message: a session cannot be read, reason: the value is nested too deeply";
    assert_eq!(logged("/about", flasks("deep"), sessions()).await, (200, lines(&[too_deep])));
    let failed = "ERROR, message: a session failed, reason: `visits`: the value is nested too deeply";
    assert_eq!(logged("/hello", flasks("deep"), sessions()).await, (500, lines(&[too_deep, failed])));
    let failed = "ERROR, message: a session failed, reason: `user`: found a str, asked for an int";
    assert_eq!(logged("/wrong", flasks("user"), sessions()).await, (500, lines(&[failed])));

    let twice = format!("{}; session=old", flasks("user"));
    let several = "INFO, message: a request has several cookies of the session's name: the first one counts";
    assert_eq!(logged("/about", &twice, sessions()).await, (200, lines(&[several])));

    // Flask's cookie has 227 bytes with its attributes, and more after a visit. The query is
    // not for a log.
    let short = || sessions().max_cookie_size(100);
    let skipped = "WARN, message: a session was not sent anew, method: \"GET\", path: \"/about\", \
                   reason: the cookie has 227 bytes, 127 more than the limit of 100";
    assert_eq!(logged("/about?a=secret", flasks("permanent"), short()).await, (200, lines(&[skipped])));
    let (status, refused) = logged("/hello?a=secret", flasks("permanent"), short()).await;
    let reason = "ERROR, message: a session was not saved, method: \"GET\", path: \"/hello\", \
                  reason: the cookie has 2";
    assert!(status == 500 && refused.len() == 1 && refused[0].starts_with(reason), "{refused:?}");
    let sent = "WARN, message: a cookie is too large, method: \"GET\", path: \"/about\", len_bytes: 227";
    let warn = short().oversize_cookie(OversizeCookie::Warn);
    assert_eq!(logged("/about", flasks("permanent"), warn).await, (200, lines(&[sent])));

    // When the layer is made.
    let _ = Sessions::secret_key("").secure(false).same_site(hipflask_axum::SameSite::None).layer();
    let no_key = "WARN, message: there is no secret key: sessions are empty, and cannot be written";
    let refused = "ERROR, message: the settings of the sessions cannot be used, \
                   error: the setting SESSION_COOKIE_SECURE has a value that cannot be used";
    assert_eq!(log.take(), [no_key, refused]);
}

/// What a visitor wrote into a form may be a password.
#[cfg(feature = "extensions")]
#[tokio::test]
async fn the_log_has_why_a_form_was_not_taken_and_nothing_of_it() {
    use axum::{http::header::CONTENT_TYPE, routing::post};
    use hipflask_axum::{Csrf, CsrfForm, ExtensionsLayer, FlaskExtensions, FlaskWtf};

    #[derive(serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        Red,
    }

    #[derive(serde::Deserialize)]
    struct Paint {
        colour: Colour,
    }

    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let paint = async |CsrfForm(Paint { colour: Colour::Red }): CsrfForm<Paint>| "red";
    let site =
        Router::new().route("/form", get(async |csrf: Csrf| csrf.token())).route("/paint", post(paint));
    let extensions =
        FlaskExtensions::new().csrf(FlaskWtf::new("dev").unwrap()).clock(hipflask::clock_fn(now));
    let site = site.layer(ExtensionsLayer::new(extensions, |_| None));
    let form = ask(site.clone(), "GET", "/form", "").await;
    let cookie = form.set_cookies[0].split(';').next().unwrap();
    let refused = "INFO, message: a form was not taken, reason: The CSRF token is missing.";
    for (token, status, lines) in [("", 400, &[refused][..]), (&form.page, 400, &[])] {
        let mut request = request("POST", "/paint", cookie);
        let kind = "application/x-www-form-urlencoded".parse().unwrap();
        request.headers_mut().insert(CONTENT_TYPE, kind);
        *request.body_mut() = format!("colour=hunter2&csrf_token={token}").into();
        let answer = answer_of(site.clone().layer(sessions().layer()), request).await;
        assert_eq!(
            (answer.status, &log.take()[..]),
            (status, &lines.iter().map(ToString::to_string).collect::<Vec<_>>()[..]),
            "{}",
            answer.page
        );
    }
}

#[tokio::test]
async fn the_log_has_what_comes_too_late() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let late = Arc::new(Mutex::new(None));
    let of_handler = late.clone();
    let handler = async move |session: Session| {
        session.insert("visits", &1).unwrap();
        *of_handler.lock().unwrap() = Some(session);
    };
    assert_eq!(ask(Router::new().route("/", get(handler)), "GET", "/", ZOE).await.set_cookies, [ZOE_ONCE]);
    let session = late.lock().unwrap().take().unwrap();
    assert_eq!(session.get_as::<u64>("visits"), Ok(Some(1)));
    session.remove("nothing").unwrap();
    assert_eq!(log.take(), [""; 0]);
    let lost = "WARN, message: a session was changed when its response had been made: the change is lost";
    session.insert("visits", &2).unwrap();
    assert_eq!(log.take(), [lost]);
    session.flash("Too late.", "info").unwrap();
    assert_eq!(log.take(), [lost]);
    session.with_mut(|session| session.clear()).unwrap();
    session.start_fresh().unwrap();
    assert_eq!(log.take(), [lost, lost]);
}
