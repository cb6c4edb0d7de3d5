//! Flask-Login and Flask-WTF in a site. What they share with axum is tested there and in
//! `examples/takeover`, beside a Flask.
#![cfg(feature = "extensions")]

use actix_web::{
    App, HttpRequest,
    body::to_bytes,
    http::header::{CONTENT_TYPE, COOKIE, HOST, REFERER, SET_COOKIE},
    test::{TestRequest, init_service, try_call_service},
    web,
};
use hipflask::{UnixTime, clock_fn};
use hipflask_actix::{
    Csrf, CsrfForm, CsrfProtect, CurrentUser, ExtensionsMiddleware, FlaskExtensions, FlaskLogin, FlaskWtf,
    Login, Protection, Remember, RememberCookie, Session, SessionError, Sessions,
};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[derive(serde::Deserialize)]
struct Note {
    text: String,
}

async fn account(user: CurrentUser) -> String {
    format!("{} {}", user.id, user.is_fresh)
}

async fn log_in(login: Login) -> Result<&'static str, SessionError> {
    login.login_user("1", Remember::Yes)?;
    Ok("in")
}

async fn broken(session: Session) -> Result<&'static str, SessionError> {
    session.insert("_user_id", &1)?;
    session.insert("_remember_seconds", "soon")?;
    session.insert("_remember", "set")?;
    Ok("")
}

async fn log_out(login: Login, _: CsrfProtect) -> Result<&'static str, SessionError> {
    login.logout_user()?;
    Ok("out")
}

struct Answer {
    status: u16,
    page: String,
    set_cookies: Vec<String>,
    content_type: Option<String>,
}

impl Answer {
    /// The cookies, as the browser sends them back.
    fn pairs(&self) -> String {
        self.set_cookies.iter().map(|cookie| cookie.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
    }
}

async fn ask(https: bool, request: TestRequest) -> Answer {
    let clock = || clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)));
    let extensions = FlaskExtensions::new()
        .login(FlaskLogin::new("dev", Protection::Basic).unwrap(), RememberCookie::new())
        .csrf(FlaskWtf::new("dev").unwrap())
        .https(https)
        .clock(clock());
    let site = App::new()
        .route(
            "/",
            web::get().to(async |user: Option<CurrentUser>| {
                user.map_or("nobody".to_owned(), |user| user.id.clone())
            }),
        )
        .route("/account", web::get().to(account))
        .route("/login", web::post().to(log_in))
        .route("/logout", web::post().to(log_out))
        .route("/broken", web::get().to(broken))
        .route("/form", web::get().to(async |csrf: Csrf| csrf.token()))
        .route("/note", web::post().to(async |CsrfForm(note): CsrfForm<Note>, _: HttpRequest| note.text))
        .wrap(ExtensionsMiddleware::new(extensions))
        .wrap(Sessions::secret_key("dev").clock(clock()).flask_defaults().layer());
    let site = init_service(site).await;
    let response = match try_call_service(&site, request.to_request()).await {
        Ok(response) => response.into_parts().1.map_into_boxed_body(),
        Err(error) => error.error_response(),
    };
    let set_cookies =
        response.headers().get_all(SET_COOKIE).map(|cookie| cookie.to_str().unwrap().to_owned()).collect();
    let content_type = response.headers().get(CONTENT_TYPE);
    let content_type = content_type.map(|kind| kind.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let page = String::from_utf8(to_bytes(response.into_body()).await.unwrap().to_vec()).unwrap();
    Answer { status, page, set_cookies, content_type }
}

fn get(path: &str, cookies: &str) -> TestRequest {
    TestRequest::get().uri(path).insert_header((COOKIE, cookies))
}

fn post(path: &str, cookies: &str) -> TestRequest {
    TestRequest::post().uri(path).insert_header((COOKIE, cookies))
}

#[actix_web::test]
async fn whoever_logs_in_is_remembered_until_the_logout() {
    assert_eq!(ask(false, get("/account", "")).await.status, 401);
    let login = ask(false, post("/login", "")).await;
    assert!(login.set_cookies.iter().any(|cookie| cookie.starts_with("remember_token=1|")));
    assert_eq!(ask(false, get("/account", &login.pairs())).await.page, "1 true");

    // The session is gone, and what remembers is not.
    let token = login.set_cookies.iter().find(|cookie| cookie.starts_with("remember_token")).unwrap();
    let token = token.split(';').next().unwrap();
    let back = ask(false, get("/form", token)).await;
    assert_eq!(ask(false, get("/account", token)).await.page, "1 false");

    let cookies = format!("{token}; {}", back.pairs());
    let logout = post("/logout", &cookies).insert_header(("X-CSRFToken", back.page.as_str()));
    let logout = ask(false, logout).await;
    assert_eq!((logout.status, logout.page.as_str()), (200, "out"));
    let deletion = "remember_token=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/";
    assert!(logout.set_cookies.iter().any(|cookie| cookie == deletion), "{:?}", logout.set_cookies);
    assert_eq!(ask(false, get("/", &logout.pairs())).await.page, "nobody");
}

#[actix_web::test]
async fn a_form_is_taken_with_the_session_s_token() {
    let form = ask(false, get("/form", "")).await;
    let (cookies, token) = (form.pairs(), form.page.as_str());
    for (fields, status, page) in [
        (format!("text=a+b&csrf_token={token}"), 200, "a b"),
        (format!("text=x&f-csrf_token={token}"), 200, "x"),
        ("text=x".to_owned(), 400, "The CSRF token is missing.\n"),
        ("text=x&csrf_token=y".to_owned(), 400, "The CSRF token is invalid.\n"),
    ] {
        let request = post("/note", &cookies).insert_header(FORM).set_payload(fields);
        let answer = ask(false, request).await;
        assert_eq!((answer.status, answer.page.as_str()), (status, page));
    }
    let request = post("/note", "").insert_header(FORM).set_payload(format!("text=x&csrf_token={token}"));
    assert_eq!(ask(false, request).await.page, "The CSRF session token is missing.\n");
}

/// As in Flask, where the session is saved all the same, without the order.
#[actix_web::test]
async fn a_cookie_that_cannot_be_sent_is_one_500() {
    let answer = ask(false, get("/broken", "")).await;
    assert_eq!(
        (answer.status, answer.set_cookies.len(), answer.page.as_str()),
        (500, 1, "something went wrong\n")
    );
    let next = ask(false, get("/", &answer.pairs())).await;
    assert_eq!((next.status, next.page.as_str()), (200, "1"));
}

/// Or a browser would guess, by what the request has in it.
#[actix_web::test]
async fn an_error_says_that_it_is_plain_text() {
    let outside = App::new().route("/", web::get().to(async |login: Login| login.logout_user().map(|()| "")));
    let outside = init_service(outside).await;
    let response = try_call_service(&outside, get("/", "").to_request()).await.unwrap();
    assert_eq!(response.status().as_u16(), 500);
    assert_eq!(response.headers().get(CONTENT_TYPE).unwrap(), "text/plain; charset=utf-8");
    for (request, status) in [(get("/account", ""), 401), (post("/note", ""), 400)] {
        let answer = ask(false, request).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.content_type.as_deref(), Some("text/plain; charset=utf-8"), "{status}");
    }
}

#[actix_web::test]
async fn on_https_the_page_that_sent_a_form_is_of_the_same_host() {
    let form = ask(true, get("/form", "")).await;
    for (referrer, status) in [("https://example.com/form", 200), ("https://evil.example/", 400)] {
        let request = post("/logout", &form.pairs()).insert_header(("X-CSRFToken", form.page.as_str()));
        let request = request.insert_header((HOST, "example.com")).insert_header((REFERER, referrer));
        assert_eq!(ask(true, request).await.status, status, "{referrer}");
    }
}
