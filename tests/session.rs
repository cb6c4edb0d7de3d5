//! The session objects: against a model in std, against Flask's table of what
//! sets `modified`, and at every small capacity.

mod common;

use std::{
    cell::Cell,
    collections::BTreeMap,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use common::{Random, VecSink};
use hipflask::{
    Config, Error, NullSession, Opened, Request, RequestContext, Saved, SecureCookieSession, Session,
    SessionInterface, SessionMap, SessionMixin,
    json::{
        Bytes, Custom, Encode, JsonTag, Kind, Markup, SESSION_JSON_SERIALIZER, TaggedJsonSerializer, Uuid,
        Value,
    },
    signing::NoCompression,
};
use serde::{Serialize, Serializer};

fn dump(session: &Session) -> String {
    let mut sink = VecSink::default();
    let Ok(()) = session.dump(&mut sink);
    String::from_utf8(sink.0).unwrap()
}

fn json_of(value: Value<'_>) -> String {
    let mut sink = VecSink::default();
    let Ok(()) = SESSION_JSON_SERIALIZER.write(value, &mut sink);
    String::from_utf8(sink.0).unwrap()
}

fn load(session: &mut Session, json: &str) -> Result<(), Error> {
    common::load(session, json.as_bytes())
}

fn opened<const N: usize>(json: &str) -> SecureCookieSession<N> {
    let mut session = SecureCookieSession::new();
    load(&mut session, json).unwrap();
    session
}

fn keys(session: &Session) -> Vec<String> {
    session.iter().map(|(key, _)| key.to_owned()).collect()
}

/// Makes sessions of every capacity below 200.
const MAKERS: [fn() -> Box<Session>; 200] = {
    fn make<const N: usize>() -> Box<Session> {
        Box::new(SecureCookieSession::<N>::new())
    }
    macro_rules! makers {
        ($($tens:literal)*) => {
            [$(
                make::<{ $tens }>, make::<{ $tens + 1 }>, make::<{ $tens + 2 }>, make::<{ $tens + 3 }>,
                make::<{ $tens + 4 }>, make::<{ $tens + 5 }>, make::<{ $tens + 6 }>, make::<{ $tens + 7 }>,
                make::<{ $tens + 8 }>, make::<{ $tens + 9 }>,
            )*]
        };
    }
    makers!(0 10 20 30 40 50 60 70 80 90 100 110 120 130 140 150 160 170 180 190)
};

// ---- the model

const TAGS: [&str; 6] = [" di", " t", " b", " m", " u", " d"];

/// A Python dict: keys and the JSON that Flask writes for their values.
#[derive(Clone, Default)]
struct Model {
    entries: Vec<(String, String)>,
    modified: bool,
}

impl Model {
    fn get(&self, key: &str) -> Option<&str> {
        self.entries.iter().find(|(other, _)| other == key).map(|(_, json)| &**json)
    }

    fn set(&mut self, key: &str, json: String) {
        match self.entries.iter_mut().find(|(other, _)| other == key) {
            Some(entry) => entry.1 = json,
            None => self.entries.push((key.to_owned(), json)),
        }
        self.modified = true;
    }

    fn take(&mut self, key: &str) -> Option<String> {
        let at = self.entries.iter().position(|(other, _)| other == key)?;
        self.modified = true;
        Some(self.entries.remove(at).1)
    }

    fn push(&mut self, key: &str, item: &str) {
        let list = match self.get(key) {
            None | Some("[]") => format!("[{item}]"),
            Some(list) => format!("{},{item}]", &list[..list.len() - 1]),
        };
        self.set(key, list);
    }

    fn dump(&self) -> String {
        let wrapped = self.entries.len() == 1 && TAGS.contains(&&*self.entries[0].0);
        let mut sorted = self.entries.clone();
        sorted.sort();
        let inside: Vec<String> = sorted
            .iter()
            .map(|(key, json)| {
                format!("{}:{json}", quoted(&if wrapped { format!("{key}__") } else { key.clone() }))
            })
            .collect();
        let dict = format!("{{{}}}", inside.join(","));
        if wrapped { format!(r#"{{" di":{dict}}}"#) } else { dict }
    }
}

/// As Python's `json.dumps` writes a `str` of the letters used here.
fn quoted(text: &str) -> String {
    let mut json = String::from("\"");
    for unit in text.encode_utf16() {
        match unit {
            0x22 => json += "\\\"",
            0x0A => json += "\\n",
            0x20..0x7F => json.push(unit as u8 as char),
            _ => json += &format!("\\u{unit:04x}"),
        }
    }
    json + "\""
}

/// A value and the JSON that Flask writes for it.
fn value(random: &mut Random) -> (Box<dyn Encode>, String) {
    fn list(levels: usize) -> Nested {
        Nested(if levels == 0 { vec![] } else { vec![list(levels - 1)] })
    }
    let count = random.below(9);
    match random.below(17) {
        0 => (Box::new(()), "null".into()),
        1 => (Box::new(true), "true".into()),
        2 => (Box::new(count), count.to_string()),
        3 => (Box::new(-1.5), "-1.5".into()),
        4 => (Box::new("x".repeat(count)), quoted(&"x".repeat(count))),
        5 => (Box::new("\u{e9}".repeat(count)), quoted(&"\u{e9}".repeat(count))),
        6 => (Box::new("\u{1f600}\n\"".repeat(count)), quoted(&"\u{1f600}\n\"".repeat(count))),
        7 => (Box::new((1, "\u{e9}")), r#"{" t":[1,"\u00e9"]}"#.into()),
        8 => (Box::new(Bytes::<2>::from_slice(&[0, 255]).unwrap()), r#"{" b":"AP8="}"#.into()),
        9 => (Box::new(Markup("<b>")), r#"{" m":"<b>"}"#.into()),
        10 => (Box::new(Uuid([0; 16])), format!(r#"{{" u":"{}"}}"#, "0".repeat(32))),
        11 => (Box::new(vec![1; count % 3]), ["[]", "[1]", "[1,1]"][count % 3].into()),
        12 => (Box::new(BTreeMap::from([("a", vec![()])])), r#"{"a":[null]}"#.into()),
        13 => (Box::new(Contents(vec![("b", 1), ("a", 2)])), r#"{"a":2,"b":1}"#.into()),
        14 => (Box::new(BTreeMap::from([(" t", 1)])), r#"{" di":{" t__":1}}"#.into()),
        15 => (Box::new(Contents(vec![])), "{}".into()),
        _ => {
            let levels = 56 + count;
            (Box::new(list(levels - 1)), "[".repeat(levels) + &"]".repeat(levels))
        }
    }
}

#[derive(Serialize)]
struct Nested(Vec<Nested>);

/// A dict in the order given.
struct Contents(Vec<(&'static str, u32)>);

impl Serialize for Contents {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

const KEYS: [&str; 11] =
    ["", "a", "b", "ab", "\u{e9}", "\u{ffff}", "\u{1f600}", "\"\n", " t", " di", "_flashes"];

/// One operation on both. `Err` when the session refused it; the model is what it was then.
fn operate(session: &mut Session, model: &mut Model, random: &mut Random) -> Result<(), Error> {
    let (key, other) = (random.pick(&KEYS), random.pick(&KEYS));
    let (new, json) = value(random);
    match random.below(16) {
        0..4 => {
            session.insert(key, &*new)?;
            model.set(key, json);
        }
        4 => assert_eq!(session.remove(key), Ok(model.take(key).is_some())),
        5 => {
            let popped = session.pop(key).unwrap().map(json_of);
            assert_eq!(popped, model.take(key));
        }
        6 => {
            let popped = session.popitem().unwrap().map(|(key, value)| (key.to_owned(), json_of(value)));
            model.modified |= popped.is_some();
            assert_eq!(popped, model.entries.pop());
        }
        7 => {
            let value = session.setdefault(key, &*new)?.map(json_of);
            if model.get(key).is_none() {
                model.set(key, json);
            }
            assert_eq!(value.as_deref(), model.get(key));
        }
        8 if key != other => {
            let (second, second_json) = value(random);
            session.update(&[(key, &*new), (other, &*second), (key, &*new)])?;
            model.set(key, json);
            model.set(other, second_json);
        }
        9 if random.below(4) == 0 => {
            session.clear().unwrap();
            *model = Model { modified: true, ..Model::default() };
        }
        10 => {
            let copied = session.copy_value(key, other)?;
            let value = model.get(key).map(str::to_owned);
            assert_eq!(copied, value.is_some());
            if let Some(json) = value {
                model.set(other, json);
            }
        }
        11 => {
            let is_list = model.get(key).is_none_or(|json| json.starts_with('['));
            let pushed = session.push(key, &*new);
            assert_eq!(pushed.is_err_and(Error::is_wrong_type), !is_list);
            pushed?;
            model.push(key, &json);
        }
        12 => {
            let pushed = session.flash("m\u{e9}", "info");
            if model.get("_flashes").is_some_and(|json| !json.starts_with('[')) {
                assert!(matches!(pushed, Err(Error::WrongType { .. })));
            }
            pushed?;
            model.push("_flashes", r#"{" t":["info","m\u00e9"]}"#);
        }
        13 => {
            let taken = session.take_flashed_messages()?;
            let messages = taken.inspect(|flashed| assert_eq!(flashed.message, "m\u{e9}")).count();
            let was = model.take("_flashes");
            assert_eq!(messages, was.map_or(0, |json| json.matches("info").count()));
        }
        14 if random.below(4) == 0 => {
            let mut contents = vec![("b", 1), (" t", 2), ("\u{e9}", 3), ("a", 4), ("", 5)];
            random.shuffle(&mut contents);
            contents.truncate(random.below(6));
            session.replace(&Contents(contents.clone()))?;
            // The entries of a Rust value are sorted, as everything in it is.
            contents.sort();
            *model = Model { modified: true, ..Model::default() };
            contents.iter().for_each(|(key, number)| model.set(key, number.to_string()));
        }
        15 => {
            let permanent = random.below(2) == 0;
            session.set_permanent(permanent)?;
            model.set("_permanent", permanent.to_string());
            assert_eq!(session.permanent(), permanent);
        }
        _ => {
            session.set_modified(false);
            model.modified = false;
        }
    }
    Ok(())
}

/// The session holds what the model holds, and opens again in as much room.
fn check(session: &Session, model: &Model, capacity: usize) {
    assert_eq!(dump(session), model.dump());
    let entries: Vec<(String, String)> =
        session.iter().map(|(key, value)| (key.to_owned(), json_of(value))).collect();
    assert_eq!(entries, model.entries);
    assert_eq!((session.len(), session.is_empty()), (entries.len(), entries.is_empty()));
    assert_eq!(session.modified(), model.modified);
    for key in KEYS {
        assert_eq!(session.get(key).map(json_of).as_deref(), model.get(key));
    }
    assert!(session.used_bytes() <= capacity.max(1));
    // An empty session is not written.
    if !entries.is_empty() {
        let mut again = MAKERS[capacity]();
        assert_eq!(load(&mut again, &model.dump()), Ok(()), "{} at {capacity}", model.dump());
        assert_eq!(dump(&again), model.dump());
        assert_eq!(again.used_bytes(), session.used_bytes());
        assert!(!again.modified());
    }
}

#[test]
fn sequences_of_operations_do_what_a_dict_does_or_nothing() {
    let (mut refused, mut done) = (0, 0);
    for seed in 1..=2_000 {
        let mut random = Random(seed << 32 | 1);
        let mut capacity = 1 + random.below(199);
        let mut session = MAKERS[capacity]();
        let mut model = Model::default();
        for _ in 0..30 {
            if random.below(8) == 0 {
                let other = 1 + random.below(199);
                let mut copy = MAKERS[other]();
                let copied = copy.copy_from(&session);
                if other < capacity {
                    let full = Error::Capacity { needed_bytes: capacity, capacity_bytes: other };
                    assert_eq!((copied, copy.used_bytes()), (Err(full), 1));
                } else {
                    assert_eq!(copied, Ok(()));
                    (session, capacity) = (copy, other);
                }
            }
            let used = session.used_bytes();
            match operate(&mut session, &mut model, &mut random) {
                Ok(()) => done += 1,
                Err(error) => {
                    refused += 1;
                    assert_eq!(session.used_bytes(), used);
                    if let Error::Capacity { needed_bytes, capacity_bytes } = error {
                        assert!(needed_bytes > capacity && capacity_bytes == capacity);
                    } else {
                        assert!(matches!(error, Error::Depth | Error::WrongType { .. }), "{error}");
                    }
                }
            }
            check(&session, &model, capacity);
        }
    }
    assert!(refused > 5_000 && done > 20_000, "{refused} refused, {done} done");
}

/// Whatever was done to a session, it knows how long its text is: what does not fit
/// any more says by how much.
#[test]
fn a_session_knows_how_long_its_text_is() {
    const PROBE: &str = "probe";
    let wrapper_len = r#"{" di":__}"#.len();
    // Six letters of text for each byte.
    let long = "\u{1}".repeat(1_000);
    let mut probes = 0;
    for seed in 1..=400 {
        let mut random = Random(seed << 32 | 3);
        let serializer = SESSION_JSON_SERIALIZER.with_ensure_ascii(seed % 2 == 0);
        let mut session = Box::new(SecureCookieSession::<6_000>::new());
        session.reset(serializer);
        let mut model = Model::default();
        for _ in 0..30 {
            let _ = operate(&mut session, &mut model, &mut random);
            let text = dump(&session);
            let is_tag = |key: &&str| TAGS.contains(key);
            let wrapped = session.len() == 1 && session.iter().any(|(key, _)| is_tag(&key));
            let has_tag_key = session.iter().any(|(key, _)| is_tag(&key));
            let entries_len =
                text.len() - if session.is_empty() { 1 } else { 0 } - if wrapped { wrapper_len } else { 0 };
            let probe_len = quoted(PROBE).len() + quoted(&long).len() + 2;
            let needed_bytes = entries_len + probe_len + if has_tag_key { wrapper_len } else { 0 };
            let refused = session.insert(PROBE, &long);
            assert_eq!(refused, Err(Error::Capacity { needed_bytes, capacity_bytes: 6_000 }), "{text}");
            probes += 1;
            if random.below(7) == 0 {
                // Opened, it does not know yet.
                common::load(&mut session, text.as_bytes()).unwrap();
                model.entries.sort();
                model.modified = false;
            }
        }
    }
    assert_eq!(probes, 12_000);
}

/// A value is refused only where its text, the wrapper it may come to need, or
/// its bytes with the index would not fit.
#[test]
fn whatever_is_put_in_opens_again_at_the_same_capacity_and_nothing_is_refused_early() {
    let long = "k".repeat(40);
    let mut cases: Vec<(&str, String, usize)> = vec![];
    for key in ["", "a", "\u{e9}", long.as_str()].into_iter().chain(TAGS) {
        for count in [0, 1, 5, 12, 25] {
            // The bytes in the arena: brace, key, marks, colon, value, comma; and the index.
            cases.push((key, "\u{e9}".repeat(count), 1 + key.len() + 4 + 2 * count + 2 + 8));
            cases.push((key, "x".repeat(count), 1 + key.len() + 4 + count + 2 + 8));
        }
    }
    type Fill = fn(&mut Session, &str, &str) -> Result<(), Error>;
    let fills: [Fill; 2] = [
        |session, key, text| session.insert(key, &text),
        |session, key, text| session.replace(&BTreeMap::from([(key, text)])),
    ];
    for ((key, text, arena), fill) in cases.iter().flat_map(|case| fills.map(|fill| (case, fill))) {
        let mut model = Model::default();
        model.set(key, quoted(text));
        let needed = model.dump().len().max(*arena);
        for (capacity, make) in MAKERS.iter().enumerate().skip(1) {
            let mut session = make();
            let filled = fill(&mut session, key, text);
            if capacity < needed {
                let error = Error::Capacity { needed_bytes: needed, capacity_bytes: capacity };
                assert!(filled.is_err_and(Error::is_capacity), "{key:?} {text:?} at {capacity}");
                assert!(session.is_empty() && !session.modified());
                if *arena == needed {
                    assert_eq!(filled, Err(error));
                }
            } else {
                assert_eq!(filled, Ok(()), "{key:?} {text:?} at {capacity}");
                check(&session, &model, capacity);
            }
        }
    }
}

/// Taking out the other key makes a wrapper necessary, which is longer.
#[test]
fn a_session_stays_openable_when_entries_are_taken_out() {
    for (capacity, make) in MAKERS.iter().enumerate() {
        for count in 0..20 {
            let value = "\u{e9}".repeat(count);
            type Fill = fn(&mut Session, &str) -> Result<(), Error>;
            let fill: [Fill; 3] = [
                |session, value| session.insert(" t", value_of(&value)).and_then(|()| session.insert("", &0)),
                |session, value| session.insert("", &0).and_then(|()| session.insert(" t", value_of(&value))),
                |session, value| session.replace(&BTreeMap::from([(" t", value), ("", "")])),
            ];
            for fill in fill {
                let mut session = make();
                if fill(&mut session, &value).is_ok() {
                    session.pop("").unwrap();
                    let mut model = Model { modified: true, ..Model::default() };
                    model.set(" t", quoted(&value));
                    check(&session, &model, capacity);
                }
            }
            let mut session = make();
            let push = |session: &mut Session| {
                session.insert("", &0)?;
                session.push(" t", &value)
            };
            if push(&mut session).is_ok() {
                session.pop("").unwrap();
                let mut model = Model { modified: true, ..Model::default() };
                model.set(" t", format!("[{}]", quoted(&value)));
                check(&session, &model, capacity);
            }
        }
    }
}

/// Text of so many letters.
struct Long(usize);

impl fmt::Display for Long {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PIECE: &str = match str::from_utf8(&[b'x'; 1 << 16]) {
            Ok(piece) => piece,
            Err(_) => "",
        };
        (0..self.0 / PIECE.len()).try_for_each(|_| f.write_str(PIECE))?;
        f.write_str(&PIECE[..self.0 % PIECE.len()])
    }
}

impl Serialize for Long {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where an entry stands is a number of 32 bits, and a scanner takes one of them: what
/// is beyond is no room. On a machine with 16 GiB, in a minute:
/// `cargo test --release --all-features --test session -- --ignored`.
#[test]
#[cfg(target_pointer_width = "64")]
#[ignore = "takes 9 GiB of memory"]
fn beyond_2_gib_there_is_no_room() {
    const ROOM: usize = (1 << 31) - 1;
    /// Room for an entry behind one that is longer than 32 bits can say.
    const LARGE: usize = (1 << 32) + (1 << 16);
    /// All but a value's text: two braces, a key of one letter, quotes, a colon; a record.
    const BESIDE: usize = 8 + 8;

    let run = || {
        let mut session: Box<Session> = Box::new(SecureCookieSession::<LARGE>::new());
        assert_eq!(session.capacity_bytes(), ROOM);
        let too_large = |needed_bytes| Err(Error::Capacity { needed_bytes, capacity_bytes: ROOM });
        assert_eq!(session.insert("a", &Long(1 << 32)), too_large((1 << 32) + BESIDE));
        assert_eq!(session.insert("a", &Long(ROOM)), too_large(ROOM + BESIDE));
        assert_eq!(session.replace(&BTreeMap::from([("a", Long(1 << 32))])), too_large((1 << 32) + BESIDE));
        assert!(session.is_empty() && !session.modified());
        assert_eq!(session.buffer().len(), ROOM);

        // As much as there is room for opens again.
        session.insert("a", &Long(ROOM - BESIDE)).unwrap();
        assert_eq!(session.used_bytes(), ROOM);
        assert!(session.insert("b", &1).is_err_and(Error::is_capacity));
        session.insert("a", &Long(ROOM - BESIDE - 100)).unwrap();
        session.insert("b", &1).unwrap();
        let mut text = VecSink(Vec::with_capacity(ROOM));
        let Ok(()) = session.dump(&mut text);
        common::load(&mut session, &text.0).unwrap();
        assert_eq!(
            session.get("a").and_then(|value| value.as_str()).map(str::len),
            Some(ROOM - BESIDE - 100)
        );
        assert_eq!(session.get_as("b"), Ok(Some(1)));
        assert_eq!(session.len(), 2);

        // What is longer is refused where there is no session, too.
        text.0.resize(ROOM + 1, b' ');
        let refused = SESSION_JSON_SERIALIZER.loads(&mut text.0).map(|_| ());
        assert_eq!(refused, Err(Error::Capacity { needed_bytes: ROOM + 1, capacity_bytes: ROOM }));
    };
    let builder = std::thread::Builder::new().stack_size(3 * LARGE);
    builder.spawn(run).unwrap().join().unwrap();
}

fn value_of<'a>(text: &'a &'a str) -> &'a dyn Encode {
    text
}

#[test]
fn nesting_at_the_limit_opens_again() {
    let nested = |levels: usize| {
        let mut list = Nested(vec![]);
        (1..levels).for_each(|_| list = Nested(vec![std::mem::replace(&mut list, Nested(vec![]))]));
        list
    };
    for key in ["a", " t", " di"] {
        let mut session = SecureCookieSession::<400>::new();
        assert_eq!(session.insert(key, &nested(64)), Err(Error::Depth));
        session.insert(key, &nested(63)).unwrap();
        let again: SecureCookieSession<400> = opened(&dump(&session));
        assert_eq!(dump(&again), dump(&session));
        let replace =
            |levels| SecureCookieSession::<400>::with_contents(&BTreeMap::from([(key, nested(levels))]));
        assert_eq!(dump(&replace(63).unwrap()), dump(&session));
        assert_eq!(replace(64).map(|_| ()), Err(Error::Depth));
        session.insert("b", &nested(63)).unwrap();
        let again: SecureCookieSession<400> = opened(&dump(&session));
        assert_eq!(dump(&again), dump(&session));
    }
    let mut session = SecureCookieSession::<400>::new();
    session.push("list", &nested(62)).unwrap();
    assert_eq!(session.push("list", &nested(63)), Err(Error::Depth));
    let again: SecureCookieSession<400> = opened(&dump(&session));
    assert_eq!(dump(&again), dump(&session));
}

#[test]
fn many_keys_are_found_sorted_and_kept_in_order() {
    let mut random = Random(5);
    let mut order: Vec<String> = (0..300).map(|i| format!("{i:x}")).collect();
    random.shuffle(&mut order);
    let mut session = Box::new(SecureCookieSession::<8_000>::new());
    let mut model = Model::default();
    for (value, key) in order.iter().enumerate() {
        session.insert(key, &value).unwrap();
        model.set(key, value.to_string());
    }
    assert_eq!(keys(&session), order);
    assert_eq!(dump(&session), model.dump());
    // Opened from a text in that order, with some keys twice.
    let entries: Vec<String> = order.iter().chain(&order[..50]).map(|key| format!("\"{key}\":1")).collect();
    let mut again = Box::new(SecureCookieSession::<8_000>::new());
    load(&mut again, &format!("{{{}}}", entries.join(","))).unwrap();
    assert_eq!(keys(&again), order);
    order.iter().for_each(|key| assert_eq!(again.get_as(key), Ok(Some(1))));
}

// ---- Flask's rules

/// The table of what sets `modified`, as Flask 3.1.3 behaves.
#[test]
fn modified_is_set_as_in_flask() {
    type Operation = fn(&mut Session);
    let cases: [(&str, Operation, bool); 24] = [
        ("s[k] = v", |s| s.insert("a", &2).unwrap(), true),
        ("s[k] = the same v", |s| s.insert("a", &1).unwrap(), true),
        ("del s[k]", |s| assert!(s.remove("a").unwrap()), true),
        ("del s[missing]", |s| assert!(!s.remove("x").unwrap()), false),
        ("pop(k)", |s| assert!(s.pop("a").unwrap().is_some()), true),
        ("pop(missing)", |s| assert!(s.pop("x").unwrap().is_none()), false),
        ("popitem()", |s| assert!(s.popitem().unwrap().is_some()), true),
        ("clear()", |s| s.clear().unwrap(), true),
        ("update()", |s| s.update(&[]).unwrap(), true),
        ("update(k=v)", |s| s.update(&[("a", &1)]).unwrap(), true),
        ("setdefault(k)", |s| assert!(s.setdefault("a", &9).unwrap().is_some()), false),
        ("setdefault(missing)", |s| assert!(s.setdefault("x", &9).unwrap().is_some()), true),
        ("permanent = True", |s| s.set_permanent(true).unwrap(), true),
        ("permanent = False", |s| s.set_permanent(false).unwrap(), true),
        ("s.permanent", |s| assert!(!s.permanent()), false),
        ("k in s", |s| assert!(s.contains("a") && !s.contains("x")), false),
        ("s[k]", |s| assert_eq!(s.get_as("a"), Ok(Some(1))), false),
        ("len, iteration", |s| assert_eq!(s.iter().count(), s.len()), false),
        ("s[k2] = s[k]", |s| assert!(s.copy_value("a", "b").unwrap()), true),
        ("s[k] = s[k]", |s| assert!(s.copy_value("a", "a").unwrap()), true),
        ("copy of a missing value", |s| assert!(!s.copy_value("x", "b").unwrap()), false),
        ("flash", |s| s.flash("m", "c").unwrap(), true),
        (
            "get_flashed_messages() without any",
            |s| assert_eq!(s.take_flashed_messages().unwrap().count(), 0),
            false,
        ),
        ("modified = True", |s| s.set_modified(true), true),
    ];
    for (what, operation, modifies) in cases {
        let mut session: SecureCookieSession<256> = opened(r#"{"a":1}"#);
        assert!(!session.modified());
        operation(&mut session);
        assert_eq!(session.modified(), modifies, "{what}");
    }
    // An update that fails has changed nothing, also where something went in before.
    let mut failed: SecureCookieSession<256> = opened(r#"{"a":1}"#);
    let refused = BTreeMap::from([((), 2)]);
    assert_eq!(failed.update(&[("b", &refused), ("a", &2)]), Err(Error::NotSerializable));
    assert!(!failed.modified());
    assert_eq!(failed.update(&[("a", &2), ("b", &refused)]), Err(Error::NotSerializable));
    assert_eq!((dump(&failed).as_str(), failed.modified()), (r#"{"a":1}"#, false));
    let mut empty = SecureCookieSession::<256>::new();
    assert_eq!(empty.popitem().map(|item| item.is_none()), Ok(true));
    assert!(!empty.modified());
    empty.clear().unwrap();
    assert!(empty.modified());
    empty.set_modified(false);
    assert!(!empty.modified() && !empty.is_new());
}

/// A dict with two equal keys is refused only once it is written over the old value.
#[test]
fn what_a_refused_value_takes_with_it_is_a_change() {
    let equal_keys = Contents(vec![("b", 1), ("a", 2), ("b", 3)]);
    let refused = Err(Error::NotSerializable);
    let mut session: SecureCookieSession<256> = opened(r#"{"a":1}"#);
    assert_eq!(session.insert("b", &equal_keys), refused);
    assert_eq!((dump(&session).as_str(), session.modified()), (r#"{"a":1}"#, false));
    assert_eq!(session.insert("a", &equal_keys), refused);
    assert_eq!((dump(&session).as_str(), session.modified()), ("{}", true));

    let mut session: SecureCookieSession<256> = opened(r#"{"a":1}"#);
    assert!(matches!(session.replace(&1), Err(Error::WrongType { .. })));
    assert!(!session.modified());
    assert_eq!(session.replace(&equal_keys), refused);
    assert_eq!((session.is_empty(), session.modified()), (true, true));
}

/// Only a registered tag may be written as one, which is known before the old value goes.
#[test]
fn a_tag_that_is_not_registered_leaves_the_old_value() {
    const TAGS: &[JsonTag] = &[JsonTag::new(" x", |value| matches!(value.kind(), Kind::List(_)))];
    let serializer = SESSION_JSON_SERIALIZER.register(TAGS).unwrap();
    for key in ["", "a", " y", " x__"].into_iter().chain(self::TAGS) {
        let mut session = SecureCookieSession::<256>::new();
        session.reset(serializer);
        session.insert("a", &1).unwrap();
        session.set_modified(false);
        let custom = Custom { key, value: Nested(vec![]) };
        let refused = [
            session.insert("a", &custom),
            session.insert("a", &vec![&custom]),
            session.replace(&BTreeMap::from([("b", &custom)])),
        ];
        assert_eq!(refused, [Err(Error::NotSerializable); 3], "{key:?}");
        assert_eq!((&*dump(&session), session.modified()), (r#"{"a":1}"#, false), "{key:?}");
        session.insert("a", &Custom { key: " x", value: Nested(vec![]) }).unwrap();
        assert_eq!((&*dump(&session), session.modified()), (r#"{"a":{" x":[]}}"#, true));
    }
}

/// Can be counted, and panics when it is to be written.
struct PanicsTheSecondTime(Cell<bool>);

impl Serialize for PanicsTheSecondTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(!self.0.replace(true), "the second time");
        serializer.serialize_u8(1)
    }
}

/// A server goes on after a panic, and saves what a session is left with.
#[test]
fn what_a_panic_takes_with_it_is_a_change() {
    type Operation = fn(&mut Session, &PanicsTheSecondTime);
    let operations: [(&str, Operation, &str); 7] = [
        ("insert over", |session, value| session.insert("a", value).unwrap(), r#"{"l":[1]}"#),
        ("insert anew", |session, value| session.insert("b", value).unwrap(), r#"{"a":1,"l":[1]}"#),
        (
            "setdefault",
            |session, value| assert!(session.setdefault("b", value).is_ok()),
            r#"{"a":1,"l":[1]}"#,
        ),
        (
            "update",
            |session, value| session.update(&[("c", &1), ("a", value)]).unwrap(),
            r#"{"a":1,"l":[1]}"#,
        ),
        ("push", |session, value| session.push("l", value).unwrap(), r#"{"a":1,"l":[1]}"#),
        ("push anew", |session, value| session.push("b", value).unwrap(), r#"{"a":1,"l":[1]}"#),
        ("replace", |session, value| session.replace(&BTreeMap::from([("a", value)])).unwrap(), "{}"),
    ];
    for (name, operation, left) in operations {
        let mut session: SecureCookieSession<256> = opened(r#"{"a":1,"l":[1]}"#);
        let value = PanicsTheSecondTime(Cell::new(false));
        let panicked = catch_unwind(AssertUnwindSafe(|| operation(&mut session, &value)));
        assert!(panicked.is_err(), "{name}");
        assert_eq!(dump(&session), left, "{name}");
        assert_eq!(session.modified(), left != r#"{"a":1,"l":[1]}"#, "{name}");
        // And it can be used as ever.
        session.insert("a", &"\u{e9}").unwrap();
        let again: SecureCookieSession<256> = opened(&dump(&session));
        assert_eq!(dump(&again), dump(&session), "{name}");
    }
}

#[test]
fn a_session_keeps_the_serializer_it_was_made_with() {
    let plain = TaggedJsonSerializer::plain();
    let mut session = SecureCookieSession::<64>::new();
    assert_eq!(format!("{:?}", session.serializer()), format!("{SESSION_JSON_SERIALIZER:?}"));
    session.reset(plain);
    assert_eq!(format!("{:?}", session.serializer()), format!("{plain:?}"));
}

#[test]
fn constructors_do_not_set_modified() {
    assert!(!SecureCookieSession::<64>::new().modified());
    assert!(!SecureCookieSession::<64>::default().modified());
    assert!(!SecureCookieSession::<64>::from(NullSession).modified());
    assert!(!SecureCookieSession::<64>::with_contents(&Contents(vec![("a", 1)])).unwrap().modified());
    assert!(!opened::<64>(r#"{"a":1}"#).modified());
    let mut session = opened::<64>(r#"{"a":1}"#);
    session.insert("a", &2).unwrap();
    session.reset(SESSION_JSON_SERIALIZER);
    assert!(!session.modified() && session.is_empty());
}

#[test]
fn any_true_value_makes_a_session_permanent() {
    for (json, permanent) in [
        ("true", true),
        ("false", false),
        ("null", false),
        ("\"no\"", true),
        ("\"\"", false),
        ("0", false),
        ("-0", false),
        ("0.0", false),
        ("-0.0e5", false),
        ("1e-5", true),
        ("NaN", true),
        ("[]", false),
        ("[0]", true),
        ("{}", false),
        (r#"{" t":[]}"#, false),
        (r#"{" b":""}"#, false),
        (r#"{" b":"AA=="}"#, true),
        (r#"{" m":""}"#, false),
        (r#"{" u":"00000000000000000000000000000000"}"#, true),
    ] {
        let session: SecureCookieSession<128> = opened(&format!(r#"{{"_permanent":{json}}}"#));
        assert_eq!(session.permanent(), permanent, "{json}");
    }
}

#[test]
fn a_null_session_reads_as_empty_and_refuses_every_write() {
    let mut session: SecureCookieSession<128> = NullSession.into();
    let session: &mut Session = &mut session;
    assert!(session.is_null() && session.is_empty() && !session.permanent() && !session.is_new());
    assert_eq!((session.len(), session.iter().count(), session.contains("a")), (0, 0, false));
    assert!(session.get("a").is_none());
    assert_eq!(session.get_as::<u8>("a"), Ok(None));
    assert_eq!(session.read::<BTreeMap<String, u8>>(), Ok(BTreeMap::new()));
    assert_eq!(session.take_flashed_messages().map(Iterator::count), Ok(0));
    assert_eq!(dump(session), "{}");

    let no_key = Error::NoSecretKey;
    assert_eq!(session.insert("a", &1), Err(no_key));
    assert_eq!(session.remove("a"), Err(no_key));
    assert_eq!(session.pop("a").map(|_| ()), Err(no_key));
    assert_eq!(session.popitem().map(|_| ()), Err(no_key));
    assert_eq!(session.clear(), Err(no_key));
    assert_eq!(session.update(&[]), Err(no_key));
    assert_eq!(session.update(&[("a", &1)]), Err(no_key));
    assert_eq!(session.setdefault("a", &1).map(|_| ()), Err(no_key));
    assert_eq!(session.set_permanent(true), Err(no_key));
    assert_eq!(session.push("a", &1), Err(no_key));
    assert_eq!(session.copy_value("a", "b"), Err(no_key));
    assert_eq!(session.replace(&Contents(vec![])), Err(no_key));
    assert_eq!(session.flash("m", "c"), Err(no_key));
    assert!(!session.modified() && session.is_empty());

    let message = no_key.to_string();
    assert!(message.contains("no secret key is set") && message.contains("Keyring"), "{message}");
}

#[test]
fn insertion_order_is_kept_where_a_value_is_replaced() {
    let mut session = SecureCookieSession::<256>::new();
    for (key, value) in [("b", 1), ("a", 2), ("c", 3), ("b", 40_000), ("a", 5)] {
        session.insert(key, &value).unwrap();
    }
    assert_eq!(keys(&session), ["b", "a", "c"]);
    assert_eq!(session.popitem().unwrap().unwrap().0, "c");
    session.remove("b").unwrap();
    session.insert("b", &6).unwrap();
    assert_eq!(keys(&session), ["a", "b"]);
    assert_eq!(dump(&session), r#"{"a":5,"b":6}"#);
}

#[test]
fn of_equal_keys_in_a_payload_the_last_value_stands_at_the_first_position() {
    let session: SecureCookieSession<256> = opened(r#"{"b":1,"a":2,"\u0062":[3],"c":4,"a":{"x":5},"b":6}"#);
    assert_eq!(keys(&session), ["b", "a", "c"]);
    assert_eq!(dump(&session), r#"{"a":{"x":5},"b":6,"c":4}"#);
    // One key may be left, or one that would be a tag if it were alone.
    assert_eq!(dump(&opened::<256>(r#"{"a":1,"a":2}"#)), r#"{"a":2}"#);
    assert_eq!(dump(&opened::<256>(r#"{" t":[1],"a":2,"a":3}"#)), r#"{" t":[1],"a":3}"#);
    assert_eq!(dump(&opened::<256>(r#"{" t":[1],"b":2,"a":3}"#)), r#"{" t":[1],"a":3,"b":2}"#);
    // What Flask would read as a tag is no session.
    let mut session = SecureCookieSession::<256>::new();
    assert!(matches!(load(&mut session, r#"{" t":[1]," t":[2]}"#), Err(Error::BadPayload(_))));
    assert!(matches!(load(&mut session, r#"{" di":1," di":{" t__":5}}"#), Err(Error::BadPayload(_))));
    assert!(session.is_empty());
}

#[test]
fn only_a_dict_or_null_is_a_session() {
    let mut session: SecureCookieSession<64> = opened("null");
    assert!(session.is_empty());
    for json in ["[]", "1", "\"\"", "true", r#"{" t":[]}"#, r#"{" u":"0"}"#, "[[1,2]]", "", "{", "{}x"] {
        load(&mut session, r#"{"a":1}"#).unwrap();
        assert!(matches!(load(&mut session, json), Err(Error::BadPayload(_))), "{json}");
        assert!(session.is_empty() && !session.modified());
    }
    // Nor is there one in more bytes than there are.
    let too_long = Error::Capacity { needed_bytes: 65, capacity_bytes: 64 };
    assert_eq!(session.load(SESSION_JSON_SERIALIZER, 65), Err(too_long));
    assert!(session.is_empty() && !session.modified());
}

#[test]
fn a_payload_without_room_for_its_index_is_too_large() {
    let json = r#"{"a":1,"b":2,"c":3}"#;
    let needed = json.len() + 3 * 8;
    assert_eq!(load(&mut MAKERS[needed](), json), Ok(()));
    let mut small = MAKERS[needed - 1]();
    let error = Error::Capacity { needed_bytes: needed, capacity_bytes: needed - 1 };
    assert_eq!(load(&mut small, json), Err(error));
    assert!(small.is_empty());
    assert_eq!(small.insert("a", &1), Ok(()));
}

#[test]
fn what_was_popped_stays_readable() {
    let mut session: SecureCookieSession<256> = opened(r#"{"a":["\u00e9",{"x":1}],"b":2,"c":3}"#);
    let popped = session.pop("a").unwrap().unwrap();
    assert_eq!(json_of(popped), r#"["\u00e9",{"x":1}]"#);
    assert_eq!(popped.to::<(&str, BTreeMap<&str, u8>)>().unwrap().0, "\u{e9}");
    let (key, value) = session.popitem().unwrap().unwrap();
    assert_eq!((key, value.as_i64()), ("c", Some(3)));
}

#[test]
fn capacity_errors_say_what_is_needed_and_what_there_is() {
    let mut session = SecureCookieSession::<40>::new();
    session.insert("a", &1).unwrap();
    assert_eq!((session.used_bytes(), session.capacity_bytes()), (1 + 6 + 8, 40));
    let error = session.insert("key", &"twelve bytes").unwrap_err();
    assert_eq!(error, Error::Capacity { needed_bytes: 7 + 3 + 14 + 4 + 2 * 8, capacity_bytes: 40 });
    assert_eq!(error.to_string(), "not enough room: at least 44 bytes are needed, there are 40");
    // An entry that is replaced makes room.
    session.insert("a", &"a text of 19 bytes.").unwrap();
    assert_eq!(session.insert("b", &()).map_err(Error::is_capacity), Err(true));
}

// ---- flashing

#[test]
fn flashed_messages_are_flask_s() {
    let mut session = SecureCookieSession::<512>::new();
    session.flash("Saved.", "info").unwrap();
    session.flash(&Markup("<b>"), "error").unwrap();
    session.flash(&String::from("\u{e9}"), "info").unwrap();
    let json =
        r#"{"_flashes":[{" t":["info","Saved."]},{" t":["error",{" m":"<b>"}]},{" t":["info","\u00e9"]}]}"#;
    assert_eq!(dump(&session), json);
    let mut again: SecureCookieSession<512> = opened(json);
    let all = again.take_flashed_messages().unwrap();
    let all: Vec<_> = all.map(|flashed| (flashed.category, flashed.message, flashed.is_markup)).collect();
    assert_eq!(all, [("info", "Saved.", false), ("error", "<b>", true), ("info", "\u{e9}", false)]);
    assert!(again.modified() && again.is_empty());
    // Those of other categories are gone too.
    let infos = session.take_flashed_messages().unwrap().of(&["info"]);
    assert_eq!(infos.map(|flashed| flashed.message).collect::<Vec<_>>(), ["Saved.", "\u{e9}"]);
    assert!(session.is_empty());
    // A category is text, even where it is markup.
    let json = r#"{"_flashes":[[{" m":"a"},{" m":"b"}]]}"#;
    let mut session: SecureCookieSession<512> = opened(json);
    let all = session.take_flashed_messages().unwrap();
    let all: Vec<_> = all.map(|flashed| (flashed.category, flashed.message, flashed.is_markup)).collect();
    assert_eq!(all, [("a", "b", true)]);
    // No category is every category.
    session.flash("Saved.", "info").unwrap();
    assert_eq!(session.take_flashed_messages().unwrap().of(&[]).count(), 1);
    for json in ["1", "{}", "[1]", "[[]]", r#"[["a"]]"#, r#"[["a","b","c"]]"#, r#"[["a",1]]"#, r#"[[1,"a"]]"#]
    {
        let json = format!(r#"{{"_flashes":{json}}}"#);
        let mut session: SecureCookieSession<128> = opened(&json);
        assert!(session.take_flashed_messages().is_err_and(Error::is_wrong_type));
        assert_eq!((dump(&session), session.modified()), (json, false));
    }
}

// ---- the traits, for another kind of session

type Text = heapless::String<16>;

/// A session of short texts in RAM.
#[derive(Default)]
struct RamSession {
    entries: heapless::LinearMap<Text, Text, 4>,
    /// The key that was taken out last.
    popped: Text,
}

impl SessionMixin for RamSession {
    fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
    fn is_set(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| !value.is_empty())
    }
    fn set_flag(&mut self, key: &str, value: bool) -> Result<(), Error> {
        self.insert(key, if value { "1" } else { "" })
    }
    fn clear(&mut self) -> Result<(), Error> {
        self.entries.clear();
        Ok(())
    }
}

impl SessionMap for RamSession {
    type Value<'a> = Text;
    type New<'a> = str;
    fn get(&self, key: &str) -> Option<Text> {
        self.entries.iter().find(|(name, _)| **name == key).map(|(_, value)| value.clone())
    }
    fn insert(&mut self, key: &str, value: &str) -> Result<(), Error> {
        let full = Error::Capacity { needed_bytes: 17, capacity_bytes: 16 };
        let (key, value) = (Text::try_from(key).map_err(|_| full)?, Text::try_from(value).map_err(|_| full)?);
        self.entries.insert(key, value).map(|_| ()).map_err(|_| full)
    }
    fn pop(&mut self, key: &str) -> Result<Option<Text>, Error> {
        Ok(Text::try_from(key).ok().and_then(|key| self.entries.remove(&key)))
    }
    fn popitem(&mut self) -> Result<Option<(&str, Text)>, Error> {
        let Some((key, _)) = self.entries.iter().last() else { return Ok(None) };
        self.popped = key.clone();
        Ok(self.entries.remove(&self.popped).map(|value| (self.popped.as_str(), value)))
    }
    fn iter(&self) -> impl Iterator<Item = (&str, Text)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value.clone()))
    }
}

#[test]
fn another_kind_of_session_has_the_defaults() {
    fn log_in<S: SessionMap<New<'static> = str>>(session: &mut S) -> Result<(), Error> {
        session.update(&[("user", "ada"), ("theme", "dark")])?;
        session.setdefault("user", "bob")?;
        session.set_permanent(true)
    }
    let mut session = RamSession::default();
    log_in(&mut session).unwrap();
    assert!(session.permanent() && session.modified() && !session.is_new() && session.contains("user"));
    assert_eq!(session.get("user").as_deref(), Some("ada"));
    assert_eq!(session.setdefault("user", "bob").unwrap().as_deref(), Some("ada"));
    assert_eq!((session.remove("theme"), session.remove("theme")), (Ok(true), Ok(false)));
    assert_eq!(session.iter().count(), session.len());
    assert_eq!(
        session.insert("a key that is too long", ""),
        Err(Error::Capacity { needed_bytes: 17, capacity_bytes: 16 })
    );
    let (key, value) = session.popitem().unwrap().unwrap();
    assert_eq!((key, value.as_str()), ("_permanent", "1"));
    session.clear().unwrap();
    assert!(session.is_empty() && !session.permanent());
}

/// Keeps one session for everybody, which is enough to see it come back.
#[derive(Default)]
struct RamInterface(std::cell::RefCell<Vec<(Text, Text)>>);

impl SessionInterface for RamInterface {
    type Session = RamSession;
    type Scratch = NoCompression;
    type CookieValue<'a> = &'a str;

    fn open_session<R: Request + ?Sized>(
        &self,
        _: &Config<'_>,
        _: &R,
        session: &mut RamSession,
    ) -> Result<Opened, Error> {
        self.0.borrow().iter().try_for_each(|(key, value)| session.insert(key, value))?;
        Ok(Opened::LOADED)
    }

    fn save_session<'a>(
        &'a self,
        config: &'a Config<'a>,
        session: &'a RamSession,
        accessed: bool,
        _: &'a mut NoCompression,
    ) -> Result<Saved<'a, &'a str>, Error> {
        assert!(accessed);
        *self.0.borrow_mut() =
            session.iter().map(|(key, value)| (Text::try_from(key).unwrap(), value)).collect();
        Saved::cookie(config, self.make_cookie(config, "one"), 3)
    }
}

#[test]
fn another_kind_of_session_goes_through_an_interface() {
    let (interface, config) = (RamInterface::default(), Config::new());
    for visits in ["1", "2", "3"] {
        let mut context = RequestContext::new(RamSession::default());
        context.open(&interface, &config, "");
        assert_eq!(context.opened(), Ok(Opened::LOADED));
        let session = context.session().unwrap();
        let before: u8 = session.get("visits").map_or(0, |visits| visits.parse().unwrap());
        session.insert("visits", &(before + 1).to_string()).unwrap();
        assert_eq!(session.get("visits").as_deref(), Some(visits));
        let mut scratch = NoCompression;
        let saved = context.save(&interface, &config, &mut scratch).unwrap();
        assert_eq!(saved.set_cookie.unwrap().to_string(), "session=one; HttpOnly; Path=/");
    }
}
