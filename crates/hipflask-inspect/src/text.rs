//! The report for people.

use std::fmt::Write as _;

use hipflask::{Error, backends::alloc::OwnedValue, json::DateTime};

use crate::{
    python::{repr, string},
    report::{Payload, Report},
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

pub(crate) fn reports(reports: &[Report], palette: &Palette) -> String {
    if let [report] = reports {
        return self::report(report, palette);
    }
    let count = reports.len();
    let name = reports.first().map_or("", |report| &report.name);
    let mut out = format!(
        "{count} cookies called {name}: the first one counts. The others are behind it until it is\n\
         deleted, with the Domain and the Path that it was set with.\n"
    );
    for (index, report) in reports.iter().enumerate() {
        let _ = write!(out, "\n{} of {count}\n{}", index + 1, self::report(report, palette));
    }
    out
}

fn report(report: &Report, palette: &Palette) -> String {
    let mut out = String::new();
    let Palette { label, reset, .. } = palette;
    let mut line = |name: &str, text: String| out.push_str(&format!("{label}{name:<11}{reset}{text}\n"));
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
pub(crate) fn date(secs: u64) -> String {
    let date = i64::try_from(secs).ok().and_then(DateTime::from_unix_secs);
    date.map_or_else(|| "after the year 9999".into(), |date| date.to_string())
}

fn signature(report: &Report) -> Vec<String> {
    let lasts = || match u64::try_from(report.lifetime_secs) {
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

/// One entry of a dict on each line.
fn outermost(value: &OwnedValue) -> String {
    match value {
        OwnedValue::Dict(entries) if !entries.is_empty() => {
            let lines = entries.iter().map(|(key, value)| format!("    {}: {},\n", string(key), repr(value)));
            format!("{{\n{}}}", lines.collect::<String>())
        }
        value => repr(value),
    }
}
