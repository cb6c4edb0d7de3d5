//! The command line.

use std::{error::Error, ffi::OsString, path::PathBuf};

use hipflask::{
    backends::std::{EnvSecrets, FileSecrets},
    signing::SecretKeySource,
};

pub const HELP: &str = "\
A web application with a login, on hipflask's sessions.

usage: login [options]

  --generate-key            print a new secret key and stop
  --port PORT               listen on 127.0.0.1:PORT (or PORT in the environment;
                            5000 if neither is given, 0 for any free port)
  --key-file FILE           read the secret key from FILE
                            (otherwise from SECRET_KEY in the environment)
  --old-key-file FILE       a key that is still accepted, but signs nothing any more
                            (otherwise OLD_SECRET_KEY in the environment)
  --lifetime SECONDS        how long a session lasts: 31 days if not given
  --clock-offset SECONDS    pretend that it is later, or with a minus sign
                            earlier, to see sessions expire
  --help                    print this text
";

/// Why a program without a key stops.
pub const NO_KEY: &str = "there is no secret key, so nobody could stay logged in. Make one:

  export SECRET_KEY=$(cargo run -q --example login --features std,flask-wtf -- --generate-key)

Keep it: with another key, everybody has to log in again. To share sessions with a
Flask application, give both the same key.";

pub enum Command {
    Help,
    GenerateKey,
    Serve(Options),
}

#[derive(Default)]
pub struct Options {
    pub port: u16,
    pub key_file: Option<PathBuf>,
    pub old_key_file: Option<PathBuf>,
    pub lifetime_secs: Option<i64>,
    pub clock_offset_secs: i64,
}

impl Options {
    /// Reads the arguments; `port` is the environment's `PORT`.
    pub fn from_args(
        args: impl Iterator<Item = OsString>,
        port: Option<String>,
    ) -> Result<Command, Box<dyn Error>> {
        let mut options = Self {
            port: port.map_or(Ok(5000), |port| number("PORT", port.into()))?,
            key_file: None,
            old_key_file: None,
            lifetime_secs: None,
            clock_offset_secs: 0,
        };
        let mut args = args;
        while let Some(name) = args.next() {
            let name = name.to_string_lossy().into_owned();
            let mut value = || args.next().ok_or_else(|| format!("{name} needs a value"));
            match name.as_str() {
                "--help" | "-h" => return Ok(Command::Help),
                "--generate-key" => return Ok(Command::GenerateKey),
                "--port" => options.port = number(&name, value()?)?,
                "--key-file" => options.key_file = Some(value()?.into()),
                "--old-key-file" => options.old_key_file = Some(value()?.into()),
                "--lifetime" => options.lifetime_secs = Some(number(&name, value()?)?),
                "--clock-offset" => options.clock_offset_secs = number(&name, value()?)?,
                _ => return Err(format!("there is no option {name}\n\n{HELP}").into()),
            }
        }
        if options.old_key_file.is_some() && options.key_file.is_none() {
            return Err("--old-key-file goes with --key-file".into());
        }
        Ok(Command::Serve(options))
    }

    /// Where the secret keys come from.
    pub fn secrets(&self) -> Result<Box<dyn SecretKeySource>, Box<dyn Error>> {
        let Some(path) = &self.key_file else {
            return Ok(Box::new(EnvSecrets { current: "SECRET_KEY", fallbacks: &["OLD_SECRET_KEY"] }));
        };
        let mut secrets = FileSecrets::read(path)?;
        if let Some(old) = &self.old_key_file {
            secrets.read_fallback(old)?;
        }
        Ok(Box::new(secrets))
    }
}

fn number<T: std::str::FromStr>(name: &str, value: OsString) -> Result<T, String> {
    let value = value.to_string_lossy();
    value.parse().map_err(|_| format!("{name} cannot be {value:?}"))
}

/// A new secret key: 32 random bytes, in hex.
pub fn generate_key() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str], port: Option<&str>) -> Result<Command, Box<dyn Error>> {
        Options::from_args(args.iter().map(OsString::from), port.map(str::to_owned))
    }

    #[test]
    fn an_argument_counts_more_than_the_environment() {
        for (args, environment, expected) in
            [(&[][..], None, 5000), (&[], Some("80"), 80), (&["--port", "81"], Some("80"), 81)]
        {
            assert!(
                matches!(parse(args, environment), Ok(Command::Serve(options)) if options.port == expected)
            );
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (args, named) in [
            (&["--port"][..], "--port needs a value"),
            (&["--port", "70000"], "--port cannot be \"70000\""),
            (&["--prot", "80"], "there is no option --prot"),
            (&["--old-key-file", "old"], "--old-key-file goes with --key-file"),
        ] {
            let message = parse(args, None).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(message.starts_with(named), "{message}");
        }
    }
}
