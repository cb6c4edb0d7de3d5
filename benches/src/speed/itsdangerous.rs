//! The crate itsdangerous, with the same payload.

use std::{
    hint::black_box,
    time::{Duration, SystemTime},
};

use itsdangerous::{
    IntoTimestampSigner, SignerBuilder, TimestampSigner, algorithm::HMACAlgorithm, key_derivation,
};
use sha1_of_itsdangerous::Sha1;

use crate::{
    crates::attributes,
    payload,
    peer::{Form, KEY, MAX_AGE, NOW, Peer, SALT, VISITS, cookie_value},
    tagged::{Tagged, get, set},
};

pub struct Itsdangerous<S> {
    signer: S,
    session: Tagged,
    value: String,
}

/// One with Flask's key derivation.
pub fn itsdangerous() -> Itsdangerous<impl TimestampSigner> {
    let builder = SignerBuilder::<Sha1, HMACAlgorithm<Sha1>, key_derivation::Hmac>::new(KEY);
    let signer = builder.with_salt(SALT).build().into_timestamp_signer();
    Itsdangerous { signer, session: Tagged::Null, value: String::new() }
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
}

impl<S: TimestampSigner> Peer for Itsdangerous<S> {
    fn open(&mut self, header: &[u8], key: &str) {
        let value = str::from_utf8(cookie_value(header)).expect("ASCII");
        let unsigned = self.signer.unsign(value).expect("a signature that holds");
        let age = now().duration_since(unsigned.timestamp()).expect("a past time");
        assert!(age.as_secs() <= MAX_AGE);
        let session = payload::load(unsigned.value().as_bytes()).expect("a session");
        black_box(get(&session, key).expect("an entry"));
        self.session = Tagged::Dict(session);
    }

    fn save(&mut self, form: Form) -> &str {
        self.value.clear();
        payload::dump(&self.session, form, &mut self.value);
        self.value = self.signer.sign_with_timestamp(&self.value, now());
        &self.value
    }

    fn request(&mut self, header: &[u8], key: &str) -> &str {
        self.open(header, key);
        set(&mut self.session, VISITS);
        self.save(Form::Plain);
        self.value.insert_str(0, "session=");
        attributes(&self.session, &mut self.value);
        &self.value
    }
}
