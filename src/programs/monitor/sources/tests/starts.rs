//! The first figures: with a seal at once, without one counted in the background.

use std::fs;

use super::super::{Pieces, SourceOptions, Sources};
use super::disk::{Disk, START_MS, log_line};
use crate::logic::monitor::{Alive, Tally};

const MUCH: u64 = 1 << 30;

fn open(disk: &Disk, pieces: Pieces) -> Sources {
    Sources::with_pieces(SourceOptions { events: disk.events(), log: disk.log() }, pieces, START_MS)
}

/// Nothing but a byte before the end is read at once.
fn tiny() -> Pieces {
    Pieces { small_bytes: 0, log_bytes: 1_000, fill_bytes: MUCH, mark_bytes: 1_000 }
}

fn valid_lines(disk: &mut Disk, lines: usize) -> u64 {
    for _ in 0..lines {
        let line = disk.message(true, "{}");
        disk.append(&disk.events(), &line);
    }
    disk.length(&disk.events()).unwrap()
}

fn settle(sources: &mut Sources) {
    while sources.look(START_MS + 3_600_000, MUCH).is_busy {}
}

#[test]
fn a_seal_tells_the_totals_at_the_first_look_and_archived_lines_stay_counted() {
    let mut disk = Disk::new();
    for _ in 0..3 {
        valid_lines(&mut disk, 40);
        disk.rotate();
    }
    let bad = disk.message(false, "x");
    valid_lines(&mut disk, 5);
    disk.append(&disk.events(), &bad);
    assert!(disk.seal());
    valid_lines(&mut disk, 2);
    // Two of three were archived, so that only the seal knows of them.
    fs::remove_file(disk.path("tracker.events.1")).unwrap();
    fs::remove_file(disk.path("tracker.events.41")).unwrap();

    let mut sources = open(&disk, tiny());
    sources.look(START_MS, 1_000);
    let totals = sources.model().totals();
    assert!(totals.is_exact && totals.is_gap_offsets_exact);
    assert_eq!(totals.tally, Tally { valid: 127, invalid: 1, ..Tally::default() });
    assert_eq!(sources.events().segments().first().unwrap().first_line, Some(81));
}

#[test]
fn a_seal_holds_although_its_segment_was_rotated_since() {
    let mut disk = Disk::new();
    valid_lines(&mut disk, 10);
    assert!(disk.seal());
    valid_lines(&mut disk, 3);
    disk.rotate();
    valid_lines(&mut disk, 4);
    let mut sources = open(&disk, tiny());
    sources.look(START_MS, MUCH);
    assert_eq!(sources.model().totals().tally, Tally { valid: 17, ..Tally::default() });
    assert!(sources.model().totals().is_exact);
}

#[test]
fn a_seal_that_does_not_fit_is_not_believed() {
    let damages: [fn(&Disk); 4] = [
        |disk| disk.truncate(&disk.path("tracker.events.seal"), 100),
        |disk| {
            let seal = fs::read_to_string(disk.path("tracker.events.seal")).unwrap();
            fs::write(disk.path("tracker.events.seal"), seal.replace("\"version\":2", "\"version\":3")).unwrap();
        },
        |disk| {
            let seal = fs::read_to_string(disk.path("tracker.events.seal")).unwrap();
            fs::write(disk.path("tracker.events.seal"), seal.replace("\"valid\":30", "\"valid\":29")).unwrap();
        },
        // The seal of other lines, of which there were as many.
        |disk| {
            let lines = fs::read_to_string(disk.events()).unwrap();
            fs::write(disk.events(), lines.replace("client01", "client02")).unwrap();
        },
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        let mut disk = Disk::new();
        valid_lines(&mut disk, 30);
        assert!(disk.seal());
        let mut sealed = open(&disk, tiny());
        sealed.look(START_MS, 1);
        assert!(sealed.model().totals().is_exact, "{number}");

        damage(&disk);
        let mut sources = open(&disk, tiny());
        sources.look(START_MS, 1);
        assert!(!sources.model().totals().is_exact, "{number}");
        settle(&mut sources);
        assert_eq!(sources.model().totals().tally.valid, 30, "{number}");
        assert!(sources.model().totals().is_exact, "{number}");
    }
}

#[test]
fn without_a_seal_the_end_is_known_first_and_what_comes_meanwhile_counts_once() {
    let mut disk = Disk::new();
    valid_lines(&mut disk, 200);
    let mut sources = open(&disk, tiny());
    let mut percents = Vec::new();
    let mut looks = 0;
    while sources.look(START_MS + 3_600_000, 3_000).is_busy {
        looks += 1;
        let totals = sources.model().totals();
        assert!(!totals.is_exact && totals.tally.valid <= 200 + looks, "{totals:?}");
        percents.push(totals.percent.unwrap());
        if looks == 1 {
            // The newest line is known long before all are counted.
            assert!(sources.model().figures(disk.now_ms()).last_message_age_ms.is_some());
        }
        if looks <= 5 {
            valid_lines(&mut disk, 1);
        }
    }
    assert!(percents.is_sorted() && percents.len() > 10 && percents.last() < Some(&100), "{percents:?}");
    assert!(sources.model().totals().is_exact);
    assert_eq!(sources.model().totals().tally.valid, 205);
}

#[test]
fn the_end_of_the_log_is_heard_at_once_and_the_rest_is_counted() {
    let disk = Disk::new();
    for _ in 0..100 {
        disk.append(&disk.log(), &log_line("message.invalid", "ERROR", "{}"));
    }
    disk.append(&disk.log(), &log_line("tracker.started", "INFO", r#"{"version":"9.9","pid":41}"#));
    let mut sources = open(&disk, tiny());
    let looked = sources.look(START_MS, 1);
    assert!(looked.is_busy && looked.log_grew);
    let figures = sources.model().figures(START_MS);
    assert_eq!((figures.tracker.alive, figures.tracker.pid), (Alive::Running, Some(41)));
    assert!(figures.log.unwrap().lines < 100);
    settle(&mut sources);
    assert_eq!(sources.model().log_tally().lines, 101);
    assert_eq!(sources.model().log_tally().errors, 100);
}

#[test]
fn a_look_reads_about_its_budget() {
    let mut disk = Disk::new();
    valid_lines(&mut disk, 3_000);
    let mut sources = open(&disk, Pieces::default());
    let looked = sources.look(START_MS, 100_000);
    let counted = sources.model().totals().tally.valid;
    assert!(looked.is_busy && (100..600).contains(&counted), "{counted}");
}
