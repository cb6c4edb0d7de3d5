//! `SessionInterface`, its default, its hooks, and the request's lifecycle.
//!
//! Expected cookies were made by Flask 3.1.3, with the attribute of the same
//! name replaced on a subclass of its `SecureCookieSessionInterface`.

mod common;

use std::{borrow::BorrowMut, cell::Cell, sync::Mutex};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use common::VecSink;
use hipflask::{
    BadCookie, Clock, ClockFn, Config, CookieSession, Error, Lifetime, NullSession, Opened, OversizeCookie,
    RefusedCookie, Request, RequestContext, Saved, SecureCookieSession, SecureCookieSessionInterface,
    Session, SessionInterface, SessionMixin, UnixTime, UnsetClock, clock_fn,
    cookie::SameSite,
    error::PayloadError,
    interface::{PlainCookies, SessionCookie},
    json::{Bytes, DateTime, TaggedJsonSerializer},
    signing::{KeyDerivation, Keyring, NoCompression, NoZlib, Sha1, SigningKeys, TimestampSigner},
    sink::Sink,
    zlib::{DeflateScratch, Scratch},
};

const NOW: u64 = 1_700_000_000;
const SALT: &[u8] = Keyring::SESSION_SALT;
/// `{"a":1}`, signed with `dev` at `NOW`.
const COOKIE: &[u8] = b"session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk";

fn now() -> Result<UnixTime, Error> {
    Ok(UnixTime::from_secs(NOW))
}

type Frozen = ClockFn<fn() -> Result<UnixTime, Error>>;
const CLOCK: Frozen = clock_fn(now);

fn keys(secret: &str) -> Keyring {
    Keyring::new(secret.as_bytes(), SALT, KeyDerivation::Hmac)
}

fn flask() -> SecureCookieSessionInterface<Keyring, Frozen> {
    SecureCookieSessionInterface::new(keys("dev"), CLOCK)
}

/// What came of a request.
#[derive(Debug, PartialEq, Eq)]
struct Sent {
    set_cookie: Option<String>,
    vary: bool,
}

fn sent<V: std::fmt::Display>(saved: &Saved<'_, V>) -> Sent {
    Sent { set_cookie: saved.set_cookie.as_ref().map(ToString::to_string), vary: saved.vary_cookie }
}

/// Opens the session of `request` in one of `N` bytes, for better or worse.
fn open<const N: usize>(
    interface: &impl SessionInterface<Session = Session>,
    config: &Config<'_>,
    request: &(impl Request + ?Sized),
) -> RequestContext<SecureCookieSession<N>> {
    let mut context = RequestContext::new(SecureCookieSession::new());
    context.open(interface, config, request);
    context
}

/// Saves the session of `context`: what is sent, and why it was not sent anew if it was to be.
fn save<I: SessionInterface<Session = Session>>(
    interface: &I,
    config: &Config<'_>,
    context: &RequestContext,
    mut scratch: impl BorrowMut<I::Scratch>,
) -> Result<(Sent, Option<Error>), Error> {
    let saved = context.save(interface, config, scratch.borrow_mut())?;
    Ok((sent(&saved), saved.refresh_skipped))
}

/// Runs one request.
fn request(
    interface: &impl SessionInterface<Session = Session, Scratch = NoCompression>,
    config: &Config<'_>,
    request: &(impl Request + ?Sized),
    handler: impl FnOnce(&mut RequestContext),
) -> Result<Sent, Error> {
    let mut context = open::<1024>(interface, config, request);
    handler(&mut context);
    let mut scratch = NoCompression;
    let saved = context.save(interface, config, &mut scratch)?;
    // It can be displayed as often as one likes.
    assert_eq!(sent(&saved), sent(&saved));
    Ok(sent(&saved))
}

fn fill(context: &mut RequestContext) {
    let session = context.session().unwrap();
    session.insert("b", &(1, "é")).unwrap();
    session.insert("a", &Bytes::<1>::from_slice(&[0]).unwrap()).unwrap();
}

/// The cookie of a session that `fill` filled.
fn filled<K: SigningKeys>(interface: &SecureCookieSessionInterface<K, Frozen>) -> String {
    request(interface, &Config::new(), "", fill).unwrap().set_cookie.unwrap()
}

const FILLED: &str = "session=eyJhIjp7IiBiIjoiQUE9PSJ9LCJiIjp7IiB0IjpbMSwiXHUwMGU5Il19fQ.ZVPxAA";

#[test]
fn the_default_is_flask_s() {
    assert_eq!(filled(&flask()), format!("{FILLED}.nig0WyA1i-DJTXY0_tehIhtBUDw; HttpOnly; Path=/"));
}

/// Lent memory makes a cookie faster, and no other: neither when it is short.
#[test]
fn a_cookie_is_the_same_whatever_memory_is_lent() {
    let streamed = filled(&flask());
    for len in 0..streamed.len() {
        let (interface, config) = (flask().with_buffer(), Config::new());
        let mut context = RequestContext::new(SecureCookieSession::<512>::new());
        context.open(&interface, &config, "");
        fill(&mut context);
        let mut buffer = vec![b'?'; len];
        let saved = context.save(&interface, &config, &mut *buffer).unwrap();
        assert_eq!(saved.set_cookie.unwrap().to_string(), streamed, "{len} bytes");
    }
    #[cfg(feature = "alloc")]
    {
        let (interface, config) = (flask().with_scratch::<Vec<u8>>(), Config::new());
        let mut context = RequestContext::new(SecureCookieSession::<512>::new());
        context.open(&interface, &config, "");
        fill(&mut context);
        let mut buffer = b"what was there".to_vec();
        let saved = context.save(&interface, &config, &mut buffer).unwrap();
        assert_eq!(saved.set_cookie.unwrap().to_string(), streamed);
    }
}

/// Each way that a response can have a cookie, and one that has none.
const HANDLERS: [fn(&mut RequestContext); 5] = [
    |_| (),
    fill,
    |context| {
        fill(context);
        context.session().unwrap().set_permanent(true).unwrap();
    },
    |context| context.session().unwrap().clear().unwrap(),
    |context| {
        context.start_fresh().unwrap();
    },
];

#[test]
fn attributes_as_one_text_make_the_cookie_that_the_settings_make() {
    let texts = [
        (Config::new(), "; HttpOnly; Path=/"),
        (
            Config::new()
                .session_cookie_name("__Host-s")
                .session_cookie_secure(true)
                .session_cookie_samesite(SameSite::Lax),
            "; Secure; HttpOnly; Path=/; SameSite=Lax",
        ),
    ];
    for (config, attributes) in &texts {
        for handler in HANDLERS {
            for header in [COOKIE, b"__Host-s=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk"] {
                let expected = request(&flask(), config, header, handler).unwrap();
                let interface = flask().without_attributes();
                let mut context = open::<1024>(&interface, config, header);
                handler(&mut context);
                let mut scratch = NoCompression;
                let saved = context.save(&interface, config, &mut scratch).unwrap();
                // Whoever writes it as usual gets what is usual.
                assert_eq!(sent(&saved), expected);
                let set_cookie =
                    saved.set_cookie.map(|cookie| cookie.with_attributes(attributes).to_string());
                assert_eq!(Sent { set_cookie, vary: saved.vary_cookie }, expected);
            }
        }
    }
}

#[test]
fn without_attributes_the_limit_is_for_name_and_value_and_settings_are_not_looked_at() {
    let interface = flask().without_attributes();
    let unseen = Config::new().session_cookie_domain("a;b").session_cookie_samesite(SameSite::None);
    let filled = |max_cookie_size: usize| {
        let config = unseen.max_cookie_size(max_cookie_size);
        let mut context = open::<1024>(&interface, &config, "");
        fill(&mut context);
        save(&interface, &config, &context, NoCompression).map(|(sent, _)| sent.set_cookie.is_some())
    };
    let len_bytes = FILLED.len() + ".nig0WyA1i-DJTXY0_tehIhtBUDw".len();
    assert_eq!(filled(len_bytes), Ok(true));
    assert_eq!(filled(0), Ok(true));
    let limit_bytes = len_bytes - 1;
    assert_eq!(filled(limit_bytes), Err(Error::CookieTooLarge { len_bytes, limit_bytes }));
}

#[test]
fn plain_cookies_are_opened_and_with_a_quote_there_is_none() {
    let quoted = [&COOKIE[..8], b"\"", &COOKIE[8..], b"\""].concat();
    let beside = [b"theme=\"dark\"; ", COOKIE].concat();
    let hidden = [b"theme=\"; ", COOKIE, b"; b=\""].concat();
    for (header, everywhere, plain) in [
        (COOKIE, Opened::LOADED, Opened::LOADED),
        (&b"theme=dark"[..], Opened::FRESH, Opened::FRESH),
        (&b"session="[..], Opened::FRESH, Opened::FRESH),
        (&b"session=\xe9"[..], Opened::rejected(Error::BadSignature), Opened::rejected(Error::BadSignature)),
        (&quoted[..], Opened::LOADED, Opened::FRESH),
        (&beside[..], Opened::LOADED, Opened::FRESH),
        (&hidden[..], Opened::FRESH, Opened::FRESH),
    ] {
        let text = String::from_utf8_lossy(header);
        assert_eq!(open::<64>(&flask(), &Config::new(), header).opened(), Ok(everywhere), "{text}");
        let opened = open::<64>(&flask(), &Config::new(), &PlainCookies(header)).opened();
        assert_eq!(opened, Ok(plain), "{text}");
    }
}

#[test]
fn the_salt_can_be_replaced() {
    let keys: Keyring = Keyring::new(b"dev", b"other", KeyDerivation::Hmac);
    let interface = SecureCookieSessionInterface::new(keys, CLOCK);
    assert_eq!(filled(&interface), format!("{FILLED}.hoPuTC-Uu6f22JVbDbfEIqZOoyM; HttpOnly; Path=/"));
}

#[test]
fn the_key_derivation_can_be_replaced() {
    let keys: Keyring = Keyring::new(b"dev", SALT, KeyDerivation::DjangoConcat);
    let interface = SecureCookieSessionInterface::new(keys, CLOCK);
    assert_eq!(filled(&interface), format!("{FILLED}.KPUjK7t1JDBEVxUGw5N_s73TwoU; HttpOnly; Path=/"));
}

#[cfg(feature = "sha2")]
#[test]
fn the_digest_can_be_replaced() {
    let keys: Keyring<hipflask::signing::Sha256> = Keyring::from_secret(b"dev", SALT, KeyDerivation::Hmac);
    let interface = SecureCookieSessionInterface::new(keys, clock_fn(now as fn() -> _));
    let signature = "qmBaMAXeX-C_AKgpbJYzZ6ZFBAVu1HwfGNOtQ2l-SXc";
    assert_eq!(filled(&interface), format!("{FILLED}.{signature}; HttpOnly; Path=/"));
}

#[test]
fn the_serializer_can_be_replaced() {
    let interface = flask().with_serializer(TaggedJsonSerializer::plain());
    let cookie = "eyJiIjpbMSwiw6kiXX0.ZVPxAA.iTAyr88Mn7EE7eSX16lZLni0zhA";
    let saved = request(&interface, &Config::new(), "", |context| {
        context.session().unwrap().insert("b", &(1, "é")).unwrap();
    });
    assert_eq!(saved.unwrap().set_cookie.unwrap(), format!("session={cookie}; HttpOnly; Path=/"));

    // And it reads what it wrote: to plain JSON a tuple is a list.
    let header = format!("session={cookie}");
    request(&interface, &Config::new(), header.as_bytes(), |context| {
        assert_eq!(context.session().unwrap().get_as::<(u8, &str)>("b"), Ok(Some((1, "é"))));
    })
    .unwrap();
}

/// A session type of one's own: a counter that is a dict of one number.
#[derive(Default)]
struct Counter {
    text: [u8; 32],
    count: u32,
    modified: bool,
    null: bool,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Counted {
    count: u32,
}

impl SessionMixin for Counter {
    fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn is_set(&self, key: &str) -> bool {
        key == "count" && self.count > 0
    }

    fn set_flag(&mut self, _: &str, _: bool) -> Result<(), Error> {
        Err(Error::NotSerializable)
    }

    fn clear(&mut self) -> Result<(), Error> {
        self.count = 0;
        Ok(())
    }

    fn modified(&self) -> bool {
        self.modified
    }

    fn set_modified(&mut self, modified: bool) {
        self.modified = modified;
    }

    fn is_null(&self) -> bool {
        self.null
    }

    fn make_null(&mut self) {
        self.null = true;
    }
}

impl CookieSession for Counter {
    fn reset(&mut self, _: TaggedJsonSerializer) {
        *self = Self::default();
    }

    fn buffer(&mut self) -> &mut [u8] {
        &mut self.text
    }

    fn load(&mut self, serializer: TaggedJsonSerializer, len_bytes: usize) -> Result<(), Error> {
        let text = &mut self.text[..len_bytes];
        let counted: Counted =
            serializer.loads(text)?.to().map_err(|_| Error::BadPayload(PayloadError::NotASession))?;
        self.count = counted.count;
        Ok(())
    }

    fn dump<S: Sink>(&self, sink: &mut S) -> Result<(), S::Error> {
        let mut scratch = [0; 64];
        let counted = Counted { count: self.count };
        let serializer = TaggedJsonSerializer::new();
        serializer.write(serializer.encode(&counted, &mut scratch).expect("a small number fits"), sink)
    }
}

/// It lies in the context as it is: it need not be unsized, nor behind a reference.
#[test]
fn the_session_type_can_be_replaced() {
    let interface = flask().with_session::<Counter>();
    let config = Config::new();
    let mut context = RequestContext::new(Counter::default());
    let mut header = String::new();
    for expected in 1..4 {
        context.open(&interface, &config, header.as_str());
        assert_eq!(context.peek().unwrap().count, expected - 1);
        let counter = context.session().unwrap();
        counter.count += 1;
        counter.modified = true;
        let mut scratch = NoCompression;
        let saved = context.save(&interface, &config, &mut scratch).unwrap();
        header = format!("session={}", saved.set_cookie.unwrap().value);
    }

    // One that cannot be read, which is not a number: the same context, and the next one.
    let unreadable = signed(&base64(r#"{"count":"x"}"#));
    context.open(&interface, &config, &unreadable[..]);
    assert_eq!(context.opened(), Err(Error::BadPayload(PayloadError::NotASession)));
    assert!(context.session().is_err());
    context.start_fresh().unwrap();
    let mut scratch = NoCompression;
    let saved = context.save(&interface, &config, &mut scratch).unwrap();
    assert_eq!(sent(&saved).set_cookie.as_deref(), Some(DELETION));
    context.session().unwrap().count = 7;
    let saved = context.save(&interface, &config, &mut scratch).unwrap();
    header = format!("session={}", saved.set_cookie.unwrap().value);
    context.open(&interface, &config, header.as_str());
    assert_eq!(context.opened(), Ok(Opened::LOADED));
    assert_eq!(context.session().unwrap().count, 7);
}

/// Overrides every hook once.
struct Hooked(SecureCookieSessionInterface<Keyring, Frozen>);

/// A request of several `Cookie` headers.
struct Headers(&'static [&'static [u8]]);

impl Request for Headers {
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().copied()
    }
}

impl SessionInterface for Hooked {
    type Session = Session;
    type Scratch = NoCompression;
    type CookieValue<'a> = String;

    const PICKLE_BASED: bool = true;

    fn open_session<R: Request + ?Sized>(
        &self,
        config: &Config<'_>,
        request: &R,
        session: &mut Session,
    ) -> Result<Opened, Error> {
        if config.application_root == Some("/null") {
            self.make_null_session(config, session);
            return Ok(Opened::NULL);
        }
        if config.application_root == Some("/down") {
            session.insert("wanted", &1)?;
            return Err(Error::MacUnavailable);
        }
        self.0.open_session(config, request, session)
    }

    fn save_session<'a>(
        &'a self,
        config: &'a Config<'a>,
        session: &'a Session,
        _accessed: bool,
        _: &'a mut NoCompression,
    ) -> Result<Saved<'a, String>, Error> {
        if session.is_empty() {
            return Saved::cookie(config, self.make_deletion(config, String::new()), 0);
        }
        if !self.should_set_cookie(config, session) {
            return Ok(Saved::nothing());
        }
        let mut cookie = self.make_cookie(config, "value".to_owned());
        cookie.expires = self.get_expiration_time(config, session, now()?)?;
        Saved::cookie(config, cookie, 5)
    }

    fn make_null_session(&self, _: &Config<'_>, session: &mut Session) {
        NullSession.make(session);
        session.set_modified(true);
    }

    fn is_null_session(&self, session: &Session) -> bool {
        session.is_null()
    }

    fn get_cookie_name<'a>(&'a self, _: &'a Config<'a>) -> &'a str {
        "hooked"
    }

    fn get_cookie_domain<'a>(&'a self, _: &'a Config<'a>) -> Option<&'a str> {
        Some("example.com")
    }

    fn get_cookie_path<'a>(&'a self, _: &'a Config<'a>) -> Option<&'a str> {
        Some("/tenant")
    }

    fn get_cookie_httponly(&self, _: &Config<'_>) -> bool {
        false
    }

    fn get_cookie_secure(&self, _: &Config<'_>) -> bool {
        true
    }

    fn get_cookie_samesite(&self, _: &Config<'_>) -> Option<SameSite> {
        Some(SameSite::Strict)
    }

    fn get_cookie_partitioned(&self, _: &Config<'_>) -> bool {
        true
    }

    fn get_expiration_time(
        &self,
        _: &Config<'_>,
        _: &Session,
        _: UnixTime,
    ) -> Result<Option<DateTime>, Error> {
        Ok(DateTime::from_unix_secs(0))
    }

    fn should_set_cookie(&self, _: &Config<'_>, session: &Session) -> bool {
        session.contains("wanted")
    }
}

#[test]
fn every_hook_can_be_overridden() {
    let interface = Hooked(flask());
    let config = Config::new();
    let saved =
        |handler: fn(&mut RequestContext)| request(&interface, &config, "", handler).unwrap().set_cookie;
    assert_eq!(
        saved(|context| context.session().unwrap().insert("wanted", &1).unwrap()).unwrap(),
        "hooked=value; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; Path=/tenant; \
         SameSite=Strict; Partitioned"
    );
    // should_set_cookie says no.
    assert_eq!(saved(|context| context.session().unwrap().insert("unwanted", &1).unwrap()), None);
    // It is not asked about a deletion.
    assert_eq!(
        saved(|context| context.session().unwrap().clear().unwrap()).unwrap(),
        "hooked=; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; Path=/tenant; \
         SameSite=Strict; Partitioned"
    );

    // Its own null session, which is not saved even though it says it is modified.
    let null = config.application_root("/null");
    let sent = request(&interface, &null, COOKIE, |context| {
        assert!(context.session().unwrap().modified());
        assert_eq!(context.session().unwrap().insert("a", &1), Err(Error::NoSecretKey));
    });
    assert_eq!(sent.unwrap(), Sent { set_cookie: None, vary: false });

    // One that fails half-way: what it has put in by then is nobody's session.
    let down = config.application_root("/down");
    let sent = request(&interface, &down, COOKIE, |context| {
        assert_eq!(context.session().map(|_| ()), Err(Error::MacUnavailable));
    });
    assert_eq!(sent.unwrap(), Sent { set_cookie: None, vary: true });
    const { assert!(<Hooked as SessionInterface>::PICKLE_BASED) };
    const {
        type Flask = SecureCookieSessionInterface<Keyring, Frozen>;
        assert!(!<Flask as SessionInterface>::PICKLE_BASED);
    };
}

/// Overrides hooks and leaves the rest to Flask's interface, as a subclass does.
struct Subclass(SecureCookieSessionInterface<Keyring, Frozen>);

impl SessionInterface for Subclass {
    type Session = Session;
    type Scratch = NoCompression;
    type CookieValue<'a> = SessionCookie<'a>;

    fn open_session<R: Request + ?Sized>(
        &self,
        config: &Config<'_>,
        request: &R,
        session: &mut Session,
    ) -> Result<Opened, Error> {
        self.0.open_session_with(self, config, request, session)
    }

    fn save_session<'a>(
        &'a self,
        config: &'a Config<'a>,
        session: &'a Session,
        accessed: bool,
        scratch: &'a mut NoCompression,
    ) -> Result<Saved<'a, SessionCookie<'a>>, Error> {
        self.0.save_session_with(self, config, session, accessed, scratch)
    }

    fn get_cookie_name<'a>(&'a self, _: &'a Config<'a>) -> &'a str {
        "mine"
    }

    fn get_cookie_path<'a>(&'a self, _: &'a Config<'a>) -> Option<&'a str> {
        Some("/tenant")
    }

    fn get_expiration_time(
        &self,
        _: &Config<'_>,
        session: &Session,
        _: UnixTime,
    ) -> Result<Option<DateTime>, Error> {
        Ok(DateTime::from_unix_secs(0).filter(|_| session.contains("dated")))
    }

    fn should_set_cookie(&self, _: &Config<'_>, session: &Session) -> bool {
        session.modified() && !session.contains("secret")
    }
}

#[test]
fn the_default_interface_asks_the_hooks_of_the_one_that_leaves_it_the_work() {
    let saved = |handler: fn(&mut Session)| {
        let cookie = &b"mine=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk"[..];
        let sent = request(&Subclass(flask()), &Config::new(), cookie, |context| {
            assert_eq!(context.opened(), Ok(Opened::LOADED));
            handler(context.session().unwrap());
        });
        sent.unwrap().set_cookie
    };
    assert_eq!(
        saved(|session| session.insert("a", &2).unwrap()).unwrap(),
        "mine=eyJhIjoyfQ.ZVPxAA.icfJIsgIGE1Fh1OwMioTFAKM22A; HttpOnly; Path=/tenant"
    );
    let dated = saved(|session| session.insert("dated", &2).unwrap()).unwrap();
    assert!(dated.ends_with("; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Path=/tenant"), "{dated}");
    assert_eq!(saved(|session| session.insert("secret", &2).unwrap()), None);
    assert_eq!(
        saved(|session| session.clear().unwrap()).unwrap(),
        "mine=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/tenant"
    );
}

#[test]
fn one_cookie_header_is_a_request_as_text_and_as_bytes() {
    fn headers<R: Request + ?Sized>(request: &R) -> Vec<&[u8]> {
        request.cookie_headers().collect()
    }
    assert_eq!(headers("a=b; c"), [b"a=b; c"]);
    assert_eq!(headers(b"a=b; c"), [b"a=b; c"]);
    assert_eq!(headers(&b"a=b; c"[..]), [b"a=b; c"]);
}

#[test]
fn several_cookie_headers_are_one() {
    let headers = Headers(&[b"theme=dark", COOKIE, b"session=later"]);
    request(&flask(), &Config::new(), &headers, |context| {
        assert_eq!(context.opened(), Ok(Opened::LOADED.with_duplicates(true)));
        assert_eq!(context.session().unwrap().get_as::<u8>("a"), Ok(Some(1)));
    })
    .unwrap();
}

#[test]
fn without_a_key_the_session_is_null() {
    let interface = SecureCookieSessionInterface::new(keys(""), CLOCK);
    let sent = request(&interface, &Config::new(), COOKIE, |context| {
        assert_eq!(context.opened(), Ok(Opened::NULL));
        assert!(context.session().unwrap().is_null());
        assert!(context.session().unwrap().is_empty());
        assert_eq!(context.session().unwrap().insert("a", &1), Err(Error::NoSecretKey));
    });
    assert_eq!(sent.unwrap(), Sent { set_cookie: None, vary: false });
}

/// Keys of another kind, which only start MACs.
struct Element(Keyring);

impl SigningKeys for Element {
    type Mac = <Keyring as SigningKeys>::Mac;

    fn current(&self) -> Result<Self::Mac, Error> {
        self.0.current()
    }
}

#[test]
fn keys_may_be_borrowed_or_of_another_kind() {
    fn opened<K: SigningKeys>(keys: &K) -> Opened {
        let interface = SecureCookieSessionInterface::new(keys, clock_fn(now as fn() -> _));
        open::<64>(&interface, &Config::new(), COOKIE).opened().unwrap()
    }
    assert_eq!(opened(&Element(keys("dev"))), Opened::LOADED);
    assert_eq!(opened(&keys("dev")), Opened::LOADED);
    assert_eq!(opened(&keys("")), Opened::NULL);
    assert_eq!(opened(&Element(keys("other"))), Opened::rejected(Error::BadTimeSignature));
}

#[test]
fn an_empty_fallback_lets_nobody_in() {
    // `{"a":1}`, signed with the empty key at NOW by itsdangerous.
    let forged: Keyring<Sha1> = {
        let mut keys = keys("dev");
        keys.push_fallback(b"", SALT, KeyDerivation::Hmac).unwrap();
        keys
    };
    let interface = SecureCookieSessionInterface::new(forged, CLOCK);
    let cookie = b"session=eyJhIjoxfQ.ZVPxAA.gvPm4cFvXU0iqzVLZR7Ce5yuQh4";
    request(&interface, &Config::new(), &cookie[..], |context| {
        assert_eq!(context.opened(), Ok(Opened::rejected(Error::BadTimeSignature)));
    })
    .unwrap();
}

/// A session that is opened and not touched sends nothing; touched, it varies.
#[test]
fn obtaining_the_session_is_access_and_peeking_is_not() {
    let run = |handler: fn(&mut RequestContext)| request(&flask(), &Config::new(), COOKIE, handler).unwrap();
    assert_eq!(run(|_| {}), Sent { set_cookie: None, vary: false });
    assert_eq!(
        run(|context| assert!(!context.peek().unwrap().is_empty())),
        Sent { set_cookie: None, vary: false }
    );
    assert_eq!(
        run(|context| {
            context.session().unwrap();
            assert!(context.accessed());
        }),
        Sent { set_cookie: None, vary: true }
    );
}

#[test]
fn a_permanent_session_is_refreshed_even_when_nobody_looked() {
    // `{"_permanent":true}`, signed with `dev` at NOW.
    let cookie = b"session=eyJfcGVybWFuZW50Ijp0cnVlfQ.ZVPxAA.kaOSDiiiE7WWJ1yA5l9WgTqXdLI";
    let sent = request(&flask(), &Config::new(), &cookie[..], |_| {}).unwrap();
    assert_eq!(
        sent.set_cookie.unwrap(),
        "session=eyJfcGVybWFuZW50Ijp0cnVlfQ.ZVPxAA.kaOSDiiiE7WWJ1yA5l9WgTqXdLI; \
         Expires=Fri, 15 Dec 2023 22:13:20 GMT; HttpOnly; Path=/"
    );
    assert!(sent.vary);
    let config = Config::new().session_refresh_each_request(false);
    assert_eq!(
        request(&flask(), &config, &cookie[..], |_| {}).unwrap(),
        Sent { set_cookie: None, vary: false }
    );
}

/// A cookie whose signature holds around `payload`, made at `secs`.
fn signed_at(secs: u64, payload: &[u8]) -> Vec<u8> {
    let mut sink = VecSink(b"session=".to_vec());
    TimestampSigner::new(keys("dev")).sign(payload, UnixTime::from_secs(secs), &mut sink).unwrap();
    sink.0
}

fn signed(payload: &[u8]) -> Vec<u8> {
    signed_at(NOW, payload)
}

fn base64(json: &str) -> Vec<u8> {
    let mut text = vec![0; Base64UrlUnpadded::encoded_len(json.as_bytes())];
    Base64UrlUnpadded::encode(json.as_bytes(), &mut text).unwrap();
    text
}

const DELETION: &str = "session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/";

#[test]
fn a_signed_cookie_that_does_not_decode_is_an_error_unless_told_otherwise() {
    for (payload, why) in [
        (&b"bm90IGpzb24"[..], PayloadError::Json { offset_bytes: 0 }),
        (b"eyJhIjp0cnV9", PayloadError::Json { offset_bytes: 5 }),
        (b"Iv8i", PayloadError::Utf8 { offset_bytes: 1 }),
        (b"e30xx", PayloadError::Base64),
        (b".bm90IHpsaWI", PayloadError::Zlib),
        (b"", PayloadError::Json { offset_bytes: 0 }),
        (b"W10", PayloadError::NotASession),
    ] {
        let header = signed(payload);
        let context = open::<1024>(&flask(), &Config::new(), &header[..]);
        assert_eq!(context.opened(), Err(Error::BadPayload(why)));

        let config = Config::new().bad_cookie(BadCookie::StartFresh);
        let sent = request(&flask(), &config, &header[..], |context| {
            assert_eq!(context.opened(), Ok(Opened::rejected(Error::BadPayload(why))));
            assert!(context.peek().unwrap().is_empty());
        })
        .unwrap();
        assert_eq!(sent.set_cookie.unwrap(), DELETION);
    }
}

/// zlib's bytes are those of Python's for `{"a":"x…x"}` with 40 of them.
#[test]
fn without_zlib_a_compressed_cookie_is_refused_by_name_and_all_others_are_as_before() {
    let config = Config::new();
    let compressed = signed(b".eJyrVkpUslKqIBIo1QIA60QU3A");
    let context = open::<64>(&flask(), &config, &compressed[..]);
    assert_eq!(context.peek().unwrap().get_as("a"), Ok(Some(&*"x".repeat(40))));

    let interface = flask().without_zlib();
    assert_eq!(open::<64>(&interface, &config, &compressed[..]).opened(), Err(Error::Compressed));

    let config = Config::new().bad_cookie(BadCookie::StartFresh);
    let mut context = open::<64>(&interface, &config, &compressed[..]);
    assert_eq!(context.opened(), Ok(Opened::rejected(Error::Compressed)));
    fill(&mut context);
    let mut scratch = NoZlib;
    let saved = context.save(&interface, &config, &mut scratch).unwrap();
    let written = saved.set_cookie.unwrap().to_string();
    assert_eq!(written, filled(&flask()));

    let header = written.split(';').next().unwrap().as_bytes();
    assert_eq!(open::<64>(&interface, &config, header).opened(), Ok(Opened::LOADED));
}

#[test]
fn a_session_larger_than_its_storage_is_an_error_that_says_so() {
    let config = Config::new();
    let error = Error::Capacity { needed_bytes: 15, capacity_bytes: 8 };
    assert_eq!(open::<8>(&flask(), &config, COOKIE).opened(), Err(error));
    let error = Error::Capacity { needed_bytes: 7, capacity_bytes: 6 };
    assert_eq!(open::<6>(&flask(), &config, COOKIE).opened(), Err(error));
}

/// Cookies whose signature holds, and that are no session of 256 bytes: with the reason.
fn unreadable() -> [(Vec<u8>, Error); 6] {
    const YEAR_10000: u64 = 253_402_300_800;
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(70), "]".repeat(70));
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(300));
    let too_long = Error::Capacity { needed_bytes: 308, capacity_bytes: 256 };
    [
        // Half an emoji: what a limit on the length of a text leaves in Python or JavaScript.
        (
            signed(&base64(r#"{"draft":"h\ud83d","user":"ada"}"#)),
            Error::BadPayload(PayloadError::Json { offset_bytes: 17 }),
        ),
        (signed(&base64("[1]")), Error::BadPayload(PayloadError::NotASession)),
        (signed(&base64(&deep)), Error::Depth),
        (signed(&base64(&long)), too_long),
        (signed_at(YEAR_10000, &base64(r#"{"a":1}"#)), Error::DateOutOfRange),
        (signed(b".eJyrVkpUslKqIBIo1QIA60QU3A"), Error::Compressed),
    ]
}

#[test]
fn a_session_that_cannot_be_read_harms_only_who_asks_for_it() {
    let (interface, config) = (flask().without_zlib(), Config::new());
    let untouched = |vary| Ok((Sent { set_cookie: None, vary }, None));
    for (header, error) in unreadable() {
        let mut context = open::<256>(&interface, &config, &header[..]);
        assert_eq!(context.opened(), Err(error));
        // A route that does not ask, behind middleware that looks.
        assert_eq!(context.peek().map(|_| ()), Err(error));
        assert!(!context.accessed());
        assert_eq!(save(&interface, &config, &context, NoZlib), untouched(false));
        // One that asks: its answer depends on the cookie, and the session stays as it is.
        assert_eq!(context.session().map(|_| ()), Err(error));
        assert!(context.accessed());
        assert_eq!(save(&interface, &config, &context, NoZlib), untouched(true));
    }
}

#[test]
fn every_cookie_that_cannot_be_read_can_be_replaced_by_a_fresh_session() {
    let interface = flask().without_zlib();
    let config = Config::new().bad_cookie(BadCookie::StartFresh);
    for (header, error) in unreadable() {
        let mut context = open::<256>(&interface, &config, &header[..]);
        assert_eq!(context.opened(), Ok(Opened::rejected(error)));
        assert!(context.peek().unwrap().is_empty());
        let deleted = Sent { set_cookie: Some(DELETION.into()), vary: true };
        assert_eq!(save(&interface, &config, &context, NoZlib), Ok((deleted, None)));
        fill(&mut context);
        let (sent, _) = save(&interface, &config, &context, NoZlib).unwrap();
        assert_eq!(sent.set_cookie, Some(filled(&flask())));
    }
}

/// The recipe for a logout, which is not to fail because of what the browser sent.
#[test]
fn a_fresh_start_works_whatever_the_cookie_was() {
    let (interface, config) = (flask().without_zlib(), Config::new());
    let accepted = [(&b""[..], Opened::FRESH), (COOKIE, Opened::LOADED)]
        .map(|(header, opened)| (header.to_vec(), opened));
    let refused = unreadable().map(|(header, error)| (header, Opened::rejected(error)));
    for (header, opened) in accepted.into_iter().chain(refused) {
        let mut context = open::<256>(&interface, &config, &header[..]);
        let session = context.start_fresh().unwrap();
        assert!(session.is_empty() && session.modified());
        // For a log, the reason stays; whoever comes next gets the session.
        assert_eq!(context.opened(), Ok(opened));
        assert!(context.accessed() && context.peek().is_ok() && context.session().is_ok());
        let deleted = Sent { set_cookie: Some(DELETION.into()), vary: true };
        assert_eq!(save(&interface, &config, &context, NoZlib), Ok((deleted, None)));

        // What is put in afterwards is saved, and nothing beside it.
        fill(&mut context);
        let (sent, _) = save(&interface, &config, &context, NoZlib).unwrap();
        assert_eq!(sent, Sent { set_cookie: Some(filled(&flask())), vary: true });
    }

    // A deletion needs no clock either.
    let unset: Frozen = clock_fn(|| Err(Error::ClockNotSet));
    let interface = SecureCookieSessionInterface::new(keys("dev"), unset);
    let mut context = open::<64>(&interface, &config, COOKIE);
    assert_eq!(context.session().map(|_| ()), Err(Error::ClockNotSet));
    context.start_fresh().unwrap();
    let (sent, _) = save(&interface, &config, &context, NoCompression).unwrap();
    assert_eq!(sent.set_cookie.as_deref(), Some(DELETION));

    // Where there is no session there is none to begin.
    let interface = SecureCookieSessionInterface::new(keys(""), clock_fn(now as fn() -> _));
    let mut context = open::<64>(&interface, &config, COOKIE);
    assert_eq!(context.start_fresh().map(|_| ()), Err(Error::NoSecretKey));
    let nothing = Sent { set_cookie: None, vary: false };
    assert_eq!(save(&interface, &config, &context, NoCompression), Ok((nothing, None)));
}

// ---- refreshing

/// What a refresh of `context` comes to while nobody asked for the session, and once somebody did;
/// and then what it is to save it because it was changed.
fn refreshed(
    interface: &impl SessionInterface<Session = Session, Scratch = NoCompression>,
    config: &Config<'_>,
    context: &mut RequestContext,
) -> [Result<(Sent, Option<Error>), Error>; 3] {
    assert!(context.peek().unwrap().permanent());
    let unseen = save(interface, config, context, NoCompression);
    context.session().unwrap();
    let seen = save(interface, config, context, NoCompression);
    context.session().unwrap().set_modified(true);
    [unseen, seen, save(interface, config, context, NoCompression)]
}

/// The refresh fails for that reason, but no request does that changed nothing.
fn skipped(error: Error) -> [Result<(Sent, Option<Error>), Error>; 3] {
    let stays = |vary| Ok((Sent { set_cookie: None, vary }, Some(error)));
    [stays(false), stays(true), Err(error)]
}

/// Flask compresses; a server that reads its cookies need not, and then some are too long to
/// be written as they are.
#[test]
fn a_refresh_that_gets_too_long_fails_no_request() {
    let (interface, config) = (flask(), Config::new());
    let cookie = {
        let compressing = flask().with_compression();
        let mut context = open::<16384>(&compressing, &config, "");
        let session = context.session().unwrap();
        session.set_permanent(true).unwrap();
        let cart: Vec<_> = (0..400).map(|number| format!("SKU-{}", 1000 + number)).collect();
        session.insert("cart", &cart).unwrap();
        let scratch = Box::new(DeflateScratch::<16384>::new()) as Box<Scratch>;
        let (sent, _) = save(&compressing, &config, &context, scratch).unwrap();
        sent.set_cookie.unwrap()
    };
    assert!(cookie.len() < 4093 / 2, "{}", cookie.len());
    let header = cookie.split(';').next().unwrap();

    let reopened = || open::<16384>(&interface, &config, header);
    let too_long = save(&interface, &config.max_cookie_size(0), &reopened(), NoCompression);
    let len_bytes = too_long.unwrap().0.set_cookie.unwrap().len();
    let error = Error::CookieTooLarge { len_bytes, limit_bytes: 4093 };
    assert_eq!(refreshed(&interface, &config, &mut reopened()), skipped(error));

    // Where the settings let it pass it is sent, and where they want no refresh none is missed.
    let warning = config.oversize_cookie(OversizeCookie::Warn);
    let (sent, skipped) = save(&interface, &warning, &reopened(), NoCompression).unwrap();
    assert!(sent.set_cookie.is_some() && skipped.is_none());
    let nothing = Sent { set_cookie: None, vary: false };
    let unrefreshed = config.session_refresh_each_request(false);
    assert_eq!(save(&interface, &unrefreshed, &reopened(), NoCompression), Ok((nothing, None)));
}

/// `{"a":"éééé"}` has 16 bytes where letters stay as they are, and 32 in Flask's
/// spelling: it opens in a session of 24 bytes, and would not open again.
#[test]
fn what_would_not_open_again_is_not_saved() {
    let (interface, config) = (flask(), Config::new());
    let header = signed(&base64(r#"{"a":"éééé"}"#));
    let mut context = open::<24>(&interface, &config, &header[..]);
    let session = context.session().unwrap();
    assert_eq!(session.get_as("a"), Ok(Some("éééé")));
    session.set_modified(true);
    let error = Error::Capacity { needed_bytes: 32, capacity_bytes: 24 };
    assert_eq!(save(&interface, &config, &context, NoCompression), Err(error));

    let header = signed(&base64(r#"{"_permanent":true,"a":"ééééé"}"#));
    let mut context = open::<52>(&interface, &config, &header[..]);
    let error = Error::Capacity { needed_bytes: 56, capacity_bytes: 52 };
    assert_eq!(refreshed(&interface, &config, &mut context), skipped(error));
}

#[test]
fn a_refresh_without_the_time_fails_no_request() {
    let time = Cell::new(now());
    let interface = SecureCookieSessionInterface::new(keys("dev"), clock_fn(|| time.get()));
    let config = Config::new();
    let header = signed(&base64(r#"{"_permanent":true}"#));
    let mut context = open::<64>(&interface, &config, &header[..]);
    time.set(Err(Error::ClockNotSet));
    assert_eq!(refreshed(&interface, &config, &mut context), skipped(Error::ClockNotSet));
}

/// Nobody would hear of it otherwise: each refresh would be skipped, and in the end everybody
/// would be logged out.
#[test]
fn a_refresh_that_fails_for_a_setting_is_an_error() {
    let interface = flask();
    let header = signed(&base64(r#"{"_permanent":true}"#));
    let config = Config::new();
    let beyond_year_9999 = Lifetime::from_secs(300_000_000_000);
    for (config, error) in [
        (config.session_cookie_domain("a\nb"), Error::InvalidConfig { setting: "SESSION_COOKIE_DOMAIN" }),
        (config.permanent_session_lifetime(beyond_year_9999), Error::DateOutOfRange),
    ] {
        let mut context = open::<64>(&interface, &config, &header[..]);
        let failed = [(); 3].map(|()| Err(error));
        assert_eq!(refreshed(&interface, &config, &mut context), failed);
    }
}

// ---- the context as a value

#[test]
fn a_context_moves_into_a_thread_and_back() {
    fn anywhere<T: Send + Sync + 'static>(context: T) -> T {
        context
    }
    let (interface, config) = (flask(), Config::new());
    let mut context = anywhere(open::<64>(&interface, &config, COOKIE));
    let context = std::thread::spawn(move || {
        context.session().unwrap().insert("a", &2).unwrap();
        context
    });
    let (sent, _) = save(&interface, &config, &context.join().unwrap(), NoCompression).unwrap();
    let cookie = "session=eyJhIjoyfQ.ZVPxAA.icfJIsgIGE1Fh1OwMioTFAKM22A; HttpOnly; Path=/";
    assert_eq!(sent, Sent { set_cookie: Some(cookie.into()), vary: true });
}

/// Handlers and pools need not know how much room there is in a session.
#[test]
fn contexts_of_every_capacity_are_of_one_type_and_used_again() {
    let (interface, config) = (flask(), Config::new());
    let mut pool: Vec<Box<RequestContext>> = vec![
        Box::new(RequestContext::new(SecureCookieSession::<32>::new())),
        Box::new(RequestContext::new(SecureCookieSession::<64>::new())),
    ];
    for context in &mut pool {
        // Nobody opened it: as if the request had brought nothing.
        assert_eq!((context.opened(), context.accessed()), (Ok(Opened::FRESH), false));
        assert!(context.session().unwrap().is_empty());
        for _ in 0..2 {
            context.open(&interface, &config, COOKIE);
            assert_eq!(context.opened(), Ok(Opened::LOADED));
            assert!(!context.accessed() && context.peek().unwrap().len() == 1);
            context.session().unwrap().clear().unwrap();
        }
        // An error is not the next request's.
        let (unreadable, why) = &unreadable()[0];
        context.open(&interface, &config, &unreadable[..]);
        assert_eq!(context.opened(), Err(*why));
        context.open(&interface, &config, "");
        assert_eq!(context.opened(), Ok(Opened::FRESH));
        let session = context.session().unwrap();
        assert!(session.is_empty() && !session.modified());
    }
}

/// A tenant's path, a domain: what a request is to have for itself is in a config that is made
/// with it, and the request is not looked at again.
#[test]
fn a_request_can_have_a_config_of_its_own() {
    let (interface, config) = (flask(), Config::new());
    for tenant in ["one", "two"] {
        let (path, domain) = (format!("/{tenant}"), format!("{tenant}.example"));
        let config = config.session_cookie_path(&path).session_cookie_domain(&domain);
        let mut context = {
            let request = COOKIE.to_vec();
            open::<64>(&interface, &config, &request[..])
        };
        context.session().unwrap().insert("a", &2).unwrap();
        let (sent, _) = save(&interface, &config, &context, NoCompression).unwrap();
        let signed = "session=eyJhIjoyfQ.ZVPxAA.icfJIsgIGE1Fh1OwMioTFAKM22A";
        let cookie = format!("{signed}; Domain={domain}; HttpOnly; Path={path}");
        assert_eq!(sent.set_cookie, Some(cookie));

        // A browser deletes a cookie only where it was set.
        context.start_fresh().unwrap();
        let (sent, _) = save(&interface, &config, &context, NoCompression).unwrap();
        let deletion = format!(
            "session=; Domain={domain}; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path={path}"
        );
        assert_eq!(sent.set_cookie, Some(deletion));
    }
}

/// A device keeps its contexts in a `static`. Were one not all zeros, its bytes would lie in the
/// program beside it.
#[test]
fn a_static_context_takes_no_room_in_the_program() {
    const MANY: usize = 64 << 20;
    static CONTEXT: Mutex<RequestContext<SecureCookieSession<MANY>>> =
        Mutex::new(RequestContext::new(SecureCookieSession::new()));
    assert_eq!(CONTEXT.lock().unwrap().opened(), Ok(Opened::FRESH));
    let program = std::env::current_exe().unwrap().metadata().unwrap().len();
    assert!(program < MANY as u64, "{program}");
}

#[test]
fn a_context_is_little_more_than_its_session() {
    const fn beside<const N: usize>() -> usize {
        size_of::<RequestContext<SecureCookieSession<N>>>() - size_of::<SecureCookieSession<N>>()
    }
    assert_eq!(beside::<64>(), beside::<4096>());
    // What came of opening, with its tag, and whether there was access.
    let outcome_and_access = size_of::<Opened>() + 2 * size_of::<usize>();
    assert!(beside::<64>() <= outcome_and_access, "{} > {outcome_and_access}", beside::<64>());
}

#[test]
fn no_cookie_is_trusted_while_the_clock_is_unset() {
    let unset: Frozen = clock_fn(|| Err(Error::ClockNotSet));
    let interface = SecureCookieSessionInterface::new(keys("dev"), unset);
    let opened = |config: &Config<'_>, header: &[u8]| {
        let context = open::<64>(&interface, config, header);
        assert!(context.peek().map_or(true, |session| session.is_empty()));
        context.opened()
    };
    let strict = Config::new();
    assert_eq!(opened(&strict, b""), Ok(Opened::FRESH));
    assert_eq!(opened(&strict, COOKIE), Err(Error::ClockNotSet));
    // A bad signature is not worth a look at the clock.
    assert_eq!(
        opened(&strict, b"session=eyJhIjoxfQ.ZVPxAA.x"),
        Ok(Opened::rejected(Error::BadTimeSignature))
    );
    let lenient = Config::new().unset_clock(UnsetClock::StartFresh);
    assert_eq!(opened(&lenient, COOKIE), Ok(Opened::rejected(Error::ClockNotSet)));

    // Nor is one written.
    for config in [&strict, &lenient] {
        let write = request(&interface, config, "", |context| {
            context.session().unwrap().insert("a", &1).unwrap();
        });
        assert_eq!(write, Err(Error::ClockNotSet));
    }
}

#[test]
fn the_clock_is_read_once_the_signature_holds() {
    struct Counting(Cell<u32>);
    impl Clock for Counting {
        fn now(&self) -> Result<UnixTime, Error> {
            self.0.set(self.0.get() + 1);
            now()
        }
    }
    let interface = SecureCookieSessionInterface::new(keys("dev"), Counting(Cell::new(0)));
    for (header, reads) in [(&b""[..], 0), (b"session=a.b.c", 0), (COOKIE, 1)] {
        request(&interface, &Config::new(), header, |_| {}).unwrap();
        assert_eq!(interface.clock().0.replace(0), reads);
    }
}

#[test]
fn a_lifetime_limits_every_session() {
    let opens = |lifetime: Lifetime, age: u64| {
        let clock = clock_fn(move || Ok(UnixTime::new(NOW + age, 999_999)));
        let interface = SecureCookieSessionInterface::new(keys("dev"), clock);
        let config = Config::new().permanent_session_lifetime(lifetime);
        open::<64>(&interface, &config, COOKIE).opened().unwrap().is_loaded()
    };
    assert!(opens(Lifetime::from_secs(5), 5));
    assert!(!opens(Lifetime::from_secs(5), 6));
    assert!(opens(Lifetime::from_micros(-1), 0));
    assert!(!opens(Lifetime::from_micros(-1), 1));
    assert!(opens(Lifetime::from_micros(5_999_999), 5));
    assert!(!opens(Lifetime::from_secs(-1), 0));
    // Flask takes `int()` of a double, which has no room for the fraction.
    assert_eq!(Lifetime::from_micros(17_179_869_184_999_999).whole_secs(), 17_179_869_184);
}

/// The cookies are Flask's own, made at `NOW`: by a host whose clock is ahead of ours, and then
/// by one whose clock is behind it.
#[test]
fn hosts_whose_clocks_differ_open_each_other_s_sessions() {
    let at = |secs: u64| clock_fn(move || Ok(UnixTime::from_secs(secs)));
    let signer = |skew_secs| TimestampSigner::new(keys("dev")).with_clock_skew_secs(skew_secs);
    let future = Opened::rejected(Error::SignatureFromFuture);
    // Whether it is a setting, the signer's or of both, it is the same; of both the larger counts.
    for (setting, of_signer, skew_secs) in [(0, 0, 0), (1, 0, 1), (0, 1, 1), (3, 1, 3), (1, 3, 3)] {
        let config = Config::new().clock_skew_secs(setting);
        let opened = |secs: u64| {
            let interface = SecureCookieSessionInterface::with_signer(signer(of_signer), at(secs));
            open::<64>(&interface, &config, COOKIE).opened().unwrap()
        };
        assert_eq!(opened(NOW - skew_secs), Opened::LOADED);
        assert_eq!(opened(NOW - skew_secs - 1), future);
        let lifetime_secs = 31 * 24 * 60 * 60;
        assert_eq!(opened(NOW + lifetime_secs), Opened::LOADED);
        assert_eq!(opened(NOW + lifetime_secs + 1), Opened::rejected(Error::SignatureExpired));

        // What is sent is what Flask sends at that moment, but for when the browser drops it.
        let interface = SecureCookieSessionInterface::with_signer(signer(of_signer), at(NOW + skew_secs));
        let sent = request(&interface, &config, "", |context| {
            context.session().unwrap().insert("a", &1).unwrap();
        });
        let flask = std::str::from_utf8(COOKIE).unwrap();
        assert_eq!(sent.unwrap().set_cookie.unwrap(), format!("{flask}; HttpOnly; Path=/"));
        let sent = request(&interface, &config, "", |context| {
            context.session().unwrap().set_permanent(true).unwrap();
        });
        assert_eq!(
            sent.unwrap().set_cookie.unwrap(),
            format!(
                "session=eyJfcGVybWFuZW50Ijp0cnVlfQ.ZVPxAA.kaOSDiiiE7WWJ1yA5l9WgTqXdLI; \
                 Expires=Fri, 15 Dec 2023 22:13:{} GMT; HttpOnly; Path=/",
                20 + skew_secs
            )
        );
    }

    // There is no time before 1970.
    let interface = SecureCookieSessionInterface::new(keys("dev"), at(5));
    let config = Config::new().clock_skew_secs(u64::MAX);
    let sent = request(&interface, &config, "", fill).unwrap().set_cookie.unwrap();
    assert!(sent.starts_with(&FILLED.replace("ZVPxAA", ".")), "{sent}");
    let header = sent.split(';').next().unwrap();
    assert_eq!(open::<64>(&interface, &config, header).opened(), Ok(Opened::LOADED));
}

#[test]
fn the_limit_on_cookies_is_exact() {
    let save = |config: &Config<'_>, len: usize| {
        let interface = flask();
        let mut context = open::<8192>(&interface, config, "");
        context.session().unwrap().insert("a", &"x".repeat(len)).unwrap();
        let mut scratch = NoCompression;
        let saved = context.save(&interface, config, &mut scratch)?;
        let cookie = saved.set_cookie.as_ref().unwrap();
        assert_eq!(cookie.len_bytes(), cookie.to_string().len());
        Ok((cookie.len_bytes(), saved.oversize_len_bytes))
    };
    let strict = Config::new();
    // Three bytes of JSON are four of base64; the attributes are 18 and the rest of the value 43.
    let (len, oversize) = save(&strict, 3001).unwrap();
    assert_eq!((len, oversize), (4073, None));
    let exact = strict.max_cookie_size(4073);
    assert_eq!(save(&exact, 3001), Ok((4073, None)));
    let small = strict.max_cookie_size(4072);
    assert_eq!(save(&small, 3001), Err(Error::CookieTooLarge { len_bytes: 4073, limit_bytes: 4072 }));
    let warn = small.oversize_cookie(OversizeCookie::Warn);
    assert_eq!(save(&warn, 3001), Ok((4073, Some(4073))));
    let unlimited = strict.max_cookie_size(0);
    assert_eq!(save(&unlimited, 6000).unwrap().1, None);
    assert_eq!(
        Error::CookieTooLarge { len_bytes: 4073, limit_bytes: 4072 }.to_string(),
        "the cookie has 4073 bytes, 1 more than the limit of 4072"
    );
}

#[test]
fn a_session_that_fills_its_room_is_saved_and_opens_again() {
    let (interface, config) = (flask(), Config::new());
    // 32 bytes of JSON: each é has six.
    let mut context = open::<32>(&interface, &config, "");
    context.session().unwrap().insert("a", &"éééé").unwrap();
    let mut scratch = NoCompression;
    let saved = context.save(&interface, &config, &mut scratch).unwrap();
    let header = format!("session={}", saved.set_cookie.unwrap().value);
    let mut context = open::<32>(&interface, &config, header.as_str());
    assert_eq!(context.session().unwrap().get_as::<&str>("a"), Ok(Some("éééé")));
}

#[test]
fn compression_is_lent_and_byte_identical() {
    let interface = flask().with_compression();
    let config = Config::new();
    let mut scratch = DeflateScratch::<64>::new();
    let mut context = open::<256>(&interface, &config, "");
    context.session().unwrap().insert("a", &"x".repeat(40)).unwrap();
    let cookie = context.save(&interface, &config, &mut scratch).unwrap().set_cookie.unwrap();
    assert!(cookie.value.is_compressed());
    assert_eq!(format!("{:?}", cookie.value), "SessionCookie(Some(Token { is_compressed: true, .. }))");
    assert_eq!(
        cookie.to_string(),
        "session=.eJyrVkpUslKqIBIo1QIA60QU3A.ZVPxAA.xqov-YusTVN473lt7cd7PlJ_On4; HttpOnly; Path=/"
    );

    // More text than scratch is an error, never a cookie of another kind.
    let mut context = open::<256>(&interface, &config, "");
    context.session().unwrap().insert("a", &"x".repeat(57)).unwrap();
    let error = context.save(&interface, &config, &mut scratch).unwrap_err();
    assert_eq!(error, Error::Capacity { needed_bytes: 65, capacity_bytes: 64 });
}

#[test]
fn a_quoted_cookie_is_read_as_werkzeug_reads_it() {
    for header in [
        &br#"session="eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk""#[..],
        br#"session="\145yJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7h\k""#,
    ] {
        request(&flask(), &Config::new(), header, |context| {
            assert_eq!(context.session().unwrap().get_as::<u8>("a"), Ok(Some(1)));
        })
        .unwrap();
    }
}

/// Where there are escapes, the value is written into the session's memory without them.
#[test]
fn a_quoted_cookie_with_escapes_needs_room_beside_its_text() {
    fn opened<const N: usize>(header: &str) -> Result<Opened, Error> {
        open::<N>(&flask(), &Config::new(), header).opened()
    }
    // 45 bytes, and 7 of JSON.
    let header = r#"session="eyJhIjoxfQ\056ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk""#;
    assert_eq!(opened::<60>(header), Ok(Opened::LOADED));
    let full = Error::Capacity { needed_bytes: 45 + 7, capacity_bytes: 50 };
    assert_eq!(opened::<50>(header), Err(full));
    // One that does not fit is no session, and not an error: nobody signed it.
    assert_eq!(opened::<40>(header), Ok(Opened::rejected(Error::BadSignature)));
}

#[test]
fn text_that_would_break_the_header_is_refused() {
    let (in_name, in_domain) = ("SESSION_COOKIE_NAME", "SESSION_COOKIE_DOMAIN");
    let config = Config::new();
    for (config, setting) in [
        (config.session_cookie_name("session\r\nX: y"), in_name),
        (config.session_cookie_domain("a\nb"), in_domain),
        (config.session_cookie_name("a;b"), in_name),
    ] {
        for handler in
            [|session: &mut Session| session.insert("a", &1), |session: &mut Session| session.clear()]
        {
            let sent = request(&flask(), &config, "", |context| handler(context.session().unwrap()).unwrap());
            assert_eq!(sent, Err(Error::InvalidConfig { setting }));
        }
    }
}

const IN_NAME: &str = "SESSION_COOKIE_NAME";
const IN_SECURE: &str = "SESSION_COOKIE_SECURE";
const IN_DOMAIN: &str = "SESSION_COOKIE_DOMAIN";
const IN_PATH: &str = "SESSION_COOKIE_PATH";

/// Settings with which nobody could log in, and what is to be mended.
fn refused() -> Vec<(Config<'static>, &'static str)> {
    let config = Config::new();
    let secure = config.session_cookie_secure(true);
    let no_path = |mut config: Config<'static>| {
        config.application_root = None;
        config
    };
    let of_host = |config: Config<'static>| config.session_cookie_name("__Host-session");
    let names = ["", "my session", " session", "session ", "a=b", "a\"b", "sitzung-für-alle", "日"];
    let domains = [
        "http://example.com",
        "https://example.com:443/",
        "example.com/",
        "example.com/app",
        "*.example.com",
        "*",
        "[::1]",
        "::1",
        "user@example.com",
        "a b.example.com",
        "example.com,example.org",
        "example.com:http",
        "example%2ecom",
        "example.com?",
        "bücher.example",
    ];
    let names = names.map(|name| (config.session_cookie_name(name), IN_NAME));
    let domains = domains.map(|domain| (config.session_cookie_domain(domain), IN_DOMAIN));
    let others = [
        (of_host(config), IN_SECURE),
        (config.session_cookie_name("__HOST-session"), IN_SECURE),
        (config.session_cookie_name("__Secure-session"), IN_SECURE),
        (config.session_cookie_name("__secure-"), IN_SECURE),
        (config.session_cookie_samesite(SameSite::None), IN_SECURE),
        (of_host(secure).session_cookie_domain("example.com"), IN_DOMAIN),
        (of_host(secure).session_cookie_domain(".example.com"), IN_DOMAIN),
        (of_host(secure).session_cookie_path("/app"), IN_PATH),
        (of_host(secure).application_root("/app"), IN_PATH),
        (of_host(secure).application_root(""), IN_PATH),
        (no_path(of_host(secure)), IN_PATH),
        (of_host(config).session_cookie_partitioned(true).session_cookie_path("/app"), IN_PATH),
    ];
    names.into_iter().chain(domains).chain(others).collect()
}

#[test]
fn a_cookie_that_browsers_refuse_is_an_error_at_the_start_and_when_it_is_made() {
    for (config, setting) in refused() {
        let error = Err(Error::InvalidConfig { setting });
        assert_eq!(config.check(), error, "{config:?}");
        for handler in
            [|session: &mut Session| session.insert("a", &1), |session: &mut Session| session.clear()]
        {
            let sent = request(&flask(), &config, "", |context| handler(context.session().unwrap()).unwrap());
            assert_eq!(sent.map(|_| ()), error, "{config:?}");
        }
        // Who does not touch the session is served.
        let sent = request(&flask(), &config, "", |context| assert!(context.session().unwrap().is_empty()));
        assert_eq!(sent, Ok(Sent { set_cookie: None, vary: true }), "{config:?}");
    }
}

/// Flask 3.1.3 sends them.
#[test]
fn a_cookie_that_browsers_refuse_is_sent_where_that_is_asked_for() {
    let sent = |config: Config<'_>| {
        let config = config.refused_cookie(RefusedCookie::Send);
        assert_eq!(config.check(), Ok(()));
        let sent = request(&flask(), &config, "", |context| {
            context.session().unwrap().insert("a", &1).unwrap();
        });
        sent.unwrap().set_cookie.unwrap()
    };
    let config = Config::new();
    let token = "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk";
    for (config, name, attributes) in [
        (config.session_cookie_name("__Host-session"), "__Host-session", "HttpOnly; Path=/"),
        (config.session_cookie_name("a b"), "a b", "HttpOnly; Path=/"),
        (config.session_cookie_samesite(SameSite::None), "session", "HttpOnly; Path=/; SameSite=None"),
        (config.session_cookie_domain("http://example.com"), "session", "Domain=http; HttpOnly; Path=/"),
        (config.session_cookie_domain("*.example.com"), "session", "Domain=*.example.com; HttpOnly; Path=/"),
    ] {
        assert_eq!(sent(config), format!("{name}={token}; {attributes}"));
    }
    let all = refused().into_iter().filter(|(config, _)| {
        // What cannot be written into a header is not sent either.
        config.session_cookie_domain != Some("bücher.example")
    });
    assert!(all.map(|(config, _)| sent(config)).all(|cookie| cookie.contains(token)));
}

/// It would be as bad to refuse one with which a login works.
#[test]
fn a_cookie_that_browsers_keep_is_not_refused() {
    let config = Config::new();
    let secure = config.session_cookie_secure(true);
    let partitioned = config.session_cookie_partitioned(true);
    for config in [
        config,
        secure.session_cookie_name("__Host-session"),
        partitioned.session_cookie_name("__Host-session"),
        secure.session_cookie_name("__Host-session").application_root("/app").session_cookie_path("/"),
        secure.session_cookie_name("__Host-session").session_cookie_domain(""),
        secure.session_cookie_name("__Secure-session").session_cookie_domain("example.com"),
        secure.session_cookie_name("__Secure-session").session_cookie_path("/app"),
        secure.session_cookie_samesite(SameSite::None),
        // It is always sent with `Secure`, as Flask sends it.
        partitioned,
        partitioned.session_cookie_samesite(SameSite::None),
        config.session_cookie_samesite(SameSite::Lax).session_cookie_path("/app"),
        config.session_cookie_name("__Host").session_cookie_path("/app"),
        config.session_cookie_name("my__Secure-session"),
        config.session_cookie_name("!#$%&'()*+-./:<>?@[]^_`{|}~,\\"),
        config.session_cookie_domain("example.com"),
        config.session_cookie_domain(".example.com"),
        config.session_cookie_domain("LOCALHOST:5000"),
        config.session_cookie_domain("127.0.0.1"),
        config.session_cookie_domain("xn--bcher-kva.example"),
        config.session_cookie_domain("my_host.example.com."),
    ] {
        assert_eq!(config.check(), Ok(()), "{config:?}");
        let sent = request(&flask(), &config, "", fill).unwrap();
        assert!(sent.set_cookie.is_some());
    }
}

/// Only the finished cookie counts: here its name and path are the interface's.
#[test]
fn hooks_can_make_a_cookie_that_browsers_refuse_or_mend_it() {
    let sent = |config: &Config<'_>| request(&Subclass(flask()), config, "", fill);
    let config = Config::new().session_cookie_name("__Host-session");
    assert_eq!(config.check(), Err(Error::InvalidConfig { setting: IN_SECURE }));
    assert!(sent(&config).is_ok());
    assert_eq!(
        sent(&config.session_cookie_samesite(SameSite::None)),
        Err(Error::InvalidConfig { setting: IN_SECURE })
    );
}

#[test]
fn settings_are_checked_at_the_start() {
    let config = Config::new();
    for (config, setting) in [
        (config.session_cookie_name("a;b"), IN_NAME),
        (config.session_cookie_domain("a..b"), IN_DOMAIN),
        (config.permanent_session_lifetime(Lifetime::from_secs(i64::MAX)), "PERMANENT_SESSION_LIFETIME"),
        (config.permanent_session_lifetime(Lifetime::from_secs(5)).clock_skew_secs(6), "clock_skew_secs"),
        (config.permanent_session_lifetime(Lifetime::from_secs(-1)).clock_skew_secs(1), "clock_skew_secs"),
        (config.clock_skew_secs(u64::MAX), "clock_skew_secs"),
    ] {
        // Not for browsers' sake, so this changes nothing.
        for config in [config, config.refused_cookie(RefusedCookie::Send)] {
            assert_eq!(config.check(), Err(Error::InvalidConfig { setting }), "{config:?}");
        }
    }
    // Strange, and Flask's: a session for the rest of this second, or for none.
    for secs in [0, -1] {
        assert_eq!(config.permanent_session_lifetime(Lifetime::from_secs(secs)).check(), Ok(()));
    }
    assert_eq!(config.permanent_session_lifetime(Lifetime::from_secs(5)).clock_skew_secs(5).check(), Ok(()));
}

#[test]
fn an_empty_cookie_is_none() {
    for header in ["", "session=", "session", "session=\"\""] {
        request(&flask(), &Config::new(), header.as_bytes(), |context| {
            assert_eq!(context.opened(), Ok(Opened::FRESH), "{header}");
        })
        .unwrap();
    }
}

#[test]
fn an_opened_session_says_whether_there_were_more_cookies_of_its_name() {
    let opened = |headers: &'static [&'static [u8]]| {
        open::<64>(&flask(), &Config::new(), &Headers(headers)).opened().unwrap()
    };
    for single in [&[COOKIE][..], &[b"theme=dark", COOKIE, b"Session=x; sessions=x; b=\"session=x\""]] {
        assert!(opened(single).is_loaded() && !opened(single).has_duplicates());
    }
    for (headers, first) in [
        (&[COOKIE, b"session=left"][..], Opened::LOADED),
        (&[COOKIE, b"theme=dark; session"], Opened::LOADED),
        (&[b"session=left; theme=dark", COOKIE], Opened::rejected(Error::BadSignature)),
        // An empty one hides the others, as in Flask.
        (&[b"session=; session=x"], Opened::FRESH),
    ] {
        assert_eq!(opened(headers), first.with_duplicates(true), "{headers:?}");
        assert_eq!(opened(headers).rejection(), first.rejection());
        assert_eq!(opened(headers).is_loaded(), first.is_loaded());
    }
}

/// What a browser at `https://www.example.com/shop/` keeps: the value for each name, domain and
/// path, in the order in which it sends them. (RFC 6265, section 5.4: longer paths first, then
/// those that it has had for longer.)
#[derive(Default)]
struct Jar(Vec<([String; 3], String)>);

impl Jar {
    fn header(&self) -> String {
        let pairs = self.0.iter().map(|([name, ..], value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn take(&mut self, set_cookie: &str) {
        let (name, rest) = set_cookie.split_once('=').unwrap();
        let (value, attributes) = rest.split_once("; ").unwrap();
        let attribute = |name: &str| {
            let found = attributes.split("; ").find_map(|attribute| attribute.strip_prefix(name));
            found.unwrap_or_default().to_owned()
        };
        let place = [name.to_owned(), attribute("Domain="), attribute("Path=")];
        let is_deleted = attribute("Max-Age=") == "0";
        match self.0.iter().position(|(kept, _)| *kept == place) {
            Some(at) if is_deleted => drop(self.0.remove(at)),
            Some(at) => self.0[at].1 = value.to_owned(),
            None if is_deleted => {}
            None => {
                let is_longer = |other: &str| other.len() >= place[2].len();
                let at = self.0.iter().take_while(|([.., path], _)| is_longer(path)).count();
                self.0.insert(at, (place, value.to_owned()));
            }
        }
    }
}

/// The site set its cookie for the whole domain once, and once for `/shop` alone.
#[test]
fn leftovers_win_until_they_are_deleted() {
    let (interface, config) = (flask(), Config::new());
    let visit = |jar: &mut Jar, config: &Config<'_>, handler: fn(&mut RequestContext)| {
        let mut context = open::<256>(&interface, config, jar.header().as_str());
        handler(&mut context);
        let (sent, _) = save(&interface, config, &context, NoCompression).unwrap();
        sent.set_cookie.iter().for_each(|cookie| jar.take(cookie));
        context.opened().unwrap()
    };
    let log_in = |context: &mut RequestContext| context.session().unwrap().insert("user", "ada").unwrap();
    let log_out = |context: &mut RequestContext| assert!(context.start_fresh().is_ok());
    let leave = |context: &mut RequestContext| context.session().unwrap().insert("old", &true).unwrap();
    let is_logged_in = |jar: &Jar| {
        let context = open::<256>(&interface, &config, jar.header().as_str());
        context.peek().unwrap().contains("user")
    };
    let delete_leftovers = |jar: &mut Jar| {
        for (domain, path) in [(Some("example.com"), "/"), (None, "/shop")] {
            let deletion = config.leftover_deletion(domain, path);
            assert_eq!(deletion.check(), Ok(()));
            jar.take(&deletion.to_string());
        }
    };

    let mut jar = Jar::default();
    visit(&mut jar, &config.session_cookie_domain("example.com"), leave);
    assert!(!visit(&mut jar, &config, log_in).has_duplicates());
    assert!(!is_logged_in(&jar));
    assert!(visit(&mut jar, &config, log_in).has_duplicates());
    assert!(!is_logged_in(&jar));
    delete_leftovers(&mut jar);
    assert!(is_logged_in(&jar));
    assert_eq!(visit(&mut jar, &config, |_| {}), Opened::LOADED);

    // A login that is a leftover outlives every logout.
    visit(&mut jar, &config.session_cookie_path("/shop"), log_in);
    assert!(visit(&mut jar, &config, log_out).has_duplicates());
    assert!(is_logged_in(&jar));
    assert!(!visit(&mut jar, &config, log_out).has_duplicates());
    assert!(is_logged_in(&jar));
    delete_leftovers(&mut jar);
    assert!(!is_logged_in(&jar) && jar.0.is_empty());
}

#[test]
fn a_leftover_is_deleted_with_the_attributes_that_its_name_needs() {
    let config = Config::new().session_cookie_name("__Secure-s").session_cookie_partitioned(true);
    let config = config.session_cookie_samesite(SameSite::None).session_cookie_domain("example.com");
    let dated = "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; HttpOnly";
    assert_eq!(
        config.leftover_deletion(None, "/a").to_string(),
        format!("__Secure-s=; {dated}; Path=/a; SameSite=None; Partitioned")
    );
    let of_www = config.leftover_deletion(Some("www.example.com"), "/").to_string();
    assert!(
        of_www.starts_with(&format!("__Secure-s=; Domain=www.example.com; {dated}; Path=/;")),
        "{of_www}"
    );
}

#[test]
fn a_session_was_rejected_if_one_was_brought_and_not_accepted() {
    let error = Error::BadPayload(PayloadError::Base64);
    assert_eq!(Opened::rejected(error).rejection(), Some(error));
    for opened in [Opened::FRESH, Opened::LOADED, Opened::NULL] {
        assert_eq!(opened.rejection(), None);
    }
}

#[test]
fn nothing_prints_contents() {
    let interface = flask();
    let context = open::<64>(&interface, &Config::new(), COOKIE);
    for text in [format!("{interface:?}"), format!("{context:?}"), format!("{:?}", context.peek())] {
        assert!(!text.contains("dev") && !text.contains("\"a\""), "{text}");
    }
}

/// The cookie's value is a type of its own that can be named.
#[test]
fn the_value_says_whether_it_is_compressed() {
    fn is_compressed(value: &SessionCookie<'_>) -> bool {
        value.is_compressed()
    }
    let interface = flask();
    let config = Config::new();
    let mut context = open::<64>(&interface, &config, "");
    context.session().unwrap().insert("a", &1).unwrap();
    let mut scratch = NoCompression;
    let saved = context.save(&interface, &config, &mut scratch).unwrap();
    assert!(!is_compressed(&saved.set_cookie.unwrap().value));
}
