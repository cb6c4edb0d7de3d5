//! The pages: login, status, logout. They know a session and a form, but no
//! server: `../../edge_http` serves the same ones.

use core::fmt::{self, Write as _};

use hipflask::{Error, RequestContext, Session, UnixTime};

use crate::form::Form;

pub type User = heapless::String<32>;
pub type Token = heapless::String<40>;

/// What the pages need of the device that they are on.
pub trait Device {
    /// Seconds since it was switched on.
    fn uptime_secs(&self) -> u64;

    /// Whether it knows the time.
    fn clock_is_set(&self) -> bool;

    /// Tells it the time; `false` if that is certainly wrong.
    fn set_clock(&self, now: UnixTime) -> bool;

    /// Whether this is its password.
    fn is_password(&self, password: &str) -> bool;

    /// A token that nobody can guess.
    ///
    /// # Errors
    /// When it cannot make one.
    fn new_token(&self) -> Result<Token, Error>;
}

/// What is answered.
pub enum Page {
    /// A form. While the clock is not set, it carries the browser's time.
    Login { token: Token, clock_is_set: bool },
    /// Who is logged in, and since when the device runs.
    Status { user: User, visits: u32, token: Token, uptime_secs: u64 },
    /// The page to go to next.
    SeeOther(&'static str),
    /// A status, and why.
    Refused(u16, &'static str),
    /// The most stack that was ever in use, and what there is, in bytes.
    Stack { used: usize, all: usize },
}

const FORGED: Page = Page::Refused(403, "This form is not from this device, or too old: go back.\n");

impl Page {
    /// What is answered when a session cannot be opened, changed or saved.
    pub const fn failed(error: Error) -> Self {
        match error {
            Error::ClockNotSet => Self::Refused(503, "The clock is not set yet.\n"),
            error if error.is_capacity() => Self::Refused(431, "The session is too large for this device.\n"),
            _ => Self::Refused(500, "The session cannot be opened or saved.\n"),
        }
    }

    /// The page for a request.
    pub fn new(
        device: &impl Device,
        context: &mut RequestContext,
        method: &str,
        path: &str,
        form: Form<'_>,
    ) -> Self {
        let page = match (method, path) {
            ("GET", "/") => context.session().and_then(|session| home(device, session)),
            ("POST", "/login") => context.session().and_then(|session| login(device, session, form)),
            ("POST", "/logout") => context.session().and_then(|session| logout(session, form)),
            _ => Ok(Self::Refused(404, "There is nothing here.\n")),
        };
        page.unwrap_or_else(Self::failed)
    }

    /// The status code.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Login { .. } | Self::Status { .. } | Self::Stack { .. } => 200,
            Self::SeeOther(_) => 303,
            Self::Refused(status, _) => *status,
        }
    }

    /// The value of `Location`.
    pub const fn location(&self) -> Option<&'static str> {
        match self {
            Self::SeeOther(location) => Some(location),
            _ => None,
        }
    }
}

/// `GET /`: the status, or who is there?
fn home(device: &impl Device, session: &mut Session) -> Result<Page, Error> {
    let clock_is_set = device.clock_is_set();
    if !clock_is_set {
        // What is put into the session now could not be saved.
        return Ok(Page::Login { token: Token::new(), clock_is_set });
    }
    let token = csrf(device, session)?;
    let user = session.get_as::<&str>("user")?.and_then(|user| User::try_from(user).ok());
    let Some(user) = user else { return Ok(Page::Login { token, clock_is_set }) };
    let visits = session.get_as::<u32>("visits")?.unwrap_or_default().wrapping_add(1);
    session.insert("visits", &visits)?;
    Ok(Page::Status { user, visits, token, uptime_secs: device.uptime_secs() })
}

/// `POST /login`. The token proves that the form is ours. Before the time is
/// known there is no session to hold one; then the password, which a foreign
/// page does not have, is what allows to set the clock.
fn login(device: &impl Device, session: &mut Session, form: Form<'_>) -> Result<Page, Error> {
    let clock_is_set = device.clock_is_set();
    if clock_is_set && !is_ours(session, form) {
        return Ok(FORGED);
    }
    let password = form.field::<32>("password").unwrap_or_default();
    let user = form.field::<32>("user").filter(|user| !user.is_empty());
    let Some(user) = user.filter(|_| device.is_password(&password)) else {
        return Ok(Page::Refused(403, "Wrong name or password: go back.\n"));
    };
    if !clock_is_set {
        let now = form.field::<20>("now").and_then(|now| now.parse().ok());
        if !now.is_some_and(|secs| device.set_clock(UnixTime::from_secs(secs))) {
            return Ok(Page::Refused(503, "The clock is not set, and this browser's time is wrong.\n"));
        }
    }
    // What was in the session before belongs to nobody: start anew.
    session.clear()?;
    session.set_permanent(true)?;
    session.insert("user", &user.as_str())?;
    Ok(Page::SeeOther("/"))
}

/// `POST /logout`.
fn logout(session: &mut Session, form: Form<'_>) -> Result<Page, Error> {
    if !is_ours(session, form) {
        return Ok(FORGED);
    }
    session.clear()?;
    Ok(Page::SeeOther("/"))
}

/// The session's token for forms, made when it is first asked for.
fn csrf(device: &impl Device, session: &mut Session) -> Result<Token, Error> {
    if let Some(token) = session.get_as::<&str>("csrf")?.and_then(|token| Token::try_from(token).ok()) {
        return Ok(token);
    }
    let token = device.new_token()?;
    session.insert("csrf", &token.as_str())?;
    Ok(token)
}

/// Whether the form came from a page of this session.
fn is_ours(session: &Session, form: Form<'_>) -> bool {
    let ours = session.get_as::<&str>("csrf").ok().flatten();
    ours.is_some_and(|ours| !ours.is_empty() && form.field::<40>("csrf").as_deref() == Some(ours))
}

/// As HTML.
impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<!doctype html><meta name=viewport content='width=device-width'><title>Device</title>")?;
        match self {
            Self::Refused(_, text) => f.write_str(text),
            Self::SeeOther(_) => Ok(()),
            Self::Stack { used, all } => writeln!(f, "stack_used={used} stack={all}"),
            Self::Status { user, visits, token, uptime_secs } => write!(
                f,
                "<p>Logged in as <b>{user}</b>, visit {visits}, up for {uptime_secs} s.\
                 <form method=post action=/logout><input type=hidden name=csrf value='{token}'>\
                 <button>Log out</button></form>",
                user = Escaped(user),
            ),
            Self::Login { token, clock_is_set } => {
                write!(
                    f,
                    "<form method=post action=/login><input type=hidden name=csrf value='{token}'>\
                     <p><input name=user placeholder=Name required maxlength=32>\
                     <p><input name=password type=password placeholder=Password required>"
                )?;
                if !clock_is_set {
                    f.write_str(
                        "<p>The device does not know the time yet: it takes this browser's.\
                         <input type=hidden name=now id=now><script>\
                         document.getElementById('now').value=Math.floor(Date.now()/1000)</script>",
                    )?;
                }
                f.write_str("<p><button>Log in</button></form>")
            }
        }
    }
}

/// Text as HTML, between tags.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            other => f.write_char(other),
        })
    }
}
