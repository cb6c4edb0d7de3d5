//! What the page is told.

use hipflask::{backends::alloc::OwnedValue, json::SESSION_JSON_SERIALIZER};
use hipflask_inspect::{
    Cookie, DERIVATIONS, DIGESTS, Pasted, Report, SALTS, Signing, Source, Verdict, python, read_key, typed,
};
use serde::Deserialize as _;
use serde_json::{Value as Json, json};

use crate::question::{Question, Settings, Value};

/// Says why there is no other answer.
pub fn refusal(why: &str) -> String {
    json!({"error": why}).to_string()
}

/// A dict of the deepest session takes three levels of the question for each of its 64.
const MAX_DEPTH: usize = 256;

/// Answers a question; both are JSON.
pub fn answer(question: &[u8]) -> String {
    if depth(question) > MAX_DEPTH {
        return refusal("it is nested too deeply");
    }
    let mut question = serde_json::Deserializer::from_slice(question);
    // Which is 128.
    question.disable_recursion_limit();
    let answer =
        Question::deserialize(&mut question).map_err(|error| error.to_string()).and_then(|question| {
            match question {
                Question::Choices => Ok(choices()),
                Question::Inspect { pasted, which, before, settings } => {
                    inspect(&pasted, which, before.as_deref(), settings)
                }
                Question::Write { value } => Ok(written(&value.read()?)),
                Question::Sign { value, like, signed_at_secs, settings } => {
                    sign(value, like.as_deref(), signed_at_secs, settings)
                }
            }
        });
    answer.map_or_else(|why| refusal(&why), |answer| answer.to_string())
}

/// How deep JSON is nested at most.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut letters = json.iter();
    let mut in_text = false;
    while let Some(letter) = letters.next() {
        match letter {
            b'"' => in_text = !in_text,
            b'\\' if in_text => _ = letters.next(),
            b'[' | b'{' if !in_text => depth = depth.saturating_add(1),
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn choices() -> Json {
    json!({
        "salts": SALTS,
        "derivations": DERIVATIONS.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "digests": DIGESTS.iter().map(|digest| digest.name()).collect::<Vec<_>>(),
    })
}

/// The report on one cookie, and where those of its name stand.
fn inspect(text: &str, which: usize, before: Option<&str>, settings: Settings) -> Result<Json, String> {
    let (settings, bad_key) = settings.read();
    let pasted = Pasted::read(text.as_bytes(), &settings.name).map_err(|why| why.to_string())?;
    let cookie = pasted.cookies.get(which).or(pasted.cookies.first()).ok_or("there is no cookie in it")?;
    let report = Report::new(cookie, &settings);
    let is_new = before.is_none_or(|before| before.as_bytes() != cookie.value);
    let value = report.payload.as_ref().and_then(|payload| payload.value.as_ref().ok()).filter(|_| is_new);
    let mut json = report.json();
    // It is in `written`.
    json.pointer_mut("/payload/value").map(Json::take);
    Ok(json!({
        "cookies": pasted.cookies.iter().map(|cookie| place(cookie, text)).collect::<Vec<_>>(),
        "notes": pasted.notes(),
        "report": json,
        "bad_key": bad_key.map(|bad| bad.to_string()),
        "keys": keys(&report.verdict),
        "written": value.map(written),
    }))
}

/// The keys with which the signature would hold, as one types them.
fn keys(verdict: &Verdict) -> Vec<String> {
    let Verdict::Mismatch { holds_with } = verdict else { return Vec::new() };
    holds_with.iter().map(|way| typed_key(&way.key.secret)).collect()
}

/// A key as one types it into a field of one line.
fn typed_key(secret: &[u8]) -> String {
    let plain = std::str::from_utf8(secret).ok().filter(|text| {
        !text.contains(char::is_control) && read_key(text.as_bytes()).is_ok_and(|read| read == secret)
    });
    let literal = || format!("python:{}", python::repr(&OwnedValue::Bytes(secret.to_vec())));
    plain.map_or_else(literal, str::to_owned)
}

/// A cookie's value, and where it begins and ends in the text, counted as JavaScript does.
fn place(cookie: &Cookie, text: &str) -> Json {
    let at = |byte: usize| text.get(..byte).map_or(0, |before| before.encode_utf16().count());
    json!({
        "value": String::from_utf8_lossy(&cookie.value),
        // Of those that a browser sends the first one counts, of those that it gets the last.
        "is_sent": cookie.source != Source::SetCookie,
        "start": at(cookie.range.start),
        "end": at(cookie.range.end),
    })
}

/// The value in all forms in which the page shows it.
fn written(value: &OwnedValue) -> Json {
    json!({
        "typed": typed::to_json(value),
        "python": python::repr(value),
        "json": SESSION_JSON_SERIALIZER.with_ensure_ascii(false).dumps_to_string(value).ok(),
    })
}

/// A cookie of the value, made like another one if that holds, else as the settings say.
fn sign(value: Value, like: Option<&str>, at_secs: u64, settings: Settings) -> Result<Json, String> {
    let value = value.read()?;
    let (settings, bad_key) = settings.read();
    if let Some(bad) = bad_key {
        return Err(bad.to_string());
    }
    let like = like.and_then(|token| Signing::like(token.as_bytes(), &settings));
    let is_like = like.is_some();
    let mut signing = like.map_or_else(|| Signing::new(&settings), Ok).map_err(|error| error.to_string())?;
    signing.signed_at_secs = signing.signed_at_secs.map(|_| at_secs);
    let token = signing.sign(&value).map_err(|error| error.to_string())?;
    Ok(json!({"cookie": String::from_utf8_lossy(&token), "like": is_like}))
}
