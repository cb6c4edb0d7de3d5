//! Cookies of older Flask versions, kept as they were written.
//!
//! Each was made by the real Flask and itsdangerous of that version. Cookies
//! from itsdangerous before 1.0 count their time from 2011, so they look decades
//! old, and Flask before 0.10 pickled its sessions: neither opens, as in Flask 3.

use hipflask::{
    Config, Error, Opened, RequestContext, SecureCookieSession, SecureCookieSessionInterface, UnixTime,
    clock_fn,
    json::{Bytes, DateTime, Markup, Uuid},
    signing::Keyring,
};

fn open(cookie: &str, check: impl FnOnce(&hipflask::Session)) -> Opened {
    let keys = Keyring::for_sessions(b"dev");
    let interface =
        SecureCookieSessionInterface::new(keys, clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000))));
    let config = Config::new();
    let header = format!("session={cookie}");
    let mut context = RequestContext::new(SecureCookieSession::<1024>::new());
    context.open(&interface, &config, header.as_str());
    check(context.peek().unwrap());
    context.opened().unwrap()
}

#[test]
fn sessions_of_every_claimed_version_open() {
    let mut versions = Vec::new();
    for line in include_str!("data/frozen.txt").lines().filter(|line| !line.starts_with('#')) {
        let [flask, _itsdangerous, cookie] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let opened = open(cookie, |session| {
            assert_eq!(session.len(), 9);
            assert_eq!(session.get_as("flask"), Ok(Some(flask)));
            assert_eq!(session.get_as("user"), Ok(Some("Zoë")));
            assert_eq!(session.get_as("n"), Ok(Some(3)));
            assert_eq!(session.get_as("t"), Ok(Some((1, 2))));
            assert_eq!(session.get_as("b"), Ok(Bytes::<2>::from_slice(&[0, 255])));
            assert_eq!(session.get_as("m"), Ok(Some(Markup("<b>"))));
            assert_eq!(session.get_as("u"), Ok(Uuid::from_hex("12345678123456781234567812345678")));
            assert_eq!(session.get_as("d"), Ok(DateTime::parse_http_date("Thu, 02 Jan 2020 03:04:05 GMT")));
            assert_eq!(session.get_as("long"), Ok(Some("x".repeat(60).as_str())));
        });
        assert_eq!(opened, Opened::LOADED, "{flask}");
        versions.push(flask);
    }
    assert_eq!(versions, ["0.10.1", "1.1.4", "2.0.3", "2.3.3", "3.0.3", "3.1.3"]);
}

#[test]
fn a_cookie_that_counts_from_2011_has_expired() {
    // itsdangerous 0.24, at the same moment, with the same key and salt.
    let opened = open("eyJhIjoxfQ.GDWCgA.UpHNWero8aQtScmydojpifIr5z0", |_| {});
    assert_eq!(opened, Opened::rejected(Error::SignatureExpired));
}

#[test]
fn a_pickled_cookie_is_refused() {
    // werkzeug 0.16's SecureCookie, which Flask 0.9 used: `{"a": 1}` with the same key.
    let opened = open("UB6hOyL2TO6+cURz3zmlVbdDReA=?a=gARLAS4=", |session| assert_eq!(session.len(), 0));
    assert_eq!(opened, Opened::rejected(Error::BadSignature));
}
