//! The segments of a trail, as they are at one moment.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use super::super::trail_path;
use crate::tools::regular::{open_regular, read_regular};
use crate::words::seal::{Seal, SegmentEntry};

/// How often the folder is looked at again when a rotation comes between.
const LOOKS: usize = 100;

/// Between two looks: a rotation is two renames.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// How much is read at once to count lines.
const COUNT_BYTES: usize = 1 << 20;

/// Far more than a file beside the segments that is read as a whole ever has: a larger one must not fill the memory.
pub(super) const MOST_BESIDE_BYTES: u64 = 256 << 20;

/// Why a trail cannot be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// There is none: exit code 1.
    #[error("no trail in {dir} (tracker.events is not there): pass --dir", dir = .dir.display())]
    NoTrail {
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// The disk, or the rights on it: exit code 1.
    #[error("cannot read {path}: {source}; look after its rights, or the disk", path = .path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A segment was archived while it was read.
    #[error("{path} was taken away while it was read: start again", path = .path.display())]
    TakenAway {
        /// The segment.
        path: PathBuf,
    },
    /// The operating system gives no thread.
    #[error("cannot start: {source}")]
    Start {
        /// What it said.
        source: io::Error,
    },
}

impl ReadError {
    pub(super) fn disk(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::NotFound => Self::TakenAway { path: path.to_owned() },
            _ => Self::Disk { path: path.to_owned(), source },
        }
    }
}

/// One file of a trail.
#[derive(Debug)]
pub struct Segment {
    /// Where it is; the newest may be renamed meanwhile.
    pub path: PathBuf,
    /// Number of its first line, from 1 over all segments.
    pub first_line: u64,
    /// Its length when the trail was opened.
    pub bytes: u64,
    /// The newest is kept open, so that a rotation does not take it away. Others keep their names.
    held: Option<File>,
}

impl Segment {
    /// A handle to read it with.
    pub(super) fn file(&self) -> Result<File, ReadError> {
        match &self.held {
            Some(file) => file.try_clone(),
            None => open_regular(&self.path),
        }
        .map_err(ReadError::disk(&self.path))
    }
}

/// A trail as it was when it was opened. Nothing is locked and nothing is written.
#[derive(Debug)]
pub struct TrailReader {
    dir: PathBuf,
    segments: Vec<Segment>,
}

impl TrailReader {
    /// Notes the segments in `dir` as they are now, even if a rotation happens meanwhile.
    ///
    /// # Errors
    /// [`ReadError`]: there is no trail, or it cannot be read.
    pub fn open(dir: &Path) -> Result<Self, ReadError> {
        let newest_path = trail_path(dir);
        let (rotated, newest) = consistent_look(dir, &newest_path)?;
        if rotated.is_empty() && newest.is_none() {
            return Err(ReadError::NoTrail { dir: dir.to_owned() });
        }
        let mut segments = Vec::with_capacity(rotated.len() + 1);
        for (first_line, path) in rotated {
            let bytes = fs::metadata(&path).map_err(ReadError::disk(&path))?.len();
            segments.push(Segment { path, first_line, bytes, held: None });
        }
        if let Some(file) = newest {
            let bytes = file.metadata().map_err(ReadError::disk(&newest_path))?.len();
            let first_line = first_line_of_newest(dir, &segments)?;
            segments.push(Segment { path: newest_path, first_line, bytes, held: Some(file) });
        }
        Ok(Self { dir: dir.to_owned(), segments })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The segments, oldest first: at least one.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Length of all segments.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// The `length` bytes at `byte` of a segment: a line that was found there.
    ///
    /// # Errors
    /// [`ReadError`]: the disk.
    pub fn read_line(&self, segment: usize, byte: u64, length: usize) -> Result<Vec<u8>, ReadError> {
        let mut line = Vec::new();
        if let Some(segment) = self.segments.get(segment) {
            read_at(&segment.file()?, byte, length, &mut line).map_err(ReadError::disk(&segment.path))?;
        }
        Ok(line)
    }

    /// The line of this number, found by counting in its segment; `None` when it is not here.
    ///
    /// # Errors
    /// [`ReadError`]: the disk.
    pub fn line(&self, number: u64) -> Result<Option<Vec<u8>>, ReadError> {
        let at = self.segments.partition_point(|segment| segment.first_line <= number);
        let Some(segment) = at.checked_sub(1).and_then(|at| self.segments.get(at)) else { return Ok(None) };
        let mut reader = BufReader::with_capacity(COUNT_BYTES, FromStart { file: segment.file()?, at: 0 });
        let disk = |source| ReadError::disk(&segment.path)(source);
        for _ in segment.first_line..number {
            if reader.skip_until(b'\n').map_err(disk)? == 0 {
                return Ok(None);
            }
        }
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).map_err(disk)?;
        Ok(line.pop_if(|last| *last == b'\n').map(|_| line))
    }

    /// What was noted of the last segment that is archived, at whose end the lines here begin; `None` when nothing
    /// is archived, or nothing tells of it.
    pub fn archived(&self) -> Option<SegmentEntry> {
        let archived_lines = self.first_line().checked_sub(1).filter(|lines| *lines > 0)?;
        let text = closed_text(&self.dir);
        let mut entries = text.split(|&byte| byte == b'\n').filter_map(|line| SegmentEntry::parse(line).ok());
        entries.find(|entry| entry.end() == Some(archived_lines))
    }

    /// Number of the first line that is here: greater than 1 when earlier segments were archived.
    pub fn first_line(&self) -> u64 {
        self.segments.first().map_or(1, |segment| segment.first_line)
    }
}

/// Rotated segments with the number of their first line, in order.
type Rotated = Vec<(u64, PathBuf)>;

/// The rotated segments and the newest one, which follows right after them: the names are the same
/// before and after the newest was opened.
fn consistent_look(dir: &Path, newest: &Path) -> Result<(Rotated, Option<File>), ReadError> {
    let mut before = rotated_segments(dir)?;
    for _ in 0..LOOKS {
        let opened = match open_regular(newest) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(ReadError::disk(newest)(error)),
        };
        let after = rotated_segments(dir)?;
        let is_between_renames = opened.is_none() && !after.is_empty();
        if before == after && !is_between_renames {
            return Ok((after, opened));
        }
        before = after;
        if is_between_renames {
            std::thread::park_timeout(LOOK_AGAIN);
        }
    }
    // A tracker died between the two renames; its next start makes the newest.
    Ok((before, None))
}

pub(super) fn rotated_segments(dir: &Path) -> Result<Rotated, ReadError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(ReadError::NoTrail { dir: dir.to_owned() });
        }
        Err(error) => return Err(ReadError::disk(dir)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(ReadError::disk(dir))?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("tracker.events.")).filter(|number| {
            // Not what people name so: `tracker.events.0012`, `tracker.events.+1`.
            number.starts_with(|first: char| matches!(first, '1'..='9')) && number.bytes().all(|b| b.is_ascii_digit())
        });
        if let Some(first_line) = number.and_then(|number| number.parse().ok()) {
            found.push((first_line, entry.path()));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The number of the first line of the newest segment, which follows behind all that were closed, whether these are
/// here or not.
fn first_line_of_newest(dir: &Path, rotated: &[Segment]) -> Result<u64, ReadError> {
    // What is noted of closed segments first, and then their names: a rotation since the look is then seen.
    let last_closed = last_closed(dir).and_then(|last| Some((last.end()?.checked_add(1)?, last)));
    let newest_of_seal = newest_of_seal(dir);
    let last_here = rotated.last().map_or(0, |last| last.first_line);
    if let Some((its_name, _)) = rotated_segments(dir)?.into_iter().find(|(first_line, _)| *first_line > last_here) {
        return Ok(its_name);
    }
    match (rotated.last(), last_closed) {
        (Some(last), Some((end, closed))) if (closed.first_line, closed.bytes) == (last.first_line, last.bytes) => {
            Ok(end)
        }
        // A tracker that died after it noted the end of a segment has not renamed it yet.
        (_, Some((_, closed))) if closed.first_line > last_here && newest_of_seal == Some(closed.first_line) => {
            Ok(closed.first_line)
        }
        // It was renamed, and is not here.
        (_, Some((end, closed))) if closed.first_line > last_here => Ok(end),
        (Some(last), _) => Ok(last.first_line + count_lines(last)?),
        (None, _) => Ok(1),
    }
}

/// The first line of the newest segment, as the seal tells it.
fn newest_of_seal(dir: &Path) -> Option<u64> {
    let seal = read_regular(&dir.join("tracker.events.seal"), MOST_BESIDE_BYTES).ok()?;
    Seal::parse(&seal).ok().map(|seal| seal.segment.first_line)
}

/// The whole lines of `tracker.events.segments`; none without it.
fn closed_text(dir: &Path) -> Vec<u8> {
    let mut text = read_regular(&dir.join("tracker.events.segments"), MOST_BESIDE_BYTES).unwrap_or_default();
    text.truncate(memchr::memrchr(b'\n', &text).map_or(0, |end| end + 1));
    text
}

/// The last line of it: of many segments, only this one is read at each start.
fn last_closed(dir: &Path) -> Option<SegmentEntry> {
    let text = closed_text(dir);
    let last = text.split(|&byte| byte == b'\n').rfind(|line| !line.is_empty())?;
    SegmentEntry::parse(last).ok()
}

fn count_lines(segment: &Segment) -> Result<u64, ReadError> {
    let mut reader = BufReader::with_capacity(COUNT_BYTES, FromStart { file: segment.file()?, at: 0 });
    let mut lines = 0;
    loop {
        let bytes = reader.fill_buf().map_err(ReadError::disk(&segment.path))?;
        if bytes.is_empty() {
            return Ok(lines);
        }
        lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        let length = bytes.len();
        reader.consume(length);
    }
}

/// Reads a file from its start, whoever else reads through the same handle: a copy of one shares its place.
struct FromStart {
    file: File,
    at: u64,
}

impl Read for FromStart {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(into, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// Reads up to `length` bytes at `at`, less only at the end of the file, behind what `into` holds.
pub(super) fn read_at(file: &File, at: u64, length: usize, into: &mut Vec<u8>) -> io::Result<()> {
    let start = into.len();
    into.resize(start + length, 0);
    let filled = fill_at(file, at, into.get_mut(start..).unwrap_or_default())?;
    into.truncate(start + filled);
    Ok(())
}

/// Fills `room` with what stands at `at`, less only at the end of the file, and says how much that is.
pub(super) fn fill_at(file: &File, at: u64, room: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = room.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, at + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
