//! `hipflask sign`: a token of the JSON on standard input.

use std::{io::Read as _, process::ExitCode};

use hipflask::{backends::alloc::OwnedValue, json::SESSION_JSON_SERIALIZER, signing::Keyring};
use hipflask_inspect::{Inspection, Pasted, Signing, typed};

use crate::{Failure, args::Sign, input, print};

pub fn run(args: &Sign) -> Result<ExitCode, Failure> {
    let mut settings = input::signing(&args.signing, &args.now)?;
    settings.set_keys(Some(input::key_or_prompt(&args.key)?), Vec::new());
    let mut signing = Signing::new(&settings).map_err(Failure::usage)?;
    if let Some(like) = &args.like {
        let pasted = input::argument(like)?;
        let pasted = Pasted::read(&pasted, &settings.name).map_err(Failure::unreadable)?;
        let model = pasted.cookies.first().and_then(|cookie| Signing::like(&cookie.value, &settings));
        signing = model.ok_or_else(|| {
            let why = Inspection::of_cookies(&pasted.cookies, &settings);
            let why = why.reports.first().map(|report| report.signature_sentences().join("\n"));
            Failure { exit_status: 1, message: format!("the cookie of --like: {}", why.unwrap_or_default()) }
        })?;
        signing.signed_at_secs = signing.signed_at_secs.map(|secs| args.now.now.unwrap_or(secs));
    }
    let value = value()?;
    if signing.way.salt == Keyring::SESSION_SALT && !matches!(value, OwnedValue::Dict(_)) {
        return Err(Failure::unreadable("a session is an object; another value wants another --salt"));
    }
    let token = signing.sign(&value).map_err(Failure::unreadable)?;
    print(&format!("{}\n", String::from_utf8_lossy(&token)))?;
    Ok(ExitCode::SUCCESS)
}

/// What standard input has: a value with its type, or JSON as Flask reads it.
fn value() -> Result<OwnedValue, Failure> {
    let mut text = Vec::new();
    std::io::stdin().read_to_end(&mut text).map_err(Failure::unreadable)?;
    if let Ok(json) = serde_json::from_slice(&text)
        && typed::is_typed(&json)
    {
        return typed::from_json(&json).map_err(Failure::unreadable);
    }
    let text = text.trim_ascii();
    SESSION_JSON_SERIALIZER
        .loads_owned(text)
        .map_err(|error| Failure::unreadable(format!("the JSON: {error}")))
}
