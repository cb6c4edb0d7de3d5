//! A value with its type, as JSON: `{"t": type, "v": value}`.
//!
//! | `t` | `v` |
//! |---|---|
//! | `null` | none |
//! | `bool` | `true`, `false` |
//! | `int` | decimal text, of any length |
//! | `float` | 16 hex digits: the IEEE 754 double, big-endian |
//! | `str`, `markup` | text |
//! | `bytes` | hex |
//! | `uuid` | 32 hex digits |
//! | `datetime` | `YYYY-MM-DDTHH:MM:SS`, with `us` (microseconds) and `off` (seconds from UTC: 0) |
//! | `list`, `tuple` | array of typed values |
//! | `dict` | array of `[key, value]` |

use hipflask::backends::alloc::OwnedValue;
use serde_json::{Value as Json, json};

use crate::python::fields;

/// The value with its type.
#[must_use]
pub fn to_json(value: &OwnedValue) -> Json {
    let all = |items: &[OwnedValue]| items.iter().map(to_json).collect::<Vec<_>>();
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
            ("dict", entries.iter().map(|(key, value)| json!([key, to_json(value)])).collect())
        }
        OwnedValue::Bytes(bytes) => {
            ("bytes", json!(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
        }
        OwnedValue::Uuid(uuid) => ("uuid", json!(uuid.to_string())),
        OwnedValue::DateTime(value) => {
            let micros = value.subsec_micros();
            let [year, month, day, hour, minute, second] = fields(*value);
            let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
            return json!({"t": "datetime", "v": text, "us": micros, "off": 0});
        }
        // No tag is registered here.
        _ => return Json::Null,
    };
    json!({"t": name, "v": value})
}
