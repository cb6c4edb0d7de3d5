//! Plain JSON read straight into Rust types: itsdangerous' tokens both ways, and
//! errors in place of what `serde-json-core` would make of the rest.
#![cfg(feature = "compact-json")]

mod common;

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Debug,
};

use common::{Random, VecSink, mutated};
use hipflask::{
    UnixTime, clock_fn,
    error::{Error, PayloadError},
    json::{BigInt, Bytes, CompactJson, Custom, DateTime, Encode, MAX_DEPTH, Markup, Uuid},
    signing::{KeyDerivation, Keyring, Signer, UrlSafeSerializer, UrlSafeTimedSerializer},
};
use serde::{
    Deserialize, Serialize, Serializer,
    de::{DeserializeOwned, IgnoredAny},
};

/// What `tests/data/compact/generate.py` signed with.
const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

fn clock() -> Result<UnixTime, Error> {
    Ok(NOW)
}

fn keys() -> Keyring {
    Keyring::new(b"secret", b"compact", KeyDerivation::DjangoConcat)
}

fn dumps(value: &dyn Encode, timed: bool) -> Result<String, Error> {
    let mut scratch = vec![0; 4096];
    let mut sink = VecSink::default();
    if timed {
        UrlSafeTimedSerializer::new(keys(), CompactJson).dumps(
            value,
            &clock_fn(clock),
            &mut scratch,
            &mut sink,
        )?;
    } else {
        UrlSafeSerializer::new(keys(), CompactJson).dumps(value, &mut scratch, &mut sink)?;
    }
    Ok(String::from_utf8(sink.0).unwrap())
}

fn loads<T: DeserializeOwned>(token: &str, timed: bool) -> Result<T, Error> {
    let mut scratch = vec![0; token.len().max(2048)];
    Ok(if timed {
        let loaded = UrlSafeTimedSerializer::new(keys(), CompactJson).loads::<T>(
            token.as_bytes(),
            Some(0),
            &clock_fn(clock),
            &mut scratch,
        )?;
        assert_eq!(loaded.timestamp_secs, NOW.secs());
        loaded.value
    } else {
        UrlSafeSerializer::new(keys(), CompactJson).loads(token.as_bytes(), &mut scratch)?
    })
}

/// A token with `text` as its payload.
fn signed(text: &[u8]) -> String {
    let mut sink = VecSink::default();
    let payload = base64url(text);
    Signer::new(keys()).sign(payload.as_bytes(), &mut sink).unwrap();
    String::from_utf8(sink.0).unwrap()
}

fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits =
            group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for digit in 0..=group.len() {
            text.push(ALPHABET[(bits >> (18 - 6 * digit) & 63) as usize].into());
        }
    }
    text
}

fn reads<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    loads(&signed(text.as_bytes()), false)
}

/// `text` is no `T`.
#[track_caller]
fn wrong<T: DeserializeOwned + Debug>(text: &str) {
    assert!(reads::<T>(text).map(|_| ()).is_err_and(Error::is_wrong_type), "{text}");
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Reset {
    user: u64,
    email: String,
    once: bool,
    next: Option<String>,
    seen: Vec<u8>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Choice {
    Nothing,
    Number(i64),
    Pair(i64, String),
    Named { a: f64 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Nested(Vec<Nested>);

// ---- tokens

#[derive(Deserialize)]
struct Token {
    r#type: String,
    timed: bool,
    json: String,
    token: String,
    plain: Option<String>,
}

impl Token {
    /// The token is `T`'s, and `T` is the token's.
    fn both_ways<T: Serialize + DeserializeOwned + PartialEq + Debug>(&self) {
        let value: T = serde_json::from_str(&self.json).unwrap();
        assert_eq!(loads::<T>(&self.token, self.timed).as_ref(), Ok(&value));
        let plain = self.plain.as_ref().unwrap_or(&self.token);
        assert_eq!(dumps(&value, self.timed).as_ref(), Ok(plain));
    }
}

#[test]
fn tokens_are_those_of_itsdangerous_both_ways() {
    let mut count = 0;
    for line in include_str!("data/compact/tokens.jsonl").lines() {
        let token: Token = serde_json::from_str(line).unwrap();
        match token.r#type.as_str() {
            "i64" => token.both_ways::<i64>(),
            "u64" => token.both_ways::<u64>(),
            "f64" => token.both_ways::<f64>(),
            "text" => token.both_ways::<String>(),
            "char" => token.both_ways::<char>(),
            "reset" => token.both_ways::<Reset>(),
            "enum" => token.both_ways::<Choice>(),
            // Keys in the order they came in.
            "map" => token.both_ways::<heapless::LinearMap<String, u8, 8>>(),
            "tuple" => token.both_ways::<(i8, String, bool)>(),
            "list" => token.both_ways::<Vec<Option<f64>>>(),
            "nested" => token.both_ways::<Nested>(),
            other => panic!("{other}"),
        }
        count += 1;
    }
    assert_eq!(count, 828);
}

#[test]
fn a_token_is_checked_before_it_is_read() {
    let tokens = UrlSafeTimedSerializer::new(keys(), CompactJson);
    let token = dumps(&1, true).unwrap();
    let mut scratch = [0; 16];
    let mut load = |token: &str, at| {
        tokens
            .loads::<u8>(token.as_bytes(), Some(60), &clock_fn(|| Ok(UnixTime::from_secs(at))), &mut scratch)
            .map(|loaded| loaded.value)
            .map_err(|error| error.kind())
    };
    assert_eq!(load(&token, 1_700_000_060), Ok(1));
    assert_eq!(load(&token, 1_700_000_061), Err(Error::SignatureExpired));
    assert_eq!(load(&token, 1_699_999_999), Err(Error::SignatureFromFuture));
    assert_eq!(load(&token.replace("MQ.", "Mg."), 1_700_000_000), Err(Error::BadTimeSignature));
}

// ---- texts

#[derive(Deserialize)]
struct Text {
    text: String,
    ok: bool,
    why: Option<String>,
}

fn texts() -> impl Iterator<Item = Text> {
    include_str!("data/compact/texts.jsonl").lines().map(|line| serde_json::from_str(line).unwrap())
}

/// Read in a list, because `serde-json-core` skips nothing but what is in something.
#[test]
fn a_text_is_read_if_python_reads_it_or_refused_for_a_listed_reason() {
    for Text { text, ok, why } in texts() {
        let answer = reads::<(IgnoredAny,)>(&format!("[{text}]")).map(|_| ());
        // The list is one level more.
        let too_deep = text.matches(['[', '{']).count() >= MAX_DEPTH;
        match why.as_deref() {
            _ if too_deep => assert_eq!(answer, Err(Error::Depth), "{text}"),
            None if ok => assert_eq!(answer, Ok(()), "{text}"),
            None => assert!(answer.is_err(), "{text}"),
            Some("NaN" | "surrogate") => assert!(matches!(answer, Err(Error::BadPayload(_))), "{text}"),
            Some(other) => panic!("{other}"),
        }
    }
}

/// What is read is what another reader reads.
#[track_caller]
fn agrees<T: DeserializeOwned + PartialEq + Debug>(text: &str) {
    if let Ok(value) = reads::<T>(text) {
        assert_eq!(serde_json::from_str::<T>(text).ok(), Some(value), "{text}");
    }
}

#[test]
fn no_type_gets_another_value_than_the_text_has() {
    let tokens = include_str!("data/compact/tokens.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<Token>(line).unwrap().json);
    // serde_json takes the integer -0 for a float.
    for text in texts().map(|text| text.text).filter(|text| !text.contains("-0")).chain(tokens) {
        agrees::<()>(&text);
        agrees::<bool>(&text);
        agrees::<u8>(&text);
        agrees::<i64>(&text);
        agrees::<u128>(&text);
        agrees::<f64>(&text);
        agrees::<char>(&text);
        agrees::<String>(&text);
        agrees::<Option<i32>>(&text);
        agrees::<Vec<u16>>(&text);
        agrees::<(f64, String)>(&text);
        agrees::<Vec<Option<String>>>(&text);
        agrees::<BTreeMap<String, Vec<f32>>>(&text);
        agrees::<HashMap<u8, u8>>(&text);
        agrees::<Reset>(&text);
        agrees::<Choice>(&text);
        agrees::<Nested>(&text);
    }
    assert_eq!(reads::<i8>("-0"), Ok(0));
}

#[test]
fn no_text_panics() {
    let texts: Vec<String> = texts().map(|text| text.text).filter(|text| text.len() < 200).collect();
    let mut random = Random(54);
    for _ in 0..5_000 {
        let text = &texts[random.below(texts.len())];
        let other = &texts[random.below(texts.len())];
        let token = signed(&mutated(&mut random, text.as_bytes(), other.as_bytes()));
        let _ = loads::<Vec<IgnoredAny>>(&token, false);
        let _ = loads::<BTreeMap<String, IgnoredAny>>(&token, false);
        let _ = loads::<BTreeMap<u8, f64>>(&token, false);
        let _ = loads::<String>(&token, false);
        let _ = loads::<Reset>(&token, false);
        let _ = loads::<Choice>(&token, false);
    }
}

// ---- what serde-json-core does with it

#[test]
fn keys_are_text_or_integers_and_no_type_of_key_panics() {
    let text = r#"{"1":2}"#;
    assert_eq!(reads::<BTreeMap<String, u8>>(text), Ok([("1".into(), 2)].into()));
    assert_eq!(reads::<heapless::LinearMap<heapless::String<4>, u8, 4>>(text).unwrap()["1"], 2);
    assert_eq!(reads::<BTreeMap<char, u8>>(text), Ok([('1', 2)].into()));
    assert_eq!(reads::<BTreeMap<u32, u8>>(text), Ok([(1, 2)].into()));
    // However the digit is spelled: Python's key is the same.
    assert_eq!(reads::<BTreeMap<u32, u8>>(r#"{"\u0031":2}"#), Ok([(1, 2)].into()));
    for text in [r#"{"01":2}"#, r#"{"-0":2}"#, r#"{"1.0":2}"#, r#"{"":2}"#, r#"{"256":2}"#] {
        wrong::<BTreeMap<u8, u8>>(text);
    }
    wrong::<BTreeMap<i128, u8>>(text);
    wrong::<BTreeMap<bool, u8>>(text);
    wrong::<BTreeMap<(), u8>>(text);
    wrong::<BTreeMap<(u8, u8), u8>>(text);
    wrong::<BTreeMap<Vec<u8>, u8>>(text);
    wrong::<BTreeMap<BTreeMap<String, u8>, u8>>(text);
    // As itsdangerous writes them: text.
    assert_eq!(reads::<BTreeMap<String, u8>>(r#"{"10":2,"9":1}"#).unwrap().len(), 2);
    for (value, text) in [
        (&BTreeMap::from([(9, 1), (10, 2)]) as &dyn Encode, br#"{"9":1,"10":2}"#.as_slice()),
        (&BTreeMap::from([(true, 1)]), br#"{"true":1}"#),
    ] {
        assert_eq!(dumps(value, false), Ok(signed(text)));
    }
    assert_eq!(dumps(&BTreeMap::from([((), 2)]), false), Err(Error::NotSerializable));
}

/// What serde writes as text is text as a key too.
#[test]
fn keys_of_every_kind_that_is_text_are_read_again() {
    #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    struct Id(String);
    #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    enum Color {
        Red,
    }
    fn again<K: Ord + Debug + Serialize + DeserializeOwned>(key: K) {
        let map = BTreeMap::from([(key, 1)]);
        assert_eq!(loads(&dumps(&map, false).unwrap(), false), Ok(map));
    }
    again(Id("a".into()));
    again(Some(String::from("a")));
    again(Color::Red);
    again('a');
    wrong::<BTreeMap<Color, u8>>(r#"{"Blue":1}"#);
    wrong::<HashMap<Markup<String>, u8>>(r#"{"a":1}"#);
    let token = dumps(&BTreeMap::from([("a", 1)]), false).unwrap();
    assert!(
        UrlSafeSerializer::new(keys(), CompactJson)
            .loads::<Custom<'_, u8>>(token.as_bytes(), &mut [0; 64])
            .is_err()
    );
}

#[test]
fn neither_null_nor_what_is_too_large_is_a_float() {
    wrong::<f64>("1e999");
    wrong::<f64>(&"9".repeat(400));
    wrong::<f64>("null");
    wrong::<f32>("null");
    // A double, but no single.
    wrong::<f32>("1e39");
    wrong::<Vec<f64>>("[1.5,null]");
    assert_eq!(reads::<Option<f64>>("null"), Ok(None));
    assert_eq!(reads::<f32>("0.1"), Ok(0.1));
}

/// Inside of everything that holds a value, `null` is no float and a map's key may
/// be a `String`.
#[test]
fn what_is_inside_is_guarded_as_what_is_outside() {
    #[derive(Debug, PartialEq, Deserialize)]
    enum Holds<T> {
        New(T),
        Tuple(T, T),
        Struct { field: T },
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Field<T> {
        field: T,
    }
    type Map = BTreeMap<String, u8>;
    wrong::<Option<Vec<f64>>>("[null]");
    wrong::<BTreeMap<String, f64>>(r#"{"a":null}"#);
    wrong::<Field<f64>>(r#"{"field":null}"#);
    wrong::<Holds<f64>>(r#"{"New":null}"#);
    wrong::<Holds<f64>>(r#"{"Tuple":[1.5,null]}"#);
    wrong::<Holds<f64>>(r#"{"Struct":{"field":null}}"#);

    let map = || Map::from([("a".into(), 1)]);
    assert_eq!(reads::<Option<Map>>(r#"{"a":1}"#), Ok(Some(map())));
    assert_eq!(reads::<Field<Map>>(r#"{"field":{"a":1}}"#), Ok(Field { field: map() }));
    assert_eq!(reads::<Holds<Map>>(r#"{"New":{"a":1}}"#), Ok(Holds::New(map())));
    assert_eq!(reads::<Holds<Map>>(r#"{"Tuple":[{"a":1},{"a":1}]}"#), Ok(Holds::Tuple(map(), map())));
    assert_eq!(reads::<Holds<Map>>(r#"{"Struct":{"field":{"a":1}}}"#), Ok(Holds::Struct { field: map() }));
    assert_eq!(reads::<Choice>(r#"{"Nothing":null}"#), Ok(Choice::Nothing));
}

#[test]
fn what_cannot_be_read_again_is_not_written() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(dumps(&value, true), Err(Error::NotSerializable));
        assert_eq!(dumps(&("a", [Some(value)]), true), Err(Error::NotSerializable));
    }
    for value in [u128::from(u64::MAX) + 1, u128::MAX] {
        assert_eq!(dumps(&value, false), Err(Error::NotSerializable));
        assert_eq!(dumps(&BTreeMap::from([("NaN", value)]), false), Err(Error::NotSerializable));
    }
    assert_eq!(dumps(&(i128::from(i64::MIN) - 1), false), Err(Error::NotSerializable));
    assert_eq!(dumps(&BigInt("18446744073709551616"), false), Err(Error::NotSerializable));
    for value in [0, u64::MAX] {
        let token = dumps(&u128::from(value), false).unwrap();
        assert_eq!(loads::<u128>(&token, false), Ok(value.into()));
    }
    // Text that only looks like a number.
    assert!(dumps(&["NaN", "-Infinity", "18446744073709551616"], false).is_ok());
}

#[test]
fn bytes_and_what_only_tags_tell_apart_are_errors() {
    struct Raw;
    impl Serialize for Raw {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(b"\"a")
        }
    }
    assert_eq!(dumps(&Raw, false), Err(Error::NotSerializable));
    assert_eq!(dumps(&Bytes::<4>::from_slice(b"ab").unwrap(), false), Err(Error::NotSerializable));
    assert_eq!(dumps(&Uuid([7; 16]), false), Err(Error::NotSerializable));
    wrong::<Bytes<4>>("[1,2]");
    wrong::<Uuid>(r#""07070707070707070707070707070707""#);
    wrong::<DateTime>(r#""Tue, 14 Nov 2023 22:13:20 GMT""#);
    wrong::<Markup<String>>(r#""<b>""#);
    wrong::<BigInt<String>>(r#""7""#);
    wrong::<BigInt<String>>("7");
}

/// `serde-json-core` hands a type of this name the text with its escapes.
#[test]
fn no_name_of_a_type_changes_its_text() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename = "__serde_json_core_escaped_string__")]
    struct Escaped(String);
    let token = dumps(&Escaped("a\n".into()), false).unwrap();
    assert_eq!(token, dumps(&"a\n", false).unwrap());
    assert_eq!(loads(&token, false), Ok(Escaped("a\n".into())));
}

#[test]
fn a_value_that_refuses_to_be_written_is_an_error() {
    struct Never;
    impl Serialize for Never {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    assert_eq!(dumps(&[Never], false), Err(Error::NotSerializable));
}

#[test]
fn nesting_is_bounded_for_every_reader() {
    fn deep(open: &str, close: &str, depth: usize) -> String {
        open.repeat(depth) + "1" + &close.repeat(depth)
    }
    for depth in [MAX_DEPTH, 10_000] {
        let inside = deep("[", "]", depth);
        assert_eq!(reads::<IgnoredAny>(&format!("[{inside}]")).map(|_| ()), Err(Error::Depth));
        assert_eq!(reads::<BTreeMap<String, u8>>(&format!(r#"{{"a":{inside}}}"#)), Err(Error::Depth));
        assert_eq!(reads::<u8>(&format!("[{}]", deep(r#"{"a":"#, "}", depth))), Err(Error::Depth));
        assert_eq!(reads::<Nested>(&"[".repeat(depth + 1)), Err(Error::Depth));
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Known {
        known: u8,
    }
    let inside = deep("[", "]", MAX_DEPTH - 1);
    assert_eq!(reads::<Known>(&format!(r#"{{"other":{inside},"known":1}}"#)), Ok(Known { known: 1 }));

    let mut nested = Nested(Vec::new());
    for _ in 1..MAX_DEPTH {
        nested = Nested(vec![nested]);
    }
    assert_eq!(loads(&dumps(&nested, true).unwrap(), true).as_ref(), Ok(&nested));
    assert_eq!(dumps(&Nested(vec![nested]), true), Err(Error::Depth));
}

#[test]
fn what_is_skipped_is_checked() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Known {
        known: u8,
    }
    let stopped = |offset_bytes| Err(Error::BadPayload(PayloadError::Json { offset_bytes }));
    for (other, answer) in [
        (r#"{"a":[1,"\n"]}"#, Ok(Known { known: 1 })),
        ("nonsense", stopped(9)),
        (r#""\q""#, stopped(10)),
        ("01", stopped(11)),
        ("[1}", stopped(12)),
        (r#"{"a":1]"#, stopped(16)),
        ("NaN", stopped(9)),
    ] {
        assert_eq!(reads::<Known>(&format!(r#"{{"other":{other},"known":1}}"#)), answer, "{other}");
    }
    assert!(matches!(loads::<u8>(&signed(b"\"\xff\""), false), Err(Error::BadPayload(_))));
    // Twice the same field: Python keeps the last.
    wrong::<Known>(r#"{"known":1,"known":2}"#);
    assert_eq!(reads::<BTreeMap<String, u8>>(r#"{"a":1,"a":2}"#), Ok([("a".into(), 2)].into()));
}

#[test]
fn text_is_borrowed_where_it_stands_for_itself() {
    let tokens = UrlSafeSerializer::new(keys(), CompactJson);
    let mut scratch = [0; 16];
    let token = signed("\"Küche\"".as_bytes());
    assert_eq!(tokens.loads::<&str>(token.as_bytes(), &mut scratch).unwrap(), "Küche");
    let token = signed(br#""a\nb""#);
    assert!(tokens.loads::<&str>(token.as_bytes(), &mut scratch).unwrap_err().kind().is_wrong_type());
    assert_eq!(tokens.loads::<heapless::String<3>>(token.as_bytes(), &mut scratch).unwrap(), "a\nb");
}

#[test]
fn memory_that_is_too_small_is_an_error_that_says_so() {
    let tokens = UrlSafeSerializer::new(keys(), CompactJson);
    let token = signed(br#""a\nb""#);
    // Six bytes of text, three of the string.
    for len in 0..9 {
        let error = tokens.loads::<String>(token.as_bytes(), &mut vec![0; len]).unwrap_err().kind();
        let Error::Capacity { needed_bytes, capacity_bytes } = error else { panic!("{len}: {error}") };
        assert_eq!(capacity_bytes, len);
        assert!((len + 1..=9).contains(&needed_bytes), "{len}: {needed_bytes}");
    }
    assert_eq!(tokens.loads::<String>(token.as_bytes(), &mut [0; 9]).unwrap(), "a\nb");
    let full = tokens.dumps(&"a\nb", &mut [0; 4], &mut VecSink::default()).map_err(Error::from);
    assert!(full.unwrap_err().is_capacity());
}

#[test]
fn types_that_ask_what_comes_next_are_refused() {
    #[derive(Debug, Deserialize)]
    #[serde(untagged)]
    #[allow(dead_code)]
    enum Untagged {
        A(u8),
    }
    #[derive(Debug, Deserialize)]
    struct Flat {
        #[serde(flatten)]
        _rest: BTreeMap<String, u8>,
    }
    wrong::<Untagged>("1");
    wrong::<Flat>(r#"{"a":1}"#);
    wrong::<serde_json::Value>("1");
}
