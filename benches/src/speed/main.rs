//! Times opening and saving sessions against other crates and against a floor.
//!
//! `cargo run --release --bin speed` in this package. Everybody does the same job:
//! from the `Cookie` header to a session in which a key has been looked up, and from a
//! session to the value of its cookie in a buffer that is kept. `Set-Cookie`'s
//! attributes are not written; hipflask does settle them, which the others
//! leave out. A request is both, with an entry that is looked up and one that is put in
//! between, and with the whole of `Set-Cookie`. All candidates of a line run in turn, many rounds over; the fastest
//! round of each counts. It exits with 1 if a reach is missed.
//!
//! | | |
//! |---|---|
//! | crates | hmac and sha1 with a kept key, base64, flate2 on zlib-rs, serde_json, Flask's tags |
//! | itsdangerous | the crate of that name for signing, the rest as above |
//! | floor | the fastest parts there are, and nothing between them: see `floor.rs` |
//!
//! hipflask has hmac and sha1 wipe their states. Features are shared within a
//! build, so here they do so for everybody.
//!
//! `-- serve` answers `tools/speed.py`, which compares with Flask itself.

#[path = "../timing.rs"]
mod timing;

mod crates;
mod floor;
mod itsdangerous;
mod ours;
mod payload;
mod peer;
mod reach;
mod serve;
mod sessions;
mod tagged;

use std::process::ExitCode;

use crates::Crates;
use floor::{Floor, Inflate};
use itsdangerous::itsdangerous;
use ours::Ours;
use peer::{Form, Peer, VISITS};
use reach::Reaches;
use sessions::Session;
use timing::interleaved;

fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|arg| arg == "serve") {
        serve::serve();
        return ExitCode::SUCCESS;
    }
    let mut reaches = Reaches::default();
    let sessions = sessions::of_flask();
    open(&sessions, &mut reaches);
    save(&sessions, Form::Plain, &mut reaches);
    save(&sessions, Form::Compressed, &mut reaches);
    grow(&mut reaches);
    request(&sessions, &mut reaches);
    reaches.report()
}

fn heading(what: &str) {
    println!("{what:<26} {:>9} {:>9} {:>12} {:>9}", "hipflask", "crates", "itsdangerous", "floor");
}

/// One line: the time of ours, and how it stands to each of the others.
fn line(session: &Session, ours: f64, crates: f64, itsdangerous: f64, floor: Option<f64>) {
    let floor = floor.map_or(String::new(), |floor| format!("{:.2}", ours / floor));
    println!(
        "{:<16} {:>7} B {ours:>6.0} ns {:>8.2}x {:>11.2}x {floor:>9}",
        session.name,
        session.text.len(),
        crates / ours,
        itsdangerous / ours,
    );
}

fn open(sessions: &[Session], reaches: &mut Reaches) {
    heading("open");
    for session in sessions {
        let Session { name, header, key, .. } = session;
        let (mut ours, mut crates, mut itsdangerous) = (Ours::new(), Crates::new(), itsdangerous());
        let mut zlib_rs = Floor::new(Inflate::zlib_rs());
        let mut libdeflate = Floor::new(Inflate::libdeflate());
        let [ours, crates, itsdangerous, zlib_rs, libdeflate] = interleaved([
            &mut || ours.open(header, key),
            &mut || crates.open(header, key),
            &mut || itsdangerous.open(header, key),
            &mut || zlib_rs.open(header, key),
            &mut || libdeflate.open(header, key),
        ]);
        let floor = zlib_rs.min(libdeflate);
        line(session, ours, crates, itsdangerous, Some(floor));
        let twice = matches!(name.as_str(), "S3" | "S4");
        reaches.at_least(
            format!("open {name}: times as fast as the crates"),
            crates / ours,
            if twice { 2.0 } else { 1.0 },
        );
        reaches.at_most(format!("open {name}: times its floor"), ours / floor, floors(name));
    }
}

fn save(sessions: &[Session], form: Form, reaches: &mut Reaches) {
    heading(if form == Form::Plain { "save" } else { "save, compressing" });
    for session in sessions {
        let Session { name, header, key, text } = session;
        let (mut ours, mut crates, mut itsdangerous) = (Ours::new(), Crates::new(), itsdangerous());
        let mut floor = Floor::new(Inflate::libdeflate());
        floor.set_tree(text);
        for peer in [&mut ours as &mut dyn Peer, &mut crates, &mut itsdangerous] {
            peer.open(header, key);
            check(peer, form, session);
        }
        if form == Form::Plain {
            check(&mut floor, form, session);
        }
        let [ours, crates, itsdangerous, floor] = interleaved([
            &mut || {
                ours.save(form);
            },
            &mut || {
                crates.save(form);
            },
            &mut || {
                itsdangerous.save(form);
            },
            &mut || {
                floor.save(form);
            },
        ]);
        let floor = (form == Form::Plain).then_some(floor);
        line(session, ours, crates, itsdangerous, floor);
        let least = if form == Form::Plain { 1.0 } else { 1.1 };
        reaches.at_least(format!("save {name}, {form:?}: times as fast as the crates"), crates / ours, least);
        if let Some(floor) = floor {
            reaches.at_most(format!("save {name}: times its floor"), ours / floor, floors(name));
        }
    }
}

/// How many times its floor a session may take: what is the same for all weighs on the
/// smallest.
fn floors(name: &str) -> f64 {
    if name == "S1" { 2.0 } else { 1.5 }
}

/// Sees that what a peer saves opens again.
fn check(peer: &mut dyn Peer, form: Form, session: &Session) {
    let header = format!("session={}", peer.save(form));
    Ours::new().open(header.as_bytes(), session.key);
}

/// Whole requests: what users feel.
fn request(sessions: &[Session], reaches: &mut Reaches) {
    println!("{:<26} {:>9} {:>9} {:>12}", "request", "hipflask", "crates", "itsdangerous");
    for session in sessions {
        let Session { name, header, key, .. } = session;
        let (mut ours, mut crates, mut itsdangerous) = (Ours::new(), Crates::new(), itsdangerous());
        let expected = ours.request(header, key).split_once(';').map(|(_, attributes)| attributes.to_owned());
        for peer in [&mut crates as &mut dyn Peer, &mut itsdangerous] {
            let (cookie, attributes) = peer.request(header, key).split_once(';').expect("attributes");
            assert_eq!(Some(attributes), expected.as_deref(), "{name}");
            Ours::new().open(cookie.as_bytes(), VISITS.0);
        }
        let [ours, crates, itsdangerous] = interleaved([
            &mut || {
                ours.request(header, key);
            },
            &mut || {
                crates.request(header, key);
            },
            &mut || {
                itsdangerous.request(header, key);
            },
        ]);
        line(session, ours, crates, itsdangerous, None);
        reaches.at_least(format!("request {name}: times as fast as the crates"), crates / ours, 1.0);
    }
}

/// The time for each byte of JSON, at 4 KB and at 64 KB.
fn grow(reaches: &mut Reaches) {
    println!("{:<26} {:>9} {:>9}", "for each byte", "at 4 KB", "at 64 KB");
    for (name, make) in [("cart", sessions::cart as fn(usize) -> String), ("token", sessions::token)] {
        let texts = [make(4_000), make(64_000)];
        let forms =
            [("plain", sessions::plain as fn(&str, &str) -> Session), ("compressed", sessions::compressed)];
        for (form, session) in forms {
            let label = format!("open {name}, {form}");
            let [small, large] = texts.each_ref().map(|text| session(name, text));
            let (mut of_small, mut of_large) = (Ours::new(), Ours::new());
            let times = interleaved([&mut || of_small.open(&small.header, small.key), &mut || {
                of_large.open(&large.header, large.key)
            }]);
            growth(label, &texts, times, reaches);
        }
        let [small, large] = texts.each_ref().map(|text| sessions::plain(name, text));
        let (mut of_small, mut of_large) = (Ours::new(), Ours::new());
        of_small.open(&small.header, small.key);
        of_large.open(&large.header, large.key);
        let times = interleaved([
            &mut || {
                of_small.save(Form::Plain);
            },
            &mut || {
                of_large.save(Form::Plain);
            },
        ]);
        growth(format!("save {name}"), &texts, times, reaches);
    }
}

fn growth(label: String, texts: &[String; 2], times: [f64; 2], reaches: &mut Reaches) {
    let [small, large] = [times[0] / texts[0].len() as f64, times[1] / texts[1].len() as f64];
    println!("{label:<26} {small:>6.2} ns {large:>6.2} ns");
    reaches.at_most(format!("{label}: a byte at 64 KB, times one at 4 KB"), large / small, 1.3);
}
