//! What reaches the terminal: no colour, ASCII alone, nothing hostile, clicks only where wanted.

use super::files::{Files, now_ms};
use super::terminal::Terminal;
use super::{in_plain_environment, monitor, monitor_with};
use ordertrail::words::record::Level;
use portable_pty::CommandBuilder;
use serde_json::{Value, json};
use std::process::Command;
use vt100::MouseProtocolMode;

fn some_files() -> Files {
    let files = Files::new();
    files.orders(0..20, now_ms());
    files.invalid(20, now_ms(), b"{", "the JSON ends early");
    files
}

fn end(mut terminal: Terminal) -> Vec<u8> {
    terminal.send("q");
    assert_eq!(terminal.exit().exit_code(), 0);
    terminal.bytes()
}

#[test]
fn no_colour_is_sent_where_none_is_wanted() {
    let files = some_files();
    let is_coloured = |terminal: &Terminal| {
        terminal.wait_for_text("matcha");
        let styled = terminal.styled();
        styled.contains("{fg ") || styled.contains("{bg ")
    };
    let colours = |flags: &[&str], variables: &[(&str, &str)]| {
        let terminal = monitor_with(&files, flags, variables, 80, 24);
        let colours = is_coloured(&terminal);
        end(terminal);
        colours
    };
    assert!(colours(&[], &[]));
    assert!(!colours(&[], &[("NO_COLOR", "1")]));
    assert!(!colours(&["--theme", "none"], &[]));
    // Who asks for a theme by its name gets it.
    assert!(colours(&["--theme", "dark"], &[("NO_COLOR", "1")]));
}

#[test]
fn ascii_alone_reaches_a_terminal_that_knows_no_more() {
    let files = some_files();
    for (flags, variables) in [(&["--ascii"][..], &[][..]), (&[], &[("TERM", "linux")]), (&[], &[("LC_ALL", "C")])] {
        let terminal = monitor_with(&files, flags, variables, 80, 24);
        terminal.wait_for_text("matcha");
        assert!(end(terminal).is_ascii(), "{flags:?} {variables:?}");
    }
    let terminal = monitor(&files, &[], 80, 24);
    terminal.wait_for_text("matcha");
    assert!(!end(terminal).is_ascii());
}

#[test]
fn clicks_are_told_only_where_they_are_wanted() {
    let files = some_files();
    for (flags, mode) in [(&[][..], MouseProtocolMode::PressRelease), (&["--no-mouse"], MouseProtocolMode::None)] {
        let terminal = monitor(&files, flags, 80, 24);
        terminal.wait_for_text("matcha");
        terminal.wait_for("the mouse", |screen| (screen.mouse_protocol_mode() == mode).then_some(()));
        end(terminal);
    }
}

#[test]
fn nothing_of_a_message_or_of_the_log_controls_the_terminal() {
    let files = some_files();
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}\u{1b}]52;c;b3duZWQ=\u{7}";
    files.invalid(21, now_ms(), hostile.as_bytes(), hostile);
    files.health(now_ms(), Level::Error, hostile, hostile, json!({ "broker": hostile }));
    let mut terminal = monitor(&files, &[], 80, 24);
    terminal.wait_for_text("owned");
    terminal.send("G\r");
    terminal.wait_for_text("Payload");
    let bytes = end(terminal);
    for bad in [&b"\x1b]"[..], b"\x07", "\u{9b}".as_bytes(), "\u{202e}".as_bytes()] {
        assert!(!bytes.windows(bad.len()).any(|window| window == bad), "{}", bad.escape_ascii());
    }
    // Once at the beginning, once for the first screen, once at the end.
    assert_eq!(bytes.windows(4).filter(|window| *window == b"\x1b[2J").count(), 3);
}

#[test]
fn what_audit_gives_as_it_was_written_controls_no_terminal_and_is_exact_in_a_pipe() {
    let files = Files::new();
    let hostile = "{\"a\":\"\u{9b}31m\u{202e}é\u{e0041}\"";
    files.invalid(0, now_ms(), hostile.as_bytes(), hostile);
    let obeyed = ["\u{9b}", "\u{202e}", "\u{e0041}"];
    for flags in [
        &["query", "--json"][..],
        &["query", "--csv"],
        &["show", "1", "--json"],
        &["show", "1", "--raw"],
        &["extract"],
        &["export", "--format", "csv"],
    ] {
        let mut command = in_plain_environment(CommandBuilder::new(env!("CARGO_BIN_EXE_audit")), files.path());
        command.args(flags);
        let terminal = Terminal::start(command, 80, 24);
        assert_eq!(terminal.exit().exit_code(), 0, "{flags:?}");
        let on_terminal = String::from_utf8(terminal.bytes()).expect("UTF-8");
        assert!(obeyed.iter().all(|bad| !on_terminal.contains(bad)), "{flags:?}: {on_terminal:?}");
        assert!(on_terminal.contains("\\u009b31m\\u202eé\\udb40\\udc41"), "{flags:?}: {on_terminal:?}");

        let piped = Command::new(env!("CARGO_BIN_EXE_audit")).args(flags).current_dir(files.path()).output();
        let in_pipe = String::from_utf8(piped.expect("it can be started").stdout).expect("UTF-8");
        assert!(in_pipe.contains("\u{9b}31m\u{202e}é\u{e0041}"), "{flags:?}: {in_pipe:?}");
        if flags.contains(&"--json") {
            let read = |text: &str| serde_json::from_str::<Value>(text).expect("it is JSON");
            assert_eq!(read(&on_terminal), read(&in_pipe));
        }
    }
}
