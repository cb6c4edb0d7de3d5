//! No stored session takes long to read or to write, however it was made. Run as `timing`.

use std::time::{Duration, Instant};

use hipflask::{SecureCookieSession, Session, interface::server_side::Codec};

use super::common::{Random, VecSink};

const STORED_BYTES: usize = 65_536;
/// Room for whatever so many bytes of msgpack are here.
const CAPACITY_BYTES: usize = 640 * 1024;

type Row = (&'static str, Codec, Vec<u8>);

/// `front` around as many of `unit` as there is room for, behind `head` and their number.
fn many(front: &[u8], head: u8, unit: &[u8]) -> Vec<u8> {
    let count = ((STORED_BYTES - front.len()) / unit.len()) as u32;
    [front, &[head], &count.to_be_bytes(), &unit.repeat(count as usize)].concat()
}

/// A map of one entry, whose value follows.
const ENTRY: &[u8] = b"\x81\xa1k";
const ARRAY: u8 = 0xDD;
const MAP: u8 = 0xDF;

/// A map at `k` with these keys, each with a small value.
fn map(keys: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let entries: Vec<Vec<u8>> = keys.map(|key| [&key[..], b"\x01"].concat()).collect();
    [ENTRY, &[MAP], &(entries.len() as u32).to_be_bytes(), &entries.concat()].concat()
}

fn text(key: &str) -> Vec<u8> {
    [&[0xDA][..], &(key.len() as u16).to_be_bytes(), key.as_bytes()].concat()
}

fn json(unit: &str) -> Vec<u8> {
    let count = STORED_BYTES / unit.len();
    format!("{{\"k\":[{}1]}}", unit.repeat(count)).into_bytes()
}

/// As msgspec writes them.
fn valid() -> Vec<Row> {
    let numbers = |len: usize| (0..len).map(|number| text(&format!("{number:05}")));
    let mut any_order: Vec<Vec<u8>> = numbers(STORED_BYTES / 9).collect();
    Random(6).shuffle(&mut any_order);
    let msgpack = |name, stored| (name, Codec::MsgPack, stored);
    vec![
        msgpack("ints", many(ENTRY, ARRAY, b"\x01")),
        msgpack("floats", many(ENTRY, ARRAY, b"\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a")),
        msgpack("dates", many(ENTRY, ARRAY, b"\xd7\xff\x00\x29\x61\xc0\x65\x93\x7d\x25")),
        msgpack("bytes", many(ENTRY, ARRAY, b"\xc4\x08abcdefgh")),
        msgpack("words", many(ENTRY, ARRAY, b"\xb3the quick brown fox")),
        msgpack("dicts", many(ENTRY, ARRAY, b"\x82\xa1a\x01\xa1b\x92\x02\xc0")),
        msgpack("keys in order", map(numbers(STORED_BYTES / 9))),
        // In which they came, as in Python.
        msgpack("keys in any order", map(any_order.into_iter())),
        msgpack("deep", many(&[ENTRY, &[0x91; 61]].concat(), ARRAY, b"\x01")),
        ("JSON: floats", Codec::Json, json("0.1,")),
        ("JSON: words", Codec::Json, json("\"the quick brown fox\",")),
        ("JSON: dicts", Codec::Json, json("{\"a\":1,\"b\":[2,null]},")),
    ]
}

fn hostile() -> Vec<Row> {
    let mut random = Random(7);
    let msgpack = |name, stored| (name, Codec::MsgPack, stored);
    let count = STORED_BYTES / 9;
    let mut keys: Vec<Vec<u8>> = (0..count).rev().map(|number| text(&format!("{number:05}"))).collect();
    let reversed = map(keys.iter().cloned());
    random.shuffle(&mut keys);
    let shuffled = map(keys.iter().cloned());
    let twice = map(keys.iter().cloned().chain([keys[0].clone()]));
    let ints = |number: usize| [&[0xCE][..], &(number as u32 * 7919 % 65_537).to_be_bytes()].concat();
    let prefixed = (0..125).rev().map(|number| text(&format!("{}{number:03}", "p".repeat(500))));
    let few_prefixed = (0..32).rev().map(|number| text(&format!("{}{number:02}", "p".repeat(2000))));
    // A dict of so many unsorted entries, the last of which is the next level.
    let level = |len: u8| {
        let keys = (0..len).rev().flat_map(|number| [0xA2, b'0' + number / 10, b'0' + number % 10, 1]);
        let mut level: Vec<u8> = [0xDE, 0, len].into_iter().chain(keys).collect();
        level.pop();
        level
    };
    let deep = |unit: &[u8], levels: usize| many(&[ENTRY, &unit.repeat(levels)].concat(), ARRAY, b"\x01");
    let unsorted = |len: u8| [&level(len)[..], b"\x01"].concat();
    vec![
        msgpack("keys reversed", reversed.clone()),
        msgpack("keys random", shuffled.clone()),
        msgpack("keys random, one twice", twice),
        msgpack("keys random, the session's", shuffled[3..].to_vec()),
        msgpack("keys random ints", map((0..STORED_BYTES / 6).map(ints))),
        msgpack("keys with one long prefix", map(prefixed)),
        msgpack("few keys with one long prefix", map(few_prefixed)),
        msgpack("deep, few unsorted keys", deep(&level(32), 61)),
        msgpack("deep, more unsorted keys", deep(&level(33), 61)),
        msgpack("deep, tags' keys", deep(b"\x81\xa2 t", 30)),
        msgpack("many dicts of few unsorted keys", many(ENTRY, ARRAY, &unsorted(32))),
        msgpack("many dicts of more unsorted keys", many(ENTRY, ARRAY, &unsorted(33))),
        msgpack("many dicts of two unsorted keys", many(ENTRY, ARRAY, b"\x82\xa1b\x01\xa1a\x01")),
        msgpack("many tags' keys", many(ENTRY, ARRAY, b"\x81\xa2 t\x01")),
        msgpack("empty lists", many(ENTRY, ARRAY, b"\x90")),
        msgpack("empty bytes", many(ENTRY, ARRAY, b"\xc4\x00")),
        msgpack("extensions", many(ENTRY, ARRAY, b"\xd4\x05\x01")),
        msgpack("small floats", many(ENTRY, ARRAY, b"\xcb\x00\x00\x00\x00\x00\x00\x00\x01")),
        msgpack("NaNs", many(ENTRY, ARRAY, b"\xca\x7f\x80\x00\x01")),
        msgpack("control characters", [&b"\x81\xa1k\xda\xf0\x00"[..], &vec![1; 0xF000]].concat()),
        ("reversed, to be sorted", Codec::TaggedJson, reversed),
        ("random, to be sorted", Codec::TaggedJson, shuffled),
        ("JSON: escapes", Codec::Json, json("\"\\n\\u00e9\",")),
        ("JSON: spaces", Codec::Json, json("1 , \t\n ")),
        ("JSON: a long float", Codec::Json, json(&format!("0.{},", "123456789".repeat(100)))),
        ("JSON: long ints", Codec::Json, json(&format!("{},", "9".repeat(4300)))),
        ("JSON: small floats", Codec::Json, json("1e-310,")),
    ]
}

/// The best time to read it, and to write it again.
fn times(codec: Codec, stored: &[u8], session: &mut Session) -> ([Duration; 2], bool) {
    let mut best = [Duration::MAX; 2];
    let mut is_read = false;
    for _ in 0..20 {
        let start = Instant::now();
        is_read = codec.decode(stored, session).is_ok();
        best[0] = best[0].min(start.elapsed());
        let mut sink = VecSink(Vec::with_capacity(2 * CAPACITY_BYTES));
        let start = Instant::now();
        codec.encode(session, &mut sink).unwrap();
        best[1] = best[1].min(start.elapsed());
    }
    (best, is_read)
}

#[test]
#[ignore = "measures time"]
fn no_stored_session_takes_ten_times_as_long_as_a_valid_one() {
    let mut session = Box::new(SecureCookieSession::<CAPACITY_BYTES>::new());
    let mut slowest = [Duration::ZERO; 2];
    println!("{:40} {:>8} {:>10} {:>6} {:>10} {:>6}", "", "bytes", "read", "ratio", "write", "ratio");
    for (name, codec, stored) in valid() {
        let (times, is_read) = times(codec, &stored, &mut session);
        assert!(is_read, "{name}");
        println!("{name:40} {:8} {:>10.1?} {:6} {:>10.1?}", stored.len(), times[0], "", times[1]);
        slowest = [slowest[0].max(times[0]), slowest[1].max(times[1])];
    }
    let mut too_slow = Vec::new();
    for (name, codec, stored) in hostile() {
        let (times, _) = times(codec, &stored, &mut session);
        let ratio = |step: usize| times[step].as_secs_f64() / slowest[step].as_secs_f64();
        println!(
            "{name:40} {:8} {:>10.1?} {:6.2} {:>10.1?} {:6.2}",
            stored.len(),
            times[0],
            ratio(0),
            times[1],
            ratio(1)
        );
        if ratio(0).max(ratio(1)) > 10.0 {
            too_slow.push(name);
        }
    }
    assert!(too_slow.is_empty(), "{too_slow:?}");
}
