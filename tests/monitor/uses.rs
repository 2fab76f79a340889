//! What people do with it, in the real program: search, open, freeze, follow, copy, click, resize.

use super::files::{Files, now_ms};
use super::monitor;
use super::terminal::Terminal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const LEFT_CLICK_AND_RELEASE: &str = "\x1b[<0;";

fn opened(files: &Files, columns: u16, rows: u16) -> Terminal {
    let terminal = monitor(files, &["--utc"], columns, rows);
    terminal.wait_for_text("#99 ");
    terminal
}

fn hundred_orders() -> Files {
    let files = Files::new();
    files.orders(0..100, now_ms());
    files
}

fn quit(mut terminal: Terminal) {
    terminal.send("q");
    assert_eq!(terminal.exit().exit_code(), 0);
    terminal.assert_given_back();
}

#[test]
fn a_search_goes_from_hit_to_hit_and_back() {
    let mut terminal = opened(&hundred_orders(), 80, 24);
    terminal.send("/matcha");
    terminal.wait_for_text("hit 10 of 10");
    terminal.send("\rN");
    terminal.wait_for_text("hit 9 of 10");
    terminal.send("\x1b");
    terminal.wait_for("the search to be gone", |screen| (!screen.contents().contains("hit 9")).then_some(()));
    quit(terminal);
}

#[test]
fn a_record_is_opened_in_full_and_left_again() {
    let mut terminal = opened(&hundred_orders(), 80, 24);
    terminal.send("\r");
    terminal.wait_for_text("Payload");
    terminal.wait_for_text("\"order_id\": ");
    terminal.send("vv");
    terminal.wait_for_text("00000000  7b 22");
    terminal.send("\x1b");
    terminal.wait_for_text("Throughput");
    quit(terminal);
}

#[test]
fn a_frozen_screen_counts_what_comes_and_shows_it_when_it_goes_on() {
    let files = hundred_orders();
    let mut terminal = opened(&files, 80, 24);
    terminal.send("f");
    terminal.wait_for_text("PAUSED");
    files.orders(100..112, now_ms());
    terminal.wait_for_text("PAUSED +12 new");
    assert!(!terminal.text().contains("#111"), "{}", terminal.text());
    terminal.send("f");
    terminal.wait_for_text("#111");
    quit(terminal);
}

#[test]
fn a_selected_row_stays_selected_through_new_rows_and_new_sizes() {
    let files = hundred_orders();
    let mut terminal = opened(&files, 80, 24);
    terminal.send("kk");
    terminal.wait_for("a selected row", |screen| screen.contents().contains('▸').then_some(()));
    let selected =
        |text: &str| text.lines().find(|line| line.contains('▸')).map(|line| line.chars().take(40).collect());
    let before: Option<String> = selected(&terminal.text());
    files.orders(100..200, now_ms());
    terminal.wait_for_text("          200");
    terminal.resize_and_wait(132, 43);
    terminal.wait_for_text("Tracker");
    terminal.wait_for("the same row", |screen| (selected(&screen.contents()) == before).then_some(()));
    quit(terminal);
}

#[test]
fn what_is_copied_is_the_stored_line_in_base64() {
    let files = hundred_orders();
    let mut terminal = opened(&files, 80, 24);
    terminal.send("y");
    let all = std::fs::read_to_string(files.events()).unwrap();
    let line = all.lines().last().unwrap();
    terminal.wait_for_bytes(format!("\x1b]52;c;{}", STANDARD.encode(line)).as_bytes());
    terminal.wait_for_text("copied");
    quit(terminal);
}

#[test]
fn a_click_selects_the_row_below_it_and_two_open_it() {
    let mut terminal = opened(&hundred_orders(), 80, 24);
    let row = terminal
        .wait_for("the row of order 97", |screen| screen.contents().lines().position(|line| line.contains("#97 ")));
    let click = format!("{LEFT_CLICK_AND_RELEASE}10;{}M{LEFT_CLICK_AND_RELEASE}10;{}m", row + 1, row + 1);
    terminal.send(&click);
    terminal.wait_for("order 97 to be selected", |screen| {
        screen.contents().lines().any(|line| line.contains('▸') && line.contains("#97 ")).then_some(())
    });
    terminal.send(&click);
    terminal.send(&click);
    terminal.wait_for_text("Payload");
    quit(terminal);
}

#[test]
fn a_rotated_a_cut_and_a_new_file_are_followed() {
    let files = hundred_orders();
    let terminal = opened(&files, 80, 24);
    std::fs::rename(files.events(), files.path().join("tracker.events.1")).unwrap();
    files.orders(100..103, now_ms());
    terminal.wait_for_text("          103");
    terminal.wait_for_text("#102 ");
    let file = std::fs::OpenOptions::new().write(true).open(files.events()).unwrap();
    file.set_len(0).unwrap();
    terminal.wait_for_text("          100");
    std::fs::remove_file(files.events()).unwrap();
    std::fs::remove_file(files.path().join("tracker.events.1")).unwrap();
    terminal.wait_for_text("WAITING");
    files.orders(0..7, now_ms());
    terminal.wait_for_text("            7");
    quit(terminal);
}
