//! Going through trails: which lines are wanted, in their order, with their numbers.

use std::io::Write as _;
use std::ops::ControlFlow;

use super::context::Context;
use super::error::AuditError;
use super::progress::{Progress, Unit};
use super::selection::Selection;
use super::trails::{Coverage, Trails};
use crate::doors::audit::read::{Piece, Plan, ScanEnd, Span, TrailReader};
use crate::tools::shown::grouped;
use crate::words::record::Skim;

/// A line that is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'a> {
    /// Which trail, as an index of [`Trails::readers`].
    pub(super) trail: usize,
    /// Its number, from 1 over all segments.
    pub(super) number: u64,
    /// The line, without its LF.
    pub(super) line: &'a [u8],
}

/// What a search went through.
#[derive(Clone, Debug, Default)]
pub(super) struct Searched {
    /// Lines that were read.
    pub(super) lines: u64,
    /// Whether it ended early, because of a stop or because no more was wanted.
    pub(super) stopped: bool,
    /// What is odd about the trails, to be told on standard error.
    pub(super) notes: Vec<String>,
}

/// The wanted lines of a piece, one after another.
#[derive(Default)]
struct Harvest {
    bytes: Vec<u8>,
    /// Of each: how many lines stand before it in the piece, and its length.
    places: Vec<(u64, usize)>,
    partitions: Vec<i32>,
}

/// Hands every wanted line to `take`, in the order of the trails; with its number.
///
/// # Errors
/// [`AuditError`]: of reading, or of `take`.
pub(super) fn search(
    context: &Context<'_>,
    trails: &Trails,
    selection: &Selection,
    mut take: impl FnMut(&Progress, Found<'_>) -> Result<ControlFlow<()>, AuditError>,
) -> Result<Searched, AuditError> {
    let mut searched = Searched::default();
    let mut coverage = Coverage::default();
    let plans: Vec<Plan> = trails.readers().iter().map(|reader| Plan::new(reader, &selection.wanted())).collect();
    let bytes = plans.iter().flat_map(|plan| &plan.spans).map(|span| span.end - span.start).sum();
    let progress = Progress::new(bytes, Unit::Bytes, context.shows_progress());
    for (number, (reader, plan)) in trails.readers().iter().zip(&plans).enumerate() {
        let mut outcome = Ok(());
        let end = go_through(
            context,
            reader,
            &plan.spans,
            selection,
            |bytes, partitions| {
                progress.advance(bytes);
                partitions.iter().for_each(|&partition| coverage.note(number, partition));
            },
            |found| match take(&progress, Found { trail: number, ..found }) {
                Ok(flow) => flow,
                Err(error) => {
                    outcome = Err(error);
                    ControlFlow::Break(())
                }
            },
        );
        let ended = outcome.and(end);
        let end = ended.inspect_err(|_| progress.clear())?;
        searched.lines += end.lines;
        searched.notes.extend(notes(&end, reader));
        if end.stopped {
            searched.stopped = true;
            break;
        }
    }
    progress.clear();
    if !searched.stopped {
        searched.notes.extend(trails.complaints(&coverage));
    }
    Ok(searched)
}

/// Makes one value of the wanted lines of each piece, on several threads, and hands them over in order,
/// with the number of their trail. Whether it was stopped.
///
/// # Errors
/// [`AuditError`]: of reading.
pub(super) fn fold<S: Default + Send>(
    context: &Context<'_>,
    trails: &Trails,
    selection: &Selection,
    add: impl Fn(&mut S, &[u8]) + Sync,
    mut join: impl FnMut(usize, S),
) -> Result<bool, AuditError> {
    let progress = Progress::new(trails.bytes(), Unit::Bytes, context.shows_progress());
    for (number, reader) in trails.readers().iter().enumerate() {
        let plan = Plan::new(reader, &selection.wanted());
        let work = |piece: Piece<'_>| {
            let mut sum = S::default();
            if selection.may_want_of(piece) {
                piece.lines().filter(|(_, line)| selection.wants(line)).for_each(|(_, line)| add(&mut sum, line));
            }
            sum
        };
        let end = reader.scan(&plan.spans, context.shutdown, work, |taken| {
            progress.advance(taken.bytes);
            join(number, taken.result);
            ControlFlow::Continue(())
        });
        let end = end.inspect_err(|_| progress.clear())?;
        tell(&notes(&end, reader));
        if end.stopped {
            progress.clear();
            return Ok(true);
        }
    }
    progress.clear();
    Ok(false)
}

fn go_through(
    context: &Context<'_>,
    reader: &TrailReader,
    spans: &[Span],
    selection: &Selection,
    mut note: impl FnMut(u64, &[i32]),
    mut take: impl FnMut(Found<'_>) -> ControlFlow<()>,
) -> Result<ScanEnd, AuditError> {
    let harvest = |piece: Piece<'_>| harvest(selection, piece);
    let end = reader.scan(spans, context.shutdown, harvest, |taken| {
        note(taken.bytes, &taken.result.partitions);
        let mut start = 0;
        for &(before, length) in &taken.result.places {
            let line = taken.result.bytes.get(start..start + length).unwrap_or_default();
            start += length;
            if take(Found { trail: 0, number: taken.first_line + before, line }).is_break() {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(end)
}

fn harvest(selection: &Selection, piece: Piece<'_>) -> Harvest {
    let mut harvest = Harvest::default();
    if !selection.may_want_of(piece) {
        return harvest;
    }
    for (number, (_, line)) in (0..).zip(piece.lines()) {
        if let Some(skim) = Skim::of(line)
            && !harvest.partitions.contains(&skim.partition)
        {
            harvest.partitions.push(skim.partition);
        }
        if selection.wants(line) {
            harvest.places.push((number, line.len()));
            harvest.bytes.extend_from_slice(line);
        }
    }
    harvest
}

/// What is odd about a trail that was read.
pub(super) fn notes(end: &ScanEnd, reader: &TrailReader) -> Vec<String> {
    let newest = reader.segments().last().map(|segment| &segment.path);
    let mut all = Vec::new();
    for torn in &end.torn {
        let (path, bytes) = (torn.path.display(), grouped(torn.bytes));
        all.push(if Some(&torn.path) == newest {
            format!(
                "{path}: the last {bytes} bytes are no whole line (being written, or torn by a kill) and were left out"
            )
        } else {
            format!("{path}: the last {bytes} bytes are no whole line and were left out; see audit verify")
        });
    }
    for &(expected, found) in &end.jumps {
        let dir = reader.dir().display();
        all.push(if expected < found {
            format!("{dir}: lines {} to {} are not here; see audit verify", grouped(expected), grouped(found - 1))
        } else {
            format!("{dir}: line {} stands where line {} should; see audit verify", grouped(found), grouped(expected))
        });
    }
    if reader.first_line() > 1 {
        let last = grouped(reader.first_line() - 1);
        all.push(format!("{}: lines 1 to {last} are archived, not here", reader.dir().display()));
    }
    all
}

/// Tells what is odd on standard error.
pub(super) fn tell(notes: &[String]) {
    for note in notes {
        // With standard error closed nobody wants to know.
        let _told = writeln!(std::io::stderr(), "{note}");
    }
}
