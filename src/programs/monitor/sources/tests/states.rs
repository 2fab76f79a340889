//! What is told of files that come, go, and end in the middle of a line.

use std::fs;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::super::{Looked, SourceOptions, Sources};
use super::disk::{Disk, START_MS, log_line};
use crate::logic::monitor::{BucketSize, FileState, ProcessState, Tally};

const MUCH: u64 = 1 << 30;

fn open(disk: &Disk) -> Sources {
    Sources::open(SourceOptions { events: disk.events(), log: disk.log() }, START_MS)
}

#[test]
fn files_that_are_not_there_are_waited_for() {
    let mut disk = Disk::new();
    let folder = disk.path("later");
    let events = folder.join("tracker.events");
    let mut sources =
        Sources::open(SourceOptions { events: events.clone(), log: folder.join("tracker.log") }, START_MS);
    sources.look(START_MS, MUCH);
    assert_eq!(sources.model().figures(START_MS).events_file, FileState::Missing);
    assert!(!sources.look(START_MS, MUCH).figures_changed, "nothing has happened");
    fs::create_dir(&folder).unwrap();
    let line = disk.message(true, "{}");
    disk.append(&events, &line);
    let looked = sources.look(START_MS, MUCH);
    assert!(looked.figures_changed && looked.events_grew);
    let state = FileState::Readable { bytes: line.len() as u64 };
    assert_eq!(sources.model().figures(START_MS).events_file, state);
    assert_eq!(sources.model().totals().tally.valid, 1);
}

#[test]
fn figures_stay_when_the_trail_is_taken_away() {
    let mut disk = Disk::new();
    let line = disk.message(true, "{}");
    disk.append(&disk.events(), &line);
    let mut sources = open(&disk);
    sources.look(START_MS, MUCH);
    fs::remove_file(disk.events()).unwrap();
    let looked = sources.look(START_MS + 500, MUCH);
    assert!(looked.figures_changed && !looked.rebuilt);
    assert_eq!(sources.model().totals().tally.valid, 1);
    let gone = FileState::Gone { since_ms: START_MS + 500 };
    assert_eq!(sources.model().figures(START_MS).events_file, gone);
    let other = [disk.message(false, "x"), disk.message(false, "x")].concat();
    disk.append(&disk.events(), &other);
    assert!(sources.look(START_MS + 1_000, MUCH).rebuilt);
    assert_eq!(sources.model().totals().tally, Tally { invalid: 2, ..Tally::default() });
}

#[test]
fn a_folder_in_its_place_is_told_with_the_reason() {
    let disk = Disk::new();
    fs::create_dir(disk.events()).unwrap();
    fs::write(disk.path("plain"), "").unwrap();
    let log = disk.path("plain").join("tracker.log");
    let mut sources = Sources::open(SourceOptions { events: disk.events(), log }, START_MS);
    sources.look(START_MS, MUCH);
    let figures = sources.model().figures(START_MS);
    assert_eq!(figures.events_file, FileState::Unreadable { reason: "it is not a regular file".to_owned() });
    let is_told = matches!(&figures.log_file, FileState::Unreadable { reason } if reason.contains("Not a directory"));
    assert!(is_told, "{:?}", figures.log_file);
}

#[test]
fn only_messages_that_come_later_are_new() {
    let mut disk = Disk::new();
    let lines: Vec<Vec<u8>> = (0..5).map(|_| disk.message(true, "{}")).collect();
    disk.append(&disk.events(), &lines[..3].concat());
    let mut sources = open(&disk);
    assert_eq!(sources.look(START_MS, MUCH).new_messages, 0);
    disk.append(&disk.events(), &lines[3..].concat());
    let looked = sources.look(START_MS, MUCH);
    let wanted = Looked { events_grew: true, figures_changed: true, new_messages: 2, ..Looked::default() };
    assert_eq!(looked, wanted);
    assert_eq!(sources.look(START_MS, MUCH), Looked::default());
    let others = [disk.gap(), b"garbage\n".to_vec(), disk.message(false, "x")].concat();
    disk.append(&disk.events(), &others);
    assert_eq!(sources.look(START_MS, MUCH).new_messages, 1, "a gap and garbage are no messages");
    // What was cut is taken back, and nothing of it is new.
    disk.truncate(&disk.events(), lines[0].len() as u64 + 5);
    let looked = sources.look(START_MS, MUCH);
    assert!(looked.rebuilt && looked.new_messages == 0);
    assert_eq!(sources.model().totals().tally.valid, 1);
}

#[test]
fn a_torn_line_is_told_with_how_long_it_waits_and_counts_once_it_is_whole() {
    let mut disk = Disk::new();
    let (first, second) = (disk.message(true, "{}"), disk.message(true, "{}"));
    disk.append(&disk.events(), &first);
    disk.append(&disk.events(), &second[..40]);
    let mut sources = open(&disk);
    sources.look(START_MS, MUCH);
    assert_eq!(sources.model().totals().tally, Tally { valid: 1, ..Tally::default() });
    // It counts as unreadable once it has waited for seconds.
    let unreadable = |sources: &Sources, at: i64| sources.model().figures(at).counts.unwrap().unreadable.count;
    sources.look(START_MS + 60_000, MUCH);
    assert_eq!(unreadable(&sources, START_MS + 60_000), 1);
    disk.append(&disk.events(), &second[40..50]);
    sources.look(START_MS + 60_000, MUCH);
    assert_eq!(unreadable(&sources, START_MS + 60_000), 0, "it grows");
    disk.append(&disk.events(), &second[50..]);
    sources.look(START_MS + 61_000, MUCH);
    assert_eq!(unreadable(&sources, START_MS + 90_000), 0);
    assert_eq!(sources.model().totals().tally, Tally { valid: 2, ..Tally::default() });
}

#[test]
fn a_rotation_tells_the_number_of_the_next_line() {
    let mut disk = Disk::new();
    let line = [disk.message(true, "{}"), disk.gap()].concat();
    disk.append(&disk.events(), &line);
    let mut sources = open(&disk);
    sources.look(START_MS, MUCH);
    let (late, next) = (disk.message(true, "{}"), disk.message(true, "{}"));
    disk.append(&disk.events(), &late);
    disk.rotate();
    disk.append(&disk.events(), &next);
    let looked = sources.look(START_MS, MUCH);
    assert!(!looked.rebuilt && looked.new_messages == 2);
    let rotation = sources.model().figures(START_MS).rotation.unwrap();
    assert_eq!((rotation.at_ms, rotation.first_line), (START_MS, Some(4)));
    assert_eq!(sources.model().totals().tally, Tally { valid: 3, gaps: 1, gap_offsets: 3, ..Tally::default() });
}

#[test]
fn a_log_made_anew_is_heard_anew() {
    let disk = Disk::new();
    disk.append(&disk.log(), &log_line("tracker.started", "INFO", r#"{"pid":41}"#));
    let mut sources = open(&disk);
    sources.look(START_MS, MUCH);
    fs::rename(disk.log(), disk.path("old")).unwrap();
    disk.append(&disk.log(), &log_line("tracker.started", "INFO", r#"{"pid":42}"#));
    assert!(sources.look(START_MS, MUCH).rebuilt);
    let figures = sources.model().figures(START_MS);
    assert_eq!((figures.tracker.pid, figures.log.unwrap().lines), (Some(42), 1));
}

#[test]
fn tracker_pid_says_whether_the_process_lives() {
    let disk = Disk::new();
    let mut sources = open(&disk);
    let mut process = |text: &str, second: i64| {
        fs::write(disk.path("tracker.pid"), text).unwrap();
        sources.look(START_MS + second * 1_000, MUCH);
        sources.model().figures(START_MS).tracker.process
    };
    let pid = std::process::id();
    assert_eq!(process(&format!("{pid}\n"), 0), ProcessState::Running { pid });
    // No system gives such a number.
    assert_eq!(process("4294967295\n", 1), ProcessState::NotRunning { pid: u32::MAX });
    assert_eq!(process("none\n", 2), ProcessState::Unknown);
}

#[test]
fn pipes_in_the_place_of_all_files_are_never_waited_for() {
    let mut disk = Disk::new();
    let line = disk.message(true, "{}");
    disk.append(&disk.path("tracker.events.1"), &line);
    let names = ["tracker.pid", "tracker.log"].into_iter().chain(["tracker.events"]);
    let beside = ["tracker.events.seal", "tracker.events.checkpoints", "tracker.events.pub", "tracker.events.2"];
    for name in names.chain(beside) {
        mknodat(CWD, disk.path(name), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    }
    let mut sources = open(&disk);
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let second = |at: i64| START_MS + at * 1_000;
        for at in 0..10 {
            sources.look(second(at), MUCH);
        }
        sender.send(Box::new(sources))
    });
    let sources = receiver.recv_timeout(Duration::from_secs(20)).unwrap();
    let figures = sources.model().figures(START_MS);
    for state in [figures.events_file, figures.log_file] {
        assert!(matches!(&state, FileState::Unreadable { .. }), "{state:?}");
    }
    assert_eq!(figures.tracker.process, ProcessState::Unknown);
}

#[test]
fn garbage_of_any_kind_is_counted_and_never_fatal() {
    let mut disk = Disk::new();
    let good = disk.message(true, "{}");
    let binary: Vec<u8> = (0..=255_u8).cycle().take(100_000).collect();
    let long = [vec![b'['; 1_000_000], b"\n".to_vec()].concat();
    let nearly = [good.get(..good.len() / 2).unwrap(), b"\n"].concat();
    disk.append(&disk.events(), &[binary.as_slice(), b"\n", &long, &nearly, &good, b"\n"].concat());
    disk.append(&disk.log(), &[binary.as_slice(), b"\n{}\n", &log_line("broker.lost", "WARN", "{}")].concat());
    let mut sources = open(&disk);
    while sources.look(START_MS, 10_000).is_busy {}
    let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
    let unreadable = lines(&binary) + 3;
    assert_eq!(sources.model().totals().tally, Tally { valid: 1, unreadable, ..Tally::default() });
    let log = sources.model().log_tally();
    assert_eq!((log.lines, log.unreadable), (1, lines(&binary) + 1));
}

#[test]
fn empty_files_are_files_without_a_line() {
    let mut disk = Disk::new();
    fs::write(disk.events(), "").unwrap();
    fs::write(disk.log(), "").unwrap();
    let mut sources = open(&disk);
    let looked = sources.look(START_MS, MUCH);
    assert!(looked.figures_changed && !looked.is_busy && !looked.rebuilt);
    assert!(sources.model().totals().is_exact);
    assert_eq!(sources.model().totals().tally, Tally::default());
    let line = disk.message(true, "{}");
    disk.append(&disk.events(), &line);
    assert_eq!(sources.look(START_MS, MUCH).new_messages, 1);
}

#[test]
fn a_cut_of_megabytes_takes_back_exactly_its_lines_and_fills_the_plots_again() {
    let mut disk = Disk::new();
    let payload = "x".repeat(2_000);
    let lines: Vec<Vec<u8>> = (0..3_000).map(|_| disk.message(true, &payload)).collect();
    disk.append(&disk.events(), &lines.concat());
    let mut sources = open(&disk);
    while sources.look(disk.now_ms(), 1 << 20).is_busy {}
    assert_eq!(sources.model().totals().tally.valid, 3_000);
    for left in [2_999_usize, 2_000, 1_999, 3] {
        let bytes: usize = lines.iter().take(left).map(Vec::len).sum();
        disk.truncate(&disk.events(), bytes as u64 + 1);
        assert!(sources.look(disk.now_ms(), 1 << 20).rebuilt);
        while sources.look(disk.now_ms(), 1 << 20).is_busy {}
        assert_eq!(sources.model().totals().tally.valid, left as u64);
        let newest_ms = START_MS + (left as i64 - 1) * 250;
        let plot = sources.model().plot(900, BucketSize::Second, newest_ms + 1_000);
        let received: u64 = plot.columns.iter().map(|column| u64::from(column.received)).sum();
        let in_seconds = |ms: i64| ms.div_euclid(1_000);
        let wanted = (0..left as i64).filter(|line| in_seconds(START_MS + line * 250) < in_seconds(newest_ms + 1_000));
        assert_eq!(received, wanted.count() as u64, "{left}");
    }
}
