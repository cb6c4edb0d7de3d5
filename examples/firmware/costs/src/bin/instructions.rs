//! Instructions for opening and saving five sessions, from a tiny one to 3.9
//! KB of tokens.

#![no_std]
#![no_main]

use core::{ffi::CStr, fmt::Write as _, hint::black_box};

use firmware_costs::{
    exit, instructions, report,
    requests::{keys, now},
};
use hipflask::{
    Config, Error, Opened, SecureCookieSession, SecureCookieSessionInterface, Session, SessionInterface,
    clock_fn,
    json::SESSION_JSON_SERIALIZER,
    signing::NoCompression,
    zlib::{DeflateScratch, Scratch},
};
use static_cell::ConstStaticCell;

const PAYLOADS: [(&CStr, &[u8]); 5] = [
    (c"S1, tiny", include_bytes!("../../../../../tests/data/zlib/payload-s1.json")),
    (c"S2, a login", include_bytes!("../../../../../tests/data/zlib/payload-s2.json")),
    (c"S3, every tag", include_bytes!("../../../../../tests/data/zlib/payload-s3.json")),
    (c"S4, a cart", include_bytes!("../../../../../tests/data/zlib/payload-s4.json")),
    (c"S5, tokens", include_bytes!("../../../../../tests/data/zlib/payload-s5.json")),
];

/// A request's cookie header.
struct Header {
    bytes: [u8; 6144],
    len: usize,
}

impl core::fmt::Write for Header {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let room = self.bytes.get_mut(self.len..).unwrap_or_default();
        if room.len() < text.len() {
            return Err(core::fmt::Error);
        }
        room.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        self.len += text.len();
        Ok(())
    }
}

/// Saves `session` to `header`; the instructions that took.
fn save<I: SessionInterface<Session = Session>>(
    interface: &I,
    config: &Config<'_>,
    session: &Session,
    scratch: &mut I::Scratch,
    header: &mut Header,
) -> Result<u32, Error> {
    header.len = 0;
    let (saved, count) = instructions(|| {
        let saved = interface.save_session(config, session, true, scratch)?;
        if let Some(cookie) = &saved.set_cookie {
            write!(header, "{cookie}").map_err(|_| Error::Depth)?;
        }
        Ok(())
    });
    saved.map(|()| count)
}

fn run() -> Result<(), Error> {
    static SESSION: ConstStaticCell<SecureCookieSession<4608>> =
        ConstStaticCell::new(SecureCookieSession::new());
    static SCRATCH: ConstStaticCell<DeflateScratch<4096>> = ConstStaticCell::new(DeflateScratch::new());
    static HEADER: ConstStaticCell<Header> = ConstStaticCell::new(Header { bytes: [0; 6144], len: 0 });
    let (session, scratch, header): (&mut Session, &mut Scratch, _) =
        (SESSION.take(), SCRATCH.take(), HEADER.take());
    let keys = keys()?;
    let plain = SecureCookieSessionInterface::new(keys, clock_fn(now));
    let compressing = SecureCookieSessionInterface::new(keys, clock_fn(now)).with_compression();
    let config = Config::new().max_cookie_size(0);
    for (name, json) in PAYLOADS {
        session.buffer().iter_mut().zip(json).for_each(|(to, from)| *to = *from);
        session.load(SESSION_JSON_SERIALIZER, json.len())?;
        session.set_modified(true);
        let save_plain = save(&plain, &config, session, &mut NoCompression, header)?;
        let save_compressed = save(&compressing, &config, session, scratch, header)?;
        let request = black_box(header.bytes.get(..header.len).unwrap_or_default());
        let (opened, open) = instructions(|| compressing.open_session(&config, request, session));
        if opened? != Opened::LOADED {
            return Err(Error::BadSignature);
        }
        for count in [open, save_plain, save_compressed] {
            report(name, count);
        }
    }
    Ok(())
}

#[firmware_costs::entry]
fn main() -> ! {
    if run().is_err() {
        report(c"failed", 0);
    }
    exit()
}
