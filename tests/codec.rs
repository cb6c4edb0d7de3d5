//! Server-side sessions as bytes. Every expected byte was written by msgspec 0.22, as
//! Flask-Session 0.8.0 calls it.

mod common;

use std::collections::BTreeMap;

use common::VecSink;
use hipflask::{
    Error, SecureCookieSession, Session,
    error::{KeyName, PayloadError, TypeName},
    interface::server_side::{Codec, EXT, SessionCodec as _, TaggedJson, UnwritableMarkup},
    json::{
        BigInt, Bytes, Custom, DateTime, Encode, JsonTag, Kind, MAX_DEPTH, Markup, SESSION_JSON_SERIALIZER,
        Uuid, Value,
    },
    sink::WriteError,
};

type Room = SecureCookieSession<4096>;

fn encoded(codec: Codec, session: &Session) -> Result<Vec<u8>, Error> {
    let mut taken = VecSink::default();
    let written = codec.encode(session, &mut taken);
    // Nothing is written of what is refused.
    assert!(written.is_ok() || taken.0.is_empty());
    written.map(|()| taken.0).map_err(Error::from)
}

fn decoded(codec: Codec, stored: &[u8]) -> Result<Room, Error> {
    let mut session = Room::new();
    session.insert("before", &1).unwrap();
    match codec.decode(stored, &mut session) {
        Ok(_) => {
            assert!(!session.modified());
            Ok(session)
        }
        Err(error) => {
            assert!(session.is_empty() && !session.modified());
            Err(error)
        }
    }
}

/// What a fresh session with one entry is stored as.
fn with_entry(codec: Codec, key: &str, value: &dyn Encode) -> Result<Vec<u8>, Error> {
    let mut session = Room::new();
    session.reset(codec.serializer());
    session.update(&[(key, value)]).unwrap();
    encoded(codec, &session)
}

fn resaved(codec: Codec, stored: &[u8]) -> Result<Vec<u8>, Error> {
    encoded(codec, &decoded(codec, stored)?)
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| *byte != b' ').collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// A map with the entry `k`, whose value has these bytes.
fn entry(hex: &str) -> Vec<u8> {
    bytes(&format!("81a16b{hex}"))
}

/// A JSON object with the entry `k`.
fn object(value: &str) -> Vec<u8> {
    format!(r#"{{"k":{value}}}"#).into_bytes()
}

fn date(secs: i64, micros: u32) -> DateTime {
    DateTime::new(secs, micros).unwrap()
}

#[test]
fn what_a_handler_puts_in_is_written_as_msgspec_writes_it() {
    let text_31 = "a".repeat(31);
    let text_32 = "a".repeat(32);
    let uuid = Uuid::from_hex("000102030405060708090a0b0c0d0e0f").unwrap();
    let ints: Vec<i32> = (0..16).collect();
    let numbers = BTreeMap::from([(1, 2)]);
    let names = BTreeMap::from([("b", 1), ("a", 2)]);
    let table: [(&dyn Encode, String, String); 41] = [
        (&(), "c0".into(), "null".into()),
        (&false, "c2".into(), "false".into()),
        (&true, "c3".into(), "true".into()),
        (&0, "00".into(), "0".into()),
        (&127, "7f".into(), "127".into()),
        (&128, "cc80".into(), "128".into()),
        (&256, "cd0100".into(), "256".into()),
        (&65_536, "ce00010000".into(), "65536".into()),
        (&4_294_967_296_u64, "cf0000000100000000".into(), "4294967296".into()),
        (&u64::MAX, "cfffffffffffffffff".into(), "18446744073709551615".into()),
        (&-1, "ff".into(), "-1".into()),
        (&-32, "e0".into(), "-32".into()),
        (&-33, "d0df".into(), "-33".into()),
        (&-129, "d1ff7f".into(), "-129".into()),
        (&-32_769, "d2ffff7fff".into(), "-32769".into()),
        (&i64::MIN, "d38000000000000000".into(), "-9223372036854775808".into()),
        (&1.0, "cb3ff0000000000000".into(), "1.0".into()),
        (&-0.0, "cb8000000000000000".into(), "-0.0".into()),
        (&1e15, "cb430c6bf526340000".into(), "1000000000000000.0".into()),
        (&1e16, "cb4341c37937e08000".into(), "1e16".into()),
        (&1e-5, "cb3ee4f8b588e368f1".into(), "0.00001".into()),
        (&-1.25e-5, "cbbeea36e2eb1c432d".into(), "-0.0000125".into()),
        (&1e-6, "cb3eb0c6f7a0b5ed8d".into(), "1e-6".into()),
        (&5e-324, "cb0000000000000001".into(), "5e-324".into()),
        (&f64::NAN, "cb7ff8000000000000".into(), "null".into()),
        (&f64::NEG_INFINITY, "cbfff0000000000000".into(), "null".into()),
        (&"é", "a2c3a9".into(), "\"é\"".into()),
        (
            &"\0\u{1f}\"\\/\u{7f}\n",
            "a700 1f22 5c2f 7f0a".into(),
            "\"\\u0000\\u001f\\\"\\\\/\u{7f}\\n\"".into(),
        ),
        (&text_31, format!("bf{}", "61".repeat(31)), format!("\"{text_31}\"")),
        (&text_32, format!("d920{}", "61".repeat(32)), format!("\"{text_32}\"")),
        (&Bytes::<2>::from_slice(b"\x00\xff").unwrap(), "c40200ff".into(), "\"AP8=\"".into()),
        (&(1, 2), "920102".into(), "[1,2]".into()),
        (
            &ints,
            "dc0010000102030405060708090a0b0c0d0e0f".into(),
            "[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]".into(),
        ),
        (&date(1_704_164_645, 0), "d6ff65937d25".into(), "\"2024-01-02T03:04:05Z\"".into()),
        (&date(1_704_164_645, 678), "d7ff002961c065937d25".into(), "\"2024-01-02T03:04:05.000678Z\"".into()),
        (&date(4_294_967_296, 0), "d7ff0000000100000000".into(), "\"2106-02-07T06:28:16Z\"".into()),
        (
            &date(-1, 999_999),
            "c70cff3b9ac618ffffffffffffffff".into(),
            "\"1969-12-31T23:59:59.999999Z\"".into(),
        ),
        (
            &date(-62_135_596_800, 0),
            "c70cff00000000fffffff1886e0900".into(),
            "\"0001-01-01T00:00:00Z\"".into(),
        ),
        (
            &uuid,
            "d92430303031303230332d303430352d303630372d303830392d306130623063306430653066".into(),
            "\"00010203-0405-0607-0809-0a0b0c0d0e0f\"".into(),
        ),
        (&numbers, "810102".into(), "{\"1\":2}".into()),
        (&names, "82a16102a16201".into(), "{\"a\":2,\"b\":1}".into()),
    ];
    for (value, msgpack, json) in table {
        assert_eq!(with_entry(Codec::MsgPack, "k", value), Ok(entry(&msgpack)), "{json}");
        let json = object(&json);
        assert_eq!(with_entry(Codec::Json, "k", value), Ok(json.clone()), "{msgpack}");
        // And what msgspec wrote is written so again.
        assert_eq!(resaved(Codec::MsgPack, &entry(&msgpack)), Ok(entry(&msgpack)));
        assert_eq!(resaved(Codec::Json, &json), Ok(json));
    }
    assert_eq!(encoded(Codec::MsgPack, &Room::new()), Ok(bytes("80")));
    assert_eq!(encoded(Codec::Json, &Room::new()), Ok(b"{}".to_vec()));
}

#[test]
fn long_values_have_long_heads() {
    for (len, head) in [(255, "d9ff"), (256, "da0100"), (65_535, "daffff"), (65_536, "db00010000")] {
        let mut session = Box::new(SecureCookieSession::<{ 200 * 1024 }>::new());
        let mut stored = entry(head);
        stored.resize(stored.len() + len, b'x');
        Codec::MsgPack.decode(&stored, &mut session).unwrap();
        assert_eq!(encoded(Codec::MsgPack, &session), Ok(stored));
    }
    for (count, head) in [(65_535, "dcffff"), (65_536, "dd00010000")] {
        let mut session = Box::new(SecureCookieSession::<{ 200 * 1024 }>::new());
        let mut stored = entry(head);
        stored.resize(stored.len() + count, 7);
        Codec::MsgPack.decode(&stored, &mut session).unwrap();
        assert_eq!(encoded(Codec::MsgPack, &session), Ok(stored));
    }
    for (len, head) in [(256, "c50100"), (65_536, "c600010000")] {
        let mut session = Box::new(SecureCookieSession::<{ 200 * 1024 }>::new());
        let mut stored = entry(head);
        stored.resize(stored.len() + len, 0xC1);
        Codec::MsgPack.decode(&stored, &mut session).unwrap();
        assert_eq!(encoded(Codec::MsgPack, &session), Ok(stored));
    }
}

#[test]
fn what_is_left_alone_goes_back_byte_for_byte() {
    for stored in [
        // Nested dicts in their own order, beside one with a tag's key.
        entry("83a17a01a161c0a16d81a2207490"),
        // Int keys, beside the same as text; bool keys.
        entry("820102a13103"),
        entry("82d0df80cfffffffffffffffff91c3"),
        entry("82c301c202"),
        // NaNs that are not Python's own.
        entry("93cb7ff8000000000001cb7ff0000000000001cbfff8000000000000"),
        // Extensions that msgspec does not know, of every length.
        entry("98d505 6162 d4fe01 d600 00000000 d77f 0000000000000000 d880 00000000000000000000000000000000 c7000a c70305 010203 c80100 05")
            .into_iter()
            .chain([9; 256])
            .collect(),
        entry("90"),
        entry("80"),
        entry("a0"),
        entry("c400"),
        bytes("82a2207401a16b02"),
        bytes("81a2207401"),
        bytes("81a0c0"),
    ] {
        assert_eq!(resaved(Codec::MsgPack, &stored), Ok(stored));
    }
    for stored in [
        r#"{"z":{"b":{" t":[1,2]},"a":{" di":{"k__":{}}}},"a":"\u001f\u007f","_permanent":true}"#
            .replace("\\u007f", "\u{7f}"),
        r#"{"big":123456789012345678901234567890,"é":"日本😀"}"#.to_owned(),
    ] {
        assert_eq!(resaved(Codec::Json, stored.as_bytes()), Ok(stored.into_bytes()));
    }
}

#[test]
fn what_others_spell_otherwise_is_written_as_msgspec_writes_it_after_reading() {
    for (stored, again) in [
        ("d100ff", "ccff"),
        ("d3ffffffffffffffff", "ff"),
        ("cf0000000000000005", "05"),
        ("d900", "a0"),
        ("da000161", "a161"),
        ("dc0001c0", "91c0"),
        ("de0001a161c0", "81a161c0"),
        ("c60000000161", "c40161"),
        ("ca3f800000", "cb3ff0000000000000"),
        ("ca7f800001", "cb7ff8000020000000"),
        ("c704ff65937d25", "d6ff65937d25"),
        ("d7ff0000000065937d25", "d6ff65937d25"),
        ("c70cff000001f30000000065937d25", "d6ff65937d25"),
        ("c70cff000001f40000000065937d25", "d7ff00000fa065937d25"),
        ("c70cff000009c40000000065937d25", "d7ff00002ee065937d25"),
        ("c70cff3b9ac9ff0000000065937d25", "d6ff65937d26"),
        ("c80002056162", "d5056162"),
    ] {
        assert_eq!(resaved(Codec::MsgPack, &entry(stored)), Ok(entry(again)), "{stored}");
    }
    for (stored, again) in [
        ("1e2", "100.0"),
        ("1.50", "1.5"),
        ("-0", "0"),
        ("-1e-400", "-0.0"),
        ("0e99999999999", "0.0"),
        ("1.0000000000000000000000000001", "1.0"),
        ("0.00000000001234", "1.234e-11"),
        (r#""\u00e9\/\ud83d\ude00\u007f""#, "\"é/😀\u{7f}\""),
        (" [ 1 ,\t{ } ]\n", "[1,{}]"),
    ] {
        assert_eq!(resaved(Codec::Json, &object(stored)), Ok(object(again)), "{stored}");
    }
    // The last of equal keys counts, at the place of the first.
    assert_eq!(resaved(Codec::MsgPack, &bytes("83a16101a16202a16103")), Ok(bytes("82a16103a16202")));
}

#[test]
fn a_handler_sees_ordinary_values() {
    let mut session = decoded(
        Codec::MsgPack,
        &bytes("85 a164 d7ff002961c065937d25 a165 d5056162 a16e cb7ff8000000000001 a163 8201 a3746561 02 a2c3a9 a162 c40200ff"),
    )
    .unwrap();
    assert_eq!(session.get_as("d"), Ok(Some(date(1_704_164_645, 678))));
    let ext: Custom<'_, (i8, Bytes<4>)> = session.get_as("e").unwrap().unwrap();
    assert_eq!((ext.key, ext.value.0, ext.value.1.as_slice()), (EXT, 5, &b"ab"[..]));
    assert!(session.get_as::<f64>("n").unwrap().unwrap().is_nan());
    assert_eq!(session.get_as::<Bytes<4>>("b").unwrap().unwrap().as_slice(), b"\x00\xff");
    let cart: BTreeMap<i8, String> = session.get_as("c").unwrap().unwrap();
    assert_eq!(cart, BTreeMap::from([(1, "tea".to_owned()), (2, "é".to_owned())]));
    assert!(
        session.get_as::<BTreeMap<String, String>>("c").unwrap().is_some_and(|cart| cart.contains_key("1"))
    );
    let Some(Kind::Dict(dict)) = session.get("c").map(Value::kind) else { panic!() };
    assert!(dict.keys().all(|key| key.as_i64().is_some()));
    assert!(dict.iter().map(|(key, _)| key).eq(["1", "2"]));

    // An int stays a key of its own kind, whoever changes its dict.
    session.modify::<BTreeMap<u32, String>>("c", |cart| drop(cart.remove(&2))).unwrap();
    session.insert_at("/c/1", "mate").unwrap();
    session.pop("d").unwrap();
    session.pop("n").unwrap();
    let stored = bytes("83 a165 d5056162 a163 8101a46d617465 a162 c40200ff");
    assert_eq!(encoded(Codec::MsgPack, &session).unwrap(), stored);
    // Beside it, a new key is text.
    session.insert_at("/c/2", &3).unwrap();
    let stored = bytes("83 a165 d5056162 a163 8201a46d617465a13203 a162 c40200ff");
    assert_eq!(encoded(Codec::MsgPack, &session).unwrap(), stored);
}

#[test]
fn a_dict_that_is_put_into_another_session_keeps_its_keys() {
    // {"k": {"a": {2: None, 1: "é"}, 7: 0, True: [{-1: 1}]}}
    let stored = entry("83a161 8202c001a2c3a9 0700 c391 81ff01");
    let session = decoded(Codec::MsgPack, &stored).unwrap();
    let value = session.get("k").unwrap();
    assert_eq!(with_entry(Codec::MsgPack, "k", &value), Ok(stored));
    let mut cookie = Room::new();
    cookie.insert("k", &session.pointer("/k/a").unwrap()).unwrap();
    assert_eq!(encoded(Codec::TaggedJson, &cookie), Ok(object(r#"{"1":"\u00e9","2":null}"#)));
    // As with a dict of Flask's, numbers beside text have no order.
    assert_eq!(cookie.insert("k", &value), Err(Error::NotSerializable));
}

#[test]
fn as_json_text_a_key_that_is_an_int_is_text() {
    // Where the keys stand in words of 8 bytes, and how many digits they have.
    for (key, hex) in [("1", "01"), ("22", "16"), ("333", "cd014d"), ("-1", "ff"), ("true", "c3")] {
        for pad in 0..9 {
            let stored = entry(&format!("92 a{pad}{} 82{hex}02a2c3a9c0", "78".repeat(pad)));
            let session = decoded(Codec::MsgPack, &stored).unwrap();
            let value = format!(r#"["{}",{{"{key}":2,"é":null}}]"#, "x".repeat(pad));
            let mut taken = VecSink::default();
            session.dump(&mut taken).unwrap();
            assert_eq!(taken.0, object(&value));
            let mut taken = VecSink::default();
            SESSION_JSON_SERIALIZER.write(session.get("k").unwrap(), &mut taken).unwrap();
            assert_eq!(taken.0, value.replace('é', "\\u00e9").into_bytes());
        }
    }
}

#[test]
fn flashed_messages_are_lists_in_between() {
    let mut session = Room::new();
    session.reset(Codec::MsgPack.serializer());
    session.flash("Saved.", "info").unwrap();
    let stored = encoded(Codec::MsgPack, &session).unwrap();
    assert_eq!(stored, bytes("81 a85f666c6173686573 91 92 a4696e666f a653617665642e"));
    let mut session = decoded(Codec::MsgPack, &stored).unwrap();
    let messages: Vec<_> = session.take_flashed_messages().unwrap().collect();
    assert_eq!((messages[0].category, messages[0].message), ("info", "Saved."));
}

#[test]
fn what_has_no_form_is_refused_by_its_key_before_anything_is_written() {
    let no_form = |found| Err(Error::NoForm { key: KeyName::new("k"), found });
    for codec in [Codec::MsgPack, Codec::Json] {
        assert_eq!(with_entry(codec, "k", &vec![(1, Markup("<b>"))]), no_form(TypeName::Markup));
    }
    for int in ["18446744073709551616", "-9223372036854775809"] {
        assert_eq!(with_entry(Codec::MsgPack, "k", &BigInt(int)), no_form(TypeName::Int));
        assert_eq!(with_entry(Codec::Json, "k", &BigInt(int)), Ok(object(int)));
    }
    let ext = Custom { key: EXT, value: (5_i8, Bytes::<2>::from_slice(b"ab").unwrap()) };
    assert_eq!(with_entry(Codec::MsgPack, "k", &ext), Ok(entry("d5056162")));
    assert_eq!(with_entry(Codec::Json, "k", &ext), no_form(TypeName::Custom));
    // A session of the application's own serializer, whose tag of that name means something else.
    const OWN: &[JsonTag] = &[JsonTag::new(EXT, |_| true)];
    let mut session = Room::new();
    session.reset(SESSION_JSON_SERIALIZER.register(OWN).unwrap());
    session.insert("k", &Custom { key: EXT, value: 5 }).unwrap();
    assert_eq!(encoded(Codec::MsgPack, &session), no_form(TypeName::Custom));
    let dict_key = |found| Err(Error::DictKey { key: KeyName::new("k"), found });
    let bools = BTreeMap::from([(true, 1)]);
    assert_eq!(with_entry(Codec::MsgPack, "k", &bools), Ok(entry("81c301")));
    assert_eq!(with_entry(Codec::Json, "k", &bools), dict_key(TypeName::Bool));
    let error = with_entry(Codec::Json, "k", &bools).unwrap_err();
    assert_eq!(error.to_string(), "`k`: a dict in a server-side session has a bool as a key");
    let error = with_entry(Codec::MsgPack, "k", &Markup("x")).unwrap_err();
    assert_eq!(error.to_string(), "`k`: the format of server-side sessions has no form for a Markup");

    // Read as msgpack, and to be written as something else.
    let session = decoded(Codec::MsgPack, &entry("810102")).unwrap();
    assert_eq!(encoded(Codec::Json, &session), Ok(object(r#"{"1":2}"#)));
    assert_eq!(encoded(Codec::TaggedJson, &session), dict_key(TypeName::Int));
    // Of these, JSON would make one.
    let session = decoded(Codec::Json, &entry("91820102a13103")).unwrap();
    assert_eq!(encoded(Codec::Json, &session), dict_key(TypeName::Int));
    let session = decoded(Codec::Json, &entry("92810102 81a13103")).unwrap();
    assert_eq!(encoded(Codec::Json, &session), Ok(object(r#"[{"1":2},{"1":3}]"#)));
    let session = decoded(Codec::MsgPack, &entry("d5056162")).unwrap();
    assert_eq!(encoded(Codec::TaggedJson, &session), no_form(TypeName::Custom));
    let session = decoded(Codec::MsgPack, &entry("cb7ff8000000000001")).unwrap();
    assert_eq!(encoded(Codec::Json, &session), Ok(object("null")));
    assert_eq!(encoded(Codec::TaggedJson, &session), no_form(TypeName::Float));
}

#[test]
fn markup_becomes_text_where_a_site_says_so() {
    let mut session = Room::new();
    session.reset(Codec::MsgPack.serializer());
    session.flash(&Markup("<b>"), "m").unwrap();
    for (codec, stored) in [
        (Codec::MsgPack, bytes("81 a85f666c6173686573 91 92 a16d a33c623e")),
        (Codec::Json, br#"{"_flashes":[["m","<b>"]]}"#.to_vec()),
    ] {
        let mut taken = VecSink::default();
        codec.encode_with(UnwritableMarkup::WriteText, &session, &mut taken).unwrap();
        assert_eq!(taken.0, stored);
    }
}

#[test]
fn a_session_in_another_format_is_read_and_written_as_configured() {
    // {"k": ("é", b"a"), "a": datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), "m": Markup("<")}, by
    // Flask's TaggedJSONSerializer.
    const TAGGED: &str =
        r#"{"a":{" d":"Tue, 02 Jan 2024 03:04:05 GMT"},"k":{" t":["\u00e9",{" b":"YQ=="}]},"m":{" m":"<"}}"#;
    let session = decoded(Codec::TaggedJson, TAGGED.as_bytes()).unwrap();
    assert_eq!(session.get_as("a"), Ok(Some(date(1_704_164_645, 0))));
    assert_eq!(encoded(Codec::TaggedJson, &session), Ok(TAGGED.as_bytes().to_vec()));

    let mut session = Room::new();
    // A tag is nothing to msgspec.
    assert_eq!(Codec::MsgPack.decode(object(r#"{" t":[1]}"#).as_slice(), &mut session), Ok(Codec::Json));
    assert_eq!(encoded(Codec::MsgPack, &session), Ok(entry("81a220749101")));
    assert_eq!(Codec::Json.decode(&entry("d6ff65937d25"), &mut session), Ok(Codec::MsgPack));
    assert_eq!(encoded(Codec::Json, &session), Ok(object("\"2024-01-02T03:04:05Z\"")));
    assert_eq!(Codec::MsgPack.decode(b" \n{}", &mut session), Ok(Codec::Json));
    // What Flask sorts is sorted, wrapped and rounded, whatever it was read from.
    let stored = bytes("82 a17a 82a16201a161c40161 a161 93 81a2207490 81a3206469c0 d7ff002961c065937d25");
    assert_eq!(Codec::TaggedJson.decode(&stored, &mut session), Ok(Codec::MsgPack));
    let tagged = r#"{"a":[{" di":{" t__":[]}},{" di":{" di__":null}},{" d":"Tue, 02 Jan 2024 03:04:05 GMT"}],"z":{"a":{" b":"YQ=="},"b":1}}"#;
    assert_eq!(encoded(Codec::TaggedJson, &session), Ok(tagged.as_bytes().to_vec()));
    assert_eq!(Codec::TaggedJson.decode(&bytes("81a2207490"), &mut session), Ok(Codec::MsgPack));
    assert_eq!(encoded(Codec::TaggedJson, &session), Ok(br#"{" di":{" t__":[]}}"#.to_vec()));
}

/// A device that shares its sessions with nobody has no other format in its flash.
#[test]
fn tagged_json_by_its_type_is_the_codec_of_that_name_and_reads_nothing_else() {
    let outcome = |read: Result<Codec, Error>, session: &Room| {
        let mut taken = VecSink::default();
        let written = TaggedJson.encode_with(UnwritableMarkup::Refuse, session, &mut taken);
        (read, session.modified(), written.map(|()| taken.0).map_err(Error::from))
    };
    let too_large = object(&format!("\"{}\"", "a".repeat(5000)));
    let too_deep = object(&format!("{}1{}", "[".repeat(1000), "]".repeat(1000)));
    for stored in [
        // By Flask's TaggedJSONSerializer, and what is no session to it.
        &br#"{"a":{" d":"Tue, 02 Jan 2024 03:04:05 GMT"},"k":{" t":["\u00e9",{" b":"YQ=="}]},"m":{" m":"<"}}"#[..],
        br#"{"z":1,"a":{"c":NaN,"b":-0.0,"a":[{" u":"0123456789abcdef0123456789abcdef"}]}} "#,
        b"{}",
        b"null",
        b"[]",
        b"{\"k\":tru}",
        b"{\"k\":\"\xff\"}",
        b"",
        b"}.",
        &too_large,
        &too_deep,
    ] {
        let (mut chosen, mut typed) = (Room::new(), Room::new());
        chosen.insert("before", &1).unwrap();
        typed.insert("before", &1).unwrap();
        let read = Codec::TaggedJson.decode(stored, &mut chosen);
        let expected = (read, chosen.modified(), encoded(Codec::TaggedJson, &chosen));
        assert_eq!(outcome(TaggedJson.decode(stored, &mut typed), &typed), expected);
    }
    let mut session = Room::new();
    assert!(TaggedJson.decode(&entry("05"), &mut session).unwrap_err().is_bad_data() && session.is_empty());
    // pickle.dumps({"user": "ada"})
    let pickled = bytes("80049511000000000000007d948c0475736572948c03616461947 32e");
    assert_eq!(TaggedJson.decode(&pickled, &mut session), Err(Error::BadPayload(PayloadError::Pickle)));
    // An extension, which has no form in JSON.
    Codec::MsgPack.decode(&entry("d5056162"), &mut session).unwrap();
    assert_eq!(outcome(Ok(Codec::MsgPack), &session).2, encoded(Codec::TaggedJson, &session));
    assert!(encoded(Codec::TaggedJson, &session).is_err());
}

#[test]
fn what_msgspec_does_not_read_is_refused() {
    for hex in [
        "",
        "c1",
        "c0",
        "05",
        "90",
        "a0",
        "81",
        "81a1",
        "81a16b",
        "81a16bc1",
        "81a16bc000",
        "8180c0",
        "81a1ff01",
        "81a16ba1c3",
        "81a16bda0001c3",
        "81a16bd4ff01",
        "81a16bd8ff00112233445566778899aabbccddeeff",
        "81a16bc70cff3b9aca00000000000000000065937d25",
        "81a16bd7ffee6b280065937d25",
        "81a16bc70cff000001f40fffffff65937d25",
        "81a16bc70cff00000000fffffff1886e08ff",
        "81a16bc70cff3b9ac9ff0000003afff4417f",
        "81a16bdbffffffff61",
        "81a16bddffffffffc0",
        "dfffffffff",
        "81a16bc9ffffffff05",
        "81a16b8181a0c0c0",
        "81a16b81d505616201",
    ] {
        let error = decoded(Codec::MsgPack, &bytes(hex)).unwrap_err();
        assert!(error.is_bad_data() || matches!(error, Error::DictKey { .. }), "{hex} {error}");
    }
    for text in [
        "",
        " ",
        "null",
        "1",
        "[]",
        "\"a\"",
        "{",
        "{}x",
        "{},",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{1:2}",
        "{\"a\":1 \"b\":2}",
        "\u{feff}{}",
    ] {
        assert!(decoded(Codec::Json, text.as_bytes()).unwrap_err().is_bad_data(), "{text}");
    }
    for value in [
        "NaN",
        "Infinity",
        "-Infinity",
        "01",
        "1.",
        ".5",
        "1e",
        "-",
        "+1",
        "1e400",
        "-1e400",
        "nul",
        "tru",
        "[1,]",
        "[1 2]",
        "\"\t\"",
        "\"\0\"",
        "\"\\x\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud83d\\u0041\"",
        "\"\\u12G4\"",
        "\"",
        "]",
        "}",
        "[1}",
        "{\"a\":1]",
        "'a'",
        "[1]\u{c}",
    ] {
        assert!(decoded(Codec::Json, &object(value)).unwrap_err().is_bad_data(), "{value}");
    }
    assert!(decoded(Codec::Json, b"{\"k\":\"\xff\"}").unwrap_err().is_bad_data());
    // Nothing here is signed.
    for (codec, stored, reason) in [
        (Codec::Json, &b"{\"k\":tru}"[..], "the payload's text is not tagged JSON near byte 6"),
        (Codec::Json, b"[]", "the payload is neither a dict nor null"),
        (Codec::MsgPack, b"\x90", "the payload is neither a dict nor null"),
        (Codec::MsgPack, b"\x81\xa1k\xc1", "the stored session is not msgpack near byte 4"),
    ] {
        let error = decoded(codec, stored).unwrap_err().to_string();
        assert!(error.ends_with(reason), "{error}");
    }
    assert!(decoded(Codec::Json, b"{\"k\":\"\xed\xa0\x80\"}").unwrap_err().is_bad_data());
    let digits = |len| object(&"1".repeat(len));
    assert!(decoded(Codec::Json, &digits(4301)).unwrap_err().is_bad_data());
    let mut session = SecureCookieSession::<8192>::new();
    Codec::Json.decode(&digits(4300), &mut session).unwrap();
    assert_eq!(encoded(Codec::Json, &session), Ok(digits(4300)));
}

#[test]
fn a_pickle_is_named_and_not_read() {
    // pickle.dumps({"k": 1}, protocol) for the protocols 0 to 5.
    for pickle in [
        &b"(dp0\nVk\np1\nI1\ns."[..],
        b"}q\x00X\x01\x00\x00\x00kq\x01K\x01s.",
        b"\x80\x02}q\x00X\x01\x00\x00\x00kq\x01K\x01s.",
        b"\x80\x03}q\x00X\x01\x00\x00\x00kq\x01K\x01s.",
        b"\x80\x04\x95\n\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01k\x94K\x01s.",
        b"\x80\x05\x95\n\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01k\x94K\x01s.",
    ] {
        for codec in [Codec::MsgPack, Codec::Json, Codec::TaggedJson] {
            assert_eq!(decoded(codec, pickle).unwrap_err(), Error::BadPayload(PayloadError::Pickle));
        }
    }
}

#[test]
fn keys_that_are_not_kept_are_named() {
    let key = |name, found| Err(Error::DictKey { key: KeyName::new(name), found });
    for (hex, found) in [
        ("81c001", TypeName::None),
        ("81cb3ff000000000000001", TypeName::Float),
        ("8192010203", TypeName::Tuple),
        ("81c4016101", TypeName::Bytes),
        ("81d6ff65937d2501", TypeName::DateTime),
    ] {
        assert_eq!(resaved(Codec::MsgPack, &entry(hex)), key("k", found));
    }
    // The session's own keys are text.
    assert_eq!(resaved(Codec::MsgPack, &bytes("8101c0")), key("", TypeName::Int));
    assert_eq!(resaved(Codec::MsgPack, &bytes("82a161c0c3c0")), key("", TypeName::Bool));
    // Flask's JSON has none but text.
    assert_eq!(decoded(Codec::TaggedJson, &entry("810102")).map(drop), key("k", TypeName::Int).map(drop));
}

#[test]
fn a_dict_with_two_equal_keys_is_refused_however_large_it_is() {
    for count in [2, 3, 31, 32, 33, 200] {
        // Downwards, so that nothing is in order.
        let keys = |count: usize| (0..count).rev().map(|number| format!("k{number:03}"));
        let json = |keys: &mut dyn Iterator<Item = String>| {
            object(&format!(
                "{{{}}}",
                keys.map(|key| format!("\"{key}\":[{{}}]")).collect::<Vec<_>>().join(",")
            ))
        };
        let stored = json(&mut keys(count));
        assert_eq!(resaved(Codec::Json, &stored), Ok(stored));
        for twice in [0, count / 2, count - 1] {
            let stored = json(&mut keys(count).chain([format!("k{twice:03}")]));
            assert_eq!(resaved(Codec::Json, &stored), Err(Error::BadPayload(PayloadError::EqualKeys)));
        }
    }
    // As in Python, True is 1; but "1" is not 1.
    assert_eq!(
        resaved(Codec::MsgPack, &entry("8201c0c3c0")),
        Err(Error::BadPayload(PayloadError::EqualKeys))
    );
    for count in [3, 50] {
        let mut stored = entry("de00");
        stored.push(count * 2);
        for number in (0..count).rev() {
            stored.extend([number, 0xC0]);
            stored.extend([0xA2, b'0' + number / 10, b'0' + number % 10, 0xC2]);
        }
        let expected = if count < 16 / 2 {
            let mut short = entry("86");
            short.extend(&stored[6..]);
            short
        } else {
            stored.clone()
        };
        assert_eq!(resaved(Codec::MsgPack, &stored), Ok(expected));
        // The last key becomes one that was there.
        let last = stored.len() - 6;
        stored[last] = 1;
        assert_eq!(resaved(Codec::MsgPack, &stored), Err(Error::BadPayload(PayloadError::EqualKeys)));
    }
}

#[test]
fn depth_is_bounded_and_what_is_written_can_be_read() {
    // The session is a level.
    let lists = |levels: usize| [entry(""), vec![0x91; levels], vec![0xC0]].concat();
    let stored = lists(MAX_DEPTH - 1);
    assert_eq!(resaved(Codec::MsgPack, &stored), Ok(stored));
    assert_eq!(resaved(Codec::MsgPack, &lists(MAX_DEPTH)), Err(Error::Depth));
    assert_eq!(resaved(Codec::MsgPack, &lists(1_000_000)), Err(Error::Depth));
    let objects = |levels: usize| object(&("{\" t\":".repeat(levels) + "1" + &"}".repeat(levels)));
    // Flask wraps each of these, so each is two.
    let half = (MAX_DEPTH - 1) / 2;
    assert_eq!(resaved(Codec::Json, &objects(half)), Ok(objects(half)));
    assert_eq!(resaved(Codec::Json, &objects(half + 1)), Err(Error::Depth));
}

#[test]
fn room_is_bounded_and_ten_megabytes_are_no_matter() {
    let mut session = SecureCookieSession::<64>::new();
    for head in
        [&b"\x81\xa1k\xc6\x00\x98\x96\x80"[..], b"\x81\xa1k\xdd\x00\x98\x96\x80", b"\xdf\x00\x98\x96\x80"]
    {
        let mut stored = head.to_vec();
        stored.resize(10_000_100, 0xA0);
        assert!(Codec::MsgPack.decode(&stored, &mut session).unwrap_err().is_capacity());
    }
    let text = object(&format!("\"{}\"", "x".repeat(10_000_000)));
    assert!(Codec::Json.decode(&text, &mut session).unwrap_err().is_capacity());
    assert!(Codec::TaggedJson.decode(&text, &mut session).unwrap_err().is_capacity());

    // What fits once fits again, byte for byte, however full the session is.
    let mut session = SecureCookieSession::<256>::new();
    session.reset(Codec::MsgPack.serializer());
    let value = BTreeMap::from([(2, ("é", Uuid([7; 16]))), (1, ("", Uuid([8; 16])))]);
    session.insert("k", &value).unwrap();
    while session.push("list", &date(0, 1)).is_ok() {}
    while session.push("list", &7).is_ok() {}
    let stored = encoded(Codec::MsgPack, &session).unwrap();
    Codec::MsgPack.decode(&stored, &mut session).unwrap();
    assert_eq!(encoded(Codec::MsgPack, &session), Ok(stored));
}

#[test]
fn a_sink_that_stops_is_told_apart() {
    let mut room = [0; 3];
    let mut sink = hipflask::sink::SliceSink::new(&mut room);
    let session = decoded(Codec::MsgPack, &entry("05")).unwrap();
    let stopped = Codec::MsgPack.encode(&session, &mut sink);
    assert!(matches!(stopped, Err(WriteError::Sink(Error::Capacity { .. }))));
}
