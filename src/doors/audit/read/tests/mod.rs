//! Whatever the folder holds, and whatever its index says, each line is found, once, with its number.

mod damaged;
#[cfg(target_os = "linux")]
mod past_memory;
mod segments;

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use proptest::prelude::*;
use serde_json::json;

use super::scan::Reading;
use super::*;
use crate::base::message::{Headers, Message, MessageTime};
use crate::base::tree::{Tree, leaf_hash};
use crate::tools::shutdown::Shutdown;
use crate::words::record::{Gap, GapKind, LineHead, Received, Verdict, write_gap, write_message};
use crate::words::seal::{Seal, SealedSegment, SegmentEntry, Tail};

const FIRST_MS: i64 = 1_789_034_400_000;

fn timestamp(line: usize) -> String {
    let time = jiff::Timestamp::from_millisecond(FIRST_MS + line as i64 * 1_000).expect("in range");
    format!("{time:.3}")
}

fn message_line(number: usize, partition: i32, offset: i64, gap_before: i64, length: usize) -> Vec<u8> {
    let payload = "x".repeat(length);
    let message = Message {
        partition,
        offset,
        time: MessageTime::Create(1),
        key: None,
        payload: Some(payload.as_bytes()),
        headers: Headers::default(),
        leader_epoch: None,
    };
    let (timestamp, text) = (timestamp(number), Some(payload.as_str()));
    let received = Received { timestamp: &timestamp, topic: "orders", message: &message, text, gap_before };
    let mut line = Vec::new();
    write_message(&mut line, &received, &Verdict::Accepted);
    line
}

/// What one line of a made-up trail tells.
#[derive(Clone, Debug)]
enum Step {
    Message {
        partition: i32,
        gap_before: i64,
        length: usize,
    },
    /// The partition goes on at this offset, whether higher or lower.
    Gap {
        partition: i32,
        to: i64,
    },
}

/// Lines, and the state before each: next offsets and number of gaps.
struct Story {
    lines: Vec<Vec<u8>>,
    before: Vec<(BTreeMap<i32, i64>, u64)>,
}

fn story(steps: &[Step]) -> Story {
    let mut story = Story { lines: Vec::new(), before: Vec::new() };
    let (mut next, mut gaps) = (BTreeMap::<i32, i64>::new(), 0);
    for (number, step) in steps.iter().enumerate() {
        story.before.push((next.clone(), gaps));
        match *step {
            Step::Message { partition, gap_before, length } => {
                let offset = next.get(&partition).copied().unwrap_or(0) + gap_before;
                story.lines.push(message_line(number, partition, offset, gap_before, length));
                next.insert(partition, offset + 1);
            }
            Step::Gap { partition, to } => {
                let from = next.get(&partition).copied().unwrap_or(0);
                let mut line = Vec::new();
                let gap = Gap::new(GapKind::Truncation, from, to);
                write_gap(&mut line, &timestamp(number), "orders", partition, &gap);
                story.lines.push(line);
                next.insert(partition, to);
                gaps += 1;
            }
        }
    }
    story
}

impl Story {
    /// Writes it into `dir`, with a rotation before each of the lines `rotations`, and an index entry
    /// for each of the lines `marks`, all counted from 0.
    fn write(&self, dir: &Path, rotations: &[usize], marks: &[usize], tells_gaps: bool) {
        let starts: Vec<usize> =
            std::iter::once(0).chain(rotations.iter().copied().filter(|&at| at > 0 && at < self.lines.len())).collect();
        let mut index = String::new();
        for (number, &start) in starts.iter().enumerate() {
            let end = starts.get(number + 1).copied().unwrap_or(self.lines.len());
            let is_newest = end == self.lines.len();
            let name = if is_newest { "tracker.events".to_owned() } else { format!("tracker.events.{}", start + 1) };
            fs::write(dir.join(name), self.lines[start..end].concat()).expect("written");
            for &mark in marks.iter().filter(|mark| (start..end).contains(mark)) {
                let byte: usize = self.lines[start..mark].iter().map(Vec::len).sum();
                let (next, gaps) = &self.before[mark];
                let time_ms = FIRST_MS + mark as i64 * 1_000;
                let mut entry =
                    json!({"line": mark, "segment": start + 1, "byte": byte, "time_ms": time_ms, "next": next});
                if tells_gaps {
                    entry["gaps"] = json!(gaps);
                }
                index.push_str(&format!("{entry}\n"));
            }
        }
        fs::write(dir.join("tracker.events.index"), index).expect("written");
    }

    /// Numbers of the lines that tell an offset.
    fn lines_of(&self, partition: i32, offset: i64) -> Vec<u64> {
        let tells = |line: &[u8]| {
            let head = LineHead::parse(line).expect("our own line");
            (head.kafka_partition, head.kafka_offset) == (partition, offset)
        };
        (1..).zip(&self.lines).filter(|(_, line)| tells(line)).map(|(number, _)| number).collect()
    }
}

/// The lines of `spans` with their numbers.
fn read(reader: &TrailReader, spans: &[Span], chunk_bytes: u64) -> (Vec<(u64, Vec<u8>)>, ScanEnd) {
    read_by(reader, spans, Reading { chunk_bytes, is_past_memory: false })
}

fn read_by(reader: &TrailReader, spans: &[Span], by: Reading) -> (Vec<(u64, Vec<u8>)>, ScanEnd) {
    let mut all = Vec::new();
    let work = |piece: Piece<'_>| piece.lines().map(|(_, line)| line.to_vec()).collect::<Vec<_>>();
    let end = reader.scan_by(by, spans, &Shutdown::new(), work, |taken| {
        all.extend((taken.first_line..).zip(taken.result));
        ControlFlow::Continue(())
    });
    (all, end.expect("readable"))
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let message = (0..3_i32, 0..3_i64, 0..200_usize).prop_map(|(partition, gap_before, length)| Step::Message {
        partition,
        gap_before,
        length,
    });
    let gap = (0..3_i32, 0..12_i64).prop_map(|(partition, to)| Step::Gap { partition, to });
    proptest::collection::vec(prop_oneof![9 => message, 1 => gap], 1..60)
}

/// Lines, rotations before some, index entries for some.
fn places() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::btree_set(0..60_usize, 0..12).prop_map(|set| set.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_line_comes_once_in_order_with_its_number(
        steps in steps(), rotations in places(), chunk_bytes in 1..700_u64, torn in 0..300_usize
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        let story = story(&steps);
        story.write(dir.path(), &rotations, &[], false);
        let newest = dir.path().join("tracker.events");
        let tail = message_line(0, 0, 0, 0, 500)[..torn].to_vec();
        let whole = fs::read(&newest).expect("there");
        fs::write(&newest, [whole.clone(), tail].concat()).expect("written");
        let reader = TrailReader::open(dir.path()).expect("a trail");
        let (lines, end) = read(&reader, &reader.everything(), chunk_bytes);
        let expected: Vec<(u64, Vec<u8>)> =
            (1..).zip(story.lines.iter().map(|line| line[..line.len() - 1].to_vec())).collect();
        prop_assert_eq!(lines, expected);
        prop_assert_eq!(end.jumps, vec![]);
        let expected = (torn > 0).then_some(Torn { path: newest, byte: whole.len() as u64, bytes: torn as u64 });
        prop_assert_eq!(end.torn, Vec::from_iter(expected));
        for number in [1, story.lines.len() as u64] {
            let line = reader.line(number).expect("readable").expect("there");
            prop_assert_eq!(&line, &story.lines[number as usize - 1][..line.len()]);
        }
        prop_assert_eq!(reader.line(story.lines.len() as u64 + 1).expect("readable"), None);
    }

    #[test]
    fn the_index_leads_to_every_line_that_tells_an_offset(
        steps in steps(), rotations in places(), marks in places(), tells_gaps: bool
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        let story = story(&steps);
        story.write(dir.path(), &rotations, &marks, tells_gaps);
        let reader = TrailReader::open(dir.path()).expect("a trail");
        for partition in 0..3 {
            for offset in 0..story.lines.len() as i64 {
                let offsets = Some(offset..offset + 1);
                let wanted = Wanted { partition: Some(partition), offsets, ..Wanted::default() };
                let plan = Plan::new(&reader, &wanted);
                prop_assert_eq!(plan.by_index, marks.iter().any(|&mark| mark < story.lines.len()));
                let (lines, end) = read(&reader, &plan.spans, 4096);
                prop_assert_eq!(end.jumps, vec![]);
                let found: Vec<u64> = lines
                    .iter()
                    .filter(|(_, line)| {
                        let head = LineHead::parse(line).expect("our own line");
                        (head.kafka_partition, head.kafka_offset) == (partition, offset)
                    })
                    .map(|(number, _)| *number)
                    .collect();
                prop_assert_eq!(found, story.lines_of(partition, offset));
            }
        }
    }

    #[test]
    fn the_index_leads_to_every_line_and_time(steps in steps(), rotations in places(), marks in places()) {
        let dir = tempfile::tempdir().expect("a folder");
        let story = story(&steps);
        story.write(dir.path(), &rotations, &marks, false);
        let reader = TrailReader::open(dir.path()).expect("a trail");
        for number in 1..=story.lines.len() as u64 {
            let time = FIRST_MS + (number as i64 - 1) * 1_000;
            for wanted in [
                Wanted { lines: Some(number..number + 1), ..Wanted::default() },
                Wanted { times_ms: Some(time..time + 1), ..Wanted::default() },
            ] {
                let (lines, _) = read(&reader, &Plan::new(&reader, &wanted).spans, 4096);
                let line = &story.lines[number as usize - 1];
                prop_assert!(lines.contains(&(number, line[..line.len() - 1].to_vec())));
            }
        }
    }
}

/// A hundred messages of one partition in two segments, and an index entry every ten lines.
fn hundred(dir: &Path) -> Story {
    let steps: Vec<Step> = (0..100).map(|_| Step::Message { partition: 0, gap_before: 0, length: 5 }).collect();
    let story = story(&steps);
    story.write(dir, &[50], &(0..100).step_by(10).collect::<Vec<_>>(), true);
    story
}

fn plan(dir: &Path) -> Plan {
    let reader = TrailReader::open(dir).expect("a trail");
    Plan::new(&reader, &Wanted { partition: Some(0), offsets: Some(33..34), ..Wanted::default() })
}

#[test]
fn lines_are_numbered_from_the_names_of_the_segments_and_what_is_missing_is_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let story = hundred(dir.path());
    let first = dir.path().join("tracker.events.1");
    let (frontier, positions) = (Vec::new(), BTreeMap::new());
    let (first_line, lines, bytes) = (1, 50, fs::metadata(&first).expect("there").len());
    let (valid, invalid, gaps, started_ms, closed_ms) = (0, 0, 0, 0, 0);
    #[rustfmt::skip]
    let segments = SegmentEntry {
        first_line, lines, bytes, frontier, positions, valid, invalid, gaps, started_ms, closed_ms,
    };
    let numbers = || {
        let reader = TrailReader::open(dir.path()).expect("a trail");
        let (lines, end) = read(&reader, &reader.everything(), 4096);
        (lines.first().map(|line| line.0), lines.last().map(|line| line.0), end.jumps)
    };
    assert_eq!(numbers(), (Some(1), Some(100), vec![]), "counted");
    fs::write(dir.path().join("tracker.events.segments"), [segments.to_line(), b"{\"first".to_vec()].concat())
        .expect("written");
    assert_eq!(numbers(), (Some(1), Some(100), vec![]), "told");
    fs::write(&first, story.lines[..40].concat()).expect("written");
    assert_eq!(numbers(), (Some(1), Some(90), vec![]), "it is not as it was closed, so it is counted");
    fs::rename(&first, dir.path().join("tracker.events.1000")).expect("renamed");
    fs::write(dir.path().join("tracker.events.900"), story.lines[..10].concat()).expect("written");
    assert_eq!(numbers(), (Some(900), Some(1_089), vec![(910, 1_000)]));
    fs::remove_file(dir.path().join("tracker.events.900")).expect("there");
    fs::remove_file(dir.path().join("tracker.events.1000")).expect("there");
    assert_eq!(numbers(), (Some(51), Some(100), vec![]), "all but the newest are archived");
    fs::remove_file(dir.path().join("tracker.events")).expect("there");
    let error = TrailReader::open(dir.path()).expect_err("nothing is left").to_string();
    assert!(error.starts_with("no trail in ") && error.contains("pass --dir"), "{error}");
}

#[test]
fn a_rotation_while_reading_takes_nothing_away() {
    let dir = tempfile::tempdir().expect("a folder");
    hundred(dir.path());
    let reader = TrailReader::open(dir.path()).expect("a trail");
    fs::rename(dir.path().join("tracker.events"), dir.path().join("tracker.events.51")).expect("renamed");
    fs::write(dir.path().join("tracker.events"), b"another\n").expect("written");
    assert_eq!(read(&reader, &reader.everything(), 4096).0.len(), 100);
    let after = TrailReader::open(dir.path()).expect("a trail");
    assert_eq!(read(&after, &after.everything(), 4096).0.len(), 101);
}

/// Everything that a follower has to say now.
fn said(follower: &mut Follower) -> (String, Vec<Followed>) {
    let (mut lines, mut words) = (Vec::new(), Vec::new());
    loop {
        match follower.look(&mut lines).expect("readable") {
            Followed::Nothing => return (String::from_utf8(lines).expect("text"), words),
            word => words.push(word),
        }
    }
}

#[test]
fn a_follower_goes_along_with_rotations_cuts_and_a_new_beginning() {
    let dir = tempfile::tempdir().expect("a folder");
    let newest = dir.path().join("tracker.events");
    fs::write(&newest, "old\nto").expect("written");
    let mut follower = Follower::at_end(dir.path()).expect("a trail");
    assert_eq!(said(&mut follower), (String::new(), vec![]));
    fs::write(&newest, "old\ntorn\nha").expect("written");
    assert_eq!(said(&mut follower).0, "torn\n");
    // Two rotations between two looks, with a line that was written just before the first.
    fs::write(&newest, "old\ntorn\nhalf\n").expect("written");
    fs::rename(&newest, dir.path().join("tracker.events.1")).expect("renamed");
    assert_eq!(said(&mut follower).0, "half\n", "between the renames");
    fs::write(dir.path().join("tracker.events.4"), "four\n").expect("written");
    fs::write(&newest, "five\n").expect("written");
    assert_eq!(said(&mut follower).0, "four\nfive\n");
    // A start cuts what was not sealed, and it comes again.
    fs::write(&newest, "").expect("written");
    assert_eq!(said(&mut follower), (String::new(), vec![Followed::Cut]));
    fs::write(&newest, "five again\n").expect("written");
    assert_eq!(said(&mut follower).0, "five again\n");
    fs::remove_file(&newest).expect("there");
    assert_eq!(said(&mut follower), (String::new(), vec![]));
    fs::write(&newest, "anew\n").expect("written");
    assert_eq!(said(&mut follower), ("anew\n".to_owned(), vec![Followed::NextFile, Followed::Lines]));
}

/// A seal of so many lines, of which some are gaps.
fn seal(lines: u64, gaps: u64) -> Seal {
    let mut tree = Tree::new();
    (0..lines).for_each(|line| tree.push(leaf_hash(&line.to_le_bytes())));
    Seal {
        version: Seal::VERSION,
        origin: "ordertrail/orders/0123456789abcdef".to_owned(),
        topic: "orders".to_owned(),
        cluster_id: None,
        topic_id: None,
        lines,
        valid: lines - gaps,
        invalid: 0,
        gaps,
        root: tree.root(),
        frontier: tree.frontier(),
        segment: SealedSegment { first_line: 51, bytes: 0, started_ms: 0 },
        tail: Tail { bytes: 0, sha256: [0; 32] },
        positions: BTreeMap::new(),
        rolled_back: BTreeMap::new(),
        sealed_ms: 0,
        clean: true,
        signature: "none".to_owned(),
    }
}

#[test]
fn without_a_count_of_gaps_the_index_narrows_only_where_the_seal_knows_of_none() {
    let dir = tempfile::tempdir().expect("a folder");
    let story = hundred(dir.path());
    story.write(dir.path(), &[50], &(0..100).step_by(10).collect::<Vec<_>>(), false);
    let lines = || plan(dir.path()).spans.iter().map(|span| span.first_line).collect::<Vec<_>>();
    assert_eq!(lines(), [1, 51, 91], "everything");
    let path = dir.path().join("tracker.events.seal");
    fs::write(&path, seal(95, 1).to_bytes()).expect("written");
    assert_eq!(lines(), [1, 51, 91], "there is a gap somewhere");
    fs::write(&path, seal(95, 0).to_bytes()).expect("written");
    assert_eq!(lines(), [31, 81, 91]);
    fs::write(&path, seal(60, 0).to_bytes()).expect("written");
    assert_eq!(lines(), [31, 61, 91], "what is not sealed is not known");
}
