//! Signing and serializing, below the session.

use hipflask::{
    Clock, Error, UnixTime,
    json::{JsonTag, SESSION_JSON_SERIALIZER, TaggedJsonSerializer},
    signing::{
        Digest, KeyDerivation, Keyring, Sha1, Sha256, Sha384, Sha512, UrlSafeSerializer,
        UrlSafeTimedSerializer, with_derived_key,
    },
    sink::WriteError,
    zlib::DeflateScratch,
};
use serde_json::{Value as Json, json};

use super::{
    FALLBACKS,
    request::{Failure, bytes, clock_time, failure, hex},
    typed::{Typed, pairs, sha256, typed},
};

/// Room for the JSON text of a value, and for a token.
const ROOM: usize = 64 * 1024;
/// JSON of more characters is summarised.
const LONG: usize = 16384;
type Keys<D> = Keyring<D, FALLBACKS>;

/// The clock of a request.
struct Frozen<'a>(&'a Json);

impl Clock for Frozen<'_> {
    fn now(&self) -> Result<UnixTime, Error> {
        clock_time(&self.0["time"])
    }
}

/// Runs `$call::<D>` for the digest that the request names. One that is not
/// offered verifies nothing, and cannot sign.
macro_rules! with_digest {
    ($request:expr, $call:ident) => {
        match $request["digest"].as_str() {
            None | Some("sha1") => $call::<Sha1>($request),
            Some("sha256") => $call::<Sha256>($request),
            Some("sha384") => $call::<Sha384>($request),
            Some("sha512") => $call::<Sha512>($request),
            Some(_) => $call::<Sha1>(&without_keys($request)),
        }
    };
}

fn without_keys(request: &Json) -> Json {
    let mut request = request.clone();
    request["keys"] = json!([]);
    request
}

pub fn sign(request: &Json) -> Result<Json, Failure> {
    with_digest!(request, sign_with)
}

pub fn open(request: &Json) -> Result<Json, Failure> {
    with_digest!(request, open_with)
}

pub fn unsign(request: &Json) -> Result<Json, Failure> {
    with_digest!(request, unsign_with)
}

pub fn loads_unsafe(request: &Json) -> Result<Json, Failure> {
    with_digest!(request, loads_unsafe_with)
}

pub fn derive_key(request: &Json) -> Result<Json, Failure> {
    with_digest!(request, derive_key_with)
}

fn is_timed(request: &Json) -> bool {
    request["kind"].as_str() != Some("plain")
}

fn salt(request: &Json) -> Result<Vec<u8>, Failure> {
    match &request["salt"] {
        Json::Null => Ok(b"cookie-session".to_vec()),
        salt => bytes(salt),
    }
}

fn derivation(request: &Json) -> Result<KeyDerivation, Failure> {
    Ok(match request["derivation"].as_str() {
        None | Some("hmac") => KeyDerivation::Hmac,
        Some("django-concat") => KeyDerivation::DjangoConcat,
        Some("concat") => KeyDerivation::Concat,
        Some("none") => KeyDerivation::None,
        Some(_) => return Err(failure("Other")),
    })
}

/// The request's keys, oldest first in the request. The `none` algorithm is not
/// offered: nothing signed with it is accepted.
fn keys<D: Digest>(request: &Json) -> Result<Keys<D>, Failure> {
    let (salt, derivation) = (salt(request)?, derivation(request)?);
    let mut secrets: Vec<Vec<u8>> =
        request["keys"].as_array().into_iter().flatten().map(bytes).collect::<Result<_, _>>()?;
    if request["algorithm"] == "none" {
        secrets.clear();
    }
    let current = secrets.pop().unwrap_or_default();
    let mut keys = Keys::from_secret(&current, &salt, derivation);
    for secret in &secrets {
        keys.push_fallback(secret, &salt, derivation)?;
    }
    Ok(keys)
}

fn serializer(request: &Json) -> Result<TaggedJsonSerializer, Failure> {
    if request["serializer"] == "json" { Ok(TaggedJsonSerializer::plain()) } else { tagged(request) }
}

fn tagged(request: &Json) -> Result<TaggedJsonSerializer, Failure> {
    const CUSTOM: &[JsonTag] = &[JsonTag::new(" od", |value| pairs(value).is_some())];
    let serializer = SESSION_JSON_SERIALIZER.with_sort_keys(request["context"] != "none");
    Ok(if request["custom"] == true { serializer.register(CUSTOM)? } else { serializer })
}

/// The oldest that a token may be. Python compares whole seconds with any number.
fn max_age(request: &Json) -> Result<Option<i64>, Failure> {
    Ok(match &request["max_age"] {
        Json::Null => None,
        Json::Bool(secs) => Some((*secs).into()),
        secs => Some(match (secs.as_i64(), secs.as_f64()) {
            (Some(secs), _) => secs,
            (None, Some(secs)) => secs.floor() as i64,
            (None, None) => return Err(failure("Other")),
        }),
    })
}

/// Signing without a key is Python's IndexError.
fn signing(error: WriteError<std::convert::Infallible>) -> Failure {
    match Error::from(error) {
        Error::NoSecretKey => failure("Other"),
        error => error.into(),
    }
}

fn dumped(value: &Json, serializer: TaggedJsonSerializer) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    match serializer.dumps(&Typed(value), &mut vec![0; 16 * ROOM], &mut text).map_err(Error::from) {
        Ok(()) => Ok(text),
        // Writing what CPython refuses to write is one of its own exceptions.
        Err(Error::BadPayload(_) | Error::Depth) => Err(failure("Other")),
        Err(error) => Err(error.into()),
    }
}

fn sign_with<D: Digest>(request: &Json) -> Result<Json, Failure> {
    let serializer = serializer(request)?;
    let text = dumped(&request["value"], serializer)?;
    let value = Typed(&request["value"]);
    let mut scratch = vec![0; ROOM];
    let mut compression = Box::new(DeflateScratch::<{ 32 * 1024 }>::new());
    let mut cookie = Vec::new();
    if is_timed(request) {
        let tokens = UrlSafeTimedSerializer::new(keys::<D>(request)?, serializer);
        tokens.dumps_compressed(&value, &Frozen(request), &mut scratch, &mut *compression, &mut cookie)
    } else {
        let tokens = UrlSafeSerializer::new(keys::<D>(request)?, serializer);
        tokens.dumps_compressed(&value, &mut scratch, &mut *compression, &mut cookie)
    }
    .map_err(signing)?;
    let mut answer = json!({
        "ok": true,
        "cookie": String::from_utf8_lossy(&cookie),
        "compressed": cookie.starts_with(b"."),
    });
    let json = String::from_utf8_lossy(&text);
    if json.chars().count() <= LONG {
        answer["json"] = json.into();
    } else {
        answer["json_sha256"] = sha256(&text).into();
    }
    Ok(answer)
}

fn open_with<D: Digest>(request: &Json) -> Result<Json, Failure> {
    let cookie = bytes(&request["cookie"])?;
    let mut scratch = vec![0; ROOM];
    if is_timed(request) {
        let tokens = UrlSafeTimedSerializer::new(keys::<D>(request)?, serializer(request)?);
        let loaded = tokens.loads(&cookie, max_age(request)?, &Frozen(request), &mut scratch)?;
        return Ok(json!({"ok": true, "value": typed(loaded.value), "timestamp": loaded.timestamp_secs}));
    }
    let tokens = UrlSafeSerializer::new(keys::<D>(request)?, serializer(request)?);
    Ok(json!({"ok": true, "value": typed(tokens.loads(&cookie, &mut scratch)?)}))
}

fn unsign_with<D: Digest>(request: &Json) -> Result<Json, Failure> {
    let cookie = bytes(&request["cookie"])?;
    if is_timed(request) {
        let tokens = UrlSafeTimedSerializer::new(keys::<D>(request)?, SESSION_JSON_SERIALIZER);
        let signed = tokens.signer().unsign(&cookie, max_age(request)?, &Frozen(request))?;
        return Ok(json!({"ok": true, "payload": hex(signed.payload), "timestamp": signed.timestamp_secs}));
    }
    let tokens = UrlSafeSerializer::new(keys::<D>(request)?, SESSION_JSON_SERIALIZER);
    Ok(json!({"ok": true, "payload": hex(tokens.signer().unsign(&cookie)?)}))
}

fn loads_unsafe_with<D: Digest>(request: &Json) -> Result<Json, Failure> {
    let cookie = bytes(&request["cookie"])?;
    let mut scratch = vec![0; ROOM];
    let loaded = if is_timed(request) {
        let tokens = UrlSafeTimedSerializer::new(keys::<D>(request)?, serializer(request)?);
        tokens.loads_unsafe(&cookie, max_age(request)?, &Frozen(request), &mut scratch)?
    } else {
        let tokens = UrlSafeSerializer::new(keys::<D>(request)?, serializer(request)?);
        tokens.loads_unsafe(&cookie, &mut scratch)?
    };
    let value = loaded.value.map_or_else(|| json!({"t": "null"}), typed);
    Ok(json!({"ok": true, "valid": loaded.valid, "value": value}))
}

fn derive_key_with<D: Digest>(request: &Json) -> Result<Json, Failure> {
    let secret = match request["keys"].as_array().and_then(|keys| keys.last()) {
        Some(secret) => bytes(secret)?,
        None => return Err(failure("Other")),
    };
    let key = with_derived_key::<D, _>(derivation(request)?, &secret, &salt(request)?, hex)
        .map_err(|_| failure("Other"))?;
    Ok(json!({"ok": true, "key": key}))
}

pub fn dump_json(request: &Json) -> Result<Json, Failure> {
    let text = dumped(&request["value"], tagged(request)?)?;
    let json = String::from_utf8_lossy(&text);
    let len = json.chars().count();
    Ok(if len <= LONG {
        json!({"ok": true, "json": json})
    } else {
        json!({"ok": true, "json_sha256": sha256(&text), "len": len})
    })
}

pub fn load_json(request: &Json) -> Result<Json, Failure> {
    let mut text = bytes(&request["json"])?;
    if let Some(count) = request["repeat"]["n"].as_u64() {
        let part = |name: &str| request["repeat"][name].as_str().unwrap_or_default().repeat(count as usize);
        text = [part("pre").into_bytes(), text, part("post").into_bytes()].concat();
    }
    match tagged(request)?.loads(&mut text) {
        Ok(value) => Ok(json!({"ok": true, "value": typed(value)})),
        // Whatever the reason, Flask's is BadPayload.
        Err(_) => Err(failure("BadPayload")),
    }
}

pub fn load_payload(request: &Json) -> Result<Json, Failure> {
    let payload = bytes(&request["payload"])?;
    let tokens = UrlSafeSerializer::new(Keys::<Sha1>::from_derived_key(b"k"), serializer(request)?);
    let mut scratch = vec![0; ROOM];
    let value = tokens.load_payload(&payload, &mut scratch)?;
    Ok(json!({"ok": true, "value": typed(value)}))
}
