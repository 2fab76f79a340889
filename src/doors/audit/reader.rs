//! Lines of a file, one after another, from a byte on.

use std::io;

use crate::tools::durable::DiskFile;

/// How much is read at once.
const BLOCK_BYTES: usize = 1 << 20;

/// Reads a file by lines, through a block that is used again.
pub(super) struct LineReader<'a, F> {
    file: &'a F,
    /// The byte of the file at the end of the block.
    at: u64,
    block: Vec<u8>,
    start: usize,
    end: usize,
}

impl<'a, F: DiskFile> LineReader<'a, F> {
    pub(super) fn new(file: &'a F, from: u64) -> Self {
        Self { file, at: from, block: Vec::new(), start: 0, end: 0 }
    }

    /// The next line with its LF; without one only at the end of the file; empty after that.
    pub(super) fn next(&mut self) -> io::Result<&[u8]> {
        let mut searched = 0;
        loop {
            let rest = self.block.get(self.start..self.end).unwrap_or_default();
            let unseen = rest.get(searched..).unwrap_or_default();
            if let Some(lf) = memchr::memchr(b'\n', unseen) {
                let line = self.start..self.start + searched + lf + 1;
                self.start = line.end;
                return Ok(self.block.get(line).unwrap_or_default());
            }
            searched = rest.len();
            if !self.fill()? {
                let line = self.start..self.end;
                self.start = self.end;
                return Ok(self.block.get(line).unwrap_or_default());
            }
        }
    }

    /// Reads on behind what is there; false at the end of the file.
    fn fill(&mut self) -> io::Result<bool> {
        self.block.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.block.len() < self.end + BLOCK_BYTES / 2 {
            // Doubled, so that one huge line is not copied again and again.
            let length = (self.end + BLOCK_BYTES).max(self.block.len() * 2);
            self.block.resize(length, 0);
        }
        let Some(free) = self.block.get_mut(self.end..) else { return Ok(false) };
        let read = self.file.read_at(self.at, free)?;
        self.at += read as u64;
        self.end += read;
        Ok(read > 0)
    }
}
