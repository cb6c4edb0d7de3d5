//! What Flask-Login and Flask-WTF read of a request.

use hipflask::{
    SecureCookieSession, UnixTime, clock_fn,
    extensions::{Client, CsrfError, FlaskLogin, FlaskWtf, Protection, Remember, RememberCookie},
};

use super::choices::Choices;

type Session = SecureCookieSession<1024>;

/// Nobody is logged in by a cookie that was not signed, and no form is accepted that was not
/// made for the session, whatever the headers hold. A login is known again by the same
/// client, and only by the cookie after the session is gone.
pub fn extensions(data: &[u8]) {
    let mut choices = Choices::new(data);
    let protection = [Protection::None, Protection::Basic, Protection::Strong][choices.below(3)];
    let cut = choices.below(256);
    let header = choices.rest();
    let (address, agent) = header.split_at(cut.min(header.len()));

    let settings = RememberCookie::new();
    let clock = clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)));
    let login = FlaskLogin::new("a key of the fuzzer", protection).unwrap();
    let client = Client::new().remote_addr(address).user_agent(agent).cookies(header, &settings);
    let mut session = Session::new();
    assert_eq!(login.user_id(&mut session, &client), Ok(None));
    assert!(session.is_empty() && !session.modified());
    let text = String::from_utf8_lossy(header);
    assert_eq!(login.decode_cookie(&text), None);

    let csrf = FlaskWtf::new("a key of the fuzzer").unwrap();
    assert!(csrf.validate(&session, header, &clock).is_err());
    let random = |bytes: &mut [u8; 20]| {
        bytes.fill(7);
        Ok::<_, hipflask::Error>(())
    };
    let form = csrf.generate(&mut session, random, &clock).unwrap().to_string();
    assert_eq!(csrf.validate(&session, &form, &clock), Ok(()));
    let expected = if header.is_empty() { CsrfError::Missing } else { CsrfError::Invalid };
    assert_eq!(csrf.validate(&session, header, &clock), Err(expected));
    let _ = FlaskWtf::check_referrer(Some(header), address);

    // Any text is a user's id that the session has room for.
    if login.login_user(&mut session, &text, Remember::Yes, &client).is_err() {
        assert!(!session.contains("_user_id"));
        return;
    }
    assert_eq!(login.user_id(&mut session, &client), Ok(Some(&*text)));
    let cookie = login.remember_cookie(&mut session, &settings, &clock).unwrap().unwrap().to_string();
    let (pair, _) = cookie.split_once("; Expires=").unwrap();
    let mut gone = Session::new();
    let remembered = client.cookies(pair, &settings);
    assert_eq!(login.user_id(&mut gone, &remembered), Ok(Some(&*text)));
    login.logout_user(&mut gone, &remembered).unwrap();
    assert_eq!(login.user_id(&mut gone, &remembered), Ok(None));
}
