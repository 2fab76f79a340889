//! Searching the row of lines in slices.

use super::pages::Pages;
use super::place::{Direction, Place, Searched, TailError};

/// Of a longer line only so much of its beginning is searched, so that memory stays bounded.
const LONGEST_SEARCHED_BYTES: usize = 64 << 20;

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
        let mut at = self.index(from.file).ok_or(TailError::Gone)?;
        let (mut byte, mut spent) = (from.byte, 0);
        loop {
            let segment = self.segments().get(at).ok_or(TailError::Gone)?;
            let mut block = self.block(at)?;
            loop {
                let line = match direction {
                    Direction::Forwards => block.line_at(byte),
                    Direction::Backwards => block.line_before(byte),
                };
                let Some(line) = line.map_err(self.disk(at))? else { break };
                let bytes = block.bytes(line, LONGEST_SEARCHED_BYTES).map_err(self.disk(at))?;
                if !line.is_torn && is_hit(&bytes) {
                    return Ok(Searched::Found(Place { file: segment.file, byte: line.start }));
                }
                byte = match direction {
                    Direction::Forwards => line.next(),
                    Direction::Backwards => line.start,
                };
                if spent + block.read_bytes >= budget_bytes {
                    return Ok(Searched::GoOn(Place { file: segment.file, byte }));
                }
            }
            spent += block.read_bytes;
            let next = match direction {
                Direction::Forwards => Some(at + 1).filter(|next| *next < self.segments().len()),
                Direction::Backwards => at.checked_sub(1),
            };
            let Some(next) = next else { return Ok(Searched::Ended) };
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
