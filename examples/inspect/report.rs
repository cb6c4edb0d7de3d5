//! What is known about a cookie.

use hipflask::{
    Config, Error,
    backends::alloc::OwnedValue,
    clock_fn,
    cookie::{SetCookie, parse_cookie},
    json::{DateTime, Kind, SESSION_JSON_SERIALIZER, Value},
    signing::{Base64Reader, KeyDerivation, Keyring, TimestampSigner},
    zlib::inflate,
};

use crate::{
    options::Options,
    signature::{Verdict, digest_by_length},
};

/// The longest cookie that is looked at: many times what any browser sends.
pub const MAX_COOKIE_BYTES: usize = 64 * 1024;
/// The longest JSON text that is looked at.
const MAX_TEXT_BYTES: usize = 64 * 1024;

pub struct Report {
    pub name: String,
    pub len_bytes: usize,
    /// As Flask sends it by default.
    pub header_len_bytes: usize,
    pub limit_bytes: usize,
    pub payload: Option<Payload>,
    /// What it claims, in Unix seconds.
    pub signed_at_secs: Option<u64>,
    pub now_secs: u64,
    pub max_age_secs: i64,
    pub digest_by_length: Option<&'static str>,
    pub verdict: Verdict,
    /// Whether it was looked at as a session cookie, and not as another token, nor
    /// with fallbacks alone: without a current key all sessions are null sessions.
    as_session: bool,
}

pub struct Payload {
    pub compressed: bool,
    pub len_bytes: usize,
    /// Of the JSON, if there is any.
    pub text_len_bytes: Option<usize>,
    pub value: Result<OwnedValue, Error>,
    /// What a session needs to hold it, if it is one that Flask wrote.
    pub capacity_bytes: Option<usize>,
    /// Whether Flask sends it with a date.
    permanent: bool,
}

impl Report {
    /// Looks at a cookie's value.
    pub fn new(token: &[u8], options: &Options) -> Self {
        let (payload, signed_at_secs) = claims(token);
        let payload = payload.map(Payload::new);
        let header_len_bytes = header_len(token, &options.name, payload.as_ref());
        Self {
            name: options.name.clone(),
            len_bytes: token.len(),
            header_len_bytes,
            limit_bytes: Config::new().max_cookie_size,
            payload,
            signed_at_secs,
            now_secs: options.now_secs,
            max_age_secs: options.max_age_secs,
            digest_by_length: digest_by_length(token),
            verdict: Verdict::new(token, options),
            as_session: options.has_current && options.salt == Keyring::SESSION_SALT,
        }
    }

    /// What hipflask does with a session cookie, if there is a current key.
    pub fn hipflask(&self) -> Option<&'static str> {
        self.verdict.hipflask(self.is_session()).filter(|_| self.as_session)
    }

    pub fn exit_code(&self) -> u8 {
        let holds = matches!(self.verdict, Verdict::Unknown | Verdict::Holds { .. });
        u8::from(!holds || self.hipflask() == Some("fails"))
    }

    pub fn is_session(&self) -> bool {
        let value = self.payload.as_ref().and_then(|payload| payload.value.as_ref().ok());
        matches!(value, Some(OwnedValue::Dict(_) | OwnedValue::Null))
    }
}

/// The values of the cookies called `name`, of which the first one counts, if `given` is
/// a header, else `given`. There is at least one.
///
/// # Errors
/// When nothing is given, there is no such cookie in the header, or it is too long
/// to look at.
pub fn values_of(given: &[u8], name: &str) -> Result<Vec<Vec<u8>>, String> {
    if given.len() > MAX_COOKIE_BYTES {
        return Err(format!("a cookie of more than {MAX_COOKIE_BYTES} bytes"));
    }
    let given = given.trim_ascii();
    let header = ["Cookie:", "Set-Cookie:"].iter().find_map(|field| {
        let (start, rest) = given.split_at_checked(field.len())?;
        start.eq_ignore_ascii_case(field.as_bytes()).then(|| rest.trim_ascii())
    });
    // Neither base64 nor the separator has a `=`.
    let header = header.or_else(|| given.contains(&b'=').then_some(given));
    let Some(header) = header else {
        return if given.is_empty() { Err("no cookie was given".into()) } else { Ok(vec![given.to_vec()]) };
    };
    // The bytes of a header are taken for Latin-1, as Flask takes them.
    let is_named = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).eq(name.chars());
    let cookies = parse_cookie(header).filter(|cookie| is_named(cookie.name()));
    let values: Vec<_> = cookies.map(|cookie| cookie.value().unquoted().collect()).collect();
    if values.is_empty() {
        Err(format!("there is no cookie called {name} in it; see --name"))
    } else {
        Ok(values)
    }
}

/// The payload and the time that a token claims, whoever signed it.
fn claims(token: &[u8]) -> (Option<&[u8]>, Option<u64>) {
    let nobody: Keyring = Keyring::new(b"", b"", KeyDerivation::Hmac);
    match TimestampSigner::new(nobody).unsign(token, None, &clock_fn(|| Err(Error::ClockNotSet))) {
        Ok(signed) => (Some(signed.payload), Some(signed.timestamp_secs)),
        Err(error) => (error.payload(), error.date_signed_secs()),
    }
}

/// How long Flask's `Set-Cookie` is, as far as its default settings make it.
fn header_len(token: &[u8], name: &str, payload: Option<&Payload>) -> usize {
    // All dates have the same length.
    let expires = payload.filter(|payload| payload.permanent).map(|_| DateTime::UNIX_EPOCH);
    let mut header = SetCookie::new(name, "").with_http_only(true);
    header.expires = expires;
    header.to_string().len() + token.len()
}

impl Payload {
    fn new(payload: &[u8]) -> Self {
        let compressed = payload.starts_with(b".");
        let mut text = decode(payload);
        let text_len_bytes = text.as_ref().ok().map(Vec::len);
        let value =
            text.as_mut().map_err(|error| *error).and_then(|text| SESSION_JSON_SERIALIZER.loads(text));
        let session = match value.map(Value::kind) {
            Ok(Kind::Dict(session)) => Some(session),
            _ => None,
        };
        let permanent = session.and_then(|session| session.get("_permanent")).is_some_and(Value::is_truthy);
        // Enough for a text as Flask writes it: docs/server.md. Another one may have had more entries.
        let written = |value: &Value<'_>| {
            let mut text = Vec::new();
            let Ok(()) = SESSION_JSON_SERIALIZER.write(*value, &mut text);
            text.len()
        };
        let is_flasks = value.is_ok_and(|value| Some(written(&value)) == text_len_bytes);
        let capacity_bytes = session
            .zip(text_len_bytes)
            .filter(|_| is_flasks)
            .map(|(session, len_bytes)| len_bytes + 8 * session.len());
        Self {
            compressed,
            len_bytes: payload.len(),
            text_len_bytes,
            value: value.map(OwnedValue::from),
            capacity_bytes,
            permanent,
        }
    }
}

/// The JSON text of a payload, in bounded memory.
fn decode(payload: &[u8]) -> Result<Vec<u8>, Error> {
    let mut text = vec![0; MAX_TEXT_BYTES];
    let len = match payload.strip_prefix(b".") {
        Some(stream) => {
            let mut reader = Base64Reader::new(stream);
            let len = inflate(&mut reader, &mut text)?;
            reader.finish()?;
            len
        }
        None => {
            let mut reader = Base64Reader::new(payload);
            let len = reader.read(&mut text)?;
            reader.finish()?;
            len
        }
    };
    text.truncate(len);
    Ok(text)
}
