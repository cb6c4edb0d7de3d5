//! What any kind of session has: Flask's attributes, and a dictionary.

use serde::{Deserialize, Deserializer, Serialize};

#[cfg(doc)]
use super::Session;
use super::flash::{FLASHES, FlashedMessages};
use crate::{
    error::Error,
    json::{DeserializeError, Encode, Value},
};

/// The key under which a session says that it outlives the browser window.
pub(crate) const PERMANENT: &str = "_permanent";

/// The attributes of any session: Flask's `SessionMixin`, with its defaults.
pub trait SessionMixin {
    /// Whether it holds nothing.
    fn is_empty(&self) -> bool;

    /// Whether the value at `key` is true as Python's `bool` sees it. A missing
    /// one is not.
    fn is_set(&self, key: &str) -> bool;

    /// Puts a truth value at `key`.
    ///
    /// # Errors
    /// As writing any value does.
    fn set_flag(&mut self, key: &str, value: bool) -> Result<(), Error>;

    /// Takes everything out.
    ///
    /// # Errors
    /// [`Error::NoSecretKey`] on a null session.
    fn clear(&mut self) -> Result<(), Error>;

    /// Whether the session outlives the browser window: its `_permanent` key.
    fn permanent(&self) -> bool {
        self.is_set(PERMANENT)
    }

    /// Sets the `_permanent` key.
    ///
    /// # Errors
    /// As writing any value does.
    fn set_permanent(&mut self, permanent: bool) -> Result<(), Error> {
        self.set_flag(PERMANENT, permanent)
    }

    /// Whether the session was made in this request. Flask: `new`. False
    /// unless an implementation knows better.
    #[doc(alias = "new")]
    fn is_new(&self) -> bool {
        false
    }

    /// Whether it was changed and has to be saved. True unless an
    /// implementation keeps track.
    fn modified(&self) -> bool {
        true
    }

    /// Says that it was changed, or that the change need not be saved. An
    /// implementation that does not keep track ignores it.
    fn set_modified(&mut self, _modified: bool) {}

    /// Whether this is a null session: made without a secret key, refusing to be
    /// written. An implementation that never is one ignores it.
    fn is_null(&self) -> bool {
        false
    }

    /// Makes it a null session, if it can be one.
    fn make_null(&mut self) {}
}

/// The dictionary that a session is.
///
/// Every operation that writes either succeeds or leaves the session as it was, but for
/// two: [`update`](SessionMap::update), being several by default, keeps what it put in
/// before, and a [`Session`]'s `insert` says of what values it loses the old one.
///
/// Whoever brings a session of another kind writes the five methods without a default, and
/// [`push`](SessionMap::push) if it holds lists; it then flashes and reads typed values.
/// A handler for all of them that hold what a [`Session`] holds:
///
/// ```
/// use hipflask::{Error, SecureCookieSession, SessionMap, json::{Encode, Value}};
///
/// fn log_in<S: ?Sized + 'static>(session: &mut S) -> Result<(), Error>
/// where
///     S: for<'a> SessionMap<New<'a> = dyn Encode + 'a, Value<'a> = Value<'a>>,
/// {
///     session.insert("user", &"ada")?;
///     assert_eq!(session.get_as("user")?, Some("ada"));
///     session.flash("Welcome!", "message")
/// }
///
/// log_in(&mut *SecureCookieSession::<256>::new())?;
/// # Ok::<(), hipflask::Error>(())
/// ```
pub trait SessionMap: SessionMixin {
    /// What a lookup gives.
    type Value<'a>
    where
        Self: 'a;
    /// What can be put in, by reference.
    type New<'a>: ?Sized;

    /// Looks up the value at `key`.
    fn get(&self, key: &str) -> Option<Self::Value<'_>>;

    /// Puts `value` at `key`, at its old position or last. Python: `session[key] = value`.
    ///
    /// # Errors
    /// [`Error::Capacity`] when it does not fit, and what else the implementation documents.
    fn insert(&mut self, key: &str, value: &Self::New<'_>) -> Result<(), Error>;

    /// Takes the value at `key` out and gives it. Python: `session.pop(key, None)`.
    ///
    /// # Errors
    /// [`Error::NoSecretKey`] on a null session.
    fn pop(&mut self, key: &str) -> Result<Option<Self::Value<'_>>, Error>;

    /// Takes out what was put in last. Python: `session.popitem()`.
    ///
    /// # Errors
    /// [`Error::NoSecretKey`] on a null session.
    fn popitem(&mut self) -> Result<Option<(&str, Self::Value<'_>)>, Error>;

    /// Goes over the entries in insertion order.
    fn iter(&self) -> impl Iterator<Item = (&str, Self::Value<'_>)>;

    /// Adds `item` to the end of the list at `key`, or starts a list with it.
    /// Python: `session[key] = session.get(key, []) + [item]`.
    ///
    /// # Errors
    /// [`Error::WrongType`] when there is something else at `key`, and as
    /// [`insert`](Self::insert). A session that holds no lists has the default, which
    /// always fails with [`Error::NotSerializable`].
    fn push(&mut self, key: &str, item: &Self::New<'_>) -> Result<(), Error> {
        let _ = (key, item);
        Err(Error::NotSerializable)
    }

    /// How many entries there are.
    fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is a value at `key`.
    fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Takes the value at `key` out; says whether there was one. Python:
    /// `del session[key]`.
    ///
    /// # Errors
    /// [`Error::NoSecretKey`] on a null session.
    fn remove(&mut self, key: &str) -> Result<bool, Error> {
        Ok(self.pop(key)?.is_some())
    }

    /// Gives the value at `key`; if there is none, puts `value` there first.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    fn setdefault(&mut self, key: &str, value: &Self::New<'_>) -> Result<Option<Self::Value<'_>>, Error> {
        if !self.contains(key) {
            self.insert(key, value)?;
        }
        Ok(self.get(key))
    }

    /// Puts all `items` in. By default it stops at the first that fails, and keeps those
    /// before; a [`Session`] takes all or none. Python: `session.update(items)`.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    fn update(&mut self, items: &[(&str, &Self::New<'_>)]) -> Result<(), Error> {
        items.iter().try_for_each(|(key, value)| self.insert(key, value))
    }

    /// Reads the value at `key` as a `T`, which may borrow from the session.
    ///
    /// # Errors
    /// [`Error::WrongType`] when there is a value of another type.
    fn get_as<'a, T: Deserialize<'a>>(&'a self, key: &str) -> Result<Option<T>, Error>
    where
        Self::Value<'a>: Deserializer<'a, Error = DeserializeError<'a>>,
    {
        let value = self.get(key).map(T::deserialize).transpose();
        value.map_err(|error| error.at_key(Some(key)))
    }

    /// Flashes a message to the next page, as [`Session::flash`].
    ///
    /// # Errors
    /// As [`push`](Self::push).
    fn flash<M: AsRef<str> + Serialize + ?Sized>(&mut self, message: &M, category: &str) -> Result<(), Error>
    where
        Self: for<'n> SessionMap<New<'n> = dyn Encode + 'n>,
    {
        self.push(FLASHES, &(category, message))
    }

    /// Takes all flashed messages, as [`Session::take_flashed_messages`].
    ///
    /// # Errors
    /// [`Error::WrongType`] when `_flashes` is not a list of pairs of text; then it stays.
    fn take_flashed_messages(&mut self) -> Result<FlashedMessages<'_>, Error>
    where
        Self: for<'v> SessionMap<Value<'v> = Value<'v>>,
    {
        // A null session, which refuses to be written, has none.
        let Some(value) = self.get(FLASHES) else { return Ok(FlashedMessages::NONE) };
        FlashedMessages::of_value(value)?;
        self.pop(FLASHES)?.map_or(Ok(FlashedMessages::NONE), FlashedMessages::of_value)
    }
}
