//! Tokens against cross-site request forgery, which are Flask-WTF's: the
//! session holds a random id, and each form that id again, signed and dated.
//! Another site can have a form sent, but it cannot know the token.
//!
//! A Flask application with Flask-WTF and the same secret key accepts the forms
//! of these pages, and these pages accept its forms. Like Flask-WTF, they accept
//! no form that was signed with an old secret key. Flask-WTF also compares the
//! `Referer` under HTTPS, which this server does not speak.

use std::{error, fmt};

use hipflask::{
    Clock, Error, Session,
    json::TaggedJsonSerializer,
    signing::{KeyDerivation, Keyring, SecretKeySource, UrlSafeTimedSerializer},
};

/// Where the session keeps the id.
const ID: &str = "csrf_token";
/// With this salt, a token is no session cookie, and no session cookie a token.
const SALT: &[u8] = b"wtf-csrf-token";
/// How long a form can stay open.
const MAX_AGE_SECS: i64 = 60 * 60;
/// Room for an id as JSON text.
const ID_BYTES: usize = 64;

pub struct Csrf(UrlSafeTimedSerializer<Keyring>);

/// Why a form is refused, in Flask-WTF's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Missing,
    NoSessionToken,
    Expired,
    Invalid,
    Mismatch,
}

impl Csrf {
    pub fn new(secrets: &dyn SecretKeySource) -> Result<Self, Error> {
        // itsdangerous' own derivation, which Flask-WTF leaves as it is.
        let keyring = |secret: &[u8]| Keyring::new(secret, SALT, KeyDerivation::DjangoConcat);
        let mut keys = keyring(b"");
        secrets.with_current(&mut |secret| keys = keyring(secret))?;
        Ok(Self(UrlSafeTimedSerializer::new(keys, TaggedJsonSerializer::plain())))
    }

    /// A token for a form. Gives the session an id if it has none of use.
    pub fn token(&self, session: &mut Session, clock: &impl Clock) -> Result<String, Box<dyn error::Error>> {
        let id = match session.get_as::<String>(ID) {
            Ok(Some(id)) if is_id(&id) => id,
            Ok(_) | Err(Error::WrongType { .. }) => {
                // Flask-WTF's are SHA-1 hashes of 64 random bytes, which nobody can tell from these.
                let id = random_hex::<20>()?;
                session.insert(ID, &id)?;
                id
            }
            Err(error) => return Err(error.into()),
        };
        let mut token = Vec::new();
        self.0.dumps(&id, clock, &mut [0; ID_BYTES], &mut token).map_err(Error::from)?;
        Ok(String::from_utf8(token)?)
    }

    /// Checks that a form with this token came from a page of this session.
    pub fn validate(&self, token: &str, session: &Session, clock: &impl Clock) -> Result<(), Refusal> {
        if token.is_empty() {
            return Err(Refusal::Missing);
        }
        let id = session.get(ID).ok_or(Refusal::NoSessionToken)?;
        let mut scratch = [0; ID_BYTES];
        let loaded = self.0.loads(token.as_bytes(), Some(MAX_AGE_SECS), clock, &mut scratch);
        let loaded = loaded.map_err(|error| match error.kind() {
            Error::SignatureExpired | Error::SignatureFromFuture => Refusal::Expired,
            _ => Refusal::Invalid,
        })?;
        match (id.as_str(), loaded.value.as_str()) {
            (Some(id), Some(of_form)) if is_same(id, of_form) => Ok(()),
            _ => Err(Refusal::Mismatch),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "The CSRF token is missing.",
            Self::NoSessionToken => "The CSRF session token is missing.",
            Self::Expired => "The CSRF token has expired.",
            Self::Invalid => "The CSRF token is invalid.",
            Self::Mismatch => "The CSRF tokens do not match.",
        })
    }
}

/// Whether it can be an id, by whomever: a hash in hex, for one. Nothing in it is escaped.
fn is_id(text: &str) -> bool {
    text.len() + 2 <= ID_BYTES && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Takes as long wherever the first difference is, so that the time does not tell an id letter by letter.
fn is_same(a: &str, b: &str) -> bool {
    let differences = a.bytes().zip(b.bytes()).fold(0, |all, (a, b)| all | a ^ b);
    a.len() == b.len() && std::hint::black_box(differences) == 0
}

/// `N` random bytes, in hex.
pub fn random_hex<const N: usize>() -> Result<String, getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hipflask::{SecureCookieSession, UnixTime, clock_fn, signing::Secrets};

    const SECRETS: Secrets<'static> = Secrets { current: b"dev", fallbacks: &[b"old"] };

    fn at(secs: u64) -> impl Clock {
        clock_fn(move || Ok(UnixTime::from_secs(secs)))
    }

    fn session(id: &str) -> SecureCookieSession<256> {
        let mut session = SecureCookieSession::new();
        session.insert(ID, &id).unwrap();
        session
    }

    #[test]
    fn a_token_is_good_for_an_hour_and_for_its_session() -> Result<(), Box<dyn error::Error>> {
        let csrf = Csrf::new(&SECRETS)?;
        let mut own = SecureCookieSession::<256>::new();
        let token = csrf.token(&mut own, &at(1_700_000_000))?;
        assert_eq!(csrf.validate(&token, &own, &at(1_700_003_600)), Ok(()));
        assert_eq!(csrf.validate(&token, &own, &at(1_700_003_601)), Err(Refusal::Expired));
        assert_eq!(csrf.validate(&token, &own, &at(1_699_999_999)), Err(Refusal::Expired));
        assert_eq!(csrf.validate("", &own, &at(1_700_000_000)), Err(Refusal::Missing));
        assert_eq!(csrf.validate("x", &own, &at(1_700_000_000)), Err(Refusal::Invalid));

        let mut other = SecureCookieSession::<256>::new();
        assert_eq!(csrf.validate(&token, &other, &at(1_700_000_000)), Err(Refusal::NoSessionToken));
        csrf.token(&mut other, &at(1_700_000_000))?;
        assert_eq!(csrf.validate(&token, &other, &at(1_700_000_000)), Err(Refusal::Mismatch));
        Ok(())
    }

    /// With an id of Flask-WTF's and the clock of this second, the token is
    /// Flask-WTF 1.3.0's to the byte; with another key it is nothing.
    #[test]
    fn a_token_is_flask_wtfs() -> Result<(), Box<dyn error::Error>> {
        let id = "9939b05dd1a3763f5f856e065d277190d648994f";
        let flask_wtfs =
            "Ijk5MzliMDVkZDFhMzc2M2Y1Zjg1NmUwNjVkMjc3MTkwZDY0ODk5NGYi.ZVPxAA.HNc5748blgz9wW6NdHakkhyHwnA";
        let clock = at(1_700_000_000);
        let csrf = Csrf::new(&SECRETS)?;
        assert_eq!(csrf.token(&mut session(id), &clock)?, flask_wtfs);
        assert_eq!(csrf.validate(flask_wtfs, &session(id), &clock), Ok(()));
        // As in Flask-WTF, also one that is still accepted for sessions.
        let rotated = Csrf::new(&Secrets { current: b"new", fallbacks: &[b"dev"] })?;
        assert_eq!(rotated.validate(flask_wtfs, &session(id), &clock), Err(Refusal::Invalid));
        Ok(())
    }
}
