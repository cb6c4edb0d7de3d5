//! The handle of a request's session, which handlers and middlewares have.

use std::{
    fmt,
    marker::PhantomData,
    ptr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use hipflask::{Error, Opened, backends::alloc::OwnedValue, interface::server_side::SessionId, json::Encode};
use serde::{Serialize, de::DeserializeOwned};

use crate::{config::OwnedConfig, error::SessionError, room::Room};

/// A request's session. Clones are the same session.
///
/// It may cross an `.await` and move into a task. Whoever changes it when the response has
/// been made comes too late, as in Flask: the change is lost, and a warning in the log
/// says so.
///
/// The response depends on the session, and says so to caches by `Vary: Cookie`, as soon as
/// one of these methods has looked into it, not when a handler only has the handle. The ones
/// that only [`peek`](Self::peek) say so in their documentation.
///
/// Each method locks the session as long as it runs, which is never across an `.await`. What
/// reads several values that belong together, or changes one by another, does so in one
/// closure of [`with`](Self::with) or [`with_mut`](Self::with_mut).
///
/// A session that cannot be read fails each of them, with the same error, but for
/// [`start_fresh`](Self::start_fresh).
///
/// `E` is the error of all methods: each adapter has one that is a response.
pub struct Session<E = SessionError> {
    shared: Arc<Shared>,
    error: PhantomData<fn() -> E>,
}

impl<E> Clone for Session<E> {
    fn clone(&self) -> Self {
        self.with_error()
    }
}

struct Shared {
    state: Mutex<State>,
    /// The thread that has lent the session to a closure, or zero. It would wait for itself
    /// for ever if it asked for the session again.
    holder: AtomicUsize,
}

/// What belongs to a request's session.
pub(crate) struct State {
    pub(crate) room: Room,
    pub(crate) config: OwnedConfig,
    /// What a store gave, where saving compares with it.
    pub(crate) loaded: Vec<u8>,
    /// Whether the response has been made.
    pub(crate) is_saved: bool,
}

/// A flashed message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlashedMessage {
    /// Its category; Flask's default is `"message"`.
    pub category: String,
    /// The message.
    pub message: String,
    /// Whether it is HTML already; otherwise it must be escaped.
    pub is_markup: bool,
}

impl Session {
    pub(crate) fn new(state: State) -> Self {
        let shared = Shared { state: Mutex::new(state), holder: AtomicUsize::new(0) };
        Self { shared: Arc::new(shared), error: PhantomData }
    }
}

impl<E> Session<E> {
    /// The same session, with another error.
    #[must_use]
    pub fn with_error<F>(&self) -> Session<F> {
        Session { shared: self.shared.clone(), error: PhantomData }
    }

    /// Calls `use_state` while nobody else has the session.
    ///
    /// A handler that panicked in a closure left it in order: each change is made, or is not.
    pub(crate) fn lock<T>(&self, use_state: impl FnOnce(&mut State) -> T) -> Result<T, SessionError> {
        let Shared { state, holder } = &*self.shared;
        let this_thread = THREAD.with(|thread| ptr::from_ref(thread).addr());
        // Another thread never writes this one's address.
        if holder.load(Ordering::Relaxed) == this_thread {
            return Err(SessionError::InUse);
        }
        let mut state: MutexGuard<'_, State> = state.lock().unwrap_or_else(PoisonError::into_inner);
        let _held = Held::by(this_thread, holder);
        Ok(use_state(&mut state))
    }
}

impl<E: From<SessionError>> Session<E> {
    /// Calls `use_state` for what is at `key`, if it is for one entry.
    fn at_key<T>(
        &self,
        key: Option<&str>,
        use_state: impl FnOnce(&mut State) -> Result<T, Error>,
    ) -> Result<T, E> {
        let result =
            self.lock(use_state).and_then(|result| result.map_err(|error| SessionError::at_key(key, error)));
        result.map_err(E::from)
    }

    fn read<T>(
        &self,
        key: Option<&str>,
        read: impl FnOnce(&hipflask::Session) -> Result<T, Error>,
    ) -> Result<T, E> {
        self.at_key(key, |state| read(state.room.context.session()?))
    }

    /// Makes a change that is made as a whole or not at all.
    fn write<T>(
        &self,
        key: Option<&str>,
        change: impl FnMut(&mut hipflask::Session) -> Result<T, Error>,
    ) -> Result<T, E> {
        self.at_key(key, |state| state.write(change))
    }
}

impl State {
    /// Makes a change that is made as a whole or not at all, in more room if it needs that.
    fn write<T>(
        &mut self,
        mut change: impl FnMut(&mut hipflask::Session) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let changed = loop {
            match change(self.room.context.session()?) {
                Err(Error::Capacity { needed_bytes, .. }) if self.grow(needed_bytes)? => {}
                changed => break changed,
            }
        };
        self.warn_if_late();
        changed
    }

    /// Moves the session into more room, if it may have more.
    fn grow(&mut self, needed_bytes: usize) -> Result<bool, Error> {
        let Some(mut room) = self.room.larger(needed_bytes) else { return Ok(false) };
        room.context.copy_from(&self.room.context)?;
        self.room = room;
        Ok(true)
    }

    /// The response is made. What comes now is too late.
    pub(crate) fn is_over(&mut self) {
        self.is_saved = true;
        if let Ok(session) = self.room.context.session() {
            session.set_modified(false);
        }
    }

    fn warn_if_late(&mut self) {
        if self.is_saved
            && let Ok(session) = self.room.context.session()
            && session.modified()
        {
            session.set_modified(false);
            tracing::warn!("a session was changed when its response had been made: the change is lost");
        }
    }
}

/// Reading.
impl<E: From<SessionError>> Session<E> {
    /// Lends the session to `read`: for values that borrow from it, and for several at once.
    ///
    /// ```
    /// # use hipflask_server::{Session, SessionError};
    /// fn is_ada(session: &Session) -> Result<bool, SessionError> {
    ///     session.with(|session| session.get("user").is_some_and(|user| user == "ada"))
    /// }
    /// ```
    ///
    /// # Errors
    /// [`SessionError::Failed`] when the session cannot be read; [`SessionError::InUse`] when
    /// `read` uses this handle, which would wait for itself.
    pub fn with<T>(&self, read: impl FnOnce(&hipflask::Session) -> T) -> Result<T, E> {
        self.read(None, |session| Ok(read(session)))
    }

    /// As [`with`](Self::with), for middlewares and logs: this does not make the response
    /// vary, so the response must not depend on what it tells.
    ///
    /// # Errors
    /// As [`with`](Self::with).
    pub fn peek<T>(&self, read: impl FnOnce(&hipflask::Session) -> T) -> Result<T, E> {
        self.at_key(None, |state| state.room.context.peek().map(read))
    }

    /// How the session was opened, for logs: this does not make the response vary.
    ///
    /// # Errors
    /// [`SessionError::Failed`] with the reason why it could not be.
    pub fn opened(&self) -> Result<Opened, E> {
        self.at_key(None, |state| state.room.context.opened())
    }

    /// Reads the value at `key` as a `T`.
    ///
    /// # Errors
    /// [`SessionError::Failed`] when there is a value of another type, or the session cannot
    /// be read.
    pub fn get_as<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, E> {
        self.read(Some(key), |session| session.get_as(key))
    }

    /// Looks up the value at `key`, whatever its type is.
    ///
    /// # Errors
    /// [`SessionError::Failed`] when the session cannot be read.
    pub fn get(&self, key: &str) -> Result<Option<OwnedValue>, E> {
        self.read(Some(key), |session| Ok(session.get(key).map(OwnedValue::from)))
    }

    /// Whether there is a value at `key`.
    ///
    /// # Errors
    /// [`SessionError::Failed`] when the session cannot be read.
    pub fn contains(&self, key: &str) -> Result<bool, E> {
        self.read(Some(key), |session| Ok(session.contains(key)))
    }

    /// Whether the session outlives the browser window.
    ///
    /// # Errors
    /// [`SessionError::Failed`] when the session cannot be read.
    pub fn permanent(&self) -> Result<bool, E> {
        self.with(hipflask::Session::permanent)
    }
}

/// Writing. Where the session has no room for it, it gets more, up to
/// [`max_session_bytes`](crate::Sessions::max_session_bytes).
///
/// Each of these, but for [`with_mut`](Session::with_mut), fails as the method of the same
/// name of [`hipflask::Session`] does, and then leaves the session as that says.
impl<E: From<SessionError>> Session<E> {
    /// Lends the session to `change`: for several changes at once, or one that depends on
    /// what is there.
    ///
    /// Where the session has no room for what it does, `change` is called again, with more
    /// room and the session as it was before. What it did before any other error stays.
    ///
    /// ```
    /// # use hipflask_server::{Session, SessionError};
    /// fn count_visit(session: &Session) -> Result<Option<u64>, SessionError> {
    ///     session.with_mut(|session| {
    ///         session.modify::<u64>("visits", |visits| *visits += 1)?;
    ///         session.get_as("visits")
    ///     })
    /// }
    /// ```
    ///
    /// # Errors
    /// [`SessionError::Failed`] with the error of `change`, or when the session cannot be
    /// read; [`SessionError::InUse`] when `change` uses this handle, which would wait for itself.
    pub fn with_mut<T>(
        &self,
        mut change: impl FnMut(&mut hipflask::Session) -> Result<T, Error>,
    ) -> Result<T, E> {
        self.at_key(None, |state| {
            let before = state.room.copy();
            let changed = loop {
                match change(state.room.context.session()?) {
                    Err(error @ Error::Capacity { needed_bytes, .. }) => {
                        let Some(mut room) = state.room.larger(needed_bytes) else { break Err(error) };
                        room.context.copy_from(&before.context)?;
                        state.room = room;
                    }
                    changed => break changed,
                }
            };
            state.warn_if_late();
            changed
        })
    }

    /// Puts `value` at `key`, at its old position or last.
    ///
    /// # Errors
    /// As [`hipflask::Session::insert`].
    pub fn insert<T: Encode + ?Sized>(&self, key: &str, value: &T) -> Result<(), E> {
        self.write(Some(key), |session| session.insert(key, value))
    }

    /// Puts `value` at the place inside an entry that a JSON Pointer names.
    ///
    /// # Errors
    /// As [`hipflask::Session::insert_at`].
    pub fn insert_at<T: Encode + ?Sized>(&self, pointer: &str, value: &T) -> Result<(), E> {
        self.write(Some(pointer), |session| session.insert_at(pointer, value))
    }

    /// Adds `item` to the end of the list at `key`, or starts a list with it.
    ///
    /// # Errors
    /// As [`hipflask::Session::push`].
    pub fn push<T: Encode + ?Sized>(&self, key: &str, item: &T) -> Result<(), E> {
        self.write(Some(key), |session| session.push(key, item))
    }

    /// Changes the value at `key`, or `T`'s default if there is none, and puts it back.
    ///
    /// # Errors
    /// As [`hipflask::Session::modify`].
    pub fn modify<T: Serialize + DeserializeOwned + Default>(
        &self,
        key: &str,
        change: impl FnOnce(&mut T),
    ) -> Result<(), E> {
        self.at_key(Some(key), |state| {
            let mut value: T = state.room.context.session()?.get_as(key)?.unwrap_or_default();
            change(&mut value);
            state.write(|session| session.insert(key, &value))
        })
    }

    /// Writes the fields of `value`, which serializes as a dict, as entries of the session,
    /// and leaves all others alone.
    ///
    /// # Errors
    /// As [`hipflask::Session::merge`].
    pub fn merge<T: Encode + ?Sized>(&self, value: &T) -> Result<(), E> {
        self.write(None, |session| session.merge(value))
    }

    /// Takes the value at `key` out and gives it.
    ///
    /// # Errors
    /// As [`hipflask::Session::pop`].
    pub fn pop(&self, key: &str) -> Result<Option<OwnedValue>, E> {
        self.write(Some(key), |session| Ok(session.pop(key)?.map(OwnedValue::from)))
    }

    /// Takes the value at `key` out; says whether there was one.
    ///
    /// # Errors
    /// As [`hipflask::Session::remove`].
    pub fn remove(&self, key: &str) -> Result<bool, E> {
        self.write(Some(key), |session| session.remove(key))
    }

    /// Takes out what is at the place that a JSON Pointer names; says whether there was
    /// something.
    ///
    /// # Errors
    /// As [`hipflask::Session::remove_at`].
    pub fn remove_at(&self, pointer: &str) -> Result<bool, E> {
        self.write(Some(pointer), |session| session.remove_at(pointer))
    }

    /// Takes everything out.
    ///
    /// # Errors
    /// As [`hipflask::Session::clear`].
    pub fn clear(&self) -> Result<(), E> {
        self.write(None, hipflask::Session::clear)
    }

    /// Says whether the session outlives the browser window.
    ///
    /// # Errors
    /// As [`hipflask::Session::set_permanent`].
    pub fn set_permanent(&self, permanent: bool) -> Result<(), E> {
        self.write(None, |session| session.set_permanent(permanent))
    }

    /// Flashes a message to the next page. Flask's default category is `"message"`.
    ///
    /// `message` is text, or [`Markup`](hipflask::json::Markup) for HTML.
    ///
    /// # Errors
    /// As [`hipflask::Session::flash`].
    pub fn flash<M: AsRef<str> + Serialize + ?Sized>(&self, message: &M, category: &str) -> Result<(), E> {
        self.write(None, |session| session.flash(message, category))
    }

    /// Takes all flashed messages out of the session, the oldest first. Flask:
    /// `get_flashed_messages(with_categories=True)`.
    ///
    /// # Errors
    /// As [`hipflask::Session::take_flashed_messages`].
    #[doc(alias = "get_flashed_messages")]
    pub fn take_flashed_messages(&self) -> Result<Vec<FlashedMessage>, E> {
        self.write(None, |session| {
            let messages = session.take_flashed_messages()?;
            Ok(messages
                .map(|flashed| FlashedMessage {
                    category: flashed.category.to_owned(),
                    message: flashed.message.to_owned(),
                    is_markup: flashed.is_markup,
                })
                .collect())
        })
    }

    /// Puts an empty session in the place of whatever there is, which also works where that
    /// cannot be read. The response deletes the cookie, unless something is put in. This is
    /// how to log out in every case.
    ///
    /// # Errors
    /// [`SessionError::Failed`] when there is no secret key.
    #[doc(alias = "logout")]
    pub fn start_fresh(&self) -> Result<(), E> {
        self.at_key(None, |state| {
            state.room.context.start_fresh()?;
            state.warn_if_late();
            Ok(())
        })
    }
}

/// What a session in a store has beside it. In a cookie it has none of it, and these do no harm.
impl<E: From<SessionError>> Session<E> {
    /// The id under which the session is stored, if the request brought one. It is the key of
    /// the session: not for a log or a page.
    ///
    /// # Errors
    /// [`SessionError::InUse`].
    #[doc(alias = "sid")]
    pub fn id(&self) -> Result<Option<SessionId>, E> {
        self.at_key(None, |state| Ok(state.room.context.id().copied()))
    }

    /// Gives the session another id when it is saved, and ends it under the old one. Call it at
    /// login: whoever planted the old id in the browser must not be logged in with it.
    ///
    /// # Errors
    /// [`SessionError::Failed`] when the session cannot be read.
    pub fn regenerate(&self) -> Result<(), E> {
        self.at_key(None, |state| {
            state.room.context.regenerate()?;
            state.warn_if_late();
            Ok(())
        })
    }
}

/// Shows no contents: sessions hold tokens, and logs are read by many.
impl<E> fmt::Debug for Session<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

thread_local! {
    /// Its address is this thread's alone.
    static THREAD: u8 = const { 0 };
}

/// As long as it lives, a thread has a session.
struct Held<'s>(&'s AtomicUsize);

impl<'s> Held<'s> {
    fn by(thread: usize, holder: &'s AtomicUsize) -> Self {
        holder.store(thread, Ordering::Relaxed);
        Self(holder)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Relaxed);
    }
}
