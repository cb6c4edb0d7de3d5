//! The commands of `docs/nobody-is-logged-in.md`, run as they stand there, print what it shows.
//! The cookies are those of `others.jsonl` and `cookies.jsonl`, which Flask signed.

use std::{fs, path::PathBuf, process::Command};

use crate::{hipflask, rows};

const PAGE: &str = include_str!("../../../../docs/nobody-is-logged-in.md");

/// Runs the commands below the heading that begins so.
fn run_below(heading: &str) {
    let sections = PAGE.split("\n## ");
    let section = sections.into_iter().find(|section| section.starts_with(heading)).unwrap();
    let blocks: Vec<&str> = section.split("```console\n").skip(1).collect();
    assert!(!blocks.is_empty(), "{heading}");
    for block in blocks {
        let block = block.split("```").next().unwrap();
        for command in format!("\n{block}").split("\n$ ").skip(1) {
            let (command, shown) = command.split_once('\n').unwrap();
            assert_shown(shown, &answer(command), command);
        }
    }
}

/// What a shell prints of a command, with the program and what `curl -i` printed beside it.
fn answer(command: &str) -> String {
    let program = PathBuf::from(hipflask(&[]).get_program());
    let path = std::env::join_paths(
        std::iter::once(program.parent().unwrap().to_owned())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let folder = std::env::temp_dir().join(format!("hipflask-page-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let large = rows(include_str!("../../../../tests/data/inspect/others.jsonl")).last().unwrap();
    let response =
        format!("HTTP/1.1 200 OK\r\nSet-Cookie: {}\r\n\r\nWelcome.", large["cookie"].as_str().unwrap());
    fs::write(folder.join("response.txt"), response).unwrap();
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(&folder)
        .env("PATH", path.unwrap())
        .env("SECRET_KEY", "dev")
        .output()
        .unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

/// What is shown is there in this order; `…` stands for any lines.
fn assert_shown(shown: &str, answer: &str, command: &str) {
    let mut rest = answer;
    let shown = format!("\n{}\n", shown.trim_end());
    for (index, part) in shown.split("\n…\n").enumerate() {
        let part = part.trim_matches('\n');
        let at = rest.find(part).unwrap_or_else(|| panic!("{command}\nhas no\n{part}\nin\n{answer}"));
        assert!(index > 0 || at == 0, "{command}\n{answer}");
        rest = &rest[at + part.len()..];
    }
    assert!(shown.ends_with("…\n") || rest.trim().is_empty(), "{command}\nprints more: {rest}");
}

#[test]
fn the_readme_shows_what_is_printed() {
    let shown = include_str!("../../README.md").split("$ SECRET_KEY=dev ").nth(1).unwrap();
    let (command, shown) = shown.split("```").next().unwrap().split_once('\n').unwrap();
    assert_eq!(answer(command), shown);
}

#[test]
fn a_login_that_works_looks_like_this() {
    run_below("# Nobody is logged in");
}

#[test]
fn reason_1_each_process_has_a_key_of_its_own() {
    run_below("1. Each process has a key of its own");
}

#[test]
fn reason_2_the_key_has_quotes_or_a_line_end() {
    run_below("2. The key has quotes or a line end");
}

#[test]
fn reason_3_another_app_has_the_same_cookie() {
    run_below("3. Another app has the same cookie");
}

#[test]
fn reason_4_two_cookies_have_the_same_name() {
    run_below("4. Two cookies have the same name");
}

#[test]
fn reason_5_the_cookie_is_too_large() {
    run_below("5. The cookie is too large");
}

#[test]
fn reason_6_the_cookie_is_for_https() {
    run_below("6. The cookie is for https");
}

#[test]
fn reason_7_the_page_is_in_a_frame_of_another_site() {
    run_below("7. The page is in a frame of another site");
}

#[test]
fn reason_8_the_clocks_differ() {
    run_below("8. The clocks differ");
}

#[test]
fn reason_9_the_session_has_ended() {
    run_below("9. The session has ended");
}

#[test]
fn reason_10_nobody_is_in_the_session() {
    run_below("10. Nobody is in the session");
}

#[test]
fn the_cookie_holds_an_id() {
    run_below("When the cookie holds an id");
}
