//! The shop's topics, made as they should be when they are missing.

use std::time::Duration;

use super::names::Kind;
use super::{Shop, TechshopError};
use crate::doors::health::events;
use crate::doors::kafka::{Cluster, TopicError, TopicInfo};
use crate::services::runtime::Service;

impl Shop<'_> {
    /// One of the shop's topics for a service, which says that it waits, and waits for as long as it takes.
    ///
    /// # Errors
    /// [`TechshopError`]: refused, or a stop.
    pub(crate) fn topic(&self, service: &Service, cluster: &Cluster, name: &str) -> Result<TopicInfo, TechshopError> {
        self.ensure(cluster, name, None, |reason| service.log.write(&events::topic_wait(name, reason)))
    }

    /// The same for a command that ends by itself: gives up after `limit`.
    ///
    /// # Errors
    /// [`TechshopError`].
    pub(crate) fn ensure(
        &self,
        cluster: &Cluster,
        name: &str,
        limit: Option<Duration>,
        waiting: impl FnMut(&str),
    ) -> Result<TopicInfo, TechshopError> {
        let (shape, shutdown) = (self.names.shape(name), self.context.shutdown);
        let found = match shape.kind {
            Kind::LastValues => cluster.ensure_last_values(name, None, limit, shutdown, waiting),
            Kind::Kept => cluster.ensure_kept_topic(name, shape.kept(None), limit, shutdown, waiting),
        };
        Ok(found?)
    }

    /// One of the shop's topics, for a command that makes none.
    ///
    /// # Errors
    /// [`TechshopError`]; of one that is missing it says how it comes about.
    pub(crate) fn existing(&self, cluster: &Cluster, name: &str) -> Result<TopicInfo, TechshopError> {
        match cluster.topic(name, self.context.common.connect_timeout) {
            Err(TopicError::Missing { .. }) => {
                let reason = format!(
                    "there is no topic {name}: run techshop setup-topics, then techshop process; \
                     or pass the --topic-prefix of your shop"
                );
                Err(TechshopError::Failed { reason })
            }
            found => Ok(found?),
        }
    }
}
