//! Waiting for lines that are still to come, as `tail -F` does, across rotations.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use memchr::memrchr;

use super::super::trail_path;
use super::folder::{ReadError, read_at, rotated_segments};
use crate::tools::regular::open_regular;

/// How much is read at once.
const READ_BYTES: usize = 1 << 20;

/// What a look at the trail found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    /// Whole lines were added to the given buffer.
    Lines,
    /// Nothing new.
    Nothing,
    /// The end was cut, as a tracker does at its start with what was not whole or not sealed; lines
    /// that were there come again.
    Cut,
    /// Another file has its name now, after all lines of the old one were read: a rotation, or a
    /// trail that was made anew.
    NextFile,
}

/// Reads what is appended to the newest segment.
#[derive(Debug)]
pub struct Follower {
    dir: PathBuf,
    path: PathBuf,
    open: Option<Open>,
    /// The next file to be opened is read from its start.
    from_start: bool,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// What was read of it, up to the last LF.
    position: u64,
}

impl Follower {
    /// Follows the trail in `dir` from its end as it is now; it need not be there yet.
    ///
    /// # Errors
    /// [`ReadError`]: it is there and cannot be read.
    pub fn at_end(dir: &Path) -> Result<Self, ReadError> {
        let mut follower = Self { dir: dir.to_owned(), path: trail_path(dir), open: None, from_start: false };
        follower.open_file(&trail_path(dir))?;
        follower.from_start = true;
        Ok(follower)
    }

    /// Whether there is a trail that is followed; else it is waited for.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Looks for something new, and adds whole lines to `lines`. Never waits.
    ///
    /// # Errors
    /// [`ReadError`]: the disk.
    pub fn look(&mut self, lines: &mut Vec<u8>) -> Result<Followed, ReadError> {
        if self.open.is_none() {
            let path = self.path.clone();
            self.open_file(&path)?;
        }
        let path = &self.path;
        let Some(open) = &mut self.open else { return Ok(Followed::Nothing) };
        let length = open.file.metadata().map_err(ReadError::disk(path))?.len();
        if length < open.position {
            open.position = length;
            return Ok(Followed::Cut);
        }
        if open.read_lines(lines).map_err(ReadError::disk(path))? {
            return Ok(Followed::Lines);
        }
        if open.is_still(path).map_err(ReadError::disk(path))? {
            return Ok(Followed::Nothing);
        }
        // What was written between the read above and the renaming.
        if open.read_lines(lines).map_err(ReadError::disk(path))? {
            return Ok(Followed::Lines);
        }
        let next = successor(&self.dir, &open.file)?.unwrap_or_else(|| path.clone());
        self.open = None;
        self.open_file(&next)?;
        Ok(if self.open.is_some() { Followed::NextFile } else { Followed::Nothing })
    }

    fn open_file(&mut self, path: &Path) -> Result<(), ReadError> {
        match open_regular(path) {
            Ok(file) => {
                let mut open = Open { file, position: 0 };
                if !self.from_start {
                    open.skip_to_end().map_err(ReadError::disk(path))?;
                }
                self.open = Some(open);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(ReadError::disk(path)(error)),
        }
    }
}

/// The rotated segment that follows the one that `file` became, when a further rotation made one.
fn successor(dir: &Path, file: &File) -> Result<Option<PathBuf>, ReadError> {
    let ours = file.metadata().map_err(ReadError::disk(dir))?;
    let is_ours =
        |path: &Path| std::fs::metadata(path).is_ok_and(|other| (other.ino(), other.dev()) == (ours.ino(), ours.dev()));
    let mut rotated = rotated_segments(dir)?.into_iter().map(|(_, path)| path);
    // Nothing is left behind a file that was not rotated but removed.
    Ok(rotated.by_ref().find(|path| is_ours(path)).and_then(|_| rotated.next()))
}

impl Open {
    /// Goes behind the last LF.
    fn skip_to_end(&mut self) -> io::Result<()> {
        let mut end = self.file.metadata()?.len();
        while end > 0 {
            let start = end.saturating_sub(READ_BYTES as u64);
            let mut bytes = Vec::new();
            read_at(&self.file, start, (end - start) as usize, &mut bytes)?;
            if let Some(lf) = memrchr(b'\n', &bytes) {
                self.position = start + lf as u64 + 1;
                return Ok(());
            }
            end = start;
        }
        self.position = 0;
        Ok(())
    }

    /// Whether whole lines were added.
    fn read_lines(&mut self, lines: &mut Vec<u8>) -> io::Result<bool> {
        let before = lines.len();
        let mut length = READ_BYTES;
        loop {
            lines.truncate(before);
            read_at(&self.file, self.position, length, lines)?;
            let read = lines.get(before..).unwrap_or_default();
            if let Some(lf) = memrchr(b'\n', read) {
                self.position += lf as u64 + 1;
                lines.truncate(before + lf + 1);
                return Ok(true);
            }
            if read.len() < length {
                lines.truncate(before);
                return Ok(false);
            }
            // One line is longer than that.
            length = length.saturating_mul(2);
        }
    }

    /// Whether the file still has its name.
    fn is_still(&self, path: &Path) -> io::Result<bool> {
        let ours = self.file.metadata()?;
        match std::fs::metadata(path) {
            Ok(named) => Ok((named.ino(), named.dev()) == (ours.ino(), ours.dev())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }
}
