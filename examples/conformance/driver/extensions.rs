//! What Flask-Login and Flask-WTF keep in a session.

use std::sync::atomic::{AtomicUsize, Ordering};

use hipflask::{
    Error, Lifetime, Session, clock_fn,
    cookie::{QuotedValue, SameSite},
    extensions::{Client, CsrfError, FlaskLogin, FlaskWtf, Protection, Remember, RememberCookie, SecretKey},
};
use serde_json::{Value as Json, json};

use super::{
    request::{Failure, clock_time, failure, from_hex, text, wsgi},
    session::{LargeSession, truthy},
    typed::{Typed, dict, items},
};

const MODES: [(Option<&str>, Protection); 3] =
    [(Some("basic"), Protection::Basic), (Some("strong"), Protection::Strong), (None, Protection::None)];

/// `app.config["SESSION_PROTECTION"]`: which of the modes. A request that has one sets it, and
/// `fl_logout` goes by it.
static MODE: AtomicUsize = AtomicUsize::new(0);

/// A key that is text, or bytes in hex.
enum Key {
    Text(String),
    Bytes(Vec<u8>),
}

impl Key {
    fn of(request: &Json) -> Result<Self, Failure> {
        match &request["key"] {
            Json::String(text) => Ok(Self::Text(text.clone())),
            bytes => from_hex(bytes["hex"].as_str().unwrap_or_default()).map(Self::Bytes),
        }
    }

    fn secret_key(&self) -> SecretKey<'_> {
        match self {
            Self::Text(text) => SecretKey::Text(text),
            Self::Bytes(bytes) => SecretKey::Bytes(bytes),
        }
    }
}

/// A header's text as the bytes that a WSGI server made it of.
fn latin1(field: &Json) -> Result<Option<Vec<u8>>, Failure> {
    let Some(text) = field.as_str() else { return Ok(None) };
    let bytes: Result<_, _> = text.chars().map(u8::try_from).collect();
    bytes.map(Some).map_err(|_| failure("Other"))
}

/// The headers of a request that Flask-Login looks at.
struct Headers([Option<Vec<u8>>; 3]);

impl Headers {
    fn of(request: &Json) -> Result<Self, Failure> {
        let header = |name: &str| latin1(&request[name]);
        Ok(Self([header("remote_addr")?, header("forwarded_for")?, header("user_agent")?]))
    }

    fn client(&self) -> Client<'_> {
        let [remote_addr, forwarded_for, user_agent] = &self.0;
        let mut client = Client::new();
        client.remote_addr = remote_addr.as_deref();
        client.forwarded_for = forwarded_for.as_deref();
        client.user_agent = user_agent.as_deref();
        client
    }
}

fn session_of(field: &Json) -> Result<Box<LargeSession>, Failure> {
    let mut session = Box::new(LargeSession::new());
    for entry in items(field) {
        session.insert(entry[0].as_str().ok_or_else(|| failure("Other"))?, &Typed(&entry[1]))?;
    }
    session.set_modified(false);
    Ok(session)
}

fn login(protection: Protection) -> Result<FlaskLogin, Error> {
    FlaskLogin::new("x", protection)
}

fn protection(request: &Json) -> Result<Protection, Failure> {
    let mode = MODES.iter().position(|(mode, _)| *mode == request["mode"].as_str());
    MODE.store(mode.ok_or_else(|| failure("Other"))?, Ordering::Relaxed);
    Ok(current_protection())
}

fn current_protection() -> Protection {
    MODES[MODE.load(Ordering::Relaxed)].1
}

pub fn fl_id(request: &Json) -> Result<Json, Failure> {
    let headers = Headers::of(request)?;
    let id = login(Protection::Basic)?.identifier(&headers.client());
    Ok(json!({"ok": true, "id": id.as_str()}))
}

pub fn fl_remember(request: &Json) -> Result<Json, Failure> {
    let login = FlaskLogin::new(Key::of(request)?.secret_key(), Protection::Basic)?;
    let token = login.encode_cookie(&text(&request["user_id"])?)?.to_string();
    Ok(json!({"ok": true, "cookie": token}))
}

/// Asks the text of the cookie, and a session with a request that has it.
pub fn fl_recall(request: &Json) -> Result<Json, Failure> {
    let login = FlaskLogin::new(Key::of(request)?.secret_key(), Protection::Basic)?;
    let token = text(&request["cookie"])?;
    let user_id = login.decode_cookie(&token);

    let header = format!("remember_token={}", QuotedValue(&token));
    let client = Client::new().cookies(header.as_str(), &RememberCookie::new());
    let mut session = LargeSession::new();
    assert_eq!(login.user_id(&mut session, &client)?, user_id, "{header}");
    Ok(json!({"ok": true, "user_id": user_id}))
}

pub fn fl_protect(request: &Json) -> Result<Json, Failure> {
    let protection = protection(request)?;
    let headers = Headers::of(request)?;
    let mut session = session_of(&request["session"])?;
    let failed = login(protection)?.session_protection_failed(&mut session, &headers.client())?;
    Ok(json!({"ok": true, "failed": failed, "session": dict(session.iter())}))
}

pub fn fl_logout(request: &Json) -> Result<Json, Failure> {
    let mut session = session_of(&request["session"])?;
    let mut client = Client::new();
    if request["has_cookie"] == true {
        client = client.cookies("remember_token=x", &RememberCookie::new());
    }
    login(current_protection())?.logout_user(&mut session, &client)?;
    Ok(json!({"ok": true, "session": dict(session.iter())}))
}

pub fn fl_user(request: &Json) -> Result<Json, Failure> {
    let login = FlaskLogin::new(Key::of(request)?.secret_key(), protection(request)?)?;
    let (headers, cookies) = (Headers::of(request)?, latin1(&request["cookie_header"])?);
    let cookies = cookies.unwrap_or_default();
    let client = headers.client().cookies(cookies.as_slice(), &RememberCookie::new());
    let mut session = session_of(&request["session"])?;
    let user_id = login.user_id(&mut session, &client)?.map(str::to_owned);
    Ok(json!({"ok": true, "user_id": user_id, "session": dict(session.iter())}))
}

pub fn fl_login(request: &Json) -> Result<Json, Failure> {
    let remember = match (&request["remember"], request["duration"].as_i64()) {
        (Json::Bool(true), None) => Remember::Yes,
        (Json::Bool(true), Some(micros)) => Remember::For(Lifetime::from_micros(micros)),
        _ => Remember::No,
    };
    let headers = Headers::of(request)?;
    let mut session = session_of(&request["session"])?;
    let user_id = text(&request["user_id"])?;
    login(Protection::Basic)?.login_user(&mut session, &user_id, remember, &headers.client())?;
    Ok(json!({"ok": true, "session": dict(session.iter())}))
}

pub fn fl_cookie(request: &Json) -> Result<Json, Failure> {
    let login = FlaskLogin::new(Key::of(request)?.secret_key(), Protection::Basic)?;
    let setting = |name: &str| request["settings"].get(format!("REMEMBER_COOKIE_{name}"));
    let mut settings = RememberCookie::new();
    settings.name = setting("NAME").and_then(Json::as_str).unwrap_or(settings.name);
    settings.domain = setting("DOMAIN").and_then(Json::as_str);
    settings.path = setting("PATH").map_or(settings.path, Json::as_str);
    settings.secure = setting("SECURE").is_some_and(truthy);
    settings.httponly = setting("HTTPONLY").is_none_or(truthy);
    settings.refresh_each_request = setting("REFRESH_EACH_REQUEST").is_some_and(truthy);
    settings.samesite = setting("SAMESITE").and_then(Json::as_str).map(SameSite::parse).transpose()?;
    if let Some(micros) = setting("DURATION").and_then(Json::as_i64) {
        settings.duration = Lifetime::from_micros(micros);
    }
    let mut session = session_of(&request["session"])?;
    let clock = clock_fn(|| clock_time(&request["time"]));
    let cookie = login.remember_cookie(&mut session, &settings, &clock)?;
    let set_cookie = cookie.map(|cookie| wsgi(&cookie.to_string()));
    Ok(json!({"ok": true, "set_cookie": set_cookie, "session": dict(session.iter())}))
}

pub fn fw_token(request: &Json) -> Result<Json, Failure> {
    let csrf = FlaskWtf::new(Key::of(request)?.secret_key())?;
    let mut session = LargeSession::new();
    session.insert(csrf.field_name(), &text(&request["session_token"])?)?;
    let random = |_: &mut [u8; 20]| Err(failure("the session has a text"));
    let token = csrf.generate(&mut session, random, &clock_fn(|| clock_time(&request["time"])))?;
    Ok(json!({"ok": true, "token": token.to_string()}))
}

pub fn fw_validate(request: &Json) -> Result<Json, Failure> {
    let csrf = FlaskWtf::new(Key::of(request)?.secret_key())?;
    let csrf = csrf.with_time_limit_secs(request["time_limit"].as_i64());
    let session: &Session = &session_of(&request["session"])?;
    let token = request["token"].as_str().unwrap_or_default();
    match csrf.validate(session, token, &clock_fn(|| clock_time(&request["time"]))) {
        Ok(()) => Ok(json!({"ok": true})),
        Err(error) => Err(failure(match error {
            CsrfError::Missing => "missing",
            CsrfError::NoSession => "no_session",
            CsrfError::Expired => "expired",
            CsrfError::Invalid => "invalid",
            CsrfError::Mismatch => "mismatch",
            _ => "Other",
        })),
    }
}

pub fn fw_referrer(request: &Json) -> Result<Json, Failure> {
    let referrer = request["referrer"].as_str().map(str::as_bytes);
    match FlaskWtf::check_referrer(referrer, text(&request["host"])?.as_bytes()) {
        Ok(()) => Ok(json!({"ok": true})),
        Err(CsrfError::ReferrerMissing) => Err(failure("referrer_missing")),
        Err(_) => Err(failure("referrer_mismatch")),
    }
}
