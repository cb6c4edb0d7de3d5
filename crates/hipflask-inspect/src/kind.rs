//! What was pasted: a session, or one of the other things that look like it.

use hipflask::backends::alloc::OwnedValue;

use crate::{key::from_base64, report::Payload};

/// The salt of Django's sessions in cookies.
pub(crate) const DJANGO_SALT: &[u8] = b"django.contrib.sessions.backends.signed_cookies";

/// What a value looks like, whoever signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A session of Flask or Quart: a signed dict.
    Session,
    /// Something else that itsdangerous signed.
    Token,
    /// An id of Flask-Session, signed or not.
    FlaskSessionId,
    /// Flask-Login's `remember_token`.
    RememberToken,
    /// A form's token of Flask-WTF.
    FlaskWtfToken,
    /// A session of Starlette, and so of FastAPI.
    StarletteSession,
    /// A session of Django, in a cookie.
    DjangoSession,
    /// An id of Django's sessions.
    DjangoSessionId,
    /// A JSON Web Token.
    Jwt,
    /// An empty value, which deletes a cookie.
    Empty,
    /// None of these.
    Unknown,
}

impl Kind {
    /// What the value of a cookie called `name` looks like; `payload` is its payload if it
    /// is a session.
    pub(crate) fn of(value: &[u8], name: &str, payload: Option<&Payload>) -> Self {
        let fields: Vec<&[u8]> = value.split(|byte| *byte == b'.').collect();
        let is_signature = |field: &[u8]| matches!(field.len(), 22 | 27 | 38 | 43 | 64 | 86);
        let django: Vec<&[u8]> = value.split(|byte| *byte == b':').collect();
        match (&fields[..], &django[..]) {
            _ if value.is_empty() => return Self::Empty,
            (_, [payload, time, signature])
                if !payload.is_empty() && is_base62(time) && matches!(signature.len(), 27 | 43) =>
            {
                return Self::DjangoSession;
            }
            ([header, _, _], _) if is_jwt_header(header) => return Self::Jwt,
            ([id], _) | ([id, _], _) if is_flask_session_id(id) => return Self::FlaskSessionId,
            ([id], _)
                if name == "sessionid" && id.len() == 32 && id.iter().all(u8::is_ascii_alphanumeric) =>
            {
                return Self::DjangoSessionId;
            }
            _ => {}
        }
        if is_remember_token(value) {
            return Self::RememberToken;
        }
        let Some(payload) = payload.filter(|_| fields.len() >= 2) else { return Self::Unknown };
        match &payload.value {
            Ok(OwnedValue::Dict(_)) if payload.is_spaced => Self::StarletteSession,
            Ok(OwnedValue::Dict(_) | OwnedValue::Null) => Self::Session,
            Ok(OwnedValue::Str(text)) if text.len() == 40 && from_base16(text) => Self::FlaskWtfToken,
            Ok(_) => Self::Token,
            Err(_) if fields.last().is_some_and(|field| is_signature(field)) => Self::Token,
            Err(_) => Self::Unknown,
        }
    }

    /// Its name in the report for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Token => "token",
            Self::FlaskSessionId => "flask_session_id",
            Self::RememberToken => "remember_token",
            Self::FlaskWtfToken => "flask_wtf_token",
            Self::StarletteSession => "starlette_session",
            Self::DjangoSession => "django_session",
            Self::DjangoSessionId => "django_session_id",
            Self::Jwt => "jwt",
            Self::Empty => "empty",
            Self::Unknown => "unknown",
        }
    }

    /// What it is, and what that means for a login.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Session => "a session of Flask",
            Self::Token => {
                "a token that itsdangerous signed, not a session: of a mail's link, perhaps. It holds with its own salt alone"
            }
            Self::FlaskSessionId => {
                "an id of Flask-Session: the session is on the server, in Redis under `session:` and the id without its \
                 signature; `hipflask store` reads what is there. If nothing is there, the session is fresh"
            }
            Self::RememberToken => {
                "Flask-Login's remember_token: it logs its user in when the session has none, for 365 days. It has no \
                 time and knows no fallback keys; a logout has to delete it too"
            }
            Self::FlaskWtfToken => {
                "a form's token of Flask-WTF (salt wtf-csrf-token, derivation django-concat), valid for an hour. It \
                 belongs into the form, and its value has to be the session's csrf_token"
            }
            Self::StarletteSession => {
                "a session of Starlette or FastAPI (salt itsdangerous.Signer, derivation django-concat), valid for 14 \
                 days. Flask does not open it: give one of the two cookies another name"
            }
            Self::DjangoSession => {
                "a session of Django, signed by its own signer. Flask does not open it: give one of the two cookies \
                 another name"
            }
            Self::DjangoSessionId => "an id of Django's: the session is in its database",
            Self::Jwt => {
                "a JSON Web Token, no session of Flask: it says in its header how it is signed, and its payload has \
                 the time in exp and iat"
            }
            Self::Empty => "empty: that deletes a cookie, and is no session",
            Self::Unknown => "nothing that is known here",
        }
    }
}

/// Decides by the length and by the letters: 43 of base64 (Flask-Session 0.6 and later), or
/// a UUID.
fn is_flask_session_id(id: &[u8]) -> bool {
    let is_uuid = || {
        id.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    match id.len() {
        43 => {
            id.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
                && !id.starts_with(b"eyJ")
        }
        36 => is_uuid(),
        _ => false,
    }
}

fn is_remember_token(value: &[u8]) -> bool {
    let hex_at = value.len().checked_sub(128);
    let hex = hex_at.and_then(|at| value.split_at_checked(at));
    hex.is_some_and(|(user, hex)| user.ends_with(b"|") && hex.iter().all(u8::is_ascii_hexdigit))
}

fn is_base62(time: &[u8]) -> bool {
    matches!(time.len(), 5..=7) && time.iter().all(u8::is_ascii_alphanumeric)
}

/// Seconds in Django's digits.
pub(crate) fn base62_secs(time: &[u8]) -> Option<u64> {
    let digit = |byte: &u8| {
        Some(u64::from(match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            b'a'..=b'z' => byte - b'a' + 36,
            _ => return None,
        }))
    };
    time.iter().try_fold(0_u64, |secs, byte| secs.checked_mul(62)?.checked_add(digit(byte)?))
}

fn from_base16(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A JSON object with the key `alg`.
fn is_jwt_header(field: &[u8]) -> bool {
    let text = from_base64(field).unwrap_or_default();
    serde_json::from_slice::<serde_json::Value>(&text).is_ok_and(|header| header.get("alg").is_some())
}
