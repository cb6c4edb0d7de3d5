//! Server-side sessions: the cookie holds only an id, the session lies in a
//! fixed-capacity table in RAM. A `SessionInterface` of its own, written
//! against the public API alone.
//!
//! `cargo run --example server_side --features std`

use std::{cell::RefCell, fmt};

use hipflask::{
    Clock, Config, Error, Lifetime, NullSession, Opened, Request, RequestContext, Saved, SecureCookieSession,
    SessionInterface, SessionMap, SessionMixin, UnixTime,
    backends::std::SystemClock,
    cookie::{self, SetCookie},
    json::{Encode, SESSION_JSON_SERIALIZER, Value},
    sink::SliceSink,
};

/// How many sessions the table holds; the oldest makes room.
pub const SESSIONS: usize = 8;
/// The bytes of one session.
pub const SESSION_BYTES: usize = 256;

/// 128 random bits in hex.
pub type Id = heapless::String<32>;

/// A session that knows its id, and whether it was made in this request.
pub struct TableSession {
    id: Id,
    /// The id it gets if it is renewed.
    next_id: Id,
    /// The id it had before.
    old_id: Option<Id>,
    is_new: bool,
    contents: SecureCookieSession<SESSION_BYTES>,
}

impl TableSession {
    /// Storage for one request.
    pub const fn new() -> Self {
        let contents = SecureCookieSession::new();
        Self { id: Id::new(), next_id: Id::new(), old_id: None, is_new: true, contents }
    }

    /// Makes it empty and new, with this id.
    fn reset(&mut self, id: Id) {
        self.contents.reset(SESSION_JSON_SERIALIZER);
        (self.id, self.next_id, self.old_id, self.is_new) = (id.clone(), id, None, true);
    }

    /// Gives the session another id. Call it at login: whoever planted the old
    /// id in the browser must not be logged in with it (session fixation). And at
    /// logout, unless that clears the session, which does it too: a request that
    /// is under way with the old id must not bring the login back.
    pub fn renew(&mut self) {
        if self.old_id.is_none() {
            self.old_id = Some(core::mem::replace(&mut self.id, self.next_id.clone()));
        }
        self.contents.set_modified(true);
    }
}

impl Default for TableSession {
    fn default() -> Self {
        Self::new()
    }
}

impl SessionMixin for TableSession {
    fn is_empty(&self) -> bool {
        self.contents.is_empty()
    }

    fn is_set(&self, key: &str) -> bool {
        self.contents.is_set(key)
    }

    fn set_flag(&mut self, key: &str, value: bool) -> Result<(), Error> {
        self.contents.set_flag(key, value)
    }

    fn clear(&mut self) -> Result<(), Error> {
        self.contents.clear()?;
        self.renew();
        Ok(())
    }

    fn is_new(&self) -> bool {
        self.is_new
    }

    fn modified(&self) -> bool {
        self.contents.modified()
    }

    fn set_modified(&mut self, modified: bool) {
        self.contents.set_modified(modified);
    }

    fn is_null(&self) -> bool {
        self.contents.is_null()
    }

    fn make_null(&mut self) {
        NullSession.make(&mut self.contents);
    }
}

impl SessionMap for TableSession {
    type Value<'a> = Value<'a>;
    type New<'a> = dyn Encode + 'a;

    fn get(&self, key: &str) -> Option<Value<'_>> {
        self.contents.get(key)
    }

    fn insert(&mut self, key: &str, value: &(dyn Encode + '_)) -> Result<(), Error> {
        SessionMap::insert(&mut *self.contents, key, value)
    }

    fn push(&mut self, key: &str, item: &(dyn Encode + '_)) -> Result<(), Error> {
        SessionMap::push(&mut *self.contents, key, item)
    }

    fn pop(&mut self, key: &str) -> Result<Option<Value<'_>>, Error> {
        self.contents.pop(key)
    }

    fn popitem(&mut self) -> Result<Option<(&str, Value<'_>)>, Error> {
        self.contents.popitem()
    }

    fn len(&self) -> usize {
        self.contents.len()
    }

    fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.contents.iter()
    }
}

/// What the table keeps of a session.
struct Row {
    id: Id,
    saved_at_secs: u64,
    /// Its JSON text.
    text: heapless::Vec<u8, SESSION_BYTES>,
}

/// Sessions in a table in RAM.
pub struct TableInterface<F, C> {
    rows: RefCell<heapless::Vec<Row, SESSIONS>>,
    /// Gives 128 random bits. They are all that protects a session.
    random: F,
    clock: C,
}

impl<F: Fn() -> u128, C: Clock> TableInterface<F, C> {
    /// An empty table.
    pub const fn new(random: F, clock: C) -> Self {
        Self { rows: RefCell::new(heapless::Vec::new()), random, clock }
    }

    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.rows.borrow().len()
    }

    fn new_id(&self) -> Id {
        let mut id = Id::new();
        // 32 digits always fit.
        let _ = fmt::Write::write_fmt(&mut id, format_args!("{:032x}", (self.random)()));
        id
    }

    /// Whether there was a session with this id until now.
    fn forget(&self, id: &Id) -> bool {
        let mut rows = self.rows.borrow_mut();
        let before = rows.len();
        rows.retain(|row| row.id != *id);
        rows.len() < before
    }

    fn forget_expired(&self, now: UnixTime, lifetime: Lifetime) {
        self.rows.borrow_mut().retain(|row| {
            // A clock that was set back ends nobody's session.
            let age_secs = now.secs().saturating_sub(row.saved_at_secs);
            i64::try_from(age_secs).is_ok_and(|age_secs| age_secs <= lifetime.whole_secs())
        });
    }

    fn remember(&self, row: Row) -> Result<(), Error> {
        let mut rows = self.rows.borrow_mut();
        if rows.is_full() {
            rows.remove(0);
        }
        let full = Error::Capacity { needed_bytes: SESSION_BYTES, capacity_bytes: 0 };
        rows.push(row).map_err(|_| full)
    }
}

impl<F: Fn() -> u128, C: Clock> SessionInterface for TableInterface<F, C> {
    type Session = TableSession;
    type Scratch = ();
    type CookieValue<'a>
        = &'a str
    where
        Self: 'a;

    fn open_session<R: Request + ?Sized>(
        &self,
        config: &Config<'_>,
        request: &R,
        session: &mut TableSession,
    ) -> Result<Opened, Error> {
        // First of all: if this fails, nothing of a former request is to be left in it.
        session.reset(self.new_id());
        let cookie = cookie::find(request.cookie_headers(), self.get_cookie_name(config));
        let sent = cookie.and_then(|cookie| cookie.plain()).unwrap_or_default();
        // Before the clock can fail: whoever then starts afresh ends the session in this row.
        // An id of the client's own making is never taken over: it finds no row.
        if let Some(row) = self.rows.borrow().iter().find(|row| row.id.as_bytes() == sent) {
            session.id = row.id.clone();
            session.is_new = false;
        }
        self.forget_expired(self.clock.now()?, config.permanent_session_lifetime);
        let rows = self.rows.borrow();
        let Some(Row { text, .. }) = rows.iter().find(|row| row.id == session.id) else {
            session.id = session.next_id.clone();
            session.is_new = true;
            return Ok(Opened::FRESH);
        };
        session.contents.buffer().iter_mut().zip(text).for_each(|(to, from)| *to = *from);
        session.contents.load(SESSION_JSON_SERIALIZER, text.len())?;
        Ok(Opened::LOADED)
    }

    fn save_session<'a>(
        &'a self,
        config: &'a Config<'a>,
        session: &'a TableSession,
        accessed: bool,
        _scratch: &'a mut (),
    ) -> Result<Saved<'a, &'a str>, Error> {
        let nothing = Saved::unchanged(accessed);
        let opened_id = session.old_id.as_ref().unwrap_or(&session.id);
        if session.is_empty() {
            if !session.modified() {
                return Ok(nothing);
            }
            self.forget(opened_id);
            return Saved::cookie(config, self.make_deletion(config, ""), 0);
        }
        if !self.should_set_cookie(config, session) {
            return Ok(nothing);
        }
        let now = self.clock.now()?;
        let expires = self.get_expiration_time(config, session, now)?;
        let mut text = [0; SESSION_BYTES];
        let mut sink = SliceSink::new(&mut text);
        session.contents.dump(&mut sink)?;
        let text = heapless::Vec::from_slice(sink.written()).unwrap_or_default();
        // Another request may have ended it meanwhile, or given it another id.
        if !self.forget(opened_id) && !session.is_new {
            return Ok(nothing);
        }
        self.remember(Row { id: session.id.clone(), saved_at_secs: now.secs(), text })?;
        let mut cookie: SetCookie<'a, &'a str> = self.make_cookie(config, session.id.as_str());
        cookie.expires = expires;
        Saved::cookie(config, cookie, session.id.len())
    }
}

/// Three requests of one browser.
#[allow(dead_code, reason = "the test of this example has its own requests")]
fn main() -> Result<(), Error> {
    let random = || {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the system has random numbers");
        u128::from_ne_bytes(bytes)
    };
    let interface = TableInterface::new(random, SystemClock);
    let config = Config::new();
    let mut cookie_header = String::new();
    for _ in 0..3 {
        let mut context = RequestContext::new(TableSession::new());
        context.open(&interface, &config, cookie_header.as_str());
        let session = context.session()?;
        let visits = session.get("visits").and_then(|visits| visits.as_i64()).unwrap_or(0) + 1;
        session.insert("visits", &visits)?;
        println!("visit {visits}, new: {}", session.is_new());
        if let Some(cookie) = context.save(&interface, &config, &mut ())?.set_cookie {
            println!("  Set-Cookie: {cookie}");
            cookie_header = format!("{}={}", cookie.name, cookie.value);
        }
    }
    Ok(())
}
