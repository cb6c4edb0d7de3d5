//! The report for programs; the README lists its keys.

use serde_json::{Map, Value as Json, json};

use crate::{
    report::{Inspection, Payload, Report},
    signature::{Verdict, Way},
    text::date,
    typed,
};

/// Goes up when a key goes away or changes its meaning.
const SCHEMA: u32 = 1;

/// The first cookie, which counts, with the others in it.
pub(crate) fn inspection(inspection: &Inspection) -> Json {
    let [first, others @ ..] = &inspection.reports[..] else { return Json::Null };
    let mut fields = report(first);
    fields.insert("others".into(), others.iter().map(report).map(Json::Object).collect());
    fields.insert("pasted_notes".into(), json!(inspection.notes));
    Json::Object(fields)
}

pub(crate) fn report(report: &Report) -> Map<String, Json> {
    let cookie = json!({
        "name": report.name,
        "len_bytes": report.len_bytes,
        "field_lens_bytes": report.field_lens_bytes,
        "header_len_bytes": report.header_len_bytes,
        "limit_bytes": report.limit_bytes,
        "fits": report.header_len_bytes <= report.limit_bytes,
    });
    let age_secs = report.signed_at_secs.map(|at| i128::from(report.now_secs) - i128::from(at));
    let entries = report.entries.iter().map(|(key, sentence)| json!({"key": key, "sentence": sentence}));
    [
        ("schema", SCHEMA.into()),
        ("kind", report.kind.name().into()),
        ("kind_sentence", report.kind.sentence().into()),
        ("entries", entries.collect()),
        ("notes", json!(report.notes)),
        ("config", json!(report.config)),
        ("cookie", cookie),
        ("payload", report.payload.as_ref().map(payload).into()),
        ("timestamp", report.signed_at_secs.into()),
        ("date", report.signed_at_secs.map(date).into()),
        ("age_secs", json!(age_secs)),
        ("signature", signature(report)),
        ("hipflask", report.hipflask().into()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}

fn payload(payload: &Payload) -> Json {
    json!({
        "compressed": payload.compressed,
        "len_bytes": payload.len_bytes,
        "text_len_bytes": payload.text_len_bytes,
        "capacity_bytes": payload.capacity_bytes,
        "entry_lens_bytes": payload.entry_lens_bytes(),
        "value": payload.value.as_ref().ok().map(typed::to_json),
        "error": payload.value.as_ref().err().map(ToString::to_string),
    })
}

fn signature(report: &Report) -> Json {
    let nothing: &[Way] = &[];
    let (state, key, by_secs, holds_with) = match &report.verdict {
        Verdict::Unknown => ("unknown", None, None, nothing),
        Verdict::Holds { key } => ("holds", Some(key), None, nothing),
        Verdict::Expired { key, by_secs } => ("expired", Some(key), Some(by_secs), nothing),
        Verdict::Future { key, by_secs } => ("future", Some(key), Some(by_secs), nothing),
        Verdict::Untimed { key } => ("untimed", Some(key), None, nothing),
        Verdict::OutOfRange { key } => ("out_of_range", Some(key), None, nothing),
        Verdict::Mismatch { holds_with } => ("mismatch", None, None, holds_with.as_slice()),
        Verdict::Unsigned => ("unsigned", None, None, nothing),
        Verdict::NotACookie { .. } => ("not_a_cookie", None, None, nothing),
    };
    let way = |way: &Way| {
        json!({
            "key": way.key.name,
            "salt": way.salt_text(),
            "derivation": way.derivation_name(),
            "digest": way.digest.name(),
        })
    };
    json!({
        "state": state,
        "sentences": report.signature_sentences(),
        "key": key,
        "by_secs": by_secs,
        "digest_by_length": report.digest_by_length,
        "holds_with": holds_with.iter().map(way).collect::<Vec<_>>(),
    })
}
