//! What Flask-Login and Flask-WTF keep, beside the answers that `conformance.rs` compares:
//! errors, settings, and what a refusal leaves behind. Expected text was made by Flask-Login
//! 0.6.3 and Flask-WTF 1.3.0.
#![cfg(all(feature = "flask-login", feature = "flask-wtf"))]

mod common;

use hipflask::{
    Clock, Config, Error, Lifetime, RequestContext, SecureCookieSession, SecureCookieSessionInterface,
    UnixTime, clock_fn,
    cookie::SameSite,
    extensions::{
        Client, CsrfError, FlaskLogin, FlaskWtf, Protection, Remember, RememberCookie, SecretKey,
        SecretKeyType,
    },
    signing::{Keyring, Secrets},
};

type Session = SecureCookieSession<2048>;

const COOKIE: RememberCookie = RememberCookie::new();

fn at(secs: u64) -> impl Clock {
    clock_fn(move || Ok(UnixTime::from_secs(secs)))
}

fn unset() -> impl Clock {
    clock_fn(|| Err(Error::ClockNotSet))
}

fn login() -> FlaskLogin {
    FlaskLogin::new("dev", Protection::Basic).unwrap()
}

fn client<'a>(cookies: &'a str) -> Client<'a> {
    Client::new().remote_addr(b"127.0.0.1").user_agent(b"curl/8.5.0").cookies(cookies, &COOKIE)
}

fn keys(session: &hipflask::Session) -> Vec<&str> {
    session.iter().map(|(key, _)| key).collect()
}

// ------------------------------------------------------------------------ keys

/// `encode_cookie("1", key)` for the text and for its UTF-8.
const OF_TEXT: &str = "1|fd6d49ae979e3ec5b36a5f0d8a50607fc36072596bffd734b4bc7cd071db4a963e8777d5a97984faba430d415fbb5a926512304ffbdb0d50842d8f8004e3f206";
const OF_UTF8: &str = "1|716e6a4af4b5c61c717b6722bb6709fc8a39c007913fe9404d3a986381689a5ae9180373cac4f98fb9c1a4eceb03bc04d89e8dbd85e76792a3d8183ddc736f33";

#[test]
fn a_key_that_is_text_is_latin_1_to_flask_login() {
    let token = |key: SecretKey<'_>| {
        FlaskLogin::new(key, Protection::Basic).unwrap().encode_cookie("1").unwrap().to_string()
    };
    assert_eq!(token("pä$$wörd".into()), OF_TEXT);
    assert_eq!(token(b"p\xe4$$w\xf6rd".into()), OF_TEXT);
    assert_eq!(token("pä$$wörd".as_bytes().into()), OF_UTF8);

    let secrets = Secrets { current: "pä$$wörd".as_bytes(), fallbacks: &[] };
    for (key_type, expected) in [(SecretKeyType::Text, OF_TEXT), (SecretKeyType::Bytes, OF_UTF8)] {
        let login = FlaskLogin::from_source(&secrets, key_type, Protection::Basic).unwrap();
        assert_eq!(login.encode_cookie("1").unwrap().to_string(), expected);
    }
}

#[test]
fn a_key_that_flask_cannot_use_is_found_when_it_is_given() {
    let unusable = Error::InvalidConfig { setting: "SECRET_KEY" };
    assert_eq!(FlaskLogin::new("日本", Protection::Basic).unwrap_err(), unusable);
    let secrets = Secrets { current: b"\xff", fallbacks: &[] };
    let from_source = FlaskLogin::from_source(&secrets, SecretKeyType::Text, Protection::Basic);
    assert_eq!(from_source.unwrap_err(), unusable);

    assert_eq!(FlaskLogin::new("", Protection::Basic).unwrap_err(), Error::NoSecretKey);
    assert_eq!(FlaskWtf::new(b"").unwrap_err(), Error::NoSecretKey);
    let empty = Secrets::default();
    assert_eq!(FlaskWtf::from_source(&empty).unwrap_err(), Error::NoSecretKey);
    let from_source = FlaskLogin::from_source(&empty, SecretKeyType::Bytes, Protection::Basic);
    assert_eq!(from_source.unwrap_err(), Error::NoSecretKey);
}

#[test]
fn old_keys_count_only_where_they_are_named() {
    let secrets = Secrets { current: b"new", fallbacks: &[b"", b"old"] };
    let token = FlaskLogin::new("old", Protection::Basic).unwrap().encode_cookie("1").unwrap().to_string();
    let login = FlaskLogin::from_source(&secrets, SecretKeyType::Text, Protection::Basic).unwrap();
    assert_eq!(login.decode_cookie(&token), None);
    let login = login.accepting_fallbacks_of(&secrets, SecretKeyType::Text).unwrap();
    assert_eq!(login.decode_cookie(&token), Some("1"));
    // The new key signs.
    let newer = login.encode_cookie("1").unwrap().to_string();
    assert_eq!(FlaskLogin::new("new", Protection::Basic).unwrap().decode_cookie(&newer), Some("1"));

    let mut session = Session::new();
    let form = {
        let csrf = FlaskWtf::new("old").unwrap();
        csrf.generate(&mut session, sevens, &at(7)).unwrap().to_string()
    };
    let csrf = FlaskWtf::from_source(&secrets).unwrap();
    assert_eq!(csrf.validate(&session, &form, &at(7)), Err(CsrfError::Invalid));
    let csrf = csrf.accepting_fallbacks_of(&secrets).unwrap();
    assert_eq!(csrf.validate(&session, &form, &at(7)), Ok(()));

    let two_more = login.accepting_old_key("older").unwrap().accepting_old_key("oldest");
    assert_eq!(two_more.unwrap_err(), Error::TooManyFallbacks { limit: 2 });
    let two_more = csrf.accepting_old_key("older").unwrap().accepting_old_key("oldest");
    assert_eq!(two_more.unwrap_err(), Error::TooManyFallbacks { limit: 2 });
}

#[test]
fn debug_shows_no_key_and_no_token() {
    let (login, csrf) = (login(), FlaskWtf::new("dev").unwrap());
    let token = login.encode_cookie("ada").unwrap();
    let mut session = Session::new();
    let form = csrf.generate(&mut session, sevens, &at(7)).unwrap();
    let text = format!(
        "{:?} {:?} {login:?} {csrf:?} {token:?} {form:?}",
        SecretKey::from("dev"),
        SecretKey::from(b"dev")
    );
    for secret in ["dev\"", "ada", "0707"] {
        assert!(!text.contains(secret), "{text}");
    }
}

// ----------------------------------------------------------------------- login

#[test]
fn whoever_has_the_cookie_is_logged_in_after_the_session_is_gone() {
    let login = login();
    let mut session = Session::new();
    login.login_user(&mut session, "1", Remember::For(Lifetime::from_secs(60)), &client("")).unwrap();
    assert!(FlaskLogin::login_fresh(&session));
    let cookie =
        login.remember_cookie(&mut session, &COOKIE, &at(1_700_000_000)).unwrap().unwrap().to_string();
    assert!(cookie.ends_with("; Expires=Tue, 14 Nov 2023 22:14:20 GMT; HttpOnly; Path=/"), "{cookie}");
    assert_eq!(keys(&session), ["_user_id", "_fresh", "_id", "_remember_seconds"]);
    // Once is enough.
    assert_eq!(login.remember_cookie(&mut session, &COOKIE, &at(1_700_000_000)).unwrap().map(|_| ()), None);

    let pair = cookie.split(';').next().unwrap();
    let mut fresh = Session::new();
    assert_eq!(login.user_id(&mut fresh, &client(pair)), Ok(Some("1")));
    assert!(!FlaskLogin::login_fresh(&fresh) && fresh.modified());
    login.confirm_login(&mut fresh, &client(pair)).unwrap();
    assert!(FlaskLogin::login_fresh(&fresh));

    login.logout_user(&mut fresh, &client(pair)).unwrap();
    assert_eq!(keys(&fresh), ["_remember"]);
    // In this request the browser still has the cookie, and nobody is logged in.
    assert_eq!(login.user_id(&mut fresh, &client(pair)), Ok(None));
    let deletion = login.remember_cookie(&mut fresh, &COOKIE, &unset()).unwrap().unwrap();
    assert_eq!(
        deletion.to_string(),
        "remember_token=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/"
    );
}

/// A browser with another `User-Agent`, or at another address, for each protection.
#[test]
fn protection_takes_back_what_its_mode_says() {
    let mut original = Session::new();
    login().login_user(&mut original, "1", Remember::No, &client("")).unwrap();
    let elsewhere = client("").remote_addr(b"10.0.0.7");
    for (protection, user, fresh) in [
        (Protection::None, Some("1"), true),
        (Protection::Basic, Some("1"), false),
        (Protection::Strong, None, false),
    ] {
        let login = FlaskLogin::new("dev", protection).unwrap();
        let mut session = original.clone();
        assert_eq!(login.user_id(&mut session, &client("")), Ok(Some("1")), "{protection:?}");
        assert!(FlaskLogin::login_fresh(&session));
        assert_eq!(login.user_id(&mut session, &elsewhere), Ok(user), "{protection:?}");
        assert_eq!(FlaskLogin::login_fresh(&session), fresh, "{protection:?}");
        // What was taken is not given back.
        assert_eq!(login.user_id(&mut session, &client("")), Ok(user), "{protection:?}");
    }
    // A permanent session keeps its user.
    let login = FlaskLogin::new("dev", Protection::Strong).unwrap();
    original.set_permanent(true).unwrap();
    assert_eq!(login.user_id(&mut original, &elsewhere), Ok(Some("1")));
}

#[test]
fn forwarded_for_is_believed_unless_it_is_ignored_by_name() {
    let (believing, ignoring) = (login(), login().ignoring_forwarded_for());
    let forwarded = client("").forwarded_for(b" 10.0.0.7 , 192.0.2.1");
    let direct = client("").remote_addr(b"10.0.0.7");
    assert_eq!(believing.identifier(&forwarded), believing.identifier(&direct));
    assert_eq!(ignoring.identifier(&forwarded), ignoring.identifier(&client("")));
    assert_ne!(ignoring.identifier(&forwarded), believing.identifier(&forwarded));
}

#[test]
fn a_login_that_does_not_fit_changes_nothing() {
    let login = login();
    let mut session = SecureCookieSession::<256>::new();
    session.insert("cart", &"x".repeat(40)).unwrap();
    session.set_modified(false);
    let error = login.login_user(&mut session, "1", Remember::Yes, &client("")).unwrap_err();
    assert!(error.is_capacity());
    assert_eq!((keys(&session), session.modified()), (vec!["cart"], false));

    // One is logged out of a session that is full to the last byte.
    let mut full = SecureCookieSession::<256>::new();
    full.insert("_user_id", &"1").unwrap();
    let mut len = 200;
    while full.insert("x", &"x".repeat(len)).is_err() {
        len -= 1;
    }
    login.logout_user(&mut full, &client("")).unwrap();
    assert_eq!(keys(&full), ["x"]);
}

#[test]
fn a_null_session_has_nobody_and_takes_nobody() {
    let login = login();
    let keys = Keyring::for_sessions(b"");
    let interface = SecureCookieSessionInterface::new(keys, at(1_700_000_000));
    let mut context = RequestContext::new(Session::new());
    context.open(&interface, &Config::new(), "");
    let session = context.session().unwrap();
    assert!(session.is_null());
    let token = login.encode_cookie("1").unwrap().to_string();
    let header = format!("remember_token={token}");
    assert_eq!(login.user_id(session, &client("")), Ok(None));
    assert_eq!(login.user_id(session, &client(&header)), Err(Error::NoSecretKey));
    let refused = login.login_user(session, "1", Remember::Yes, &client(""));
    assert_eq!(refused, Err(Error::NoSecretKey));
    assert_eq!(login.logout_user(session, &client("")), Ok(()));
    let refreshing = COOKIE.refresh_each_request(true);
    assert!(login.remember_cookie(session, &refreshing, &unset()).unwrap().is_none());
    let csrf = FlaskWtf::new("dev").unwrap();
    assert_eq!(csrf.generate(session, sevens, &at(7)).map(|_| ()), Err(Error::NoSecretKey));
}

#[test]
fn an_order_that_cannot_be_followed_stays() {
    let login = login();
    let mut session = Session::new();
    login.login_user(&mut session, "1", Remember::Yes, &client("")).unwrap();
    let stays = |session: &mut Session,
                 settings: &RememberCookie<'_>,
                 clock: &dyn Fn() -> Result<UnixTime, Error>| {
        let error = login.remember_cookie(session, settings, &clock_fn(clock)).map(|_| ()).unwrap_err();
        assert!(session.contains("_remember"));
        error
    };
    let now = || Ok(UnixTime::from_secs(1_700_000_000));
    assert_eq!(stays(&mut session, &COOKIE, &|| Err(Error::ClockNotSet)), Error::ClockNotSet);
    let for_ever = COOKIE.duration(Lifetime::from_secs(i64::MAX));
    assert_eq!(stays(&mut session, &for_ever, &now), Error::DateOutOfRange);
    let broken = COOKIE.name("a;b");
    assert_eq!(stays(&mut session, &broken, &now), Error::InvalidConfig { setting: "REMEMBER_COOKIE_NAME" });
    session.insert("_remember_seconds", &"60").unwrap();
    assert!(stays(&mut session, &COOKIE, &now).is_wrong_type());
    session.insert("_remember_seconds", &f64::NAN).unwrap();
    assert_eq!(stays(&mut session, &COOKIE, &now), Error::DateOutOfRange);
    session.remove("_remember_seconds").unwrap();
    session.insert("_user_id", &vec![1]).unwrap();
    assert!(stays(&mut session, &COOKIE, &now).is_wrong_type());
    assert!(login.user_id(&mut session, &client("")).unwrap_err().is_wrong_type());
}

#[test]
fn settings_that_no_browser_takes_are_found_at_the_start() {
    let refused = |setting| Err(Error::InvalidConfig { setting });
    assert_eq!(COOKIE.check(), Ok(()));
    assert_eq!(COOKIE.name("").check(), refused("REMEMBER_COOKIE_NAME"));
    assert_eq!(COOKIE.name("__Host-r").secure(true).path("/a").check(), refused("REMEMBER_COOKIE_PATH"));
    assert_eq!(COOKIE.samesite(SameSite::None).check(), refused("REMEMBER_COOKIE_SECURE"));
    assert_eq!(COOKIE.domain("*.example.com").check(), refused("REMEMBER_COOKIE_DOMAIN"));
}

/// Browsers ignore a deletion without `Secure` for a name such as `__Host-…`, and one without
/// `SameSite=None` inside of another site's page.
#[test]
fn the_deletion_is_one_that_browsers_follow() {
    let settings = COOKIE.name("__Host-r").secure(true).samesite(SameSite::None);
    let mut session = Session::new();
    session.insert("_remember", "clear").unwrap();
    let deletion = login().remember_cookie(&mut session, &settings, &unset()).unwrap().unwrap();
    assert_eq!(
        deletion.to_string(),
        "__Host-r=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; Path=/; SameSite=None"
    );
}

// ------------------------------------------------------------------------ CSRF

fn sevens(bytes: &mut [u8; 20]) -> Result<(), Error> {
    bytes.fill(7);
    Ok(())
}

#[test]
fn a_form_is_good_for_an_hour_and_for_its_session() {
    let csrf = FlaskWtf::new("dev").unwrap();
    let mut session = Session::new();
    let form = csrf.generate(&mut session, sevens, &at(1_700_000_000)).unwrap().to_string();
    assert_eq!(session.get_as("csrf_token"), Ok(Some("0707070707070707070707070707070707070707")));
    for (secs, answer) in [
        (1_700_000_000, Ok(())),
        (1_700_003_600, Ok(())),
        (1_700_003_601, Err(CsrfError::Expired)),
        (1_699_999_999, Err(CsrfError::Expired)),
    ] {
        assert_eq!(csrf.validate(&session, &form, &at(secs)), answer, "{secs}");
    }
    assert_eq!(csrf.validate(&session, &form, &unset()), Err(CsrfError::Failed(Error::ClockNotSet)));
    assert_eq!(csrf.validate(&Session::new(), &form, &unset()), Err(CsrfError::NoSession));

    // Clocks that differ, in both directions.
    let (hasty, patient) =
        (FlaskWtf::new("dev").unwrap(), FlaskWtf::new("dev").unwrap().with_clock_skew_secs(2));
    assert_eq!(patient.validate(&session, &form, &at(1_699_999_998)), Ok(()));
    assert_eq!(patient.validate(&session, &form, &at(1_699_999_997)), Err(CsrfError::Expired));
    let form = patient.generate(&mut session, sevens, &at(1_700_000_002)).unwrap().to_string();
    assert_eq!(hasty.validate(&session, &form, &at(1_700_000_000)), Ok(()));
}

/// With an id of Flask-WTF's and the clock of this second, the token is Flask-WTF's.
#[test]
fn a_token_is_flask_wtf_s() {
    let of_flask =
        "Ijk5MzliMDVkZDFhMzc2M2Y1Zjg1NmUwNjVkMjc3MTkwZDY0ODk5NGYi.ZVPxAA.HNc5748blgz9wW6NdHakkhyHwnA";
    let csrf = FlaskWtf::new("dev").unwrap();
    let mut session = Session::new();
    session.insert("csrf_token", "9939b05dd1a3763f5f856e065d277190d648994f").unwrap();
    session.set_modified(false);
    let unasked = |_: &mut [u8; 20]| panic!("the session has an id");
    let form = csrf.generate::<_, Error>(&mut session, unasked, &at(1_700_000_000)).unwrap().to_string();
    assert_eq!((form.as_str(), session.modified()), (of_flask, false));
    assert_eq!(csrf.validate(&session, of_flask, &at(1_700_000_000)), Ok(()));
}

#[test]
fn what_is_no_id_of_a_session_is_replaced() {
    let csrf = FlaskWtf::new("dev").unwrap();
    let mut session = Session::new();
    let usable = "x".repeat(254);
    let texts: [&dyn hipflask::json::Encode; 4] = [&7, &(), &vec!["x"], &"x".repeat(255)];
    for replaced in texts {
        session.update(&[("csrf_token", replaced)]).unwrap();
        let form = csrf.generate(&mut session, sevens, &at(7)).unwrap().to_string();
        assert_eq!(csrf.validate(&session, &form, &at(7)), Ok(()));
        assert!(session.get("csrf_token").is_some_and(|id| id == "07".repeat(20).as_str()));
    }
    session.insert("csrf_token", &usable).unwrap();
    let form = csrf.generate(&mut session, sevens, &at(7)).unwrap().to_string();
    assert_eq!(csrf.validate(&session, &form, &at(7)), Ok(()));
    assert!(session.get("csrf_token").is_some_and(|id| id == usable.as_str()));
}

#[test]
fn a_random_number_that_fails_is_the_caller_s_error() {
    let csrf = FlaskWtf::new("dev").unwrap().with_field_name("token");
    let mut session = Session::new();
    let failed = csrf.generate(
        &mut session,
        |_| Err::<(), _>(Box::<dyn std::error::Error>::from("no entropy")),
        &at(7),
    );
    assert_eq!(failed.unwrap_err().to_string(), "no entropy");
    assert!(session.is_empty());
    csrf.generate(&mut session, sevens, &at(7)).unwrap();
    assert_eq!(keys(&session), ["token"]);
}

#[test]
fn every_reason_has_flask_wtf_s_words() {
    for (error, words) in [
        (CsrfError::Missing, "The CSRF token is missing."),
        (CsrfError::NoSession, "The CSRF session token is missing."),
        (CsrfError::Expired, "The CSRF token has expired."),
        (CsrfError::Invalid, "The CSRF token is invalid."),
        (CsrfError::Mismatch, "The CSRF tokens do not match."),
        (CsrfError::ReferrerMissing, "The referrer header is missing."),
        (CsrfError::ReferrerMismatch, "The referrer does not match the host."),
    ] {
        assert_eq!(error.to_string(), words);
    }
}

#[test]
fn a_referrer_in_a_spelling_that_browsers_do_not_use_does_not_match() {
    let mismatch = Err(CsrfError::ReferrerMismatch);
    for (referrer, host, answer) in [
        ("https://example.com/form?x", "example.com", Ok(())),
        ("https://example.com/", "example.com:443", Ok(())),
        // Python takes these apart first.
        ("https://ada@example.com/", "example.com", mismatch),
        ("https:///", "a_b.example", mismatch),
        (" https://example.com/", "example.com", mismatch),
        ("https://example.com\\@evil.example/", "example.com", mismatch),
    ] {
        let checked = FlaskWtf::check_referrer(Some(referrer.as_bytes()), host.as_bytes());
        assert_eq!(checked, answer, "{referrer}");
    }
}

// ------------------------------------------------------------------- any bytes

/// What anybody may send, at its longest.
#[test]
fn long_and_broken_input_has_an_answer() {
    let (login, csrf) = (login(), FlaskWtf::new("dev").unwrap());
    let mut session = Session::new();
    csrf.generate(&mut session, sevens, &at(7)).unwrap();
    for byte in [b'a', b'.', b'|', b'=', b'"', b'\\', 0, 0xFF] {
        let long = vec![byte; 64 * 1024];
        assert_eq!(csrf.validate(&session, &long, &at(7)), Err(CsrfError::Invalid));
        let header = [b"remember_token=", &long[..]].concat();
        let client = Client::new().remote_addr(&long).forwarded_for(&long).user_agent(&long);
        let client = client.cookies(header.as_slice(), &COOKIE);
        let mut own = Session::new();
        assert_eq!(login.user_id(&mut own, &client), Ok(None));
        login.login_user(&mut own, "1", Remember::No, &client).unwrap();
        assert_eq!(login.user_id(&mut own, &client), Ok(Some("1")));
        let _ = FlaskWtf::check_referrer(Some(&long), &long);
    }
    // A cookie that holds, for a user whose id the session has no room for.
    let token = login.encode_cookie(&"x".repeat(4000)).unwrap().to_string();
    let header = format!("remember_token={token}");
    let mut small = Session::new();
    assert!(login.user_id(&mut small, &client(&header)).unwrap_err().is_capacity());
    assert!(small.is_empty());
}
