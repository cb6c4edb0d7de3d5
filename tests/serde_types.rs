//! Every type of serde's data model: which Python type it becomes, as Flask
//! writes it, and that it comes back.

mod common;

use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap},
    fmt::Debug,
    panic::{AssertUnwindSafe, catch_unwind},
};

use common::{VecSink, load};
use hipflask::{
    Error, SecureCookieSession, Session,
    json::{
        BigInt, Bytes, Custom, DateTime, Encode, JsonTag, Kind, MAX_DEPTH, Markup, SESSION_JSON_SERIALIZER,
        TaggedJsonSerializer, Uuid,
    },
};
use serde::{
    Deserialize, Serialize, Serializer,
    de::DeserializeOwned,
    ser::{SerializeMap, SerializeSeq, SerializeStruct},
};

fn dumps_with(serializer: TaggedJsonSerializer, value: &dyn Encode) -> Result<String, Error> {
    let mut scratch = vec![0; 8192];
    let mut sink = VecSink::default();
    serializer.dumps(value, &mut scratch, &mut sink)?;
    Ok(String::from_utf8(sink.0).unwrap())
}

fn dumps(value: &dyn Encode) -> Result<String, Error> {
    dumps_with(SESSION_JSON_SERIALIZER, value)
}

fn loads<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let mut buffer = text.as_bytes().to_vec();
    SESSION_JSON_SERIALIZER.loads(&mut buffer)?.to()
}

/// `value` becomes `json` and comes back, alone and in a session.
#[track_caller]
fn both_ways<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T, json: &str) {
    assert_eq!(dumps(&value).as_deref(), Ok(json));
    assert_eq!(loads::<T>(json).as_ref(), Ok(&value));
    let mut session = SecureCookieSession::<8192>::new();
    session.insert("k", &value).unwrap();
    assert_eq!(session.get_as::<T>("k").unwrap(), Some(value));
}

/// `json` is no `T`.
#[track_caller]
fn wrong<T: DeserializeOwned + Debug>(json: &str) {
    assert!(loads::<T>(json).map(|_| ()).is_err_and(Error::is_wrong_type), "{json}");
}

// ---- scalars

#[test]
fn integers_of_every_width_are_int() {
    macro_rules! extremes {
        ($($int:ty)*) => {$(
            for value in [<$int>::MIN, 0, 1, <$int>::MAX] {
                both_ways(value, &value.to_string());
            }
            wrong::<$int>("1.0");
            wrong::<$int>("\"1\"");
            wrong::<$int>("true");
            wrong::<$int>("NaN");
            wrong::<$int>("1e400");
            wrong::<$int>(&"9".repeat(60));
        )*};
    }
    extremes!(i8 i16 i32 i64 i128 u8 u16 u32 u64 u128);
    wrong::<i8>("128");
    wrong::<u8>("256");
    wrong::<u8>("-1");
    wrong::<i64>("9223372036854775808");
    wrong::<u64>("18446744073709551616");
    wrong::<u128>("-1");
    wrong::<u128>("1.0");
    wrong::<u128>("1e2");
    wrong::<u128>("340282366920938463463374607431768211456");
    wrong::<i128>("170141183460469231731687303715884105728");
    assert_eq!(loads::<i32>("-0"), Ok(0));
}

#[test]
fn floats_are_float_and_read_ints_too() {
    both_ways(1.0_f64, "1.0");
    both_ways(-0.0_f64, "-0.0");
    both_ways(f64::MAX, "1.7976931348623157e+308");
    both_ways(5e-324_f64, "5e-324");
    both_ways(f64::INFINITY, "Infinity");
    both_ways(1.5_f32, "1.5");
    // The f32 nearest to 0.1, as the double it is: what Python shows for it.
    both_ways(0.1_f32, "0.10000000149011612");
    assert_eq!(dumps(&f64::NAN).as_deref(), Ok("NaN"));
    assert!(loads::<f64>("NaN").unwrap().is_nan());
    assert_eq!(loads::<f64>("3"), Ok(3.0));
    assert_eq!(loads::<f64>("123456789012345678901234567890"), Ok(1.2345678901234568e29));
    // Python's `float` raises for the integer; no `f32` is as large as these doubles.
    let large = format!("1{}", "0".repeat(400));
    wrong::<f64>(&large);
    wrong::<f32>(&large);
    wrong::<f32>("1e300");
    wrong::<f32>("-1e300");
    assert_eq!((loads("1e400"), loads("1e400")), (Ok(f64::INFINITY), Ok(f32::INFINITY)));
    assert_eq!(loads(&format!("{:?}", f64::from(f32::MAX))), Ok(f32::MAX));
    wrong::<f64>("\"1\"");
    wrong::<f64>("null");
}

#[test]
fn bools_chars_and_units() {
    both_ways(true, "true");
    both_ways((), "null");
    both_ways('a', "\"a\"");
    both_ways('\u{1f600}', "\"\\ud83d\\ude00\"");
    wrong::<bool>("1");
    wrong::<bool>("null");
    wrong::<()>("false");
    wrong::<char>("\"ab\"");
    wrong::<char>("\"\"");
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Unit;
    both_ways(Unit, "null");
}

#[test]
fn an_option_is_none_or_what_it_holds() {
    both_ways(None::<u8>, "null");
    both_ways(Some(3_u8), "3");
    both_ways(vec![Some(true), None], "[true,null]");
    wrong::<Option<u8>>("\"\"");
}

// ---- text

#[test]
fn text_is_borrowed_from_the_session_even_where_it_was_escaped() {
    let mut session = SecureCookieSession::<256>::new();
    let json = br#"{"name":"Zo\u00eb\n","list":["\ud83d\ude00"],"m":{" m":"<b>\u00e9"}}"#;
    load(&mut session, json).unwrap();
    let inside =
        std::ptr::from_ref(&session).addr()..std::ptr::from_ref(&session).addr() + size_of_val(&session);
    let name: &str = session.get_as("name").unwrap().unwrap();
    let (smile,): (&str,) = session.get_as("list").unwrap().unwrap();
    let markup: Markup<&str> = session.get_as("m").unwrap().unwrap();
    assert_eq!((name, smile, markup.0), ("Zo\u{eb}\n", "\u{1f600}", "<b>\u{e9}"));
    for text in [name, smile, markup.0] {
        assert!(inside.contains(&text.as_ptr().addr()));
    }
    // A key too.
    let all: BTreeMap<&str, serde::de::IgnoredAny> = session.read().unwrap();
    assert!(all.keys().all(|key| inside.contains(&key.as_ptr().addr())));
    assert_eq!(all.len(), 3);
}

#[test]
fn text_of_all_kinds_is_str() {
    both_ways(String::from("a\"\\\n\u{7f}\u{e9}"), r#""a\"\\\n\u007f\u00e9""#);
    both_ways(heapless::String::<8>::try_from("abc").unwrap(), r#""abc""#);
    assert_eq!(dumps(&"abc").as_deref(), Ok(r#""abc""#));
    assert_eq!(dumps(&format_args!("{}-{}", 1, "\u{e9}")).as_deref(), Ok(r#""1-\u00e9""#));
    wrong::<heapless::String<2>>("\"abc\"");
    wrong::<String>("1");
    wrong::<String>("[]");
    wrong::<String>(r#"{" b":"AP8="}"#);
}

// ---- lists and tuples

#[test]
fn tuples_and_arrays_are_tuple_and_sequences_are_list() {
    both_ways((1, String::from("a")), r#"{" t":[1,"a"]}"#);
    both_ways([1, 2, 3], r#"{" t":[1,2,3]}"#);
    both_ways([(); 0], r#"{" t":[]}"#);
    both_ways(((1,), [2]), r#"{" t":[{" t":[1]},{" t":[2]}]}"#);
    both_ways(vec![1, 2], "[1,2]");
    both_ways(Vec::<u8>::new(), "[]");
    both_ways(heapless::Vec::<u8, 4>::from_slice(&[1, 2]).unwrap(), "[1,2]");
    both_ways(vec![(1, 2), (3, 4)], r#"[{" t":[1,2]},{" t":[3,4]}]"#);
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Pair(u8, bool);
    both_ways(Pair(1, true), r#"{" t":[1,true]}"#);
    // Either reads the other.
    assert_eq!(loads::<Vec<u8>>(r#"{" t":[1]}"#), Ok(vec![1]));
    assert_eq!(loads::<(u8, u8)>("[1,2]"), Ok((1, 2)));
    wrong::<(u8, u8)>("[1]");
    wrong::<(u8, u8)>("[1,2,3]");
    wrong::<[u8; 2]>("[1,2,3]");
    wrong::<heapless::Vec<u8, 1>>("[1,2]");
    wrong::<Vec<u8>>("[1,-1]");
    wrong::<Vec<u8>>("{}");
}

// ---- dicts

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Login {
    user: String,
    active: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[test]
fn structs_and_maps_are_dict_with_sorted_keys() {
    let login = Login { user: "ada".into(), active: true, note: None };
    both_ways(login.clone(), r#"{"active":true,"user":"ada"}"#);
    assert_eq!(loads::<Login>(r#"{"x":[{}],"user":"ada","active":true}"#).unwrap(), login);
    wrong::<Login>(r#"{"user":"ada"}"#);
    wrong::<Login>(r#"{"user":1,"active":true}"#);
    wrong::<Login>(r#"["ada",true]"#);
    both_ways(BTreeMap::from([("b".to_string(), 1), ("a".to_string(), 2)]), r#"{"a":2,"b":1}"#);
    both_ways(HashMap::from([("\u{e9}".to_string(), ())]), r#"{"\u00e9":null}"#);
    both_ways(BTreeMap::from([('b', 1), ('a', 2)]), r#"{"a":2,"b":1}"#);
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Empty {}
    both_ways(Empty {}, "{}");
}

#[test]
fn heapless_maps_and_strings_are_typed_values() {
    type Text = heapless::String<8>;
    type Map = heapless::LinearMap<Text, heapless::Vec<Text, 2>, 3>;
    let text = |text: &str| Text::try_from(text).unwrap();
    let mut map = Map::new();
    map.insert(text("b"), heapless::Vec::from_slice(&[text("x"), text("\u{e9}")]).unwrap()).unwrap();
    map.insert(text("a"), heapless::Vec::new()).unwrap();
    let json = r#"{"a":[],"b":["x","\u00e9"]}"#;
    assert_eq!(dumps(&map).as_deref(), Ok(json));
    assert_eq!(loads::<Map>(json), Ok(map));
    wrong::<Map>(r#"{"a":[],"b":[],"c":[],"d":[]}"#);
}

#[test]
fn a_dict_whose_only_key_is_a_tag_is_escaped() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Tag {
        #[serde(rename = " t")]
        value: u8,
    }
    both_ways(Tag { value: 1 }, r#"{" di":{" t__":1}}"#);
    both_ways(vec![Tag { value: 1 }], r#"[{" di":{" t__":1}}]"#);
    for tag in [" t", " b", " m", " u", " d", " di"] {
        let map = BTreeMap::from([(tag.to_string(), vec![1])]);
        both_ways(map.clone(), &format!(r#"{{" di":{{"{tag}__":[1]}}}}"#));
        let mut two = map;
        two.insert("z".to_string(), vec![]);
        both_ways(two, &format!(r#"{{"{tag}":[1],"z":[]}}"#));
    }
}

/// Lists in a list.
#[derive(Serialize)]
struct Nested(Vec<Nested>);

fn nested(levels: usize) -> Nested {
    (1..levels).fold(Nested(vec![]), |inside, _| Nested(vec![inside]))
}

#[test]
fn depth_is_levels_and_not_containers() {
    let count = MAX_DEPTH + 1;
    both_ways(
        vec![(vec![()], BTreeMap::from([(String::from("a"), (1,))])); count],
        &format!("[{}]", vec![r#"{" t":[[null],{"a":{" t":[1]}}]}"#; count].join(",")),
    );
}

/// What is written can be read. The wrapper is a level of what it is in.
#[test]
fn a_dict_that_is_escaped_is_one_level_deeper() {
    let text = |keys: &[&str], levels: usize| {
        let dict: BTreeMap<_, _> = keys.iter().map(|key| (*key, nested(levels))).collect();
        dumps(&vec![dict])
    };
    let read = |text: &str| {
        let mut buffer = text.as_bytes().to_vec();
        SESSION_JSON_SERIALIZER.loads(&mut buffer).map(|_| ())
    };
    // Around the lists: a list and a dict, and the wrapper of one whose only key is a tag's.
    for (keys, around) in [(&["a"][..], 2), (&[" t"], 3), (&[" t", "z"], 2)] {
        let deepest = text(keys, MAX_DEPTH - around).unwrap();
        assert_eq!(read(&deepest), Ok(()), "{keys:?}");
        assert_eq!(read(&deepest.replace("[]", "[[]]")), Err(Error::Depth), "{keys:?}");
        assert_eq!(text(keys, MAX_DEPTH - around + 1), Err(Error::Depth), "{keys:?}");
    }
}

#[test]
fn map_keys_are_text() {
    assert_eq!(dumps(&BTreeMap::from([((), 2)])), Err(Error::NotSerializable));
    assert_eq!(dumps(&BTreeMap::from([((1, 2), 2)])), Err(Error::NotSerializable));
    assert_eq!(dumps(&BTreeMap::from([(vec!["a"], 2)])), Err(Error::NotSerializable));
    assert_eq!(dumps(&BTreeMap::from([(None::<&str>, 2)])), Err(Error::NotSerializable));
    assert_eq!(dumps(&HashMap::from([(Markup("a"), 2)])), Err(Error::NotSerializable));
    assert!(loads::<HashMap<BigInt<String>, u8>>(r#"{"1":2}"#).is_err_and(Error::is_wrong_type));
    for key in ["a", "01", "1.0", "256", "-1", ""] {
        let text = format!(r#"{{"{key}":2}}"#);
        assert!(loads::<BTreeMap<u8, u8>>(&text).is_err_and(Error::is_wrong_type), "{text}");
    }
}

/// What serde writes as text is text as a key too, and an integer is read from the text that it became.
#[test]
fn keys_of_every_kind_that_is_text_are_read_again() {
    #[derive(Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord, Debug)]
    struct Id(String);
    #[derive(Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord, Debug)]
    enum Color {
        Red,
    }
    both_ways(BTreeMap::from([(Id("a".into()), 1)]), r#"{"a":1}"#);
    both_ways(BTreeMap::from([(Some(String::from("a")), 1)]), r#"{"a":1}"#);
    both_ways(BTreeMap::from([(Color::Red, 1)]), r#"{"Red":1}"#);
    both_ways(BTreeMap::from([('a', 1)]), r#"{"a":1}"#);
    both_ways(BTreeMap::from([(-1_i8, 1), (7, 2)]), r#"{"-1":1,"7":2}"#);
}

/// Entries as they stand, in any order and number.
struct Pairs(&'static [(&'static str, u8)]);

impl Serialize for Pairs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

#[test]
fn equal_keys_from_serialize_are_refused() {
    assert_eq!(dumps(&Pairs(&[("b", 1), ("a", 2)])).as_deref(), Ok(r#"{"a":2,"b":1}"#));
    assert_eq!(dumps(&Pairs(&[("a", 1), ("a", 2)])), Err(Error::NotSerializable));
    assert_eq!(dumps(&Pairs(&[(" t", 1), (" t", 2)])), Err(Error::NotSerializable));
    assert_eq!(dumps(&[Pairs(&[("a", 1), ("b", 2), ("a", 3)])]), Err(Error::NotSerializable));
    let mut session = SecureCookieSession::<256>::new();
    assert_eq!(session.insert("k", &Pairs(&[("a", 1), ("a", 2)])), Err(Error::NotSerializable));
    assert!(session.is_empty());
}

#[test]
fn unsorted_serializers_keep_the_order() {
    let unsorted = SESSION_JSON_SERIALIZER.with_sort_keys(false);
    assert_eq!(dumps_with(unsorted, &Pairs(&[("b", 1), ("a", 2)])).as_deref(), Ok(r#"{"b":1,"a":2}"#));
    assert_eq!(dumps_with(TaggedJsonSerializer::plain(), &("\u{e9}", 1)).as_deref(), Ok("[\"\u{e9}\",1]"));
    // Of two equal keys a reader keeps the last, unless it would be a tag then.
    assert_eq!(dumps_with(unsorted, &Pairs(&[("a", 1), ("a", 2)])).as_deref(), Ok(r#"{"a":1,"a":2}"#));
    assert_eq!(dumps_with(unsorted, &Pairs(&[(" t", 1), ("a", 2)])).as_deref(), Ok(r#"{" t":1,"a":2}"#));
    assert_eq!(dumps_with(unsorted, &Pairs(&[(" t", 1), (" t", 2)])), Err(Error::NotSerializable));
    let plain = |value: &dyn Encode| dumps_with(TaggedJsonSerializer::plain(), value);
    assert_eq!(plain(&Markup("a")).as_deref(), Ok("\"a\""));
    assert_eq!(plain(&BigInt("12")).as_deref(), Ok("12"));
    assert_eq!(plain(&Bytes::<4>::default()), Err(Error::NotSerializable));
    assert_eq!(plain(&Uuid([0; 16])), Err(Error::NotSerializable));
    assert_eq!(plain(&DateTime::UNIX_EPOCH), Err(Error::NotSerializable));
}

// ---- enums

#[derive(Serialize, Deserialize, PartialEq, Debug)]
enum Choice {
    Unit,
    New(u8),
    Pair(u8, bool),
    Fields {
        b: u8,
        a: Vec<u8>,
    },
    #[serde(rename = " t")]
    Tag(u8),
}

#[test]
fn enum_variants_are_their_name_or_a_dict_of_it() {
    both_ways(Choice::Unit, r#""Unit""#);
    both_ways(Choice::New(1), r#"{"New":1}"#);
    both_ways(Choice::Pair(1, true), r#"{"Pair":{" t":[1,true]}}"#);
    both_ways(Choice::Fields { b: 1, a: vec![2] }, r#"{"Fields":{"a":[2],"b":1}}"#);
    both_ways(Choice::Tag(1), r#"{" di":{" t__":1}}"#);
    both_ways(vec![Choice::Unit, Choice::New(2)], r#"["Unit",{"New":2}]"#);
    for json in
        [r#""New""#, r#"{"Unit":null}"#, r#"{"New":1,"Unit":2}"#, "{}", "[]", "1", "null", r#""Other""#]
    {
        wrong::<Choice>(json);
    }
}

#[test]
fn enums_in_other_representations_go_through_any() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    #[serde(tag = "kind")]
    enum Inside {
        A { x: u8 },
        B,
    }
    both_ways(Inside::A { x: 1 }, r#"{"kind":"A","x":1}"#);
    both_ways(Inside::B, r#"{"kind":"B"}"#);
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    #[serde(untagged)]
    enum Any {
        Null,
        Bool(bool),
        Int(i64),
        Float(f64),
        Text(String),
        List(Vec<Any>),
        Dict(BTreeMap<String, Any>),
    }
    both_ways(
        Any::List(vec![
            Any::Null,
            Any::Bool(true),
            Any::Int(-3),
            Any::Float(1.5),
            Any::Text("\u{e9}".into()),
            Any::Dict(BTreeMap::from([("k".into(), Any::List(vec![]))])),
        ]),
        r#"[null,true,-3,1.5,"\u00e9",{"k":[]}]"#,
    );
    wrong::<Any>(r#"{" u":"00112233445566778899aabbccddeeff"}"#);
}

// ---- the newtypes of this crate

#[test]
fn bytes_are_bytes() {
    for (bytes, base64) in [
        (&b""[..], ""),
        (b"\0", "AA=="),
        (b"\0\xff", "AP8="),
        (b"abc", "YWJj"),
        (b"\xfb\xff\xfe\0", "+//+AA=="),
    ] {
        both_ways(Bytes::<4>::from_slice(bytes).unwrap(), &format!(r#"{{" b":"{base64}"}}"#));
    }
    assert_eq!(Bytes::<4>::from_slice(b"abcde"), None);
    wrong::<Bytes<2>>(r#"{" b":"YWJj"}"#);
    wrong::<Bytes<2>>(r#""YWJj""#);
    wrong::<Bytes<2>>("[1,2]");
    assert_eq!(loads::<Vec<u8>>(r#"{" b":"AP8="}"#), Ok(vec![0, 255]));
    // All of them, or none: half a token is no token.
    assert_eq!(loads::<[u8; 2]>(r#"{" b":"AP8="}"#), Ok([0, 255]));
    wrong::<[u8; 2]>(r#"{" b":"AAECAw=="}"#);
    wrong::<[u8; 3]>(r#"{" b":"AP8="}"#);
    wrong::<(u8,)>(r#"{" b":"AP8="}"#);
}

#[test]
fn markup_uuid_dates_and_big_ints_have_their_tags() {
    both_ways(Markup(String::from("<b>\u{e9}")), r#"{" m":"<b>\u00e9"}"#);
    assert_eq!(loads::<String>(r#"{" m":"<b>"}"#).as_deref(), Ok("<b>"));
    wrong::<Markup<String>>("\"a\"");

    let uuid = Uuid::from_hex("00112233445566778899AABBCCDDEEFF").unwrap();
    both_ways(uuid, r#"{" u":"00112233445566778899aabbccddeeff"}"#);
    wrong::<Uuid>(r#""00112233445566778899aabbccddeeff""#);
    assert_eq!(Uuid::from_hex("00112233-4455-6677-8899-aabbccddeeff"), None);

    both_ways(DateTime::from_unix_secs(1_700_000_000).unwrap(), r#"{" d":"Tue, 14 Nov 2023 22:13:20 GMT"}"#);
    wrong::<DateTime>(r#""Tue, 14 Nov 2023 22:13:20 GMT""#);
    wrong::<DateTime>("1700000000");

    let digits = "9".repeat(4_300);
    both_ways(BigInt(format!("-{digits}")), &format!("-{digits}"));
    both_ways(BigInt(String::from("0")), "0");
    wrong::<BigInt<String>>("1.0");
    wrong::<BigInt<String>>("\"1\"");
    for text in [&format!("9{digits}"), "", "-", "-0", "01", "+1", "1.0", "1e5", "NaN", "1 ", "\u{661}"] {
        assert_eq!(dumps(&BigInt(text)), Err(Error::NotSerializable), "{text}");
    }
    assert_eq!(dumps(&BigInt(1)), Err(Error::NotSerializable));
    assert_eq!(dumps(&Markup(1)), Err(Error::NotSerializable));
    assert_eq!(dumps(&Markup(None::<&str>)), Err(Error::NotSerializable));
    assert_eq!(dumps(&Markup(vec!["a"])), Err(Error::NotSerializable));
}

/// A program may keep the same struct in a file of its own.
#[test]
fn other_formats_see_what_is_inside() {
    fn inside<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T, json: &str) {
        assert_eq!(serde_json::to_string(&value).unwrap(), json);
        assert_eq!(serde_json::from_str::<T>(json).unwrap(), value);
    }
    let uuid = Uuid([0xAB; 16]);
    assert_eq!((uuid.to_string(), format!("{uuid:?}")), ("ab".repeat(16), "ab".repeat(16)));
    inside(uuid, &format!("{:?}", "ab".repeat(16)));
    inside(Markup(String::from("<b>")), r#""<b>""#);
    assert_eq!(Markup("<b>").as_ref(), "<b>");
    inside(BigInt(String::from("12")), r#""12""#);
    inside(DateTime::UNIX_EPOCH, r#""Thu, 01 Jan 1970 00:00:00 GMT""#);
    inside(Bytes::<2>::from_slice(b"\0\xff").unwrap(), "[0,255]");
    let custom = Custom { key: " x", value: [1] };
    let json = r#"{" x":[1]}"#;
    assert_eq!(serde_json::to_string(&custom).unwrap(), json);
    assert_eq!(serde_json::from_str::<Custom<'_, [u8; 1]>>(json).unwrap(), custom);

    type AnyBytes<'a> = serde::de::value::BytesDeserializer<'a, serde::de::value::Error>;
    let bytes = |bytes: &'static [u8]| Bytes::<2>::deserialize(AnyBytes::new(bytes));
    assert_eq!(bytes(b"ab"), Ok(Bytes::from_slice(b"ab").unwrap()));
    assert_eq!(bytes(b"abc").unwrap_err().to_string(), "too many bytes");
}

#[test]
fn other_formats_say_what_they_expected() {
    fn expected<T: DeserializeOwned + Debug>() -> String {
        let number = serde::de::value::BoolDeserializer::<serde::de::value::Error>::new(true);
        T::deserialize(number).unwrap_err().to_string()
    }
    let tagged = "invalid type: boolean `true`, expected a tagged value";
    assert_eq!(expected::<Markup<String>>(), tagged);
    assert_eq!(expected::<Uuid>(), tagged);
    assert_eq!(expected::<Bytes<2>>(), "invalid type: boolean `true`, expected bytes");
    type Bool = serde::de::value::BoolDeserializer<serde::de::value::Error>;
    assert_eq!(Custom::<u8>::deserialize(Bool::new(true)).unwrap_err().to_string(), tagged);
}

/// Flask reads the years 1 to 99 as others, so what is written must not claim them.
#[test]
fn a_year_that_flask_reads_as_another_one_is_stored_as_that() {
    let year_50 = DateTime::from_unix_secs(-60_589_296_000).unwrap();
    assert_eq!(year_50.to_string(), "Sat, 01 Jan 0050 00:00:00 GMT");
    let json = dumps(&year_50).unwrap();
    assert_eq!(loads::<DateTime>(&json).unwrap().to_string(), "Sat, 01 Jan 2050 00:00:00 GMT");
}

const TAGS: &[JsonTag] = &[JsonTag::new(" \u{e9}", |value| matches!(value.kind(), Kind::List(_)))];

#[test]
fn a_registered_tag_is_written_checked_and_read() {
    let serializer = SESSION_JSON_SERIALIZER.register(TAGS).unwrap();
    let custom = Custom { key: " \u{e9}", value: vec![1, 2] };
    let json = r#"{" \u00e9":[1,2]}"#;
    assert_eq!(dumps_with(serializer, &custom).as_deref(), Ok(json));
    let mut buffer = json.as_bytes().to_vec();
    let Kind::Custom { key, value } = serializer.loads(&mut buffer).unwrap().kind() else { panic!() };
    assert_eq!((key, value.to::<Vec<u8>>()), (" \u{e9}", Ok(vec![1, 2])));
    let mut buffer = json.as_bytes().to_vec();
    assert_eq!(serializer.loads(&mut buffer).unwrap().to::<Custom<'_, Vec<u8>>>(), Ok(custom.clone()));
    let mut buffer = json.as_bytes().to_vec();
    let value = serializer.loads(&mut buffer).unwrap();
    assert!(value.to::<Custom<'_, Vec<bool>>>().is_err_and(Error::is_wrong_type));
    assert!(value.to::<BTreeMap<String, Vec<u8>>>().is_err_and(Error::is_wrong_type));
    #[derive(Deserialize, PartialEq, Debug)]
    enum Tagged {
        #[serde(rename = " \u{e9}")]
        Tag(Vec<u8>),
    }
    assert!(value.to::<Tagged>().is_err_and(Error::is_wrong_type));
    for other in [r#"{"a":[1,2]}"#, r#""a""#, "[1,2]"] {
        let mut buffer = other.as_bytes().to_vec();
        let value = serializer.loads(&mut buffer).unwrap();
        assert!(value.to::<Custom<'_, Vec<u8>>>().is_err_and(Error::is_wrong_type), "{other}");
    }
    // Unregistered, and with contents that the tag does not accept.
    assert_eq!(dumps(&custom), Err(Error::NotSerializable));
    assert_eq!(dumps_with(serializer, &Custom { key: " \u{e9}", value: 1 }), Err(Error::NotSerializable));
}

/// A forced tag reads what a Rust type writes under the old one, so it is asked.
#[test]
fn a_tag_in_place_of_a_standard_one_is_asked_when_the_old_one_is_written() {
    const NO_TUPLES: &[JsonTag] = &[JsonTag::new(" t", |value| value.as_i64().is_some()).force()];
    const NO_BYTES: &[JsonTag] = &[JsonTag::new(" b", |_| false).force()];
    const ALL: &[JsonTag] = &[JsonTag::new(" t", |_| true).force(), JsonTag::new(" b", |_| true).force()];
    let bytes = Bytes::<1>::from_slice(b"a").unwrap();
    for (tags, value) in [(NO_TUPLES, &(1, 2) as &dyn Encode), (NO_BYTES, &bytes)] {
        let serializer = SESSION_JSON_SERIALIZER.register(tags).unwrap();
        assert_eq!(dumps_with(serializer, value), Err(Error::NotSerializable));
        let mut session = SecureCookieSession::<256>::new();
        session.reset(serializer);
        assert_eq!(session.insert("a", value), Err(Error::NotSerializable));
        let serializer = SESSION_JSON_SERIALIZER.register(ALL).unwrap();
        assert_eq!(dumps_with(serializer, value), dumps(value));
    }
}

/// The capacity counts a tag's key as it is written.
#[test]
fn a_session_with_a_registered_tag_opens_again() {
    let serializer = SESSION_JSON_SERIALIZER.register(TAGS).unwrap();
    fn fits<const N: usize>(serializer: TaggedJsonSerializer) -> bool {
        let mut session = SecureCookieSession::<N>::new();
        session.reset(serializer);
        let items: Vec<_> = (0..8).map(|_| Custom { key: " \u{e9}", value: [(); 0].as_slice() }).collect();
        let inserted = session.insert("k", &items).is_ok();
        let mut sink = VecSink::default();
        let Ok(()) = session.dump(&mut sink);
        let mut again = SecureCookieSession::<N>::new();
        again.reset(serializer);
        assert_eq!(load(&mut again, &sink.0), Ok(()), "at {N}");
        inserted
    }
    assert!(!fits::<100>(serializer) & !fits::<126>(serializer) & fits::<127>(serializer));
}

// ---- implementations that lie

/// Serializes differently at each turn.
struct Fickle<A, B>(Cell<bool>, A, B);

fn fickle<A, B>(first: A, second: B) -> Fickle<A, B> {
    Fickle(Cell::new(false), first, second)
}

impl<A: Serialize, B: Serialize> Serialize for Fickle<A, B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.replace(!self.0.get()) {
            self.2.serialize(serializer)
        } else {
            self.1.serialize(serializer)
        }
    }
}

/// A newtype struct of any name around a text.
struct Named(&'static str, &'static str);

impl Serialize for Named {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(self.0, self.1)
    }
}

/// Flask would fail to read it, and log its user out.
#[test]
fn what_takes_the_name_of_a_tag_must_hold_what_the_tag_may() {
    let uuid = "00112233445566778899aabbccddeeff";
    assert_eq!(dumps(&Named("hipflask::Uuid", uuid)), Ok(format!(r#"{{" u":"{uuid}"}}"#)));
    for text in ["", "0", "00112233445566778899aabbccddeefg", "00112233445566778899aabbccddeeff0"] {
        assert_eq!(dumps(&Named("hipflask::Uuid", text)), Err(Error::NotSerializable), "{text}");
    }
    for text in [
        "",
        "now",
        "Thu, 32 Jan 1970 00:00:00 GMT",
        "Sat, 01 Jan 0000 00:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00.5 GMT",
        "Thu, 01 Jan 1970 00:00:00.00000\u{e9}GMT",
    ] {
        assert_eq!(dumps(&Named("hipflask::DateTime", text)), Err(Error::NotSerializable), "{text}");
    }
}

#[test]
fn a_value_that_changes_its_length_loses_its_entry_and_nothing_else() {
    fn check(value: &dyn Encode) {
        let mut session = SecureCookieSession::<64>::new();
        session.insert("a", &1).unwrap();
        session.insert("b", &2).unwrap();
        assert_eq!(session.insert("b", value), Err(Error::LengthChanged));
        assert_eq!(session.iter().map(|(key, _)| key).collect::<String>(), "a");
        assert_eq!(session.insert("c", value), Err(Error::LengthChanged));
        session.insert("d", &4).unwrap();
        let mut sink = VecSink::default();
        let Ok(()) = session.dump(&mut sink);
        assert_eq!(sink.0, br#"{"a":1,"d":4}"#);
    }
    check(&fickle("abc", "abcd"));
    check(&fickle("abcd", "abc"));
    check(&fickle(1, vec![1, 2, 3]));
    check(&fickle(vec![1, 2, 3], 1));
    check(&fickle((1, 2), (1, 2, 3)));
    check(&fickle(BTreeMap::from([("b", 1)]), BTreeMap::from([("b", 1), ("c", 2)])));
    // As long in the arena, longer as JSON text: what fitted need not fit again.
    check(&fickle("aaaaaa", "\u{e9}\u{e9}\u{e9}"));
    check(&fickle("\u{e9}\u{e9}\u{e9}", "aaaaaa"));
}

/// What a server that goes on after a panic saves then must open again.
#[test]
fn a_value_that_panics_the_second_time_loses_its_entry_or_item_and_nothing_else() {
    struct Panicking(Cell<bool>);
    impl Serialize for Panicking {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut seq = serializer.serialize_seq(None)?;
            seq.serialize_element(&1)?;
            assert!(!self.0.replace(true), "the second time");
            seq.end()
        }
    }
    let after = |change: fn(&mut Session, &Panicking) -> Result<(), Error>| {
        let mut session = SecureCookieSession::<64>::new();
        session.insert("a", &1).unwrap();
        session.insert("b", &vec![2]).unwrap();
        let unwound = catch_unwind(AssertUnwindSafe(|| change(&mut session, &Panicking(Cell::new(false)))));
        assert!(unwound.is_err());
        let mut sink = VecSink::default();
        let Ok(()) = session.dump(&mut sink);
        String::from_utf8(sink.0).unwrap()
    };
    assert_eq!(after(|session, value| session.insert("a", value)), r#"{"b":[2]}"#);
    assert_eq!(after(|session, value| session.insert("c", value)), r#"{"a":1,"b":[2]}"#);
    assert_eq!(after(|session, value| session.push("b", value)), r#"{"a":1,"b":[2]}"#);
    assert_eq!(after(|session, value| session.push("c", value)), r#"{"a":1,"b":[2]}"#);
    assert_eq!(after(|session, value| session.replace(&BTreeMap::from([("a", value)]))), "{}");
}

/// As long, and deeper than what was counted.
#[test]
fn a_value_that_changes_its_depth_is_refused() {
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Nest {
        Deeper(Vec<Nest>),
    }
    let mut deep = Nest::Deeper(vec![]);
    for _ in 0..62 {
        deep = Nest::Deeper(vec![deep]);
    }
    // 63 lists, which fit into a session and into no list of it.
    let mut session = SecureCookieSession::<512>::new();
    session.insert("k", &deep).unwrap();
    assert_eq!(session.push("list", &deep), Err(Error::Depth));
    let text = "x".repeat(124);
    assert_eq!(session.push("list", &fickle(&text, &deep)), Err(Error::Depth));
    let mut sink = VecSink::default();
    let Ok(()) = session.dump(&mut sink);
    assert_eq!(load(&mut SecureCookieSession::<512>::new(), &sink.0), Ok(()));
}

/// What fails at the end of a list leaves the list as it was.
#[test]
fn an_item_that_fails_leaves_its_list() {
    let mut session = SecureCookieSession::<128>::new();
    session.push("list", &1).unwrap();
    session.insert("z", &1).unwrap();
    let twice = Pairs(&[("a", 1), ("a", 2)]);
    let failing: [&dyn Encode; 4] = [&fickle("abc", "abcd"), &fickle("abcd", "abc"), &twice, &Markup(1)];
    for item in failing {
        assert!(session.push("list", item).is_err());
        assert!(session.push("other", item).is_err());
        let mut sink = VecSink::default();
        let Ok(()) = session.dump(&mut sink);
        assert_eq!(String::from_utf8(sink.0).unwrap(), r#"{"list":[1],"z":1}"#);
    }
    session.push("list", &2).unwrap();
    assert_eq!(session.get_as::<Vec<u8>>("list"), Ok(Some(vec![1, 2])));
}

/// Half a value stands where an error was ignored, and must not be kept.
#[test]
fn an_implementation_that_ignores_an_error_is_refused_all_the_same() {
    /// A dict that cannot be written, as its key has no text.
    struct Bad;
    impl Serialize for Bad {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            BTreeMap::from([((), 2)]).serialize(serializer)
        }
    }
    struct Items;
    impl Serialize for Items {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut items = serializer.serialize_seq(None)?;
            let _ = items.serialize_element(&Bad);
            items.end()
        }
    }
    struct Keys;
    impl Serialize for Keys {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut entries = serializer.serialize_map(None)?;
            let _ = entries.serialize_key(&());
            entries.serialize_key("a")?;
            entries.serialize_value(&1)?;
            entries.end()
        }
    }
    struct Values;
    impl Serialize for Values {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut entries = serializer.serialize_map(None)?;
            let _ = entries.serialize_entry("a", &Bad);
            entries.end()
        }
    }
    struct Fields;
    impl Serialize for Fields {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut fields = serializer.serialize_struct("Fields", 1)?;
            let _ = fields.serialize_field("a", &Bad);
            fields.end()
        }
    }
    let values: [&dyn Encode; 5] = [&Items, &Keys, &Values, &Fields, &Some(Items)];
    for (position, value) in values.into_iter().enumerate() {
        assert_eq!(dumps(value), Err(Error::NotSerializable), "{position}");
        let mut session = SecureCookieSession::<256>::new();
        session.insert("a", &1).unwrap();
        assert_eq!(session.insert("b", value), Err(Error::NotSerializable), "{position}");
        assert_eq!((session.len(), session.modified()), (1, true));
    }
}

/// A map's keys and values come in turn.
#[test]
fn an_implementation_that_leaves_a_key_or_a_value_out_is_refused() {
    struct Calls(&'static str);
    impl Serialize for Calls {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut entries = serializer.serialize_map(None)?;
            for call in self.0.chars() {
                match call {
                    'k' => entries.serialize_key("a")?,
                    _ => entries.serialize_value(&1)?,
                }
            }
            entries.end()
        }
    }
    assert_eq!(dumps(&Calls("")).as_deref(), Ok("{}"));
    assert_eq!(dumps(&Calls("kv")).as_deref(), Ok(r#"{"a":1}"#));
    for calls in ["k", "v", "kk", "kvv", "kvk", "kkv"] {
        assert_eq!(dumps(&Calls(calls)), Err(Error::NotSerializable), "{calls}");
    }
}

#[test]
fn an_error_of_the_implementation_is_not_serializable() {
    struct Refusing;
    impl Serialize for Refusing {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_entry("a", &1)?;
            Err(serde::ser::Error::custom("no"))
        }
    }
    let mut session = SecureCookieSession::<128>::new();
    session.insert("a", &1).unwrap();
    assert_eq!(session.insert("a", &Refusing), Err(Error::NotSerializable));
    assert_eq!(session.get_as("a"), Ok(Some(1)));
}

// ---- whole sessions

#[test]
fn a_whole_session_is_a_typed_value() {
    let login = Login { user: "ad\u{e9}".into(), active: true, note: Some("n".into()) };
    let mut session = SecureCookieSession::<256>::with_contents(&login).unwrap();
    assert_eq!(session.read::<Login>(), Ok(login.clone()));
    assert!(session.read::<BTreeMap<String, u8>>().is_err_and(Error::is_wrong_type));
    type Map<'a> = heapless::LinearMap<&'a str, Choice, 2>;
    session.replace(&BTreeMap::from([("a", Choice::Unit)])).unwrap();
    assert_eq!(session.read::<Map<'_>>().unwrap().get("a"), Some(&Choice::Unit));
    assert!(session.read::<Login>().is_err_and(Error::is_wrong_type));
    assert!(session.replace(&vec![1]).is_err_and(Error::is_wrong_type));
    assert!(session.replace(&(1, 2)).is_err_and(Error::is_wrong_type));
    assert_eq!(session.len(), 1);
    session.replace(&BTreeMap::<&str, u8>::new()).unwrap();
    assert!(session.read::<Map<'_>>().unwrap().is_empty());
}

/// As any value of the same text would be.
#[test]
fn a_whole_session_is_read_by_every_type_that_it_is_written_from() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Wrapped(BTreeMap<String, u8>);
    let entries = || BTreeMap::from([("a".into(), 1)]);
    let mut session = SecureCookieSession::<256>::with_contents(&Wrapped(entries())).unwrap();
    assert_eq!(session.read(), Ok(Wrapped(entries())));
    assert_eq!(session.read(), Ok(Some(entries())));
    assert!(session.read::<Custom<'_, u8>>().is_err_and(Error::is_wrong_type));
    assert!(session.read::<Markup<BTreeMap<String, u8>>>().is_err_and(Error::is_wrong_type));
    assert_eq!(session.read::<serde::de::IgnoredAny>(), Ok(serde::de::IgnoredAny));

    session.replace(&Choice::New(1)).unwrap();
    assert_eq!(session.read(), Ok(Choice::New(1)));
    session.set_permanent(true).unwrap();
    assert!(session.read::<Choice>().is_err_and(Error::is_wrong_type));
}

/// In Flask the session holds the `datetime` itself until the response is made.
mod microseconds {
    use super::*;

    const TEXT: &str = r#"{" d":"Tue, 14 Nov 2023 22:13:20 GMT"}"#;

    fn exact() -> DateTime {
        DateTime::new(1_700_000_000, 120_304).unwrap()
    }

    fn whole() -> DateTime {
        DateTime::from_unix_secs(1_700_000_000).unwrap()
    }

    fn dumped(session: &hipflask::Session) -> String {
        let mut sink = VecSink::default();
        let Ok(()) = session.dump(&mut sink);
        String::from_utf8(sink.0).unwrap()
    }

    #[test]
    fn a_date_keeps_them_in_this_request_and_loses_them_in_the_cookie() {
        let mut session = SecureCookieSession::<512>::new();
        session.insert("when", &exact()).unwrap();
        session.push("list", &whole()).unwrap();
        session.push("list", &exact()).unwrap();
        session.insert("nested", &((exact(), "\u{e9}"), BTreeMap::from([(" d", exact())]))).unwrap();
        assert!(session.copy_value("when", "copy").unwrap());

        assert_eq!(session.get_as("when"), Ok(Some(exact())));
        assert_eq!(session.get_as("copy"), Ok(Some(exact())));
        assert_eq!(session.get_as("list"), Ok(Some((whole(), exact()))));
        type Nested<'a> = ((DateTime, &'a str), BTreeMap<&'a str, DateTime>);
        let nested: Nested<'_> = session.get_as("nested").unwrap().unwrap();
        assert_eq!(nested, ((exact(), "\u{e9}"), BTreeMap::from([(" d", exact())])));
        assert!(matches!(session.get("when").unwrap().kind(), Kind::DateTime(date) if date == exact()));
        assert!(session.is_set("when"));
        assert!(session.get_as::<&str>("when").is_err_and(Error::is_wrong_type));
        assert!(session.get_as::<String>("when").is_err_and(Error::is_wrong_type));

        let date = TEXT;
        let inner = r#""Tue, 14 Nov 2023 22:13:20 GMT""#;
        let nested =
            format!(r#"{{" t":[{{" t":[{date},"\u00e9"]}},{{" di":{{" d__":{{" d":{inner}}}}}}}]}}"#);
        let text = format!(r#"{{"copy":{date},"list":[{date},{date}],"nested":{nested},"when":{date}}}"#);
        assert_eq!(dumped(&session), text);

        common::load(&mut session, text.as_bytes()).unwrap();
        assert_eq!(session.get_as("list"), Ok(Some((whole(), whole()))));
        assert_eq!(dumped(&session), text);
    }

    /// They take no room, neither where a session is kept nor where its text is measured.
    #[test]
    fn a_date_takes_the_same_room_with_them() {
        fn fits<const N: usize>(date: DateTime, letters: &str, serializer: TaggedJsonSerializer) -> bool {
            let mut session = SecureCookieSession::<N>::new();
            session.reset(serializer);
            let fits = session.insert("d", &(date, letters)).is_ok();
            // The whole is measured again.
            let fits = fits && session.insert("e", &0).is_ok();
            assert!(!fits || dumped(&session).len() <= N);
            fits
        }
        fn check<const N: usize>(letters: &str, serializer: TaggedJsonSerializer) -> bool {
            assert_eq!(
                fits::<N>(exact(), letters, serializer),
                fits::<N>(whole(), letters, serializer),
                "{N}"
            );
            fits::<N>(exact(), letters, serializer)
        }
        let letters = "\u{e9}\u{1F600}\n".repeat(8);
        let literal = SESSION_JSON_SERIALIZER.with_ensure_ascii(false);
        // The text decides, escaped as it is.
        assert!(check::<222>(&letters, SESSION_JSON_SERIALIZER));
        assert!(!check::<221>(&letters, SESSION_JSON_SERIALIZER));
        // Entries and index decide.
        assert!(check::<134>(&letters, literal));
        assert!(!check::<133>(&letters, literal));
    }

    #[test]
    fn a_date_is_one_to_other_formats_too() {
        let json = r#""Tue, 14 Nov 2023 22:13:20.120304 GMT""#;
        assert_eq!(serde_json::to_string(&exact()).unwrap(), json);
        assert_eq!(serde_json::from_str::<DateTime>(json).unwrap(), exact());
        assert!(serde_json::from_str::<DateTime>(r#""2023-11-14T22:13:20Z""#).is_err());
    }

    /// A tag that takes the place of ` d` sees text, as it will be written.
    #[test]
    fn a_forced_tag_sees_whole_seconds() {
        const DATE: &[JsonTag] =
            &[JsonTag::new(" d", |value| matches!(value.kind(), Kind::Str("Tue, 14 Nov 2023 22:13:20 GMT")))
                .force()];
        let serializer = SESSION_JSON_SERIALIZER.register(DATE).unwrap();
        assert_eq!(dumps_with(serializer, &exact()).as_deref(), Ok(TEXT));
    }

    #[test]
    fn what_is_written_in_one_go_loses_them_too() {
        for serializer in [SESSION_JSON_SERIALIZER, SESSION_JSON_SERIALIZER.with_ensure_ascii(false)] {
            assert_eq!(dumps_with(serializer, &exact()).as_deref(), Ok(TEXT));
            let mut scratch = [0; 64];
            let value = serializer.encode(&exact(), &mut scratch).unwrap();
            assert_eq!(value.to(), Ok(exact()));
        }
        let year_50 = DateTime::new(-60_589_296_000, 999_999).unwrap();
        assert_eq!(dumps(&year_50).as_deref(), Ok(r#"{" d":"Sat, 01 Jan 0050 00:00:00 GMT"}"#));
    }
}
