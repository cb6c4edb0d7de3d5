//! The signers against itsdangerous' own answers (`tests/data/signing`), and
//! the rules those tables cannot show.

use std::{
    cell::{Cell, RefCell},
    convert::Infallible,
};

use hipflask::{
    Clock, Error, UnixTime, clock_fn,
    json::{SESSION_JSON_SERIALIZER, TaggedJsonSerializer},
    signing::{
        Base64Reader, Digest, KeyDerivation, Keyring, Mac, MacTag, SecretKeySource, Secrets, Sha1,
        SignatureError, Signer, SigningKeys, TimestampSigner, UrlSafeSerializer, UrlSafeTimedSerializer,
        with_derived_key,
    },
    sink::{CountSink, SliceSink, WriteError},
};
use serde_json::Value;

const SALT: &[u8] = b"cookie-session";
const NOW_SECS: u64 = 1_700_000_000;
const GOOD: &[u8] = b"eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk";

fn rows(table: &str) -> impl Iterator<Item = Value> {
    table.lines().map(|line| serde_json::from_str(line).unwrap())
}

fn text<'r>(row: &'r Value, field: &str) -> &'r str {
    row[field].as_str().unwrap()
}

fn latin1(text: &Value) -> Option<Vec<u8>> {
    text.as_str().map(|text| text.chars().map(|c| u8::try_from(c).unwrap()).collect())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn derivation(row: &Value) -> KeyDerivation {
    match text(row, "derivation") {
        "hmac" => KeyDerivation::Hmac,
        "django-concat" => KeyDerivation::DjangoConcat,
        "concat" => KeyDerivation::Concat,
        _ => KeyDerivation::None,
    }
}

fn ring(current: &str, fallbacks: &[&str]) -> Keyring {
    let fallbacks: Vec<&[u8]> = fallbacks.iter().map(|secret| secret.as_bytes()).collect();
    let secrets = Secrets { current: current.as_bytes(), fallbacks: &fallbacks };
    Keyring::from_source(&secrets, SALT, KeyDerivation::Hmac).unwrap()
}

fn at(secs: u64) -> impl Clock {
    clock_fn(move || Ok(UnixTime::from_secs(secs)))
}

/// A clock for calls that must not ask it.
fn nobody_asks() -> impl Clock {
    clock_fn(|| panic!("the clock was asked"))
}

fn signed_by<K: SigningKeys>(keys: K, value: &[u8]) -> Vec<u8> {
    let mut buffer = [0; 256];
    let mut sink = SliceSink::new(&mut buffer);
    Signer::new(keys).sign(value, &mut sink).unwrap();
    sink.written().to_vec()
}

/// Every row whose digest this build has, with that digest.
macro_rules! with_digest {
    ($row:expr, $check:ident) => {
        match text($row, "digest") {
            "sha1" => $check::<Sha1>($row),
            #[cfg(feature = "sha2")]
            "sha256" => $check::<hipflask::signing::Sha256>($row),
            #[cfg(feature = "sha2")]
            "sha384" => $check::<hipflask::signing::Sha384>($row),
            #[cfg(feature = "sha2")]
            "sha512" => $check::<hipflask::signing::Sha512>($row),
            _ => {}
        }
    };
}

#[test]
fn keys_are_derived_as_by_itsdangerous() {
    fn check<D: Digest>(row: &Value) {
        let secret = unhex(text(row, "secret"));
        let salt = text(row, "salt").as_bytes();
        let key = with_derived_key::<D, _>(derivation(row), &secret, salt, hex);
        assert_eq!(key.as_deref(), Ok(text(row, "key")), "{row}");
    }
    rows(include_str!("data/signing/derive.jsonl")).for_each(|row| with_digest!(&row, check));
}

#[test]
fn tokens_are_written_as_by_itsdangerous() {
    fn check<D: Digest>(row: &Value) {
        let keys = Keyring::<D>::from_secret(text(row, "secret").as_bytes(), b"my-salt", derivation(row));
        let derived =
            with_derived_key::<D, _>(derivation(row), text(row, "secret").as_bytes(), b"my-salt", |key| {
                Keyring::<D>::from_derived_key(key)
            });
        for keys in [&keys, &derived.unwrap()] {
            let separator = text(row, "sep").as_bytes()[0];
            let value = text(row, "value").as_bytes();
            let now = UnixTime::new(row["now"].as_u64().unwrap(), 999_999);
            let mut buffer = [0; 512];
            let mut sink = SliceSink::new(&mut buffer);
            let mut streamed = value.to_vec();
            if text(row, "kind") == "plain" {
                let signer = Signer::new(keys).with_separator(separator).unwrap();
                signer.sign(value, &mut sink).unwrap();
                let mut mac = signer.begin().unwrap();
                value.chunks(3).for_each(|part| mac.update(part));
                streamed.extend_from_slice(signer.finish(mac).unwrap().as_bytes());
                assert_eq!(signer.unsign(sink.written()), Ok(value));
            } else {
                let signer = TimestampSigner::new(keys).with_separator(separator).unwrap();
                signer.sign(value, now, &mut sink).unwrap();
                let mut mac = signer.begin().unwrap();
                value.chunks(3).for_each(|part| mac.update(part));
                streamed.extend_from_slice(signer.finish(mac, now).unwrap().as_bytes());
            }
            assert_eq!(sink.written(), text(row, "token").as_bytes(), "{row}");
            assert_eq!(streamed, text(row, "token").as_bytes(), "{row}");
        }
    }
    rows(include_str!("data/signing/sign.jsonl")).for_each(|row| with_digest!(&row, check));
}

#[test]
fn tokens_are_judged_as_by_itsdangerous() {
    for row in rows(include_str!("data/signing/unsign.jsonl")) {
        let secrets: Vec<&str> =
            row["keys"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
        let keys = match secrets.split_last() {
            Some((current, fallbacks)) => ring(current, fallbacks),
            None => ring("", &[]),
        };
        let token = latin1(&row["token"]).unwrap();
        let clock = at(row["now"].as_u64().unwrap());
        let answer = if text(&row, "kind") == "plain" {
            let answer = Signer::new(&keys).unsign(&token);
            assert_eq!(Signer::new(&keys).validate(&token), answer.is_ok(), "{row}");
            answer.map(|payload| (payload, None))
        } else {
            TimestampSigner::new(&keys)
                .unsign(&token, row["max_age"].as_i64(), &clock)
                .map(|signed| (signed.payload, Some(signed.timestamp_secs)))
        };
        match answer {
            Ok((payload, timestamp)) => {
                assert_eq!(
                    (row["ok"].as_bool(), Some(payload.to_vec())),
                    (Some(true), latin1(&row["payload"]))
                );
                assert_eq!(timestamp, row["timestamp"].as_u64(), "{row}");
            }
            Err(error) => {
                let kind = match error.kind() {
                    Error::BadSignature => "BadSignature",
                    Error::BadTimeSignature => "BadTimeSignature",
                    Error::SignatureExpired | Error::SignatureFromFuture => "SignatureExpired",
                    Error::DateOutOfRange => "DateOutOfRange",
                    other => panic!("{other}: {row}"),
                };
                assert_eq!(row["error"].as_str(), Some(kind), "{row}");
                assert_eq!(error.kind().is_expired(), kind == "SignatureExpired", "{row}");
                // With a limit below 0 both are true, and itsdangerous names the other one.
                if row["max_age"].as_i64().is_some_and(|max_age| max_age >= 0) {
                    let is_from_future = error.kind() == Error::SignatureFromFuture;
                    assert_eq!(is_from_future, row["future"].as_bool().unwrap_or(false), "{row}");
                }
                assert_eq!(error.payload().map(<[u8]>::to_vec), latin1(&row["payload"]), "{row}");
                assert_eq!(error.date_signed_secs(), row["date"].as_u64(), "{row}");
            }
        }
    }
}

#[test]
fn a_signature_has_one_spelling() {
    let signer_keys = ring("dev", &[]);
    let signer = TimestampSigner::new(&signer_keys);
    let unsign = |token: &[u8]| signer.unsign(token, None, &nobody_asks()).map(drop).map_err(Error::from);
    assert_eq!(unsign(GOOD), Ok(()));
    let from = GOOD.len() - 27;
    // Every truncation, down to the empty signature.
    for len in from..GOOD.len() {
        assert_eq!(unsign(&GOOD[..len]), Err(Error::BadTimeSignature));
    }
    // Every byte instead of every character: other signatures, junk, and other
    // spellings of this one (the last characters k, l, m and n differ in spare
    // bits only).
    for at in from..GOOD.len() {
        for byte in 0..=255 {
            let mut token = GOOD.to_vec();
            token[at] = byte;
            assert_eq!(unsign(&token).is_ok(), byte == GOOD[at], "{byte} at {at}");
        }
    }
    // Every byte between any two characters.
    for at in from..=GOOD.len() {
        for byte in 0..=255 {
            let mut token = GOOD.to_vec();
            token.insert(at, byte);
            assert!(unsign(&token).is_err(), "{byte} at {at}");
        }
    }
}

#[test]
fn an_empty_secret_neither_derives_nor_signs_nor_verifies() {
    let none = with_derived_key::<Sha1, _>(KeyDerivation::None, b"", SALT, <[u8]>::len);
    assert_eq!(none, Err(Error::NoSecretKey));
    // What itsdangerous signs, and accepts, with an empty secret.
    let forged = b"eyJhIjoxfQ.ZVPxAA.6wo0arvxaTT-IKoM0XpxUlqTs_Q";
    for keys in [ring("", &[]), ring("", &["", ""]), Keyring::from_derived_key(b"")] {
        assert!(!keys.has_current());
        let signer = TimestampSigner::new(&keys);
        assert_eq!(signer.begin().map(drop), Err(Error::NoSecretKey));
        let written = signer.sign(b"x", UnixTime::from_secs(0), &mut CountSink::default());
        assert_eq!(written, Err(WriteError::Source(Error::NoSecretKey)));
        assert_eq!(Signer::new(&keys).signature(b"x"), Err(Error::NoSecretKey));
        // Exactly as with a wrong key.
        let wrong = ring("wrong", &[]);
        for token in [&forged[..], GOOD, b"a.b", b"..", b""] {
            assert_eq!(
                signer.unsign(token, Some(1), &nobody_asks()),
                TimestampSigner::new(&wrong).unsign(token, Some(1), &nobody_asks())
            );
        }
    }
}

#[test]
fn rotation_signs_with_the_current_key_and_verifies_with_all() {
    let new = ring("new", &["oldest", "old"]);
    assert_eq!(signed_by(&new, b"v"), signed_by(ring("new", &[]), b"v"));
    for secret in ["new", "old", "oldest"] {
        assert_eq!(Signer::new(&new).unsign(&signed_by(ring(secret, &[]), b"v")), Ok(&b"v"[..]), "{secret}");
    }
    assert!(!Signer::new(&new).validate(&signed_by(ring("other", &[]), b"v")));
    // The fallback added last is tried first.
    let tag_of = |mac: Option<Result<_, Error>>| mac.map(|mac| Mac::finish(mac.unwrap()).unwrap());
    assert_eq!(tag_of(new.fallback(0)), tag_of(Some(ring("old", &[]).current())));
    assert_eq!(tag_of(new.fallback(1)), tag_of(Some(ring("oldest", &[]).current())));
    assert_eq!(tag_of(new.fallback(2)), None);
    // A ring that cannot sign still verifies.
    let only_old = ring("", &["old"]);
    assert!(Signer::new(&only_old).validate(&signed_by(ring("old", &[]), b"v")));
}

/// No type is named, and Flask's cookies open.
#[test]
fn sessions_keys_need_no_settings() {
    let keys = Keyring::for_sessions(b"dev");
    assert!(TimestampSigner::new(&keys).unsign(GOOD, Some(0), &at(NOW_SECS)).is_ok());
    let keys = Keyring::new(b"dev", Keyring::SESSION_SALT, KeyDerivation::Hmac);
    assert!(TimestampSigner::new(&keys).unsign(GOOD, Some(0), &at(NOW_SECS)).is_ok());

    let rotated = Secrets { current: b"new", fallbacks: &[b"oldest", b"dev"] };
    let keys = Keyring::for_sessions_from(&rotated).unwrap();
    assert!(TimestampSigner::new(&keys).unsign(GOOD, Some(0), &at(NOW_SECS)).is_ok());
    assert_eq!(signed_by(&keys, b"v"), signed_by(ring("new", &[]), b"v"));
    let error =
        Keyring::for_sessions_from(&Secrets { fallbacks: &[b"a", b"b", b"c"], ..rotated }).unwrap_err();
    assert_eq!(error, Error::TooManyFallbacks { limit: 2 });
    assert!(!Keyring::for_sessions(b"").has_current());
}

#[test]
#[cfg(feature = "alloc")]
fn shared_and_boxed_keys_are_keys() {
    fn is_right(keys: impl SigningKeys) -> bool {
        let signed = signed_by(&keys, b"v");
        keys.has_current() && Signer::new(keys).validate(&signed_by(ring("old", &[]), b"v")) && {
            signed == signed_by(ring("new", &[]), b"v")
        }
    }
    assert!(is_right(std::rc::Rc::new(ring("new", &["old"]))));
    assert!(is_right(std::sync::Arc::new(ring("new", &["old"]))));
    assert!(is_right(Box::new(ring("new", &["old"]))));
    let boxed: Box<dyn SigningKeys<Mac = <Keyring as SigningKeys>::Mac>> = Box::new(ring("new", &["old"]));
    assert!(is_right(boxed));
    assert!(!SigningKeys::has_current(&std::sync::Arc::new(ring("", &[]))));
}

#[test]
fn holders_of_derived_keys_rotate_too() {
    let derive = |secret: &[u8]| {
        with_derived_key::<Sha1, _>(KeyDerivation::Hmac, secret, SALT, <[u8]>::to_vec).unwrap()
    };
    let mut keys: Keyring = Keyring::from_derived_key(&derive(b"new"));
    keys.push_derived_fallback(&derive(b"old")).unwrap();
    assert_eq!(signed_by(&keys, b"v"), signed_by(ring("new", &[]), b"v"));
    assert!(Signer::new(&keys).validate(&signed_by(ring("old", &[]), b"v")));
    keys.push_fallback(b"older", SALT, KeyDerivation::Hmac).unwrap();
    assert!(Signer::new(&keys).validate(&signed_by(ring("older", &[]), b"v")));
}

#[test]
fn separators_that_a_signature_may_contain_are_refused() {
    let keys = ring("dev", &[]);
    for separator in 0..=255_u8 {
        // itsdangerous' `_base64_alphabet`.
        let taken = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=".contains(&separator);
        let plain = Signer::new(&keys).with_separator(separator).map(drop);
        let timed = TimestampSigner::new(&keys).with_separator(separator).map(drop);
        let expected = if taken { Err(Error::InvalidSeparator) } else { Ok(()) };
        assert_eq!((plain, timed), (expected, expected), "{separator}");
    }
}

#[test]
fn the_clock_is_asked_only_once_the_signature_holds_and_an_age_matters() {
    let keys = ring("dev", &[]);
    let signer = TimestampSigner::new(&keys);
    let unset = clock_fn(|| Err(Error::ClockNotSet));
    let mut damaged = GOOD.to_vec();
    damaged[20] ^= 1;
    let error = signer.unsign(&damaged, Some(1), &nobody_asks()).unwrap_err();
    assert_eq!(error.kind(), Error::BadTimeSignature);
    let signed = signer.unsign(GOOD, None, &nobody_asks()).unwrap();
    assert_eq!((signed.payload, signed.timestamp_secs), (&b"eyJhIjoxfQ"[..], NOW_SECS));
    assert_eq!(signer.unsign(GOOD, Some(1), &unset), Err(SignatureError::from(Error::ClockNotSet)));
    let asked = Cell::new(0);
    let counting = clock_fn(|| {
        asked.set(asked.get() + 1);
        Ok(UnixTime::new(NOW_SECS + 5, 999_999))
    });
    assert_eq!(signer.unsign(GOOD, Some(5), &counting), Ok(signed));
    assert_eq!(asked.get(), 1);
}

/// A token that Flask signed, for a clock that is behind Flask's.
#[test]
fn clock_skew_lets_through_the_near_future_and_lengthens_no_lifetime() {
    let keys = ring("dev", &[]);
    let signer = TimestampSigner::new(&keys);
    let kind = |signer: TimestampSigner<&Keyring>, max_age_secs, now_secs| {
        signer.unsign(GOOD, Some(max_age_secs), &at(now_secs)).map(drop).map_err(Error::from)
    };
    let lenient = signer.with_clock_skew_secs(10);
    assert_eq!((signer.clock_skew_secs(), lenient.clock_skew_secs()), (0, 10));
    assert_eq!(kind(signer, 60, NOW_SECS - 1), Err(Error::SignatureFromFuture));
    assert_eq!(kind(lenient, 60, NOW_SECS - 1), Ok(()));
    assert_eq!(kind(lenient, 0, NOW_SECS - 10), Ok(()));
    assert_eq!(kind(lenient, 60, NOW_SECS - 11), Err(Error::SignatureFromFuture));
    assert_eq!(kind(lenient, 60, NOW_SECS + 60), Ok(()));
    assert_eq!(kind(lenient, 60, NOW_SECS + 61), Err(Error::SignatureExpired));
    assert_eq!(kind(lenient, -1, NOW_SECS - 5), Err(Error::SignatureExpired));
    assert_eq!(kind(signer.with_clock_skew_secs(u64::MAX), 60, 0), Ok(()));
}

/// What is signed by a clock that is ahead of Flask's is what Flask, whose clock is
/// behind, signs itself at that moment. So it takes it: it is not from the future.
#[test]
fn clock_skew_dates_tokens_back_to_what_flask_signs() {
    let mut rows_of_now = 0;
    for row in rows(include_str!("data/signing/sign.jsonl")) {
        let now_secs = row["now"].as_u64().unwrap();
        if (text(&row, "kind"), text(&row, "digest")) != ("timed", "sha1") || now_secs == u64::MAX {
            continue;
        }
        rows_of_now += 1;
        let keys: Keyring = Keyring::new(text(&row, "secret").as_bytes(), b"my-salt", derivation(&row));
        for skew_secs in [1, 10] {
            let signer = TimestampSigner::new(&keys)
                .with_separator(text(&row, "sep").as_bytes()[0])
                .unwrap()
                .with_clock_skew_secs(skew_secs);
            let mut buffer = [0; 512];
            let mut sink = SliceSink::new(&mut buffer);
            let ahead = UnixTime::from_secs(now_secs + skew_secs);
            signer.sign(text(&row, "value").as_bytes(), ahead, &mut sink).unwrap();
            assert_eq!(sink.written(), text(&row, "token").as_bytes(), "{row}");
        }
    }
    assert_eq!(rows_of_now, 12);
    // There is no time before 1970.
    let keys = ring("dev", &[]);
    let stamp = |secs, skew_secs| {
        let mut buffer = [0; 64];
        let mut sink = SliceSink::new(&mut buffer);
        let signer = TimestampSigner::new(&keys).with_clock_skew_secs(skew_secs);
        signer.sign(b"x", UnixTime::from_secs(secs), &mut sink).unwrap();
        signer.unsign(sink.written(), None, &nobody_asks()).unwrap().timestamp_secs
    };
    assert_eq!((stamp(5, 5), stamp(5, 6), stamp(5, u64::MAX)), (0, 0, 0));
}

/// The token is what itsdangerous writes at `NOW_SECS`, of `[42, "é"]`.
#[test]
fn timed_tokens_follow_their_signers_clock_skew() {
    let keys = ring("dev", &[]);
    let signer = TimestampSigner::new(&keys).with_clock_skew_secs(3);
    let tokens = UrlSafeTimedSerializer::with_signer(signer, TaggedJsonSerializer::plain());
    let (mut scratch, mut out) = ([0; 64], [0; 128]);
    let mut sink = SliceSink::new(&mut out);
    tokens.dumps(&(42, "\u{e9}"), &at(NOW_SECS + 3), &mut scratch, &mut sink).unwrap();
    assert_eq!(sink.written(), b"WzQyLCLDqSJd.ZVPxAA.hkEI6WGy0dBTZ4mcXeDq0A8m7Qg");
    let mut load = |now_secs| {
        let loaded = tokens.loads(sink.written(), Some(1), &at(now_secs), &mut scratch);
        loaded.map(|loaded| loaded.timestamp_secs).map_err(Error::from)
    };
    assert_eq!(load(NOW_SECS - 3), Ok(NOW_SECS));
    assert_eq!(load(NOW_SECS - 4), Err(Error::SignatureFromFuture));
    assert_eq!(load(NOW_SECS + 2), Err(Error::SignatureExpired));
}

#[test]
fn a_sink_that_fails_is_told_from_keys_that_fail() {
    let keys = ring("dev", &[]);
    let mut buffer = [0; 20];
    let written = Signer::new(&keys).sign(b"value", &mut SliceSink::new(&mut buffer));
    assert!(matches!(written, Err(WriteError::Sink(Error::Capacity { capacity_bytes: 20, .. }))));
    assert!(Error::from(written.unwrap_err()).is_capacity());
    let never: WriteError<Infallible> = WriteError::Source(Error::NoSecretKey);
    assert_eq!(Error::from(never), Error::NoSecretKey);
}

/// Secrets read from somewhere that can fail.
struct Fuses {
    secret: Result<&'static [u8], Error>,
    fallbacks: &'static [&'static [u8]],
}

impl SecretKeySource for Fuses {
    fn with_current(&self, use_secret: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        use_secret(self.secret?);
        Ok(())
    }

    fn with_fallbacks(&self, use_secret: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        self.fallbacks.iter().for_each(|secret| use_secret(secret));
        Ok(())
    }
}

#[test]
fn a_source_may_fail_and_may_have_too_many() {
    let load = |secret, fallbacks| {
        Keyring::<Sha1, 1>::from_source(&Fuses { secret, fallbacks }, SALT, KeyDerivation::Hmac)
    };
    assert_eq!(load(Err(Error::MacUnavailable), &[]).unwrap_err(), Error::MacUnavailable);
    assert_eq!(load(Ok(b"a"), &[b"b", b"c", b""]).unwrap_err(), Error::TooManyFallbacks { limit: 1 });
    let keys = load(Ok(b"new"), &[b"", b"old", b""]).unwrap();
    assert!(Signer::new(&keys).validate(&signed_by(ring("old", &[]), b"v")));
    assert_eq!(signed_by(&keys, b"v"), signed_by(ring("new", &[]), b"v"));
}

/// A secure element with slots, that can be unplugged.
struct SecureElement {
    slots: Vec<Keyring>,
    plugged: Cell<bool>,
    started: RefCell<Vec<usize>>,
}

struct SlotMac {
    inner: <Keyring as SigningKeys>::Mac,
    alive: bool,
}

impl SecureElement {
    fn start(&self, slot: usize) -> Option<Result<SlotMac, Error>> {
        let keys = self.slots.get(slot)?;
        self.started.borrow_mut().push(slot);
        Some(keys.current().map(|inner| SlotMac { inner, alive: self.plugged.get() }))
    }
}

impl SigningKeys for SecureElement {
    type Mac = SlotMac;

    fn current(&self) -> Result<SlotMac, Error> {
        self.start(0).unwrap_or(Err(Error::NoSecretKey))
    }

    fn fallback(&self, index: usize) -> Option<Result<SlotMac, Error>> {
        self.start(index + 1)
    }
}

impl Mac for SlotMac {
    fn update(&mut self, bytes: &[u8]) {
        self.inner.update(bytes);
    }

    fn finish(self) -> Result<MacTag, Error> {
        if self.alive { self.inner.finish() } else { Err(Error::MacUnavailable) }
    }
}

#[test]
fn an_external_mac_plugs_in_and_may_fail() {
    let element = SecureElement {
        // Slot 2 was erased.
        slots: vec![ring("dev", &[]), ring("old", &[]), ring("", &[]), ring("oldest", &[])],
        plugged: Cell::new(true),
        started: RefCell::default(),
    };
    let signer = TimestampSigner::new(&element);
    let mut buffer = [0; 64];
    let mut sink = SliceSink::new(&mut buffer);
    signer.sign(b"eyJhIjoxfQ", UnixTime::from_secs(NOW_SECS), &mut sink).unwrap();
    assert_eq!(sink.written(), GOOD);

    element.started.take();
    assert!(Signer::new(&element).validate(&signed_by(ring("oldest", &[]), b"v")));
    assert_eq!(element.started.take(), [0, 1, 2, 3], "current first, then the fallbacks in order");
    assert!(signer.unsign(GOOD, Some(0), &at(NOW_SECS)).is_ok());
    assert_eq!(element.started.take(), [0], "the first match ends it");

    element.plugged.set(false);
    let unavailable = SignatureError::from(Error::MacUnavailable);
    assert_eq!(signer.unsign(GOOD, Some(0), &nobody_asks()), Err(unavailable));
    assert_eq!(Signer::new(&element).unsign(GOOD), Err(unavailable));
    assert_eq!((unavailable.payload(), unavailable.date_signed_secs()), (None, None));
    let mut count = CountSink::default();
    let written = signer.sign(b"x", UnixTime::from_secs(0), &mut count);
    assert_eq!(written, Err(WriteError::Source(Error::MacUnavailable)));
    assert_eq!(count.len_bytes(), 0, "nothing is written before the signature is known");
}

#[test]
fn errors_say_what_they_are() {
    let keys = ring("dev", &[]);
    let error = Signer::new(&keys).unsign(b"no separator").unwrap_err();
    assert_eq!(error.to_string(), Error::BadSignature.to_string());
    let dynamic: &dyn core::error::Error = &error;
    assert!(dynamic.source().is_none());
    assert_eq!(WriteError::<Error>::Source(Error::NoSecretKey).to_string(), Error::NoSecretKey.to_string());
    assert_eq!(WriteError::Sink("the disk is full").to_string(), "the disk is full");
    assert!(Error::from(error).is_bad_signature());
}

/// The tokens are itsdangerous' own, of `[42, "é"]`.
#[test]
fn values_are_dumped_as_by_itsdangerous() {
    let (keys, plain) = (ring("dev", &[]), TaggedJsonSerializer::plain());
    let (mut scratch, mut out) = ([0; 64], [0; 128]);

    let tokens = UrlSafeSerializer::new(&keys, plain);
    let mut sink = SliceSink::new(&mut out);
    tokens.dumps(&(42, "\u{e9}"), &mut scratch, &mut sink).unwrap();
    assert_eq!(sink.written(), b"WzQyLCLDqSJd.-HLkgd_FFFRxw9lFpHCTkb9I398");

    let tokens = UrlSafeTimedSerializer::new(&keys, plain);
    let mut sink = SliceSink::new(&mut out);
    tokens.dumps(&(42, "\u{e9}"), &at(NOW_SECS), &mut scratch, &mut sink).unwrap();
    assert_eq!(sink.written(), b"WzQyLCLDqSJd.ZVPxAA.hkEI6WGy0dBTZ4mcXeDq0A8m7Qg");
}

/// What is wrong with the server is told, however little is asked of the token.
#[test]
fn loading_unsafely_forgives_the_token_alone() {
    let keys = ring("dev", &[]);
    let tokens = UrlSafeTimedSerializer::new(&keys, SESSION_JSON_SERIALIZER);
    let load = |token: &[u8], clock: &dyn Clock| {
        let mut scratch = [0; 64];
        let loaded = tokens.loads_unsafe(token, Some(1), clock, &mut scratch)?;
        Ok((loaded.valid, loaded.value.is_some()))
    };
    assert_eq!(load(GOOD, &at(NOW_SECS)), Ok((true, true)));
    assert_eq!(load(GOOD, &at(NOW_SECS + 2)), Ok((false, true)));
    assert_eq!(load(b"eyJhIjoxfQ.ZVPxAA.", &nobody_asks()), Ok((false, true)));
    assert_eq!(load(b"?", &nobody_asks()), Ok((false, false)));
    assert_eq!(load(GOOD, &clock_fn(|| Err(Error::ClockNotSet))), Err(Error::ClockNotSet));
}

#[test]
fn a_payload_comes_out_in_any_pieces() {
    let mut reader = Base64Reader::new(b"e30");
    let mut one = [0; 1];
    assert_eq!((reader.read(&mut one), one), (Ok(1), *b"{"));
    assert_eq!((reader.read(&mut one), one), (Ok(1), *b"}"));
    assert_eq!(reader.read(&mut one), Ok(0));
    assert_eq!(reader.finish(), Ok(()));
}
