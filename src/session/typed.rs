//! A session as a struct of the application's own.

use serde::{Deserialize, Serialize, Serializer};

use super::{Session, SessionMap as _};
use crate::{
    Error,
    json::{Encode, from_entries},
};

impl Session {
    /// The whole session as a `T`, which may borrow its text from the session.
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
    /// too: where others keep entries beside yours, insert yours one by one.
    ///
    /// # Errors
    /// [`Error::WrongType`] when it is not a dict, and as
    /// [`insert`](super::SessionMap::insert); where that removes the entry,
    /// this empties the session.
    pub fn replace(&mut self, value: &dyn Encode) -> Result<(), Error> {
        self.writable()?;
        self.change(|arena, serializer| arena.replace_all(value, serializer))
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
