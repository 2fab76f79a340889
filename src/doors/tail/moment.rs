//! Finding the line of a moment without reading all that stands before it.

use super::block::BLOCK_BYTES;
use super::pages::Pages;
use super::place::{Direction, Place, TailError};

/// So much is looked at for a line that has a time, all in all: beyond that a file is none of lines with times.
const MOST_READ_BYTES: u64 = 64 << 20;

/// The first line with a time from somewhere on.
struct Timed {
    place: Place,
    /// How many bytes of the row stand before the line behind it.
    next: u64,
    time_ms: i64,
}

impl Pages {
    /// The first line at or after a moment, in milliseconds since 1970-01-01 UTC; `None` when all lines are
    /// before it. Times are taken to rise from line to line; lines without a time, as `time_of` says of whole
    /// lines without their LF, are passed over. The row is halved again and again, so that a few dozen reads do;
    /// only among lines without times it takes more. It gives up after 64 MiB, with the best that was found.
    ///
    /// # Errors
    /// [`TailError`]: the disk, or a file is gone.
    pub fn at_time(&self, time_ms: i64, time_of: &dyn Fn(&[u8]) -> Option<i64>) -> Result<Option<Place>, TailError> {
        // Lines with a time that begin before `low` are before the moment, the first one from `high` on is not.
        let (mut low, mut high) = (0, self.bytes());
        let mut left_bytes = MOST_READ_BYTES;
        let mut found = None;
        // The line before `low` may reach behind `high`.
        while high.saturating_sub(low) > BLOCK_BYTES && left_bytes > 0 {
            let middle = low + (high - low) / 2;
            match self.timed(middle, high, time_of, &mut left_bytes)? {
                Some(timed) if timed.time_ms < time_ms => low = timed.next,
                Some(timed) => (high, found) = (middle, Some(timed.place)),
                None => high = middle,
            }
        }
        // Less than a block is left: line by line.
        let is_not_before = |line: &[u8]| time_of(line).filter(|time| *time >= time_ms);
        let left = self.timed(low, high, &is_not_before, &mut left_bytes)?;
        Ok(left.map(|timed| timed.place).or(found))
    }

    /// The first line with a time that begins at or behind `from` and before `to`, both bytes of the row.
    fn timed(
        &self,
        from: u64,
        to: u64,
        time_of: &dyn Fn(&[u8]) -> Option<i64>,
        left_bytes: &mut u64,
    ) -> Result<Option<Timed>, TailError> {
        if from >= to || *left_bytes == 0 {
            return Ok(None);
        }
        let mut start = 0;
        let Some(segment) = self.segments().iter().find(|segment| {
            let is_within = from < start + segment.bytes;
            start += if is_within { 0 } else { segment.bytes };
            is_within
        }) else {
            return Ok(None);
        };
        // The byte before tells whether a line begins right here. What comes first is then the end of a line.
        let asked = Place { file: segment.file, byte: (from - start).saturating_sub(1) };
        let fragment = (from > start).then_some(asked);
        let mut found = None;
        let end = self.scan(asked, Direction::Forwards, *left_bytes, &mut |line| {
            if Some(line.place) == fragment {
                return true;
            }
            let at = self.bytes_before(line.place);
            if at >= to {
                return false;
            }
            found = time_of(line.bytes).map(|time_ms| Timed { place: line.place, next: at + line.length + 1, time_ms });
            found.is_none()
        })?;
        *left_bytes = left_bytes.saturating_sub(end.read_bytes);
        Ok(found)
    }

    /// How many bytes of the row stand before a place.
    fn bytes_before(&self, place: Place) -> u64 {
        let before = self.segments().iter().take_while(|segment| segment.file != place.file);
        before.map(|segment| segment.bytes).sum::<u64>() + place.byte
    }
}
