//! What the documentation shows is what happens.

use hipflask::{
    Config, RequestContext, SecureCookieSession, SecureCookieSessionInterface, UnixTime, clock_fn,
    signing::{Keyring, NoCompression},
};

/// The cookies of `docs/cookie.md`: the one that comes in, and the one that goes out.
#[test]
fn the_walk_through_one_cookie_is_true() {
    let page = include_str!("../docs/cookie.md");
    let cookies: Vec<&str> = page
        .split_whitespace()
        .filter_map(|word| word.strip_suffix(';'))
        .filter(|word| word.starts_with("session="))
        .collect();
    let [incoming, outgoing] = cookies[..] else { panic!("{cookies:?}") };

    let keys = Keyring::for_sessions(b"dev");
    let interface =
        SecureCookieSessionInterface::new(keys, clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000))));
    let config = Config::new();
    let mut context = RequestContext::new(SecureCookieSession::<64>::new());
    context.open(&interface, &config, incoming.as_bytes());
    let session = context.session().unwrap();
    assert_eq!(session.get_as("user"), Ok(Some("Zoë")));
    assert_eq!(session.used_bytes(), 15 + 8);
    session.insert("visits", &3).unwrap();
    let mut scratch = NoCompression;
    let saved = context.save(&interface, &config, &mut scratch).unwrap();
    let cookie = saved.set_cookie.unwrap().to_string();
    assert!(page.contains(&cookie));
    assert!(cookie.starts_with(outgoing));
}
