//! Reading a topic from positions that the caller keeps.
//!
//! A thread of its own polls librdkafka and copies messages into batches; a bounded channel hands
//! them over, so a slow reader slows the fetching and nothing grows. Partitions are assigned, not
//! subscribed to: no rebalance can take one away, and the group is only where offsets are published.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, ConsumerGroupMetadata};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset, TopicPartitionList};
use thiserror::Error;

use super::batch::MessageBatch;
use super::parting::part;
use super::raw;
use super::settings::PropertyError;
use super::statistics::Statistics;
use super::watch::{Observer, Watch};
use crate::tools::shutdown::Shutdown;

/// How often a cluster is asked what a group has published, and how long after one answer that refused.
const ASKED: (u32, Duration) = (3, Duration::from_millis(500));

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
    /// The position is outside of what the broker has, or its log is another one there; reading of
    /// this partition has stopped.
    OffsetGone {
        /// Which partition.
        partition: i32,
        /// The first offset at which the broker's log is not the one that was read any more, if the
        /// log was cut behind the position and the broker can tell where.
        parted_at: Option<i64>,
    },
    /// The topic is another one of the same name now. Nothing of the new one was delivered, and
    /// nothing more will be: drop this consumer, and make another when the position is right.
    TopicChanged,
    /// What the cluster says of the topic, every two seconds.
    Watched(Watch),
    /// The cluster answers and says that the topic is not there, or that we may not see it. Told once; the next
    /// [`Fetched::Watched`] ends it.
    TopicMissing {
        /// What the cluster said.
        reason: String,
    },
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
    /// A batch cannot be read: it cannot be unpacked, or is damaged. Nothing behind it is delivered before it, and it is
    /// tried, and told, again and again.
    Unreadable {
        /// Which partition.
        partition: i32,
        /// The first offset of the batch.
        offset: i64,
        /// What is wrong with it.
        reason: String,
        /// Whether this consumer delivers nothing more of the partition: librdkafka may have gone on behind the batch,
        /// and only another consumer tries it again.
        is_given_up: bool,
    },
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
    /// The cluster did not tell the ends of partitions in time.
    #[error("the ends of {topic} are not known: {reason}")]
    Ends {
        /// The topic.
        topic: String,
        /// What was said.
        reason: String,
    },
    /// The cluster did not tell the group's offsets in time.
    #[error("the offsets of the group for {topic} are not known: {reason}")]
    Committed {
        /// The topic.
        topic: String,
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
    // `None` only while dropping.
    pub(super) client: Option<Arc<BaseConsumer<Quiet>>>,
    pub(super) observer: Option<Arc<Observer>>,
    pub(super) fetched: Option<Receiver<Fetched>>,
    pub(super) nudge: Option<SyncSender<()>>,
    /// The id of the topic that is read.
    pub(super) expected: Arc<Mutex<Option<String>>>,
    pub(super) topic: String,
    pub(super) empty: SyncSender<MessageBatch>,
    pub(super) stop: Shutdown,
    pub(super) threads: Vec<JoinHandle<()>>,
    pub(super) unanswered: Cell<u32>,
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

    /// From now on only messages of the topic that has this id are delivered: see
    /// [`Fetched::TopicChanged`]. To be said before anything is read.
    pub fn expect(&self, topic_id: &str) {
        *self.expected.lock().unwrap_or_else(PoisonError::into_inner) = Some(topic_id.to_owned());
    }

    /// Looks at the topic now, and not only when it is time: [`Fetched::Watched`] tells what was seen.
    pub fn look(&self) {
        if let Some(nudge) = &self.nudge
            && nudge.try_send(()).is_err()
        {
            tracing::trace!("a look that was asked for already will do");
        }
    }

    /// Gives a batch back, so that its memory is used again.
    pub fn recycle(&self, mut batch: MessageBatch) {
        batch.clear();
        // A full pool means that there are batches enough: this one is let go.
        drop(self.empty.try_send(batch));
    }

    fn client(&self) -> Option<&BaseConsumer<Quiet>> {
        self.client.as_deref()
    }

    /// Publishes `positions` (partition, next offset) as the group's offsets, with `metadata` (some
    /// hundred bytes; brokers take 4096) beside each. The answer comes as [`Fetched::Committed`]; a
    /// failure loses nothing, since the caller keeps the positions.
    pub fn commit(&self, positions: &[(i32, i64)], metadata: &str) {
        let Some(client) = self.client().filter(|_| !positions.is_empty()) else { return };
        let mut list = TopicPartitionList::with_capacity(positions.len());
        for &(partition, next) in positions {
            add(&mut list, &self.topic, partition, StartAt::Offset(next)).set_metadata(metadata);
        }
        match raw::commit(client, &list) {
            Ok(()) => self.unanswered.set(self.unanswered.get() + 1),
            Err(error) => tracing::warn!(%error, "the group's offsets could not be sent"),
        }
    }

    /// What a transaction needs to publish `positions` as the group's offsets, with `metadata` beside each.
    pub(super) fn for_transaction(
        &self,
        positions: &[(i32, i64)],
        metadata: &str,
    ) -> Option<(ConsumerGroupMetadata, TopicPartitionList)> {
        let mut list = TopicPartitionList::with_capacity(positions.len());
        for &(partition, next) in positions {
            add(&mut list, &self.topic, partition, StartAt::Offset(next)).set_metadata(metadata);
        }
        Some((self.client()?.group_metadata()?, list))
    }

    /// How many calls of [`Consumer::commit`] have no answer yet.
    pub fn unanswered(&self) -> u32 {
        self.unanswered.get()
    }

    /// What the group has published: by partition, the next offset and the metadata that was stored
    /// with it. A partition for which nothing is stored is left out.
    ///
    /// # Errors
    /// [`ConsumeError::Committed`] when the cluster does not answer within `timeout`.
    pub fn committed(&self, timeout: Duration) -> Result<BTreeMap<i32, (i64, String)>, ConsumeError> {
        let failed = |reason: String| ConsumeError::Committed { topic: self.topic.clone(), reason };
        let (Some(client), Some(observer)) = (self.client(), &self.observer) else { return Ok(BTreeMap::new()) };
        let asked = Instant::now();
        let partitions = observer.partitions(timeout).map_err(|error| failed(error.reason))?;
        let mut list = TopicPartitionList::new();
        for partition in 0..partitions {
            list.add_partition(&self.topic, partition);
        }
        let left = timeout.saturating_sub(asked.elapsed()).max(Duration::from_millis(1));
        let list = client.committed_offsets(list, left).map_err(|error| failed(error.to_string()))?;
        let mut committed = BTreeMap::new();
        for element in list.elements() {
            element.error().map_err(|error| failed(error.to_string()))?;
            if let Offset::Offset(next) = element.offset() {
                committed.insert(element.partition(), (next, element.metadata().to_owned()));
            }
        }
        Ok(committed)
    }

    /// The same, asked up to three times of a cluster that refuses or does not answer within `timeout`, unless a stop is
    /// asked for.
    ///
    /// # Errors
    /// [`ConsumeError::Committed`], of the last time.
    pub fn committed_at_last(
        &self,
        timeout: Duration,
        shutdown: &Shutdown,
    ) -> Result<BTreeMap<i32, (i64, String)>, ConsumeError> {
        let mut tries = 1;
        loop {
            match self.committed(timeout) {
                Err(_) if tries < ASKED.0 && !shutdown.wait_timeout(ASKED.1) => tries += 1,
                answer => return answer,
            }
        }
    }

    /// The ends of some partitions, asked of the cluster in one go; for each that has no answer, why.
    ///
    /// # Errors
    /// [`ConsumeError::Ends`] when there is no answer at all within `timeout`.
    pub fn ends(
        &self,
        partitions: &[i32],
        timeout: Duration,
    ) -> Result<BTreeMap<i32, Result<Ends, String>>, ConsumeError> {
        let Some(observer) = &self.observer else { return Ok(BTreeMap::new()) };
        observer
            .ends(partitions, timeout)
            .map_err(|error| ConsumeError::Ends { topic: self.topic.clone(), reason: error.reason })
    }

    /// Starts to read a partition, or reads one from another offset than it stands at. With the
    /// `leader_epoch` of the message before `start`, the broker is asked whether its log is still the
    /// one that was read, and [`Fetched::OffsetGone`] tells when it is not.
    ///
    /// Of a partition that this consumer has read before, what was fetched already may still come, its end too: who does
    /// not know by the offsets what is new makes another consumer.
    ///
    /// # Errors
    /// [`ConsumeError::Assign`] when librdkafka refuses.
    pub fn read_from(&self, partition: i32, start: StartAt, leader_epoch: Option<i32>) -> Result<(), ConsumeError> {
        let Some(client) = self.client() else { return Ok(()) };
        let mut list = TopicPartitionList::with_capacity(1);
        add(&mut list, &self.topic, partition, start);
        if let Some(epoch) = leader_epoch {
            raw::set_leader_epoch(&list, &self.topic, partition, epoch);
        }
        let failed = |error: KafkaError| ConsumeError::Assign {
            topic: self.topic.clone(),
            partition,
            start,
            reason: error.to_string(),
        };
        let assigned = client.assignment().map_err(failed)?;
        if assigned.find_partition(&self.topic, partition).is_some() {
            client.incremental_unassign(&list).map_err(failed)?;
        }
        client.incremental_assign(&list).map_err(failed)?;
        if leader_epoch.is_some() {
            // librdkafka compares the logs when it seeks, and otherwise only when it happens to learn of a
            // later epoch after reading has begun: without this a partition of a topic that it knows
            // already would be read on in whatever log stands there now. Nothing is fetched before it.
            client.seek_partitions(list, Duration::ZERO).map_err(failed)?;
        }
        Ok(())
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.stop.request();
        // A thread that waits for somebody to listen ends by it.
        self.fetched = None;
        self.nudge = None;
        let threads = std::mem::take(&mut self.threads);
        let (client, observer) = (self.client.take(), self.observer.take());
        // One that waits for an answer to a commit closes late, and without a broker never.
        let waits = self.unanswered.get() == 0;
        part(waits, move || {
            for thread in threads {
                // A thread that panicked has said so already.
                drop(thread.join());
            }
            if let Some(client) = &client {
                // Gives back what was fetched and not polled, the most of its memory.
                drop(client.unassign());
            }
            drop((client, observer));
        });
    }
}

fn add<'l>(
    list: &'l mut TopicPartitionList,
    topic: &str,
    partition: i32,
    start: StartAt,
) -> TopicPartitionListElem<'l> {
    let offset = match start {
        StartAt::Beginning => Offset::Beginning,
        StartAt::Offset(next) => Offset::Offset(next),
    };
    let mut element = list.add_partition(topic, partition);
    if let Err(error) = element.set_offset(offset) {
        // Only a negative offset is refused, and then the partition starts nowhere: told by the broker.
        tracing::debug!(%error, partition, "offset not set");
    }
    element
}
