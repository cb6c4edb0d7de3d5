//! Routes of a Flask site that have moved to axum: `SECRET_KEY=… cargo run`, with
//! the site's key. Whoever is logged in there is logged in here.

mod sessions;
#[cfg(test)]
mod tests;

use std::{error::Error, sync::Arc};

use axum::{
    Router,
    http::StatusCode,
    middleware,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use hipflask::{
    Config, SecureCookieSessionInterface, SessionMap as _,
    backends::{
        alloc::BoxedClock,
        std::{EnvSecrets, SystemClock},
    },
    cookie::SameSite,
    signing::KeyDerivation,
};
use serde::de::DeserializeOwned;
use sessions::{Failed, Keys, Session, Sessions};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secrets = EnvSecrets { current: "SECRET_KEY", fallbacks: &["OLD_SECRET_KEY"] };
    let keys = Keys::from_source(&secrets, SecureCookieSessionInterface::SALT, KeyDerivation::Hmac)?;
    if !keys.has_current() {
        return Err("SECRET_KEY is not set".into());
    }
    // As the Flask app has it; `session_cookie_secure` where there is HTTPS.
    let config = Config::new().session_cookie_samesite(SameSite::Lax);
    let listener = TcpListener::bind("127.0.0.1:5002").await?;
    println!("http://{}/hello", listener.local_addr()?);
    axum::serve(listener, with_sessions(site(), keys, BoxedClock::new(SystemClock), config)).await?;
    Ok(())
}

fn site() -> Router {
    Router::new().route("/hello", get(hello)).route("/goodbye", post(goodbye)).route("/about", get(about))
}

fn with_sessions(site: Router, keys: Keys, clock: BoxedClock, config: Config<'static>) -> Router {
    let interface = SecureCookieSessionInterface::new(keys, clock).with_compression();
    site.layer(middleware::from_fn_with_state(Arc::new(Sessions { interface, config }), sessions::layer))
}

/// Who is here, how often, and what was flashed, here or by the Flask app.
async fn hello(mut session: Session) -> Result<Response, Failed> {
    let mut page = String::new();
    for flashed in session.take_flashed_messages().into_iter().flatten() {
        page += &format!("{}: {}\n", flashed.category, flashed.message);
    }
    // Flask can flash what is not text. It is still there, and would be in the way for ever.
    session.remove("_flashes")?;
    let Some(user) = entry::<String>(&session, "user") else {
        return Ok((StatusCode::FORBIDDEN, page + "Nobody is logged in.\n").into_response());
    };
    let visits = entry::<u64>(&session, "visits").unwrap_or_default().saturating_add(1);
    session.insert("visits", &visits)?;
    Ok((page + &format!("{user}, visit {visits}\n")).into_response())
}

/// An entry. One of another type is another route's, and must not shut anybody out.
fn entry<T: DeserializeOwned>(session: &Session, key: &str) -> Option<T> {
    session.get_as(key).ok().flatten()
}

async fn goodbye(mut session: Session) -> Result<Redirect, Failed> {
    session.clear()?;
    session.flash("You are logged out.", "info")?;
    Ok(Redirect::to("/hello"))
}

/// The same for everybody, so that caches may keep it: it does not ask for the session.
async fn about() -> &'static str {
    "Flask's sessions, in axum.\n"
}
