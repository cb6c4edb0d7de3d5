//! Flask-Login and Flask-WTF in a site. That Flask agrees is shown by `examples/takeover`.
#![cfg(feature = "extensions")]

mod common;

use std::{net::IpAddr, sync::Mutex};

use axum::{
    Router,
    body::Body,
    http::{Request, header::COOKIE},
    routing::{any, get, post},
};
use common::*;
use hipflask::{
    backends::std::SystemClock,
    clock_fn,
    interface::server_side::{Codec, RamStore},
};
use hipflask_axum::{
    Csrf, CsrfForm, CsrfProtect, CurrentUser, ExtensionsLayer, FlaskExtensions, FlaskLogin, FlaskWtf, Login,
    Protection, Remember, RememberCookie, SessionError, Sessions,
};

const DELETION: &str = "remember_token=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/";

fn extensions() -> FlaskExtensions {
    FlaskExtensions::new()
        .login(FlaskLogin::new("dev", Protection::Basic).unwrap(), RememberCookie::new())
        .csrf(FlaskWtf::new("dev").unwrap())
        .clock(clock_fn(now))
}

fn routes() -> Router {
    #[derive(serde::Deserialize)]
    struct Note {
        text: String,
    }
    Router::new()
        .route(
            "/",
            get(async |user: Option<CurrentUser>| user.map_or("nobody".to_owned(), |user| user.id.clone())),
        )
        .route("/account", get(async |user: CurrentUser| format!("{} {}", user.id, user.is_fresh)))
        .route("/login", post(async |login: Login| login.login_user("1", Remember::Yes)))
        .route("/logout", post(async |login: Login| login.logout_user()))
        .route("/form", get(async |csrf: Csrf| csrf.token()))
        .route("/note", post(async |CsrfForm(note): CsrfForm<Note>| note.text))
        .route("/script", post(async |_: CsrfProtect| "done"))
        .route("/any", any(async |_: CsrfProtect| "done"))
        .route("/about", get(async || "the same for everybody"))
}

fn site(extensions: FlaskExtensions) -> Router {
    routes().layer(ExtensionsLayer::new(extensions, |_| Some(IpAddr::from([127, 0, 0, 1]))))
}

/// The cookies of an answer, as the browser sends them back.
fn pairs(answer: &Answer) -> String {
    let pairs = answer.set_cookies.iter().map(|cookie| cookie.split(';').next().unwrap());
    pairs.collect::<Vec<_>>().join("; ")
}

#[tokio::test]
async fn whoever_logs_in_is_remembered_until_the_logout() {
    let site = || site(extensions());
    let nobody = ask(site(), "GET", "/account", "").await;
    assert_eq!((nobody.status, nobody.vary_cookie()), (401, true));
    assert_eq!(ask(site(), "GET", "/", "").await.page, "nobody");

    let login = ask(site(), "POST", "/login", "").await;
    let [remember, session] = &login.set_cookies[..] else { panic!("{login:?}") };
    assert!(remember.starts_with("remember_token=1|") && session.starts_with("session="), "{login:?}");
    assert_eq!(ask(site(), "GET", "/account", &pairs(&login)).await.page, "1 true");

    // The session is gone, and what remembers is not.
    let token = remember.split(';').next().unwrap();
    let back = ask(site(), "GET", "/account", token).await;
    assert_eq!((back.page.as_str(), back.set_cookies.len()), ("1 false", 1));

    let both = format!("{token}; {}", pairs(&back));
    let logout = ask(site(), "POST", "/logout", &both).await;
    assert_eq!(logout.set_cookies[0], DELETION);
    assert_eq!(ask(site(), "GET", "/", &pairs(&logout)).await.page, "nobody");
}

#[tokio::test]
async fn a_page_that_asks_for_neither_is_the_same_for_everybody() {
    let login = ask(site(extensions()), "POST", "/login", "").await;
    let about = ask(site(extensions()), "GET", "/about", &pairs(&login)).await;
    assert!(about.is_untouched(), "{about:?}");
}

async fn send(site: Router, path: &str, cookie: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let mut request = Request::builder().method("POST").uri(path).header(COOKIE, cookie);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let answer = answer_of(site.layer(sessions().layer()), request).await;
    (answer.status, answer.page)
}

#[tokio::test]
async fn a_form_is_taken_with_the_token_in_a_field_or_a_header() {
    let site = || site(extensions());
    let form = ask(site(), "GET", "/form", "").await;
    let (cookie, token) = (pairs(&form), form.page.as_str());
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let missing = "The CSRF token is missing.\n";
    for (fields, status, page) in [
        (format!("text=a+b&csrf_token={token}"), 200, "a b"),
        // A form with a prefix, and one with an empty field before it.
        (format!("text=x&f-csrf_token={token}"), 200, "x"),
        (format!("text=x&csrf_token=&f-csrf_token={token}"), 200, "x"),
        (format!("text=x&csrf_token=y&csrf_token={token}"), 400, "The CSRF token is invalid.\n"),
        ("text=x".to_owned(), 400, missing),
        (format!("csrf_token={token}"), 400, "missing field `text`\n"),
    ] {
        let answer = send(site(), "/note", &cookie, &[kind], &fields).await;
        assert_eq!(answer, (status, page.to_owned()), "{fields}");
    }
    for name in ["x-csrftoken", "x-csrf-token"] {
        let answer = send(site(), "/script", &cookie, &[(name, token)], "{}").await;
        assert_eq!(answer, (200, "done".to_owned()));
    }
    let answer = send(site(), "/script", &cookie, &[kind], &format!("csrf_token={token}&more=x")).await;
    assert_eq!(answer, (200, "done".to_owned()));
    // A field of what is no form is none.
    let json = ("content-type", "application/json");
    let answer = send(site(), "/script", &cookie, &[json], &format!("csrf_token={token}")).await;
    assert_eq!(answer, (400, missing.to_owned()));
    // Python joins headers of one name; the first one that says something counts.
    let same = ("x-csrftoken", token);
    for (headers, answer) in [
        ([same, same], (400, "The CSRF token is invalid.\n")),
        ([("x-csrftoken", ""), ("x-csrf-token", token)], (200, "done")),
    ] {
        let (status, page) = send(site(), "/script", &cookie, &headers, "").await;
        assert_eq!((status, page.as_str()), answer);
    }
    // The name of a form's type may have any case and parameters, and be the start of no other one's.
    for (kind, status) in [
        ("Application/X-WWW-Form-URLEncoded ; charset=utf-8", 200),
        ("application/x-www-form-urlencoded2", 400),
        ("multipart/form-data; boundary=x", 400),
    ] {
        let kind = ("content-type", kind);
        let answer = send(site(), "/script", &cookie, &[kind], &format!("csrf_token={token}")).await;
        assert_eq!(answer.0, status, "{kind:?}");
    }
    let stranger = send(site(), "/script", "", &[("x-csrftoken", token)], "").await;
    assert_eq!(stranger, (400, "The CSRF session token is missing.\n".to_owned()));
    let long = "a".repeat(64 * 1024);
    let answer = send(site(), "/note", &cookie, &[kind], &format!("csrf_token={long}")).await;
    assert_eq!(answer, (400, "The CSRF token is invalid.\n".to_owned()));
}

/// Statuses and pages are Flask-WTF's (1.3.0, Werkzeug 3.1), but where a comment says so.
#[tokio::test]
async fn a_form_with_files_is_taken_with_the_token_in_a_field() {
    let form = ask(site(extensions()), "GET", "/form", "").await;
    let (cookie, token) = (pairs(&form), form.page.as_str());
    let part = |disposition: &str, value: &str| {
        format!("--x\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{value}\r\n")
    };
    let text = part(r#"name="text""#, "Zoë & b=c");
    let file = part(r#"name="photo"; filename="a.png""#, "--y\0\r\n--");
    let no_file = part(r#"name="photo"; filename="""#, "");
    let of = |disposition: &str| part(disposition, token);
    let end = "--x--\r\n";
    let (taken, missing, invalid) =
        ((200, "Zoë & b=c"), (400, "The CSRF token is missing.\n"), (400, "The CSRF token is invalid.\n"));
    let kind = "multipart/form-data; boundary=x";
    let exact = of(r#"name="csrf_token""#);
    for (kind, body, answer) in [
        (kind, format!("{text}{exact}{end}"), taken),
        (kind, format!("{file}{text}{exact}{end}"), taken),
        (kind, format!("{no_file}{text}{exact}{end}"), taken),
        (kind, format!("{text}{}{end}", of(r#"name="f-csrf_token""#)), taken),
        (kind, format!("{text}{}{end}", of("name=csrf_token")), taken),
        (kind, format!("hello\r\n{text}{exact}{end}more"), taken),
        ("Multipart/Form-Data; charset=utf-8; boundary=\"x\"", format!("{text}{exact}{end}"), taken),
        (kind, format!("{text}{}{exact}{end}", part(r#"name="csrf_token""#, "y")), invalid),
        // A file is not a field.
        (kind, format!("{text}{}{end}", of(r#"name="csrf_token"; filename="t""#)), missing),
        (kind, format!("{text}{}{end}", of(r#"name="csrf_token"; filename="""#)), missing),
        (kind, format!("{text}{}{end}", of(r#"name="csrf_token"; filename*=UTF-8''t"#)), missing),
        (kind, format!("{text}{}{end}", of(r#"name="csrf_token"; FILENAME="t""#)), missing),
        (kind, format!("{text}{}{end}", of(r#"name="csrf_token"; name="y""#)), missing),
        (kind, format!("{text}--x\r\n\r\n\r\n{exact}{end}"), missing),
        (
            kind,
            format!(
                "{}{exact}{end}",
                part("name=text\r\nContent-Type: text/plain; charset=UTF-8", "Zoë & b=c")
            ),
            taken,
        ),
        // What is cut off, or not of this boundary, has no fields at all.
        (kind, format!("{text}{exact}"), missing),
        ("multipart/form-data; boundary=z", format!("{text}{exact}{end}"), missing),
        ("multipart/form-data", format!("{text}{exact}{end}"), missing),
        (kind, String::new(), missing),
        // Flask takes lines that end in a line feed alone, names in other spellings, and text in
        // Latin-1.
        (kind, format!("{text}{exact}{end}").replace("\r\n", "\n"), missing),
        (kind, format!("{text}{}{end}", of("name*=UTF-8''csrf_token")), missing),
        (kind, format!("{text}{}{end}", of(r#"name="y"; name="csrf_token""#)), missing),
        (kind, format!("{text}{}{end}", of(r#"title="y"; name="csrf_token""#)), missing),
        (
            kind,
            format!(
                "{exact}{}{end}",
                part("name=text\r\nContent-Type: text/plain; charset=iso-8859-1", "Zoë")
            ),
            missing,
        ),
    ] {
        let answered = send(site(extensions()), "/note", &cookie, &[("content-type", kind)], &body).await;
        assert_eq!((answered.0, answered.1.as_str()), answer, "{kind}\n{body}");
    }
}

#[tokio::test]
async fn on_https_the_page_that_sent_a_form_is_of_the_same_host() {
    let site = || site(extensions().https(true));
    let form = ask(site(), "GET", "/form", "").await;
    let (cookie, token) = (pairs(&form), ("x-csrftoken", form.page.as_str()));
    let host = ("host", "example.com");
    for (headers, status) in [
        (vec![host, token, ("referer", "https://example.com/form")], 200),
        (vec![host, token, ("referer", "https://evil.example/")], 400),
        (vec![host, token], 400),
    ] {
        let (answered, page) = send(site(), "/script", &cookie, &headers, "").await;
        assert_eq!(answered, status, "{page}");
    }
}

/// Browsers send some methods as they are spelled, and Werkzeug takes all for capitals.
#[tokio::test]
async fn a_method_in_small_letters_needs_a_token_too() {
    for (method, status) in [("PATCH", 400), ("patch", 400), ("GET", 200), ("PROPFIND", 200)] {
        assert_eq!(ask(site(extensions()), method, "/any", "").await.status, status, "{method}");
    }
}

#[tokio::test]
async fn a_clone_s_settings_can_be_changed() {
    let plain = extensions();
    let strict = plain.clone().https(true);
    let form = ask(site(plain.clone()), "GET", "/form", "").await;
    for (extensions, status) in [(plain, 200), (strict, 400)] {
        let token = ("x-csrftoken", form.page.as_str());
        assert_eq!(send(site(extensions), "/script", &pairs(&form), &[token], "").await.0, status);
    }
}

/// Else whoever planted the id is logged in, too.
#[tokio::test]
async fn a_login_gives_a_stored_session_another_id() {
    let ram = RamStore::<4, 1024, _>::new(SystemClock, Codec::TaggedJson, "_user_id");
    let sessions = Sessions::server_side(Mutex::new(ram)).codec(Codec::TaggedJson).flask_defaults();
    let site = site(extensions()).layer(sessions.layer());
    let ask = async |method: &str, path: &str, cookies: &str| {
        answer_of(site.clone(), request(method, path, cookies)).await
    };
    let planted = pairs(&ask("GET", "/form", "").await);
    let login = ask("POST", "/login", &planted).await;
    let (remember, session) =
        pairs(&login).split_once("; ").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert_eq!(ask("GET", "/", &session).await.page, "1");
    assert_eq!(ask("GET", "/", &planted).await.page, "nobody");

    // So does the cookie that remembers.
    let planted = pairs(&ask("GET", "/form", "").await);
    let back = ask("GET", "/account", &format!("{planted}; {remember}")).await;
    assert_eq!(back.page, "1 false");
    assert_eq!(ask("GET", "/", &pairs(&back)).await.page, "1");
    assert_eq!(ask("GET", "/", &planted).await.page, "nobody");
}

/// A route outside of the layer is a mistake of the program's, and not of the visitor's.
#[tokio::test]
async fn without_the_layer_the_extractors_fail() {
    for path in ["/", "/account", "/form"] {
        assert_eq!(ask(routes(), "GET", path, "").await.status, 500, "{path}");
    }
    let no_login = routes().layer(ExtensionsLayer::new(FlaskExtensions::new(), |_| None));
    assert_eq!(ask(no_login, "GET", "/account", "").await.status, 500);
}

/// As in Flask, where the session is saved all the same, without the order.
#[tokio::test]
async fn a_cookie_that_cannot_be_sent_is_one_500() {
    let broken = async |session: hipflask_axum::Session| -> Result<(), SessionError> {
        session.insert("_user_id", &1)?;
        session.insert("_remember_seconds", "soon")?;
        session.insert("_remember", "set")
    };
    let site = site(extensions()).route("/broken", get(broken));
    let site = site.layer(ExtensionsLayer::new(extensions(), |_| None));
    let answer = ask(site.clone(), "GET", "/broken", "").await;
    assert_eq!((answer.status, answer.set_cookies.len(), answer.vary_cookie()), (500, 1, true));
    let next = ask(site, "GET", "/", &pairs(&answer)).await;
    assert_eq!((next.status, next.page.as_str()), (200, "1"));
}

#[tokio::test]
async fn a_session_that_cannot_be_read_fails_no_page_that_does_not_ask_for_it() {
    let login = FlaskLogin::new("dev", Protection::Basic).unwrap();
    let refreshing = extensions().login(login, RememberCookie::new().refresh_each_request(true));
    for name in UNREADABLE {
        let answer = ask(site(refreshing.clone()), "GET", "/about", flasks(name)).await;
        assert_eq!((answer.status, answer.is_untouched()), (200, true), "{name}");
    }
}
