//! No input takes long, however it was made: `Cookie` headers of 64 KiB are opened,
//! an entry is put in beside theirs, and they are saved. Nor does filling a session,
//! however it is done. Run with
//! `cargo test --release --all-features --test bad_input -- --ignored --nocapture`.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use hipflask::{
    Config, Error, Opened, RequestContext, SecureCookieSession, Session,
    json::{Encode, SESSION_JSON_SERIALIZER},
    signing::NoCompression,
};

use super::{base64, common::Random, header, interface, packed, signed};

const HEADER_BYTES: usize = 65_536;
/// As long as the JSON text or the zlib stream of such a header.
const DECODED_BYTES: usize = (HEADER_BYTES - 64) / 4 * 3;
/// Room for all of them, with an index of as many entries.
const CAPACITY_BYTES: usize = 256 * 1024;

/// What small streams unfold to.
const UNFOLDED_BYTES: usize = 65_000;

/// Writes bits from the low end, as DEFLATE has them.
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    /// A zlib stream's header.
    fn new() -> Self {
        Self { bytes: vec![0x78, 0x9c], count: 0 }
    }

    fn put(&mut self, value: usize, count: usize) {
        for at in 0..count {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= ((value >> at & 1) as u8) << (self.count % 8);
            self.count += 1;
        }
    }

    /// A Huffman code, which is sent from its highest bit.
    fn code(&mut self, code: usize, count: usize) {
        (0..count).rev().for_each(|at| self.put(code >> at, 1));
    }

    /// A byte in the fixed code.
    fn literal(&mut self, byte: u8) {
        if byte < 144 {
            self.code(0x30 + usize::from(byte), 8)
        } else {
            self.code(0x190 + usize::from(byte) - 144, 9)
        }
    }

    fn is_full(&self) -> bool {
        self.bytes.len() >= DECODED_BYTES - 16
    }
}

/// Ends a block in the fixed code, and the stream, which unfolds to `text`.
fn finish(mut bits: Bits, text: &[u8]) -> Vec<u8> {
    bits.code(0, 7);
    let (a, b) = text.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    bits.bytes.extend((b << 16 | a).to_be_bytes());
    bits.bytes
}

/// `text` in one block of the fixed code, without a match.
fn literals(text: &[u8]) -> Vec<u8> {
    let mut bits = Bits::new();
    bits.put(0b011, 3);
    text.iter().for_each(|byte| bits.literal(*byte));
    finish(bits, text)
}

/// One block after the other that says nothing: `block` writes one.
fn empty_blocks(block: fn(&mut Bits)) -> Vec<u8> {
    let mut bits = Bits::new();
    while !bits.is_full() {
        block(&mut bits);
    }
    bits.put(0b011, 3);
    b"{}".iter().for_each(|byte| bits.literal(*byte));
    finish(bits, b"{}")
}

fn empty_fixed(bits: &mut Bits) {
    bits.put(0b010, 3);
    bits.code(0, 7);
}

fn empty_stored(bits: &mut Bits) {
    bits.put(0, 3);
    bits.count = bits.count.next_multiple_of(8);
    bits.put(0xffff_0000, 32);
}

/// About the shortest code tables there are: one code, for the end of the block.
fn empty_dynamic(bits: &mut Bits) {
    dynamic(bits, |symbol| usize::from(symbol == 256));
    bits.put(0, 1);
}

/// A dynamic block's start. `length` gives the length of each symbol's code.
fn dynamic(bits: &mut Bits, length: fn(usize) -> usize) {
    bits.put(0b100, 3);
    bits.put(0, 5);
    bits.put(0, 5);
    bits.put(19 - 4, 4);
    // The lengths have codes themselves: of 5 bits, and of 1 bit for a run of zeros.
    for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] {
        bits.put(if symbol == 18 { 1 } else { 5 * usize::from(symbol < 16) }, 3);
    }
    let mut symbol = 0;
    while symbol <= 256 {
        let zeros = (symbol..=256).take_while(|symbol| length(*symbol) == 0).count().min(138);
        if zeros >= 11 {
            bits.code(0, 1);
            bits.put(zeros - 11, 7);
            symbol += zeros;
        } else {
            bits.code(16 + length(symbol), 5);
            symbol += 1;
        }
    }
    // No distances.
    bits.code(16, 5);
}

/// Spaces in a code of 15 bits, between braces.
fn long_codes() -> Vec<u8> {
    let mut bits = Bits::new();
    bits.put(0b010, 3);
    bits.literal(b'{');
    bits.code(0, 7);
    dynamic(&mut bits, |symbol| match symbol {
        18..32 => symbol - 16,
        32 => 15,
        256 => 1,
        _ => 0,
    });
    let mut text = b"{".to_vec();
    while !bits.is_full() {
        bits.code(0x7fff, 15);
        text.push(b' ');
    }
    bits.code(0, 1);
    bits.put(0b011, 3);
    bits.literal(b'}');
    text.push(b'}');
    finish(bits, &text)
}

/// A small stream of `before`, many copies of `unit`, and `after`.
fn unfolding(before: &str, unit: &str, after: &str) -> Vec<u8> {
    let distance = unit.len();
    let symbol = |symbol: usize| match symbol {
        0..4 => (symbol + 1, 0),
        _ => (((2 + symbol % 2) << (symbol / 2 - 1)) + 1, symbol / 2 - 1),
    };
    let number = (0..30).rposition(|number| symbol(number).0 <= distance).unwrap();
    let (base, extra_bits) = symbol(number);

    let copies = UNFOLDED_BYTES / distance;
    let text = format!("{before}{}{after}", unit.repeat(copies)).into_bytes();
    let mut bits = Bits::new();
    bits.put(0b011, 3);
    let mut at = before.len() + distance;
    text[..at].iter().for_each(|byte| bits.literal(*byte));
    while text.len() - after.len() - at >= 258 {
        bits.code(0xc5, 8);
        bits.code(number, 5);
        bits.put(distance - base, extra_bits);
        at += 258;
    }
    text[at..].iter().for_each(|byte| bits.literal(*byte));
    signed(&packed(&finish(bits, &text)))
}

/// A text that unfolds at 158 to 1 from a fixed block.
fn bomb() -> Vec<u8> {
    let mut bits = Bits::new();
    bits.put(0b011, 3);
    bits.literal(b' ');
    while !bits.is_full() {
        bits.code(0xc5, 8);
        bits.code(0, 5);
    }
    bits.bytes
}

fn object(keys: impl Iterator<Item = String>, value: &str) -> String {
    format!("{{{}}}", keys.map(|key| format!("\"{key}\":{value}")).collect::<Vec<_>>().join(","))
}

/// `unit` as often as it fits between the two others.
fn filled(before: &str, unit: &str, after: &str) -> String {
    let count = (DECODED_BYTES - before.len() - after.len()) / unit.len();
    format!("{before}{}{after}", unit.repeat(count))
}

fn deep(open: &str, close: &str, levels: usize) -> String {
    filled(&format!("{}[", open.repeat(levels)), "1,", &format!("1]{}", close.repeat(levels)))
}

type Row = (&'static str, Vec<u8>);

/// Headers such as Flask's own: keys sorted, nothing twice.
fn valid() -> Vec<Row> {
    let text = |text: String| signed(&base64(text.as_bytes()));
    let keys = |len: usize| (0..len).map(|number| format!("{number:05}"));
    vec![
        ("small entries", text(object(keys(DECODED_BYTES / 10), "1"))),
        ("words", text(object(keys(DECODED_BYTES / 32), "\"the quick brown fox\""))),
        ("one list", text(filled("{\"a\":[", "1,", "1]}"))),
        ("dicts", text(filled("{\"a\":[", "{\"a\":1,\"b\":[2,null]},", "1]}"))),
        ("one string", text(filled("{\"a\":\"", "a", "\"}"))),
        ("letters outside ASCII", text(filled("{\"a\":\"", "\\u00e9", "\"}"))),
        ("tuples", text(filled("{\"a\":[", "{\" t\":[1]},", "1]}"))),
        ("dates", text(filled("{\"a\":[", "{\" d\":\"Tue, 14 Nov 2023 22:13:20 GMT\"},", "1]}"))),
        ("uuids", text(filled("{\"a\":[", "{\" u\":\"0123456789abcdef0123456789abcdef\"},", "1]}"))),
        ("escaped dicts", text(filled("{\"a\":[", "{\" di\":{\" t__\":1}},", "1]}"))),
        ("deep, escaped", text(deep("{\" di\":{\" t__\":", "}}", 31))),
        ("empty lists", text(filled("{\"a\":[", "[],", "1]}"))),
        ("empty strings", text(filled("{\"a\":[", "\"\",", "1]}"))),
        ("small dicts", text(filled("{\"a\":[", "{\"\":1},", "1]}"))),
        (
            "compressed words",
            signed(&packed(&literals(
                object(keys((DECODED_BYTES - 30) / 32), "\"the quick brown fox\"").as_bytes(),
            ))),
        ),
        (
            "compressed entries",
            signed(&packed(&literals(object(keys((DECODED_BYTES - 30) / 10), "1").as_bytes()))),
        ),
    ]
}

fn hostile() -> Vec<Row> {
    let mut random = Random(9);
    let text = |text: String| signed(&base64(text.as_bytes()));
    let count = DECODED_BYTES / 10;
    let sorted: Vec<String> = (0..count).map(|number| format!("{number:05}")).collect();
    let reversed: Vec<String> = sorted.iter().rev().cloned().collect();
    let mut shuffled = sorted.clone();
    random.shuffle(&mut shuffled);
    let mut swapped = sorted.clone();
    swapped.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
    let duplicates: Vec<String> = (0..count).map(|number| format!("{:05}", number * 7919 % 499)).collect();
    let prefixed: Vec<String> =
        (0..DECODED_BYTES / 515).rev().map(|number| format!("{}{number:03}", "p".repeat(505))).collect();
    let inside =
        |keys: &[String]| text(format!("{{\"a\":{}}}", object(keys[..count - 1].iter().cloned(), "1")));
    let outside = |keys: &[String]| text(object(keys.iter().cloned(), "1"));
    let raw = |before: &str, unit: &str, after: &str| {
        [
            before.as_bytes(),
            unit.repeat((HEADER_BYTES - before.len()) / unit.len()).as_bytes(),
            after.as_bytes(),
        ]
        .concat()
    };
    let payload = |unit: &[u8]| signed(&unit.repeat((HEADER_BYTES - 60) / unit.len()));
    let around = |open: &str, close: &str, levels: usize, inside: &str| {
        text(format!("{}{inside}{}", open.repeat(levels), close.repeat(levels)))
    };
    let wrapped = |levels: usize, inside: &str| around("{\" di\":{\" t__\":", "}}", levels, inside);
    let in_lists = |inside: &str| around("{\" di\":{\" t__\":[", "]}}", 20, inside);
    let empty_strings = format!("[{}1]", "\"\",".repeat((DECODED_BYTES - 640) / 3));
    vec![
        ("keys reversed", outside(&reversed)),
        ("keys reversed, nested", inside(&reversed)),
        ("keys random", outside(&shuffled)),
        ("keys random, nested", inside(&shuffled)),
        ("keys swapped", outside(&swapped)),
        ("keys swapped, nested", inside(&swapped)),
        ("keys duplicate", outside(&duplicates)),
        ("keys duplicate, nested", inside(&duplicates)),
        ("keys all the same", outside(&vec!["k".into(); count])),
        ("keys with one long prefix", outside(&prefixed)),
        (
            "keys with one long prefix, nested",
            text(format!("{{\"a\":{}}}", object(prefixed.into_iter(), "1"))),
        ),
        ("deep, unsorted", text(deep("{\"b\":", ",\"a\":1}", 62))),
        ("deep, duplicates", text(deep("{\"a\":1,\"a\":", "}", 62))),
        ("deep, wrapped", text(deep("{\" di\":{\" di__\":", "}}", 31))),
        (
            "deep, wrapped, around keys random",
            wrapped(30, &object(shuffled[..count - 60].iter().cloned(), "1")),
        ),
        ("deep, wrapped, around empty strings", wrapped(31, &empty_strings)),
        ("deep, wrapped in lists", in_lists(&empty_strings)),
        ("deep, tags' keys beside others", text(deep("{\" t\":[", "],\"b\":1}", 31))),
        ("deep, too deep", text(filled("{\"a\":", "[", ""))),
        ("small unsorted dicts", text(filled("{\"a\":[", "{\"b\":1,\"a\":1},", "1]}"))),
        ("escapes", text(filled("{\"a\":\"", "\\n", "\"}"))),
        ("surrogate pairs", text(filled("{\"a\":\"", "\\ud83d\\ude00", "\"}"))),
        ("raw UTF-8", text(filled("{\"a\":\"", "é", "\"}"))),
        ("digits", text(filled("{\"a\":[", &format!("{},", "9".repeat(4300)), "1]}"))),
        ("digits, too many", text(filled("{\"a\":", "9", "}"))),
        ("digits of a float", text(filled("{\"a\":1.", "9", "}"))),
        ("whitespace", text(filled("{", " ", "}"))),
        ("bytes", text(filled("{\"a\":{\" b\":\"", "AAAA", "\"}}"))),
        ("zlib: a bomb", signed(&packed(&bomb()))),
        ("zlib: empty fixed blocks", signed(&packed(&empty_blocks(empty_fixed)))),
        ("zlib: empty stored blocks", signed(&packed(&empty_blocks(empty_stored)))),
        ("zlib: empty dynamic blocks", signed(&packed(&empty_blocks(empty_dynamic)))),
        ("zlib: long codes", signed(&packed(&long_codes()))),
        (
            "zlib: keys reversed",
            signed(&packed(&literals(object(reversed[..count - 5].iter().cloned(), "1").as_bytes()))),
        ),
        (
            "zlib: bytes after the end",
            signed(&packed(&[&literals(b"{}")[..], &vec![b'x'; DECODED_BYTES - 30]].concat())),
        ),
        ("base64: junk", payload(b"!")),
        ("base64: junk in every group", payload(b"A!")),
        ("base64: padding", payload(b"A=")),
        ("base64: junk, compressed", payload(b".eJ!")),
        ("dots", payload(b".")),
        ("a long timestamp", signed(&[&b"e30."[..], &b"!".repeat(HEADER_BYTES - 70)].concat())),
        ("a long signature", raw("session=e30.ZVPxAA.", "A", "")),
        ("no signature", raw("session=", "A", "")),
        ("quotes", raw("session=", "\"", "")),
        ("quotes, unclosed", raw("session=\"", "\\\";", "")),
        ("quotes that open again", raw("", "a=\";", "")),
        ("octal escapes", raw("session=\"", "\\101", "\"")),
        ("bytes beyond ASCII", [&b"session="[..], &[0xe9; HEADER_BYTES - 8]].concat()),
        ("semicolons", raw("", ";", "")),
        ("many cookies", raw("", "a=b;", "")),
        ("no cookie", header(b"")),
    ]
}

/// Small headers that unfold, as Flask could write them.
fn valid_unfolding() -> Vec<Row> {
    let deep = format!("{}[", "{\" di\":{\" t__\":".repeat(31));
    vec![
        ("one list", unfolding("{\"a\":[", "1,", "1]}")),
        ("dicts", unfolding("{\"a\":[", "{\"a\":1,\"b\":[2,null]},", "1]}")),
        ("tuples", unfolding("{\"a\":[", "{\" t\":[1]},", "1]}")),
        ("escaped dicts", unfolding("{\"a\":[", "{\" di\":{\" t__\":1}},", "1]}")),
        ("deep, escaped", unfolding(&deep, "1,", &format!("1]{}", "}}".repeat(31)))),
    ]
}

fn hostile_unfolding() -> Vec<Row> {
    let mut random = Random(10);
    let mut keys: Vec<String> = (0..3000).rev().map(|number| format!("\"{number:04}\":1,")).collect();
    let reversed = keys.concat();
    random.shuffle(&mut keys);
    let shuffled = keys.concat();
    let few: Vec<String> = (0..9).rev().map(|number| format!("\"{number}\":1,")).collect();
    vec![
        ("keys reversed, again and again", unfolding("{\"a\":{", &reversed, "\"a\":1}}")),
        ("keys random, again and again", unfolding("{\"a\":{", &shuffled, "\"a\":1}}")),
        ("few keys reversed, again and again", unfolding("{\"a\":{", &few.concat(), "\"a\":1}}")),
        ("many dicts, reversed", unfolding("{\"a\":[", &format!("{{{}\"\":1}},", few.concat()), "1]}")),
        (
            "many dicts, 3,000 random keys each",
            unfolding("{\"a\":[", &format!("{{{shuffled}\"\":1}},"), "1]}"),
        ),
        ("one long key and many", unfolding("{\"a\":{\"b\":[", "1,", &format!("1],{shuffled}\"\":1}}}}"))),
        ("entries, again and again", unfolding("{", &shuffled, "\"a\":1}")),
        ("whitespace", unfolding("{", " ", "}")),
    ]
}

/// What is done with a header: it is opened, then an entry is put in beside those it
/// has, then all is saved.
const DONE: [&str; 3] = ["open", "insert", "save"];

fn times(header: &[u8], context: &mut RequestContext) -> ([Duration; 3], Result<Opened, Error>) {
    let (interface, config) = (interface(b"dev"), Config::new().max_cookie_size(0));
    let mut best = [Duration::MAX; 3];
    for _ in 0..40 {
        let mut at = Instant::now();
        let mut lap = |step: usize| {
            best[step] = best[step].min(at.elapsed());
            at = Instant::now();
        };
        context.open(&interface, &config, header);
        lap(0);
        let Ok(session) = context.session() else { continue };
        session.insert("beside", &1).unwrap();
        lap(1);
        let mut scratch = NoCompression;
        assert!(context.save(&interface, &config, &mut scratch).unwrap().set_cookie.is_some());
        lap(2);
    }
    (best.map(|time| if time == Duration::MAX { Duration::ZERO } else { time }), context.opened())
}

/// Prints how long each header takes, and gives the hostile ones that take more
/// than ten times as long as the slowest valid one, whatever is done with them.
fn too_slow(valid: Vec<Row>, hostile: Vec<Row>) -> Vec<String> {
    let mut context: Box<RequestContext> =
        Box::new(RequestContext::new(SecureCookieSession::<CAPACITY_BYTES>::new()));
    let mut slowest = [Duration::ZERO; 3];
    print!("{:40} {:>8}", "", "bytes");
    DONE.iter().for_each(|done| print!(" {done:>10} {:>6}", "ratio"));
    println!();
    for (name, header) in valid {
        let (times, opened) = times(&header, &mut context);
        assert_eq!(opened, Ok(Opened::LOADED), "{name}");
        print!("valid: {name:33} {:>8}", header.len());
        for (slowest, time) in slowest.iter_mut().zip(times) {
            *slowest = time.max(*slowest);
            print!(" {time:>10.1?} {:>6}", "");
        }
        println!();
    }
    let mut too_slow = Vec::new();
    for (name, header) in hostile {
        let (times, opened) = times(&header, &mut context);
        print!("{name:40} {:>8}", header.len());
        for ((done, slowest), time) in DONE.iter().zip(slowest).zip(times) {
            let ratio = time.as_secs_f64() / slowest.as_secs_f64();
            print!(" {time:>10.1?} {ratio:>6.2}");
            if ratio > 10.0 {
                too_slow.push(format!("{name}: {done}"));
            }
        }
        println!(" {opened:?}");
    }
    too_slow
}

#[test]
#[ignore = "measures time"]
fn no_header_takes_ten_times_as_long_as_a_valid_one() {
    let (valid, hostile) = (valid(), hostile());
    for (name, header) in valid.iter().chain(&hostile) {
        assert!(header.len() <= HEADER_BYTES + 8, "{name}: {}", header.len());
    }
    assert!(valid.iter().all(|(_, header)| header.len() > HEADER_BYTES / 10 * 9));
    let mut slow = too_slow(valid, hostile);
    slow.extend(too_slow(valid_unfolding(), hostile_unfolding()));
    assert!(slow.is_empty(), "{slow:?}");
}

/// The shortest time that `fill` takes on an empty session.
fn filling(fill: impl Fn(&mut Session)) -> Duration {
    let mut session: Box<Session> = Box::new(SecureCookieSession::<CAPACITY_BYTES>::new());
    let run = |_| {
        session.reset(SESSION_JSON_SERIALIZER);
        let start = Instant::now();
        fill(&mut session);
        start.elapsed()
    };
    (0..10).map(run).min().unwrap()
}

/// How many entries or messages are put in takes time in proportion, not in its square.
#[test]
#[ignore = "measures time"]
fn filling_a_session_takes_time_in_proportion() {
    let sorted: Vec<String> = (0..4000).map(|number| format!("{number:05}")).collect();
    let mut shuffled = sorted.clone();
    Random(11).shuffle(&mut shuffled);
    let map: BTreeMap<&str, u32> = sorted.iter().map(|key| (&**key, 1)).collect();
    let replace = filling(|session| session.replace(&map).unwrap());
    println!("{:40} {replace:>10.1?}", "replace by a map of 4,000");

    let insert = |keys: &[String], session: &mut Session, value: &dyn Encode| {
        keys.iter().for_each(|key| session.insert(key, value).unwrap());
    };
    let update = |keys: &[String], session: &mut Session| {
        let items: Vec<(&str, &dyn Encode)> = keys.iter().map(|key| (&**key, &1 as &dyn Encode)).collect();
        session.update(&items).unwrap();
    };
    let flashes = |session: &mut Session| {
        (0..1000).for_each(|_| session.flash("The quick brown fox.", "message").unwrap());
    };
    type Row<'r> = (&'static str, f64, &'r dyn Fn(&mut Session));
    let rows: [Row<'_>; 8] = [
        ("4,000 inserts", 33.0, &|session| insert(&sorted, session, &1)),
        ("4,000 inserts, shuffled", 33.0, &|session| insert(&shuffled, session, &1)),
        ("4,000 inserts over as many, as long", 33.0, &|session| {
            session.replace(&map).unwrap();
            insert(&shuffled, session, &2);
        }),
        ("update by 4,000", 33.0, &|session| update(&sorted, session)),
        ("update by 4,000, shuffled", 33.0, &|session| update(&shuffled, session)),
        ("1,000 flashes", 17.0, &flashes),
        ("1,000 flashes beside 4,000 entries", 33.0, &|session| {
            session.replace(&map).unwrap();
            flashes(session);
        }),
        ("4,000 popitems", 33.0, &|session| {
            session.replace(&map).unwrap();
            while session.popitem().unwrap().is_some() {}
        }),
    ];
    let mut slow = Vec::new();
    for (name, limit, fill) in rows {
        let time = filling(fill);
        let ratio = time.as_secs_f64() / replace.as_secs_f64();
        println!("{name:40} {time:>10.1?} {ratio:>6.2} of at most {limit}");
        if ratio > limit {
            slow.push(name);
        }
    }
    assert!(slow.is_empty(), "{slow:?}");
}
