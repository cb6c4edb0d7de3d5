//! The conformance driver: what it answers to a request.

mod codecs;
mod extensions;
mod ids;
mod request;
mod session;
mod tokens;
mod typed;

use hipflask::{
    UnixTime,
    cookie::{self, Charset, QuotedValue, SameSite, SetCookie, parse_cookie},
    json::DateTime,
};
use request::{Failure, bytes, clock_time, failure, flag, text, wsgi};
use serde::Deserialize as _;
use serde_json::{Value as Json, json};
use typed::utc;

/// Parses a line, however deeply it is nested: a level of a typed value takes
/// three of JSON. Call it where the stack is large.
pub fn parse(line: &str) -> serde_json::Result<Json> {
    let mut deserializer = serde_json::Deserializer::from_str(line);
    deserializer.disable_recursion_limit();
    Json::deserialize(&mut deserializer)
}

/// The stack that [`parse`] and [`answer`] run on.
pub const STACK_BYTES: usize = 64 * 1024 * 1024;

/// More old keys than anybody has.
const FALLBACKS: usize = 64;

/// The answer to a request, by the crate's public API.
pub fn answer(request: &Json) -> Json {
    dispatch(request).unwrap_or_else(|failure| failure.0)
}

fn dispatch(request: &Json) -> Result<Json, Failure> {
    match request["op"].as_str().unwrap_or_default() {
        "sign" => tokens::sign(request),
        "open" => tokens::open(request),
        "unsign" => tokens::unsign(request),
        "loads_unsafe" => tokens::loads_unsafe(request),
        "derive_key" => tokens::derive_key(request),
        "dump_json" => tokens::dump_json(request),
        "load_json" => tokens::load_json(request),
        "load_payload" => tokens::load_payload(request),
        "http_date" => http_date(request),
        "parse_date" => parse_date(request),
        "parse_cookie" => cookies(request),
        "dump_cookie" => dump_cookie(request),
        "vary" => vary(request),
        "open_session" => session::open(request),
        "save" => session::save(request),
        "http" => session::http(request),
        "fs_load" => codecs::load(request),
        "fs_dump" => codecs::dump(request),
        "fs_resave" => codecs::resave(request),
        "fs_sid" => ids::sign(request),
        "fs_unsid" => ids::unsign(request),
        "fl_id" => extensions::fl_id(request),
        "fl_remember" => extensions::fl_remember(request),
        "fl_recall" => extensions::fl_recall(request),
        "fl_protect" => extensions::fl_protect(request),
        "fl_logout" => extensions::fl_logout(request),
        "fl_user" => extensions::fl_user(request),
        "fl_login" => extensions::fl_login(request),
        "fl_cookie" => extensions::fl_cookie(request),
        "fw_referrer" => extensions::fw_referrer(request),
        "fw_token" => extensions::fw_token(request),
        "fw_validate" => extensions::fw_validate(request),
        _ => Ok(json!({"skip": true})),
    }
}

fn http_date(request: &Json) -> Result<Json, Failure> {
    let date = utc(&request["value"]).ok_or_else(|| failure("Other"))?;
    Ok(json!({"ok": true, "text": date.to_string()}))
}

fn parse_date(request: &Json) -> Result<Json, Failure> {
    let date = DateTime::parse_http_date(&text(&request["text"])?).ok_or_else(|| failure("Other"))?;
    Ok(json!({"ok": true, "value": typed::date(date)}))
}

fn cookies(request: &Json) -> Result<Json, Failure> {
    let header = bytes(&request["header"])?;
    let charset = match request["mode"].as_str() {
        Some("http") if std::str::from_utf8(&header).is_err() => return Err(failure("Other")),
        Some("http") => Charset::Utf8,
        _ => Charset::Latin1,
    };
    let mut grouped: Vec<(String, Vec<String>)> = Vec::new();
    for cookie in parse_cookie(&header) {
        let name: String = match charset {
            Charset::Latin1 => cookie.name().iter().map(|byte| char::from(*byte)).collect(),
            Charset::Utf8 => String::from_utf8_lossy(cookie.name()).into_owned(),
        };
        let value = cookie.value().text(charset).to_string();
        match grouped.iter_mut().find(|(other, _)| *other == name) {
            Some((_, values)) => values.push(value),
            None => grouped.push((name, vec![value])),
        }
    }
    Ok(json!({"ok": true, "cookies": grouped}))
}

fn dump_cookie(request: &Json) -> Result<Json, Failure> {
    let options = &request["options"];
    let (name, value) = (text(&request["name"])?, text(&request["value"]).unwrap_or_default());
    let optional = |key: &str| match &options[key] {
        Json::Null => Ok(None),
        value => text(value).map(Some),
    };
    let domain = optional("domain")?;
    let path = if options.get("path").is_some() { optional("path")? } else { Some("/".to_owned()) };
    let max_age_secs = match &options["max_age"] {
        Json::Null => None,
        secs => Some(secs.as_i64().ok_or_else(|| failure("Other"))?),
    };
    let expires = match (&options["expires"], max_age_secs) {
        (Json::Null, Some(max_age)) if options.get("sync_expires").is_none_or(session::truthy) => {
            let now = clock_time(&request["time"]).map_or(0, UnixTime::secs).cast_signed();
            let date = now.checked_add(max_age).and_then(DateTime::from_unix_secs);
            Some(date.ok_or_else(|| failure("Other"))?)
        }
        (Json::Null, _) => None,
        (value @ Json::Object(_), _) => Some(utc(value).ok_or_else(|| failure("Other"))?),
        (secs, _) => {
            // As Python's datetime rounds: to microseconds, then down.
            let secs = secs.as_f64().ok_or_else(|| failure("Other"))?;
            let secs = secs.trunc() + ((secs.fract() * 1e6).round_ties_even() / 1e6).floor();
            Some(DateTime::from_unix_secs(secs as i64).ok_or_else(|| failure("Other"))?)
        }
    };
    let mut cookie = SetCookie::new(&name, QuotedValue(&value))
        .with_secure(flag(&options["secure"], false)?)
        .with_http_only(flag(&options["httponly"], false)?)
        .with_partitioned(flag(&options["partitioned"], false)?);
    (cookie.domain, cookie.path) = (domain.as_deref(), path.as_deref());
    (cookie.expires, cookie.max_age_secs) = (expires, max_age_secs);
    cookie.same_site = optional("samesite")?.map(|text| SameSite::parse(&text)).transpose()?;
    cookie.check()?;
    let limit = match options.get("max_size") {
        None => 4093,
        Some(Json::Null) => 0,
        Some(limit) => limit.as_i64().ok_or_else(|| failure("Other"))?,
    };
    let warned = limit != 0 && cookie.len_bytes() as i64 > limit;
    Ok(json!({"ok": true, "header": wsgi(&cookie.to_string()), "warned": warned}))
}

fn vary(request: &Json) -> Result<Json, Failure> {
    let existing: Vec<String> =
        request["existing"].as_array().into_iter().flatten().map(text).collect::<Result<_, _>>()?;
    let add = request["add"].as_str().unwrap_or("Cookie");
    let lines = match cookie::vary(existing.first().map(String::as_str), add) {
        Some(line) => vec![line.to_string()],
        None => existing,
    };
    Ok(json!({"ok": true, "vary": lines}))
}
