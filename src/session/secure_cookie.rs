//! `SecureCookieSession`: the session that a signed cookie holds.

use core::{
    fmt,
    ops::{Deref, DerefMut},
};

use super::arena::Arena;
use crate::{
    error::Error,
    json::{Encode, SESSION_JSON_SERIALIZER, TaggedJsonSerializer, entries::Dialect},
    sink::{AnySink, Sink, Stopped, with_any_sink},
};

/// A session with room for `N` bytes.
///
/// The room is for its JSON text, and for each entry's key and value plus 8
/// bytes of index. It owns all its bytes and borrows nothing.
///
/// ```
/// use hipflask::SecureCookieSession;
///
/// let mut session = SecureCookieSession::<256>::new();
/// session.insert("user", &"Zoë")?;
/// session.insert("visits", &3)?;
/// assert_eq!(session.get_as::<&str>("user")?, Some("Zoë"));
/// assert_eq!(session.get_as::<u32>("visits")?, Some(3));
/// assert!(session.modified());
/// # Ok::<(), hipflask::Error>(())
/// ```
pub type SecureCookieSession<const N: usize> = Session<[u8; N]>;

/// A session behind a reference: `&mut SecureCookieSession<N>` becomes
/// `&mut Session` by itself, so that handlers are written once for every
/// capacity.
///
/// A handler needs no other import for what it does with it:
///
/// ```
/// use hipflask::Session;
///
/// #[derive(serde::Serialize)]
/// struct Login<'a> {
///     user: &'a str,
///     roles: &'a [&'a str],
/// }
///
/// fn log_in(session: &mut Session, name: &str) -> Result<(), hipflask::Error> {
///     session.clear()?;
///     session.set_permanent(true)?;
///     session.merge(&Login { user: name, roles: &["admin"] })?;
///     session.insert("name", name)?;
///     session.insert("seen", &[1, 2][..])?;
///     session.push("seen", &3)?;
///     session.insert_at("/seen/0", &0)?;
///     session.modify::<u32>("visits", |visits| *visits += 1)?;
///     session.flash("Welcome!", "info")
/// }
///
/// fn page(session: &mut Session) -> Result<(), hipflask::Error> {
///     assert!(session.permanent());
///     assert_eq!(session.get_as("user")?, Some("ada"));
///     assert!(session.get("name").is_some_and(|name| name == "ada"));
///     assert_eq!(session.pointer("/seen/0").and_then(|first| first.as_i64()), Some(0));
///     assert_eq!(session.get_as::<u32>("visits")?, Some(1));
///     for (key, value) in &*session {
///         println!("{key} is {value:?}");
///     }
///     for flashed in session.take_flashed_messages()? {
///         assert_eq!((flashed.category, flashed.message), ("info", "Welcome!"));
///     }
///     session.remove_at("/seen/0")?;
///     session.remove("seen")?;
///     Ok(())
/// }
/// # let mut session = hipflask::SecureCookieSession::<512>::new();
/// # log_in(&mut session, "ada")?;
/// # page(&mut session)?;
/// # Ok::<(), hipflask::Error>(())
/// ```
///
/// `modified` follows Flask: writing sets it even when the value stays the
/// same, [`clear`](Session::clear), [`update`](Session::update) and
/// [`merge`](Session::merge) even when nothing changes; reading, and taking out what is not there, do not.
/// A value is changed through the session alone, so there is no nested change that it misses.
#[derive(Clone)]
pub struct Session<A: ?Sized = [u8]> {
    pub(super) modified: bool,
    pub(super) kind: Kind,
    serializer: Serializer,
    pub(super) arena: Arena<A>,
}

/// What a session's writing depends on, beside its capacity. `InCookie` is the number
/// zero, as [`Serializer::Flask`] is.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    InCookie = 0,
    /// Kept in a store: clearing it leaves `_permanent`, as in Flask-Session.
    ServerSide = 1,
    /// The null session.
    Null = 2,
    /// A null session because its store does not answer.
    Unavailable = 3,
}

/// What a session is written with. `Flask` is the number zero: then a new session
/// is zeros and nothing else, and a `static` of it takes no flash.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Serializer {
    Flask = 0,
    Other(TaggedJsonSerializer) = 1,
}

impl<const N: usize> Session<[u8; N]> {
    /// Makes an empty session, not modified.
    #[must_use]
    pub const fn new() -> Self {
        Self { modified: false, kind: Kind::InCookie, serializer: Serializer::Flask, arena: Arena::new() }
    }

    /// Makes a session with the contents of `value`, which serializes as a dict; not
    /// modified.
    ///
    /// ```
    /// use hipflask::SecureCookieSession;
    /// #[derive(serde::Serialize)]
    /// struct Contents { user: &'static str, visits: u32 }
    ///
    /// let session = SecureCookieSession::<256>::with_contents(&Contents { user: "ada", visits: 1 })?;
    /// assert!(!session.modified());
    /// # Ok::<(), hipflask::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`replace`](Session::replace).
    pub fn with_contents<T: Encode + ?Sized>(value: &T) -> Result<Self, Error> {
        let mut session = Self::new();
        session.replace(value)?;
        session.modified = false;
        Ok(session)
    }
}

impl<const N: usize> Default for Session<[u8; N]> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Deref for Session<[u8; N]> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self
    }
}

impl<const N: usize> DerefMut for Session<[u8; N]> {
    fn deref_mut(&mut self) -> &mut Session {
        self
    }
}

impl Session {
    /// The bytes that are in use now: the brace of a dict, its entries and their index.
    #[must_use]
    pub const fn used_bytes(&self) -> usize {
        self.arena.used_bytes()
    }

    /// The bytes there are.
    #[must_use]
    pub const fn capacity_bytes(&self) -> usize {
        self.arena.capacity_bytes()
    }

    /// The serializer it is written with.
    #[must_use]
    pub const fn serializer(&self) -> TaggedJsonSerializer {
        match self.serializer {
            Serializer::Other(serializer) => serializer,
            Serializer::Flask => SESSION_JSON_SERIALIZER,
        }
    }

    /// Writes it as JSON text into `sink`, without a buffer.
    ///
    /// # Errors
    /// The sink's own.
    pub fn dump<S: Sink>(&self, sink: &mut S) -> Result<(), S::Error> {
        with_any_sink(sink, |sink| self.arena.write(self.dialect(), sink))
    }

    /// Makes it a fresh, empty session that is written with `serializer`.
    #[inline(never)]
    pub fn reset(&mut self, serializer: TaggedJsonSerializer) {
        self.arena.clear();
        self.set_serializer(serializer);
        self.modified = false;
        self.kind = Kind::InCookie;
    }

    /// Where there is one already it is overwritten in place, which is faster than to put
    /// another variant there.
    const fn set_serializer(&mut self, serializer: TaggedJsonSerializer) {
        match &mut self.serializer {
            Serializer::Other(other) => *other = serializer,
            Serializer::Flask => self.serializer = Serializer::Other(serializer),
        }
    }

    /// Makes it a copy of `other`, which has as much room or less, with all that belongs
    /// to it: this is how a session gets more room.
    ///
    /// ```
    /// use hipflask::SecureCookieSession;
    ///
    /// let mut small = SecureCookieSession::<32>::new();
    /// small.insert("user", "ada")?;
    /// let mut large = SecureCookieSession::<128>::new();
    /// large.copy_from(&small)?;
    /// large.insert("motto", "Noli turbare circulos meos.")?;
    /// assert_eq!(large.get_as("user")?, Some("ada"));
    /// # Ok::<(), hipflask::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Capacity`] when `other` has more room. The session stays as it was then.
    pub fn copy_from(&mut self, other: &Self) -> Result<(), Error> {
        self.arena.copy_from(&other.arena)?;
        self.serializer = other.serializer;
        self.modified = other.modified;
        self.kind = other.kind;
        Ok(())
    }

    /// Lends the room for a JSON text, which goes to its start, for
    /// [`load`](Self::load). The session is empty until then.
    pub fn buffer(&mut self) -> &mut [u8] {
        self.arena.buffer()
    }

    /// Makes it a session of the JSON text in the first `len_bytes` bytes of its
    /// [`buffer`](Self::buffer), to be written with `serializer`.
    ///
    /// # Errors
    /// [`Error::BadPayload`] when the text is not that of a dict or of null;
    /// [`Error::Capacity`], [`Error::Depth`]. The session is fresh and empty then.
    pub fn load(&mut self, serializer: TaggedJsonSerializer, len_bytes: usize) -> Result<(), Error> {
        self.reset(serializer);
        self.arena.load_text(serializer.dialect(), len_bytes)
    }

    /// Makes it a session of what `build` makes of its bytes: a dict, whose length and number
    /// of entries it gives. Without success it is fresh and empty.
    pub(crate) fn build(
        &mut self,
        serializer: TaggedJsonSerializer,
        build: impl FnOnce(&mut [u8]) -> Result<(usize, usize), Error>,
    ) -> Result<(), Error> {
        self.reset(serializer);
        self.arena.build(build)
    }

    /// As [`dump`](Self::dump), as another serializer writes it.
    pub(crate) fn dump_as(&self, serializer: TaggedJsonSerializer, sink: AnySink<'_>) -> Result<(), Stopped> {
        self.arena.write(serializer.dialect(), sink)
    }

    /// Makes a change, which counts as one even if it failed, or panicked, when it had taken
    /// something out.
    pub(super) fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Arena<[u8]>, Dialect) -> Result<T, Error>,
    ) -> Result<(), Error> {
        let dialect = self.dialect();
        let changing = Changing { len: self.arena.len(), session: self };
        change(&mut changing.session.arena, dialect)?;
        changing.session.modified = true;
        Ok(())
    }

    /// Says that it is kept in a store.
    pub(crate) const fn make_server_side(&mut self) {
        self.kind = Kind::ServerSide;
    }

    /// Makes it a null session that blames its store.
    pub(crate) fn make_unavailable(&mut self) {
        self.reset(SESSION_JSON_SERIALIZER);
        self.kind = Kind::Unavailable;
    }

    /// What the arena needs to know of the serializer.
    pub(super) const fn dialect(&self) -> Dialect {
        self.serializer().dialect()
    }

    /// Refuses to write a null session.
    pub(super) fn writable(&self) -> Result<(), Error> {
        match self.kind {
            Kind::InCookie | Kind::ServerSide => Ok(()),
            Kind::Null => Err(Error::NoSecretKey),
            Kind::Unavailable => Err(Error::StoreUnavailable),
        }
    }
}

/// A change that is being made: what it takes out is one when it ends, however it ends.
struct Changing<'s> {
    session: &'s mut Session,
    /// How many entries there were.
    len: usize,
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.session.modified |= self.session.arena.len() < self.len;
    }
}

/// Shows no contents: sessions hold tokens, and logs are read by many.
impl<A: ?Sized> fmt::Debug for Session<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("null", &matches!(self.kind, Kind::Null | Kind::Unavailable))
            .field("modified", &self.modified)
            .finish_non_exhaustive()
    }
}
