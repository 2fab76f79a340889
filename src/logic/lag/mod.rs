//! How far consumer groups are behind, and how their cluster does: what the dashboards of a cluster say.
//!
//! A [`Round`] is what one look at the cluster saw. [`Watch`] is told rounds with their moments and answers
//! [`Figures`]: rates, trends, times to zero, and one verdict over all. [`Report`] is the last round for machines.
//! Moments come in as numbers; unknown is `None`, never 0.

mod brokers;
mod figures;
mod groups;
mod past;
mod report;
mod round;
mod topics;
mod trace;
mod verdict;
mod watch;

pub use figures::{
    BrokerFigures, Figures, GroupFigures, MemberFigures, PartitionLag, ReadBy, Role, ToZero, TopicFigures, TopicNote,
    Totals, Trend,
};
pub use past::{BUCKET_MS, BUCKETS};
pub use report::{
    Report, ReportedBroker, ReportedGroup, ReportedLag, ReportedMember, ReportedPartition, ReportedTopic,
};
pub use round::{Broker, Committed, Group, Member, Partition, Round, Silence, Silent, Topic};
pub use trace::{ROUNDS_OF_A_TREND, WINDOW_MS};
pub use verdict::{Cause, Level, Verdict};
pub use watch::Watch;

#[cfg(test)]
mod tests;
