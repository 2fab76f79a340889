//! Handing whole lines over as they come, each once, across rotations.

use std::fs::File;
use std::sync::Arc;

use memchr::memchr;

use super::block::{BLOCK_BYTES, in_memory, read_at};
use super::pages::Pages;
use super::place::{Place, Step, TailError};

/// Of a longer line only so much of its beginning is kept, so that memory stays bounded.
const LONGEST_KEPT_BYTES: u64 = 64 << 20;

/// A buffer that a long line made is given back when it is larger.
const KEPT_ROOM_BYTES: usize = 1 << 20;

/// How many bytes before a position are remembered, to notice that what was read is not there any more.
/// Lines of the same shape end alike, so a few bytes would not do.
const GUARD_BYTES: usize = 512;

/// So much of the beginning of a torn line is compared at each look.
const COMPARED_BYTES: usize = 16 << 10;

/// A whole line as it is handed over.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Where it begins.
    pub place: Place,
    /// Its bytes without the LF; of a line longer than 64 MiB its beginning.
    pub bytes: &'a [u8],
    /// Length of the whole line in bytes, without its LF.
    pub length: u64,
}

/// A line without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Torn {
    /// Where it begins.
    pub place: Place,
    /// How much of it is there, in bytes.
    pub bytes: u64,
}

/// Whether what was read is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It is.
    Same,
    /// It was cut, and perhaps other bytes stand there now: how far back is not known.
    Cut,
}

/// Reads whole lines forwards from a place on. A torn last line waits for its LF.
#[derive(Debug)]
pub struct Cursor {
    /// The line that comes next begins here.
    place: Place,
    /// Up to here the file was read: between `place` and here stands no LF.
    scanned: u64,
    /// What stands between `place` and `scanned`, at most `LONGEST_KEPT_BYTES` of it.
    pending: Vec<u8>,
    /// The last bytes before `place`, and before `scanned`.
    place_guard: Vec<u8>,
    scanned_guard: Vec<u8>,
    /// Held, so that a rotation or a removal does not take it away while it is read.
    file: Option<Arc<File>>,
    chunk: Vec<u8>,
    read_bytes: u64,
}

impl Cursor {
    /// Begins at `place`, which is the beginning of a line.
    ///
    /// # Errors
    /// [`TailError`]: the disk, or the file is gone.
    pub fn new(pages: &Pages, place: Place) -> Result<Self, TailError> {
        let mut cursor = Self::at(place);
        let before = place.byte.min(GUARD_BYTES as u64);
        if before > 0 {
            let file = cursor.open(pages)?;
            let mut guard = vec![0; in_memory(before)];
            let count = read_at(&file, place.byte - before, &mut guard).map_err(|source| {
                let path = pages.segment(place.file).map(|segment| segment.path.clone()).unwrap_or_default();
                TailError::disk(&path)(source)
            })?;
            guard.truncate(count);
            cursor.place_guard.clone_from(&guard);
            cursor.scanned_guard = guard;
        }
        Ok(cursor)
    }

    fn at(place: Place) -> Self {
        Self {
            place,
            scanned: place.byte,
            pending: Vec::new(),
            place_guard: Vec::new(),
            scanned_guard: Vec::new(),
            file: None,
            chunk: Vec::new(),
            read_bytes: 0,
        }
    }

    /// Where the next line begins: all whole lines before were handed over.
    pub fn place(&self) -> Place {
        self.place
    }

    /// The last bytes before [`Self::place`], to know it again: see [`Self::resume`].
    pub fn guard(&self) -> &[u8] {
        &self.place_guard
    }

    /// Begins at `place` if the bytes before it are still those of the `guard` that a cursor gave there.
    ///
    /// # Errors
    /// [`TailError`]: the disk, or the file is gone.
    pub fn resume(pages: &Pages, place: Place, guard: &[u8]) -> Result<Option<Self>, TailError> {
        let is_long_enough = pages.segment(place.file).ok_or(TailError::Gone)?.bytes >= place.byte;
        if !is_long_enough {
            return Ok(None);
        }
        let cursor = Self::new(pages, place)?;
        Ok((cursor.place_guard == guard).then_some(cursor))
    }

    /// How many bytes were read so far, whatever became of them.
    pub fn read_bytes(&self) -> u64 {
        self.read_bytes
    }

    /// What stands behind the last whole line, as far as it was read.
    pub fn torn(&self) -> Option<Torn> {
        (self.scanned > self.place.byte).then(|| Torn { place: self.place, bytes: self.scanned - self.place.byte })
    }

    /// Compares the bytes before the position with what stood there. To be asked after each look, before
    /// reading on; costs one system call. A torn line that changed is forgotten, and read again.
    ///
    /// # Errors
    /// [`TailError`]: the disk, or the file is gone.
    pub fn check(&mut self, pages: &Pages) -> Result<Checked, TailError> {
        let Some(segment) = pages.segment(self.place.file) else {
            // Removed after it was read to its end, or with it in hand: nothing can change in it any more.
            return if self.file.is_some() { Ok(Checked::Same) } else { Err(TailError::Gone) };
        };
        let (length, file) = (segment.bytes, self.open(pages)?);
        let disk = |source| TailError::disk(&segment.path)(source);
        if length < self.place.byte {
            return Ok(Checked::Cut);
        }
        if !is_there(&file, self.place.byte, &self.place_guard).map_err(disk)? {
            return Ok(Checked::Cut);
        }
        if self.scanned == self.place.byte || self.is_torn_line_there(&file, length).map_err(disk)? {
            return Ok(Checked::Same);
        }
        self.scanned = self.place.byte;
        self.scanned_guard.clone_from(&self.place_guard);
        self.pending.clear();
        Ok(Checked::Same)
    }

    /// Whether what was read of the torn line is still its beginning: a line may repeat itself, so both ends count.
    fn is_torn_line_there(&self, file: &File, length: u64) -> std::io::Result<bool> {
        let head = self.pending.get(..self.pending.len().min(COMPARED_BYTES)).unwrap_or_default();
        Ok(length >= self.scanned
            && is_there(file, self.place.byte + head.len() as u64, head)?
            && is_there(file, self.scanned, &self.scanned_guard)?)
    }

    /// Hands over the whole lines that come next, up to `stop`, which is the beginning of a line. About
    /// `budget_bytes` are read at most.
    ///
    /// # Errors
    /// [`TailError`]: the disk, or the file of the next line is gone.
    pub fn read(
        &mut self,
        pages: &Pages,
        stop: Option<Place>,
        budget_bytes: u64,
        each: &mut dyn FnMut(Line<'_>),
    ) -> Result<Step, TailError> {
        let mut left = budget_bytes;
        loop {
            let stop_here = stop.filter(|stop| stop.file == self.place.file).map(|stop| stop.byte);
            let seen = pages.segment(self.place.file).map(|segment| segment.bytes);
            // A file that was taken away while it is read is read to its end.
            let length = seen.unwrap_or_else(|| self.held_bytes());
            let limit = length.min(stop_here.unwrap_or(u64::MAX));
            if self.scanned >= limit {
                if stop_here.is_some() {
                    return Ok(Step::End);
                }
                let Some(next) = pages.next(self.place.file) else {
                    return if seen.is_some() { Ok(Step::End) } else { Err(TailError::Gone) };
                };
                self.go_to(Place { file: next.file, byte: 0 });
                continue;
            }
            if left == 0 {
                return Ok(Step::GoOn);
            }
            let wanted = (limit - self.scanned).min(BLOCK_BYTES).min(left);
            let count = self.load(pages, wanted)?;
            if count == 0 {
                return Ok(Step::End);
            }
            left = left.saturating_sub(count);
            self.hand_over(each);
        }
    }

    fn held_bytes(&self) -> u64 {
        let metadata = self.file.as_ref().and_then(|file| file.metadata().ok());
        metadata.map_or(self.scanned, |metadata| metadata.len())
    }

    fn go_to(&mut self, place: Place) {
        let (chunk, read_bytes) = (std::mem::take(&mut self.chunk), self.read_bytes);
        *self = Self { chunk, read_bytes, ..Self::at(place) };
    }

    fn open(&mut self, pages: &Pages) -> Result<Arc<File>, TailError> {
        if let Some(file) = &self.file {
            return Ok(Arc::clone(file));
        }
        let file = pages.file(pages.index(self.place.file).ok_or(TailError::Gone)?)?;
        self.file = Some(Arc::clone(&file));
        Ok(file)
    }

    fn load(&mut self, pages: &Pages, wanted: u64) -> Result<u64, TailError> {
        let file = self.open(pages)?;
        self.chunk.resize(in_memory(wanted), 0);
        let path = pages.segment(self.place.file).map(|segment| segment.path.clone()).unwrap_or_default();
        let count = read_at(&file, self.scanned, &mut self.chunk).map_err(TailError::disk(&path))?;
        self.chunk.truncate(count);
        self.read_bytes += count as u64;
        Ok(count as u64)
    }

    /// Cuts the chunk into lines; what follows the last LF waits.
    fn hand_over(&mut self, each: &mut dyn FnMut(Line<'_>)) {
        let chunk = std::mem::take(&mut self.chunk);
        let mut rest = chunk.as_slice();
        while let Some((line, behind)) = memchr(b'\n', rest).and_then(|lf| rest.split_at_checked(lf)) {
            let length = self.scanned - self.place.byte + line.len() as u64;
            if self.pending.is_empty() {
                each(Line { place: self.place, bytes: line, length });
            } else {
                self.keep(line);
                each(Line { place: self.place, bytes: &self.pending, length });
                self.pending.clear();
                self.pending.shrink_to(KEPT_ROOM_BYTES);
            }
            self.place.byte += length + 1;
            self.scanned = self.place.byte;
            rest = behind.get(1..).unwrap_or_default();
        }
        let whole = chunk.len() - rest.len();
        if whole > 0 {
            self.place_guard.clone_from(&self.scanned_guard);
            remember(&mut self.place_guard, chunk.get(..whole).unwrap_or_default());
        }
        remember(&mut self.scanned_guard, &chunk);
        self.keep(rest);
        self.scanned += rest.len() as u64;
        self.chunk = chunk;
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = in_memory(LONGEST_KEPT_BYTES.saturating_sub(self.pending.len() as u64));
        self.pending.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
    }
}

/// Moves the guard on over `read`, which follows it.
fn remember(guard: &mut Vec<u8>, read: &[u8]) {
    let (from_read, all) = (read.len().min(GUARD_BYTES), guard.len() + read.len().min(GUARD_BYTES));
    guard.extend_from_slice(read.get(read.len() - from_read..).unwrap_or_default());
    guard.drain(..all.saturating_sub(GUARD_BYTES));
}

/// Whether the bytes before `end` are still these.
fn is_there(file: &File, end: u64, guard: &[u8]) -> std::io::Result<bool> {
    let Some(start) = end.checked_sub(guard.len() as u64) else { return Ok(false) };
    let mut found = vec![0; guard.len()];
    Ok(read_at(file, start, &mut found)? == guard.len() && found == guard)
}
