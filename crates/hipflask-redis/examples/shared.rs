//! An axum application that shares its sessions with a Flask application that has
//! Flask-Session's defaults: the same Redis, the same cookie, the same ids.
//!
//! `SECRET_KEY=… cargo run -p hipflask-redis --example shared -- --port 5003 --redis redis://127.0.0.1/`
//!
//! - `--signer`: `SESSION_USE_SIGNER`, with the `SECRET_KEY` from the environment
//! - `--codec msgpack` (or `json`): `SESSION_SERIALIZATION_FORMAT`
//! - `--compare-and-set`: of two requests that change one session, one gets a 409
//! - `--cookies`: no Redis, but the whole session in the cookie; to compare with

use std::{env, error::Error, process::ExitCode, time::Duration};

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing::get};
use hipflask::interface::server_side::Codec;
use hipflask_axum::{Session, SessionError, SessionLayer, Sessions};
use hipflask_redis::{RedisStore, redis};
use redis::aio::ConnectionManagerConfig;

#[derive(serde::Deserialize)]
struct Pair {
    key: String,
    #[serde(default)]
    value: String,
}

async fn set(session: Session, Query(pair): Query<Pair>) -> Result<String, SessionError> {
    session.insert(&pair.key, &pair.value)?;
    Ok(pair.value)
}

/// The text at a key; of what is no text, its JSON.
async fn read(session: Session, Query(pair): Query<Pair>) -> Result<Response, SessionError> {
    Ok(match session.get_as::<serde_json::Value>(&pair.key)? {
        Some(serde_json::Value::String(text)) => text.into_response(),
        Some(value) => value.to_string().into_response(),
        None => (StatusCode::NOT_FOUND, "no such key").into_response(),
    })
}

async fn keys(session: Session) -> Result<Json<Vec<String>>, SessionError> {
    session.with(|session| session.iter().map(|(key, _)| key.to_owned()).collect()).map(Json)
}

async fn clear(session: Session) -> Result<&'static str, SessionError> {
    session.clear()?;
    Ok("cleared")
}

async fn regenerate(session: Session) -> Result<&'static str, SessionError> {
    session.regenerate()?;
    Ok("regenerated")
}

struct Options {
    port: u16,
    redis: String,
    signer: bool,
    codec: Codec,
    compare_and_set: bool,
    cookies: bool,
}

fn options() -> Option<Options> {
    let mut options = Options {
        port: 5003,
        redis: "redis://127.0.0.1/".to_owned(),
        signer: false,
        codec: Codec::MsgPack,
        compare_and_set: false,
        cookies: false,
    };
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match &*argument {
            "--port" => options.port = arguments.next()?.parse().ok()?,
            "--redis" => options.redis = arguments.next()?,
            "--signer" => options.signer = true,
            "--codec" => {
                options.codec = match &*arguments.next()? {
                    "msgpack" => Codec::MsgPack,
                    "json" => Codec::Json,
                    _ => return None,
                }
            }
            "--compare-and-set" => options.compare_and_set = true,
            "--cookies" => options.cookies = true,
            _ => return None,
        }
    }
    Some(options)
}

fn layer(options: &Options) -> Result<SessionLayer, Box<dyn Error>> {
    if options.cookies {
        return Ok(Sessions::from_env("SECRET_KEY")?.flask_defaults().layer());
    }
    // It connects when it is needed, and again when the connection is lost. A machine that is
    // short of CPUs answers late, and that is no reason for a 503.
    let patience = Some(Duration::from_secs(2));
    let settings = ConnectionManagerConfig::new().set_number_of_retries(1).set_response_timeout(patience);
    let connection = redis::Client::open(&*options.redis)?.get_connection_manager_lazy(settings)?;
    let sessions = Sessions::server_side(RedisStore::new(connection))
        .codec(options.codec)
        .compare_and_set(options.compare_and_set)
        .flask_defaults();
    let sessions = if options.signer { sessions.use_signer(env::var("SECRET_KEY")?) } else { sessions };
    Ok(sessions.layer())
}

async fn serve(options: Options) -> Result<(), Box<dyn Error>> {
    let site = Router::new()
        .route("/set", get(set))
        .route("/get", get(read))
        .route("/keys", get(keys))
        .route("/clear", get(clear))
        .route("/regenerate", get(regenerate))
        .route("/untouched", get(async || "untouched"))
        .layer(layer(&options)?);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", options.port)).await?;
    println!("http://{}/", listener.local_addr()?);
    Ok(axum::serve(listener, site).await?)
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let Some(options) = options() else {
        eprintln!(
            "usage: shared [--port PORT] [--redis URL] [--signer] [--codec msgpack|json] [--compare-and-set] \
             [--cookies]"
        );
        return ExitCode::from(2);
    };
    match serve(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
