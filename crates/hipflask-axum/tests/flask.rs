//! Requests with cookies of a real Flask app, whose key is `dev`, at 1,700,000,000
//! seconds since 1970.

use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    extract,
    http::{
        Request,
        header::{COOKIE, HOST, SET_COOKIE, VARY},
    },
    middleware::{self, Next, from_fn, from_fn_with_state},
    response::Response,
    routing::{get, post},
};
use hipflask::{
    BadCookie, Config, Error, RequestContext, SecureCookieSession, SecureCookieSessionInterface, UnixTime,
    clock_fn, signing::Keyring, zlib,
};
use hipflask_axum::{Context, Session, SessionError, Sessions, layer};
use tower::ServiceExt as _;

const ZOE: &str = "session=eyJ1c2VyIjoiWm9cdTAwZWIifQ.ZVPxAA.CTxB9uAyToSMQr_DcacEN7J-1Jg";
const ZOE_ONCE: &str =
    "session=eyJ1c2VyIjoiWm9cdTAwZWIiLCJ2aXNpdHMiOjF9.ZVPxAA.qG7Cf_FuAAfelDjfptxi5LI98_Q; HttpOnly; Path=/";
/// What Flask reads and this crate does not.
const UNREADABLE: [&str; 3] = ["half_emoji", "deep", "large"];
const FAILED: &str = "something went wrong\n";

/// A cookie of tests/cookies.py, which makes them with Flask.
fn flasks(name: &str) -> &'static str {
    let line = |line: &'static str| line.split_once(' ').filter(|(first, _)| *first == name);
    include_str!("cookies.txt").lines().find_map(line).unwrap().1
}

fn now() -> Result<UnixTime, Error> {
    Ok(UnixTime::from_secs(1_700_000_000))
}

fn with_sessions(site: Router, config: Config<'static>) -> Router {
    let sessions = Sessions::new(Keyring::for_sessions(b"dev"), clock_fn(now), config);
    site.layer(from_fn_with_state(sessions, layer))
}

fn site() -> Router {
    Router::new().route("/hello", get(hello)).route("/goodbye", post(goodbye)).route("/about", get(about))
}

async fn hello(mut session: Session) -> Result<String, SessionError> {
    let messages = session.take_flashed_messages()?;
    let mut page: String =
        messages.map(|flashed| format!("{}: {}\n", flashed.category, flashed.message)).collect();
    match session.get_as::<String>("user")? {
        None => page += "Nobody is logged in.\n",
        Some(user) => {
            let visits = session.get_as::<u64>("visits")?.unwrap_or_default() + 1;
            session.insert("visits", &visits)?;
            page += &format!("{user}, visit {visits}\n");
        }
    }
    Ok(page)
}

async fn goodbye(Extension(context): Extension<Context>) -> Result<&'static str, SessionError> {
    let mut context = context.lock().await;
    context.start_fresh()?.flash("You are logged out.", "info")?;
    Ok("Goodbye.\n")
}

async fn about() -> &'static str {
    "The same for everybody.\n"
}

/// Only reads.
async fn user(session: Session) -> Result<String, SessionError> {
    Ok(session.get_as::<String>("user")?.unwrap_or_default())
}

#[derive(Debug)]
struct Answer {
    status: u16,
    page: String,
    set_cookies: Vec<String>,
    vary: Vec<String>,
}

impl Answer {
    fn vary_cookie(&self) -> bool {
        self.vary == ["Cookie"]
    }

    /// Whether it has no header of a session.
    fn is_untouched(&self) -> bool {
        self.set_cookies.is_empty() && self.vary.is_empty()
    }
}

async fn answer_of(site: Router, request: Request<Body>) -> Answer {
    let response = site.oneshot(request).await.unwrap();
    let headers = |name| {
        response.headers().get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    };
    Answer {
        status: response.status().as_u16(),
        set_cookies: headers(SET_COOKIE),
        vary: headers(VARY),
        page: String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap(),
    }
}

fn request(method: &str, path: &str, cookie: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).header(COOKIE, cookie).body(Body::empty()).unwrap()
}

/// As the site answers, with its sessions.
async fn ask(site: Router, method: &str, path: &str, cookie: &str) -> Answer {
    answer_of(with_sessions(site, Config::new()), request(method, path, cookie)).await
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

#[tokio::test]
async fn who_does_not_ask_for_the_session_has_no_header_of_it() {
    assert!(ask(site(), "GET", "/about", ZOE).await.is_untouched());

    async fn peeking(Extension(context): Extension<Context>) -> Result<String, SessionError> {
        Ok(context.lock().await.peek()?.get_as("user")?.unwrap_or_default())
    }
    let answer = ask(Router::new().route("/", get(peeking)), "GET", "/", ZOE).await;
    assert_eq!(answer.page, "Zoë");
    assert!(answer.is_untouched());
}

/// Each would save its own session, and the browser keep the one that knows less.
#[tokio::test]
async fn the_layer_around_a_layer_counts() {
    let inner = with_sessions(site(), Config::new());
    // A permanent one, which a layer sends also where its handler does nothing.
    let answer = ask(Router::new().nest("/api", inner), "POST", "/api/goodbye", flasks("permanent")).await;
    assert_eq!(answer.set_cookies.len(), 1);
    let answer = ask(site(), "GET", "/hello", &answer.set_cookies[0]).await;
    assert_eq!(answer.page, "info: You are logged out.\nNobody is logged in.\n");
}

/// What the handler did before it failed is kept, as in Flask.
#[tokio::test]
async fn an_error_page_saves_the_session() {
    async fn failing(mut session: Session) -> Result<(), SessionError> {
        session.insert("visits", &1)?;
        session.get_as::<u64>("user")?; // is text
        Ok(())
    }
    let answer = ask(Router::new().route("/", get(failing)), "GET", "/", ZOE).await;
    assert_eq!((answer.status, answer.page.as_str()), (500, FAILED));
    assert_eq!(answer.set_cookies, [ZOE_ONCE]);
    assert!(answer.vary_cookie());
}

#[tokio::test]
async fn a_session_that_cannot_be_saved_is_an_error_page() {
    async fn hoarding(mut session: Session) -> Result<&'static str, SessionError> {
        // Nothing that zlib makes much shorter.
        let next = |n: &u32| Some(n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        let numbers = std::iter::successors(Some(1), next).take(6000);
        let noise: String = numbers.map(|n| char::from(b'0' + (n >> 26) as u8)).collect();
        session.insert("noise", &noise)?;
        Ok("It is saved.\n")
    }
    let answer = ask(Router::new().route("/", get(hoarding)), "GET", "/", ZOE).await;
    assert_eq!((answer.status, answer.page.as_str()), (500, FAILED));
    assert!(answer.set_cookies.is_empty() && answer.vary_cookie());
}

#[tokio::test]
async fn a_session_has_one_holder() {
    async fn greedy(_first: Session, _second: Session) {}
    let answer = ask(Router::new().route("/", get(greedy)), "GET", "/", ZOE).await;
    assert_eq!((answer.status, answer.page.as_str()), (500, FAILED));
    assert!(answer.set_cookies.is_empty() && answer.vary_cookie());

    async fn keeping(session: Session) {
        std::mem::forget(session);
    }
    let answer = ask(Router::new().route("/", get(keeping)), "GET", "/", ZOE).await;
    assert_eq!((answer.status, answer.page.as_str()), (500, FAILED));
    assert!(answer.set_cookies.is_empty() && answer.vary_cookie());
}

#[tokio::test]
async fn without_the_layer_there_is_no_session() {
    async fn result(session: Result<Session, SessionError>) -> String {
        format!("{:?}", session.err())
    }
    let site = Router::new().route("/", get(user)).route("/result", get(result));
    let answer = answer_of(site.clone(), request("GET", "/", ZOE)).await;
    assert_eq!((answer.status, answer.page.as_str()), (500, FAILED));
    let answer = answer_of(site, request("GET", "/result", ZOE)).await;
    assert_eq!(answer.page, "Some(NoLayer)");
}

#[tokio::test]
async fn a_session_moves_into_a_task() {
    async fn working(mut session: Session) -> Result<&'static str, SessionError> {
        let task = tokio::spawn(async move {
            tokio::task::yield_now().await;
            session.insert("visits", &1)?;
            tokio::task::yield_now().await;
            Ok::<_, SessionError>("It is done.\n")
        });
        task.await.unwrap()
    }
    let answer = ask(Router::new().route("/", get(working)), "GET", "/", ZOE).await;
    assert_eq!((answer.status, answer.page.as_str()), (200, "It is done.\n"));
    assert_eq!(answer.set_cookies, [ZOE_ONCE]);
}

/// The core's own value, without this crate.
#[tokio::test]
async fn a_context_moves_into_a_task() {
    let interface =
        SecureCookieSessionInterface::new(Keyring::for_sessions(b"dev"), clock_fn(now)).with_compression();
    let config = Config::new();
    let mut context = Box::new(RequestContext::new(SecureCookieSession::<512>::new()));
    context.open(&interface, &config, ZOE);
    let task = tokio::spawn(async move {
        tokio::task::yield_now().await;
        context.session()?.insert("visits", &1)?;
        Ok::<_, Error>(context)
    });
    let context = task.await.unwrap().unwrap();
    let mut scratch = zlib::DeflateScratch::<512>::new();
    let saved = context.save(&interface, &config, &mut scratch).unwrap();
    assert_eq!(saved.set_cookie.unwrap().to_string(), ZOE_ONCE);
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

        let fresh = with_sessions(site(), Config::new().bad_cookie(BadCookie::StartFresh));
        let answer = answer_of(fresh, request("GET", "/hello", flasks(name))).await;
        assert_eq!((answer.status, answer.page.as_str()), (200, "Nobody is logged in.\n"), "{name}");
    }
}

/// Why it cannot be read is known to a handler that takes a `Result`.
#[tokio::test]
async fn a_handler_is_told_why_a_session_cannot_be_read() {
    async fn told(session: Result<Session, SessionError>) -> String {
        format!("{:?}", session.err())
    }
    let site = Router::new().route("/", get(told));
    let answer = ask(site.clone(), "GET", "/", flasks("deep")).await;
    assert_eq!((answer.status, answer.page.as_str()), (200, "Some(Failed(Depth))"));
    assert!(answer.vary_cookie());
    let answer = ask(site, "GET", "/", flasks("large")).await;
    assert!(answer.page.starts_with("Some(Failed(Capacity"), "{}", answer.page);
}

/// A permanent session is sent anew with each response. One that is too long for that
/// stays as the browser has it.
#[tokio::test]
async fn a_refresh_that_nobody_asked_for_fails_no_request() {
    let site = site().route("/user", get(user));
    // Name and value are short enough for browsers, the whole is too long for Flask's rule.
    let long = (flasks("long"), Config::new());
    let permanent = (flasks("permanent"), Config::new().max_cookie_size(200));
    for (cookie, config) in [long, permanent] {
        let site = with_sessions(site.clone(), config);
        let answer = answer_of(site.clone(), request("GET", "/about", cookie)).await;
        assert!(answer.status == 200 && answer.is_untouched(), "{answer:?}");
        let answer = answer_of(site.clone(), request("GET", "/user", cookie)).await;
        assert_eq!((answer.status, answer.page.as_str()), (200, "ada"));
        assert!(answer.set_cookies.is_empty() && answer.vary_cookie());
        // What a handler changed has to be saved.
        let answer = answer_of(site, request("GET", "/hello", cookie)).await;
        assert_eq!((answer.status, answer.page.as_str()), (500, FAILED));
        assert!(answer.set_cookies.is_empty() && answer.vary_cookie());
    }
    let answer = ask(site, "GET", "/about", flasks("permanent")).await;
    assert!(answer.set_cookies[0].starts_with(flasks("permanent")), "{answer:?}");
}

/// A domain comes from a list, never from the request as it is.
#[tokio::test]
async fn a_request_has_a_config_of_its_own() {
    async fn of_tenant(mut request: extract::Request, next: Next) -> Response {
        let config = Config::new().session_cookie_path("/shop");
        match request.headers().get(HOST).map(|host| host.as_bytes()) {
            Some(b"a.example") => request.extensions_mut().insert(config.session_cookie_domain("a.example")),
            Some(b"b.example") => request.extensions_mut().insert(config.session_cookie_domain("b.example")),
            _ => None,
        };
        next.run(request).await
    }
    let site = with_sessions(site(), Config::new()).layer(from_fn(of_tenant));
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
    async fn staying(mut session: Session) -> Result<(), SessionError> {
        Ok(session.set_permanent(true)?)
    }
    let site = Router::new().route("/", get(staying));
    let config = Config::new().session_cookie_domain("a\nb");
    let answer = answer_of(with_sessions(site, config), request("GET", "/", ZOE)).await;
    assert_eq!((answer.status, answer.page.as_str()), (500, FAILED));
    assert!(answer.set_cookies.is_empty() && answer.vary_cookie());
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
    let answer = ask(site().layer(middleware::from_fn(others)), "GET", "/hello", ZOE).await;
    assert_eq!(answer.vary, ["Accept", "Cookie"]);
    assert_eq!(answer.set_cookies, ["theme=dark", ZOE_ONCE]);
}
