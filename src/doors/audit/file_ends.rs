//! The ends of files: the last bytes that are sealed, the last whole line, and what is kept of an end that is cut.

use std::io;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::reader::LineReader;
use crate::tools::durable::{Access, AppendFile, Disk, DiskFile, beside};
use crate::words::seal::Tail;

/// The last sealed bytes before `end`, and their digest.
pub(super) fn tail<F: DiskFile>(file: &F, end: u64) -> io::Result<Tail> {
    let bytes = end.min(Tail::MOST_BYTES);
    let mut last = vec![0; usize::try_from(bytes).unwrap_or(0)];
    if file.read_at(end - bytes, &mut last)? < last.len() {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it is shorter than it was"));
    }
    Ok(Tail { bytes, sha256: Sha256::digest(&last).into() })
}

/// Up to where a small file beside the trail holds whole lines.
pub(super) fn whole_lines<F: DiskFile>(file: &F, length: u64) -> io::Result<u64> {
    let mut end = length;
    let mut block = vec![0; 64 << 10];
    while end > 0 {
        let start = end.saturating_sub(block.len() as u64);
        let part = block.get_mut(..usize::try_from(end - start).unwrap_or(0)).unwrap_or_default();
        let read = file.read_at(start, part)?;
        if let Some(lf) = memchr::memrchr(b'\n', part.get(..read).unwrap_or_default()) {
            return Ok(start + lf as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// Copies everything from byte `from` on into a file beside, when it holds a whole line, and says where.
pub(super) fn keep_aside<D: Disk>(disk: &D, file: &AppendFile<D::File>, from: u64) -> io::Result<Option<PathBuf>> {
    let mut damaged = LineReader::new(file.file(), from);
    if damaged.next()?.last() != Some(&b'\n') {
        return Ok(None);
    }
    for attempt in 0_u32.. {
        let suffix = if attempt == 0 { String::new() } else { format!(".{attempt}") };
        let kept = beside(file.path(), &format!(".cut-{from}{suffix}"));
        let mut copy = match disk.create(&kept, Access::Like(file.path())) {
            Ok(copy) => copy,
            // An earlier start kept another end that began at the same byte.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
        };
        let mut block = vec![0; 1 << 20];
        let mut at = from;
        loop {
            let read = file.file().read_at(at, &mut block)?;
            let Some(bytes) = block.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            copy.write_at(at - from, bytes)?;
            at += read as u64;
        }
        copy.sync()?;
        return Ok(Some(kept));
    }
    Ok(None)
}
