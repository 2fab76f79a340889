//! What stands beside the trail, read before anything is touched.

use std::io;
use std::path::Path;

use super::paths::{checkpoints_path, seal_path, segment_path, segments_path};
use super::recover::{RecoverError, disk_error};
use super::sealer::{Mark, SealedState};
use super::stored_keys::{no_key, read_keys};
use crate::base::tree::Tree;
use crate::logic::ledger::{Identity, Recovered};
use crate::tools::durable::{Disk, DiskFile};
use crate::words::seal::{
    Checkpoint, KeyChain, Notes, Seal, SegmentEntry, SignedCheckpoint, SigningKey, StoredNote, Tail,
};

/// Of the end of the checkpoints so much is read: many times what the last one takes.
const LAST_NOTES_BYTES: u64 = 64 << 10;

/// Which lines behind what is sealed are taken for the trail's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Adopts {
    /// All that continue it: a tracker was killed, or the Go program wrote them.
    All,
    /// Those that the last checkpoint proves: the seal is gone, and nobody vouches for more.
    UpTo(Checkpoint),
    /// None: the tracker stopped as asked, or was killed before it proved anything.
    None,
}

/// What is known of a trail before its newest segment is read.
pub(super) struct Stored {
    /// What the newest segment must have: so many sealed bytes, with this end.
    pub(super) sealed: Option<(u64, Tail)>,
    pub(super) state: SealedState,
    /// Where the trail stands at the end of the sealed lines.
    pub(super) last: Mark,
    /// `None` for a trail that has none yet.
    pub(super) key: Option<SigningKey>,
    /// All that signed it; `None` likewise.
    pub(super) keys: Option<KeyChain>,
    /// Whether there is a checkpoint of what is sealed.
    pub(super) is_signed: bool,
    /// The last checkpoint, as it was signed.
    pub(super) last_note: Option<(String, Checkpoint)>,
    /// The time of the last checkpoint, seconds since 1970-01-01 UTC; 0 without one.
    pub(super) signed_s: u64,
    /// Which lines of the newest segment, behind those, may be taken for the trail's.
    pub(super) adopts: Adopts,
    /// Whole notes end here in the file of checkpoints.
    pub(super) checkpoints_bytes: u64,
    /// Whole entries, without one whose segment was not closed in the end, end here.
    pub(super) segments_bytes: u64,
    /// The first line of the segment that was closed last.
    pub(super) last_closed: Option<u64>,
    pub(super) has_seal: bool,
    pub(super) was_clean: bool,
}

impl Stored {
    pub(super) fn recovered(&self) -> Recovered {
        let Mark { identity, positions, rolled_back, .. } = self.last.clone();
        Recovered { identity, positions, rolled_back }
    }
}

fn altered(path: &Path, what: impl Into<String>) -> RecoverError {
    RecoverError::Altered { path: path.to_owned(), what: what.into() }
}

/// Reads everything beside the newest segment. Writes nothing.
pub(super) fn load<D: Disk>(disk: &D, folder: &Path, topic: &str) -> Result<Stored, RecoverError> {
    let seal = read_seal(disk, folder, topic)?;
    let (mut entries, mut segments_bytes) = read_segments(disk, folder)?;
    let (key, chain) = read_keys(disk, folder, topic)?.unzip();
    // The first start of all was killed before there was a key.
    let seal = seal.filter(|seal| key.is_some() || seal.lines > 0);
    let (signed, checkpoints_bytes) = match &chain {
        Some(chain) => last_checkpoint(disk, folder, chain)?,
        None if seal.is_some() || !entries.is_empty() => {
            return Err(no_key(folder, "it is not there, and this trail was signed with it"));
        }
        None => (None, 0),
    };
    if let (Some(chain), Some(seal)) = (&chain, &seal) {
        check_signed(folder, chain, seal)?;
        if let Some((last, start)) = entries.last()
            && last.first_line == seal.segment.first_line
            && !is_closed(disk, folder, seal, last)?
        {
            // Noted but not renamed: the segment goes on.
            segments_bytes = *start;
            entries.pop();
        }
        let begins = entries.last().map_or(Some(1), |(last, _)| Some(last.end()? + 1));
        let is_being_closed = entries.last().is_some_and(|(last, _)| last.first_line == seal.segment.first_line);
        if begins != Some(seal.segment.first_line) && !is_being_closed {
            let what =
                format!("it does not lead up to line {}, where the newest segment begins", seal.segment.first_line);
            return Err(altered(&segments_path(folder), what));
        }
    }
    let last_closed = entries.last().map(|(entry, _)| entry);
    let standing = standing(folder, seal, last_closed)?;
    let size = standing.state.tree.size();
    let signed_s = signed.as_ref().map_or(0, |(_, signed)| signed.time_s);
    let last_note = signed.map(|(note, signed)| (note, signed.checkpoint));
    let signed = last_note.as_ref().map(|(_, checkpoint)| checkpoint.clone());
    let is_signed = signed.as_ref().is_some_and(|signed| signed.size == size);
    let adopts = adopts(folder, &standing, signed, key.is_some())?;
    let Standing { sealed, state, last, has_seal, was_clean } = standing;
    Ok(Stored {
        sealed,
        state,
        last,
        key,
        keys: chain,
        is_signed,
        last_note,
        signed_s,
        adopts,
        checkpoints_bytes,
        segments_bytes,
        last_closed: last_closed.map(|entry| entry.first_line),
        has_seal,
        was_clean,
    })
}

/// Whether the seal is by the key that may have signed it, and of as many lines as the keys know.
fn check_signed(folder: &Path, chain: &KeyChain, seal: &Seal) -> Result<(), RecoverError> {
    if chain.origin() != seal.origin {
        return Err(no_key(folder, format!("it is the key of {}, and the trail is {}", chain.origin(), seal.origin)));
    }
    let path = seal_path(folder);
    chain.check_seal(seal).map_err(|error| altered(&path, error.to_string()))?;
    match chain.successions().last() {
        Some(last) if last.lines > seal.lines => {
            let (has, lines) = (seal.lines, last.lines);
            Err(altered(
                &path,
                format!("it knows {has} lines, and the key was changed after {lines}: it is an old copy"),
            ))
        }
        _ => Ok(()),
    }
}

/// Whether the newest segment of the seal, of which `entry` tells, was renamed, too. The entry is signed by
/// nobody: a segment is closed when all of it is sealed, so the seal must say the same of it.
fn is_closed<D: Disk>(disk: &D, folder: &Path, seal: &Seal, entry: &SegmentEntry) -> Result<bool, RecoverError> {
    let closed = segment_path(folder, entry.first_line);
    let Some(file) = disk.open(&closed).map_err(disk_error("open", &closed))? else { return Ok(false) };
    let is_sealed = entry.end() == Some(seal.lines)
        && entry.frontier == seal.frontier
        && entry.bytes == seal.segment.bytes
        && entry.positions == seal.positions
        && [entry.valid, entry.invalid, entry.gaps] == [seal.valid, seal.invalid, seal.gaps];
    if !is_sealed || seal.clean {
        let what = format!("it tells otherwise of the segment from line {} on than the seal", entry.first_line);
        return Err(altered(&segments_path(folder), what));
    }
    let length = file.length().map_err(disk_error("read", &closed))?;
    if length < entry.bytes {
        return Err(altered(&closed, format!("it has {length} bytes, and {} are sealed", entry.bytes)));
    }
    Ok(true)
}

/// What the seal, or without one the last closed segment, says.
struct Standing {
    sealed: Option<(u64, Tail)>,
    state: SealedState,
    last: Mark,
    has_seal: bool,
    was_clean: bool,
}

fn standing(folder: &Path, seal: Option<Seal>, closed: Option<&SegmentEntry>) -> Result<Standing, RecoverError> {
    let has_seal = seal.is_some();
    let was_clean = seal.as_ref().is_some_and(|seal| seal.clean);
    let last = match (&seal, closed) {
        (Some(seal), _) => Mark {
            identity: Identity { cluster_id: seal.cluster_id.clone(), topic_id: seal.topic_id.clone() },
            positions: seal.positions.clone(),
            rolled_back: seal.rolled_back.clone(),
            valid: seal.valid,
            invalid: seal.invalid,
            gaps: seal.gaps,
        },
        (None, Some(entry)) => Mark {
            positions: entry.positions.clone(),
            valid: entry.valid,
            invalid: entry.invalid,
            gaps: entry.gaps,
            ..Mark::default()
        },
        (None, None) => Mark::default(),
    };
    let begins_after = |entry: &SegmentEntry| -> Result<SealedState, RecoverError> {
        let path = segments_path(folder);
        let tree =
            entry.tree().ok_or_else(|| altered(&path, "the frontier of its last line does not fit its lines"))?;
        let first_line = tree.size() + 1;
        Ok(SealedState { tree, hashed_bytes: 0, sealed_bytes: 0, segment_start: 0, first_line, started_ms: 0 })
    };
    let (sealed, state) = match (seal, closed) {
        // Renamed, and the tracker was killed before the seal told of the next segment.
        (Some(seal), Some(entry)) if entry.first_line == seal.segment.first_line => (None, begins_after(entry)?),
        (Some(seal), _) => {
            let path = seal_path(folder);
            let tree = seal.tree().ok_or_else(|| altered(&path, "its frontier does not fit its lines"))?;
            let (bytes, first_line) = (seal.segment.bytes, seal.segment.first_line);
            let started_ms = seal.segment.started_ms;
            let state = SealedState {
                tree,
                hashed_bytes: bytes,
                sealed_bytes: bytes,
                segment_start: 0,
                first_line,
                started_ms,
            };
            (Some((bytes, seal.tail)), state)
        }
        (None, Some(entry)) => (None, begins_after(entry)?),
        (None, None) => {
            let state = SealedState {
                tree: Tree::new(),
                hashed_bytes: 0,
                sealed_bytes: 0,
                segment_start: 0,
                first_line: 1,
                started_ms: 0,
            };
            (None, state)
        }
    };
    Ok(Standing { sealed, state, last, has_seal, was_clean })
}

/// The last checkpoint against what is sealed, and what follows of both for the lines behind that.
fn adopts(
    folder: &Path,
    standing: &Standing,
    signed: Option<Checkpoint>,
    has_key: bool,
) -> Result<Adopts, RecoverError> {
    let tree = &standing.state.tree;
    let size = tree.size();
    let signed_lines = signed.as_ref().map_or(0, |signed| signed.size);
    if let Some(signed) = &signed
        && signed.size == size
        && signed.root != tree.root()
    {
        let what = format!("it knows other lines than those that were signed, up to line {size}");
        return Err(altered(&seal_path(folder), what));
    }
    match signed {
        Some(signed) if signed.size > size && !standing.has_seal => Ok(Adopts::UpTo(signed)),
        _ if signed_lines > size => {
            let what = format!("it knows {size} lines, and {signed_lines} were signed: it is an old copy");
            Err(altered(&seal_path(folder), what))
        }
        _ if standing.has_seal => Ok(if standing.was_clean { Adopts::None } else { Adopts::All }),
        // Each segment is signed before it is closed.
        _ if signed_lines < size => {
            let what = format!("it tells of {size} lines, and {signed_lines} were signed");
            Err(altered(&segments_path(folder), what))
        }
        _ => Ok(if has_key { Adopts::None } else { Adopts::All }),
    }
}

fn read_seal<D: Disk>(disk: &D, folder: &Path, topic: &str) -> Result<Option<Seal>, RecoverError> {
    let path = seal_path(folder);
    let Some(bytes) = disk.read(&path).map_err(disk_error("read", &path))? else { return Ok(None) };
    let seal = Seal::parse(&bytes).map_err(|error| altered(&path, error.to_string()))?;
    if seal.topic != topic {
        return Err(RecoverError::OtherTopic { path, found: seal.topic, wanted: topic.to_owned() });
    }
    Ok(Some(seal))
}

/// The closed segments with where each entry begins, and where whole entries end.
fn read_segments<D: Disk>(disk: &D, folder: &Path) -> Result<(Vec<(SegmentEntry, u64)>, u64), RecoverError> {
    let path = segments_path(folder);
    let bytes = disk.read(&path).map_err(disk_error("read", &path))?.unwrap_or_default();
    let (mut entries, mut start) = (Vec::new(), 0);
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        let end = start + line.len() as u64;
        match SegmentEntry::parse(line) {
            Ok(entry) if line.ends_with(b"\n") => entries.push((entry, start)),
            // The last may be torn, by a kill or by a loss of power: its segment was not closed yet.
            _ if end == bytes.len() as u64 => break,
            Ok(_) => {}
            Err(error) => return Err(altered(&path, format!("line {}: {error}", entries.len() + 1))),
        }
        start = end;
    }
    Ok((entries, start))
}

/// The last checkpoint with its note, and where it ends. The very last note may be torn, by a kill or by a loss of power
/// that kept some of its bytes only: what cannot be read there was never relied on.
fn last_checkpoint<D: Disk>(
    disk: &D,
    folder: &Path,
    chain: &KeyChain,
) -> Result<(Option<(String, SignedCheckpoint)>, u64), RecoverError> {
    let path = checkpoints_path(folder);
    let read = || -> io::Result<Option<(u64, u64, Vec<u8>)>> {
        let Some(file) = disk.open(&path)? else { return Ok(None) };
        let length = file.length()?;
        let start = length.saturating_sub(LAST_NOTES_BYTES);
        let mut bytes = vec![0; usize::try_from(length - start).unwrap_or(0)];
        file.read_at(start, &mut bytes)?;
        Ok(Some((length, start, bytes)))
    };
    let Some((length, start, bytes)) = read().map_err(disk_error("read", &path))? else { return Ok((None, 0)) };
    // The block may begin within a note; each note begins with the name of the trail.
    let mark = format!("\n{}\n", chain.origin());
    let skipped = match start {
        0 => 0,
        _ => memchr::memmem::find(&bytes, mark.as_bytes()).map_or(bytes.len(), |found| found + 1),
    };
    let notes: Vec<StoredNote<'_>> = Notes::new(bytes.get(skipped..).unwrap_or_default()).collect();
    for note in notes.iter().rev().take(2) {
        if let Ok((signed, _)) = chain.read(note.bytes, 0) {
            let text = String::from_utf8_lossy(note.bytes).into_owned();
            return Ok((Some((text, signed)), start + (skipped + note.range.end) as u64));
        }
    }
    if notes.len() > 1 || length > LAST_NOTES_BYTES {
        return Err(altered(&path, "its last checkpoints cannot be read, or were not signed by this trail's key"));
    }
    Ok((None, 0))
}
