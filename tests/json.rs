//! Tagged JSON against the real Flask (`tests/data/json`, made by `generate.py`
//! there), and the rules that a table cannot show.

mod common;

use std::time::{Duration, Instant};

use common::{Random, VecSink, load};
use hipflask::{
    Error, SecureCookieSession,
    json::{JsonTag, Kind, MAX_DEPTH, SESSION_JSON_SERIALIZER, TaggedJsonSerializer, Value},
    sink::Sink,
};

fn dump(value: Value<'_>, serializer: TaggedJsonSerializer) -> Vec<u8> {
    let mut sink = VecSink::default();
    let Ok(()) = serializer.write(value, &mut sink);
    sink.0
}

/// What Flask would call `dumps(loads(text))`.
fn reread(text: &[u8]) -> Result<Vec<u8>, Error> {
    let mut buffer = text.to_vec();
    Ok(dump(SESSION_JSON_SERIALIZER.loads(&mut buffer)?, SESSION_JSON_SERIALIZER))
}

fn rows(table: &str) -> impl Iterator<Item = serde_json::Value> {
    table.lines().map(|line| serde_json::from_str(line).unwrap())
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Texts of `len` bytes or little more, each hostile in one way or in none.
fn shapes(len: usize) -> Vec<(&'static str, String)> {
    let mut random = Random(3);
    let object = |keys: Vec<String>, value: &str| {
        let entries: Vec<String> = keys.iter().map(|key| format!("{key:?}:{value}")).collect();
        format!("{{{}}}", entries.join(","))
    };
    let sorted: Vec<String> = (0..len / 8).map(|i| format!("{i:04x}")).collect();
    let reversed: Vec<String> = sorted.iter().rev().cloned().collect();
    let mut shuffled = sorted.clone();
    random.shuffle(&mut shuffled);
    let mut swapped = sorted.clone();
    swapped.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
    let interleaved: Vec<String> = (0..len / 8).map(|i| format!("{:04x}", i % 2 * len + i)).collect();
    let mut last_first = sorted.clone();
    last_first.rotate_right(1);
    let mut mixed: Vec<String> = (0..len / 40).map(|_| "k".repeat(random.below(64) + 1)).collect();
    random.shuffle(&mut mixed);
    let prefixed: Vec<String> = (0..len / 512).rev().map(|i| format!("{}{i:03}", "p".repeat(505))).collect();
    let sections: Vec<String> = (0..len / 9).map(|i| format!("{:03x}", i % 500)).collect();

    let nested = |open: &str, close: &str, levels: usize, inside: String| {
        format!("{}{inside}{}", open.repeat(levels), close.repeat(levels))
    };
    let filler = |less: usize| "1,".repeat(len.saturating_sub(less) / 2);
    vec![
        ("plain: sorted keys", object(sorted, "1")),
        ("plain: one list of small numbers", format!("[{}1]", filler(2))),
        (
            "plain: words",
            object((0..len / 32).map(|i| format!("{i:06}")).collect(), "\"the quick brown fox\""),
        ),
        ("one long string", format!("\"{}\"", "a".repeat(len - 2))),
        ("digits", format!("[{}1]", format!("{},", "9".repeat(4299)).repeat(len / 4300))),
        ("escapes", format!("\"{}\"", "\\n".repeat(len / 2))),
        ("unicode escapes", format!("\"{}\"", "\\ud83d\\ude00".repeat(len / 12))),
        ("whitespace", format!("{}1", " ".repeat(len - 1))),
        ("reversed keys", object(reversed, "1")),
        ("random keys", object(shuffled, "1")),
        ("swapped pairs", object(swapped, "1")),
        ("two interleaved runs", object(interleaved, "1")),
        ("last key first", object(last_first, "1")),
        ("duplicates, one key", object(vec!["k".into(); len / 6], "1")),
        ("duplicates, 500 keys", object(sections, "1")),
        ("keys of many lengths", object(mixed, "[1,2,{\"a\":1}]")),
        ("long common prefixes, reversed", object(prefixed, "1")),
        ("deep, unsorted at each level", nested("{\"b\":", ",\"a\":1}", 62, format!("[{}1]", filler(1000)))),
        (
            "deep, duplicates at each level",
            nested("{\"a\":1,\"a\":", "}", 62, format!("[{}1]", filler(1000))),
        ),
        ("deep, three unsorted", nested("{\"b\":2,\"c\":", ",\"a\":1}", 62, format!("[{}1]", filler(1000)))),
        ("deep, wrapped", nested("{\" di\":{\" t__\":", "}}", 31, format!("[{}1]", filler(1000)))),
        ("deep, tag key first", nested("{\" t\":", ",\"a\":1}", 62, format!("[{}1]", filler(1000)))),
        ("many small unsorted", format!("[{}1]", "{\"b\":1,\"a\":2},".repeat(len / 14))),
        (
            "many reversed",
            format!("[{}1]", r#"{"h":1,"g":1,"f":1,"e":1,"d":1,"c":1,"b":1,"a":2},"#.repeat(len / 50)),
        ),
        (
            "two unsorted halves",
            format!("{{\"b\":[{}1],\"a\":[{}1]}}", "1,".repeat(len / 4), "1,".repeat(len / 4)),
        ),
    ]
}

// ---- time

/// No text of 64 KiB takes long, however it was made. Run with
/// `cargo test --release --test json -- --ignored --nocapture`.
#[test]
#[ignore = "measures time"]
fn hostile_texts_take_little_longer_than_plain_ones() {
    const LEN: usize = 65_536;
    let best = |mut run: Box<dyn FnMut()>| -> Duration {
        (0..12)
            .map(|_| {
                let start = Instant::now();
                run();
                start.elapsed()
            })
            .min()
            .unwrap()
    };
    println!("{:36} {:>10} {:>10} {:>10}", "", "loads", "write", "session");
    for (name, text) in shapes(LEN) {
        let mut buffer = text.clone().into_bytes();
        let source = text.clone();
        let loads = best(Box::new(move || {
            buffer.clear();
            buffer.extend_from_slice(source.as_bytes());
            SESSION_JSON_SERIALIZER.loads(&mut buffer).unwrap();
        }));
        let mut buffer = text.clone().into_bytes();
        let value = SESSION_JSON_SERIALIZER.loads(&mut buffer).unwrap();
        let mut writes = Duration::MAX;
        for _ in 0..5 {
            let start = Instant::now();
            std::hint::black_box(dump(value, SESSION_JSON_SERIALIZER));
            writes = writes.min(start.elapsed());
        }
        let mut session = Box::new(SecureCookieSession::<200_000>::new());
        let mut opens = Duration::MAX;
        for _ in 0..5 {
            let start = Instant::now();
            let _ = load(&mut session, text.as_bytes());
            opens = opens.min(start.elapsed());
        }
        println!("{name:36} {loads:>10.1?} {writes:>10.1?} {opens:>10.1?}");
    }
}

// ---- against Flask

#[test]
fn texts_are_read_and_written_as_flask_does() {
    for row in rows(include_str!("data/json/texts.jsonl")) {
        let text = match row["hex"].as_str() {
            Some(hex) => unhex(hex),
            None => row["text"].as_str().unwrap().as_bytes().to_vec(),
        };
        let shown = String::from_utf8_lossy(&text[..text.len().min(300)]).into_owned();
        // `true` stands for the text itself.
        let flask = match &row["json"] {
            serde_json::Value::Null => None,
            serde_json::Value::Bool(_) => Some(text.clone()),
            json => Some(json.as_str().unwrap().as_bytes().to_vec()),
        };
        match (reread(&text), flask) {
            (Ok(json), flask) => {
                assert!(row["refused"].is_null(), "{shown} is said to be refused");
                assert_eq!(Some(json), flask, "{shown}");
            }
            (Err(error), Some(_)) if row["refused"] == "deeper than 64 levels" => {
                assert_eq!(error, Error::Depth, "{shown}");
            }
            (Err(error), Some(_)) => {
                assert!(!row["refused"].is_null() || !row["either"].is_null(), "{shown}: {error}");
                assert!(matches!(error, Error::BadPayload(_)), "{shown}");
            }
            (Err(error), None) => assert!(matches!(error, Error::BadPayload(_) | Error::Depth), "{shown}"),
        }
    }
}

#[test]
fn numbers_have_the_value_that_python_gives_them() {
    for row in rows(include_str!("data/json/numbers.jsonl")) {
        let text = row["text"].as_str().unwrap();
        let mut buffer = text.as_bytes().to_vec();
        let value = SESSION_JSON_SERIALIZER.loads(&mut buffer).unwrap();
        let Kind::Number(number) = value.kind() else { panic!("{text}") };
        let bits = u64::from_str_radix(row["float"].as_str().unwrap(), 16).unwrap();
        assert_eq!(number.as_f64().to_bits(), bits, "{text}");
        assert_eq!(value.to::<f64>().unwrap().to_bits(), bits, "{text}");
        let int = row["int"].as_str();
        assert_eq!(number.is_integer(), int.is_some(), "{text}");
        assert_eq!(number.as_i64(), int.and_then(|int| int.parse().ok()), "{text}");
        assert_eq!(number.as_u64(), int.and_then(|int| int.parse().ok()), "{text}");
        assert_eq!(number.as_i128(), int.and_then(|int| int.parse().ok()), "{text}");
        assert_eq!(value.is_truthy(), f64::from_bits(bits) != 0.0, "{text}");
        // Foreign spellings stay.
        let spelling = int.unwrap_or(text);
        assert_eq!([number.to_string(), format!("{number:?}")], [spelling, spelling], "{text}");
        if int.is_none() {
            assert_eq!(reread(text.as_bytes()).unwrap(), text.as_bytes());
        }
    }
}

/// A documented difference: Python reads this as half of the least double, which is 0.0.
#[test]
fn a_number_is_true_whose_first_32_digits_are_those_of_half_the_least_double() {
    let loads = |text: &mut [u8]| {
        SESSION_JSON_SERIALIZER.loads(text).map(|value| (value.is_truthy(), value.to::<f64>().unwrap()))
    };
    let mut text = *b"2.470328229206232720882843964341106e-324";
    assert_eq!(loads(&mut text), Ok((true, 0.0)));
    let mut text = *b"2.4703282292062327208828439643411e-324";
    assert_eq!(loads(&mut text), Ok((false, 0.0)));
}

/// Every text of the table that is read, written, read and written again.
#[test]
fn writing_is_idempotent() {
    for row in rows(include_str!("data/json/texts.jsonl")) {
        let Some(text) = row["text"].as_str() else { continue };
        let Ok(once) = reread(text.as_bytes()) else { continue };
        assert_eq!(reread(&once).as_deref(), Ok(&once[..]));
        // Without escapes it is another text of the same value.
        let plain = SESSION_JSON_SERIALIZER.with_ensure_ascii(false);
        let mut buffer = once.clone();
        let unescaped = dump(SESSION_JSON_SERIALIZER.loads(&mut buffer).unwrap(), plain);
        assert_eq!(reread(&unescaped).as_deref(), Ok(&once[..]));
    }
}

// ---- order

/// All orders of four keys, one of which is the prefix of another, nested once.
#[test]
fn small_objects_are_sorted_from_every_order() {
    let entries = [r#""a":[1]"#, r#""ab":"x""#, r#""\u00e9":{"d":1,"c":2}"#, r#""":null"#];
    let sorted = br#"{"":null,"a":[1],"ab":"x","\u00e9":{"c":2,"d":1}}"#;
    for order in 0..256_usize {
        let picked = [order % 4, order / 4 % 4, order / 16 % 4, order / 64];
        if (0..4).any(|entry| !picked.contains(&entry)) {
            continue;
        }
        let text = format!("{{{}}}", picked.map(|entry| entries[entry]).join(","));
        assert_eq!(reread(text.as_bytes()).unwrap(), sorted, "{text}");
        let nested = format!(r#"[1,{{"k":{text}}}]"#);
        assert_eq!(reread(nested.as_bytes()).unwrap(), [br#"[1,{"k":"#, &sorted[..], b"}]"].concat());
    }
}

/// Against serde_json, whose map is sorted and keeps the last of two equal keys.
#[test]
fn objects_of_all_shapes_are_sorted_as_a_std_map_sorts_them() {
    let plain = SESSION_JSON_SERIALIZER.with_ensure_ascii(false);
    for len in [40, 300, 2_000, 20_000] {
        for (name, text) in shapes(len) {
            let mut buffer = text.clone().into_bytes();
            let ours = dump(plain.loads(&mut buffer).unwrap(), plain);
            if name.starts_with("deep") || name == "digits" {
                let twice = reread(&ours).unwrap();
                assert_eq!(reread(&twice).unwrap(), twice, "{name}");
                continue;
            }
            let std: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(ours, serde_json::to_vec(&std).unwrap(), "{name} of {len} bytes");
        }
    }
    let mut random = Random(7);
    for _ in 0..400 {
        let text = random_object(&mut random, 0);
        let std: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut buffer = text.clone().into_bytes();
        let ours = dump(plain.loads(&mut buffer).unwrap(), plain);
        assert_eq!(String::from_utf8(ours).unwrap(), serde_json::to_string(&std).unwrap(), "{text}");
    }
}

/// Far more than a cookie holds: the longer the runs are, the more parts of their
/// merge wait for each other.
#[test]
fn an_object_of_300_kilobytes_is_sorted() {
    let mut keys: Vec<String> = (1_000..9_000).map(|number| number.to_string().repeat(8)).collect();
    let object = |keys: &[String]| {
        let entries: Vec<String> = keys.iter().map(|key| format!("{key:?}:1")).collect();
        format!("{{{}}}", entries.join(","))
    };
    let sorted = object(&keys);
    Random(9).shuffle(&mut keys);
    assert!(reread(object(&keys).as_bytes()).unwrap() == sorted.as_bytes());
}

/// An object whose entries differ much in length, with equal keys among them.
fn random_object(random: &mut Random, depth: usize) -> String {
    let most = [2, 5, 40, 120][random.below(4)] >> (depth * 2);
    let entries: Vec<String> = (0..random.below(most + 2))
        .map(|_| {
            let key = "x".repeat(random.below(3)) + &random.below(most + 1).to_string();
            let value = match random.below(8) {
                0 => format!("{:?}", "s".repeat(random.below(400))),
                1 | 2 if depth < 5 => random_object(random, depth + 1),
                3 => "[1,[],{}]".into(),
                _ => random.below(1000).to_string(),
            };
            format!("{key:?}:{value}")
        })
        .collect();
    format!("{{{}}}", entries.join(","))
}

// ---- depth

#[test]
fn nesting_is_read_down_to_the_documented_depth() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let nested = |levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
        assert_eq!(reread(nested(MAX_DEPTH).as_bytes()), Ok(nested(MAX_DEPTH).into_bytes()));
        assert_eq!(reread(nested(MAX_DEPTH + 1).as_bytes()), Err(Error::Depth));
    }
}

/// The text goes out in pieces, and a word at a time where it can: nothing of
/// that shows, wherever in it something else stands.
#[test]
fn text_is_the_same_wherever_it_stands() {
    // As Flask writes it.
    let value = concat!(
        r#"{" di":{" t__":["}{\"\\\n\u0000\u007f~\u00e9\u65e5\ud83d\ude00{\"}",{},{" t":[{"a":"}"}]},"#,
        r#"{" \u00e9b":"{}"},{" di":{" b__":{" di":{" di__":{" b":"AA=="}}}}}]}}"#,
    );
    for padding in 0..500 {
        let text = format!(r#"["{}",{value},"{{",{{"{{":"}}"}},{value}]"#, "|".repeat(padding));
        assert_eq!(reread(text.as_bytes()), Ok(text.clone().into_bytes()));
    }
}

/// The level that a wrapper around the whole document may have is only the
/// wrapper's: what is read with it must be readable when it is written again.
#[test]
fn a_key_like_the_wrapper_s_gives_no_other_dict_a_level() {
    let lists = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let wrapped = format!(r#"{{" di":{{" t__":{}}}}}"#, lists(MAX_DEPTH - 1));
    assert_eq!(reread(wrapped.as_bytes()), Ok(wrapped.clone().into_bytes()));
    for text in [
        format!(r#"{{" di":{},"":0}}"#, lists(MAX_DEPTH)),
        format!(r#"{{" di":{{" t__":{}}},"":0}}"#, lists(MAX_DEPTH - 1)),
    ] {
        assert_eq!(reread(text.as_bytes()), Err(Error::Depth));
        let mut session = SecureCookieSession::<1000>::new();
        assert_eq!(load(&mut session, text.as_bytes()), Err(Error::Depth));
    }
    let plain = TaggedJsonSerializer::plain();
    let mut text = format!(r#"{{" di":{}}}"#, lists(MAX_DEPTH)).into_bytes();
    assert_eq!(plain.loads(&mut text).map(|_| ()), Err(Error::Depth));
}

/// What Flask's `TaggedJSONSerializer` makes of wrappers in all sorts of surroundings:
/// `dumps(loads(text))`.
#[test]
fn wrappers_are_taken_off_wherever_they_stand() {
    const CASES: &[(&str, &str)] = &[
        (
            r#"{" di":{" t__":{" di":{" m__":{" di":{" di__":1}}}}}}"#,
            r#"{" di":{" t__":{" di":{" m__":{" di":{" di__":1}}}}}}"#,
        ),
        (r#"{" di":{" t__":{" di":{" m__":1},"a":2}}}"#, r#"{" di":{" t__":{" di":{" m__":1},"a":2}}}"#),
        (r#"{" di":{" t__":{" di":{" m__":1}}},"a":2}"#, r#"{" di":{" t__":{" di":{" m__":1}}},"a":2}"#),
        (r#"{" di":{" di":{"a____":1}}}"#, r#"{"a":1}"#),
        (r#"{" di":{" di":{" t____":1}}}"#, r#"{" di":{" t__":1}}"#),
        (
            r#"{"x":{" di":1," di":{" t__":{" di":{" b__":[]}}}}}"#,
            r#"{"x":{" di":{" t__":{" di":{" b__":[]}}}}}"#,
        ),
        (
            "{\" di\" : {\" t__\" :\n{\" di\" : {\" u__\":[] }\t} } }",
            r#"{" di":{" t__":{" di":{" u__":[]}}}}"#,
        ),
        (r#"{" di":{" t__":1," t__":{" di":{" t__":2}}}}"#, r#"{" di":{" t__":{" di":{" t__":2}}}}"#),
        (
            r#"{" di":{"a__":{" di":{"__":{" di":{" t__":"\u00e9"}}}}}}"#,
            r#"{"a":{"":{" di":{" t__":"\u00e9"}}}}"#,
        ),
        (
            r#"{"a":[{" di":{" t__":[{" di":{" t__":[{" di":{" m__":{" di":{" m__":0}}}}]}}]}}]}"#,
            r#"{"a":[{" di":{" t__":[{" di":{" t__":[{" di":{" m__":{" di":{" m__":0}}}}]}}]}}]}"#,
        ),
    ];
    for (text, same) in CASES {
        let nested = [text.to_string(), format!("[{text},{text}]"), format!(r#"{{"b":{text},"a":{text}}}"#)];
        let expected =
            [same.to_string(), format!("[{same},{same}]"), format!(r#"{{"a":{same},"b":{same}}}"#)];
        for (text, same) in nested.iter().zip(expected) {
            assert_eq!(
                reread(text.as_bytes()).map(|text| String::from_utf8(text).unwrap()),
                Ok(same),
                "{text}"
            );
        }
    }
}

/// Neither depth nor length costs stack: 64 KiB are enough for all of it.
#[test]
fn nothing_recurses() {
    let run = || {
        let mut texts = vec![];
        for pattern in ["[", r#"{"a":"#, r#"{" t":["#, r#"{" di":{" t__":"#, "[[],", r#"{"b":1,"a":"#] {
            texts.push(pattern.repeat(2_000));
            texts.push(pattern.repeat(65_536 / pattern.len()));
        }
        texts.push(format!("{}{}", "[".repeat(2_000), "]".repeat(2_000)));
        texts.push(format!("{}1{}", r#"{"a":"#.repeat(2_000), "}".repeat(2_000)));
        for text in texts {
            assert_eq!(reread(text.as_bytes()), Err(Error::Depth));
        }
        for (_, text) in shapes(65_536) {
            let mut buffer = text.into_bytes();
            let value = SESSION_JSON_SERIALIZER.loads(&mut buffer).unwrap();
            assert!(!dump(value, SESSION_JSON_SERIALIZER).is_empty());
        }
    };
    std::thread::Builder::new().stack_size(64 * 1024).spawn(run).unwrap().join().unwrap();
}

// ---- robustness

/// Every single-byte change of a text is refused, or read as something that
/// comes back the same.
#[test]
fn no_mutation_panics_and_what_is_read_comes_back() {
    const TEXTS: [&str; 6] = [
        r#"{"b":[1,-2.5e-7,true,null],"a":{"\u00e9\ud83d\ude00":"x\n"},"c":"\u007f"}"#,
        r#"{" di":{" t__":{" t":[{" b":"AP8="},{" m":"<b>"}]}}}"#,
        r#"[{" u":"00112233445566778899aabbccddeeff"},{" d":"Tue, 14 Nov 2023 22:13:20 GMT"}]"#,
        r#"{"z":1,"y":{"b":1,"a":2,"b":3},"x":[{}],"z":2,"":0}"#,
        "[NaN,Infinity,-Infinity,-0,0.0,12345678901234567890123]",
        "{\"\u{e9}\":\"\u{1f600}\u{7f}\u{2028}\",\" t\":1}",
    ];
    for text in TEXTS {
        for at in 0..text.len() {
            for byte in 0..=255 {
                let mut changed = text.as_bytes().to_vec();
                changed[at] = byte;
                comes_back(&changed);
            }
            let mut shorter = text.as_bytes().to_vec();
            shorter.remove(at);
            comes_back(&shorter);
            comes_back(&text.as_bytes()[..at]);
            comes_back(&text.as_bytes()[at..]);
        }
    }
}

fn comes_back(text: &[u8]) {
    if let Ok(json) = reread(text) {
        assert_eq!(reread(&json).as_deref(), Ok(&json[..]), "{}", String::from_utf8_lossy(text));
    }
    let mut session = SecureCookieSession::<400>::new();
    if load(&mut session, text).is_ok() {
        let mut sink = VecSink::default();
        let Ok(()) = session.dump(&mut sink);
        let null = text.trim_ascii() == b"null";
        assert_eq!(if null { Ok(b"{}".to_vec()) } else { reread(text) }, Ok(sink.0));
    }
}

// ---- sinks

/// Takes `room` bytes, each call's one by one.
struct Dripping {
    taken: Vec<u8>,
    room: usize,
}

impl Sink for Dripping {
    type Error = &'static str;

    fn write(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        for byte in bytes {
            if self.taken.len() == self.room {
                return Err("full");
            }
            self.taken.push(*byte);
        }
        Ok(())
    }
}

#[test]
fn a_sink_that_takes_a_byte_at_a_time_gets_the_same_and_a_full_one_stops_the_writer() {
    let text = format!("[{}1]", r#"{"a":"x\u00e9\n"},"#.repeat(1_000));
    assert!(text.len() > 16_384);
    let mut buffer = text.clone().into_bytes();
    let value = SESSION_JSON_SERIALIZER.loads(&mut buffer).unwrap();
    for room in [0, 1, 5, 4_999, text.len() - 1, text.len()] {
        let mut sink = Dripping { taken: vec![], room };
        let written = SESSION_JSON_SERIALIZER.write(value, &mut sink);
        assert_eq!(written, if room == text.len() { Ok(()) } else { Err("full") });
        assert_eq!(sink.taken, &text.as_bytes()[..room]);
    }
}

#[test]
fn debug_shows_a_value_as_what_it_is() {
    let mut text = *br#"{"a":["x",null],"b":{" b":"AP8="},"c":{" t":[true]}}"#;
    let value = SESSION_JSON_SERIALIZER.loads(&mut text).unwrap();
    let Kind::Dict(dict) = value.kind() else { panic!("{value:?}") };
    let entries = r#"{"a": List([Str("x"), Null]), "b": Bytes([0, 255]), "c": Tuple([Bool(true)])}"#;
    assert_eq!(format!("{value:?}"), format!("Dict({entries})"));
    assert_eq!(format!("{:?}", dict.iter()), entries);
    let Some(Kind::List(list)) = dict.get("a").map(Value::kind) else { panic!("{dict:?}") };
    assert_eq!(format!("{:?}", list.iter()), r#"[Str("x"), Null]"#);
}

// ---- serializers

#[test]
fn debug_shows_the_settings() {
    let plain = TaggedJsonSerializer::plain();
    assert_eq!(
        format!("{plain:?}"),
        "TaggedJsonSerializer { tagged: false, sort_keys: false, ensure_ascii: false, custom: [] }"
    );
    let tag = JsonTag::new(" x", |_| true).force();
    assert_eq!(format!("{tag:?}"), "JsonTag { key: \" x\", force: true, .. }");
}

#[test]
fn plain_json_knows_no_tags() {
    let plain = TaggedJsonSerializer::plain();
    let text = "{\" t\":[1],\"a\":\"\u{e9}\u{7f}\",\"b\":{\" di\":{\" t__\":1}}}";
    let mut buffer = text.as_bytes().to_vec();
    assert_eq!(dump(plain.loads(&mut buffer).unwrap(), plain), text.as_bytes());
}

#[test]
fn registered_tags_are_checked_and_escaped_like_the_standard_ones() {
    const TAGS: &[JsonTag] = &[JsonTag::new(" \u{e9}", |value| matches!(value.kind(), Kind::List(_)))];
    let serializer = SESSION_JSON_SERIALIZER.register(TAGS).unwrap();
    let reread = |text: &str| {
        let mut buffer = text.as_bytes().to_vec();
        serializer.loads(&mut buffer).map(|value| String::from_utf8(dump(value, serializer)).unwrap())
    };
    for same in [r#"{" \u00e9":[1]}"#, r#"{" di":{" \u00e9__":1}}"#, r#"{" \u00e9":1,"a":{" \u00e9":[]}}"#] {
        assert_eq!(reread(same).as_deref(), Ok(same));
    }
    assert!(matches!(reread(r#"{" \u00e9":1}"#), Err(Error::BadPayload(_))));

    const TWICE: &[JsonTag] = &[JsonTag::new(" x", |_| true), JsonTag::new(" x", |_| true)];
    assert_eq!(SESSION_JSON_SERIALIZER.register(TWICE).map(|_| ()), Err(Error::TagTaken));
    const STANDARD: &[JsonTag] = &[JsonTag::new(" t", |_| true)];
    assert_eq!(SESSION_JSON_SERIALIZER.register(STANDARD).map(|_| ()), Err(Error::TagTaken));
    const FORCED: &[JsonTag] = &[JsonTag::new(" t", |_| true).force()];
    let forced = SESSION_JSON_SERIALIZER.register(FORCED).unwrap();
    let mut text = br#"{" t":1}"#.to_vec();
    assert!(matches!(forced.loads(&mut text).unwrap().kind(), Kind::Custom { key: " t", .. }));
    // The wrapper of dicts belongs to the format.
    const WRAPPER: &[JsonTag] = &[JsonTag::new(" di", |_| true).force()];
    assert_eq!(SESSION_JSON_SERIALIZER.register(WRAPPER).map(|_| ()), Err(Error::TagTaken));
    // So do its escapes: `{" t": 1}` is written as `{" di": {" t__": 1}}`.
    const ESCAPED: &[JsonTag] = &[JsonTag::new(" t__", |_| true).force()];
    assert_eq!(SESSION_JSON_SERIALIZER.register(ESCAPED).map(|_| ()), Err(Error::TagTaken));
    const BOTH: &[JsonTag] = &[JsonTag::new(" x__", |_| true), JsonTag::new(" x", |_| true)];
    assert_eq!(SESSION_JSON_SERIALIZER.register(BOTH).map(|_| ()), Err(Error::TagTaken));
    const ALONE: &[JsonTag] = &[JsonTag::new(" x__", |_| true)];
    assert!(SESSION_JSON_SERIALIZER.register(ALONE).is_ok());
    // An empty key is no tag, and never escaped.
    const EMPTY: &[JsonTag] = &[JsonTag::new("", |_| true), JsonTag::new("__", |_| true)];
    assert!(SESSION_JSON_SERIALIZER.register(EMPTY).is_ok());
}

#[test]
fn values_are_seen_without_serde() {
    let mut text =
        br#"{"n":12,"s":"\u00e9","m":{" m":"<b>"},"b":{" b":"AP8="},"t":{" t":[1,{}]},"l":[]}"#.to_vec();
    let value = SESSION_JSON_SERIALIZER.loads(&mut text).unwrap();
    let Kind::Dict(dict) = value.kind() else { panic!() };
    assert_eq!((dict.len(), dict.is_empty()), (6, false));
    assert_eq!(dict.iter().map(|(key, _)| key).collect::<String>(), "blmnst");
    assert_eq!(dict.get("n").unwrap().as_i64(), Some(12));
    assert_eq!(dict.get("s").unwrap().as_str(), Some("\u{e9}"));
    assert_eq!(dict.get("m").unwrap().as_str(), Some("<b>"));
    assert!(dict.get("x").is_none());
    let Kind::Tuple(tuple) = dict.get("t").unwrap().kind() else { panic!() };
    assert_eq!((tuple.len(), tuple.get(0).unwrap().as_i64()), (2, Some(1)));
    assert!(tuple.get(2).is_none() && !tuple.get(1).unwrap().is_truthy());
    let Kind::Bytes(bytes) = dict.get("b").unwrap().kind() else { panic!() };
    assert_eq!((bytes.len(), bytes.iter().collect::<Vec<u8>>()), (2, vec![0, 255]));
    assert_eq!(bytes.read(&mut [0; 4]), Ok(&[0, 255][..]));
    let small = Error::Capacity { needed_bytes: 2, capacity_bytes: 1 };
    assert_eq!(bytes.read(&mut [0; 1]), Err(small));
    let Kind::List(list) = dict.get("l").unwrap().kind() else { panic!() };
    assert!(list.is_empty() && !dict.get("l").unwrap().is_truthy());
}
