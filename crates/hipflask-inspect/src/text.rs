//! The report for people.

use std::fmt::Write as _;

use hipflask::{Error, backends::alloc::OwnedValue, json::DateTime};

use crate::{
    kind::Kind,
    python::{repr, string},
    report::{Inspection, Payload, Report},
    signature::{DIGESTS, Verdict},
};

/// How parts of a report are marked: the text around them.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Palette {
    /// Before a label.
    pub label: &'static str,
    /// Before what is well.
    pub good: &'static str,
    /// Before what is not.
    pub bad: &'static str,
    /// Behind each of them.
    pub reset: &'static str,
}

impl Palette {
    /// Nothing is marked.
    pub const PLAIN: Self = Self { label: "", good: "", bad: "", reset: "" };
    /// Colours of a terminal.
    pub const ANSI: Self = Self { label: "\x1b[2m", good: "\x1b[32m", bad: "\x1b[31m", reset: "\x1b[0m" };
}

/// The columns of a report.
const WIDTH: usize = 80;
/// Those of its labels.
const LABEL_WIDTH: usize = 11;

pub(crate) fn inspection(inspection: &Inspection, palette: &Palette) -> String {
    let mut out = String::new();
    let count = inspection.reports.len();
    if let [first, _, ..] = &inspection.reports[..] {
        let start = format!(
            "{count} cookies called {}: the first one counts. The others are behind it until it is deleted, \
             with the Domain and the Path that it was set with.",
            first.name
        );
        out.push_str(&wrap(&start, 0));
        out.push('\n');
    }
    for note in &inspection.notes {
        out.push_str(&labelled("note", note, "", palette));
    }
    for (index, report) in inspection.reports.iter().enumerate() {
        if count > 1 {
            let _ = writeln!(out, "\n{} of {count}", index + 1);
        }
        out.push_str(&self::report(report, palette));
    }
    out
}

fn report(report: &Report, palette: &Palette) -> String {
    let mut out = String::new();
    let mut line = |label: &str, text: &str, colour| out.push_str(&labelled(label, text, colour, palette));
    line("cookie", &size(report), "");
    if report.kind != Kind::Session && !report.is_unreadable() {
        line("kind", report.kind.sentence(), "");
    }
    if let Some(payload) = &report.payload {
        line("payload", &packing(payload), "");
    }
    if !matches!(report.kind, Kind::FlaskSessionId | Kind::RememberToken | Kind::Jwt | Kind::Empty) {
        line("signed", &signed(report), "");
    }
    let colour = match report.verdict {
        Verdict::Unknown => "",
        Verdict::Holds { .. } => palette.good,
        _ => palette.bad,
    };
    for text in signature(report) {
        line("signature", &text, colour);
    }
    if let Some(does) = report.hipflask() {
        let like_flask =
            if does == "fails" { ", as Flask does unless docs/compatibility.md lists it" } else { "" };
        line(
            "hipflask",
            &format!("{does}{like_flask}"),
            if does == "opens" { palette.good } else { palette.bad },
        );
    }
    for note in &report.notes {
        line("note", note, "");
    }
    match report.payload.as_ref().map(|payload| &payload.value) {
        None => {}
        Some(Ok(value)) => {
            if report.hipflask().is_some() && !report.is_session() {
                line("value", "is no session, which is a dict", palette.bad);
            }
            out.push_str(&format!("\n{}\n", outermost(value)));
        }
        Some(Err(error)) => line("value", &why_none(*error), palette.bad),
    }
    if !report.entries.is_empty() {
        out.push('\n');
    }
    out.push_str(&entries(&report.entries, palette));
    if !report.config.is_empty() {
        let _ = writeln!(out, "\n{}hipflask would open it with{}", palette.label, palette.reset);
        for expression in &report.config {
            let breaks = expression.len() > WIDTH - 8;
            let expression =
                if breaks { expression.replace(").", ")\n        .") } else { expression.clone() };
            out.push_str(&format!("    {expression}\n"));
        }
    }
    out
}

/// What the entries of a session mean.
pub(crate) fn entries(entries: &[(String, String)], palette: &Palette) -> String {
    let line = |(key, sentence): &(String, String)| {
        let text = wrap(&format!("{key:<LABEL_WIDTH$} {sentence}"), LABEL_WIDTH + 1);
        let marked = format!("{}{key}{}", palette.label, palette.reset);
        text.replacen(key, &marked, 1) + "\n"
    };
    entries.iter().map(line).collect()
}

/// A line of a report: a label, and behind it text in `colour` that is broken at 80 columns.
#[must_use]
pub fn labelled(label: &str, text: &str, colour: &str, palette: &Palette) -> String {
    let text = wrap(&format!("{label:<LABEL_WIDTH$}{text}"), LABEL_WIDTH);
    let (label, text) = text.split_at_checked(LABEL_WIDTH).unwrap_or((&text, ""));
    let reset = if colour.is_empty() { "" } else { palette.reset };
    format!("{}{label}{}{colour}{text}{reset}\n", palette.label, palette.reset)
}

/// Breaks a text into lines at its spaces; what follows the first one is indented.
fn wrap(text: &str, indent: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split_inclusive(' ') {
        let len = word.trim_end().chars().count();
        if column + len > WIDTH && column > indent && len > 0 {
            out.truncate(out.trim_end().len());
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        }
        out.push_str(word);
        column += word.chars().count();
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
pub(crate) fn date(secs: u64) -> String {
    let date = i64::try_from(secs).ok().and_then(DateTime::from_unix_secs);
    date.map_or_else(|| "after the year 9999".into(), |date| date.to_string())
}

/// What there is to say of the signature, in sentences.
pub(crate) fn signature(report: &Report) -> Vec<String> {
    let lasts = || match u64::try_from(report.lifetime_secs) {
        Ok(secs) => format!("it lasts {}", duration(secs)),
        Err(_) => "it lasts no time at all".into(),
    };
    vec![match &report.verdict {
        Verdict::Unknown if report.kind == Kind::RememberToken => {
            "a hash with the key, HMAC-SHA-512; no key to check it with".into()
        }
        Verdict::Unknown => match report.digest_by_length {
            Some(digest) => format!("of the length of {digest}'s; no key to check it with"),
            None => "of no known length; no key to check it with".into(),
        },
        Verdict::Holds { key } if report.signed_at_secs.is_none() => format!("holds, with {key}"),
        Verdict::Holds { key } => {
            let age = report.now_secs.saturating_sub(report.signed_at_secs.unwrap_or_default());
            let left = u64::try_from(report.lifetime_secs).unwrap_or_default().saturating_sub(age);
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
        Verdict::Unsigned if report.kind == Kind::FlaskSessionId => {
            "none: Flask-Session signs ids only with SESSION_USE_SIGNER".into()
        }
        Verdict::Unsigned => "none: there is no `.` in it".into(),
        Verdict::NotACookie { byte, at_byte } => format!(
            "none to check: no cookie has {} in its value, here at byte {at_byte}; something else was copied with it",
            match byte {
                b' ' => "a blank".into(),
                b'\n' | b'\r' => "a line end".into(),
                b'\t' => "a tab".into(),
                b'"' => "a quote".into(),
                b'!'..=b'~' => format!("`{}`", char::from(*byte)),
                _ => format!("the byte 0x{byte:02x}"),
            }
        ),
        Verdict::Mismatch { holds_with } if !holds_with.is_empty() => {
            return std::iter::once("does not hold as asked for; it does with".into())
                .chain(holds_with.iter().map(|way| {
                    format!(
                        "  {}, salt {}, derivation {}, digest {}",
                        way.key.name,
                        string(&way.salt_text()),
                        way.derivation_name(),
                        way.digest.name()
                    )
                }))
                .collect();
        }
        Verdict::Mismatch { .. } if report.kind == Kind::RememberToken => {
            "does not hold: another key, or it was changed; Flask-Login knows no fallback keys".into()
        }
        Verdict::Mismatch { .. } => {
            let mut text = String::from(
                "does not hold, with no salt, derivation and digest known here: another key, or it was changed",
            );
            match report.digest_by_length {
                None => text.push_str("; it has no known length, so it was cut short or added to"),
                Some(digest) if !DIGESTS.iter().any(|known| known.name() == digest) => {
                    let _ = write!(text, "; it has the length of {digest}'s, which was not tried");
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

/// One entry of a dict on each line, and what is too long for a line in as many as it takes.
pub(crate) fn outermost(value: &OwnedValue) -> String {
    match value {
        OwnedValue::Dict(entries) if !entries.is_empty() => broken(value, 0),
        value => repr(value),
    }
}

/// The value in lines of its items.
fn broken(value: &OwnedValue, indent: usize) -> String {
    let (open, items, close): (_, Vec<(String, &OwnedValue)>, _) = match value {
        OwnedValue::Dict(entries) => {
            ("{", entries.iter().map(|(key, value)| (format!("{}: ", string(key)), value)).collect(), "}")
        }
        OwnedValue::List(items) => ("[", items.iter().map(|item| (String::new(), item)).collect(), "]"),
        OwnedValue::Tuple(items) => ("(", items.iter().map(|item| (String::new(), item)).collect(), ")"),
        value => return repr(value),
    };
    let inside = indent + 4;
    let lines = items.iter().map(|(key, item)| {
        let line = repr(item);
        let fits = inside + key.chars().count() + line.chars().count() < WIDTH;
        let line = if fits { line } else { broken(item, inside) };
        format!("{:inside$}{key}{line},\n", "")
    });
    format!("{open}\n{}{:indent$}{close}", lines.collect::<String>(), "")
}
