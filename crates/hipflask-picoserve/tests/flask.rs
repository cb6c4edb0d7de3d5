//! Requests to a server that runs, with cookies of a real Flask app, whose key is `dev`, at
//! 1,700,000,000 seconds since 1970.

mod common;

use std::{cell::Cell, net::SocketAddr, rc::Rc};

use common::{Answer, HTTP, answer, send, serve};
use hipflask::{
    BadCookie, Config, Error, SecureCookieSessionInterface, UnixTime, clock_fn,
    signing::Keyring,
    zlib::{DeflateScratch, Scratch},
};
use hipflask_picoserve::{Context, Pool, Session, SessionError, Sessions, WithSession};
use picoserve::{
    Router, Server,
    extract::{FromRef, State},
    response::Content,
    routing::{get, post},
};
use tokio::{
    net::TcpListener,
    sync::Notify,
    task::{self, LocalSet},
};

const ZOE: &str = "session=eyJ1c2VyIjoiWm9cdTAwZWIifQ.ZVPxAA.CTxB9uAyToSMQr_DcacEN7J-1Jg";
/// What Flask answers to ZOE after `session["visits"] = 1`, in the same second.
const ZOE_ONCE: &str =
    "session=eyJ1c2VyIjoiWm9cdTAwZWIiLCJ2aXNpdHMiOjF9.ZVPxAA.qG7Cf_FuAAfelDjfptxi5LI98_Q; HttpOnly; Path=/";
/// Of Flask, with a lone half of an emoji, which no Rust text can hold.
const HALF_EMOJI: &str =
    "session=eyJkcmFmdCI6ImhcdWQ4M2QiLCJ1c2VyIjoiYWRhIn0.ZVPxAA.k8wJ11ADDCRJDHm_uK0rnd5XvYg";
/// Of Flask: 12.6 KB of JSON.
const LARGE: &str = "session=.eJztyLEJgDAQhtFVwl9ngqwiIgceapEgyaUSd3cJy--V79F2e6_WvIVK9OlZV3gdKovi9DSserLDrqZMEARBEARBEARBEARBEARBEARBEP_FmjWHdxXZbno_SePK8w.ZVPxAA.kDHxqXsbx0iRSWxUZNuefoTOFWI";
const DELETED: &str = "session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/";

/// What the handlers share with the tests.
#[derive(Clone, Default)]
struct Site {
    has_arrived: Rc<Notify>,
    may_leave: Rc<Notify>,
    arrived: Rc<Cell<u32>>,
}

impl FromRef<WithSession<Self>> for Site {
    fn from_ref(state: &WithSession<Self>) -> Self {
        state.app.clone()
    }
}

async fn count(mut session: Session) -> Result<String, SessionError> {
    session.modify::<u64>("visits", |visits| *visits += 1)?;
    Ok(session.get_as::<String>("user")?.unwrap_or_default())
}

async fn user(session: Session) -> Result<String, SessionError> {
    Ok(session.get_as::<String>("user")?.unwrap_or_default())
}

async fn peek(context: Context) -> Result<String, SessionError> {
    Ok(context.peek()?.get_as::<String>("user")?.unwrap_or_default())
}

async fn goodbye(mut context: Context) -> Result<&'static str, SessionError> {
    context.start_fresh()?;
    Ok("Goodbye.\n")
}

async fn about() -> &'static str {
    "The same for everybody.\n"
}

async fn twice(_session: Session, _again: Session) -> &'static str {
    "not reached\n"
}

/// Puts in what is too long for a cookie.
async fn long(mut session: Session) -> Result<&'static str, SessionError> {
    let mut noise = String::new();
    (0..1500_u32).for_each(|number| noise.push(char::from(33 + (number * number % 7919 % 94) as u8)));
    session.insert("noise", &noise)?;
    Ok("It is saved.\n")
}

/// Does not fit into the session.
async fn overfull(mut session: Session) -> Result<&'static str, SessionError> {
    session.insert("first", &1)?;
    session.insert("text", &"a".repeat(3000))?;
    Ok("not reached\n")
}

async fn slow(State(site): State<Site>) -> &'static str {
    site.arrived.set(site.arrived.get() + 1);
    site.has_arrived.notify_one();
    site.may_leave.notified().await;
    "at last\n"
}

/// A response that keeps the session.
struct Kept(Session);

impl Content for Kept {
    fn content_type(&self) -> &'static str {
        "text/plain"
    }

    fn content_length(&self) -> usize {
        self.0.len()
    }

    async fn write_content<W: picoserve::io::Write>(self, _: W) -> Result<(), W::Error> {
        Ok(())
    }
}

async fn keep(session: Session) -> Kept {
    Kept(session)
}

/// Starts the site with `PLACES` places for sessions, and answers where it is.
async fn start<const PLACES: usize>(config: Config<'static>, site: Site) -> SocketAddr {
    start_logging::<PLACES>(config, site, |_| {}).await
}

async fn start_logging<const PLACES: usize>(
    config: Config<'static>,
    site: Site,
    log: fn(Error),
) -> SocketAddr {
    let pool = Box::leak(Box::new(Pool::<2304, PLACES>::new()));
    let scratch: &mut Scratch = Box::leak(Box::new(DeflateScratch::<2304>::new()));
    let clock = clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)));
    let interface =
        SecureCookieSessionInterface::new(Keyring::for_sessions(b"dev"), clock).with_compression();
    let sessions = &*Box::leak(Box::new(Sessions::new(interface, config, pool, scratch).on_save_error(log)));
    let router = Router::new()
        .route("/count", get(count))
        .route("/user", get(user))
        .route("/peek", get(peek))
        .route("/goodbye", post(goodbye))
        .route("/about", get(about))
        .route("/twice", get(twice))
        .route("/long", get(long))
        .route("/overfull", get(overfull))
        .route("/slow", get(slow))
        .route("/keep", get(keep))
        .layer(sessions)
        .with_state(site);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    task::spawn_local(serve(listener, Rc::new(router)));
    address
}

/// As a site answers one request.
async fn ask(method: &str, path: &str, cookie: &str) -> Answer {
    ask_with(Config::new(), method, path, cookie).await
}

async fn ask_with(config: Config<'static>, method: &str, path: &str, cookie: &str) -> Answer {
    let asked = async {
        let address = start::<1>(config, Site::default()).await;
        answer(send(address, method, path, cookie).await).await
    };
    LocalSet::new().run_until(asked).await
}

#[tokio::test]
async fn what_a_handler_changes_is_saved_as_flask_saves_it() {
    let answer = ask("GET", "/count", ZOE).await;
    assert_eq!((answer.status, answer.page.as_str()), (200, "Zo\u{eb}"));
    assert_eq!(answer.set_cookies, [ZOE_ONCE]);
    assert!(answer.varies());
}

#[tokio::test]
async fn a_session_that_is_only_read_is_not_sent_but_varies() {
    let answer = ask("GET", "/user", ZOE).await;
    assert_eq!(answer.page, "Zo\u{eb}");
    assert!(answer.set_cookies.is_empty() && answer.varies(), "{answer:?}");
}

#[tokio::test]
async fn who_does_not_ask_for_the_session_or_only_peeks_can_be_cached() {
    for (path, page) in [("/about", "The same for everybody.\n"), ("/peek", "Zo\u{eb}")] {
        let answer = ask("GET", path, ZOE).await;
        assert_eq!((answer.status, answer.page.as_str()), (200, page));
        assert!(answer.is_untouched(), "{answer:?}");
    }
}

#[tokio::test]
async fn a_session_that_cannot_be_read_harms_only_who_asks_for_it() {
    for (cookie, status) in [(HALF_EMOJI, 500), (LARGE, 431)] {
        let refused = ask("GET", "/user", cookie).await;
        assert_eq!((refused.status, refused.page.as_str()), (status, "the session cannot be used here\n"));
        assert!(refused.set_cookies.is_empty() && refused.varies(), "{refused:?}");
        assert!(ask("GET", "/about", cookie).await.is_untouched());
        let goodbye = ask("POST", "/goodbye", cookie).await;
        assert_eq!((goodbye.status, goodbye.set_cookies), (200, vec![DELETED.to_owned()]));
        let fresh = ask_with(Config::new().bad_cookie(BadCookie::StartFresh), "GET", "/user", cookie).await;
        assert_eq!((fresh.status, fresh.page.as_str()), (200, ""));
    }
}

#[tokio::test]
async fn who_asks_twice_or_keeps_the_session_gets_an_error_and_no_deadlock() {
    for path in ["/twice", "/keep"] {
        let answer = ask("GET", path, ZOE).await;
        assert_eq!((answer.status, answer.page.as_str()), (500, "the session is in use already\n"), "{path}");
        assert!(answer.set_cookies.is_empty() && answer.varies(), "{answer:?}");
    }
}

#[tokio::test]
async fn a_session_that_cannot_be_saved_is_a_500_and_is_logged() {
    thread_local!(static LOGGED: Cell<Option<Error>> = const { Cell::new(None) });
    let asked = async {
        let config = Config::new().max_cookie_size(1000);
        let address = start_logging::<1>(config, Site::default(), |reason| LOGGED.set(Some(reason))).await;
        answer(send(address, "GET", "/long", ZOE).await).await
    };
    let answer = LocalSet::new().run_until(asked).await;
    assert_eq!((answer.status, answer.page.as_str()), (500, "the session cannot be used here\n"));
    assert!(answer.set_cookies.is_empty() && answer.varies(), "{answer:?}");
    assert!(matches!(LOGGED.get(), Some(Error::CookieTooLarge { .. })), "{:?}", LOGGED.get());
}

#[tokio::test]
async fn what_a_handler_wrote_before_it_failed_is_saved_as_in_flask() {
    let answer = ask("GET", "/overfull", ZOE).await;
    assert_eq!(answer.status, 500);
    // b'{"user":"Zo\\u00eb","first":1}', sorted, as Flask has it.
    let [cookie] = &answer.set_cookies[..] else { panic!("{answer:?}") };
    assert!(cookie.starts_with("session=eyJmaXJzdCI6MSwidXNlciI6IlpvXHUwMGViIn0."), "{cookie}");
}

#[tokio::test]
async fn a_request_waits_while_all_places_are_taken() {
    let waited = async {
        let site = Site::default();
        let address = start::<2>(Config::new(), site.clone()).await;
        let first = send(address, "GET", "/slow", ZOE).await;
        let second = send(address, "GET", "/slow", ZOE).await;
        site.has_arrived.notified().await;
        while site.arrived.get() < 2 {
            site.has_arrived.notified().await;
        }
        // Six are waiting, more than the queue has room for.
        let mut third = Vec::new();
        for _ in 0..6 {
            third.push(task::spawn_local(answer(send(address, "GET", "/count", ZOE).await)));
        }
        // They get the time to come in.
        for _ in 0..100 {
            task::yield_now().await;
        }
        assert!(third.iter().all(|answer| !answer.is_finished()), "a place was given twice");
        site.may_leave.notify_one();
        for answer in third {
            assert_eq!(answer.await.unwrap().set_cookies, [ZOE_ONCE]);
        }
        site.may_leave.notify_one();
        assert_eq!(answer(first).await.page, "at last\n");
        assert_eq!(answer(second).await.page, "at last\n");
    };
    LocalSet::new().run_until(waited).await;
}

#[tokio::test]
async fn a_session_never_shows_in_another_request() {
    let asked = async {
        let address = start::<1>(Config::new(), Site::default()).await;
        for (cookie, page) in [(ZOE, "Zo\u{eb}"), ("", ""), (HALF_EMOJI, ""), ("session=x", "")] {
            let answer = answer(send(address, "GET", "/peek", cookie).await).await;
            assert_eq!(answer.page.strip_prefix("the session cannot").map_or(&*answer.page, |_| ""), page);
        }
    };
    LocalSet::new().run_until(asked).await;
}

#[tokio::test]
async fn a_place_comes_back_when_a_connection_breaks() {
    let pool: &'static Pool<2304, 1> = Box::leak(Box::new(Pool::new()));
    let scratch: &mut Scratch = Box::leak(Box::new(DeflateScratch::<2304>::new()));
    let clock = clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)));
    let interface =
        SecureCookieSessionInterface::new(Keyring::for_sessions(b"dev"), clock).with_compression();
    let sessions = &*Box::leak(Box::new(Sessions::new(interface, Config::new(), pool, scratch)));
    let broken = async {
        let site = Site::default();
        let router = Router::new().route("/slow", get(slow)).layer(sessions).with_state(site.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connection = send(listener.local_addr().unwrap(), "GET", "/slow", ZOE).await;
        let (accepted, _) = listener.accept().await.unwrap();
        let served = task::spawn_local(async move {
            let _ = Server::new_tokio(&router, &HTTP, &mut [0; 8192]).serve(accepted).await;
        });
        site.has_arrived.notified().await;
        assert_eq!(pool.taken(), 1);
        served.abort();
        assert!(served.await.unwrap_err().is_cancelled());
        drop(connection);
    };
    LocalSet::new().run_until(broken).await;
    assert_eq!(pool.taken(), 0);
}
