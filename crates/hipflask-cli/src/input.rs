//! Keys, cookies and the time, from wherever they come.

use std::{
    ffi::{OsStr, OsString},
    io::Read as _,
    path::Path,
};

use hipflask::{
    Clock as _,
    backends::std::{EnvSecrets, FileSecrets, SystemClock},
    signing::SecretKeySource,
};
use hipflask_inspect::{Settings, read_key};

use crate::{
    Failure,
    args::{Keys, Signing, Time},
};

/// More than anybody pastes.
const MAX_INPUT_BYTES: u64 = 1024 * 1024;

/// What is known beside a cookie called `name`.
pub fn settings(name: &str, keys: &Keys, signing: &Signing, time: &Time) -> Result<Settings, Failure> {
    let now_secs = match time.now {
        Some(secs) => secs,
        None => SystemClock.now().map_err(Failure::usage)?.secs(),
    };
    let mut settings = Settings::new(now_secs);
    settings.set_keys(current(keys)?, fallbacks(keys)?);
    settings.name = name.into();
    settings.salt = signing.salt.as_encoded_bytes().into();
    settings.digest = signing.digest;
    settings.derivation = signing.derivation;
    settings.lifetime_secs = time.lifetime;
    settings.clock_skew_secs = time.clock_skew;
    Ok(settings)
}

/// An argument, or standard input in its place.
pub fn argument(given: &OsString) -> Result<Vec<u8>, Failure> {
    if given != "-" {
        return Ok(given.as_encoded_bytes().into());
    }
    let mut input = Vec::new();
    std::io::stdin().take(MAX_INPUT_BYTES).read_to_end(&mut input).map_err(Failure::unreadable)?;
    Ok(input)
}

fn current(keys: &Keys) -> Result<Option<Vec<u8>>, Failure> {
    if let Some(key) = &keys.key {
        return key_argument(key).map(Some);
    }
    if let Some(path) = &keys.key_file {
        return key_file(path).map(Some);
    }
    let text = secret(&EnvSecrets { current: "SECRET_KEY", fallbacks: &[] });
    text.map(|text| read_key(&text).map_err(|error| Failure::usage(format!("SECRET_KEY: {error}"))))
        .transpose()
}

fn fallbacks(keys: &Keys) -> Result<Vec<Vec<u8>>, Failure> {
    let given = keys.fallback.iter().map(|key| key_argument(key));
    given.chain(keys.fallback_file.iter().map(|path| key_file(path))).collect()
}

fn key_argument(key: &OsStr) -> Result<Vec<u8>, Failure> {
    match key.to_str().and_then(|key| key.strip_prefix('@')) {
        Some(path) => key_file(Path::new(path)),
        None => read_key(key.as_encoded_bytes()).map_err(Failure::usage),
    }
}

fn key_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let of_file = |error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}", path.display()));
    let text = FileSecrets::read(path).map(|file| secret(&file)).map_err(|error| of_file(&error))?;
    read_key(&text.unwrap_or_default()).map_err(|error| of_file(&error))
}

fn secret(source: &dyn SecretKeySource) -> Option<Vec<u8>> {
    let mut secret = None;
    source.with_current(&mut |bytes| secret = Some(bytes.to_vec())).ok()?;
    secret
}
