//! A session as a struct of the application's own.

use serde::{Deserialize, Serialize, Serializer, de::DeserializeOwned};

use super::Session;
use crate::{
    error::Error,
    json::{ByRef, Encode, from_entries},
};

impl Session {
    /// Reads the value at `key` as a `T`, which may borrow from the session.
    ///
    /// # Errors
    /// [`Error::WrongType`], which names the key and what was found, when there is a
    /// value of another type; [`Error::MissingField`] when a struct lacks one.
    pub fn get_as<'a, T: Deserialize<'a>>(&'a self, key: &str) -> Result<Option<T>, Error> {
        let value = self.get(key).map(T::deserialize).transpose();
        value.map_err(|error| error.at_key(Some(key)))
    }

    /// Changes the value at `key`, or `T`'s default if there is none, and puts it back.
    ///
    /// A struct is put back as it is: entries of the dict that it has no field for are
    /// gone. Where others keep some of the dict's entries, change one entry of it with
    /// [`insert_at`](Self::insert_at), which leaves the others alone.
    ///
    /// ```
    /// # use hipflask::SecureCookieSession;
    /// let mut session = SecureCookieSession::<64>::new();
    /// session.modify::<u32>("visits", |visits| *visits += 1)?;
    /// session.modify::<u32>("visits", |visits| *visits += 1)?;
    /// assert_eq!(session.get_as("visits")?, Some(2));
    /// # Ok::<(), hipflask::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`get_as`](Self::get_as) and [`insert`](Self::insert).
    pub fn modify<T: Serialize + DeserializeOwned + Default>(
        &mut self,
        key: &str,
        change: impl FnOnce(&mut T),
    ) -> Result<(), Error> {
        let mut value = self.get_as(key)?.unwrap_or_default();
        change(&mut value);
        self.insert(key, &value)
    }

    /// Reads the whole session as a `T`, which may borrow its text from the session.
    ///
    /// ```
    /// use hipflask::SecureCookieSession;
    ///
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct Login<'a> {
    ///     user: &'a str,
    ///     visits: u32,
    /// }
    ///
    /// let mut session = SecureCookieSession::<256>::new();
    /// session.replace(&Login { user: "ada", visits: 1 })?;
    /// let login: Login<'_> = session.read()?;
    /// assert_eq!((login.user, login.visits), ("ada", 1));
    /// # Ok::<(), hipflask::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::MissingField`] when an entry is missing, [`Error::WrongType`] when one
    /// is of another type; both name the entry.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        from_entries(self.iter())
    }

    /// Replaces the whole contents by `value`, which serializes as a dict. Its
    /// entries stand in key order then, or as they came if the serializer does
    /// not sort. What else was there is gone, Flask's own `_permanent` and `_flashes`
    /// too: where others keep entries beside yours, [`merge`](Self::merge) yours.
    ///
    /// # Errors
    /// [`Error::WrongType`] when it is not a dict, and as
    /// [`insert`](Self::insert); where that removes the entry,
    /// this empties the session.
    pub fn replace<T: Encode + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.replace_by_any(&ByRef(value))
    }

    /// Writes the fields of `value`, which serializes as a dict, as entries of the session:
    /// at their old positions, or last in the order that [`replace`](Self::replace) gives
    /// them. Leaves all other entries alone. Python: `session.update(a_dict)`.
    ///
    /// ```
    /// use hipflask::SecureCookieSession;
    ///
    /// #[derive(serde::Serialize)]
    /// struct Login<'a> {
    ///     user: &'a str,
    ///     visits: u32,
    /// }
    ///
    /// let mut session = SecureCookieSession::<256>::new();
    /// session.set_permanent(true)?;
    /// session.merge(&Login { user: "ada", visits: 1 })?;
    /// assert!(session.permanent());
    /// assert_eq!(session.get_as("visits")?, Some(1));
    /// # Ok::<(), hipflask::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::WrongType`] when `value` is not a dict; [`Error::Capacity`] when there is no
    /// room for its entries beside the old ones of the same keys; [`Error::Depth`],
    /// [`Error::NotSerializable`], [`Error::LengthChanged`]; [`Error::NoSecretKey`] on a
    /// null session. Each leaves the session as it was.
    pub fn merge<T: Encode + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.merge_any(&ByRef(value))
    }

    fn merge_any(&mut self, value: &dyn Encode) -> Result<(), Error> {
        self.writable()?;
        self.change(|arena, dialect| arena.merge(value, dialect))
    }

    fn replace_by_any(&mut self, value: &dyn Encode) -> Result<(), Error> {
        self.writable()?;
        self.change(|arena, dialect| arena.replace_all(value, dialect))
    }
}

/// A dict of its entries, as they were put in: another session can be filled with it.
impl Serialize for Session {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<const N: usize> Serialize for Session<[u8; N]> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}
