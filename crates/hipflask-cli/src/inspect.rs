//! `hipflask inspect`: what a cookie holds, and whether its signature holds.

use std::process::ExitCode;

use hipflask_inspect::{Inspection, Palette};

use crate::{Failure, args::Inspect, holds, input, print, print_report};

pub fn run(args: &Inspect) -> Result<ExitCode, Failure> {
    let mut settings = input::settings(&args.cookie.name, &args.signing, &args.time)?;
    let key = if args.prompt { input::key_or_prompt(&args.key).map(Some) } else { input::key(&args.key) };
    settings.set_keys(key?, input::fallbacks(&args.fallbacks)?);
    let pasted = input::argument(&args.cookie.pasted)?;
    let inspection = Inspection::new(&pasted, &settings).map_err(Failure::unreadable)?;
    if args.json {
        print(&format!("{:#}\n", inspection.json()))?;
    } else {
        print_report(&inspection.text(&Palette::ANSI))?;
    }
    Ok(if inspection.is_unreadable() { ExitCode::from(3) } else { holds(inspection.holds()) })
}
