//! What stands on the screen, at the sizes that people have.

use std::fs;

use insta::assert_snapshot;

use super::stage::{BEGAN_MS, NOW_MS, Stage, gap_line, log_line, metrics_line, order_line};
use crate::base::language::Language;
use crate::doors::screen::{Glyphs, Key, Theme};
use crate::logic::monitor::BucketSize;

#[test]
fn a_small_terminal() {
    assert_snapshot!(Stage::of_a_morning().text());
}

#[test]
fn a_small_terminal_without_colour_says_the_same() {
    let mut stage = Stage::of_a_morning();
    let coloured = stage.frame();
    stage.theme = Theme::NoColor;
    let plain = stage.frame();
    assert_eq!(plain.text, coloured.text);
    assert!(coloured.has_color && !plain.has_color);
    assert_snapshot!(plain.styled);
}

#[test]
fn a_light_terminal() {
    let mut stage = Stage::of_a_morning();
    stage.theme = Theme::Light;
    assert_snapshot!(stage.frame().styled);
}

#[test]
fn a_middle_terminal_in_french() {
    let mut stage = Stage::of_a_morning().sized(120, 40);
    stage.app.lang = Language::Fr;
    assert_snapshot!(stage.text());
}

#[test]
fn small_terminals_in_french() {
    for (width, height) in [(40, 10), (64, 30), (80, 24), (160, 50)] {
        let mut stage = Stage::of_a_morning().sized(width, height);
        stage.app.lang = Language::Fr;
        assert_snapshot!(format!("french_{width}x{height}"), stage.text());
    }
}

#[test]
fn a_middle_terminal() {
    assert_snapshot!(Stage::of_a_morning().sized(120, 40).text());
}

#[test]
fn a_large_terminal() {
    assert_snapshot!(Stage::of_a_morning().sized(160, 50).text());
}

#[test]
fn a_huge_terminal() {
    assert_snapshot!(Stage::of_a_morning().sized(200, 60).text());
}

#[test]
fn a_narrow_terminal() {
    assert_snapshot!(Stage::of_a_morning().sized(64, 30).text());
}

#[test]
fn tiny_terminals() {
    for (width, height) in [(40, 10), (56, 16), (38, 5), (30, 1), (14, 3)] {
        assert_snapshot!(format!("{width}x{height}"), Stage::of_a_morning().sized(width, height).text());
    }
}

#[test]
fn only_ascii() {
    let mut stage = Stage::of_a_morning();
    stage.glyphs = Glyphs::Ascii;
    let text = stage.text();
    assert!(text.is_ascii(), "{text}");
    assert_snapshot!(text);
}

#[test]
fn every_size_is_drawn_without_a_panic() {
    let mut stage = Stage::of_a_morning();
    for (width, height) in
        (0..12).chain([20, 39, 59, 79, 109, 149, 250]).flat_map(|w| [0, 1, 2, 9, 23, 31, 44, 90].map(|h| (w, h)))
    {
        (stage.width, stage.height) = (width, height);
        stage.view_only();
    }
}

#[test]
fn the_help_in_both_languages() {
    let mut stage = Stage::of_a_morning();
    stage.key(Key::Char('?'));
    assert_snapshot!("help_en", stage.text());
    stage.app.lang = Language::Fr;
    assert_snapshot!("help_fr", stage.text());
    stage.width = 120;
    assert_snapshot!("help_fr_wide", stage.text());
}

#[test]
fn a_record_that_is_an_order() {
    let mut stage = Stage::of_a_morning();
    stage.text();
    stage.key(Key::Up);
    stage.key(Key::Enter);
    assert_snapshot!("record_pretty", stage.text());
    stage.key(Key::Char('v'));
    assert_snapshot!("record_raw", stage.text());
    stage.key(Key::Char('v'));
    assert_snapshot!("record_hex", stage.text());
}

#[test]
fn records_that_are_none() {
    let mut stage = Stage::of_a_morning();
    stage.text();
    for name in ["hostile", "bytes", "gap", "cut_short"] {
        stage.key(Key::Char('E'));
        stage.key(Key::Enter);
        let text = stage.text();
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
        assert_snapshot!(format!("record_{name}"), text);
        stage.key(Key::Esc);
    }
}

#[test]
fn an_order_that_is_followed() {
    let mut stage = Stage::of_a_morning();
    stage.text();
    stage.key(Key::Char('o'));
    assert_snapshot!(stage.text());
}

#[test]
fn both_files_on_one_clock() {
    let mut stage = Stage::of_a_morning().sized(100, 30);
    stage.text();
    stage.key(Key::Char('t'));
    assert_snapshot!(stage.text());
}

#[test]
fn a_search_and_what_is_typed() {
    let mut stage = Stage::of_a_morning();
    stage.text();
    stage.types("/matcha");
    assert_snapshot!("search_typed", stage.text());
    stage.types("(");
    assert_snapshot!("search_broken", stage.text());
    stage.key(Key::Backspace);
    stage.key(Key::Enter);
    stage.types("ff");
    stage.types("f");
    assert_snapshot!("search_frozen", stage.text());
}

#[test]
fn a_filter() {
    let mut stage = Stage::of_a_morning();
    stage.text();
    stage.types("Fbad");
    stage.key(Key::Enter);
    assert_snapshot!(stage.text());
}

#[test]
fn nothing_is_there_yet() {
    assert_snapshot!("empty_small", Stage::empty().text());
    assert_snapshot!("empty_middle", Stage::empty().sized(120, 40).text());
}

#[test]
fn nobody_has_written_for_long() {
    let mut stage = Stage::of_a_morning();
    stage.after(200_000);
    assert_snapshot!(stage.text());
}

#[test]
fn a_trail_that_is_taken_away_leaves_its_last_figures() {
    let mut stage = Stage::of_a_morning();
    stage.text();
    fs::remove_file(stage.path("tracker.events")).unwrap();
    stage.after(1_000).after(200_000);
    let frame = stage.frame();
    assert!(frame.text.contains("STALE") && frame.text.contains("0.50/s"), "{}", frame.text);
    assert!(!frame.text.contains("0.00/s"), "{}", frame.text);
    assert_snapshot!("gone_small", frame.styled);
    assert_snapshot!("gone_middle", stage.sized(120, 40).text());
}

#[test]
fn a_trail_that_cannot_be_read_is_stale_and_one_that_never_was_is_not() {
    let mut stage = Stage::of_a_morning();
    stage.text();
    fs::remove_file(stage.path("tracker.events")).unwrap();
    fs::create_dir(stage.path("tracker.events")).unwrap();
    let text = stage.after(1_000).after(200_000).text();
    assert!(text.contains("NO ACCESS") && text.contains("STALE") && text.contains("0.50/s"), "{text}");
    assert!(text.contains("as of 09:41:05"), "{text}");
    let mut stage = Stage::empty();
    let last = log_line(NOW_MS - 300_000, "INFO", "tracker.stopped", "stopped", "", r#"{"total_messages_received":0}"#);
    stage.write_log(&last);
    let text = stage.text();
    assert!(!text.contains("STALE"), "{text}");
}

#[test]
fn figures_of_a_silent_tracker_say_of_when_they_are() {
    for (width, height) in [(40, 10), (80, 24), (160, 50)] {
        let mut stage = Stage::of_a_morning().sized(width, height);
        stage.after(200_000);
        assert_snapshot!(format!("silent_{width}x{height}"), stage.text());
    }
}

#[test]
fn lines_of_the_log_that_are_none_are_counted() {
    let mut stage = Stage::empty();
    stage.write_log(&"no line\n".repeat(6));
    let text = stage.text();
    assert!(text.contains("0 lines, 0 errors, 6 unreadable"), "{text}");
    stage.app.lang = Language::Fr;
    let text = stage.text();
    assert!(text.contains("0 lignes, 0 erreurs, 6 illisibles"), "{text}");
}

#[test]
fn the_help_of_a_narrow_terminal_is_folded_and_not_cut() {
    let mut stage = Stage::of_a_morning().sized(40, 100);
    stage.key(Key::Char('?'));
    let text = stage.text();
    assert!(!text.contains('…'), "{text}");
    assert_snapshot!("help_en_narrow", text);
    stage.app.lang = Language::Fr;
    let text = stage.text();
    assert!(text.contains("une fois."), "{text}");
    assert_snapshot!("help_fr_narrow", text);
}

#[test]
fn the_small_plot_says_how_long_its_bars_are() {
    for width in 40..60 {
        let mut stage = Stage::of_a_morning().sized(width, 12);
        stage.app.bucket = Some(BucketSize::Minute);
        let text = stage.text();
        let row = text.lines().rev().nth(1).unwrap();
        let (bars, span) = row.split_at(row.len() - " 39 min".len());
        let drawn = bars.chars().skip(1).count();
        assert_eq!(span.trim(), format!("{drawn} min"), "{row}");
    }
}

#[test]
fn states_of_the_tracker() {
    let last = NOW_MS - 2_000;
    let states = [
        (
            "stopped",
            log_line(last, "INFO", "tracker.stopped", "stopped", "", r#"{"total_messages_received":900,"lag":0}"#),
        ),
        (
            "broker_lost",
            log_line(last, "WARN", "broker.lost", "no broker", "connection refused", r#"{"brokers":"localhost:9092"}"#),
        ),
        ("disk_full", log_line(last, "WARN", "disk.full", "no room", "", r#"{"free_bytes":3100000}"#)),
        ("failed", log_line(last, "ERROR", "tracker.failed", "it ends", "fdatasync: Input/output error", "{}")),
        (
            "standby",
            log_line(last, "INFO", "tracker.standby", "another one runs", "", r#"{"pid":4242,"holder":"4121"}"#),
        ),
    ];
    for (name, line) in states {
        let mut stage = Stage::of_a_morning();
        stage.write_log(&line);
        let text = stage.text();
        let top: Vec<&str> = text.lines().take(3).collect();
        assert_snapshot!(format!("state_{name}"), top.join("\n"));
    }
}

#[test]
fn a_gap_is_told_first() {
    let mut stage = Stage::of_a_morning();
    stage.write_events(&gap_line(1, 300, 618, NOW_MS - 1_000));
    assert_snapshot!(stage.text());
}

#[test]
fn a_lag_that_grows() {
    let mut stage = Stage::of_a_morning().sized(160, 50);
    for round in 0..4 {
        stage.write_log(&metrics_line(NOW_MS - 9_000 + round * 2_000, BEGAN_MS, 905 + round, 1_000 + round * 250));
    }
    assert_snapshot!(stage.text());
}

#[test]
fn a_torn_line_is_shown_as_what_it_is() {
    let mut stage = Stage::of_a_morning();
    let whole = order_line(900, NOW_MS);
    stage.write_events(&whole[..400]);
    let text = stage.text();
    assert!(text.contains(" … "), "{text}");
    stage.write_events(&whole[400..]);
    let text = stage.after(1_000).text();
    assert!(text.contains("orders/0@300"), "{text}");
}
