//! The handle and the lifecycle, without a server.

use std::{
    convert::Infallible,
    fmt::Display,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    thread,
};

use hipflask::{
    Config, Error, Lifetime, Response, SecureCookieSessionInterface, UnixTime,
    backends::alloc::OwnedValue,
    clock_fn,
    cookie::SameSite,
    error::KeyName,
    signing::{KeyDerivation, Keyring},
};
use hipflask_server::{Adapter, Cookies, Lifecycle, OwnedConfig, Route, Said, Session, SessionError};

/// As the adapter for a server has it.
struct Plain;

impl Adapter for Plain {
    type Layer = Lifecycle;

    fn layer(lifecycle: Lifecycle) -> Lifecycle {
        lifecycle
    }
}

type Sessions<B = Cookies, Secure = Said, Same = Said> = hipflask_server::Sessions<Plain, B, Secure, Same>;

/// The headers of a response.
#[derive(Default, Debug, PartialEq, Eq)]
struct Headers(Vec<(&'static str, String)>);

impl Response for Headers {
    type Error = Infallible;

    fn add_set_cookie(&mut self, value: &dyn Display) -> Result<(), Infallible> {
        self.0.push(("Set-Cookie", value.to_string()));
        Ok(())
    }

    fn add_vary(&mut self, token: &str) -> Result<(), Infallible> {
        self.0.push(("Vary", token.to_owned()));
        Ok(())
    }
}

const ROUTE: Route<'_> = Route { method: "GET", path: "/" };
const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

fn lifecycle() -> Lifecycle {
    Sessions::secret_key("dev").clock(clock_fn(|| Ok(NOW))).flask_defaults().layer()
}

fn empty() -> Session {
    at_once(lifecycle().begin("", None))
}

/// What a future gives that waits for nothing, as for sessions in cookies.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

/// What a browser has of it afterwards.
fn saved(lifecycle: &Lifecycle, session: &Session) -> Result<String, SessionError> {
    let mut headers = Headers::default();
    at_once(lifecycle.finish(session, ROUTE, &mut headers))?;
    let cookie = headers.0.iter().find(|(name, _)| *name == "Set-Cookie").unwrap();
    Ok(cookie.1.split_once(';').unwrap().0.to_owned())
}

/// Entries in the order of their insertion.
fn entries(session: &Session) -> Vec<(String, OwnedValue)> {
    session
        .with(|session| session.iter().map(|(key, value)| (key.to_owned(), value.into())).collect())
        .unwrap()
}

#[test]
fn each_method_does_what_the_session_s_does() {
    let session = empty();
    session.insert("list", &[1].as_slice()).unwrap();
    session.push("list", &2).unwrap();
    session.insert_at("/list/0", "one").unwrap();
    session.merge(&std::collections::BTreeMap::from([("user", "ada"), ("to", "go")])).unwrap();
    session.modify::<u64>("visits", |visits| *visits += 1).unwrap();
    assert_eq!(session.remove("to"), Ok(true));
    assert_eq!(session.remove("to"), Ok(false));
    assert_eq!(session.pop("visits").unwrap(), Some(1.into()));
    assert!(session.pop("visits").unwrap().is_none());
    assert_eq!(session.get("list").unwrap(), Some(OwnedValue::List(vec!["one".into(), 2.into()])));
    assert_eq!(session.remove_at("/list/1"), Ok(true));
    assert_eq!(session.get_as("list"), Ok(Some(vec!["one".to_owned()])));
    assert_eq!((session.contains("user"), session.contains("visits")), (Ok(true), Ok(false)));
    assert_eq!(session.permanent(), Ok(false));
    session.set_permanent(true).unwrap();
    assert_eq!(session.permanent(), Ok(true));
    session.flash("Saved.", "info").unwrap();
    session.flash(&hipflask::json::Markup("<b>Full.</b>"), "error").unwrap();
    let flashed = session.take_flashed_messages().unwrap();
    let flashed: Vec<_> =
        flashed.iter().map(|flashed| (&*flashed.category, &*flashed.message, flashed.is_markup)).collect();
    assert_eq!(flashed, [("info", "Saved.", false), ("error", "<b>Full.</b>", true)]);
    assert!(session.take_flashed_messages().unwrap().is_empty());
    assert_eq!(session.with(|session| session.len()), Ok(3));
    session.clear().unwrap();
    assert_eq!(session.with(|session| session.is_empty()), Ok(true));
}

/// What the log needs: which entry, and what about it.
#[test]
fn an_error_names_the_key() {
    let session = empty();
    session.insert("user", "ada").unwrap();
    let wrong = session.get_as::<u64>("user").unwrap_err();
    assert_eq!(
        (wrong.key(), wrong.to_string()),
        (Some("user"), "`user`: found a str, asked for an int".into())
    );
    let full = session.insert("text", &"a".repeat(100_000)).unwrap_err();
    assert_eq!(full.key(), Some("text"));
    assert!(matches!(full.error(), Some(Error::Capacity { .. })));
    let expected = "`text`: not enough room: at least 100040 bytes are needed, there are 73728";
    assert_eq!(full.to_string(), expected);
    assert_eq!(session.modify::<u64>("user", |_| ()).unwrap_err().key(), Some("user"));
    let at_pointer = session.insert_at("/no/such", &1).unwrap_err();
    let expected = Error::NotFound { step: KeyName::new("no") };
    assert_eq!((at_pointer.key(), at_pointer.error()), (Some("/no/such"), Some(expected)));
}

/// From 1 KiB on, in every way of putting something in, with all that was there before.
#[test]
fn the_room_follows_what_comes() {
    let lifecycle = lifecycle();
    let session = at_once(lifecycle.begin("", None));
    // What sorts before and behind it keeps its place in the order of insertion.
    session.insert("z", &1).unwrap();
    session.insert("number", &0.1).unwrap();
    session.insert("a", &u64::MAX).unwrap();
    let text = |len: usize| "b".repeat(len);
    session.insert("text", &text(2_000)).unwrap();
    session.push("list", &text(3_000)).unwrap();
    session.push("list", &text(3_000)).unwrap();
    session.insert_at("/list/0", &text(5_000)).unwrap();
    session.flash(&text(8_000), "info").unwrap();
    session.merge(&std::collections::BTreeMap::from([("merged", text(3_000))])).unwrap();
    session.modify::<String>("text", |text| *text += &"c".repeat(4_000)).unwrap();
    let keys: Vec<_> = entries(&session).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["z", "number", "a", "text", "list", "_flashes", "merged"]);

    let cookie = saved(&lifecycle, &session).unwrap();
    let again = at_once(lifecycle.begin(&*cookie, None));
    let (mut before, mut after) = (entries(&session), entries(&again));
    before.sort_by(|a, b| a.0.cmp(&b.0));
    after.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(before, after);
}

/// A kilobyte for most, and at most some five times what is in it for the rest.
#[test]
fn a_session_takes_memory_in_proportion() {
    for len in [0, 100, 1_000, 1_100, 3_000, 5_000, 12_600, 30_000, 60_000] {
        let session = empty();
        session.insert("text", &"a".repeat(len)).unwrap();
        let (used, room) = session.with(|session| (session.used_bytes(), session.capacity_bytes())).unwrap();
        assert!(room >= used && room <= (used * 5).max(1152), "{len}: {used} of {room}");
    }
}

/// What failed for want of room is made once, not twice.
#[test]
fn a_closure_that_needs_more_room_begins_again() {
    let session = empty();
    session.insert("visits", &1).unwrap();
    let mut calls = 0;
    let text = "b".repeat(20_000);
    session
        .with_mut(|session| {
            calls += 1;
            session.modify::<u64>("visits", |visits| *visits += 1)?;
            session.remove("text")?;
            session.insert("text", &text)
        })
        .unwrap();
    assert_eq!((calls, session.get_as("visits")), (2, Ok(Some(2))));
    // Beyond the limit it stays as its last call left it.
    let text = "b".repeat(100_000);
    let full = session.with_mut(|session| {
        session.insert("visits", &5)?;
        session.insert("text", &text)
    });
    assert!(matches!(full, Err(SessionError::Failed { error: Error::Capacity { .. }, .. })), "{full:?}");
    assert_eq!(session.get_as("visits"), Ok(Some(5)));
}

/// The limit is one of the sizes there are, and holds for what comes and what is put in.
#[test]
fn the_room_ends_at_the_limit() {
    for (limit_bytes, fits) in
        [(0, 1 << 10), (1 << 10, 1 << 10), (5_000, 1 << 14), (1 << 18, 1 << 18), (1 << 30, 1 << 18)]
    {
        let sessions = || Sessions::secret_key("dev").clock(clock_fn(|| Ok(NOW))).flask_defaults();
        let session = at_once(sessions().max_session_bytes(limit_bytes).layer().begin("", None));
        assert_eq!(session.insert("text", &"b".repeat(fits - 16)), Ok(()), "{limit_bytes}");
        assert!(session.insert("text", &"b".repeat(fits + fits / 8)).is_err(), "{limit_bytes}");
    }
}

/// The response must not become that of another user.
#[test]
fn using_it_makes_the_response_vary() {
    type Use = fn(&Session);
    let uses: [(Use, bool); 7] = [
        (|_| (), false),
        (
            |session| {
                let _ = session.peek(|session| session.len());
            },
            false,
        ),
        (
            |session| {
                let _ = session.opened();
            },
            false,
        ),
        (
            |session| {
                let _ = session.with(|_| ());
            },
            true,
        ),
        (
            |session| {
                let _ = session.with_mut(|_| Ok(()));
            },
            true,
        ),
        (
            |session| {
                let _ = session.contains("user");
            },
            true,
        ),
        (
            |session| {
                let _ = session.get_as::<u8>("user");
            },
            true,
        ),
    ];
    for (number, (use_session, varies)) in uses.into_iter().enumerate() {
        let lifecycle = lifecycle();
        let session = at_once(lifecycle.begin("session=e30.a.b", None));
        use_session(&session);
        let mut headers = Headers::default();
        at_once(lifecycle.finish(&session, ROUTE, &mut headers)).unwrap();
        assert_eq!(headers.0.iter().any(|(name, _)| *name == "Vary"), varies, "{number}");
    }
}

/// Instead of waiting for itself for ever.
#[test]
fn a_closure_cannot_use_the_handle_that_called_it() {
    let (session, other) = (empty(), empty());
    session.insert("user", "ada").unwrap();
    let nested = session.with(|_| session.clone().get_as::<String>("user"));
    assert_eq!(nested, Ok(Err(SessionError::InUse)));
    assert_eq!(session.with_mut(|_| Ok(session.clear())), Ok(Err(SessionError::InUse)));
    // Also where another one's closure is between.
    let nested = session.with(|_| other.with(|_| session.contains("user")));
    assert_eq!(nested, Ok(Ok(Err(SessionError::InUse))));
    // Another request's session is another one.
    session
        .with(|mine| other.insert("user", mine.get_as::<&str>("user").unwrap().unwrap()))
        .unwrap()
        .unwrap();
    assert_eq!(other.get_as("user"), Ok(Some("ada".to_owned())));
    // Behind a panic it can be used again.
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| session.with(|_| panic!())));
    assert!(panicked.is_err());
    assert_eq!(session.get_as("user"), Ok(Some("ada".to_owned())));
}

#[test]
fn many_threads_share_a_session() {
    let session = Arc::new(empty());
    let count = || {
        for _ in 0..100 {
            session.modify::<u64>("count", |count| *count += 1).unwrap();
            session.push("list", "item").unwrap();
        }
    };
    thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(count))));
    assert_eq!(session.get_as("count"), Ok(Some(400)));
    assert_eq!(session.get_as::<Vec<String>>("list").unwrap().unwrap().len(), 400);
}

/// Both read what the other wrote, as Flask does.
#[test]
fn cookies_can_be_left_uncompressed() {
    let plain = Sessions::secret_key("dev").clock(clock_fn(|| Ok(NOW))).compress(false);
    let plain = plain.flask_defaults().layer();
    let text = "the same again ".repeat(20);
    for (writer, reader, begins) in
        [(&plain, &lifecycle(), "session=eyJ"), (&lifecycle(), &plain, "session=.eJ")]
    {
        let session = at_once(writer.begin("", None));
        session.insert("text", &*text).unwrap();
        let cookie = saved(writer, &session).unwrap();
        assert!(cookie.starts_with(begins), "{cookie}");
        assert_eq!(at_once(reader.begin(&*cookie, None)).get_as("text"), Ok(Some(text.clone())));
    }
}

/// A subclass of Flask's interface with another salt, or other tags.
#[test]
fn an_interface_of_one_s_own_has_sessions_too() {
    let keys = Keyring::new(b"dev", b"another-salt", KeyDerivation::Hmac);
    let interface = SecureCookieSessionInterface::new(keys, clock_fn(|| Ok(NOW))).with_compression();
    let other = Sessions::with_interface(interface).secure(true).same_site(None).layer();
    let session = at_once(other.begin("", None));
    session.insert("user", "ada").unwrap();
    let cookie = saved(&other, &session).unwrap();
    assert_eq!(at_once(other.begin(&*cookie, None)).get_as("user"), Ok(Some("ada".to_owned())));
    // The same key without the salt does not open it.
    let rejected = at_once(lifecycle().begin(&*cookie, None)).opened().unwrap().rejection();
    assert_eq!(rejected, Some(Error::BadTimeSignature));
}

#[test]
fn settings_own_their_text() {
    let config = Config::new()
        .session_cookie_name("site")
        .session_cookie_domain("example.com")
        .session_cookie_path("/shop")
        .application_root("/root")
        .session_cookie_httponly(false)
        .session_cookie_secure(true)
        .session_cookie_partitioned(true)
        .session_cookie_samesite(SameSite::Strict)
        .session_refresh_each_request(false)
        .permanent_session_lifetime(Lifetime::from_secs(60))
        .clock_skew_secs(2)
        .max_cookie_size(1)
        .oversize_cookie(hipflask::OversizeCookie::Warn)
        .refused_cookie(hipflask::RefusedCookie::Send)
        .bad_cookie(hipflask::BadCookie::StartFresh)
        .unset_clock(hipflask::UnsetClock::StartFresh);
    assert_eq!(OwnedConfig::from(config).as_config(), config);
    assert_eq!(OwnedConfig::default().as_config(), Config::new());
}

/// It is what logs in.
#[test]
fn nothing_shows_keys_or_contents() {
    let sessions = Sessions::secret_key("hunter2").flask_defaults();
    let shown = format!("{sessions:?}");
    let lifecycle = sessions.layer();
    let session = at_once(lifecycle.begin("", None));
    session.insert("user", "hunter3").unwrap();
    assert!(!format!("{shown} {lifecycle:?} {session:?}").contains("hunter"));
}
