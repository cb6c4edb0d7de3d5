//! What is compared: whatever opens and saves Flask's sessions.

/// Flask's `SECRET_KEY`.
pub const KEY: &str = "dev-0123456789abcdef0123456789abcdef";
/// The salt of its session interface.
pub const SALT: &str = "cookie-session";
/// When the cookies were signed, in Unix seconds.
pub const SIGNED_AT: u64 = 1_760_000_000;
/// The time at which they are opened and saved.
pub const NOW: u64 = SIGNED_AT + 3_600;
/// How old a cookie may be, in seconds.
pub const MAX_AGE: u64 = 31 * 24 * 60 * 60;

/// An entry that a request writes.
pub const VISITS: (&str, u64) = ("visits", 7);

/// Whether the payload is compressed where Flask would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Plain,
    Compressed,
}

/// Something that opens and saves sessions and holds the one it opened last.
pub trait Peer {
    /// From the `Cookie` header to a session in which `key` has been looked up.
    fn open(&mut self, header: &[u8], key: &str);

    /// From the session to the value of its cookie, without `Set-Cookie`'s attributes.
    fn save(&mut self, form: Form) -> &str;

    /// A whole request: from the `Cookie` header to the `Set-Cookie` header, not compressed,
    /// of the session in which `key` has been looked up and [`VISITS`] been counted.
    fn request(&mut self, header: &[u8], key: &str) -> &str;
}

/// The value of the one cookie in `header`: that is all that peers have to look for.
pub fn cookie_value(header: &[u8]) -> &[u8] {
    header.strip_prefix(b"session=").expect("a session cookie")
}
