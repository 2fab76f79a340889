//! Which parts of a trail to read for what is wanted.

use std::ops::Range;

use super::folder::{ReadError, TrailReader};
use super::holes::covers;
use super::index::{Index, Mark};
use super::scan::Span;
use crate::tools::shutdown::Shutdown;

/// A clock that is set back by no more than this between two lines hides nothing.
const CLOCK_SLACK_MS: i64 = 60_000;

/// What is looked for. Everything that is `None` is wanted whatever it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// One partition.
    pub partition: Option<i32>,
    /// Offsets; needs a partition to narrow anything down.
    pub offsets: Option<Range<i64>>,
    /// When lines were received: milliseconds since 1970-01-01 UTC.
    pub times_ms: Option<Range<i64>>,
    /// Numbers of lines.
    pub lines: Option<Range<u64>>,
}

/// The parts that can hold what is wanted, in their order. Other lines stand there as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What to read.
    pub spans: Vec<Span>,
    /// Whether the index was used: then an empty result is worth a look at everything.
    pub by_index: bool,
}

impl Plan {
    /// The parts of `trail` that can hold what is `wanted`, by its index where that helps.
    pub fn new(trail: &TrailReader, wanted: &Wanted) -> Self {
        let everything = || Self { spans: trail.everything(), by_index: false };
        let narrows = (wanted.partition.is_some() && wanted.offsets.is_some())
            || wanted.times_ms.is_some()
            || wanted.lines.is_some();
        narrows.then(|| Self::by_index(trail, wanted)).flatten().unwrap_or_else(everything)
    }

    /// As [`Plan::new`], and offsets are looked for by the index only when what it leads to is without a hole: a part
    /// that it leaves out can then hold none of them. Reads what it leads to once.
    ///
    /// # Errors
    /// [`ReadError`]: of reading.
    pub fn checked(trail: &TrailReader, wanted: &Wanted, stop: &Shutdown) -> Result<Self, ReadError> {
        let (Some(partition), Some(offsets)) = (wanted.partition, &wanted.offsets) else {
            return Ok(Self::new(trail, wanted));
        };
        // Times would leave out more, and that is no hole.
        let plan = Self::new(trail, &Wanted { times_ms: None, ..wanted.clone() });
        if plan.by_index && !covers(trail, &plan.spans, partition, offsets, stop)? {
            return Ok(Self { spans: trail.everything(), by_index: false });
        }
        Ok(plan)
    }

    /// `None` without an index, or when it does not agree with the lines that the plan rests on: those at
    /// both ends of each part, and for a time all, which only the lines tell.
    fn by_index(trail: &TrailReader, wanted: &Wanted) -> Option<Self> {
        let mut index = Index::of(trail)?;
        let count = index.marks().len();
        if wanted.times_ms.is_some() && !(0..count).all(|at| index.agrees(at)) {
            return None;
        }
        let mut is_taken: Vec<bool> = (0..=count).map(|at| Stretch::new(index.marks(), at).may_hold(wanted)).collect();
        // Nothing tells how many lines stand behind the last mark. So those before it are counted, up to it,
        // unless it stands where a segment begins, whose name has the number.
        let is_number_told = index.marks().last().is_some_and(|last| last.byte == 0);
        if let [.., before_last, true] = &mut is_taken[..] {
            *before_last |= !is_number_told;
        }
        let mut spans = Vec::new();
        for (at, &is_here) in is_taken.iter().enumerate() {
            if is_here {
                Stretch::new(index.marks(), at).add_to(trail, &mut spans);
            }
            // What begins or ends at a mark rests on it, and so does the number of what stands behind the last.
            let Some(before) = at.checked_sub(1) else { continue };
            let is_end = is_here != is_taken[before];
            let is_resting = is_end || (is_here && at == count);
            if is_resting && !index.agrees(before) {
                return None;
            }
        }
        Some(Self { spans: joined(spans), by_index: true })
    }
}

/// The lines between two neighbouring marks, or before the first, or behind the last.
struct Stretch<'a> {
    before: Option<&'a Mark>,
    after: Option<&'a Mark>,
}

impl<'a> Stretch<'a> {
    /// What ends at the mark `at`, which may be the one behind the last.
    fn new(marks: &'a [Mark], at: usize) -> Self {
        Self { before: at.checked_sub(1).and_then(|before| marks.get(before)), after: marks.get(at) }
    }

    fn may_hold(&self, wanted: &Wanted) -> bool {
        let offsets = match (wanted.partition, &wanted.offsets) {
            (Some(partition), Some(offsets)) => self.may_hold_offsets(partition, offsets),
            _ => true,
        };
        offsets
            && wanted.times_ms.as_ref().is_none_or(|times| self.may_hold_times(times))
            && wanted.lines.as_ref().is_none_or(|lines| self.may_hold_lines(lines))
    }

    fn may_hold_offsets(&self, partition: i32, offsets: &Range<i64>) -> bool {
        // What stands behind the last mark is little, and not known.
        let Some(after) = self.after else { return true };
        if self.may_step_back(after) {
            return true;
        }
        let from = self.before.and_then(|mark| mark.next.get(&partition)).copied().unwrap_or(0);
        match after.next.get(&partition) {
            Some(&to) => to < from || (offsets.start < to && from < offsets.end),
            // No line of this partition yet; one that had some and is not named any more was made anew.
            None => from > 0,
        }
    }

    /// Whether offsets may come here that are lower than earlier ones: behind a gap line, of a topic
    /// that was made anew or cut. While nobody has counted these they may.
    fn may_step_back(&self, after: &Mark) -> bool {
        let gaps_before = self.before.map_or(Some(0), |mark| mark.gaps);
        gaps_before.is_none() || after.gaps.is_none() || gaps_before != after.gaps
    }

    fn may_hold_times(&self, times: &Range<i64>) -> bool {
        let before = self.before.map_or(Some(i64::MIN), |mark| mark.time_ms);
        let after = self.after.map_or(Some(i64::MAX), |mark| mark.time_ms);
        let (Some(before), Some(after)) = (before, after) else { return true };
        let (first, last) = (before.min(after), before.max(after));
        first.saturating_sub(CLOCK_SLACK_MS) < times.end && times.start <= last.saturating_add(CLOCK_SLACK_MS)
    }

    fn may_hold_lines(&self, lines: &Range<u64>) -> bool {
        let first = self.before.map_or(1, |mark| mark.line + 1);
        let behind = self.after.map_or(u64::MAX, |mark| mark.line + 1);
        first < lines.end && lines.start < behind
    }

    /// Adds the parts of the segments between the two marks.
    fn add_to(&self, trail: &TrailReader, spans: &mut Vec<Span>) {
        let segments = trail.segments();
        let (from, from_byte) = self.before.map_or((0, 0), |mark| (mark.segment, mark.byte));
        let (to, to_byte) = self.after.map_or((segments.len(), 0), |mark| (mark.segment, mark.byte));
        for (number, segment) in segments.iter().enumerate().take(to + 1).skip(from) {
            let start = if number == from { from_byte } else { 0 };
            let end = if number == to { to_byte } else { segment.bytes };
            let first_line = match self.before {
                Some(mark) if number == from => mark.line + 1,
                _ => segment.first_line,
            };
            let is_last = number == to || (number + 1 == to && to_byte == 0);
            let next_line = self.after.filter(|_| is_last).map(|mark| mark.line + 1);
            if start < end {
                spans.push(Span { segment: number, start, end, first_line, next_line });
            }
        }
    }
}

/// Makes one span of those that touch: their numbers are then counted, not believed, and compared with what is
/// told of its end. What stands behind the last mark stays by itself, as of its own end nothing is told.
fn joined(spans: Vec<Span>) -> Vec<Span> {
    let mut all: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match all.last_mut() {
            Some(last) if last.segment == span.segment && last.end == span.start && span.next_line.is_some() => {
                (last.end, last.next_line) = (span.end, span.next_line);
            }
            _ => all.push(span),
        }
    }
    all
}
