//! The command line.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args as Arguments, Parser, Subcommand};
use hipflask::signing::KeyDerivation;
use hipflask_inspect::{DERIVATIONS, DIGESTS, DigestMethod};

const KEYS: &str = "\
Keys:
  A key is text. It is other bytes if it begins with b64: (base64), hex: or
  python: (a literal as it stands in a settings.py); text: in front of a key
  that begins so by itself. Without --key and --key-file, the key is what the
  environment has as SECRET_KEY.

Exit status:
  0 it holds, 1 it does not, 2 wrong usage, 3 there is nothing to read
";

/// Looks into Flask's session cookies, and makes them.
#[derive(Parser)]
#[command(name = "hipflask", version, term_width = 80, max_term_width = 80)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Say what a cookie holds and whether its signature holds
    #[command(after_help = KEYS)]
    Inspect(Inspect),
}

#[derive(Arguments)]
pub struct Inspect {
    #[command(flatten)]
    pub cookie: Cookie,
    #[command(flatten)]
    pub keys: Keys,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub time: Time,
    /// Print JSON for programs
    #[arg(long)]
    pub json: bool,
}

#[derive(Arguments)]
pub struct Cookie {
    /// The value, a Cookie or Set-Cookie line; - reads it from standard input
    #[arg(value_name = "COOKIE", allow_hyphen_values = true)]
    pub pasted: OsString,
    /// The cookie's name
    #[arg(long, value_name = "NAME", default_value = "session")]
    pub name: String,
}

#[derive(Arguments)]
pub struct Keys {
    /// The secret key; @FILE reads it from a file
    #[arg(long, value_name = "KEY", conflicts_with = "key_file")]
    pub key: Option<OsString>,
    /// The file that the secret key is in
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// An older key; may be repeated
    #[arg(long, value_name = "KEY")]
    pub fallback: Vec<OsString>,
    /// The file of an older key; may be repeated
    #[arg(long, value_name = "FILE")]
    pub fallback_file: Vec<PathBuf>,
}

#[derive(Arguments)]
pub struct Signing {
    /// The salt
    #[arg(long, default_value = "cookie-session")]
    pub salt: OsString,
    /// The digest: sha1, sha256, sha384, sha512
    #[arg(long, value_name = "NAME", default_value = "sha1", value_parser = digest)]
    pub digest: &'static DigestMethod,
    /// How the key is derived: hmac, django-concat, concat, none
    #[arg(long, value_name = "NAME", default_value = "hmac", value_parser = derivation)]
    pub derivation: KeyDerivation,
}

#[derive(Arguments)]
pub struct Time {
    /// The time, in Unix seconds, if it is not the system's
    #[arg(long, value_name = "SECONDS")]
    pub now: Option<u64>,
    /// How old a signature may be
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "2678400",
        allow_negative_numbers = true,
        visible_alias = "max-age"
    )]
    pub lifetime: i64,
    /// How far in the future it may be
    #[arg(long, value_name = "SECONDS", default_value = "0")]
    pub clock_skew: u64,
}

fn digest(name: &str) -> Result<&'static DigestMethod, String> {
    let known = DIGESTS.into_iter().find(|digest| digest.name() == name);
    known.ok_or_else(|| "sha1, sha256, sha384 and sha512 are known".into())
}

fn derivation(name: &str) -> Result<KeyDerivation, String> {
    let known = DERIVATIONS.iter().find(|(known, _)| *known == name);
    known
        .map(|(_, derivation)| *derivation)
        .ok_or_else(|| "hmac, django-concat, concat and none are known".into())
}
