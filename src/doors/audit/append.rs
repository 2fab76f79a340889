//! Writing, syncing and sealing, each on a thread of its own.
//!
//! Pieces of whole lines come in through a bounded channel and are written at once, so that whoever
//! follows the file sees them; the syncing thread follows behind and says how far the disk has come,
//! and the sealing thread signs what is synced. Only what is synced may be published as the group's
//! offset.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::recover::Trail;
use super::seal_work::SealingThread;
use super::sealer::Mark;
use super::shared::{AppendError, Attended, Latencies, Progress, Shared};
use super::work::{SyncingThread, WritingThread};
use crate::logic::ledger::{Durability, RotationRule, SyncRhythm};
use crate::tools::durable::{Disk, DiskFile as _};
use crate::tools::shutdown::Shutdown;
use crate::words::seal::PublishedCheckpoint;

/// How many pieces may wait to be written.
const WAITING_PIECES: usize = 4;

/// How many bytes may wait to be written, unless it is one piece that is larger.
const WAITING_BYTES: u64 = if cfg!(test) { 1 << 20 } else { 32 << 20 };

/// Whole lines, and where the trail stands after them.
pub(super) struct Piece {
    pub(super) lines: Vec<u8>,
    pub(super) mark: Mark,
    /// Counted from 1.
    pub(super) number: u64,
    /// To be sealed as soon as it is synced.
    pub(super) urgent: bool,
}

/// What became of a piece.
#[derive(Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It will be written; the trail is so long with it, in the bytes of [`Progress`].
    Taken(u64),
    /// Too many wait already: here it is again.
    NoRoom(Vec<u8>),
}

/// How it ended.
#[derive(Debug)]
pub struct Finished {
    /// How much is on the disk.
    pub progress: Progress,
    /// The signed checkpoints that were not fetched yet.
    pub checkpoints: Vec<String>,
    /// What may be published of the last one that is on the disk.
    pub last_checkpoint: Option<PublishedCheckpoint>,
    /// An error when not everything is on the disk.
    pub outcome: Result<(), AppendError>,
}

/// How a trail is appended to.
#[derive(Clone, Debug)]
pub struct AppendOptions {
    /// When a write is followed by a sync.
    pub durability: Durability,
    /// When a segment is closed.
    pub rotation: RotationRule,
    /// Ends the waiting on a full disk.
    pub stop: Shutdown,
}

/// A trail that is being appended to.
pub struct Appender {
    // `None` once no more may come.
    pieces: Option<SyncSender<Piece>>,
    emptied: Receiver<Vec<u8>>,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    submitted_bytes: u64,
    submitted_pieces: u64,
    origin: String,
}

impl<D: Disk> Trail<D> {
    /// Starts the threads that write, sync and seal.
    ///
    /// # Errors
    /// When the operating system gives no second handle or no thread.
    pub fn start(self, options: AppendOptions) -> io::Result<Appender> {
        let AppendOptions { durability, rotation, stop } = options;
        let Trail { file, sealer, mark, last_note, .. } = self;
        let (last_note, signed_lines) = last_note.map_or((None, 0), |(note, signed)| (Some(note), signed.size));
        let (pieces, incoming) = sync_channel::<Piece>(WAITING_PIECES);
        let (emptying, emptied) = sync_channel::<Vec<u8>>(WAITING_PIECES + 1);
        let length = file.length();
        let progress = Progress {
            written_bytes: length,
            synced_bytes: length,
            sealed_bytes: sealer.state.sealed_bytes,
            sealed_lines: sealer.lines(),
            signed_lines,
            sealed_pieces: 0,
            syncs: 0,
            rotations: 0,
            full_since: None,
            failed: None,
        };
        let origin = sealer.origin().to_owned();
        let shared = Arc::new(Shared::new(progress, last_note, file.path().to_owned(), stop, rotation));
        let handle = Arc::new(Mutex::new(file.file().second()?));
        let sealer = Arc::new(Mutex::new(sealer));
        let writing = WritingThread {
            shared: Arc::clone(&shared),
            file,
            sealer: Arc::clone(&sealer),
            handle: Arc::clone(&handle),
            segment_start: 0,
            last: mark.clone(),
            last_number: 0,
            is_begun: false,
        };
        let syncing = SyncingThread { shared: Arc::clone(&shared), handle, rhythm: SyncRhythm(durability) };
        let sealing = SealingThread::new(Arc::clone(&shared), sealer, mark, length);
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            let attended = Attended(Arc::clone(&shared));
            std::thread::Builder::new().name(name.to_owned()).spawn(move || {
                let _attended = attended;
                work();
            })
        };
        let threads = vec![
            spawn("write", Box::new(move || writing.run(&incoming, &emptying)))?,
            spawn("sync", Box::new(move || syncing.run()))?,
            spawn("seal", Box::new(move || sealing.run()))?,
        ];
        Ok(Appender {
            pieces: Some(pieces),
            emptied,
            shared,
            threads,
            submitted_bytes: length,
            submitted_pieces: 0,
            origin,
        })
    }
}

impl Appender {
    /// The name of the trail, as its key has it.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// An empty piece to fill; a used one when there is any.
    pub fn empty_piece(&self) -> Vec<u8> {
        self.emptied.try_recv().unwrap_or_default()
    }

    /// Hands over whole lines, after which the trail stands at `mark`; `urgent` ones are sealed at
    /// once. Says how long the trail is with them: once that much is synced, so are they. When too
    /// many wait already, the piece comes back: wait with [`Appender::wait_for_room`] and try again.
    ///
    /// # Errors
    /// [`AppendError`] once nothing more can be written.
    pub fn submit(&mut self, lines: Vec<u8>, mark: &Mark, urgent: bool) -> Result<Submitted, AppendError> {
        let length = lines.len() as u64;
        let Some(pieces) = &self.pieces else { return Err(self.failure()) };
        let progress = self.progress();
        if progress.failed.is_some() {
            return Err(self.failure());
        }
        let waiting_bytes = self.submitted_bytes.saturating_sub(progress.written_bytes);
        if waiting_bytes > 0 && waiting_bytes + length > WAITING_BYTES {
            return Ok(Submitted::NoRoom(lines));
        }
        let number = self.submitted_pieces + 1;
        match pieces.try_send(Piece { lines, mark: mark.clone(), number, urgent }) {
            Ok(()) => {
                self.submitted_pieces = number;
                self.submitted_bytes += length;
                Ok(Submitted::Taken(self.submitted_bytes))
            }
            Err(TrySendError::Full(piece)) => Ok(Submitted::NoRoom(piece.lines)),
            Err(TrySendError::Disconnected(_)) => Err(self.failure()),
        }
    }

    /// Waits until a piece was written or something failed, at most `timeout`.
    pub fn wait_for_room(&self, timeout: Duration) {
        let state = self.shared.lock();
        let before = state.progress.written_bytes;
        if state.progress.failed.is_none() {
            // The piece that was full may have been taken meanwhile: the timeout bounds what that costs.
            let unchanged = |state: &mut super::shared::State| {
                state.progress.written_bytes == before && state.progress.failed.is_none()
            };
            drop(self.shared.changed.wait_timeout_while(state, timeout, unchanged));
        }
    }

    /// Whether everything that was handed over is sealed.
    pub fn is_sealed(&self) -> bool {
        self.shared.lock().progress.sealed_pieces >= self.submitted_pieces
    }

    /// Waits until everything that was handed over is sealed, or something failed, at most `timeout`.
    pub fn wait_for_seal(&self, timeout: Duration) {
        let wanted = self.submitted_pieces;
        let is_open =
            |state: &mut super::shared::State| state.progress.sealed_pieces < wanted && state.progress.failed.is_none();
        drop(self.shared.changed.wait_timeout_while(self.shared.lock(), timeout, is_open));
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        self.shared.lock().progress.clone()
    }

    /// The times of writes and syncs since the last call.
    pub fn take_latencies(&self) -> Latencies {
        let mut state = self.shared.lock();
        let taken = state.latencies.clone();
        state.latencies.write_us.reset();
        state.latencies.sync_us.reset();
        taken
    }

    /// What may be published of the last checkpoint that is on the disk.
    pub fn last_checkpoint(&self) -> Option<PublishedCheckpoint> {
        let note = self.shared.lock().last_note.clone()?;
        PublishedCheckpoint::of_note(&note)
    }

    /// Lets nothing more be written or signed from here on: what is being signed at this moment is the last.
    pub fn give_up(&self) {
        self.shared.fail(AppendError::GivenUp { path: self.shared.path.clone() });
    }

    /// The oldest signed checkpoint that was not fetched yet.
    pub fn take_checkpoint(&self) -> Option<String> {
        self.shared.lock().notes.pop_front()
    }

    /// Writes, syncs and seals what was handed over, and ends.
    pub fn finish(mut self) -> Finished {
        self.pieces = None;
        for thread in self.threads.drain(..) {
            // One that panicked has told so: see `Attended`.
            drop(thread.join());
        }
        let progress = self.progress();
        let outcome = progress.failed.clone().map_or(Ok(()), Err);
        let last_checkpoint = self.last_checkpoint();
        let checkpoints = std::mem::take(&mut self.shared.lock().notes).into();
        Finished { progress, checkpoints, last_checkpoint, outcome }
    }

    fn failure(&self) -> AppendError {
        let stopped = || self.shared.disk("write", &io::Error::other("its thread ended"));
        self.shared.lock().progress.failed.clone().unwrap_or_else(stopped)
    }
}

impl Drop for Appender {
    fn drop(&mut self) {
        // Without `finish`, nobody waits: the threads end when they see the closed channel.
        self.pieces = None;
    }
}
