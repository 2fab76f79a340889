//! The last checkpoint of a trail.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use thiserror::Error;

use super::notes::CHECKPOINTS;
use crate::tools::regular::open_regular;
use crate::words::seal::{CheckpointError, KeyChain, Notes, SignedCheckpoint};

/// The file grows by a note a second; the last one is among so many bytes.
const END_BYTES: u64 = 64 * 1024;

/// Why there is no last checkpoint.
#[derive(Debug, Error)]
pub enum LastCheckpointError {
    /// Nothing was signed yet.
    #[error("{CHECKPOINTS} holds no checkpoint: nothing is signed yet")]
    Nothing,
    /// The last one does not count.
    #[error("the last checkpoint in {CHECKPOINTS} does not count: {0}")]
    Wrong(#[from] CheckpointError),
    /// There is something, but no checkpoint of this trail.
    #[error("{CHECKPOINTS} does not hold a checkpoint of this trail")]
    OtherTrail,
    /// The file cannot be read.
    #[error("cannot read {CHECKPOINTS}: {0}")]
    Disk(#[from] io::Error),
}

/// The last whole checkpoint in `dir`, its note and what it says, with its signatures checked.
///
/// # Errors
/// [`LastCheckpointError`].
pub fn last_checkpoint(dir: &Path, keys: &KeyChain) -> Result<(String, SignedCheckpoint), LastCheckpointError> {
    let (bytes, is_whole) = end_of_file(&dir.join(CHECKPOINTS))?;
    let line = format!("\n{}\n", keys.origin());
    let mut end = bytes.len();
    loop {
        let before = bytes.get(..end).unwrap_or_default();
        let start = match memchr::memmem::rfind(before, line.as_bytes()) {
            Some(lf) => lf + 1,
            None if is_whole => 0,
            None => return Err(LastCheckpointError::OtherTrail),
        };
        match bytes.get(start..).and_then(|rest| Notes::new(rest).next()) {
            Some(note) if !note.is_torn => {
                let (signed, _) = keys.read(note.bytes, 0)?;
                return Ok((String::from_utf8_lossy(note.bytes).into_owned(), signed));
            }
            // A torn one: the one before it.
            _ if start > 0 => end = start,
            Some(note) if !note.is_begun(keys.origin()) => return Err(LastCheckpointError::OtherTrail),
            _ => return Err(LastCheckpointError::Nothing),
        }
    }
}

/// The last bytes of a file, and whether they are all; none when it is not there.
fn end_of_file(path: &Path) -> io::Result<(Vec<u8>, bool)> {
    let mut file = match open_regular(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), true)),
        Err(error) => return Err(error),
    };
    let start = file.metadata()?.len().saturating_sub(END_BYTES);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    // Not more, though it may grow meanwhile.
    file.take(END_BYTES).read_to_end(&mut bytes)?;
    Ok((bytes, start == 0))
}
