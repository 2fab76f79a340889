//! How large a batch of one topic may be.
//!
//! A topic's `max.message.bytes` is the broker's limit for a whole batch, not for one record: a
//! client that fills batches up to its own megabyte would see every record of such a topic refused.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::error::RDKafkaErrorCode;

use super::cluster::Cluster;
use super::raw::admin::Patience;
use super::raw::configs::{TopicConfig, describe_configs};

/// How long the broker may take to tell a topic's limit. Without it the client's defaults hold.
const ASK: Duration = Duration::from_secs(2);

/// Between two questions for a topic of which not every broker has heard yet.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// The property that bounds a batch.
const BATCH_SIZE: &str = "batch.size";

/// The property of a topic that says how large its batches may be.
const LIMIT: &str = "max.message.bytes";

/// librdkafka's own bound of a batch; a topic that takes more changes nothing.
const CLIENT_BYTES: u64 = 1_000_000;

/// The most that is kept free for what compression may add to bytes that it cannot make smaller.
const MOST_HEADROOM: u64 = 32 * 1024;

/// What a batch holds besides its records: its header, and the request's words around it.
const FRAME: u64 = 128;

impl Cluster {
    /// Keeps the batches of a producer below what `topic` takes, unless the user set their size.
    pub(super) fn fit_batches(&self, config: &mut ClientConfig, topic: &str) {
        if self.settings.properties.contains_key(BATCH_SIZE) {
            return;
        }
        match self.largest_batch(topic) {
            Ok(limit) => self.bound_batches(config, limit),
            // Not everybody may read a topic's configuration, and few topics have a small limit.
            Err(reason) => tracing::debug!(topic, reason, "the topic's max.message.bytes is not known"),
        }
    }

    /// Keeps batches below a `limit` in bytes, unless the user set their size.
    pub(super) fn bound_batches(&self, config: &mut ClientConfig, limit: u64) {
        if let Some(bytes) = batch_size(limit).filter(|_| !self.settings.properties.contains_key(BATCH_SIZE)) {
            config.set(BATCH_SIZE, bytes.to_string());
        }
    }

    /// The topic's `max.message.bytes`.
    fn largest_batch(&self, topic: &str) -> Result<u64, String> {
        let limit = self.topic_setting(topic, LIMIT)?;
        limit.parse().map_err(|_| format!("{limit} is no number"))
    }

    /// One of the topic's settings, or why it is not known.
    pub(super) fn topic_setting(&self, topic: &str, name: &str) -> Result<String, String> {
        self.topic_config(topic)?.remove(name).ok_or_else(not_named)
    }

    /// What a topic is configured to, name by name. A topic that was just made is asked for again.
    pub(super) fn topic_config(&self, topic: &str) -> Result<TopicConfig, String> {
        let asked = Instant::now();
        loop {
            match self.topic_configs(&[topic])?.remove(topic) {
                Some(Err(RDKafkaErrorCode::UnknownTopicOrPartition)) if asked.elapsed() < ASK => {
                    std::thread::park_timeout(ASK_AGAIN);
                }
                Some(described) => return described.map_err(|code| code.to_string()),
                None => return Err("the answer is empty".to_owned()),
            }
        }
    }

    /// The smallest `max.message.bytes` among some topics: no record larger than this goes into all of them. `None`
    /// when the broker does not say.
    pub fn smallest_limit(&self, topics: &[&str]) -> Option<usize> {
        let described = self.topic_configs(topics).ok()?.into_values().filter_map(Result::ok);
        described.filter_map(|config| config.get(LIMIT)?.parse().ok()).min()
    }

    fn topic_configs(
        &self,
        topics: &[&str],
    ) -> Result<BTreeMap<String, Result<TopicConfig, RDKafkaErrorCode>>, String> {
        let patience = Patience::new(ASK, &|| false);
        describe_configs(&self.client, topics, &patience).map_err(|error| error.reason)
    }
}

fn not_named() -> String {
    "the answer does not name it".to_owned()
}

/// The `batch.size` that stays below `limit`; `None` where the client's own bound does.
fn batch_size(limit: u64) -> Option<u64> {
    let room = limit.saturating_sub((limit / 10).min(MOST_HEADROOM)).saturating_sub(FRAME);
    // A record always goes out, alone in its batch if need be: a size of 1 gives each its own.
    (room < CLIENT_BYTES).then_some(room.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_stays_below_the_topics_limit() {
        assert_eq!(batch_size(1_048_588), None, "Kafka's default leaves room for the client's own");
        assert_eq!(batch_size(1_000_000), Some(967_104));
        assert_eq!(batch_size(20_000), Some(17_872));
        assert_eq!(batch_size(100), Some(1));
        assert_eq!(batch_size(0), Some(1));
    }
}
