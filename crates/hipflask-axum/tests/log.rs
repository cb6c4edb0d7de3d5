//! What the layer tells the log. A test of its own, because a log is a program's.

use std::{
    fmt::{Debug, Write as _},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    http::{Request, header::COOKIE},
    middleware::from_fn_with_state,
    routing::get,
};
use hipflask::{Config, OversizeCookie, UnixTime, clock_fn, signing::Keyring};
use hipflask_axum::{Session, SessionError, Sessions, layer};
use tower::ServiceExt as _;
use tracing::{
    Event, Metadata, Subscriber,
    field::Field,
    span::{Attributes, Id, Record},
};

/// The lines of a log: their level, and what belongs to it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "hipflask_axum"
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

async fn hello(mut session: Session) -> Result<(), SessionError> {
    Ok(session.insert("visits", &1)?)
}

#[tokio::test]
async fn the_log_has_the_reasons_and_no_contents() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());

    let logged = async |path: &str, name: &str, config: Config<'static>| {
        let line = |line: &'static str| line.split_once(' ').filter(|(first, _)| *first == name);
        let cookie =
            include_str!("cookies.txt").lines().find_map(line).map_or("session=e30.x.y", |line| line.1);
        let clock = clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)));
        let sessions = Sessions::new(Keyring::for_sessions(b"dev"), clock, config);
        let site = Router::new().route("/about", get(about)).route("/hello", get(hello));
        let request = Request::builder().uri(path).header(COOKIE, cookie).body(Body::empty()).unwrap();
        site.layer(from_fn_with_state(sessions, layer)).oneshot(request).await.unwrap();
        std::mem::take(&mut *log.0.lock().unwrap())
    };
    let config = Config::new();
    let not_accepted = |reason: &str| format!("DEBUG, message: a session was not accepted, reason: {reason}");
    let failed = |reason: &str| format!("ERROR, message: a session failed, reason: {reason}");
    let warned = |fields: &str| format!("WARN, message: a cookie needs attention, {fields}");

    assert_eq!(logged("/hello", "user", config).await, [""; 0]);
    let bad_signature = not_accepted("the signature or its timestamp is missing or does not match");
    assert_eq!(logged("/hello", "nobody's", config).await, [bad_signature]);
    let too_deep = not_accepted("the value is nested too deeply");
    assert_eq!(logged("/about", "deep", config).await, [&*too_deep]);
    assert_eq!(logged("/hello", "deep", config).await, [too_deep, failed("Failed(Depth)")]);

    // Flask's cookie has 227 bytes with its attributes, and more after a visit.
    let short = config.max_cookie_size(100);
    let skipped = "saved.refresh_skipped: Some(CookieTooLarge { len_bytes: 227, limit_bytes: 100 }), \
                   saved.oversize_len_bytes: None";
    assert_eq!(logged("/about", "permanent", short).await, [warned(skipped)]);
    let [refused] = &logged("/hello", "permanent", short).await[..] else { panic!("not one line") };
    assert!(refused.starts_with(&failed("Failed(CookieTooLarge { len_bytes: 2")), "{refused}");
    let sent = warned("saved.refresh_skipped: None, saved.oversize_len_bytes: Some(227)");
    assert_eq!(logged("/about", "permanent", short.oversize_cookie(OversizeCookie::Warn)).await, [sent]);
}
