//! The ends of files: the last bytes that are sealed, and the last whole line.

use std::io;

use sha2::{Digest as _, Sha256};

use crate::tools::durable::DiskFile;
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
