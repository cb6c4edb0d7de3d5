//! Who may log in. Real programs keep this in a database.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, PasswordHash},
};

use crate::gate::Gate;

static HASHING: Hashing = Hashing::new(2);
/// How long a login waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// So many passwords are being checked that this one was not.
#[derive(Debug, PartialEq, Eq)]
pub struct Busy;

struct User {
    name: &'static str,
    /// Argon2id in PHC form: parameters, salt and hash.
    password_hash: &'static str,
}

/// The passwords are in the README.
const USERS: [User; 2] = [
    User {
        name: "ada",
        password_hash: "$argon2id$v=19$m=19456,t=2,p=1$TaiirBDLW5sLO5fWHoBDTw$jGP5iJEbXh/gt/mJqmDMEa6uogF48ZvsK4MsffojcIo",
    },
    User {
        name: "Zoë",
        password_hash: "$argon2id$v=19$m=19456,t=2,p=1$P+yzcNqaTz+/gj7mudOjBQ$wXcsMRIcptzrUOW7ZiniwNgQmhleSXnZwfhEWWcux+M",
    },
];

/// Whether this is the password of this user.
///
/// It takes as long for names that nobody has, so that the time does not tell
/// which names there are.
pub fn check_password(name: &str, password: &str) -> Result<bool, Busy> {
    check(name, password, &HASHING, PATIENCE)
}

fn check(name: &str, password: &str, hashing: &Hashing, patience: Duration) -> Result<bool, Busy> {
    let [first, ..] = &USERS;
    let user = USERS.iter().find(|user| user.name == name);
    let password_hash = user.unwrap_or(first).password_hash;
    let matches = hashing.take_turn(patience, |memory| matches(password, password_hash, memory))?;
    Ok(matches == Some(true) && user.is_some())
}

/// Whether a password has this hash; `None` when that is no hash of Argon2's.
fn matches(password: &str, hash: &str, memory: &mut Vec<Block>) -> Option<bool> {
    let hash = PasswordHash::new(hash).ok()?;
    let (salt, expected) = (hash.salt?, hash.hash?);
    let params = Params::try_from(&hash).ok()?;
    let algorithm = Algorithm::new(hash.algorithm.as_str()).ok()?;
    let version = Version::try_from(hash.version?).ok()?;
    memory.resize(params.block_count(), Block::new());
    let mut found = vec![0; expected.len()];
    let argon2 = Argon2::new(algorithm, version, params);
    argon2.hash_password_into_with_memory(password.as_bytes(), &salt, &mut found, memory).ok()?;
    // In constant time.
    Some(Output::new(&found).ok()? == expected)
}

/// The memory that passwords are hashed in, and turns to use it.
///
/// A hash takes 19 MiB. Without turns, whoever sends forms faster than they are
/// checked takes all the memory there is. An allocator may keep what each thread
/// gave back for this thread, so that turns alone are not enough.
struct Hashing {
    gate: Gate,
    spare: Mutex<Vec<Vec<Block>>>,
}

impl Hashing {
    const fn new(at_once: usize) -> Self {
        Self { gate: Gate::new(at_once), spare: Mutex::new(Vec::new()) }
    }

    fn take_turn<T>(&self, patience: Duration, hash: impl FnOnce(&mut Vec<Block>) -> T) -> Result<T, Busy> {
        let _place = self.gate.enter(patience).ok_or(Busy)?;
        let spare = || self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let mut memory = spare().pop().unwrap_or_default();
        let result = hash(&mut memory);
        spare().push(memory);
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_checked_when_its_turn_comes() {
        let hashing = Hashing::new(1);
        let place = hashing.gate.enter(Duration::ZERO);
        assert_eq!(check("ada", "analytical engine", &hashing, Duration::ZERO), Err(Busy));
        drop(place);
        // A turn ends with the check.
        assert_eq!(check("ada", "x", &hashing, Duration::ZERO), Ok(false));
        assert_eq!(check("nobody", "analytical engine", &hashing, Duration::ZERO), Ok(false));
        assert_eq!(check("ada", "analytical engine", &hashing, Duration::ZERO), Ok(true));
        assert_eq!(hashing.spare.into_inner().map(|spare| spare.len()).ok(), Some(1));
    }

    #[test]
    fn what_is_no_hash_matches_nothing() {
        for hash in
            ["", "x", "$argon2id$v=19$m=19456,t=2,p=1", "$scrypt$ln=17$TaiirBDLW5sLO5fWHoBDTw$jGP5iJEbXh"]
        {
            assert_eq!(matches("", hash, &mut Vec::new()), None, "{hash}");
        }
    }
}
