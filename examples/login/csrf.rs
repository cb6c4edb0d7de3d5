//! Tokens against cross-site request forgery, as Flask-WTF makes them: the
//! session holds a random id, and each form that id again, signed and dated.
//! Another site can have a form sent, but it cannot know the token.

use hipflask::{
    Clock, Error, Session, SessionMap as _,
    json::TaggedJsonSerializer,
    signing::{Keyring, UrlSafeTimedSerializer},
};

/// Where the session keeps the id.
const ID: &str = "csrf_token";
/// How long a form can stay open.
const MAX_AGE_SECS: i64 = 60 * 60;
/// Room for an id as JSON text.
const ID_BYTES: usize = 64;

pub struct Csrf(UrlSafeTimedSerializer<Keyring>);

impl Csrf {
    /// With this salt, a token is no session cookie, and no session cookie a token.
    pub const SALT: &[u8] = b"login-csrf";

    pub fn new(keys: Keyring) -> Self {
        Self(UrlSafeTimedSerializer::new(keys, TaggedJsonSerializer::plain()))
    }

    /// A token for a form. Gives the session an id if it has none of use.
    pub fn token(
        &self,
        session: &mut Session,
        clock: &impl Clock,
    ) -> Result<String, Box<dyn std::error::Error>> {
        let id = match session.get_as::<String>(ID) {
            Ok(Some(id)) if is_id(&id) => id,
            Ok(_) | Err(Error::WrongType { .. }) => {
                let id = random_hex::<16>()?;
                session.insert(ID, &id)?;
                id
            }
            Err(error) => return Err(error.into()),
        };
        let mut token = Vec::new();
        self.0.dumps(&id, clock, &mut [0; ID_BYTES], &mut token).map_err(Error::from)?;
        Ok(String::from_utf8(token)?)
    }

    /// Whether a form with this token came from a page of this session.
    pub fn is_valid(&self, token: &str, session: &Session, clock: &impl Clock) -> bool {
        let mut scratch = [0; ID_BYTES];
        match self.0.loads(token.as_bytes(), Some(MAX_AGE_SECS), clock, &mut scratch) {
            // The signature is checked by now: comparing in constant time would hide nothing.
            Ok(loaded) => {
                let id = session.get(ID).and_then(|id| id.as_str());
                id.is_some() && id == loaded.value.as_str()
            }
            Err(_) => false,
        }
    }
}

/// Whether it can be an id, by whomever: a hash in hex, for one. Nothing in it is escaped.
fn is_id(text: &str) -> bool {
    text.len() + 2 <= ID_BYTES && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
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
    use hipflask::{SecureCookieSession, UnixTime, signing::KeyDerivation};

    #[test]
    fn a_token_is_good_for_an_hour_and_for_its_session() -> Result<(), Box<dyn std::error::Error>> {
        let at = |secs| move || Ok(UnixTime::from_secs(secs));
        let csrf = Csrf::new(Keyring::new(b"dev", Csrf::SALT, KeyDerivation::Hmac));
        let mut session = SecureCookieSession::<256>::new();
        let token = csrf.token(&mut session, &at(1_700_000_000))?;
        assert!(csrf.is_valid(&token, &session, &at(1_700_003_600)));
        assert!(!csrf.is_valid(&token, &session, &at(1_700_003_601)));
        assert!(!csrf.is_valid(&token, &session, &at(1_699_999_999)));

        let mut other = SecureCookieSession::<256>::new();
        assert!(!csrf.is_valid(&token, &other, &at(1_700_000_000)));
        csrf.token(&mut other, &at(1_700_000_000))?;
        assert!(!csrf.is_valid(&token, &other, &at(1_700_000_000)));
        Ok(())
    }
}
