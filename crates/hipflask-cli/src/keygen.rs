//! `hipflask keygen`: a secret key.

use std::process::ExitCode;

use base64ct::{Base64UrlUnpadded, Encoding as _};

use crate::{Failure, print};

pub fn run() -> Result<ExitCode, Failure> {
    print(&format!("{}\n", key()?))?;
    Ok(ExitCode::SUCCESS)
}

/// 32 random bytes as text that begins with a letter: no option of a program, and in YAML
/// neither a number nor a list.
fn key() -> Result<String, Failure> {
    loop {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(Failure::unreadable)?;
        let text = Base64UrlUnpadded::encode_string(&bytes);
        if text.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
            return Ok(text);
        }
    }
}
