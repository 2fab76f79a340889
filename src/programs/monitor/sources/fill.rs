//! Filling the plots from a place of the trail backwards.

use super::line::LineReader;
use crate::doors::tail::{BackCursor, Pages, Place, Step, TailError};
use crate::logic::monitor::EventSeen;

/// So much time is covered, as far as there are lines.
const COVERED_MS: i64 = 24 * 60 * 60 * 1_000;

/// Of a longer line only the beginning is looked at.
const LONGEST_BYTES: usize = 64 << 20;

/// Goes backwards until a day is covered, or enough was read.
#[derive(Debug)]
pub(super) struct Fill {
    cursor: BackCursor,
    reader: LineReader,
    left_bytes: u64,
    newest_ms: Option<i64>,
    oldest_ms: Option<i64>,
}

/// How a slice of filling ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filled {
    /// There is more to do.
    GoOn,
    /// The beginning of what is there was reached.
    Beginning,
    /// A day is covered.
    Day,
    /// Enough was read: nobody looked at what stands before this place.
    Enough(Place),
}

impl Fill {
    /// Begins with the line before `place`, and reads about `most_bytes`.
    pub(super) fn new(place: Place, most_bytes: u64) -> Self {
        Self {
            cursor: BackCursor::new(place),
            reader: LineReader::default(),
            left_bytes: most_bytes,
            newest_ms: None,
            oldest_ms: None,
        }
    }

    /// The oldest time that was seen, milliseconds since 1970-01-01 UTC.
    pub(super) fn oldest_ms(&self) -> Option<i64> {
        self.oldest_ms
    }

    /// Hands over what the lines before tell, and says how many bytes were read.
    pub(super) fn read(
        &mut self,
        pages: &Pages,
        budget_bytes: u64,
        each: &mut dyn FnMut(Place, Option<EventSeen>),
    ) -> Result<(Filled, u64), TailError> {
        let Self { cursor, reader, newest_ms, oldest_ms, .. } = self;
        let budget = budget_bytes.min(self.left_bytes.max(1));
        let (step, read) = cursor.read(pages, LONGEST_BYTES, budget, &mut |place, bytes, length| {
            let seen = reader.read(bytes, length);
            if let Some(time_ms) = seen.as_ref().and_then(|event| event.time_ms) {
                *newest_ms = (*newest_ms).max(Some(time_ms));
                *oldest_ms = Some(oldest_ms.map_or(time_ms, |oldest| oldest.min(time_ms)));
            }
            each(place, seen);
        })?;
        self.left_bytes = self.left_bytes.saturating_sub(read);
        let covered = self.newest_ms.zip(self.oldest_ms).map_or(0, |(newest, oldest)| newest.saturating_sub(oldest));
        let filled = match step {
            Step::End => Filled::Beginning,
            Step::GoOn if covered >= COVERED_MS => Filled::Day,
            Step::GoOn if self.left_bytes == 0 => Filled::Enough(self.cursor.place()),
            Step::GoOn => Filled::GoOn,
        };
        Ok((filled, read))
    }
}
