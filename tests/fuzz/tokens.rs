//! Signed tokens.

use hipflask::{
    Error, UnixTime, clock_fn,
    json::{SESSION_JSON_SERIALIZER, TaggedJsonSerializer},
    signing::{KeyDerivation, Keyring, SignatureError, Signer, TimestampSigner, UrlSafeTimedSerializer},
};

use super::{choices::Choices, values::read};

const SALT: &[u8] = b"a salt of the fuzzer";
/// Nothing is signed with this one. What is signed, a fuzzer sees where it is compared, and repeats.
const UNUSED_SALT: &[u8] = b"another salt";
/// The last second of the year 9999.
const LAST: u64 = 253_402_300_799;

fn keys(salt: &[u8]) -> Keyring {
    let mut keys = Keyring::new(b"the current key", salt, KeyDerivation::Hmac);
    keys.push_fallback(b"an old key", salt, KeyDerivation::Hmac).unwrap();
    keys
}

/// Nothing that was not signed opens. What was signed, with a key of the ring and whatever it is,
/// opens unless it is too old, and no longer once a byte of it is changed, added or taken away.
pub fn token(data: &[u8]) {
    let mut choices = Choices::new(data);
    let old_key = choices.flag();
    let (now, max_age_secs) = (choices.number() % (2 * LAST), choices.below(256) as i64);
    let (at, to) = (choices.number() as usize, choices.below(256) as u8);
    let value = choices.rest();

    nobody_signed(value);

    let (plain, timed) = (Signer::new(keys(SALT)), TimestampSigner::new(keys(SALT)));
    let clock = clock_fn(|| Ok(UnixTime::from_secs(now)));

    // The value is signed as it stands, so that its end is read as a timestamp.
    let secret: &[u8] = if old_key { b"an old key" } else { b"the current key" };
    let signer: Signer<Keyring> = Signer::new(Keyring::new(secret, SALT, KeyDerivation::Hmac));
    let mut token = Vec::new();
    signer.sign(value, &mut token).unwrap();
    assert_eq!(plain.unsign(&token), Ok(value));
    match timed.unsign(&token, Some(max_age_secs), &clock) {
        Ok(signed) => {
            assert!(value.starts_with(signed.payload) && signed.timestamp_secs <= LAST);
            let age = now.checked_sub(signed.timestamp_secs);
            assert!(age.is_some_and(|age| age as i64 <= max_age_secs));
        }
        Err(error) => {
            let kind = error.kind();
            assert!(matches!(
                kind,
                Error::BadTimeSignature
                    | Error::SignatureExpired
                    | Error::SignatureFromFuture
                    | Error::DateOutOfRange
            ));
            assert!(error.payload().is_none_or(|payload| value.starts_with(payload)));
        }
    }

    let at = at % token.len();
    let mut changed = token.clone();
    changed[at] = to;
    assert_eq!(plain.validate(&changed), changed == token);
    assert!(at <= value.len() || !plain.validate(&token[..at]));
    assert!(!plain.validate(&[&token[..], &[to]].concat()));
    changed.insert(at, token[at]);
    assert!(!plain.validate(&changed) || changed == token);

    // Dated by the signer itself.
    let signed_at = UnixTime::from_secs(now.min(LAST));
    let mut token = Vec::new();
    timed.sign(value, signed_at, &mut token).unwrap();
    let same_time = clock_fn(|| Ok(signed_at));
    let signed = timed.unsign(&token, Some(0), &same_time).unwrap();
    assert_eq!((signed.payload, signed.timestamp_secs), (value, signed_at.secs()));
}

/// A token that opens by no means, and whose value is read by those who ask for it all the same.
fn nobody_signed(token: &[u8]) {
    let never = clock_fn(|| panic!("the clock is not asked before the signature holds"));
    let (plain, timed) = (Signer::new(keys(UNUSED_SALT)), TimestampSigner::new(keys(UNUSED_SALT)));
    let (plain, timed) = (plain.unsign(token).map(|_| ()), timed.unsign(token, Some(60), &never).map(|_| ()));
    for error in [plain, timed].map(|answer: Result<(), SignatureError<'_>>| answer.unwrap_err()) {
        assert!(matches!(error.kind(), Error::BadSignature | Error::BadTimeSignature));
        assert!(error.payload().is_none_or(|payload| token.starts_with(payload)));
        assert!(error.date_signed_secs().is_none_or(|secs| secs <= LAST));
    }
    for serializer in [SESSION_JSON_SERIALIZER, TaggedJsonSerializer::plain()] {
        let tokens = UrlSafeTimedSerializer::new(keys(UNUSED_SALT), serializer);
        let mut scratch = [0; 4096];
        match tokens.loads_unsafe(token, Some(60), &never, &mut scratch) {
            Ok(loaded) => {
                assert!(!loaded.valid);
                loaded.value.into_iter().for_each(read);
            }
            Err(error) => assert!(error.is_capacity(), "{error:?}"),
        }
    }
}
