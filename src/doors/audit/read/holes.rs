//! Whether the lines that an index leads to are all that can tell the offsets that are looked for.

use std::ops::{ControlFlow, Range};

use super::super::trail_path;
use super::folder::{ReadError, TrailReader};
use super::piece::Piece;
use super::scan::Span;
use super::totals::read_seal;
use crate::tools::shutdown::Shutdown;
use crate::words::record::{AuditLine, EventType, GapKind, LineHead, Skim};

/// Offsets of which the lines tell, without a hole between them.
type Run = Range<i64>;

/// Whether the lines in `spans` tell all `offsets` of `partition` that the trail can have: those up to its end,
/// which its seal says, where more are wanted. False when that is not known.
pub(super) fn covers(
    trail: &TrailReader,
    spans: &[Span],
    partition: i32,
    offsets: &Range<i64>,
    stop: &Shutdown,
) -> Result<bool, ReadError> {
    let seal = read_seal(&trail_path(trail.dir())).ok();
    let sealed_end = seal.and_then(|seal| seal.positions.get(&partition).map(|position| position.next));
    let end = sealed_end.map_or(offsets.end, |sealed_end| offsets.end.min(sealed_end));
    let mut reached = offsets.start.max(0);
    let scanned = trail.scan(
        spans,
        stop,
        |piece| runs(piece, partition),
        |taken| {
            for run in taken.result {
                if run.start <= reached {
                    reached = reached.max(run.end);
                }
            }
            // What is reached already needs no more lines.
            if reached < end { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        },
    )?;
    Ok(scanned.jumps.is_empty() && reached >= end)
}

/// What the lines of a piece tell of a partition, in their order.
fn runs(piece: Piece<'_>, partition: i32) -> Vec<Run> {
    let mut all: Vec<Run> = Vec::new();
    for (_, line) in piece.lines() {
        let Some(skim) = Skim::of(line).filter(|skim| skim.partition == partition) else { continue };
        if skim.event_type == EventType::Gap {
            all.extend(gap(line));
            continue;
        }
        let next = skim.offset.saturating_add(1);
        match all.last_mut() {
            Some(run) if run.end == skim.offset => run.end = next,
            // Only here it matters what is before it: to look costs a whole reading of the line.
            _ => {
                let before = LineHead::parse(line).map_or(0, |head| head.gap_before);
                all.push(skim.offset.saturating_sub(before)..next);
            }
        }
    }
    all
}

/// What a gap line tells of its own partition; nothing when offsets begin anew.
fn gap(line: &[u8]) -> Option<Run> {
    let gap = AuditLine::parse(line).ok()?.audit?;
    matches!(gap.kind, GapKind::Retention | GapKind::FileRolledBack).then_some(gap.from..gap.to)
}
