//! That the terminal and the files of these tests tell the truth, and can fail.

use super::files::{Files, append, now_ms};
use super::in_plain_environment;
use super::terminal::{Terminal, why_not_given_back};
use ordertrail::words::record::{HealthLine, Level, LineHead};
use portable_pty::CommandBuilder;
use rustix::process::Signal;
use serde_json::json;
use std::path::Path;
use std::time::Duration;

fn shell(script: &str, columns: u16, rows: u16) -> Terminal {
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", script]);
    Terminal::start(in_plain_environment(command, Path::new("/")), columns, rows)
}

#[test]
fn what_is_typed_is_echoed_and_the_exit_code_is_told() {
    let mut terminal = shell("read line; echo \"said $line\"; exit 7", 20, 4);
    terminal.send("matcha\r");
    let status = terminal.exit();
    assert_eq!(status.exit_code(), 7);
    assert_eq!(terminal.text(), "matcha\nsaid matcha\n\n\n");
    terminal.assert_given_back();
}

#[test]
fn a_new_size_is_told_to_the_program() {
    let terminal = shell("trap 'stty size' WINCH; stty size; while :; do sleep 0.05; done", 40, 10);
    terminal.wait_for_text("10 40");
    terminal.resize(30, 8);
    terminal.wait_for_text("8 30");
    terminal.signal(Signal::KILL);
    assert!(terminal.exit().signal().is_some());
}

#[test]
fn styles_are_seen() {
    let terminal = shell(r"printf '\033[92mok\033[0m \033[1;7mBAD\033[m 日x'", 20, 2);
    terminal.exit();
    assert_eq!(terminal.styled(), "{fg 10}ok{} {bold, reversed}BAD{} 日x\n\n");
}

#[test]
fn a_terminal_that_is_not_given_back_is_noticed() {
    for (script, why) in [
        (r"printf '\033[?1049h'", Some("the alternate screen")),
        (r"printf '\033[?25l'", Some("no cursor")),
        (r"printf '\033[?1000h\033[?1006h'", Some("the mouse")),
        (r"printf '\033[?2004h'", Some("marked pastes")),
        (r"printf '\033[31m'", Some("a style")),
        (r"printf '\033[?1049h\033[?25l\033[?25h\033[?1049l'", None),
    ] {
        let terminal = shell(script, 20, 4);
        terminal.exit();
        assert_eq!(terminal.wait_for("the end", |screen| Some(why_not_given_back(screen))), why, "{script}");
    }
    let terminal = shell("stty raw -echo", 20, 4);
    terminal.exit();
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| terminal.assert_given_back())).is_err());
}

#[test]
fn half_an_update_is_never_seen() {
    let script = r"stty -echo; printf 'old\033[?2026h\rnew'; read line; printf '!\033[?2026l'; read line";
    let mut terminal = shell(script, 20, 4);
    terminal.wait_for_bytes(b"new");
    assert!(terminal.stays(Duration::from_millis(200), |screen| screen.contents().starts_with("old")));
    terminal.send("\r");
    terminal.wait_for_text("new!");
}

#[test]
fn a_screen_that_never_comes_is_a_failure() {
    let terminal = shell("echo this", 20, 4);
    let waited = std::panic::AssertUnwindSafe(|| terminal.wait_for_text("that"));
    assert!(std::panic::catch_unwind(waited).is_err());
}

#[test]
fn the_files_are_as_a_tracker_writes_them() {
    let files = Files::new();
    files.orders(0..4, now_ms());
    files.invalid(4, now_ms(), b"{\"a\":", "the JSON ends early");
    files.health(now_ms(), Level::Warn, "broker.lost", "the broker is gone", json!({ "broker": "localhost:9092" }));
    append(&files.events(), b"torn");
    let trail = std::fs::read_to_string(files.events()).unwrap();
    let heads: Vec<(i32, i64)> = trail
        .lines()
        .filter_map(|line| serde_json::from_str::<LineHead<'_>>(line).ok())
        .map(|head| (head.kafka_partition, head.kafka_offset))
        .collect();
    assert_eq!(heads, [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1)]);
    assert!(trail.ends_with("\ntorn"));
    let log = std::fs::read_to_string(files.log()).unwrap();
    let line: HealthLine<'_> = serde_json::from_str(log.trim_end()).unwrap();
    assert_eq!(
        (line.level, &*line.event, line.metadata["broker"].as_str()),
        (Level::Warn, "broker.lost", Some("localhost:9092"))
    );
}
