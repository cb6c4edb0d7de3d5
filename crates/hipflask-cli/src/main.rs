//! The program `hipflask`.
#![forbid(unsafe_code)]
// clap's derived code allows whole groups of lints, which `forbid` forbids.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

// | file | idea |
// |---|---|
// | `args`, `help` | the command line |
// | `input` | keys, cookies and the time |
// | one for each command | what it does |
mod args;
mod check_key;
mod help;
mod input;
mod inspect;
mod keygen;
mod rotate;
mod sign;
mod store;
mod verify;

use std::{
    fmt,
    io::{self, ErrorKind, Write as _},
    process::ExitCode,
};

use clap::{CommandFactory as _, Parser as _};

use args::{Args, Command};

fn main() -> ExitCode {
    run(&Args::parse().command).unwrap_or_else(|failure| {
        anstream::eprintln!("hipflask: {}", failure.message);
        ExitCode::from(failure.exit_status)
    })
}

fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Inspect(args) => inspect::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Sign(args) => sign::run(args),
        Command::Rotate(args) => rotate::run(args),
        Command::Keygen => keygen::run(),
        Command::CheckKey(args) => check_key::run(args),
        Command::Store(args) => store::run(args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Args::command(), "hipflask", &mut script);
            print(&String::from_utf8_lossy(&script))?;
            Ok(ExitCode::SUCCESS)
        }
    }
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

/// Prints an answer as it is.
fn print(answer: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    written(stdout.write_all(answer.as_bytes()).and_then(|()| stdout.flush()))
}

/// Prints a report, whose colours are for a terminal alone.
fn print_report(report: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    written(stdout.write_all(report.as_bytes()).and_then(|()| stdout.flush()))
}

/// Whoever reads no further, such as `head`, is content with what he has.
fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::unreadable(error)),
        _ => Ok(()),
    }
}
