//! `hipflask verify`: whether Flask would accept a cookie.

use std::process::ExitCode;

use hipflask_inspect::Inspection;

use crate::{Failure, args::Verify, holds, input, print};

pub fn run(args: &Verify) -> Result<ExitCode, Failure> {
    let mut settings = input::settings(&args.cookie.name, &args.signing, &args.time)?;
    settings.set_keys(Some(input::key_or_prompt(&args.key)?), input::fallbacks(&args.fallbacks)?);
    let pasted = input::argument(&args.cookie.pasted)?;
    let inspection = Inspection::new(&pasted, &settings).map_err(Failure::unreadable)?;
    let Some(first) = inspection.reports.first() else { return Ok(ExitCode::from(3)) };
    if args.verbose {
        let mut reason = first.signature_sentences().join("\n");
        if first.hipflask() == Some("fails") {
            reason.push_str("\nwhat is signed is no session");
        }
        print(&format!("{reason}\n"))?;
    }
    Ok(if first.is_unreadable() { ExitCode::from(3) } else { holds(first.holds()) })
}
