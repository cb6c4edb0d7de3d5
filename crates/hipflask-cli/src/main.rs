//! The program `hipflask`.
#![forbid(unsafe_code)]
// clap's derived code allows whole groups of lints, which `forbid` forbids.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

// | file | idea |
// |---|---|
// | `args` | the command line |
// | `input` | keys, cookies and the time |
// | one for each command | what it does |
mod args;
mod input;
mod inspect;

use std::{fmt, process::ExitCode};

use clap::Parser as _;

use args::{Args, Command};

fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Inspect(args) => inspect::run(&args),
    };
    done.unwrap_or_else(|failure| {
        anstream::eprintln!("hipflask: {}", failure.message);
        ExitCode::from(failure.exit_status)
    })
}

/// Why there is no answer.
struct Failure {
    exit_status: u8,
    message: String,
}

impl Failure {
    /// The command line asks for what cannot be.
    fn usage(message: impl fmt::Display) -> Self {
        Self { exit_status: 2, message: message.to_string() }
    }

    /// What is to be looked at cannot be read.
    fn unreadable(message: impl fmt::Display) -> Self {
        Self { exit_status: 3, message: message.to_string() }
    }
}

/// Exit status 0 if it `holds`, else 1.
fn holds(holds: bool) -> ExitCode {
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints an answer. Whoever reads no further, such as `head`, is content with it.
fn print(answer: &str) {
    use std::io::Write as _;
    let _ = anstream::stdout().lock().write_all(answer.as_bytes());
}
