//! The command line.

use std::{ffi::OsString, path::Path};

use hipflask::{
    Clock as _,
    backends::std::{EnvSecrets, FileSecrets, SystemClock},
    signing::{KeyDerivation, Keyring, SecretKeySource},
};

use crate::signature::{DERIVATIONS, DIGEST_LENGTHS, HASHES, Key};

pub const HELP: &str = "\
Says what a session cookie holds and whether its signature holds.

usage: inspect [options] COOKIE

COOKIE is a cookie's value, a Cookie or Set-Cookie header's, or - to read it from
standard input. It is a login as long as it is valid: mind your shell's history.
Of several cookies of the name in a header each is shown; the first one counts.

  --key-file FILE       the secret key, from a file
  --key KEY             the same, for all to see in the history; if neither is given,
                        the key is SECRET_KEY in the environment, if that is set
  --fallback-file FILE  an older key; may be repeated
  --fallback KEY        the same
  --salt SALT           cookie-session if not given; with another one, it is looked
                        at as a token and not as a session
  --digest NAME         sha1 if not given; sha256, sha384, sha512 with the feature sha2
  --derivation NAME     hmac if not given; django-concat, concat, none
  --max-age SECONDS     how long it is valid: 2678400 (31 days) if not given
  --lifetime SECONDS    the same
  --clock-skew SECONDS  how far in the future it may be: 0 if not given
  --now SECONDS         the Unix time: the system's if not given
  --name NAME           the cookie's name: session if not given
  --json                for programs
  --help                print this text

If the signature does not hold, it tries every digest, every derivation and the
salts cookie-session, itsdangerous, itsdangerous.Signer, flask-session,
wtf-csrf-token, confirm-salt, login-salt, remember-salt and reset-salt.

Exits with 0 if the signature holds or no key was given; with 1 if it does not
hold, or the cookie is not valid now, or holds no session; with 2 if there is
nothing to inspect.

The keys of the JSON:

  cookie     name; len_bytes; header_len_bytes, as Flask sends it by default;
             limit_bytes; fits
  payload    null if there is none; compressed; len_bytes; text_len_bytes, of the
             JSON; capacity_bytes, in which a session has room for it, if it is
             written as Flask writes it; value, as {\"t\": type, \"v\": value} (see
             tests/README.md), null if it has none; error
  timestamp  when it claims to be signed, in Unix seconds; date, the same in words;
             age_secs; null if it does not say
  signature  state: unknown (no key), holds, expired, future, untimed, out_of_range,
             mismatch, unsigned; key: which one; by_secs: how long expired, how far
             in the future; digest_by_length; holds_with: a list of key, salt,
             derivation, digest
  hipflask   what hipflask does with it: opens, starts afresh, fails; null without a
             current key
  others     the same of each further cookie of the name
";

const EMPTY_KEY: &str = "--key is empty, and nothing is signed with an empty key";

pub enum Command {
    Help,
    Inspect(Options),
}

pub struct Options {
    /// `None`: from standard input.
    pub cookie: Option<Vec<u8>>,
    pub name: String,
    /// The current key, if there is one, then the fallbacks.
    pub keys: Vec<Key>,
    pub has_current: bool,
    pub salt: Vec<u8>,
    pub digest: &'static str,
    pub derivation: KeyDerivation,
    pub max_age_secs: i64,
    pub clock_skew_secs: u64,
    pub now_secs: u64,
    pub json: bool,
}

impl Options {
    pub fn from_args(args: impl Iterator<Item = OsString>) -> Result<Command, String> {
        let mut args = args.map(OsString::into_encoded_bytes);
        let mut cookie = None;
        let mut current = None;
        let mut fallbacks = Vec::new();
        let mut options = Self {
            cookie: None,
            name: "session".into(),
            keys: Vec::new(),
            has_current: false,
            salt: Keyring::SESSION_SALT.to_vec(),
            digest: "sha1",
            derivation: KeyDerivation::Hmac,
            max_age_secs: 31 * 24 * 3600,
            clock_skew_secs: 0,
            now_secs: SystemClock.now().map_err(|error| error.to_string())?.secs(),
            json: false,
        };
        while let Some(arg) = args.next() {
            let name = String::from_utf8_lossy(&arg).into_owned();
            let mut value = || args.next().ok_or(format!("{name} wants a value"));
            match name.as_str() {
                "--help" => return Ok(Command::Help),
                "--json" => options.json = true,
                "--key" => match value()? {
                    key if key.is_empty() => return Err(EMPTY_KEY.into()),
                    key => current = Some(key),
                },
                "--key-file" => current = Some(from_file(&value()?)?),
                "--fallback" => fallbacks.push(value()?),
                "--fallback-file" => fallbacks.push(from_file(&value()?)?),
                "--salt" => options.salt = value()?,
                "--name" => options.name = text(value()?)?,
                "--digest" => options.digest = digest(&text(value()?)?)?,
                "--derivation" => options.derivation = derivation(&text(value()?)?)?,
                "--max-age" | "--lifetime" => options.max_age_secs = number(value()?)?,
                "--clock-skew" => options.clock_skew_secs = number(value()?)?,
                "--now" => options.now_secs = number(value()?)?,
                "-" => cookie = Some(None),
                other if other.starts_with('-') => {
                    return Err(format!("there is no option {other}; see --help"));
                }
                _ if cookie.is_some() => return Err("more than one cookie; see --help".into()),
                _ => cookie = Some(Some(arg)),
            }
        }
        options.cookie = cookie.ok_or("no cookie; see --help")?;
        let current = current.or_else(from_environment);
        options.has_current = current.is_some();
        options.keys = keys(current, fallbacks);
        Ok(Command::Inspect(options))
    }
}

fn keys(current: Option<Vec<u8>>, fallbacks: Vec<Vec<u8>>) -> Vec<Key> {
    let current = current.map(|secret| Key { name: "the key".into(), secret });
    let fallbacks = fallbacks
        .into_iter()
        .enumerate()
        .map(|(index, secret)| Key { name: format!("fallback {}", index + 1), secret });
    current.into_iter().chain(fallbacks).collect()
}

fn from_environment() -> Option<Vec<u8>> {
    secret(&EnvSecrets { current: "SECRET_KEY", fallbacks: &[] })
}

fn from_file(path: &[u8]) -> Result<Vec<u8>, String> {
    let path = String::from_utf8_lossy(path);
    let secrets = FileSecrets::read(Path::new(&*path)).map_err(|error| error.to_string())?;
    secret(&secrets).ok_or(format!("{path}: no key"))
}

fn secret(source: &dyn SecretKeySource) -> Option<Vec<u8>> {
    let mut secret = None;
    source.with_current(&mut |bytes| secret = Some(bytes.to_vec())).ok()?;
    secret
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

fn number<T: std::str::FromStr>(bytes: Vec<u8>) -> Result<T, String> {
    let text = text(bytes)?;
    text.parse().map_err(|_| format!("{text} is no number of seconds"))
}

fn digest(name: &str) -> Result<&'static str, String> {
    if let Some(hash) = HASHES.iter().find(|hash| hash.name == name) {
        return Ok(hash.name);
    }
    if DIGEST_LENGTHS.iter().any(|(_, known)| *known == name) {
        return Err(format!("{name} wants the feature sha2, if it is offered at all"));
    }
    Err(format!("there is no digest {name}; see --help"))
}

fn derivation(name: &str) -> Result<KeyDerivation, String> {
    let known = DERIVATIONS.iter().find(|(known, _)| *known == name);
    known.map(|(_, derivation)| *derivation).ok_or(format!("there is no derivation {name}; see --help"))
}
