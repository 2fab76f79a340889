//! Handing whole lines over from a place backwards, in slices.

use super::pages::Pages;
use super::place::{Place, Step, TailError};

/// Goes from a place to older lines. Each slice reads a little of the one before again.
#[derive(Clone, Copy, Debug)]
pub struct BackCursor {
    place: Place,
}

impl BackCursor {
    /// Begins with the line before `place`, which is the beginning of a line.
    pub fn new(place: Place) -> Self {
        Self { place }
    }

    /// All lines from here up to where it began were handed over.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Hands over the whole lines that come next, the newest first, with at most `longest_bytes` bytes of each
    /// and its whole length,
    /// until about `budget_bytes` were read, one line at least. [`Step::End`]: the beginning of the row was
    /// reached, or what stands before is gone.
    ///
    /// # Errors
    /// [`TailError`]: the disk, or the file of the place is gone.
    pub fn read(
        &mut self,
        pages: &Pages,
        longest_bytes: usize,
        budget_bytes: u64,
        each: &mut dyn FnMut(Place, &[u8], u64),
    ) -> Result<(Step, u64), TailError> {
        let mut at = pages.index(self.place.file).ok_or(TailError::Gone)?;
        let mut spent = 0;
        loop {
            let mut block = pages.block(at)?;
            while let Some(line) = block.line_before(self.place.byte).map_err(pages.disk(at))? {
                self.place.byte = line.start;
                if !line.is_torn {
                    let bytes = block.bytes(line, longest_bytes).map_err(pages.disk(at))?;
                    each(self.place, &bytes, line.length());
                }
                if spent + block.read_bytes >= budget_bytes {
                    return Ok((Step::GoOn, spent + block.read_bytes));
                }
            }
            spent += block.read_bytes;
            let Some(before) = at.checked_sub(1) else { return Ok((Step::End, spent)) };
            at = before;
            self.place = match pages.segments().get(at) {
                Some(segment) => Place { file: segment.file, byte: segment.bytes },
                None => return Ok((Step::End, spent)),
            };
        }
    }
}
