//! Three routes of the Flask site in `flask_site.py`, served by axum: `/login`, `/account` and
//! `/logout`. `serve.py` starts both behind one address.

use std::{env, error::Error, fmt::Display, net::SocketAddr};

use axum::{
    Router,
    extract::ConnectInfo,
    http::Extensions,
    response::{Html, IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use hipflask::{Clock as _, UnixTime, backends::std::SystemClock, clock_fn, json::Uuid, time::DateTime};
use hipflask_axum::{
    Csrf, CsrfForm, CsrfProtect, CurrentUser, ExtensionsLayer, FlaskExtensions, FlaskLogin, FlaskWtf, Login,
    Protection, Remember, RememberCookie, SameSite::Lax, Session, SessionError, Sessions,
};
use serde::Deserialize;
use tokio::net::TcpListener;

/// By how much the clocks of the two programs may differ.
const SKEW_SECS: u64 = 2;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = env::var("SECRET_KEY")?;
    let clock = clock_fn(now);
    let sessions = Sessions::secret_key(&secret).fallback_env("OLD_SECRET_KEY").clock(clock);
    let sessions = sessions.clock_skew_secs(SKEW_SECS).secure(false).same_site(Lax).check()?;
    let extensions = FlaskExtensions::new()
        .login(FlaskLogin::new(secret.as_str(), Protection::Basic)?, RememberCookie::new())
        .csrf(FlaskWtf::new(secret.as_str())?.with_clock_skew_secs(SKEW_SECS))
        .clock(clock);
    let peer = |extensions: &Extensions| extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let routes = Router::new()
        .route("/login", get(login_form).post(log_in))
        .route("/account", get(account))
        .route("/logout", post(log_out))
        .layer(ExtensionsLayer::new(extensions, peer))
        .layer(sessions.layer());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    axum::serve(listener, routes.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

/// The system's time, and CLOCK_OFFSET seconds, for the tests.
fn now() -> Result<UnixTime, hipflask::Error> {
    let offset_secs = env::var("CLOCK_OFFSET").ok().and_then(|secs| secs.parse().ok()).unwrap_or_default();
    let now = SystemClock.now()?;
    let secs = now.secs().checked_add_signed(offset_secs).ok_or(hipflask::Error::ClockNotSet)?;
    Ok(UnixTime::new(secs, now.subsec_micros()))
}

async fn login_form(session: Session, csrf: Csrf) -> Result<Response, SessionError> {
    page(
        &session,
        &format!(
            r#"<form method="post">{}<input name="name"><input name="password" type="password">
<input name="remember" type="checkbox"><button>Log in</button></form>"#,
            field(&csrf)?
        ),
    )
}

#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: String,
    remember: Option<String>,
}

async fn log_in(
    session: Session,
    login: Login,
    form: CsrfForm<Credentials>,
) -> Result<Response, SessionError> {
    let CsrfForm(Credentials { name, password, remember }) = form;
    // A real program asks its users' table, and hashes.
    if (name.as_str(), password.as_str()) != ("ada", "analytical engine") {
        session.flash("This name and this password do not belong together.", "error")?;
        return Ok(Redirect::to("/login").into_response());
    }
    login.login_user("1", if remember.is_some() { Remember::Yes } else { Remember::No })?;
    session.set_permanent(true)?;
    session.insert("since", &DateTime::try_from(now()?)?)?;
    session.insert("basket", &Uuid::from(uuid::Uuid::new_v4()))?;
    session.insert("size", &(3, 4))?;
    session.flash("axum logged you in.", "message")?;
    Ok(Redirect::to("/account").into_response())
}

async fn account(user: Option<CurrentUser>, session: Session, csrf: Csrf) -> Result<Response, SessionError> {
    let Some(user) = user else {
        session.flash("Please log in to access this page.", "message")?;
        return Ok(Redirect::to("/login").into_response());
    };
    let (since, basket): (Option<DateTime>, Option<Uuid>) =
        (session.get_as("since")?, session.get_as("basket")?);
    let (size, note): (Option<(u32, u32)>, Option<String>) =
        (session.get_as("size")?, session.get_as("note")?);
    let field = field(&csrf)?;
    page(
        &session,
        &format!(
            r#"<p id="user">user {}, {}</p>
<p id="kept">{} {} {size:?}</p>
<p id="note">{}</p>
<form method="post" action="/note">{field}<input name="note"><button>Note</button></form>
<form method="post" action="/logout">{field}<button>Log out</button></form>
<a href="/">home</a>"#,
            escape(&user.id),
            if user.is_fresh { "fresh" } else { "not fresh" },
            shown(since),
            shown(basket),
            escape(&note.unwrap_or_default()),
        ),
    )
}

async fn log_out(session: Session, login: Login, _: CsrfProtect) -> Result<Response, SessionError> {
    login.logout_user()?;
    session.flash("axum logged you out.", "message")?;
    Ok(Redirect::to("/").into_response())
}

fn page(session: &Session, body: &str) -> Result<Response, SessionError> {
    let messages = session.take_flashed_messages()?;
    let shown: String =
        messages.iter().map(|flashed| format!("<li>{}</li>", escape(&flashed.message))).collect();
    Ok(Html(format!("<!doctype html><title>axum</title><ul>{shown}</ul>{body}")).into_response())
}

fn field(csrf: &Csrf) -> Result<String, SessionError> {
    Ok(format!(r#"<input type="hidden" name="csrf_token" value="{}">"#, csrf.token()?))
}

fn shown(value: Option<impl Display>) -> String {
    value.map_or("none".to_owned(), |value| value.to_string())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
