//! How large a batch of one topic may be.
//!
//! A topic's `max.message.bytes` is the broker's limit for a whole batch, not for one record: a
//! client that fills batches up to its own megabyte would see every record of such a topic refused.

use std::collections::BTreeMap;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;

use super::cluster::Cluster;
use super::settings::{Role, client_config};

/// How long the broker may take to tell a topic's limit. Without it the client's defaults hold.
const ASK: Duration = Duration::from_secs(2);

/// Between two questions for a topic of which not every broker has heard yet.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// The property that bounds a batch.
const BATCH_SIZE: &str = "batch.size";

/// librdkafka's own bound of a batch; a topic that takes more changes nothing.
const CLIENT_BYTES: u64 = 1_000_000;

/// The most that is kept free for what compression may add to bytes that it cannot make smaller.
const MOST_HEADROOM: u64 = 32 * 1024;

/// What a batch holds besides its records: its header, and the request's words around it.
const FRAME: u64 = 128;

/// A client that is being closed on a thread of its own, which takes up to 100 ms: so seldom does the crate's
/// thread look whether it is to end. Dropped, it is waited for.
#[derive(Default)]
pub(super) struct Closing(Option<JoinHandle<()>>);

impl Closing {
    fn new(client: AdminClient<DefaultClientContext>) -> Self {
        // Without a thread it has been dropped, and waited for, here.
        Self(std::thread::Builder::new().name("closing".into()).spawn(move || drop(client)).ok())
    }

    /// Nobody waits for it.
    fn let_go(mut self) {
        self.0 = None;
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            // A thread that panicked has said so already.
            drop(thread.join());
        }
    }
}

impl Cluster {
    /// Keeps the batches of a producer below what `topic` takes, unless the user set their size. What comes
    /// back may be held until the end, so that nobody waits for it now.
    pub(super) fn fit_batches(&self, config: &mut ClientConfig, topic: &str) -> Closing {
        let mut closing = Closing::default();
        if self.settings.properties.contains_key(BATCH_SIZE) {
            return closing;
        }
        match self.largest_batch(topic, &mut closing) {
            Ok(limit) => self.bound_batches(config, limit),
            // Not everybody may read a topic's configuration, and few topics have a small limit.
            Err(reason) => tracing::debug!(topic, reason, "the topic's max.message.bytes is not known"),
        }
        closing
    }

    /// Keeps batches below a `limit` in bytes, unless the user set their size.
    pub(super) fn bound_batches(&self, config: &mut ClientConfig, limit: u64) {
        if let Some(bytes) = batch_size(limit).filter(|_| !self.settings.properties.contains_key(BATCH_SIZE)) {
            config.set(BATCH_SIZE, bytes.to_string());
        }
    }

    /// The topic's `max.message.bytes`.
    fn largest_batch(&self, topic: &str, closing: &mut Closing) -> Result<u64, String> {
        let limit = self.ask_topic_config(topic, closing)?.remove("max.message.bytes").ok_or_else(not_named)?;
        limit.parse().map_err(|_| format!("{limit} is no number"))
    }

    /// One of the topic's settings, or why it is not known.
    pub(super) fn topic_setting(&self, topic: &str, name: &str) -> Result<String, String> {
        self.topic_config(topic)?.remove(name).ok_or_else(not_named)
    }

    /// What a topic is configured to, name by name. A topic that was just made is asked for again.
    pub(super) fn topic_config(&self, topic: &str) -> Result<BTreeMap<String, String>, String> {
        let mut closing = Closing::default();
        let config = self.ask_topic_config(topic, &mut closing);
        closing.let_go();
        config
    }

    fn ask_topic_config(&self, topic: &str, closing: &mut Closing) -> Result<BTreeMap<String, String>, String> {
        let admin: AdminClient<DefaultClientContext> = client_config(&self.settings, Role::Admin)
            .map_err(|error| error.to_string())?
            .create()
            .map_err(|error| error.to_string())?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(|error| error.to_string())?;
        let config = Self::ask_config(topic, &admin, &runtime);
        *closing = Closing::new(admin);
        config
    }

    fn ask_config(
        topic: &str,
        admin: &AdminClient<DefaultClientContext>,
        runtime: &tokio::runtime::Runtime,
    ) -> Result<BTreeMap<String, String>, String> {
        let options = AdminOptions::new().request_timeout(Some(ASK));
        let asked = Instant::now();
        loop {
            let answer = runtime.block_on(admin.describe_configs(&[ResourceSpecifier::Topic(topic)], &options));
            match answer.map_err(|error| error.to_string())?.into_iter().next() {
                Some(Ok(described)) => {
                    let entries = described.entries.into_iter();
                    return Ok(entries.filter_map(|entry| Some((entry.name, entry.value?))).collect());
                }
                Some(Err(RDKafkaErrorCode::UnknownTopicOrPartition)) if asked.elapsed() < ASK => {
                    runtime.block_on(tokio::time::sleep(ASK_AGAIN));
                }
                Some(Err(code)) => return Err(code.to_string()),
                None => return Err("the answer is empty".to_owned()),
            }
        }
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
