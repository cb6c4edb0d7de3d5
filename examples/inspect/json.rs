//! The report for programs; `--help` lists its keys.

use hipflask::backends::alloc::OwnedValue;
use serde_json::{Value as Json, json};

use crate::{
    report::{Payload, Report},
    signature::{Verdict, Way},
    text::{date, fields},
};

/// The first one, which counts, with the others in it.
pub fn reports(reports: &[Report]) -> Json {
    let [first, others @ ..] = reports else { return Json::Null };
    let mut json = report(first);
    json["others"] = others.iter().map(report).collect();
    json
}

pub fn report(report: &Report) -> Json {
    json!({
        "cookie": {
            "name": report.name,
            "len_bytes": report.len_bytes,
            "header_len_bytes": report.header_len_bytes,
            "limit_bytes": report.limit_bytes,
            "fits": report.header_len_bytes <= report.limit_bytes,
        },
        "payload": report.payload.as_ref().map(payload),
        "timestamp": report.signed_at_secs,
        "date": report.signed_at_secs.map(date),
        "age_secs": report.signed_at_secs.map(|at| i128::from(report.now_secs) - i128::from(at)),
        "signature": signature(report),
        "hipflask": report.hipflask(),
    })
}

fn payload(payload: &Payload) -> Json {
    json!({
        "compressed": payload.compressed,
        "len_bytes": payload.len_bytes,
        "text_len_bytes": payload.text_len_bytes,
        "capacity_bytes": payload.capacity_bytes,
        "value": payload.value.as_ref().ok().map(typed),
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
    };
    let way = |way: &Way| json!({"key": way.key, "salt": way.salt, "derivation": way.derivation, "digest": way.digest});
    json!({
        "state": state,
        "key": key,
        "by_secs": by_secs,
        "digest_by_length": report.digest_by_length,
        "holds_with": holds_with.iter().map(way).collect::<Vec<_>>(),
    })
}

/// A value with its type, as the tests' oracle writes it.
fn typed(value: &OwnedValue) -> Json {
    let all = |items: &[OwnedValue]| items.iter().map(typed).collect::<Vec<_>>();
    let (name, value) = match value {
        OwnedValue::Null => return json!({"t": "null"}),
        OwnedValue::Bool(value) => ("bool", json!(value)),
        OwnedValue::Int(value) => ("int", json!(value.to_string())),
        OwnedValue::BigInt(digits) => ("int", json!(digits)),
        OwnedValue::Float(value) => ("float", json!(format!("{:016x}", value.to_bits()))),
        OwnedValue::Str(text) => ("str", json!(text)),
        OwnedValue::Markup(text) => ("markup", json!(text)),
        OwnedValue::List(items) => ("list", json!(all(items))),
        OwnedValue::Tuple(items) => ("tuple", json!(all(items))),
        OwnedValue::Dict(entries) => {
            ("dict", entries.iter().map(|(key, value)| json!([key, typed(value)])).collect())
        }
        OwnedValue::Bytes(bytes) => {
            ("bytes", json!(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
        }
        OwnedValue::Uuid(uuid) => ("uuid", json!(uuid.to_string())),
        OwnedValue::DateTime(value) => {
            let [year, month, day, hour, minute, second] = fields(*value);
            let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
            return json!({"t": "datetime", "v": text, "us": 0, "off": 0});
        }
        // No tag is registered here.
        _ => return Json::Null,
    };
    json!({"t": name, "v": value})
}
