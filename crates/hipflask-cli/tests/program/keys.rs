//! Where keys come from, how they are written, and how good they are.

use std::fs;

use crate::{COOKIE, NOW, flat, hipflask, rows, run, run_with_key};

/// A file of the test's own, which goes away with it.
struct TempFile(std::path::PathBuf);

impl TempFile {
    fn new(name: &str, contents: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("hipflask-{}-{name}", std::process::id()));
        fs::write(&path, contents).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn holds(args: &[&str]) -> bool {
    let args = [&["verify", "--now", NOW], args, &[COOKIE]].concat();
    let ran = run(&args);
    assert!(ran.status < 2, "{}", ran.messages);
    ran.status == 0
}

#[test]
fn keys_come_from_files_arguments_and_the_environment() {
    let file = TempFile::new("key", b"dev\n");
    let other = TempFile::new("other", b"other\n");
    assert!(holds(&["--key-file", file.path()]));
    assert!(holds(&["--key", &format!("@{}", file.path())]));
    assert!(holds(&["--key", "dev"]));
    assert!(!holds(&["--key-file", other.path()]));
    assert!(holds(&["--key", "new", "--fallback", "older", "--fallback-file", file.path()]));
    // What is given goes before the environment.
    assert_eq!(run_with_key(&["verify", "--now", NOW, "--key", "other", COOKIE]).status, 1);
    assert_eq!(run_with_key(&["verify", "--now", NOW, COOKIE]).status, 0);
    let blank = TempFile::new("blank", b" \n");
    assert_eq!(run(&["verify", "--key-file", blank.path(), COOKIE]).status, 2);
    assert_eq!(run(&["verify", "--key", "", COOKIE]).status, 2);
}

#[test]
fn keys_are_written_in_many_ways() {
    for key in [
        "dev",
        "text:dev",
        "hex:646576",
        "hex:646576\n",
        "b64:ZGV2",
        "python:'dev'",
        "python:b\"d\\x65v\"",
        "python:'''d''' 'ev'",
        "python:rb'dev'",
        "python:u'\\u0064ev'",
        "python:'\\144e\\\nv'",
    ] {
        assert!(holds(&["--key", key]), "{key}");
    }
    for (key, why) in [
        ("hex:64657", "hex digits"),
        ("b64:ZGV2!", "base64"),
        ("python:dev", "from byte 0 on"),
        ("python:'dev", "from byte 4 on"),
        ("python:'dev' + x", "from byte 6 on"),
        ("python:'\\N{BULLET}'", "from byte 1 on"),
        ("python:''", "empty"),
    ] {
        let ran = run(&["verify", "--key", key, COOKIE]);
        assert!(ran.status == 2 && ran.messages.contains(why), "{key}: {}", ran.messages);
        // No key is shown.
        assert!(!ran.messages.contains("64657") && !ran.messages.contains("ZGV2"), "{}", ran.messages);
    }
}

/// Flask signed them with keys that are hard to copy.
#[test]
fn keys_that_are_hard_to_copy_are_found() {
    let cookie = |index: usize| {
        let rows = rows(include_str!("../../../../tests/data/inspect/others.jsonl"));
        let row = rows.filter(|row| row["what"] == "session").nth(index).unwrap();
        row["cookie"].as_str().unwrap().to_owned()
    };
    let (utf8, latin1, bytes, superset) = (cookie(0), cookie(1), cookie(2), cookie(3));
    let status = |key: &str, cookie: &str| run(&["verify", "--now", NOW, "--key", key, cookie]).status;
    assert_eq!(status("clé secrète", &utf8), 0);
    assert_eq!(status("hex:636ce9", &latin1), 0);
    assert_eq!(status(r#"python:b'_5#y2L"F4Q8z\n\xec]/'"#, &bytes), 0);
    assert_eq!(status(r"python:'\2\1thisismyscretkey\1\2\e\y\y\h'", &superset), 0);
    assert_eq!(status(r#"python:"\x02\x01thisismyscretkey\x01\x02\\e\\y\\y\\h""#, &superset), 0);

    // What would make it hold is named.
    for (key, cookie, name) in [
        ("clé", &latin1, "the key in Latin-1 instead of UTF-8"),
        (r#"b'_5#y2L"F4Q8z\n\xec]/'"#, &bytes, "the key as the literal that it is in Python"),
        (r#"_5#y2L"F4Q8z\n\xec]/"#, &bytes, "the key with Python's escapes read, as bytes"),
        (r"\2\1thisismyscretkey\1\2\e\y\y\h", &superset, "the key with Python's escapes read, as bytes"),
    ] {
        let ran = run(&["inspect", "--now", NOW, "--key", key, cookie]);
        assert_eq!(ran.status, 1);
        assert!(flat(&ran).contains(&format!("signature {name}, salt 'cookie-session'")), "{}", ran.answer);
    }
}

#[test]
fn weak_keys_are_told_from_good_ones() {
    let faults = |key: &str| {
        let ran = run(&["check-key", "--json", "--key", key]);
        let json: serde_json::Value = serde_json::from_str(&ran.answer).unwrap();
        assert_eq!(json["is_weak"], ran.status == 1, "{key}");
        assert_eq!(json["schema"], 1);
        json["faults"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fault| fault.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    for (key, fault) in [
        ("dev", "Flask's tutorial"),
        (r#"python:b'_5#y2L"F4Q8z\n\xec]/'"#, "Flask's documentation"),
        ("192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf", "Flask's documentation"),
        (r"python:'\2\1thisismyscretkey\1\2\e\y\y\h'", "Superset's"),
        ("CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET", "Superset's default"),
        ("c292a0a3aa32397cdb050e233733900f", "Redash's"),
        ("your-secret-key-here", "a placeholder"),
        ("Super Secret Key", "a placeholder"),
        ("hunter2", "36 bits at most"),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "0 bits at most"),
        ("123456789012345678901234567890", "bits at most"),
    ] {
        assert!(faults(key).iter().any(|found| found.contains(fault)), "{key}: {:?}", faults(key));
    }
    // `secrets.token_hex(16)`, `secrets.token_urlsafe(32)`, `os.urandom(24)` and a UUID, by Python.
    for key in [
        "a8dfb0cc5d79ea3ac76a5b0b9a2c1b1e",
        "Dq1Vw0vKc5o4m4jFZb2oV9r1mQ4i5tW7kYv3n8Hs6Xg",
        "hex:f3cf6b7ce3b3b9e4b4f9d1dd6f0f8e2f5ad51f0b8a6cf2a9",
        "0d2b9b1e-6a39-4c7f-9a41-4d1e9f2f1c77",
    ] {
        assert_eq!(faults(key), [""; 0], "{key}");
    }
}

#[test]
fn accidents_of_quoting_are_said() {
    let notes = |key: &str| flat(&run(&["check-key", "--key", key]));
    for (key, note) in [
        ("text:dev\n", "white space at its start or its end"),
        ("'dev'", "it is in quotes"),
        (r"b'\xec'", "a literal of Python as text"),
        (r"a\nb", "it has a backslash"),
        ("a$b", "docker compose and shells"),
        ("a #b", "may be a comment"),
        ("${SECRET_KEY}", "the name of a variable"),
        ("os.urandom(24)", "a call as text"),
        ("<your key>", "a placeholder"),
        ("clé", "Flask-Login their Latin-1"),
        ("hex:00ff", "a zero byte"),
        ("hex:ff", "it is no UTF-8"),
        ("a8dfb0cc5d79ea3ac76a5b0b9a2c1b1e", "it is hex"),
    ] {
        assert!(notes(key).contains(note), "{key}: {}", notes(key));
    }
}

#[test]
fn a_list_of_words_is_looked_through() {
    let words = TempFile::new("words", "password\r\nÄpfel und Birnen, Äpfel und Birnen\nlast".as_bytes());
    let check = |key: &str| run(&["check-key", "--words", words.path(), "--key", key]);
    let found = check("Äpfel und Birnen, Äpfel und Birnen");
    assert_eq!(found.status, 1);
    assert!(flat(&found).contains(&format!("it is in line 2 of {}", words.path())), "{}", found.answer);
    assert!(flat(&check("password")).contains("it is in line 1"));
    assert!(flat(&check("last")).contains("it is in line 3"));
    assert!(!flat(&check("Birnen")).contains("it is in line"));
    assert_eq!(run(&["check-key", "--words", "/nowhere/words", "--key", "dev"]).status, 3);
}

/// Runs a command in a terminal of its own, and types `dev` when it is asked for the key.
#[cfg(target_os = "linux")]
fn in_terminal(args: &[&str], key: Option<&str>) -> String {
    use std::{
        fs::{File, OpenOptions},
        io::{Read as _, Write as _},
        process::Command,
    };

    use rustix::{pty, termios};

    let terminal = pty::openpt(pty::OpenptFlags::RDWR | pty::OpenptFlags::NOCTTY).unwrap();
    pty::grantpt(&terminal).unwrap();
    pty::unlockpt(&terminal).unwrap();
    let name = pty::ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let open = || OpenOptions::new().read(true).write(true).open(&name).unwrap();
    // util-linux' `setsid` makes it the terminal of the program's session.
    let mut command = Command::new("setsid");
    command.args(["--ctty", "--wait"]).arg(hipflask(&[]).get_program()).args(args);
    command.args(["--now", NOW, COOKIE]).env_remove("SECRET_KEY");
    key.map(|key| command.env("SECRET_KEY", key));
    let mut child = command.stdin(open()).stdout(open()).stderr(open()).spawn().unwrap();
    drop(command);
    let mut terminal = File::from(terminal);
    let (mut text, mut piece, mut has_typed) = (String::new(), [0; 4096], false);
    // It ends with an error when the program has closed its end.
    while let Ok(len @ 1..) = terminal.read(&mut piece) {
        text.push_str(&String::from_utf8_lossy(&piece[..len]));
        if text.contains("Secret key: ") && !has_typed {
            let echoes =
                || termios::tcgetattr(&terminal).unwrap().local_modes.contains(termios::LocalModes::ECHO);
            while echoes() && child.try_wait().unwrap().is_none() {
                std::thread::yield_now();
            }
            terminal.write_all(b"dev\n").unwrap();
            has_typed = true;
        }
    }
    child.wait().unwrap();
    text
}

#[cfg(target_os = "linux")]
#[test]
fn a_key_is_asked_for_without_an_echo() {
    for args in [["verify", "-v"], ["inspect", "--prompt"]] {
        let asked = in_terminal(&args, None);
        assert!(asked.contains("Secret key: ") && asked.contains("holds, with the key"), "{asked}");
        assert!(!asked.contains("dev"), "{asked}");
    }
    // With a key, or to look at what a cookie holds, nobody is asked.
    for (args, key) in
        [(&["inspect", "--prompt"][..], Some("dev")), (&["verify", "-v"], Some("dev")), (&["inspect"], None)]
    {
        let not_asked = in_terminal(args, key);
        assert!(!not_asked.contains("Secret key: "), "{not_asked}");
    }
}
