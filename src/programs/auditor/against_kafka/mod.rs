//! `audit verify --against-kafka`: each line against the message that Kafka still has.
//!
//! Only the lines of the topic that is there now count: those after the last line that tells of a topic
//! made anew or of another cluster, and of those before a cut of a log only what the cut left. They are
//! compared partition by partition, a stretch of offsets at a time, so that the memory stays the same
//! however long the trail is.

mod digest;
mod topic;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::ops::{ControlFlow, Range};
use std::path::Path;

use serde::Serialize;

use super::context::Context;
use super::error::AuditError;
use crate::doors::audit::read::{Piece, Plan, ScanEnd, TrailReader, Wanted};
use crate::doors::audit::seal_path;
use crate::doors::audit::verify::VerifyError;
use crate::doors::kafka::MessageBatch;
use crate::tools::exit::Exit;
use crate::tools::shown::grouped;
use crate::words::record::{AuditLine, EventType, GapKind, Skim};
use crate::words::seal::Seal;
use digest::{Digest, Digests, of_line, of_message};
use topic::Topic;

/// How many offsets are compared at once.
const STRETCH: i64 = 200_000;

/// By offset, the number of its last line, and what that tells.
type LinesTold = HashMap<i64, (u64, Digest)>;

/// How many differences are told one by one.
const TOLD: usize = 20;

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Comparison {
    /// Lines whose message Kafka has, and which agree with it.
    pub(super) agreeing: u64,
    /// Lines whose message Kafka has no more: deleted, compacted away, or of an earlier topic.
    pub(super) gone: u64,
    /// What does not agree.
    pub(super) differences: Vec<String>,
    /// How many more there are.
    pub(super) more_differences: u64,
    /// Why nothing could be compared, when that is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nothing_because: Option<String>,
}

impl Comparison {
    fn differs(&mut self, what: String) {
        if self.differences.len() < TOLD {
            self.differences.push(what);
        } else {
            self.more_differences += 1;
        }
    }

    /// In words, for people.
    pub(super) fn text(&self) -> String {
        let Self { agreeing, gone, differences, more_differences, nothing_because } = self;
        if let Some(reason) = nothing_because {
            return format!("not compared with Kafka: {reason}");
        }
        let wrong = differences.len() as u64 + more_differences;
        let agreeing = format!("against Kafka: {} lines agree with their messages", grouped(*agreeing));
        let gone =
            if *gone > 0 { format!(", {} tell messages that it has no more", grouped(*gone)) } else { String::new() };
        let wrong = if wrong > 0 { format!(", {} differ", grouped(wrong)) } else { String::new() };
        format!("{agreeing}{gone}{wrong}")
    }

    /// Whether Kafka says otherwise than the trail.
    pub(super) fn is_sound(&self) -> bool {
        self.differences.is_empty()
    }
}

/// Where the lines of a partition stand, among those of the topic that is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Extent {
    first: i64,
    next: i64,
    lines: u64,
    /// Where the log was cut, or the partition went: lines before this one, of this offset or a later one,
    /// tell messages that Kafka has no more, whatever stands at their offsets now.
    cuts: Vec<(u64, i64)>,
}

impl Extent {
    fn at(offset: i64) -> Self {
        Self { first: offset, next: offset, lines: 0, cuts: Vec::new() }
    }

    fn has_lost(&self, line: u64, offset: i64) -> bool {
        self.cuts.iter().any(|(before, from)| line < *before && offset >= *from)
    }
}

/// What a line is to its partition.
#[derive(Clone, Copy, Debug)]
enum Told {
    Message { partition: i32, offset: i64 },
    Cut { partition: i32, to: i64 },
}

fn told_by(line: &[u8]) -> Option<Told> {
    let Skim { event_type, partition, offset, .. } = Skim::of(line)?;
    if event_type != EventType::Gap {
        return Some(Told::Message { partition, offset });
    }
    let gap = AuditLine::parse(line).ok()?.audit?;
    matches!(gap.kind, GapKind::Truncation | GapKind::PartitionMissing).then_some(Told::Cut { partition, to: gap.to })
}

/// Compares the trail in `dir` with its topic.
///
/// # Errors
/// [`AuditError`]: of reading, or of Kafka; [`VerifyError::Stopped`] whenever a stop kept it from its end.
pub(super) fn compare(context: &Context<'_>, dir: &Path) -> Result<Comparison, AuditError> {
    compare_all(context, dir).map_err(|error| match error.exit() {
        // A stop is a good end of other commands: here it would say that lines agree which nobody compared.
        Exit::Done => AuditError::Verify(VerifyError::Stopped),
        _ => error,
    })
}

fn compare_all(context: &Context<'_>, dir: &Path) -> Result<Comparison, AuditError> {
    let mut comparison = Comparison::default();
    let reader = TrailReader::open(dir)?;
    let seal = fs::read(seal_path(dir)).ok().and_then(|bytes| Seal::parse(&bytes).ok());
    let Some(name) = topic_name(context, &reader)? else {
        comparison.nothing_because = Some("the trail has no line".to_owned());
        return Ok(comparison);
    };
    let topic = Topic::open(context, &name)?;
    if let Some(reason) = seal.as_ref().and_then(|seal| topic.is_another(seal)) {
        comparison.nothing_because = Some(reason);
        return Ok(comparison);
    }
    let start = first_line_of_now(context, &reader)?;
    for (partition, extent) in extents(context, &reader, start)? {
        comparison.gone += extent.lines;
        let Some(there) = topic.ends(partition)? else { continue };
        let lines = start..u64::MAX;
        let (mut from, end) = (extent.first.max(there.start), extent.next.min(there.end));
        while from < end {
            if context.shutdown.is_requested() {
                return Err(AuditError::Stopped);
            }
            let offsets = from..end.min(from + STRETCH);
            let mut told = digests(context, &reader, partition, &offsets, &lines)?;
            told.retain(|offset, (line, _)| !extent.has_lost(*line, *offset));
            compare_stretch(context, &topic, partition, offsets.clone(), told, &mut comparison)?;
            from = offsets.end;
        }
    }
    Ok(comparison)
}

fn compare_stretch(
    context: &Context<'_>,
    topic: &Topic,
    partition: i32,
    offsets: Range<i64>,
    mut told: LinesTold,
    comparison: &mut Comparison,
) -> Result<(), AuditError> {
    let lines = told.len() as u64;
    let mut check = |batch: &MessageBatch| {
        for message in
            batch.iter().filter(|message| message.partition == partition && offsets.contains(&message.offset))
        {
            let place = format!("partition {partition}, offset {}", message.offset);
            match told.remove(&message.offset) {
                None => comparison.differs(format!("{place}: Kafka has a message there, and the trail has no line")),
                Some((_, digest)) if of_message(&message).agrees_with(&digest) => {
                    comparison.agreeing += 1;
                    comparison.gone -= 1;
                }
                Some(_) => {
                    comparison.gone -= 1;
                    comparison.differs(format!("{place}: the line does not tell the message that Kafka has there"));
                }
            }
        }
    };
    topic.read(context, partition, &offsets, &mut check)?;
    debug_assert!(told.len() as u64 <= lines);
    Ok(())
}

/// Goes on after a scan that reached its end.
fn whole(end: &ScanEnd) -> Result<(), AuditError> {
    if end.stopped { Err(AuditError::Stopped) } else { Ok(()) }
}

fn topic_name(context: &Context<'_>, reader: &TrailReader) -> Result<Option<String>, AuditError> {
    let mut name = None;
    let first = |piece: Piece<'_>| piece.lines().find_map(|(_, line)| Skim::of(line).map(|skim| skim.topic.to_owned()));
    let end = reader.scan(&reader.everything(), context.shutdown, first, |taken| {
        name = taken.result;
        if name.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    // It also ends early because the name was found.
    if name.is_none() {
        whole(&end)?;
    }
    Ok(name)
}

/// The number of the first line that is of the topic that is there now.
fn first_line_of_now(context: &Context<'_>, reader: &TrailReader) -> Result<u64, AuditError> {
    let mut first = 1;
    let last_change = |piece: Piece<'_>| {
        let is_change = |line: &[u8]| {
            memchr::memmem::find(line, b"\"event_type\":\"audit.gap\"").is_some()
                && AuditLine::parse(line).is_ok_and(|line| {
                    line.audit.is_some_and(|gap| matches!(gap.kind, GapKind::TopicRecreated | GapKind::ClusterChanged))
                })
        };
        memchr::memmem::find(piece.bytes, b"\"audit.gap\"")?;
        (0_u64..).zip(piece.lines()).filter(|(_, (_, line))| is_change(line)).map(|(before, _)| before).last()
    };
    let end = reader.scan(&reader.everything(), context.shutdown, last_change, |taken| {
        if let Some(before) = taken.result {
            first = taken.first_line + before + 1;
        }
        ControlFlow::Continue(())
    })?;
    whole(&end)?;
    Ok(first)
}

fn extents(context: &Context<'_>, reader: &TrailReader, start: u64) -> Result<BTreeMap<i32, Extent>, AuditError> {
    let mut extents: BTreeMap<i32, Extent> = BTreeMap::new();
    // What is neither keeps its place, so that the lines can be counted.
    let places = |piece: Piece<'_>| -> Vec<Option<Told>> { piece.lines().map(|(_, line)| told_by(line)).collect() };
    let plan = Plan::new(reader, &Wanted { lines: Some(start..u64::MAX), ..Wanted::default() });
    let end = reader.scan(&plan.spans, context.shutdown, places, |taken| {
        for (line, told) in (taken.first_line..).zip(taken.result).filter(|(line, _)| *line >= start) {
            match told {
                Some(Told::Message { partition, offset }) => {
                    let extent = extents.entry(partition).or_insert_with(|| Extent::at(offset));
                    extent.first = extent.first.min(offset);
                    extent.next = extent.next.max(offset + 1);
                    extent.lines += 1;
                }
                Some(Told::Cut { partition, to }) => {
                    let extent = extents.entry(partition).or_insert_with(|| Extent::at(to));
                    extent.next = extent.next.min(to);
                    extent.cuts.push((line, to));
                }
                None => {}
            }
        }
        ControlFlow::Continue(())
    })?;
    whole(&end)?;
    Ok(extents)
}

/// What the lines of a stretch tell; of two lines for one offset, the later one.
fn digests(
    context: &Context<'_>,
    reader: &TrailReader,
    partition: i32,
    offsets: &Range<i64>,
    lines: &Range<u64>,
) -> Result<LinesTold, AuditError> {
    let mut told = HashMap::new();
    let wanted = Wanted {
        partition: Some(partition),
        offsets: Some(offsets.clone()),
        lines: Some(lines.clone()),
        ..Wanted::default()
    };
    let digests = |piece: Piece<'_>| -> Digests {
        let is_wanted = |line: &[u8]| {
            Skim::of(line).is_some_and(|skim| skim.partition == partition && offsets.contains(&skim.offset))
        };
        (0_u64..)
            .zip(piece.lines())
            .filter(|(_, (_, line))| is_wanted(line))
            .filter_map(|(before, (_, line))| of_line(line).map(|(offset, digest)| (before, offset, digest)))
            .collect()
    };
    let plan = Plan::new(reader, &wanted);
    let end = reader.scan(&plan.spans, context.shutdown, digests, |taken| {
        let first_line = taken.first_line;
        let numbered = taken.result.into_iter().map(|(before, offset, digest)| (offset, (first_line + before, digest)));
        told.extend(numbered.filter(|(_, (line, _))| lines.contains(line)));
        ControlFlow::Continue(())
    })?;
    whole(&end)?;
    Ok(told)
}
