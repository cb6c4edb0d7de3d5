//! Whole requests: a session opened, worked on and saved.

use std::{cell::Cell, fmt::Display};

use hipflask::{
    Clock, Config, Error, Lifetime, OversizeCookie, RefusedCookie, Request, RequestContext, Response,
    SecureCookieSession, SecureCookieSessionInterface, Session, SessionInterface as _, SessionMixin as _,
    UnixTime,
    cookie::{self, SameSite},
    json::Encode,
    signing::{KeyDerivation, Keyring},
    zlib::{DeflateScratch, Scratch},
};
use serde_json::{Value as Json, json};

use super::{
    FALLBACKS,
    request::{Failure, bytes, clock_time, failure, flag, name, text, wsgi},
    typed::{Typed, dict, echo, items, typed, whole},
};

/// 64 KiB, and an index of 512 keys.
pub type LargeSession = SecureCookieSession<{ 64 * 1024 + 512 * 8 }>;
type LargeScratch = DeflateScratch<{ 32 * 1024 }>;
type Interface<'a> =
    SecureCookieSessionInterface<Keyring<hipflask::signing::Sha1, FALLBACKS>, RequestClock<'a>, Scratch>;

/// Stands still, but for a step between opening and saving.
struct RequestClock<'a>(&'a Cell<Result<UnixTime, Error>>);

impl Clock for RequestClock<'_> {
    fn now(&self) -> Result<UnixTime, Error> {
        self.0.get()
    }
}

struct Headers(Option<Vec<u8>>);

impl Request for Headers {
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }
}

/// A response's headers, as far as sessions touch them.
#[derive(Default)]
struct Answer {
    set_cookie: Vec<String>,
    vary: Vec<String>,
}

impl Response for Answer {
    type Error = std::convert::Infallible;

    fn add_set_cookie(&mut self, value: &dyn Display) -> Result<(), Self::Error> {
        self.set_cookie.push(wsgi(&value.to_string()));
        Ok(())
    }

    fn add_vary(&mut self, token: &str) -> Result<(), Self::Error> {
        if let Some(line) = cookie::vary(self.vary.first().map(String::as_str), token) {
            self.vary = vec![line.to_string()];
        }
        Ok(())
    }
}

/// The configuration of a request, in owned form.
struct Settings {
    name: String,
    domain: Option<String>,
    path: Option<String>,
    root: Option<String>,
    /// Checked when the cookie is made, as Flask does.
    same_site: Json,
    config: Config<'static>,
}

/// Python's `bool(value)` of a plain JSON value.
pub fn truthy(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(value) => *value,
        Json::Number(number) => number.as_f64() != Some(0.0),
        Json::String(text) => !text.is_empty(),
        Json::Array(list) => !list.is_empty(),
        Json::Object(object) => !object.is_empty(),
    }
}

impl Settings {
    fn new(request: &Json) -> Result<Self, Failure> {
        let keys = &request["config"];
        let setting =
            |key: &str, default: bool| keys.get(key).map_or(Ok(default), |value| flag(value, false));
        // `False` is as good as `None` where Flask tests for truth.
        let optional = |key: &str| match &keys[key] {
            Json::Null | Json::Bool(false) => Ok(None),
            value => text(value).map(Some),
        };
        let mut config =
            Config::new().oversize_cookie(OversizeCookie::Warn).refused_cookie(RefusedCookie::Send);
        config.session_cookie_httponly = setting("SESSION_COOKIE_HTTPONLY", true)?;
        config.session_cookie_secure = setting("SESSION_COOKIE_SECURE", false)?;
        config.session_cookie_partitioned = setting("SESSION_COOKIE_PARTITIONED", false)?;
        if let Some(value) = keys.get("SESSION_REFRESH_EACH_REQUEST") {
            config.session_refresh_each_request = truthy(value);
        }
        if let Some(value) = keys.get("PERMANENT_SESSION_LIFETIME") {
            config.permanent_session_lifetime = match (value.as_i64(), value.as_f64(), value["us"].as_i64()) {
                (Some(secs), _, _) => Lifetime::from_secs(secs),
                (None, Some(secs), _) => Lifetime::from_micros((secs * 1e6).round_ties_even() as i64),
                (None, None, Some(micros)) => Lifetime::from_micros(micros),
                _ => return Err(failure("Other")),
            };
        }
        match keys.get("MAX_COOKIE_SIZE") {
            None => {}
            Some(Json::Null | Json::Bool(false)) => config.max_cookie_size = 0,
            Some(size) => config.max_cookie_size = size.as_u64().ok_or_else(|| failure("Other"))? as usize,
        }
        Ok(Self {
            name: keys.get("SESSION_COOKIE_NAME").map_or_else(|| Ok("session".to_owned()), text)?,
            domain: optional("SESSION_COOKIE_DOMAIN")?,
            path: optional("SESSION_COOKIE_PATH")?,
            root: match keys.get("APPLICATION_ROOT") {
                None => Some("/".to_owned()),
                Some(Json::Null) => None,
                Some(root) => Some(text(root)?),
            },
            same_site: keys["SESSION_COOKIE_SAMESITE"].clone(),
            config,
        })
    }

    fn config(&self, same_site: Option<SameSite>) -> Config<'_> {
        let mut config = self.config.session_cookie_name(&self.name);
        config.session_cookie_domain = self.domain.as_deref();
        config.session_cookie_path = self.path.as_deref();
        config.application_root = self.root.as_deref();
        config.session_cookie_samesite = same_site;
        config
    }

    /// A `SameSite` that is none is an exception once a cookie is made.
    fn same_site(&self) -> Result<Option<SameSite>, Error> {
        match &self.same_site {
            Json::Null => Ok(None),
            same_site => SameSite::parse(same_site.as_str().unwrap_or_default()).map(Some),
        }
    }
}

fn interface<'a>(request: &Json, clock: RequestClock<'a>) -> Result<Interface<'a>, Failure> {
    const SALT: &[u8] = Keyring::SESSION_SALT;
    let config = &request["config"];
    let secret = match &config["SECRET_KEY"] {
        Json::Null => Vec::new(),
        secret => bytes(secret)?,
    };
    let mut keys = Keyring::from_secret(&secret, SALT, KeyDerivation::Hmac);
    match &config["SECRET_KEY_FALLBACKS"] {
        Json::Null => {}
        Json::Array(fallbacks) => {
            for secret in fallbacks {
                keys.push_fallback(&bytes(secret)?, SALT, KeyDerivation::Hmac)?;
            }
        }
        // Flask takes a string apart into one-letter keys.
        _ => return Err(failure("Other")),
    }
    Ok(SecureCookieSessionInterface::new(keys, clock).with_compression())
}

fn headers(request: &Json) -> Result<Headers, Failure> {
    Ok(Headers(match &request["cookie_header"] {
        Json::Null => None,
        header => Some(bytes(header)?),
    }))
}

fn kind(session: &Session) -> &'static str {
    if session.is_null() { "null" } else { "session" }
}

/// The stored flag itself, whatever its type, as Flask's property gives it.
fn permanent(session: &Session) -> Json {
    session.get("_permanent").map_or_else(|| json!({"t": "bool", "v": false}), typed)
}

pub fn open(request: &Json) -> Result<Json, Failure> {
    let now = Cell::new(clock_time(&request["time"]));
    let settings = Settings::new(request)?;
    let config = settings.config(None);
    let interface = interface(request, RequestClock(&now))?;
    let headers = headers(request)?;
    let mut session = Box::new(LargeSession::new());
    interface.open_session(&config, &headers, &mut session)?;
    if session.is_null() {
        return Ok(json!({"ok": true, "kind": "null"}));
    }
    Ok(json!({
        "ok": true,
        "kind": "session",
        "value": dict(session.iter()),
        "modified": session.modified(),
        "permanent": permanent(&session),
        "new": session.is_new(),
    }))
}

pub fn save(request: &Json) -> Result<Json, Failure> {
    let now = Cell::new(clock_time(&request["time"]));
    let settings = Settings::new(request)?;
    let same_site = settings.same_site();
    let config = settings.config(same_site.unwrap_or_default());
    let interface = interface(request, RequestClock(&now))?;
    let headers = headers(request)?;
    let mut context = Box::new(RequestContext::new(LargeSession::new()));
    let mut scratch = Box::new(LargeScratch::new());
    // Flask opens the session for every request, and answers 500 here.
    context.open(&interface, &config, &headers);
    context.opened().map_err(|error| Failure(json!({"ok": false, "error": name(error), "stage": "open"})))?;

    let operations = request["ops"].as_array().map_or(&[][..], Vec::as_slice);
    let operated = operations.iter().map(|op| operate(context.session()?, op));
    let ops: Vec<Json> = operated.collect::<Result<_, _>>()?;
    let session = context.peek()?;
    let mut answer = json!({
        "ok": true,
        "kind": kind(session),
        "ops": ops,
        "state": {
            "modified": session.modified(),
            "accessed": context.accessed(),
            "value": dict(session.iter()),
        },
    });
    if let Some(time) = request.get("time_save") {
        now.set(clock_time(time));
    }
    let saved = context.save(&interface, &config, &mut *scratch);
    let saved = saved.and_then(|saved| match (&saved.set_cookie, same_site) {
        (Some(_), Err(error)) => Err(error),
        _ => Ok(saved),
    });
    let saved = match saved {
        Ok(saved) => saved,
        Err(error) => {
            answer["ok"] = false.into();
            answer["error"] = name(error).into();
            answer["stage"] = "save".into();
            return Err(Failure(answer));
        }
    };
    let mut response = Answer::default();
    for header in request["response_headers"].as_array().into_iter().flatten() {
        let line = text(&header[1])?;
        match header[0].as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
            "vary" => response.vary.push(line),
            "set-cookie" => response.set_cookie.push(line),
            _ => {}
        }
    }
    let Ok(()) = saved.apply(&mut response);
    // As the oracle sees it, which takes the name for ASCII.
    let compressed = format!("{}=.", settings.name);
    answer["compressed"] = response.set_cookie.iter().any(|line| line.starts_with(&compressed)).into();
    answer["set_cookie"] = response.set_cookie.into();
    answer["vary"] = response.vary.into();
    answer["warned"] = saved.oversize_len_bytes.is_some().into();
    Ok(answer)
}

/// The whole cycle as a client sees it.
pub fn http(request: &Json) -> Result<Json, Failure> {
    let (status, answer) = match save(request) {
        Ok(answer) => (200, answer),
        Err(Failure(answer)) if answer["stage"] == "open" => (500, json!({"ops": []})),
        // What the handler put into its response is not in the error's.
        Err(Failure(mut answer)) if answer["stage"] == "save" => {
            answer["vary"] = if answer["state"]["accessed"] == true { json!(["Cookie"]) } else { json!([]) };
            (500, answer)
        }
        Err(failure) => return Err(failure),
    };
    let lines = |name: &str| if answer[name].is_null() { json!([]) } else { answer[name].clone() };
    Ok(json!({
        "ok": true,
        "status": status,
        "set_cookie": lines("set_cookie"),
        "vary": lines("vary"),
        "ops": answer["ops"],
    }))
}

/// Why an operation has no result.
enum Stop {
    /// An exception of Python's, of that name.
    Raised(&'static str),
    /// The crate refuses what Python takes.
    Refused,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        if error == Error::NoSecretKey { Self::Raised(name(error)) } else { Self::Refused }
    }
}

/// One operation on the session, with the result that Python gives. What the crate
/// refuses ends the request, as saving it would in Flask where it is no JSON.
fn operate(session: &mut Session, op: &Json) -> Result<Json, Failure> {
    match try_operate(session, op) {
        Ok(Json::Null) => Ok(json!(["ok"])),
        Ok(result) => Ok(json!(["ok", result])),
        Err(Stop::Raised(error)) => Ok(json!(["error", error])),
        Err(Stop::Refused) => Err(failure("Other")),
    }
}

fn try_operate(session: &mut Session, op: &Json) -> Result<Json, Stop> {
    let key = op[1].as_str().unwrap_or_default();
    let (missing, other) = (Stop::Raised("KeyError"), Stop::Raised("Other"));
    Ok(match op[0].as_str().unwrap_or_default() {
        "touch" => Json::Null,
        "set" => {
            session.insert(key, &Typed(&op[2]))?;
            Json::Null
        }
        "get" => typed(session.get(key).ok_or(missing)?),
        "get_default" => session.get(key).map_or_else(|| echo(&op[2]), typed),
        "contains" => json!({"t": "bool", "v": session.contains(key)}),
        "len" => json!({"t": "int", "v": session.len().to_string()}),
        "keys" => {
            let keys: Vec<Json> = session.iter().map(|(key, _)| json!({"t": "str", "v": key})).collect();
            json!({"t": "list", "v": keys})
        }
        "bool" => json!({"t": "bool", "v": !session.is_empty()}),
        "del" => session.remove(key)?.then_some(Json::Null).ok_or(missing)?,
        "pop" => typed(session.pop(key)?.ok_or(missing)?),
        "pop_default" => session.pop(key)?.map_or_else(|| echo(&op[2]), typed),
        "popitem" => {
            let (key, value) = session.popitem()?.ok_or(missing)?;
            json!({"t": "tuple", "v": [{"t": "str", "v": key}, typed(value)]})
        }
        "clear" => {
            session.clear()?;
            Json::Null
        }
        "update" | "ior" => {
            let values: Vec<(&str, Typed<'_>)> = items(&op[1])
                .iter()
                .map(|entry| Some((entry[0].as_str()?, Typed(&entry[1]))))
                .collect::<Option<_>>()
                .ok_or(Stop::Refused)?;
            let values: Vec<(&str, &dyn Encode)> =
                values.iter().map(|(key, value)| (*key, value as &dyn Encode)).collect();
            session.update(&values)?;
            Json::Null
        }
        "setdefault" => {
            let present = session.contains(key);
            let value = session.setdefault(key, &Typed(&op[2]))?;
            value.filter(|_| present).map_or_else(|| echo(&op[2]), typed)
        }
        "set_permanent" => {
            let value = &op[1];
            let permanent = match value["t"].as_str() {
                Some("bool") => truthy(&value["v"]),
                Some("int") => value["v"] != "0",
                Some("str" | "list" | "tuple" | "dict" | "bytes" | "markup") => truthy(&value["v"]),
                Some("float") => {
                    !matches!(value["v"].as_str(), Some("0000000000000000" | "8000000000000000"))
                }
                Some("null") => false,
                _ => true,
            };
            session.set_permanent(permanent)?;
            Json::Null
        }
        "get_permanent" => permanent(session),
        "set_modified" => {
            session.set_modified(truthy(&op[1]));
            Json::Null
        }
        "nested_set" => {
            let mut dict = whole(session.get(key).ok_or(missing)?);
            if dict["t"] != "dict" {
                return Err(other);
            }
            let entries = dict["v"].as_array_mut().ok_or(other)?;
            match entries.iter_mut().find(|entry| entry[0] == op[2]) {
                Some(entry) => entry[1] = op[3].clone(),
                None => entries.push(json!([op[2], op[3]])),
            }
            put_untracked(session, key, &dict)?
        }
        "nested_append" => {
            let mut list = whole(session.get(key).ok_or(missing)?);
            if list["t"] != "list" {
                return Err(other);
            }
            list["v"].as_array_mut().ok_or(other)?.push(op[2].clone());
            put_untracked(session, key, &list)?
        }
        _ => return Err(other),
    })
}

/// Python changes a nested value in place, of which the session sees nothing.
/// Here a value is replaced as a whole, so the driver puts the flag back.
fn put_untracked(session: &mut Session, key: &str, value: &Json) -> Result<Json, Error> {
    let modified = session.modified();
    session.insert(key, &Typed(value))?;
    session.set_modified(modified);
    Ok(Json::Null)
}
