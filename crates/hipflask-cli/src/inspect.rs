//! `hipflask inspect`: what a cookie holds, and whether its signature holds.

use std::process::ExitCode;

use hipflask_inspect::{Inspection, Palette};

use crate::{Failure, args::Inspect, holds, input, print};

pub fn run(args: &Inspect) -> Result<ExitCode, Failure> {
    let settings = input::settings(&args.cookie.name, &args.keys, &args.signing, &args.time)?;
    let pasted = input::argument(&args.cookie.pasted)?;
    let inspection = Inspection::new(&pasted, &settings).map_err(Failure::unreadable)?;
    if args.json {
        print(&format!("{:#}\n", inspection.json()));
    } else {
        print(&inspection.text(&Palette::ANSI));
    }
    Ok(if inspection.is_unreadable() { ExitCode::from(3) } else { holds(inspection.holds()) })
}
