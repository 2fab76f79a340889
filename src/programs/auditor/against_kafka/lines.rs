//! What the lines of a trail tell that is compared with Kafka: which partitions, how far, and each line's digest.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::{ControlFlow, Range};
use std::path::PathBuf;

use super::digest::{Digest, Digests, of_line};
use crate::doors::audit::read::{Piece, Plan, ScanEnd, TrailReader, Wanted};
use crate::programs::auditor::AuditError;
use crate::programs::auditor::context::Context;
use crate::words::record::{AuditLine, EventType, GapKind, Skim};
use crate::words::seal::Seal;

/// By offset, the number of its last line, and what that tells.
pub(super) type LinesTold = HashMap<i64, (u64, Digest)>;

/// Where the lines of a partition stand, among those of the topic that is there now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// Where they begin: 0, but when earlier lines are archived.
    pub(super) first: i64,
    /// Behind the last of them.
    pub(super) next: i64,
    /// How many of them tell a message.
    pub(super) lines: u64,
    /// Where the log was cut, or the partition went: lines before this one, of this offset or a later one,
    /// tell messages that Kafka has no more, whatever stands at their offsets now.
    cuts: Vec<(u64, i64)>,
}

impl Extent {
    pub(super) fn has_lost(&self, line: u64, offset: i64) -> bool {
        self.cuts.iter().any(|(before, from)| line < *before && offset >= *from)
    }

    /// Whether a seal of so many lines is from before a cut: its positions are then those of another log.
    fn is_cut_behind(&self, lines: u64) -> bool {
        self.cuts.iter().any(|(line, _)| *line > lines)
    }
}

/// What a line is to its partition.
#[derive(Clone, Copy, Debug)]
enum Told {
    Message { partition: i32, offset: i64 },
    Gap { partition: i32, to: i64 },
    Cut { partition: i32, to: i64 },
}

fn told_by(line: &[u8]) -> Option<Told> {
    let Skim { event_type, partition, offset, .. } = Skim::of(line)?;
    if event_type != EventType::Gap {
        return Some(Told::Message { partition, offset });
    }
    let gap = AuditLine::parse(line).ok()?.audit?;
    match gap.kind {
        GapKind::Truncation | GapKind::PartitionMissing => Some(Told::Cut { partition, to: gap.to }),
        GapKind::Retention | GapKind::FileRolledBack => Some(Told::Gap { partition, to: gap.to }),
        GapKind::TopicRecreated | GapKind::ClusterChanged => None,
    }
}

/// Goes on after a scan that reached its end.
fn whole(end: &ScanEnd) -> Result<(), AuditError> {
    if end.stopped { Err(AuditError::NotCompared) } else { Ok(()) }
}

/// The topic of the first line that tells it; `None` when there is no line.
pub(super) fn topic_name(context: &Context<'_>, reader: &TrailReader) -> Result<Option<String>, AuditError> {
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
pub(super) fn first_line_of_now(context: &Context<'_>, reader: &TrailReader) -> Result<u64, AuditError> {
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

/// How far the lines from `start` on reach, and those that are archived before them, and those that the seal tells of.
/// A partition that is not among them has no line.
pub(super) fn extents(
    context: &Context<'_>,
    reader: &TrailReader,
    start: u64,
    seal: Option<&Seal>,
) -> Result<BTreeMap<i32, Extent>, AuditError> {
    let mut extents: BTreeMap<i32, Extent> = BTreeMap::new();
    // What is archived is not asked for. A topic that was made anew since has nothing of it.
    let archived = if start == 1 { reader.archived() } else { None };
    for (partition, position) in archived.map(|entry| entry.positions).unwrap_or_default() {
        extents.insert(partition, Extent { first: position.next, next: position.next, ..Extent::default() });
    }
    // What is neither keeps its place, so that the lines can be counted.
    let places = |piece: Piece<'_>| -> Vec<Option<Told>> { piece.lines().map(|(_, line)| told_by(line)).collect() };
    let plan = Plan::new(reader, &Wanted { lines: Some(start..u64::MAX), ..Wanted::default() });
    let end = reader.scan(&plan.spans, context.shutdown, places, |taken| {
        for (line, told) in (taken.first_line..).zip(taken.result).filter(|(line, _)| *line >= start) {
            match told {
                Some(Told::Message { partition, offset }) => {
                    let extent = extents.entry(partition).or_default();
                    extent.next = extent.next.max(offset.saturating_add(1));
                    extent.lines += 1;
                }
                Some(Told::Gap { partition, to }) => {
                    let extent = extents.entry(partition).or_default();
                    extent.next = extent.next.max(to);
                }
                Some(Told::Cut { partition, to }) => {
                    let extent = extents.entry(partition).or_default();
                    (extent.first, extent.next) = (extent.first.min(to), extent.next.min(to));
                    extent.cuts.push((line, to));
                }
                None => {}
            }
        }
        ControlFlow::Continue(())
    })?;
    whole(&end)?;
    if let Some(seal) = seal.filter(|seal| seal.lines + 1 >= start) {
        for (&partition, position) in seal.positions.iter().filter(|(_, position)| !position.without_line) {
            let extent = extents.entry(partition).or_default();
            if !extent.is_cut_behind(seal.lines) {
                extent.next = extent.next.max(position.next);
            }
        }
    }
    Ok(extents)
}

/// The partitions that have a line in one of these trails.
pub(super) fn partitions_in(context: &Context<'_>, dirs: &[&PathBuf]) -> Result<BTreeSet<i32>, AuditError> {
    let mut all = BTreeSet::new();
    for dir in dirs {
        let reader = TrailReader::open(dir)?;
        let partitions = |piece: Piece<'_>| -> BTreeSet<i32> {
            piece.lines().filter_map(|(_, line)| Skim::of(line).map(|skim| skim.partition)).collect()
        };
        let end = reader.scan(&reader.everything(), context.shutdown, partitions, |taken| {
            all.extend(taken.result);
            ControlFlow::Continue(())
        })?;
        whole(&end)?;
    }
    Ok(all)
}

/// What the lines of a stretch tell; of two lines for one offset, the later one.
pub(super) fn digests(
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
