//! hipflask, as a server calls it: `open_session` and `save_session`.

use std::{fmt::Write, hint::black_box};

use hipflask::{
    ClockFn, Config, Error, Opened, RequestContext, SecureCookieSession, SecureCookieSessionInterface,
    SessionInterface, UnixTime, clock_fn,
    signing::{Compression, KeyDerivation, Keyring},
    zlib::{DeflateScratch, Scratch},
};

use crate::peer::{Form, KEY, NOW, Peer, SALT, VISITS};

type Clock = ClockFn<fn() -> Result<UnixTime, Error>>;
type Interface<Z> = SecureCookieSessionInterface<Keyring, Clock, Z>;
/// Holds the largest session here, with its index.
type Store = SecureCookieSession<{ 100 * 1024 }>;

pub struct Ours {
    plain: Interface<Vec<u8>>,
    compressing: Interface<Scratch>,
    config: Config<'static>,
    session: Box<Store>,
    context: Box<RequestContext<Store>>,
    scratch: Box<DeflateScratch<32_768>>,
    /// Where a cookie is written that is not compressed.
    buffer: Vec<u8>,
    value: String,
}

impl Ours {
    pub fn new() -> Self {
        Self {
            plain: interface(),
            compressing: interface(),
            config: Config::new().max_cookie_size(0),
            session: Box::default(),
            context: Box::new(RequestContext::new(Store::new())),
            scratch: Box::default(),
            buffer: Vec::new(),
            value: String::new(),
        }
    }
}

fn interface<Z: Compression + ?Sized>() -> Interface<Z> {
    let clock: Clock = clock_fn(|| Ok(UnixTime::from_secs(NOW)));
    SecureCookieSessionInterface::new(
        Keyring::new(KEY.as_bytes(), SALT.as_bytes(), KeyDerivation::Hmac),
        clock,
    )
    .with_scratch()
}

impl Peer for Ours {
    fn open(&mut self, header: &[u8], key: &str) {
        let opened = self.plain.open_session(&self.config, header, &mut self.session);
        assert_eq!(opened, Ok(Opened::LOADED));
        black_box(self.session.get(key).expect("an entry"));
    }

    fn save(&mut self, form: Form) -> &str {
        self.session.set_modified(true);
        self.value.clear();
        match form {
            Form::Plain => {
                save(&self.plain, &self.config, &self.session, &mut self.buffer, &mut self.value);
            }
            Form::Compressed => {
                let scratch: &mut Scratch = &mut self.scratch;
                save(&self.compressing, &self.config, &self.session, scratch, &mut self.value);
            }
        }
        &self.value
    }

    fn request(&mut self, header: &[u8], key: &str) -> &str {
        let context: &mut RequestContext = &mut self.context;
        context.open(&self.plain, &self.config, header);
        let session = context.session().expect("a session");
        black_box(session.get(key).expect("an entry"));
        let (key, number) = VISITS;
        session.insert(key, &number).expect("room");
        let saved = context.save(&self.plain, &self.config, &mut self.buffer).expect("a session to save");
        self.value.clear();
        write!(self.value, "{}", saved.set_cookie.expect("a cookie")).expect("a value");
        &self.value
    }
}

fn save<Z: Compression + ?Sized>(
    interface: &Interface<Z>,
    config: &Config<'_>,
    session: &Store,
    scratch: &mut Z,
    out: &mut String,
) {
    let saved = interface.save_session(config, session, true, scratch).expect("a session to save");
    write!(out, "{}", saved.set_cookie.expect("a cookie").value).expect("a value");
}
