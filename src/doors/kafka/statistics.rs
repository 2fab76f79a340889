//! The few of librdkafka's statistics that we need.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What librdkafka knew about a topic at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// How many brokers have a connection that is up.
    pub brokers_up: usize,
    /// The ends of each partition that is being read.
    pub partitions: Vec<PartitionStatistics>,
}

/// One partition's ends, as the last fetch told them. `None` = not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionStatistics {
    /// Its number.
    pub partition: i32,
    /// The oldest offset that the broker still has.
    pub low: Option<i64>,
    /// The last stable offset: what a read_committed reader can reach.
    pub readable_end: Option<i64>,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    brokers: BTreeMap<String, RawBroker>,
    #[serde(default)]
    topics: BTreeMap<String, RawTopic>,
}

#[derive(Deserialize)]
struct RawBroker {
    #[serde(default)]
    state: String,
}

#[derive(Deserialize)]
struct RawTopic {
    #[serde(default)]
    partitions: BTreeMap<String, RawPartition>,
}

#[derive(Deserialize)]
struct RawPartition {
    partition: i32,
    #[serde(default)]
    lo_offset: i64,
    #[serde(default)]
    ls_offset: i64,
}

/// Reads librdkafka's JSON; `None` when it is not what this version writes.
pub(super) fn read(json: &[u8], topic: &str) -> Option<Statistics> {
    let mut raw: Raw = serde_json::from_slice(json).ok()?;
    let known = |offset: i64| (offset >= 0).then_some(offset);
    let partitions = raw.topics.remove(topic).map(|topic| topic.partitions).unwrap_or_default();
    Some(Statistics {
        brokers_up: raw.brokers.values().filter(|broker| broker.state == "UP").count(),
        partitions: partitions
            .into_values()
            // Number -1 is librdkafka's own, for messages without a partition.
            .filter(|partition| partition.partition >= 0)
            .map(|partition| PartitionStatistics {
                partition: partition.partition,
                low: known(partition.lo_offset),
                readable_end: known(partition.ls_offset),
            })
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_read_and_the_unknown_stays_unknown() {
        let json = br#"{"brokers":{"a":{"state":"UP"},"b":{"state":"DOWN"}},"topics":{"orders":{"partitions":{
            "0":{"partition":0,"lo_offset":5,"ls_offset":9,"hi_offset":11},"-1":{"partition":-1},
            "1":{"partition":1,"lo_offset":-1001,"ls_offset":-1001}}}}}"#;
        let statistics = read(json, "orders").expect("as librdkafka writes it");
        assert_eq!(statistics.brokers_up, 1);
        let expected = [
            PartitionStatistics { partition: 0, low: Some(5), readable_end: Some(9) },
            PartitionStatistics { partition: 1, low: None, readable_end: None },
        ];
        assert_eq!(statistics.partitions, expected);
        assert_eq!(read(b"{}", "orders"), Some(Statistics::default()));
        assert_eq!(read(b"[", "orders"), None);
    }
}
