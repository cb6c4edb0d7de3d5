//! What people paste, as it comes out of the programs that they copy it from.

use serde_json::json;

use crate::{COOKIE, inspected, run_with_key};

fn assert_found(pasted: &str) {
    let report = inspected(pasted, Some("dev"));
    assert_eq!(report["signature"]["state"], "holds", "{pasted}");
    assert_eq!(report["payload"]["value"]["v"][0][0], "user", "{pasted}");
}

#[test]
fn a_cookie_is_found_in_what_is_pasted() {
    let c = COOKIE;
    for pasted in [
        c.to_owned(),
        format!("  {c}\r\n"),
        format!("'{c}'"),
        format!("\"{c}\","),
        format!("`{c}`"),
        format!("session={c}"),
        format!("session=\"{c}\""),
        format!("theme=dark; session={c}; lang=de"),
        format!("Cookie: session={c}"),
        format!("cookie: theme=dark; session={c}"),
        format!("cookie:\ntheme=dark; session={c}"),
        format!("Set-Cookie: session={c}; HttpOnly; Path=/"),
        format!("set-cookie: session={c}; Path=/; Secure"),
        format!("session={c}; HttpOnly; Path=/"),
        // curl -v
        format!(
            "> GET / HTTP/1.1\r\n> Host: localhost:5000\r\n> Accept: */*\r\n> Cookie: session={c}\r\n> \r\n"
        ),
        format!(
            "* Connected\n< HTTP/2 200 \n< content-type: text/html\n< set-cookie: session={c}; HttpOnly; Path=/\n< \n<p>"
        ),
        // Copied as cURL
        format!(
            "curl 'http://localhost:5000/' \\\n  -H 'Accept: */*' \\\n  -H 'Cookie: theme=dark; session={c}' \\\n  --compressed"
        ),
        format!("curl 'http://localhost:5000/' \\\n  -b 'theme=dark; session={c}' \\\n  -H 'Accept: */*'"),
        format!("curl --cookie session={c} http://localhost:5000/"),
        // Rows of developer tools and of a cookie jar
        format!("session\t{c}\tlocalhost\t/\tSession\t69\t✓\t\t\t\tMedium"),
        format!("theme\tdark\tlocalhost\nsession\t{c}\tlocalhost"),
        format!("# Netscape HTTP Cookie File\n\n#HttpOnly_localhost\tFALSE\t/\tFALSE\t0\tsession\t{c}\n"),
        // Dicts and JSON
        format!("{{'session': '{c}'}}"),
        format!("[{{\"name\": \"x\"}},\n {{\"session\": \"{c}\"}}]"),
        format!("cookies = {{\n    \"session\": \"{c}\",\n}}"),
    ] {
        assert_found(&pasted);
    }
}

#[test]
fn two_cookies_of_the_name_are_both_shown() {
    let report = inspected(&format!("Cookie: session=left.over.x; a=b; session={COOKIE}"), Some("dev"));
    assert_eq!(report["signature"]["state"], "mismatch");
    assert_eq!(report["others"][0]["signature"]["state"], "holds");
    let line = format!("Cookie: session=left.over.x; a=b; session={COOKIE}");
    let ran = run_with_key(&["inspect", "--now", crate::NOW, &line]);
    assert!(ran.answer.starts_with("2 cookies called session: the first one counts."), "{}", ran.answer);
    assert_eq!(ran.status, 0);
    let jar = format!("Set-Cookie: session=a.b.c; Path=/\nSet-Cookie: session={COOKIE}; Path=/");
    let notes = inspected(&jar, Some("dev"))["pasted_notes"].to_string();
    assert!(notes.contains("the browser keeps the last"), "{notes}");
}

/// Never "another key" for what no browser sends.
#[test]
fn what_cannot_be_a_cookie_is_said_to_be_none() {
    let (start, end) = COOKIE.split_at(20);
    for (pasted, what) in [
        (format!("{start} {end}"), "a blank"),
        (format!("{start}\n{end}"), "a line end"),
        (format!("{start}\"{end}"), "a quote"),
        (format!("{start}…{end}"), "the byte 0xe2"),
        (format!("{start},{end}"), "`,`"),
    ] {
        let report = inspected(&pasted, Some("dev"));
        assert_eq!(report["signature"]["state"], "not_a_cookie", "{pasted}");
        let sentence = report["signature"]["sentences"][0].as_str().unwrap();
        assert!(sentence.contains(what) && sentence.contains("at byte 20"), "{sentence}");
        assert_eq!(report["notes"], json!(["without what does not belong there, the signature holds"]));
        assert_eq!(inspected(&pasted, Some("other"))["notes"], json!([]));
        let line = format!("Cookie: theme=dark; session={pasted}");
        if !pasted.contains(['\n', '"', ',']) {
            assert_eq!(inspected(&line, Some("dev"))["signature"]["state"], "not_a_cookie", "{line}");
        }
    }
    let cut = inspected(&COOKIE[..COOKIE.len() - 3], Some("dev"));
    assert!(cut["signature"]["sentences"][0].as_str().unwrap().contains("cut short"), "{cut}");
    let encoded = COOKIE.replace('.', "%2E");
    let encoded = format!("{}.", encoded).replace("%2E", ".").replacen("eyJ1", "%65yJ1", 1);
    let notes = inspected(encoded.trim_end_matches('.'), Some("dev"))["notes"].to_string();
    assert!(notes.contains("percent-encoded"), "{notes}");
}

#[test]
fn a_cookie_of_another_name_is_taken_if_it_is_known() {
    let report = inspected(&format!("site={COOKIE}"), Some("dev"));
    assert_eq!(report["cookie"]["name"], "site");
    assert_eq!(report["config"][1], "Config::new().session_cookie_name(\"site\")");
    let ran = run_with_key(&["inspect", "a=b; theme=dark"]);
    assert_eq!((ran.status, ran.answer.as_str()), (3, ""));
    assert!(
        ran.messages.contains("there is no cookie called session in it, but a, theme"),
        "{}",
        ran.messages
    );
    let line = format!("Cookie: remember_token=ada|x; session={COOKIE}");
    let notes = inspected(&line, Some("dev"))["pasted_notes"].to_string();
    assert!(notes.contains("there is a remember_token too"), "{notes}");
}

#[test]
fn the_attributes_of_a_set_cookie_line_become_settings() {
    let line = format!("Set-Cookie: sid={COOKIE}; Secure; Domain=example.com; Path=/shop; SameSite=Lax");
    let report = inspected(&line, Some("dev"));
    assert_eq!(
        report["config"],
        json!([
            "Keyring::for_sessions(secret)",
            "Config::new().session_cookie_name(\"sid\").session_cookie_secure(true)\
             .session_cookie_domain(\"example.com\").session_cookie_path(\"/shop\")\
             .session_cookie_samesite(SameSite::Lax).session_cookie_httponly(false)",
            "SecureCookieSession::<64>::new()",
        ])
    );
}
