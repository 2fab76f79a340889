//! What stands on the screen.

use insta::assert_snapshot;

use super::stage::{NOW_MS, Stage, shop};
use crate::base::language::Language;
use crate::doors::screen::{Glyphs, Key, Theme};
use crate::logic::lag::{Silence, Silent};
use crate::programs::techshop::kafka_dashboard::once::summary;

#[test]
fn a_small_terminal() {
    assert_snapshot!(Stage::of_a_shop().text());
}

#[test]
fn a_small_terminal_without_colour_says_the_same() {
    let mut stage = Stage::of_a_shop();
    let coloured = stage.frame();
    stage.theme = Theme::NoColor;
    let plain = stage.frame();
    assert_eq!(plain.text, coloured.text);
    assert!(coloured.has_color && !plain.has_color);
    assert_snapshot!(plain.styled);
}

#[test]
fn a_middle_terminal() {
    assert_snapshot!(Stage::of_a_shop().sized(120, 40).text());
}

#[test]
fn a_large_terminal_in_french() {
    let mut stage = Stage::of_a_shop().sized(160, 50);
    stage.app.language = Language::Fr;
    assert_snapshot!(stage.text());
}

#[test]
fn any_size_is_enough() {
    for (width, height) in [(1, 1), (1, 50), (200, 1), (39, 9), (40, 10), (60, 14), (110, 20), (300, 100)] {
        for keys in ["", "?", "\r", "z"] {
            let mut stage = Stage::of_a_shop().sized(width, height);
            for key in keys.chars() {
                stage.press(if key == '\r' { Key::Enter } else { Key::Char(key) });
            }
            let text = stage.text();
            assert_eq!(text.lines().count(), usize::from(height), "{width}x{height}");
        }
    }
    assert_snapshot!("1x1", Stage::of_a_shop().sized(1, 1).text());
    assert_snapshot!("39x9", Stage::of_a_shop().sized(39, 9).text());
    assert_snapshot!("60x14", Stage::of_a_shop().sized(60, 14).text());
}

#[test]
fn before_the_first_look_it_waits_and_says_for_what() {
    let mut stage = Stage::empty();
    stage.app.watch.fail("connection refused", NOW_MS);
    stage.app.tick(NOW_MS);
    assert_snapshot!(stage.text());
}

#[test]
fn a_group_on_the_whole_screen() {
    let mut stage = Stage::of_a_shop().sized(120, 40);
    stage.press(Key::Enter);
    assert_snapshot!(stage.text());
}

#[test]
fn the_help() {
    let mut stage = Stage::of_a_shop().sized(80, 30);
    stage.press(Key::Char('?'));
    assert_snapshot!(stage.text());
}

#[test]
fn a_broker_that_is_missing_a_topic_that_went_and_a_group_that_does_not_answer() {
    let mut stage = Stage::of_a_shop();
    let mut round = shop(450);
    round.brokers.remove(2);
    for one in round.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
        one.isr.retain(|id| *id != 3);
        one.leader = one.leader.filter(|id| *id != 3);
    }
    round.topics.retain(|topic| topic.name != "techshop.errors");
    round.silences.push(Silence { who: Silent::Group("error-handler".into()), reason: "timed out".into() });
    stage.look(round, 2_000);
    assert_snapshot!(stage.text());
}

#[test]
fn without_kafka_the_last_figures_stay_and_say_that_they_are_old() {
    let mut stage = Stage::of_a_shop();
    let before = stage.text();
    stage.app.watch.fail("connection refused", NOW_MS + 2_000);
    stage.app.tick(NOW_MS + 14_000);
    let frame = stage.frame();
    assert!(frame.text.contains("NO KAFKA ▌ for 12 s: connection refused") && frame.text.contains("STALE"));
    for row in before.lines().filter(|row| row.contains("Stable")) {
        let name = row.split_whitespace().next().unwrap().trim_start_matches('▸');
        assert!(frame.text.contains(name), "{name} stays");
    }
    assert_snapshot!(frame.styled);
}

#[test]
fn ascii_alone() {
    let mut stage = Stage::of_a_shop().sized(120, 40);
    stage.glyphs = Glyphs::Ascii;
    let text = stage.text();
    assert!(text.is_ascii(), "{text}");
    assert_snapshot!(text);
}

#[test]
fn foreign_names_are_harmless() {
    let mut stage = Stage::of_a_shop();
    let mut round = shop(450);
    round.groups[0].group = "\u{1b}[2Jevil\u{202e}".into();
    stage.look(round, 2_000);
    let text = stage.text();
    assert!(text.contains("·[2Jevil·") && !text.contains('\u{1b}'));
    let figures = stage.app.latest.clone();
    let summary = summary(&figures, true, stage.app.texts(), stage.app.now_ms);
    assert!(!summary.contains('\u{1b}'));
}

#[test]
fn the_summary() {
    let stage = Stage::of_a_shop();
    let summary = |is_all| summary(&stage.app.latest, is_all, stage.app.texts(), NOW_MS);
    assert_snapshot!("summary", summary(false));
    assert_snapshot!("summary_of_all", summary(true));
}
