//! The known weaknesses of this class of software, one test each, with how it
//! fails once its guard is gone.
//!
//! The cookies are Flask's and itsdangerous' own (see
//! `tests/data/security/generate.py`). That no input takes long is measured in
//! `tests/bad_input.rs`.

mod common;

use std::fmt::Debug;

use common::VecSink;
use hipflask::{
    BadCookie, Clock, ClockFn, Config, Error, Opened, RequestContext, SecureCookieSession,
    SecureCookieSessionInterface, Session, SessionInterface, UnixTime, UnsetClock, clock_fn,
    cookie::{QuotedValue, SetCookie, find, parse_cookie},
    json::{Kind, MAX_DEPTH},
    signing::{
        Base64Reader, KeyDerivation, Keyring, NoCompression, Secrets, Signer, SigningKeys as _,
        TimestampSigner,
    },
};

const NOW: u64 = 1_700_000_000;
const SALT: &[u8] = Keyring::SESSION_SALT;
const COOKIES: &str = include_str!("data/security/cookies.txt");

/// The cookies of this name.
fn cookies(name: &str) -> impl Iterator<Item = &'static str> {
    COOKIES
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter(move |(is, _)| *is == name)
        .map(|(_, it)| it)
}

fn cookie(name: &str) -> &'static str {
    cookies(name).next().unwrap()
}

type Time = ClockFn<fn() -> Result<UnixTime, Error>>;
const CLOCK: Time = clock_fn(now);

fn now() -> Result<UnixTime, Error> {
    Ok(UnixTime::from_secs(NOW))
}

fn ring(current: &str, fallbacks: &[&[u8]]) -> Keyring {
    Keyring::from_source(&Secrets { current: current.as_bytes(), fallbacks }, SALT, KeyDerivation::Hmac)
        .unwrap()
}

type Interface = SecureCookieSessionInterface<Keyring, Time>;

fn flask() -> Interface {
    SecureCookieSessionInterface::new(ring("dev", &[]), CLOCK)
}

/// What came of one request.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    opened: Opened,
    set_cookie: Option<String>,
    vary: bool,
}

fn request(
    interface: &Interface,
    config: &Config<'_>,
    header: &[u8],
    handler: impl FnOnce(&mut RequestContext),
) -> Result<Answer, Error> {
    let mut context = RequestContext::new(SecureCookieSession::<8192>::new());
    context.open(interface, config, header);
    let opened = context.opened()?;
    handler(&mut context);
    let mut scratch = NoCompression;
    let saved = context.save(interface, config, &mut scratch)?;
    let set_cookie = saved.set_cookie.as_ref().map(ToString::to_string);
    Ok(Answer { opened, set_cookie, vary: saved.vary_cookie })
}

/// How Flask's interface opens a cookie.
fn open(cookie: &str) -> Result<Opened, Error> {
    request(&flask(), &Config::new(), format!("session={cookie}").as_bytes(), |_| {})
        .map(|answer| answer.opened)
}

fn is_refused(opened: Result<Opened, Error>) -> bool {
    opened.is_ok_and(|opened| opened.rejection().is_some_and(Error::is_bad_signature))
}

/// JSON text as a cookie that Flask would have signed.
fn signed(json: &str) -> String {
    let mut sink = VecSink::default();
    TimestampSigner::new(ring("dev", &[]))
        .sign(&base64(json.as_bytes()), UnixTime::from_secs(NOW), &mut sink)
        .unwrap();
    String::from_utf8(sink.0).unwrap()
}

/// base64url without padding.
fn base64(bytes: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let group = |three: &[u8]| {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | three.get(at).map_or(0, |byte| usize::from(*byte)));
        [18, 12, 6, 0].map(|shift| ALPHABET[bits >> shift & 63]).into_iter().take(three.len() + 1)
    };
    bytes.chunks(3).flat_map(group).collect()
}

// ---- keys

/// CVE-2025-47278: Flask 3.1.0 signed with the last fallback. With the order
/// turned round the new cookie has the signature of `old` or `oldest`.
#[test]
fn the_current_key_signs_and_all_keys_verify() {
    let interface = SecureCookieSessionInterface::new(ring("new", &[b"oldest", b"old"]), CLOCK);
    for name in ["rotated", "old", "oldest"] {
        let header = format!("session={}", cookie(name));
        let answer = request(&interface, &Config::new(), header.as_bytes(), |context| {
            assert_eq!(context.session().unwrap().get_as("a"), Ok(Some(1)));
            context.session().unwrap().set_modified(true);
        });
        let expected = format!("session={}; HttpOnly; Path=/", cookie("rotated"));
        assert_eq!(answer.unwrap().set_cookie, Some(expected));
    }
}

/// An empty key signs for anybody. Without the check on deriving, both the
/// cookies of the empty key open, and a session is not null.
#[test]
fn an_empty_key_neither_signs_nor_verifies() {
    let empty = cookies("weak-key").next().unwrap();
    let header = format!("session={empty}");
    let interface = SecureCookieSessionInterface::new(ring("dev", &[b"", b""]), CLOCK);
    let answer = request(&interface, &Config::new(), header.as_bytes(), |_| {});
    assert!(is_refused(answer.map(|answer| answer.opened)));

    for keys in [ring("", &[]), ring("", &[b""]), Keyring::from_derived_key(b"")] {
        assert!(!keys.has_current());
        let interface = SecureCookieSessionInterface::new(keys, CLOCK);
        let answer = request(&interface, &Config::new(), header.as_bytes(), |_| {}).unwrap();
        assert_eq!(answer.opened, Opened::NULL);
    }
}

/// Python takes a fallback that is a text for a list of one-character keys. If
/// a source were read that way, the cookies of `o`, `l` and `d` would open.
#[test]
fn a_text_is_one_fallback_and_not_one_for_each_character() {
    let interface = SecureCookieSessionInterface::new(ring("dev", &[b"old"]), CLOCK);
    for cookie in cookies("weak-key").skip(1) {
        let answer = request(&interface, &Config::new(), format!("session={cookie}").as_bytes(), |_| {});
        assert!(is_refused(answer.map(|answer| answer.opened)), "{cookie}");
    }
}

/// A cookie of another digest, derivation or salt, or of the algorithm `none`.
/// If the token chose the algorithm, or an empty signature matched, one opens.
#[test]
fn nothing_in_a_cookie_chooses_the_algorithm() {
    assert_eq!(cookies("confused").count(), 13);
    for cookie in cookies("confused") {
        assert!(is_refused(open(cookie)), "{cookie}");
    }
}

// ---- signatures

/// CVE-2025-57808: a comparison over the length of what the client sent. With
/// it (or with `starts_with`), the empty signature and every prefix pass.
#[test]
fn every_truncation_and_extension_of_a_signature_is_refused() {
    let (value, signature) = cookie("dev").rsplit_once('.').unwrap();
    for len in 0..signature.len() {
        assert!(is_refused(open(&format!("{value}.{}", &signature[..len]))), "{len} characters");
    }
    // Cut by bytes, so that what is left is canonical base64.
    let mac = Signer::new(ring("dev", &[])).signature(value.as_bytes()).unwrap();
    assert_eq!(base64(mac.as_bytes()), signature.as_bytes());
    for len in 0..mac.as_bytes().len() {
        let cut = String::from_utf8(base64(&mac.as_bytes()[..len])).unwrap();
        assert!(is_refused(open(&format!("{value}.{cut}"))), "{len} bytes");
        assert!(!mac.matches(&mac.as_bytes()[..len]));
    }
    for more in 1..80 {
        let long = [mac.as_bytes(), &vec![0; more]].concat();
        assert!(is_refused(open(&format!("{value}.{}", String::from_utf8(base64(&long)).unwrap()))));
    }
}

/// Flask takes all of these for the same cookie, so a cookie's text is no
/// identity there. With a lenient decoder of signatures they open.
#[test]
fn a_signature_has_one_spelling() {
    assert_eq!(cookies("spelling").count(), 10);
    for spelling in cookies("spelling") {
        assert!(is_refused(open(spelling)), "{spelling}");
        let signer = TimestampSigner::new(ring("dev", &[]));
        assert!(signer.unsign(spelling.as_bytes(), None, &CLOCK).is_err(), "{spelling}");
    }
    assert_eq!(open(cookie("dev")), Ok(Opened::LOADED));
}

/// CVE-2026-39324: what did not verify was decoded as if it had never been
/// signed. With such a fallback one of these is a session.
#[test]
fn nothing_unsigned_is_ever_a_session() {
    let payload = String::from_utf8(base64(br#"{"a":1}"#)).unwrap();
    let stamp = "ZVPxAA";
    let lenient = Config::new().bad_cookie(BadCookie::StartFresh).unset_clock(UnsetClock::StartFresh);
    for unsigned in [
        payload.clone(),
        "{}".into(),
        "null".into(),
        format!("{payload}."),
        format!("{payload}.."),
        format!("{payload}.{stamp}"),
        format!("{payload}.{stamp}."),
        format!("{payload}.{stamp}.AAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        format!(".{payload}.{stamp}.D3QXMI0ZQYNZDxORB__kVZyT7hk"),
        format!("{payload}.{payload}.{stamp}.D3QXMI0ZQYNZDxORB__kVZyT7hk"),
        ".eJyrVkpUslKqIBIo1QIA60QU3A".into(),
    ] {
        for config in [Config::new(), lenient] {
            let header = format!("session={unsigned}");
            let answer = request(&flask(), &config, header.as_bytes(), |context| {
                assert!(context.session().unwrap().is_empty(), "{unsigned}");
            });
            assert!(is_refused(answer.map(|answer| answer.opened)), "{unsigned}");
        }
    }
}

// ---- headers in

/// CVE-2023-23934: `=session=x` was read as a cookie called `session`. With
/// leading `=` skipped, it is found.
#[test]
fn a_nameless_cookie_has_no_name() {
    for prefix in ["=", "==", " = ", "a=b=;=", "\"\"=", "=\"", "x =\t=", "Session=", "__Host-="] {
        let header = format!("{prefix}session={}", cookie("dev"));
        assert_eq!(find(core::iter::once(header.as_bytes()), "session"), None, "{header}");
        let answer = request(&flask(), &Config::new(), header.as_bytes(), |_| {}).unwrap();
        assert_eq!(answer.opened, Opened::FRESH, "{header}");
    }
}

// ---- headers out

/// CVE-2023-30861: a refreshed cookie without `Vary`, kept by a shared cache.
/// With `Vary` on access only, the first answer has none.
#[test]
fn whatever_sets_a_cookie_varies() {
    let header = format!("session={}", cookie("permanent"));
    let refreshed = request(&flask(), &Config::new(), header.as_bytes(), |_| {}).unwrap();
    assert!(refreshed.vary && refreshed.set_cookie.is_some(), "{refreshed:?}");

    let header = format!("session={}", signed("[1]"));
    let config = Config::new().bad_cookie(BadCookie::StartFresh);
    let deleted = request(&flask(), &config, header.as_bytes(), |_| {}).unwrap();
    assert!(deleted.vary && deleted.set_cookie.is_some(), "{deleted:?}");
}

/// CVE-2026-27205: looking at keys alone did not count as access. If obtaining
/// the session did not count, all of these answers could be cached.
#[test]
fn every_look_at_the_session_varies() {
    let looks: [fn(&Session); 6] = [
        |session| assert!(session.contains("a")),
        |session| assert!(!session.contains("b")),
        |session| assert_eq!(session.len(), 1),
        |session| assert!(!session.is_empty()),
        |session| assert_eq!(session.iter().count(), 1),
        |session| assert!(!session.permanent()),
    ];
    for look in looks {
        let header = format!("session={}", cookie("dev"));
        let answer =
            request(&flask(), &Config::new(), header.as_bytes(), |context| look(context.session().unwrap()));
        assert!(answer.unwrap().vary);
    }
}

/// Header injection. Without `SetCookie::check`, the path's percent-encoding or
/// the value's quoting, a line or an attribute of the attacker's comes out.
#[test]
fn no_text_gets_a_header_or_an_attribute_of_its_own() {
    let texts =
        ["\r\nSet-Cookie: a=b", "\nx", "\rx", "\0", "\x1f", "\x7f", "; Domain=evil.example", ";", "\u{85}\r"];
    for text in texts {
        let dangerous = format!("x{text}");
        let config = Config::new();
        let attribute = |answer: Result<Answer, Error>| match answer {
            Ok(answer) => {
                let line = answer.set_cookie.unwrap();
                assert!(!line.chars().any(char::is_control), "{line:?}");
                assert!(line.split("; ").all(|part| !part.starts_with("Domain=")), "{line:?}");
                assert_eq!(line.matches(';').count(), 2, "{line:?}");
            }
            Err(error) => assert!(matches!(error, Error::InvalidConfig { .. }), "{error}"),
        };
        for config in [
            config.session_cookie_name(&dangerous),
            config.session_cookie_domain(&dangerous),
            config.session_cookie_path(&dangerous),
            config.application_root(&dangerous),
        ] {
            attribute(request(&flask(), &config, b"", |context| {
                context.session().unwrap().insert("a", &1).unwrap()
            }));
        }
        // What is in the session is base64 by then.
        attribute(request(&flask(), &config, b"", |context| {
            context.session().unwrap().insert(&dangerous, &dangerous).unwrap();
        }));
        let quoted = SetCookie::new("a", QuotedValue(&dangerous)).to_string();
        assert!(!quoted.contains(['\r', '\n', '\0']) && quoted.matches(';').count() == 1, "{quoted:?}");
    }
}

/// A signer's separator is written into the cookie. Without the check, `;` ends
/// the value there, a line feed the line, and 0xff makes `to_string` panic.
#[test]
fn no_separator_ends_the_cookie() {
    for separator in 0..=255 {
        let Ok(signer) = TimestampSigner::new(ring("dev", &[])).with_separator(separator) else { continue };
        let interface = SecureCookieSessionInterface::with_signer(signer, clock_fn(now as fn() -> _));
        let answer = request(&interface, &Config::new(), b"", |context| {
            context.session().unwrap().insert("a", &1).unwrap()
        });
        let Ok(answer) = answer else {
            assert_eq!(answer, Err(Error::InvalidConfig { setting: "sep" }));
            continue;
        };
        // It can be read back, so it is one cookie.
        let line = answer.set_cookie.unwrap();
        let header = line.strip_suffix("; HttpOnly; Path=/").unwrap();
        let answer = request(&interface, &Config::new(), header.as_bytes(), |_| {}).unwrap();
        assert_eq!(answer.opened, Opened::LOADED, "{separator}");
    }
}

/// Browsers drop a cookie that is too long, and with it a logout. Without the
/// check it is sent.
#[test]
fn an_oversize_cookie_is_an_error() {
    let answer = request(&flask(), &Config::new(), b"", |context| {
        context.session().unwrap().insert("a", &"x".repeat(4000)).unwrap();
    });
    assert!(matches!(answer, Err(Error::CookieTooLarge { limit_bytes: 4093, .. })), "{answer:?}");
}

/// Without a key there is nothing to sign with. If a null session were saved,
/// `save` would fail with `NoSecretKey` or send the deletion.
#[test]
fn a_null_session_is_never_saved() {
    let interface = SecureCookieSessionInterface::new(ring("", &[]), CLOCK);
    for header in [format!("session={}", cookie("dev")), String::new()] {
        let answer = request(&interface, &Config::new(), header.as_bytes(), |context| {
            assert!(context.session().unwrap().is_empty());
            assert_eq!(context.session().unwrap().insert("a", &1), Err(Error::NoSecretKey));
            context.session().unwrap().set_modified(true);
        });
        assert_eq!(answer.unwrap(), Answer { opened: Opened::NULL, set_cookie: None, vary: false });
    }
}

/// A session object used again must forget who it was. Without the reset the
/// second visitor reads what the first one wrote.
#[test]
fn a_session_object_forgets_its_last_request() {
    let (interface, config) = (flask(), Config::new());
    let null = SecureCookieSessionInterface::new(ring("", &[]), clock_fn(now as fn() -> _));
    let mut context = RequestContext::new(SecureCookieSession::<256>::new());
    let old = format!("session={}", cookie("dev"));
    for (next, header) in [(&interface, ""), (&interface, "session=x"), (&null, ""), (&interface, "session=")]
    {
        context.open(&interface, &config, old.as_str());
        context.session().unwrap().clear().unwrap();
        context.open(&interface, &config, old.as_str());
        assert!(context.peek().unwrap().contains("a") && !context.accessed());
        context.open(next, &config, header);
        let session = context.peek().unwrap();
        assert!(session.is_empty() && !session.modified(), "{header}");
    }
    // Nor is one that could not be opened the next one's.
    let bad = format!("session={}", signed("[1]"));
    context.open(&interface, &config, bad.as_str());
    assert!(context.opened().is_err());
    assert!(context.session().is_err());
    context.open(&interface, &config, old.as_str());
    assert!(context.peek().unwrap().contains("a") && !context.accessed());
    // Also where the interface is called without a context, or fails.
    let mut session = SecureCookieSession::<256>::new();
    interface.open_session(&config, old.as_str(), &mut session).unwrap();
    assert_eq!(null.open_session(&config, "", &mut session), Ok(Opened::NULL));
    assert!(session.is_empty());
    interface.open_session(&config, old.as_str(), &mut session).unwrap();
    interface.open_session(&config, bad.as_str(), &mut session).unwrap_err();
    assert!(session.is_empty());
}

// ---- time

/// A device that does not know the time. If `ClockNotSet` counted as the time
/// 0, or as fresh, the cookie would open.
#[test]
fn without_the_time_no_cookie_is_trusted_or_written() {
    let unset = SecureCookieSessionInterface::new(
        ring("dev", &[]),
        clock_fn((|| Err(Error::ClockNotSet)) as fn() -> _),
    );
    let header = format!("session={}", cookie("dev"));
    assert_eq!(request(&unset, &Config::new(), header.as_bytes(), |_| {}), Err(Error::ClockNotSet));
    let fresh = Config::new().unset_clock(UnsetClock::StartFresh);
    let answer = request(&unset, &fresh, header.as_bytes(), |_| {}).unwrap();
    assert_eq!(answer.opened, Opened::rejected(Error::ClockNotSet));
    let answer = request(&unset, &fresh, header.as_bytes(), |context| {
        context.session().unwrap().insert("a", &1).unwrap()
    });
    assert_eq!(answer, Err(Error::ClockNotSet));
}

/// A clock that is wrong. With a subtraction that wraps, the future is fresh;
/// without the date's bound, a cookie is written that nothing reads.
#[test]
fn a_wrong_clock_makes_no_cookie_valid() {
    const LIFETIME: u64 = 31 * 24 * 60 * 60;
    let header = format!("session={}", cookie("dev"));
    let future = Opened::rejected(Error::SignatureFromFuture);
    let expired = Opened::rejected(Error::SignatureExpired);
    let times: [(Time, Opened); 6] = [
        (clock_fn(|| Ok(UnixTime::from_secs(0))), future),
        (clock_fn(|| Ok(UnixTime::from_secs(NOW - 1))), future),
        (clock_fn(|| Ok(UnixTime::from_secs(NOW + LIFETIME))), Opened::LOADED),
        (clock_fn(|| Ok(UnixTime::from_secs(NOW + LIFETIME + 1))), expired),
        (clock_fn(|| Ok(UnixTime::from_secs(NOW + (1 << 63)))), expired),
        (clock_fn(|| Ok(UnixTime::new(u64::MAX, u32::MAX))), expired),
    ];
    for (time, expected) in times {
        let interface = SecureCookieSessionInterface::new(ring("dev", &[]), time);
        let opened = request(&interface, &Config::new(), header.as_bytes(), |_| {}).unwrap().opened;
        assert_eq!(opened, expected, "{:?}", time.now());
    }
    let late = SecureCookieSessionInterface::new(
        ring("dev", &[]),
        clock_fn((|| Ok(UnixTime::from_secs(u64::MAX))) as fn() -> _),
    );
    let answer = request(&late, &Config::new(), b"", |context| {
        context.session().unwrap().set_permanent(true).unwrap()
    });
    assert_eq!(answer, Err(Error::DateOutOfRange));
}

// ---- payloads

/// 1,000 to 1. Without the bound on the output it fills all memory.
#[test]
fn a_bomb_unfolds_to_the_session_s_size_at_most() {
    let header = format!("session={}", cookie("bomb"));
    assert!(header.len() < 1500);
    let mut session = SecureCookieSession::<4096>::new();
    let error = flask().open_session(&Config::new(), header.as_str(), &mut session).unwrap_err();
    assert!(matches!(error, Error::Capacity { capacity_bytes: 4096, .. }), "{error:?}");
    assert!(session.is_empty());
}

/// A stream in a stream. A reader that unpacks until nothing is packed any more
/// finds the session inside; Flask unpacks once.
#[test]
fn a_payload_is_unpacked_once() {
    assert_eq!(cookies("nested").count(), 3);
    for nested in cookies("nested") {
        assert!(matches!(open(nested), Err(Error::BadPayload(_))), "{nested}");
    }
}

/// Deep nesting. Without the limit it is a session that no recursive reader
/// survives; `tests/bad_input.rs` runs 2,000 levels on a small stack.
#[test]
fn nesting_ends_at_the_documented_depth() {
    let nested = |levels: usize| format!(r#"{{"a":{}1{}}}"#, "[".repeat(levels), "]".repeat(levels));
    assert_eq!(open(&signed(&nested(MAX_DEPTH - 1))), Ok(Opened::LOADED));
    assert_eq!(open(&signed(&nested(MAX_DEPTH))), Err(Error::Depth));
    assert_eq!(open(&signed(&nested(2000))), Err(Error::Depth));
}

/// Huge numbers. Without CPython's limit on digits a conversion takes quadratic
/// time; with a conversion that wraps, they are small numbers.
#[test]
fn a_huge_number_is_no_small_one() {
    let digits = |count| format!(r#"{{"a":{}}}"#, "9".repeat(count));
    assert!(matches!(open(&signed(&digits(4301))), Err(Error::BadPayload(_))));
    let texts = [digits(4300), digits(20), r#"{"a":18446744073709551617}"#.into()];
    for (text, float) in
        texts.iter().map(String::as_str).zip([f64::INFINITY, 1e20, 18446744073709551617.0]).chain([
            (r#"{"a":1e4000}"#, f64::INFINITY),
            (r#"{"a":-1E-4000}"#, -0.0),
            (r#"{"a":1e99999999999999999999}"#, f64::INFINITY),
        ])
    {
        let header = format!("session={}", signed(text));
        request(&flask(), &Config::new(), header.as_bytes(), |context| {
            let value = context.session().unwrap().get("a").unwrap();
            assert!(
                matches!((value.as_i64(), value.to::<u64>()), (None, Err(Error::WrongType { .. }))),
                "{text}"
            );
            let Kind::Number(number) = value.kind() else { panic!("{text}") };
            assert_eq!(number.as_f64().to_bits(), float.to_bits(), "{text}");
        })
        .unwrap();
    }
}

// ---- what is printed

/// A log is read by many. With a derived `Debug` one of these prints a secret,
/// a signature or what a session holds, as text or as numbers.
#[test]
fn nothing_prints_a_secret_a_signature_or_a_payload() {
    let secret = "dev";
    let token = cookie("dev").as_bytes();
    let (payload, signature) = (&token[..10], &token[token.len() - 27..]);
    let keys = ring(secret, &[b"dev"]);
    let mac = Signer::new(&keys).signature(&token[..17]).unwrap();
    let signer = TimestampSigner::new(&keys);
    let later = clock_fn(|| Ok(UnixTime::from_secs(NOW + 9)));
    let expired = signer.unsign(token, Some(1), &later).unwrap_err();
    let header = [b"session=", token].concat();
    let value = find(core::iter::once(&header[..]), "session").unwrap();
    let mut begun = signer.begin().unwrap();
    hipflask::signing::Mac::update(&mut begun, payload);
    let suffix = signer.finish(begun, UnixTime::from_secs(NOW)).unwrap();
    let (interface, config) = (flask(), Config::new());
    let mut context = RequestContext::new(SecureCookieSession::<64>::new());
    context.open(&interface, &config, &header[..]);
    context.session().unwrap().set_modified(true);
    let context_text = format!("{context:?} {:?}", context.peek());
    let mut scratch = NoCompression;
    let saved = context.save(&interface, &config, &mut scratch).unwrap();
    let signed = signer.unsign(token, None, &clock_fn(now)).unwrap();

    let mut held = SecureCookieSession::<64>::new();
    held.insert("a", &1).unwrap();
    let shown: [(&str, &dyn Debug); 16] = [
        ("Secrets", &Secrets { current: secret.as_bytes(), fallbacks: &[b"dev"] }),
        ("Keyring", &keys),
        ("Hmac", &keys.current().unwrap()),
        ("MacTag", &mac),
        ("Signer", &Signer::new(&keys)),
        ("TimestampSigner", &signer),
        ("SignatureSuffix", &suffix),
        ("SignatureError", &expired),
        ("Signed", &signed),
        ("CookieValue", &value),
        ("Cookies", &parse_cookie(&header)),
        ("Base64Reader", &Base64Reader::new(payload)),
        ("Session", &held),
        ("Saved", &saved),
        ("SessionCookie", &saved.set_cookie.as_ref().unwrap().value),
        ("SecureCookieSessionInterface", &interface),
    ];
    let texts = shown.into_iter().map(|(name, value)| (name, format!("{value:?} {value:#?}")));
    let context = [("RequestContext", context_text)];
    let texts: Vec<_> = texts.chain(context).collect();
    assert!(texts.iter().all(|(name, text)| text.starts_with(name)), "what a log is to tell: {texts:?}");
    for (name, text) in texts.into_iter().chain([("SignatureError, displayed", expired.to_string())]) {
        for bytes in [secret.as_bytes(), payload, signature, mac.as_bytes(), br#"{"a":1}"#, br#""a""#] {
            let numbers = format!("{bytes:?}");
            let hidden = !text.contains(&*String::from_utf8_lossy(bytes))
                && !text.contains(numbers.trim_matches(['[', ']']));
            assert!(hidden, "{name}: {text}");
        }
    }
}

/// What other middleware put there stays: a cache that lost one would mix up pages.
#[cfg(feature = "http")]
#[test]
fn vary_keeps_the_lines_that_are_there() {
    use hipflask::Response as _;

    let mut response = http::Response::builder()
        .header("Vary", "Accept")
        .header("Vary", http::HeaderValue::from_bytes(b"\xe9").unwrap())
        .header("Vary", "Origin, accept-language")
        .body(())
        .unwrap();
    response.add_vary("Cookie").unwrap();
    response.add_vary("cookie").unwrap();
    response.add_vary("ORIGIN").unwrap();
    let lines: Vec<&[u8]> = response.headers().get_all("vary").iter().map(|line| line.as_bytes()).collect();
    assert_eq!(lines, [&b"Accept"[..], b"\xe9", b"Origin, accept-language", b"Cookie"]);
}

/// A server that logs its headers, or keeps them in a compression table. Without
/// the mark, `Debug` prints the cookie.
#[cfg(feature = "http")]
#[test]
fn the_header_is_marked_as_sensitive() {
    use hipflask::Response as _;

    let mut response = http::Response::new(());
    response.add_set_cookie(&SetCookie::new("session", cookie("dev"))).unwrap();
    assert!(!format!("{response:?}").contains(cookie("dev")));
    assert!(response.headers()["set-cookie"].as_bytes().starts_with(b"session=ey"));
}
