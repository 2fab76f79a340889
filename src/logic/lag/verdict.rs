//! One word over all that was seen: the worst of it.

use serde::Serialize;

use super::figures::{BrokerFigures, GroupFigures, PartitionLag, ReadBy, Totals};

/// How grave it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing is known yet.
    Pending,
    /// All is well.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong.
    Bad,
}

/// What it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// No look has seen anything yet.
    Waiting {
        /// Why not, if that was heard.
        reason: Option<String>,
    },
    /// No broker answers any more.
    NoKafka {
        /// Since when.
        since_ms: i64,
        /// What was heard.
        reason: String,
    },
    /// Some brokers are missing.
    BrokerDown {
        /// How many are up.
        up: usize,
        /// How many there should be.
        of: usize,
        /// Which are missing: host and port, else the number.
        missing: Vec<String>,
        /// Since when the first of them is.
        since_ms: i64,
        /// How many partitions have too few replicas in sync.
        under_replicated: usize,
    },
    /// Some partitions have no leader: nothing can be written there.
    NoLeader {
        /// Which: `orders/2`.
        partitions: Vec<String>,
        /// Since when the first of them is.
        since_ms: i64,
    },
    /// Some partitions have fewer replicas in sync than they should.
    UnderReplicated {
        /// How many.
        partitions: usize,
    },
    /// Groups fall behind, or have lag and nobody who reads.
    Behind {
        /// Whose lag has been growing for a whole window.
        falling: Vec<String>,
        /// Who has lag and no reader.
        unread: Vec<String>,
    },
    /// Groups have lag that is steady or falls.
    KeepingUp {
        /// How many groups.
        groups: usize,
        /// Their lag.
        lag: i64,
    },
    /// Every group of which a position is known has read all that is there.
    AllRead {
        /// How many groups.
        groups: usize,
        /// Markers of transactions that are not counted.
        markers: i64,
        /// Groups of which no position is known.
        unknown: usize,
    },
}

/// How the cluster does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// How grave it is.
    pub level: Level,
    /// What it is.
    pub cause: Cause,
}

impl Verdict {
    pub(super) fn of(level: Level, cause: Cause) -> Self {
        Self { level, cause }
    }

    /// Over a cluster that answered.
    pub(super) fn over(
        brokers: &[BrokerFigures],
        leaderless: Vec<(String, i64)>,
        groups: &[GroupFigures],
        totals: &Totals,
    ) -> Self {
        let missing: Vec<&BrokerFigures> = brokers.iter().filter(|broker| broker.down_since_ms.is_some()).collect();
        if let Some(since_ms) = missing.iter().filter_map(|broker| broker.down_since_ms).min() {
            let cause = Cause::BrokerDown {
                up: brokers.len() - missing.len(),
                of: brokers.len(),
                missing: missing.iter().map(|broker| broker.place()).collect(),
                since_ms,
                under_replicated: totals.under_replicated,
            };
            return Self::of(Level::Bad, cause);
        }
        if let Some(since_ms) = leaderless.iter().map(|(_, since_ms)| *since_ms).min() {
            let partitions = leaderless.into_iter().map(|(place, _)| place).collect();
            return Self::of(Level::Bad, Cause::NoLeader { partitions, since_ms });
        }
        if totals.under_replicated > 0 {
            return Self::of(Level::Warn, Cause::UnderReplicated { partitions: totals.under_replicated });
        }
        Self::over_groups(groups, totals)
    }

    fn over_groups(groups: &[GroupFigures], totals: &Totals) -> Self {
        let named = |is: &dyn Fn(&GroupFigures) -> bool| -> Vec<String> {
            groups.iter().filter(|group| is(group)).map(|group| group.group.clone()).collect()
        };
        let falling = named(&|group| group.falls_behind);
        let unread = named(&|group| !group.falls_behind && group.is_unread());
        if !falling.is_empty() || !unread.is_empty() {
            return Self::of(Level::Warn, Cause::Behind { falling, unread });
        }
        let behind = groups.iter().filter(|group| group.lag_without_markers().is_some_and(|lag| lag > 0)).count();
        if behind > 0 {
            return Self::of(Level::Good, Cause::KeepingUp { groups: behind, lag: totals.lag.unwrap_or_default() });
        }
        let there = || groups.iter().filter(|group| !group.is_gone);
        let unknown = there().filter(|group| group.lag.is_none()).count();
        Self::of(Level::Good, Cause::AllRead { groups: there().count(), markers: totals.markers, unknown })
    }
}

impl BrokerFigures {
    /// Host and port; the number of one that was never seen up.
    pub fn place(&self) -> String {
        match (&self.host, self.port) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            _ => format!("broker {}", self.id),
        }
    }
}

impl GroupFigures {
    /// What it is behind by records that somebody could read.
    pub fn lag_without_markers(&self) -> Option<i64> {
        self.lag.map(|lag| lag.saturating_sub(self.markers))
    }

    /// Whether it has lag and nobody who reads. One offset of a partition proves nothing: whoever assigns partitions by
    /// hand is no member, and rests before the marker of the last transaction.
    pub fn is_unread(&self) -> bool {
        let is_surely_behind = |one: &PartitionLag| one.lag.is_some_and(|lag| lag > 1);
        self.read_by == ReadBy::Nobody && self.partitions.iter().any(is_surely_behind)
    }
}
