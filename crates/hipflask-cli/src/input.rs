//! Keys, cookies and the time, from wherever they come.

use std::{
    ffi::{OsStr, OsString},
    io::{IsTerminal as _, Read as _},
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
    args::{Fallbacks, Key, Now, Signing, Time},
};

/// More than anybody pastes.
const MAX_INPUT_BYTES: u64 = 1024 * 1024 + 1;

/// The time and how tokens are signed, without keys and with the lifetime of Flask.
pub fn signing(signing: &Signing, now: &Now) -> Result<Settings, Failure> {
    let now_secs = match now.now {
        Some(secs) => secs,
        None => SystemClock.now().map_err(Failure::usage)?.secs(),
    };
    let mut settings = Settings::new(now_secs);
    settings.salt = signing.salt.as_encoded_bytes().into();
    settings.digest = signing.digest;
    settings.derivation = signing.derivation;
    Ok(settings)
}

/// The same, with what a cookie called `name` has to keep to.
pub fn settings(name: &str, signing: &Signing, time: &Time) -> Result<Settings, Failure> {
    let mut settings = self::signing(signing, &time.now)?;
    settings.name = name.into();
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

/// The key that is given or in the environment.
pub fn key(key: &Key) -> Result<Option<Vec<u8>>, Failure> {
    if let Some(key) = &key.key {
        return key_argument(key).map(Some);
    }
    if let Some(path) = &key.key_file {
        return key_file(path).map(Some);
    }
    let text = secret(&EnvSecrets { current: "SECRET_KEY", fallbacks: &[] });
    text.map(|text| read_key(&text).map_err(|error| Failure::usage(format!("SECRET_KEY: {error}"))))
        .transpose()
}

/// The same, or else what somebody types.
pub fn key_or_prompt(key: &Key) -> Result<Vec<u8>, Failure> {
    match self::key(key)? {
        Some(secret) => Ok(secret),
        None if std::io::stderr().is_terminal() => {
            let typed = rpassword::prompt_password("Secret key: ").map_err(Failure::usage)?;
            read_key(typed.as_bytes()).map_err(Failure::usage)
        }
        None => Err(Failure::usage("there is no key: set SECRET_KEY, or name a file with --key-file")),
    }
}

/// The older keys.
pub fn fallbacks(fallbacks: &Fallbacks) -> Result<Vec<Vec<u8>>, Failure> {
    keys(&fallbacks.fallback, &fallbacks.fallback_file)
}

/// All keys of two options.
pub fn keys(given: &[OsString], files: &[impl AsRef<Path>]) -> Result<Vec<Vec<u8>>, Failure> {
    let given = given.iter().map(|key| key_argument(key));
    given.chain(files.iter().map(|path| key_file(path.as_ref()))).collect()
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
