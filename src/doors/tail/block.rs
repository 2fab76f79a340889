//! Finding the ends of lines in a file through one piece of it in memory, forwards and backwards.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use memchr::{memchr, memrchr};

/// How much is read at once.
pub(super) const BLOCK_BYTES: u64 = 128 << 10;

/// Fills `into` from `at` on; fewer bytes than it has room for only at the end of the file.
pub(super) fn read_at(file: &File, at: u64, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(room) = into.get_mut(filled..).filter(|room| !room.is_empty()) {
        match file.read_at(room, at + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A number of bytes as a length in memory.
pub(super) fn in_memory(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// A line within its file: its bytes without the LF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: u64,
    pub(super) end: u64,
    /// Whether no LF follows.
    pub(super) is_torn: bool,
}

impl Range {
    /// Where the next line begins.
    pub(super) fn next(&self) -> u64 {
        if self.is_torn { self.end } else { self.end + 1 }
    }

    pub(super) fn length(&self) -> u64 {
        self.end - self.start
    }
}

/// A file up to a length that was seen, and one piece of it in memory.
#[derive(Debug)]
pub(super) struct Block {
    file: Arc<File>,
    length: u64,
    start: u64,
    bytes: Vec<u8>,
    /// How many bytes were read from the disk.
    pub(super) read_bytes: u64,
}

impl Block {
    pub(super) fn new(file: Arc<File>, length: u64) -> Self {
        Self { file, length, start: 0, bytes: Vec::new(), read_bytes: 0 }
    }

    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    fn load(&mut self, start: u64, end: u64) -> io::Result<()> {
        self.bytes.resize(in_memory(end - start), 0);
        let count = read_at(&self.file, start, &mut self.bytes)?;
        self.bytes.truncate(count);
        self.start = start;
        self.read_bytes += count as u64;
        Ok(())
    }

    fn held(&self, start: u64, end: u64) -> Option<&[u8]> {
        let from = usize::try_from(start.checked_sub(self.start)?).ok()?;
        let to = usize::try_from(end.checked_sub(self.start)?).ok()?;
        self.bytes.get(from..to)
    }

    /// The line that begins at `start`; `None` when nothing stands there.
    pub(super) fn line_at(&mut self, start: u64) -> io::Result<Option<Range>> {
        if start >= self.length {
            return Ok(None);
        }
        let mut at = start;
        while at < self.length {
            if at < self.start || at >= self.end() {
                self.load(at, (at + BLOCK_BYTES).min(self.length))?;
            }
            let Some(rest) = self.held(at, self.end()).filter(|rest| !rest.is_empty()) else {
                // It was cut meanwhile.
                break;
            };
            if let Some(lf) = memchr(b'\n', rest) {
                return Ok(Some(Range { start, end: at + lf as u64, is_torn: false }));
            }
            at = self.end();
        }
        Ok((at > start).then_some(Range { start, end: at, is_torn: true }))
    }

    /// The line that ends right before `end`, which is the beginning of a line or the end of the file.
    pub(super) fn line_before(&mut self, end: u64) -> io::Result<Option<Range>> {
        let end = end.min(self.length);
        if end == 0 {
            return Ok(None);
        }
        let is_torn = self.lf_before(end, Some(end - 1))?.is_none();
        let content = if is_torn { end } else { end - 1 };
        let start = self.lf_before(content, None)?.map_or(0, |lf| lf + 1);
        Ok(Some(Range { start, end: content, is_torn }))
    }

    /// Where the last LF before `end` stands, not before `lowest`.
    fn lf_before(&mut self, end: u64, lowest: Option<u64>) -> io::Result<Option<u64>> {
        let lowest = lowest.unwrap_or(0);
        let mut end = end;
        while end > lowest {
            if end <= self.start || end > self.end() {
                self.load(end.saturating_sub(BLOCK_BYTES), end)?;
                if self.end() < end {
                    // It was cut meanwhile.
                    return Ok(None);
                }
            }
            let from = self.start.max(lowest);
            if let Some(lf) = self.held(from, end).and_then(|bytes| memrchr(b'\n', bytes)) {
                return Ok(Some(from + lf as u64));
            }
            end = from;
        }
        Ok(None)
    }

    /// The first bytes of a line, at most `longest`; fewer than it has when the file was cut meanwhile.
    pub(super) fn bytes(&mut self, line: Range, longest: usize) -> io::Result<Cow<'_, [u8]>> {
        let end = line.end.min(line.start.saturating_add(longest as u64));
        if self.held(line.start, end).is_none() {
            let mut bytes = vec![0; in_memory(end - line.start)];
            let count = read_at(&self.file, line.start, &mut bytes)?;
            bytes.truncate(count);
            self.read_bytes += count as u64;
            return Ok(Cow::Owned(bytes));
        }
        Ok(Cow::Borrowed(self.held(line.start, end).unwrap_or_default()))
    }
}
