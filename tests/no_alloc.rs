//! Nothing allocates: every session of Flask's that opens is read, changed and
//! saved again, and an allocator that counts has nothing to count.
#![cfg(feature = "std")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    fmt::Write as _,
};

use hipflask::{
    Config, OversizeCookie, RequestContext, SecureCookieSession, SecureCookieSessionInterface, UnixTime,
    clock_fn,
    interface::server_side::{Codec, RamStore, ServerSideContext, ServerSideSessionInterface, Step},
    json::{Kind, Value},
    signing::Keyring,
    zlib::DeflateScratch,
};
use serde::{Deserialize as _, de::IgnoredAny};
use serde_json::Value as Json;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations(run: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.with(Cell::get);
    run();
    ALLOCATIONS.with(Cell::get) - before
}

/// A login of a server-side session, step by step, over a store in RAM.
#[test]
fn sessions_in_a_store_never_allocate() {
    type Ram<C> = RamStore<4, 512, C>;
    for codec in [Codec::MsgPack, Codec::Json, Codec::TaggedJson] {
        let counted = allocations(|| {
            let clock = clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)));
            let interface = ServerSideSessionInterface::new(clock)
                .with_codec(codec)
                .with_signer(Keyring::for_session_ids(b"dev"));
            let mut store = Ram::new(clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000))), codec, "user");
            let config = Config::new();
            let mut header = heapless::String::<128>::new();
            for round in 0..3_u8 {
                let (mut buffer, mut context) =
                    ([0; 512], ServerSideContext::new(SecureCookieSession::<512>::new()));
                if let Some(id) = interface.begin(&config, header.as_str(), &mut context) {
                    let found = store.load(&id, &mut buffer).unwrap();
                    interface.opened(&config, &id, found, &buffer, &mut context);
                    assert!(context.opened().unwrap().is_loaded());
                }
                context.regenerate().unwrap();
                context
                    .session()
                    .unwrap()
                    .insert("user", &(f64::from(round), "é", [1_u8, 2].as_slice()))
                    .unwrap();
                let random = |bytes: &mut [u8; 32]| {
                    *bytes = [round; 32];
                    Ok(())
                };
                let mut finish = interface.finish(&config, &context, random, b"", &mut buffer).unwrap();
                while let Some(step) = finish.step() {
                    let done = match step {
                        Step::Put { id, value, ttl, condition } => store.put(&id, value, ttl, condition),
                        Step::Delete { id } => store.delete(&id),
                        _ => panic!("nobody only visits"),
                    };
                    finish.answered(done.unwrap()).unwrap();
                }
                let cookie = finish.saved().set_cookie.unwrap();
                header.clear();
                write!(header, "session={}", cookie.value).unwrap();
            }
            assert_eq!(store.len(), 1);
        });
        assert_eq!(counted, 0, "{codec:?}");
    }
}

/// Looks at every part of a value, as every type that it may be.
fn read(value: Value<'_>) -> usize {
    let _ = (value.to::<i64>(), value.to::<f64>(), value.to::<&str>(), value.to::<IgnoredAny>());
    1 + match value.kind() {
        Kind::List(list) | Kind::Tuple(list) => list.iter().map(read).sum(),
        Kind::Dict(dict) => dict.iter().map(|(_, value)| read(value)).sum(),
        Kind::Bytes(bytes) => bytes.iter().count(),
        _ => 0,
    }
}

#[test]
fn opening_reading_changing_and_saving_never_allocate() {
    let mut context = Box::new(RequestContext::new(SecureCookieSession::<{ 64 * 1024 }>::new()));
    let mut scratch = Box::new(DeflateScratch::<{ 32 * 1024 }>::new());
    let mut out = heapless::String::<{ 64 * 1024 }>::new();
    let config = Config::new().oversize_cookie(OversizeCookie::Warn);
    let (mut opened, mut compressed) = (0, 0);
    for line in include_str!("data/vectors.jsonl").lines() {
        let mut deserializer = serde_json::Deserializer::from_str(line);
        deserializer.disable_recursion_limit();
        let case = Json::deserialize(&mut deserializer).unwrap();
        let (request, expected) = (&case["req"], &case["exp"]);
        let secret = request["config"]["SECRET_KEY"].as_str().or(request["keys"][0].as_str());
        let cookie = match request["op"].as_str() {
            Some("open") => request["cookie"].as_str().map(|cookie| format!("session={cookie}")),
            Some("open_session" | "save") => request["cookie_header"].as_str().map(str::to_owned),
            _ => None,
        };
        let (Some(secret), Some(cookie), "core") = (secret, cookie, case["tier"].as_str().unwrap()) else {
            continue;
        };
        if expected["ok"] != true || request["keys"].as_array().is_some_and(|keys| keys.len() != 1) {
            continue;
        }
        let now = UnixTime::from_secs(request["time"].as_f64().unwrap() as u64);
        let counted = allocations(|| {
            let keys = Keyring::for_sessions(secret.as_bytes());
            let interface = SecureCookieSessionInterface::new(keys, clock_fn(|| Ok(now))).with_compression();
            context.open(&interface, &config, cookie.as_bytes());
            let Ok(session) = context.session() else { return };
            if session.is_empty() {
                return;
            }
            opened += 1;
            assert!(session.iter().map(|(_, value)| read(value)).sum::<usize>() > 0);
            session.update(&[("inserted", &[1, 2].as_slice())]).unwrap();
            session.insert_at("/inserted/-", "placed").unwrap();
            session.remove_at("/inserted/0").unwrap();
            session.insert("inserted", &(1, "é", [1.5, f64::MAX])).unwrap();
            session.copy_value("inserted", "copied").unwrap();
            session.pop("inserted").unwrap();
            if session.take_flashed_messages().is_ok_and(|flashed| flashed.count() == 0) {
                session.flash("Saved.", "info").unwrap();
            }
            let saved = context.save(&interface, &config, &mut *scratch).unwrap();
            let cookie = saved.set_cookie.unwrap();
            compressed += usize::from(cookie.value.is_compressed());
            out.clear();
            write!(out, "{cookie}").unwrap();
        });
        assert_eq!(counted, 0, "{}", case["id"]);
    }
    println!("{opened} sessions opened, {compressed} saved compressed, no allocation");
    assert!(opened >= 39 && compressed >= 39, "{opened} {compressed}");
}
