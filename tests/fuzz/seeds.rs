//! Where a fuzzer starts: the inputs of the other tests, in the form that each target takes.

use serde_json::Value as Json;

/// The cases that Flask answered.
const VECTORS: &str = include_str!("../data/vectors.jsonl");
const STORED: &str = include_str!("../data/vectors_extensions.jsonl");
const HEADERS: &str = include_str!("../data/cookie/parse.jsonl");
const TOKENS: &str = include_str!("../data/signing/unsign.jsonl");
const TEXTS: &str = include_str!("../data/json/texts.jsonl");
const EXTENSIONS: &str = include_str!("../data/extensions/requests.jsonl");
const COMPACT_TEXTS: &str = include_str!("../data/compact/texts.jsonl");
const COMPACT_TOKENS: &str = include_str!("../data/compact/tokens.jsonl");
/// zlib streams, each behind its length in four bytes.
const STREAMS: &[u8] = include_bytes!("../data/zlib/corpus.bin");

/// The most that a seed is long: longer ones are slow to work with and show nothing else.
const LONGEST: usize = 2000;

/// Seeds of a target.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let seeds = match target {
        "cookie_header" => behind(&[&[255]], field(HEADERS, "header").chain(cookies())),
        "open_cookie" => behind(&[b"", b"session="], field(HEADERS, "header").chain(cookies())),
        "token" => behind(&[&[0; 26]], field(TOKENS, "token").chain(cookies())),
        "inflate" => behind(&[&[0, 255], &[30, 4]], streams()),
        "deflate" => behind(&[&[0; 17]], texts()),
        // Only in `fuzz/`, where there is a stock zlib to compare with.
        "stock_zlib" => {
            let mut seeds = behind(&[&[0]], streams());
            seeds.extend(behind(&[&[128]], texts()));
            seeds
        }
        "json" => behind(&[&[0], &[1], &[2, 0]], texts()),
        "compact_json" => {
            let texts = field(COMPACT_TEXTS, "text").chain(field(COMPACT_TOKENS, "json"));
            behind(&[&[9], &[11], &[13], &[14], &[16]], texts)
        }
        "open_payload" => {
            let mut seeds = behind(&[&[1, 3], &[3, 3]], texts());
            // One that is to be refreshed, and is longer as we spell it than a session has room for.
            let respelled = format!(r#"{{"_permanent":true,"a":"{}"}}"#, "é".repeat(120));
            seeds.push([&[1, 3], respelled.as_bytes()].concat());
            seeds.extend(behind(&[&[2, 3]], streams()));
            seeds.extend(behind(&[&[0, 2]], cookies().map(|cookie| payload(&cookie).to_vec())));
            seeds
        }
        "extensions" => {
            let asked = |name| lines(EXTENSIONS).filter_map(move |case| bytes(&case["req"][name]));
            let headers = ["user_agent", "forwarded_for", "cookie", "cookie_header", "token", "referrer"];
            behind(&[&[0, 0], &[1, 9], &[2, 30]], headers.into_iter().flat_map(asked))
        }
        "codecs" => behind(&[&[0, 0], &[1, 0], &[2, 1]], stored_sessions()),
        // Choices have no form: any bytes make some.
        _ => (0..64_u8).map(|seed| (0..seed).map(|at| at.wrapping_mul(seed | 1)).collect()).collect(),
    };
    seeds.into_iter().filter(|seed| seed.len() <= LONGEST).collect()
}

fn behind(fronts: &[&[u8]], seeds: impl Iterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
    seeds.flat_map(|seed| fronts.iter().map(move |front| [front, &seed[..]].concat())).collect()
}

fn lines(cases: &'static str) -> impl Iterator<Item = Json> {
    cases.lines().filter_map(|line| serde_json::from_str(line).ok())
}

fn field(cases: &'static str, name: &'static str) -> impl Iterator<Item = Vec<u8>> {
    lines(cases).filter_map(move |case| bytes(&case[name]))
}

/// Text, or hex digits of bytes.
fn bytes(value: &Json) -> Option<Vec<u8>> {
    let Some(hex) = value["hex"].as_str() else { return value.as_str().map(|text| text.as_bytes().to_vec()) };
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect()
}

/// Cookies and headers of the vectors, whoever signed them.
fn cookies() -> impl Iterator<Item = Vec<u8>> {
    lines(VECTORS).filter_map(|case| {
        let asked = &case["req"];
        bytes(&asked["cookie"]).or_else(|| bytes(&asked["cookie_header"]))
    })
}

/// Sessions as Flask-Session stores them, and what msgspec says no to.
fn stored_sessions() -> impl Iterator<Item = Vec<u8>> {
    lines(STORED).filter_map(|case| bytes(&case["req"]["data"])).chain(texts())
}

/// What stands before the timestamp.
fn payload(cookie: &[u8]) -> &[u8] {
    let dot = |bytes: &[u8]| bytes.iter().rposition(|byte| *byte == b'.').unwrap_or(0);
    &cookie[..dot(&cookie[..dot(cookie)])]
}

fn texts() -> impl Iterator<Item = Vec<u8>> {
    let vectors = lines(VECTORS).filter_map(|case| bytes(&case["req"]["json"]));
    field(TEXTS, "text").chain(vectors)
}

fn streams() -> impl Iterator<Item = Vec<u8>> {
    let mut rest = STREAMS;
    core::iter::from_fn(move || {
        let (len, behind) = rest.split_first_chunk()?;
        let (stream, behind) = behind.split_at_checked(u32::from_le_bytes(*len) as usize)?;
        rest = behind;
        Some(stream.to_vec())
    })
}
