//! An axum application that shares its sessions with a Flask application that has
//! Flask-Session's defaults: the same Redis, the same cookie, the same ids.
//!
//! `SECRET_KEY=… cargo run -p hipflask-redis --example shared -- --port 5003 --redis redis://127.0.0.1/`
//!
//! - `--signer`: `SESSION_USE_SIGNER`, with the `SECRET_KEY` from the environment
//! - `--codec msgpack` (or `json`): `SESSION_SERIALIZATION_FORMAT`
//! - `--compare-and-set`: of two requests that change one session, one gets a 409
//! - `--cookies`: no Redis, but the whole session in the cookie; to compare with

use std::{env, error::Error as StdError, process::ExitCode, sync::Arc};

use axum::Router;
use axum::extract::{Extension, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header::VARY};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hipflask::backends::std::{EnvSecrets, SystemClock};
use hipflask::interface::server_side::{Codec, FinishError, ServerSideContext, ServerSideSessionInterface};
use hipflask::signing::{Keyring, NoCompression};
use hipflask::{Config, Error, SecureCookieSession, SecureCookieSessionInterface};
use hipflask_redis::{RedisStore, redis};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tokio::sync::Mutex;

/// Room for a session, and for what is stored of one.
const SESSION_BYTES: usize = 16 * 1024;

/// Flask-Session's defaults are those of the crate.
const CONFIG: Config = Config::new();

/// A request's session.
type Context = Arc<Mutex<Box<ServerSideContext<SecureCookieSession<SESSION_BYTES>>>>>;

/// Where sessions are.
enum Sessions {
    InRedis(ServerSideSessionInterface<Keyring, SystemClock>, RedisStore<ConnectionManager>),
    InCookies(SecureCookieSessionInterface<Keyring, SystemClock>),
}

/// Why a request gets no answer of its handler's.
struct Failure(StatusCode, String);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match error {
            Error::StoreUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Error::SessionConflict => StatusCode::CONFLICT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self(status, error.to_string())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        eprintln!("{}", self.1);
        (self.0, [(VARY, "Cookie")], self.1).into_response()
    }
}

/// Opens each request's session, and saves it after the handler.
async fn sessions(State(sessions): State<Arc<Sessions>>, mut request: Request, next: Next) -> Response {
    let mut context = Box::new(ServerSideContext::new(SecureCookieSession::new()));
    let mut loaded = vec![0; SESSION_BYTES];
    match &*sessions {
        Sessions::InRedis(interface, store) => {
            if let Some(id) = interface.begin(&CONFIG, request.headers(), &mut context)
                && let Err(error) = interface.load(store, &CONFIG, &id, &mut loaded, &mut context).await
            {
                eprintln!("Redis: {error}");
            }
        }
        Sessions::InCookies(interface) => context.open(interface, &CONFIG, request.headers()),
    }
    if let Ok(Some(reason)) = context.opened().map(|opened| opened.rejection()) {
        eprintln!("a fresh session: {reason}");
    }
    let context: Context = Arc::new(Mutex::new(context));
    request.extensions_mut().insert(context.clone());
    let mut response = next.run(request).await;
    let saved = save(&sessions, &context, &loaded, response.headers_mut()).await;
    saved.map_or_else(IntoResponse::into_response, |()| response)
}

async fn save(
    sessions: &Sessions,
    context: &Context,
    loaded: &[u8],
    headers: &mut HeaderMap,
) -> Result<(), Failure> {
    let context = context.lock().await;
    let sent = match sessions {
        Sessions::InRedis(interface, store) => {
            let random = |bytes: &mut [u8; 32]| getrandom::fill(bytes).map_err(|_| Error::RandomUnavailable);
            let mut buffer = vec![0; SESSION_BYTES];
            let finish = interface.finish(&CONFIG, &context, random, loaded, &mut buffer)?;
            let saved = finish.run(store).await.map_err(|error| match error {
                FinishError::Session(error) => Failure::from(error),
                error => Failure(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
            })?;
            saved.apply(headers)
        }
        Sessions::InCookies(interface) => {
            context.save(interface, &CONFIG, &mut NoCompression)?.apply(headers)
        }
    };
    sent.map_err(|error| Failure(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

#[derive(serde::Deserialize)]
struct Pair {
    key: String,
    #[serde(default)]
    value: String,
}

async fn set(Extension(context): Extension<Context>, Query(pair): Query<Pair>) -> Result<String, Failure> {
    context.lock().await.session()?.insert(&pair.key, &*pair.value)?;
    Ok(pair.value)
}

/// The text at a key; of what is no text, its JSON.
async fn read(Extension(context): Extension<Context>, Query(pair): Query<Pair>) -> Result<String, Failure> {
    let mut context = context.lock().await;
    let session = context.session()?;
    let value = session.get(&pair.key).ok_or(Failure(StatusCode::NOT_FOUND, "no such key".to_owned()))?;
    match value.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => {
            let value: serde_json::Value = session.get_as(&pair.key)?.unwrap_or_default();
            Ok(value.to_string())
        }
    }
}

async fn keys(Extension(context): Extension<Context>) -> Result<String, Failure> {
    let mut context = context.lock().await;
    let keys: Vec<&str> = context.session()?.iter().map(|(key, _)| key).collect();
    Ok(serde_json::Value::from(keys).to_string())
}

async fn clear(Extension(context): Extension<Context>) -> Result<&'static str, Failure> {
    context.lock().await.session()?.clear()?;
    Ok("cleared")
}

async fn regenerate(Extension(context): Extension<Context>) -> Result<&'static str, Failure> {
    context.lock().await.regenerate()?;
    Ok("regenerated")
}

async fn untouched() -> &'static str {
    "untouched"
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

async fn serve(options: Options) -> Result<(), Box<dyn StdError>> {
    let secrets = EnvSecrets { current: "SECRET_KEY", fallbacks: &[] };
    let sessions = if options.cookies {
        Sessions::InCookies(SecureCookieSessionInterface::new(
            Keyring::for_sessions_from(&secrets)?,
            SystemClock,
        ))
    } else {
        let interface = ServerSideSessionInterface::new(SystemClock)
            .with_codec(options.codec)
            .with_compare_and_set(options.compare_and_set);
        let interface = if options.signer {
            interface.with_signer(Keyring::for_session_ids(env::var("SECRET_KEY")?.as_bytes()))
        } else {
            interface
        };
        // It connects when it is needed, and again when the connection is lost.
        let settings = ConnectionManagerConfig::new().set_number_of_retries(1);
        let client = redis::Client::open(options.redis)?;
        Sessions::InRedis(interface, RedisStore::new(client.get_connection_manager_lazy(settings)?))
    };
    let site = Router::new()
        .route("/set", get(set))
        .route("/get", get(read))
        .route("/keys", get(keys))
        .route("/clear", get(clear))
        .route("/regenerate", get(regenerate))
        .route("/untouched", get(untouched))
        .layer(middleware::from_fn_with_state(Arc::new(sessions), self::sessions));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", options.port)).await?;
    println!("http://{}/", listener.local_addr()?);
    Ok(axum::serve(listener, site).await?)
}

#[tokio::main]
async fn main() -> ExitCode {
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
