//! What the threads of an appender know of each other.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use thiserror::Error;

use super::sealer::Mark;
use crate::logic::ledger::{Moment, RotationRule};
use crate::tools::shutdown::Shutdown;

/// What was tried when a sync fails.
pub(super) const SYNC: &str = "sync";

/// How many signed checkpoints wait to be fetched; older ones are dropped, since each says more than
/// the one before.
const WAITING_NOTES: usize = 64;

/// How many bytes may be synced and not yet sealed; the writer then waits for the sealer, so that a
/// start after a crash never has more to read.
pub(super) const UNSEALED_BYTES: u64 = if cfg!(test) { 1 << 20 } else { 192 << 20 };

/// Why the trail can no longer be appended to.
#[derive(Clone, Debug, Error)]
pub enum AppendError {
    /// The disk failed: exit code 74. Nothing was written after it.
    #[error("cannot {what} {path}: {reason}; {left}, start the tracker again once the disk is sound", path = .path.display(), left = left_behind(what))]
    Disk {
        /// What was tried: `write`, `sync`, `seal`, `rotate`, `look at` or `open`.
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
    /// Whoever appends has given it up: what is behind the last seal stays as it is.
    #[error("{path} was given up: nothing more is written or signed", path = .path.display())]
    GivenUp {
        /// The file.
        path: PathBuf,
    },
    /// A thread that writes, syncs or seals panicked: exit code 1.
    #[error("a thread that works on {path} panicked, which is a mistake in this program (standard error says where); what was not written comes again from Kafka, start the tracker again", path = .path.display())]
    Panicked {
        /// The file.
        path: PathBuf,
    },
}

/// How the trail is left after `what` failed.
fn left_behind(what: &str) -> &'static str {
    match what {
        "write" => "what could not be written comes again from Kafka",
        SYNC => "what is not surely on the disk is cut and comes again from Kafka",
        "seal" => "what is on the disk and not sealed yet is sealed at the next start",
        "rotate" => "the next start finishes what was begun with the segment",
        _ => "nothing more was written, the rest comes again from Kafka",
    }
}

/// How far it has come. Bytes are counted from the start of the segment that the run began with.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Bytes that a follower of the file can see.
    pub written_bytes: u64,
    /// Bytes that survive a power loss.
    pub synced_bytes: u64,
    /// Bytes that are sealed.
    pub sealed_bytes: u64,
    /// Lines that are sealed, over all segments.
    pub sealed_lines: u64,
    /// Of how many lines the last checkpoint on the disk is.
    pub signed_lines: u64,
    /// Pieces of this run that are sealed.
    pub sealed_pieces: u64,
    /// How many syncs there were.
    pub syncs: u64,
    /// How many segments were closed in this run.
    pub rotations: u64,
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

/// Where the trail stands after the bytes up to `end`.
#[derive(Clone, Debug)]
pub(super) struct PlacedMark {
    pub(super) end: u64,
    pub(super) mark: Mark,
    /// Of its last piece.
    pub(super) number: u64,
    pub(super) urgent: bool,
}

/// What changes, under one lock.
pub(super) struct State {
    pub(super) progress: Progress,
    pub(super) latencies: Latencies,
    pub(super) first_unsynced: Option<Moment>,
    /// Ends of pieces that are not sealed yet, in order; those between two that are synced alike
    /// are left out.
    pub(super) marks: VecDeque<PlacedMark>,
    pub(super) notes: VecDeque<String>,
    /// The last signed checkpoint that is on the disk.
    pub(super) last_note: Option<String>,
    pub(super) sealer_full_since: Option<Instant>,
    pub(super) writer_full_since: Option<Instant>,
    /// Whether the writing thread has nothing to write and waits for a piece.
    pub(super) writer_idle: bool,
    pub(super) writer_done: bool,
    pub(super) syncer_done: bool,
}

impl State {
    /// The latest mark all of whose bytes are synced.
    pub(super) fn synced_mark(&mut self) -> Option<PlacedMark> {
        let synced = self.progress.synced_bytes;
        let mut urgent = false;
        while self.marks.get(1).is_some_and(|next| next.end <= synced) {
            urgent |= self.marks.pop_front().is_some_and(|passed| passed.urgent);
        }
        let mark = self.marks.front_mut().filter(|mark| mark.end <= synced)?;
        mark.urgent |= urgent;
        Some(mark.clone())
    }

    /// A checkpoint of so many lines was signed, and is on the disk.
    pub(super) fn signed(&mut self, note: String, lines: u64) {
        if self.notes.len() == WAITING_NOTES {
            self.notes.pop_front();
        }
        self.last_note = Some(note.clone());
        self.progress.signed_lines = lines;
        self.notes.push_back(note);
    }

    /// Bytes that are synced and not sealed.
    pub(super) fn unsealed_bytes(&self) -> u64 {
        self.progress.synced_bytes.saturating_sub(self.progress.sealed_bytes)
    }

    /// Whether waiting for more is of no use to a sealer without room: everything that was handed over
    /// is synced, or the rest cannot be written before something is sealed.
    pub(super) fn is_all_synced_that_can_be(&self) -> bool {
        let is_held_up = self.unsealed_bytes() > UNSEALED_BYTES;
        self.progress.written_bytes == self.progress.synced_bytes && (self.writer_idle || is_held_up)
    }

    pub(super) fn look_at_room(&mut self) {
        let earlier = self.writer_full_since.into_iter().chain(self.sealer_full_since).min();
        self.progress.full_since = earlier;
    }
}

/// Shared by the appender and its threads.
pub(super) struct Shared {
    state: Mutex<State>,
    pub(super) changed: Condvar,
    pub(super) path: PathBuf,
    pub(super) stop: Shutdown,
    pub(super) rotation: RotationRule,
    started: Instant,
}

impl Shared {
    pub(super) fn new(
        progress: Progress,
        last_note: Option<String>,
        path: PathBuf,
        stop: Shutdown,
        rotation: RotationRule,
    ) -> Self {
        let state = State {
            progress,
            latencies: Latencies { write_us: histogram(), sync_us: histogram() },
            first_unsynced: None,
            marks: VecDeque::new(),
            notes: VecDeque::new(),
            last_note,
            sealer_full_since: None,
            writer_full_since: None,
            writer_idle: false,
            writer_done: false,
            syncer_done: false,
        };
        let started = Instant::now();
        Self { state: Mutex::new(state), changed: Condvar::new(), path, stop, rotation, started }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `holds`, however long that takes.
    pub(super) fn wait_until(&self, mut holds: impl FnMut(&State) -> bool) -> MutexGuard<'_, State> {
        let waited = self.changed.wait_while(self.lock(), |state| !holds(state));
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn wait_for<'a>(&self, state: MutexGuard<'a, State>, timeout: Duration) -> MutexGuard<'a, State> {
        self.changed.wait_timeout(state, timeout).unwrap_or_else(PoisonError::into_inner).0
    }

    pub(super) fn moment(&self) -> Moment {
        self.started.elapsed()
    }

    pub(super) fn fail(&self, error: AppendError) {
        self.lock().progress.failed.get_or_insert(error);
        self.changed.notify_all();
    }

    pub(super) fn disk(&self, what: &'static str, error: &io::Error) -> AppendError {
        AppendError::Disk { what, path: self.path.clone(), reason: error.to_string() }
    }

    pub(super) fn disturbed(&self) -> AppendError {
        AppendError::Disturbed { path: self.path.clone() }
    }
}

/// Held by each thread of an appender: one that panics is told like any other failure, and nobody waits for it for ever.
pub(super) struct Attended(pub(super) Arc<Shared>);

impl Drop for Attended {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(shared) = self;
            shared.fail(AppendError::Panicked { path: shared.path.clone() });
            let mut state = shared.lock();
            (state.writer_done, state.syncer_done) = (true, true);
            drop(state);
            shared.changed.notify_all();
        }
    }
}

/// Two significant digits up to an hour; construction cannot fail with these figures.
fn histogram() -> Histogram<u32> {
    match Histogram::new_with_bounds(1, 3_600_000_000, 2) {
        Ok(histogram) => histogram,
        Err(error) => unreachable!("constant bounds are good: {error}"),
    }
}

pub(super) fn microseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_says_what_is_true_after_it_and_what_to_do() {
        let told =
            |what| AppendError::Disk { what, path: "tracker.events".into(), reason: "EIO".to_owned() }.to_string();
        assert_eq!(
            told("write"),
            "cannot write tracker.events: EIO; what could not be written comes again from Kafka, \
             start the tracker again once the disk is sound"
        );
        for what in ["write", SYNC, "seal", "rotate", "look at", "open"] {
            assert!(told(what).ends_with("start the tracker again once the disk is sound"), "{}", told(what));
            assert_eq!(told(what).contains("cut"), what == SYNC, "only a failed sync leaves lines to be cut");
        }
    }
}
