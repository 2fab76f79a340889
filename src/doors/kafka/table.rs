//! A compacted topic as a table: the last value of each key.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::cluster::Cluster;
use super::inflow::Inflow;
use super::last_values::ReadBackError;
use super::topics::TopicInfo;
use super::unreadable::EndError;
use crate::base::position::Positions;
use crate::tools::shutdown::Shutdown;

/// The last committed value of each key.
pub type Table = BTreeMap<Vec<u8>, Vec<u8>>;

/// How long one wait takes before a stop is looked for.
const SLICE: Duration = Duration::from_millis(50);

/// A consumer that publishes nothing is a member of this group.
const GROUP: &str = "ordertrail-table";

impl Cluster {
    /// What `topic` says now, up to the end that can be read. Keys that were deleted, and messages without a
    /// key, are left out.
    ///
    /// # Errors
    /// [`ReadBackError`], also when it takes longer than `timeout` or a stop is asked for.
    pub fn table(&self, topic: &TopicInfo, timeout: Duration, shutdown: &Shutdown) -> Result<Table, ReadBackError> {
        let no_answer = |reason: String| ReadBackError::NoAnswer { topic: topic.name.clone(), reason };
        let deadline = Instant::now() + timeout;
        let started = self.inlet(topic, GROUP, Positions::default());
        let mut inlet = started.map_err(|error| no_answer(error.to_string()))?;
        let mut table = Table::new();
        let mut trouble = "not all of it could be read in time".to_owned();
        let mut damaged = None;
        while !inlet.is_at_end()? {
            if shutdown.is_requested() {
                return Err(ReadBackError::GaveUp { topic: topic.name.clone() });
            }
            if Instant::now() >= deadline {
                return Err(damaged.map_or_else(|| no_answer(trouble), ReadBackError::from));
            }
            match inlet.next(SLICE).map_err(|error| no_answer(error.to_string()))? {
                Some(Inflow::Messages(batch)) => {
                    for message in batch.iter() {
                        if inlet.take(&message)
                            && let Some(key) = message.key
                        {
                            match message.payload {
                                Some(value) => table.insert(key.to_vec(), value.to_vec()),
                                None => table.remove(key),
                            };
                        }
                    }
                    inlet.recycle(batch);
                }
                // Another topic of the same name: what was read of the first says nothing.
                Some(Inflow::NewTopic) => table.clear(),
                Some(Inflow::Trouble { reason } | Inflow::BrokerLost { reason }) => trouble = reason,
                Some(Inflow::Unreadable { partition, offset, reason }) => {
                    damaged = Some(EndError { topic: topic.name.clone(), partition, offset, reason });
                }
                Some(Inflow::Readable) => damaged = None,
                _ => {}
            }
        }
        Ok(table)
    }
}
