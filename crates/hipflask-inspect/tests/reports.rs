//! Reports on cookies that Flask and itsdangerous made or judged.

use std::collections::BTreeMap;

use hipflask::{
    UnixTime,
    signing::{Keyring, TimestampSigner},
};
use serde::Deserialize as _;
use serde_json::{Value as Json, json};

use hipflask_inspect::{
    BadKey, Cookie, DERIVATIONS, DIGESTS, Inspection, Key, KeyCheck, Palette, Pasted, Settings, Signing,
    Stored, Unreadable, Verdict, python, read_key,
};

/// Of a cookie that was signed at 1700000000.
const NOW_SECS: u64 = 1_700_000_000;

fn with_keys(now_secs: u64, current: &str, fallbacks: &[&str]) -> Settings {
    let mut settings = Settings::new(now_secs);
    settings.set_keys(Some(current.into()), fallbacks.iter().map(|key| key.as_bytes().to_vec()).collect());
    settings
}

fn with_key(key: &str) -> Settings {
    with_keys(NOW_SECS, key, &[])
}

fn inspect(cookie: &[u8], settings: &Settings) -> Inspection {
    Inspection::of_cookies(&[Cookie::of_value(cookie)], settings)
}

fn text(inspection: &Inspection) -> String {
    inspection.text(&Palette::PLAIN)
}

/// The text in one line, however it was broken.
fn flat(inspection: &Inspection) -> String {
    text(inspection).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn lines(text: &'static str) -> impl Iterator<Item = Json> {
    text.lines().map(|line| {
        let mut reader = serde_json::Deserializer::from_str(line);
        reader.disable_recursion_limit();
        Json::deserialize(&mut reader).unwrap()
    })
}

/// The cases of the public vectors that the crate answers as Flask does.
fn vectors(op: &'static str) -> impl Iterator<Item = Json> {
    let refused = include_str!("../../../tests/data/refused.txt");
    lines(include_str!("../../../tests/data/vectors.jsonl"))
        .filter(move |case| case["req"]["op"] == op)
        .filter(move |case| !refused.lines().any(|line| line.split(' ').next() == case["id"].as_str()))
}

/// Bytes of a request.
fn bytes(field: &Json) -> Vec<u8> {
    match field["hex"].as_str() {
        Some(hex) => {
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
        }
        None => field.as_str().unwrap().into(),
    }
}

/// The value as it is compared: entries by key, no spelling of floats, nothing summarised.
fn normal(mut value: Json) -> Option<Json> {
    if let Some(object) = value.as_object_mut() {
        object.remove("r");
        if object.contains_key("len") || object["t"] == "nest" {
            return None;
        }
    }
    let Some(items) = value["v"].as_array() else { return Some(value) };
    let is_dict = value["t"] == "dict";
    let items = items.iter().map(|item| {
        if is_dict { Some(json!([item[0], normal(item[1].clone())?])) } else { normal(item.clone()) }
    });
    let mut items: Vec<Json> = items.collect::<Option<_>>()?;
    if is_dict {
        items.sort_by(|a, b| a[0].as_str().cmp(&b[0].as_str()));
    }
    value["v"] = items.into();
    Some(value)
}

fn assert_value(inspection: &Inspection, expected: &Json, id: &Json) {
    let Some(expected) = normal(expected.clone()) else { return };
    assert_eq!(normal(inspection.json()["payload"]["value"].clone()), Some(expected), "{id}");
}

/// Both forms can be written, whatever was found.
fn written(inspection: &Inspection) -> String {
    format!("{}{:#}", text(inspection), inspection.json())
}

#[test]
fn a_token_is_judged_as_itsdangerous_judges_it() {
    let mut judged = BTreeMap::new();
    for case in vectors("open") {
        let (request, expected, id) = (&case["req"], &case["exp"], &case["id"]);
        let known = |field: &str, default: &str| request[field].is_null() || request[field] == default;
        if !(known("kind", "timed") && known("serializer", "tagged") && request["custom"].is_null()) {
            continue;
        }
        if !DIGESTS.iter().any(|digest| known("digest", digest.name())) || !known("algorithm", "") {
            continue;
        }
        // Without a limit, any age will do and nothing is in the future.
        let now = request["time"].as_f64().unwrap_or(0.0) as i64;
        let (max_age, now) =
            request["max_age"].as_i64().map_or((i64::MAX, i64::MAX), |max_age| (max_age, now));
        let mut settings = Settings::new(now as u64);
        settings.lifetime_secs = max_age;
        let keys = request["keys"].as_array().unwrap().iter().rev();
        settings.keys = keys.map(|key| Key::new("key", bytes(key))).collect();
        if !request["salt"].is_null() {
            settings.salt = bytes(&request["salt"]);
        }
        if let Some(digest) = DIGESTS.iter().find(|digest| request["digest"] == digest.name()) {
            settings.digest = digest;
        }
        if let Some(name) = request["derivation"].as_str() {
            settings.derivation = DERIVATIONS.iter().find(|(known, _)| *known == name).unwrap().1;
        }
        let inspection = inspect(&bytes(&request["cookie"]), &settings);
        written(&inspection);
        let report = &inspection.reports[0];
        let error = expected["error"].as_str().unwrap_or("none");
        match (&report.verdict, error) {
            (Verdict::Holds { .. }, "none") => {
                assert_value(&inspection, &expected["value"], id);
                assert_eq!(json!(report.signed_at_secs), expected["timestamp"], "{id}");
            }
            (Verdict::Holds { .. }, "BadPayload") => {
                assert!(report.payload.as_ref().unwrap().value.is_err(), "{id}");
            }
            (Verdict::Expired { .. } | Verdict::Future { .. }, "SignatureExpired") => {
                assert_eq!(json!(report.signed_at_secs), expected["date_signed"], "{id}");
            }
            (Verdict::OutOfRange { .. }, "Other") => {}
            (
                Verdict::Mismatch { .. } | Verdict::Untimed { .. } | Verdict::NotACookie { .. },
                "BadTimeSignature",
            ) => {
                assert_eq!(json!(report.signed_at_secs), expected["date_signed"], "{id}");
            }
            (Verdict::Mismatch { .. } | Verdict::Unsigned | Verdict::NotACookie { .. }, "BadSignature") => {}
            (_, error) => panic!("{id}: {error}, but: {}", written(&inspection)),
        }
        *judged.entry(error.to_owned()).or_insert(0) += 1;
    }
    for error in ["none", "BadPayload", "SignatureExpired", "BadTimeSignature", "BadSignature", "Other"] {
        assert!(judged.contains_key(error), "{error}: {judged:?}");
    }
}

#[test]
fn what_the_report_says_of_these_flask_does_too() {
    let mut does = BTreeMap::new();
    for case in vectors("open_session") {
        let (request, expected, id) = (&case["req"], &case["exp"], &case["id"]);
        let config = &request["config"];
        let Some(key) = config["SECRET_KEY"].as_str().filter(|key| !key.is_empty()) else { continue };
        let fallbacks: Vec<&str> = config["SECRET_KEY_FALLBACKS"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect();
        let mut settings = with_keys(request["time"].as_f64().unwrap() as u64, key, &fallbacks);
        settings.lifetime_secs = config["PERMANENT_SESSION_LIFETIME"].as_i64().unwrap_or(2_678_400);
        let name = config["SESSION_COOKIE_NAME"].as_str().unwrap_or("session");
        let header = bytes(&request["cookie_header"]);
        let Some(value) = hipflask::cookie::find(std::iter::once(&header[..]), name) else { continue };
        let token: Vec<u8> = value.unquoted().collect();
        // Flask takes an empty value for no cookie at all.
        let inspection = inspect(&token, &settings);
        let written = inspection.json();
        let answer = written["hipflask"].as_str().unwrap();
        let empty = json!({"t": "dict", "v": []});
        match answer {
            "opens" if written["payload"]["value"]["t"] == "null" => {
                assert_eq!(expected["value"], empty, "{id}");
            }
            "opens" => assert_value(&inspection, &expected["value"], id),
            "starts afresh" => assert_eq!(expected["value"], empty, "{id}"),
            "fails" => assert_eq!(expected["ok"], false, "{id}"),
            other => panic!("{other}"),
        }
        *does.entry(answer.to_owned()).or_insert(0) += 1;
    }
    assert_eq!(does.len(), 3, "{does:?}");
}

#[test]
fn what_would_make_it_hold_is_found() {
    let mut found = 0;
    for token in lines(include_str!("../../../tests/data/signing/sign.jsonl")) {
        let (secret, salt) = (token["secret"].as_str().unwrap(), token["salt"].as_str().unwrap());
        if token["sep"] != "." || !DIGESTS.iter().any(|digest| token["digest"] == digest.name()) {
            continue;
        }
        let cookie = token["token"].as_str().unwrap().as_bytes();
        // The salt is known; digest and derivation are not.
        let mut settings = with_keys(NOW_SECS, "another", &[secret]);
        settings.salt = salt.into();
        let written = inspect(cookie, &settings).json();
        assert_eq!(written["signature"]["digest_by_length"], token["digest"]);
        if token["digest"] == "sha1" && token["derivation"] == "hmac" {
            assert_eq!(written["signature"]["key"], "fallback 1", "{token}");
        } else {
            let way = json!({"key": "fallback 1", "salt": salt, "digest": token["digest"], "derivation": token["derivation"]});
            assert_eq!(written["signature"]["state"], "mismatch", "{token}");
            assert_eq!(written["signature"]["holds_with"], json!([way]), "{token}");
        }
        // Nothing makes it hold with another key.
        settings.set_keys(Some(b"another".to_vec()), Vec::new());
        let report = &inspect(cookie, &settings).reports[0];
        assert_eq!(report.verdict, Verdict::Mismatch { holds_with: Vec::new() });
        found += 1;
    }
    assert_eq!(found, 16 * DIGESTS.len());
}

/// Python: `TimestampSigner(key, "cookie-session", key_derivation="hmac").sign("eyJhIjoxfQ")` at 1700000000.
const COOKIE: &str = "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk";

#[test]
fn a_salt_or_a_key_that_is_nearly_right_is_found() {
    let ways =
        |settings: &Settings| inspect(COOKIE.as_bytes(), settings).json()["signature"]["holds_with"].clone();
    let way =
        |key: &str| json!([{"key": key, "salt": "cookie-session", "derivation": "hmac", "digest": "sha1"}]);
    let salted = |mut settings: Settings| {
        settings.salt = b"other".to_vec();
        settings
    };
    assert_eq!(ways(&salted(with_key("dev"))), way("the key"));
    assert_eq!(ways(&salted(with_keys(NOW_SECS, "other", &["dev"]))), way("fallback 1"));
    assert_eq!(ways(&with_key("dev\n")), way("the key without the space around it"));
    assert_eq!(ways(&with_key("'dev'")), way("the key without its quotes"));
    assert_eq!(ways(&with_key("\"dev\"")), way("the key without its quotes"));
    assert_eq!(ways(&with_key("646576")), way("the key as the bytes that it spells in hex"));
    assert_eq!(ways(&with_key("ZGV2")), way("the key as the bytes that it spells in base64"));
    assert_eq!(ways(&with_key("b'dev'")), way("the key as the literal that it is in Python"));
    assert_eq!(ways(&with_key(r"d\x65v")), way("the key with Python's escapes read, as bytes"));
    assert_eq!(ways(&with_key("DEV")), json!([]));
}

#[test]
fn expired_and_early_by_how_much() {
    let signature = |now_secs: u64, lifetime_secs: i64| {
        let mut settings = with_keys(now_secs, "dev", &[]);
        settings.lifetime_secs = lifetime_secs;
        let signature = inspect(COOKIE.as_bytes(), &settings).json()["signature"].clone();
        (signature["state"].as_str().unwrap().to_owned(), signature["by_secs"].as_u64())
    };
    const MONTH_SECS: i64 = 2_678_400;
    assert_eq!(signature(1_700_000_060, 60), ("holds".into(), None));
    assert_eq!(signature(1_700_000_063, 60), ("expired".into(), Some(3)));
    assert_eq!(signature(1_702_678_401, MONTH_SECS), ("expired".into(), Some(1)));
    assert_eq!(signature(1_700_000_000, -1), ("expired".into(), Some(1)));
    assert_eq!(signature(1_699_999_998, MONTH_SECS), ("future".into(), Some(2)));
}

#[test]
fn values_are_printed_as_python_prints_them_and_sizes_are_flasks() {
    for (index, cookie) in lines(include_str!("../../../tests/data/inspect/cookies.jsonl")).enumerate() {
        let header = cookie["header"].as_str().unwrap();
        let found = Pasted::read(header.as_bytes(), "session").unwrap().cookies;
        let [found] = &found[..] else { panic!("{header}") };
        let inspection = Inspection::of_cookies(std::slice::from_ref(found), &with_key("dev"));
        let report = &inspection.reports[0];
        assert_eq!(report.header_len_bytes, header.len());
        assert_eq!(report.len_bytes, found.value.len());
        assert_eq!(inspection.json()["cookie"]["fits"], header.len() <= 4093);
        let written = text(&inspection);
        for (key, printed) in cookie["printed"].as_object().unwrap() {
            let value = report.payload.as_ref().unwrap().value.as_ref().unwrap().get(key).unwrap();
            assert_eq!(python::repr(value), printed.as_str().unwrap(), "{index}: {key}");
            let lines = format!(": {},\n", printed.as_str().unwrap());
            assert!(lines.len() > 60 || written.contains(&lines), "{written}");
        }
        assert!(written.contains("holds, with the key; it lasts 31 d 0 h, 31 d 0 h of it left"), "{written}");
    }
}

#[test]
fn without_a_key_the_same_is_shown() {
    let inspection = inspect(COOKIE.as_bytes(), &Settings::new(NOW_SECS));
    let report = &inspection.reports[0];
    assert_eq!(report.verdict, Verdict::Unknown);
    assert!(inspection.holds());
    assert_eq!(inspection.json()["hipflask"], Json::Null);
    assert_eq!(report.signed_at_secs, Some(NOW_SECS));
    assert!(text(&inspection).contains("\n    'a': 1,\n"));
}

/// Python: `TimestampSigner("dev", "cookie-session", key_derivation="hmac").sign(…)` of `WzFd`
/// and `zzz`, and a `URLSafeTimedSerializer`'s `dumps("ada")` with the salt `reset`.
#[test]
fn what_holds_and_is_no_session_fails_unless_another_salt_says_that_it_is_none() {
    let list = "WzFd.ZVPxAA.csSsW5vt6Eis7xGAbjR9s5WYArQ";
    let garbage = "zzz.ZVPxAA.Y1El33k4bj558FJLQ8BtwLwQ_h8";
    let token = "ImFkYSI.ZVPxAA.gGlu6pfk2gi-0aesgmONzCP5FX4";
    let settings = with_key("dev");
    for (cookie, does, holds) in [(COOKIE, "opens", true), (list, "fails", false), (garbage, "fails", false)]
    {
        let inspection = inspect(cookie.as_bytes(), &settings);
        assert_eq!((inspection.reports[0].hipflask(), inspection.holds()), (Some(does), holds), "{cookie}");
    }
    for (cookie, why) in [
        (garbage, "value none, BadPayload: the signed payload's text is not UTF-8 at byte 0"),
        (list, "value is no session, which is a dict"),
    ] {
        let text = flat(&inspect(cookie.as_bytes(), &settings));
        assert!(text.contains(why), "{text}");
    }
    let mut settings = with_key("dev");
    settings.salt = b"reset".to_vec();
    let inspection = inspect(token.as_bytes(), &settings);
    assert_eq!((inspection.reports[0].hipflask(), inspection.holds()), (None, true));
    assert!(!text(&inspection).contains("is no session"));
}

/// The report and the error that opening gives name the same layer and place.
#[test]
fn an_unreadable_payload_s_layer_and_place_are_said() {
    for (payload, why) in [
        (&b"zzzzz"[..], "the signed payload is not base64"),
        (b".bm90IHpsaWI", "the signed payload is not a zlib stream"),
        // `"\xff"`
        (b"Iv8i", "the signed payload's text is not UTF-8 at byte 1"),
        // `{"a":tru}`
        (b"eyJhIjp0cnV9", "the payload's text is not tagged JSON near byte 5"),
    ] {
        let mut token = Vec::new();
        let keys = Keyring::for_sessions(b"dev");
        TimestampSigner::new(keys).sign(payload, UnixTime::from_secs(NOW_SECS), &mut token).unwrap();
        let inspection = inspect(&token, &with_key("dev"));
        assert_eq!(inspection.reports[0].hipflask(), Some("fails"));
        assert!(flat(&inspection).contains(&format!("value none, BadPayload: {why}")), "{why}");
        assert_eq!(inspection.json()["payload"]["error"], why);
    }
}

#[test]
fn every_cookie_of_the_name_is_shown_and_the_first_one_counts() {
    let header = format!("Cookie: session=left; theme=dark; session={COOKIE}; Session=x");
    let settings = with_key("dev");
    let inspection = Inspection::new(header.as_bytes(), &settings).unwrap();
    let values: Vec<_> = Pasted::read(header.as_bytes(), "session")
        .map(|pasted| pasted.cookies)
        .unwrap()
        .into_iter()
        .map(|cookie| cookie.value)
        .collect();
    assert_eq!(values, [b"left".to_vec(), COOKIE.as_bytes().to_vec()]);
    // One of them holds.
    assert!(inspection.holds());
    assert!(!inspection.reports[0].holds());

    let (first, second) = (inspect(b"left", &settings), inspect(COOKIE.as_bytes(), &settings));
    let written = text(&inspection);
    assert!(written.starts_with("2 cookies called session: the first one counts."), "{written}");
    assert!(
        written.ends_with(&format!("\n1 of 2\n{}\n2 of 2\n{}", text(&first), text(&second))),
        "{written}"
    );
    assert!(text(&first).contains("starts afresh") && text(&second).contains("opens"), "{written}");

    let written = inspection.json();
    assert_eq!(
        (&written["signature"]["state"], &written["hipflask"]),
        (&json!("unsigned"), &json!("starts afresh"))
    );
    let mut other = second.json();
    assert_eq!(other["others"], json!([]));
    other.as_object_mut().unwrap().retain(|key, _| key != "others" && key != "pasted_notes");
    assert_eq!(written["others"], json!([other]));
    assert_eq!(written["schema"], 1);
}

#[test]
fn clocks_may_differ_as_far_as_is_said() {
    let does = |now_secs: u64, skew_secs: u64| {
        let mut settings = with_keys(now_secs, "dev", &[]);
        settings.clock_skew_secs = skew_secs;
        inspect(COOKIE.as_bytes(), &settings).reports[0].hipflask()
    };
    assert_eq!(does(1_699_999_999, 0), Some("starts afresh"));
    assert_eq!(does(1_699_999_999, 1), Some("opens"));
    assert_eq!(does(1_699_999_998, 1), Some("starts afresh"));
}

#[test]
fn a_capacity_is_named_only_where_it_suffices() {
    let capacity = |payload: &[u8]| {
        let mut token = Vec::new();
        let keys = Keyring::for_sessions(b"dev");
        TimestampSigner::new(keys).sign(payload, UnixTime::from_secs(NOW_SECS), &mut token).unwrap();
        inspect(&token, &with_key("dev")).reports[0].payload.as_ref().unwrap().capacity_bytes
    };
    // `{"a":1}`; `{"a":1,"a":1}`, of which one entry is left; `[1]`.
    assert_eq!(capacity(b"eyJhIjoxfQ"), Some(7 + 8));
    assert_eq!(capacity(b"eyJhIjoxLCJhIjoxfQ"), None);
    assert_eq!(capacity(b"WzFd"), None);
}

/// Without a current key sessions are null sessions, whatever the fallbacks are.
#[test]
fn fallbacks_alone_open_nothing() {
    let mut settings = Settings::new(NOW_SECS);
    settings.set_keys(None, vec![b"dev".to_vec()]);
    let report = &inspect(COOKIE.as_bytes(), &settings).reports[0];
    assert_eq!(report.verdict, Verdict::Holds { key: "fallback 1".into() });
    assert_eq!(report.hipflask(), None);
    settings.set_keys(Some(Vec::new()), vec![b"dev".to_vec(), Vec::new()]);
    assert_eq!((settings.has_current, settings.keys.len()), (false, 1));
}

#[test]
fn bombs_and_garbage_are_bounded() {
    let bombs =
        lines(include_str!("../../../tests/data/vectors.jsonl")).filter(|case| case["group"] == "bomb");
    let tokens = bombs.filter_map(|case| case["req"]["cookie"].as_str().map(str::to_owned));
    let others = include_str!("../../../tests/data/security/cookies.txt").lines().map(str::to_owned);
    let short = ["", ".", "..", "...", "=", "a", "a.b", "\u{0}.\u{7f}.\u{80}", "😀.😀.😀", ".eJw.a.b"];
    let parts = ["session=", "\"", ";", "\t", "\n", "Set-Cookie: ", "-b "];
    let pasted = parts
        .iter()
        .flat_map(|a| parts.iter().flat_map(move |b| parts.map(|c| format!("{a}{b}{c}{COOKIE}{a}{c}"))));
    for token in tokens.chain(others).chain(short.map(str::to_owned)).chain(pasted) {
        written(&inspect(token.as_bytes(), &with_key("dev")));
        written(&inspect(token.as_bytes(), &Settings::new(NOW_SECS)));
        if let Ok(inspection) = Inspection::new(token.as_bytes(), &with_key("dev")) {
            written(&inspection);
        }
        let _ = Stored::new(token.as_bytes(), None).map(|stored| stored.text(&Palette::PLAIN));
        let _ = Signing::like(token.as_bytes(), &with_key("dev"));
        let _ = read_key(format!("python:{token}").as_bytes());
        let _ = KeyCheck::new(token.as_bytes());
    }
    let read = |pasted: &[u8]| Pasted::read(pasted, "session").map(|pasted| pasted.cookies);
    let limit_bytes = 64 * 1024;
    assert!(read(&vec![b'a'; limit_bytes]).is_ok());
    assert_eq!(read(&vec![b'a'; limit_bytes + 1]), Err(Unreadable::TooLong { limit_bytes }));
    let others = vec!["other".into()];
    assert_eq!(read(b"other=a"), Err(Unreadable::NoSuchCookie { name: "session".into(), others }));
    assert_eq!(read(b" \n"), Err(Unreadable::Nothing));
    assert_eq!(read(b"theme=x; session=\"a.b\"\r\n").unwrap()[0].value, b"a.b");
}

#[test]
fn nothing_that_a_cookie_holds_reaches_the_terminal_as_a_command() {
    // Python: URLSafeTimedSerializer of Flask's interface, {"\x1b[2J": "\x07\x9b"}
    let written = text(&inspect(b"eyJcdTAwMWJbMkoiOiJcdTAwMDdcdTAwOWIifQ.ZVPxAA.", &with_key("dev")));
    assert!(written.contains(r"'\x1b[2J': '\x07\x9b'"), "{written}");
    assert!(!written.contains(|letter: char| letter.is_control() && letter != '\n'), "{written}");
}

/// Recorded from Flask-Login 0.6.3, which takes the Latin-1 of a key that is text.
#[test]
fn a_remember_token_holds_where_flask_login_recalls_its_user() {
    let (mut recalled, mut refused) = (0, 0);
    for case in lines(include_str!("../../../tests/data/vectors_extensions.jsonl")) {
        let (request, expected) = (&case["req"], &case["exp"]);
        if request["op"] != "fl_recall" {
            continue;
        }
        let mut settings = Settings::new(NOW_SECS);
        settings.set_keys(Some(bytes(&request["key"])), Vec::new());
        let report = &inspect(request["cookie"].as_str().unwrap().as_bytes(), &settings).reports[0];
        let holds = matches!(report.verdict, Verdict::Holds { .. });
        // A user's id with letters that no cookie has: Werkzeug quotes it, and this is what was inside.
        let is_cookie = !matches!(report.verdict, Verdict::NotACookie { .. });
        if is_cookie {
            assert_eq!(holds, expected["user_id"].is_string(), "{case}");
            *(if holds { &mut recalled } else { &mut refused }) += 1;
        }
    }
    assert!(recalled > 2 && refused > 10, "{recalled} recalled, {refused} refused");
}

/// Python itself read them. Names of letters and halves of an emoji are refused here.
#[test]
fn a_key_s_literal_is_read_as_python_reads_it() {
    let (mut read, mut refused) = (0, 0);
    for row in lines(include_str!("../../../tests/data/inspect/literals.jsonl")) {
        let literal = row["literal"].as_str().unwrap();
        let key = read_key(format!("python:{literal}").as_bytes());
        match (&row["hex"], key) {
            (Json::String(hex), Ok(key)) => {
                assert_eq!(
                    key.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
                    *hex,
                    "{literal}"
                );
                read += 1;
            }
            (Json::String(hex), Err(BadKey::Empty)) => assert_eq!(hex, "", "{literal}"),
            (Json::String(_), Err(error)) => {
                assert!(literal.contains("\\N") || literal.contains(['#', '(']), "{literal}: {error}");
            }
            (_, Err(_)) => refused += 1,
            (_, Ok(key)) => panic!("Python rejects {literal}, which is {key:?} here"),
        }
    }
    assert!(read > 150 && refused > 150, "{read} read, {refused} refused");
}
