//! What else there is to say about a cookie.

use hipflask::{
    Error,
    cookie::{SameSite, SetCookie},
};

use crate::{
    kind::Kind,
    pasted::{Cookie, Pasted, Source},
    python::string,
    report::{Payload, Report},
    settings::Settings,
    signature::{Verdict, way},
    text::date,
};

/// 2011-01-01, from which itsdangerous below 1.0 counted.
const OLD_EPOCH_SECS: u64 = 1_293_840_000;

/// Sentences on one cookie.
pub(crate) fn of_cookie(cookie: &Cookie, report: &Report, settings: &Settings) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(at) = report.signed_at_secs.filter(|at| *at < OLD_EPOCH_SECS)
        && report.kind == Kind::Session
    {
        let moment = date(at.saturating_add(OLD_EPOCH_SECS));
        notes.push(format!(
            "itsdangerous below 1.0 counted from 2011: if one of these signed it, it was at {moment}"
        ));
    }
    if let Verdict::NotACookie { .. } = report.verdict {
        let rest: Vec<u8> = cookie.value.iter().copied().filter(|byte| is_token_byte(*byte)).collect();
        if way(&rest, settings).is_some() {
            notes.push("without what does not belong there, the signature holds".into());
        }
    }
    if matches!(&report.verdict, Verdict::Mismatch { holds_with } if holds_with.is_empty())
        && cookie.value.contains(&b'%')
        && way(&percent_decoded(&cookie.value), settings).is_some()
    {
        notes.push("it is percent-encoded; decoded, the signature holds".into());
    }
    let user_gone = report.payload.as_ref().is_some_and(is_without_user);
    if user_gone && report.kind == Kind::Session {
        notes.push("there is no _user_id in it: for Flask-Login, nobody is logged in".into());
    }
    if report.header_len_bytes > report.limit_bytes {
        let mut note =
            String::from("if the browser dropped it, it goes on with the cookie that it had before");
        let entries = report.payload.as_ref().map(Payload::entry_lens_bytes).unwrap_or_default();
        for (index, (key, len_bytes)) in entries.iter().take(3).enumerate() {
            let (before, behind) =
                if index == 0 { ("; its largest entries are", " bytes of JSON") } else { (",", "") };
            note.push_str(&format!("{before} {} with {len_bytes}{behind}", string(key)));
        }
        notes.push(note);
    }
    notes.extend(of_attributes(cookie));
    notes
}

impl Pasted {
    /// Sentences on what else was pasted, beside the cookies that were looked for.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let Self { cookies, others } = self;
        let mut notes = Vec::new();
        let is_set = |cookie: &Cookie| cookie.source == Source::SetCookie;
        if cookies.len() > 1 && cookies.iter().all(is_set) {
            notes.push(
                "the server set it several times: of those with the same Domain and Path, the browser keeps the last".into(),
            );
        }
        if others.iter().any(|other| other.name.as_deref() == Some("remember_token")) {
            notes.push(
                "there is a remember_token too: where the session has no user, Flask-Login logs one in by it"
                    .into(),
            );
        }
        notes
    }
}

fn of_attributes(cookie: &Cookie) -> Vec<String> {
    let Some(attributes) = &cookie.attributes else { return Vec::new() };
    let get = |wanted: &str| {
        let mut found = attributes.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.next_back().map(|(_, value)| value.as_str())
    };
    let mut notes = Vec::new();
    let name = cookie.name.as_deref().unwrap_or_default();
    let mut header = SetCookie::new(name, ());
    header.domain = get("domain");
    header.path = get("path");
    header.secure = get("secure").is_some();
    header.partitioned = get("partitioned").is_some();
    header.same_site = get("samesite").and_then(|value| SameSite::parse(value).ok());
    if let Err(Error::InvalidConfig { setting }) = header.check_for_browsers() {
        notes.push(format!(
            "browsers refuse this Set-Cookie, and nobody can log in with it: {setting} is at fault"
        ));
    }
    if header.secure {
        notes.push(
            "Secure: the browser sends it over https only, and over http to no host but localhost".into(),
        );
    }
    match header.same_site {
        Some(SameSite::Strict) => {
            notes.push("SameSite=Strict: not sent when a link of another site, such as a mail or an OAuth page, leads here".into());
        }
        Some(SameSite::Lax) | None => notes.push(format!(
            "{}: not sent from a frame or a form of another site",
            if header.same_site.is_none() { "without SameSite, browsers take Lax" } else { "SameSite=Lax" }
        )),
        _ => {}
    }
    if let Some(domain) = header.domain {
        notes.push(format!("Domain={domain}: sent to that host and all below it, and to no other"));
    }
    if let Some(path) = header.path.filter(|path| *path != "/") {
        notes.push(format!("Path={path}: not sent to pages outside of it"));
    }
    if cookie.value.is_empty() || get("max-age") == Some("0") {
        notes.push("this deletes the cookie of the same Domain and Path, and no other".into());
    }
    let len_bytes = name.len() + cookie.value.len();
    if len_bytes > 4096 {
        notes.push(format!("name and value have {len_bytes} bytes: browsers drop what has more than 4096"));
    }
    notes
}

fn is_without_user(payload: &Payload) -> bool {
    let Ok(session) = &payload.value else { return false };
    let has = |key: &str| session.get(key).is_some();
    !has("_user_id") && !has("user_id") && (has("_fresh") || has("_id"))
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

fn percent_decoded(value: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = value;
    while let [first, behind @ ..] = rest {
        let hex = behind.get(..2).filter(|_| *first == b'%').and_then(crate::key::from_hex);
        rest = if hex.is_some() { behind.get(2..).unwrap_or_default() } else { behind };
        decoded.extend(hex.unwrap_or_else(|| vec![*first]));
    }
    decoded
}
