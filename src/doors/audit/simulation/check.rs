//! What must hold of a trail in the end, found without any of the code that wrote it but the reader
//! of lines and the tree.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::paths::{checkpoints_path, seal_path, segment_path, segments_path, trail_path};
use super::Tally;
use super::broker::{Broker, Log};
use super::disk::SimulatedDisk;
use crate::base::tree::{Tree, leaf_hash};
use crate::logic::ledger::{Recovered, Replay, Verdict};
use crate::tools::durable::Disk as _;
use crate::words::record::{AuditLine, EventType, GapKind};
use crate::words::seal::{Checkpoint, HeldTo, Notes, PublishedCheckpoint, Seal, SegmentEntry, hold_to_published};

const FOLDER: &str = "/trail";

/// Everything that must hold.
pub(super) fn check(disk: &SimulatedDisk, broker: &Broker, signed: &[String], tally: &mut Tally) -> Result<(), String> {
    let (lines, segments) = lines(disk)?;
    tally.lines = lines.len();
    tally.segments = segments;
    let mut replay = Replay::new(super::node::TOPIC, Recovered::default());
    for (number, line) in lines.iter().enumerate() {
        if replay.line(line) != Verdict::Sound {
            let before = lines.iter().take(number).map(|line| String::from_utf8_lossy(line)).collect::<String>();
            return Err(format!(
                "line {} does not follow: {}after\n{before}",
                number + 1,
                String::from_utf8_lossy(line)
            ));
        }
    }
    let parsed: Result<Vec<AuditLine<'_>>, _> = lines.iter().map(|line| AuditLine::parse(line)).collect();
    let parsed = parsed.map_err(|error| error.to_string())?;
    tally.gaps = parsed.iter().filter(|line| line.audit.is_some()).count();
    once_and_true(&parsed, broker)
        .and_then(|()| complete(&parsed, broker))
        .and_then(|()| vouched(disk, &lines, &replay, signed))
        .map_err(|error| format!("{error}\n{}", story(&parsed, broker)))
}

/// What is in the trail and in the topic, for whoever looks for the reason.
fn story(lines: &[AuditLine<'_>], broker: &Broker) -> String {
    let mut story = String::new();
    for (number, line) in lines.iter().enumerate() {
        let AuditLine { kafka_partition: partition, kafka_offset: offset, gap_before, leader_epoch, .. } = line;
        story += &match &line.audit {
            Some(gap) => format!("{} {partition}@{offset} {gap:?}\n", number + 1),
            None => format!(
                "{} {partition}@{offset} +{gap_before} epoch {leader_epoch:?}: {}\n",
                number + 1,
                line.raw_message
            ),
        };
    }
    for (partition, log) in broker.logs.iter().enumerate() {
        let ids = log.records.iter().map(|record| record.map(|record| (record.id, record.leader_epoch)));
        story += &format!("partition {partition} from {}: {:?}\n", log.low, ids.collect::<Vec<_>>());
    }
    story
}

/// All lines over all segments.
fn lines(disk: &SimulatedDisk) -> Result<(Vec<Vec<u8>>, usize), String> {
    let read = |path: &Path| disk.read(path).map_err(|error| error.to_string());
    let mut bytes = Vec::new();
    let mut segments = 1;
    let entries = read(&segments_path(Path::new(FOLDER)))?.unwrap_or_default();
    for entry in entries.split_inclusive(|&byte| byte == b'\n') {
        let entry = SegmentEntry::parse(entry).map_err(|error| error.to_string())?;
        let closed = read(&segment_path(Path::new(FOLDER), entry.first_line))?.ok_or("a closed segment is missing")?;
        if closed.len() as u64 != entry.bytes {
            return Err(format!("segment {} has {} bytes, not {}", entry.first_line, closed.len(), entry.bytes));
        }
        bytes.extend(closed);
        segments += 1;
    }
    bytes.extend(read(&trail_path(Path::new(FOLDER)))?.ok_or("there is no trail")?);
    let lines: Vec<Vec<u8>> = bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    Ok((lines, segments))
}

fn number_of(incarnation: &str) -> usize {
    incarnation.rsplit('-').next().and_then(|number| number.parse().ok()).expect("as the broker names them")
}

/// No message is there twice, and each stands where the broker had it.
fn once_and_true(lines: &[AuditLine<'_>], broker: &Broker) -> Result<(), String> {
    let mut seen: HashMap<u64, usize> = HashMap::new();
    // Where the log of a partition was said to be cut: what comes again after that may stand twice.
    let mut cut: BTreeMap<i32, (usize, i64)> = BTreeMap::new();
    for (at, line) in lines.iter().enumerate() {
        if let Some(gap) = &line.audit {
            if gap.kind == GapKind::Truncation {
                cut.insert(line.kafka_partition, (at, gap.to));
            }
            continue;
        }
        let id: u64 = line.raw_message.parse().map_err(|_| "a message that nobody sent".to_owned())?;
        if let Some(before) = seen.insert(id, at) {
            let told =
                cut.get(&line.kafka_partition).is_some_and(|&(when, to)| when > before && to <= line.kafka_offset);
            if !told {
                return Err(format!("message {id} is in lines {} and {}", before + 1, at + 1));
            }
        }
    }
    // Where each stands: in the topic of now, or in one of before; a cut log has lost the proof.
    let mut places = HashMap::new();
    let mut any_cut = HashSet::new();
    for logs in broker.past.iter().chain([&broker.logs]) {
        for (partition, log) in logs.iter().enumerate() {
            let partition = i32::try_from(partition).expect("small");
            if log.was_cut {
                any_cut.insert(partition);
            }
            for (offset, record) in log.records.iter().enumerate() {
                if let Some(record) = record {
                    places.insert(record.id, (partition, i64::try_from(offset).expect("small")));
                }
            }
        }
    }
    for line in lines.iter().filter(|line| line.event_type == EventType::Received) {
        let id: u64 = line.raw_message.parse().expect("seen above");
        match places.get(&id) {
            Some(&place) if place == (line.kafka_partition, line.kafka_offset) => {}
            None if any_cut.contains(&line.kafka_partition) => {}
            found => return Err(format!("message {id} is told at the wrong place, it was at {found:?}")),
        }
    }
    Ok(())
}

/// What the topic holds now is there, after the line that tells of the topic, if there is one.
fn complete(lines: &[AuditLine<'_>], broker: &Broker) -> Result<(), String> {
    let begins = |line: &&AuditLine<'_>| {
        line.audit.as_ref().is_some_and(|gap| matches!(gap.kind, GapKind::TopicRecreated | GapKind::ClusterChanged))
    };
    let told = lines.iter().filter(begins).count();
    if told > broker.past.len() {
        return Err(format!("{told} topics made anew were told, and there were {}", broker.past.len()));
    }
    if let Some(last) = lines.iter().rfind(begins).and_then(|line| line.audit.as_ref()) {
        let new = last.new.as_deref().ok_or("a topic made anew has no name")?;
        let now = if last.kind == GapKind::TopicRecreated { broker.topic } else { broker.cluster };
        if number_of(new) > now as usize {
            return Err(format!("it tells of {new}, which there never was"));
        }
    }
    let ids: HashMap<u64, i64> = lines
        .iter()
        .filter(|line| line.audit.is_none())
        .map(|line| (line.raw_message.parse().expect("seen above"), line.gap_before))
        .collect();
    for (partition, log) in broker.logs.iter().enumerate() {
        for (offset, record) in log.records.iter().enumerate() {
            let is_there = i64::try_from(offset).expect("small") >= log.low;
            if let (Some(record), true) = (record, is_there)
                && !ids.contains_key(&record.id)
            {
                return Err(format!("message {} of partition {partition}, offset {offset}, is not there", record.id));
            }
        }
    }
    silent_losses(lines, broker)
}

/// An offset that `gap_before` passes over held no message, unless it was gone before the first line.
fn silent_losses(lines: &[AuditLine<'_>], broker: &Broker) -> Result<(), String> {
    let topics: Vec<&Vec<Log>> = broker.past.iter().chain([&broker.logs]).collect();
    let holds: HashMap<(i32, i64), ()> = topics
        .iter()
        .flat_map(|logs| logs.iter().enumerate())
        .flat_map(|(partition, log)| {
            log.records.iter().enumerate().filter(|(_, record)| record.is_some()).map(move |(offset, _)| {
                ((i32::try_from(partition).expect("small"), i64::try_from(offset).expect("small")), ())
            })
        })
        .collect();
    // Only where there was one topic, never cut, can the logs of now tell it for sure.
    if topics.len() > 1 || broker.logs.iter().any(|log| log.was_cut) {
        return Ok(());
    }
    let mut begun = HashSet::new();
    for line in lines {
        let is_first = begun.insert(line.kafka_partition);
        if line.audit.is_some() || is_first {
            continue;
        }
        for offset in line.kafka_offset - line.gap_before..line.kafka_offset {
            if holds.contains_key(&(line.kafka_partition, offset)) {
                return Err(format!(
                    "offset {offset} of partition {} was passed over in silence",
                    line.kafka_partition
                ));
            }
        }
    }
    Ok(())
}

/// The time in a note's cosignature, its last line: behind the four bytes of the key's number.
fn signed_at(note: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(note).ok()?.lines().last()?.split(' ').nth(2)?;
    let bytes = STANDARD.decode(text).ok()?;
    Some(u64::from_be_bytes(bytes.get(4..12)?.try_into().ok()?))
}

/// The seal agrees with the lines, and every checkpoint that was ever signed holds for them, and is there: it may have
/// been published, and the trail would be refused without it.
fn vouched(disk: &SimulatedDisk, lines: &[Vec<u8>], replay: &Replay, signed: &[String]) -> Result<(), String> {
    let mut roots = vec![Tree::new().root()];
    let mut tree = Tree::new();
    for line in lines {
        tree.push(leaf_hash(line.strip_suffix(b"\n").unwrap_or(line)));
        roots.push(tree.root());
    }
    for note in signed {
        let checkpoint = Checkpoint::unchecked(note.as_bytes()).ok_or("a checkpoint cannot be read")?;
        let size = usize::try_from(checkpoint.size).expect("small");
        if roots.get(size) != Some(&checkpoint.root) {
            return Err(format!("a checkpoint of {size} lines does not hold for {} lines", lines.len()));
        }
    }
    let notes = disk.read(&checkpoints_path(Path::new(FOLDER))).map_err(|error| error.to_string())?;
    let mut last = (0, 0);
    let mut stored = HashMap::new();
    for note in Notes::new(&notes.unwrap_or_default()) {
        let checkpoint = Checkpoint::unchecked(note.bytes).ok_or("a stored checkpoint cannot be read")?;
        let here = (checkpoint.size, signed_at(note.bytes).ok_or("a stored checkpoint has no time")?);
        if here.0 < last.0 || here.1 < last.1 {
            return Err(format!("a checkpoint (lines, time) {here:?} follows {last:?}"));
        }
        last = here;
        stored.insert(checkpoint.size, checkpoint.root);
    }
    for published in signed.iter().filter_map(|note| PublishedCheckpoint::of_note(note)) {
        let Checkpoint { size, .. } = published.checkpoint;
        let held = hold_to_published(&published.checkpoint, lines.len() as u64, stored.get(&size));
        if held != HeldTo::Agreeing {
            return Err(format!("a checkpoint of {size} lines was signed and may be published, and is not there"));
        }
    }
    let seal = disk.read(&seal_path(Path::new(FOLDER))).map_err(|error| error.to_string())?.ok_or("no seal")?;
    let seal = Seal::parse(&seal).map_err(|error| error.to_string())?;
    let positions: BTreeMap<i32, i64> =
        seal.positions.iter().filter(|(_, at)| !at.without_line).map(|(&partition, at)| (partition, at.next)).collect();
    let found: BTreeMap<i32, i64> =
        replay.recovered().positions.iter().map(|(&partition, at)| (partition, at.next)).collect();
    if seal.lines != lines.len() as u64 || seal.root != tree.root() || !seal.clean || positions != found {
        return Err(format!("the last seal is not that of the lines: {seal:?}, {found:?}"));
    }
    Ok(())
}
