//! `hipflask store`: a session that a server keeps.

use std::process::ExitCode;

use hipflask_inspect::{Palette, Stored};

use crate::{Failure, args::Store, input, print, print_report};

pub fn run(args: &Store) -> Result<ExitCode, Failure> {
    let value = input::argument(&args.value)?;
    if matches!(value.trim_ascii(), b"" | b"(nil)") {
        return Err(Failure::unreadable(
            "nothing is stored there: the session has ended, or was never written",
        ));
    }
    let stored = Stored::new(&value, args.codec).map_err(Failure::unreadable)?;
    if args.json {
        print(&format!("{:#}\n", stored.json()))?;
    } else {
        print_report(&stored.text(&Palette::ANSI))?;
    }
    Ok(ExitCode::SUCCESS)
}
