//! From whatever a crash left behind to a trail that ends at a whole line.
//!
//! Lines are read from the start. The first that is torn, is no line, or does not continue its
//! partition ends the trail: from there on everything comes again from Kafka, in order. A torn last
//! line is simply cut. When whole lines would be cut with it, they are first copied aside, so that
//! no byte is lost whatever the cause was.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::OpenOptions;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::tools::durable::{AppendFile, sync_parent};
use crate::tools::shutdown::Shutdown;
use crate::words::record::LineHead;

/// How much is read at once.
const READ_BYTES: usize = 1 << 20;

/// The next offset of each partition that the trail knows.
pub type Positions = BTreeMap<i32, i64>;

/// What was found and done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Whole lines that the trail has.
    pub lines: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// How many bytes were cut from its end.
    pub cut_bytes: u64,
    /// Where they were copied to, when whole lines were among them.
    pub kept_in: Option<PathBuf>,
    /// The next offset of each partition.
    pub positions: Positions,
    /// How long it took.
    pub elapsed: Duration,
}

/// A recovered trail, ready to be appended to.
#[derive(Debug)]
pub struct Trail {
    pub(super) file: AppendFile,
}

/// Why there is no trail to append to.
#[derive(Debug, Error)]
pub enum RecoverError {
    /// The disk refused: exit code 74.
    #[error("cannot {what} {path}: {source}; pass --dir with a folder that can be written, or look after the disk", path = .path.display())]
    Disk {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A stop was asked for while it was read; nothing was changed.
    #[error("stopped while the trail was read")]
    Stopped,
    /// It is the trail of another topic: exit code 1.
    #[error("{path} is the trail of topic {found}, not of {wanted}: pass --topic {found}, or another --dir", path = .path.display())]
    OtherTopic {
        /// The file.
        path: PathBuf,
        /// The topic it is of.
        found: String,
        /// The topic that was asked for.
        wanted: String,
    },
}

/// Opens the trail at `path` for `topic`, made when missing, and cuts what no whole line is.
///
/// # Errors
/// See [`RecoverError`]; nothing is changed when the trail is of another topic.
pub fn open(path: &Path, topic: &str, stop: &Shutdown) -> Result<(Trail, Recovery), RecoverError> {
    let started = Instant::now();
    let disk = |what| {
        let path = path.to_owned();
        move |source| RecoverError::Disk { what, path, source }
    };
    let mut file = AppendFile::open(path).map_err(disk("open"))?;
    let mut scan = Scan { topic, path, stop, sound_bytes: 0, lines: 0, positions: Positions::new() };
    scan.read(file.reader().map_err(disk("read"))?)?;
    let mut kept_in = None;
    let cut_bytes = file.length() - scan.sound_bytes;
    if cut_bytes > 0 {
        kept_in = keep_aside(path, scan.sound_bytes).map_err(disk("copy the damaged end of"))?;
        file.cut(scan.sound_bytes).map_err(disk("cut the torn end of"))?;
    }
    // What is there may only be in the page cache of a process that was killed.
    file.sync_handle().and_then(|handle| handle.sync()).map_err(disk("sync"))?;
    let recovery = Recovery {
        lines: scan.lines,
        bytes: scan.sound_bytes,
        cut_bytes,
        kept_in,
        positions: scan.positions,
        elapsed: started.elapsed(),
    };
    Ok((Trail { file }, recovery))
}

struct Scan<'a> {
    topic: &'a str,
    path: &'a Path,
    stop: &'a Shutdown,
    sound_bytes: u64,
    lines: u64,
    positions: Positions,
}

impl Scan<'_> {
    fn read(&mut self, file: std::fs::File) -> Result<(), RecoverError> {
        let mut reader = BufReader::with_capacity(READ_BYTES, file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = reader.read_until(b'\n', &mut line).map_err(|source| RecoverError::Disk {
                what: "read",
                path: self.path.to_owned(),
                source,
            })?;
            if length == 0 || !self.accept(&line)? {
                return Ok(());
            }
            self.sound_bytes += length as u64;
            self.lines += 1;
            // Looked at once in a while: it is cheap, but lines are many.
            if self.lines.is_multiple_of(1024) && self.stop.is_requested() {
                return Err(RecoverError::Stopped);
            }
        }
    }

    /// Whether the line is whole and continues its partition.
    fn accept(&mut self, line: &[u8]) -> Result<bool, RecoverError> {
        if line.last() != Some(&b'\n') {
            return Ok(false);
        }
        let Ok(head) = LineHead::parse(line) else { return Ok(false) };
        if head.kafka_topic != self.topic {
            return Err(RecoverError::OtherTopic {
                path: self.path.to_owned(),
                found: head.kafka_topic.into_owned(),
                wanted: self.topic.to_owned(),
            });
        }
        let next = head.next_offset();
        match self.positions.entry(head.kafka_partition) {
            Entry::Vacant(partition) => {
                partition.insert(next);
            }
            Entry::Occupied(mut partition) if head.continues_from() == *partition.get() => {
                partition.insert(next);
            }
            // The Go program tells no gaps and may have written a message twice after a crash.
            Entry::Occupied(mut partition) if head.kafka_timestamp.is_none() && head.audit.is_none() => {
                let furthest = next.max(*partition.get());
                partition.insert(furthest);
            }
            Entry::Occupied(_) => return Ok(false),
        }
        Ok(true)
    }
}

/// Copies everything from byte `from` on into a file beside, when it holds a whole line.
fn keep_aside(path: &Path, from: u64) -> io::Result<Option<PathBuf>> {
    let mut damaged = std::fs::File::open(path)?;
    damaged.seek(SeekFrom::Start(from))?;
    let mut first = BufReader::with_capacity(READ_BYTES, damaged.try_clone()?);
    let mut line = Vec::new();
    first.read_until(b'\n', &mut line)?;
    if line.last() != Some(&b'\n') {
        return Ok(None);
    }
    damaged.seek(SeekFrom::Start(from))?;
    for attempt in 0_u32.. {
        let suffix = if attempt == 0 { String::new() } else { format!(".{attempt}") };
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".cut-{from}{suffix}"));
        let kept = PathBuf::from(name);
        match OpenOptions::new().write(true).create_new(true).open(&kept) {
            Ok(mut copy) => {
                io::copy(&mut damaged.by_ref(), &mut copy)?;
                copy.sync_all()?;
                sync_parent(&kept)?;
                return Ok(Some(kept));
            }
            // An earlier start kept another end that began at the same byte.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
