//! Values that move from one place to another, compared, and the keys of dicts.

mod common;

use std::collections::{BTreeMap, HashMap};

use common::VecSink;
use hipflask::{
    Error, SecureCookieSession, Session,
    json::{BigInt, Encode, JsonTag, Kind, SESSION_JSON_SERIALIZER, TaggedJsonSerializer, Uuid, Value},
};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

fn text(serializer: TaggedJsonSerializer, value: &dyn Encode) -> Result<String, Error> {
    let mut sink = VecSink::default();
    serializer.dumps(value, &mut [0; 4096], &mut sink)?;
    Ok(String::from_utf8(sink.0).unwrap())
}

fn dumps(value: &dyn Encode) -> Result<String, Error> {
    text(SESSION_JSON_SERIALIZER, value)
}

fn session(serializer: TaggedJsonSerializer, json: &str) -> SecureCookieSession<1024> {
    let mut session = SecureCookieSession::new();
    session.reset(serializer);
    common::load(&mut session, json.as_bytes()).unwrap();
    session
}

fn dump(session: &Session) -> String {
    let mut sink = VecSink::default();
    let Ok(()) = session.dump(&mut sink);
    String::from_utf8(sink.0).unwrap()
}

const TAGS: &[JsonTag] = &[JsonTag::new(" x", |_| true)];

/// Every kind of value, with spellings that Flask reads and does not write.
const VALUES: [&str; 26] = [
    "null",
    "true",
    "false",
    "0",
    "-9223372036854775808",
    "18446744073709551615",
    "123456789012345678901234567890123456789012345678901234567890",
    "1.5",
    "1E5",
    "100.00",
    "-0.0",
    "1e-400",
    "NaN",
    "-Infinity",
    r#""Zo\u00eb \ud83d\ude00 \"""#,
    "[]",
    r#"[1,"two",[3.50]]"#,
    r#"{" t":[]}"#,
    r#"{" t":[1,{" t":["a"]}]}"#,
    "{}",
    r#"{"a":{"b":1},"c":[{}]}"#,
    r#"{" b":""}"#,
    r#"{" b":"AP8="}"#,
    r#"{" m":"<b>"}"#,
    r#"{" u":"000102030405060708090a0b0c0d0e0f"}"#,
    r#"{" d":"Tue, 14 Nov 2023 22:13:20 GMT"}"#,
];

#[test]
fn a_value_moves_into_another_session_and_a_token_without_loss() {
    let serializer = SESSION_JSON_SERIALIZER.register(TAGS).unwrap();
    let wrapped = [r#"{" di":{" t__":5}}"#, r#"{" di":{" x__":5}}"#, r#"{" x":{" t":[1.0]}}"#];
    for json in VALUES.into_iter().chain(wrapped) {
        let from = session(serializer, &format!(r#"{{"k":{json}}}"#));
        let value = from.get("k").unwrap();
        let mut to = session(serializer, "{}");
        to.insert("there", &value).unwrap();
        to.insert("inside", &(value, [value].as_slice())).unwrap();
        to.push("list", &value).unwrap();
        assert_eq!(
            dump(&to),
            format!(r#"{{"inside":{{" t":[{json},[{json}]]}},"list":[{json}],"there":{json}}}"#)
        );
        assert_eq!(text(serializer, &value).as_deref(), Ok(json));
    }
}

#[test]
fn lists_dicts_bytes_numbers_and_sessions_move_too() {
    let json =
        r#"{"bytes":{" b":"AP8="},"dict":{"b":{" t":[1]},"c":1E5},"list":[1,{" t":[2]}],"number":1E5}"#;
    let from = session(SESSION_JSON_SERIALIZER, json);
    assert_eq!(dumps(&from).as_deref(), Ok(json));
    assert_eq!(dumps(&&*from).as_deref(), Ok(json));
    for (key, text) in [
        ("dict", r#"{"b":{" t":[1]},"c":1E5}"#),
        ("list", r#"[1,{" t":[2]}]"#),
        ("bytes", r#"{" b":"AP8="}"#),
        ("number", "1E5"),
    ] {
        let moved = match from.get(key).unwrap().kind() {
            Kind::Dict(dict) => dumps(&dict),
            Kind::List(list) => dumps(&list),
            Kind::Bytes(bytes) => dumps(&bytes),
            Kind::Number(number) => dumps(&number),
            other => panic!("{other:?}"),
        };
        assert_eq!(moved.as_deref(), Ok(text));
    }
    let mut to = SecureCookieSession::<512>::new();
    to.insert("old", &from).unwrap();
    assert_eq!(dump(&to), format!(r#"{{"old":{json}}}"#));
    to.replace(&from).unwrap();
    assert_eq!(dump(&to), json);
}

#[test]
fn a_value_is_for_a_serializer_that_has_its_tags() {
    let from = session(SESSION_JSON_SERIALIZER.register(TAGS).unwrap(), r#"{"k":{" x":1}}"#);
    let value = from.get("k").unwrap();
    assert_eq!(dumps(&value), Err(Error::NotSerializable));
    let mut buffer = *br#"[{" t":[1]},{" m":"a"}]"#;
    let value = SESSION_JSON_SERIALIZER.loads(&mut buffer).unwrap();
    assert_eq!(text(TaggedJsonSerializer::plain(), &value).as_deref(), Ok(r#"[[1],"a"]"#));
    let mut buffer = *br#"{" b":"AP8="}"#;
    let value = SESSION_JSON_SERIALIZER.loads(&mut buffer).unwrap();
    assert_eq!(text(TaggedJsonSerializer::plain(), &value), Err(Error::NotSerializable));
}

#[test]
fn other_formats_get_what_they_have_types_for() {
    let serializer = SESSION_JSON_SERIALIZER.register(TAGS).unwrap();
    for (json, other) in [
        ("18446744073709551615", "18446744073709551615"),
        ("1E5", "100000.0"),
        ("-170141183460469231731687303715884105728", "-170141183460469231731687303715884105728"),
        ("170141183460469231731687303715884105728", r#""170141183460469231731687303715884105728""#),
        (r#"{" t":[1,{" b":"AP8="}]}"#, "[1,[0,255]]"),
        (r#"{" u":"000102030405060708090a0b0c0d0e0f"}"#, r#""000102030405060708090a0b0c0d0e0f""#),
        (r#"{" x":null}"#, r#"{" x":null}"#),
        (r#"{" di":{" t__":true}}"#, r#"{" t":true}"#),
    ] {
        let session = session(serializer, &format!(r#"{{"k":{json}}}"#));
        assert_eq!(serde_json::to_string(&session.get("k").unwrap()).unwrap(), other);
        assert_eq!(serde_json::to_string(&session).unwrap(), format!(r#"{{"k":{other}}}"#));
    }
}

/// What a number or bytes are made of inside of hipflask cannot be forged into something
/// that is neither.
#[test]
fn nothing_but_a_number_is_a_number() {
    struct Named(&'static str, &'static str);
    impl Serialize for Named {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_newtype_struct(self.0, self.1)
        }
    }
    for number in ["", "-0", "1,2", "1]", " 1", "01", "nan", "1.", "{}", "\"1\"", "null"] {
        assert_eq!(dumps(&Named("hipflask::Number", number)), Err(Error::NotSerializable), "{number}");
    }
    for bytes in ["A", "AP8", "A\"==", "AP9=", "\u{e9}A=="] {
        assert_eq!(dumps(&Named("hipflask::Base64", bytes)), Err(Error::NotSerializable), "{bytes}");
    }
    for name in ["hipflask::Number", "hipflask::Base64"] {
        struct Tuple(&'static str);
        impl Serialize for Tuple {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_newtype_struct(self.0, &(1, 2))
            }
        }
        assert_eq!(dumps(&Tuple(name)), Err(Error::NotSerializable));
        assert_eq!(dumps(&HashMap::from([(name, Named(name, "x"))])), Err(Error::NotSerializable));
    }
}

/// A dict's entries as they stand.
struct Entries<'a>(&'a [(&'a dyn erased::Key, u8)]);

mod erased {
    use super::*;

    pub trait Key {
        fn put(&self, map: &mut dyn FnMut(Any<'_>));
    }
    pub enum Any<'a> {
        Int(i64),
        Big(u64),
        Bool(bool),
        Text(&'a str),
    }
    impl Serialize for Any<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self {
                Self::Int(value) => serializer.serialize_i64(*value),
                Self::Big(value) => serializer.serialize_u64(*value),
                Self::Bool(value) => serializer.serialize_bool(*value),
                Self::Text(value) => serializer.serialize_str(value),
            }
        }
    }
    impl Key for i64 {
        fn put(&self, map: &mut dyn FnMut(Any<'_>)) {
            map(Any::Int(*self));
        }
    }
    impl Key for u64 {
        fn put(&self, map: &mut dyn FnMut(Any<'_>)) {
            map(Any::Big(*self));
        }
    }
    impl Key for bool {
        fn put(&self, map: &mut dyn FnMut(Any<'_>)) {
            map(Any::Bool(*self));
        }
    }
    impl Key for &str {
        fn put(&self, map: &mut dyn FnMut(Any<'_>)) {
            map(Any::Text(self));
        }
    }
}

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.0 {
            let mut put = Ok(());
            key.put(&mut |key| put = map.serialize_entry(&key, value));
            put?;
        }
        map.end()
    }
}

/// The right-hand sides are Flask's, of dicts with these entries in this order.
#[test]
fn integers_and_bools_as_keys_are_text_in_the_order_of_their_values() {
    let max = u64::MAX;
    for (entries, json) in [
        (&[(&10_i64 as &dyn erased::Key, 0), (&9_i64, 1), (&-1_i64, 2)][..], r#"{"-1":2,"9":1,"10":0}"#),
        (&[(&true, 1), (&false, 0)], r#"{"false":0,"true":1}"#),
        (&[(&true, 1), (&0_i64, 0)], r#"{"0":0,"true":1}"#),
        (&[(&false, 0), (&-1_i64, 2), (&2_i64, 3), (&10_i64, 4)], r#"{"-1":2,"false":0,"2":3,"10":4}"#),
        (
            &[
                (&max, 1),
                (&i64::MIN, 2),
                (&i64::MAX, 3),
                (&100_i64, 4),
                (&-100_i64, 5),
                (&-99_i64, 6),
                (&0_i64, 7),
                (&5_i64, 8),
            ],
            concat!(
                r#"{"-9223372036854775808":2,"-100":5,"-99":6,"0":7,"5":8,"100":4,"#,
                r#""9223372036854775807":3,"18446744073709551615":1}"#
            ),
        ),
    ] {
        assert_eq!(dumps(&Entries(entries)).as_deref(), Ok(json));
        let mut session = SecureCookieSession::<512>::new();
        session.insert("k", &Entries(entries)).unwrap();
        assert_eq!(dump(&session), format!(r#"{{"k":{json}}}"#));
    }
    assert_eq!(
        dumps(&BTreeMap::from([(7, vec![BTreeMap::from([(3, 0), (20, 0)])])])).as_deref(),
        Ok(r#"{"7":[{"3":0,"20":0}]}"#)
    );
    assert_eq!(dumps(&BTreeMap::from([(1, (1, 2))])).as_deref(), Ok(r#"{"1":{" t":[1,2]}}"#));
    assert_eq!(dumps(&BTreeMap::from([(Some(1), 2)])).as_deref(), Ok(r#"{"1":2}"#));
}

/// Flask: a TypeError, or a dict that Python cannot have.
#[test]
fn text_beside_numbers_and_two_equal_keys_are_refused() {
    for entries in [
        &[(&1_i64 as &dyn erased::Key, 1), (&"a", 2)][..],
        &[(&"a", 1), (&1_i64, 2)],
        &[(&"a", 1), (&"b", 1), (&true, 2)],
        &[(&1_i64, 1), (&true, 2)],
        &[(&true, 1), (&1_i64, 2), (&7_i64, 2)],
        &[(&0_i64, 1), (&5_i64, 1), (&false, 2)],
        &[(&1_i64, 1), (&1_u64, 2)],
        &[(&true, 1), (&true, 2)],
    ] {
        let mut session = SecureCookieSession::<512>::new();
        assert_eq!(dumps(&Entries(entries)), Err(Error::NotSerializable));
        assert_eq!(session.insert("k", &Entries(entries)), Err(Error::NotSerializable));
        assert!(session.is_empty());
    }
    // Written by Python as well, and refused here: see the table of compatibility.
    assert_eq!(dumps(&HashMap::from([(None::<&str>, 1)])), Err(Error::NotSerializable));
    assert_eq!(dumps(&HashMap::from([(i128::MAX, 1)])), Err(Error::NotSerializable));
    assert_eq!(dumps(&HashMap::from([(BigInt("1"), 1)])), Err(Error::NotSerializable));
    assert_eq!(dumps(&HashMap::from([(Uuid([0; 16]), 1)])), Err(Error::NotSerializable));
    const ONE: &[JsonTag] = &[JsonTag::new("1", |_| true)];
    let serializer = SESSION_JSON_SERIALIZER.register(ONE).unwrap();
    assert_eq!(text(serializer, &HashMap::from([(1, 1)])), Err(Error::NotSerializable));
}

#[test]
fn keys_that_are_numbers_stay_as_they_come_where_nothing_is_sorted() {
    let plain = TaggedJsonSerializer::plain();
    let entries: &[(&dyn erased::Key, u8)] = &[(&10_i64, 0), (&9_i64, 1), (&"a", 2), (&true, 3)];
    assert_eq!(text(plain, &Entries(entries)).as_deref(), Ok(r#"{"10":0,"9":1,"a":2,"true":3}"#));
}

/// Against the order of the numbers, at every size of the sort.
#[test]
fn many_keys_are_sorted_by_value() {
    let mut state = 7_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 20
    };
    for len in [2, 3, 10, 100, 400] {
        let map: HashMap<i64, usize> =
            (0..len).map(|i| ((random() as i64 - (1 << 43)) >> (random() % 44), i)).collect();
        let sorted: BTreeMap<_, _> = map.iter().collect();
        let expected: Vec<_> = sorted.iter().map(|(key, value)| format!(r#""{key}":{value}"#)).collect();
        let mut scratch = vec![0; 32 * len];
        let mut sink = VecSink::default();
        SESSION_JSON_SERIALIZER.dumps(&map, &mut scratch, &mut sink).unwrap();
        assert_eq!(String::from_utf8(sink.0).unwrap(), format!("{{{}}}", expected.join(",")));
    }
}

/// A session's own keys are sorted as text, so a dict of numbers is not one.
#[test]
fn a_session_is_not_replaced_by_a_dict_of_numbers() {
    let mut session = session(SESSION_JSON_SERIALIZER, r#"{"a":1}"#);
    assert!(session.replace(&BTreeMap::from([(1, 2)])).is_err_and(Error::is_wrong_type));
    assert_eq!(dump(&session), r#"{"a":1}"#);
}

fn check<T: Copy>(json: &str, equal: &[T], other: &[T])
where
    for<'a> Value<'a>: PartialEq<T>,
{
    let mut buffer = json.as_bytes().to_vec();
    let value = SESSION_JSON_SERIALIZER.loads(&mut buffer).unwrap();
    assert!(equal.iter().all(|equal| value == *equal), "{json}");
    assert!(other.iter().all(|other| value != *other), "{json}");
}

#[test]
fn a_value_equals_what_it_equals_in_python() {
    check(r#""ada""#, &["ada"], &["", "Ada", "ada "]);
    check(r#"{" m":"ada"}"#, &["ada"], &["Ada"]);
    check("1", &[], &["1"]);
    check("true", &[true], &[false]);
    check("1", &[true], &[false]);
    check("0", &[false], &[true]);
    check("1.0", &[true], &[false]);
    check("-0.0", &[false], &[true]);
    check("2", &[], &[true, false]);
    check("null", &[], &[true, false]);
    check(r#""""#, &[], &[true, false]);
    check("5", &[5_i64], &[4, -5]);
    check("true", &[1_i64], &[0, 2]);
    check("false", &[0_u32], &[1]);
    check("5", &[5_i32], &[4]);
    check("18446744073709551615", &[u64::MAX], &[0, u64::MAX - 1]);
    check("18446744073709551615", &[], &[-1_i64, i64::MAX]);
    check("1.5", &[], &[1_i64, 2]);
    check("1E2", &[100_u64], &[99, 101]);
    check("9223372036854775808.0", &[], &[i64::MAX]);
    check("9223372036854775808.0", &[1_u64 << 63], &[(1 << 63) - 1]);
    check("9007199254740993.0", &[9_007_199_254_740_992_i64], &[9_007_199_254_740_993]);
    check("NaN", &[], &[0_i64]);
    check("Infinity", &[], &[i64::MAX]);
    check(r#""5""#, &[], &[5_i64]);
    check("1", &[1.0_f64], &[1.5, f64::NAN]);
    check("1.5", &[1.5_f64], &[1.0]);
    check("true", &[1.0_f64], &[0.0]);
    check("9007199254740993", &[], &[9_007_199_254_740_992.0_f64]);
    check("9007199254740992", &[9_007_199_254_740_992.0_f64], &[]);
    check("123456789012345678901234567890", &[], &[1.2345678901234568e29_f64]);
    check("100000000000000000000000000000000000000", &[], &[1e38_f64]);
    check("NaN", &[], &[f64::NAN]);
    check("-Infinity", &[f64::NEG_INFINITY], &[f64::INFINITY]);
    let session = session(SESSION_JSON_SERIALIZER, r#"{"user":"ada","visits":3}"#);
    assert!(session.get("user").is_some_and(|user| user == "ada"));
    assert!(session.get("user").is_some_and(|user| user == *"ada"));
    assert!(session.get("visits").is_some_and(|visits| visits == 3));
}

#[cfg(feature = "alloc")]
mod owned {
    use super::*;
    use hipflask::backends::alloc::OwnedValue;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Holder {
        k: OwnedValue,
        #[serde(default)]
        missing: Option<OwnedValue>,
    }

    /// `{:?}` tells a tuple from a list and an int from a float, which `==` may not.
    #[test]
    fn an_owned_value_is_deserialized_without_loss() {
        let serializer = SESSION_JSON_SERIALIZER.register(TAGS).unwrap();
        let nested = r#"{" x":{"a":[{" t":[1.0,{" b":"AP8="}]}],"b":9223372036854775808}}"#;
        for json in VALUES.into_iter().chain([nested, r#"{" di":{" x__":5}}"#]) {
            let session = session(serializer, &format!(r#"{{"k":{json}}}"#));
            let owned = OwnedValue::from(session.get("k").unwrap());
            let shown = format!("{owned:?}");
            assert_eq!(format!("{:?}", session.get_as::<OwnedValue>("k").unwrap().unwrap()), shown);
            let holder: Holder = session.read().unwrap();
            assert_eq!((format!("{:?}", holder.k), holder.missing), (shown.clone(), None));
            let all: OwnedValue = session.read().unwrap();
            assert_eq!(format!("{:?}", all.get("k").unwrap()), shown);
            assert_eq!(owned.is_truthy(), session.get("k").unwrap().is_truthy(), "{json}");
            let list = session.get("k").unwrap().to::<Vec<OwnedValue>>();
            assert_eq!(list.is_ok(), owned.as_slice().is_some() || owned.as_bytes().is_some(), "{json}");
        }
    }

    #[test]
    fn another_format_gives_what_it_has_types_for() {
        let from = |json: &str| format!("{:?}", serde_json::from_str::<OwnedValue>(json).unwrap());
        assert_eq!(
            from(r#"{"b":[null,true,1,-1,1.5,"x"],"a":18446744073709551615," t":{" t":[1]}}"#),
            concat!(
                r#"Dict([("b", List([Null, Bool(true), Int(1), Int(-1), Float(1.5), Str("x")])), "#,
                r#"("a", BigInt("18446744073709551615")), (" t", Dict([(" t", List([Int(1)]))]))])"#
            )
        );
        let value: OwnedValue = serde_json::from_str(r#"{" t":[1]}"#).unwrap();
        assert_eq!(dumps(&value).as_deref(), Ok(r#"{" di":{" t__":[1]}}"#));
        type Any<'a> = serde::de::value::BytesDeserializer<'a, serde::de::value::Error>;
        assert_eq!(OwnedValue::deserialize(Any::new(b"ab")), Ok(OwnedValue::Bytes(b"ab".to_vec())));
        // A stranger's enum is no value of ours.
        type Variant<'a> =
            serde::de::value::MapDeserializer<'a, std::vec::IntoIter<(&'a str, u8)>, serde::de::value::Error>;
        let map = Variant::new(vec![("hipflask::Tuple", 1)].into_iter());
        assert_eq!(
            OwnedValue::deserialize(map).map(|value| format!("{value:?}")).as_deref(),
            Ok(r#"Dict([("hipflask::Tuple", Int(1))])"#)
        );
    }

    #[test]
    fn an_owned_value_is_reached_by_key_and_position() {
        let mut value =
            SESSION_JSON_SERIALIZER.loads_owned(r#"{"items":[{"n":1},{" t":[1,2]}],"":3}"#).unwrap();
        assert_eq!(value.get(""), Some(&3.into()));
        assert_eq!(value.get(&String::from("items")).and_then(|items| items.get(1)?.get(1)), Some(&2.into()));
        for nothing in
            [value.get("none"), value.get(0), value.get("").unwrap().get(0), value.get("").unwrap().get("a")]
        {
            assert_eq!(nothing, None);
        }
        assert_eq!(value.get_mut("items").and_then(|items| items.get_mut(2)), None);
        assert_eq!(value.get_mut(0), None);
        *value.get_mut("items").and_then(|items| items.get_mut(1)?.get_mut(0)).unwrap() = "one".into();
        *value.get_mut("items").and_then(|items| items.get_mut(0)?.get_mut("n")).unwrap() = true.into();
        assert_eq!(dumps(&value).as_deref(), Ok(r#"{"":3,"items":[{"n":true},{" t":["one",2]}]}"#));
    }
}
