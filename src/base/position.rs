//! Where to go on in a topic.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where to go on in one partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The next offset to read.
    pub next: i64,
    /// The leader epoch of the message before it, when the broker told one: with it the broker can say whether
    /// its log is still the one that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leader_epoch: Option<i32>,
}

/// Where to go on in each partition of a topic. A partition that is not named has not been read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Positions {
    /// The topic's own id, as Kafka's tools write it: one that was deleted and made anew has another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_id: Option<String>,
    /// By partition.
    pub partitions: BTreeMap<i32, Position>,
}

impl Positions {
    /// The next offset of a partition: 0 when it was never read.
    pub fn next(&self, partition: i32) -> i64 {
        self.partitions.get(&partition).map_or(0, |position| position.next)
    }

    /// Notes that the message at `offset`, appended under `leader_epoch`, was taken.
    pub fn take(&mut self, partition: i32, offset: i64, leader_epoch: Option<i32>) {
        let position = self.partitions.entry(partition).or_default();
        *position = Position { next: offset + 1, leader_epoch };
    }

    /// Partition and next offset of each, as a consumer group publishes them.
    pub fn offsets(&self) -> Vec<(i32, i64)> {
        self.partitions.iter().map(|(&partition, position)| (partition, position.next)).collect()
    }
}
