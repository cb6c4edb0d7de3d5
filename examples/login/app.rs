//! The pages, and what they keep in the session.
//!
//! | key | Python | |
//! |---|---|---|
//! | `user` | `str` | who is logged in; missing when nobody is |
//! | `visits` | `int` | how often the page was seen since the login |
//! | `note` | `str` | what the user wrote down |
//! | `_flashes` | `list[tuple[str, str]]` | messages for the next page, as `flask.flash` keeps them |
//! | `_permanent` | `bool` | whether the session outlives the browser window, as in Flask |
//! | `csrf_token` | `str` | ties forms to the session, as Flask-WTF does |
//!
//! An application that shares the session needs the first four only.

use std::error::Error;

use hipflask::{
    Clock, Config, Lifetime, RequestContext, SecureCookieSessionInterface, Session, UnixTime,
    backends::std::SystemClock,
    cookie::{SameSite, SetCookie},
    extensions::FlaskWtf,
    json::Markup,
    signing::{KeyDerivation, Keyring, SecretKeySource},
    zlib,
};
use serde::Deserialize;

use crate::{
    html::{self, Html},
    options::{NO_KEY, Options},
    users,
    web::{Reply, Request},
};

const USER: &str = "user";
const VISITS: &str = "visits";
const NOTE: &str = "note";
/// The longest note in characters. Not every such note fits into a cookie: one
/// that does not is answered with 500, and the old one stays.
const MAX_NOTE_CHARS: usize = 2000;

pub type Interface = SecureCookieSessionInterface<Keyring, OffsetClock, zlib::Scratch>;
type Handled = Result<Reply, Box<dyn Error>>;

pub struct App {
    interface: Interface,
    config: Config<'static>,
    csrf: FlaskWtf<'static>,
}

impl App {
    pub fn new(secrets: &dyn SecretKeySource, options: &Options) -> Result<Self, Box<dyn Error>> {
        let salt = Keyring::SESSION_SALT;
        let keys: Keyring = Keyring::from_source(secrets, salt, KeyDerivation::Hmac)?;
        if !keys.has_current() {
            return Err(NO_KEY.into());
        }
        let clock = OffsetClock { offset_secs: options.clock_offset_secs };
        let mut config = Config::new().session_cookie_samesite(SameSite::Lax);
        if let Some(lifetime_secs) = options.lifetime_secs {
            config.permanent_session_lifetime = Lifetime::from_secs(lifetime_secs);
        }
        config.check()?;
        Ok(Self {
            interface: SecureCookieSessionInterface::new(keys, clock).with_compression(),
            config,
            csrf: FlaskWtf::from_source(secrets)?,
        })
    }

    pub const fn interface(&self) -> &Interface {
        &self.interface
    }

    pub const fn config(&self) -> &Config<'static> {
        &self.config
    }

    /// Answers a request. An error becomes a 500.
    pub fn handle(&self, request: &Request, context: &mut RequestContext) -> Handled {
        let allowed = match request.path.as_str() {
            "/" | "/style.css" => "GET, HEAD",
            "/login" => "GET, HEAD, POST",
            "/note" | "/logout" => "POST",
            _ => return Ok(Reply::error(404, "There is nothing here", "This address leads to no page.")),
        };
        if !allowed.split(", ").any(|method| method == request.method) {
            let reply = Reply::error(405, "That does not work here", "Please go back and use the form.");
            return Ok(reply.with_header("Allow", allowed));
        }
        if request.body.is_none() {
            return Ok(Reply::error(413, "That was too much", "What you sent is longer than is allowed."));
        }
        // It does not obtain the session, so it is the same for everybody.
        if request.path == "/style.css" {
            return Ok(Reply::css(html::STYLE));
        }
        // A session that cannot be read has no token for the form either. Nobody is logged
        // in with it, so there is nothing that a foreign page could end.
        if request.path == "/logout" && context.peek().is_err() {
            return log_out(context.start_fresh()?);
        }
        let session = context.session()?;
        if request.method == "POST" {
            let token = request.field("csrf_token");
            if let Err(refusal) = self.csrf.validate(session, &token, self.interface.clock()) {
                let text =
                    format!("{refusal} Please go back, load the page again and send the form once more.");
                return Ok(Reply::error(400, "This form was not accepted", &text));
            }
            return match request.path.as_str() {
                "/login" => self.log_in(request, session),
                "/note" => take_note(request, session),
                _ => log_out(session),
            };
        }
        match (request.path.as_str(), user(session)) {
            ("/login", None) => self.login_form(session, 200, ""),
            ("/login", Some(_)) => Ok(Reply::see_other("/")),
            (_, None) => Ok(Reply::see_other("/login")),
            (_, Some(user)) => self.home(session, &user),
        }
    }

    /// The token of a form, which Flask-WTF accepts too.
    fn csrf_token(&self, session: &mut Session) -> Result<String, Box<dyn Error>> {
        let random = |bytes: &mut [u8; 20]| Ok::<_, Box<dyn Error>>(getrandom::fill(bytes)?);
        Ok(self.csrf.generate(session, random, self.interface.clock())?.to_string())
    }

    fn login_form(&self, session: &mut Session, status: u16, name: &str) -> Handled {
        let csrf_token = self.csrf_token(session)?;
        Ok(Reply::html(status, html::login_page(&messages(session)?, &csrf_token, name)))
    }

    fn log_in(&self, request: &Request, session: &mut Session) -> Handled {
        let name = request.field("name");
        let Ok(is_right) = users::check_password(&name, &request.field("password")) else {
            return Ok(Reply::busy());
        };
        if !is_right {
            session.flash("This name and this password do not belong together.", "error")?;
            return self.login_form(session, 403, &name);
        }
        // Nothing from before the login is kept: it may be somebody else's.
        session.clear()?;
        session.insert(USER, &name)?;
        if !request.field("stay").is_empty() {
            session.set_permanent(true)?;
        }
        let welcome = format!("Welcome, <strong>{}</strong>.", Html::escape(&name).as_str());
        session.flash(&Markup(welcome), "success")?;
        Ok(Reply::see_other("/"))
    }

    fn home(&self, session: &mut Session, user: &str) -> Handled {
        let visits = entry::<u64>(session, VISITS).unwrap_or(0).saturating_add(1);
        session.insert(VISITS, &visits)?;
        let messages = messages(session)?;
        let csrf_token = self.csrf_token(session)?;
        let note = entry(session, NOTE).unwrap_or_default();
        Ok(Reply::html(200, html::home_page(&messages, &csrf_token, user, visits, note)))
    }
}

/// Who is logged in.
fn user(session: &Session) -> Option<String> {
    entry(session, USER)
}

/// An entry. One of another type is another application's, and nothing to these pages.
fn entry<'s, T: Deserialize<'s>>(session: &'s Session, key: &str) -> Option<T> {
    session.get_as(key).ok().flatten()
}

fn take_note(request: &Request, session: &mut Session) -> Handled {
    if user(session).is_none() {
        return Ok(Reply::see_other("/login"));
    }
    // Browsers send line ends as HTTP has them.
    let note = request.field("note").replace("\r\n", "\n");
    if note.chars().count() > MAX_NOTE_CHARS {
        session.flash("The note is too long.", "error")?;
    } else {
        session.insert(NOTE, &note)?;
        session.flash("The note is saved.", "success")?;
    }
    Ok(Reply::see_other("/"))
}

/// Logs out of every application that shares the session.
///
/// 1. Nothing of the session is kept. That alone is no logout where one of them
///    uses Flask-Login and the user chose to be remembered:
/// 2. the browser has a `remember_token` then, by which Flask-Login would log it
///    in again at its next request. It is deleted as Flask-Login itself does:
///    name, path and domain have to be those of `REMEMBER_COOKIE_NAME`, `_PATH`
///    and `_DOMAIN`, of which these are the defaults.
fn log_out(session: &mut Session) -> Handled {
    session.clear()?;
    session.flash("You are logged out.", "info")?;
    let remember_token = SetCookie::deletion("remember_token");
    Ok(Reply::see_other("/login").with_header("Set-Cookie", &remember_token.to_string()))
}

/// Takes the flashed messages. A `Markup` is HTML already; all others are escaped.
fn messages(session: &mut Session) -> Result<Html, hipflask::Error> {
    let flashed = session.take_flashed_messages().into_iter().flatten().map(|flashed| {
        let text = if flashed.is_markup {
            Html::from_markup(flashed.message.to_owned())
        } else {
            Html::escape(flashed.message)
        };
        html::message(flashed.category, &text)
    });
    let shown = flashed.collect();
    // Flask can flash what is not text. It is still there, and would be in the way for ever.
    session.remove("_flashes")?;
    Ok(shown)
}

/// The system's clock, and some seconds more or less.
pub struct OffsetClock {
    offset_secs: i64,
}

impl Clock for OffsetClock {
    fn now(&self) -> Result<UnixTime, hipflask::Error> {
        let now = SystemClock.now()?;
        let secs = now.secs().checked_add_signed(self.offset_secs).ok_or(hipflask::Error::ClockNotSet)?;
        Ok(UnixTime::new(secs, now.subsec_micros()))
    }
}

#[cfg(test)]
mod tests {
    use hipflask::{SecureCookieSession, signing::Secrets};

    use super::*;

    /// What another application keeps under the same names shuts nobody out.
    #[test]
    fn foreign_entries_are_nothing_to_these_pages() {
        let secrets = Secrets { current: b"dev", fallbacks: &[] };
        let app = App::new(&secrets, &Options::default()).unwrap();
        let mut session = SecureCookieSession::<1024>::new();
        session.insert("_flashes", &vec![("message", 5)]).unwrap();
        session.insert("csrf_token", &"x".repeat(80)).unwrap();
        session.insert(USER, &7).unwrap();
        assert_eq!(user(&session), None);
        assert_eq!(app.login_form(&mut session, 200, "").unwrap().status, 200);
        assert!(!session.contains("_flashes"));

        session.insert(VISITS, &-1).unwrap();
        session.insert(NOTE, &1).unwrap();
        assert_eq!(app.home(&mut session, "ada").unwrap().status, 200);
        assert_eq!(session.get_as(VISITS), Ok(Some(1)));
    }
}
