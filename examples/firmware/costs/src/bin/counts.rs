//! Instructions for opening and saving five sessions, from a tiny one to 3.9
//! KB of tokens, and for signatures that are wrong in each place.

#![no_std]
#![no_main]

use core::{ffi::CStr, fmt::Write as _, hint::black_box};

use firmware_costs::{exit, instructions, keys, now, report};
use hipflask::{
    App, Config, Error, SecureCookieSession, SecureCookieSessionInterface, Session, SessionInterface,
    SessionMixin as _,
    json::SESSION_JSON_SERIALIZER,
    signing::{KeyDerivation, Keyring, Sha1, Signer},
    zlib::{DeflateScratch, Scratch},
};
use static_cell::ConstStaticCell;

const PAYLOADS: [(&CStr, &CStr, &[u8]); 5] = [
    (c"open S1 tiny", c"save S1 tiny", include_bytes!("../../../../../tests/data/zlib/payload-s1.json")),
    (c"open S2 login", c"save S2 login", include_bytes!("../../../../../tests/data/zlib/payload-s2.json")),
    (c"open S3 tagged", c"save S3 tagged", include_bytes!("../../../../../tests/data/zlib/payload-s3.json")),
    (c"open S4 cart", c"save S4 cart", include_bytes!("../../../../../tests/data/zlib/payload-s4.json")),
    (c"open S5 tokens", c"save S5 tokens", include_bytes!("../../../../../tests/data/zlib/payload-s5.json")),
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

fn sessions() -> Result<(), Error> {
    static SESSION: ConstStaticCell<SecureCookieSession<4608>> =
        ConstStaticCell::new(SecureCookieSession::new());
    static SCRATCH: ConstStaticCell<DeflateScratch<4096>> = ConstStaticCell::new(DeflateScratch::new());
    static HEADER: ConstStaticCell<Header> = ConstStaticCell::new(Header { bytes: [0; 6144], len: 0 });
    let (session, scratch, header): (&mut Session, &mut Scratch, _) =
        (SESSION.take(), SCRATCH.take(), HEADER.take());
    let interface = SecureCookieSessionInterface::new(keys(), now).with_compression::<Scratch>();
    let config = Config { max_cookie_size: 0, ..Config::new() };
    for (open, save, json) in PAYLOADS {
        session.load(SESSION_JSON_SERIALIZER, |room| {
            room.iter_mut().zip(json).for_each(|(to, from)| *to = *from);
            Ok(json.len())
        })?;
        session.set_modified(true);
        header.len = 0;
        let request: &[u8] = &[];
        let (saved, count) = instructions(|| {
            let saved = interface.save_session(App { config: &config, request }, session, true, scratch)?;
            if let Some(cookie) = &saved.set_cookie {
                write!(header, "{cookie}").map_err(|_| Error::Depth)?;
            }
            Ok::<_, Error>(())
        });
        saved?;
        report(save, count);
        let request = black_box(header.bytes.get(..header.len).unwrap_or_default());
        let (opened, count) =
            instructions(|| interface.open_session(App { config: &config, request }, session));
        report(open, count);
        if !matches!(opened?, hipflask::Opened::Loaded) {
            return Err(Error::BadSignature);
        }
    }
    Ok(())
}

fn signatures() {
    let keys = Keyring::<Sha1, 0>::new(black_box(b"dev"), b"s", KeyDerivation::Hmac);
    let signer = Signer::new(&keys);
    let mut token = [0; 64];
    let mut sink = hipflask::sink::SliceSink::new(&mut token);
    if signer.sign(b"value", &mut sink).is_err() {
        return;
    }
    let signed = sink.into_written();
    let (right, count) = instructions(|| signer.validate(black_box(signed)));
    report(if right { c"right signature" } else { c"panic" }, count);
    // Each character but the last stands for 6 bits of the 20 bytes: this
    // changes each byte in turn.
    for byte in 0..20 {
        let place = 6 + byte * 8 / 6;
        let Some(character) = signed.get_mut(place) else { return };
        let kept = core::mem::replace(character, if *character == b'A' { b'B' } else { b'A' });
        let (right, count) = instructions(|| signer.validate(black_box(signed)));
        report(if right { c"panic" } else { c"wrong signature" }, count);
        if let Some(character) = signed.get_mut(place) {
            *character = kept;
        }
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    if sessions().is_err() {
        report(c"panic", 2);
    }
    signatures();
    exit()
}
