//! Who may log in. Real programs keep this in a database.

use argon2::{
    Argon2,
    password_hash::{PasswordVerifier as _, phc::PasswordHash},
};

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
pub fn check_password(name: &str, password: &str) -> bool {
    let [first, ..] = &USERS;
    let user = USERS.iter().find(|user| user.name == name);
    let password_hash = user.unwrap_or(first).password_hash;
    let matches = PasswordHash::new(password_hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
    matches && user.is_some()
}
