//! Reports on cookies that Flask and itsdangerous made or judged.

use std::{collections::BTreeMap, ffi::OsString};

use hipflask::{
    UnixTime,
    signing::{Keyring, TimestampSigner},
};
use serde::Deserialize as _;
use serde_json::{Value as Json, json};

use crate::{
    json,
    options::{Command, HELP, Options},
    report::{MAX_COOKIE_BYTES, Report, values_of},
    signature::{HASHES, SALTS, Verdict},
    text,
};

fn options(args: &[&str]) -> Options {
    let args = args.iter().map(OsString::from).chain(["-".into()]);
    match Options::from_args(args) {
        Ok(Command::Inspect(options)) => options,
        Ok(Command::Help) => panic!("help"),
        Err(message) => panic!("{message}"),
    }
}

fn with_keys(args: &[&str], current: &str, fallbacks: &[&str]) -> Options {
    let mut all = vec!["--key", current];
    all.extend(fallbacks.iter().flat_map(|key| ["--fallback", key]));
    all.extend(args);
    options(&all)
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
    let refused = include_str!("../../tests/data/refused.txt");
    lines(include_str!("../../tests/data/vectors.jsonl"))
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

fn assert_value(report: &Report, expected: &Json, id: &Json) {
    let Some(expected) = normal(expected.clone()) else { return };
    assert_eq!(normal(json::report(report)["payload"]["value"].clone()), Some(expected), "{id}");
}

/// Both forms can be written, whatever was found.
fn written(report: &Report) -> String {
    format!("{}{:#}", text::report(report), json::report(report))
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
        if !HASHES.iter().any(|hash| known("digest", hash.name)) || !known("algorithm", "") {
            continue;
        }
        // Without a limit, any age will do and nothing is in the future.
        let now = request["time"].as_f64().unwrap_or(0.0) as i64;
        let (max_age, now) =
            request["max_age"].as_i64().map_or((i64::MAX, i64::MAX), |max_age| (max_age, now));
        let mut options = options(&["--max-age", &max_age.to_string(), "--now", &now.to_string()]);
        let keys = request["keys"].as_array().unwrap().iter().rev();
        options.keys =
            keys.map(|key| crate::signature::Key { name: "key".into(), secret: bytes(key) }).collect();
        if !request["salt"].is_null() {
            options.salt = bytes(&request["salt"]);
        }
        if let Some(hash) = HASHES.iter().find(|hash| request["digest"] == hash.name) {
            options.digest = hash.name;
        }
        if let Some(name) = request["derivation"].as_str() {
            options.derivation =
                crate::signature::DERIVATIONS.iter().find(|(known, _)| *known == name).unwrap().1;
        }
        let report = Report::new(&bytes(&request["cookie"]), &options);
        written(&report);
        let error = expected["error"].as_str().unwrap_or("none");
        match (&report.verdict, error) {
            (Verdict::Holds { .. }, "none") => {
                assert_value(&report, &expected["value"], id);
                assert_eq!(json!(report.signed_at_secs), expected["timestamp"], "{id}");
            }
            (Verdict::Holds { .. }, "BadPayload") => assert!(report.payload.unwrap().value.is_err(), "{id}"),
            (Verdict::Expired { .. } | Verdict::Future { .. }, "SignatureExpired") => {
                assert_eq!(json!(report.signed_at_secs), expected["date_signed"], "{id}");
            }
            (Verdict::OutOfRange { .. }, "Other") => {}
            (Verdict::Mismatch { .. } | Verdict::Untimed { .. }, "BadTimeSignature") => {
                assert_eq!(json!(report.signed_at_secs), expected["date_signed"], "{id}");
            }
            (Verdict::Mismatch { .. } | Verdict::Unsigned, "BadSignature") => {}
            (_, error) => panic!("{id}: {error}, but: {}", written(&report)),
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
        let max_age = config["PERMANENT_SESSION_LIFETIME"].as_i64().unwrap_or(2_678_400).to_string();
        let now = (request["time"].as_f64().unwrap() as u64).to_string();
        let options = with_keys(&["--max-age", &max_age, "--now", &now], key, &fallbacks);
        let name = config["SESSION_COOKIE_NAME"].as_str().unwrap_or("session");
        let header = bytes(&request["cookie_header"]);
        let Some(value) = hipflask::cookie::find(std::iter::once(&header[..]), name) else { continue };
        let token: Vec<u8> = value.unquoted().collect();
        // Flask takes an empty value for no cookie at all.
        let report = Report::new(&token, &options);
        let answer = json::report(&report)["hipflask"].as_str().unwrap().to_owned();
        let empty = json!({"t": "dict", "v": []});
        match answer.as_str() {
            "opens" if json::report(&report)["payload"]["value"]["t"] == "null" => {
                assert_eq!(expected["value"], empty, "{id}")
            }
            "opens" => assert_value(&report, &expected["value"], id),
            "starts afresh" => assert_eq!(expected["value"], empty, "{id}"),
            "fails" => assert_eq!(expected["ok"], false, "{id}"),
            other => panic!("{other}"),
        }
        *does.entry(answer).or_insert(0) += 1;
    }
    assert_eq!(does.len(), 3, "{does:?}");
}

#[test]
fn what_would_make_it_hold_is_found() {
    let mut found = 0;
    for token in lines(include_str!("../../tests/data/signing/sign.jsonl")) {
        let (secret, salt) = (token["secret"].as_str().unwrap(), token["salt"].as_str().unwrap());
        if token["sep"] != "." || !HASHES.iter().any(|hash| token["digest"] == hash.name) {
            continue;
        }
        let cookie = token["token"].as_str().unwrap().as_bytes();
        // The salt is known; digest and derivation are not.
        let args = ["--salt", salt, "--now", "1700000000", "--fallback", secret];
        let mut all = vec!["--key", "another"];
        all.extend(args);
        let report = Report::new(cookie, &options(&all));
        let written = json::report(&report);
        assert_eq!(written["signature"]["digest_by_length"], token["digest"]);
        if token["digest"] == "sha1" && token["derivation"] == "hmac" {
            assert_eq!(written["signature"]["key"], "fallback 1", "{token}");
        } else {
            let way = json!({"key": "fallback 1", "salt": salt, "digest": token["digest"], "derivation": token["derivation"]});
            assert_eq!(written["signature"]["state"], "mismatch", "{token}");
            assert_eq!(written["signature"]["holds_with"], json!([way]), "{token}");
        }
        // Nothing makes it hold with another key.
        let report = Report::new(cookie, &options(&["--key", "another", "--salt", salt]));
        assert!(matches!(report.verdict, Verdict::Mismatch { holds_with } if holds_with.is_empty()));
        found += 1;
    }
    assert_eq!(found, 16 * HASHES.len());
}

/// Python: `TimestampSigner(key, "cookie-session", key_derivation="hmac").sign("eyJhIjoxfQ")` at 1700000000.
const COOKIE: &str = "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk";

#[test]
fn a_salt_or_a_key_that_is_nearly_right_is_found() {
    let ways = |args: &[&str]| {
        json::report(&Report::new(COOKIE.as_bytes(), &options(args)))["signature"]["holds_with"].clone()
    };
    let way =
        |key: &str| json!([{"key": key, "salt": "cookie-session", "derivation": "hmac", "digest": "sha1"}]);
    assert_eq!(ways(&["--key", "dev", "--salt", "other"]), way("the key"));
    assert_eq!(ways(&["--key", "other", "--fallback", "dev", "--salt", "other"]), way("fallback 1"));
    assert_eq!(ways(&["--key", "dev\n"]), way("the key without the space around it"));
    assert_eq!(ways(&["--key", "'dev'"]), way("the key without its quotes"));
    assert_eq!(ways(&["--key", "\"dev\""]), way("the key without its quotes"));
    assert_eq!(ways(&["--key", "646576"]), way("the key as the bytes that it spells in hex"));
    assert_eq!(ways(&["--key", "DEV"]), json!([]));
}

#[test]
fn expired_and_early_by_how_much() {
    let signature = |args: &[&str]| {
        let mut all = vec!["--key", "dev"];
        all.extend(args);
        let signature = json::report(&Report::new(COOKIE.as_bytes(), &options(&all)))["signature"].clone();
        (signature["state"].as_str().unwrap().to_owned(), signature["by_secs"].as_u64())
    };
    assert_eq!(signature(&["--now", "1700000060", "--max-age", "60"]), ("holds".into(), None));
    assert_eq!(signature(&["--now", "1700000063", "--lifetime", "60"]), ("expired".into(), Some(3)));
    assert_eq!(signature(&["--now", "1702678401"]), ("expired".into(), Some(1)));
    assert_eq!(signature(&["--now", "1700000000", "--max-age", "-1"]), ("expired".into(), Some(1)));
    assert_eq!(signature(&["--now", "1699999998"]), ("future".into(), Some(2)));
}

#[test]
fn values_are_printed_as_python_prints_them_and_sizes_are_flasks() {
    for (index, cookie) in lines(include_str!("../../tests/data/inspect/cookies.jsonl")).enumerate() {
        let header = cookie["header"].as_str().unwrap();
        let options = options(&["--key", "dev", "--now", "1700000000"]);
        let tokens = values_of(format!("Set-Cookie: {header}").as_bytes(), "session").unwrap();
        assert_eq!(values_of(header.as_bytes(), "session").unwrap(), tokens);
        let [token] = &tokens[..] else { panic!("{header}") };
        let report = Report::new(token, &options);
        assert_eq!(report.header_len_bytes, header.len());
        assert_eq!(report.len_bytes, token.len());
        assert_eq!(json::report(&report)["cookie"]["fits"], header.len() <= 4093);
        let written = text::report(&report);
        for (key, printed) in cookie["printed"].as_object().unwrap() {
            let value = report.payload.as_ref().unwrap().value.as_ref().unwrap().get(key).unwrap();
            assert_eq!(text::python(value), printed.as_str().unwrap(), "{index}: {key}");
            assert!(written.contains(&format!(": {},\n", printed.as_str().unwrap())), "{written}");
        }
        assert!(written.contains("holds, with the key; it lasts 31 d 0 h, 31 d 0 h of it left"), "{written}");
    }
}

#[test]
fn without_a_key_the_same_is_shown() {
    let report =
        Report::new(COOKIE.as_bytes(), &Options { keys: Vec::new(), ..options(&["--now", "1700000000"]) });
    assert!(matches!(report.verdict, Verdict::Unknown));
    assert_eq!(report.exit_code(), 0);
    assert_eq!(json::report(&report)["hipflask"], Json::Null);
    assert_eq!(report.signed_at_secs, Some(1_700_000_000));
    assert!(text::report(&report).contains("\n    'a': 1,\n"));
}

/// Python: `TimestampSigner("dev", "cookie-session", key_derivation="hmac").sign(…)` of `WzFd`
/// and `zzz`, and a `URLSafeTimedSerializer`'s `dumps("ada")` with the salt `reset`.
#[test]
fn what_holds_and_is_no_session_fails_unless_another_salt_says_that_it_is_none() {
    let list = "WzFd.ZVPxAA.csSsW5vt6Eis7xGAbjR9s5WYArQ";
    let garbage = "zzz.ZVPxAA.Y1El33k4bj558FJLQ8BtwLwQ_h8";
    let token = "ImFkYSI.ZVPxAA.gGlu6pfk2gi-0aesgmONzCP5FX4";
    let report = |cookie: &str, args: &[&str]| {
        let args = [args, &["--key", "dev", "--now", "1700000000"]].concat();
        Report::new(cookie.as_bytes(), &options(&args))
    };
    for (cookie, does, exit_code) in [(COOKIE, "opens", 0), (list, "fails", 1), (garbage, "fails", 1)] {
        let report = report(cookie, &[]);
        assert_eq!((report.hipflask(), report.exit_code()), (Some(does), exit_code), "{cookie}");
    }
    for (cookie, why) in [
        (garbage, "value      none, BadPayload: the signed payload's text is not UTF-8 at byte 0\n"),
        (list, "value      is no session, which is a dict\n"),
    ] {
        let text = text::report(&report(cookie, &[]));
        assert!(text.contains(why), "{text}");
    }
    let report = report(token, &["--salt", "reset"]);
    assert_eq!((report.hipflask(), report.exit_code()), (None, 0));
    assert!(!text::report(&report).contains("no session"));
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
        (b"eyJhIjp0cnV9", "the signed payload's text is not tagged JSON near byte 5"),
    ] {
        let mut token = Vec::new();
        let keys = Keyring::for_sessions(b"dev");
        TimestampSigner::new(keys).sign(payload, UnixTime::from_secs(1_700_000_000), &mut token).unwrap();
        let report = Report::new(&token, &options(&["--key", "dev", "--now", "1700000000"]));
        assert_eq!(report.hipflask(), Some("fails"));
        assert!(text::report(&report).contains(&format!("value      none, BadPayload: {why}\n")), "{why}");
        assert_eq!(json::report(&report)["payload"]["error"], why);
    }
}

#[test]
fn every_cookie_of_the_name_is_shown_and_the_first_one_counts() {
    let header = format!("Cookie: session=left; theme=dark; session={COOKIE}; Session=x");
    let options = options(&["--key", "dev", "--now", "1700000000"]);
    let tokens = values_of(header.as_bytes(), "session").unwrap();
    assert_eq!(tokens, [b"left".to_vec(), COOKIE.as_bytes().to_vec()]);
    let reports: Vec<_> = tokens.iter().map(|token| Report::new(token, &options)).collect();

    let written = text::reports(&reports);
    let (first, second) = (text::report(&reports[0]), text::report(&reports[1]));
    assert!(written.starts_with("2 cookies called session: the first one counts."), "{written}");
    assert!(written.ends_with(&format!("\n1 of 2\n{first}\n2 of 2\n{second}")), "{written}");
    assert!(first.contains("starts afresh") && second.contains("opens"), "{written}");
    assert_eq!(text::reports(&reports[1..]), second);

    let written = json::reports(&reports);
    assert_eq!(
        (&written["signature"]["state"], &written["hipflask"]),
        (&json!("unsigned"), &json!("starts afresh"))
    );
    assert_eq!(written["others"], json!([json::report(&reports[1])]));
    assert_eq!(json::reports(&reports[1..])["others"], json!([]));
}

#[test]
fn clocks_may_differ_as_far_as_is_said() {
    let does = |now: &str, skew: &str| {
        let options = options(&["--key", "dev", "--now", now, "--clock-skew", skew]);
        Report::new(COOKIE.as_bytes(), &options).hipflask()
    };
    assert_eq!(does("1699999999", "0"), Some("starts afresh"));
    assert_eq!(does("1699999999", "1"), Some("opens"));
    assert_eq!(does("1699999998", "1"), Some("starts afresh"));
}

#[test]
fn a_capacity_is_named_only_where_it_suffices() {
    let capacity = |payload: &[u8]| {
        let mut token = Vec::new();
        let keys = Keyring::for_sessions(b"dev");
        TimestampSigner::new(keys).sign(payload, UnixTime::from_secs(1_700_000_000), &mut token).unwrap();
        Report::new(&token, &options(&["--key", "dev"])).payload.unwrap().capacity_bytes
    };
    // `{"a":1}`; `{"a":1,"a":1}`, of which one entry is left; `[1]`.
    assert_eq!(capacity(b"eyJhIjoxfQ"), Some(7 + 8));
    assert_eq!(capacity(b"eyJhIjoxLCJhIjoxfQ"), None);
    assert_eq!(capacity(b"WzFd"), None);
}

/// Without a current key sessions are null sessions, whatever the fallbacks are.
#[test]
fn fallbacks_alone_open_nothing() {
    let options = Options { has_current: false, ..options(&["--fallback", "dev", "--now", "1700000000"]) };
    let report = Report::new(COOKIE.as_bytes(), &options);
    assert!(matches!(report.verdict, Verdict::Holds { .. }));
    assert_eq!(report.hipflask(), None);
    assert!(self::options(&["--key", "dev"]).has_current);
    let in_environment = std::env::var_os("SECRET_KEY").is_some_and(|key| !key.is_empty());
    assert_eq!(self::options(&["--fallback", "dev"]).has_current, in_environment);
}

#[test]
fn the_help_names_every_salt_that_is_tried() {
    let words: Vec<&str> = HELP.split([' ', ',', '\n']).map(|word| word.trim_end_matches('.')).collect();
    assert!(SALTS.iter().all(|salt| words.contains(salt)));
}

#[test]
fn bombs_and_garbage_are_bounded() {
    let bombs = lines(include_str!("../../tests/data/vectors.jsonl")).filter(|case| case["group"] == "bomb");
    let tokens = bombs.filter_map(|case| case["req"]["cookie"].as_str().map(str::to_owned));
    for token in
        tokens.chain(include_str!("../../tests/data/security/cookies.txt").lines().map(str::to_owned))
    {
        written(&Report::new(token.as_bytes(), &options(&["--key", "dev"])));
        written(&Report::new(token.as_bytes(), &Options { keys: Vec::new(), ..options(&[]) }));
    }
    for token in ["", ".", "..", "...", "=", "a", "a.b", "\u{0}.\u{7f}.\u{80}", "😀.😀.😀", ".eJw.a.b"]
    {
        written(&Report::new(token.as_bytes(), &options(&["--key", "dev"])));
    }
    assert!(values_of(&vec![b'a'; MAX_COOKIE_BYTES], "session").is_ok());
    assert!(values_of(&vec![b'a'; MAX_COOKIE_BYTES + 1], "session").is_err());
    assert!(values_of(b"other=a", "session").is_err());
    assert!(values_of(b" \n", "session").is_err());
    assert_eq!(values_of(b"theme=x; session=\"a.b\"\r\n", "session"), Ok(vec![b"a.b".to_vec()]));
}

#[test]
fn nothing_that_a_cookie_holds_reaches_the_terminal_as_a_command() {
    // Python: URLSafeTimedSerializer of Flask's interface, {"\x1b[2J": "\x07\x9b"}
    let report = Report::new(b"eyJcdTAwMWJbMkoiOiJcdTAwMDdcdTAwOWIifQ.ZVPxAA.", &options(&["--key", "dev"]));
    let written = text::report(&report);
    assert!(written.contains(r"'\x1b[2J': '\x07\x9b'"), "{written}");
    assert!(!written.contains(|letter: char| letter.is_control() && letter != '\n'), "{written}");
}

#[test]
fn wrong_options_are_said_to_be_wrong() {
    let args = |args: &[&str]| Options::from_args(args.iter().map(OsString::from)).err();
    assert!(args(&["a", "b"]).unwrap().contains("more than one cookie"));
    assert!(args(&[]).unwrap().contains("no cookie"));
    assert!(args(&["--kee", "a"]).unwrap().contains("--kee"));
    assert!(args(&["a", "--key"]).unwrap().contains("--key wants a value"));
    assert!(args(&["a", "--now", "soon"]).unwrap().contains("soon"));
    assert!(args(&["a", "--digest", "md5"]).unwrap().contains("md5"));
    assert!(args(&["a", "--derivation", "scrypt"]).unwrap().contains("scrypt"));
    assert!(args(&["a", "--key-file", "/nowhere/key"]).unwrap().contains("/nowhere/key"));
    assert!(args(&["a", "--key", ""]).unwrap().contains("--key is empty"));
    assert_eq!(args(&["--help"]), None);
}
