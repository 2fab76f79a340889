//! One message, by its place.

use std::time::{Duration, Instant};

use super::batch::MessageBatch;
use super::cluster::Cluster;
use super::consumer::{ConsumeError, Fetched, StartAt};
use super::topics::TopicInfo;

impl Cluster {
    /// The messages from `offset` on, of which the first one is at `offset` if it is there and can be read; `None` when
    /// nothing comes within `timeout`. A consumer is made for it, in the name of `group`, which it never becomes a
    /// member of.
    ///
    /// # Errors
    /// [`ConsumeError`] when no consumer can be made.
    pub fn message_at(
        &self,
        topic: &TopicInfo,
        group: &str,
        partition: i32,
        offset: i64,
        timeout: Duration,
    ) -> Result<Option<MessageBatch>, ConsumeError> {
        let deadline = Instant::now() + timeout;
        let consumer = self.small_reader(topic, group).consumer(None)?;
        consumer.read_from(partition, StartAt::Offset(offset), None)?;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match consumer.next(left) {
                Some(Fetched::Messages(batch)) => return Ok(Some(batch)),
                // It is not there: behind the end, or gone; or nobody can read it.
                Some(Fetched::PartitionEnd { .. } | Fetched::OffsetGone { .. } | Fetched::Unreadable { .. }) => {
                    return Ok(None);
                }
                _ if left.is_zero() => return Ok(None),
                _ => {}
            }
        }
    }
}
