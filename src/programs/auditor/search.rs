//! Going through trails: which lines are wanted, in their order, with their numbers.

use std::io::Write as _;
use std::ops::ControlFlow;

use super::context::Context;
use super::error::AuditError;
use super::progress::{Progress, Unit};
use super::selection::{Selection, has_head};
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
    /// Whether it ended early because no more was wanted.
    pub(super) had_enough: bool,
    /// Whether a stop was asked for before its end: there may be more.
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
    headless: Headless,
}

/// Lines of which not even the beginning can be read, so that nobody knows what they tell: counted whatever is wanted.
#[derive(Clone, Copy, Debug, Default)]
struct Headless {
    count: u64,
    /// How many lines stand before the first of them in the piece; then its number.
    first: u64,
}

impl Headless {
    fn add(&mut self, at: u64) {
        if self.count == 0 {
            self.first = at;
        }
        self.count += 1;
    }

    /// Adds those of the piece that begins with this line.
    fn join(&mut self, piece: Self, first_line: u64) {
        if self.count == 0 {
            self.first = first_line + piece.first;
        }
        self.count += piece.count;
    }

    fn note(self, reader: &TrailReader) -> Option<String> {
        let (dir, first) = (reader.dir().display(), grouped(self.first));
        match self.count {
            0 => None,
            1 => Some(format!("{dir}: line {first} has no readable beginning and was left out; see audit verify")),
            count => {
                let count = grouped(count);
                Some(format!(
                    "{dir}: {count} lines, the first of them line {first}, have no readable beginning and were left out; see audit verify"
                ))
            }
        }
    }
}

/// What [`fold`] went through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Folded {
    /// Whether a stop was asked for before its end.
    pub(super) stopped: bool,
    /// Lines that have no readable beginning.
    pub(super) headless: u64,
    /// How many bytes were read.
    pub(super) read_bytes: u64,
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
    let plan = |reader: &TrailReader| Plan::checked(reader, &selection.wanted(), context.shutdown);
    let plans: Vec<Plan> = trails.readers().iter().map(plan).collect::<Result<_, _>>()?;
    let bytes = plans.iter().flat_map(|plan| &plan.spans).map(|span| span.end - span.start).sum();
    let progress = Progress::new(bytes, Unit::Bytes, context.shows_progress());
    for (number, (reader, plan)) in trails.readers().iter().zip(&plans).enumerate() {
        let (mut outcome, mut headless) = (Ok(()), Headless::default());
        let end = go_through(
            context,
            reader,
            &plan.spans,
            selection,
            |first_line, bytes, harvest| {
                progress.advance(bytes);
                headless.join(harvest.headless, first_line);
                harvest.partitions.iter().for_each(|&partition| coverage.note(number, partition));
            },
            |found| {
                let flow = take(&progress, Found { trail: number, ..found }).unwrap_or_else(|error| {
                    outcome = Err(error);
                    ControlFlow::Break(())
                });
                searched.had_enough = flow.is_break();
                flow
            },
        );
        let ended = outcome.and(end);
        let end = ended.inspect_err(|_| progress.clear())?;
        searched.lines += end.lines;
        searched.notes.extend(notes(&end, reader).into_iter().chain(headless.note(reader)));
        searched.stopped = end.stopped && !searched.had_enough;
        if end.stopped {
            break;
        }
    }
    progress.clear();
    if !searched.stopped && !searched.had_enough {
        searched.notes.extend(trails.complaints(&coverage));
    }
    Ok(searched)
}

/// Makes one value of the wanted lines of each piece, on several threads, and hands them over in order,
/// with the number of their trail.
///
/// # Errors
/// [`AuditError`]: of reading.
pub(super) fn fold<S: Default + Send>(
    context: &Context<'_>,
    trails: &Trails,
    selection: &Selection,
    add: impl Fn(&mut S, &[u8]) + Sync,
    mut join: impl FnMut(usize, S),
) -> Result<Folded, AuditError> {
    let mut folded = Folded::default();
    let progress = Progress::new(trails.bytes(), Unit::Bytes, context.shows_progress());
    for (number, reader) in trails.readers().iter().enumerate() {
        let plan = Plan::checked(reader, &selection.wanted(), context.shutdown)?;
        let work = |piece: Piece<'_>| {
            let (mut sum, may_want) = (S::default(), selection.may_want_of(piece));
            let mut headless = Headless::default();
            for (at, (_, line)) in (0..).zip(piece.lines()) {
                if may_want && selection.wants(line) {
                    add(&mut sum, line);
                } else if !has_head(line) {
                    headless.add(at);
                }
            }
            (sum, headless)
        };
        let mut headless = Headless::default();
        let end = reader.scan(&plan.spans, context.shutdown, work, |taken| {
            progress.advance(taken.bytes);
            let (sum, of_piece) = taken.result;
            headless.join(of_piece, taken.first_line);
            join(number, sum);
            ControlFlow::Continue(())
        });
        let end = end.inspect_err(|_| progress.clear())?;
        tell(&notes(&end, reader).into_iter().chain(headless.note(reader)).collect::<Vec<_>>());
        folded.headless += headless.count;
        folded.stopped = end.stopped;
        if end.stopped {
            break;
        }
    }
    folded.read_bytes = progress.reached();
    progress.clear();
    Ok(folded)
}

fn go_through(
    context: &Context<'_>,
    reader: &TrailReader,
    spans: &[Span],
    selection: &Selection,
    mut note: impl FnMut(u64, u64, &Harvest),
    mut take: impl FnMut(Found<'_>) -> ControlFlow<()>,
) -> Result<ScanEnd, AuditError> {
    let harvest = |piece: Piece<'_>| harvest(selection, piece);
    let end = reader.scan(spans, context.shutdown, harvest, |taken| {
        note(taken.first_line, taken.bytes, &taken.result);
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
    let (mut harvest, may_want) = (Harvest::default(), selection.may_want_of(piece));
    for (number, (_, line)) in (0..).zip(piece.lines()) {
        match Skim::of(line) {
            Some(skim) if !harvest.partitions.contains(&skim.partition) => harvest.partitions.push(skim.partition),
            Some(_) => {}
            None if !has_head(line) => harvest.headless.add(number),
            None => {}
        }
        if may_want && selection.wants(line) {
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
