//! `NullSession`: what a handler gets while no secret key is set.

use super::{SecureCookieSession, Session, SessionMixin as _};

/// Makes null sessions: every lookup works and finds nothing, every write is
/// [`Error::NoSecretKey`](crate::Error::NoSecretKey), which says what to do.
///
/// In Flask it is a class of its own. Here it is a state of [`Session`], so
/// that one handler serves both.
///
/// ```
/// use hipflask::{Error, NullSession, SecureCookieSession};
///
/// let mut session: SecureCookieSession<64> = NullSession.into();
/// assert!(session.get("user").is_none());
/// assert_eq!(session.insert("user", &"ada"), Err(Error::NoSecretKey));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a unit: its name is its value")]
pub struct NullSession;

impl NullSession {
    /// Turns a session into a null session.
    pub fn make(self, session: &mut Session) {
        session.make_null();
    }
}

impl<const N: usize> From<NullSession> for SecureCookieSession<N> {
    fn from(null: NullSession) -> Self {
        let mut session = Self::new();
        null.make(&mut session);
        session
    }
}
