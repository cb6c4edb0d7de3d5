//! The pages: one service for all paths.
//!
//! picoserve's own routes would do (`counter` has them). But each route and
//! method is one more level in a future that is built on the stack and then
//! kept for each connection: five routes took 16 KB of stack and 19 KB of
//! memory, this takes a fraction.

use firmware::{
    board::{self, executor::Apart, stack},
    device,
};
use hipflask::{Clock as _, Error, Session, UnixTime};
use hipflask_picoserve::WithSession;
use picoserve::{
    ResponseSent,
    extract::{Form, FromRequest as _, FromRequestParts as _},
    io::Read,
    request::{Path, Request},
    response::{ResponseWriter, StatusCode},
    routing::PathRouterService,
};
use serde::Deserialize;

use crate::{
    Shared,
    html::{Answer, Page, Token, User, messages},
};

/// All pages.
pub struct Pages;

impl PathRouterService<WithSession<Shared>> for Pages {
    async fn call_path_router_service<R: Read, W: ResponseWriter<Error = R::Error>>(
        &self,
        state: &WithSession<Shared>,
        (): (),
        path: Path<'_>,
        mut request: Request<'_, R>,
        writer: W,
    ) -> Result<ResponseSent, W::Error> {
        let answer = Apart::new(answer(state, path.encoded(), &mut request)).await;
        answer.write(request.body_connection.finalize().await?, writer).await
    }
}

/// What the forms send.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    csrf: Token,
    user: User,
    password: heapless::String<32>,
    now: Option<u64>,
    action: heapless::String<8>,
    note: heapless::String<24>,
}

async fn answer<R: Read>(state: &WithSession<Shared>, path: &str, request: &mut Request<'_, R>) -> Answer {
    let device = state.app;
    let mut session = match hipflask_picoserve::Session::from_request_parts(state, &request.parts).await {
        Ok(session) => session,
        Err(error) => return error.into(),
    };
    let answer = match (request.parts.method(), path) {
        ("GET", "/") => status(device, &mut session),
        ("GET", "/login") => login_page(device, &mut session),
        ("GET", "/stats") => Ok(stats(device)),
        ("POST", "/login" | "/action") => {
            let fields = Form::from_request(state, request.parts, request.body_connection.body()).await;
            match fields {
                Ok(Form(fields)) if path == "/login" => login(device, &mut session, &fields),
                Ok(Form(fields)) => action(&mut session, &fields),
                Err(_) => Err(UNREADABLE),
            }
        }
        ("GET" | "POST", _) => Err(Answer::text(StatusCode::NOT_FOUND, "there is nothing here\n")),
        // Without a body: the client of a HEAD would take it for the next answer.
        _ => Err(Answer::text(StatusCode::METHOD_NOT_ALLOWED, "")),
    };
    answer.unwrap_or_else(|refused| refused)
}

const UNREADABLE: Answer = Answer::text(StatusCode::BAD_REQUEST, "this cannot be read\n");

const FORGED: Answer =
    Answer::text(StatusCode::FORBIDDEN, "this form is not from this device, or too old: go back\n");

/// The session's token for forms, made when it is first asked for.
fn csrf(session: &mut Session, shared: Shared) -> Result<Token, Error> {
    if let Some(token) = session.get_as::<&str>("csrf")?.and_then(|token| Token::try_from(token).ok()) {
        return Ok(token);
    }
    let token = shared.0.tokens.next()?;
    session.insert("csrf", &token.as_str())?;
    Ok(token)
}

/// Whether the form came from a page of this session.
fn is_ours(session: &Session, token: &str) -> bool {
    matches!(session.get_as::<&str>("csrf"), Ok(Some(ours)) if !token.is_empty() && ours == token)
}

/// `GET /`: who is logged in, and since when.
fn status(shared: Shared, session: &mut Session) -> Result<Answer, Answer> {
    let user = session.get_as::<&str>("user")?.map(User::try_from);
    let Some(user) = user else { return Ok(Answer::to("/login")) };
    let visits = session.get_as::<u32>("visits")?.unwrap_or_default().wrapping_add(1);
    session.insert("visits", &visits)?;
    Ok(Answer::page(Page::Status {
        user: user.unwrap_or_default(),
        visits,
        token: csrf(session, shared)?,
        messages: messages(session),
        uptime_secs: device::uptime_secs(),
    }))
}

/// `GET /login`. While the clock is not set, the form carries the browser's time.
fn login_page(shared: Shared, session: &mut Session) -> Result<Answer, Answer> {
    let clock_is_set = device::is_set(&shared.0.clock);
    // What is put into the session now could not be saved.
    let (token, messages) =
        if clock_is_set { (csrf(session, shared)?, messages(session)) } else { Default::default() };
    Ok(Answer::page(Page::Login { clock_is_set, token, messages }))
}

/// `POST /login`. The token proves that the form is ours. Before the time is
/// known there is no session to hold one; then the password, which a foreign
/// page does not have, is what allows to set the clock.
fn login(shared: Shared, session: &mut Session, form: &Fields) -> Result<Answer, Answer> {
    let is_set = device::is_set(&shared.0.clock);
    if is_set && !is_ours(session, &form.csrf) {
        return Err(FORGED);
    }
    if form.user.is_empty() || !shared.0.password.check(&form.password)? {
        if !is_set {
            return Err(Answer::text(StatusCode::FORBIDDEN, "wrong name or password: go back\n"));
        }
        session.flash("Wrong name or password.", "error")?;
        return Ok(Answer::to("/login"));
    }
    if !is_set && !form.now.is_some_and(|secs| shared.0.clock.hear(UnixTime::from_secs(secs))) {
        let text = "the clock is not set, and this browser's time is wrong\n";
        return Err(Answer::text(StatusCode::SERVICE_UNAVAILABLE, text));
    }
    // What was in the session before belongs to nobody: start anew.
    session.clear()?;
    session.set_permanent(true)?;
    session.insert("user", &form.user.as_str())?;
    session.flash("Welcome.", "info")?;
    Ok(Answer::to("/"))
}

/// `POST /action`: what the buttons do.
fn action(session: &mut Session, form: &Fields) -> Result<Answer, Answer> {
    if !is_ours(session, &form.csrf) || !session.contains("user") {
        return Err(FORGED);
    }
    match form.action.as_str() {
        "blink" => session.flash("The light blinks.", "info")?,
        "note" => session.insert("note", &form.note.as_str())?,
        "logout" => session.clear()?,
        // Logins outlive it.
        "reboot" => board::reboot(),
        _ => return Err(UNREADABLE),
    }
    Ok(Answer::to("/"))
}

/// `GET /stats`: what the tests look at.
fn stats(shared: Shared) -> Answer {
    Answer::page(Page::Stats {
        stack: stack::high_water_bytes(),
        interrupts: stack::interrupt_high_water_bytes(),
        sessions: shared.0.pool.taken(),
        time: shared.0.clock.now().map_or(0, UnixTime::secs),
    })
}
