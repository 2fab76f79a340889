//! What the seal says about the whole trail, for whoever shows it without reading it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::folder::read_at;
use crate::base::tree::Hash;
use crate::tools::durable::beside;
use crate::words::seal::{Checkpoint, KeyChain, Notes, Seal, SealError, StoredNote};

/// How often the seal is read again when the lines move on meanwhile: each second it is another one.
const LOOKS: usize = 10;

/// So much of the end of the checkpoints is read: two of the longest notes.
const LAST_NOTES_BYTES: u64 = 4 << 10;

/// How many lines are sealed, and up to where.
#[derive(Debug)]
pub struct SealedTotals {
    /// What the seal says.
    pub seal: Seal,
    /// The file in which the sealed lines end, whatever its name is by now.
    pub file: File,
    /// They end before this byte of it.
    pub bytes: u64,
}

/// Why the seal says nothing about the lines that are there.
#[derive(Debug, Error)]
pub enum TotalsError {
    /// There is no seal.
    #[error("{path} is not there", path = .path.display())]
    NoSeal {
        /// Where it would be.
        path: PathBuf,
    },
    /// The disk, or the rights on it.
    #[error("cannot read {path}: {source}", path = .path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It cannot be relied on.
    #[error("{path}: {source}", path = .path.display())]
    Seal {
        /// The seal.
        path: PathBuf,
        /// Why.
        source: SealError,
    },
    /// It was made of other lines.
    #[error("{path} was made of other lines than those that are there", path = .path.display())]
    OtherLines {
        /// The seal.
        path: PathBuf,
    },
}

/// The newest checkpoint beside a trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewestCheckpoint {
    /// How many lines it signs.
    pub lines: u64,
    /// When, seconds since 1970-01-01 UTC; `None` when its signatures could not be checked.
    pub time_s: Option<u64>,
}

/// Reads the seal beside `events`, the newest segment of a trail, and checks that its last sealed bytes are
/// there: in `events`, or in what a rotation made of it since.
///
/// # Errors
/// [`TotalsError`]: then the lines are to be counted.
pub fn sealed_totals(events: &Path) -> Result<SealedTotals, TotalsError> {
    let mut before = None;
    for _ in 0..LOOKS {
        let seal = read_seal(events)?;
        // A rotation between reading the seal and opening the file is made up for by looking again.
        let renamed = beside(events, &format!(".{}", seal.segment.first_line));
        for path in [renamed.as_path(), events] {
            if let Some(file) = open_if_sealed(path, &seal)? {
                let bytes = seal.segment.bytes;
                return Ok(SealedTotals { seal, file, bytes });
            }
        }
        if before.replace(seal.root) == Some(seal.root) {
            break;
        }
    }
    Err(TotalsError::OtherLines { path: beside(events, ".seal") })
}

/// Reads the seal beside `events`; whether it is of these lines is not looked at.
///
/// # Errors
/// [`TotalsError`]: there is none, or it cannot be relied on.
pub fn read_seal(events: &Path) -> Result<Seal, TotalsError> {
    let path = beside(events, ".seal");
    match fs::read(&path) {
        Ok(bytes) => Seal::parse(&bytes).map_err(|source| TotalsError::Seal { path, source }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(TotalsError::NoSeal { path }),
        Err(source) => Err(TotalsError::Disk { path, source }),
    }
}

fn open_if_sealed(path: &Path, seal: &Seal) -> Result<Option<File>, TotalsError> {
    let disk = |source| TotalsError::Disk { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(disk(source)),
    };
    let (end, length) = (seal.segment.bytes, seal.tail.bytes);
    let mut bytes = Vec::new();
    read_at(&file, end.saturating_sub(length), usize::try_from(length).unwrap_or(0), &mut bytes).map_err(disk)?;
    let digest: Hash = Sha256::digest(&bytes).into();
    let is_whole = end == 0 || bytes.ends_with(b"\n");
    Ok((bytes.len() as u64 == length && is_whole && digest == seal.tail.sha256).then_some(file))
}

/// The newest whole checkpoint beside `events`; `None` when there is none that can be read. Its signatures are
/// checked with the public key beside it, where that is there.
pub fn newest_checkpoint(events: &Path) -> Option<NewestCheckpoint> {
    let file = File::open(beside(events, ".checkpoints")).ok()?;
    let length = file.metadata().ok()?.len();
    let start = length.saturating_sub(LAST_NOTES_BYTES);
    let mut bytes = Vec::new();
    read_at(&file, start, usize::try_from(length - start).ok()?, &mut bytes).ok()?;
    let public = fs::read_to_string(beside(events, ".pub")).unwrap_or_default();
    let chain = KeyChain::parse(&public).ok();
    let notes: Vec<StoredNote<'_>> = Notes::new(from_a_note(&bytes, start > 0)?).collect();
    notes.iter().rev().filter(|note| !note.is_torn).take(2).find_map(|note| {
        if let Some(Ok((signed, _))) = chain.as_ref().map(|chain| chain.read(note.bytes, 0)) {
            return Some(NewestCheckpoint { lines: signed.checkpoint.size, time_s: Some(signed.time_s) });
        }
        let lines = Checkpoint::unchecked(note.bytes)?.size;
        Some(NewestCheckpoint { lines, time_s: None })
    })
}

/// The bytes from the beginning of a note on: behind the last line of a signature that is followed by none.
fn from_a_note(bytes: &[u8], is_within: bool) -> Option<&[u8]> {
    if !is_within {
        return Some(bytes);
    }
    // A note's only empty line is its fourth.
    let empty = memchr::memmem::find(bytes, b"\n\n")?;
    let behind = bytes.get(empty + 2..)?;
    let signatures: usize = behind.split_inclusive(|&byte| byte == b'\n').take(2).map(<[u8]>::len).sum();
    behind.get(signatures..)
}
