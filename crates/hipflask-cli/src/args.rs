//! The command line.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args as Arguments, Parser, Subcommand};
use clap_complete::Shell;
use hipflask::{interface::server_side::Codec, signing::KeyDerivation};
use hipflask_inspect::{DERIVATIONS, DIGESTS, DigestMethod};

use crate::help;

/// Looks into Flask's session cookies, and makes them
#[derive(Parser)]
#[command(name = "hipflask", version, term_width = 80, max_term_width = 80, after_help = help::PROGRAM)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Say what a cookie holds, and why its signature holds or does not
    #[command(after_help = help::with_keys(help::INSPECT))]
    Inspect(Inspect),
    /// Tell by the exit status whether Flask would accept a cookie
    #[command(after_help = help::with_keys(help::VERIFY))]
    Verify(Verify),
    /// Sign the JSON on standard input
    #[command(after_help = help::with_keys(help::SIGN))]
    Sign(Sign),
    /// Sign cookies again with another key
    #[command(after_help = help::with_keys(help::ROTATE))]
    Rotate(Rotate),
    /// Make a secret key
    #[command(after_help = help::KEYGEN)]
    Keygen,
    /// Say how good a secret key is
    #[command(after_help = help::with_keys(help::CHECK_KEY))]
    CheckKey(CheckKey),
    /// Say what a session is that a server keeps, as in Redis
    #[command(after_help = help::STORE)]
    Store(Store),
    /// Print the completions of a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Arguments)]
pub struct Inspect {
    #[command(flatten)]
    pub cookie: Cookie,
    #[command(flatten)]
    pub key: Key,
    #[command(flatten)]
    pub fallbacks: Fallbacks,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub time: Time,
    /// Ask for the key, if none is given
    #[arg(long)]
    pub prompt: bool,
    /// Print JSON for programs
    #[arg(long)]
    pub json: bool,
}

#[derive(Arguments)]
pub struct Verify {
    #[command(flatten)]
    pub cookie: Cookie,
    #[command(flatten)]
    pub key: Key,
    #[command(flatten)]
    pub fallbacks: Fallbacks,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub time: Time,
    /// Print the reason
    #[arg(short, long)]
    pub verbose: bool,
}

#[derive(Arguments)]
pub struct Sign {
    /// Take salt, derivation, digest, compression and time from this cookie
    #[arg(long, value_name = "COOKIE", allow_hyphen_values = true)]
    pub like: Option<OsString>,
    #[command(flatten)]
    pub key: Key,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub now: Now,
}

#[derive(Arguments)]
pub struct Rotate {
    #[command(flatten)]
    pub cookie: Cookie,
    #[command(flatten)]
    pub key: Key,
    /// An old key, which the cookies are signed with; may be repeated
    #[arg(long, value_name = "KEY", required_unless_present = "from_file")]
    pub from: Vec<OsString>,
    /// The file of an old key; may be repeated
    #[arg(long, value_name = "FILE")]
    pub from_file: Vec<PathBuf>,
    /// Sign as of now, instead of keeping each cookie's own time
    #[arg(long)]
    pub renew: bool,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub time: Time,
}

#[derive(Arguments)]
pub struct CheckKey {
    #[command(flatten)]
    pub key: Key,
    /// A file with words, one in each line, that the key must not be
    #[arg(long, value_name = "FILE")]
    pub words: Option<PathBuf>,
    /// Print JSON for programs
    #[arg(long)]
    pub json: bool,
}

#[derive(Arguments)]
pub struct Store {
    /// The value, or - to read it from standard input
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    pub value: OsString,
    /// How it is written: msgpack, json, tagged-json
    #[arg(long, value_name = "NAME", value_parser = codec)]
    pub codec: Option<Codec>,
    /// Print JSON for programs
    #[arg(long)]
    pub json: bool,
}

#[derive(Arguments)]
pub struct Cookie {
    /// The value, or text with the cookie in it; - reads it from standard input
    #[arg(value_name = "COOKIE", allow_hyphen_values = true)]
    pub pasted: OsString,
    /// The cookie's name
    #[arg(long, value_name = "NAME", default_value = "session")]
    pub name: String,
}

#[derive(Arguments)]
pub struct Key {
    /// The secret key, for all to see in the shell's history
    #[arg(long, value_name = "KEY", conflicts_with = "key_file")]
    pub key: Option<OsString>,
    /// The file with the secret key
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

#[derive(Arguments)]
pub struct Fallbacks {
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
    #[arg(long, default_value = "cookie-session", allow_hyphen_values = true)]
    pub salt: OsString,
    /// The digest: sha1, sha256, sha384, sha512
    #[arg(long, value_name = "NAME", default_value = "sha1", value_parser = digest)]
    pub digest: &'static DigestMethod,
    /// How the key is derived: hmac, django-concat, concat, none
    #[arg(long, value_name = "NAME", default_value = "hmac", value_parser = derivation)]
    pub derivation: KeyDerivation,
}

#[derive(Arguments)]
pub struct Now {
    /// The time, in Unix seconds, if it is not the system's
    #[arg(long, value_name = "SECONDS")]
    pub now: Option<u64>,
}

#[derive(Arguments)]
pub struct Time {
    #[command(flatten)]
    pub now: Now,
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

fn codec(name: &str) -> Result<Codec, String> {
    let codecs = [("msgpack", Codec::MsgPack), ("json", Codec::Json), ("tagged-json", Codec::TaggedJson)];
    let known = codecs.into_iter().find(|(known, _)| *known == name);
    known.map(|(_, codec)| codec).ok_or_else(|| "msgpack, json and tagged-json are known".into())
}
