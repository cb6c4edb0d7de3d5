//! `SecureCookieSession`: the session that a signed cookie holds.

use core::{
    fmt,
    ops::{Deref, DerefMut},
};

use serde::Deserialize;

use super::{SessionMap, SessionMixin, arena::Arena};
use crate::{
    Error,
    json::{Encode, SESSION_JSON_SERIALIZER, TaggedJsonSerializer, Value},
    sink::Sink,
};

/// A session with room for `N` bytes.
///
/// The room is for its JSON text, and for each entry's key and value plus 8
/// bytes of index. It owns all its bytes and borrows nothing.
///
/// ```
/// use hipflask::{SecureCookieSession, SessionMap, SessionMixin};
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
/// `modified` follows Flask: writing sets it even when the value stays the
/// same, [`clear`](SessionMap::clear) and [`update`](SessionMap::update) even
/// when nothing changes; reading, and taking out what is not there, do not.
/// Values are replaced as a whole, so there is no nested change that it misses.
#[derive(Clone)]
pub struct Session<A: ?Sized = [u8]> {
    modified: bool,
    null: bool,
    serializer: Serializer,
    arena: Arena<A>,
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
    /// An empty session, not modified.
    #[must_use]
    pub const fn new() -> Self {
        Self { modified: false, null: false, serializer: Serializer::Flask, arena: Arena::new() }
    }

    /// A session with the contents of `value`, which serializes as a dict; not modified.
    ///
    /// ```
    /// use hipflask::{SecureCookieSession, SessionMixin, json::Dict};
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
    pub fn with_contents(value: &dyn Encode) -> Result<Self, Error> {
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
    /// The value at `key` as a `T`, which may borrow from the session.
    ///
    /// # Errors
    /// [`Error::WrongType`] when there is a value of another type.
    pub fn get_as<'a, T: Deserialize<'a>>(&'a self, key: &str) -> Result<Option<T>, Error> {
        self.get(key).map(Value::to).transpose()
    }

    /// Puts a copy of the value at `from` at `to`; whether there was one.
    ///
    /// # Errors
    /// [`Error::Capacity`], [`Error::NoSecretKey`].
    pub fn copy_value(&mut self, from: &str, to: &str) -> Result<bool, Error> {
        self.writable()?;
        let Ok(place) = self.arena.find(from) else { return Ok(false) };
        self.arena.copy(place, to, self.serializer())?;
        self.modified = true;
        Ok(true)
    }

    /// Adds `item` to the end of the list at `key`, or starts a list with it.
    /// Python: `session[key] = session.get(key, []) + [item]`. It takes no longer for a long
    /// list, which moves behind all other entries when it grows.
    ///
    /// # Errors
    /// [`Error::WrongType`] when there is something else at `key`, and as
    /// [`insert`](SessionMap::insert).
    pub fn push(&mut self, key: &str, item: &dyn Encode) -> Result<(), Error> {
        self.writable()?;
        self.change(|arena, serializer| arena.push(key, item, serializer))
    }

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
        self.arena.write(self.serializer(), sink)
    }

    /// Makes it a fresh, empty session that is written with `serializer`.
    pub fn reset(&mut self, serializer: TaggedJsonSerializer) {
        self.arena.clear();
        self.serializer = Serializer::Other(serializer);
        self.modified = false;
        self.null = false;
    }

    /// Makes it a session of the JSON text that `fill` writes to the start of
    /// the buffer it is given; `fill` returns the text's length in bytes.
    ///
    /// # Errors
    /// `fill`'s own; [`Error::BadPayload`] when the text is not that of a dict
    /// or of null; [`Error::Capacity`], [`Error::Depth`]. The session is fresh
    /// and empty then.
    pub fn load(
        &mut self,
        serializer: TaggedJsonSerializer,
        fill: impl FnOnce(&mut [u8]) -> Result<usize, Error>,
    ) -> Result<(), Error> {
        self.reset(serializer);
        self.arena.fill(serializer, fill)
    }

    /// Makes a change, which counts as one even if it failed, or panicked, when it had taken
    /// something out.
    pub(super) fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Arena<[u8]>, TaggedJsonSerializer) -> Result<T, Error>,
    ) -> Result<(), Error> {
        let serializer = self.serializer();
        let changing = Changing { len: self.arena.len(), session: self };
        change(&mut changing.session.arena, serializer)?;
        changing.session.modified = true;
        Ok(())
    }

    /// Refuses to write a null session.
    pub(super) fn writable(&self) -> Result<(), Error> {
        if self.null { Err(Error::NoSecretKey) } else { Ok(()) }
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

impl SessionMixin for Session {
    fn is_empty(&self) -> bool {
        self.arena.len() == 0
    }

    fn is_set(&self, key: &str) -> bool {
        self.get(key).is_some_and(Value::is_truthy)
    }

    fn set_flag(&mut self, key: &str, value: bool) -> Result<(), Error> {
        self.insert(key, &value)
    }

    fn modified(&self) -> bool {
        self.modified
    }

    fn set_modified(&mut self, modified: bool) {
        self.modified = modified;
    }

    fn is_null(&self) -> bool {
        self.null
    }

    fn make_null(&mut self) {
        self.reset(SESSION_JSON_SERIALIZER);
        self.null = true;
    }
}

impl SessionMap for Session {
    type Value<'a> = Value<'a>;
    type New<'a> = dyn Encode + 'a;

    fn get(&self, key: &str) -> Option<Value<'_>> {
        self.arena.find(key).ok().map(|place| self.arena.value(place))
    }

    /// Puts any value that serde can serialize at `key`. The first change to a session takes
    /// time in proportion to all that is in it, whose text is measured then; later ones do not,
    /// but for what has to move to where a value of another length was.
    ///
    /// # Errors
    /// [`Error::Capacity`] when the session with it would not open again;
    /// [`Error::Depth`]; [`Error::NotSerializable`]; [`Error::NoSecretKey`] on
    /// a null session. [`Error::LengthChanged`] when it serializes differently
    /// the second time, and [`Error::NotSerializable`] when a dict in it has two
    /// equal keys or a registered tag refuses its contents, remove the entry.
    fn insert(&mut self, key: &str, value: &(dyn Encode + '_)) -> Result<(), Error> {
        self.writable()?;
        self.change(|arena, serializer| arena.insert(key, value, serializer))
    }

    fn pop(&mut self, key: &str) -> Result<Option<Value<'_>>, Error> {
        self.writable()?;
        let Ok(place) = self.arena.find(key) else { return Ok(None) };
        self.modified = true;
        let serializer = self.serializer();
        Ok(Some(self.arena.pop(place, serializer).1))
    }

    fn popitem(&mut self) -> Result<Option<(&str, Value<'_>)>, Error> {
        self.writable()?;
        let Some(place) = self.arena.last() else { return Ok(None) };
        self.modified = true;
        let serializer = self.serializer();
        Ok(Some(self.arena.pop(place, serializer)))
    }

    fn clear(&mut self) -> Result<(), Error> {
        self.writable()?;
        self.arena.clear();
        self.modified = true;
        Ok(())
    }

    fn len(&self) -> usize {
        self.arena.len()
    }

    fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        (0..self.arena.len()).map(|position| self.arena.entry(position))
    }

    fn setdefault(&mut self, key: &str, value: &(dyn Encode + '_)) -> Result<Option<Value<'_>>, Error> {
        // Flask's null session refuses this even where nothing would be written.
        self.writable()?;
        if !self.contains(key) {
            self.insert(key, value)?;
        }
        Ok(self.get(key))
    }

    fn update(&mut self, items: &[(&str, &(dyn Encode + '_))]) -> Result<(), Error> {
        self.writable()?;
        items.iter().try_for_each(|(key, value)| self.insert(key, *value))?;
        // As in Flask, even if there is nothing to put in.
        self.modified = true;
        Ok(())
    }
}

/// Shows no contents: sessions hold tokens, and logs are read by many.
impl<A: ?Sized> fmt::Debug for Session<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("null", &self.null)
            .field("modified", &self.modified)
            .finish_non_exhaustive()
    }
}
