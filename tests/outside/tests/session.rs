//! Sessions of another kind than hipflask's own: they read typed values, flash, and go
//! through the interface.

use hipflask::{
    Config, CookieSession, Error, Opened, RequestContext, SecureCookieSessionInterface, SessionMap, UnixTime,
    clock_fn,
    json::{Encode, Markup, Value},
    signing::{Keyring, NoCompression},
};
use hipflask_outside::session::{CountedSession, SlotSession};

/// A program's own code, for any session that holds what hipflask's holds.
fn shop<S>(session: &mut S) -> Result<(), Error>
where
    S: for<'a> SessionMap<New<'a> = dyn Encode + 'a, Value<'a> = Value<'a>> + 'static,
{
    session.insert("user", &"ada")?;
    session.push("seen", &3)?;
    session.push("seen", &4)?;
    session.set_permanent(true)?;
    assert_eq!(session.get_as::<&str>("user")?, Some("ada"));
    assert_eq!(session.get_as::<(u32, u32)>("seen")?, Some((3, 4)));
    assert_eq!(session.get_as::<u32>("none")?, None);
    assert!(session.get_as::<u32>("user").is_err_and(Error::is_wrong_type));
    assert!(session.permanent() && session.modified());
    assert!(session.iter().map(|(key, _)| key).eq(["user", "seen", "_permanent"]));

    assert_eq!(session.take_flashed_messages()?.count(), 0);
    session.flash("Saved.", "info")?;
    session.flash(&Markup("<b>Full.</b>"), "error")?;
    let messages = session.take_flashed_messages()?;
    let shown: Vec<_> = messages.of(&["error"]).map(|flashed| (flashed.message, flashed.is_markup)).collect();
    assert_eq!(shown, [("<b>Full.</b>", true)]);
    assert_eq!(messages.map(|flashed| flashed.category).collect::<Vec<_>>(), ["info", "error"]);
    assert_eq!(session.take_flashed_messages()?.count(), 0);

    assert_eq!(session.pop("seen")?.and_then(|seen| seen.to::<[u32; 2]>().ok()), Some([3, 4]));
    assert_eq!(session.setdefault("user", &"bob")?.and_then(|user| user.as_str()), Some("ada"));
    assert_eq!((session.len(), session.remove("seen")), (2, Ok(false)));
    assert_eq!(session.popitem()?.map(|(key, _)| key), Some("_permanent"));
    session.flash("Next page.", "message")
}

#[test]
fn a_wrapped_cookie_session_is_a_session() {
    let mut session = CountedSession::default();
    shop(&mut session).unwrap();
    assert!(session.changes > 0);
}

#[test]
fn a_map_of_slots_is_a_session() {
    let mut session = SlotSession::default();
    shop(&mut session).unwrap();
    for key in ["one", "two"] {
        session.insert(key, &1).unwrap();
    }
    assert!(session.insert("three", &1).is_err_and(Error::is_capacity));
    assert!(session.flash("x".repeat(200).as_str(), "info").is_err_and(Error::is_capacity));
    assert_eq!(session.take_flashed_messages().unwrap().count(), 1);
    session.insert("three", &1).unwrap();
}

#[test]
fn a_session_of_one_s_own_goes_through_the_interface() {
    let interface = SecureCookieSessionInterface::new(
        Keyring::for_sessions(b"dev"),
        clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000))),
    )
    .with_session::<CountedSession>();
    let config = Config::new();
    let mut scratch = NoCompression;

    let mut context = RequestContext::new(CountedSession::default());
    context.open(&interface, &config, "");
    shop(context.session().unwrap()).unwrap();
    let saved = context.save(&interface, &config, &mut scratch).unwrap();
    let set_cookie = saved.set_cookie.unwrap().to_string();
    let cookie = set_cookie.split(';').next().unwrap();

    let mut context = RequestContext::new(CountedSession::default());
    context.open(&interface, &config, cookie);
    assert_eq!(context.opened(), Ok(Opened::LOADED));
    let session = context.session().unwrap();
    assert!(!hipflask::SessionMixin::is_new(session));
    assert_eq!((session.changes, session.capacity_bytes()), (0, 512));
    assert_eq!(session.get_as("user"), Ok(Some("ada")));
    let messages = session.take_flashed_messages().unwrap();
    assert_eq!(messages.map(|flashed| flashed.message).collect::<Vec<_>>(), ["Next page."]);
}
