//! Both files of the tracker, joined with what the screen says about them: right counts at all times.
//!
//! What is sealed is taken over from the seal, so that 10 GB are counted at once; what comes behind is
//! counted line by line. Without a seal the end is read first, then everything from the beginning, in the
//! background. The plots are filled from the end backwards. Nothing here waits: each
//! [`look`](Sources::look) reads about as much as it is allowed to.

mod beside;
mod count;
mod fill;
mod line;
mod log;
mod trail;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use beside::Beside;
use log::LogSource;
use trail::TrailSource;

use crate::doors::tail::{self, Pages};
use crate::logic::monitor::{FileState, Model};

/// Which files.
#[derive(Clone, Debug)]
pub struct SourceOptions {
    /// The trail's newest segment, `tracker.events`; what belongs to it is looked for beside it.
    pub events: PathBuf,
    /// The health log, `tracker.log`.
    pub log: PathBuf,
}

/// What a look found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// The trail has more bytes than before, or other ones.
    pub events_grew: bool,
    /// The same of the log.
    pub log_grew: bool,
    /// What the model says changed.
    pub figures_changed: bool,
    /// A file was cut or made anew: places that were noted are void.
    pub rebuilt: bool,
    /// There is more to do at once: lines to count, plots to fill.
    pub is_busy: bool,
    /// Messages, valid or not, that came at the end of the trail since the look before.
    pub new_messages: u64,
}

/// How much is done in which piece; tests take smaller ones.
#[derive(Clone, Copy, Debug)]
struct Pieces {
    /// A trail that is not longer is counted from its beginning, without a second count in the background.
    small_bytes: u64,
    /// So much of the end of the log is heard at once.
    log_bytes: u64,
    /// The plots are filled from not more than so much of the end.
    fill_bytes: u64,
    /// How far apart marks are set at first.
    mark_bytes: u64,
}

impl Default for Pieces {
    fn default() -> Self {
        Self { small_bytes: 4 << 20, log_bytes: 4 << 20, fill_bytes: 2 << 30, mark_bytes: 1 << 20 }
    }
}

/// Both files, and what they tell.
#[derive(Debug)]
pub struct Sources {
    model: Model,
    trail: TrailSource,
    log: LogSource,
    beside: Beside,
}

impl Sources {
    /// Reads nothing yet. Files that are missing are waited for.
    pub fn open(options: SourceOptions, now_ms: i64) -> Self {
        Self::with_pieces(options, Pieces::default(), now_ms)
    }

    fn with_pieces(options: SourceOptions, pieces: Pieces, _now_ms: i64) -> Self {
        Self {
            model: Model::new(),
            trail: TrailSource::new(&options.events, pieces),
            log: LogSource::new(&options.log, pieces),
            beside: Beside::new(&options.events),
        }
    }

    /// Looks at the files, and reads about `budget_bytes` at most; the first time the end of the log as well.
    pub fn look(&mut self, now_ms: i64, budget_bytes: u64) -> Looked {
        let mut looked = Looked::default();
        let budget = budget_bytes.max(1);
        // What is new comes first; then a part of the budget at least is for the work in the background.
        let read = self.log.look(&mut self.model, now_ms, budget / 2, &mut looked);
        // A log that is long at the start must not starve the trail.
        let left = budget.saturating_sub(read).max(budget / 4).max(1);
        let read = self.trail.look(&mut self.model, now_ms, left, &mut looked);
        let left = left.saturating_sub(read).max(budget / 4).max(1);
        let read = self.trail.work(&mut self.model, now_ms, left, &mut looked);
        self.log.work(&mut self.model, left.saturating_sub(read).max(1), &mut looked);
        looked.figures_changed |= self.beside.look(&mut self.model, now_ms);
        looked
    }

    /// What the files tell.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// How many bytes of the trail came and were not counted yet.
    pub fn unread_bytes(&self) -> u64 {
        self.trail.unread_bytes()
    }

    /// The lines of the trail.
    pub fn events(&self) -> &Pages {
        self.trail.pages()
    }

    /// The lines of the log.
    pub fn log(&self) -> &Pages {
        self.log.pages()
    }
}

/// How a file is, in the model's words; `trouble` is what happened while it was read.
fn file_state(tail: &tail::Tail, trouble: Option<&str>) -> FileState {
    match (tail.state(), trouble) {
        (tail::FileState::Refused { reason }, _) => FileState::Unreadable { reason: reason.clone() },
        (tail::FileState::There, Some(reason)) => FileState::Unreadable { reason: reason.to_owned() },
        (tail::FileState::There, None) => {
            FileState::Readable { bytes: tail.pages().segments().last().map_or(0, |newest| newest.bytes) }
        }
        (tail::FileState::Gone { since_ms }, _) => FileState::Gone { since_ms: *since_ms },
        (tail::FileState::Waiting, _) => FileState::Missing,
    }
}
