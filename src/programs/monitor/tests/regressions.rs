//! What was once wrong, each by its name.

use super::stage::{NOW_MS, Stage, log_line, order_line, selected_offset, stage};
use crate::doors::screen::Key;
use crate::programs::monitor::app::{Overlay, Pane};
use crate::programs::monitor::timeline::Moment;

#[test]
fn a_filter_fills_the_screen_and_reaches_the_first_line() {
    let mut stage = stage().sized(120, 40);
    stage.types("Fok");
    stage.key(Key::Enter);
    let text = stage.text();
    let rows = text.lines().filter(|line| line.contains(" ok  orders/")).count();
    assert_eq!(rows, stage.view.layout().list_rows(Pane::Events), "{text}");
    stage.key(Key::Char('g'));
    assert_eq!(selected_offset(&stage), (0, 0));
}

#[test]
fn filtered_rows_come_in_while_the_list_follows() {
    let mut stage = stage();
    stage.types("Fcustomer = client01");
    stage.key(Key::Enter);
    for number in 900..930 {
        stage.write_events(&order_line(number, NOW_MS));
    }
    let text = stage.after(1_000).text();
    assert!(text.contains("#920") && !text.contains("#921"), "{text}");
}

#[test]
fn a_hit_that_was_reached_from_elsewhere_is_counted_anew() {
    let mut stage = stage();
    stage.types("/matcha");
    stage.key(Key::Enter);
    stage.key(Key::Char('G'));
    stage.key(Key::Char('n'));
    assert!(stage.text().contains("hit 90 of 90"), "{}", stage.text());
    stage.key(Key::Char('g'));
    stage.key(Key::Char('n'));
    assert!(stage.text().contains("hit 1 of 90"), "{}", stage.text());
    // Number 908 is a matcha too.
    for number in 900..910 {
        stage.write_events(&order_line(number, NOW_MS));
    }
    stage.after(1_000);
    assert!(stage.text().contains("hit 1 of 91"), "{}", stage.text());
}

#[test]
fn a_search_in_the_log_is_not_counted_with_the_filter_of_the_trail() {
    let mut stage = stage();
    stage.types("Fbad");
    stage.key(Key::Enter);
    stage.key(Key::Char('3'));
    stage.types("/metrics");
    stage.key(Key::Enter);
    assert!(stage.text().contains("hit 60 of 60"), "{}", stage.text());
}

#[test]
fn a_frozen_list_shows_nothing_new_whatever_key_is_pressed() {
    let mut stage = stage();
    stage.key(Key::Char('f'));
    for number in 900..940 {
        stage.write_events(&order_line(number, NOW_MS));
    }
    stage.after(1_000);
    for key in [Key::Down, Key::Char('G'), Key::PageDown, Key::Char('g'), Key::Char('G')] {
        stage.key(key);
        assert!(!stage.text().contains("#90"), "{key:?}: {}", stage.text());
    }
    stage.key(Key::Char('f'));
    assert!(stage.text().contains("#939"), "{}", stage.text());
}

#[test]
fn what_was_hidden_by_a_freeze_is_all_there_when_it_goes_on() {
    let mut stage = stage();
    stage.types("Fcustomer = client01");
    stage.key(Key::Enter);
    stage.key(Key::Char('f'));
    for number in 900..1_000 {
        stage.write_events(&order_line(number, NOW_MS));
    }
    stage.after(1_000);
    for key in [Key::Down, Key::PageDown, Key::Char('G'), Key::Char('g'), Key::Char('G')] {
        stage.key(key);
        assert!(!stage.text().contains("#9"), "{key:?}: {}", stage.text());
    }
    stage.key(Key::Char('f'));
    let text = stage.text();
    for number in (950..1_000).step_by(10) {
        assert!(text.contains(&format!("#{number} ")), "{number}: {text}");
    }
}

#[test]
fn filtered_rows_that_a_long_follow_dropped_are_found_again() {
    let mut stage = stage();
    stage.types("Fok");
    stage.key(Key::Enter);
    for number in 900..2_000 {
        stage.write_events(&order_line(number, NOW_MS));
        if number % 100 == 0 {
            stage.after(300);
        }
    }
    stage.after(1_000);
    for step in 0..1_500 {
        stage.key(Key::Up);
        let row = stage.app.events.selected().expect("a row is selected");
        assert_eq!(i64::from(row.partition) + row.offset * 3, 1_998 - step, "none is passed over");
        // The order before 500 is none.
        if step == 1_497 {
            break;
        }
    }
}

#[test]
fn a_place_that_the_filter_hides_is_shown_and_the_filter_goes() {
    let mut stage = stage();
    stage.types("Fbad");
    stage.key(Key::Enter);
    stage.types(":0@5");
    stage.key(Key::Enter);
    assert_eq!(selected_offset(&stage), (0, 5));
    assert!(stage.app.filter.is_none());
    assert!(stage.text().contains("the filter hid it"), "{}", stage.text());
}

#[test]
fn a_search_that_is_given_up_goes_back_to_where_it_began() {
    let mut stage = stage();
    stage.types("/espresso");
    assert!(!stage.app.events.follows());
    stage.key(Key::Esc);
    assert!(stage.app.events.follows());
    stage.types(":0@100");
    stage.key(Key::Enter);
    stage.types("/espresso");
    assert_ne!(selected_offset(&stage), (0, 100));
    stage.key(Key::Esc);
    assert_eq!(selected_offset(&stage), (0, 100));
}

#[test]
fn leaving_the_timeline_without_a_step_goes_on_following() {
    let mut stage = stage();
    stage.types("t");
    stage.key(Key::Esc);
    assert!(stage.app.events.follows());
}

#[test]
fn a_larger_screen_is_filled_though_nothing_comes() {
    let mut stage = stage();
    (stage.width, stage.height) = (200, 90);
    let text = stage.text();
    let rows = text.lines().filter(|line| line.contains(" ok  orders/")).count();
    assert_eq!(rows, stage.view.layout().list_rows(Pane::Events), "{text}");
}

#[test]
fn a_silence_is_told_only_between_messages_that_were_read() {
    let mut stage = Stage::empty();
    // Long before the lines that are read around the newest message, and one in the middle of an outage.
    let mut log = String::new();
    for minutes in [50, 40, 30] {
        log += &log_line(NOW_MS - minutes * 60_000, "INFO", "tracker.metrics", "figures", "", "{}");
    }
    log += &log_line(NOW_MS - 30_000, "WARN", "broker.lost", "no broker", "", "{}");
    stage.write_log(&log);
    for number in 0..300 {
        // 41 s without a message before the last ten.
        let time_ms = NOW_MS - if number < 290 { 51_000 + (290 - number) * 1_000 } else { (300 - number) * 1_000 };
        stage.write_events(&order_line(number, time_ms));
    }
    stage.text();
    stage.types("t");
    let Some(Overlay::Timeline(timeline)) = &stage.app.overlay else { unreachable!("t opens it") };
    let silences: Vec<i64> = timeline
        .moments
        .iter()
        .filter_map(|moment| match moment {
            Moment::Silence { from_ms, to_ms } => Some(to_ms - from_ms),
            _ => None,
        })
        .collect();
    assert_eq!(silences, [42_000]);
}

#[test]
fn the_command_for_a_proof_names_partition_and_offset_as_audit_takes_them() {
    let mut stage = stage();
    stage.types(":1@250");
    stage.key(Key::Enter);
    stage.key(Key::Enter);
    let Some(Overlay::Record(record)) = &stage.app.overlay else { unreachable!("Enter opens it") };
    assert_eq!(record.message.as_deref(), Some("1/250"));
}

#[test]
fn a_selected_row_stays_selected_while_others_come() {
    let mut stage = stage();
    stage.key(Key::Down);
    let selected = selected_offset(&stage);
    for number in 900..960 {
        stage.write_events(&order_line(number, NOW_MS));
        stage.after(300);
    }
    assert_eq!(selected_offset(&stage), selected);
}
