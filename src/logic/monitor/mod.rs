//! What the screen says about the trail and its tracker, from the lines of both files alone.
//!
//! [`Model`] is fed with what was read and knows no file; [`Model::figures`] says everything that a
//! pane shows, [`Model::plot`] the bars. Unknown is `None`, never 0.

mod buckets;
mod figures;
mod input;
mod judge;
mod life;
mod log_line;
mod measure;
mod metrics;
mod model;
mod plot;
mod tally;
mod trend;
mod verdict;

pub use buckets::{Buckets, Count};
pub use figures::{
    Age, Alive, Counted, Counts, Disk, Errors, Figures, Lag, Latency, PartitionFigures, Quality, Resources, Run,
    Sealed, Standby, Success, Throughput, TrackerFigures, Trend,
};
pub use input::{CheckpointSeen, EventKind, EventSeen, FileState, ProcessState, Rotation, SealSeen, TornTail, Totals};
pub use log_line::{LogKind, LogTally};
pub use model::Model;
pub use plot::{BucketSize, Column, Plot, SuccessFloor, ThroughputAxis};
pub use tally::{Mark, Marks, Tally};
pub use verdict::{Cause, ErrorState, Percent, QualityWord, Sign, SuccessState, ThroughputState, Verdict};

#[cfg(test)]
mod tests;
