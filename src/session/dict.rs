//! The dictionary that a session is, and its attributes: what a handler works with.

use serde::Serialize;

use super::{
    Session, SessionMap, SessionMixin,
    flash::{FLASHES, FlashedMessages},
    secure_cookie::Kind,
    traits::PERMANENT,
};
use crate::{
    error::Error,
    json::{ByRef, Encode, SESSION_JSON_SERIALIZER, Value, entries::Token},
};

/// Attributes.
impl Session {
    /// Whether the session outlives the browser window: whether its `_permanent` entry
    /// is true.
    #[must_use]
    pub fn permanent(&self) -> bool {
        self.is_set(PERMANENT)
    }

    /// Sets the `_permanent` entry. The session then ends a
    /// [`permanent_session_lifetime`](crate::Config::permanent_session_lifetime) after it
    /// was sent last.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn set_permanent(&mut self, permanent: bool) -> Result<(), Error> {
        self.insert(PERMANENT, &permanent)
    }

    /// Whether the session was changed and has to be saved.
    #[must_use]
    pub const fn modified(&self) -> bool {
        self.modified
    }

    /// Says that the session was changed, or that the change need not be saved.
    pub const fn set_modified(&mut self, modified: bool) {
        self.modified = modified;
    }

    /// Whether it is the null session, which refuses to be written.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null | Kind::Unavailable)
    }

    /// Whether the value at `key` is true as Python's `bool` sees it. A missing one is not.
    #[must_use]
    pub fn is_set(&self, key: &str) -> bool {
        self.get(key).is_some_and(Value::is_truthy)
    }
}

/// Reading.
impl Session {
    /// Looks up the value at `key`.
    ///
    /// ```
    /// # use hipflask::SecureCookieSession;
    /// let mut session = SecureCookieSession::<64>::new();
    /// session.insert("user", "ada")?;
    /// assert_eq!(session.get("user").and_then(|user| user.as_str()), Some("ada"));
    /// # Ok::<(), hipflask::Error>(())
    /// ```
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value<'_>> {
        self.arena.find(key).ok().map(|place| self.arena.value(place))
    }

    /// Looks up the value at a JSON Pointer, as [`Value::pointer`] does: at `"/cart/0/qty"`
    /// the `qty` of the first item of the entry `cart`. The empty pointer, which would be
    /// the whole session, gives `None`.
    #[must_use]
    pub fn pointer(&self, pointer: &str) -> Option<Value<'_>> {
        let (key, rest) = Token::split(pointer)?;
        self.arena.value(self.arena.find_token(key)?).pointer(rest)
    }

    /// Whether there is a value at `key`.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.arena.find(key).is_ok()
    }

    /// Goes over the entries in insertion order. `for (key, value) in &*session` does the same.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter { session: self, position: 0 }
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.arena.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arena.len() == 0
    }
}

/// Writing. Each of these either succeeds or leaves the session as it was, but for what
/// [`insert`](Self::insert) says.
impl Session {
    /// Puts any value that serde can serialize at `key`, at its old position or last.
    /// Python: `session[key] = value`.
    ///
    /// The first change to a session takes time in proportion to all that is in it, whose
    /// text is measured then. Later ones do not, but for what has to move when a value of
    /// another length takes a place.
    ///
    /// # Errors
    /// [`Error::Capacity`] when the session with it would not open again;
    /// [`Error::Depth`]; [`Error::NotSerializable`]; [`Error::NoSecretKey`] on
    /// a null session. [`Error::LengthChanged`] when it serializes differently
    /// the second time, and [`Error::NotSerializable`] when a dict in it has two
    /// equal keys or a registered tag refuses its contents, remove the entry.
    pub fn insert<T: Encode + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), Error> {
        self.insert_any(key, &ByRef(value))
    }

    /// Gives the value at `key`; if there is none, puts `value` there first. Python:
    /// `session.setdefault(key, value)`.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn setdefault<T: Encode + ?Sized>(
        &mut self,
        key: &str,
        value: &T,
    ) -> Result<Option<Value<'_>>, Error> {
        SessionMap::setdefault(self, key, &ByRef(value))
    }

    /// Puts all `items` in, or none. Of equal keys the last one counts. Python:
    /// `session.update(items)`. For a struct of the application's own there is
    /// [`merge`](Self::merge).
    ///
    /// # Errors
    /// [`Error::Capacity`] when there is no room for the items beside the old entries of the
    /// same keys; [`Error::Depth`], [`Error::NotSerializable`], [`Error::LengthChanged`];
    /// [`Error::NoSecretKey`] on a null session. Each leaves the session as it was.
    pub fn update(&mut self, items: &[(&str, &dyn Encode)]) -> Result<(), Error> {
        self.writable()?;
        // As in Flask, it is a change even if there is nothing to put in.
        self.change(|arena, dialect| arena.update(items, dialect))
    }

    /// Adds `item` to the end of the list at `key`, or starts a list with it.
    /// Python: `session[key] = session.get(key, []) + [item]`. It takes
    /// no longer for a long list that stands behind all other entries; another one moves there
    /// first.
    ///
    /// # Errors
    /// [`Error::WrongType`] when there is something else at `key`, and as
    /// [`insert`](Self::insert).
    pub fn push<T: Encode + ?Sized>(&mut self, key: &str, item: &T) -> Result<(), Error> {
        self.push_any(key, &ByRef(item))
    }

    /// Puts `value` at the place inside an entry that a JSON Pointer names, and leaves what
    /// is beside it alone. Python: `session["cart"][0]["qty"] = value` is
    /// `insert_at("/cart/0/qty", &value)`.
    ///
    /// Each step but the last has to lead to a list, a tuple or a dict that is there. The
    /// last one names an entry of a dict, new or old, or an item of a list that is there,
    /// or is `-`, the place behind the last item. A new entry goes where its key belongs
    /// in the order of keys. What is inside of a registered tag is not changed.
    ///
    /// ```
    /// use hipflask::SecureCookieSession;
    ///
    /// let mut session = SecureCookieSession::<256>::new();
    /// session.insert("cart", &Vec::<u32>::new())?;
    /// session.insert_at("/cart/-", &std::collections::BTreeMap::from([("sku", "tea")]))?;
    /// session.insert_at("/cart/0/qty", &2)?;
    /// assert_eq!(session.pointer("/cart/0/qty").and_then(|qty| qty.as_i64()), Some(2));
    /// # Ok::<(), hipflask::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`], which names the step, when a step leads nowhere (Python:
    /// `KeyError`, `IndexError`), and for a pointer that does not begin with a slash;
    /// [`Error::WrongType`] when a step leads into what has nothing inside;
    /// [`Error::Capacity`] when there is no room for the new value beside the old one;
    /// [`Error::Depth`], [`Error::NotSerializable`], [`Error::LengthChanged`];
    /// [`Error::NoSecretKey`] on a null session. Each leaves the session as it was.
    pub fn insert_at<T: Encode + ?Sized>(&mut self, pointer: &str, value: &T) -> Result<(), Error> {
        self.insert_any_at(pointer, &ByRef(value))
    }

    /// Takes out what is at the place that a JSON Pointer names, as
    /// [`insert_at`](Self::insert_at) reads it; says whether there was something. The items
    /// behind an item of a list move up. Python: `del session["cart"][0]`.
    ///
    /// # Errors
    /// [`Error::WrongType`] when a step leads into what has nothing inside;
    /// [`Error::NoSecretKey`] on a null session. [`Error::Capacity`] and [`Error::Depth`]
    /// when what is left of a dict has a tag's key alone, which takes more text and one
    /// more level; [`Error::NotSerializable`] when it is left with that key several times.
    /// Each leaves the session as it was.
    pub fn remove_at(&mut self, pointer: &str) -> Result<bool, Error> {
        self.writable()?;
        let removed = self.arena.remove_at(pointer, self.dialect())?;
        self.modified |= removed;
        Ok(removed)
    }

    /// Puts a copy of the value at `from` at `to`; says whether there was one.
    ///
    /// # Errors
    /// [`Error::Capacity`], [`Error::NoSecretKey`].
    pub fn copy_value(&mut self, from: &str, to: &str) -> Result<bool, Error> {
        self.writable()?;
        let Ok(place) = self.arena.find(from) else { return Ok(false) };
        self.arena.copy(place, to, self.dialect())?;
        self.modified = true;
        Ok(true)
    }

    /// Takes the value at `key` out and gives it. Python: `session.pop(key, None)`.
    ///
    /// # Errors
    /// [`Error::NoSecretKey`] on a null session.
    pub fn pop(&mut self, key: &str) -> Result<Option<Value<'_>>, Error> {
        self.writable()?;
        let Ok(place) = self.arena.find(key) else { return Ok(None) };
        self.modified = true;
        let dialect = self.dialect();
        Ok(Some(self.arena.pop(place, dialect).1))
    }

    /// Takes the value at `key` out; says whether there was one. Python: `del session[key]`.
    ///
    /// # Errors
    /// [`Error::NoSecretKey`] on a null session.
    #[doc(alias = "del")]
    pub fn remove(&mut self, key: &str) -> Result<bool, Error> {
        Ok(self.pop(key)?.is_some())
    }

    /// Takes out what was put in last. Python: `session.popitem()`.
    ///
    /// # Errors
    /// [`Error::NoSecretKey`] on a null session.
    pub fn popitem(&mut self) -> Result<Option<(&str, Value<'_>)>, Error> {
        self.writable()?;
        let Some(place) = self.arena.last() else { return Ok(None) };
        self.modified = true;
        let dialect = self.dialect();
        Ok(Some(self.arena.pop(place, dialect)))
    }

    /// Takes everything out. Of a server-side session `_permanent` stays, as in
    /// Flask-Session, which counts it as nothing.
    ///
    /// # Errors
    /// [`Error::NoSecretKey`] on a null session.
    pub fn clear(&mut self) -> Result<(), Error> {
        self.writable()?;
        let permanent = (self.kind == Kind::ServerSide).then(|| self.permanent());
        self.arena.clear();
        self.modified = true;
        if let Some(permanent) = permanent {
            // True fits, because it was there. False is what a missing one is.
            let _ = self.set_permanent(permanent);
        }
        Ok(())
    }

    fn insert_any(&mut self, key: &str, value: &dyn Encode) -> Result<(), Error> {
        self.writable()?;
        self.change(|arena, dialect| arena.insert(key, value, dialect))
    }

    fn insert_any_at(&mut self, pointer: &str, value: &dyn Encode) -> Result<(), Error> {
        self.writable()?;
        self.change(|arena, dialect| arena.insert_at(pointer, value, dialect))
    }

    fn push_any(&mut self, key: &str, item: &dyn Encode) -> Result<(), Error> {
        self.writable()?;
        self.change(|arena, dialect| arena.push(key, item, dialect))
    }
}

/// Flash messages.
impl Session {
    /// Flashes a message to the next page. Flask: `flash(message, category)`, whose
    /// default category is `"message"`.
    ///
    /// `message` is text, or [`Markup`](crate::json::Markup) for HTML.
    ///
    /// ```
    /// use hipflask::SecureCookieSession;
    ///
    /// let mut session = SecureCookieSession::<256>::new();
    /// session.flash("Saved.", "info")?;
    /// session.flash("Full.", "error")?;
    ///
    /// let messages = session.take_flashed_messages()?;
    /// assert_eq!(messages.of(&["error"]).map(|flashed| flashed.message).next(), Some("Full."));
    /// assert_eq!(messages.of(&["info"]).map(|flashed| flashed.message).next(), Some("Saved."));
    /// assert_eq!(messages.count(), 2);
    /// assert_eq!(session.take_flashed_messages()?.count(), 0);
    /// # Ok::<(), hipflask::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn flash<M: AsRef<str> + Serialize + ?Sized>(
        &mut self,
        message: &M,
        category: &str,
    ) -> Result<(), Error> {
        self.push(FLASHES, &(category, message))
    }

    /// Takes all flashed messages out of the session. Flask:
    /// `get_flashed_messages(with_categories=True)`; its `category_filter` is
    /// [`FlashedMessages::of`], which can be asked several times.
    ///
    /// # Errors
    /// [`Error::WrongType`] when `_flashes` is not a list of pairs of text; then it
    /// stays. (In Flask a message may be anything that a template can print.)
    #[doc(alias = "get_flashed_messages")]
    pub fn take_flashed_messages(&mut self) -> Result<FlashedMessages<'_>, Error> {
        SessionMap::take_flashed_messages(self)
    }
}

/// The entries of a session, in insertion order.
#[derive(Clone)]
pub struct Iter<'s> {
    session: &'s Session,
    position: usize,
}

impl<'s> Iterator for Iter<'s> {
    type Item = (&'s str, Value<'s>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.position >= self.session.len() {
            return None;
        }
        let entry = self.session.arena.entry(self.position);
        self.position = self.position.saturating_add(1);
        Some(entry)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let rest = self.session.len().saturating_sub(self.position);
        (rest, Some(rest))
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl<'s> IntoIterator for &'s Session {
    type Item = (&'s str, Value<'s>);
    type IntoIter = Iter<'s>;

    fn into_iter(self) -> Iter<'s> {
        self.iter()
    }
}

impl<'s, const N: usize> IntoIterator for &'s Session<[u8; N]> {
    type Item = (&'s str, Value<'s>);
    type IntoIter = Iter<'s>;

    fn into_iter(self) -> Iter<'s> {
        self.iter()
    }
}

impl SessionMixin for Session {
    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn is_set(&self, key: &str) -> bool {
        self.is_set(key)
    }

    fn set_flag(&mut self, key: &str, value: bool) -> Result<(), Error> {
        self.insert(key, &value)
    }

    fn clear(&mut self) -> Result<(), Error> {
        self.clear()
    }

    fn modified(&self) -> bool {
        self.modified()
    }

    fn set_modified(&mut self, modified: bool) {
        self.set_modified(modified);
    }

    fn is_null(&self) -> bool {
        self.is_null()
    }

    fn make_null(&mut self) {
        self.reset(SESSION_JSON_SERIALIZER);
        self.kind = Kind::Null;
    }
}

impl SessionMap for Session {
    type Value<'a> = Value<'a>;
    type New<'a> = dyn Encode + 'a;

    fn get(&self, key: &str) -> Option<Value<'_>> {
        self.get(key)
    }

    fn insert(&mut self, key: &str, value: &(dyn Encode + '_)) -> Result<(), Error> {
        self.insert_any(key, value)
    }

    fn push(&mut self, key: &str, item: &(dyn Encode + '_)) -> Result<(), Error> {
        self.push_any(key, item)
    }

    fn pop(&mut self, key: &str) -> Result<Option<Value<'_>>, Error> {
        self.pop(key)
    }

    fn popitem(&mut self) -> Result<Option<(&str, Value<'_>)>, Error> {
        self.popitem()
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.iter()
    }

    fn setdefault(&mut self, key: &str, value: &(dyn Encode + '_)) -> Result<Option<Value<'_>>, Error> {
        // Flask's null session refuses this even where nothing would be written.
        self.writable()?;
        if !self.contains(key) {
            self.insert_any(key, value)?;
        }
        Ok(self.get(key))
    }

    fn update(&mut self, items: &[(&str, &(dyn Encode + '_))]) -> Result<(), Error> {
        self.update(items)
    }
}
