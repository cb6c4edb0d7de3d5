//! Flask-Login: who is logged in, for how long, and from where.
//!
//! | file | idea |
//! |---|---|
//! | `client` | what a request says of who sent it, and the hash of it that `_id` holds |
//! | `remember` | the cookie `remember_token`: settings, value, and who it remembers |
//! | `hex` | a digest as text |
//!
//! Here is what Flask-Login does with a session.

mod client;
mod hex;
mod remember;

use core::fmt;

use sha2::{Digest as _, Sha512 as Hash};
use zeroize::{Zeroize as _, Zeroizing};

pub use client::{Client, Identifier};
pub use remember::{Remember, RememberCookie, RememberToken, RememberValue};

use super::secret_key::{SecretKey, SecretKeyType, UNUSABLE};
use crate::{
    bytes::sub_slice,
    cookie::{Charset, SetCookie},
    error::{Error, KeyName, TypeName},
    json::{Encode, Value},
    session::Session,
    signing::{KeyDerivation, Keyring, SecretKeySource, Sha512},
    time::{Clock, Lifetime},
};
use remember::{UserIdIn, signed_len};

/// Who is logged in.
const USER_ID: &str = "_user_id";
/// Whether they gave a password in this session, from where they are.
const FRESH: &str = "_fresh";
/// From where they did: an [`Identifier`].
const ID: &str = "_id";
/// An order to the end of the request: `"set"` or `"clear"` the cookie.
const REMEMBER: &str = "_remember";
/// For how long, if not as the settings say.
const REMEMBER_SECONDS: &str = "_remember_seconds";

/// Flask-Login's `SESSION_KEYS`.
const SESSION_KEYS: [&str; 6] = [USER_ID, REMEMBER, REMEMBER_SECONDS, ID, FRESH, "next"];

/// The longest HMAC key that SHA-512 does not hash first.
const BLOCK_BYTES: usize = 128;

/// What happens to a session that comes from another client than the one that logged in:
/// Flask-Login's `SESSION_PROTECTION`. The client is its address and its `User-Agent`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(alias = "SESSION_PROTECTION")]
#[non_exhaustive]
pub enum Protection {
    /// Nothing.
    None,
    /// The login stays, but is not [fresh](FlaskLogin::login_fresh) any more.
    #[default]
    Basic,
    /// The login is taken out, and the cookie that remembers it is deleted. A permanent
    /// session is treated as with [`Basic`](Self::Basic), as in Flask-Login.
    Strong,
}

/// Flask-Login: logs users in and out so that a Flask site that shares the session agrees.
///
/// A handler asks [`user_id`](Self::user_id) who is logged in, and calls
/// [`login_user`](Self::login_user) and [`logout_user`](Self::logout_user). When it is done,
/// [`remember_cookie`](Self::remember_cookie) says what to send besides the session's cookie,
/// before the session is saved.
///
/// ```
/// use hipflask::{Lifetime, SecureCookieSession, UnixTime, clock_fn};
/// use hipflask::extensions::{Client, FlaskLogin, Protection, Remember, RememberCookie};
///
/// let login = FlaskLogin::new("dev", Protection::Basic)?;
/// let settings = RememberCookie::new();
/// let client = Client::new().remote_addr(b"127.0.0.1").user_agent(b"curl/8.5.0");
///
/// let mut session = SecureCookieSession::<1024>::new();
/// assert_eq!(login.user_id(&mut session, &client)?, None);
/// login.login_user(&mut session, "1", Remember::Yes, &client)?;
/// assert_eq!(login.user_id(&mut session, &client)?, Some("1"));
///
/// let clock = clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)));
/// let cookie = login.remember_cookie(&mut session, &settings, &clock)?.unwrap().to_string();
/// assert!(cookie.starts_with("remember_token=1|"));
/// assert!(cookie.ends_with("; Expires=Wed, 13 Nov 2024 22:13:20 GMT; HttpOnly; Path=/"));
/// # Ok::<(), hipflask::Error>(())
/// ```
///
/// # Where Flask-Login's users live
/// Here a user is an id. Flask-Login also asks the site's `user_loader` for the user; where
/// that knows none of this id, it asks the cookie. Do the same: where your table has no
/// such user, ask [`remembered_user_id`](Self::remembered_user_id).
pub struct FlaskLogin {
    keys: Keyring<Sha512, 2>,
    protection: Protection,
    ignores_forwarded_for: bool,
}

impl FlaskLogin {
    /// Signs `remember_token` with `secret_key`, Flask's `SECRET_KEY`: text where Flask has
    /// text and bytes where it has bytes, see [`SecretKey`].
    ///
    /// # Errors
    /// [`Error::NoSecretKey`] when the key is empty. [`Error::InvalidConfig`] when it is text
    /// with a character beyond Latin-1, which Flask-Login cannot use either: there it is an
    /// exception at every login that is to be remembered.
    pub fn new<'k>(secret_key: impl Into<SecretKey<'k>>, protection: Protection) -> Result<Self, Error> {
        let secret_key = secret_key.into();
        secret_key.check()?;
        let keys = with_hmac_key(secret_key, |key| Keyring::from_secret(key, b"", KeyDerivation::None))?;
        Ok(Self { keys, protection, ignores_forwarded_for: false })
    }

    /// Signs with the current secret of `source`, which is of `key_type` in Flask. Its
    /// fallbacks do not count, as in Flask-Login: see
    /// [`accepting_fallbacks_of`](Self::accepting_fallbacks_of).
    ///
    /// # Errors
    /// As [`new`](Self::new), and what the source answers.
    pub fn from_source<S: SecretKeySource + ?Sized>(
        source: &S,
        key_type: SecretKeyType,
        protection: Protection,
    ) -> Result<Self, Error> {
        let mut login = Err(Error::NoSecretKey);
        source.with_current(&mut |secret| {
            login = key_type.key_in(secret).and_then(|key| Self::new(key, protection));
        })?;
        login
    }

    /// Lets a `remember_token` in that the older `secret_key` signed. Flask-Login never does:
    /// it knows `SECRET_KEY` alone, so that changing it ends every such login. A program
    /// that takes old keys and a Flask site beside it disagree about who is logged in
    /// until the cookie is set anew.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`Error::TooManyFallbacks`] for more than two.
    pub fn accepting_old_key<'k>(mut self, secret_key: impl Into<SecretKey<'k>>) -> Result<Self, Error> {
        let secret_key = secret_key.into();
        secret_key.check()?;
        let push = |key: &[u8]| self.keys.push_fallback(key, b"", KeyDerivation::None);
        with_hmac_key(secret_key, push)??;
        Ok(self)
    }

    /// The same for each fallback of `source`.
    ///
    /// # Errors
    /// As [`accepting_old_key`](Self::accepting_old_key), and what the source answers.
    pub fn accepting_fallbacks_of<S: SecretKeySource + ?Sized>(
        self,
        source: &S,
        key_type: SecretKeyType,
    ) -> Result<Self, Error> {
        let mut login = Some(Ok(self));
        source.with_fallbacks(&mut |secret| {
            // A source may have entries that hold nothing.
            if !secret.is_empty() {
                login = login.take().map(|login| login?.accepting_old_key(key_type.key_in(secret)?));
            }
        })?;
        login.unwrap_or(Err(Error::NoSecretKey))
    }

    /// Takes the peer's address for the client's, whatever `X-Forwarded-For` says.
    ///
    /// Flask-Login believes that header from anybody, so that the protection protects only
    /// against those who do not know the address. But a Flask site behind the same proxy
    /// sees another address then than this program, which sees the proxy's: each takes the
    /// other's login for one from somewhere else. Do this only where no Flask shares the
    /// login, or where its proxy removes the header.
    #[must_use]
    pub const fn ignoring_forwarded_for(mut self) -> Self {
        self.ignores_forwarded_for = true;
        self
    }

    /// What `_id` holds when this client logs in.
    #[must_use]
    #[doc(alias = "_create_identifier")]
    pub fn identifier(&self, client: &Client<'_>) -> Identifier {
        client.identifier(self.ignores_forwarded_for)
    }

    /// Who is logged in: the session's user or, without one, the user that the cookie
    /// `remember_token` remembers, whom this logs in (not [fresh](Self::login_fresh)). Flask:
    /// `current_user.get_id()`.
    ///
    /// It looks after the session first, as the [protection](Protection) says. An id that is
    /// an integer in the session is read as its digits.
    ///
    /// # Errors
    /// [`Error::WrongType`] when `_user_id` is neither text nor an integer nor `None`;
    /// [`Error::Capacity`] when the session has no room for what is to be noted in it;
    /// [`Error::NoSecretKey`] on a null session with a cookie that holds.
    pub fn user_id<'s>(
        &self,
        session: &'s mut Session,
        client: &Client<'_>,
    ) -> Result<Option<&'s str>, Error> {
        if self.session_protection_failed(session, client)? {
            return Ok(None);
        }
        if user_id_in(session)?.is_some() {
            return user_id_in(session);
        }
        self.remembered_user_id(session, client)
    }

    /// Logs in whoever the cookie `remember_token` remembers, and says who that is: what
    /// [`user_id`](Self::user_id) does when the session has no user. Where the session was
    /// ordered to clear the cookie, nobody is remembered.
    ///
    /// # Errors
    /// [`Error::Capacity`] when the session has no room for the user's id;
    /// [`Error::NoSecretKey`] on a null session.
    #[doc(alias = "_load_user_from_remember_cookie")]
    pub fn remembered_user_id<'s>(
        &self,
        session: &'s mut Session,
        client: &Client<'_>,
    ) -> Result<Option<&'s str>, Error> {
        let Some(cookie) = client.remember_token else { return Ok(None) };
        if session.get(REMEMBER).is_some_and(|order| order == "clear") {
            return Ok(None);
        }
        let token = cookie.text(Charset::Latin1);
        let Some(len) = signed_len(&token, &self.keys)? else { return Ok(None) };
        session.update(&[(USER_ID, &UserIdIn { token, len }), (FRESH, &false)])?;
        user_id_in(session)
    }

    /// Logs `user_id` in, from `client`: writes `_user_id`, `_fresh` and `_id`, and for
    /// [`remember_cookie`](Self::remember_cookie) that the login is to be remembered.
    ///
    /// What else the session holds stays, as in Flask-Login.
    ///
    /// # Errors
    /// [`Error::Capacity`] when there is no room for all of it; [`Error::NoSecretKey`] on a
    /// null session. Each leaves the session as it was.
    pub fn login_user(
        &self,
        session: &mut Session,
        user_id: &str,
        remember: Remember,
        client: &Client<'_>,
    ) -> Result<(), Error> {
        let (count, duration) = match remember {
            Remember::No => (3, 0.0),
            Remember::Yes => (4, 0.0),
            Remember::For(duration) => (5, duration.as_secs_f64()),
        };
        let id = self.identifier(client);
        let entries: [(&str, &dyn Encode); 5] = [
            (USER_ID, &user_id),
            (FRESH, &true),
            (ID, &id.as_str()),
            (REMEMBER, &"set"),
            (REMEMBER_SECONDS, &duration),
        ];
        session.update(sub_slice(&entries, ..count))
    }

    /// Makes the login fresh again: the user has just given the password, or what else you
    /// trust.
    ///
    /// # Errors
    /// As [`login_user`](Self::login_user).
    pub fn confirm_login(&self, session: &mut Session, client: &Client<'_>) -> Result<(), Error> {
        session.update(&[(FRESH, &true), (ID, &self.identifier(client).as_str())])
    }

    /// Whether the user gave a password in this session, and has not come from elsewhere
    /// since. Ask [`user_id`](Self::user_id) first, which finds that out.
    #[must_use]
    pub fn login_fresh(session: &Session) -> bool {
        session.is_set(FRESH)
    }

    /// Logs out: takes `_user_id`, `_fresh` and `_id` out and, where the client has a
    /// `remember_token`, leaves word for [`remember_cookie`](Self::remember_cookie) to
    /// delete it. Without that, Flask would log the user in again.
    ///
    /// What else the session holds stays, as in Flask-Login.
    ///
    /// # Errors
    /// [`Error::Capacity`] when the user is logged out and there is no room for that word;
    /// [`Error::NoSecretKey`] on a null session with a cookie.
    pub fn logout_user(&self, session: &mut Session, client: &Client<'_>) -> Result<(), Error> {
        match self.trust(session, client) {
            // Flask-Login looks at who it is first, and so after the session.
            Trust::None => forget(session)?,
            Trust::Basic if !is_stale(session) => session.set_modified(true),
            Trust::Basic | Trust::Full => {}
        }
        take_out(session, &[USER_ID, FRESH, ID])?;
        if client.remember_token.is_some() {
            take_out(session, &[REMEMBER_SECONDS])?;
            session.insert(REMEMBER, "clear")?;
        }
        Ok(())
    }

    /// Looks after the session, as the [protection](Protection) says; whether it is one that
    /// nobody is logged in with any more. [`user_id`](Self::user_id) does it.
    ///
    /// # Errors
    /// [`Error::Capacity`] when there is no room for what is to be noted in the session.
    #[doc(alias = "_session_protection_failed")]
    pub fn session_protection_failed(
        &self,
        session: &mut Session,
        client: &Client<'_>,
    ) -> Result<bool, Error> {
        match self.trust(session, client) {
            Trust::None => forget(session).map(|()| true),
            Trust::Basic if !is_stale(session) => session.insert(FRESH, &false).map(|()| false),
            Trust::Basic | Trust::Full => Ok(false),
        }
    }

    /// What to send for the orders that the session holds, which this takes out of it: a
    /// cookie to set or to delete, or nothing. Call it after the handler and **before the
    /// session is saved**, also after one that failed. The clock is asked only when a cookie
    /// is set.
    ///
    /// The cookie has an `Expires` and no `Max-Age`, as Flask-Login's. The one that deletes
    /// it has Flask-Login's attributes, `Domain` and `Path`, and besides `Secure` and
    /// `SameSite` where the settings have them: else some browsers ignore it.
    ///
    /// # Errors
    /// [`Error::WrongType`] when `_user_id` is not text or an integer, or
    /// `_remember_seconds` no number; [`Error::DateOutOfRange`] when they end after the year
    /// 9999; [`Error::InvalidConfig`] when a setting cannot stand in a header; what the clock
    /// answers. The order stays in the session then.
    #[doc(alias = "_update_remember_cookie")]
    pub fn remember_cookie<'s, 'c, C: Clock + ?Sized>(
        &self,
        session: &'s mut Session,
        settings: &RememberCookie<'c>,
        clock: &C,
    ) -> Result<Option<SetCookie<'c, RememberValue<'s>>>, Error> {
        let order = match session.get(REMEMBER) {
            None if session.is_null() || !settings.refresh_each_request => return Ok(None),
            Some(order) if order == "clear" => Order::Clear,
            Some(order) if order != "set" => Order::None,
            _ => {
                if session.contains(USER_ID) {
                    Order::Set
                } else {
                    Order::None
                }
            }
        };
        settings.check()?;
        let mut cookie = settings.cookie(RememberValue(None));
        if matches!(order, Order::Set) {
            // Before the order is gone, all that can fail.
            session.get(USER_ID).map(text_of).transpose()?;
            let duration = session.get(REMEMBER_SECONDS).map_or(Ok(settings.duration), lifetime_of)?;
            cookie.expires = Some(duration.after(clock.now()?)?);
        }
        session.remove(REMEMBER)?;
        // As in Flask-Login, also where there was no order and the cookie is sent anew.
        session.set_modified(true);
        Ok(match order {
            Order::None => None,
            Order::Clear => Some(cookie.with_http_only(false).expired()),
            Order::Set => {
                let user_id = session.get(USER_ID).map_or(Ok(""), text_of)?;
                Some(cookie.with_value(RememberValue(Some(self.encode_cookie(user_id)?))))
            }
        })
    }

    /// Signs a user's id: the text that `remember_token` stands for.
    ///
    /// # Errors
    /// None, as long as there is a key.
    pub fn encode_cookie<'u>(&self, user_id: &'u str) -> Result<RememberToken<'u>, Error> {
        RememberToken::new(user_id, &self.keys)
    }

    /// Reads the text of a `remember_token`: whose id it is, or `None` when it is not signed
    /// with this key.
    ///
    /// ```
    /// # use hipflask::extensions::{FlaskLogin, Protection};
    /// let login = FlaskLogin::new("dev", Protection::Basic)?;
    /// let token = login.encode_cookie("ada")?.to_string();
    /// assert_eq!(login.decode_cookie(&token), Some("ada"));
    /// assert_eq!(login.decode_cookie(&token.to_uppercase()), None);
    /// # Ok::<(), hipflask::Error>(())
    /// ```
    #[must_use]
    pub fn decode_cookie<'t>(&self, token: &'t str) -> Option<&'t str> {
        let len = signed_len(&token, &self.keys).ok()??;
        token.get(..len)
    }

    /// How far a session is the client's.
    fn trust(&self, session: &Session, client: &Client<'_>) -> Trust {
        if self.protection == Protection::None || session.is_empty() {
            return Trust::Full;
        }
        let id = self.identifier(client);
        if session.get(ID).is_some_and(|stored| stored == id.as_str()) {
            Trust::Full
        } else if self.protection == Protection::Basic || session.permanent() {
            Trust::Basic
        } else {
            Trust::None
        }
    }
}

/// What a session orders to happen to the cookie.
enum Order {
    Set,
    Clear,
    None,
}

/// How far a session is its client's.
enum Trust {
    /// It is.
    Full,
    /// Whoever is logged in stays so, but for what takes a fresh login.
    Basic,
    /// Nobody is logged in.
    None,
}

/// Whether it is noted already that the login is not fresh.
fn is_stale(session: &Session) -> bool {
    session.get(FRESH).is_some_and(|fresh| fresh.as_bool() == Some(false))
}

/// Takes all of Flask-Login's out of the session, and has the cookie cleared.
fn forget(session: &mut Session) -> Result<(), Error> {
    take_out(session, &SESSION_KEYS)?;
    session.insert(REMEMBER, "clear")
}

/// Takes out what is there. A null session, where nothing is, is not written then.
fn take_out(session: &mut Session, keys: &[&str]) -> Result<(), Error> {
    for key in keys {
        if session.contains(key) {
            session.remove(key)?;
        }
    }
    Ok(())
}

/// The user's id in a session; `None` where there is none or Python's.
fn user_id_in(session: &Session) -> Result<Option<&str>, Error> {
    session.get(USER_ID).filter(|id| id.span() != b"null").map(text_of).transpose()
}

/// A user's id as text: Python's `str(value)`.
fn text_of(value: Value<'_>) -> Result<&str, Error> {
    if let Some(number) = value.number().filter(|number| number.is_integer()) {
        return Ok(number.as_str());
    }
    let reason = || value.is_not(TypeName::Str);
    value.as_str().ok_or_else(|| Error::WrongType { key: Some(KeyName::new(USER_ID)), reason: reason() })
}

/// A number of seconds: Python's `timedelta(seconds=value)`.
fn lifetime_of(value: Value<'_>) -> Result<Lifetime, Error> {
    if let Some(secs) = value.as_i64() {
        return Ok(Lifetime::from_secs(secs));
    }
    let Some(number) = value.number() else {
        let reason = value.is_not(TypeName::Float);
        return Err(Error::WrongType { key: Some(KeyName::new(REMEMBER_SECONDS)), reason });
    };
    Lifetime::from_secs_f64(number.as_f64()).ok_or(Error::DateOutOfRange)
}

/// Calls `use_key` with what Flask-Login keys its HMAC with, and wipes it afterwards.
fn with_hmac_key<R>(key: SecretKey<'_>, use_key: impl FnOnce(&[u8]) -> R) -> Result<R, Error> {
    let text = match key {
        SecretKey::Bytes(bytes) => return Ok(use_key(bytes)),
        SecretKey::Text(text) if text.is_ascii() => return Ok(use_key(text.as_bytes())),
        SecretKey::Text(text) => text,
    };
    let latin1 = || text.chars().map(|letter| u8::try_from(letter).map_err(|_| UNUSABLE));
    let len = latin1().try_fold(0_usize, |len, byte| byte.map(|_| len.saturating_add(1)))?;
    let mut block = Zeroizing::new([0; BLOCK_BYTES]);
    if len <= BLOCK_BYTES {
        block.iter_mut().zip(latin1().flatten()).for_each(|(slot, byte)| *slot = byte);
        return Ok(use_key(sub_slice(&*block, ..len)));
    }
    // As HMAC does with a key longer than a block.
    let mut hash = Hash::new();
    latin1().flatten().for_each(|byte| hash.update([byte]));
    let mut digest = hash.finalize();
    let result = use_key(&digest);
    digest.as_mut_slice().zeroize();
    Ok(result)
}

impl fmt::Debug for FlaskLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlaskLogin")
            .field("protection", &self.protection)
            .field("ignores_forwarded_for", &self.ignores_forwarded_for)
            .finish_non_exhaustive()
    }
}
