//! What is known of the trail and its tracker.

use super::figures::Figures;
use super::input::{CheckpointSeen, EventSeen, FileState, ProcessState, Rotation, SealSeen, TornTail, Totals};
use super::life::LogTally;
use super::plot::{BucketSize, Plot};
use crate::words::record::HealthLine;

/// What is known of the trail and its tracker, from what was read so far.
///
/// Lines of the trail come in any order of time; each is counted when whoever reads says so, since the
/// seal may have counted it already. Lines of the log come in their order.
#[derive(Clone, Debug, Default)]
pub struct Model {}

impl Model {
    /// Nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// A whole line of the trail. `is_counted`: it adds to the totals, as a line does that came behind
    /// what they hold; not so a line that only fills the plots and the newest of everything.
    /// `now_ms` keeps times that lie in the future out of the plots.
    pub fn see(&mut self, event: &EventSeen, is_counted: bool, now_ms: i64) {}

    /// A whole line of the trail that is none, which begins at `byte` of its file.
    pub fn see_unreadable(&mut self, byte: u64, is_counted: bool) {}

    /// Replaces what the whole trail holds: the seal's base at first, each step of a count in the
    /// background, what is left after a truncation.
    pub fn set_totals(&mut self, totals: Totals) {}

    /// What the whole trail holds, as far as it was counted.
    pub fn totals(&self) -> Totals {
        Totals::default()
    }

    /// Every line of the trail from this time on was seen; `i64::MIN` once the very first one was.
    pub fn set_filled_since(&mut self, time_ms: i64) {}

    /// The trail is another one, or shorter: forgets its totals, its plots and the newest of everything, but
    /// not the log. Whoever reads tells them anew.
    pub fn forget_events(&mut self) {}

    /// The next line of the log; it is counted.
    pub fn hear(&mut self, line: &HealthLine<'_>) {}

    /// The next line of the log, which is none; it is counted.
    pub fn hear_unreadable(&mut self) {}

    /// Replaces how many lines the log holds: after a start from its middle, or a shorter file.
    pub fn set_log_tally(&mut self, tally: LogTally) {}

    /// The log is another one, or shorter: forgets all that it told.
    pub fn forget_log(&mut self) {}

    /// How `tracker.events` is.
    pub fn set_events_file(&mut self, state: FileState) {}

    /// How `tracker.log` is.
    pub fn set_log_file(&mut self, state: FileState) {}

    /// What `tracker.pid` says.
    pub fn set_process(&mut self, state: ProcessState) {}

    /// What the seal says; `None` without one.
    pub fn set_seal(&mut self, seal: Option<SealSeen>) {}

    /// The newest checkpoint; `None` without one.
    pub fn set_checkpoint(&mut self, checkpoint: Option<CheckpointSeen>) {}

    /// A last line of the trail without its end; `None` when there is none.
    pub fn set_torn_tail(&mut self, tail: Option<TornTail>) {}

    /// The trail went on in a new file.
    pub fn set_rotation(&mut self, rotation: Rotation) {}

    /// The topic, as a line of the trail says it.
    pub fn set_topic(&mut self, topic: &str) {}

    /// Everything that a pane shows, at `now_ms`.
    pub fn figures(&self, now_ms: i64) -> Figures {
        unimplemented!("{now_ms}")
    }

    /// So many columns up to the last finished one.
    pub fn plot(&self, columns: usize, bucket: BucketSize, now_ms: i64) -> Plot {
        unimplemented!("{columns} {bucket:?} {now_ms}")
    }

    /// The smallest bucket with at least ten messages a bar, by what came lately.
    pub fn default_bucket(&self, now_ms: i64) -> BucketSize {
        BucketSize::default()
    }
}
