//! Times hipflask on request, for `tools/speed.py`, which times Flask in turn with it.
//!
//! A line is `open COOKIE KEY CALLS` or `save CALLS`: what is saved is the session that
//! was opened last, compressed. The answer is the nanoseconds that a call took.

use std::io::{BufRead, Write};

use crate::{
    ours::Ours,
    peer::{Form, Peer},
    timing::time,
};

pub fn serve() {
    let mut ours = Ours::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        let (calls, taken) = match line.split(' ').collect::<Vec<_>>()[..] {
            ["open", cookie, key, calls] => {
                let header = format!("session={cookie}");
                let calls = calls.parse().expect("a number");
                (calls, time(&mut || ours.open(header.as_bytes(), key), calls))
            }
            ["save", calls] => {
                let calls = calls.parse().expect("a number");
                (
                    calls,
                    time(
                        &mut || {
                            ours.save(Form::Compressed);
                        },
                        calls,
                    ),
                )
            }
            _ => panic!("not a request: {line}"),
        };
        println!("{}", taken.as_nanos() as f64 / f64::from(calls));
        std::io::stdout().flush().expect("a reader");
    }
}
