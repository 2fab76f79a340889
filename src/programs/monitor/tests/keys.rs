//! What keys and the mouse do.

use super::stage::{NOW_MS, order_line, selected_offset, stage};
use crate::doors::screen::{Effect, Input, Key};
use crate::programs::monitor::app::Pane;
use crate::programs::monitor::rows::Row as _;

#[test]
fn quitting() {
    assert_eq!(stage().key(Key::Char('q')), Effect::Quit);
    assert_eq!(stage().key(Key::Ctrl('c')), Effect::Quit);
    let mut stage = stage();
    stage.types("/");
    assert_eq!(stage.key(Key::Char('q')), Effect::Nothing, "it is a letter of what is looked for");
    assert_eq!(stage.key(Key::Ctrl('c')), Effect::Quit);
}

#[test]
fn scrolling_up_stops_the_following_and_the_selection_stays_where_it_is() {
    let mut stage = stage();
    assert!(stage.app.events.follows());
    stage.key(Key::Up);
    let selected = selected_offset(&stage);
    assert!(!stage.app.events.follows());
    for number in 900..950 {
        stage.write_events(&order_line(number, NOW_MS + number));
        stage.after(300);
    }
    assert_eq!(selected_offset(&stage), selected);
    assert!(stage.text().contains("G "));
    stage.key(Key::Char('G'));
    assert!(stage.app.events.follows());
    assert!(stage.text().contains("#949"));
}

#[test]
fn from_one_end_to_the_other_and_every_row_between() {
    let mut stage = stage();
    stage.key(Key::Char('g'));
    assert_eq!(selected_offset(&stage), (0, 0));
    for _ in 0..900 {
        stage.key(Key::Down);
    }
    // 900 messages and a gap.
    assert_eq!(selected_offset(&stage), (2, 299));
    for _ in 0..900 {
        stage.key(Key::Up);
    }
    assert_eq!(selected_offset(&stage), (0, 0));
    stage.key(Key::Up);
    assert_eq!(selected_offset(&stage), (0, 0));
}

#[test]
fn errors_one_after_another_from_the_newest_and_around() {
    let mut stage = stage();
    let mut met = Vec::new();
    for _ in 0..5 {
        stage.key(Key::Char('E'));
        met.push(selected_offset(&stage));
    }
    // 500, 300, the gap, 100, and from the end again.
    assert_eq!(met, [(2, 166), (0, 100), (1, 80), (1, 33), (2, 166)]);
    stage.key(Key::Char('e'));
    assert_eq!(selected_offset(&stage), (1, 33), "forwards around the end to the oldest");
    stage.key(Key::Char('d'));
    assert_eq!(selected_offset(&stage), (1, 80));
}

#[test]
fn a_search_counts_its_hits_and_goes_from_one_to_the_next() {
    let mut stage = stage();
    stage.types("/matcha");
    stage.key(Key::Enter);
    assert!(stage.text().contains("hit 90 of 90"), "{}", stage.text());
    stage.key(Key::Char('N'));
    assert!(stage.text().contains("hit 89 of 90"), "{}", stage.text());
    stage.key(Key::Char('n'));
    stage.key(Key::Char('n'));
    assert!(stage.text().contains("hit 1 of 90"), "{}", stage.text());
    assert!(stage.text().contains("from the top"));
    stage.key(Key::Esc);
    assert!(stage.app.search.is_none());
}

#[test]
fn a_search_without_a_hit_says_so() {
    let mut stage = stage();
    stage.types("/nowhere-to-be-found");
    assert!(stage.text().contains("no hit"), "{}", stage.text());
}

#[test]
fn going_to_a_place_and_to_a_time() {
    let mut stage = stage();
    stage.types(":orders/1@250");
    stage.key(Key::Enter);
    assert_eq!(selected_offset(&stage), (1, 250));
    stage.types(":10 min ago");
    stage.key(Key::Enter);
    let time_ms = stage.app.events.selected().and_then(|row| row.time_ms()).unwrap();
    assert!((time_ms - (stage.now_ms - 600_000)).abs() <= 2_000, "{time_ms}");
    stage.types(":99999");
    stage.key(Key::Enter);
    assert!(stage.text().contains("nothing there"), "{}", stage.text());
    stage.types(":nonsense");
    stage.key(Key::Enter);
    assert!(stage.app.prompt.is_some(), "what was typed stays, to be mended");
}

#[test]
fn a_frozen_screen_shows_what_it_showed_and_counts_what_comes() {
    let mut stage = stage();
    stage.key(Key::Char('f'));
    let before = stage.text();
    for number in 900..912 {
        stage.write_events(&order_line(number, NOW_MS));
    }
    let frozen = stage.after(1_000).text();
    assert!(frozen.contains("PAUSED +12 new"), "{frozen}");
    let events = |text: &str| text.lines().skip(17).take(6).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(events(&before), events(&frozen));
    assert!(frozen.contains("909"), "the figures go on: {frozen}");
    stage.key(Key::Char('f'));
    assert!(stage.text().contains("#911"));
}

#[test]
fn a_filter_shows_only_what_it_lets_through_and_esc_shows_all() {
    let mut stage = stage();
    stage.types("Fcustomer = client07");
    stage.key(Key::Enter);
    let text = stage.text();
    let rows: Vec<&str> = text.lines().filter(|line| line.contains("orders/")).collect();
    assert!(!rows.is_empty() && rows.iter().all(|row| row.contains("client07")), "{text}");
    assert!(text.contains("FILTER"), "{text}");
    stage.key(Key::Esc);
    assert!(stage.text().contains("client08"));
}

#[test]
fn panes_by_key_and_by_mouse() {
    let mut stage = stage();
    assert_eq!(stage.app.focus, Pane::Events);
    stage.key(Key::Tab);
    assert_eq!(stage.app.focus, Pane::Throughput);
    stage.key(Key::BackTab);
    stage.key(Key::Char('3'));
    assert_eq!(stage.app.focus, Pane::Logs);
    let events = stage.view.layout().events;
    stage.input(Input::Click { x: events.x + 5, y: events.y + 2 });
    assert_eq!(stage.app.focus, Pane::Events);
    let clicked = selected_offset(&stage);
    let text = stage.text();
    let row = text.lines().nth(usize::from(events.y + 2)).unwrap();
    assert!(row.contains(&format!("orders/{}@{}", clicked.0, clicked.1)), "{row}");
    stage.input(Input::DoubleClick { x: events.x + 5, y: events.y + 2 });
    assert!(stage.app.overlay.is_some());
}

#[test]
fn the_wheel_scrolls_the_list_below_it_and_zooms_a_plot() {
    let mut stage = stage();
    let (events, plot) = (stage.view.layout().events, stage.view.layout().throughput);
    stage.input(Input::Wheel { x: events.x + 1, y: events.y + 1, is_up: true });
    assert!(!stage.app.events.follows());
    let bucket = stage.view.bucket();
    stage.input(Input::Wheel { x: plot.x + 1, y: plot.y + 1, is_up: true });
    assert!(stage.view.bucket() < bucket);
    stage.key(Key::Char('-'));
    assert_eq!(stage.view.bucket(), bucket);
}

#[test]
fn copying_gives_the_stored_line_exactly() {
    let mut stage = stage();
    let line = String::from_utf8(order_line(899, NOW_MS - 1_800_000 + 899 * 2_000)).unwrap();
    assert_eq!(stage.key(Key::Char('y')), Effect::Copy(line.trim_end().to_owned()));
}

#[test]
fn saving_gives_a_new_file_with_the_stored_lines_of_the_hits() {
    let mut stage = stage();
    stage.app.folder = stage.path("");
    stage.key(Key::Char('x'));
    assert!(stage.text().contains("nothing is looked for"), "{}", stage.text());
    stage.types("/matcha");
    stage.key(Key::Enter);
    stage.key(Key::Char('x'));
    assert!(stage.text().contains("90 lines saved"), "{}", stage.text());
    let all = std::fs::read_to_string(stage.path("tracker.events")).unwrap();
    let expected: Vec<&str> = all.lines().filter(|line| line.contains("matcha")).collect();
    let files = std::fs::read_dir(stage.path("")).unwrap().flatten().map(|entry| entry.path());
    let saved: Vec<_> = files.filter(|path| path.extension().is_some_and(|kind| kind == "jsonl")).collect();
    assert_eq!(saved.len(), 1);
    assert_eq!(std::fs::read_to_string(&saved[0]).unwrap().lines().collect::<Vec<_>>(), expected);
}

#[test]
fn in_a_record_one_leafs_and_the_list_goes_along() {
    let mut stage = stage();
    stage.key(Key::Enter);
    stage.key(Key::Char('['));
    stage.key(Key::Char('['));
    stage.key(Key::Char(']'));
    stage.key(Key::Esc);
    assert_eq!(selected_offset(&stage), (1, 299));
}

#[test]
fn all_records_of_a_customer_from_an_order() {
    let mut stage = stage();
    stage.key(Key::Char('o'));
    assert!(stage.text().contains("90 records"), "{}", stage.text());
    stage.key(Key::Enter);
    assert!(stage.app.filter.is_some());
}

#[test]
fn a_file_that_was_cut_shows_its_end_again() {
    let mut stage = stage();
    stage.key(Key::Char('g'));
    std::fs::write(stage.path("tracker.events"), order_line(1, NOW_MS)).unwrap();
    let text = stage.after(1_000).text();
    assert!(text.contains("orders/1@0"), "{text}");
    assert!(stage.app.events.follows());
}
