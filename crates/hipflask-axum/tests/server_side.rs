//! Sessions in a store. Handlers cannot tell them from those in cookies.

mod common;

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::Path, routing::get};
use common::{Answer, answer_of, request};
use hipflask::{
    backends::std::SystemClock,
    interface::server_side::{Codec, Condition, Found, RamStore, SessionId, Store, Unavailable},
};
use hipflask_axum::{ServerSide, Session, SessionError, Sessions, Unsaid};
use tokio::sync::Barrier;

type Ram = Mutex<RamStore<4, 65_536, SystemClock>>;

/// A table that can be out of order, and counts what is asked of it.
#[derive(Clone)]
struct Table(Arc<(Ram, AtomicBool, AtomicUsize)>);

impl Table {
    fn new() -> Self {
        let ram = RamStore::new(SystemClock, Codec::TaggedJson, "_user_id");
        Self(Arc::new((Mutex::new(ram), AtomicBool::new(false), AtomicUsize::new(0))))
    }

    fn set_down(&self, is_down: bool) {
        self.0.1.store(is_down, Ordering::Relaxed);
    }

    fn writes(&self) -> usize {
        self.0.2.load(Ordering::Relaxed)
    }

    fn check(&self) -> io::Result<&Ram> {
        if self.0.1.load(Ordering::Relaxed) {
            Err(io::Error::other("the cable is out"))
        } else {
            Ok(&self.0.0)
        }
    }
}

impl Store for Table {
    type Error = io::Error;

    async fn load(&self, id: &SessionId, buffer: &mut [u8]) -> io::Result<Option<Found>> {
        Store::load(self.check()?, id, buffer).await.map_err(io::Error::other)
    }

    async fn put(
        &self,
        id: &SessionId,
        value: &[u8],
        ttl: Duration,
        condition: Condition<'_>,
    ) -> io::Result<bool> {
        self.0.2.fetch_add(1, Ordering::Relaxed);
        Store::put(self.check()?, id, value, ttl, condition).await.map_err(io::Error::other)
    }

    async fn touch(&self, id: &SessionId, ttl: Duration) -> io::Result<bool> {
        Store::touch(self.check()?, id, ttl).await.map_err(io::Error::other)
    }

    async fn delete(&self, id: &SessionId) -> io::Result<bool> {
        Store::delete(self.check()?, id).await.map_err(io::Error::other)
    }
}

fn stored(table: &Table) -> Sessions<ServerSide<Table>, Unsaid, Unsaid> {
    Sessions::server_side(table.clone()).codec(Codec::TaggedJson)
}

fn site() -> Router {
    Router::new()
        .route("/login/{user}", get(login))
        .route("/logout", get(logout))
        .route("/visit", get(visit))
        .route("/user", get(user))
        .route("/write/{len}", get(write))
        .route("/about", get(async || "The same for everybody."))
}

async fn login(Path(user): Path<String>, session: Session) -> Result<String, SessionError> {
    session.regenerate()?;
    session.insert("_user_id", &user)?;
    Ok(user)
}

async fn logout(session: Session) -> Result<(), SessionError> {
    session.start_fresh()
}

async fn visit(session: Session) -> Result<String, SessionError> {
    session.modify::<u64>("visits", |visits| *visits += 1)?;
    Ok(session.get_as::<u64>("visits")?.unwrap_or_default().to_string())
}

async fn user(session: Session) -> Result<String, SessionError> {
    Ok(session.get_as("_user_id")?.unwrap_or_default())
}

async fn write(Path(len): Path<usize>, session: Session) -> Result<(), SessionError> {
    session.insert("text", &"é".repeat(len))
}

/// A browser with one cookie.
#[derive(Default)]
struct Browser(String);

impl Browser {
    async fn get(&mut self, site: &Router, path: &str) -> Answer {
        let answer = answer_of(site.clone(), request("GET", path, &self.0)).await;
        if let Some(cookie) = answer.set_cookies.first() {
            self.0 = cookie.split_once(';').unwrap().0.to_owned();
        }
        answer
    }
}

#[tokio::test]
async fn a_session_in_a_store_is_one_like_any_other() {
    let table = Table::new();
    let site = site().layer(stored(&table).flask_defaults().layer());
    let mut browser = Browser::default();
    let answer = browser.get(&site, "/visit").await;
    assert_eq!((answer.status, answer.page.as_str()), (200, "1"));
    assert!(answer.vary_cookie());
    // Flask-Session's ids are 32 random bytes.
    assert_eq!(browser.0.len(), "session=".len() + 43);
    assert!(answer.set_cookies[0].contains("; HttpOnly; Path=/"), "{answer:?}");
    assert_eq!(browser.get(&site, "/visit").await.page, "2");
    assert!(browser.get(&site, "/about").await.is_untouched());

    // Who only reads writes nothing.
    let writes = table.writes();
    let answer = browser.get(&site, "/user").await;
    assert!(answer.status == 200 && answer.set_cookies.is_empty() && answer.vary_cookie());
    assert_eq!(table.writes(), writes);

    // What grows: from one size of memory into all others, and back out of the store.
    for len in [400, 1_500, 6_000, 10_000] {
        assert_eq!(browser.get(&site, &format!("/write/{len}")).await.status, 200, "{len}");
        assert_eq!(browser.get(&site, "/visit").await.status, 200, "{len}");
    }
    assert_eq!(browser.get(&site, "/visit").await.page, "7");
    assert_eq!(browser.get(&site, "/write/100000").await.status, 500);
    assert_eq!(browser.get(&site, "/visit").await.page, "8");
}

/// Session fixation, and a logout that ends every copy.
#[tokio::test]
async fn a_login_has_a_new_id_and_a_logout_ends_it() {
    let table = Table::new();
    let site = site().layer(stored(&table).flask_defaults().layer());
    let mut browser = Browser::default();
    browser.get(&site, "/visit").await;
    let mut planted = Browser(browser.0.clone());
    browser.get(&site, "/login/ada").await;
    assert_ne!(browser.0, planted.0);
    assert_eq!(browser.get(&site, "/user").await.page, "ada");
    assert_eq!(browser.get(&site, "/visit").await.page, "2");
    assert_eq!(planted.get(&site, "/user").await.page, "");

    let mut copy = Browser(browser.0.clone());
    let answer = browser.get(&site, "/logout").await;
    assert!(answer.set_cookies[0].starts_with("session=; Expires=Thu, 01 Jan 1970"), "{answer:?}");
    assert_eq!(copy.get(&site, "/user").await.page, "");

    // An id that nobody stored is not adopted.
    let mut made_up = Browser(format!("session={}", "a".repeat(43)));
    made_up.get(&site, "/visit").await;
    assert_ne!(made_up.0, format!("session={}", "a".repeat(43)));
}

/// A request that is still going on saves what another one has ended.
#[tokio::test]
async fn a_logout_stays_one_while_another_request_saves() {
    let table = Table::new();
    let (started, ended) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (of_handler, of_test) = ((started.clone(), ended.clone()), (started, ended));
    let slow = async move |session: Session| {
        session.insert("visits", &100).unwrap();
        of_handler.0.wait().await;
        of_handler.1.wait().await;
    };
    let site = site().route("/slow", get(slow)).layer(stored(&table).flask_defaults().layer());
    let mut browser = Browser::default();
    browser.get(&site, "/login/ada").await;
    let (mut other, of_task) = (Browser(browser.0.clone()), site.clone());
    let task = tokio::spawn(async move { other.get(&of_task, "/slow").await });
    of_test.0.wait().await;
    let cookie = browser.0.clone();
    browser.get(&site, "/logout").await;
    of_test.1.wait().await;
    let answer = task.await.unwrap();
    assert!(answer.status == 200 && answer.set_cookies.is_empty(), "{answer:?}");
    assert_eq!(Browser(cookie).get(&site, "/user").await.page, "");
}

#[tokio::test]
async fn compare_and_set_tells_the_one_that_comes_last() {
    for (compares, status, visits) in [(false, 200, "101"), (true, 409, "2")] {
        let table = Table::new();
        let inner = Router::new().route("/visit", get(visit));
        let sessions = move |table: &Table| stored(table).compare_and_set(compares).flask_defaults().layer();
        let inner = inner.layer(sessions(&table));
        let cookie = Arc::new(Mutex::new(String::new()));
        let of_handler = cookie.clone();
        // Another request changes the session while this one has it.
        let meanwhile = async move |session: Session| {
            session.insert("visits", &100).unwrap();
            let mut other = Browser(of_handler.lock().unwrap().clone());
            other.get(&inner, "/visit").await;
        };
        let site = site().route("/meanwhile", get(meanwhile)).layer(sessions(&table));
        let mut browser = Browser::default();
        browser.get(&site, "/login/ada").await;
        *cookie.lock().unwrap() = browser.0.clone();
        let answer = browser.get(&site, "/meanwhile").await;
        assert_eq!((answer.status, answer.vary_cookie()), (status, true));
        assert_eq!(browser.get(&site, "/visit").await.page, visits);
    }
}

/// Signed ids are Flask-Session's: the store is not even asked for others.
#[tokio::test]
async fn ids_can_be_signed() {
    let table = Table::new();
    let site = site().layer(stored(&table).use_signer("dev").flask_defaults().layer());
    let mut browser = Browser::default();
    browser.get(&site, "/visit").await;
    assert_eq!(browser.get(&site, "/visit").await.page, "2");
    let (id, _) = browser.0.rsplit_once('.').unwrap();
    assert_eq!(Browser(id.to_owned()).get(&site, "/visit").await.page, "1");
}

#[tokio::test]
async fn while_the_store_is_down_only_sessions_are() {
    let table = Table::new();
    let failing = site().layer(stored(&table).flask_defaults().layer());
    let reading = site().layer(stored(&table).unavailable(Unavailable::NullSession).flask_defaults().layer());
    let mut browser = Browser::default();
    browser.get(&failing, "/login/ada").await;

    table.set_down(true);
    assert!(browser.get(&failing, "/about").await.is_untouched());
    for path in ["/user", "/visit"] {
        let answer = browser.get(&failing, path).await;
        assert!(answer.status == 503 && answer.set_cookies.is_empty() && answer.vary_cookie(), "{answer:?}");
    }
    // A visitor without a cookie needs the store when something is to be kept.
    assert_eq!(Browser::default().get(&failing, "/user").await.status, 200);
    let answer = Browser::default().get(&failing, "/visit").await;
    assert!(answer.status == 503 && answer.set_cookies.is_empty() && answer.vary_cookie(), "{answer:?}");

    let answer = browser.get(&reading, "/user").await;
    assert_eq!((answer.status, answer.page.as_str()), (200, ""));
    assert_eq!(browser.get(&reading, "/visit").await.status, 503);

    // Nothing was lost.
    table.set_down(false);
    assert_eq!(browser.get(&failing, "/user").await.page, "ada");
}

/// Any bytes under a key: a fresh session, and what is stored stays.
#[tokio::test]
async fn garbage_is_a_fresh_session() {
    let table = Table::new();
    let site = site().layer(stored(&table).flask_defaults().layer());
    let id = SessionId::from_random(&[7; 32]);
    for garbage in [&b"\x80\x04\x95pickle"[..], b"", b"[1]", &[0xff; 5000], b"{\"a\":"] {
        let hour = Duration::from_secs(3600);
        assert!(Store::delete(&table, &id).await.is_ok());
        assert!(Store::put(&table, &id, garbage, hour, Condition::Absent).await.unwrap());
        let mut browser = Browser(format!("session={}", id.as_str()));
        assert_eq!(browser.get(&site, "/visit").await.page, "1", "{garbage:?}");
        assert!(!browser.0.contains(id.as_str()));
        assert_eq!(browser.get(&site, "/visit").await.page, "2");
        let mut buffer = [0; 8192];
        let found = Store::load(&table, &id, &mut buffer).await.unwrap().unwrap();
        assert_eq!(&buffer[..found.len_bytes], garbage);
    }
}
