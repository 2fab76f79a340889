//! On which terms a topic takes and keeps records that are not new.

use std::collections::BTreeMap;
use std::time::Duration;

use super::cluster::Cluster;

/// On which terms a topic takes and keeps records. `None`: the broker does not tell, or sets no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopicTerms {
    /// Records that are older than this are deleted.
    pub retention: Option<Duration>,
    /// What goes beyond so many bytes in a partition is deleted, the oldest first.
    pub most_kept_bytes: Option<u64>,
    /// Whether the broker puts its own time in place of each record's.
    pub broker_time: bool,
    /// Whether of the records with one key only the last is kept.
    pub compacted: bool,
    /// How far ahead of the broker's clock a record's time may be.
    pub most_ahead: Option<Duration>,
    /// The largest batch, and so the largest record.
    pub largest_bytes: Option<u64>,
}

impl Cluster {
    /// On which terms `topic` takes and keeps records.
    ///
    /// # Errors
    /// What the broker or the client said.
    pub fn topic_terms(&self, topic: &str) -> Result<TopicTerms, String> {
        self.topic_config(topic).map(|config| terms(&config))
    }
}

fn terms(config: &BTreeMap<String, String>) -> TopicTerms {
    let text = |name: &str| config.get(name).map_or("", String::as_str);
    let milliseconds = |name: &str| text(name).parse::<u64>().ok();
    // Times of "for ever" that Kafka writes as the largest number; -1 is no number here.
    let duration = |name: &str| milliseconds(name).filter(|&ms| ms < i64::MAX as u64).map(Duration::from_millis);
    let policy = text("cleanup.policy");
    TopicTerms {
        retention: duration("retention.ms").filter(|_| policy.contains("delete")),
        most_kept_bytes: text("retention.bytes").parse().ok().filter(|_| policy.contains("delete")),
        broker_time: text("message.timestamp.type") == "LogAppendTime",
        compacted: policy.contains("compact"),
        most_ahead: duration("message.timestamp.after.max.ms"),
        largest_bytes: text("max.message.bytes").parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_read_as_kafka_writes_them() {
        let config = |pairs: &[(&str, &str)]| pairs.iter().map(|&(n, v)| (n.to_owned(), v.to_owned())).collect();
        let usual = [
            ("cleanup.policy", "delete"),
            ("retention.ms", "604800000"),
            ("message.timestamp.type", "CreateTime"),
            ("message.timestamp.after.max.ms", "3600000"),
            ("retention.bytes", "-1"),
            ("max.message.bytes", "1048588"),
        ];
        let expected = TopicTerms {
            retention: Some(Duration::from_secs(7 * 86_400)),
            most_ahead: Some(Duration::from_secs(3_600)),
            largest_bytes: Some(1_048_588),
            ..TopicTerms::default()
        };
        assert_eq!(terms(&config(&usual)), expected);
        let strange = [
            ("retention.bytes", "1000"),
            ("cleanup.policy", "compact"),
            ("retention.ms", "604800000"),
            ("message.timestamp.type", "LogAppendTime"),
            ("message.timestamp.after.max.ms", "9223372036854775807"),
        ];
        let expected = TopicTerms { broker_time: true, compacted: true, ..TopicTerms::default() };
        assert_eq!(terms(&config(&strange)), expected);
        assert_eq!(terms(&config(&[("cleanup.policy", "delete"), ("retention.ms", "-1")])), TopicTerms::default());
        let small = [("cleanup.policy", "compact,delete"), ("retention.bytes", "1000")];
        assert_eq!(terms(&config(&small)).most_kept_bytes, Some(1_000));
    }
}
