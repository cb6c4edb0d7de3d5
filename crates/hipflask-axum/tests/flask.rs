//! The layer and its extractor against what Flask does.

mod common;

use axum::{
    Extension, Router,
    extract::{self, FromRequestParts},
    http::{
        header::{HOST, SET_COOKIE, VARY},
        request::Parts,
    },
    middleware::{Next, from_fn},
    response::Response,
    routing::{get, post},
};
use common::*;
use hipflask::{BadCookie, Config, Error, clock_fn};
use hipflask_axum::{OwnedConfig, SameSite::Lax, Session, SessionError, Sessions};

fn site() -> Router {
    Router::new().route("/hello", get(hello)).route("/goodbye", post(goodbye)).route("/about", get(about))
}

async fn hello(session: Session) -> Result<String, SessionError> {
    let messages = session.take_flashed_messages()?.into_iter();
    let mut page: String =
        messages.map(|flashed| format!("{}: {}\n", flashed.category, flashed.message)).collect();
    match session.get_as::<String>("user")? {
        None => page += "Nobody is logged in.\n",
        Some(user) => {
            session.modify::<u64>("visits", |visits| *visits += 1)?;
            page += &format!("{user}, visit {}\n", session.get_as::<u64>("visits")?.unwrap_or_default());
        }
    }
    Ok(page)
}

async fn goodbye(session: Session) -> Result<&'static str, SessionError> {
    session.start_fresh()?;
    session.flash("You are logged out.", "info")?;
    Ok("Goodbye.\n")
}

async fn about() -> &'static str {
    "The same for everybody.\n"
}

/// Only reads.
async fn user(session: Session) -> Result<String, SessionError> {
    Ok(session.get_as("user")?.unwrap_or_default())
}

#[tokio::test]
async fn a_session_of_flasks_is_read_and_saved_as_flask_saves_it() {
    let answer = ask(site(), "GET", "/hello", ZOE).await;
    assert_eq!((answer.status, answer.page.as_str()), (200, "Zoë, visit 1\n"));
    assert_eq!(answer.set_cookies, [ZOE_ONCE]);
    assert!(answer.vary_cookie());
}

#[tokio::test]
async fn what_nobody_signed_logs_nobody_in() {
    let answer = ask(site(), "GET", "/hello", &ZOE.replace("CTxB", "CTxC")).await;
    assert_eq!((answer.status, answer.page.as_str()), (200, "Nobody is logged in.\n"));
    assert!(answer.set_cookies.is_empty() && answer.vary_cookie());
}

#[tokio::test]
async fn a_message_is_shown_once() {
    let gone = ask(site(), "POST", "/goodbye", ZOE).await;
    assert_eq!(gone.status, 200);
    let answer = ask(site(), "GET", "/hello", &gone.set_cookies[0]).await;
    assert_eq!(answer.page, "info: You are logged out.\nNobody is logged in.\n");
    assert!(answer.set_cookies[0].starts_with("session=; Expires=Thu, 01 Jan 1970"));
}

/// Who has the handle has not used the session yet.
#[tokio::test]
async fn who_does_not_use_the_session_has_no_header_of_it() {
    assert!(ask(site(), "GET", "/about", ZOE).await.is_untouched());

    async fn holding(_session: Session) {}
    let answer = ask(Router::new().route("/", get(holding)), "GET", "/", ZOE).await;
    assert!(answer.status == 200 && answer.is_untouched());

    async fn peeking(session: Session) -> Result<String, SessionError> {
        assert!(session.opened()?.is_loaded());
        session.peek(|session| session.get_as("user").ok().flatten().unwrap_or_default())
    }
    let answer = ask(Router::new().route("/", get(peeking)), "GET", "/", ZOE).await;
    assert_eq!(answer.page, "Zoë");
    assert!(answer.is_untouched());

    // Flask: `accessed` is not undone by a failure.
    async fn reading(session: Session) -> Result<(), SessionError> {
        session.get_as::<u64>("user")?;
        Ok(())
    }
    let answer = ask(Router::new().route("/", get(reading)), "GET", "/", ZOE).await;
    assert!(answer.status == 500 && answer.set_cookies.is_empty() && answer.vary_cookie());
}

/// Who is logged in, by an extractor of the application's own.
struct User(Option<String>);

impl<S: Sync> FromRequestParts<S> for User {
    type Rejection = SessionError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, SessionError> {
        let session = Session::from_request_parts(parts, state).await?;
        session.insert("seen", &true)?;
        Ok(Self(session.get_as("user")?))
    }
}

#[tokio::test]
async fn extractors_share_the_session_in_any_order() {
    async fn session_first(session: Session, User(user): User) -> Result<String, SessionError> {
        Ok(format!("{user:?} {:?}", session.get_as::<bool>("seen")?))
    }
    async fn user_first(User(user): User, session: Session) -> Result<String, SessionError> {
        session_first(session, User(user)).await
    }
    async fn three(one: Session, two: Session, User(_): User) -> Result<String, SessionError> {
        one.insert("visits", &1)?;
        Ok(format!("{:?}", two.get_as::<u8>("visits")?))
    }
    let site =
        Router::new().route("/1", get(session_first)).route("/2", get(user_first)).route("/3", get(three));
    for path in ["/1", "/2"] {
        let answer = ask(site.clone(), "GET", path, ZOE).await;
        assert_eq!((answer.status, answer.page.as_str()), (200, "Some(\"Zoë\") Some(true)"));
    }
    assert_eq!(ask(site, "GET", "/3", ZOE).await.page, "Some(1)");
}

/// What the handler did before it failed is kept, as in Flask.
#[tokio::test]
async fn an_error_page_saves_the_session() {
    async fn failing(session: Session) -> Result<(), SessionError> {
        session.insert("visits", &1)?;
        session.get_as::<u64>("user")?; // is text
        Ok(())
    }
    let answer = ask(Router::new().route("/", get(failing)), "GET", "/", ZOE).await;
    assert_eq!((answer.status, answer.page.as_str()), (500, FAILED));
    assert_eq!(answer.set_cookies, [ZOE_ONCE]);
    assert!(answer.vary_cookie());
}

/// Text that zlib makes no shorter.
fn noise(len: usize) -> String {
    let next = |n: &u32| Some(n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    let numbers = std::iter::successors(Some(1), next).take(len);
    numbers.map(|n| char::from(b'0' + (n >> 26) as u8)).collect()
}

#[tokio::test]
async fn a_session_that_cannot_be_saved_is_an_error_page() {
    async fn hoarding(session: Session) -> Result<&'static str, SessionError> {
        session.insert("noise", &noise(6000))?;
        Ok("It is saved.\n")
    }
    let answer = ask(Router::new().route("/", get(hoarding)), "GET", "/", ZOE).await;
    assert_eq!((answer.status, answer.page.as_str()), (500, ""));
    assert!(answer.set_cookies.is_empty() && answer.vary_cookie());
}

#[tokio::test]
async fn without_the_layer_there_is_no_session() {
    async fn result(session: Result<Session, SessionError>) -> String {
        session.err().unwrap().to_string()
    }
    let site = Router::new().route("/", get(user)).route("/result", get(result));
    let answer = answer_of(site.clone(), request("GET", "/", ZOE)).await;
    assert_eq!((answer.status, answer.page.as_str()), (500, FAILED));
    let answer = answer_of(site, request("GET", "/result", ZOE)).await;
    assert_eq!(answer.page, "the route is not under the layer that opens sessions");
}

#[tokio::test]
async fn a_session_moves_into_a_task() {
    async fn working(session: Session) -> Result<&'static str, SessionError> {
        let of_task = session.clone();
        let task = tokio::spawn(async move {
            tokio::task::yield_now().await;
            of_task.insert("visits", &1)?;
            tokio::task::yield_now().await;
            Ok::<_, SessionError>("It is done.\n")
        });
        let done = task.await.unwrap();
        assert_eq!(session.get_as("visits")?, Some(1));
        done
    }
    let answer = ask(Router::new().route("/", get(working)), "GET", "/", ZOE).await;
    assert_eq!((answer.status, answer.page.as_str()), (200, "It is done.\n"));
    assert_eq!(answer.set_cookies, [ZOE_ONCE]);
}

#[tokio::test]
async fn a_session_that_cannot_be_read_harms_only_who_asks_for_it() {
    for name in UNREADABLE {
        let answer = ask(site(), "GET", "/about", flasks(name)).await;
        assert!(answer.status == 200 && answer.is_untouched(), "{name}: {answer:?}");

        let answer = ask(site(), "GET", "/hello", flasks(name)).await;
        assert_eq!((answer.status, answer.page.as_str()), (500, FAILED), "{name}");
        assert!(answer.set_cookies.is_empty() && answer.vary_cookie(), "{name}: {answer:?}");

        let gone = ask(site(), "POST", "/goodbye", flasks(name)).await;
        assert!(gone.status == 200 && gone.vary_cookie(), "{name}: {gone:?}");
        let answer = ask(site(), "GET", "/hello", &gone.set_cookies[0]).await;
        assert_eq!(answer.page, "info: You are logged out.\nNobody is logged in.\n", "{name}");

        let fresh = site().layer(sessions().bad_cookie(BadCookie::StartFresh).layer());
        let answer = answer_of(fresh, request("GET", "/hello", flasks(name))).await;
        assert_eq!((answer.status, answer.page.as_str()), (200, "Nobody is logged in.\n"), "{name}");
        assert!(answer.set_cookies[0].starts_with("session=; Expires=Thu, 01 Jan 1970"), "{name}");
    }
}

/// Why it cannot be read is known to a handler that asks.
#[tokio::test]
async fn a_handler_is_told_why_a_session_cannot_be_read() {
    async fn told(session: Session) -> String {
        format!("{:?}", session.get("user").unwrap_err().error())
    }
    let site = Router::new().route("/", get(told));
    let answer = ask(site.clone(), "GET", "/", flasks("deep")).await;
    assert_eq!((answer.status, answer.page.as_str()), (200, "Some(Depth)"));
    assert!(answer.vary_cookie());
    let answer = ask(site, "GET", "/", flasks("large")).await;
    assert!(answer.page.starts_with("Some(Capacity"), "{}", answer.page);
}

/// A cookie of 127 bytes that holds 12.6 KB, and what a handler adds to it.
#[tokio::test]
async fn a_small_cookie_may_hold_a_large_session() {
    let answer = ask(site(), "GET", "/hello", flasks("dense")).await;
    assert_eq!((answer.status, answer.page.as_str()), (200, "ada, visit 1\n"));
    let answer = ask(site(), "GET", "/hello", &answer.set_cookies[0]).await;
    assert_eq!((answer.status, answer.page.as_str()), (200, "ada, visit 2\n"));

    async fn adding(session: Session) -> Result<String, SessionError> {
        for number in 0..10 {
            session.insert(&format!("text{number}"), &"b".repeat(1000))?;
        }
        Ok(session.get_as::<String>("text")?.unwrap_or_default())
    }
    let site = Router::new().route("/adding", get(adding)).merge(site());
    let answer = ask(site.clone(), "GET", "/adding", flasks("dense")).await;
    assert_eq!((answer.status, answer.page.len()), (200, 12_600));
    let answer = ask(site.clone(), "GET", "/hello", &answer.set_cookies[0]).await;
    assert_eq!((answer.status, answer.page.as_str()), (200, "ada, visit 1\n"));

    // The room is a setting.
    let small = site.layer(sessions().max_session_bytes(4096).layer());
    let answer = answer_of(small.clone(), request("GET", "/hello", flasks("dense"))).await;
    assert_eq!(answer.status, 500);
    let answer = answer_of(small, request("GET", "/hello", ZOE)).await;
    assert_eq!(answer.status, 200);
}

/// A permanent session is sent anew with each response. One that is too long for that
/// stays as the browser has it.
#[tokio::test]
async fn a_refresh_that_nobody_asked_for_fails_no_request() {
    let site = site().route("/user", get(user));
    // Name and value are short enough for browsers, the whole is too long for Flask's rule.
    for (cookie, max_cookie_size) in [(flasks("long"), 4093), (flasks("permanent"), 200)] {
        let site = site.clone().layer(sessions().max_cookie_size(max_cookie_size).layer());
        let answer = answer_of(site.clone(), request("GET", "/about", cookie)).await;
        assert!(answer.status == 200 && answer.is_untouched(), "{answer:?}");
        let answer = answer_of(site.clone(), request("GET", "/user", cookie)).await;
        assert_eq!((answer.status, answer.page.as_str()), (200, "ada"));
        assert!(answer.set_cookies.is_empty() && answer.vary_cookie());
        // What a handler changed has to be saved.
        let answer = answer_of(site, request("GET", "/hello", cookie)).await;
        assert_eq!((answer.status, answer.page.as_str()), (500, ""));
        assert!(answer.set_cookies.is_empty() && answer.vary_cookie());
    }
    let answer = ask(site, "GET", "/about", flasks("permanent")).await;
    assert!(answer.set_cookies[0].starts_with(flasks("permanent")), "{answer:?}");
}

/// A domain comes from a list, never from the request as it is.
#[tokio::test]
async fn a_request_has_settings_of_its_own() {
    async fn of_tenant(mut request: extract::Request, next: Next) -> Response {
        let host = request.headers().get(HOST).map(|host| host.to_str().unwrap().to_owned());
        if let Some(domain) = host.filter(|host| ["a.example", "b.example"].contains(&host.as_str())) {
            let config = Config::new().session_cookie_path("/shop").session_cookie_domain(&domain);
            request.extensions_mut().insert(OwnedConfig::from(config));
        }
        next.run(request).await
    }
    let site = site().layer(sessions().layer()).layer(from_fn(of_tenant));
    for (host, attributes) in [
        ("a.example", "; Domain=a.example; HttpOnly; Path=/shop"),
        ("b.example", "; Domain=b.example; HttpOnly; Path=/shop"),
        ("c.example", "; HttpOnly; Path=/"),
    ] {
        let mut request = request("GET", "/hello", ZOE);
        request.headers_mut().insert(HOST, host.parse().unwrap());
        let answer = answer_of(site.clone(), request).await;
        assert_eq!(answer.set_cookies, [ZOE_ONCE.replace("; HttpOnly; Path=/", attributes)]);
    }
}

/// A setting that no cookie can be written with is everybody's error, not a silence.
#[tokio::test]
async fn a_setting_that_cannot_be_used_is_an_error() {
    async fn staying(session: Session) -> Result<(), SessionError> {
        session.set_permanent(true)
    }
    let bad = || sessions().domain("a\nb");
    assert_eq!(bad().check().err(), Some(Error::InvalidConfig { setting: "SESSION_COOKIE_DOMAIN" }));
    let site = Router::new().route("/", get(staying)).layer(bad().layer());
    let answer = answer_of(site, request("GET", "/", ZOE)).await;
    assert_eq!((answer.status, answer.page.as_str()), (500, ""));
    assert!(answer.set_cookies.is_empty() && answer.vary_cookie());
}

/// Each setting gets into the cookie.
#[tokio::test]
async fn every_setting_has_a_method() {
    let layer = keys()
        .cookie_name("site")
        .domain(String::from("example.com"))
        .path("/shop")
        .http_only(false)
        .partitioned(true)
        .secure(true)
        .same_site(Lax)
        .layer();
    let site = site().layer(layer);
    let answer = answer_of(site, request("GET", "/hello", &ZOE.replace("session", "site"))).await;
    let value = ZOE_ONCE.split_once(';').unwrap().0.replace("session", "site");
    let attributes = "Domain=example.com; Secure; Path=/shop; SameSite=Lax; Partitioned";
    assert_eq!(answer.set_cookies, [format!("{value}; {attributes}")]);
}

/// As many as a site has, the newest first.
#[tokio::test]
async fn old_keys_are_still_known() {
    let sessions = || Sessions::secret_key("new").clock(clock_fn(now));
    let with_old =
        ["older", "dev", "", "3", "4", "5"].into_iter().fold(sessions(), |all, key| all.fallback_key(key));
    for (sessions, user) in [(with_old, "Zoë, visit 1\n"), (sessions(), "Nobody is logged in.\n")] {
        let site = site().layer(sessions.flask_defaults().layer());
        assert_eq!(answer_of(site, request("GET", "/hello", ZOE)).await.page, user);
    }
}

/// Flask's null session: it reads as empty, and writing says why it cannot be.
#[tokio::test]
async fn without_a_key_nothing_is_written() {
    let site = || Router::new().route("/user", get(user)).route("/goodbye", post(goodbye));
    let null = || site().layer(Sessions::secret_key("").flask_defaults().layer());
    let answer = answer_of(null(), request("GET", "/user", ZOE)).await;
    assert_eq!((answer.status, answer.page.as_str(), answer.is_untouched()), (200, "", true));
    let answer = answer_of(null(), request("POST", "/goodbye", ZOE)).await;
    assert_eq!((answer.status, answer.page.as_str()), (500, FAILED));
    assert_eq!(Sessions::from_env("NO_SUCH_VARIABLE").err(), Some(Error::NoSecretKey));
}

/// Others' `Vary` and cookies stay.
#[tokio::test]
async fn what_others_put_into_a_response_stays() {
    async fn others(request: extract::Request, next: Next) -> Response {
        let mut response = next.run(request).await;
        response.headers_mut().insert(VARY, "Accept".parse().unwrap());
        response.headers_mut().insert(SET_COOKIE, "theme=dark".parse().unwrap());
        response
    }
    let answer = ask(site().layer(from_fn(others)), "GET", "/hello", ZOE).await;
    assert_eq!(answer.vary, ["Accept", "Cookie"]);
    assert_eq!(answer.set_cookies, ["theme=dark", ZOE_ONCE]);
}

/// A middleware inside of the layer sees what the handler leaves.
#[tokio::test]
async fn a_middleware_has_the_session_too() {
    async fn around(request: extract::Request, next: Next) -> Response {
        let session = Session::of(request.extensions()).unwrap().clone();
        let mut response = next.run(request).await;
        let visits = session.peek(|session| session.get_as::<u64>("visits").unwrap()).unwrap();
        response.extensions_mut().insert(visits);
        response
    }
    async fn outside(request: extract::Request, next: Next) -> Response {
        assert!(Session::of(request.extensions()).is_none());
        let response = next.run(request).await;
        assert_eq!(response.extensions().get::<Option<u64>>(), Some(&Some(1)));
        response
    }
    let inside = site().layer(from_fn(around)).layer(sessions().layer()).layer(from_fn(outside));
    assert_eq!(answer_of(inside, request("GET", "/hello", ZOE)).await.set_cookies, [ZOE_ONCE]);
}

/// State and extensions are extracted beside it.
#[tokio::test]
async fn it_stands_beside_other_arguments() {
    async fn handler(
        Extension(name): Extension<&'static str>,
        session: Session,
    ) -> Result<String, SessionError> {
        Ok(format!("{name} {}", session.get_as::<String>("user")?.unwrap_or_default()))
    }
    let site = Router::new().route("/", get(handler)).layer(Extension("axum"));
    assert_eq!(ask(site, "GET", "/", ZOE).await.page, "axum Zoë");
}
