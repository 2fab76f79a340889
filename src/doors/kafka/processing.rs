//! Sending what a processor makes of what it reads: many small records to several topics, in short transactions.
//!
//! Built like [`Cluster::transactions`], with two differences: only failures are reported, since a transaction
//! that is committed holds every record, and nobody asks where each came to lie; and it is tuned for transactions of
//! some milliseconds.

use super::cluster::Cluster;
use super::settings::{PropertyError, Role, client_config};
use super::transactions::{Hears, Transactions};

/// Defaults that differ from those of other transactions; a user's property wins over them.
const DEFAULTS: [(&str, &str); 3] = [
    // What waits is sent when a batch is full or the transaction is closed, whichever comes first: sooner would only
    // be more requests.
    ("linger.ms", "50"),
    // A whole transaction may wait.
    ("queue.buffering.max.messages", "200000"),
    ("compression.type", "lz4"),
];

impl Cluster {
    /// A maker of producers with the transactional id `id` for a processor. Reports name `topic` while they wait.
    /// Batches stay below `limit_bytes`, the smallest `max.message.bytes` of the topics. They are as large as that
    /// allows: while a second batch of a partition waits for the answer to the first, librdkafka asks the socket
    /// without a pause.
    ///
    /// # Errors
    /// [`PropertyError`].
    pub fn processing(&self, topic: &str, id: &str, limit_bytes: usize) -> Result<Transactions, PropertyError> {
        let mut config = client_config(&self.settings, Role::Transactions)?;
        for (name, value) in DEFAULTS {
            if !self.settings.properties.contains_key(name) {
                config.set(name, value);
            }
        }
        self.bound_batches(&mut config, limit_bytes as u64);
        config.set("delivery.report.only.error", "true");
        Ok(Transactions::new(config, topic, id, Hears::Failures))
    }
}
