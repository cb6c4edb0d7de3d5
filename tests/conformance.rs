//! Flask's own answers, case by case: `tests/data/vectors.jsonl`, made by the
//! real Flask 3.1.3, `tests/data/vectors_extensions.jsonl` and
//! `tests/data/extensions/requests.jsonl`, made by its extensions,
//! `tests/data/live.jsonl`, what live comparison once found, and
//! `tests/data/cookie/sync_expires.jsonl`, one option of Werkzeug's (see
//! `tests/README.md`), against the conformance driver.
#![cfg(all(feature = "std", feature = "flask-login", feature = "flask-wtf"))]

#[path = "../examples/conformance/driver/mod.rs"]
mod driver;

use std::collections::BTreeSet;

use serde_json::Value as Json;

const VECTORS: [&str; 5] = [
    include_str!("data/vectors.jsonl"),
    include_str!("data/vectors_extensions.jsonl"),
    include_str!("data/extensions/requests.jsonl"),
    include_str!("data/live.jsonl"),
    include_str!("data/cookie/sync_expires.jsonl"),
];
/// The cases that Flask accepts and the crate refuses, each with its reason.
const REFUSED: &str = include_str!("data/refused.txt");

/// Operations below the crate's interface, and those that it does not have.
const SKIPPED: [&str; 2] = ["b64url_decode", "b64std_decode"];

/// Drops what is informative only, makes every NaN one, and orders dicts.
fn normal(value: &Json) -> Json {
    match value {
        Json::Object(fields) => {
            let mut fields: serde_json::Map<_, _> = fields
                .iter()
                .filter(|(key, _)| *key != "info" && *key != "r")
                .map(|(key, value)| (key.clone(), normal(value)))
                .collect();
            if fields.get("t").is_some_and(|kind| kind == "dict")
                && let Some(Json::Array(entries)) = fields.get_mut("v")
            {
                entries.sort_by_key(|entry| entry[0].to_string());
            }
            if let Some(bits) = fields.get("v").and_then(Json::as_str)
                && fields.get("t").is_some_and(|kind| kind == "float")
                && (bits.starts_with("7ff8") || bits.starts_with("fff8"))
            {
                fields.insert("v".into(), "nan".into());
            }
            Json::Object(fields)
        }
        Json::Array(items) => items.iter().map(normal).collect(),
        other => other.clone(),
    }
}

fn is_empty_session(answer: &Json) -> bool {
    let value = if answer["value"].is_null() { &answer["state"]["value"] } else { &answer["value"] };
    answer["kind"] == "session" && value["v"] == serde_json::json!([])
}

/// Whether `got` takes nothing where Flask takes something.
fn is_refusal(expected: &Json, got: &Json) -> bool {
    expected["ok"] == true
        && (got["ok"] == false
            || (is_empty_session(got) && !is_empty_session(expected))
            || (expected["valid"] == true && got["valid"] == false))
}

#[test]
fn every_vector_is_answered_as_flask_answers() {
    let checked = std::thread::Builder::new().stack_size(driver::STACK_BYTES).spawn(check).unwrap().join();
    assert!(checked.is_ok());
}

fn check() {
    let mut refused: BTreeSet<&str> =
        REFUSED.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let (mut equal, mut skipped, mut all) = (0, 0, 0);
    let mut wrong = Vec::new();
    let [public, extensions, more_extensions, found_live, sync_expires] =
        VECTORS.map(|vectors| vectors.lines().count());
    for line in VECTORS.into_iter().flat_map(str::lines) {
        let case: Json = driver::parse(line).expect("a vector is JSON");
        let (id, request, expected) = (case["id"].as_str().unwrap_or_default(), &case["req"], &case["exp"]);
        all += 1;
        let got = driver::answer(request);
        if got["skip"] == true {
            assert!(SKIPPED.contains(&request["op"].as_str().unwrap_or_default()), "{id} was skipped");
            skipped += 1;
        } else if normal(&got) == normal(expected)
            || (expected["ok"] == false && expected["error"] == "Other" && got["ok"] == false)
        {
            equal += 1;
        } else if !(is_refusal(expected, &got) && refused.remove(id)) {
            wrong.push(format!(
                "{id} ({})\n  asked    {request}\n  expected {expected}\n  got      {got}",
                case["tier"]
            ));
        }
    }
    let known = REFUSED.lines().count();
    println!(
        "{public} public cases, {} of the extensions, {found_live} found by live comparison and {sync_expires} of \
         sync_expires: {equal} equal, {known} refused for a listed reason, {skipped} skipped, {} wrong",
        extensions + more_extensions,
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(refused.is_empty(), "no longer refused, take off the list: {refused:?}");
    assert_eq!(equal + known + skipped, all);
}
