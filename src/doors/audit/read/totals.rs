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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use crate::base::tree::{Tree, leaf_hash};
    use crate::words::seal::{SealedSegment, SigningKey, Tail};

    const ORIGIN: &str = "ordertrail/orders/0123456789abcdef";

    /// A folder with a trail of any name whose lines are these, all of them sealed as valid ones.
    fn trail(lines: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let events = folder.path().join("any.name");
        let mut tree = Tree::new();
        lines.iter().for_each(|line| tree.push(leaf_hash(line.as_bytes())));
        let bytes: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let last = bytes.as_bytes().get(bytes.len().saturating_sub(65_536)..).unwrap();
        let seal = Seal {
            version: Seal::VERSION,
            origin: ORIGIN.to_owned(),
            topic: "orders".to_owned(),
            cluster_id: None,
            topic_id: None,
            lines: lines.len() as u64,
            valid: lines.len() as u64,
            invalid: 0,
            gaps: 0,
            root: tree.root(),
            frontier: tree.frontier(),
            segment: SealedSegment { first_line: 1, bytes: bytes.len() as u64, started_ms: 0 },
            tail: Tail { bytes: last.len() as u64, sha256: Sha256::digest(last).into() },
            positions: Default::default(),
            rolled_back: Default::default(),
            sealed_ms: 0,
            clean: true,
        };
        fs::write(&events, &bytes).unwrap();
        fs::write(beside(&events, ".seal"), seal.to_bytes()).unwrap();
        (folder, events)
    }

    #[test]
    fn a_seal_is_of_these_lines_or_says_why_not() {
        let long = "x".repeat(70_000);
        for lines in [&["one", "two"][..], &[&long, "two"], &[]] {
            let (_folder, events) = trail(lines);
            assert_eq!(sealed_totals(&events).unwrap().seal.valid, lines.len() as u64);
        }
        let (_folder, events) = trail(&["one", "two"]);
        fs::write(&events, "one\ntwo\nunsealed\n").unwrap();
        assert_eq!(sealed_totals(&events).unwrap().bytes, 8);
        for other in ["one\n", "one\ntwo", "one\nTwo\n", ""] {
            fs::write(&events, other).unwrap();
            assert!(matches!(sealed_totals(&events), Err(TotalsError::OtherLines { .. })), "{other}");
        }
        fs::write(beside(&events, ".seal"), "{").unwrap();
        assert!(matches!(sealed_totals(&events), Err(TotalsError::Seal { .. })));
        fs::remove_file(beside(&events, ".seal")).unwrap();
        assert!(matches!(sealed_totals(&events), Err(TotalsError::NoSeal { .. })));
    }

    #[test]
    fn a_segment_that_was_rotated_since_is_found_by_its_number() {
        let (_folder, events) = trail(&["one", "two"]);
        fs::rename(&events, beside(&events, ".1")).unwrap();
        fs::write(&events, "three\n").unwrap();
        let sealed = sealed_totals(&events).unwrap();
        assert_eq!(sealed.file.metadata().unwrap().len(), 8);
    }

    #[test]
    fn the_newest_whole_checkpoint_is_found_at_the_end_of_many() {
        let (_folder, events) = trail(&[]);
        let key = SigningKey::from_seed(ORIGIN, [7; 32]).unwrap();
        let note = |size: u64| {
            let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root: [0; 32] };
            key.sign(&checkpoint, 1_000 + size)
        };
        let path = beside(&events, ".checkpoints");
        assert_eq!(newest_checkpoint(&events), None);
        for notes in [1, 2, 50] {
            let all: String = (1..=notes).map(note).collect();
            fs::write(&path, format!("{all}{}", note(99).get(..60).unwrap())).unwrap();
            let unproven = NewestCheckpoint { lines: notes, time_s: None };
            assert_eq!(newest_checkpoint(&events), Some(unproven), "no key yet");
            fs::write(beside(&events, ".pub"), format!("{}\n", key.verifier())).unwrap();
            let proven = NewestCheckpoint { lines: notes, time_s: Some(1_000 + notes) };
            assert_eq!(newest_checkpoint(&events), Some(proven));
            fs::remove_file(beside(&events, ".pub")).unwrap();
        }
    }
}
