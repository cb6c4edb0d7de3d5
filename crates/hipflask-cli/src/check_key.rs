//! `hipflask check-key`: how good a secret key is.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
    process::ExitCode,
};

use hipflask_inspect::KeyCheck;

use crate::{Failure, args::CheckKey, holds, input, print, print_report, rotate::progress};

pub fn run(args: &CheckKey) -> Result<ExitCode, Failure> {
    let secret = input::key_or_prompt(&args.key)?;
    let mut check = KeyCheck::new(&secret);
    if let Some(path) = &args.words {
        let found = find(&secret, path)
            .map_err(|error| Failure::unreadable(format!("{}: {error}", path.display())))?;
        check.faults.extend(found.map(|line| format!("it is in line {line} of {}", path.display())));
    }
    if args.json {
        print(&format!("{:#}\n", check.json()))?;
    } else {
        print_report(&text(&check))?;
    }
    Ok(holds(!check.is_weak()))
}

/// The number of the first line that is the key.
fn find(secret: &[u8], path: &Path) -> std::io::Result<Option<usize>> {
    let file = File::open(path)?;
    let bar = progress(file.metadata().ok().map(|metadata| metadata.len()));
    for (index, line) in BufReader::new(file).split(b'\n').enumerate() {
        let line = line?;
        bar.inc(line.len() as u64 + 1);
        if line.strip_suffix(b"\r").unwrap_or(&line) == secret {
            bar.finish_and_clear();
            return Ok(Some(index + 1));
        }
    }
    bar.finish_and_clear();
    Ok(None)
}

fn text(check: &KeyCheck) -> String {
    use hipflask_inspect::{Palette, labelled};

    let palette = &Palette::ANSI;
    let bits = format!("{} at most, if its letters are random", check.at_most_bits);
    let mut out = labelled("length", &format!("{} bytes", check.len_bytes), "", palette);
    out.push_str(&labelled("bits", &bits, "", palette));
    for fault in &check.faults {
        out.push_str(&labelled("weak", fault, palette.bad, palette));
    }
    for note in &check.notes {
        out.push_str(&labelled("note", note, "", palette));
    }
    if !check.is_weak() {
        out.push_str(&labelled(
            "good",
            "long enough, and in no list that is known here",
            palette.good,
            palette,
        ));
    }
    out
}
