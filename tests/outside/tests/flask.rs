//! Cookies that Flask 3.1.3 made with the secret `dev`, through foreign parts.

use core::cell::Cell;

use hipflask::{
    Config, Error, Opened, RequestContext, SecureCookieSession, SecureCookieSessionInterface,
    signing::{Keyring, NoCompression, TimestampSigner},
    sink::SliceSink,
};
use hipflask_outside::{Otp, Rtc, SecureElement};

const SIGNED_AT: u64 = 1_700_000_000;
/// `{"a":1}`
const COOKIE: &[u8] = b"eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk";
/// `{"a":"xxxx..."}`, 40 of them, compressed.
const COMPRESSED: &[u8] = b".eJyrVkpUslKqIBIo1QIA60QU3A.ZVPxAA.xqov-YusTVN473lt7cd7PlJ_On4";

fn rtc(secs: u64) -> Rtc {
    Rtc { secs: Cell::new(Some(secs)) }
}

#[test]
fn the_element_signs_what_flask_signs() {
    let element = SecureElement::provision(b"dev").unwrap();
    let signer = TimestampSigner::new(&element);
    let mut buffer = [0; 64];
    let mut sink = SliceSink::new(&mut buffer);
    signer.sign(b"eyJhIjoxfQ", hipflask::UnixTime::from_secs(SIGNED_AT), &mut sink).unwrap();
    assert_eq!(sink.written(), COOKIE);
}

#[test]
fn the_element_verifies_what_flask_signed() {
    let element = SecureElement::provision(b"dev").unwrap();
    let clock = rtc(SIGNED_AT + 60);
    for cookie in [COOKIE, COMPRESSED] {
        let signed = TimestampSigner::new(&element).unsign(cookie, Some(60), &&clock).unwrap();
        assert_eq!(signed.timestamp_secs, SIGNED_AT);
    }
    clock.secs.set(Some(SIGNED_AT + 61));
    let expired = TimestampSigner::new(&element).unsign(COOKIE, Some(60), &&clock).unwrap_err();
    assert_eq!(expired.kind(), Error::SignatureExpired);
    clock.secs.set(None);
    let unknown = TimestampSigner::new(&element).unsign(COOKIE, Some(60), &&clock).unwrap_err();
    assert_eq!(unknown.kind(), Error::ClockNotSet);
    let other = SecureElement::provision(b"other").unwrap();
    let forged = TimestampSigner::new(&other).unsign(COOKIE, None, &&clock).unwrap_err();
    assert_eq!(forged.kind(), Error::BadTimeSignature);
}

/// Neither a fresh session nor a value: an error, after however many commands
/// the element stops.
#[test]
fn an_element_that_stops_answering_is_an_error() {
    let element = SecureElement::provision(b"dev").unwrap();
    let clock = rtc(SIGNED_AT);
    for commands in 0..3 {
        element.commands.set(commands);
        let answer = TimestampSigner::new(&element).unsign(COOKIE, Some(60), &&clock);
        assert_eq!(answer.unwrap_err().kind(), Error::MacUnavailable, "{commands} commands");
        element.commands.set(commands);
        let mut buffer = [0; 64];
        let signing = TimestampSigner::new(&element).sign(
            b"eyJhIjoxfQ",
            hipflask::UnixTime::from_secs(SIGNED_AT),
            &mut SliceSink::new(&mut buffer),
        );
        assert!(signing.is_err());
        assert_eq!(buffer, [0; 64], "written without a signature");
    }
    element.commands.set(3);
    assert!(TimestampSigner::new(&element).unsign(COOKIE, Some(60), &&clock).is_ok());
}

#[test]
fn a_session_opens_and_is_saved_through_them() {
    let element = SecureElement::provision(b"dev").unwrap();
    let clock = rtc(SIGNED_AT);
    let interface = SecureCookieSessionInterface::new(&element, &clock);
    let config = Config::new();
    let mut context = RequestContext::new(SecureCookieSession::<256>::new());

    let header = [b"session=", COOKIE].concat();
    context.open(&interface, &config, header.as_slice());
    assert_eq!(context.opened(), Ok(Opened::LOADED));
    context.session().unwrap().insert("a", &1).unwrap();
    let mut scratch = NoCompression;
    let saved = context.save(&interface, &config, &mut scratch).unwrap();
    let cookie = saved.set_cookie.unwrap().to_string();
    assert_eq!(cookie, format!("session={}; HttpOnly; Path=/", str::from_utf8(COOKIE).unwrap()));

    // Offline, whoever asks for the session is told, and none is made up.
    element.commands.set(0);
    context.open(&interface, &config, header.as_slice());
    assert_eq!(context.opened(), Err(Error::MacUnavailable));
    assert_eq!(context.session().map(|_| ()), Err(Error::MacUnavailable));
}

#[test]
fn the_last_bank_that_is_written_is_the_current_secret() {
    let dev = *b"dev-0123456789ab";
    let new = *b"new-0123456789ab";
    let keys = |banks| -> Keyring { Keyring::for_sessions_from(&Otp { banks }).unwrap() };
    let signed = |keys: &Keyring| {
        let mut buffer = [0; 64];
        let mut sink = SliceSink::new(&mut buffer);
        TimestampSigner::new(keys).sign(b"e30", hipflask::UnixTime::from_secs(SIGNED_AT), &mut sink).unwrap();
        sink.written().to_vec()
    };
    let (before, after) = (keys([dev, [0; 16], [0; 16]]), keys([dev, new, [0; 16]]));
    let clock = rtc(SIGNED_AT);
    let opens =
        |keys: &Keyring, token: &[u8]| TimestampSigner::new(keys).unsign(token, Some(60), &&clock).is_ok();
    assert!(opens(&after, &signed(&before)), "the old secret still verifies");
    assert!(!opens(&before, &signed(&after)), "the new secret signs");
    assert!(!keys([[0; 16]; 3]).has_current());
}
