//! What looks like a session of Flask, by the programs that make it.

use serde_json::json;

use crate::{NOW, flat, hipflask, inspected, ran, rows, run_with_key};

#[test]
fn what_is_no_session_is_named() {
    let mut seen = 0;
    for row in rows(include_str!("../../../../tests/data/inspect/others.jsonl")) {
        let kind = if row["what"] == "login" { json!("session") } else { row["what"].clone() };
        let cookie = row["cookie"].as_str().unwrap();
        for key in [None, Some("dev"), Some("other")] {
            let report = inspected(cookie, key);
            assert_eq!(report["kind"], kind, "{cookie}");
            assert_ne!(report["signature"]["state"], "not_a_cookie", "{cookie}");
        }
        seen += 1;
    }
    assert_eq!(seen, 16);
}

fn cookie(what: &str, index: usize) -> String {
    let rows = rows(include_str!("../../../../tests/data/inspect/others.jsonl"));
    let row = rows.filter(|row| row["what"] == what).nth(index).unwrap();
    row["cookie"].as_str().unwrap().to_owned()
}

#[test]
fn what_others_sign_is_checked_in_their_way() {
    for (what, index) in [("remember_token", 0), ("django_session", 0), ("flask_session_id", 1)] {
        assert_eq!(inspected(&cookie(what, index), Some("dev"))["signature"]["state"], "holds", "{what}");
        let report = inspected(&cookie(what, index), Some("other"));
        assert_eq!(
            (&report["signature"]["state"], &report["hipflask"]),
            (&json!("mismatch"), &json!(null)),
            "{what}"
        );
        assert_eq!(inspected(&cookie(what, index), None)["signature"]["state"], "unknown", "{what}");
    }
    for (what, salt, derivation, digest) in [
        ("flask_wtf_token", "wtf-csrf-token", "django-concat", "sha1"),
        ("starlette_session", "itsdangerous.Signer", "django-concat", "sha1"),
        ("jwt", "cookie-session", "none", "sha256"),
    ] {
        let way = json!([{"key": "the key", "salt": salt, "derivation": derivation, "digest": digest}]);
        let report = inspected(&cookie(what, 0), Some("dev"));
        assert_eq!(report["signature"]["state"], "mismatch", "{what}");
        assert_eq!(report["signature"]["holds_with"], way, "{what}");
    }
    assert_eq!(inspected(&cookie("flask_session_id", 0), Some("dev"))["signature"]["state"], "unsigned");
    // With their salt and derivation they hold, for as long as they are valid.
    let token = cookie("flask_wtf_token", 0);
    let args =
        ["--salt", "wtf-csrf-token", "--derivation", "django-concat", "--lifetime", "3600", token.as_str()];
    assert_eq!(run_with_key(&[&["verify", "--now", "1700003600"], &args[..]].concat()).status, 0);
    assert_eq!(run_with_key(&[&["verify", "--now", "1700003601"], &args[..]].concat()).status, 1);
}

#[test]
fn what_others_hold_is_shown() {
    let value = |what: &str| inspected(&cookie(what, 0), None)["payload"]["value"].clone();
    let user = |name: &str| json!({"t": "dict", "v": [["user", {"t": "str", "v": name}]]});
    assert_eq!(value("starlette_session"), user("Zoë"));
    assert_eq!(value("django_session"), user("ada"));
    assert_eq!(value("jwt")["v"][2], json!(["sub", {"t": "str", "v": "ada"}]));
    assert_eq!(inspected(&cookie("django_session", 0), None)["timestamp"], 1_700_000_000);
}

/// The cookie that Flask sent after `login_user(…, remember=True)`.
#[test]
fn the_entries_of_flask_login_and_flask_wtf_are_explained() {
    let mut command = hipflask(&["inspect", "--now", NOW, "-"]);
    let ran = ran(command.env("SECRET_KEY", "dev").write_stdin(cookie("login", 0)));
    assert_eq!(ran.status, 0);
    for sentence in [
        "_user_id Flask-Login: the user 'ada@example.com' is logged in",
        "_fresh Flask-Login: this login was made by password",
        "_id Flask-Login: a hash of address and browser",
        "csrf_token Flask-WTF: what the tokens of forms are compared with",
    ] {
        assert!(flat(&ran).contains(sentence), "{sentence}: {}", ran.answer);
    }
}
