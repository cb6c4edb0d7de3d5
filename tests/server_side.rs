//! The second `SessionInterface`: sessions in a table, only an id in the cookie.
#![cfg(feature = "std")]

#[allow(dead_code, reason = "the example has a main function of its own")]
#[path = "../examples/server_side.rs"]
mod server_side;

use std::cell::Cell;

use hipflask::{
    Clock, Config, Error, Lifetime, RequestContext, SessionMap as _, SessionMixin as _, UnixTime, clock_fn,
};
use server_side::{SESSIONS, TableInterface, TableSession};

/// One request: what the handler saw, and the `Set-Cookie` that came back.
fn visit_with<F: Fn() -> u128, C: Clock>(
    interface: &TableInterface<F, C>,
    config: &Config<'_>,
    header: &str,
    handler: impl FnOnce(&mut TableSession),
) -> Option<String> {
    let mut context = RequestContext::new(TableSession::new());
    context.open(interface, config, header);
    handler(context.session().unwrap());
    context.save(interface, config, &mut ()).unwrap().set_cookie.map(|cookie| cookie.to_string())
}

fn visit<F: Fn() -> u128, C: Clock>(
    interface: &TableInterface<F, C>,
    header: &str,
    handler: impl FnOnce(&mut TableSession),
) -> Option<String> {
    visit_with(interface, &Config::new(), header, handler)
}

const NOW: u64 = 1_700_000_000;

fn counting_table() -> TableInterface<impl Fn() -> u128, impl Clock> {
    counting_table_at(clock_fn(|| Ok(UnixTime::from_secs(NOW))))
}

fn counting_table_at<C: Clock>(clock: C) -> TableInterface<impl Fn() -> u128, C> {
    let next = Cell::new(0);
    let random = move || {
        next.set(next.get() + 1);
        next.get()
    };
    TableInterface::new(random, clock)
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
fn a_logout_that_renews_forgets_the_session_too() {
    let table = counting_table();
    visit(&table, "", |session| session.insert("user", &"ada").unwrap());
    visit(&table, FIRST, |session| {
        session.renew();
        session.clear().unwrap();
    });
    assert_eq!(table.sessions(), 0);
}

#[test]
fn a_request_under_way_does_not_bring_an_ended_session_back() {
    let config = Config::new();
    let logouts: [fn(&mut TableSession); 2] = [
        |session| session.clear().unwrap(),
        |session| {
            session.clear().unwrap();
            session.insert("_flashes", &[("info", "You are logged out.")].as_slice()).unwrap();
        },
    ];
    for (renew, log_out) in
        [false, true].into_iter().flat_map(|renew| logouts.map(|log_out| (renew, log_out)))
    {
        let table = counting_table();
        visit(&table, "", |session| session.insert("user", &"ada").unwrap());
        let mut context = RequestContext::new(TableSession::new());
        context.open(&table, &config, FIRST);
        context.session().unwrap().insert("visits", &1).unwrap();
        if renew {
            context.session().unwrap().renew();
        }
        visit(&table, FIRST, log_out);
        let mut scratch = ();
        let saved = context.save(&table, &config, &mut scratch).unwrap();
        assert!(saved.set_cookie.is_none() && saved.vary_cookie);
        visit(&table, FIRST, |session| assert!(session.is_new()));
    }
}

#[test]
fn a_permanent_session_has_a_date_and_is_refreshed() {
    let table = counting_table();
    let permanent = format!("{FIRST}; Expires=Fri, 15 Dec 2023 22:13:20 GMT; HttpOnly; Path=/");
    let cookie = visit(&table, "", |session| session.set_permanent(true).unwrap());
    assert_eq!(cookie.as_deref(), Some(&*permanent));
    assert_eq!(visit(&table, FIRST, |_| {}).as_deref(), Some(&*permanent));
    let config = Config::new().session_refresh_each_request(false);
    assert_eq!(visit_with(&table, &config, FIRST, |_| {}), None);
    // When it is permanent no more, the browser is to keep the cookie no longer.
    let cookie = visit(&table, FIRST, |session| session.set_permanent(false).unwrap());
    assert_eq!(cookie, Some(format!("{FIRST}; HttpOnly; Path=/")));
}

#[test]
fn a_clock_that_is_set_back_ends_no_session() {
    let now = Cell::new(NOW);
    let table = counting_table_at(clock_fn(|| Ok(UnixTime::from_secs(now.get()))));
    visit(&table, "", |session| session.insert("user", &"ada").unwrap());
    now.set(NOW - 1);
    visit(&table, FIRST, |session| assert!(!session.is_new()));
}

/// A context that was used before, for a request whose session could not be opened.
#[test]
fn a_fresh_start_ends_nobody_else_s_session() {
    let time = Cell::new(Ok(UnixTime::from_secs(NOW)));
    let table = counting_table_at(clock_fn(|| time.get()));
    let config = Config::new();
    visit(&table, "", |session| session.insert("user", &"ada").unwrap());
    let mut context = RequestContext::new(TableSession::new());
    context.open(&table, &config, FIRST);

    time.set(Err(Error::ClockNotSet));
    context.open(&table, &config, "session=another");
    assert_eq!(context.opened(), Err(Error::ClockNotSet));
    context.start_fresh().unwrap();
    let deletion = context.save(&table, &config, &mut ()).unwrap().set_cookie.unwrap().to_string();
    assert!(deletion.starts_with("session=; Expires=Thu, 01 Jan 1970"), "{deletion}");

    time.set(Ok(UnixTime::from_secs(NOW)));
    visit(&table, FIRST, |session| assert!(session.contains("user")));
}

/// Whoever has a copy of the cookie must not come back when the clock does.
#[test]
fn a_fresh_start_without_a_clock_ends_the_session_in_the_table() {
    let time = Cell::new(Ok(UnixTime::from_secs(NOW)));
    let table = counting_table_at(clock_fn(|| time.get()));
    let config = Config::new();
    visit(&table, "", |session| session.insert("user", &"ada").unwrap());

    time.set(Err(Error::ClockNotSet));
    let mut context = RequestContext::new(TableSession::new());
    context.open(&table, &config, FIRST);
    context.start_fresh().unwrap();
    let deletion = context.save(&table, &config, &mut ()).unwrap().set_cookie.unwrap().to_string();
    assert!(deletion.starts_with("session=; Expires=Thu, 01 Jan 1970"), "{deletion}");
    assert_eq!(table.sessions(), 0);
}

#[test]
fn a_session_ends_when_its_lifetime_has_passed_since_it_was_saved() {
    let now = Cell::new(NOW);
    let table = counting_table_at(clock_fn(|| Ok(UnixTime::from_secs(now.get()))));
    let config = Config::new().permanent_session_lifetime(Lifetime::from_secs(60));
    visit_with(&table, &config, "", |session| session.insert("user", &"ada").unwrap());
    now.set(NOW + 60);
    visit_with(&table, &config, FIRST, |session| session.insert("visits", &1).unwrap());
    now.set(NOW + 120);
    visit_with(&table, &config, FIRST, |session| assert!(!session.is_new()));
    now.set(NOW + 121);
    visit_with(&table, &config, FIRST, |session| assert!(session.is_new()));
    assert_eq!(table.sessions(), 0);
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
fn a_login_in_a_full_table_ends_nobody_elses_session() {
    let table = counting_table();
    let cookies: Vec<_> = (0..SESSIONS)
        .map(|_| visit(&table, "", |session| session.insert("a", &1).unwrap()).unwrap())
        .collect();
    let header = |number: usize| cookies[number].split(';').next().unwrap();
    visit(&table, header(SESSIONS - 1), TableSession::renew);
    assert_eq!(table.sessions(), SESSIONS);
    visit(&table, header(0), |session| assert!(!session.is_new()));
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
