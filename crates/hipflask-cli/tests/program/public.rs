//! Cookies of real sites and programs, from public texts. None of them names a person.

use serde_json::json;

use crate::{flat, inspected, run};

/// From the documentation of a tool for such cookies, with its key.
#[test]
fn a_cookie_of_2019_holds_with_its_key() {
    let cookie = "eyJsb2dnZWRfaW4iOmZhbHNlfQ.XDuWxQ.E2Pyb6x3w-NODuflHoGnZOEpbH8";
    assert_eq!(run(&["verify", "--key", "CHANGEME", "--now", "1547409093", cookie]).status, 0);
    let ran = run(&["verify", "-v", "--key", "changeme", "--now", "1547409093", cookie]);
    assert!(ran.status == 1 && ran.answer.contains("another key"), "{}", ran.answer);
    assert_eq!(inspected(cookie, None)["timestamp"], 1_547_409_093);
}

/// From the solution of an exercise of 2017: bytes, and a time that counts from 2011.
#[test]
fn a_time_that_counts_from_2011_is_read() {
    let cookie = "eyJudW1iZXIiOnsiIGIiOiJNekkyTkRFd01ETXhOVEExIn0sInVzZXJuYW1lIjp7IiBiIjoiWVdSdGFXND0ifX0.DE2iRA.\
                  ig5KSlnmsDH4uhDpmsFRPupB5Vw";
    let ran = run(&["inspect", "--now", "1700000000", cookie]);
    assert!(ran.answer.contains("    'username': b'admin',\n"), "{}", ran.answer);
    let old =
        "itsdangerous below 1.0 counted from 2011: if one of these signed it, it was at Mon, 17 Jul 2017";
    assert!(flat(&ran).contains(old), "{}", ran.answer);
}

/// From the notes of an exercise of 2025, where the user has another name and number.
#[test]
fn a_compressed_cookie_is_shown() {
    let cookie = ".eJwlzDEOgzAMAMC_eGZwgjE2n0GJnUhV1SCRMCH-3krdbrobrJ91H8e7NNgAq3CW6EgrobAhaojsJpIkRxZNdQ3qwRci12ye5kW\
                  FLDPPaNFggquXc385bOHvlj7lN_dxeWkDni9ugiID.aTHh5A.Lsp-B81WE9IgMdYlqMw0e7R2qPo";
    let report = inspected(cookie, Some("dev"));
    assert_eq!(report["kind"], "session");
    assert_eq!(report["payload"]["compressed"], json!(true));
    assert_eq!(report["payload"]["value"]["v"][1], json!(["user_id", {"t": "int", "v": "1"}]));
    assert_eq!(report["payload"]["value"]["v"][2], json!(["username", {"t": "str", "v": "student"}]));
    assert_eq!(report["signature"]["state"], "mismatch");
}

/// From a site's notes: what Flask-Login leaves when somebody has logged out.
#[test]
fn a_session_without_a_user_is_said_to_be_one() {
    let report = inspected("Cookie: session=eyJfZnJlc2giOmZhbHNlfQ.aI3UXA.CYoLW8CfalTCefLOSG2huGM7ptg", None);
    assert_eq!(report["notes"], json!(["there is no _user_id in it: for Flask-Login, nobody is logged in"]));
}

/// From an article on Flask's cookies.
#[test]
fn a_cookie_of_an_article_is_shown_without_its_key() {
    let report = inspected("eyJmb28iOiJiYXIifQ.YJWcHA.8yt1Cf4sDsHfEgVQQztrDa3lw-I", None);
    assert_eq!(report["payload"]["value"]["v"], json!([["foo", {"t": "str", "v": "bar"}]]));
    assert_eq!(report["date"], "Fri, 07 May 2021 19:59:24 GMT");
}
