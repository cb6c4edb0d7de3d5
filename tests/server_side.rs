//! The second `SessionInterface`: sessions in a table, only an id in the cookie.
#![cfg(feature = "std")]

#[allow(dead_code, reason = "the example has a main function of its own")]
#[path = "../examples/server_side.rs"]
mod server_side;

use std::cell::Cell;

use hipflask::{Config, Error, RequestContext, SessionMap as _, SessionMixin as _};
use server_side::{SESSIONS, TableInterface, TableSession};

/// One request: what the handler saw, and the `Set-Cookie` that came back.
fn visit<F: Fn() -> u128>(
    interface: &TableInterface<F>,
    header: &str,
    handler: impl FnOnce(&mut TableSession),
) -> Option<String> {
    let config = Config::new();
    let mut session = TableSession::new();
    let mut context = RequestContext::begin(interface, &config, header.as_bytes(), &mut session).unwrap();
    handler(context.session());
    context.finish(&mut ()).unwrap().set_cookie.map(|cookie| cookie.to_string())
}

fn counting_table() -> TableInterface<impl Fn() -> u128> {
    let next = Cell::new(0);
    TableInterface::new(move || {
        next.set(next.get() + 1);
        next.get()
    })
}

const FIRST: &str = "session=00000000000000000000000000000001";

#[test]
fn the_cookie_holds_an_id_and_the_table_the_session() {
    let table = counting_table();
    let cookie = visit(&table, "", |session| {
        assert!(session.is_new());
        session.insert("user", &"Zoë").unwrap();
    });
    assert_eq!(cookie.unwrap(), format!("{FIRST}; HttpOnly; Path=/"));
    assert_eq!(table.sessions(), 1);
    let cookie = visit(&table, FIRST, |session| {
        assert!(!session.is_new());
        assert_eq!(session.get("user").unwrap().as_str(), Some("Zoë"));
    });
    assert_eq!(cookie, None);
}

#[test]
fn a_login_gets_another_id() {
    let table = counting_table();
    visit(&table, "", |session| session.insert("theme", &"dark").unwrap());
    let cookie = visit(&table, FIRST, |session| {
        session.renew();
        session.insert("user", &"ada").unwrap();
    })
    .unwrap();
    assert!(!cookie.starts_with(FIRST), "{cookie}");
    // Whoever knew the id before the login has no session with it.
    visit(&table, FIRST, |session| assert!(session.is_new() && session.is_empty()));
    let header = cookie.split(';').next().unwrap();
    visit(&table, header, |session| {
        assert_eq!(session.get("user").unwrap().as_str(), Some("ada"));
        assert_eq!(session.get("theme").unwrap().as_str(), Some("dark"));
    });
    assert_eq!(table.sessions(), 1);
}

#[test]
fn logout_forgets_the_session_on_the_server() {
    let table = counting_table();
    visit(&table, "", |session| session.insert("user", &"ada").unwrap());
    let cookie = visit(&table, FIRST, |session| session.clear().unwrap()).unwrap();
    assert!(cookie.contains("Max-Age=0"), "{cookie}");
    assert_eq!(table.sessions(), 0);
    // The copied cookie is worth nothing now.
    visit(&table, FIRST, |session| assert!(session.is_new() && session.is_empty()));
}

#[test]
fn an_id_of_the_client_s_making_is_not_taken_over() {
    let table = counting_table();
    let cookie = visit(&table, "session=evil", |session| session.insert("user", &"ada").unwrap());
    assert!(cookie.unwrap().starts_with(FIRST));
}

#[test]
fn a_full_table_drops_its_oldest() {
    let table = counting_table();
    for _ in 0..=SESSIONS {
        visit(&table, "", |session| session.insert("a", &1).unwrap());
    }
    assert_eq!(table.sessions(), SESSIONS);
    visit(&table, FIRST, |session| assert!(session.is_new()));
}

#[test]
fn too_large_a_session_is_refused_before_it_is_saved() {
    let table = counting_table();
    visit(&table, "", |session| {
        let error = session.insert("a", &"x".repeat(300)).unwrap_err();
        assert!(matches!(error, Error::Capacity { .. }));
        assert!(session.is_empty());
    });
    assert_eq!(table.sessions(), 0);
}
