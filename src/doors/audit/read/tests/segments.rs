//! Which number the lines of the newest segment have when a segment before it is missing, and what an index is worth.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{Story, hundred, read, seal};
use crate::doors::audit::read::{Plan, TrailReader, Wanted};
use crate::tools::shutdown::Shutdown;
use crate::words::seal::{SealedPosition, SealedSegment, SegmentEntry};

fn entry(first_line: u64, lines: u64, bytes: u64) -> Vec<u8> {
    let (frontier, positions) = (Vec::new(), BTreeMap::new());
    let (valid, invalid, gaps, started_ms, closed_ms) = (0, 0, 0, 0, 0);
    #[rustfmt::skip]
    let entry = SegmentEntry {
        first_line, lines, bytes, frontier, positions, valid, invalid, gaps, started_ms, closed_ms,
    };
    entry.to_line()
}

/// A hundred lines in three segments: 1, 31 and the newest, which begins with line 61.
fn in_segments(dir: &Path) -> Story {
    let story = hundred(dir);
    story.write(dir, &[30, 60], &[], true);
    fs::remove_file(dir.join("tracker.events.51")).ok();
    let bytes = |lines: &[Vec<u8>]| lines.concat().len() as u64;
    let entries = [entry(1, 30, bytes(&story.lines[..30])), entry(31, 30, bytes(&story.lines[30..60]))];
    fs::write(dir.join("tracker.events.segments"), entries.concat()).expect("written");
    story
}

/// The seal says that the newest segment begins with this line.
fn seal_newest(dir: &Path, first_line: u64) {
    let segment = SealedSegment { first_line, bytes: 0, started_ms: 0 };
    let seal = crate::words::seal::Seal { segment, ..seal(95, 0) };
    fs::write(dir.join("tracker.events.seal"), seal.to_bytes()).expect("written");
}

/// The first and the last number, and where they jump.
fn numbers(dir: &Path) -> (Option<u64>, Option<u64>, Vec<(u64, u64)>) {
    let reader = TrailReader::open(dir).expect("a trail");
    let (lines, end) = read(&reader, &reader.everything(), 4096);
    (lines.first().map(|line| line.0), lines.last().map(|line| line.0), end.jumps)
}

#[test]
fn without_the_last_rotated_segment_the_newest_keeps_its_numbers_and_the_hole_is_told() {
    let dir = tempfile::tempdir().expect("a folder");
    in_segments(dir.path());
    seal_newest(dir.path(), 61);
    assert_eq!(numbers(dir.path()), (Some(1), Some(100), vec![]), "all are here");
    fs::remove_file(dir.path().join("tracker.events.31")).expect("there");
    assert_eq!(numbers(dir.path()), (Some(1), Some(100), vec![(31, 61)]));
    fs::remove_file(dir.path().join("tracker.events.seal")).expect("there");
    assert_eq!(numbers(dir.path()), (Some(1), Some(100), vec![(31, 61)]), "without a seal as well");
}

#[test]
fn a_segment_that_was_closed_and_not_renamed_is_still_the_newest() {
    let dir = tempfile::tempdir().expect("a folder");
    in_segments(dir.path());
    seal_newest(dir.path(), 31);
    fs::rename(dir.path().join("tracker.events.31"), dir.path().join("tracker.events")).expect("renamed");
    assert_eq!(numbers(dir.path()), (Some(1), Some(60), vec![]));
}

#[test]
fn the_archived_part_is_told_by_the_segment_at_whose_end_the_lines_begin() {
    let dir = tempfile::tempdir().expect("a folder");
    in_segments(dir.path());
    let archived = || TrailReader::open(dir.path()).expect("a trail").archived().map(|entry| entry.first_line);
    assert_eq!(archived(), None);
    fs::remove_file(dir.path().join("tracker.events.1")).expect("there");
    assert_eq!(archived(), Some(1));
}

#[test]
fn a_range_of_offsets_is_found_by_an_index_only_without_a_hole() {
    let dir = tempfile::tempdir().expect("a folder");
    hundred(dir.path());
    let plan = |end: i64| {
        let reader = TrailReader::open(dir.path()).expect("a trail");
        let wanted = Wanted { partition: Some(0), offsets: Some(33..end), ..Wanted::default() };
        Plan::checked(&reader, &wanted, &Shutdown::new()).expect("readable")
    };
    assert!(plan(37).by_index, "a sound index narrows");
    assert!(!plan(1_000).by_index, "nothing says that the trail ends before");
    let position = SealedPosition { next: 100, leader_epoch: None, without_line: false };
    let seal = crate::words::seal::Seal { positions: BTreeMap::from([(0, position)]), ..seal(100, 0) };
    fs::write(dir.path().join("tracker.events.seal"), seal.to_bytes()).expect("written");
    assert!(plan(1_000).by_index, "the seal says so");
    let index = dir.path().join("tracker.events.index");
    let sound = fs::read_to_string(&index).expect("there");
    let hidden = sound.replace("\"next\":{\"0\":40}", "\"next\":{\"0\":30}");
    assert_ne!(hidden, sound);
    fs::write(&index, hidden).expect("written");
    assert!(!plan(37).by_index, "an entry hides lines 31 to 40");
}
