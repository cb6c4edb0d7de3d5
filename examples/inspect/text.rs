//! The report for people. Values are as Python prints them, but that letters of the
//! newest Unicode versions are known to one side only.

use std::fmt::Write as _;

use hipflask::{
    Error,
    backends::alloc::OwnedValue,
    json::{DateTime, SESSION_JSON_SERIALIZER},
};

use crate::{
    report::{Payload, Report},
    signature::{HASHES, Verdict},
};

pub fn reports(reports: &[Report]) -> String {
    if let [report] = reports {
        return self::report(report);
    }
    let count = reports.len();
    let name = reports.first().map_or("", |report| &report.name);
    let mut out = format!(
        "{count} cookies called {name}: the first one counts. The others are behind it until it is\n\
         deleted, with the Domain and the Path that it was set with.\n"
    );
    for (index, report) in reports.iter().enumerate() {
        let _ = write!(out, "\n{} of {count}\n{}", index + 1, self::report(report));
    }
    out
}

pub fn report(report: &Report) -> String {
    let mut out = String::new();
    let mut line = |name: &str, text: String| out.push_str(&format!("{name:<11}{text}\n"));
    line("cookie", size(report));
    if let Some(payload) = &report.payload {
        line("payload", packing(payload));
    }
    line("signed", signed(report));
    for text in signature(report) {
        line("signature", text);
    }
    if let Some(does) = report.hipflask() {
        let like_flask =
            if does == "fails" { ", as Flask does unless docs/compatibility.md lists it" } else { "" };
        line("hipflask", format!("{does}{like_flask}"));
    }
    match report.payload.as_ref().map(|payload| &payload.value) {
        None => {}
        Some(Ok(value)) => {
            if report.hipflask().is_some() && !report.is_session() {
                line("value", "is no session, which is a dict".into());
            }
            out.push_str(&format!("\n{}\n", outermost(value)));
        }
        Some(Err(error)) => line("value", why_none(*error)),
    }
    out
}

fn size(report: &Report) -> String {
    let verdict = match report.limit_bytes.checked_sub(report.header_len_bytes) {
        Some(left) => format!("{left} below the limit of {}", report.limit_bytes),
        None => format!(
            "{} above the limit of {}: browsers may drop it",
            report.header_len_bytes - report.limit_bytes,
            report.limit_bytes
        ),
    };
    format!("{} bytes; {} as Flask sends it, {verdict}", report.len_bytes, report.header_len_bytes)
}

fn packing(payload: &Payload) -> String {
    let packed = if payload.compressed { "compressed" } else { "not compressed" };
    let mut text = format!("{} characters, {packed}", payload.len_bytes);
    if let Some(len) = payload.text_len_bytes {
        let json = if payload.value.is_ok() { " of JSON" } else { "" };
        let _ = write!(text, ": {len} bytes{json}");
    }
    if let Some(capacity) = payload.capacity_bytes {
        let _ = write!(text, ", for which a session of {capacity} has room");
    }
    text
}

fn why_none(error: Error) -> String {
    match error {
        Error::Capacity { capacity_bytes, .. } => format!("more than {capacity_bytes} bytes, not shown"),
        Error::Depth => "nested too deeply to be shown".into(),
        Error::BadPayload(why) => format!("none, BadPayload: {why}"),
        other => format!("none: {other}"),
    }
}

fn signed(report: &Report) -> String {
    let Some(at) = report.signed_at_secs else { return "at no time that could be read".into() };
    let when = match report.now_secs.checked_sub(at) {
        Some(age) => format!("{} ago", duration(age)),
        None => format!("{} in the future", duration(at - report.now_secs)),
    };
    format!("{} ({at}), {when}", date(at))
}

/// The moment, in words.
pub fn date(secs: u64) -> String {
    let date = i64::try_from(secs).ok().and_then(DateTime::from_unix_secs);
    date.map_or_else(|| "after the year 9999".into(), |date| date.to_string())
}

fn signature(report: &Report) -> Vec<String> {
    let lasts = || match u64::try_from(report.max_age_secs) {
        Ok(secs) => format!("it lasts {}", duration(secs)),
        Err(_) => "it lasts no time at all".into(),
    };
    vec![match &report.verdict {
        Verdict::Unknown => match report.digest_by_length {
            Some(digest) => format!("of the length of {digest}'s; no key to check it with"),
            None => "of no known length; no key to check it with".into(),
        },
        Verdict::Holds { key } => {
            let age = report.now_secs.saturating_sub(report.signed_at_secs.unwrap_or_default());
            let left = u64::try_from(report.max_age_secs).unwrap_or_default().saturating_sub(age);
            format!("holds, with {key}; {}, {} of it left", lasts(), duration(left))
        }
        Verdict::Expired { key, by_secs } => {
            format!("holds, with {key}, but expired {} ago: {}", duration(*by_secs), lasts())
        }
        Verdict::Future { key, by_secs } => {
            format!("holds, with {key}, but is {} ahead of the clock", duration(*by_secs))
        }
        Verdict::Untimed { key } => {
            format!("holds, with {key}, but the token has no time: a plain serializer's, not a session's")
        }
        Verdict::OutOfRange { key } => format!("holds, with {key}, but its time lies after the year 9999"),
        Verdict::Unsigned => "none: there is no `.` in it".into(),
        Verdict::Mismatch { holds_with } if !holds_with.is_empty() => {
            return std::iter::once("does not hold as asked for; it does with".into())
                .chain(holds_with.iter().map(|way| {
                    format!(
                        "  {}, salt {}, derivation {}, digest {}",
                        way.key,
                        string(&way.salt),
                        way.derivation,
                        way.digest
                    )
                }))
                .collect();
        }
        Verdict::Mismatch { .. } => {
            let mut text = String::from(
                "does not hold, with no salt, derivation and digest known here: another key, or it was changed",
            );
            match report.digest_by_length {
                None => text.push_str("; it has no known length, so it was cut short or added to"),
                Some(digest) if !HASHES.iter().any(|hash| hash.name == digest) => {
                    let _ = write!(text, "; it has the length of {digest}'s, which was not tried");
                    if digest != "md5" && digest != "sha224" {
                        text.push_str(": build with --features std,sha2");
                    }
                }
                Some(_) => {}
            }
            return vec![text];
        }
    }]
}

fn duration(secs: u64) -> String {
    let (days, hours, minutes) = (secs / 86_400, secs / 3600 % 24, secs / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{secs} s"),
        (0, 0, _) => format!("{minutes} min {} s", secs % 60),
        (0, ..) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

/// One entry of a dict on each line.
fn outermost(value: &OwnedValue) -> String {
    match value {
        OwnedValue::Dict(entries) if !entries.is_empty() => {
            let lines =
                entries.iter().map(|(key, value)| format!("    {}: {},\n", string(key), python(value)));
            format!("{{\n{}}}", lines.collect::<String>())
        }
        value => python(value),
    }
}

/// The value as a Python expression.
pub fn python(value: &OwnedValue) -> String {
    let all = |items: &[OwnedValue]| items.iter().map(python).collect::<Vec<_>>().join(", ");
    match value {
        OwnedValue::Null => "None".into(),
        OwnedValue::Bool(value) => if *value { "True" } else { "False" }.into(),
        OwnedValue::Int(value) => value.to_string(),
        OwnedValue::BigInt(digits) => digits.clone(),
        OwnedValue::Float(value) => float(*value),
        OwnedValue::Str(text) => string(text),
        OwnedValue::List(items) => format!("[{}]", all(items)),
        OwnedValue::Tuple(items) => format!("({}{})", all(items), if items.len() == 1 { "," } else { "" }),
        OwnedValue::Dict(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{}: {}", string(key), python(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        OwnedValue::Bytes(bytes) => byte_string(bytes),
        OwnedValue::Markup(text) => format!("Markup({})", string(text)),
        OwnedValue::Uuid(uuid) => format!("UUID('{}')", hyphenated(&uuid.to_string())),
        OwnedValue::DateTime(value) => {
            let [fields @ .., seconds] = fields(*value);
            let fields = fields.map(|field| field.to_string()).join(", ");
            let seconds = if seconds == 0 { String::new() } else { format!(", {seconds}") };
            format!("datetime.datetime({fields}{seconds}, tzinfo=datetime.timezone.utc)")
        }
        other => format!("{other:?}"),
    }
}

fn hyphenated(hex: &str) -> String {
    [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| hex.get(part).unwrap_or_default()).join("-")
}

/// Year, month, day, hour, minute, second.
pub fn fields(date: DateTime) -> [u32; 6] {
    // Ddd, DD Mon YYYY HH:MM:SS GMT
    let text = date.to_string();
    let number =
        |at: std::ops::Range<usize>| text.get(at).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let month = text.get(8..11).and_then(|name| "JanFebMarAprMayJunJulAugSepOctNovDec".find(name));
    [
        number(12..16),
        month.map_or(0, |at| at as u32 / 3 + 1),
        number(5..7),
        number(17..19),
        number(20..22),
        number(23..25),
    ]
}

fn float(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string().to_lowercase();
    }
    let mut text = Vec::new();
    let _ = SESSION_JSON_SERIALIZER.dumps(&value, &mut [0; 32], &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// The quote that Python puts around text.
fn quote(mut letters: impl Iterator<Item = char> + Clone) -> char {
    if letters.clone().any(|letter| letter == '\'') && letters.all(|letter| letter != '"') {
        '"'
    } else {
        '\''
    }
}

/// Combining marks are: it is only alone that Rust escapes them.
fn is_printable(letter: char) -> bool {
    letter.is_ascii_graphic() || format!("a{letter}").escape_debug().nth(2) != Some('u')
}

fn string(text: &str) -> String {
    let quote = quote(text.chars());
    let inside = text.chars().map(|letter| match letter {
        // What no terminal should be sent.
        _ if !is_printable(letter) => match u32::from(letter) {
            code @ ..0x100 => format!("\\x{code:02x}"),
            code @ ..0x1_0000 => format!("\\u{code:04x}"),
            code => format!("\\U{code:08x}"),
        },
        _ => plain(letter, quote),
    });
    format!("{quote}{}{quote}", inside.collect::<String>())
}

fn byte_string(bytes: &[u8]) -> String {
    let quote = quote(bytes.iter().map(|byte| char::from(*byte)));
    let inside = bytes.iter().map(|byte| match byte {
        b'\t' | b'\n' | b'\r' | b' '..=b'~' => plain(char::from(*byte), quote),
        _ => format!("\\x{byte:02x}"),
    });
    format!("b{quote}{}{quote}", inside.collect::<String>())
}

fn plain(letter: char, quote: char) -> String {
    match letter {
        '\t' => "\\t".into(),
        '\n' => "\\n".into(),
        '\r' => "\\r".into(),
        '\\' => "\\\\".into(),
        _ if letter == quote => format!("\\{letter}"),
        '\0' => "\\x00".into(),
        _ => letter.into(),
    }
}
