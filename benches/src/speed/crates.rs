//! The usual crates, put together by hand: hmac and sha1 with a key that is
//! kept, and the payload with base64, flate2 and serde_json.

use std::{
    hint::black_box,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::{
    payload,
    peer::{Form, KEY, MAX_AGE, NOW, Peer, SALT, VISITS, cookie_value},
    tagged::{Tagged, get, set},
};

/// A state that is started with the session's key: a MAC begins with a copy of it.
pub fn keyed() -> Hmac<Sha1> {
    let derive = Hmac::<Sha1>::new_from_slice(KEY.as_bytes()).expect("a key").chain_update(SALT);
    Hmac::new_from_slice(&derive.finalize().into_bytes()).expect("a key")
}

pub struct Crates {
    keyed: Hmac<Sha1>,
    session: Tagged,
    value: String,
    payload: String,
}

impl Crates {
    pub fn new() -> Self {
        Self { keyed: keyed(), session: Tagged::Null, value: String::new(), payload: String::new() }
    }

    /// The payload of a signed value that holds and is not too old.
    fn unsign<'a>(&self, value: &'a [u8]) -> Option<&'a [u8]> {
        let (signed, signature) = rsplit(value)?;
        let mut decoded = [0; 20];
        let len = URL_SAFE_NO_PAD.decode_slice(signature, &mut decoded).ok()?;
        self.keyed.clone().chain_update(signed).verify_slice(&decoded[..len]).ok()?;
        let (payload, timestamp) = rsplit(signed)?;
        let mut bytes = [0; 12];
        let len = URL_SAFE_NO_PAD.decode_slice(timestamp, &mut bytes).ok().filter(|len| *len <= 8)?;
        let signed_at = bytes[..len].iter().fold(0, |secs, byte| secs << 8 | u64::from(*byte));
        (NOW.checked_sub(signed_at)? <= MAX_AGE).then_some(payload)
    }
}

fn rsplit(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = value.iter().rposition(|byte| *byte == b'.')?;
    Some((&value[..at], &value[at + 1..]))
}

/// Appends the time and the signature to a payload.
pub fn sign(keyed: &Hmac<Sha1>, secs: u64, value: &mut String) {
    let secs = secs.to_be_bytes();
    value.push('.');
    URL_SAFE_NO_PAD.encode_string(&secs[secs.iter().take_while(|byte| **byte == 0).count()..], value);
    let tag = keyed.clone().chain_update(&value).finalize().into_bytes();
    value.push('.');
    URL_SAFE_NO_PAD.encode_string(tag, value);
}

/// Appends what stands behind the value in `Set-Cookie`.
pub fn attributes(session: &Tagged, value: &mut String) {
    let Tagged::Dict(session) = session else { panic!("a session") };
    if let Some(Tagged::Bool(true)) = get(session, "_permanent") {
        let expires = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW + MAX_AGE);
        value.push_str("; Expires=");
        value.push_str(&httpdate::fmt_http_date(expires));
    }
    value.push_str("; HttpOnly; Path=/");
}

impl Peer for Crates {
    fn open(&mut self, header: &[u8], key: &str) {
        let payload = self.unsign(cookie_value(header)).expect("a signature that holds");
        let session = payload::load(payload).expect("a session");
        black_box(get(&session, key).expect("an entry"));
        self.session = Tagged::Dict(session);
    }

    fn save(&mut self, form: Form) -> &str {
        self.value.clear();
        payload::dump(&self.session, form, &mut self.value);
        sign(&self.keyed, NOW, &mut self.value);
        &self.value
    }

    fn request(&mut self, header: &[u8], key: &str) -> &str {
        self.open(header, key);
        set(&mut self.session, VISITS);
        self.value.clear();
        self.value.push_str("session=");
        let mut value = core::mem::take(&mut self.payload);
        value.clear();
        payload::dump(&self.session, Form::Plain, &mut value);
        sign(&self.keyed, NOW, &mut value);
        self.value.push_str(&value);
        self.payload = value;
        attributes(&self.session, &mut self.value);
        &self.value
    }
}
