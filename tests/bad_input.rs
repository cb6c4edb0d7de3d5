//! Every byte string as a header, a cookie, a payload, a key, a setting or a
//! time: a typed error or an empty session, in bounded time, on a small stack.
//!
//! What is mutated are Flask's own cookies, from `tests/data/vectors.jsonl`.

mod common;
#[path = "bad_input/stored.rs"]
mod stored;
#[path = "bad_input/timing.rs"]
mod timing;

use common::{Random, TELLING, VecSink, mutated};
use hipflask::{
    Clock, ClockFn, Config, Error, Lifetime, Opened, OversizeCookie, RequestContext, SecureCookieSession,
    SecureCookieSessionInterface, Session, SessionInterface as _, UnixTime, clock_fn,
    json::MAX_DEPTH,
    signing::{
        Base64Reader, KeyDerivation, Keyring, NoCompression, Secrets, TimestampSigner, with_derived_key,
    },
    zlib::inflate,
};

const NOW: u64 = 1_700_000_000;
const SALT: &[u8] = Keyring::SESSION_SALT;

type Interface<'c> = SecureCookieSessionInterface<Keyring, &'c dyn Clock>;

fn now() -> Result<UnixTime, Error> {
    Ok(UnixTime::from_secs(NOW))
}

const CLOCK: ClockFn<fn() -> Result<UnixTime, Error>> = clock_fn(now);

fn interface(secret: &[u8]) -> Interface<'static> {
    SecureCookieSessionInterface::new(Keyring::new(secret, SALT, KeyDerivation::Hmac), &CLOCK)
}

/// Sessions of a small, a usual and a large size.
fn sessions() -> [Box<Session>; 3] {
    [
        Box::new(SecureCookieSession::<64>::new()),
        Box::new(SecureCookieSession::<2048>::new()),
        Box::new(SecureCookieSession::<40_000>::new()),
    ]
}

/// Opens a session, reads all of it, and checks what must always hold. Gives
/// its JSON text if there was one.
fn open(interface: &Interface<'_>, header: &[u8], session: &mut Session) -> Option<Vec<u8>> {
    match interface.open_session(&Config::new(), header, session) {
        Ok(opened) if opened.is_loaded() => {}
        Ok(Opened::NULL) => {
            assert!(session.is_empty() && session.is_null());
            return None;
        }
        Ok(opened) => {
            assert!(session.is_empty() && !session.modified());
            assert!(opened.rejection().is_none_or(Error::is_bad_signature), "{opened:?}");
            return None;
        }
        Err(Error::BadPayload(_) | Error::Depth | Error::Capacity { .. } | Error::DateOutOfRange) => {
            assert!(session.is_empty() && !session.modified());
            return None;
        }
        Err(error) => panic!("{error:?} for {:?}", String::from_utf8_lossy(header)),
    }
    let _ =
        (session.permanent(), format!("{:?}", session.iter().map(|(_, value)| value).collect::<Vec<_>>()));
    let mut text = VecSink::default();
    let Ok(()) = session.dump(&mut text);
    assert!(session.iter().count() == session.len() && session.iter().all(|(key, _)| session.contains(key)));
    Some(text.0)
}

fn header(cookie: &[u8]) -> Vec<u8> {
    [b"session=", cookie].concat()
}

/// A payload under a good signature, as a header.
fn signed(payload: &[u8]) -> Vec<u8> {
    let mut sink = VecSink(b"session=".to_vec());
    let keys: Keyring = Keyring::new(b"dev", SALT, KeyDerivation::Hmac);
    TimestampSigner::new(keys).sign(payload, UnixTime::from_secs(NOW), &mut sink).unwrap();
    sink.0
}

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// base64url without padding.
fn base64(bytes: &[u8]) -> Vec<u8> {
    let group = |three: &[u8]| {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | three.get(at).map_or(0, |byte| usize::from(*byte)));
        [18, 12, 6, 0].map(|shift| ALPHABET[bits >> shift & 63]).into_iter().take(three.len() + 1)
    };
    bytes.chunks(3).flat_map(group).collect()
}

fn packed(stream: &[u8]) -> Vec<u8> {
    [b".", &base64(stream)[..]].concat()
}

/// A cookie of the vectors, and the key it is for.
struct Real {
    secret: Vec<u8>,
    cookie: Vec<u8>,
    time: u64,
}

impl Real {
    /// What stands before the last two dots.
    fn payload(&self) -> &[u8] {
        let dots: Vec<usize> = (0..self.cookie.len()).filter(|at| self.cookie[*at] == b'.').collect();
        dots.len().checked_sub(2).map_or(&[], |last| &self.cookie[..dots[last]])
    }

    /// The zlib stream of a compressed payload.
    fn stream(&self) -> Option<Vec<u8>> {
        let mut stream = vec![0; self.cookie.len()];
        let len = Base64Reader::new(self.payload().strip_prefix(b".")?).read(&mut stream).ok()?;
        stream.truncate(len);
        Some(stream)
    }

    /// The JSON text.
    fn text(&self) -> Option<Vec<u8>> {
        let mut text = vec![0; 40_000];
        let len = match self.stream() {
            Some(stream) => inflate(&mut &stream[..], &mut text).ok()?,
            None => Base64Reader::new(self.payload()).read(&mut text).ok()?,
        };
        text.truncate(len);
        Some(text)
    }
}

fn bytes(value: &serde_json::Value) -> Option<Vec<u8>> {
    match value["hex"].as_str() {
        Some(hex) => {
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok()).collect()
        }
        None => value.as_str().map(|text| text.as_bytes().to_vec()),
    }
}

/// The cookies that the vectors open, by whatever key.
fn real() -> Vec<Real> {
    let real: Vec<Real> = include_str!("data/vectors.jsonl")
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .map(|case| case["req"].clone())
        .filter_map(|asked| {
            let time = asked["time"].as_f64()? as u64;
            match asked["op"].as_str()? {
                "open" => {
                    let secret = bytes(asked["keys"].as_array()?.last()?)?;
                    Some(Real { secret, cookie: bytes(&asked["cookie"])?, time })
                }
                "open_session" => {
                    let cookie = bytes(&asked["cookie_header"])?.strip_prefix(b"session=")?.to_vec();
                    Some(Real { secret: bytes(&asked["config"]["SECRET_KEY"])?, cookie, time })
                }
                _ => None,
            }
        })
        .collect();
    assert!(real.len() > 100, "{}", real.len());
    real
}

// ---- what must hold

#[test]
fn a_mutated_cookie_is_no_session() {
    let real = real();
    let mut sessions = sessions();
    let mut random = Random(1);
    let mut opened = 0;
    for original in &real {
        let time = clock_fn(|| Ok(UnixTime::from_secs(original.time)));
        let keys = Keyring::new(&original.secret, SALT, KeyDerivation::Hmac);
        let interface: Interface<'_> = SecureCookieSessionInterface::new(keys, &time);
        let opens = open(&interface, &header(&original.cookie), &mut sessions[2]).is_some();
        opened += usize::from(opens);
        for _ in 0..40 {
            let other = &real[random.below(real.len())].cookie;
            let mutant = mutated(&mut random, &original.cookie, other);
            // Some mutations change nothing that counts, such as a space at the end.
            let header = header(&mutant);
            let value = hipflask::cookie::find(core::iter::once(&header[..]), "session");
            let value: Vec<u8> = value.map(|value| value.unquoted().collect()).unwrap_or_default();
            let is_new = opens && real.iter().all(|real| real.cookie != value);
            for session in &mut sessions {
                // The vectors have damaged cookies too, which a mutation may repair.
                let loaded = open(&interface, &header, session).is_some();
                assert!(!loaded || !is_new, "{}", value.escape_ascii());
            }
        }
    }
    assert!(opened > 20, "{opened}");
}

#[test]
fn any_header_is_read() {
    let mut sessions = sessions();
    let mut random = Random(2);
    let interface = interface(b"dev");
    for _ in 0..20_000 {
        let mut header: Vec<u8> = if random.below(2) == 0 { b"session=".to_vec() } else { Vec::new() };
        let any = random.below(2) == 0;
        header.extend(
            (0..random.below(200)).map(|_| if any { random.below(256) as u8 } else { random.pick(TELLING) }),
        );
        let session = random.below(3);
        assert_eq!(open(&interface, &header, &mut sessions[session]), None);
    }
}

#[test]
fn any_payload_under_a_good_signature_is_an_error_or_comes_back() {
    let real = real();
    let mut sessions = sessions();
    let mut random = Random(3);
    let interface = interface(b"dev");
    let texts: Vec<Vec<u8>> = real.iter().filter_map(Real::text).collect();
    assert!(texts.len() > 60, "{}", texts.len());
    let mut loaded = 0;
    for round in 0..6_000 {
        let original = &real[random.below(real.len())];
        let payload = match round % 3 {
            0 => {
                let other = random.below(real.len());
                mutated(&mut random, original.payload(), real[other].payload())
            }
            1 => {
                let (one, other) = (random.below(texts.len()), random.below(texts.len()));
                base64(&mutated(&mut random, &texts[one], &texts[other]))
            }
            _ => (0..random.below(300)).map(|_| random.pick(ALPHABET)).collect(),
        };
        for session in &mut sessions {
            let Some(text) = open(&interface, &signed(&payload), session) else { continue };
            loaded += 1;
            // What a session writes it reads again, to the byte, unless the
            // text was shorter in another writer's spelling.
            let again = open(&interface, &signed(&base64(&text)), session);
            assert!(
                again.is_none() == (text.len() > session.capacity_bytes())
                    && again.is_none_or(|again| again == text)
            );
        }
    }
    assert!(loaded > 150, "{loaded}");
}

#[test]
fn a_damaged_stream_is_refused_or_the_same_text() {
    let mut sessions = sessions();
    let interface = interface(b"dev");
    let mut random = Random(4);
    let streams: Vec<Vec<u8>> =
        real().iter().filter(|real| real.text().is_some()).filter_map(Real::stream).collect();
    assert!(streams.len() > 5, "{}", streams.len());
    for stream in streams.iter().filter(|stream| stream.len() < 1000) {
        let whole: Vec<_> =
            sessions.iter_mut().map(|session| open(&interface, &signed(&packed(stream)), session)).collect();
        for (session, whole) in sessions.iter_mut().zip(whole) {
            for len in 0..stream.len() {
                assert_eq!(open(&interface, &signed(&packed(&stream[..len])), session), None, "cut at {len}");
            }
            for _ in 0..150 {
                let mut flipped = stream.clone();
                let mut flip = |bytes: &mut [u8]| bytes[random.below(stream.len())] ^= 1 << random.below(8);
                flip(&mut flipped);
                let text = open(&interface, &signed(&packed(&flipped)), session);
                assert!(text.is_none() || text == whole);
                // Adler-32 finds each of these; of several flipped bits, zlib misses some too.
                flip(&mut flipped);
                open(&interface, &signed(&packed(&flipped)), session);
            }
        }
    }
}

#[test]
fn any_key_signs_or_says_why_not() {
    let mut random = Random(5);
    for len in (0..140).chain([255, 4096]) {
        let secret: Vec<u8> = (0..len).map(|_| random.below(256) as u8).collect();
        let salt: Vec<u8> = (0..random.below(80)).map(|_| random.below(256) as u8).collect();
        for derivation in
            [KeyDerivation::Hmac, KeyDerivation::DjangoConcat, KeyDerivation::Concat, KeyDerivation::None]
        {
            let derived =
                with_derived_key::<hipflask::signing::Sha1, _>(derivation, &secret, &salt, <[u8]>::to_vec);
            let secrets = Secrets { current: &secret, fallbacks: &[&salt] };
            let keys: Keyring = Keyring::from_source(&secrets, &salt, derivation).unwrap();
            let signer = TimestampSigner::new(keys);
            let mut sink = VecSink::default();
            let signed = signer.sign(b"a", UnixTime::from_secs(NOW), &mut sink);
            if len == 0 {
                assert_eq!(
                    (derived, signed.map_err(Error::from)),
                    (Err(Error::NoSecretKey), Err(Error::NoSecretKey))
                );
                continue;
            }
            assert!(derived.is_ok_and(|key| !key.is_empty()));
            assert_eq!(signer.unsign(&sink.0, Some(0), &CLOCK).unwrap().payload, b"a");
        }
    }
}

#[test]
fn any_setting_gives_a_header_or_an_error() {
    let mut random = Random(6);
    let interface = interface(b"dev");
    let numbers = [i64::MIN, i64::MIN + 1, -1_000_001, -1, 0, 1, 1 << 40, 1 << 62, i64::MAX];
    for _ in 0..3000 {
        let texts: [String; 3] = core::array::from_fn(|_| {
            (0..random.below(70)).map(|_| char::from(random.pick(TELLING))).collect()
        });
        let number = random.pick(&numbers);
        let lifetime =
            if random.below(2) == 0 { Lifetime::from_secs(number) } else { Lifetime::from_micros(number) };
        let mut config = Config::new()
            .session_cookie_name(&texts[0])
            .permanent_session_lifetime(lifetime)
            .max_cookie_size(random.pick(&[0, 1, 90, 4093, usize::MAX]))
            .oversize_cookie(random.pick(&[OversizeCookie::Error, OversizeCookie::Warn]));
        config.session_cookie_domain = [None, Some(&*texts[1])][random.below(2)];
        config.session_cookie_path = [None, Some(&*texts[2])][random.below(2)];
        let mut context = RequestContext::new(SecureCookieSession::<256>::new());
        context.open(&interface, &config, "a=b");
        match random.below(3) {
            0 => context.session().unwrap().set_permanent(true).unwrap(),
            1 => context.session().unwrap().insert("a", &1).unwrap(),
            _ => context.session().unwrap().clear().unwrap(),
        }
        let mut scratch = NoCompression;
        match context.save(&interface, &config, &mut scratch) {
            Ok(saved) => {
                let cookie = saved.set_cookie.unwrap();
                let line = cookie.to_string();
                assert_eq!(line.len(), cookie.len_bytes());
                assert!(
                    !line.contains(|letter: char| letter.is_ascii_control() && letter != '\t'),
                    "{line:?}"
                );
                assert!(saved.oversize_len_bytes.is_none_or(|len| len == line.len()));
            }
            Err(Error::InvalidConfig { .. } | Error::CookieTooLarge { .. } | Error::DateOutOfRange) => {}
            Err(error) => panic!("{error:?} with {config:?}"),
        }
    }
}

#[test]
fn any_time_is_fresh_or_expired_or_out_of_range() {
    const YEAR_10000: u64 = 253_402_300_800;
    let edges = [0, 1, NOW, YEAR_10000, 1 << 32, 1 << 63, u64::MAX];
    let times: Vec<u64> =
        edges.into_iter().flat_map(|edge| [edge.wrapping_sub(1), edge, edge.wrapping_add(1)]).collect();
    let keys: Keyring = Keyring::new(b"dev", SALT, KeyDerivation::Hmac);
    let signer = TimestampSigner::new(&keys);
    for &signed_at in &times {
        let mut sink = VecSink::default();
        signer.sign(b"e30", UnixTime::new(signed_at, u32::MAX), &mut sink).unwrap();
        for &asked_at in &times {
            for max_age in [None, Some(i64::MIN), Some(-1), Some(0), Some(1), Some(i64::MAX)] {
                let clock = clock_fn(|| Ok(UnixTime::from_secs(asked_at)));
                let age = i128::from(asked_at) - i128::from(signed_at);
                let fits = max_age.is_none_or(|max_age| (0..=i128::from(max_age)).contains(&age));
                let expected = match (signed_at < YEAR_10000, fits) {
                    (false, _) => Err(Error::DateOutOfRange),
                    (true, false) if signed_at > asked_at => Err(Error::SignatureFromFuture),
                    (true, false) => Err(Error::SignatureExpired),
                    (true, true) => Ok(signed_at),
                };
                let answer = signer.unsign(&sink.0, max_age, &clock);
                let answer = answer.map(|signed| signed.timestamp_secs).map_err(|error| error.kind());
                assert_eq!(
                    answer, expected,
                    "signed at {signed_at}, asked at {asked_at}, max_age {max_age:?}"
                );
            }
        }
    }
}

// ---- the stack

/// The deepest nesting and the highest ratio on a stack of 64 KiB. A reader that
/// recurses, or that unpacks on the stack, ends the process here.
#[test]
fn a_stack_of_64_kib_is_enough() {
    let cookies = include_str!("data/security/cookies.txt").lines();
    let bomb = cookies.clone().find_map(|line| line.strip_prefix("bomb ")).unwrap();
    let nested = |open: &str, levels: usize, close: &str| {
        signed(&base64(format!("{{\"a\":{}1{}}}", open.repeat(levels), close.repeat(levels)).as_bytes()))
    };
    let headers = [
        header(bomb.as_bytes()),
        nested("[", 2000, "]"),
        nested("[", 2000, ""),
        nested("{\"a\":", 2000, "}"),
        nested("{\" t\":[", 2000, "]}"),
        nested("{\" di\":{\" t__\":", 2000, "}}"),
        nested("{\"b\":0,\"a\":", 2000, "}"),
    ];
    let deepest = [
        nested("[", MAX_DEPTH - 1, "]"),
        nested("{\"b\":0,\"a\":", MAX_DEPTH - 1, "}"),
        nested("{\" t\":[", (MAX_DEPTH - 1) / 2, "]}"),
    ];
    let mut small = RequestContext::new(SecureCookieSession::<4096>::new());
    let mut large = Box::new(RequestContext::new(SecureCookieSession::<40_000>::new()));
    let run = || {
        let (interface, config) = (interface(b"dev"), Config::new().max_cookie_size(0));
        for context in [&mut *small, &mut **large] {
            for header in &headers {
                context.open(&interface, &config, &header[..]);
                let opened = context.opened();
                assert!(
                    matches!(opened, Err(Error::Capacity { .. } | Error::Depth | Error::BadPayload(_))),
                    "{opened:?}"
                );
            }
            for header in &deepest {
                context.open(&interface, &config, &header[..]);
                assert_eq!(context.opened(), Ok(Opened::LOADED));
                context.session().unwrap().copy_value("a", "b").unwrap();
                let mut scratch = NoCompression;
                let saved = context.save(&interface, &config, &mut scratch).unwrap();
                assert!(saved.set_cookie.unwrap().len_bytes() > 2 * MAX_DEPTH);
            }
        }
    };
    std::thread::scope(|scope| {
        std::thread::Builder::new().stack_size(64 * 1024).spawn_scoped(scope, run).unwrap().join().unwrap();
    });
}
