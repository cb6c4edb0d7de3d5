//! Cookie headers, `Vary` and HTTP dates against Werkzeug 3.1.9.
//!
//! `data/cookie/*.jsonl` hold Werkzeug's own answers (see `generate.py` there).

#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]

use hipflask::{
    Error,
    cookie::{
        Charset, CookieValue, QuotedValue, SameSite, SetCookie, find, find_plain, find_with_duplicates,
        parse_cookie, vary,
    },
    json::DateTime,
};
use serde_json::Value;

fn rows(table: &str) -> impl Iterator<Item = Value> + '_ {
    table.lines().map(|line| serde_json::from_str(line).unwrap())
}

fn latin1_bytes(text: &Value) -> Vec<u8> {
    text.as_str().unwrap().chars().map(|c| u8::try_from(c).unwrap()).collect()
}

fn latin1_text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

#[test]
fn headers_are_split_and_decoded_as_werkzeug_does() {
    for row in rows(include_str!("data/cookie/parse.jsonl")) {
        let header = latin1_bytes(&row["header"]);
        let cookies = parse_cookie(&header);
        let request: Vec<_> = cookies
            .clone()
            .map(|c| [latin1_text(c.name()), c.value().text(Charset::Latin1).to_string()])
            .collect();
        assert_eq!(serde_json::json!(request), row["request"], "{row}");

        if std::str::from_utf8(&header).is_ok() {
            let utf8: Vec<_> = cookies
                .map(|c| {
                    [String::from_utf8(c.name().to_vec()).unwrap(), c.value().text(Charset::Utf8).to_string()]
                })
                .collect();
            assert_eq!(serde_json::json!(utf8), row["http"], "{row}");
        } else {
            assert!(row["http"].is_null(), "{row}");
        }
    }
}

#[test]
fn the_plain_and_the_unquoted_bytes_agree_with_the_text() {
    for row in rows(include_str!("data/cookie/parse.jsonl")) {
        let header = latin1_bytes(&row["header"]);
        for value in parse_cookie(&header).map(|cookie| cookie.value()) {
            let unquoted: Vec<u8> = value.unquoted().collect();
            let text = value.text(Charset::Utf8).to_string();
            assert_eq!(String::from_utf8_lossy(&unquoted), text, "{row}");
            if let Some(plain) = value.plain() {
                assert_eq!(plain, text.as_bytes(), "{row}");
            } else {
                let has_escapes = value.is_quoted() && value.raw().contains(&b'\\');
                assert!(has_escapes || !value.raw().is_ascii(), "{row}");
            }
        }
    }
}

#[test]
fn quotes_are_taken_off_and_told() {
    let header = br#"a=b; c="d"; e=""; f"#;
    let values = parse_cookie(header).map(|cookie| cookie.value());
    let told: Vec<_> = values.map(|value| (value.raw(), value.is_quoted())).collect();
    assert_eq!(told, [(&b"b"[..], false), (b"d", true), (b"", true), (b"", false)]);
}

/// Around every limit of UTF-8. What is ill-formed is replaced by std as by
/// Python's `decode("utf-8", "replace")`: one U+FFFD for each maximal part.
#[test]
fn utf_8_is_decoded_as_python_decodes_it() {
    let first = (0x7E..=0xFF_u8).chain([b'a']);
    let later = [b'a', 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xE1];
    for bytes in first.flat_map(|a| later.map(|b| [a, b])) {
        for bytes in later.into_iter().flat_map(|c| later.map(|d| [bytes[0], bytes[1], c, d])) {
            let header = [b"k=", &bytes[..]].concat();
            let text = parse_cookie(&header).next().unwrap().value().text(Charset::Utf8).to_string();
            assert_eq!(text, String::from_utf8_lossy(&bytes), "{bytes:x?}");
        }
    }
}

#[test]
fn the_first_of_a_name_is_found_across_headers() {
    for row in rows(include_str!("data/cookie/find.jsonl")) {
        let headers: Vec<_> = row["headers"].as_array().unwrap().iter().map(latin1_bytes).collect();
        let name = row["name"].as_str().unwrap();
        let found = find(headers.iter().map(Vec::as_slice), name);
        let text = found.map(|value| value.text(Charset::Latin1).to_string());

        // A value that begins in one header and ends in another cannot be borrowed.
        let joined = headers.join(&b';');
        let whole = find(std::iter::once(joined.as_slice()), name);
        if whole.is_some_and(|value| is_cut(&headers, &joined, value)) {
            assert_eq!(text, None, "{row}");
        } else {
            assert_eq!(text.as_deref(), row["value"].as_str(), "{row}");
        }
    }
}

/// Against the headers read as one, for all short sequences of what means something to a
/// reader. Whether there are more is exact wherever the headers are the same one by one.
#[test]
fn more_of_a_name_are_seen_however_headers_are_cut() {
    const PARTS: [&str; 8] = ["a=1;", "a;", "b=\"", "a=\"", "\"", ";", "\\\n", "|"];
    let named = |header: &[u8]| -> Vec<Vec<u8>> {
        let named = parse_cookie(header).filter(|cookie| cookie.name() == b"a");
        named.map(|cookie| cookie.value().raw().to_vec()).collect()
    };
    let mut seen = [0; 2];
    for number in 0..PARTS.len().pow(6) {
        let parts = (0..6).map(|place| PARTS[number / PARTS.len().pow(place) % PARTS.len()]);
        let text: String = parts.collect();
        let headers: Vec<_> = text.split('|').map(|header| header.as_bytes().to_vec()).collect();
        let joined = headers.join(&b';');
        let mut first = parse_cookie(&joined).filter(|cookie| cookie.name() == b"a");
        let first = first.next().map(|cookie| cookie.value());
        let found = find_with_duplicates(headers.iter().map(Vec::as_slice), "a");
        let is_cut = first.is_some_and(|value| is_cut(&headers, &joined, value));
        assert_eq!(found.map(|(value, _)| value), first.filter(|_| !is_cut), "{text:?}");
        assert_eq!(find(headers.iter().map(Vec::as_slice), "a"), found.map(|(value, _)| value));

        let all = named(&joined);
        if all == headers.iter().flat_map(|header| named(header)).collect::<Vec<_>>() {
            assert_eq!(found.is_some_and(|(_, has_more)| has_more), all.len() > 1, "{text:?}");
            seen[usize::from(all.len() > 1)] += 1;
        }
    }
    assert!(seen.iter().all(|seen| *seen > 50_000), "{seen:?}");
}

/// For all short sequences of what means something to a reader. With a quote nothing is
/// found: what Flask finds there is lost, and what it does not find stays unfound.
#[test]
fn the_plain_reader_finds_what_the_other_one_finds_where_nothing_is_quoted() {
    const PARTS: [&str; 9] = ["a", "=", ";", " ", "\t", "b", "é", "\"", "|"];
    let mut seen = [0; 3];
    for number in 0..PARTS.len().pow(6) {
        let parts = (0..6).map(|place| PARTS[number / PARTS.len().pow(place) % PARTS.len()]);
        let text: String = parts.collect();
        let found = find_plain(text.split('|').map(str::as_bytes), "a");
        let expected = find_with_duplicates(text.split('|').map(str::as_bytes), "a");
        if text.contains('"') {
            assert_eq!(found, None, "{text:?}");
        } else {
            assert_eq!(found, expected, "{text:?}");
            seen[found.map_or(0, |(_, has_more)| 1 + usize::from(has_more))] += 1;
        }
    }
    assert!(seen.iter().all(|seen| *seen > 1_000), "{seen:?}");
    assert_eq!(find_plain(std::iter::once("日=x".as_bytes()), "日"), None);
    // A cookie without a name is none.
    assert_eq!(find_plain(std::iter::once(&b"=x; "[..]), ""), None);
    assert_eq!(find_with_duplicates(std::iter::once(&b"=x; "[..]), ""), None);
    assert!(find_plain(std::iter::once(&b"\xe9=x"[..]), "é").is_some());
}

/// Whether one of the `;` that join the headers is inside the value.
fn is_cut(headers: &[Vec<u8>], joined: &[u8], value: CookieValue<'_>) -> bool {
    let start = (value.raw().as_ptr() as usize).wrapping_sub(joined.as_ptr() as usize);
    let inside = start..start.wrapping_add(value.raw().len());
    let joints = headers.iter().scan(0, |end, header| {
        *end += header.len() + 1;
        Some(*end - 1)
    });
    value.is_quoted() && joints.take(headers.len() - 1).any(|joint| inside.contains(&joint))
}

#[test]
fn a_name_outside_latin_1_is_never_found() {
    assert_eq!(find(std::iter::once("日=x".as_bytes()), "日"), None);
    assert!(find(std::iter::once(&b"\xe9=x"[..]), "é").is_some());
}

/// With a reader that scans the rest of the header for every `;` or every quote,
/// this test does not end: a mebibyte squared is 10^12 steps.
#[test]
fn hostile_headers_take_linear_time() {
    const LEN_BYTES: usize = 1 << 20;
    for unit in [
        ";",
        "\"",
        " ",
        "=",
        "a",
        "a=\"",
        "a=\";",
        "a=\"\\;",
        "a= \" ;",
        "a=\"x\" ",
        "a;",
        "\\\"",
        "a=\"\\\";",
        "\";a=\"",
    ] {
        let header = unit.repeat(LEN_BYTES / unit.len());
        let _ = parse_cookie(header.as_bytes()).count();
        let open = format!("a=\"{header}");
        assert_eq!(find([open.as_bytes(), header.as_bytes(), open.as_bytes()].into_iter(), "none"), None);
    }
}

#[test]
fn set_cookie_is_written_as_werkzeug_writes_it() {
    for row in rows(include_str!("data/cookie/dump.jsonl")) {
        let same_site = row["samesite"].as_str().map(SameSite::parse);
        let flag = |name: &str| row[name].as_bool().unwrap();
        let mut cookie =
            SetCookie::new(row["name"].as_str().unwrap(), QuotedValue(row["value"].as_str().unwrap()))
                .with_secure(flag("secure"))
                .with_http_only(flag("httponly"))
                .with_partitioned(flag("partitioned"));
        // A default of Werkzeug's, which a row may do without.
        cookie.path = None;
        if let Some(path) = row["path"].as_str() {
            cookie = cookie.with_path(path);
        }
        if let Some(domain) = row["domain"].as_str() {
            cookie = cookie.with_domain(domain);
        }
        if let Some(secs) = row["expires"].as_i64() {
            cookie = cookie.with_expires(DateTime::from_unix_secs(secs).unwrap());
        }
        if let Some(secs) = row["max_age"].as_i64() {
            cookie = cookie.with_max_age_secs(secs);
        }
        if let Some(Ok(same_site)) = same_site {
            cookie = cookie.with_same_site(same_site);
        }
        let is_accepted = cookie.check().is_ok() && same_site.is_none_or(|parsed| parsed.is_ok());
        let Some(header) = row["header"].as_str() else {
            assert!(!is_accepted, "{row}");
            continue;
        };

        let written_domain = cookie.domain.unwrap_or_default().split(':').next().unwrap();
        if written_domain.is_ascii() {
            assert_eq!(cookie.to_string(), header, "{row}");
            assert_eq!(cookie.len_bytes(), header.len(), "{row}");
        }
        // What Werkzeug writes is refused for one of these reasons only.
        let is_unfit = |c: char| c == ';' || c.is_ascii_control() && c != '\t';
        let is_refused =
            cookie.name.contains(is_unfit) || written_domain.contains(is_unfit) || !written_domain.is_ascii();
        assert_eq!(is_accepted, !is_refused, "{row}");
    }
}

#[test]
fn defaults_are_those_of_dump_cookie() {
    assert_eq!(SetCookie::new("k", "v").to_string(), "k=v; Path=/");
}

#[test]
fn same_site_is_one_of_three_words_in_any_case() {
    assert_eq!(SameSite::parse("sTRICT"), Ok(SameSite::Strict));
    assert_eq!(SameSite::parse("lax"), Ok(SameSite::Lax));
    assert_eq!(SameSite::parse("NONE"), Ok(SameSite::None));
    for text in ["", " lax", "Lax ", "strict-ish"] {
        assert_eq!(
            SameSite::parse(text),
            Err(Error::InvalidConfig { setting: "SESSION_COOKIE_SAMESITE" }),
            "{text:?}"
        );
    }
}

#[test]
fn vary_is_extended_as_werkzeug_does() {
    for row in rows(include_str!("data/cookie/vary.jsonl")) {
        let existing: Vec<_> =
            row["existing"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        let lines = match vary(existing.first().copied(), row["token"].as_str().unwrap()) {
            None => existing.iter().map(ToString::to_string).collect(),
            Some(replacement) => vec![replacement.to_string()],
        };
        assert_eq!(serde_json::json!(lines), row["vary"], "{row}");
    }
}

#[test]
fn dates_are_written_and_read_as_werkzeug_does() {
    for row in rows(include_str!("data/cookie/date.jsonl")) {
        let date = DateTime::from_unix_secs(row["unix_secs"].as_i64().unwrap()).unwrap();
        let text = row["text"].as_str().unwrap();
        assert_eq!(date.to_string(), text);
        assert_eq!(DateTime::parse_http_date(text).map(DateTime::unix_secs), row["read"].as_i64(), "{row}");

        // Other forms may be refused, but never read as another date.
        if let Some(read) = DateTime::parse_http_date(row["changed"].as_str().unwrap()) {
            assert_eq!(Some(read.unix_secs()), row["changed_read"].as_i64(), "{row}");
        }
    }
}
