//! Requests with cookies of a real Flask app, whose key is `dev`, at 1,700,000,000
//! seconds since 1970.

use axum::{
    body::{Body, to_bytes},
    http::{
        Request,
        header::{COOKIE, SET_COOKIE, VARY},
    },
};
use hipflask::UnixTime;
use tower::ServiceExt as _;

use super::*;

const ZOE: &str = "session=eyJ1c2VyIjoiWm9cdTAwZWIifQ.ZVPxAA.CTxB9uAyToSMQr_DcacEN7J-1Jg";
const ZOE_ONCE: &str =
    "session=eyJ1c2VyIjoiWm9cdTAwZWIiLCJ2aXNpdHMiOjF9.ZVPxAA.qG7Cf_FuAAfelDjfptxi5LI98_Q; HttpOnly; Path=/";

const FOREIGN_USER: &str =
    "session=eyJfZmxhc2hlcyI6W3siIHQiOlsiaW5mbyIsNV19XSwidXNlciI6N30.ZVPxAA.n6WfXOOMBWpwDPEuzWPp3mIfS3w";
const FOREIGN_VISITS: &str = "session=eyJ1c2VyIjoiYWRhIiwidmlzaXRzIjotMX0.ZVPxAA.y1JfPN0_LUo7Clo1vlJ2lD57d4Y";

struct Answer {
    status: u16,
    page: String,
    set_cookies: Vec<String>,
    vary: bool,
}

async fn answer_of(site: Router, method: &str, path: &str, cookie: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).header(COOKIE, cookie);
    let response = site.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let headers =
        |name| response.headers().get_all(name).iter().map(|value| value.to_str().unwrap().to_owned());
    Answer {
        status: response.status().as_u16(),
        set_cookies: headers(SET_COOKIE).collect(),
        vary: headers(VARY).eq(["Cookie"]),
        page: String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap(),
    }
}

/// As the site answers, with its sessions.
async fn ask(site: Router, method: &str, path: &str, cookie: &str) -> Answer {
    let keys = Keys::from_secret(b"dev", SecureCookieSessionInterface::SALT, KeyDerivation::Hmac);
    let clock = BoxedClock::new(|| Ok(UnixTime::from_secs(1_700_000_000)));
    answer_of(with_sessions(site, keys, clock, Config::new()), method, path, cookie).await
}

#[tokio::test]
async fn a_session_of_flasks_is_read_and_saved_as_flask_saves_it() {
    let answer = ask(site(), "GET", "/hello", ZOE).await;
    assert_eq!((answer.status, answer.page.as_str()), (200, "Zoë, visit 1\n"));
    assert_eq!(answer.set_cookies, [ZOE_ONCE]);
    assert!(answer.vary);
}

#[tokio::test]
async fn what_nobody_signed_logs_nobody_in() {
    let answer = ask(site(), "GET", "/hello", &ZOE.replace("CTxB", "CTxC")).await;
    assert_eq!((answer.status, answer.page.as_str()), (403, "Nobody is logged in.\n"));
    assert!(answer.set_cookies.is_empty() && answer.vary);
}

#[tokio::test]
async fn a_message_is_shown_once() {
    let gone = ask(site(), "POST", "/goodbye", ZOE).await;
    assert_eq!(gone.status, 303);
    let answer = ask(site(), "GET", "/hello", &gone.set_cookies[0]).await;
    assert_eq!(answer.page, "info: You are logged out.\nNobody is logged in.\n");
    assert!(answer.set_cookies[0].starts_with("session=; Expires=Thu, 01 Jan 1970"));
}

#[tokio::test]
async fn who_does_not_ask_for_the_session_has_no_header_of_it() {
    let answer = ask(site(), "GET", "/about", ZOE).await;
    assert!(answer.set_cookies.is_empty() && !answer.vary);
}

/// Flask: `{"_flashes": [("info", 5)], "user": 7}`, and `{"user": "ada", "visits": -1}`.
#[tokio::test]
async fn foreign_entries_shut_nobody_out() {
    let answer = ask(site(), "GET", "/hello", FOREIGN_USER).await;
    assert_eq!((answer.status, answer.page.as_str()), (403, "Nobody is logged in.\n"));
    let answer = ask(site(), "GET", "/hello", FOREIGN_VISITS).await;
    assert_eq!((answer.status, answer.page.as_str()), (200, "ada, visit 1\n"));
}

/// Each would save its own session, and the browser keep the one that knows less.
#[tokio::test]
async fn the_layer_around_a_layer_counts() {
    let keys = || Keys::from_secret(b"dev", SecureCookieSessionInterface::SALT, KeyDerivation::Hmac);
    let clock = || BoxedClock::new(|| Ok(UnixTime::from_secs(1_700_000_000)));
    let inner = with_sessions(site(), keys(), clock(), Config::new());
    let answer = ask(Router::new().nest("/api", inner), "POST", "/api/goodbye", ZOE).await;
    assert_eq!(answer.set_cookies.len(), 1);
    let answer = ask(site(), "GET", "/hello", &answer.set_cookies[0]).await;
    assert_eq!(answer.status, 403);
}

/// What the handler did before it failed is kept, as in Flask.
#[tokio::test]
async fn an_error_page_saves_the_session() {
    async fn failing(mut session: Session) -> Result<(), Failed> {
        session.insert("visits", &1)?;
        session.get_as::<u64>("user")?; // is text
        Ok(())
    }
    let answer = ask(Router::new().route("/", get(failing)), "GET", "/", ZOE).await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.set_cookies, [ZOE_ONCE]);
}

#[tokio::test]
async fn a_session_that_cannot_be_saved_is_an_error_page() {
    async fn hoarding(mut session: Session) -> Result<&'static str, Failed> {
        // Nothing that zlib makes much shorter.
        let next = |n: &u32| Some(n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        let numbers = std::iter::successors(Some(1), next).take(6000);
        let noise: String = numbers.map(|n| char::from(b'0' + (n >> 26) as u8)).collect();
        session.insert("noise", &noise)?;
        Ok("It is saved.\n")
    }
    let answer = ask(Router::new().route("/", get(hoarding)), "GET", "/", ZOE).await;
    assert_eq!((answer.status, answer.page.as_str()), (500, "something went wrong\n"));
    assert!(answer.set_cookies.is_empty() && answer.vary);
}

#[tokio::test]
async fn a_session_has_one_holder() {
    async fn greedy(_first: Session, _second: Session) {}
    let answer = ask(Router::new().route("/", get(greedy)), "GET", "/", ZOE).await;
    assert_eq!((answer.status, answer.page.as_str()), (500, "the session is in use already\n"));

    async fn keeping(session: Session) {
        std::mem::forget(session);
    }
    let answer = ask(Router::new().route("/", get(keeping)), "GET", "/", ZOE).await;
    assert_eq!((answer.status, answer.page.as_str()), (500, "the session is in use already\n"));
    assert!(answer.set_cookies.is_empty() && answer.vary);
}

#[tokio::test]
async fn without_the_layer_there_is_no_session() {
    let answer = answer_of(Router::new().route("/", get(hello)), "GET", "/", ZOE).await;
    assert_eq!((answer.status, answer.page.as_str()), (500, "there is no layer of sessions\n"));
}
