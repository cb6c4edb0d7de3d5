//! What is known about a cookie.

use hipflask::{
    Config, Error,
    backends::alloc::OwnedValue,
    clock_fn,
    cookie::SetCookie,
    json::{self as hipflask_json, DateTime, Encode, SESSION_JSON_SERIALIZER, Value},
    signing::{Base64Reader, KeyDerivation, Keyring, TimestampSigner},
    zlib::inflate,
};

use crate::{
    advice, entries, json,
    kind::{Kind, base62_secs},
    notes,
    pasted::{Cookie, Pasted, Unreadable},
    settings::Settings,
    signature::{Verdict, digest_by_length},
    text::{self, Palette},
};

/// The longest JSON text that is looked at.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// All that is known about what was pasted.
///
/// ```
/// use hipflask_inspect::{Inspection, Settings};
///
/// let mut settings = Settings::new(1_700_000_060);
/// settings.set_keys(Some(b"dev".to_vec()), vec![]);
/// let cookie = b"Cookie: session=eyJ1c2VyIjoiWm9cdTAwZWIifQ.ZVPxAA.CTxB9uAyToSMQr_DcacEN7J-1Jg";
/// let inspection = Inspection::new(cookie, &settings)?;
/// assert!(inspection.holds());
/// assert!(inspection.text(&hipflask_inspect::Palette::PLAIN).contains("    'user': 'Zoë',"));
/// assert_eq!(inspection.json()["age_secs"], 60);
/// # Ok::<(), hipflask_inspect::Unreadable>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// One for each cookie of the name; the first one counts. There is at least one.
    pub reports: Vec<Report>,
    /// Sentences on what else was pasted.
    pub notes: Vec<String>,
}

impl Inspection {
    /// Looks at what was pasted.
    ///
    /// # Errors
    /// When there is no cookie in it.
    pub fn new(pasted: &[u8], settings: &Settings) -> Result<Self, Unreadable> {
        let pasted = Pasted::read(pasted, &settings.name)?;
        Ok(Self { notes: pasted.notes(), ..Self::of_cookies(&pasted.cookies, settings) })
    }

    /// Looks at cookies of one name.
    #[must_use]
    pub fn of_cookies(cookies: &[Cookie], settings: &Settings) -> Self {
        let reports = cookies.iter().map(|cookie| Report::new(cookie, settings)).collect();
        Self { reports, notes: Vec::new() }
    }

    /// Whether one of the cookies holds, or no key was given to tell.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.reports.iter().any(Report::holds)
    }

    /// Whether none of the cookies can be one.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        self.reports.iter().all(Report::is_unreadable)
    }

    /// The report for people.
    #[must_use]
    pub fn text(&self, palette: &Palette) -> String {
        text::inspection(self, palette)
    }

    /// The report for programs: the README lists its keys.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        json::inspection(self)
    }
}

/// What is known about one cookie.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// Its name, as it was pasted, or else as it was asked for.
    pub name: String,
    /// What it looks like.
    pub kind: Kind,
    /// The lengths of its fields, if it is of the form that itsdangerous signs: payload, time,
    /// signature. Between them are dots.
    pub field_lens_bytes: Option<[usize; 3]>,
    /// How long the value is.
    pub len_bytes: usize,
    /// How long Flask's `Set-Cookie` is with it, by default.
    pub header_len_bytes: usize,
    /// Flask's `MAX_COOKIE_SIZE`.
    pub limit_bytes: usize,
    /// What was signed, whoever signed it.
    pub payload: Option<Payload>,
    /// When it claims to have been signed, in Unix seconds.
    pub signed_at_secs: Option<u64>,
    /// The time, in Unix seconds.
    pub now_secs: u64,
    /// How long a signature is valid.
    pub lifetime_secs: i64,
    /// The digest whose signatures are as long as this one.
    pub digest_by_length: Option<&'static str>,
    /// Whether the signature holds.
    pub verdict: Verdict,
    /// A sentence on each entry that Flask or an extension of it keeps in a session.
    pub entries: Vec<(String, String)>,
    /// What else there is to say.
    pub notes: Vec<String>,
    /// Keys, settings and capacity with which hipflask would open it: expressions of Rust.
    pub config: Vec<String>,
    /// Whether it was looked at as a session cookie, and not as another token, nor
    /// with fallbacks alone: without a current key all sessions are null sessions.
    as_session: bool,
}

/// What was signed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Payload {
    /// Whether it is compressed.
    pub compressed: bool,
    /// How long it is in the cookie.
    pub len_bytes: usize,
    /// How long the JSON is, if there is any.
    pub text_len_bytes: Option<usize>,
    /// What it means, or why it means nothing.
    pub value: Result<OwnedValue, Error>,
    /// The capacity that a session needs to hold it, if it is one that Flask wrote.
    pub capacity_bytes: Option<usize>,
    /// Whether Flask sends it with a date.
    permanent: bool,
    /// Whether the JSON was written by Python's `json.dumps` as it is.
    pub(crate) is_spaced: bool,
}

impl Report {
    /// Looks at one cookie.
    #[must_use]
    pub fn new(cookie: &Cookie, settings: &Settings) -> Self {
        let token = cookie.value.as_slice();
        let name = cookie.name.as_deref().unwrap_or(&settings.name);
        let (payload, signed_at_secs) = claims(token);
        let payload = payload.map(Payload::new);
        let kind = Kind::of(token, name, payload.as_ref());
        let (payload, signed_at_secs) = match kind {
            Kind::DjangoSession => django_claims(token),
            Kind::Jwt => (token.split(|byte| *byte == b'.').nth(1).map(Payload::new), None),
            Kind::FlaskSessionId | Kind::RememberToken => (None, None),
            _ => (payload, signed_at_secs),
        };
        let verdict = Verdict::new(token, kind, settings);
        let age_secs = signed_at_secs.and_then(|at| settings.now_secs.checked_sub(at));
        let config = advice::recommend(cookie, kind, &verdict, payload.as_ref(), age_secs, settings);
        let session = payload.as_ref().and_then(|payload| match &payload.value {
            Ok(OwnedValue::Dict(session)) => Some(session),
            _ => None,
        });
        let mut report = Self {
            name: name.into(),
            kind,
            field_lens_bytes: field_lens(token),
            len_bytes: token.len(),
            header_len_bytes: header_len(token, name, payload.as_ref()),
            limit_bytes: Config::new().max_cookie_size,
            entries: session.map_or_else(Vec::new, |session| entries::explain(session)),
            payload,
            signed_at_secs,
            now_secs: settings.now_secs,
            lifetime_secs: settings.lifetime_secs,
            digest_by_length: digest_by_length(token),
            verdict,
            notes: Vec::new(),
            config,
            as_session: settings.has_current && settings.salt == Keyring::SESSION_SALT,
        };
        report.notes = notes::of_cookie(cookie, &report, settings);
        report
    }

    /// The report for programs on this cookie alone.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        json::report(self).into()
    }

    /// What there is to say of the signature, in sentences.
    #[must_use]
    pub fn signature_sentences(&self) -> Vec<String> {
        text::signature(self)
    }

    /// What hipflask does with a session cookie, if there is a current key.
    #[must_use]
    pub fn hipflask(&self) -> Option<&'static str> {
        let others = [Kind::RememberToken, Kind::DjangoSession, Kind::Jwt, Kind::FlaskSessionId];
        let is_other = others.contains(&self.kind);
        self.verdict.hipflask(self.is_session()).filter(|_| self.as_session && !is_other)
    }

    /// Whether no browser sends it, so that it cannot be judged.
    #[must_use]
    pub const fn is_unreadable(&self) -> bool {
        matches!(self.verdict, Verdict::NotACookie { .. })
    }

    /// Whether the signature holds, or no key was given to tell, and hipflask opens it
    /// if it is a session.
    #[must_use]
    pub fn holds(&self) -> bool {
        let holds = matches!(self.verdict, Verdict::Unknown | Verdict::Holds { .. });
        holds && self.hipflask() != Some("fails")
    }

    /// Whether what was signed is a session: a dict or nothing.
    #[must_use]
    pub fn is_session(&self) -> bool {
        let value = self.payload.as_ref().and_then(|payload| payload.value.as_ref().ok());
        matches!(value, Some(OwnedValue::Dict(_) | OwnedValue::Null))
    }
}

/// The payload and the time that a token claims, whoever signed it.
pub(crate) fn claims(token: &[u8]) -> (Option<&[u8]>, Option<u64>) {
    let nobody: Keyring = Keyring::new(b"", b"", KeyDerivation::Hmac);
    match TimestampSigner::new(nobody).unsign(token, None, &clock_fn(|| Err(Error::ClockNotSet))) {
        Ok(signed) => (Some(signed.payload), Some(signed.timestamp_secs)),
        Err(error) => (error.payload(), error.date_signed_secs()),
    }
}

/// The same of a session that Django signed: payload, time and signature have colons between.
fn django_claims(token: &[u8]) -> (Option<Payload>, Option<u64>) {
    let mut fields = token.split(|byte| *byte == b':');
    let payload = fields.next().map(Payload::new);
    (payload, fields.next().and_then(base62_secs))
}

fn field_lens(token: &[u8]) -> Option<[usize; 3]> {
    let mut fields = token.rsplitn(3, |byte| *byte == b'.').map(<[u8]>::len);
    let (signature, time, payload) = (fields.next()?, fields.next()?, fields.next()?);
    Some([payload, time, signature])
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
    pub(crate) fn new(payload: &[u8]) -> Self {
        let compressed = payload.starts_with(b".");
        let mut text = decode(payload);
        let text_len_bytes = text.as_ref().ok().map(Vec::len);
        let is_spaced = text.as_ref().is_ok_and(|text| is_spaced(text));
        let value =
            text.as_mut().map_err(|error| *error).and_then(|text| SESSION_JSON_SERIALIZER.loads(text));
        let session = match value.map(Value::kind) {
            Ok(hipflask_json::Kind::Dict(session)) => Some(session),
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
            is_spaced,
        }
    }

    /// How many bytes of JSON each entry of a session takes, the longest first.
    #[must_use]
    pub fn entry_lens_bytes(&self) -> Vec<(&str, usize)> {
        let Ok(OwnedValue::Dict(session)) = &self.value else { return Vec::new() };
        let len =
            |value: &dyn Encode| SESSION_JSON_SERIALIZER.dumps_to_string(value).map_or(0, |text| text.len());
        let mut lens: Vec<_> =
            session.iter().map(|(key, value)| (key.as_str(), len(key) + 1 + len(value))).collect();
        lens.sort_by_key(|(_, len_bytes)| std::cmp::Reverse(*len_bytes));
        lens
    }
}

/// Whether there is a space behind the first key's colon, as Python's `json.dumps` puts there by
/// default and Flask does not.
fn is_spaced(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"{\"") else { return false };
    let end = rest.iter().position(|byte| *byte == b'"');
    end.and_then(|end| rest.get(end..)).is_some_and(|rest| rest.starts_with(b"\": "))
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
