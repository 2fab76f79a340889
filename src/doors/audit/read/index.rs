//! `tracker.events.index`: where to look. Only a hint: whatever does not agree with the lines is not used.

use std::collections::BTreeMap;
use std::fs;

use jiff::Timestamp;

use super::folder::{TrailReader, read_at};
use crate::words::record::{EventType, Skim};
use crate::words::seal::{IndexEntry, Seal};

/// The beginning of a line up to its offset is never longer: a topic's name has at most 249 bytes.
const HEAD_BYTES: usize = 768;

/// A place where a line begins, with what is known of the lines before it.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    /// Which segment, as an index of [`TrailReader::segments`].
    pub(super) segment: usize,
    /// Where in the segment the line begins.
    pub(super) byte: u64,
    /// Lines before it.
    pub(super) line: u64,
    /// When the line was received, as it says itself; milliseconds since 1970-01-01 UTC.
    pub(super) time_ms: i64,
    /// The next offset of each partition.
    pub(super) next: BTreeMap<i32, i64>,
    /// How many `audit.gap` lines stand before it, when the index tells.
    pub(super) gaps: Option<u64>,
}

/// The places that the index tells, in their order; `None` without an index, or when any of its
/// entries does not agree with the line that it points at.
pub(super) fn marks(trail: &TrailReader) -> Option<Vec<Mark>> {
    let text = fs::read(trail.dir().join("tracker.events.index")).ok()?;
    // The last line may be torn, or be written just now.
    let whole = text.get(..=memchr::memrchr(b'\n', &text)?)?;
    let mut marks: Vec<Mark> = Vec::new();
    let mut open = None;
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
        let follows =
            marks.last().is_none_or(|last| (last.segment, last.byte) < (at, entry.byte) && last.line < entry.line);
        let first_of_segment = segment.first_line - 1;
        let fits = entry.line >= first_of_segment && (entry.byte == 0) == (entry.line == first_of_segment);
        if !follows || !fits {
            return None;
        }
        if open.as_ref().is_none_or(|(number, _)| *number != at) {
            open = Some((at, segment.file().ok()?));
        }
        let (_, file) = open.as_ref()?;
        marks.push(checked(file, at, entry)?);
    }
    add_gaps(trail, &mut marks);
    (!marks.is_empty()).then_some(marks)
}

/// Puts in what the seal knows: of no gap at all, there is none before any of the sealed lines.
fn add_gaps(trail: &TrailReader, marks: &mut [Mark]) {
    let seal = fs::read(trail.dir().join("tracker.events.seal")).ok();
    let Some(seal) = seal.and_then(|text| Seal::parse(&text).ok()).filter(|seal| seal.gaps == 0) else { return };
    for mark in marks.iter_mut().filter(|mark| mark.line <= seal.lines) {
        mark.gaps = mark.gaps.or(Some(0));
    }
}

/// The place that an entry tells, if a line begins there that its `next` lets come.
fn checked(file: &std::fs::File, segment: usize, entry: IndexEntry) -> Option<Mark> {
    let mut head = Vec::new();
    let from = entry.byte.saturating_sub(1);
    read_at(file, from, HEAD_BYTES, &mut head).ok()?;
    let line = if entry.byte == 0 { head.as_slice() } else { head.strip_prefix(b"\n")? };
    let skim = Skim::of(line)?;
    // A message has the next offset, or a later one when some before it hold none.
    let is_next = entry.next.get(&skim.partition).is_none_or(|&next| skim.offset >= next);
    if !is_next && skim.event_type != EventType::Gap {
        return None;
    }
    let time_ms = skim.timestamp.parse::<Timestamp>().ok()?.as_millisecond();
    let IndexEntry { line, byte, next, gaps, .. } = entry;
    Some(Mark { segment, byte, line, time_ms, next, gaps })
}
