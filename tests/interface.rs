//! `SessionInterface`, its default, its hooks, and the request's lifecycle.
//!
//! Expected cookies were made by Flask 3.1.3, with the attribute of the same
//! name replaced on a subclass of its `SecureCookieSessionInterface`.

use std::cell::Cell;

use hipflask::{
    App, BadCookie, Clock, Config, CookieSession, Error, Lifetime, NullSession, Opened, OversizeCookie,
    Request, RequestContext, Saved, SecureCookieSession, SecureCookieSessionInterface, Session,
    SessionInterface, SessionMap, SessionMixin, UnixTime, UnsetClock,
    cookie::SameSite,
    interface::SessionCookie,
    json::{Bytes, DateTime, TaggedJsonSerializer},
    signing::{KeyDerivation, Keyring, NoCompression, NoZlib, Sha1, SigningKeys},
    sink::Sink,
    zlib::{DeflateScratch, Scratch},
};

const NOW: u64 = 1_700_000_000;
const SALT: &[u8] = SecureCookieSessionInterface::SALT;
/// `{"a":1}`, signed with `dev` at `NOW`.
const COOKIE: &[u8] = b"session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk";

fn now() -> Result<UnixTime, Error> {
    Ok(UnixTime::from_secs(NOW))
}

type Frozen = fn() -> Result<UnixTime, Error>;

type FlaskContext<'a> = RequestContext<'a, [u8], SecureCookieSessionInterface<Keyring, Frozen>>;

fn keys(secret: &str) -> Keyring {
    Keyring::new(secret.as_bytes(), SALT, KeyDerivation::Hmac)
}

fn flask() -> SecureCookieSessionInterface<Keyring, Frozen> {
    SecureCookieSessionInterface::new(keys("dev"), now)
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

/// Runs one request.
fn request<R, I>(
    interface: &I,
    config: &Config<'_>,
    request: &R,
    handler: impl FnOnce(&mut RequestContext<'_, R, I>),
) -> Result<Sent, Error>
where
    R: Request + ?Sized,
    I: SessionInterface<R, Session = Session, Scratch = NoCompression>,
{
    let mut session = SecureCookieSession::<1024>::new();
    let mut context = RequestContext::begin(interface, config, request, &mut session)?;
    handler(&mut context);
    let mut scratch = NoCompression;
    let saved = context.finish(&mut scratch)?;
    // It can be displayed as often as one likes.
    assert_eq!(sent(&saved), sent(&saved));
    Ok(sent(&saved))
}

fn fill<R: Request + ?Sized, I: SessionInterface<R, Session = Session>>(
    context: &mut RequestContext<'_, R, I>,
) {
    context.session().insert("b", &(1, "é")).unwrap();
    context.session().insert("a", &Bytes::<1>::from_slice(&[0]).unwrap()).unwrap();
}

/// The cookie of a session that `fill` filled.
fn filled<K: SigningKeys>(interface: &SecureCookieSessionInterface<K, Frozen>) -> String {
    request(interface, &Config::new(), &b""[..], fill).unwrap().set_cookie.unwrap()
}

const FILLED: &str = "session=eyJhIjp7IiBiIjoiQUE9PSJ9LCJiIjp7IiB0IjpbMSwiXHUwMGU5Il19fQ.ZVPxAA";

#[test]
fn the_default_is_flask_s() {
    assert_eq!(filled(&flask()), format!("{FILLED}.nig0WyA1i-DJTXY0_tehIhtBUDw; HttpOnly; Path=/"));
}

#[test]
fn the_salt_can_be_replaced() {
    let keys: Keyring = Keyring::new(b"dev", b"other", KeyDerivation::Hmac);
    let interface = SecureCookieSessionInterface::new(keys, now as Frozen);
    assert_eq!(filled(&interface), format!("{FILLED}.hoPuTC-Uu6f22JVbDbfEIqZOoyM; HttpOnly; Path=/"));
}

#[test]
fn the_key_derivation_can_be_replaced() {
    let keys: Keyring = Keyring::new(b"dev", SALT, KeyDerivation::DjangoConcat);
    let interface = SecureCookieSessionInterface::new(keys, now as Frozen);
    assert_eq!(filled(&interface), format!("{FILLED}.KPUjK7t1JDBEVxUGw5N_s73TwoU; HttpOnly; Path=/"));
}

#[cfg(feature = "sha2")]
#[test]
fn the_digest_can_be_replaced() {
    let keys: Keyring<hipflask::signing::Sha256> = Keyring::from_secret(b"dev", SALT, KeyDerivation::Hmac);
    let interface = SecureCookieSessionInterface::new(keys, now as Frozen);
    let signature = "qmBaMAXeX-C_AKgpbJYzZ6ZFBAVu1HwfGNOtQ2l-SXc";
    assert_eq!(filled(&interface), format!("{FILLED}.{signature}; HttpOnly; Path=/"));
}

#[test]
fn the_serializer_can_be_replaced() {
    let interface = flask().with_serializer(TaggedJsonSerializer::plain());
    let cookie = "eyJiIjpbMSwiw6kiXX0.ZVPxAA.iTAyr88Mn7EE7eSX16lZLni0zhA";
    let saved = request(&interface, &Config::new(), &b""[..], |context| {
        context.session().insert("b", &(1, "é")).unwrap();
    });
    assert_eq!(saved.unwrap().set_cookie.unwrap(), format!("session={cookie}; HttpOnly; Path=/"));

    // And it reads what it wrote: to plain JSON a tuple is a list.
    let header = format!("session={cookie}");
    request(&interface, &Config::new(), header.as_bytes(), |context| {
        assert_eq!(context.session().get_as::<(u8, &str)>("b"), Ok(Some((1, "é"))));
    })
    .unwrap();
}

/// A session type of one's own: a counter that is a dict of one number.
#[derive(Default)]
struct Counter {
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

    fn modified(&self) -> bool {
        self.modified
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

    fn load(
        &mut self,
        serializer: TaggedJsonSerializer,
        fill: impl FnOnce(&mut [u8]) -> Result<usize, Error>,
    ) -> Result<(), Error> {
        let mut buffer = [0; 64];
        let len = fill(&mut buffer)?;
        let counted: Counted = serializer.loads(&mut buffer[..len])?.to().map_err(|_| Error::BadPayload)?;
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

#[test]
fn the_session_type_can_be_replaced() {
    let interface = flask().with_session::<Counter>();
    let config = Config::new();
    let mut header = String::new();
    for expected in 1..4 {
        let mut counter = Counter::default();
        let request = header.clone();
        let mut context =
            RequestContext::begin(&interface, &config, request.as_bytes(), &mut counter).unwrap();
        let counter = context.session();
        counter.count += 1;
        counter.modified = true;
        assert_eq!(counter.count, expected);
        let mut scratch = NoCompression;
        let saved = context.finish(&mut scratch).unwrap();
        header = format!("session={}", saved.set_cookie.unwrap().value);
    }
}

/// Overrides every hook once.
struct Hooked(SecureCookieSessionInterface<Keyring, Frozen>);

/// A request with a path, which the cookie's path is taken from.
struct Routed {
    cookies: Vec<&'static [u8]>,
    prefix: &'static str,
}

impl Request for Routed {
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
        self.cookies.iter().copied()
    }
}

impl SessionInterface<Routed> for Hooked {
    type Session = Session;
    type Scratch = NoCompression;
    type CookieValue<'a> = String;

    const PICKLE_BASED: bool = true;

    fn open_session(&self, app: App<'_, Routed>, session: &mut Session) -> Result<Opened, Error> {
        if app.request.prefix == "/null" {
            return Ok(Opened::Unavailable);
        }
        self.0.open_session(app, session)
    }

    fn save_session<'a>(
        &'a self,
        app: App<'a, Routed>,
        session: &'a Session,
        _accessed: bool,
        _: &'a mut NoCompression,
    ) -> Result<Saved<'a, String>, Error> {
        if session.is_empty() {
            return Saved::cookie(app.config, self.make_deletion(app, String::new()), 0);
        }
        if !self.should_set_cookie(app, session) {
            return Ok(Saved::nothing());
        }
        let mut cookie = self.make_cookie(app, "value".to_owned());
        cookie.expires = self.get_expiration_time(app, session, now()?)?;
        Saved::cookie(app.config, cookie, 5)
    }

    fn make_null_session(&self, _: App<'_, Routed>, session: &mut Session) {
        NullSession.make(session);
        session.set_modified(true);
    }

    fn is_null_session(&self, session: &Session) -> bool {
        session.is_null()
    }

    fn get_cookie_name<'a>(&'a self, _: App<'a, Routed>) -> &'a str {
        "hooked"
    }

    fn get_cookie_domain<'a>(&'a self, _: App<'a, Routed>) -> Option<&'a str> {
        Some("example.com")
    }

    fn get_cookie_path<'a>(&'a self, app: App<'a, Routed>) -> Option<&'a str> {
        Some(app.request.prefix)
    }

    fn get_cookie_httponly(&self, _: App<'_, Routed>) -> bool {
        false
    }

    fn get_cookie_secure(&self, _: App<'_, Routed>) -> bool {
        true
    }

    fn get_cookie_samesite(&self, _: App<'_, Routed>) -> Option<SameSite> {
        Some(SameSite::Strict)
    }

    fn get_cookie_partitioned(&self, _: App<'_, Routed>) -> bool {
        true
    }

    fn get_expiration_time(
        &self,
        _: App<'_, Routed>,
        _: &Session,
        _: UnixTime,
    ) -> Result<Option<DateTime>, Error> {
        Ok(DateTime::from_unix_secs(0))
    }

    fn should_set_cookie(&self, _: App<'_, Routed>, session: &Session) -> bool {
        session.contains("wanted")
    }
}

#[test]
fn every_hook_can_be_overridden() {
    let interface = Hooked(flask());
    let config = Config::new();
    let routed = Routed { cookies: vec![], prefix: "/tenant" };
    let saved = |handler: fn(&mut RequestContext<'_, Routed, Hooked>)| {
        request(&interface, &config, &routed, handler).unwrap().set_cookie
    };
    assert_eq!(
        saved(|context| context.session().insert("wanted", &1).unwrap()).unwrap(),
        "hooked=value; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; Path=/tenant; \
         SameSite=Strict; Partitioned"
    );
    // should_set_cookie says no.
    assert_eq!(saved(|context| context.session().insert("unwanted", &1).unwrap()), None);
    // It is not asked about a deletion.
    assert_eq!(
        saved(|context| context.session().clear().unwrap()).unwrap(),
        "hooked=; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; Path=/tenant; \
         SameSite=Strict; Partitioned"
    );

    // Its own null session, which is not saved even though it says it is modified.
    let null = Routed { cookies: vec![COOKIE], prefix: "/null" };
    let sent = request(&interface, &config, &null, |context| {
        assert!(context.session().modified());
        assert_eq!(context.session().insert("a", &1), Err(Error::NoSecretKey));
    });
    assert_eq!(sent.unwrap(), Sent { set_cookie: None, vary: false });
    const { assert!(<Hooked as SessionInterface<Routed>>::PICKLE_BASED) };
    const {
        type Flask = SecureCookieSessionInterface<Keyring, Frozen>;
        assert!(!<Flask as SessionInterface<[u8]>>::PICKLE_BASED);
    };
}

/// Overrides hooks and leaves the rest to Flask's interface, as a subclass does.
struct Subclass(SecureCookieSessionInterface<Keyring, Frozen>);

impl SessionInterface<[u8]> for Subclass {
    type Session = Session;
    type Scratch = NoCompression;
    type CookieValue<'a> = SessionCookie<'a>;

    fn open_session(&self, app: App<'_, [u8]>, session: &mut Session) -> Result<Opened, Error> {
        self.0.open_session_with(self, app, session)
    }

    fn save_session<'a>(
        &'a self,
        app: App<'a, [u8]>,
        session: &'a Session,
        accessed: bool,
        scratch: &'a mut NoCompression,
    ) -> Result<Saved<'a, SessionCookie<'a>>, Error> {
        self.0.save_session_with(self, app, session, accessed, scratch)
    }

    fn get_cookie_name<'a>(&'a self, _: App<'a, [u8]>) -> &'a str {
        "mine"
    }

    fn get_cookie_path<'a>(&'a self, _: App<'a, [u8]>) -> Option<&'a str> {
        Some("/tenant")
    }

    fn get_expiration_time(
        &self,
        _: App<'_, [u8]>,
        session: &Session,
        _: UnixTime,
    ) -> Result<Option<DateTime>, Error> {
        Ok(DateTime::from_unix_secs(0).filter(|_| session.contains("dated")))
    }

    fn should_set_cookie(&self, _: App<'_, [u8]>, session: &Session) -> bool {
        session.modified() && !session.contains("secret")
    }
}

#[test]
fn the_default_interface_asks_the_hooks_of_the_one_that_leaves_it_the_work() {
    let saved = |handler: fn(&mut Session)| {
        let cookie = &b"mine=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk"[..];
        let sent = request(&Subclass(flask()), &Config::new(), cookie, |context| {
            assert_eq!(context.opened(), Opened::Loaded);
            handler(context.session());
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
    let routed = Routed { cookies: vec![b"theme=dark", COOKIE, b"session=later"], prefix: "/" };
    request(&flask(), &Config::new(), &routed, |context| {
        assert_eq!(context.opened(), Opened::Loaded);
        assert_eq!(context.session().get_as::<u8>("a"), Ok(Some(1)));
    })
    .unwrap();
}

#[test]
fn without_a_key_the_session_is_null() {
    let interface = SecureCookieSessionInterface::new(keys(""), now as Frozen);
    let sent = request(&interface, &Config::new(), COOKIE, |context| {
        assert_eq!(context.opened(), Opened::Unavailable);
        assert!(context.session().is_null());
        assert!(context.session().is_empty());
        assert_eq!(context.session().insert("a", &1), Err(Error::NoSecretKey));
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
        let interface = SecureCookieSessionInterface::new(keys, now as Frozen);
        let mut opened = None;
        request(&interface, &Config::new(), COOKIE, |context| opened = Some(context.opened())).unwrap();
        opened.unwrap()
    }
    assert_eq!(opened(&Element(keys("dev"))), Opened::Loaded);
    assert_eq!(opened(&keys("dev")), Opened::Loaded);
    assert_eq!(opened(&keys("")), Opened::Unavailable);
    assert_eq!(opened(&Element(keys("other"))), Opened::Fresh(Some(Error::BadTimeSignature)));
}

#[test]
fn an_empty_fallback_lets_nobody_in() {
    // `{"a":1}`, signed with the empty key at NOW by itsdangerous.
    let forged: Keyring<Sha1> = {
        let mut keys = keys("dev");
        keys.push_fallback(b"", SALT, KeyDerivation::Hmac).unwrap();
        keys
    };
    let interface = SecureCookieSessionInterface::new(forged, now as Frozen);
    let cookie = b"session=eyJhIjoxfQ.ZVPxAA.gvPm4cFvXU0iqzVLZR7Ce5yuQh4";
    request(&interface, &Config::new(), &cookie[..], |context| {
        assert_eq!(context.opened(), Opened::Fresh(Some(Error::BadTimeSignature)));
    })
    .unwrap();
}

/// A session that is opened and not touched sends nothing; touched, it varies.
#[test]
fn obtaining_the_session_is_access_and_peeking_is_not() {
    let run =
        |handler: fn(&mut FlaskContext<'_>)| request(&flask(), &Config::new(), COOKIE, handler).unwrap();
    assert_eq!(run(|_| {}), Sent { set_cookie: None, vary: false });
    assert_eq!(run(|context| assert!(!context.peek().is_empty())), Sent { set_cookie: None, vary: false });
    assert_eq!(
        run(|context| {
            context.session();
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
    let config = Config { session_refresh_each_request: false, ..Config::new() };
    assert_eq!(
        request(&flask(), &config, &cookie[..], |_| {}).unwrap(),
        Sent { set_cookie: None, vary: false }
    );
}

/// A cookie whose signature holds around `payload`.
fn signed(payload: &[u8]) -> Vec<u8> {
    let signer = hipflask::signing::TimestampSigner::new(keys("dev"));
    let mut buffer = [0; 2048];
    let mut sink = hipflask::sink::SliceSink::new(&mut buffer);
    sink.write(b"session=").unwrap();
    signer.sign(payload, UnixTime::from_secs(NOW), &mut sink).unwrap();
    sink.written().to_vec()
}

#[test]
fn a_signed_cookie_that_does_not_decode_is_an_error_unless_told_otherwise() {
    for payload in [&b"bm90IGpzb24"[..], b".bm90IHpsaWI", b"", b"W10"] {
        let header = signed(payload);
        let error = request(&flask(), &Config::new(), &header[..], |_| {}).unwrap_err();
        assert_eq!(error, Error::BadPayload);

        let config = Config { bad_cookie: BadCookie::StartFresh, ..Config::new() };
        let sent = request(&flask(), &config, &header[..], |context| {
            assert_eq!(context.opened(), Opened::Fresh(Some(Error::BadPayload)));
            assert!(context.peek().is_empty());
        })
        .unwrap();
        assert_eq!(
            sent.set_cookie.unwrap(),
            "session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/"
        );
    }
}

/// zlib's bytes are those of Python's for `{"a":"x…x"}` with 40 of them.
#[test]
fn without_zlib_a_compressed_cookie_is_refused_by_name_and_all_others_are_as_before() {
    let config = Config::new();
    let compressed = signed(b".eJyrVkpUslKqIBIo1QIA60QU3A");
    let mut session = SecureCookieSession::<64>::new();
    let with_zlib = flask();
    let context = RequestContext::begin(&with_zlib, &config, &compressed[..], &mut session).unwrap();
    assert_eq!(context.peek().get_as("a"), Ok(Some(&*"x".repeat(40))));

    let interface = flask().with_compression::<NoZlib>();
    let error = RequestContext::begin(&interface, &config, &compressed[..], &mut session).unwrap_err();
    assert_eq!(error, Error::Compressed);

    let config = Config { bad_cookie: BadCookie::StartFresh, ..Config::new() };
    let mut context = RequestContext::begin(&interface, &config, &compressed[..], &mut session).unwrap();
    assert_eq!(context.opened(), Opened::Fresh(Some(Error::Compressed)));
    fill(&mut context);
    let mut scratch = NoZlib;
    let saved = context.finish(&mut scratch).unwrap();
    let written = saved.set_cookie.unwrap().to_string();
    assert_eq!(written, filled(&flask()));

    let header = written.split(';').next().unwrap().as_bytes();
    let context = RequestContext::begin(&interface, &config, header, &mut session).unwrap();
    assert_eq!(context.opened(), Opened::Loaded);
}

#[test]
fn a_session_larger_than_its_storage_is_an_error_that_says_so() {
    let interface = flask();
    let config = Config { bad_cookie: BadCookie::StartFresh, ..Config::new() };
    let mut session = SecureCookieSession::<8>::new();
    let error = RequestContext::begin(&interface, &config, COOKIE, &mut session).unwrap_err();
    assert_eq!(error, Error::Capacity { needed_bytes: 15, capacity_bytes: 8 });
    let mut session = SecureCookieSession::<6>::new();
    let error = RequestContext::begin(&interface, &config, COOKIE, &mut session).unwrap_err();
    assert_eq!(error, Error::Capacity { needed_bytes: 7, capacity_bytes: 6 });
}

/// `{"a":"éééé"}` has 16 bytes where letters stay as they are, and 32 in Flask's
/// spelling: it opens in a session of 24 bytes, and would not open again.
#[test]
fn what_would_not_open_again_is_not_saved() {
    let header = signed(b"eyJhIjoiw6nDqcOpw6kifQ");
    let config = Config::new();
    let mut session = SecureCookieSession::<24>::new();
    for modified in [false, true] {
        let interface = flask();
        let mut context = RequestContext::begin(&interface, &config, &header[..], &mut session).unwrap();
        assert_eq!(context.session().get_as("a"), Ok(Some("éééé")));
        context.session().set_modified(modified);
        let mut scratch = NoCompression;
        let saved = context.finish(&mut scratch).map(|saved| saved.set_cookie.is_some());
        let refused = Err(Error::Capacity { needed_bytes: 32, capacity_bytes: 24 });
        assert_eq!(saved, if modified { refused } else { Ok(false) });
    }
}

#[test]
fn no_cookie_is_trusted_while_the_clock_is_unset() {
    let unset: Frozen = || Err(Error::ClockNotSet);
    let interface = SecureCookieSessionInterface::new(keys("dev"), unset);
    let begin = |config: &Config<'_>, header: &[u8]| {
        let mut session = SecureCookieSession::<64>::new();
        let context = RequestContext::begin(&interface, config, header, &mut session)?;
        assert!(context.peek().is_empty());
        Ok(context.opened())
    };
    let strict = Config::new();
    assert_eq!(begin(&strict, b""), Ok(Opened::Fresh(None)));
    assert_eq!(begin(&strict, COOKIE), Err(Error::ClockNotSet));
    // A bad signature is not worth a look at the clock.
    assert_eq!(
        begin(&strict, b"session=eyJhIjoxfQ.ZVPxAA.x"),
        Ok(Opened::Fresh(Some(Error::BadTimeSignature)))
    );
    let lenient = Config { unset_clock: UnsetClock::StartFresh, ..Config::new() };
    assert_eq!(begin(&lenient, COOKIE), Ok(Opened::Fresh(Some(Error::ClockNotSet))));

    // Nor is one written.
    for config in [&strict, &lenient] {
        let write = request(&interface, config, &b""[..], |context| {
            context.session().insert("a", &1).unwrap();
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
    let open = |lifetime: Lifetime, age: u64| {
        let clock = move || Ok(UnixTime::new(NOW + age, 999_999));
        let interface = SecureCookieSessionInterface::new(keys("dev"), clock);
        let config = Config { permanent_session_lifetime: lifetime, ..Config::new() };
        let mut session = SecureCookieSession::<64>::new();
        RequestContext::begin(&interface, &config, COOKIE, &mut session).unwrap().opened() == Opened::Loaded
    };
    assert!(open(Lifetime::from_secs(5), 5));
    assert!(!open(Lifetime::from_secs(5), 6));
    assert!(open(Lifetime::from_micros(-1), 0));
    assert!(!open(Lifetime::from_micros(-1), 1));
    assert!(open(Lifetime::from_micros(5_999_999), 5));
    assert!(!open(Lifetime::from_secs(-1), 0));
    // Flask takes `int()` of a double, which has no room for the fraction.
    assert_eq!(Lifetime::from_micros(17_179_869_184_999_999).whole_secs(), 17_179_869_184);
}

#[test]
fn the_limit_on_cookies_is_exact() {
    let save = |config: &Config<'_>, len: usize| {
        let interface = flask();
        let mut session = SecureCookieSession::<8192>::new();
        let mut context = RequestContext::begin(&interface, config, &b""[..], &mut session).unwrap();
        context.session().insert("a", &"x".repeat(len)).unwrap();
        let mut scratch = NoCompression;
        let saved = context.finish(&mut scratch)?;
        let cookie = saved.set_cookie.as_ref().unwrap();
        assert_eq!(cookie.len_bytes(), cookie.to_string().len());
        Ok((cookie.len_bytes(), saved.oversize_len_bytes))
    };
    let strict = Config::new();
    // Three bytes of JSON are four of base64; the attributes are 18 and the rest of the value 43.
    let (len, oversize) = save(&strict, 3001).unwrap();
    assert_eq!((len, oversize), (4073, None));
    let exact = Config { max_cookie_size: 4073, ..strict };
    assert_eq!(save(&exact, 3001), Ok((4073, None)));
    let small = Config { max_cookie_size: 4072, ..strict };
    assert_eq!(save(&small, 3001), Err(Error::CookieTooLarge { len_bytes: 4073, limit_bytes: 4072 }));
    let warn = Config { oversize_cookie: OversizeCookie::Warn, ..small };
    assert_eq!(save(&warn, 3001), Ok((4073, Some(4073))));
    let unlimited = Config { max_cookie_size: 0, ..strict };
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
    let mut session = SecureCookieSession::<32>::new();
    let mut context = RequestContext::begin(&interface, &config, &b""[..], &mut session).unwrap();
    context.session().insert("a", &"éééé").unwrap();
    let mut scratch = NoCompression;
    let header = format!("session={}", context.finish(&mut scratch).unwrap().set_cookie.unwrap().value);
    let mut again = SecureCookieSession::<32>::new();
    let mut context = RequestContext::begin(&interface, &config, header.as_bytes(), &mut again).unwrap();
    assert_eq!(context.session().get_as::<&str>("a"), Ok(Some("éééé")));
}

#[test]
fn compression_is_lent_and_byte_identical() {
    let interface = flask().with_compression::<Scratch>();
    let config = Config::new();
    let mut session = SecureCookieSession::<256>::new();
    let mut scratch = DeflateScratch::<64>::new();
    let mut context = RequestContext::begin(&interface, &config, &b""[..], &mut session).unwrap();
    context.session().insert("a", &"x".repeat(40)).unwrap();
    let cookie = context.finish(&mut scratch).unwrap().set_cookie.unwrap();
    assert!(cookie.value.is_compressed());
    assert_eq!(format!("{:?}", cookie.value), "SessionCookie(Some(Token { is_compressed: true, .. }))");
    assert_eq!(
        cookie.to_string(),
        "session=.eJyrVkpUslKqIBIo1QIA60QU3A.ZVPxAA.xqov-YusTVN473lt7cd7PlJ_On4; HttpOnly; Path=/"
    );

    // More text than scratch is an error, never a cookie of another kind.
    let mut context = RequestContext::begin(&interface, &config, &b""[..], &mut session).unwrap();
    context.session().insert("a", &"x".repeat(57)).unwrap();
    let error = context.finish(&mut scratch).unwrap_err();
    assert_eq!(error, Error::Capacity { needed_bytes: 65, capacity_bytes: 64 });
}

#[test]
fn a_quoted_cookie_is_read_as_werkzeug_reads_it() {
    for header in [
        &br#"session="eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk""#[..],
        br#"session="\145yJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7h\k""#,
    ] {
        request(&flask(), &Config::new(), header, |context| {
            assert_eq!(context.session().get_as::<u8>("a"), Ok(Some(1)));
        })
        .unwrap();
    }
}

/// Where there are escapes, the value is written into the session's memory without them.
#[test]
fn a_quoted_cookie_with_escapes_needs_room_beside_its_text() {
    fn opened<const N: usize>(header: &str) -> Result<Opened, Error> {
        let (interface, config) = (flask(), Config::new());
        let mut session = SecureCookieSession::<N>::new();
        RequestContext::begin(&interface, &config, header, &mut session).map(|context| context.opened())
    }
    // 45 bytes, and 7 of JSON.
    let header = r#"session="eyJhIjoxfQ\056ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk""#;
    assert_eq!(opened::<60>(header), Ok(Opened::Loaded));
    let full = Error::Capacity { needed_bytes: 45 + 7, capacity_bytes: 50 };
    assert_eq!(opened::<50>(header), Err(full));
    // One that does not fit is no session, and not an error: nobody signed it.
    assert_eq!(opened::<40>(header), Ok(Opened::Fresh(Some(Error::BadSignature))));
}

#[test]
fn text_that_would_break_the_header_is_refused() {
    let (in_name, in_domain) = ("SESSION_COOKIE_NAME", "SESSION_COOKIE_DOMAIN");
    for (name, domain, setting) in
        [("session\r\nX: y", None, in_name), ("session", Some("a\nb"), in_domain), ("a;b", None, in_name)]
    {
        let config = Config { session_cookie_name: name, session_cookie_domain: domain, ..Config::new() };
        for handler in
            [|session: &mut Session| session.insert("a", &1), |session: &mut Session| session.clear()]
        {
            let sent = request(&flask(), &config, &b""[..], |context| handler(context.session()).unwrap());
            assert_eq!(sent, Err(Error::InvalidConfig { setting }));
        }
    }
}

#[test]
fn an_empty_cookie_is_none() {
    for header in ["", "session=", "session", "session=\"\"", "session=; session=x"] {
        request(&flask(), &Config::new(), header.as_bytes(), |context| {
            assert_eq!(context.opened(), Opened::Fresh(None), "{header}");
        })
        .unwrap();
    }
}

#[test]
fn a_session_was_rejected_if_one_was_brought_and_not_accepted() {
    assert_eq!(Opened::Fresh(Some(Error::BadPayload)).rejected(), Some(Error::BadPayload));
    for opened in [Opened::Fresh(None), Opened::Loaded, Opened::Unavailable] {
        assert_eq!(opened.rejected(), None);
    }
}

#[test]
fn nothing_prints_contents() {
    let interface = flask();
    let mut session = SecureCookieSession::<64>::new();
    let config = Config::new();
    let context = RequestContext::begin(&interface, &config, COOKIE, &mut session).unwrap();
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
    let mut session = SecureCookieSession::<64>::new();
    let mut context = RequestContext::begin(&interface, &config, &b""[..], &mut session).unwrap();
    context.session().insert("a", &1).unwrap();
    let mut scratch = NoCompression;
    let saved = context.finish(&mut scratch).unwrap();
    assert!(!is_compressed(&saved.set_cookie.unwrap().value));
}
