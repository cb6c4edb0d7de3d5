//! The protocol's typed values, from and to the crate's.

use hipflask::{
    json::{BigInt, DateTime, Kind, Markup, Uuid, Value},
    signing::{KeyDerivation, Sha256, with_derived_key},
};
use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeMap as _, SerializeSeq as _, SerializeTuple as _},
};
use serde_json::{Value as Json, json};

use super::request::{from_hex, hex};

/// Longer text and bytes are summarised.
const LONG: usize = 4096;
/// Longer lists are summarised.
const WIDE: usize = 2000;
/// Longer chains of one-element containers are summarised.
const NEST: usize = 40;

/// A typed value of a request, to be serialized.
pub struct Typed<'a>(pub &'a Json);

impl Serialize for Typed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = &self.0["v"];
        if let Some(text) = self.0.as_str() {
            return serializer.serialize_str(text);
        }
        let text = value.as_str().unwrap_or_default();
        let bytes = || from_hex(text).map_err(|_| S::Error::custom("hex"));
        match self.0["t"].as_str().unwrap_or_default() {
            "null" => serializer.serialize_none(),
            "bool" => serializer.serialize_bool(value.as_bool().unwrap_or_default()),
            "int" => BigInt(text).serialize(serializer),
            "float" => {
                let bits = u64::from_str_radix(text, 16).map_err(S::Error::custom)?;
                serializer.serialize_f64(f64::from_bits(bits))
            }
            "str" => serializer.serialize_str(text),
            "markup" => Markup(text).serialize(serializer),
            "bytes" => serializer.serialize_bytes(&bytes()?),
            "uuid" => Uuid::from_hex(text).ok_or_else(|| S::Error::custom("uuid"))?.serialize(serializer),
            "datetime" => utc(self.0).ok_or_else(|| S::Error::custom("date"))?.serialize(serializer),
            "list" => {
                let mut list = serializer.serialize_seq(None)?;
                for item in items(self.0) {
                    list.serialize_element(&Typed(item))?;
                }
                list.end()
            }
            "tuple" => {
                let mut tuple = serializer.serialize_tuple(items(self.0).len())?;
                for item in items(self.0) {
                    tuple.serialize_element(&Typed(item))?;
                }
                tuple.end()
            }
            "dict" => {
                let mut map = serializer.serialize_map(None)?;
                for entry in items(self.0) {
                    // Only text can be a key: any other typed value is refused.
                    map.serialize_entry(&Typed(&entry[0]), &Typed(&entry[1]))?;
                }
                map.end()
            }
            "nest" => Nest {
                kind: self.0["kind"].as_str().unwrap_or_default(),
                depth: self.0["depth"].as_u64().unwrap_or_default(),
                leaf: value,
            }
            .serialize(serializer),
            _ => Err(S::Error::custom("a type that only Python has")),
        }
    }
}

pub fn items(value: &Json) -> &[Json] {
    value["v"].as_array().map_or(&[], Vec::as_slice)
}

/// So many containers around a value.
struct Nest<'a> {
    kind: &'a str,
    depth: u64,
    leaf: &'a Json,
}

impl Serialize for Nest<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(depth) = self.depth.checked_sub(1) else { return Typed(self.leaf).serialize(serializer) };
        let kind = match self.kind {
            "mixed" => ["list", "dict", "tuple"][depth as usize % 3],
            kind => kind,
        };
        let inner = Nest { depth, ..*self };
        match kind {
            "list" => [inner].as_slice().serialize(serializer),
            "tuple" => (inner,).serialize(serializer),
            _ => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("k", &inner)?;
                map.end()
            }
        }
    }
}

/// The moment that a typed datetime is, cut to the second.
pub fn utc(value: &Json) -> Option<DateTime> {
    let mut fields = value["v"].as_str()?.split(['-', 'T', ':']).map(|field| field.parse::<i64>().ok());
    let mut next = || fields.next().flatten();
    let (year, month, day, hour, minute, second) = (next()?, next()?, next()?, next()?, next()?, next()?);
    // Days since 1970-01-01 in the proleptic Gregorian calendar, years from March.
    let from_march = (month + 9) % 12;
    let years = if month <= 2 { year - 1 } else { year };
    let leap_days = years.div_euclid(4) - years.div_euclid(100) + years.div_euclid(400);
    let days = years * 365 + leap_days + (from_march * 153 + 2) / 5 + day - 1 - 719_468;
    let local = ((days * 24 + hour) * 60 + minute) * 60 + second;
    DateTime::from_unix_secs(local - value["off"].as_i64().unwrap_or_default())
}

/// A date that was read.
pub fn date(date: DateTime) -> Json {
    // Ddd, DD Mon YYYY HH:MM:SS GMT
    let text = date.to_string();
    let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let month = months.find(&text[8..11]).unwrap_or_default() / 3 + 1;
    let moment = format!("{}-{month:02}-{}T{}", &text[12..16], &text[5..7], &text[17..25]);
    json!({"t": "datetime", "v": moment, "us": 0, "off": 0})
}

/// A value that was read, with the summaries of the protocol.
pub fn typed(value: Value<'_>) -> Json {
    let (kind, depth, leaf) = chain(value);
    if depth > NEST {
        return json!({"t": "nest", "kind": kind, "depth": depth, "v": typed(leaf)});
    }
    match value.kind() {
        Kind::Null => json!({"t": "null"}),
        Kind::Bool(value) => json!({"t": "bool", "v": value}),
        Kind::Number(number) if number.is_integer() => json!({"t": "int", "v": number.as_str()}),
        Kind::Number(number) => json!({"t": "float", "v": format!("{:016x}", number.as_f64().to_bits())}),
        Kind::Str(text) => summary("str", text.as_bytes(), text.into()),
        Kind::Markup(text) => summary("markup", text.as_bytes(), text.into()),
        Kind::Bytes(bytes) => {
            let bytes: Vec<u8> = bytes.iter().collect();
            summary("bytes", &bytes, hex(&bytes).into())
        }
        Kind::Uuid(uuid) => json!({"t": "uuid", "v": uuid.to_string()}),
        Kind::DateTime(value) => date(value),
        Kind::List(list) => sequence("list", &list.iter().collect::<Vec<_>>()),
        Kind::Tuple(list) => sequence("tuple", &list.iter().collect::<Vec<_>>()),
        Kind::Dict(dict) => entries(dict.iter()),
        // The custom tag of the protocol: a list of pairs that becomes a dict.
        Kind::Custom { value, .. } => entries(pairs(value).into_iter().flatten()),
        _ => Json::Null,
    }
}

pub fn entries<'a>(entries: impl Iterator<Item = (&'a str, Value<'a>)>) -> Json {
    json!({"t": "dict", "v": entries.map(|(key, value)| json!([key, typed(value)])).collect::<Vec<_>>()})
}

/// A dict whose one key is `k`, which may be the outermost of a chain.
pub fn under_k(inner: Value<'_>) -> Json {
    match chain(inner) {
        ("dict", depth, leaf) if depth >= NEST => {
            json!({"t": "nest", "kind": "dict", "depth": depth + 1, "v": typed(leaf)})
        }
        _ => entries(std::iter::once(("k", inner))),
    }
}

/// The pairs that tag ` od` holds: later ones of the same key win.
pub fn pairs(value: Value<'_>) -> Option<Vec<(&str, Value<'_>)>> {
    let Kind::List(list) = value.kind() else { return None };
    let mut pairs: Vec<(&str, Value<'_>)> = Vec::new();
    for pair in list {
        let (Kind::List(pair) | Kind::Tuple(pair)) = pair.kind() else { return None };
        let (Some(key), Some(value), None) = (pair.get(0), pair.get(1), pair.get(2)) else { return None };
        let Kind::Str(key) = key.kind() else { return None };
        match pairs.iter_mut().find(|(other, _)| *other == key) {
            Some(entry) => entry.1 = value,
            None => pairs.push((key, value)),
        }
    }
    Some(pairs)
}

fn sequence(name: &str, items: &[Value<'_>]) -> Json {
    match items {
        [first, .., last] if items.len() > WIDE => {
            json!({"t": name, "len": items.len(), "first": typed(*first), "last": typed(*last)})
        }
        _ => json!({"t": name, "v": items.iter().map(|item| typed(*item)).collect::<Vec<_>>()}),
    }
}

fn summary(name: &str, bytes: &[u8], whole: Json) -> Json {
    let len = match &whole {
        Json::String(text) if name != "bytes" => text.chars().count(),
        _ => bytes.len(),
    };
    if len > LONG {
        json!({"t": name, "len": len, "sha256": sha256(bytes)})
    } else {
        json!({"t": name, "v": whole})
    }
}

/// SHA-256, which the crate offers as a key derivation: the hash of salt and secret.
pub fn sha256(bytes: &[u8]) -> String {
    with_derived_key::<Sha256, _>(KeyDerivation::Concat, bytes, b"", hex).unwrap_or_default()
}

/// The one element of a container, and what kind of container it is.
fn single(value: Value<'_>) -> Option<(&'static str, Value<'_>)> {
    match value.kind() {
        Kind::List(list) => list.get(0).filter(|_| list.len() == 1).map(|inner| ("list", inner)),
        Kind::Tuple(list) => list.get(0).filter(|_| list.len() == 1).map(|inner| ("tuple", inner)),
        Kind::Dict(dict) => dict.get("k").filter(|_| dict.len() == 1).map(|inner| ("dict", inner)),
        _ => None,
    }
}

/// The chain of one-element containers of one kind that `value` begins with.
fn chain(value: Value<'_>) -> (&'static str, usize, Value<'_>) {
    let (mut leaf, mut depth) = (value, 0);
    let Some((kind, _)) = single(value) else { return ("", 0, value) };
    while let Some((other, inner)) = single(leaf)
        && other == kind
    {
        leaf = inner;
        depth += 1;
    }
    (kind, depth, leaf)
}
