//! `tracker.events.index`: where to look. Only a hint: whatever does not agree with the lines is not used.

use std::collections::BTreeMap;
use std::fs::File;

use jiff::Timestamp;

use super::folder::{MOST_BESIDE_BYTES, TrailReader, read_at};
use crate::tools::regular::read_regular;
use crate::words::record::{EventType, Skim};
use crate::words::seal::{IndexEntry, Seal};

/// The beginning of a line up to its offset is never longer: a topic's name has at most 249 bytes.
const HEAD_BYTES: usize = 768;

/// A place where a line begins, with what is known of the lines before it, as the index says.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    /// Which segment, as an index of [`TrailReader::segments`].
    pub(super) segment: usize,
    /// Where in the segment the line begins.
    pub(super) byte: u64,
    /// Lines before it.
    pub(super) line: u64,
    /// When the line was received, as it says itself; milliseconds since 1970-01-01 UTC. `None` until
    /// the line was looked at.
    pub(super) time_ms: Option<i64>,
    /// The next offset of each partition.
    pub(super) next: BTreeMap<i32, i64>,
    /// How many `audit.gap` lines stand before it, when the index tells.
    pub(super) gaps: Option<u64>,
}

/// What the index tells of a trail. Its entries follow each other; whether one agrees with the line that it
/// points at is asked only for those that something is made of, so that it costs no more when it is long.
pub(super) struct Index<'a> {
    trail: &'a TrailReader,
    marks: Vec<Mark>,
    open: Option<(usize, File)>,
}

impl<'a> Index<'a> {
    /// `None` without an index, or when its entries cannot be read or do not follow each other.
    pub(super) fn of(trail: &'a TrailReader) -> Option<Self> {
        let text = read_regular(&trail.dir().join("tracker.events.index"), MOST_BESIDE_BYTES).ok()?;
        // The last line may be torn, or be written just now.
        let whole = text.get(..=memchr::memrchr(b'\n', &text)?)?;
        let mut marks: Vec<Mark> = Vec::new();
        for line in whole.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let entry = IndexEntry::parse(line).ok()?;
            let Ok(at) = trail.segments().binary_search_by_key(&entry.segment, |segment| segment.first_line) else {
                // Of a segment that was archived, or that was begun after the trail was opened.
                let is_elsewhere =
                    entry.segment < trail.first_line() || marks.last().is_none_or(|m| m.line < entry.segment);
                if is_elsewhere { continue } else { return None }
            };
            let segment = &trail.segments()[at];
            if entry.byte >= segment.bytes {
                // Written after the trail was opened, or cut since.
                continue;
            }
            let place = |mark: &Mark| (mark.segment, mark.byte, mark.line);
            // A tracker that starts where the one before stopped tells that place again.
            let _told_before = marks.pop_if(|last| place(last) == (at, entry.byte, entry.line));
            let follows =
                marks.last().is_none_or(|last| (last.segment, last.byte) < (at, entry.byte) && last.line < entry.line);
            let first_of_segment = segment.first_line - 1;
            let fits = entry.line >= first_of_segment && (entry.byte == 0) == (entry.line == first_of_segment);
            if !follows || !fits {
                return None;
            }
            let IndexEntry { line, byte, next, gaps, .. } = entry;
            marks.push(Mark { segment: at, byte, line, time_ms: None, next, gaps });
        }
        add_gaps(trail, &mut marks);
        (!marks.is_empty()).then_some(Self { trail, marks, open: None })
    }

    /// The places, in their order.
    pub(super) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Whether a line begins at a place that its `next` lets come. Notes when the line was received.
    pub(super) fn agrees(&mut self, at: usize) -> bool {
        let Some(time_ms) = self.line_time_ms(at) else { return false };
        if let Some(mark) = self.marks.get_mut(at) {
            mark.time_ms = Some(time_ms);
        }
        true
    }

    fn line_time_ms(&mut self, at: usize) -> Option<i64> {
        let mark = self.marks.get(at)?;
        if self.open.as_ref().is_none_or(|(number, _)| *number != mark.segment) {
            self.open = Some((mark.segment, self.trail.segments().get(mark.segment)?.file().ok()?));
        }
        let (_, file) = self.open.as_ref()?;
        let mut head = Vec::new();
        read_at(file, mark.byte.saturating_sub(1), HEAD_BYTES, &mut head).ok()?;
        let line = if mark.byte == 0 { head.as_slice() } else { head.strip_prefix(b"\n")? };
        let skim = Skim::of(line)?;
        // A message has the next offset, or a later one when some before it hold none.
        let is_next = mark.next.get(&skim.partition).is_none_or(|&next| skim.offset >= next);
        if !is_next && skim.event_type != EventType::Gap {
            return None;
        }
        Some(skim.timestamp.parse::<Timestamp>().ok()?.as_millisecond())
    }
}

/// Puts in what the seal knows: of no gap at all, there is none before any of the sealed lines.
fn add_gaps(trail: &TrailReader, marks: &mut [Mark]) {
    let seal = read_regular(&trail.dir().join("tracker.events.seal"), MOST_BESIDE_BYTES).ok();
    let Some(seal) = seal.and_then(|text| Seal::parse(&text).ok()).filter(|seal| seal.gaps == 0) else { return };
    for mark in marks.iter_mut().filter(|mark| mark.line <= seal.lines) {
        mark.gaps = mark.gaps.or(Some(0));
    }
}
