//! `hipflask rotate`: cookies, signed again with another key.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, IsTerminal as _, Write as _},
    process::ExitCode,
};

use hipflask_inspect::{NotSignedAgain, Pasted, Report, Settings, sign_again};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{Failure, args::Rotate, holds, input, written};

pub fn run(args: &Rotate) -> Result<ExitCode, Failure> {
    let mut settings = input::settings(&args.cookie.name, &args.signing, &args.time)?;
    let old = input::keys(&args.from, &args.from_file)?;
    settings.set_keys(Some(input::key_or_prompt(&args.key)?), old);
    let at_secs = args.renew.then_some(settings.now_secs);
    let bar = ProgressBar::hidden();
    if args.cookie.pasted != "-" {
        let line = args.cookie.pasted.as_encoded_bytes();
        return rotate(BufReader::new(line), &settings, at_secs, &bar);
    }
    // Lines that are printed beside it would disturb it.
    let bar = if io::stdout().is_terminal() { bar } else { progress(stdin_len_bytes()) };
    rotate(io::stdin().lock(), &settings, at_secs, &bar)
}

fn rotate(
    lines: impl BufRead,
    settings: &Settings,
    at_secs: Option<u64>,
    bar: &ProgressBar,
) -> Result<ExitCode, Failure> {
    let mut answer = BufWriter::new(io::stdout().lock());
    let mut refused = 0_u64;
    for (index, line) in lines.split(b'\n').enumerate() {
        let line = line.map_err(Failure::unreadable)?;
        match again(&line, settings, at_secs) {
            Ok(token) => written(answer.write_all(&token))?,
            Err(why) => {
                refused += 1;
                bar.suspend(|| anstream::eprintln!("hipflask: line {}: {why}", index + 1));
            }
        }
        written(answer.write_all(b"\n"))?;
        bar.inc(line.len() as u64 + 1);
    }
    written(answer.flush())?;
    bar.finish_and_clear();
    Ok(holds(refused == 0))
}

fn again(line: &[u8], settings: &Settings, at_secs: Option<u64>) -> Result<Vec<u8>, String> {
    let pasted = Pasted::read(line, &settings.name).map_err(|error| error.to_string())?;
    let Some(cookie) = pasted.cookies.first() else { return Err("no cookie".into()) };
    sign_again(&cookie.value, settings, at_secs).map_err(|error| match error {
        NotSignedAgain::DoesNotHold => Report::new(cookie, settings).signature_sentences().join(" "),
        error => error.to_string(),
    })
}

/// How long standard input is, if it is a file.
fn stdin_len_bytes() -> Option<u64> {
    let metadata = File::open("/dev/stdin").and_then(|file| file.metadata()).ok()?;
    metadata.is_file().then_some(metadata.len())
}

/// A bar of bytes on standard error, which shows nothing where that is no terminal.
pub fn progress(len_bytes: Option<u64>) -> ProgressBar {
    let template = match len_bytes {
        Some(_) => "{bar:40} {percent} % {eta}",
        None => "{spinner} {bytes} {elapsed}",
    };
    let bar = len_bytes.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
