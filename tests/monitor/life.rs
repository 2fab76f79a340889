//! The terminal is taken, and given back whatever happens.

use super::files::{Files, now_ms};
use super::terminal::Terminal;
use super::{in_plain_environment, monitor};
use ordertrail::doors::screen::{Screen, ScreenOptions, Text};
use portable_pty::CommandBuilder;
use rustix::process::{Signal, kill_process};
use std::path::Path;
use std::time::Duration;

fn some_files() -> Files {
    let files = Files::new();
    files.orders(0..20, now_ms());
    files
}

/// Until the first screen is there.
fn wait_for_screen(terminal: &Terminal) {
    terminal.wait_for("the monitor's screen", |screen| {
        (screen.alternate_screen() && screen.hide_cursor() && screen.contents().contains("matcha")).then_some(())
    });
    assert!(terminal.is_taken());
}

#[test]
fn a_key_ends_it() {
    let files = some_files();
    let mut terminal = monitor(&files, &[], 80, 24);
    wait_for_screen(&terminal);
    terminal.send("q");
    assert_eq!(terminal.exit().exit_code(), 0);
    terminal.assert_given_back();
}

#[test]
fn a_signal_ends_it() {
    let files = some_files();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        let terminal = monitor(&files, &[], 80, 24);
        wait_for_screen(&terminal);
        terminal.signal(signal);
        assert_eq!(terminal.exit().exit_code(), 0);
        terminal.assert_given_back();
    }
}

#[test]
fn a_signal_ends_it_though_the_terminal_takes_nothing() {
    let files = some_files();
    files.orders(20..400, now_ms());
    let terminal = monitor(&files, &[], 80, 24);
    wait_for_screen(&terminal);
    // Far more than what lies between a program and a terminal that does not read.
    terminal.resize_and_stall(900, 300);
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.exit().exit_code(), 0);
    terminal.take_the_rest();
    assert!(terminal.was_torn(), "the terminal took the whole screen: nothing was tested");
    // What was broken off in the middle does not swallow what gives the terminal back.
    terminal.assert_given_back();
}

#[test]
fn a_terminal_that_goes_away_ends_it() {
    let files = some_files();
    let script = format!("trap '' HUP; exec '{}'", env!("CARGO_BIN_EXE_log-monitor"));
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", &script]);
    let terminal = Terminal::start(in_plain_environment(command, files.path()), 80, 24);
    wait_for_screen(&terminal);
    assert_eq!(terminal.hang_up().signal(), None);
}

/// A shell that knows of jobs, with the monitor running in it.
fn in_a_shell(files: &Files) -> Terminal {
    let mut command = CommandBuilder::new("bash");
    command.args(["--norc", "--noprofile", "--noediting", "-i"]);
    let mut command = in_plain_environment(command, files.path());
    command.env("PS1", "ready> ");
    let mut terminal = Terminal::start(command, 80, 24);
    terminal.wait_for_text("ready>");
    terminal.send(&format!("'{}'\r", env!("CARGO_BIN_EXE_log-monitor")));
    wait_for_screen(&terminal);
    terminal
}

#[test]
fn it_is_stopped_and_goes_on_as_a_job() {
    let files = some_files();
    let mut terminal = in_a_shell(&files);
    for round in 0..2_usize {
        terminal.send("\x1a");
        terminal.wait_for("the shell", |screen| {
            let stops = screen.contents().matches("Stopped").count();
            (!screen.alternate_screen() && !screen.hide_cursor() && stops == 1 + round).then_some(())
        });
        let number = 100 + i64::try_from(round).unwrap();
        files.order(number, now_ms());
        terminal.send("fg\r");
        wait_for_screen(&terminal);
        terminal.wait_for_text(&format!("#{number}"));
    }
    terminal.send("q");
    terminal.wait_for("the shell", |screen| (!screen.alternate_screen()).then_some(()));
    terminal.send("exit 5\r");
    assert_eq!(terminal.exit().exit_code(), 5);
    terminal.assert_given_back();
}

#[test]
fn it_takes_the_terminal_again_after_a_stop_that_nobody_can_catch() {
    let files = some_files();
    let mut terminal = in_a_shell(&files);
    let monitor = terminal.foreground();
    kill_process(monitor, Signal::STOP).unwrap();
    // Where the shell writes depends on what was left of the screen; that it listens is enough.
    terminal.wait_for_bytes(b"Stopped");
    files.order(100, now_ms());
    terminal.send("fg\r");
    terminal.wait_for_text("#100");
    terminal.wait_for("no cursor", |screen| screen.hide_cursor().then_some(()));
    assert!(terminal.is_taken());
    terminal.send("q");
    terminal.wait_for("the shell", |screen| (!screen.alternate_screen()).then_some(()));
    terminal.send("exit\r");
    terminal.exit();
    terminal.assert_given_back();
}

/// Set in the process that is to panic.
const CHILD: &str = "ORDERTRAIL_TEST_CHILD";

#[test]
fn a_panic_gives_the_terminal_back_before_it_tells_about_itself() {
    if std::env::var_os(CHILD).is_some() {
        let mut screen = Screen::open(ScreenOptions { wants_mouse: true, ..ScreenOptions::default() }).unwrap();
        assert!(Screen::open(ScreenOptions::default()).is_err(), "it is taken twice");
        screen.draw(|canvas| canvas.put(canvas.area(), &Text::new().value("all is well"))).unwrap();
        // So that what is drawn is seen before.
        while screen.next_input(Duration::from_secs(60)).unwrap().is_none() {}
        let told = std::thread::spawn(|| panic!("an accident")).join();
        assert!(told.is_err() && screen.draw(|_| {}).is_err(), "it draws on a terminal that is not its own");
        panic!("the end");
    }
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    let name = "life::a_panic_gives_the_terminal_back_before_it_tells_about_itself";
    command.args(["--exact", name, "--nocapture", "--test-threads", "1"]);
    let mut command = in_plain_environment(command, Path::new("/"));
    command.env(CHILD, "1");
    let mut terminal = Terminal::start(command, 100, 40);
    terminal.wait_for_text("all is well");
    assert!(terminal.is_taken());
    terminal.send("x");
    assert_ne!(terminal.exit().exit_code(), 0);
    terminal.assert_given_back();
    let text = terminal.text();
    assert!(text.contains("an accident") && text.contains("the end"), "{text}");
    assert!(!text.contains("it draws on"), "{text}");
}

#[test]
fn without_a_shell_above_it_does_not_stop() {
    let files = some_files();
    let mut terminal = monitor(&files, &[], 80, 24);
    wait_for_screen(&terminal);
    terminal.send("\x1a");
    files.order(100, now_ms());
    terminal.wait_for_text("#100");
    terminal.send("q");
    assert_eq!(terminal.exit().exit_code(), 0);
}

#[test]
fn any_size_is_drawn_and_a_new_one_at_once() {
    let files = some_files();
    let mut terminal = monitor(&files, &[], 80, 24);
    wait_for_screen(&terminal);
    for (columns, rows) in [(200, 60), (40, 10), (39, 9), (20, 2), (1, 1), (2, 30), (120, 40)] {
        terminal.resize_and_wait(columns, rows);
    }
    terminal.wait_for_text("matcha");
    terminal.send("q");
    assert_eq!(terminal.exit().exit_code(), 0);
    terminal.assert_given_back();
}
