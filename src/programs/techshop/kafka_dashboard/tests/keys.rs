//! What keys and clicks do.

use super::stage::{NOW_MS, Stage, shop};
use crate::doors::screen::{Effect, Input, Key};
use crate::programs::techshop::kafka_dashboard::app::{Overlay, Pane};

fn selected(stage: &Stage) -> String {
    let app = &stage.app;
    app.names(app.focus)[app.selected(app.focus)].clone()
}

#[test]
fn q_and_ctrl_c_quit_from_everywhere_but_while_one_types() {
    for opener in [None, Some(Key::Char('?')), Some(Key::Enter)] {
        for quit in [Key::Char('q'), Key::Ctrl('c')] {
            let mut stage = Stage::of_a_shop();
            opener.map(|key| stage.press(key));
            assert_eq!(stage.press(quit), Effect::Quit);
        }
    }
    let mut stage = Stage::of_a_shop();
    stage.type_keys("/q");
    assert_eq!(stage.press(Key::Char('q')), Effect::Nothing);
    assert_eq!(stage.press(Key::Ctrl('c')), Effect::Quit);
}

#[test]
fn the_selected_row_stays_selected_wherever_it_moves() {
    let mut stage = Stage::of_a_shop();
    stage.press(Key::End);
    stage.press(Key::Up);
    let before = selected(&stage);
    for key in ['r', 's', 's', 'r', 's'] {
        stage.press(Key::Char(key));
        assert_eq!(selected(&stage), before, "after {key}");
    }
    stage.look(shop(450), 2_000);
    assert_eq!(selected(&stage), before);
    stage.press(Key::Home);
    assert_eq!(selected(&stage), stage.app.names(Pane::Groups)[0]);
}

#[test]
fn names_are_found_forwards_backwards_and_round_the_end() {
    let mut stage = Stage::of_a_shop();
    stage.press(Key::Tab);
    assert_eq!(stage.app.focus, Pane::Topics);
    stage.type_keys("/notif");
    stage.press(Key::Enter);
    assert_eq!(selected(&stage), "techshop.notifications");
    stage.press(Key::Char('n'));
    assert_eq!(selected(&stage), "techshop.notifications-dlq");
    stage.press(Key::Char('n'));
    assert_eq!(selected(&stage), "techshop.notifications");
    stage.press(Key::Char('N'));
    assert_eq!(selected(&stage), "techshop.notifications-dlq");
    stage.press(Key::Esc);
    assert_eq!(stage.app.search, None);
    stage.type_keys("/Notif");
    stage.press(Key::Enter);
    assert_eq!(stage.app.notice(), Some("no hit"), "a capital is meant");
}

#[test]
fn frozen_lists_stand_still_and_the_verdict_goes_on() {
    let mut stage = Stage::of_a_shop();
    stage.press(Key::Char('f'));
    let before = stage.text();
    stage.app.watch.fail("connection refused", NOW_MS + 2_000);
    stage.app.tick(NOW_MS + 4_000);
    let after = stage.text();
    assert!(after.contains("NO KAFKA") && after.contains("PAUSED"));
    let list = |text: &str| text.lines().filter(|row| row.contains("Stable")).map(str::to_owned).collect::<Vec<_>>();
    let (before, after) = (list(&before), list(&after));
    // One row fewer is left below what is to be done.
    assert!(!after.is_empty() && before.starts_with(&after), "{before:?} {after:?}");
    stage.press(Key::Char(' '));
    assert!(!stage.text().contains("PAUSED"));
}

#[test]
fn internal_topics_are_shown_when_they_are_asked_for() {
    let mut stage = Stage::of_a_shop();
    assert!(!stage.text().contains("__consumer_offsets"));
    stage.press(Key::Char('i'));
    assert!(stage.text().contains("__consumer_off"));
}

#[test]
fn a_click_selects_and_a_second_one_opens() {
    let mut stage = Stage::of_a_shop();
    let row = stage.text().lines().position(|row| row.contains("order-processor")).expect("it is there");
    let y = u16::try_from(row).expect("a row");
    stage.input(Input::Click { x: 5, y });
    assert_eq!(selected(&stage), "order-processor");
    stage.input(Input::DoubleClick { x: 5, y });
    assert_eq!(stage.app.overlay, Some(Overlay::Group { name: "order-processor".into(), top: 0 }));
    stage.press(Key::Esc);
    stage.input(Input::Wheel { x: 5, y, is_up: true });
    assert_ne!(selected(&stage), "order-processor");
}

#[test]
fn the_selected_name_is_copied() {
    let mut stage = Stage::of_a_shop();
    let name = selected(&stage);
    assert_eq!(stage.press(Key::Char('y')), Effect::Copy(name));
}

#[test]
fn a_group_that_went_while_it_was_open_says_so() {
    let mut stage = Stage::of_a_shop();
    stage.press(Key::Enter);
    stage.app.watch = Default::default();
    stage.app.watch.observe(shop(3), NOW_MS);
    stage.app.tick(NOW_MS);
    stage.app.overlay = Some(Overlay::Group { name: "no-such".into(), top: 0 });
    assert!(stage.text().contains("This group is gone."));
}
