//! Times whole requests through axum's routers, with sessions of several crates.
//!
//! `cargo run --release --bin servers` in this package. No network: a router is called as
//! hyper calls it, on one thread, and the fastest round of each counts, as in `speed`. Each
//! request brings the cookie that the same crate made of the same session, a login's; the
//! handler looks up an entry and counts its visits in another, so each response sets a cookie
//! or writes the store. Everybody has his own defaults:
//!
//! | | |
//! |---|---|
//! | none | the same router without sessions |
//! | hipflask-axum | a signed cookie of JSON, compressed where Flask would |
//! | hipflask-axum, plain | the same, written without compression |
//! | tower-sessions, cookie | its cookie store: a signed cookie of JSON |
//! | tower-sessions, memory | its memory store: an id in the cookie, values as JSON |
//! | axum-extra | `SignedCookieJar`: a signed cookie; JSON by serde_json, with the fields of a struct |

#[path = "timing.rs"]
mod timing;

use std::task::{Context, Poll, Waker};

use axum::{
    Json, Router,
    body::Body,
    extract::FromRef,
    http::{Request, Response, header},
    routing::get,
};
use axum_extra::extract::{SignedCookieJar, cookie::Cookie};
use serde::{Deserialize, Serialize};
use timing::interleaved;
use tower::ServiceExt;

/// What a login leaves in a session.
#[derive(Clone, Serialize, Deserialize)]
struct Login {
    _fresh: bool,
    _id: String,
    _permanent: bool,
    _user_id: String,
    csrf_token: String,
    visits: u64,
}

fn login() -> Login {
    Login {
        _fresh: true,
        _id: "a4c123b1612dd272d1371c17149d439536b3216fdaeeb975729fae923d5a4fd12aabfe228f219e9cb0eb53f16947ccf25ec84d8dbc74254770f58904dba41ecc".into(),
        _permanent: true,
        _user_id: "17".into(),
        csrf_token: "cc3fc1626e53a13043b026c48bbf33feff9243a8".into(),
        visits: 0,
    }
}

/// A key that is long enough for everybody.
const KEY: &[u8] = &[7; 64];

fn none() -> Router {
    async fn count() -> Json<u64> {
        Json(1)
    }
    Router::new().route("/fill", get(async || "")).route("/", get(count))
}

fn hipflask(compress: bool) -> Router {
    use hipflask_axum::{SameSite, Session, SessionError, Sessions};

    async fn fill(session: Session) -> Result<(), SessionError> {
        let Login { _fresh, _id, _permanent, _user_id, csrf_token, visits } = login();
        session.insert("_fresh", &_fresh)?;
        session.insert("_id", &_id)?;
        session.insert("_permanent", &_permanent)?;
        session.insert("_user_id", &_user_id)?;
        session.insert("csrf_token", &csrf_token)?;
        session.insert("visits", &visits)
    }

    async fn count(session: Session) -> Result<Json<u64>, SessionError> {
        session.get_as::<String>("_user_id")?.expect("a login");
        session.modify::<u64>("visits", |visits| *visits += 1)?;
        Ok(Json(1))
    }

    let layer = Sessions::secret_key(KEY).compress(compress).secure(true).same_site(SameSite::Lax).layer();
    Router::new().route("/fill", get(fill)).route("/", get(count)).layer(layer)
}

/// Routes over tower-sessions' `Session`, whatever keeps it.
fn tower_sessions_routes() -> Router {
    use tower_sessions::Session;

    async fn fill(session: Session) {
        let Login { _fresh, _id, _permanent, _user_id, csrf_token, visits } = login();
        session.insert("_fresh", _fresh).await.expect("a session");
        session.insert("_id", _id).await.expect("a session");
        session.insert("_permanent", _permanent).await.expect("a session");
        session.insert("_user_id", _user_id).await.expect("a session");
        session.insert("csrf_token", csrf_token).await.expect("a session");
        session.insert("visits", visits).await.expect("a session");
    }

    async fn count(session: Session) -> Json<u64> {
        session.get::<String>("_user_id").await.expect("a session").expect("a login");
        let visits = session.get::<u64>("visits").await.expect("a session").unwrap_or_default();
        session.insert("visits", visits + 1).await.expect("a session");
        Json(1)
    }

    Router::new().route("/fill", get(fill)).route("/", get(count))
}

fn tower_sessions_memory() -> Router {
    let store = tower_sessions::MemoryStore::default();
    tower_sessions_routes().layer(tower_sessions::SessionManagerLayer::new(store))
}

fn tower_sessions_cookie() -> Router {
    use tower_sessions_cookie_store::{CookieSessionConfig, CookieSessionManagerLayer, Key};

    let layer = CookieSessionManagerLayer::signed(Key::from(KEY));
    tower_sessions_routes().layer(layer.with_config(CookieSessionConfig::default()))
}

fn axum_extra() -> Router {
    #[derive(Clone)]
    struct Keys(axum_extra::extract::cookie::Key);

    impl FromRef<Keys> for axum_extra::extract::cookie::Key {
        fn from_ref(keys: &Keys) -> Self {
            keys.0.clone()
        }
    }

    fn cookie(login: &Login) -> Cookie<'static> {
        let value = serde_json::to_string(login).expect("a session");
        Cookie::build(("session", value)).path("/").http_only(true).secure(true).build()
    }

    async fn fill(jar: SignedCookieJar) -> SignedCookieJar {
        jar.add(cookie(&login()))
    }

    async fn count(jar: SignedCookieJar) -> (SignedCookieJar, Json<u64>) {
        let session = jar.get("session").expect("a session");
        let mut login: Login = serde_json::from_str(session.value()).expect("a login");
        login.visits += 1;
        (jar.add(cookie(&login)), Json(1))
    }

    let keys = Keys(axum_extra::extract::cookie::Key::from(KEY));
    Router::new().route("/fill", get(fill)).route("/", get(count)).with_state(keys)
}

/// A router, and the cookie of a session that was filled through it.
struct Server {
    router: Router,
    cookie: Option<String>,
}

impl Server {
    fn new(router: Router) -> Self {
        let mut server = Self { router, cookie: None };
        let response = server.get("/fill");
        server.cookie = response.headers().get(header::SET_COOKIE).map(|cookie| {
            let cookie = cookie.to_str().expect("ASCII");
            cookie.split(';').next().expect("a cookie").to_owned()
        });
        server
    }

    fn get(&self, path: &str) -> Response<Body> {
        let mut request = Request::builder().uri(path);
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let request = request.body(Body::empty()).expect("a request");
        // Nothing here waits for anything.
        let future = core::pin::pin!(self.router.clone().oneshot(request));
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(response) => response.expect("routers answer everything"),
            Poll::Pending => panic!("a request waits"),
        }
    }

    fn count(&self) {
        let response = self.get("/");
        assert_eq!(response.status(), 200);
    }
}

fn main() {
    let servers = [
        ("none", none()),
        ("hipflask-axum", hipflask(true)),
        ("hipflask-axum, plain", hipflask(false)),
        ("tower-sessions, cookie", tower_sessions_cookie()),
        ("tower-sessions, memory", tower_sessions_memory()),
        ("axum-extra", axum_extra()),
    ]
    .map(|(name, router)| (name, Server::new(router)));
    let mut calls = servers.each_ref().map(|(_, server)| || server.count());
    let times = interleaved(calls.each_mut().map(|call| call as &mut dyn FnMut()));
    let [without, _, plain, ..] = times;
    println!("{:<24} {:>9} {:>14} {:>12}", "sessions", "request", "for a session", "cookie");
    for ((name, server), time) in servers.iter().zip(times) {
        let cookie_len = server.cookie.as_ref().map_or(0, String::len);
        println!("{name:<24} {time:>6.0} ns {:>11.0} ns {cookie_len:>10} B", time - without);
    }
    for ((name, _), time) in servers.iter().zip(times).skip(3) {
        let ratio = (time - without) / (plain - without);
        println!("{name} takes {ratio:.2} times as long for a session as hipflask-axum, plain");
    }
}
