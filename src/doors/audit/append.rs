//! Writing and syncing, each on a thread of its own.
//!
//! Pieces of whole lines come in through a bounded channel and are written at once, so that whoever
//! follows the file sees them; the syncing thread follows behind and says how far the disk has come.
//! Only what is synced may be published as the group's offset.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use thiserror::Error;

use super::recover::Trail;
use crate::tools::durable::{AppendFile, SyncHandle, is_disk_full};
use crate::tools::shutdown::Shutdown;

/// How many pieces may wait to be written.
const WAITING_PIECES: usize = 4;

/// How long after a write the relaxed sync begins at the latest.
const RELAXED_DELAY: Duration = Duration::from_millis(40);

/// How many bytes may be written and not yet synced; the writer then waits for the disk.
const UNSYNCED_BYTES: u64 = 64 << 20;

/// What was tried when a sync fails.
const SYNC: &str = "sync";

/// How long to wait between two tries on a full disk: at first, and at most.
const FULL_RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// When a write is followed by a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// At most 50 ms later.
    Relaxed,
    /// As soon as the sync before it has ended.
    Strict,
}

/// Why the trail can no longer be appended to.
#[derive(Clone, Debug, Error)]
pub enum AppendError {
    /// The disk failed: exit code 74. Nothing was written after it.
    #[error("cannot {what} {path}: {reason}; what is not surely on the disk was cut and comes again, start the tracker again once the disk is sound", path = .path.display())]
    Disk {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// Somebody changed, moved or removed the file under the tracker: exit code 1.
    #[error("{path} was changed, moved or removed by somebody else; nothing more was written, start the tracker again to carry on from what is there", path = .path.display())]
    Disturbed {
        /// The file.
        path: PathBuf,
    },
    /// A stop was asked for while the disk was full: exit code 74. What was not written comes again.
    #[error("the disk of {path} is still full; what could not be written comes again from Kafka at the next start", path = .path.display())]
    StillFull {
        /// The file.
        path: PathBuf,
    },
}

/// How far it has come. Bytes are counted from the start of this run.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Bytes that a follower of the file can see.
    pub written_bytes: u64,
    /// Bytes that survive a power loss.
    pub synced_bytes: u64,
    /// How many syncs there were.
    pub syncs: u64,
    /// Since when there is no room, while there is none.
    pub full_since: Option<Instant>,
    /// Why it has stopped, when it has.
    pub failed: Option<AppendError>,
}

/// Times of writes and syncs since they were last taken, in microseconds.
#[derive(Clone, Debug)]
pub struct Latencies {
    /// One write of a piece.
    pub write_us: Histogram<u32>,
    /// One fdatasync.
    pub sync_us: Histogram<u32>,
}

/// What became of a piece.
#[derive(Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It will be written; so many bytes were handed over in all.
    Taken(u64),
    /// Too many wait already: here it is again.
    NoRoom(Vec<u8>),
}

/// A trail that is being appended to.
pub struct Appender {
    // `None` once no more may come.
    pieces: Option<SyncSender<Vec<u8>>>,
    emptied: Receiver<Vec<u8>>,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    submitted_bytes: u64,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    path: PathBuf,
    stop: Shutdown,
}

struct State {
    progress: Progress,
    latencies: Latencies,
    first_unsynced: Option<Instant>,
    writer_done: bool,
    syncer_done: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, error: AppendError) {
        self.lock().progress.failed.get_or_insert(error);
        self.changed.notify_all();
    }

    /// Waits for the last sync, which may fail like any other.
    fn wait_for_syncer(&self) {
        let state = self.lock();
        drop(self.changed.wait_while(state, |state| !state.syncer_done));
    }

    fn disk(&self, what: &'static str, error: &io::Error) -> AppendError {
        AppendError::Disk { what, path: self.path.clone(), reason: error.to_string() }
    }
}

/// Three significant digits up to an hour; construction cannot fail with these figures.
fn histogram() -> Histogram<u32> {
    match Histogram::new_with_bounds(1, 3_600_000_000, 2) {
        Ok(histogram) => histogram,
        Err(error) => unreachable!("constant bounds are good: {error}"),
    }
}

impl Trail {
    /// Starts the threads that write and sync. `stop` ends the waiting on a full disk.
    ///
    /// # Errors
    /// When the operating system gives no second handle or no thread.
    pub fn start(self, durability: Durability, stop: Shutdown) -> io::Result<Appender> {
        let (pieces, incoming) = sync_channel::<Vec<u8>>(WAITING_PIECES);
        let (emptying, emptied) = sync_channel::<Vec<u8>>(WAITING_PIECES + 1);
        let sync = self.file.sync_handle()?;
        let progress = Progress { written_bytes: 0, synced_bytes: 0, syncs: 0, full_since: None, failed: None };
        let latencies = Latencies { write_us: histogram(), sync_us: histogram() };
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                progress,
                latencies,
                first_unsynced: None,
                writer_done: false,
                syncer_done: false,
            }),
            changed: Condvar::new(),
            path: self.file.path().to_owned(),
            stop,
        });
        let mut threads = Vec::new();
        let (of_writer, of_syncer) = (Arc::clone(&shared), Arc::clone(&shared));
        threads.push(std::thread::Builder::new().name("write".into()).spawn(move || {
            let mut file = self.file;
            let start_bytes = file.length();
            write_pieces(&mut file, &incoming, &emptying, &of_writer);
            of_writer.lock().writer_done = true;
            of_writer.changed.notify_all();
            of_writer.wait_for_syncer();
            settle(&mut file, start_bytes, &of_writer);
        })?);
        threads.push(std::thread::Builder::new().name("sync".into()).spawn(move || {
            sync_writes(&sync, durability, &of_syncer);
            of_syncer.lock().syncer_done = true;
            of_syncer.changed.notify_all();
        })?);
        Ok(Appender { pieces: Some(pieces), emptied, shared, threads, submitted_bytes: 0 })
    }
}

impl Appender {
    /// An empty piece to fill; a used one when there is any.
    pub fn empty_piece(&self) -> Vec<u8> {
        self.emptied.try_recv().unwrap_or_default()
    }

    /// Hands over whole lines. Says how many bytes were handed over in all: once that many are
    /// synced, so are these. When too many wait already, the piece comes back: wait with
    /// [`Appender::wait_for_room`] and try again.
    ///
    /// # Errors
    /// [`AppendError`] once nothing more can be written.
    pub fn submit(&mut self, piece: Vec<u8>) -> Result<Submitted, AppendError> {
        let length = piece.len() as u64;
        let Some(pieces) = &self.pieces else { return Err(self.failure()) };
        match pieces.try_send(piece) {
            Ok(()) => {
                self.submitted_bytes += length;
                Ok(Submitted::Taken(self.submitted_bytes))
            }
            Err(TrySendError::Full(piece)) => Ok(Submitted::NoRoom(piece)),
            Err(TrySendError::Disconnected(_)) => Err(self.failure()),
        }
    }

    /// Waits until a piece was written or something failed, at most `timeout`.
    pub fn wait_for_room(&self, timeout: Duration) {
        let state = self.shared.lock();
        let before = state.progress.written_bytes;
        let unchanged = |state: &mut State| state.progress.written_bytes == before && state.progress.failed.is_none();
        // The piece that was full may have been taken meanwhile: the timeout bounds what that costs.
        drop(self.shared.changed.wait_timeout_while(state, timeout, unchanged));
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

    /// Writes and syncs what was handed over, and ends.
    ///
    /// # Errors
    /// [`AppendError`] when not everything is on the disk; the progress says how much is.
    pub fn finish(mut self) -> (Progress, Result<(), AppendError>) {
        self.pieces = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                let panicked = io::Error::other("its thread panicked");
                self.shared.fail(self.shared.disk("write", &panicked));
            }
        }
        let progress = self.progress();
        let outcome = progress.failed.clone().map_or(Ok(()), Err);
        (progress, outcome)
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

fn write_pieces(file: &mut AppendFile, incoming: &Receiver<Vec<u8>>, emptying: &SyncSender<Vec<u8>>, shared: &Shared) {
    while let Ok(mut piece) = incoming.recv() {
        if let Err(error) = write_one(file, &piece, shared) {
            shared.fail(error);
            return;
        }
        let mut state = shared.lock();
        state.progress.written_bytes += piece.len() as u64;
        state.first_unsynced.get_or_insert_with(Instant::now);
        shared.changed.notify_all();
        while state.progress.written_bytes - state.progress.synced_bytes > UNSYNCED_BYTES {
            if state.progress.failed.is_some() {
                return;
            }
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        piece.clear();
        // One huge message must not keep its memory for ever.
        piece.shrink_to(4 << 20);
        // A full pool means that there are pieces enough.
        drop(emptying.try_send(piece));
    }
}

/// Leaves the file as it can be believed. After a failed sync nobody knows which of the lines since the
/// last good one are on the disk, though all can still be read: they are cut, and come again. None of
/// them was published.
fn settle(file: &mut AppendFile, start_bytes: u64, shared: &Shared) {
    let progress = shared.lock().progress.clone();
    let settled = match progress.failed {
        Some(AppendError::Disk { what: SYNC, .. }) => file.cut(start_bytes + progress.synced_bytes),
        // Whose file it is now is not for us to say.
        Some(AppendError::Disturbed { .. }) => Ok(()),
        _ => file.give_room_back(),
    };
    if let Err(error) = settled {
        tracing::warn!(%error, "the end of the trail could not be set right");
    }
}

/// Writes one piece, waiting as long as the disk is full.
fn write_one(file: &mut AppendFile, piece: &[u8], shared: &Shared) -> Result<(), AppendError> {
    let mut pause = FULL_RETRY.0;
    loop {
        if !file.is_undisturbed().map_err(|error| shared.disk("look at", &error))? {
            return Err(AppendError::Disturbed { path: shared.path.clone() });
        }
        if let Some(failed) = shared.lock().progress.failed.clone() {
            return Err(failed);
        }
        let started = Instant::now();
        match file.append(piece) {
            Ok(()) => {
                let mut state = shared.lock();
                state.progress.full_since = None;
                state.latencies.write_us.saturating_record(microseconds(started));
                return Ok(());
            }
            Err(error) if is_disk_full(&error) => {
                shared.lock().progress.full_since.get_or_insert_with(Instant::now);
                if shared.stop.is_requested() {
                    return Err(AppendError::StillFull { path: shared.path.clone() });
                }
                shared.stop.wait_timeout(pause);
                pause = (pause * 2).min(FULL_RETRY.1);
            }
            Err(error) => return Err(shared.disk("write", &error)),
        }
    }
}

fn sync_writes(handle: &SyncHandle, durability: Durability, shared: &Shared) {
    loop {
        let mut state = shared.lock();
        let target = loop {
            if state.progress.failed.is_some() && !state.writer_done {
                return;
            }
            let written = state.progress.written_bytes;
            let wait = match (state.first_unsynced, durability) {
                (None, _) if state.writer_done => return,
                (None, _) => None,
                (Some(_), Durability::Strict) => break written,
                (Some(_), Durability::Relaxed) if state.writer_done => break written,
                (Some(first), Durability::Relaxed) => match RELAXED_DELAY.checked_sub(first.elapsed()) {
                    None | Some(Duration::ZERO) => break written,
                    Some(left) if written - state.progress.synced_bytes <= UNSYNCED_BYTES / 2 => Some(left),
                    Some(_) => break written,
                },
            };
            state = match wait {
                None => shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(left) => shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        };
        // What is written from here on belongs to the next sync.
        state.first_unsynced = None;
        drop(state);
        let started = Instant::now();
        if let Err(error) = handle.sync() {
            shared.fail(shared.disk(SYNC, &error));
            return;
        }
        let mut state = shared.lock();
        state.latencies.sync_us.saturating_record(microseconds(started));
        state.progress.synced_bytes = target;
        state.progress.syncs += 1;
        shared.changed.notify_all();
    }
}

fn microseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// The trail's file in a folder.
pub fn trail_path(folder: &Path) -> PathBuf {
    folder.join("tracker.events")
}
