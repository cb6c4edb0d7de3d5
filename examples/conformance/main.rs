//! The conformance driver: one JSON request a line in, one JSON answer a line
//! out, in the schema of `tests/README.md`. It translates and dispatches; every
//! answer is the crate's, by its public API.

mod driver;

use std::{
    io::{self, BufRead as _, Write as _},
    thread,
};

use serde_json::json;

fn main() -> io::Result<()> {
    let driver = thread::Builder::new().stack_size(driver::STACK_BYTES).spawn(answer_lines)?;
    driver.join().unwrap_or_else(|_| Err(io::Error::other("the driver panicked")))
}

fn answer_lines() -> io::Result<()> {
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let answer = match driver::parse(&line?) {
            Ok(request) => driver::answer(&request),
            Err(error) => {
                json!({"ok": false, "error": "DriverError", "info": {"message": error.to_string()}})
            }
        };
        writeln!(output, "{}", ascii(&answer.to_string()))?;
        // So that it can be driven interactively.
        output.flush()?;
    }
    Ok(())
}

/// Escapes what is not ASCII, some of which Python takes for line ends.
fn ascii(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter.is_ascii() {
            escaped.push(letter);
        } else {
            let mut units = [0; 2];
            escaped.extend(letter.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    escaped
}
