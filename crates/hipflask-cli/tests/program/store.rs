//! Values of a store, as the real programs wrote and printed them.

use serde_json::{Value as Json, json};

use crate::{Ran, flat, hipflask, ran, rows, run};

/// The entries by key, without Python's spelling of floats.
fn normal(mut value: Json) -> Json {
    if let Some(object) = value.as_object_mut() {
        object.remove("r");
    }
    let is_dict = value["t"] == "dict";
    if let Some(items) = value["v"].as_array_mut() {
        for item in items.iter_mut() {
            let value = if is_dict { &mut item[1] } else { item };
            *value = normal(value.take());
        }
        if is_dict {
            items.sort_by_key(|entry| entry[0].to_string());
        }
    }
    value
}

/// Recorded from msgspec 0.22, which Flask-Session 0.8.0 uses.
#[test]
fn what_flask_session_stores_is_shown_as_python_reads_it() {
    let (mut shown, mut refused) = (0, 0);
    for case in rows(include_str!("../../../../tests/data/vectors_extensions.jsonl")) {
        let (request, expected, id) = (&case["req"], &case["exp"], &case["id"]);
        if request["op"] != "fs_load" {
            continue;
        }
        let value = format!("hex:{}", request["data"]["hex"].as_str().unwrap());
        let codec = request["codec"].as_str().unwrap();
        let ran = ran(hipflask(&["store", "--json", "--codec", codec, "-"]).write_stdin(value));
        if ran.status == 0 {
            let answer: Json = serde_json::from_str(&ran.answer).unwrap();
            assert_eq!(expected["ok"], true, "{id}: {}", ran.answer);
            let has_other_keys = expected["value"].to_string().contains("[{\"t\":\"int\"");
            if !has_other_keys && !expected["value"].to_string().contains("\"len\"") {
                assert_eq!(normal(answer["value"].clone()), normal(expected["value"].clone()), "{id}");
            }
            shown += 1;
        } else {
            assert_eq!((ran.status, ran.answer.as_str()), (3, ""), "{id}");
            // Python accepts these; docs/compatibility.md has them.
            let documented = ["more than 64 levels", "as a key", "has no room", "has a key twice", "keys"];
            let is_documented = documented.iter().any(|reason| ran.messages.contains(reason));
            assert!(expected["ok"] == false || is_documented, "{id}: {}", ran.messages);
            refused += 1;
        }
    }
    assert!(shown > 30 && refused > 10, "{shown} shown, {refused} refused");
}

/// What redis-cli 7 printed of one value of Flask-Session's: in quotes, raw, and of none.
#[test]
fn what_redis_cli_prints_is_read() {
    let quoted = b"\"\\x83\\xa8_user_id\\xa11\\xa4note\\xc4\\a\\\"\\\\\\n\\r\\t\\a\\b\\xa4seen\\xd7\\xff\\x00)a\\xc0e\\x93}%\"\n";
    let raw = b"\x83\xa8_user_id\xa11\xa4note\xc4\x07\"\\\n\r\t\x07\x08\xa4seen\xd7\xff\x00)a\xc0e\x93}%\n";
    let store = |input: &[u8]| ran(hipflask(&["store", "-"]).write_stdin(input));
    for input in [&quoted[..], &raw[..]] {
        let ran = store(input);
        assert_eq!((ran.status, ran.messages.as_str()), (0, ""));
        assert!(ran.answer.contains(r#"    'note': b'"\\\n\r\t\x07\x08',"#), "{}", ran.answer);
        let seen = "'seen': datetime.datetime(2024, 1, 2, 3, 4, 5, 678, tzinfo=datetime.timezone.utc)";
        assert!(ran.answer.contains(seen), "{}", ran.answer);
        assert!(flat(&ran).contains("_user_id Flask-Login: the user '1' is logged in"), "{}", ran.answer);
    }
    let nothing = store(b"(nil)\n");
    assert!(
        nothing.status == 3 && nothing.messages.contains("nothing is stored there"),
        "{}",
        nothing.messages
    );
}

#[test]
fn a_pickle_is_named_and_not_read() {
    // Python: pickle.dumps({"a": 1}), in the protocols 4, 2 and 0.
    for pickle in [
        &b"\x80\x04\x95\n\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01a\x94K\x01s."[..],
        b"\x80\x02}q\x00X\x01\x00\x00\x00aq\x01K\x01s.",
        b"(dp0\nVa\np1\nI1\ns.",
    ] {
        let ran = ran(hipflask(&["store", "-"]).write_stdin(pickle));
        assert_eq!((ran.status, ran.answer.as_str()), (3, ""));
        assert!(ran.messages.contains("is a pickle, which is never read"), "{}", ran.messages);
    }
}

#[test]
fn json_has_tags_or_it_has_none() {
    let stored = |args: &[&str], value: &str| -> Ran { run(&[&["store"], args, &[value]].concat()) };
    let tagged = stored(&[], r#"{"a":{"b":[{" t":[1]}]},"id":{" u":"0123456789abcdef0123456789abcdef"}}"#);
    assert!(tagged.answer.contains("'a': {'b': [(1,)]}"), "{}", tagged.answer);
    assert!(tagged.answer.contains("UUID('01234567-89ab-cdef-0123-456789abcdef')"), "{}", tagged.answer);
    let plain = stored(&["--json"], r#"{"a":{"t":[1]}}"#);
    let plain: Json = serde_json::from_str(&plain.answer).unwrap();
    assert_eq!((&plain["codec"], &plain["schema"]), (&json!("json"), &json!(1)));
    let as_plain = stored(&["--codec", "json"], r#"{"a":{" t":[1]}}"#);
    assert!(as_plain.answer.contains("'a': {' t': [1]}"), "{}", as_plain.answer);
    assert_eq!(stored(&["--codec", "yaml"], "{}").status, 2);
}
