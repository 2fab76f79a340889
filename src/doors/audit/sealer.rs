//! Sealing: hashing what is synced, keeping the seal, signing checkpoints, closing segments.
//!
//! The order is that of a transparency log: lines durable, then the seal durable, which is signed as a
//! whole, then the checkpoint. The sealer reads the lines back from the file, so it signs what is there, and
//! nothing needs to be undone when an unsealed tail is cut.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::file_ends::{tail, whole_lines};
use super::paths::{index_path, seal_path, segment_path, segments_path, trail_path};
use crate::base::tree::{Tree, leaf_hash};
use crate::logic::ledger::Identity;
use crate::tools::durable::{Access, AppendFile, Disk, DiskFile};
use crate::words::seal::{Checkpoint, IndexEntry, Seal, SealedPosition, SealedSegment, SegmentEntry, SigningKey};

/// How much is read and hashed at once.
const BLOCK_BYTES: usize = 1 << 20;

/// How many bytes of lines lie between two entries of the index.
const INDEX_STEP_BYTES: u64 = 4 << 20;

/// Where the trail stands at the end of a piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// What the lines are of.
    pub identity: Identity,
    /// Where each partition goes on.
    pub positions: BTreeMap<i32, SealedPosition>,
    /// Up to which published offset a roll-back was told, by partition.
    pub rolled_back: BTreeMap<i32, i64>,
    /// Lines of messages that are what was expected, since the trail began.
    pub valid: u64,
    /// Lines of messages that are not.
    pub invalid: u64,
    /// Lines of gaps.
    pub gaps: u64,
}

/// The sealed part of a trail, in memory.
#[derive(Clone, Debug)]
pub(super) struct SealedState {
    /// Of all lines that were hashed.
    pub(super) tree: Tree,
    /// How many bytes of the newest segment were hashed: whole lines.
    pub(super) hashed_bytes: u64,
    /// How many of them are sealed.
    pub(super) sealed_bytes: u64,
    /// Where the newest segment begins, counted from the start of the one that the run began with.
    pub(super) segment_start: u64,
    pub(super) first_line: u64,
    /// When the first line of the newest segment was written; 0 without one.
    pub(super) started_ms: i64,
}

impl SealedState {
    /// The same, with lines of the newest segment up to byte `end` that a checkpoint proves: `tree` is of all.
    pub(super) fn proven(self, tree: Tree, end: u64) -> Self {
        Self { tree, hashed_bytes: end, sealed_bytes: end, ..self }
    }
}

/// How far the closing of a segment has come; after a full disk it goes on from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    Open,
    Noted,
    Renamed,
}

/// Why something could not be sealed.
#[derive(Debug)]
pub(super) enum SealFailure {
    /// The disk refused.
    Disk(io::Error),
    /// What is in the file is not what was written.
    Disturbed,
}

impl From<io::Error> for SealFailure {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// Hashes, seals and signs. Has no thread of its own.
pub(super) struct Sealer<D: Disk> {
    disk: D,
    folder: PathBuf,
    topic: String,
    key: SigningKey,
    /// Of the newest segment.
    file: D::File,
    pub(super) state: SealedState,
    checkpoints: AppendFile<D::File>,
    index: AppendFile<D::File>,
    /// Bytes of the segment at the last entry of the index.
    indexed_bytes: Option<u64>,
    /// What the seal said last: a heartbeat and a closed segment say it again.
    last: Mark,
    /// Whether a checkpoint of what is sealed was written.
    is_signed: bool,
    /// Whether the seal says that lines may follow: it is there, and the tracker has not stopped as asked.
    is_begun: bool,
    /// The time of the last checkpoint.
    signed_s: u64,
    closing: Closing,
    block: Vec<u8>,
}

/// What a sealer is made of.
pub(super) struct SealerParts<'a, D: Disk> {
    pub(super) disk: &'a D,
    pub(super) folder: &'a Path,
    pub(super) topic: &'a str,
    pub(super) key: SigningKey,
    pub(super) file: D::File,
    pub(super) state: SealedState,
    pub(super) checkpoints: AppendFile<D::File>,
    pub(super) last: Mark,
    pub(super) is_signed: bool,
    pub(super) is_begun: bool,
    /// The time of the last checkpoint, seconds since 1970-01-01 UTC.
    pub(super) signed_s: u64,
}

impl<D: Disk> Sealer<D> {
    pub(super) fn new(parts: SealerParts<'_, D>) -> io::Result<Self> {
        let SealerParts { disk, folder, topic, key, file, state, checkpoints, last, is_signed, is_begun, signed_s } =
            parts;
        let mut index = AppendFile::open(disk, &index_path(folder), Access::Like(&trail_path(folder)))?.without_room();
        let whole = whole_lines(index.file(), index.length())?;
        if whole < index.length() {
            index.cut(whole)?;
        }
        Ok(Self {
            disk: disk.clone(),
            folder: folder.to_owned(),
            topic: topic.to_owned(),
            key,
            file,
            state,
            checkpoints,
            index,
            indexed_bytes: None,
            last,
            is_signed,
            is_begun,
            signed_s,
            closing: Closing::Open,
            block: Vec::new(),
        })
    }

    pub(super) fn origin(&self) -> &str {
        self.key.origin()
    }

    /// Up to where lines are hashed, counted from the start of the segment that the run began with.
    pub(super) fn hashed_end(&self) -> u64 {
        self.state.segment_start + self.state.hashed_bytes
    }

    /// Up to where lines are sealed, counted likewise.
    pub(super) fn sealed_end(&self) -> u64 {
        self.state.segment_start + self.state.sealed_bytes
    }

    /// How many lines were hashed, over all segments.
    pub(super) fn lines(&self) -> u64 {
        self.state.tree.size()
    }

    /// Hashes whole lines up to `end`, counted likewise. Stops early, at the end of a line, once about
    /// `limit_bytes` were hashed.
    pub(super) fn hash(&mut self, end: u64, limit_bytes: u64) -> Result<(), SealFailure> {
        let end = end.saturating_sub(self.state.segment_start);
        let enough = self.state.hashed_bytes.saturating_add(limit_bytes);
        while self.state.hashed_bytes < end.min(enough) {
            let left = end - self.state.hashed_bytes;
            if self.block.is_empty() {
                self.block.resize(BLOCK_BYTES, 0);
            }
            let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(self.block.len());
            let Some(block) = self.block.get_mut(..wanted) else { return Err(SealFailure::Disturbed) };
            let read = self.file.read_at(self.state.hashed_bytes, block)?;
            let found = block.get(..read).unwrap_or_default();
            let mut start = 0;
            for lf in memchr::memchr_iter(b'\n', found) {
                self.state.tree.push(leaf_hash(found.get(start..lf).unwrap_or_default()));
                start = lf + 1;
            }
            self.state.hashed_bytes += start as u64;
            if read < wanted {
                return Err(SealFailure::Disturbed);
            }
            if start == 0 {
                if wanted as u64 == left {
                    // Up to `end` the file holds whole lines: it was written so.
                    return Err(SealFailure::Disturbed);
                }
                // A line that is longer than a block.
                self.block.resize(self.block.len() * 2, 0);
            }
        }
        // One huge line must not keep its memory for ever.
        self.block.truncate(BLOCK_BYTES);
        self.block.shrink_to(BLOCK_BYTES);
        Ok(())
    }

    /// Seals up to `end`, counted likewise, where the trail stands as `mark` says, and signs that.
    /// Gives the signed note.
    pub(super) fn seal(&mut self, mark: Mark, end: u64, now_ms: i64, clean: bool) -> Result<String, SealFailure> {
        self.hash(end, u64::MAX)?;
        let end = end.saturating_sub(self.state.segment_start);
        if self.state.hashed_bytes != end || self.state.tree.size() != mark.valid + mark.invalid + mark.gaps {
            return Err(SealFailure::Disturbed);
        }
        if self.state.started_ms == 0 && end > 0 {
            self.state.started_ms = now_ms;
        }
        self.write_seal(&mark, end, now_ms, clean)?;
        self.is_begun = !clean;
        self.is_signed = false;
        self.state.sealed_bytes = end;
        self.last = mark;
        let note = self.sign(now_ms)?;
        self.note_in_index(now_ms);
        Ok(note)
    }

    /// Replaces the seal, signed: of what is hashed, which ends at byte `end` of the newest segment.
    fn write_seal(&self, mark: &Mark, end: u64, now_ms: i64, clean: bool) -> io::Result<()> {
        let SealedState { tree, first_line, started_ms, .. } = &self.state;
        let seal = Seal {
            version: Seal::VERSION,
            origin: self.key.origin().to_owned(),
            topic: self.topic.clone(),
            cluster_id: mark.identity.cluster_id.clone(),
            topic_id: mark.identity.topic_id.clone(),
            lines: tree.size(),
            valid: mark.valid,
            invalid: mark.invalid,
            gaps: mark.gaps,
            root: tree.root(),
            frontier: tree.frontier(),
            segment: SealedSegment { first_line: *first_line, bytes: end, started_ms: *started_ms },
            tail: tail(&self.file, end)?,
            positions: mark.positions.clone(),
            rolled_back: mark.rolled_back.clone(),
            sealed_ms: now_ms,
            clean,
            signature: String::new(),
        };
        let signed = seal.signed_by(&self.key);
        let (path, trail) = (seal_path(&self.folder), trail_path(&self.folder));
        self.disk.replace(&path, &signed.to_bytes(), Access::Like(&trail))
    }

    /// Signs what is sealed, once more or for the first time.
    pub(super) fn sign(&mut self, now_ms: i64) -> Result<String, SealFailure> {
        let SealedState { tree, .. } = &self.state;
        let checkpoint = Checkpoint { origin: self.key.origin().to_owned(), size: tree.size(), root: tree.root() };
        // A clock that was set back must not make signed times fall.
        let time_s = u64::try_from(now_ms / 1000).unwrap_or(0).max(self.signed_s);
        let note = self.key.sign(&checkpoint, time_s);
        self.checkpoints.append(note.as_bytes())?;
        self.checkpoints.file().sync().map_err(unsynced)?;
        self.is_signed = true;
        self.signed_s = time_s;
        Ok(note)
    }

    /// Whether hashing has run ahead of the seal: a heartbeat then has nothing to sign.
    pub(super) fn is_ahead(&self) -> bool {
        self.state.hashed_bytes > self.state.sealed_bytes
    }

    /// The index is only a hint: it may lack entries, so a failure is none of the trail's.
    fn note_in_index(&mut self, now_ms: i64) {
        let end = self.state.sealed_bytes;
        if self.indexed_bytes.is_some_and(|before| end < before + INDEX_STEP_BYTES) {
            return;
        }
        let next = self.last.positions.iter().map(|(&partition, at)| (partition, at.next)).collect();
        let (line, segment) = (self.state.tree.size(), self.state.first_line);
        let entry = IndexEntry { line, segment, byte: end, time_ms: now_ms, next, gaps: Some(self.last.gaps) };
        match self.index.append(&entry.to_line()) {
            Ok(()) => self.indexed_bytes = Some(end),
            Err(error) => {
                tracing::warn!(%error, "the index of the trail could not be written: looking up will be slower")
            }
        }
    }

    /// Closes the newest segment, all of which is sealed, and begins the next. Gives its file. After
    /// an error it can be tried again.
    pub(super) fn rotate(&mut self, now_ms: i64) -> Result<AppendFile<D::File>, SealFailure> {
        if self.closing == Closing::Open {
            // A start believes no closed segment behind a seal that says that the tracker has stopped.
            self.begin(now_ms)?;
            let SealedState { tree, first_line, started_ms, sealed_bytes, .. } = &self.state;
            let entry = SegmentEntry {
                first_line: *first_line,
                lines: tree.size() + 1 - first_line,
                bytes: *sealed_bytes,
                frontier: tree.frontier(),
                positions: self.last.positions.clone(),
                valid: self.last.valid,
                invalid: self.last.invalid,
                gaps: self.last.gaps,
                started_ms: *started_ms,
                closed_ms: now_ms,
            };
            let (path, trail) = (segments_path(&self.folder), trail_path(&self.folder));
            let mut segments = AppendFile::open(&self.disk, &path, Access::Like(&trail))?.without_room();
            segments.append(&entry.to_line())?;
            segments.file().sync().map_err(unsynced)?;
            self.closing = Closing::Noted;
        }
        if self.closing == Closing::Noted {
            let (open, closed) = (trail_path(&self.folder), segment_path(&self.folder, self.state.first_line));
            self.disk.rename(&open, &closed)?;
            self.closing = Closing::Renamed;
        }
        self.begin_segment(now_ms)
    }

    /// Begins the next segment: the one before was renamed, its successor may be there, empty.
    pub(super) fn begin_segment(&mut self, now_ms: i64) -> Result<AppendFile<D::File>, SealFailure> {
        let closed = segment_path(&self.folder, self.state.first_line);
        let next = AppendFile::open(&self.disk, &trail_path(&self.folder), Access::Like(&closed))?;
        let file = next.file().second()?;
        let before = std::mem::replace(&mut self.file, file);
        let state_before = self.state.clone();
        self.state = SealedState {
            tree: self.state.tree.clone(),
            hashed_bytes: 0,
            sealed_bytes: 0,
            segment_start: self.sealed_end(),
            first_line: self.state.tree.size() + 1,
            started_ms: 0,
        };
        if let Err(error) = self.write_seal(&self.last, 0, now_ms, false) {
            self.state = state_before;
            self.file = before;
            return Err(error.into());
        }
        self.closing = Closing::Open;
        self.indexed_bytes = None;
        self.note_in_index(now_ms);
        Ok(next)
    }

    /// Sees to it that the seal says that a tracker has begun: must be called before the first line is written.
    /// After an error it can be tried again.
    pub(super) fn begin(&mut self, now_ms: i64) -> io::Result<()> {
        // Nothing is hashed that is not sealed: behind a clean seal, or without one, recovery leaves no line.
        if !self.is_begun {
            self.write_seal(&self.last, self.state.sealed_bytes, now_ms, false)?;
            self.is_begun = true;
        }
        Ok(())
    }

    /// Writes the seal once more, to say that the tracker stopped as asked.
    pub(super) fn say_clean(&mut self, now_ms: i64) -> Result<(), SealFailure> {
        self.is_begun = false;
        Ok(self.write_seal(&self.last, self.state.sealed_bytes, now_ms, true)?)
    }

    /// Whether a seal says so much already, and a checkpoint with it.
    pub(super) fn says(&self, mark: &Mark, end: u64) -> bool {
        end <= self.sealed_end() && *mark == self.last && self.is_signed
    }
}

/// A sync that failed for want of room is final like any other: nobody knows what is on the disk.
fn unsynced(error: io::Error) -> io::Error {
    io::Error::other(format!("sync: {error}"))
}
