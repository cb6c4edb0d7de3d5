//! What an error says: which key, which type, which offset.

mod common;

use std::collections::BTreeMap;

use hipflask::{
    Error, SecureCookieSession,
    error::{KeyName, Mismatch, PayloadError, TypeName},
    json::SESSION_JSON_SERIALIZER,
};
use serde::Deserialize;

#[derive(Debug, PartialEq, Deserialize)]
struct Login {
    user: String,
    visits: u8,
    plan: Option<Plan>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Plan {
    Free,
    Paid,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only read")]
struct Strict {
    user: String,
}

fn session(json: &str) -> SecureCookieSession<512> {
    let mut session = SecureCookieSession::new();
    common::load(&mut session, json.as_bytes()).unwrap();
    session
}

fn wrong(key: &str, reason: Mismatch) -> Error {
    Error::WrongType { key: Some(KeyName::new(key)), reason }
}

#[track_caller]
fn get_as<T: for<'a> Deserialize<'a> + std::fmt::Debug>(json: &str, reason: Mismatch, text: &str) {
    let error = session(&format!(r#"{{"visits":{json}}}"#)).get_as::<T>("visits").unwrap_err();
    assert_eq!(error, wrong("visits", reason));
    assert_eq!(error.to_string(), text);
}

#[test]
fn a_wrong_type_names_the_key_and_both_types() {
    let is = |found, asked| Mismatch::Type { found, asked };
    get_as::<u32>(r#""three""#, is(TypeName::Str, TypeName::Int), "`visits`: found a str, asked for an int");
    get_as::<u32>("1.5", is(TypeName::Float, TypeName::Int), "`visits`: found a float, asked for an int");
    get_as::<u128>("1.5", is(TypeName::Float, TypeName::Int), "`visits`: found a float, asked for an int");
    get_as::<i128>("1e3", is(TypeName::Float, TypeName::Int), "`visits`: found a float, asked for an int");
    get_as::<u32>("true", is(TypeName::Bool, TypeName::Int), "`visits`: found a bool, asked for an int");
    get_as::<String>("null", is(TypeName::None, TypeName::Str), "`visits`: found None, asked for a str");
    get_as::<f64>("[]", is(TypeName::List, TypeName::Float), "`visits`: found a list, asked for a float");
    get_as::<bool>(
        r#"{" t":[]}"#,
        is(TypeName::Tuple, TypeName::Bool),
        "`visits`: found a tuple, asked for a bool",
    );
    get_as::<Vec<u8>>("{}", is(TypeName::Dict, TypeName::List), "`visits`: found a dict, asked for a list");
    get_as::<Login>("3", is(TypeName::Int, TypeName::Dict), "`visits`: found an int, asked for a dict");
    get_as::<Plan>(
        "3",
        is(TypeName::Int, TypeName::Enum),
        "`visits`: found an int, asked for a variant of an enum",
    );
    let uuid = r#"{" u":"00000000000000000000000000000001"}"#;
    get_as::<String>(uuid, is(TypeName::Uuid, TypeName::Str), "`visits`: found a UUID, asked for a str");
    let date = r#"{" d":"Thu, 01 Jan 1970 00:00:00 GMT"}"#;
    get_as::<u8>(date, is(TypeName::DateTime, TypeName::Int), "`visits`: found a datetime, asked for an int");
    get_as::<hipflask::json::Markup<String>>(
        r#""text""#,
        is(TypeName::Str, TypeName::Markup),
        "`visits`: found a str, asked for a Markup",
    );
    get_as::<hipflask::json::Bytes<4>>(
        r#""text""#,
        is(TypeName::Str, TypeName::Bytes),
        "`visits`: found a str, asked for bytes",
    );
}

/// Takes whatever comes, and refuses it by its visitor's defaults.
#[derive(Debug)]
struct Refusing;

impl<'de> Deserialize<'de> for Refusing {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Refusing;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("nothing")
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[test]
fn a_value_that_its_visitor_refuses_is_named_too() {
    for (json, found) in [
        ("true", TypeName::Bool),
        ("3", TypeName::Int),
        ("-3", TypeName::Int),
        ("1.5", TypeName::Float),
        (r#""text""#, TypeName::Str),
        ("null", TypeName::None),
        ("[]", TypeName::List),
        ("{}", TypeName::Dict),
    ] {
        let error = session(&format!(r#"{{"visits":{json}}}"#)).get_as::<Refusing>("visits").unwrap_err();
        assert_eq!(error, wrong("visits", Mismatch::Type { found, asked: TypeName::Other }), "{json}");
    }
}

#[test]
fn a_number_out_of_range_a_missing_field_and_an_unknown_variant_are_told_apart() {
    let out_of_range = "`visits`: the number is out of the range of the type asked for";
    for json in ["256", "-1", "99999999999999999999", "-99999999999999999999"] {
        get_as::<u8>(json, Mismatch::OutOfRange, out_of_range);
    }
    get_as::<i64>("9223372036854775808", Mismatch::OutOfRange, out_of_range);
    get_as::<i128>(&"9".repeat(40), Mismatch::OutOfRange, out_of_range);
    get_as::<u128>("-1", Mismatch::OutOfRange, out_of_range);
    get_as::<f32>("1e39", Mismatch::OutOfRange, out_of_range);
    get_as::<f64>(&"9".repeat(400), Mismatch::OutOfRange, out_of_range);
    get_as::<Plan>(r#""gold""#, Mismatch::UnknownVariant, "`visits`: the enum has no such variant");
    get_as::<Strict>(
        r#"{"more":1,"user":"ada"}"#,
        Mismatch::UnknownField,
        "`visits`: there is a field that the struct does not know",
    );
    get_as::<(u8, u8)>("[1]", Mismatch::Length, "`visits`: the length is not that of the type asked for");
    get_as::<(u8, u8)>("[1,2,3]", Mismatch::Length, "`visits`: the length is not that of the type asked for");
    get_as::<char>(
        r#""ab""#,
        Mismatch::Value,
        "`visits`: the type that was asked for does not take this value",
    );
}

#[test]
fn what_is_nested_is_told_by_its_outermost_key() {
    get_as::<BTreeMap<String, Vec<u8>>>(
        r#"{"inner":[1,"two"]}"#,
        Mismatch::Type { found: TypeName::Str, asked: TypeName::Int },
        "`visits`: found a str, asked for an int",
    );
}

#[test]
fn a_session_that_is_read_as_a_struct_says_which_field() {
    let read = |json: &str| session(json).read::<Login>().unwrap_err();
    assert_eq!(read(r#"{"user":"ada","visits":300}"#), wrong("visits", Mismatch::OutOfRange));
    assert_eq!(read(r#"{"user":"ada","visits":1,"plan":"gold"}"#), wrong("plan", Mismatch::UnknownVariant));
    assert_eq!(
        read(r#"{"user":1,"visits":1}"#),
        wrong("user", Mismatch::Type { found: TypeName::Int, asked: TypeName::Str })
    );
    let missing = read(r#"{"user":"ada"}"#);
    assert_eq!(missing, Error::MissingField { key: None, field: "visits" });
    assert_eq!(missing.to_string(), "the field `visits` is missing");
    assert!(missing.is_wrong_type() && !Error::Depth.is_wrong_type());
    let missing = session(r#"{"login":{"user":"ada"}}"#).get_as::<Login>("login").unwrap_err();
    assert_eq!(missing, Error::MissingField { key: Some(KeyName::new("login")), field: "visits" });
    assert_eq!(missing.to_string(), "`login`: the field `visits` is missing");
}

#[test]
fn a_long_key_is_cut_between_two_characters() {
    for (key, shown) in [
        ("", ""),
        ("abcdefghijklmnopqrstuvwx", "abcdefghijklmnopqrstuvwx"),
        ("abcdefghijklmnopqrstuvwxy", "abcdefghijklmnopqrstuvwx…"),
        ("abcdefghijklmnopqrstuvwé", "abcdefghijklmnopqrstuvw…"),
        ("ééééééééééééé", "éééééééééééé…"),
        ("a😀😀😀😀😀😀", "a😀😀😀😀😀…"),
    ] {
        let name = KeyName::new(key);
        assert_eq!((name.to_string().as_str(), name.is_cut()), (shown, shown.ends_with('…')), "{key}");
        assert!(key.starts_with(name.as_str()));
        let mut session = SecureCookieSession::<128>::new();
        session.insert(key, &"text").unwrap();
        let error = session.get_as::<u8>(key).unwrap_err();
        assert_eq!(error.to_string(), format!("`{shown}`: found a str, asked for an int"));
    }
}

#[test]
fn what_lists_alone_can_do_says_what_was_found() {
    let mut session = session(r#"{"_flashes":[1],"user":"ada"}"#);
    let error = session.push("user", &1).unwrap_err();
    assert_eq!(error, wrong("user", Mismatch::Type { found: TypeName::Str, asked: TypeName::List }));
    let error = session.take_flashed_messages().map(|_| ()).unwrap_err();
    assert_eq!(error, wrong("_flashes", Mismatch::Value));
    let error = session.merge(&[1]).unwrap_err();
    assert_eq!(error.to_string(), "found another type, asked for a dict");
}

#[test]
fn a_bad_payload_says_which_layer_and_where() {
    let load =
        |text: &str| SESSION_JSON_SERIALIZER.loads(&mut text.as_bytes().to_vec()).map(|_| ()).unwrap_err();
    for (text, offset_bytes) in
        [(r#"{"a":tru}"#, 5), ("[1,]", 3), ("[1", 2), (r#"["\ud83d"]"#, 8), (r#"[{" u":"x"}]"#, 11), ("", 0)]
    {
        let error = load(text);
        assert_eq!(error, Error::BadPayload(PayloadError::Json { offset_bytes }), "{text}");
        let shown = format!("the payload's text is not tagged JSON near byte {offset_bytes}");
        assert_eq!(error.to_string(), shown);
        assert!(error.is_bad_data() && !error.is_bad_signature());
    }
}

/// Errors are copied in hot paths.
#[test]
fn an_error_is_small() {
    assert!(size_of::<Error>() <= 48, "{}", size_of::<Error>());
}
