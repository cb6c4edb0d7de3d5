#![doc = include_str!("../README.md")]
//!
//! # The interface
//!
//! The page and this library share a buffer. The page writes a question into it, as JSON
//! in UTF-8, calls [`hipflask_answer`], and reads the answer from it, which is JSON too.
//! The buffer consists of atomics, because those can be written without an unsafe block.
//! There is one buffer, and so one question at a time.
#![deny(unsafe_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod answer;
mod question;

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// Room for the answer about the longest cookie that is looked at.
const BUFFER_BYTES: usize = 4 << 20;

static BUFFER: [AtomicU8; BUFFER_BYTES] = [const { AtomicU8::new(0) }; BUFFER_BYTES];

/// Says where the buffer is.
#[expect(unsafe_code, reason = "an exported name is a promise that nothing else has it")]
#[unsafe(no_mangle)]
pub extern "C" fn hipflask_buffer() -> *const AtomicU8 {
    BUFFER.as_ptr()
}

/// Says how many bytes the buffer has.
#[expect(unsafe_code, reason = "an exported name is a promise that nothing else has it")]
#[unsafe(no_mangle)]
pub extern "C" fn hipflask_buffer_len() -> usize {
    BUFFER.len()
}

/// Answers the question in the first `len` bytes of the buffer. Says how many bytes of the
/// buffer are the answer.
#[expect(unsafe_code, reason = "an exported name is a promise that nothing else has it")]
#[unsafe(no_mangle)]
pub extern "C" fn hipflask_answer(len: usize) -> usize {
    let question: Vec<u8> = BUFFER.iter().take(len).map(|byte| byte.load(Relaxed)).collect();
    let mut answer = answer::answer(&question);
    if answer.len() > BUFFER.len() {
        answer = answer::refusal("there is more in it than this page has room for");
    }
    for (place, byte) in BUFFER.iter().zip(answer.bytes()) {
        place.store(byte, Relaxed);
    }
    answer.len()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by them")]
mod tests {
    use std::sync::Mutex;

    use serde_json::{Value as Json, json};

    use super::*;

    // Of a Flask app with the key `dev`: {"user": "Zoë"}, signed at 1,700,000,000.
    const COOKIE: &str = "eyJ1c2VyIjoiWm9cdTAwZWIifQ.ZVPxAA.CTxB9uAyToSMQr_DcacEN7J-1Jg";

    /// Asks as the page does. There is one buffer, and tests run side by side.
    fn ask(question: &str) -> Json {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _alone = ONE_AT_A_TIME.lock().unwrap();
        for (place, byte) in BUFFER.iter().zip(question.bytes()) {
            place.store(byte, Relaxed);
        }
        let len = hipflask_answer(question.len());
        let answer: Vec<u8> = BUFFER.iter().take(len).map(|byte| byte.load(Relaxed)).collect();
        let mut answer = serde_json::Deserializer::from_slice(&answer);
        answer.disable_recursion_limit();
        serde::Deserialize::deserialize(&mut answer).unwrap()
    }

    fn settings(key: &str) -> Json {
        json!({
            "key": key, "name": "session", "salt": "cookie-session", "derivation": "hmac", "digest": "sha1",
            "lifetime_secs": 100, "now_secs": 1_700_000_060,
        })
    }

    fn inspect(pasted: &str, key: &str) -> Json {
        ask(&json!({"inspect": {"pasted": pasted, "which": 0, "before": null, "settings": settings(key)}})
            .to_string())
    }

    #[test]
    fn a_cookie_is_found_and_judged() {
        let answer = inspect(&format!("Cookie: é=1; session={COOKIE}"), "dev");
        assert_eq!(answer["report"]["signature"]["state"], "holds");
        assert_eq!(answer["report"]["age_secs"], 60);
        assert_eq!(answer["written"]["python"], "{'user': 'Zoë'}");
        assert_eq!(answer["written"]["json"], r#"{"user":"Zoë"}"#);
        // The é is two bytes, and one letter of JavaScript's.
        assert_eq!(
            answer["cookies"],
            json!([{"value": COOKIE, "is_sent": true, "start": 21, "end": 21 + COOKIE.len()}])
        );
        assert_eq!(inspect(COOKIE, "def")["report"]["signature"]["state"], "mismatch");
        assert_eq!(inspect(COOKIE, "")["report"]["signature"]["state"], "unknown");
    }

    #[test]
    fn a_value_is_told_once() {
        for (before, is_told) in [(COOKIE, false), ("another", true)] {
            let question = json!({
                "inspect": {"pasted": COOKIE, "which": 0, "before": before, "settings": settings("dev")}
            });
            let answer = ask(&question.to_string());
            assert_eq!(answer["written"].is_object(), is_told);
            assert_eq!(answer["report"]["signature"]["state"], "holds");
        }
    }

    #[test]
    fn the_key_that_would_do_is_given_as_one_types_it() {
        assert_eq!(inspect(COOKIE, " dev ")["keys"], json!(["dev"]));
        assert_eq!(inspect(COOKIE, "def")["keys"], json!([]));
        // Of a Flask app with the key "dev\n".
        let answer = inspect("eyJ1c2VyIjoiWm9cdTAwZWIifQ.ZVPxAA.WCX1C2gWC5Hsm5CfuzhFg9N7C9M", "dev");
        assert_eq!(answer["keys"], json!([r"python:b'dev\n'"]));
        let answer =
            inspect("eyJ1c2VyIjoiWm9cdTAwZWIifQ.ZVPxAA.WCX1C2gWC5Hsm5CfuzhFg9N7C9M", r"python:b'dev\n'");
        assert_eq!(answer["report"]["signature"]["state"], "holds");
    }

    #[test]
    fn a_key_that_cannot_be_read_is_named_and_not_used() {
        let answer = inspect(COOKIE, "hex:6");
        assert_eq!(answer["bad_key"], "the key is not an even number of hex digits");
        assert_eq!(answer["report"]["signature"]["state"], "unknown");
    }

    #[test]
    fn a_value_is_signed_as_flask_signs_it() {
        for value in [
            json!({"json": r#" {"user": "Zo\u00eb"} "#}),
            json!({"typed": inspect(COOKIE, "")["written"]["typed"]}),
        ] {
            let question = json!({
                "sign": {"value": value, "like": COOKIE, "signed_at_secs": 1_700_000_000, "settings": settings("dev")}
            });
            assert_eq!(ask(&question.to_string()), json!({"cookie": COOKIE, "like": true}));
        }
    }

    #[test]
    fn what_is_no_value_is_refused_with_a_reason() {
        for value in
            [json!({"json": r#"{"a": "#}), json!({"typed": {"t": "uuid", "v": "1"}}), json!({"typed": 7})]
        {
            let answer = ask(&json!({"write": {"value": value}}).to_string());
            assert!(answer["error"].as_str().is_some_and(|why| !why.is_empty()), "{answer}");
        }
    }

    #[test]
    fn a_question_is_as_deep_as_a_session_and_no_deeper() {
        let write = |value: String| ask(&format!(r#"{{"write":{{"value":{{"typed":{value}}}}}}}"#));
        let lists = |count: usize, inside: &str| {
            let (before, behind) = (r#"{"t":"list","v":["#.repeat(count), "]}".repeat(count));
            format!("{before}{inside}{behind}")
        };
        // Brackets in a text are no depth.
        let text = "\"[{\\".repeat(1000);
        let answer = write(lists(3, &json!({"t": "str", "v": text}).to_string()));
        assert!(answer["typed"].to_string().contains(&json!(text).to_string()));
        assert_eq!(write(lists(63, ""))["json"].as_str().map(str::len), Some(2 * 63));
        assert!(write(lists(100_000, ""))["error"].is_string());
        assert!(write("[".repeat(1_000_000))["error"].is_string());
    }

    #[test]
    fn what_is_no_question_is_refused_with_a_reason() {
        for question in ["", "{", "[]", r#"{"everything": {}}"#, "\u{0}"] {
            assert!(ask(question)["error"].is_string(), "{question:.20}");
        }
    }
}
