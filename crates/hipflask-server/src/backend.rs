//! Who opens and saves a request's session: a [`SessionInterface`], whatever its types are.

use hipflask::{
    Config, Error, Request, RequestContext, Session, SessionInterface,
    zlib::{DeflateScratch, Scratch},
};

use crate::room::Room;

/// The headers to add to a response.
pub(crate) struct Headers {
    pub(crate) set_cookie: Option<String>,
    pub(crate) vary_cookie: bool,
    pub(crate) oversize_len_bytes: Option<usize>,
    pub(crate) refresh_skipped: Option<Error>,
}

/// A [`SessionInterface`] as an object.
pub(crate) trait Backend: Send + Sync {
    fn open(&self, config: &Config<'_>, cookies: &Cookies<'_>, context: &mut RequestContext);

    fn save(&self, config: &Config<'_>, room: &Room) -> Result<Headers, Error>;
}

/// The values of a request's `Cookie` headers.
pub(crate) struct Cookies<'a>(pub(crate) Vec<&'a [u8]>);

impl Request for Cookies<'_> {
    fn cookie_headers(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().copied()
    }
}

impl<I> Backend for I
where
    I: SessionInterface<Session = Session, Scratch = Scratch> + Send + Sync,
{
    fn open(&self, config: &Config<'_>, cookies: &Cookies<'_>, context: &mut RequestContext) {
        context.open(self, config, cookies);
    }

    fn save(&self, config: &Config<'_>, room: &Room) -> Result<Headers, Error> {
        // Of the sessions of a site, few are sent: only those are compressed.
        let is_sent = room.context.peek().is_ok_and(|session| self.should_set_cookie(config, session));
        let mut scratch = if is_sent { room.scratch() } else { Box::new(DeflateScratch::<0>::new()) };
        let saved = room.context.save(self, config, &mut scratch)?;
        Ok(Headers {
            set_cookie: saved.set_cookie.as_ref().map(ToString::to_string),
            vary_cookie: saved.vary_cookie,
            oversize_len_bytes: saved.oversize_len_bytes,
            refresh_skipped: saved.refresh_skipped,
        })
    }
}
