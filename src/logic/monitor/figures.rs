//! Everything that a pane or `--json` shows, at one moment. Unknown is `None`.

use super::input::{FileState, ProcessState, Rotation};
use super::log_line::LogTally;
use super::verdict::{ErrorState, Percent, QualityWord, SuccessState, ThroughputState, Verdict};

/// Everything that a pane or `--json` shows, at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// That moment, milliseconds since 1970-01-01 UTC.
    pub as_of_ms: i64,
    /// Is it healthy?
    pub verdict: Verdict,
    /// Lines of the trail; `None` while it was never read.
    pub counts: Option<Counts>,
    /// How long ago the newest message came, in milliseconds.
    pub last_message_age_ms: Option<i64>,
    /// How long ago the newest message came that was not what was expected, in milliseconds.
    pub last_invalid_age_ms: Option<i64>,
    /// Valid messages among all.
    pub success: Success,
    /// Messages a second.
    pub throughput: Throughput,
    /// Invalid messages, gaps and other errors of the tracker.
    pub errors: Errors,
    /// The score.
    pub quality: Option<Quality>,
    /// What waits in Kafka.
    pub lag: Option<Lag>,
    /// How long writing and syncing take.
    pub latency: Option<Latency>,
    /// What the tracker uses.
    pub resources: Option<Resources>,
    /// The disk of the trail.
    pub disk: Option<Disk>,
    /// What the tracker counted since its start; never added to what the trail holds.
    pub run: Option<Run>,
    /// Who writes.
    pub tracker: TrackerFigures,
    /// How far the trail is sealed.
    pub sealed: Option<Sealed>,
    /// By partition, in rising order.
    pub partitions: Vec<PartitionFigures>,
    /// The moment that the trail's figures are of, milliseconds since 1970-01-01 UTC: now, or when the trail was
    /// last known once it was lost; `None` while it was never read.
    pub trail_as_of_ms: Option<i64>,
    /// How `tracker.events` is.
    pub events_file: FileState,
    /// How `tracker.log` is.
    pub log_file: FileState,
    /// Lines of `tracker.log`; `None` while it was never read.
    pub log: Option<LogTally>,
    /// The trail went on in a new file, within the last minutes.
    pub rotation: Option<Rotation>,
}

/// When a figure was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    /// Milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// How long ago, in milliseconds; not negative.
    pub age_ms: i64,
    /// Whether that is longer than two of its intervals.
    pub is_stale: bool,
}

/// A count, or a lower bound of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// The number.
    pub count: u64,
    /// Whether it is all; else at least so many.
    pub is_exact: bool,
}

/// Lines of the trail, each counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages.
    pub received: Counted,
    /// Of these, what was expected.
    pub valid: Counted,
    /// Of these, what was not.
    pub invalid: Counted,
    /// Lines that tell a gap.
    pub gaps: Counted,
    /// The offsets that they tell of.
    pub gap_offsets: Counted,
    /// Whole lines that do not parse, and a last one without its end that no longer grows.
    pub unreadable: Counted,
    /// How much of a count in the background is done, 0 to 100; `None` when nothing is counted.
    pub counting_percent: Option<u8>,
}

/// Valid messages among all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Success {
    /// Of the whole trail.
    pub whole: Option<Percent>,
    /// Of the last 15 minutes; `None` without a message in them too.
    pub last_15_min: Option<Percent>,
    /// The worse of the two, which the state is about.
    pub worse: Option<Percent>,
    /// How good it is.
    pub state: Option<SuccessState>,
}

/// Messages a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Throughput {
    /// Messages a second.
    pub per_second: Option<f64>,
    /// Over how many full seconds.
    pub window_seconds: u32,
    /// How good it is.
    pub state: Option<ThroughputState>,
}

/// Invalid messages, gaps and other errors of the tracker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Errors {
    /// How many.
    pub count: Option<Counted>,
    /// How long ago the newest was, in milliseconds; `None` also when there was none.
    pub newest_age_ms: Option<i64>,
    /// How good it is.
    pub state: Option<ErrorState>,
}

/// The score, and its three parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quality {
    /// 0 to 100.
    pub score: u32,
    /// Of success, 0 to 50.
    pub success: u32,
    /// Of throughput, 0 to 30.
    pub throughput: u32,
    /// Of errors, 0 to 20.
    pub errors: u32,
    /// What it is called.
    pub word: QualityWord,
}

/// Where the lag is going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trend {
    /// More waits.
    Growing,
    /// Less waits.
    Shrinking,
    /// It stays.
    Steady,
    /// It stays, and no message comes.
    Idle,
}

/// What waits in Kafka.
#[derive(Clone, Debug, PartialEq)]
pub struct Lag {
    /// Messages that could be read and were not yet.
    pub messages: u64,
    /// Where it is going; `None` with fewer than two figures.
    pub trend: Option<Trend>,
    /// By how many a second it changes.
    pub per_second: Option<f64>,
    /// When nothing will be left, in milliseconds, if it goes on like that.
    pub to_zero_ms: Option<i64>,
    /// The last figures, the oldest first.
    pub history: Vec<u64>,
    /// When it was told.
    pub age: Age,
}

/// How long writing and syncing take, in milliseconds, since the line before.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)] // The keys of tracker.metrics.
pub struct Latency {
    pub write_p50_ms: Option<f64>,
    pub write_p99_ms: Option<f64>,
    pub write_max_ms: Option<f64>,
    pub sync_p50_ms: Option<f64>,
    pub sync_p99_ms: Option<f64>,
    pub sync_max_ms: Option<f64>,
    /// Between the last two lines.
    pub syncs_per_second: Option<f64>,
    /// When it was told.
    pub age: Age,
}

/// What the tracker uses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resources {
    /// Of one core.
    pub cpu_percent: Option<f64>,
    /// Resident.
    pub memory_bytes: Option<u64>,
    /// The system's load average.
    pub host_load_1m: Option<f64>,
    /// When it was told.
    pub age: Age,
}

/// The disk of the trail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disk {
    /// Free.
    pub free_bytes: u64,
    /// What the trail takes, between the last two lines.
    pub bytes_per_second: Option<f64>,
    /// How long that is enough, in milliseconds.
    pub left_ms: Option<i64>,
    /// When it was told.
    pub age: Age,
}

/// What the tracker counted since its start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// Messages.
    pub received: u64,
    /// Of these, what was expected.
    pub valid: Option<u64>,
    /// Of these, what was not.
    pub invalid: Option<u64>,
    /// Valid among all, as it says.
    pub success: Option<Percent>,
    /// Messages a second, since the start.
    pub mean_per_second: Option<f64>,
    /// When it was told.
    pub age: Age,
}

/// Whether a tracker runs, by its log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Alive {
    /// There is no log, or it says nothing about it.
    #[default]
    Unknown,
    /// It wrote lately.
    Running,
    /// It was asked to stop and has not said yet that it did.
    Stopping,
    /// It wrote nothing for 2.5 intervals.
    Silent,
    /// It stopped as it was asked to.
    Stopped,
    /// It ended because it could not go on.
    Failed,
}

/// A tracker that waits for another one to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standby {
    /// Its process.
    pub pid: Option<u32>,
    /// Whom it waits for.
    pub holder: Option<String>,
    /// Since when, milliseconds since 1970-01-01 UTC.
    pub since_ms: i64,
}

/// Who writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackerFigures {
    /// Whether it runs.
    pub alive: Alive,
    /// Since it started, in milliseconds; of a run that ended, how long that was.
    pub up_ms: Option<i64>,
    /// When it started, milliseconds since 1970-01-01 UTC.
    pub started_ms: Option<i64>,
    /// When it wrote its last line, milliseconds since 1970-01-01 UTC.
    pub heard_ms: Option<i64>,
    /// How long ago that was, in milliseconds.
    pub heard_age_ms: Option<i64>,
    /// How often it tells figures, in milliseconds.
    pub interval_ms: i64,
    /// Its process, as its log says.
    pub pid: Option<u32>,
    /// What `tracker.pid` says.
    pub process: ProcessState,
    /// Its version.
    pub version: Option<String>,
    /// Where it reads.
    pub brokers: Option<String>,
    /// The topic, by the log, the seal or the trail.
    pub topic: Option<String>,
    /// Its consumer group.
    pub group: Option<String>,
    /// Another one that waits for it to go.
    pub standby: Option<Standby>,
}

/// How far the trail is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Lines, over all segments.
    pub lines: u64,
    /// When.
    pub age: Age,
    /// Which checkpoint was the last, from 1.
    pub checkpoint: Option<u64>,
    /// When it was signed.
    pub checkpoint_age: Option<Age>,
}

/// Where a partition stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PartitionFigures {
    /// Its number.
    pub partition: i32,
    /// The next offset to write.
    pub next: Option<i64>,
    /// One past the last that can be read.
    pub readable_end: Option<i64>,
    /// What waits.
    pub lag: Option<u64>,
    /// Messages a second, between the last two lines of the log.
    pub per_second: Option<f64>,
    /// Its newest known gap: from, to.
    pub gap: Option<(i64, i64)>,
}
