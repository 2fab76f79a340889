//! Reading a topic from positions that the caller keeps.
//!
//! A thread of its own polls librdkafka and copies messages into batches; a bounded channel hands
//! them over, so a slow reader slows the fetching and nothing grows. Partitions are assigned, not
//! subscribed to: no rebalance can take one away, and the group is only where offsets are published.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use thiserror::Error;

use super::batch::MessageBatch;
use super::cluster::Cluster;
use super::connect::creation;
use super::fetcher::{Fetcher, watch_partitions};
use super::raw::{self, ConsumerQueue};
use super::settings::{PropertyError, Role, client_config};
use super::statistics::Statistics;
use super::topics::TopicInfo;
use crate::tools::shutdown::Shutdown;

/// How many batches may wait for the reader.
const WAITING_BATCHES: usize = 8;

/// Where to begin in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// At the oldest message that the broker has.
    Beginning,
    /// At this offset, which must still be there.
    Offset(i64),
}

/// One thing that was read or learnt.
#[derive(Debug)]
pub enum Fetched {
    /// Messages; give the batch back with [`Consumer::recycle`].
    Messages(MessageBatch),
    /// The partition was read up to `offset`, the next to come.
    PartitionEnd {
        /// Which partition.
        partition: i32,
        /// The next offset to come.
        offset: i64,
    },
    /// The position is outside of what the broker has; reading of this partition has stopped.
    OffsetGone {
        /// Which partition.
        partition: i32,
    },
    /// The topic has partitions that are not being read.
    NewPartitions(Vec<i32>),
    /// No broker can be reached.
    BrokerLost {
        /// Why, as far as the client knows.
        reason: String,
    },
    /// A broker can be reached again.
    BrokerBack,
    /// What librdkafka knew, once a second.
    Statistics(Statistics),
    /// The answer to [`Consumer::commit`].
    Committed(Result<(), String>),
    /// Something else failed; librdkafka goes on by itself.
    Trouble {
        /// Which partition, when it is about one.
        partition: Option<i32>,
        /// What was said.
        reason: String,
    },
}

/// Why a topic cannot be read.
#[derive(Debug, Error)]
pub enum ConsumeError {
    /// A property is wrong: exit code 2.
    #[error(transparent)]
    Property(#[from] PropertyError),
    /// The client or its thread could not be made, or refused the positions.
    #[error("the consumer could not be started: {reason}")]
    Start {
        /// What was said.
        reason: String,
    },
    /// The broker did not tell the ends of a partition in time.
    #[error("the ends of {topic}/{partition} are not known: {reason}")]
    Ends {
        /// The topic.
        topic: String,
        /// Its partition.
        partition: i32,
        /// What was said.
        reason: String,
    },
    /// librdkafka refused the new positions.
    #[error("cannot read {topic}/{partition} from {start:?}: {reason}")]
    Assign {
        /// The topic.
        topic: String,
        /// Its partition.
        partition: i32,
        /// From where.
        start: StartAt,
        /// What was said.
        reason: String,
    },
}

/// The first and the next offset of a partition that a read_committed reader can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The oldest offset that is there.
    pub low: i64,
    /// One past the last that can be read: the last stable offset.
    pub readable_end: i64,
}

/// Its errors arrive as events; its log lines go to `tracing`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", ?level, facility, message);
    }

    fn error(&self, _error: KafkaError, _reason: &str) {}
}

impl ConsumerContext for Quiet {}

/// A topic that is being read.
pub struct Consumer {
    client: Arc<BaseConsumer<Quiet>>,
    topic: String,
    // `None` only while dropping: the thread's pending send then fails, and it ends.
    fetched: Option<Receiver<Fetched>>,
    empty: SyncSender<MessageBatch>,
    stop: Shutdown,
    threads: Vec<JoinHandle<()>>,
    unanswered: Cell<u32>,
}

impl Cluster {
    /// A reader of `topic`. Nothing is read until [`Consumer::read_from`] says from where.
    ///
    /// # Errors
    /// [`ConsumeError`] when the client cannot be made.
    pub fn consumer(&self, topic: &TopicInfo, group: &str) -> Result<Consumer, ConsumeError> {
        let start = |reason: String| ConsumeError::Start { reason };
        let mut config = client_config(&self.settings, Role::Consumer)?;
        config.set("group.id", group);
        let client: BaseConsumer<Quiet> = config.create_with_context(Quiet).map_err(|error| creation(&error))?;
        let client = Arc::new(client);
        let queue = ConsumerQueue::new(Arc::clone(&client)).ok_or_else(|| start("it has no queue".to_owned()))?;
        let (events, fetched) = sync_channel(WAITING_BATCHES);
        let (empty, recycled) = sync_channel(WAITING_BATCHES);
        let stop = Shutdown::new();
        let mut threads = Vec::new();
        let fetcher = Fetcher::new(queue, topic.name.clone(), events.clone(), recycled, stop.clone());
        let spawned = std::thread::Builder::new().name("fetch".into()).spawn(move || fetcher.run());
        threads.push(spawned.map_err(|error| start(error.to_string()))?);
        let watch = (Arc::clone(&client), topic.clone(), events, stop.clone());
        let spawned = std::thread::Builder::new().name("partitions".into()).spawn(move || {
            let (client, topic, events, stop) = watch;
            watch_partitions(&client, &topic, &events, &stop);
        });
        threads.push(spawned.map_err(|error| start(error.to_string()))?);
        Ok(Consumer {
            client,
            topic: topic.name.clone(),
            fetched: Some(fetched),
            empty,
            stop,
            threads,
            unanswered: Cell::new(0),
        })
    }
}

impl Consumer {
    /// The next thing that was read or learnt, waiting at most `timeout`.
    pub fn next(&self, timeout: Duration) -> Option<Fetched> {
        let next = self.fetched.as_ref()?.recv_timeout(timeout).ok()?;
        if let Fetched::Committed(_) = next {
            self.unanswered.set(self.unanswered.get().saturating_sub(1));
        }
        Some(next)
    }

    /// Gives a batch back, so that its memory is used again.
    pub fn recycle(&self, mut batch: MessageBatch) {
        batch.clear();
        // A full pool means that there are batches enough: this one is let go.
        drop(self.empty.try_send(batch));
    }

    /// Publishes `positions` (partition, next offset) as the group's offsets. The answer comes as
    /// [`Fetched::Committed`]; a failure loses nothing, since the caller keeps the positions.
    pub fn commit(&self, positions: &[(i32, i64)]) {
        if positions.is_empty() {
            return;
        }
        let positions: Vec<_> = positions.iter().map(|&(partition, next)| (partition, StartAt::Offset(next))).collect();
        match raw::commit(&self.client, &list(&self.topic, &positions)) {
            Ok(()) => self.unanswered.set(self.unanswered.get() + 1),
            Err(error) => tracing::warn!(%error, "the group's offsets could not be sent"),
        }
    }

    /// How many calls of [`Consumer::commit`] have no answer yet.
    pub fn unanswered(&self) -> u32 {
        self.unanswered.get()
    }

    /// The ends of a partition, asked of the broker.
    ///
    /// # Errors
    /// [`ConsumeError::Ends`] when it does not answer within `timeout`.
    pub fn ends(&self, partition: i32, timeout: Duration) -> Result<Ends, ConsumeError> {
        // The client reads committed messages only, so this "high" is the last stable offset.
        let (low, readable_end) = self
            .client
            .fetch_watermarks(&self.topic, partition, timeout)
            .map_err(|error| ConsumeError::Ends { topic: self.topic.clone(), partition, reason: error.to_string() })?;
        Ok(Ends { low, readable_end })
    }

    /// Starts to read a partition, or reads one from another offset than it stands at.
    ///
    /// # Errors
    /// [`ConsumeError::Assign`] when librdkafka refuses.
    pub fn read_from(&self, partition: i32, start: StartAt) -> Result<(), ConsumeError> {
        let list = list(&self.topic, &[(partition, start)]);
        let failed = |error: KafkaError| ConsumeError::Assign {
            topic: self.topic.clone(),
            partition,
            start,
            reason: error.to_string(),
        };
        let assigned = self.client.assignment().map_err(failed)?;
        if assigned.find_partition(&self.topic, partition).is_some() {
            self.client.incremental_unassign(&list).map_err(failed)?;
        }
        self.client.incremental_assign(&list).map_err(failed)
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.stop.request();
        self.fetched = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so already.
            drop(thread.join());
        }
        if self.unanswered.get() > 0 {
            // librdkafka's close waits for each answer, and without a broker for ever. Its memory stays
            // until the process ends, which is about to happen.
            std::mem::forget(Arc::clone(&self.client));
        }
    }
}

fn list(topic: &str, positions: &[(i32, StartAt)]) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(positions.len());
    for &(partition, start) in positions {
        let offset = match start {
            StartAt::Beginning => Offset::Beginning,
            StartAt::Offset(next) => Offset::Offset(next),
        };
        let mut element = list.add_partition(topic, partition);
        if let Err(error) = element.set_offset(offset) {
            // Only a negative offset is refused, and then the partition starts nowhere: told by the broker.
            tracing::debug!(%error, partition, "offset not set");
        }
    }
    list
}
