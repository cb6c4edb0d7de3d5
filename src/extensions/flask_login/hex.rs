//! A digest of SHA-512 as text.

use crate::bytes::{as_str, write_hex};

/// How many digits it has.
pub(super) const LEN: usize = 128;

/// The 128 lowercase hex digits of a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hex([u8; LEN]);

impl Hex {
    pub(super) fn of(digest: &[u8]) -> Self {
        let mut digits = [0; LEN];
        write_hex(digest, &mut digits);
        Self(digits)
    }

    pub(super) fn as_str(&self) -> &str {
        as_str(&self.0)
    }
}
