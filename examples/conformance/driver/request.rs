//! The fields of a request, and the names of failures.

use hipflask::{Error, UnixTime, signing::SignatureError};
use serde_json::{Value as Json, json};

/// An answer that is a failure.
pub struct Failure(pub Json);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        failure(name(error))
    }
}

impl From<SignatureError<'_>> for Failure {
    fn from(error: SignatureError<'_>) -> Self {
        let mut answer = json!({"ok": false, "error": name(error.kind())});
        if error.kind().is_bad_signature() {
            answer["payload"] = error.payload().map(hex).into();
        }
        if error.kind() == Error::BadTimeSignature || error.kind().is_expired() {
            answer["date_signed"] = error.date_signed_secs().into();
        }
        Self(answer)
    }
}

pub fn failure(name: &str) -> Failure {
    Failure(json!({"ok": false, "error": name}))
}

/// The oracle's name of an error.
pub fn name(error: Error) -> &'static str {
    match error {
        Error::BadSignature => "BadSignature",
        Error::BadTimeSignature => "BadTimeSignature",
        Error::SignatureExpired | Error::SignatureFromFuture => "SignatureExpired",
        // Limits of the crate's own: where Flask refuses too, it is this.
        Error::BadPayload(_) | Error::Depth | Error::Capacity { .. } => "BadPayload",
        Error::NoSecretKey => "RuntimeError",
        _ => "Other",
    }
}

/// A field that is bytes, or text that stands for its UTF-8.
pub fn bytes(field: &Json) -> Result<Vec<u8>, Failure> {
    match (field.as_str(), field["hex"].as_str()) {
        (Some(text), _) => Ok(text.as_bytes().to_vec()),
        (None, Some(digits)) => from_hex(digits),
        _ => Err(failure("Other")),
    }
}

pub fn text(field: &Json) -> Result<String, Failure> {
    field.as_str().map(str::to_owned).ok_or_else(|| failure("Other"))
}

/// A truth value. Flask takes others and prints them into the header.
pub fn flag(field: &Json, default: bool) -> Result<bool, Failure> {
    match field {
        Json::Null => Ok(default),
        Json::Bool(value) => Ok(*value),
        _ => Err(failure("Other")),
    }
}

pub fn from_hex(digits: &str) -> Result<Vec<u8>, Failure> {
    let pair = |pair: &[u8]| {
        let digits = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(digits, 16).ok()
    };
    digits.as_bytes().chunks(2).map(pair).collect::<Option<_>>().ok_or_else(|| failure("Other"))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A header's text as WSGI has it: each byte of its UTF-8 is a character.
pub fn wsgi(header: &str) -> String {
    header.bytes().map(char::from).collect()
}

/// A point in time: seconds, with a fraction if any.
pub fn clock_time(field: &Json) -> Result<UnixTime, Error> {
    match (field, field.as_u64(), field.as_f64()) {
        (Json::Null, _, _) => Ok(UnixTime::from_secs(0)),
        (_, Some(secs), _) => Ok(UnixTime::from_secs(secs)),
        (_, None, Some(secs)) if (0.0..18_446_744_073_709_551_616.0).contains(&secs) => {
            Ok(UnixTime::new(secs as u64, (secs.fract() * 1e6).round_ties_even() as u32))
        }
        _ => Err(Error::ClockNotSet),
    }
}
