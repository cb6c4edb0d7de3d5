//! What the tests share: cookies that Flask made, and requests.
#![allow(dead_code, reason = "each test uses a part")]

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{
        Request,
        header::{COOKIE, SET_COOKIE, VARY},
    },
};
use hipflask::{Error, UnixTime, clock_fn};
use hipflask_axum::{Cookies, Sessions, Unsaid};
use tower::ServiceExt as _;

/// Flask: `{"user": "Zoë"}`, and after a visit of `{"user": "Zoë", "visits": 1}`.
pub const ZOE: &str = "session=eyJ1c2VyIjoiWm9cdTAwZWIifQ.ZVPxAA.CTxB9uAyToSMQr_DcacEN7J-1Jg";
pub const ZOE_ONCE: &str =
    "session=eyJ1c2VyIjoiWm9cdTAwZWIiLCJ2aXNpdHMiOjF9.ZVPxAA.qG7Cf_FuAAfelDjfptxi5LI98_Q; HttpOnly; Path=/";
/// What Flask reads and this crate does not.
pub const UNREADABLE: [&str; 3] = ["half_emoji", "deep", "large"];
pub const FAILED: &str = "something went wrong\n";

/// A cookie of tests/cookies.py, which makes them with Flask.
pub fn flasks(name: &str) -> &'static str {
    let line = |line: &'static str| line.split_once(' ').filter(|(first, _)| *first == name);
    include_str!("../cookies.txt").lines().find_map(line).unwrap().1
}

pub fn now() -> Result<UnixTime, Error> {
    Ok(UnixTime::from_secs(1_700_000_000))
}

/// At the time at which the cookies were made, with the key of Flask's.
pub fn keys() -> Sessions<Cookies, Unsaid, Unsaid> {
    Sessions::secret_key("dev").clock(clock_fn(now))
}

pub fn sessions() -> Sessions {
    keys().flask_defaults()
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub page: String,
    pub set_cookies: Vec<String>,
    pub vary: Vec<String>,
}

impl Answer {
    pub fn vary_cookie(&self) -> bool {
        self.vary == ["Cookie"]
    }

    /// Whether it has no header of a session.
    pub fn is_untouched(&self) -> bool {
        self.set_cookies.is_empty() && self.vary.is_empty()
    }
}

pub async fn answer_of(site: Router, request: Request<Body>) -> Answer {
    let (head, body) = site.oneshot(request).await.unwrap().into_parts();
    let page = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
    let headers =
        |name| head.headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect();
    Answer { status: head.status.as_u16(), page, set_cookies: headers(SET_COOKIE), vary: headers(VARY) }
}

pub fn request(method: &str, path: &str, cookie: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).header(COOKIE, cookie).body(Body::empty()).unwrap()
}

/// As the site answers, with its sessions.
pub async fn ask(site: Router, method: &str, path: &str, cookie: &str) -> Answer {
    answer_of(site.layer(sessions().layer()), request(method, path, cookie)).await
}
