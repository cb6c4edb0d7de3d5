//! Says what a session cookie holds, when it was signed, how large it is, and
//! whether its signature holds; if not, why not, and with what it would.
//!
//! ```text
//! cargo run --example inspect --features std -- COOKIE
//! SECRET_KEY=... cargo run --example inspect --features std,sha2 -- 'session=eyJ...'
//! pbpaste | cargo run -q --example inspect --features std -- --key-file key.txt --json -
//! ```
//!
//! | file | idea |
//! |---|---|
//! | `options` | the command line |
//! | `report` | what is known about a cookie |
//! | `signature` | whether it holds, and what would make it hold |
//! | `text` | the report for people |
//! | `json` | the report for programs |

mod json;
mod options;
mod report;
mod signature;
#[cfg(test)]
mod tests;
mod text;

use std::{io::Read as _, process::ExitCode};

use options::{Command, HELP, Options};
use report::{MAX_COOKIE_BYTES, Report, values_of};

fn main() -> ExitCode {
    let options = match Options::from_args(std::env::args_os().skip(1)) {
        Ok(Command::Help) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(Command::Inspect(options)) => options,
        Err(message) => return fail(&message),
    };
    let tokens = match given(&options).and_then(|given| values_of(&given, &options.name)) {
        Ok(tokens) => tokens,
        Err(message) => return fail(&message),
    };
    let reports: Vec<_> = tokens.iter().map(|token| Report::new(token, &options)).collect();
    if options.json {
        println!("{:#}", json::reports(&reports));
    } else {
        print!("{}", text::reports(&reports));
    }
    ExitCode::from(reports.first().map_or(2, Report::exit_code))
}

/// The cookie, from the command line or from standard input.
fn given(options: &Options) -> Result<Vec<u8>, String> {
    if let Some(cookie) = &options.cookie {
        return Ok(cookie.clone());
    }
    let mut cookie = Vec::new();
    // One byte more than allowed, to see that it is too long.
    let limit = MAX_COOKIE_BYTES as u64 + 1;
    std::io::stdin().take(limit).read_to_end(&mut cookie).map_err(|error| error.to_string())?;
    Ok(cookie)
}

fn fail(message: &str) -> ExitCode {
    eprintln!("inspect: {message}");
    ExitCode::from(2)
}
