//! From whatever a crash left behind to a trail that ends at a whole line.
//!
//! What is sealed is only looked at, never touched: that it is all there is found by its length and
//! its last bytes, and a trail of which some is missing is refused. What comes after the seal of a tracker
//! that was killed is read line by line. The first line that is torn, is no line, or does not continue its partition ends
//! the trail: from there on everything comes again from Kafka, in order. A torn last line is simply
//! cut. Behind the seal of a tracker that stopped as asked there is nothing of a tracker's, and without a seal
//! nothing that no checkpoint proves: that is cut, too, and comes again. When whole lines would be cut with it, they are first copied aside, so that no byte is lost
//! whatever the cause was.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use thiserror::Error;

use super::file_ends::{keep_aside, tail};
use super::history::History;
use super::keys::settle_keys;
use super::paths::{checkpoints_path, seal_path, segment_path, segments_path, trail_path};
use super::reader::LineReader;
use super::sealer::{Mark, Sealer, SealerParts};
use super::stored::{Adopts, Stored, load};
use super::stored_keys::{key_error, make_key, publish_key};
use crate::base::tree::{Tree, leaf_hash};
use crate::logic::ledger::{Recovered, Replay, Verdict};
use crate::tools::durable::{Access, AppendFile, Disk, DiskFile};
use crate::tools::shutdown::Shutdown;
use crate::words::seal::{Checkpoint, KeyChain, PublishedCheckpoint};

/// More than one entry of a file beside the trail can take.
const REWRITTEN_BYTES: u64 = 256 << 10;

/// What was found and done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Whole lines that the trail has, over all segments.
    pub lines: u64,
    /// Length of the newest segment in bytes.
    pub bytes: u64,
    /// How many of its lines had not been sealed.
    pub unsealed_lines: u64,
    /// How many bytes were cut from its end.
    pub cut_bytes: u64,
    /// Where they were copied to, when whole lines were among them.
    pub kept_in: Option<PathBuf>,
    /// Where the trail stands.
    pub recovered: Recovered,
    /// Whether the tracker before this one stopped as asked.
    pub was_clean: bool,
    /// Whether the trail began just now: nothing was ever published by it.
    pub is_new: bool,
    /// How long it took.
    pub elapsed: Duration,
}

/// A recovered trail, ready to be appended to.
pub struct Trail<D: Disk> {
    pub(super) file: AppendFile<D::File>,
    pub(super) sealer: Sealer<D>,
    /// Where it stands at its end.
    pub(super) mark: Mark,
    /// The last checkpoint that is on the disk, as it was signed.
    pub(super) last_note: Option<(String, Checkpoint)>,
    pub(super) history: History,
}

impl<D: Disk> Trail<D> {
    /// Where it stands at its end.
    pub fn mark(&self) -> &Mark {
        &self.mark
    }

    /// What it was when it was opened, to be held to what it had published.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What may be published of its last checkpoint.
    pub fn last_checkpoint(&self) -> Option<PublishedCheckpoint> {
        self.last_note.as_ref().and_then(|(note, _)| PublishedCheckpoint::of_note(note))
    }
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
    /// Sealed data are missing or altered: exit code 65. Nothing was touched.
    #[error("{path}: sealed data are missing or altered: {what}. Nothing was touched. Run `audit verify` to see what is still sound; put the missing data back, or move all tracker.events* away to begin a new trail", path = .path.display())]
    Altered {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// The key that signed so far cannot be used: exit code 1.
    #[error("{path}: {what}. Put the key of this trail back, or move all tracker.events* away to begin a new trail", path = .path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

/// What is made of whole lines behind the seal of a tracker that was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsealed {
    /// They are the trail's: it had not sealed them yet.
    Believed,
    /// They are kept aside and cut, and come again. Behind the seal of a trail that turned out to be an older state of
    /// itself they may be invented: nobody can tell.
    KeptAside,
}

/// Opens the trail in `folder` for `topic`, made when missing, and cuts what no whole line is.
/// `seed`: 40 random bytes, of which a new trail's key and name are made.
///
/// # Errors
/// See [`RecoverError`]; nothing is changed when the trail is of another topic, or sealed data are
/// missing.
pub fn open<D: Disk>(
    disk: &D,
    folder: &Path,
    topic: &str,
    unsealed: Unsealed,
    seed: &[u8; 40],
    stop: &Shutdown,
) -> Result<(Trail<D>, Recovery), RecoverError> {
    let started = Instant::now();
    let mut stored = load(disk, folder, topic)?;
    if stored.has_seal && unsealed == Unsealed::KeptAside {
        stored.adopts = Adopts::None;
    }
    let (trail, recovery) = Opening { disk, folder, topic, seed, stop }.recover(stored)?;
    Ok((trail, Recovery { elapsed: started.elapsed(), ..recovery }))
}

/// What a folder is opened with.
struct Opening<'a, D: Disk> {
    disk: &'a D,
    folder: &'a Path,
    topic: &'a str,
    seed: &'a [u8; 40],
    stop: &'a Shutdown,
}

/// An error of the disk, for `map_err`.
pub(super) fn disk_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RecoverError + use<> {
    let path = path.to_owned();
    move |source| RecoverError::Disk { what, path, source }
}

impl<D: Disk> Opening<'_, D> {
    fn recover(&self, stored: Stored) -> Result<(Trail<D>, Recovery), RecoverError> {
        let path = trail_path(self.folder);
        self.check_sealed(&stored, &path)?;
        let from = stored.state.sealed_bytes;
        let mut replay = Replay::new(self.topic, stored.recovered());
        let proven = self.replay_unsealed(&stored, from, &mut replay)?;
        // Up to here nothing was touched.
        let is_new = stored.key.is_none();
        let is_begun = is_new || (stored.has_seal && !stored.was_clean);
        let key = match stored.key {
            Some(key) => key,
            None => make_key(self.disk, self.folder, self.topic, self.seed)?,
        };
        settle_keys(self.disk, self.folder).map_err(|error| key_error(self.folder, error))?;
        publish_key(self.disk, self.folder, &key)?;
        let checkpoints = self.beside(&checkpoints_path(self.folder), stored.checkpoints_bytes)?;
        drop(self.beside(&segments_path(self.folder), stored.segments_bytes)?);
        let mut file = self.newest(&path, stored.last_closed)?;
        let cut_bytes = file.length() - from - replay.bytes;
        let kept_in = if cut_bytes > 0 { self.cut(&mut file, from + replay.bytes)? } else { None };
        // After a plain kill this is not needed, after a failed sync it is; nobody can tell which it was.
        let rewritten = if stored.has_seal && !stored.was_clean { file.rewrite(from) } else { file.file().sync() };
        rewritten.map_err(disk_error("sync", &path))?;
        let recovered = replay.recovered().clone();
        let mark = Mark {
            identity: recovered.identity.clone(),
            positions: recovered.positions.clone(),
            rolled_back: recovered.rolled_back.clone(),
            valid: stored.last.valid + replay.valid,
            invalid: stored.last.invalid + replay.invalid,
            gaps: stored.last.gaps + replay.gaps,
        };
        let recovery = Recovery {
            lines: mark.valid + mark.invalid + mark.gaps,
            bytes: file.length(),
            unsealed_lines: replay.lines,
            cut_bytes,
            kept_in,
            recovered,
            was_clean: stored.was_clean,
            is_new,
            elapsed: Duration::ZERO,
        };
        let keys = stored.keys.unwrap_or_else(|| KeyChain::of(key.verifier()));
        let unsealed_lines = if proven.is_some() { 0 } else { recovery.unsealed_lines };
        let history = History::new(self.folder, keys, recovery.lines, recovery.lines - unsealed_lines);
        // What a checkpoint proves is sealed anew.
        let (state, last) = match proven {
            Some(tree) => (stored.state.proven(tree, replay.bytes), mark.clone()),
            None => (stored.state, stored.last),
        };
        let parts = SealerParts {
            disk: self.disk,
            folder: self.folder,
            topic: self.topic,
            key,
            file: file.file().second().map_err(disk_error("open", &path))?,
            state,
            checkpoints,
            last,
            // The start after a clean stop is signed, too.
            is_signed: stored.is_signed && is_begun,
            is_begun,
            signed_s: stored.signed_s,
        };
        let sealer = Sealer::new(parts).map_err(disk_error("open", &path))?;
        Ok((Trail { file, sealer, mark, last_note: stored.last_note, history }, recovery))
    }

    /// Reads the lines behind the sealed ones that may be taken for the trail's. When a checkpoint says which
    /// they are, they are found again by hashing: gives their tree.
    fn replay_unsealed(&self, stored: &Stored, from: u64, replay: &mut Replay) -> Result<Option<Tree>, RecoverError> {
        let path = trail_path(self.folder);
        let mut proof = match &stored.adopts {
            Adopts::None => return Ok(None),
            Adopts::All => None,
            Adopts::UpTo(wanted) => Some(Proof { wanted: wanted.clone(), tree: stored.state.tree.clone() }),
        };
        if let Some(found) = self.disk.open(&path).map_err(disk_error("open", &path))? {
            self.scan(&found, from, replay, proof.as_mut())?;
        }
        match proof {
            Some(Proof { wanted, tree }) if tree.size() != wanted.size || tree.root() != wanted.root => {
                Err(self.altered(&path, missing(&wanted, &tree)))
            }
            proof => Ok(proof.map(|proof| proof.tree)),
        }
    }

    /// The newest segment; a kill may have come before it was made, and then it is made like the one before.
    fn newest(&self, path: &Path, last_closed: Option<u64>) -> Result<AppendFile<D::File>, RecoverError> {
        let closed = last_closed.map(|first_line| segment_path(self.folder, first_line));
        let access = closed.as_deref().map_or(Access::Ordinary, Access::Like);
        AppendFile::open(self.disk, path, access).map_err(disk_error("open", path))
    }

    /// A file beside the trail, cut where it is torn. Its end is written once more, as that of the
    /// trail: its last sync may have failed.
    fn beside(&self, path: &Path, whole_bytes: u64) -> Result<AppendFile<D::File>, RecoverError> {
        let trail = trail_path(self.folder);
        let file = AppendFile::open(self.disk, path, Access::Like(&trail)).map_err(disk_error("open", path))?;
        let mut file = file.without_room();
        if file.length() > whole_bytes {
            file.cut(whole_bytes).map_err(disk_error("cut the torn end of", path))?;
        }
        let from = file.length().saturating_sub(REWRITTEN_BYTES);
        file.rewrite(from).map_err(disk_error("sync", path))?;
        Ok(file)
    }

    fn altered(&self, path: &Path, what: String) -> RecoverError {
        RecoverError::Altered { path: path.to_owned(), what }
    }

    /// Whether the sealed part of the newest segment is there: its length and its last bytes.
    fn check_sealed(&self, stored: &Stored, path: &Path) -> Result<(), RecoverError> {
        let Some((sealed, end)) = &stored.sealed else { return Ok(()) };
        let sealed = *sealed;
        let found = self.disk.open(path).map_err(disk_error("open", path))?;
        let Some(found) = found else {
            // A tracker that was killed before it wrote anything has a seal of nothing, perhaps.
            if sealed == 0 {
                return Ok(());
            }
            return Err(self.altered(path, format!("it is not there, though {sealed} bytes of it are sealed")));
        };
        let length = found.length().map_err(disk_error("read", path))?;
        if length < sealed {
            return Err(self.altered(path, format!("it has {length} bytes, and {sealed} are sealed")));
        }
        if sealed > 0 {
            let last = tail(&found, sealed).map_err(disk_error("read", path))?;
            if last != *end {
                let what = format!(
                    "its last sealed bytes, before byte {sealed}, are not those that {} knows",
                    seal_path(self.folder).display()
                );
                return Err(self.altered(path, what));
            }
        }
        Ok(())
    }

    /// Reads lines from byte `from` on for as long as they are sound, and no more than are to be proven.
    fn scan(
        &self,
        file: &D::File,
        from: u64,
        replay: &mut Replay,
        mut proof: Option<&mut Proof>,
    ) -> Result<(), RecoverError> {
        let mut lines = LineReader::new(file, from);
        let path = trail_path(self.folder);
        loop {
            let line = lines.next().map_err(disk_error("read", &path))?;
            if line.is_empty() {
                return Ok(());
            }
            match replay.line(line) {
                Verdict::Sound => {}
                Verdict::Cut => return Ok(()),
                Verdict::OtherTopic(found) => {
                    let wanted = self.topic.to_owned();
                    return Err(RecoverError::OtherTopic { path, found, wanted });
                }
            }
            if let Some(Proof { wanted, tree }) = proof.as_deref_mut() {
                tree.push(leaf_hash(line.strip_suffix(b"\n").unwrap_or(line)));
                if tree.size() == wanted.size {
                    return Ok(());
                }
            }
            // Looked at once in a while: it is cheap, but lines are many.
            if replay.lines.is_multiple_of(1024) && self.stop.is_requested() {
                return Err(RecoverError::Stopped);
            }
        }
    }

    /// Cuts everything from byte `end` on; what holds a whole line is kept beside.
    fn cut(&self, file: &mut AppendFile<D::File>, end: u64) -> Result<Option<PathBuf>, RecoverError> {
        let path = file.path().to_owned();
        let kept = keep_aside(self.disk, file, end).map_err(disk_error("copy the damaged end of", &path))?;
        file.cut(end).map_err(disk_error("cut the torn end of", &path))?;
        Ok(kept)
    }
}

/// What the last checkpoint signed, and the tree of the lines found so far.
struct Proof {
    wanted: Checkpoint,
    tree: Tree,
}

fn missing(wanted: &Checkpoint, found: &Tree) -> String {
    if found.size() < wanted.size {
        return format!("{} lines were signed, and only {} are here", wanted.size, found.size());
    }
    format!("the first {} lines are not those that were signed", wanted.size)
}
