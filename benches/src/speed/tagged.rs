//! A session's values as Rust values, by way of serde_json: Flask's tags are
//! read from the tree that it builds, and written while it writes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Serialize, Serializer};
use serde_json::{Number, Value};
use std::time::SystemTime;

/// A dict, its entries in the order of their keys.
pub type Dict = Vec<(String, Tagged)>;

pub enum Tagged {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Tagged>),
    Dict(Dict),
    Tuple(Vec<Tagged>),
    Bytes(Vec<u8>),
    Markup(String),
    Uuid(u128),
    DateTime(SystemTime),
}

/// The value at `key`.
pub fn get<'a>(dict: &'a Dict, key: &str) -> Option<&'a Tagged> {
    let position = dict.binary_search_by(|(other, _)| other.as_str().cmp(key)).ok()?;
    Some(&dict[position].1)
}

/// Puts a number into a session.
pub fn set(session: &mut Tagged, (key, number): (&str, u64)) {
    let Tagged::Dict(dict) = session else { panic!("a session") };
    let value = Tagged::Number(number.into());
    match dict.binary_search_by(|(other, _)| other.as_str().cmp(key)) {
        Ok(position) => dict[position].1 = value,
        Err(position) => dict.insert(position, (key.to_owned(), value)),
    }
}

/// What `value` stands for; `None` if a tag holds what it may not.
pub fn untag(value: Value) -> Option<Tagged> {
    Some(match value {
        Value::Null => Tagged::Null,
        Value::Bool(value) => Tagged::Bool(value),
        Value::Number(number) => Tagged::Number(number),
        Value::String(text) => Tagged::Text(text),
        Value::Array(items) => Tagged::List(untag_all(items)?),
        Value::Object(entries) if entries.len() == 1 => {
            let (key, value) = entries.into_iter().next()?;
            match (key.as_str(), value) {
                (" t", Value::Array(items)) => Tagged::Tuple(untag_all(items)?),
                (" b", Value::String(text)) => Tagged::Bytes(STANDARD.decode(text).ok()?),
                (" m", Value::String(text)) => Tagged::Markup(text),
                (" u", Value::String(text)) => Tagged::Uuid(u128::from_str_radix(&text, 16).ok()?),
                (" d", Value::String(text)) => Tagged::DateTime(httpdate::parse_http_date(&text).ok()?),
                (" di", Value::Object(entries)) => {
                    let (key, value) = entries.into_iter().next()?;
                    Tagged::Dict(vec![(key.strip_suffix("__")?.to_owned(), untag(value)?)])
                }
                (_, value) => Tagged::Dict(vec![(key, untag(value)?)]),
            }
        }
        Value::Object(entries) => Tagged::Dict(
            entries.into_iter().map(|(key, value)| Some((key, untag(value)?))).collect::<Option<_>>()?,
        ),
    })
}

fn untag_all(items: Vec<Value>) -> Option<Vec<Tagged>> {
    items.into_iter().map(untag).collect()
}

impl Serialize for Tagged {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Dict(entries) => match entries.as_slice() {
                [(key, value)] if matches!(key.as_str(), " t" | " b" | " m" | " u" | " d" | " di") => {
                    tag(serializer, " di", &Escaped { key, value })
                }
                _ => serializer.collect_map(entries.iter().map(|(key, value)| (key, value))),
            },
            Self::Tuple(items) => tag(serializer, " t", items),
            Self::Bytes(bytes) => tag(serializer, " b", &STANDARD.encode(bytes)),
            Self::Markup(text) => tag(serializer, " m", text),
            Self::Uuid(number) => tag(serializer, " u", &format_args!("{number:032x}")),
            Self::DateTime(time) => tag(serializer, " d", &httpdate::fmt_http_date(*time)),
        }
    }
}

/// The dict of a single entry whose key would read as a tag.
struct Escaped<'a> {
    key: &'a str,
    value: &'a Tagged,
}

impl Serialize for Escaped<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(format_args!("{}__", self.key), self.value)])
    }
}

fn tag<S: Serializer>(serializer: S, key: &str, value: &impl Serialize) -> Result<S::Ok, S::Error> {
    serializer.collect_map([(key, value)])
}
