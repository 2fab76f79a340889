//! The snapshot's file: a cache with one owner, replaced as a whole, and thrown away in any doubt.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::doors::kafka::Cluster;
use crate::logic::travel::{Board, Origin};
use crate::programs::travel::reading::{READER, Reading};
use crate::programs::travel::{Travel, TravelError};
use crate::services::output::print;
use crate::tools::durable::{Access, Disk as _, Lock, LockAttempt, OsDisk, beside};
use crate::tools::exit::Exit;
use crate::tools::shown::grouped;

/// Saving may take one part in so many of the time.
const SHARE: u32 = 50;

/// How long the cluster may take to tell its id.
const ANSWER: Duration = Duration::from_secs(2);

/// How long one wait takes before a stop is looked for.
const SLICE: Duration = Duration::from_millis(50);

/// Who may write the snapshot.
pub(super) struct Keeper {
    path: PathBuf,
    _lock: Lock,
    every: Duration,
    due: Instant,
    is_changed: bool,
    cluster_id: Option<String>,
}

impl Keeper {
    /// Becomes the file's owner.
    ///
    /// # Errors
    /// Why there will be no snapshot: it goes without.
    pub(super) fn open(path: &Path, every: Duration, cluster: &Cluster) -> Result<Self, String> {
        let lock = beside(path, ".lock");
        let without = |reason: String| format!("no snapshot is kept: {reason}");
        match Lock::try_acquire(&lock) {
            Ok(LockAttempt::Acquired(lock)) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
                every,
                due: Instant::now() + every,
                is_changed: false,
                cluster_id: cluster.id(ANSWER),
            }),
            Ok(LockAttempt::HeldBy(holder)) => {
                Err(without(format!("process {holder} keeps {}; pass another --snapshot", path.display())))
            }
            Err(error) => Err(without(format!("{}: {error}; pass another --snapshot", lock.display()))),
        }
    }

    /// Lets a reading begin where the snapshot ends, if there is one and it is good; else says why not.
    pub(super) fn begin(&self, reading: &mut Reading<'_>) -> Result<Option<String>, TravelError> {
        let thrown = |reason: String| {
            let message = format!("the snapshot {} is not used: {reason}; reading all", self.path.display());
            Ok(Some(message))
        };
        let text = match OsDisk.read(&self.path) {
            Ok(Some(text)) => text,
            Ok(None) => return Ok(None),
            Err(error) => return thrown(error.to_string()),
        };
        let (board, origin) = match Board::of_snapshot(&text) {
            Ok(read) => read,
            Err(error) => return thrown(error.to_string()),
        };
        match reading.would_go_on(&origin, self.cluster_id.as_deref()) {
            Ok(()) => reading.go_on(board, &origin).map(|()| None),
            Err(error) => thrown(error.to_string()),
        }
    }

    /// Notes that there is something to save.
    pub(super) fn changed(&mut self) {
        self.is_changed = true;
    }

    /// Whether there is something to save.
    pub(super) fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Whether it is time to save.
    pub(super) fn is_due(&self) -> bool {
        self.is_changed && Instant::now() >= self.due
    }

    /// Replaces the file as a whole; removes it where the board cannot be kept.
    ///
    /// # Errors
    /// Why it could not be.
    pub(super) fn save(&mut self, reading: &Reading<'_>) -> Result<(), String> {
        let began = Instant::now();
        let origin = reading.origin(self.cluster_id.as_deref());
        let text = origin.and_then(|origin: Origin| reading.board.snapshot(&origin));
        let saved = match text {
            Some(text) => OsDisk.replace(&self.path, &text, Access::Ordinary),
            None => OsDisk.remove(&self.path),
        };
        self.due = Instant::now() + self.every.max(began.elapsed() * SHARE);
        self.is_changed = false;
        saved.map_err(|error: io::Error| format!("the snapshot {} was not written: {error}", self.path.display()))
    }
}

/// Makes the board anew, up to where the snapshot was made, and compares.
pub(super) fn check(travel: &Travel<'_>, cluster: &Cluster, path: &Path) -> Result<Exit, TravelError> {
    let failed = |reason: String| TravelError::Failed { reason: format!("{}: {reason}", path.display()) };
    let text = OsDisk.read(path).map_err(|error| failed(error.to_string()))?;
    let text = text.ok_or_else(|| failed("there is no snapshot".to_owned()))?;
    let (board, origin) = Board::of_snapshot(&text).map_err(|error| failed(error.to_string()))?;
    let topic = travel.existing_topic(cluster)?;
    let topic = topic.ok_or_else(|| failed(format!("there is no topic {}", travel.topic)))?;
    let mut reading = Reading::new(cluster, &topic, READER)?;
    reading.look(travel.context.common.connect_timeout, travel.context.shutdown)?;
    let cluster_id = cluster.id(ANSWER);
    reading.would_go_on(&origin, cluster_id.as_deref()).map_err(|error| failed(error.to_string()))?;
    reading.end_at(&origin);
    while !reading.is_caught_up()? {
        if travel.context.shutdown.is_requested() {
            return Err(TravelError::Stopped);
        }
        reading.step(SLICE, |_, _, _| Ok(()))?;
    }
    let same = reading.board.snapshot(&origin).is_some_and(|anew| anew == text);
    if !same {
        return Err(failed("it is not what the topic says: remove it, and report this".to_owned()));
    }
    let (requests, records) = (board.all().count() as u64, board.records().all());
    print(&format!(
        "{} is what the topic says: {} requests, {} records\n",
        path.display(),
        grouped(requests),
        grouped(records)
    ))?;
    Ok(Exit::Done)
}
