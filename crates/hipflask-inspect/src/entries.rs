//! What the entries mean that Flask and its extensions keep in a session.

use hipflask::backends::alloc::OwnedValue;

use crate::python::repr;

/// A sentence on each entry that is known here.
pub(crate) fn explain(session: &[(String, OwnedValue)]) -> Vec<(String, String)> {
    let known = session.iter().filter_map(|(key, value)| Some((key.clone(), sentence(key, value, session)?)));
    known.collect()
}

fn sentence(key: &str, value: &OwnedValue, session: &[(String, OwnedValue)]) -> Option<String> {
    let has = |other: &str| session.iter().any(|(key, _)| key == other);
    Some(match key {
        "_user_id" => format!("Flask-Login: the user {} is logged in", repr(value)),
        "user_id" if !has("_user_id") && (has("_fresh") || has("_id")) => {
            "Flask-Login before 0.5: who is logged in. Newer ones look for _user_id, and log nobody in by this".into()
        }
        "_fresh" if value.is_truthy() => "Flask-Login: this login was made by password".into(),
        "_fresh" => "Flask-Login: this login was made by remember_token, or address or browser have changed since: \
                     pages that want a fresh login ask for the password"
            .into(),
        "_id" => "Flask-Login: a hash of address and browser. For another one, as behind a proxy that hides the \
                  address, the login is no longer fresh, or with SESSION_PROTECTION \"strong\" has ended"
            .into(),
        "_remember" => format!("Flask-Login: an order to {} remember_token with the next response", match value.as_str() {
            Some("set") => "send",
            Some("clear") => "delete",
            _ => "change",
        }),
        "_remember_seconds" => format!("Flask-Login: for so many seconds remember_token is sent: {}", repr(value)),
        "csrf_token" => {
            let is_flask_wtf = value.as_str().is_some_and(|text| text.len() == 40);
            let more = if is_flask_wtf { "" } else { ". This is not one that Flask-WTF has made" };
            format!("Flask-WTF: what the tokens of forms are compared with{more}")
        }
        "_flashes" => {
            let count = value.as_slice().map_or(0, <[OwnedValue]>::len);
            let messages = if count == 1 { "message" } else { "messages" };
            format!("Flask: {count} {messages} that no page has shown yet")
        }
        "_permanent" if value.is_truthy() => {
            "Flask: the browser keeps the cookie until its Expires, and not only while it is open".into()
        }
        "_permanent" => "Flask: the browser forgets the cookie when it is closed".into(),
        "next" => "Flask-Login: the page to go to after the login".into(),
        _ => return None,
    })
}
