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
//! | `ext` | an extension of msgpack: a typed list of its number and its bytes |

use std::fmt;

use hipflask::{
    backends::alloc::OwnedValue,
    json::{DateTime, Uuid},
};
use serde_json::{Value as Json, json};

use crate::{key::from_hex, python::fields};

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
        OwnedValue::Custom { value, .. } => ("ext", to_json(value)),
        _ => return Json::Null,
    };
    json!({"t": name, "v": value})
}

/// Why a value with its type cannot be read: what was found, as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotTyped(String);

impl fmt::Display for NotTyped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no value with its type: {}", self.0)
    }
}

impl std::error::Error for NotTyped {}

/// Whether it is a value with its type: an object of `t`, and of `v` but for `null`.
#[must_use]
pub fn is_typed(json: &Json) -> bool {
    let fields = json.as_object().map(|object| object.keys().map(String::as_str).collect::<Vec<_>>());
    matches!(fields.as_deref(), Some(["t", "v"])) && json.get("t").is_some_and(|name| name == "dict")
        || *json == json!({"t": "null"})
}

/// The value of what [`to_json`] writes.
///
/// ```
/// use hipflask_inspect::typed;
///
/// let typed = serde_json::json!({"t": "tuple", "v": [{"t": "int", "v": "1"}, {"t": "bytes", "v": "00ff"}]});
/// let value = typed::from_json(&typed)?;
/// assert_eq!(hipflask_inspect::python::repr(&value), r"(1, b'\x00\xff')");
/// assert_eq!(typed::to_json(&value), typed);
/// # Ok::<(), typed::NotTyped>(())
/// ```
///
/// # Errors
/// When a type is not known, or its value is of another form.
pub fn from_json(json: &Json) -> Result<OwnedValue, NotTyped> {
    read(json).ok_or_else(|| {
        let text = json.to_string();
        let cut = text.char_indices().nth(60).map(|(at, _)| at);
        NotTyped(cut.and_then(|at| text.get(..at)).map_or(text.clone(), |start| format!("{start}…")))
    })?
}

/// `None` if this value is at fault, an error if one inside of it is.
fn read(json: &Json) -> Option<Result<OwnedValue, NotTyped>> {
    let value = json.get("v");
    let text = || value?.as_str();
    let items = || value?.as_array();
    let all = |items: &Vec<Json>| items.iter().map(from_json).collect::<Result<Vec<_>, _>>();
    Some(Ok(match json.get("t")?.as_str()? {
        "null" => OwnedValue::Null,
        "bool" => OwnedValue::Bool(value?.as_bool()?),
        "int" => int(text()?)?,
        "float" => OwnedValue::Float(f64::from_bits(u64::from_str_radix(text()?, 16).ok()?)),
        "str" => OwnedValue::Str(text()?.into()),
        "markup" => OwnedValue::Markup(text()?.into()),
        "bytes" => OwnedValue::Bytes(from_hex(text()?.as_bytes())?),
        "uuid" => OwnedValue::Uuid(Uuid::from_hex(text()?)?),
        "datetime" => OwnedValue::DateTime(date_time(json)?),
        "list" => return Some(all(items()?).map(OwnedValue::List)),
        "tuple" => return Some(all(items()?).map(OwnedValue::Tuple)),
        "dict" => {
            let entries = items()?.iter().map(|entry| match entry.as_array().map(Vec::as_slice) {
                Some([Json::String(key), value]) => Ok((key.clone(), from_json(value)?)),
                _ => Err(NotTyped(entry.to_string())),
            });
            return Some(entries.collect::<Result<_, _>>().map(OwnedValue::Dict));
        }
        _ => return None,
    }))
}

fn int(digits: &str) -> Option<OwnedValue> {
    let bare = digits.strip_prefix('-').unwrap_or(digits);
    let is_number = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
    let is_canonical = is_number && (bare == "0" || !bare.starts_with('0'));
    is_canonical.then(|| digits.parse().map_or_else(|_| OwnedValue::BigInt(digits.into()), OwnedValue::Int))
}

fn date_time(json: &Json) -> Option<DateTime> {
    let text = json.get("v")?.as_str()?;
    let [date, time] = text.split('T').collect::<Vec<_>>().try_into().ok()?;
    let [year, month, day]: [&str; 3] = date.split('-').collect::<Vec<_>>().try_into().ok()?;
    let month = month.parse::<usize>().ok()?.checked_sub(1)?;
    let month = "JanFebMarAprMayJunJulAugSepOctNovDec".get(month * 3..month * 3 + 3)?;
    // Whoever reads an HTTP date does not look at the day of the week.
    let date = DateTime::parse_http_date(&format!("Mon, {day} {month} {year} {time} GMT"))?;
    let off_secs = json.get("off").map_or(Some(0), Json::as_i64)?;
    let micros = json.get("us").map_or(Some(0), Json::as_u64)?;
    DateTime::new(date.unix_secs().checked_sub(off_secs)?, u32::try_from(micros).ok()?)
}
