//! What is answered, and how it looks.

use core::fmt::{self, Write as _};

use firmware::device::{RETRY_AFTER, TooManyGuesses};
use hipflask::{Error, Session};
use hipflask_picoserve::SessionError;
use picoserve::{
    ResponseSent,
    io::{Read, Write},
    response::{Connection, Content, Response, ResponseWriter, StatusCode},
};

/// Room for the messages of one page.
pub type Messages = heapless::String<96>;
pub type User = heapless::String<32>;
pub type Token = heapless::String<40>;

/// What is answered: one type for everything, so that it is compiled once.
pub struct Answer {
    status: StatusCode,
    location: Option<&'static str>,
    page: Page,
}

/// What is shown.
pub enum Page {
    Text(&'static str),
    Status { user: User, visits: u32, token: Token, messages: Messages, uptime_secs: u64 },
    Login { clock_is_set: bool, token: Token, messages: Messages },
    Stats { stack: (usize, usize), interrupts: (usize, usize), sessions: usize, time: u64 },
}

impl Answer {
    pub const fn text(status: StatusCode, text: &'static str) -> Self {
        Self { status, location: None, page: Page::Text(text) }
    }

    pub const fn to(location: &'static str) -> Self {
        Self { status: StatusCode::SEE_OTHER, location: Some(location), page: Page::Text("") }
    }

    pub const fn page(page: Page) -> Self {
        Self { status: StatusCode::OK, location: None, page }
    }
}

/// The answer when a session has no room, or holds something else than it should.
impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        let text =
            if error.is_capacity() { "the session is full\n" } else { "the session cannot hold this\n" };
        Self::text(StatusCode::INTERNAL_SERVER_ERROR, text)
    }
}

const TOO_MANY_REQUESTS: StatusCode = StatusCode::new(429);

/// The answer to who guesses passwords.
impl From<TooManyGuesses> for Answer {
    fn from(_: TooManyGuesses) -> Self {
        Self::text(TOO_MANY_REQUESTS, "too many wrong passwords: wait some seconds\n")
    }
}

/// The answer when there is no session to show a page of.
impl From<SessionError> for Answer {
    fn from(error: SessionError) -> Self {
        Self::text(error.status(), error.text())
    }
}

impl Answer {
    /// Sends it. By reference: a future that is given an answer keeps a copy.
    pub async fn write<R: Read, W: ResponseWriter<Error = R::Error>>(
        &self,
        connection: Connection<'_, R>,
        writer: W,
    ) -> Result<ResponseSent, W::Error> {
        let location = self.location.map(|location| ("Location", location));
        let hint = match self.status {
            StatusCode::METHOD_NOT_ALLOWED => Some(("Allow", "GET, POST")),
            TOO_MANY_REQUESTS => Some(("Retry-After", RETRY_AFTER)),
            _ => None,
        };
        let response = Response::new(self.status, Html(&self.page)).with_headers([location, hint]);
        writer.write_response(connection, response).await
    }
}

/// A page, written as often as asked.
struct Html<'a>(&'a Page);

impl Content for Html<'_> {
    fn content_type(&self) -> &'static str {
        match self.0 {
            Page::Text(_) | Page::Stats { .. } => "text/plain; charset=utf-8",
            Page::Status { .. } | Page::Login { .. } => "text/html; charset=utf-8",
        }
    }

    fn content_length(&self) -> usize {
        let mut length = Length(0);
        let _ = write!(length, "{}", self.0);
        length.0
    }

    async fn write_content<W: Write>(self, mut writer: W) -> Result<(), W::Error> {
        write!(writer, "{}", self.0).await
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Status { user, visits, token, messages, uptime_secs } => write!(
                f,
                "{HEAD}<ul>{messages}</ul><h1>Device</h1><p>Logged in as <b>{user}</b>, visit {visits}, \
                 up for {uptime_secs} s.<form method=post action=/action>\
                 <input type=hidden name=csrf value={token}>\
                 <button name=action value=blink>Blink</button>\
                 <button name=action value=reboot>Reboot</button>\
                 <button name=action value=logout>Log out</button></form>",
                user = Escaped(user),
            ),
            Self::Login { clock_is_set, token, messages } => {
                write!(
                    f,
                    "{HEAD}<ul>{messages}</ul><h1>Log in</h1><form method=post>\
                     <input type=hidden name=csrf value='{token}'>\
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
            Self::Stats { stack, interrupts, sessions, time } => writeln!(
                f,
                "stack_used={} stack={} interrupts_used={} interrupts={} sessions={sessions} time={time}",
                stack.0, stack.1, interrupts.0, interrupts.1,
            ),
        }
    }
}

struct Length(usize);

impl fmt::Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

/// Text as HTML.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            other => f.write_char(other),
        })
    }
}

const HEAD: &str = "<!doctype html><meta name=viewport content='width=device-width'><title>Device</title>\
    <style>body{font:1rem sans-serif;max-width:30rem;margin:2rem auto}</style>";

/// The flashed messages as a list. Those for which there is no room are lost.
pub fn messages(session: &mut Session) -> Messages {
    let mut list = Messages::new();
    let Ok(messages) = session.take_flashed_messages() else { return list };
    for message in messages {
        let whole = list.len();
        if write!(list, "<li class='{}'>{}", Escaped(message.category), Escaped(message.message)).is_err() {
            list.truncate(whole);
        }
    }
    list
}
