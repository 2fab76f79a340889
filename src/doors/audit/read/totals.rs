//! What the seal says about the whole trail, for whoever shows it without reading it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::folder::read_at;
use crate::base::tree::Hash;
use crate::tools::durable::beside;
use crate::tools::regular::{open_regular, read_regular};
use crate::words::seal::{Checkpoint, KeyChain, Notes, Seal, SealError, StoredNote};

/// How often the seal is read again when the lines move on meanwhile: each second it is another one.
const LOOKS: usize = 10;

/// So much of the end of the checkpoints is read: two of the longest notes.
const LAST_NOTES_BYTES: u64 = 4 << 10;

/// A seal is not longer: a kilobyte, and some dozens of bytes for each partition.
const MOST_SEAL_BYTES: u64 = 16 << 20;

/// The public keys are not longer: a few lines for each key there ever was.
const MOST_KEY_BYTES: u64 = 1 << 20;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewestCheckpoint {
    /// How many lines it signs.
    pub lines: u64,
    /// The root of their tree, as it stands in the note.
    pub root: String,
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
    match read_regular(&path, MOST_SEAL_BYTES) {
        Ok(bytes) => Seal::parse(&bytes).map_err(|source| TotalsError::Seal { path, source }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(TotalsError::NoSeal { path }),
        Err(source) => Err(TotalsError::Disk { path, source }),
    }
}

fn open_if_sealed(path: &Path, seal: &Seal) -> Result<Option<File>, TotalsError> {
    let disk = |source| TotalsError::Disk { path: path.to_owned(), source };
    let file = match open_regular(path) {
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
    let file = open_regular(&beside(events, ".checkpoints")).ok()?;
    let length = file.metadata().ok()?.len();
    let start = length.saturating_sub(LAST_NOTES_BYTES);
    let mut bytes = Vec::new();
    read_at(&file, start, usize::try_from(length - start).ok()?, &mut bytes).ok()?;
    let public = read_regular(&beside(events, ".pub"), MOST_KEY_BYTES).ok();
    let chain = public.and_then(|bytes| KeyChain::parse(std::str::from_utf8(&bytes).ok()?).ok());
    let notes: Vec<StoredNote<'_>> = Notes::new(from_a_note(&bytes, start > 0)?).collect();
    notes.iter().rev().filter(|note| !note.is_torn).take(2).find_map(|note| {
        if let Some(Ok((signed, _))) = chain.as_ref().map(|chain| chain.read(note.bytes, 0)) {
            let (lines, root) = (signed.checkpoint.size, signed.checkpoint.root_text());
            return Some(NewestCheckpoint { lines, root, time_s: Some(signed.time_s) });
        }
        let checkpoint = Checkpoint::unchecked(note.bytes)?;
        Some(NewestCheckpoint { lines: checkpoint.size, root: checkpoint.root_text(), time_s: None })
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
    use std::time::Duration;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

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
            signature: "none".to_owned(),
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

    /// What it gives, if it does not wait for good.
    fn at_once<T: Send + 'static>(look: impl FnOnce() -> T + Send + 'static) -> T {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        std::thread::spawn(move || sender.send(look()));
        receiver.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    #[test]
    fn a_pipe_or_a_folder_in_the_place_of_any_file_is_no_reason_to_wait() {
        let make_pipe = |path: &Path| mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        let make_folder = |path: &Path| fs::create_dir(path).unwrap();
        for make in [&make_pipe as &dyn Fn(&Path), &make_folder] {
            let (_folder, events) = trail(&["one"]);
            let key = SigningKey::from_seed(ORIGIN, [7; 32]).unwrap();
            let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: 1, root: [0; 32] };
            fs::write(beside(&events, ".checkpoints"), key.sign(&checkpoint, 1_000)).unwrap();
            make(&beside(&events, ".pub"));
            let asked = events.clone();
            let newest = at_once(move || newest_checkpoint(&asked));
            assert_eq!(newest, Some(NewestCheckpoint { lines: 1, root: checkpoint.root_text(), time_s: None }));
            fs::remove_file(beside(&events, ".checkpoints")).unwrap();
            make(&beside(&events, ".checkpoints"));
            let asked = events.clone();
            assert_eq!(at_once(move || newest_checkpoint(&asked)), None);
            fs::remove_file(&events).unwrap();
            make(&events);
            for name in [".1", ".seal"] {
                let asked = events.clone();
                let totals = at_once(move || sealed_totals(&asked));
                assert!(matches!(totals, Err(TotalsError::Disk { .. })), "{totals:?}");
                let path = beside(&events, name);
                if path.exists() {
                    fs::remove_file(&path).unwrap();
                }
                make(&path);
            }
            let read = at_once(move || read_seal(&events));
            assert!(matches!(read, Err(TotalsError::Disk { .. })), "{read:?}");
        }
    }

    #[test]
    fn a_seal_without_an_end_is_not_read_whole() {
        let (_folder, events) = trail(&["one"]);
        let seal = fs::OpenOptions::new().write(true).open(beside(&events, ".seal")).unwrap();
        seal.set_len(1 << 36).unwrap();
        assert!(matches!(read_seal(&events), Err(TotalsError::Disk { .. })));
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
            let root = newest_checkpoint(&events).map(|newest| newest.root).unwrap_or_default();
            let unproven = NewestCheckpoint { lines: notes, root: root.clone(), time_s: None };
            assert_eq!(newest_checkpoint(&events), Some(unproven), "no key yet");
            fs::write(beside(&events, ".pub"), format!("{}\n", key.verifier())).unwrap();
            let proven = NewestCheckpoint { lines: notes, root, time_s: Some(1_000 + notes) };
            assert_eq!(newest_checkpoint(&events), Some(proven));
            fs::remove_file(beside(&events, ".pub")).unwrap();
        }
    }
}
