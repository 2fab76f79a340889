//! A cluster that has answered: what it is, and what its topics hold.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};

use super::connect::Listener;
use crate::tools::config::ClientSettings;

/// A connection to a cluster that has answered at least once.
pub struct Cluster {
    pub(super) client: BaseConsumer<Listener>,
    pub(super) settings: ClientSettings,
}

impl Cluster {
    pub(super) fn new(client: BaseConsumer<Listener>, settings: ClientSettings) -> Self {
        Self { client, settings }
    }

    /// The cluster's own id, when it tells one within `timeout`.
    pub fn id(&self, timeout: Duration) -> Option<String> {
        self.client.client().fetch_cluster_id(timeout)
    }
}
