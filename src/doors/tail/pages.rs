//! A file and its rotated predecessors as one row of lines, read by place.

use std::cmp::Ordering;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::block::{Block, Range};
use super::folder::Rotated;
use super::place::{FileId, Place, StoredLine, TailError};
use crate::tools::regular::open_any;

/// One file of the row.
#[derive(Clone, Debug)]
pub struct PageSegment {
    /// Its name when it was last looked at.
    pub path: PathBuf,
    /// Which file it is.
    pub file: FileId,
    /// The number behind the name: for a trail, that of its first line. `None` for the newest file.
    pub first_line: Option<u64>,
    /// Its length in bytes when it was last looked at.
    pub bytes: u64,
    /// The newest is held open: a rotation, and even a removal, does not take it away.
    held: Option<Arc<File>>,
}

/// The lines of a followed file and its rotated predecessors (`<name>.<number>`) as one row.
///
/// It shows the files as they were at the last look of its [`Tail`](super::Tail).
#[derive(Debug, Default)]
pub struct Pages {
    segments: Vec<PageSegment>,
}

impl Pages {
    /// The files, oldest first; empty while there is none.
    pub fn segments(&self) -> &[PageSegment] {
        &self.segments
    }

    /// Length of all files in bytes.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// Where the very first line begins; `None` while there is no file.
    pub fn first(&self) -> Option<Place> {
        self.segments.first().map(|segment| Place { file: segment.file, byte: 0 })
    }

    /// Behind everything that is there; `None` while there is no file.
    pub fn end(&self) -> Option<Place> {
        self.segments.last().map(|segment| Place { file: segment.file, byte: segment.bytes })
    }

    /// Up to `lines` lines before `place`, or before the end with `None`: the oldest first, fewer only at the
    /// beginning of the row. The last may be torn. Of each line at most `longest_bytes` bytes are kept.
    ///
    /// # Errors
    /// [`TailError`]: the disk, or the file of the place is gone.
    pub fn before(
        &self,
        place: Option<Place>,
        lines: usize,
        longest_bytes: usize,
    ) -> Result<Vec<StoredLine>, TailError> {
        let Some(place) = place.or_else(|| self.end()) else { return Ok(Vec::new()) };
        let mut at = self.index(place.file).ok_or(TailError::Gone)?;
        let (mut found, mut block, mut end) = (Vec::new(), self.block(at)?, place.byte);
        while found.len() < lines {
            match block.line_before(end).map_err(self.disk(at))? {
                Some(line) => {
                    found.push(self.stored(at, &mut block, line, longest_bytes)?);
                    end = line.start;
                }
                None if at > 0 => {
                    at -= 1;
                    block = self.block(at)?;
                    end = u64::MAX;
                }
                None => break,
            }
        }
        found.reverse();
        Ok(found)
    }

    /// Up to `lines` lines from `place` on, or from the very first with `None`: fewer only at the end. The last
    /// may be torn. Of each line at most `longest_bytes` bytes are kept.
    ///
    /// # Errors
    /// [`TailError`]: the disk, or the file of the place is gone.
    pub fn from(&self, place: Option<Place>, lines: usize, longest_bytes: usize) -> Result<Vec<StoredLine>, TailError> {
        let Some(place) = place.or_else(|| self.first()) else { return Ok(Vec::new()) };
        let mut at = self.index(place.file).ok_or(TailError::Gone)?;
        let (mut found, mut block, mut start) = (Vec::new(), self.block(at)?, place.byte);
        while found.len() < lines {
            match block.line_at(start).map_err(self.disk(at))? {
                Some(line) => {
                    found.push(self.stored(at, &mut block, line, longest_bytes)?);
                    start = line.next();
                }
                None if at + 1 < self.segments.len() => {
                    at += 1;
                    block = self.block(at)?;
                    start = 0;
                }
                None => break,
            }
        }
        Ok(found)
    }

    /// The first line that begins at most about `bytes` before the end; the very first one when there is not more.
    /// `None` while there is no file.
    ///
    /// # Errors
    /// [`TailError`]: the disk, or a file is gone.
    pub fn near_end(&self, bytes: u64) -> Result<Option<Place>, TailError> {
        let mut left = bytes;
        for (at, segment) in self.segments.iter().enumerate().rev() {
            let Some(byte) = segment.bytes.checked_sub(left) else {
                left -= segment.bytes;
                continue;
            };
            if byte == 0 {
                return Ok(Some(Place { file: segment.file, byte }));
            }
            let mut block = self.block(at)?;
            // The byte before tells whether a line begins right here.
            let line = block.line_at(byte - 1).map_err(self.disk(at))?;
            let start = match line {
                Some(line) if line.is_torn => {
                    block.line_before(line.end).map_err(self.disk(at))?.map(|line| line.start)
                }
                line => line.map(|line| line.next()),
            };
            return Ok(Some(Place { file: segment.file, byte: start.unwrap_or(0) }));
        }
        Ok(self.first())
    }

    /// Which of two places comes first; `None` when the file of one is gone.
    pub fn compare(&self, a: Place, b: Place) -> Option<Ordering> {
        Some((self.index(a.file)?, a.byte).cmp(&(self.index(b.file)?, b.byte)))
    }

    /// The line at a place, at most `longest_bytes` bytes of it; `None` when nothing stands there any more.
    ///
    /// # Errors
    /// [`TailError::Disk`].
    pub fn whole(&self, place: Place, longest_bytes: usize) -> Result<Option<StoredLine>, TailError> {
        let Some(at) = self.index(place.file) else { return Ok(None) };
        let mut block = match self.block(at) {
            Ok(block) => block,
            Err(TailError::Gone) => return Ok(None),
            Err(error) => return Err(error),
        };
        match block.line_at(place.byte).map_err(self.disk(at))? {
            Some(line) => self.stored(at, &mut block, line, longest_bytes).map(Some),
            None => Ok(None),
        }
    }

    fn stored(&self, at: usize, block: &mut Block, line: Range, longest: usize) -> Result<StoredLine, TailError> {
        let file = self.segments.get(at).ok_or(TailError::Gone)?.file;
        let bytes = block.bytes(line, longest).map_err(self.disk(at))?.into_owned();
        let place = Place { file, byte: line.start };
        Ok(StoredLine { place, bytes, length: line.length(), is_torn: line.is_torn })
    }

    pub(super) fn index(&self, file: FileId) -> Option<usize> {
        self.segments.iter().rposition(|segment| segment.file == file)
    }

    pub(super) fn segment(&self, file: FileId) -> Option<&PageSegment> {
        self.segments.get(self.index(file)?)
    }

    /// The file that follows after another one.
    pub(super) fn next(&self, file: FileId) -> Option<&PageSegment> {
        self.segments.get(self.index(file)? + 1)
    }

    /// A handle to read a file of the row with.
    pub(super) fn file(&self, at: usize) -> Result<Arc<File>, TailError> {
        let segment = self.segments.get(at).ok_or(TailError::Gone)?;
        if let Some(held) = &segment.held {
            return Ok(Arc::clone(held));
        }
        let disk = |source| TailError::disk(&segment.path)(source);
        let (file, metadata) = open_any(&segment.path).map_err(disk)?;
        // The number of a file that was removed may be given to a pipe.
        let is_it = metadata.is_file() && FileId::of(&metadata) == segment.file;
        if is_it { Ok(Arc::new(file)) } else { Err(TailError::Gone) }
    }

    pub(super) fn block(&self, at: usize) -> Result<Block, TailError> {
        let bytes = self.segments.get(at).map_or(0, |segment| segment.bytes);
        Ok(Block::new(self.file(at)?, bytes))
    }

    pub(super) fn disk(&self, at: usize) -> impl Fn(std::io::Error) -> TailError + '_ {
        move |source| match self.segments.get(at) {
            Some(segment) => TailError::disk(&segment.path)(source),
            None => TailError::Gone,
        }
    }

    /// Replaces the row: the rotated files, and the newest with its handle.
    pub(super) fn set(&mut self, rotated: Vec<Rotated>, newest: Option<(&Path, FileId, u64, &Arc<File>)>) {
        let newest_id = newest.as_ref().map(|(_, id, _, _)| *id);
        self.segments = rotated
            .into_iter()
            .filter(|one| Some(one.id) != newest_id)
            .map(|one| PageSegment {
                path: one.path,
                file: one.id,
                first_line: Some(one.number),
                bytes: one.bytes,
                held: None,
            })
            .collect();
        self.segments.extend(newest.map(|(path, file, bytes, held)| PageSegment {
            path: path.to_owned(),
            file,
            first_line: None,
            bytes,
            held: Some(Arc::clone(held)),
        }));
    }

    /// Notes how long the newest file is now.
    pub(super) fn set_newest_bytes(&mut self, bytes: u64) {
        if let Some(newest) = self.segments.last_mut() {
            newest.bytes = bytes;
        }
    }
}
