//! The program, run as its users run it.

use assert_cmd::Command;

/// What Flask sent at 1700000000 with the key `dev`: `session["user"] = "Zoë"`.
const COOKIE: &str = "eyJ1c2VyIjoiWm9cdTAwZWIifQ.ZVPxAA.CTxB9uAyToSMQr_DcacEN7J-1Jg";

struct Ran {
    status: i32,
    answer: String,
    messages: String,
}

fn run(args: &[&str], secret_key: Option<&str>, input: &[u8]) -> Ran {
    let mut command = Command::cargo_bin("hipflask").unwrap();
    command.args(args).env_remove("SECRET_KEY").write_stdin(input);
    if let Some(secret_key) = secret_key {
        command.env("SECRET_KEY", secret_key);
    }
    let output = command.output().unwrap();
    Ran {
        status: output.status.code().unwrap(),
        answer: String::from_utf8(output.stdout).unwrap(),
        messages: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_cookie_is_inspected() {
    let args = ["inspect", "--now", "1700000060", COOKIE];
    let ran = run(&args, Some("dev"), b"");
    assert_eq!((ran.status, ran.messages.as_str()), (0, ""));
    assert!(ran.answer.contains("    'user': 'Zoë',\n"), "{}", ran.answer);
    assert!(ran.answer.contains("holds, with the key;"), "{}", ran.answer);
    assert_eq!(run(&args, Some("another"), b"").status, 1);
    assert_eq!(run(&args, None, b"").status, 0);
    assert_eq!(run(&["inspect"], None, b"").status, 2);
    assert_eq!(run(&["inspect", ""], None, b"").status, 3);
    let line = format!("Cookie: session=left; session={COOKIE}\n");
    assert_eq!(run(&["inspect", "--now", "1700000060", "-"], Some("dev"), line.as_bytes()).status, 0);
}
