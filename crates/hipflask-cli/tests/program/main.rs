//! The program, run as its users run it.

mod commands;
mod keys;
mod kinds;
mod page;
mod pasted;
mod public;
mod store;

use assert_cmd::Command;
use serde_json::Value as Json;

/// What Flask sent at [`NOW`] with the key `dev`: `session["user"] = "Zoë"`.
const COOKIE: &str = "eyJ1c2VyIjoiWm9cdTAwZWIifQ.ZVPxAA.CTxB9uAyToSMQr_DcacEN7J-1Jg";
const NOW: &str = "1700000000";

/// What a run of the program gave.
struct Ran {
    status: i32,
    answer: String,
    messages: String,
}

/// A command line to be run, without a key.
fn hipflask(args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("hipflask").unwrap();
    command.args(args).env_remove("SECRET_KEY");
    command
}

fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        status: output.status.code().unwrap(),
        answer: String::from_utf8(output.stdout).unwrap(),
        messages: String::from_utf8(output.stderr).unwrap(),
    }
}

fn run(args: &[&str]) -> Ran {
    ran(&mut hipflask(args))
}

/// With `dev` as the key in the environment.
fn run_with_key(args: &[&str]) -> Ran {
    ran(hipflask(args).env("SECRET_KEY", "dev"))
}

fn run_with_input(args: &[&str], input: &[u8]) -> Ran {
    ran(hipflask(args).env("SECRET_KEY", "dev").write_stdin(input))
}

/// The answer in one line, however it was broken.
fn flat(ran: &Ran) -> String {
    ran.answer.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What `inspect --json` says, with `key` in the environment.
fn inspected(pasted: &str, key: Option<&str>) -> Json {
    let mut command = hipflask(&["inspect", "--now", NOW, "--json", "-"]);
    if let Some(key) = key {
        command.env("SECRET_KEY", key);
    }
    let ran = ran(command.write_stdin(pasted));
    serde_json::from_str(&ran.answer)
        .unwrap_or_else(|error| panic!("{error}: {} {}", ran.answer, ran.messages))
}

fn rows(text: &'static str) -> impl Iterator<Item = Json> {
    text.lines().map(|line| serde_json::from_str(line).unwrap())
}
