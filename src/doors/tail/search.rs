//! Searching the row of lines in slices.

use super::pages::Pages;
use super::place::{Collected, Direction, Place, Searched, StoredLine, TailError};

/// Of a longer line only so much of its beginning is searched, so that memory stays bounded.
const LONGEST_SEARCHED_BYTES: usize = 64 << 20;

/// What a scan hands over of a whole line.
pub(super) struct Scanned<'a> {
    pub(super) place: Place,
    pub(super) bytes: &'a [u8],
    pub(super) length: u64,
}

/// Where a scan ended.
pub(super) struct ScanEnd {
    /// Where the next slice starts; `None` when no line is left.
    pub(super) go_on: Option<Place>,
    pub(super) read_bytes: u64,
}

impl Pages {
    /// One slice of a search. Forwards the line at `from` is the first that is looked at, backwards the one
    /// before it. `is_hit` gets whole lines without their LF (of one longer than 64 MiB its beginning); a torn
    /// line is left out. About `budget_bytes` are read, and one line at least.
    ///
    /// # Errors
    /// [`TailError`]: the disk, or the file of the place is gone.
    pub fn search(
        &self,
        from: Place,
        direction: Direction,
        budget_bytes: u64,
        is_hit: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<Searched, TailError> {
        let mut found = None;
        let end = self.scan(from, direction, budget_bytes, &mut |line| {
            found = is_hit(line.bytes).then_some(line.place);
            found.is_none()
        })?;
        Ok(match (found, end.go_on) {
            (Some(place), _) => Searched::Found(place),
            (None, Some(place)) => Searched::GoOn(place),
            (None, None) => Searched::Ended,
        })
    }

    /// Collects the lines that are `wanted`, from a place on, in one pass: up to `most_lines` of them, with at
    /// most `longest_bytes` bytes of each. What is looked at, and what is handed to `wanted`, is the same as in
    /// [`Self::search`]. About `budget_bytes` are read, and one line at least.
    ///
    /// # Errors
    /// [`TailError`]: the disk, or the file of the place is gone.
    pub fn collect(
        &self,
        from: Place,
        direction: Direction,
        most_lines: usize,
        budget_bytes: u64,
        longest_bytes: usize,
        wanted: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<Collected, TailError> {
        let mut lines = Vec::new();
        if most_lines == 0 {
            return Ok(Collected { lines, go_on: Some(from), read_bytes: 0 });
        }
        let end = self.scan(from, direction, budget_bytes, &mut |line| {
            if wanted(line.bytes) {
                let bytes = line.bytes.get(..line.bytes.len().min(longest_bytes)).unwrap_or_default().to_vec();
                lines.push(StoredLine { place: line.place, bytes, length: line.length, is_torn: false });
            }
            lines.len() < most_lines
        })?;
        Ok(Collected { lines, go_on: end.go_on, read_bytes: end.read_bytes })
    }

    /// Hands whole lines over until `each` has enough of them, or about `budget_bytes` were read.
    pub(super) fn scan(
        &self,
        from: Place,
        direction: Direction,
        budget_bytes: u64,
        each: &mut dyn FnMut(Scanned<'_>) -> bool,
    ) -> Result<ScanEnd, TailError> {
        let mut at = self.index(from.file).ok_or(TailError::Gone)?;
        let (mut byte, mut spent) = (from.byte, 0);
        loop {
            let file = self.segments().get(at).ok_or(TailError::Gone)?.file;
            let mut block = self.block(at)?;
            loop {
                let line = match direction {
                    Direction::Forwards => block.line_at(byte),
                    Direction::Backwards => block.line_before(byte),
                };
                let Some(line) = line.map_err(self.disk(at))? else { break };
                byte = match direction {
                    // Nothing may start behind a torn line: more of it may come.
                    Direction::Forwards if line.is_torn => break,
                    Direction::Forwards => line.next(),
                    Direction::Backwards => line.start,
                };
                let goes_on = line.is_torn || {
                    let bytes = block.bytes(line, LONGEST_SEARCHED_BYTES).map_err(self.disk(at))?;
                    each(Scanned { place: Place { file, byte: line.start }, bytes: &bytes, length: line.length() })
                };
                let read_bytes = spent + block.read_bytes;
                if !goes_on || read_bytes >= budget_bytes {
                    return Ok(ScanEnd { go_on: Some(Place { file, byte }), read_bytes });
                }
            }
            spent += block.read_bytes;
            let next = match direction {
                Direction::Forwards => Some(at + 1).filter(|next| *next < self.segments().len()),
                Direction::Backwards => at.checked_sub(1),
            };
            let Some(next) = next else { return Ok(ScanEnd { go_on: None, read_bytes: spent }) };
            at = next;
            byte = if direction == Direction::Forwards { 0 } else { u64::MAX };
        }
    }

    /// Where the line after the one at `place` begins; `None` when there is none yet.
    ///
    /// # Errors
    /// [`TailError`]: the disk, or the file of the place is gone.
    pub fn after(&self, place: Place) -> Result<Option<Place>, TailError> {
        Ok(self.from(Some(place), 2, 0)?.get(1).map(|line| line.place))
    }
}
