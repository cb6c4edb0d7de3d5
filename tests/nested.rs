//! Changes inside of an entry by JSON Pointer, and fields that are merged: against
//! serde_json's idea of a pointer, at every capacity, and with values that fail.

mod common;

use std::{
    cell::Cell,
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use common::VecSink;
use hipflask::{
    Error, NullSession, SecureCookieSession, Session,
    error::{KeyName, Mismatch, TypeName},
    json::{Custom, Encode, JsonTag, Kind, SESSION_JSON_SERIALIZER, TaggedJsonSerializer, Value},
};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::{Value as Json, json};

fn dump(session: &Session) -> String {
    let mut sink = VecSink::default();
    let Ok(()) = session.dump(&mut sink);
    String::from_utf8(sink.0).unwrap()
}

fn opened<const N: usize>(json: &str) -> SecureCookieSession<N> {
    opened_with(SESSION_JSON_SERIALIZER, json)
}

fn opened_with<const N: usize>(serializer: TaggedJsonSerializer, json: &str) -> SecureCookieSession<N> {
    let mut session = SecureCookieSession::new();
    session.buffer()[..json.len()].copy_from_slice(json.as_bytes());
    session.load(serializer, json.len()).unwrap();
    session
}

/// What a session holds opens again as the same, in as much room.
fn opens_again(session: &Session, again: &mut Session) {
    let text = dump(session);
    again.buffer()[..text.len()].copy_from_slice(text.as_bytes());
    again.load(session.serializer(), text.len()).unwrap();
    assert_eq!((dump(again), again.used_bytes()), (text, session.used_bytes()));
}

/// Which step leads nowhere.
fn not_found(step: &str) -> Result<(), Error> {
    Err(Error::NotFound { step: KeyName::new(step) })
}

fn wrong(key: &str, found: TypeName, asked: TypeName) -> Result<(), Error> {
    Err(Error::WrongType { key: Some(KeyName::new(key)), reason: Mismatch::Type { found, asked } })
}

const SHOP: &str =
    r#"{"a/b":{"m~n":[1]},"cart":[{"qty":1,"sku":"tea"},{"sku":"caf\u00e9"}],"user":"ada","z":{}}"#;

// ---- looking up

#[test]
fn a_pointer_leads_where_serde_json_s_does() {
    let session: SecureCookieSession<512> = opened(SHOP);
    let json: Json = serde_json::from_str(SHOP).unwrap();
    let pointers = [
        "/cart",
        "/cart/0",
        "/cart/0/qty",
        "/cart/1/sku",
        "/cart/2",
        "/cart/-",
        "/cart/00",
        "/cart/+1",
        "/cart/01",
        "/cart/18446744073709551616",
        "/cart/0/",
        "/cart/",
        "/",
        "//",
        "cart",
        "cart/0",
        "/user/0",
        "/z/x",
        "/z",
        "/a~1b",
        "/a~1b/m~0n/0",
        "/a/b",
        "/a~1b/m~n/0",
        "/a~1b/m~2n",
        "/a~01b",
        "/cart/0/qty/0",
        "/none/0",
    ];
    for pointer in pointers {
        let found = session.pointer(pointer).map(|value| serde_json::to_value(value).unwrap());
        assert_eq!(found.as_ref(), json.pointer(pointer), "{pointer}");
        let inside = pointer.strip_prefix("/cart").and_then(|rest| session.get("cart")?.pointer(rest));
        assert_eq!(
            inside.is_some(),
            pointer.starts_with("/cart") && json.pointer(pointer).is_some(),
            "{pointer}"
        );
    }
    // The session as a whole is no value of it.
    assert!(session.pointer("").is_none());
    assert_eq!(session.get("user").unwrap().pointer("").unwrap().as_str(), Some("ada"));
}

// ---- putting in

/// A place, a value, and what the session is then.
fn changes() -> Vec<(&'static str, Json, String)> {
    let mut changes = vec![];
    let values = [json!(2), json!("a longer text \u{1}\u{e9}"), json!({"b": [], "a": null}), json!([[]])];
    for value in values {
        for pointer in ["/cart/0/qty", "/cart/1", "/a~1b/m~0n/0", "/a~1b", "/user", "/cart/0/sku"] {
            let mut json: Json = serde_json::from_str(SHOP).unwrap();
            *json.pointer_mut(pointer).unwrap() = value.clone();
            changes.push((pointer, value.clone(), json.to_string()));
        }
        for (pointer, parent, key) in [
            ("/cart/0/a", "/cart/0", "a"),
            ("/cart/0/r", "/cart/0", "r"),
            ("/cart/0/t", "/cart/0", "t"),
            ("/z/~1~0", "/z", "/~"),
            ("/z/", "/z", ""),
            ("/zz", "", "zz"),
            ("/a~1", "", "a/"),
        ] {
            let mut json: Json = serde_json::from_str(SHOP).unwrap();
            json.pointer_mut(parent).unwrap()[key] = value.clone();
            changes.push((pointer, value.clone(), json.to_string()));
        }
        for (pointer, parent) in [("/cart/-", "/cart"), ("/a~1b/m~0n/-", "/a~1b/m~0n")] {
            let mut json: Json = serde_json::from_str(SHOP).unwrap();
            json.pointer_mut(parent).unwrap().as_array_mut().unwrap().push(value.clone());
            changes.push((pointer, value.clone(), json.to_string()));
        }
    }
    changes
}

fn ascii(json: &str) -> String {
    json.chars()
        .map(
            |letter| if letter.is_ascii() { letter.to_string() } else { format!("\\u{:04x}", letter as u32) },
        )
        .collect()
}

#[test]
fn a_change_at_a_place_leaves_the_rest_alone() {
    for (pointer, value, expected) in changes() {
        let mut session: SecureCookieSession<512> = opened(SHOP);
        session.insert_at(pointer, &value).unwrap();
        assert_eq!(dump(&session), ascii(&expected), "{pointer}");
        assert!(session.modified());
        opens_again(&session, &mut SecureCookieSession::<512>::new());
        // Whatever moved, each entry is found, and can be changed.
        let entries: Vec<(String, String)> =
            session.iter().map(|(key, value)| (key.to_owned(), format!("{value:?}"))).collect();
        for (key, value) in entries {
            assert_eq!(format!("{:?}", session.get(&key).unwrap()), value);
            session.copy_value(&key, "copy").unwrap();
            assert_eq!(format!("{:?}", session.get("copy").unwrap()), value);
        }
    }
}

/// With too little room nothing changes; what goes in opens again; and there is enough
/// room where old and new fit beside each other.
#[test]
fn a_change_fits_or_changes_nothing_at_every_capacity() {
    fn at<const N: usize>() {
        for (pointer, value, expected) in changes() {
            let mut session: SecureCookieSession<N> = opened(SHOP);
            let used_bytes = session.used_bytes();
            match session.insert_at(pointer, &value) {
                Ok(()) => assert_eq!(dump(&session), ascii(&expected)),
                Err(error) => {
                    let Error::Capacity { needed_bytes, capacity_bytes } = error else { panic!("{error}") };
                    assert!(needed_bytes > N && capacity_bytes == N);
                    assert_eq!((dump(&session).as_str(), session.used_bytes()), (SHOP, used_bytes));
                    assert!(!session.modified());
                    let key_len = pointer.rsplit('/').next().unwrap().len();
                    let beside_bytes = used_bytes + ascii(&value.to_string()).len() + key_len + 12;
                    assert!(N < beside_bytes.max(ascii(&expected).len()), "{pointer} at {N}");
                }
            }
            opens_again(&session, &mut SecureCookieSession::<N>::new());
        }
    }
    assert_eq!(opened::<512>(SHOP).used_bytes(), 118);
    macro_rules! at {
        ($($tens:literal)*) => { $(
            at::<{ $tens }>(); at::<{ $tens + 1 }>(); at::<{ $tens + 2 }>(); at::<{ $tens + 3 }>();
            at::<{ $tens + 4 }>(); at::<{ $tens + 5 }>(); at::<{ $tens + 6 }>(); at::<{ $tens + 7 }>();
            at::<{ $tens + 8 }>(); at::<{ $tens + 9 }>();
        )* };
    }
    at!(120 130 140 150 160 170 180);
}

#[test]
fn a_place_that_is_not_there_is_an_error() {
    let mut session: SecureCookieSession<512> = opened(SHOP);
    let of_text = |asked| wrong("user", TypeName::Str, asked);
    for (pointer, error) in [
        ("", not_found("")),
        ("user", not_found("user")),
        ("/none/a", not_found("none")),
        ("/none/a/b", not_found("none")),
        ("/a/b", not_found("a")),
        ("/cart/2", not_found("2")),
        ("/cart/00", not_found("00")),
        ("/cart/sku", not_found("sku")),
        ("/cart/", not_found("")),
        ("/cart/-/sku", not_found("-")),
        ("/cart/2/sku", not_found("2")),
        ("/cart/0/none/a", not_found("none")),
        ("/cart/0/no~1ne/a", not_found("no~1ne")),
        ("/user/a", of_text(TypeName::Dict)),
        ("/user/0", of_text(TypeName::List)),
        ("/user/-", of_text(TypeName::List)),
        ("/user/0/0", of_text(TypeName::List)),
        ("/cart/0/qty/x", wrong("cart", TypeName::Int, TypeName::Dict)),
    ] {
        assert_eq!(session.insert_at(pointer, &1), error, "{pointer}");
        let removed = session.remove_at(pointer);
        let expected = if error.is_err_and(Error::is_wrong_type) { error.map(|()| true) } else { Ok(false) };
        assert_eq!(removed, expected, "{pointer}");
    }
    assert_eq!((dump(&session).as_str(), session.modified()), (SHOP, false));
    assert_eq!(
        session.insert_at("/none/a", &1).unwrap_err().to_string(),
        "the pointer's step `none` leads to no value"
    );
}

/// A dict that comes to look like a tag is wrapped, and one that no longer does is not.
#[test]
fn a_dict_gets_a_wrapper_and_loses_it() {
    let mut session: SecureCookieSession<128> = opened(r#"{"d":{},"e":0}"#);
    for (pointer, expected) in [
        ("/d/ t", r#"{"d":{" di":{" t__":7}},"e":0}"#),
        ("/d/ m", r#"{"d":{" m":7," t":7},"e":0}"#),
        ("/d/a", r#"{"d":{" m":7," t":7,"a":7},"e":0}"#),
    ] {
        session.insert_at(pointer, &7).unwrap();
        assert_eq!(dump(&session), expected);
        opens_again(&session, &mut SecureCookieSession::<128>::new());
    }
    for (pointer, expected) in [
        ("/d/a", r#"{"d":{" m":7," t":7},"e":0}"#),
        ("/d/ m", r#"{"d":{" di":{" t__":7}},"e":0}"#),
        ("/d/ t", r#"{"d":{},"e":0}"#),
    ] {
        assert_eq!(session.remove_at(pointer), Ok(true));
        assert_eq!(dump(&session), expected);
        opens_again(&session, &mut SecureCookieSession::<128>::new());
    }
    // Replaced, it stays what it is, and the way leads through.
    session.insert_at("/d/ t", &json!([1])).unwrap();
    session.insert_at("/d/ t", &json!([2])).unwrap();
    session.insert_at("/d/ t/0", &3).unwrap();
    assert_eq!(dump(&session), r#"{"d":{" di":{" t__":[3]}},"e":0}"#);
    // So a wrapper is also a reason for which less takes more room.
    const FULL: &str = r#"{"d":{" t":"\u0001\u0001\u0001\u0001","a":2}}"#;
    let mut session: SecureCookieSession<45> = opened(FULL);
    let error = Error::Capacity { needed_bytes: 49, capacity_bytes: 45 };
    assert_eq!((FULL.len(), session.remove_at("/d/a")), (45, Err(error)));
    assert_eq!((dump(&session).as_str(), session.modified()), (FULL, false));
}

#[test]
fn items_of_lists_and_tuples_come_and_go() {
    let mut session: SecureCookieSession<256> = opened(r#"{"at":{" t":[1,{" t":[]}]},"l":[]}"#);
    session.insert_at("/at/0", &"x").unwrap();
    session.insert_at("/at/1/-", &1.5).unwrap();
    session.insert_at("/at/-", &()).unwrap();
    session.insert_at("/l/-", &(1, 2)).unwrap();
    session.insert_at("/l/-", &3).unwrap();
    session.insert_at("/l/0/1", &4).unwrap();
    assert_eq!(dump(&session), r#"{"at":{" t":["x",{" t":[1.5]},null]},"l":[{" t":[1,4]},3]}"#);
    opens_again(&session, &mut SecureCookieSession::<256>::new());
    for pointer in ["/at/1/0", "/at/1", "/at/1", "/l/0", "/l/0"] {
        assert_eq!(session.remove_at(pointer), Ok(true), "{pointer}");
    }
    assert_eq!(session.remove_at("/l/0"), Ok(false));
    assert_eq!(dump(&session), r#"{"at":{" t":["x"]},"l":[]}"#);
    assert_eq!(session.remove_at("/l"), Ok(true));
    assert_eq!(dump(&session), r#"{"at":{" t":["x"]}}"#);
    opens_again(&session, &mut SecureCookieSession::<256>::new());
}

/// What is in a tag that checks its contents stays as it was checked.
#[test]
fn nothing_inside_of_other_tags_changes() {
    const TAGS: &[JsonTag] = &[
        JsonTag::new(" x", |value| matches!(value.kind(), Kind::List(_))),
        JsonTag::new(" t", |value| matches!(value.kind(), Kind::List(list) if list.is_empty())).force(),
    ];
    let serializer = SESSION_JSON_SERIALIZER.register(TAGS).unwrap();
    let json = r#"{"b":{" b":"AP8="},"t":{" t":[]},"x":{" x":[1]}}"#;
    let mut session: SecureCookieSession<256> = opened_with(serializer, json);
    session.insert("rust", &()).unwrap();
    assert_eq!(session.insert_at("/x/0", &2), wrong("x", TypeName::Custom, TypeName::List));
    assert_eq!(session.insert_at("/x/ x", &2), wrong("x", TypeName::Custom, TypeName::Dict));
    assert_eq!(session.insert_at("/t/-", &2), wrong("t", TypeName::Custom, TypeName::List));
    assert_eq!(session.insert_at("/b/0", &2), wrong("b", TypeName::Bytes, TypeName::List));
    assert_eq!(session.remove_at("/x/0").map(|_| ()), wrong("x", TypeName::Custom, TypeName::List));
    assert!(session.pointer("/x/0").is_none());
    session.remove("rust").unwrap();
    // Such a value as a whole is a value like others.
    session.insert_at("/x", &Custom { key: " x", value: [2].as_slice() }).unwrap();
    assert_eq!(dump(&session), r#"{"b":{" b":"AP8="},"t":{" t":[]},"x":{" x":[2]}}"#);
    // A tuple of Rust's, where the tag that took the tuple's place takes it.
    session.insert("rust", &Empty).unwrap();
    assert_eq!(session.insert_at("/rust/-", &1), wrong("rust", TypeName::Tuple, TypeName::List));
}

/// A tuple without items.
struct Empty;

impl Serialize for Empty {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde::ser::SerializeTuple::end(serializer.serialize_tuple(0)?)
    }
}

#[test]
fn nesting_at_the_limit_opens_again() {
    // The session, the dict and 61 lists: a value in the innermost list has 63 levels around.
    let lists = |count: usize| "[".repeat(count) + &"]".repeat(count);
    let mut session: SecureCookieSession<512> = opened(&format!(r#"{{"d":{{"k":{}}}}}"#, lists(61)));
    let innermost = "/d/k".to_owned() + &"/0".repeat(60) + "/-";
    session.insert_at(&innermost, &Vec::<u8>::new()).unwrap();
    let before = dump(&session);
    let deeper = innermost.replace("/-", "/0/-");
    assert_eq!(session.insert_at(&deeper, &Vec::<u8>::new()), Err(Error::Depth));
    assert_eq!(dump(&session), before);
    session.insert_at(&deeper, &1).unwrap();
    opens_again(&session, &mut SecureCookieSession::<512>::new());
    // A wrapper is one more level, for the dict that gets it and for what is in it.
    session.insert_at("/d/k", &BTreeMap::<&str, ()>::new()).unwrap();
    let dict_in_lists = lists(62).replace("[]", "[{}]");
    let mut session: SecureCookieSession<512> =
        opened(&format!(r#"{{"d":{{" t":{},"k":1}},"e":{dict_in_lists}}}"#, lists(62)));
    let before = dump(&session);
    assert_eq!(session.remove_at("/d/k"), Err(Error::Depth));
    assert_eq!(session.insert_at(&("/e".to_owned() + &"/0".repeat(62) + "/ t"), &1), Err(Error::Depth));
    assert_eq!((dump(&session), session.modified()), (before, false));
    session.insert_at(&("/e".to_owned() + &"/0".repeat(62) + "/a"), &1).unwrap();
    assert_eq!(session.insert_at("/d/ t", &json!([])), Ok(()));
    assert_eq!(session.remove_at("/d/k"), Ok(true));
    opens_again(&session, &mut SecureCookieSession::<512>::new());
}

// ---- merging

#[derive(Serialize)]
struct Login<'a> {
    user: &'a str,
    visits: u32,
}

#[test]
fn merging_writes_its_own_fields_and_leaves_the_others() {
    let mut session: SecureCookieSession<256> = opened(r#"{"_permanent":true,"user":"bob","x":[1]}"#);
    session.merge(&Login { user: "ada", visits: 3 }).unwrap();
    let keys: Vec<&str> = session.iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["_permanent", "user", "x", "visits"]);
    assert_eq!(dump(&session), r#"{"_permanent":true,"user":"ada","visits":3,"x":[1]}"#);
    assert!(session.modified());
    opens_again(&session, &mut SecureCookieSession::<256>::new());
    // Nothing in it is a change too, as `update({})` is in Flask.
    session.set_modified(false);
    session.merge(&BTreeMap::<&str, ()>::new()).unwrap();
    assert!(session.modified());
    // Into an empty one, with a tag's key, which comes to stand alone.
    let mut session = SecureCookieSession::<64>::new();
    session.merge(&BTreeMap::from([(" t", 1)])).unwrap();
    assert_eq!(dump(&session), r#"{" di":{" t__":1}}"#);
    session.merge(&BTreeMap::from([("a", 1), (" t", 2)])).unwrap();
    assert_eq!(dump(&session), r#"{" t":2,"a":1}"#);
    session.remove("a").unwrap();
    opens_again(&session, &mut SecureCookieSession::<64>::new());
}

#[test]
fn an_update_is_made_as_python_makes_it_or_not_at_all() {
    let mut session: SecureCookieSession<128> = opened(r#"{"b":0,"a":0}"#);
    let order = |session: &Session| session.iter().map(|(key, _)| key.to_owned()).collect::<Vec<_>>();
    // In Python: d = {"a": 0, "b": 0}; d.update([("z", 1), ("b", 2), ("c~1", 3), ("z", 4), (" t", 5)])
    session.update(&[("z", &1), ("b", &"2"), ("c~1", &3), ("z", &4), (" t", &5)]).unwrap();
    assert_eq!(order(&session), ["b", "a", "z", "c~1", " t"]);
    assert_eq!(dump(&session), r#"{" t":5,"a":0,"b":"2","c~1":3,"z":4}"#);
    opens_again(&session, &mut SecureCookieSession::<128>::new());
    session.insert("measured", &"again").unwrap();

    let (before, long) = (dump(&session), "x".repeat(90));
    session.set_modified(false);
    assert!(session.update(&[("b", &1), ("n", &2), ("a", &long)]).is_err_and(Error::is_capacity));
    assert_eq!((dump(&session), session.modified()), (before, false));
    session.update(&[]).unwrap();
    assert!(session.modified());
}

#[test]
fn only_a_dict_can_be_merged() {
    let mut session: SecureCookieSession<64> = opened(r#"{"a":1}"#);
    let values: [&dyn Encode; 5] =
        [&1, &"text", &[("b", 1)].as_slice(), &(1, 2), &Custom { key: " t", value: 1 }];
    for value in values {
        assert!(session.merge(value).is_err());
    }
    assert_eq!((dump(&session).as_str(), session.modified()), (r#"{"a":1}"#, false));
    let mut null: SecureCookieSession<64> = NullSession.into();
    assert_eq!(null.merge(&Login { user: "", visits: 0 }), Err(Error::NoSecretKey));
    assert_eq!(null.insert_at("/a", &1), Err(Error::NoSecretKey));
    assert_eq!(null.remove_at("/a"), Err(Error::NoSecretKey));
    assert!(null.pointer("/a").is_none());
}

/// Pairs, in the order given.
struct Pairs<'a>(&'a [(&'a str, u32)]);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[test]
fn of_equal_keys_the_last_one_is_merged_where_they_are_not_sorted() {
    let json = r#"{"b":0,"a":0}"#;
    let mut session: SecureCookieSession<256> =
        opened_with(SESSION_JSON_SERIALIZER.with_sort_keys(false), json);
    session.merge(&Pairs(&[("c", 1), ("a", 2), ("c", 3), ("d", 4), ("a", 5)])).unwrap();
    assert_eq!(dump(&session), r#"{"b":0,"a":5,"c":3,"d":4}"#);
    session.insert("a", &"measured again").unwrap();
    opens_again(&session, &mut SecureCookieSession::<256>::new());
    let mut session: SecureCookieSession<256> = opened(json);
    assert_eq!(session.merge(&Pairs(&[("c", 1), ("c", 2)])), Err(Error::NotSerializable));
    assert_eq!(dump(&session), r#"{"a":0,"b":0}"#);
}

#[test]
fn merging_fits_or_changes_nothing_at_every_capacity() {
    const BEFORE: &str = r#"{"_permanent":true,"user":"bob","x":[1]}"#;
    const AFTER: &str = r#"{"_permanent":true,"user":"ada\u0001","visits":3,"x":[1]}"#;
    fn at<const N: usize>() -> bool {
        let mut session: SecureCookieSession<N> = opened(BEFORE);
        let used_bytes = session.used_bytes();
        let merged = session.merge(&Login { user: "ada\u{1}", visits: 3 });
        match merged {
            Ok(()) => assert_eq!(dump(&session), AFTER),
            Err(error) => {
                let Error::Capacity { needed_bytes, capacity_bytes } = error else { panic!("{error}") };
                assert!(needed_bytes > N && capacity_bytes == N);
                assert_eq!((dump(&session).as_str(), session.used_bytes()), (BEFORE, used_bytes));
                assert!(!session.modified());
                assert_eq!(session.get_as("user"), Ok(Some("bob")));
            }
        }
        opens_again(&session, &mut SecureCookieSession::<N>::new());
        merged.is_ok()
    }
    // 64 bytes are in use; `"user":"ada.","visits":3,` and one more record are 33.
    let fits = [
        at::<64>(),
        at::<70>(),
        at::<80>(),
        at::<90>(),
        at::<94>(),
        at::<95>(),
        at::<96>(),
        at::<97>(),
        at::<98>(),
    ];
    assert_eq!(opened::<128>(BEFORE).used_bytes(), 64);
    assert_eq!(fits.iter().filter(|fits| **fits).count(), 2, "{fits:?}");
}

// ---- values that fail

/// Serializes well once, and then gives another length, an error or a panic.
struct Fickle {
    calls: Cell<u32>,
    second: Second,
}

#[derive(Clone, Copy, Debug)]
enum Second {
    Longer,
    Shorter,
    Refused,
    Panic,
}

impl Fickle {
    fn new(second: Second) -> Self {
        Self { calls: Cell::new(0), second }
    }
}

impl Serialize for Fickle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.calls.set(self.calls.get() + 1);
        let text = match self.second {
            _ if self.calls.get() == 1 => "0123456789",
            Second::Longer => "0123456789 and much more than there was",
            Second::Shorter => "",
            Second::Refused => return Err(serde::ser::Error::custom("no")),
            Second::Panic => panic!("the second time"),
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("user", text)?;
        map.serialize_entry("zz", "0")?;
        map.end()
    }
}

#[test]
fn a_value_that_fails_the_second_time_changes_nothing() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    type Change = fn(&mut Session, &dyn Encode) -> Result<(), Error>;
    let changes: [Change; 6] = [
        |session, value| session.update(&[("n", &1), ("user", value), ("z", &2)]),
        |session, value| session.merge(value),
        |session, value| session.insert_at("/cart/0/qty", value),
        |session, value| session.insert_at("/cart/-", value),
        |session, value| session.insert_at("/z/ t", value),
        |session, value| session.insert_at("/user", value),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        for second in [Second::Longer, Second::Shorter, Second::Refused, Second::Panic] {
            let mut session: SecureCookieSession<512> = opened(SHOP);
            let value = Fickle::new(second);
            let changed = catch_unwind(AssertUnwindSafe(|| change(&mut session, &value)));
            let expected = match second {
                Second::Longer | Second::Shorter => Some(Err(Error::LengthChanged)),
                Second::Refused => Some(Err(Error::NotSerializable)),
                Second::Panic => None,
            };
            assert_eq!(changed.ok(), expected, "{number} {second:?}");
            assert_eq!((dump(&session).as_str(), session.modified()), (SHOP, false), "{number} {second:?}");
            session.insert("user", &"carol").unwrap();
            assert_eq!(dump(&session), SHOP.replace("ada", "carol"));
            opens_again(&session, &mut SecureCookieSession::<512>::new());
        }
    }
    std::panic::set_hook(hook);
}

/// Two equal keys in a Rust value are kept where nothing sorts. No change may make of
/// them what a reader would take for a tag.
#[test]
fn a_tag_s_key_several_times_is_not_left_alone() {
    let mut session = SecureCookieSession::<256>::new();
    session.reset(SESSION_JSON_SERIALIZER.with_sort_keys(false));
    session.insert("d", &Pairs(&[(" t", 1), ("x", 2), (" t", 3)])).unwrap();
    let before = dump(&session);
    assert_eq!(session.remove_at("/d/x"), Err(Error::NotSerializable));
    assert_eq!(dump(&session), before);
    assert_eq!(session.remove_at("/d/ t"), Ok(true));
    assert_eq!(dump(&session), r#"{"d":{"x":2," t":3}}"#);
}

#[test]
fn entries_are_iterated_behind_a_reference_of_either_kind() {
    let stored: SecureCookieSession<64> = opened(r#"{"a":1,"b":2}"#);
    let session: &Session = &stored;
    let mut sum = 0;
    for (key, value) in session {
        sum += value.as_i64().unwrap() + key.len() as i64;
    }
    for (_, value) in &*stored {
        sum += value.as_i64().unwrap();
    }
    for (_, value) in &stored {
        sum += value.as_i64().unwrap();
    }
    let guard = Box::new(stored);
    for (_, value) in &*guard {
        let value: Value<'_> = value;
        sum += value.as_i64().unwrap();
    }
    assert_eq!(sum, 14);
}
