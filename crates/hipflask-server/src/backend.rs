//! Who opens and saves a request's session, whatever its types are.

use std::{fmt::Display, pin::Pin};

use hipflask::{
    Config, Error, Opened, Request, Saved, SessionInterface,
    zlib::{DeflateScratch, Scratch},
};

use crate::{config::OwnedConfig, error::SessionError, room::Room, session::Session};

/// The headers to add to a response.
pub(crate) struct Headers {
    pub(crate) set_cookie: Option<String>,
    pub(crate) vary_cookie: bool,
    pub(crate) oversize_len_bytes: Option<usize>,
    pub(crate) refresh_skipped: Option<Error>,
    pub(crate) ended_meanwhile: bool,
}

/// Where sessions are.
pub(crate) enum Backend {
    Cookie(Box<dyn CookieBackend>),
    Store(Box<dyn StoreBackend>),
}

/// A [`SessionInterface`] as an object: sessions in cookies.
pub(crate) trait CookieBackend: Send + Sync {
    fn open(&self, config: &Config<'_>, cookies: &Cookies<'_>, room: &mut Room);

    fn save(&self, config: &Config<'_>, room: &Room) -> Result<Headers, Error>;
}

/// What may take its time.
pub(crate) type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sessions in a store.
pub(crate) trait StoreBackend: Send + Sync {
    /// Opens a session that may grow to so many bytes; gives what was loaded, too, where saving
    /// needs it.
    fn open<'a>(
        &'a self,
        config: &'a OwnedConfig,
        cookies: Cookies<'a>,
        max_session_bytes: usize,
    ) -> Later<'a, (Room, Vec<u8>)>;

    fn save<'a>(&'a self, session: &'a Session) -> Later<'a, Result<Headers, SessionError>>;
}

/// The values of a request's `Cookie` headers.
pub(crate) struct Cookies<'a>(pub(crate) Vec<&'a [u8]>);

impl Request for Cookies<'_> {
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().copied()
    }
}

/// Memory that saving is lent.
pub(crate) trait Lent {
    /// As much as the session in `room` needs.
    fn of(room: &Room) -> Box<Self>;

    /// What takes nothing.
    fn nothing() -> Box<Self>;
}

impl Lent for Scratch {
    fn of(room: &Room) -> Box<Self> {
        room.scratch()
    }

    fn nothing() -> Box<Self> {
        Box::new(DeflateScratch::<0>::new())
    }
}

impl Lent for Vec<u8> {
    fn of(_: &Room) -> Box<Self> {
        // It grows as it is written.
        Box::default()
    }

    fn nothing() -> Box<Self> {
        Box::default()
    }
}

impl<I> CookieBackend for I
where
    I: SessionInterface<Session = hipflask::Session, Scratch: Lent> + Send + Sync,
{
    fn open(&self, config: &Config<'_>, cookies: &Cookies<'_>, room: &mut Room) {
        loop {
            room.context.open(self, config, cookies);
            match lacking_bytes(room.context.opened()).and_then(|needed_bytes| room.larger(needed_bytes)) {
                Some(larger) => *room = larger,
                None => break,
            }
        }
    }

    fn save(&self, config: &Config<'_>, room: &Room) -> Result<Headers, Error> {
        // Of the sessions of a site, few are sent: only those are compressed.
        let is_sent = room.context.peek().is_ok_and(|session| self.should_set_cookie(config, session));
        let mut scratch = if is_sent { I::Scratch::of(room) } else { I::Scratch::nothing() };
        room.context.save(self, config, &mut scratch).map(|saved| Headers::of(&saved))
    }
}

impl Headers {
    pub(crate) fn of<V: Display>(saved: &Saved<'_, V>) -> Self {
        Self {
            set_cookie: saved.set_cookie.as_ref().map(ToString::to_string),
            vary_cookie: saved.vary_cookie,
            oversize_len_bytes: saved.oversize_len_bytes,
            refresh_skipped: saved.refresh_skipped,
            ended_meanwhile: saved.ended_meanwhile,
        }
    }
}

/// How much room was asked for where there was not enough.
pub(crate) const fn lacking_bytes(opened: Result<Opened, Error>) -> Option<usize> {
    let reason = match opened {
        Ok(opened) => opened.rejection(),
        Err(error) => Some(error),
    };
    match reason {
        Some(Error::Capacity { needed_bytes, .. }) => Some(needed_bytes),
        _ => None,
    }
}
