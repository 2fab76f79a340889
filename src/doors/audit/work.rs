//! The threads of an appender that write and sync.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::append::Piece;
use super::sealer::{Mark, SealFailure, Sealer};
use super::shared::{AppendError, PlacedMark, SYNC, Shared, UNSEALED_BYTES, microseconds};
use crate::logic::ledger::SyncRhythm;
use crate::tools::durable::{AppendFile, Disk, DiskFile, is_disk_full};
use crate::tools::moment::now_ms;

/// How many bytes may be written and not yet synced; the writer then waits for the disk.
const UNSYNCED_BYTES: u64 = 64 << 20;

/// How long to wait between two tries on a full disk: at first, and at most.
pub(super) const FULL_RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits longer and longer for a full disk; false once a stop is asked for.
struct Patience(Duration);

impl Patience {
    fn new() -> Self {
        Self(FULL_RETRY.0)
    }

    fn wait(&mut self, shared: &Shared) -> bool {
        if shared.stop.is_requested() {
            return false;
        }
        shared.stop.wait_timeout(self.0);
        self.0 = (self.0 * 2).min(FULL_RETRY.1);
        true
    }
}

/// Writes pieces, and closes segments between them.
pub(super) struct WritingThread<D: Disk> {
    pub(super) shared: Arc<Shared>,
    pub(super) file: AppendFile<D::File>,
    pub(super) sealer: Arc<Mutex<Sealer<D>>>,
    /// What the syncing thread syncs with.
    pub(super) handle: Arc<Mutex<D::File>>,
    /// Where the newest segment begins, in the bytes of the progress.
    pub(super) segment_start: u64,
    /// Where the trail stands after what was written.
    pub(super) last: Mark,
    /// The number of its last piece.
    pub(super) last_number: u64,
    /// Whether the seal says that lines follow.
    pub(super) is_begun: bool,
}

impl<D: Disk> WritingThread<D> {
    pub(super) fn run(mut self, incoming: &Receiver<Piece>, emptying: &SyncSender<Vec<u8>>) {
        if let Err(error) = self.write_all(incoming, emptying) {
            self.shared.fail(error);
        }
        self.shared.lock().writer_done = true;
        self.shared.changed.notify_all();
        // The last sync may fail like any other.
        drop(self.shared.wait_until(|state| state.syncer_done));
        self.settle();
    }

    fn write_all(&mut self, incoming: &Receiver<Piece>, emptying: &SyncSender<Vec<u8>>) -> Result<(), AppendError> {
        while let Some(piece) = self.next(incoming) {
            let Piece { mut lines, mark, number, urgent } = piece;
            if !lines.is_empty() {
                self.begin()?;
            }
            if !lines.is_empty() && self.is_rotation_due(lines.len() as u64) {
                self.rotate()?;
            }
            if !lines.is_empty() {
                self.write(&lines)?;
            }
            let shared = Arc::clone(&self.shared);
            let mut state = shared.lock();
            state.progress.written_bytes += lines.len() as u64;
            let end = state.progress.written_bytes;
            if !lines.is_empty() {
                state.first_unsynced.get_or_insert_with(|| shared.moment());
            }
            state.marks.push_back(PlacedMark { end, mark: mark.clone(), number, urgent });
            shared.changed.notify_all();
            drop(state);
            self.last = mark;
            self.last_number = number;
            self.wait_for_the_slower()?;
            lines.clear();
            // One huge message must not keep its memory for ever.
            lines.shrink_to(4 << 20);
            // A full pool means that there are pieces enough.
            drop(emptying.try_send(lines));
        }
        Ok(())
    }

    /// The next piece; `None` when no more may come.
    fn next(&self, incoming: &Receiver<Piece>) -> Option<Piece> {
        if let Ok(piece) = incoming.try_recv() {
            return Some(piece);
        }
        self.shared.lock().writer_idle = true;
        let piece = incoming.recv().ok();
        self.shared.lock().writer_idle = false;
        piece
    }

    /// Waits until no more than so much is behind.
    fn wait_for_the_slower(&self) -> Result<(), AppendError> {
        let state = self.shared.wait_until(|state| {
            let progress = &state.progress;
            let unsynced = progress.written_bytes - progress.synced_bytes;
            let behind = unsynced > UNSYNCED_BYTES || state.unsealed_bytes() > UNSEALED_BYTES;
            !behind || progress.failed.is_some()
        });
        state.progress.failed.clone().map_or(Ok(()), Err)
    }

    /// Lets the seal say that lines follow, before the first one does: behind the seal of a tracker that stopped
    /// as asked the next start would cut them.
    fn begin(&mut self) -> Result<(), AppendError> {
        let mut patience = Patience::new();
        while !self.is_begun {
            // Not in the match: the lock must not be held while it waits.
            let begun = lock(&self.sealer).begin(now_ms());
            match begun {
                Ok(()) => self.is_begun = true,
                Err(error) => self.endure(&error, "seal", &mut patience)?,
            }
        }
        Ok(())
    }

    /// Writes one piece, waiting as long as the disk is full.
    fn write(&mut self, lines: &[u8]) -> Result<(), AppendError> {
        let mut patience = Patience::new();
        loop {
            if !self.file.is_undisturbed().map_err(|error| self.shared.disk("look at", &error))? {
                return Err(self.shared.disturbed());
            }
            if let Some(failed) = self.shared.lock().progress.failed.clone() {
                return Err(failed);
            }
            let started = Instant::now();
            match self.file.append(lines) {
                Ok(()) => {
                    let mut state = self.shared.lock();
                    state.writer_full_since = None;
                    state.look_at_room();
                    state.latencies.write_us.saturating_record(microseconds(started));
                    return Ok(());
                }
                Err(error) => self.endure(&error, "write", &mut patience)?,
            }
        }
    }

    /// Waits when the disk is full, fails when it is broken.
    fn endure(&self, error: &io::Error, what: &'static str, patience: &mut Patience) -> Result<(), AppendError> {
        if !is_disk_full(error) {
            return Err(self.shared.disk(what, error));
        }
        let mut state = self.shared.lock();
        state.writer_full_since.get_or_insert_with(Instant::now);
        state.look_at_room();
        drop(state);
        if patience.wait(&self.shared) {
            Ok(())
        } else {
            Err(AppendError::StillFull { path: self.shared.path.clone() })
        }
    }

    fn is_rotation_due(&self, piece_bytes: u64) -> bool {
        let segment_bytes = self.file.length();
        let started_ms = if self.shared.rotation.every.is_some() { lock(&self.sealer).state.started_ms } else { 0 };
        let age_ms = if started_ms == 0 { 0 } else { now_ms().saturating_sub(started_ms) };
        let age = Duration::from_millis(u64::try_from(age_ms).unwrap_or(0));
        self.shared.rotation.is_due(segment_bytes, age, piece_bytes)
    }

    /// Closes the segment once everything in it is synced and sealed, and begins the next.
    fn rotate(&mut self) -> Result<(), AppendError> {
        let state = self.shared.wait_until(|state| {
            state.progress.synced_bytes == state.progress.written_bytes || state.progress.failed.is_some()
        });
        if let Some(failed) = &state.progress.failed {
            return Err(failed.clone());
        }
        drop(state);
        let mut patience = Patience::new();
        let (next, lines) = loop {
            let mut sealer = lock(&self.sealer);
            let end = self.segment_start + self.file.length();
            let sealed = match !sealer.says(&self.last, end) {
                true => {
                    let note = sealer.seal(self.last.clone(), end, now_ms(), false);
                    note.map(|note| self.shared.lock().signed(note, sealer.lines()))
                }
                false => Ok(()),
            };
            match sealed.and_then(|()| sealer.rotate(now_ms())) {
                Ok(next) => break (next, sealer.lines()),
                Err(SealFailure::Disturbed) => return Err(self.shared.disturbed()),
                Err(SealFailure::Disk(error)) => {
                    drop(sealer);
                    self.endure(&error, "rotate", &mut patience)?;
                }
            }
        };
        if let Err(error) = self.file.give_room_back() {
            tracing::warn!(%error, "room that was set aside for a closed segment could not be given back");
        }
        let handle = next.file().second().map_err(|error| self.shared.disk("open", &error))?;
        *lock(&self.handle) = handle;
        self.segment_start += self.file.length();
        self.file = next;
        let mut state = self.shared.lock();
        state.writer_full_since = None;
        state.look_at_room();
        state.marks.clear();
        state.progress.sealed_bytes = state.progress.written_bytes;
        state.progress.sealed_lines = lines;
        state.progress.sealed_pieces = self.last_number;
        state.progress.rotations += 1;
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Leaves the file as it can be believed. After a failed sync nobody knows which of the lines since the
    /// last good one are on the disk, though all can still be read: they are cut, and come again. None of
    /// them was published or sealed.
    fn settle(&mut self) {
        let progress = self.shared.lock().progress.clone();
        let settled = match progress.failed {
            Some(AppendError::Disk { what: SYNC, .. }) => {
                self.file.cut(progress.synced_bytes.saturating_sub(self.segment_start))
            }
            // Whose file it is now is not for us to say.
            Some(AppendError::Disturbed { .. }) => Ok(()),
            _ => self.file.give_room_back(),
        };
        if let Err(error) = settled {
            tracing::warn!(%error, "the end of the trail could not be set right");
        }
    }
}

/// Syncs what was written.
pub(super) struct SyncingThread<F> {
    pub(super) shared: Arc<Shared>,
    pub(super) handle: Arc<Mutex<F>>,
    pub(super) rhythm: SyncRhythm,
}

impl<F: DiskFile> SyncingThread<F> {
    pub(super) fn run(self) {
        while let Some(target) = self.wait() {
            let started = Instant::now();
            if let Err(error) = lock(&self.handle).sync() {
                self.shared.fail(self.shared.disk(SYNC, &error));
                break;
            }
            let mut state = self.shared.lock();
            state.latencies.sync_us.saturating_record(microseconds(started));
            state.progress.synced_bytes = target;
            state.progress.syncs += 1;
            self.shared.changed.notify_all();
        }
        self.shared.lock().syncer_done = true;
        self.shared.changed.notify_all();
    }

    /// Waits until a sync is due, and says up to which byte; `None` when there will be none.
    fn wait(&self) -> Option<u64> {
        let mut state = self.shared.lock();
        loop {
            if state.progress.failed.is_some() && !state.writer_done {
                return None;
            }
            let written = state.progress.written_bytes;
            let unsynced = written - state.progress.synced_bytes;
            let wait = state.first_unsynced.map(|first| self.rhythm.wait(first, unsynced, self.shared.moment()));
            state = match wait {
                None if state.writer_done => return None,
                None => self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() || state.writer_done => {
                    // What is written from here on belongs to the next sync.
                    state.first_unsynced = None;
                    return Some(written);
                }
                Some(left) => self.shared.wait_for(state, left),
            };
        }
    }
}
