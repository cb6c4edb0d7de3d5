//! Whole requests: a header comes in, a session is opened, changed and saved, a header goes out.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use hipflask::{
    Clock, Config, Error, Opened, RequestContext, SecureCookieSession, SecureCookieSessionInterface, Session,
    SessionInterface as _, UnixTime,
    backends::alloc::OwnedValue,
    clock_fn,
    signing::{Compression, Keyring, NoCompression, TimestampSigner},
    zlib::{DeflateScratch, Scratch},
};

use super::{
    choices::Choices,
    values::{assert_same, read},
};

/// A key of the fuzzer's own: no seed was signed with it.
const KEY: &[u8] = b"a key of the fuzzer";
const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
/// Text that is longer is not opened, whatever it unfolds from.
const LARGEST: usize = 8192;

fn keys() -> Keyring {
    Keyring::for_sessions(KEY)
}

fn config() -> Config<'static> {
    Config::new().max_cookie_size(0)
}

fn interface() -> SecureCookieSessionInterface<Keyring, impl Clock> {
    SecureCookieSessionInterface::new(keys(), clock_fn(|| Ok(NOW)))
}

pub(super) fn entries(session: &Session) -> Vec<(String, OwnedValue)> {
    session.iter().map(|(key, value)| (key.to_owned(), value.into())).collect()
}

pub(super) fn json_of(session: &Session) -> Vec<u8> {
    let mut text = Vec::new();
    let Ok(()) = session.dump(&mut text);
    text
}

/// Without the key nothing opens: every header gives a fresh session, for a reason that is the
/// signature's, and sets no cookie.
pub fn open_cookie(data: &[u8]) {
    let (interface, config) = (interface(), config());
    let mut context = RequestContext::new(SecureCookieSession::<256>::new());
    context.open(&interface, &config, data);
    let opened = context.opened().unwrap();
    assert!(!opened.is_loaded() && !opened.is_null(), "{opened:?}");
    assert!(opened.rejection().is_none_or(Error::is_bad_signature), "{opened:?}");
    let session = context.peek().unwrap();
    assert!(session.is_empty() && !session.modified());
    let mut scratch = NoCompression;
    let saved = context.save(&interface, &config, &mut scratch).unwrap();
    assert!(saved.set_cookie.is_none() && !saved.vary_cookie);
}

/// Behind a good signature any payload opens or is an error that says why, whatever the session's
/// capacity. What opens can be read and saved, packed or not, and opens again as the same. Whatever
/// it is, no request fails that does not ask for the session, and a fresh start deletes it.
pub fn open_payload(data: &[u8]) {
    let mut choices = Choices::new(data);
    let form = choices.below(4);
    let mut small: Box<Session> = match choices.below(4) {
        0 => Box::new(SecureCookieSession::<0>::new()),
        1 => Box::new(SecureCookieSession::<64>::new()),
        2 => Box::new(SecureCookieSession::<300>::new()),
        _ => Box::new(SecureCookieSession::<2048>::new()),
    };
    let header = signed(&payload(form, choices.rest()));
    harms_nobody_who_does_not_ask(&header);

    let mut large: Box<Session> = Box::new(SecureCookieSession::<LARGEST>::new());
    let in_large = open(&header, &mut large);
    let in_small = open(&header, &mut small);
    match (in_small, in_large) {
        (Ok(()), Ok(())) => {
            assert_eq!(json_of(&small), json_of(&large));
            saves_and_opens_again(&header, &mut small);
        }
        (Ok(()), Err(error)) => panic!("{error:?}, but not where there is less room"),
        (Err(Error::Capacity { needed_bytes, capacity_bytes }), _) => {
            assert!(needed_bytes > capacity_bytes && capacity_bytes == small.capacity_bytes());
        }
        // A payload can end the cookie's value early, or make it one with escapes, for which there
        // has to be room.
        (Err(error), _) if error.is_bad_signature() => {}
        (Err(error), in_large) => assert_eq!(in_large, Err(error)),
    }
    if in_large.is_ok() {
        saves_and_opens_again(&header, &mut large);
    }
}

/// The payload itself; or the base64 of a text, of a stream, of a text that is packed here.
fn payload(form: usize, data: &[u8]) -> Vec<u8> {
    match form {
        0 => data.to_vec(),
        1 => base64(data),
        2 => [b".", &base64(data)[..]].concat(),
        _ => {
            let mut scratch = Box::new(DeflateScratch::<4096>::new());
            let text = &data[..data.len().min(4096)];
            scratch.input_mut()[..text.len()].copy_from_slice(text);
            let deflated = scratch.deflate(text.len(), usize::MAX).unwrap();
            [b".", &base64(deflated.stream.unwrap())[..]].concat()
        }
    }
}

pub(super) fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut text = vec![0; Base64UrlUnpadded::encoded_len(bytes)];
    Base64UrlUnpadded::encode(bytes, &mut text).unwrap();
    text
}

fn signed(payload: &[u8]) -> Vec<u8> {
    let mut header = b"session=".to_vec();
    TimestampSigner::new(keys()).sign(payload, NOW, &mut header).unwrap();
    header
}

/// Opens a session and checks what must hold of it.
fn open(header: &[u8], session: &mut Session) -> Result<(), Error> {
    let opened = interface().open_session(&config(), header, session);
    assert!(!session.modified());
    match opened {
        Ok(opened) if opened.is_loaded() => {
            assert!(session.used_bytes() <= session.capacity_bytes().max(1));
            session.iter().for_each(|(key, value)| {
                read(value);
                assert!(session.contains(key));
            });
            Ok(())
        }
        Ok(opened) => {
            let error = opened.rejection().unwrap_or(Error::BadSignature);
            assert!(error.is_bad_signature() && !opened.is_null(), "{opened:?}");
            Err(error)
        }
        Err(error @ (Error::BadPayload(_) | Error::Depth | Error::Capacity { .. })) => {
            assert!(session.is_empty());
            Err(error)
        }
        Err(error) => panic!("{error:?}"),
    }
}

fn harms_nobody_who_does_not_ask(header: &[u8]) {
    let (interface, config) = (interface(), config());
    let mut context = RequestContext::new(SecureCookieSession::<300>::new());
    context.open(&interface, &config, header);
    let opened = context.opened();
    let permanent = context.peek().is_ok_and(|session| session.permanent());
    let mut scratch = NoCompression;
    let saved = context.save(&interface, &config, &mut scratch).unwrap();
    assert_eq!(saved.set_cookie.is_some() || saved.refresh_skipped.is_some(), permanent, "{opened:?}");
    context.start_fresh().unwrap();
    let saved = context.save(&interface, &config, &mut scratch).unwrap();
    assert_eq!(saved.set_cookie.unwrap().max_age_secs, Some(0), "{opened:?}");
}

fn saves_and_opens_again(header: &[u8], session: &mut Session) {
    saves(header, session, &mut NoCompression);
    let mut scratch = Box::new(DeflateScratch::<LARGEST>::new());
    saves::<Scratch>(header, session, &mut scratch);
}

/// Opens the session, saves it and opens what the response would set.
fn saves<Z: Compression + ?Sized>(header: &[u8], session: &mut Session, scratch: &mut Z) {
    let (interface, config) = (interface().with_scratch::<Z>(), config());
    assert_eq!(interface.open_session(&config, header, session), Ok(Opened::LOADED));
    session.set_modified(true);
    let (mut before, text) = (entries(session), json_of(session));
    if before.is_empty() {
        return;
    }
    let cookie = match interface.save_session(&config, session, true, scratch) {
        Ok(saved) => saved.set_cookie.unwrap().to_string(),
        Err(error) => {
            // Another writer spelled it shorter.
            assert!(error.is_capacity() && text.len() > session.capacity_bytes(), "{error:?}");
            return;
        }
    };
    let header = cookie.split(';').next().unwrap();
    open(header.as_bytes(), session).unwrap();
    assert_eq!(json_of(session), text);
    before.sort_by(|(one, _), (other, _)| one.cmp(other));
    assert_same(&OwnedValue::Dict(before), &OwnedValue::Dict(entries(session)));
}
