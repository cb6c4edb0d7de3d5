//! Each command, its answer and its exit status.

use crate::{COOKIE, NOW, flat, hipflask, ran, rows, run, run_with_input, run_with_key};

#[test]
fn a_cookie_is_inspected() {
    let ran = run_with_key(&["inspect", "--now", "1700000060", COOKIE]);
    assert_eq!((ran.status, ran.messages.as_str()), (0, ""));
    assert!(ran.answer.contains("    'user': 'Zoë',\n"), "{}", ran.answer);
    assert!(
        flat(&ran).contains("holds, with the key; it lasts 31 d 0 h, 30 d 23 h of it left"),
        "{}",
        ran.answer
    );
    assert!(flat(&ran).contains("hipflask would open it with Keyring::for_sessions(secret) Config::new()"));

    let without_key = run(&["inspect", COOKIE]);
    assert_eq!(without_key.status, 0);
    assert!(without_key.answer.contains("'user': 'Zoë'"));
}

#[test]
fn the_exit_status_tells_whether_it_holds() {
    let status = |args: &[&str]| run_with_key(args).status;
    for command in ["inspect", "verify"] {
        assert_eq!(status(&[command, "--now", NOW, COOKIE]), 0);
        assert_eq!(status(&[command, "--now", NOW, "--key", "other", COOKIE]), 1);
        assert_eq!(status(&[command, "--now", "1702678400", COOKIE]), 0);
        assert_eq!(status(&[command, "--now", "1702678401", COOKIE]), 1);
        assert_eq!(status(&[command, "--now", "1702678401", "--lifetime", "2678401", COOKIE]), 0);
        assert_eq!(status(&[command, "--now", "1699999999", COOKIE]), 1);
        assert_eq!(status(&[command, "--now", "1699999999", "--clock-skew", "1", COOKIE]), 0);
        assert_eq!(status(&[command]), 2);
        assert_eq!(status(&[command, COOKIE, COOKIE]), 2);
        assert_eq!(status(&[command, "--now", "soon", COOKIE]), 2);
        assert_eq!(status(&[command, "--digest", "md5", COOKIE]), 2);
        assert_eq!(status(&[command, "--key-file", "/nowhere/key", COOKIE]), 2);
        assert_eq!(status(&[command, ""]), 3);
        assert_eq!(status(&[command, "theme=dark; lang=de"]), 3);
        assert_eq!(status(&[command, "eyJ1c2Vy IjoiWm9cdTAwZWIifQ.ZVPxAA.CTxB9uAyToSMQr_DcacEN7J-1Jg"]), 3);
    }
    // Without a terminal, nobody can be asked.
    let ran = run(&["verify", COOKIE]);
    assert_eq!((ran.status, ran.answer.as_str()), (2, ""));
    assert!(ran.messages.contains("there is no key"), "{}", ran.messages);
}

#[test]
fn verify_says_nothing_unless_it_is_asked_for_the_reason() {
    for (now, reason) in [
        ("1700000060", "holds, with the key;"),
        ("1800000000", "holds, with the key, but expired"),
        ("1600000000", "holds, with the key, but is 1157 d 9 h ahead of the clock"),
    ] {
        assert_eq!(run_with_key(&["verify", "--now", now, COOKIE]).answer, "");
        let ran = run_with_key(&["verify", "-v", "--now", now, COOKIE]);
        assert!(ran.answer.starts_with(reason), "{}", ran.answer);
    }
    // Flask takes the first of two cookies.
    let line = format!("Cookie: session=left.over; session={COOKIE}");
    assert_eq!(run_with_key(&["verify", "--now", NOW, &line]).status, 1);
    assert_eq!(run_with_key(&["inspect", "--now", NOW, &line]).status, 0);
}

/// The cookies are Flask's, so what is signed again has to be the same bytes.
#[test]
fn what_is_signed_is_what_flask_signed() {
    let mut signed = 0;
    for row in rows(include_str!("../../../../tests/data/inspect/cookies.jsonl")) {
        let header = row["header"].as_str().unwrap();
        let token = header.split([';', '=']).nth(1).unwrap();
        let inspected = crate::inspected(header, Some("dev"));
        let typed = inspected["payload"]["value"].to_string();
        for args in [vec!["sign", "--now", NOW], vec!["sign", "--like", token]] {
            let ran = run_with_input(&args, typed.as_bytes());
            assert_eq!(
                (ran.answer.as_str(), ran.status),
                (format!("{token}\n").as_str(), 0),
                "{}",
                ran.messages
            );
        }
        signed += 1;
    }
    assert_eq!(signed, 14);
    let ran = run_with_input(&["sign", "--now", NOW], "{\"user\": \"Zoë\"}\n".as_bytes());
    assert_eq!(ran.answer, format!("{COOKIE}\n"));
    let tags = run_with_input(&["sign", "--now", NOW], br#"{"t": {" t": [1]}}"#);
    assert!(run_with_key(&["inspect", "--now", NOW, tags.answer.trim()]).answer.contains("'t': (1,)"));
}

/// The form's token is Flask-WTF's; Python made the other two with itsdangerous 2.2.0:
/// `URLSafeSerializer("dev", salt="reset").dumps("Zoë")` and, at 1700000000,
/// `URLSafeTimedSerializer("dev", "cookie-session", signer_kwargs={"digest_method": sha256,
/// "key_derivation": "hmac"}).dumps({"user": "Zoë"})`.
#[test]
fn a_token_is_signed_as_another_one_is() {
    let wtf = rows(include_str!("../../../../tests/data/inspect/others.jsonl"))
        .find(|row| row["what"] == "flask_wtf_token")
        .unwrap();
    let wtf = wtf["cookie"].as_str().unwrap();
    for (like, salt, value) in [
        (wtf, "cookie-session", "\"0123456789abcdef0123456789abcdef01234567\""),
        ("Ilpvw6si.aL_EGFee9fR82N4MbV_Cl4rtcxM", "reset", "\"Zoë\""),
        (
            "eyJ1c2VyIjoiWm9cdTAwZWIifQ.ZVPxAA.1L8Pu-QZAdMpO9AGDM6MIpKvCmh2DHIaKbybHSAZYhU",
            "cookie-session",
            r#"{"user": "Zoë"}"#,
        ),
    ] {
        let ran = run_with_input(&["sign", "--salt", salt, "--like", like], value.as_bytes());
        assert_eq!(ran.answer, format!("{like}\n"), "{}", ran.messages);
    }
    let ran = run_with_input(&["sign", "--like", COOKIE, "--now", "1700000060"], b"{\"a\": 1}");
    assert_eq!(run_with_key(&["verify", "--now", "1700000060", ran.answer.trim()]).status, 0);
    assert_eq!(run_with_key(&["verify", "--now", "1700000059", ran.answer.trim()]).status, 1);
}

#[test]
fn what_cannot_be_signed_is_said() {
    let ran = run_with_input(&["sign"], b"{\"user\": }");
    assert_eq!((ran.status, ran.answer.as_str()), (3, ""));
    assert!(ran.messages.contains("near byte 9"), "{}", ran.messages);
    let ran = run_with_input(&["sign"], b"[1]");
    assert!(ran.status == 3 && ran.messages.contains("a session is an object"), "{}", ran.messages);
    let ran = run_with_input(&["sign"], br#"{"t": "dict", "v": [["a", {"t": "nothing"}]]}"#);
    assert!(ran.status == 3 && ran.messages.contains(r#"{"t":"nothing"}"#), "{}", ran.messages);
    let ran = run_with_input(&["sign", "--like", COOKIE, "--key", "other"], b"{}");
    assert!(ran.status == 1 && ran.messages.contains("another key"), "{}", ran.messages);
}

#[test]
fn cookies_are_signed_with_another_key() {
    let lines = format!("{COOKIE}\nnothing\nsession={COOKIE}\n");
    let args = ["rotate", "--now", "1700000060", "--from", "dev", "--key", "new", "-"];
    let kept = run_with_input(&args, lines.as_bytes());
    let rotated: Vec<&str> = kept.answer.lines().collect();
    let [first, "", third] = rotated[..] else { panic!("{rotated:?}") };
    assert_eq!((first, kept.status), (third, 1));
    assert_eq!(kept.messages, "hipflask: line 2: none: there is no `.` in it\n");
    // Python: `TimestampSigner("new", "cookie-session", key_derivation="hmac").sign(…)` at 1700000000.
    assert_eq!(first, "eyJ1c2VyIjoiWm9cdTAwZWIifQ.ZVPxAA.PlQlCh8zvJ5a0u6CTfoI7Qn6Z-E");

    let renewed = run_with_input(&[&args[..], &["--renew"]].concat(), lines.as_bytes());
    let renewed = renewed.answer.lines().next().unwrap();
    let holds = |now: &str, token: &str| run(&["verify", "--key", "new", "--now", now, token]).status == 0;
    assert!(holds("1700000060", renewed) && !holds("1700000059", renewed));
    // What is rotated already stays as it is, and what has expired does not come back.
    assert_eq!(run_with_input(&args, first.as_bytes()).answer, format!("{first}\n"));
    let late = ["rotate", "--renew", "--now", "1800000000", "--from", "dev", "--key", "new", COOKIE];
    assert_eq!(run(&late).status, 1);
    assert_eq!(run(&["rotate", "--key", "new", COOKIE]).status, 2);
}

#[test]
fn many_cookies_are_rotated_in_a_stream() {
    let lines = format!("{COOKIE}\n").repeat(20_000);
    let args = ["rotate", "--now", NOW, "--from", "dev", "--key", "new", "-"];
    let ran = run_with_input(&args, lines.as_bytes());
    assert_eq!((ran.status, ran.messages.as_str()), (0, ""));
    assert_eq!(ran.answer.lines().count(), 20_000);
}

#[test]
fn a_new_key_is_read_alike_everywhere() {
    let mut keys = Vec::new();
    for _ in 0..20 {
        let ran = run(&["keygen"]);
        let key = ran.answer.strip_suffix('\n').unwrap();
        assert_eq!(key.len(), 43);
        assert!(key.starts_with(|letter: char| letter.is_ascii_alphabetic()), "{key}");
        assert!(key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{key}");
        assert_eq!(run(&["check-key", "--key", key]).status, 0);
        keys.push(ran.answer);
    }
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 20);
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run(&["completions", shell]);
        assert!(ran.status == 0 && ran.answer.contains("check-key"), "{shell}");
    }
}

#[test]
fn the_help_has_examples_and_fits_into_80_columns() {
    for command in ["inspect", "verify", "sign", "rotate", "keygen", "check-key", "completions"] {
        let ran = run(&[command, "--help"]);
        assert_eq!(ran.status, 0);
        assert!(ran.answer.contains("Example"), "{command}");
        let long: Vec<_> = ran.answer.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(long.is_empty(), "{command}: {long:?}");
    }
    let help = run(&["inspect", "--help"]).answer;
    let words: Vec<&str> = help.split([' ', ',', '\n']).map(|word| word.trim_end_matches('.')).collect();
    assert!(hipflask_inspect::SALTS.iter().all(|salt| words.contains(salt)));
}

#[test]
fn colours_are_for_terminals_alone() {
    let coloured = |variables: &[(&str, &str)]| {
        let mut command = hipflask(&["inspect", "--now", NOW, COOKIE]);
        command.env("SECRET_KEY", "dev").env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        variables.iter().for_each(|(name, value)| {
            command.env(name, value);
        });
        ran(&mut command).answer.contains('\x1b')
    };
    assert!(!coloured(&[]));
    assert!(coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[("NO_COLOR", "1")]));
}

/// Reports are read in terminals of 80 columns. What has no spaces is not broken.
#[test]
fn a_report_fits_into_80_columns() {
    for row in rows(include_str!("../../../../tests/data/inspect/others.jsonl")) {
        for key in [None, Some("dev"), Some("other")] {
            let mut command = hipflask(&["inspect", "--now", NOW, "-"]);
            key.map(|key| command.env("SECRET_KEY", key));
            let ran = ran(command.write_stdin(row["cookie"].as_str().unwrap()));
            for line in ran.answer.lines().filter(|line| line.trim().contains(' ')) {
                let word = line.split(' ').map(|word| word.chars().count()).max().unwrap();
                assert!(line.chars().count() <= 80 || word > 60, "{line}");
            }
        }
    }
}

/// Says more of an optimized build: `cargo test --release -p hipflask-cli -- --ignored`.
#[test]
#[ignore = "measures time"]
fn the_program_starts_within_10_ms() {
    let fastest = (0..50).map(|_| {
        let mut command = std::process::Command::new(hipflask(&[]).get_program());
        command.args(["inspect", "--now", NOW, COOKIE]).env("SECRET_KEY", "dev");
        let start = std::time::Instant::now();
        assert!(command.output().unwrap().status.success());
        start.elapsed()
    });
    let fastest = fastest.min().unwrap();
    println!("started, inspected a cookie and ended within {fastest:?}");
    assert!(fastest.as_millis() < 10, "{fastest:?}");
}
