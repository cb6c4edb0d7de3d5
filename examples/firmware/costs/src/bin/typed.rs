//! As `open_save`, with the session as a struct.

#![no_std]
#![no_main]

use core::hint::black_box;

use firmware_costs::{
    measure,
    requests::{COOKIES, answer, keys, now},
};
use hipflask::{Error, SecureCookieSessionInterface, Session, clock_fn, signing::NoCompression};

/// The whole session.
#[derive(serde::Deserialize, serde::Serialize)]
struct Contents<'a> {
    a: u32,
    text: Option<&'a str>,
    #[serde(default)]
    at: [i16; 2],
}

fn visit(session: &mut Session) -> Result<(), Error> {
    let contents: Contents<'_> = session.read()?;
    let a = contents.a.wrapping_add(1);
    session.replace(&Contents { a, text: black_box(Some("aaaaaaaaaaaaaaaa")), at: [3, 4] })
}

fn run() -> Result<usize, Error> {
    let interface = SecureCookieSessionInterface::new(keys()?, clock_fn(now));
    answer(&interface, &COOKIES, &mut NoCompression, visit)
}

#[firmware_costs::entry]
fn main() -> ! {
    measure(run)
}
