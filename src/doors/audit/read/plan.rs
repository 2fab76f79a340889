//! Which parts of a trail to read for what is wanted.

use std::ops::Range;

use super::folder::TrailReader;
use super::index::{self, Mark};
use super::scan::Span;

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
        let Some(marks) = narrows.then(|| index::marks(trail)).flatten() else { return everything() };
        let mut spans = Vec::new();
        for at in 0..=marks.len() {
            let before = at.checked_sub(1).and_then(|before| marks.get(before));
            let stretch = Stretch { before, after: marks.get(at) };
            if stretch.may_hold(wanted) {
                stretch.add_to(trail, &mut spans);
            }
        }
        Self { spans: joined(spans), by_index: true }
    }
}

/// The lines between two neighbouring marks, or before the first, or behind the last.
struct Stretch<'a> {
    before: Option<&'a Mark>,
    after: Option<&'a Mark>,
}

impl Stretch<'_> {
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
        let (first, last) = match (self.before, self.after) {
            (Some(before), Some(after)) => (before.time_ms.min(after.time_ms), before.time_ms.max(after.time_ms)),
            (Some(before), None) => (before.time_ms, i64::MAX),
            (None, Some(after)) => (i64::MIN, after.time_ms),
            (None, None) => return true,
        };
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
            if start < end {
                spans.push(Span { segment: number, start, end, first_line });
            }
        }
    }
}

/// Makes one span of those that touch: their numbers are then counted, not believed.
fn joined(spans: Vec<Span>) -> Vec<Span> {
    let mut all: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match all.last_mut() {
            Some(last) if last.segment == span.segment && last.end == span.start => last.end = span.end,
            _ => all.push(span),
        }
    }
    all
}
