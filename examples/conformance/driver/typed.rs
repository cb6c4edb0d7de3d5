//! The protocol's typed values, from and to the crate's.

use hipflask::{
    interface::server_side::EXT,
    json::{BigInt, DateTime, Kind, List, Markup, Uuid, Value},
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
        let inner = Nest { depth, ..*self };
        match nested_in(self.kind, depth) {
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

/// The moment that a typed datetime is.
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
    let micros = u32::try_from(value["us"].as_u64().unwrap_or_default()).ok()?;
    DateTime::new(local - value["off"].as_i64().unwrap_or_default(), micros)
}

/// A date that was read.
pub fn date(date: DateTime) -> Json {
    // Ddd, DD Mon YYYY HH:MM:SS GMT
    let text = date.to_string();
    let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let month = months.find(&text[8..11]).unwrap_or_default() / 3 + 1;
    let moment = format!("{}-{month:02}-{}T{}", &text[12..16], &text[5..7], &text[17..25]);
    json!({"t": "datetime", "v": moment, "us": date.subsec_micros(), "off": 0})
}

/// A value that was read, with the summaries of the protocol.
pub fn typed(value: Value<'_>) -> Json {
    summarised(&whole(value))
}

/// A value that was read.
pub fn whole(value: Value<'_>) -> Json {
    let items = |list: List<'_>| list.iter().map(whole).collect::<Vec<_>>();
    match value.kind() {
        Kind::Null => json!({"t": "null"}),
        Kind::Bool(value) => json!({"t": "bool", "v": value}),
        Kind::Number(number) if number.is_integer() => json!({"t": "int", "v": number.as_str()}),
        Kind::Number(number) => {
            // Behind the name of a NaN that is not Python's own stand its bits.
            let bits = number.as_str().strip_prefix("NaN").filter(|bits| !bits.is_empty());
            let bits = bits.map_or_else(|| format!("{:016x}", number.as_f64().to_bits()), str::to_owned);
            json!({"t": "float", "v": bits})
        }
        Kind::Str(text) => json!({"t": "str", "v": text}),
        Kind::Markup(text) => json!({"t": "markup", "v": text}),
        Kind::Bytes(bytes) => json!({"t": "bytes", "v": hex(&bytes.iter().collect::<Vec<u8>>())}),
        Kind::Uuid(uuid) => json!({"t": "uuid", "v": uuid.to_string()}),
        Kind::DateTime(value) => date(value),
        Kind::List(list) => json!({"t": "list", "v": items(list)}),
        Kind::Tuple(list) => json!({"t": "tuple", "v": items(list)}),
        // A key that is not text is a typed value too.
        Kind::Dict(dict) => {
            let key = |key: Value<'_>| key.as_str().map_or_else(|| whole(key), Json::from);
            let entries = dict.keys().zip(dict.iter().map(|(_, value)| value));
            json!({"t": "dict", "v": entries.map(|(name, value)| json!([key(name), whole(value)])).collect::<Vec<_>>()})
        }
        Kind::Custom { key: EXT, .. } => json!({"t": "other", "v": "Ext"}),
        // The custom tag of the protocol: a list of pairs that becomes a dict.
        Kind::Custom { value, .. } => whole_dict(pairs(value).into_iter().flatten()),
        _ => Json::Null,
    }
}

fn whole_dict<'a>(entries: impl Iterator<Item = (&'a str, Value<'a>)>) -> Json {
    json!({"t": "dict", "v": entries.map(|(key, value)| json!([key, whole(value)])).collect::<Vec<_>>()})
}

/// Entries that were read, as the dict that they are.
pub fn dict<'a>(entries: impl Iterator<Item = (&'a str, Value<'a>)>) -> Json {
    summarised(&whole_dict(entries))
}

/// A value of a request, as Python gives it back: spelled one way, and summarised.
pub fn echo(value: &Json) -> Json {
    summarised(&respelled(value))
}

fn respelled(value: &Json) -> Json {
    let text = || value["v"].as_str().unwrap_or_default();
    let kind = value["t"].as_str().unwrap_or_default();
    match kind {
        "list" | "tuple" => json!({"t": kind, "v": items(value).iter().map(respelled).collect::<Vec<_>>()}),
        "dict" => {
            // Of equal keys the first place and the last value stay.
            let mut entries: Vec<(&Json, Json)> = Vec::new();
            for entry in items(value) {
                match entries.iter_mut().find(|(key, _)| **key == entry[0]) {
                    Some((_, value)) => *value = respelled(&entry[1]),
                    None => entries.push((&entry[0], respelled(&entry[1]))),
                }
            }
            json!({"t": "dict", "v": entries})
        }
        "nest" => {
            let depth = value["depth"].as_u64().unwrap_or_default();
            let name = value["kind"].as_str().unwrap_or_default();
            (0..depth).fold(respelled(&value["v"]), |inner, level| match nested_in(name, level) {
                "dict" => json!({"t": "dict", "v": [["k", inner]]}),
                kind => json!({"t": kind, "v": [inner]}),
            })
        }
        "datetime" => {
            json!({"t": kind, "v": text(), "us": value["us"].as_u64().unwrap_or(0), "off": value["off"]})
        }
        "uuid" => json!({"t": kind, "v": Uuid::from_hex(text()).map(|uuid| uuid.to_string())}),
        "float" | "bytes" => json!({"t": kind, "v": text().to_ascii_lowercase()}),
        _ => value.clone(),
    }
}

/// The kind of the container at a level of a nest, counted from within.
fn nested_in(kind: &str, level: u64) -> &str {
    if kind == "mixed" { ["list", "dict", "tuple"][level as usize % 3] } else { kind }
}

/// A value with what is long cut short.
fn summarised(value: &Json) -> Json {
    let (kind, depth, leaf) = chain(value);
    if depth > NEST {
        return json!({"t": "nest", "kind": kind, "depth": depth, "v": summarised(leaf)});
    }
    let kind = value["t"].as_str().unwrap_or_default();
    let text = value["v"].as_str().unwrap_or_default();
    match (kind, items(value)) {
        ("str" | "markup", _) if text.chars().count() > LONG => {
            json!({"t": kind, "len": text.chars().count(), "sha256": sha256(text.as_bytes())})
        }
        ("bytes", _) if text.len() > 2 * LONG => {
            let bytes = from_hex(text).unwrap_or_default();
            json!({"t": kind, "len": bytes.len(), "sha256": sha256(&bytes)})
        }
        ("list" | "tuple", items @ [first, .., last]) if items.len() > WIDE => {
            json!({"t": kind, "len": items.len(), "first": summarised(first), "last": summarised(last)})
        }
        ("list" | "tuple", items) => {
            json!({"t": kind, "v": items.iter().map(summarised).collect::<Vec<_>>()})
        }
        ("dict", entries) => {
            let entry = |entry: &Json| json!([entry[0], summarised(&entry[1])]);
            json!({"t": kind, "v": entries.iter().map(entry).collect::<Vec<_>>()})
        }
        _ => value.clone(),
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

/// SHA-256, which the crate offers as a key derivation: the hash of salt and secret.
pub fn sha256(bytes: &[u8]) -> String {
    with_derived_key::<Sha256, _>(KeyDerivation::Concat, bytes, b"", hex).unwrap_or_default()
}

/// The one element of a container, and what kind of container it is.
fn single(value: &Json) -> Option<(&str, &Json)> {
    match (value["t"].as_str()?, items(value)) {
        (kind @ ("list" | "tuple"), [inner]) => Some((kind, inner)),
        ("dict", [entry]) if entry[0] == "k" => Some(("dict", &entry[1])),
        _ => None,
    }
}

/// The chain of one-element containers of one kind that `value` begins with.
fn chain(value: &Json) -> (&str, usize, &Json) {
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
