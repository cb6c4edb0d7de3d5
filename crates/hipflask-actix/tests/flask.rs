//! The middleware and its extractor against what Flask does. The cookies are Flask's.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use actix_web::{
    App, Error, FromRequest, HttpMessage as _, HttpRequest, HttpResponse,
    body::{MessageBody, to_bytes},
    dev::{Payload, ServiceFactory, ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{COOKIE, HOST, SET_COOKIE, VARY},
    },
    middleware::{Next, from_fn},
    test::{TestRequest, init_service, try_call_service},
    web::{self, Bytes},
};
use hipflask::{
    BadCookie, Config, UnixTime,
    backends::std::SystemClock,
    clock_fn,
    interface::server_side::{Codec, RamStore},
};
use hipflask_actix::{OwnedConfig, Session, SessionError, Sessions};

/// Flask: `{"user": "Zoë"}`, and after a visit of `{"user": "Zoë", "visits": 1}`.
const ZOE: &str = "session=eyJ1c2VyIjoiWm9cdTAwZWIifQ.ZVPxAA.CTxB9uAyToSMQr_DcacEN7J-1Jg";
const ZOE_ONCE: &str =
    "session=eyJ1c2VyIjoiWm9cdTAwZWIiLCJ2aXNpdHMiOjF9.ZVPxAA.qG7Cf_FuAAfelDjfptxi5LI98_Q; HttpOnly; Path=/";
/// Flask: a list in a list 70 levels deep, and half an emoji.
const DEEP: &str =
    "session=.eJyrVsrJLC5RsoqmCoilCtBRKi1OLVKyUkpMSVSqBQBXJTlW.ZVPxAA.kCNC7wzSmCVVP7EoL5GmXhAX-qA";
const HALF_EMOJI: &str =
    "session=eyJkcmFmdCI6ImhcdWQ4M2QiLCJ1c2VyIjoiYWRhIn0.ZVPxAA.k8wJ11ADDCRJDHm_uK0rnd5XvYg";
/// Flask: 12.6 KB of text.
const DENSE: &str = "session=.eJzt21EJwCAABcAu73sJbCPMAupgMNZdrCF3Pe7LbO9MSQUAAAAAAAAAAAAAADhUrjyj9T0o7pp_AahVrpk.ZVPxAA.q5-pbkndIkLcAQMtY8zOqlTJJMQ";
const FAILED: &str = "something went wrong\n";

fn sessions() -> Sessions {
    Sessions::secret_key("dev").clock(clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)))).flask_defaults()
}

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

    fn is_untouched(&self) -> bool {
        self.set_cookies.is_empty() && self.vary.is_empty()
    }
}

async fn ask<F, B>(app: App<F>, request: TestRequest) -> Answer
where
    F: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
            Future: 'static,
        > + 'static,
    B: MessageBody + 'static,
{
    let app = init_service(app).await;
    // As the server makes a response of an error.
    let response = match try_call_service(&app, request.to_request()).await {
        Ok(response) => response.into_parts().1.map_into_boxed_body(),
        Err(error) => error.error_response(),
    };
    let headers =
        |name| response.headers().get_all(name).map(|value| value.to_str().unwrap().to_owned()).collect();
    let (status, set_cookies, vary) = (response.status().as_u16(), headers(SET_COOKIE), headers(VARY));
    let page = to_bytes(response.into_body()).await.ok().unwrap();
    Answer { status, page: String::from_utf8(page.to_vec()).unwrap(), set_cookies, vary }
}

fn get(path: &str, cookie: &str) -> TestRequest {
    TestRequest::get().uri(path).insert_header((COOKIE, cookie))
}

/// What the site answers at `/` to a visit with a cookie.
async fn visit<H, A>(handler: H, cookie: &str) -> Answer
where
    H: actix_web::Handler<A>,
    A: FromRequest + 'static,
    H::Output: actix_web::Responder + 'static,
{
    ask(App::new().route("/", web::get().to(handler)).wrap(sessions().layer()), get("/", cookie)).await
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

#[actix_web::test]
async fn a_session_of_flasks_is_read_and_saved_as_flask_saves_it() {
    let answer = visit(hello, ZOE).await;
    assert_eq!((answer.status, answer.page.as_str()), (200, "Zoë, visit 1\n"));
    assert_eq!(answer.set_cookies, [ZOE_ONCE]);
    assert!(answer.vary_cookie());

    let gone = visit(goodbye, ZOE).await;
    let answer = visit(hello, &gone.set_cookies[0]).await;
    assert_eq!(answer.page, "info: You are logged out.\nNobody is logged in.\n");
    assert!(answer.set_cookies[0].starts_with("session=; Expires=Thu, 01 Jan 1970"));

    let answer = visit(hello, &ZOE.replace("CTxB", "CTxC")).await;
    assert_eq!((answer.status, answer.page.as_str()), (200, "Nobody is logged in.\n"));
    assert!(answer.set_cookies.is_empty() && answer.vary_cookie());
}

#[actix_web::test]
async fn who_does_not_use_the_session_has_no_header_of_it() {
    async fn holding(_session: Session) -> &'static str {
        ""
    }
    assert!(visit(holding, ZOE).await.is_untouched());

    async fn peeking(session: Session) -> Result<String, SessionError> {
        session.peek(|session| session.get_as("user").ok().flatten().unwrap_or_default())
    }
    let answer = visit(peeking, ZOE).await;
    assert_eq!((answer.page.as_str(), answer.is_untouched()), ("Zoë", true));
}

/// Who is logged in, by an extractor of the application's own.
struct User(Option<String>);

impl FromRequest for User {
    type Error = SessionError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, SessionError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let session = Session::from_request(request, payload);
        Box::pin(async {
            let session = session.await?;
            session.insert("seen", &true)?;
            Ok(Self(session.get_as("user")?))
        })
    }
}

#[actix_web::test]
async fn extractors_share_the_session_in_any_order() {
    async fn session_first(session: Session, User(user): User) -> Result<String, SessionError> {
        Ok(format!("{user:?} {:?}", session.get_as::<bool>("seen")?))
    }
    async fn user_first(User(user): User, session: Session) -> Result<String, SessionError> {
        session_first(session, User(user)).await
    }
    assert_eq!(visit(session_first, ZOE).await.page, "Some(\"Zoë\") Some(true)");
    assert_eq!(visit(user_first, ZOE).await.page, "Some(\"Zoë\") Some(true)");
}

#[actix_web::test]
async fn a_session_moves_into_a_task() {
    async fn working(session: Session) -> Result<&'static str, SessionError> {
        let task = actix_web::rt::spawn(async move {
            actix_web::rt::task::yield_now().await;
            session.insert("visits", &1)
        });
        task.await.unwrap()?;
        Ok("It is done.\n")
    }
    assert_eq!(visit(working, ZOE).await.set_cookies, [ZOE_ONCE]);
}

/// What the handler did before it failed is kept, as in Flask.
#[actix_web::test]
async fn an_error_page_saves_the_session() {
    async fn failing(session: Session) -> Result<String, SessionError> {
        session.insert("visits", &1)?;
        session.get_as::<u64>("user")?; // is text
        Ok(String::new())
    }
    async fn failing_otherwise(session: Session) -> Result<String, Error> {
        session.insert("visits", &1)?;
        Err(actix_web::error::ErrorBadRequest("no"))
    }
    let answer = visit(failing, ZOE).await;
    assert_eq!((answer.status, answer.page.as_str()), (500, FAILED));
    assert!(answer.set_cookies == [ZOE_ONCE] && answer.vary_cookie());
    let answer = visit(failing_otherwise, ZOE).await;
    assert!(answer.status == 400 && answer.set_cookies == [ZOE_ONCE] && answer.vary_cookie());

    // A route that is not there, behind a middleware that counts.
    async fn counting(
        request: ServiceRequest,
        next: Next<impl MessageBody>,
    ) -> Result<ServiceResponse<impl MessageBody>, Error> {
        Session::of(&request.extensions()).unwrap().insert("visits", &1)?;
        next.call(request).await
    }
    let app = App::new().wrap(from_fn(counting)).wrap(sessions().layer());
    let answer = ask(app, get("/no/such", ZOE)).await;
    assert!(answer.status == 404 && answer.set_cookies == [ZOE_ONCE] && answer.vary_cookie());
}

#[actix_web::test]
async fn a_session_that_cannot_be_saved_is_an_error_page() {
    let app = App::new().route("/", web::get().to(hello)).wrap(sessions().max_cookie_size(100).layer());
    let answer = ask(app, get("/", ZOE)).await;
    assert_eq!((answer.status, answer.page.as_str()), (500, FAILED));
    assert!(answer.set_cookies.is_empty() && answer.vary_cookie());
}

#[actix_web::test]
async fn without_the_middleware_there_is_no_session() {
    let answer = ask(App::new().route("/", web::get().to(hello)), get("/", ZOE)).await;
    assert_eq!((answer.status, answer.page.as_str()), (500, FAILED));
}

#[actix_web::test]
async fn a_session_that_cannot_be_read_harms_only_who_asks_for_it() {
    for cookie in [DEEP, HALF_EMOJI] {
        let answer = visit(async || "The same for everybody.\n", cookie).await;
        assert!(answer.status == 200 && answer.is_untouched());
        let answer = visit(hello, cookie).await;
        assert_eq!((answer.status, answer.page.as_str()), (500, FAILED));
        assert!(answer.set_cookies.is_empty() && answer.vary_cookie());
        let gone = visit(goodbye, cookie).await;
        assert!(gone.status == 200 && gone.vary_cookie());
        let answer = visit(hello, &gone.set_cookies[0]).await;
        assert_eq!(answer.page, "info: You are logged out.\nNobody is logged in.\n");

        let fresh = sessions().bad_cookie(BadCookie::StartFresh).layer();
        let answer = ask(App::new().route("/", web::get().to(hello)).wrap(fresh), get("/", cookie)).await;
        assert_eq!((answer.status, answer.page.as_str()), (200, "Nobody is logged in.\n"));
    }
}

#[actix_web::test]
async fn a_small_cookie_may_hold_a_large_session() {
    let answer = visit(hello, DENSE).await;
    assert_eq!((answer.status, answer.page.as_str()), (200, "ada, visit 1\n"));
    let answer = visit(hello, &answer.set_cookies[0]).await;
    assert_eq!((answer.status, answer.page.as_str()), (200, "ada, visit 2\n"));
}

/// A domain comes from a list, never from the request as it is.
#[actix_web::test]
async fn a_request_has_settings_of_its_own() {
    async fn of_tenant(
        request: ServiceRequest,
        next: Next<impl MessageBody>,
    ) -> Result<ServiceResponse<impl MessageBody>, Error> {
        if request.headers().get(HOST).is_some_and(|host| host == "a.example") {
            let config = Config::new().session_cookie_path("/shop").session_cookie_domain("a.example");
            request.extensions_mut().insert(OwnedConfig::from(config));
        }
        next.call(request).await
    }
    for (host, attributes) in
        [("a.example", "; Domain=a.example; HttpOnly; Path=/shop"), ("c.example", "; HttpOnly; Path=/")]
    {
        let app =
            App::new().route("/", web::get().to(hello)).wrap(sessions().layer()).wrap(from_fn(of_tenant));
        let answer = ask(app, get("/", ZOE).insert_header((HOST, host))).await;
        assert_eq!(answer.set_cookies, [ZOE_ONCE.replace("; HttpOnly; Path=/", attributes)]);
    }
}

/// Each would save its own session, and the browser keep the one that knows less.
#[actix_web::test]
async fn the_middleware_around_a_middleware_counts() {
    let inner =
        web::scope("/api").route("/", web::get().to(hello)).wrap(sessions().cookie_name("other").layer());
    let answer = ask(App::new().service(inner).wrap(sessions().layer()), get("/api/", ZOE)).await;
    assert_eq!(
        (answer.page.as_str(), &answer.set_cookies[..]),
        ("Zoë, visit 1\n", &[ZOE_ONCE.to_owned()][..])
    );

    // Side by side, each has its own.
    let part = |path, name: &str| {
        web::scope(path).route("/", web::get().to(hello)).wrap(sessions().cookie_name(name).layer())
    };
    let cookies = format!("{}; {}", ZOE.replace("session", "a"), ZOE.replace("session", "b"));
    for (path, name) in [("/a/", "a"), ("/b/", "b")] {
        let app = App::new().service(part("/a", "a")).service(part("/b", "b"));
        let answer = ask(app, get(path, &cookies)).await;
        assert_eq!(answer.set_cookies, [ZOE_ONCE.replace("session", name)]);
    }
}

#[actix_web::test]
async fn head_not_modified_and_upgrades_have_the_same_headers() {
    for status in [StatusCode::OK, StatusCode::NOT_MODIFIED, StatusCode::SWITCHING_PROTOCOLS] {
        let handler = move |session: Session| async move {
            session.insert("visits", &1)?;
            Ok::<_, SessionError>(HttpResponse::build(status).finish())
        };
        let app = App::new().route("/", web::to(handler)).wrap(sessions().layer());
        let request =
            TestRequest::default().method(actix_web::http::Method::HEAD).insert_header((COOKIE, ZOE));
        let answer = ask(app, request).await;
        assert_eq!((answer.status, answer.set_cookies), (status.as_u16(), vec![ZOE_ONCE.to_owned()]));
        assert_eq!(answer.vary, ["Cookie"]);
    }
}

/// Others' `Vary` and cookies stay.
#[actix_web::test]
async fn what_others_put_into_a_response_stays() {
    async fn handler(session: Session) -> Result<HttpResponse, SessionError> {
        session.insert("visits", &1)?;
        let mut response = HttpResponse::Ok();
        response.insert_header((VARY, "Accept, cookie")).insert_header((SET_COOKIE, "theme=dark"));
        Ok(response.finish())
    }
    let answer = visit(handler, ZOE).await;
    assert_eq!(answer.vary, ["Accept, cookie"]);
    assert_eq!(answer.set_cookies, ["theme=dark", ZOE_ONCE]);
}

/// As in Flask, the headers are out when the body is made.
#[actix_web::test]
async fn what_a_streamed_body_does_comes_too_late() {
    struct Pieces(Session, usize, Arc<Mutex<Vec<Option<u64>>>>);

    impl futures_core::Stream for Pieces {
        type Item = Result<Bytes, SessionError>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            let Some(rest) = self.1.checked_sub(1) else { return Poll::Ready(None) };
            self.1 = rest;
            let visits = self.0.get_as("visits")?;
            self.2.lock().unwrap().push(visits);
            self.0.insert("visits", &5)?;
            Poll::Ready(Some(Ok(Bytes::from_static(b"."))))
        }
    }

    let seen = Arc::new(Mutex::new(Vec::new()));
    let of_handler = seen.clone();
    let handler = move |session: Session| {
        let seen = of_handler.clone();
        async move {
            session.insert("visits", &1)?;
            Ok::<_, SessionError>(HttpResponse::Ok().streaming(Pieces(session, 3, seen)))
        }
    };
    let answer = visit(handler, ZOE).await;
    assert_eq!((answer.page.as_str(), answer.set_cookies), ("...", vec![ZOE_ONCE.to_owned()]));
    assert_eq!(*seen.lock().unwrap(), [Some(1), Some(5), Some(5)]);
}

/// Sessions in a store have the same handle.
#[actix_web::test]
async fn a_session_may_be_in_a_store() {
    async fn log_in(session: Session) -> Result<String, SessionError> {
        session.regenerate()?;
        session.insert("user", "ada")?;
        Ok(String::new())
    }
    let ram = RamStore::<4, 256, _>::new(SystemClock, Codec::TaggedJson, "user");
    let sessions = Sessions::server_side(Mutex::new(ram)).codec(Codec::TaggedJson).flask_defaults().layer();
    let app = init_service(
        App::new().route("/login", web::get().to(log_in)).route("/", web::get().to(hello)).wrap(sessions),
    )
    .await;
    let mut cookie = String::new();
    for (path, page) in [("/login", ""), ("/", "ada, visit 1\n"), ("/", "ada, visit 2\n")] {
        let response = try_call_service(&app, get(path, &cookie).to_request()).await.unwrap();
        if let Some(set_cookie) = response.headers().get(SET_COOKIE) {
            cookie = set_cookie.to_str().unwrap().split_once(';').unwrap().0.to_owned();
        }
        assert_eq!(to_bytes(response.into_body()).await.ok().unwrap(), page);
    }
}
