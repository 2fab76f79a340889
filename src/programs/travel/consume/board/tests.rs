//! The board at the sizes that people have.

use insta::assert_snapshot;

use super::app::{App, Row};
use super::history::History;
use super::view;
use crate::doors::screen::{Effect, Glyphs, Input, Key, Rendered, Theme, rendered};
use crate::logic::travel::{Counts, Last, Place, Spot};
use crate::programs::travel::show::{Line, LineKind};
use crate::words::travel::{Etat, Refusal, Verdict};

/// 2026-11-21 09:41:00 UTC.
const NOW_MS: i64 = 1_795_254_060_000;

fn row(id: &str, place: Place, age_s: i64, verdict: Verdict, etat: Etat) -> Row {
    let spot = Spot { partition: 0, offset: 7, time_ms: Some(NOW_MS - age_s * 1_000) };
    Row {
        id: id.to_owned(),
        place: Some(place),
        delays: 0,
        is_late: false,
        refused: 0,
        last: Some(Last { etat: Some(etat), verdict, spot }),
        is_split: false,
        is_incomplete: false,
    }
}

fn rows() -> Vec<Row> {
    let early = Verdict::Refused(Refusal::OutOfOrder);
    let mut all: Vec<Row> = (10..40)
        .map(|number| {
            let place = Place::ALL[number % Place::ALL.len()];
            row(&format!("DV-2025-{number:03}"), place, 60 * number as i64, Verdict::Accepted, place.event())
        })
        .collect();
    all.push(Row {
        delays: 2,
        is_late: true,
        ..row("DV-2025-003", Place::Planifiee, 3, Verdict::Accepted, Etat::Retard)
    });
    all.push(Row { refused: 1, ..row("DV-2025-004", Place::Validee, 7, early, Etat::Depart) });
    all.push(Row {
        is_split: true,
        is_incomplete: true,
        ..row("DV-2025-005", Place::Depart, 11, Verdict::Duplicate, Etat::Depart)
    });
    all.push(Row {
        place: None,
        last: None,
        refused: 3,
        ..row("\u{1b}[2Jevil\u{202e}", Place::Creation, 0, early, Etat::Depart)
    });
    all
}

fn app() -> App {
    let mut app = App::new("demande-voyage".to_owned(), true);
    app.tick(NOW_MS);
    app.set(Some(rows()), Counts { accepted: 110, duplicate: 4, refused: 1, unreadable: 3 }, None);
    app
}

fn frame(app: &mut App, width: u16, height: u16) -> Rendered {
    rendered(width, height, Theme::Dark, Glyphs::Unicode, |canvas| view::draw(canvas, app))
}

fn press(app: &mut App, key: Key) -> Effect {
    frame(app, 80, 24);
    app.on_input(Input::Key(key))
}

#[test]
fn a_small_terminal() {
    assert_snapshot!(frame(&mut app(), 80, 24).text);
}

#[test]
fn a_large_terminal() {
    let mut app = app();
    app.warnings = vec!["demande-voyage: it keeps records for 7 days only".to_owned(), "mend it".to_owned()];
    assert_snapshot!(frame(&mut app, 160, 50).text);
}

#[test]
fn the_help_and_a_history() {
    let mut app = app();
    press(&mut app, Key::Char('?'));
    assert_snapshot!("help", frame(&mut app, 80, 24).text);
    press(&mut app, Key::Esc);
    app.open(History::known(
        "DV-2025-003",
        vec![line(LineKind::Accepted, "1 ✓ accepted   CREATION"), line(LineKind::Refused, "2 ✗ refused    DEPART")],
    ));
    assert_snapshot!("history", frame(&mut app, 80, 12).text);
}

fn line(kind: LineKind, text: &str) -> Line {
    Line { kind, text: text.to_owned() }
}

#[test]
fn a_history_is_coloured_by_what_happened_and_not_by_what_somebody_wrote() {
    let styled = |kind: LineKind, text: &str| {
        let mut app = app();
        app.open(History::known("DV-1", vec![line(kind, text)]));
        let styled = frame(&mut app, 80, 8).styled;
        let row = styled.lines().nth(2).expect("the first line").to_owned();
        row.replace(text, "")
    };
    for kind in [LineKind::Accepted, LineKind::Duplicate, LineKind::Refused, LineKind::Beside, LineKind::State] {
        let plain = styled(kind, "a text");
        for text in ["a ✓ text", "a ✗ text", "a = text"] {
            assert_eq!(styled(kind, text), plain, "{kind:?} {text}");
        }
    }
    assert_ne!(styled(LineKind::Refused, "a text"), styled(LineKind::Beside, "a text"));
}

#[test]
fn an_age_beyond_the_calendar_is_shown_like_another() {
    for time_ms in [i64::MIN, -1, 0, NOW_MS + 5_000, i64::MAX] {
        let mut app = app();
        let mut row = row("DV-1", Place::Creation, 0, Verdict::Accepted, Etat::Creation);
        row.last = row.last.map(|last| Last { spot: Spot { time_ms: Some(time_ms), ..last.spot }, ..last });
        app.set(Some(vec![row]), Counts::default(), None);
        assert!(frame(&mut app, 80, 24).text.contains("DV-1"));
    }
}

#[test]
fn any_size_is_enough_and_nothing_foreign_gets_through() {
    for (width, height) in [(1, 1), (1, 50), (200, 1), (39, 9), (40, 8), (60, 14), (300, 100)] {
        for key in [None, Some(Key::Char('?'))] {
            let mut app = app();
            key.map(|key| app.on_input(Input::Key(key)));
            let text = frame(&mut app, width, height).text;
            assert_eq!(text.lines().count(), usize::from(height), "{width}x{height}");
            assert!(!text.contains(['\u{1b}', '\u{202e}']));
        }
    }
    let mut app = app();
    assert!(rendered(80, 24, Theme::Dark, Glyphs::Ascii, |canvas| view::draw(canvas, &mut app)).text.is_ascii());
}

#[test]
fn what_is_selected_stays_selected_and_opens() {
    let mut app = app();
    press(&mut app, Key::Enter);
    assert_eq!(app.wanted.as_deref(), Some("DV-2025-003"));
    press(&mut app, Key::Down);
    assert_eq!(app.selected_id(), Some("DV-2025-004"));
    for key in ['s', 's', 'r', 's'] {
        press(&mut app, Key::Char(key));
        assert_eq!(app.selected_id(), Some("DV-2025-004"), "after {key}");
    }
    for key in ['/', '0', '1', '7'] {
        press(&mut app, Key::Char(key));
    }
    press(&mut app, Key::Enter);
    assert_eq!(app.selected_id(), Some("DV-2025-017"));
    assert_eq!(press(&mut app, Key::Char('y')), Effect::Copy("DV-2025-017".to_owned()));
    let mut app = self::app();
    frame(&mut app, 80, 24);
    let y = app.list_y + 2;
    app.on_input(Input::Click { x: 3, y });
    assert_eq!(app.selected_id(), Some("DV-2025-005"));
    app.on_input(Input::DoubleClick { x: 3, y });
    assert_eq!(app.wanted.as_deref(), Some("DV-2025-005"));
    assert_eq!(press(&mut app, Key::Char('q')), Effect::Quit);
}

#[test]
fn frozen_rows_stand_still_and_say_how_much_came() {
    let mut app = app();
    press(&mut app, Key::Char('f'));
    app.set(None, Counts { accepted: 120, duplicate: 4, refused: 1, unreadable: 3 }, None);
    assert!(frame(&mut app, 80, 24).text.contains("PAUSED +10 new"));
    app.lost = Some("connection refused".to_owned());
    assert!(frame(&mut app, 80, 24).text.contains("NO KAFKA ▌ connection refused"));
    app.lost = None;
    press(&mut app, Key::Char(' '));
    app.set(Some(Vec::new()), Counts::default(), Some((1, 4)));
    assert!(frame(&mut app, 80, 24).text.contains("READING 25 %"));
}
