//! The topic that a trail is compared with.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::{Duration, Instant};

use crate::doors::kafka::{Consumer, Fetched, MessageBatch, Patience, Reader, Role, StartAt, check, connect};
use crate::programs::auditor::AuditError;
use crate::programs::auditor::context::Context;
use crate::words::seal::Seal;

/// The group under which it is read; nothing is ever published under it.
const GROUP: &str = "ordertrail-audit";

/// How long the coordinator of the tracker's group may take to tell what was published.
const PUBLISHED_ANSWER: Duration = Duration::from_secs(2);

/// How long one wait for messages takes at most before it is looked whether to stop.
const WAIT: Duration = Duration::from_millis(100);

/// How long a broker may say nothing while there is something to read.
const SILENCE: Duration = Duration::from_secs(30);

/// A consumer, and the partitions that it has begun to read.
struct Reading {
    consumer: Consumer,
    begun: BTreeSet<i32>,
}

/// An open topic.
pub(super) struct Topic {
    /// Makes consumers that read it.
    reader: Reader,
    reading: RefCell<Reading>,
    /// Makes consumers of the group under which its tracker publishes.
    group: Reader,
    name: String,
    partitions: i32,
    topic_id: Option<String>,
    cluster_id: Option<String>,
    answer: Duration,
}

impl Topic {
    /// `group`: that of its tracker.
    pub(super) fn open(context: &Context<'_>, name: &str, group: &str) -> Result<Self, AuditError> {
        let settings = context.common.client_settings()?;
        check(&settings, Role::Consumer)?;
        let answer = context.common.connect_timeout;
        let cluster = connect(&settings, Patience::UpTo(answer), context.shutdown, |_| {})?;
        let found = cluster.topic(name, answer)?;
        let topic_id = cluster.topic_id(name, answer)?;
        let cluster_id = cluster.id(answer);
        let reader = cluster.reader(&found, GROUP);
        let consumer = reader.consumer(topic_id.as_deref())?;
        let reading = RefCell::new(Reading { consumer, begun: BTreeSet::new() });
        let group = cluster.reader(&found, group);
        let partitions = found.partitions;
        Ok(Self { reader, reading, group, name: name.to_owned(), partitions, topic_id, cluster_id, answer })
    }

    /// Why this is not the topic that the lines are of, if it is not.
    pub(super) fn is_another(&self, seal: &Seal) -> Option<String> {
        let differs =
            |ours: &Option<String>, theirs: &Option<String>| ours.is_some() && theirs.is_some() && ours != theirs;
        if differs(&seal.cluster_id, &self.cluster_id) {
            return Some("the brokers are another cluster than the one that the lines are of".to_owned());
        }
        let is_another = differs(&seal.topic_id, &self.topic_id);
        is_another.then(|| format!("topic {} was made anew after the last line", self.name))
    }

    /// What stands beside the offsets that its tracker's group has committed.
    pub(super) fn published(&self, context: &Context<'_>) -> Result<Vec<String>, AuditError> {
        let consumer = self.group.consumer(None)?;
        let committed = consumer.committed_at_last(PUBLISHED_ANSWER, context.shutdown)?;
        Ok(committed.into_values().map(|(_, text)| text).collect())
    }

    /// The offsets that can be read, of each of its partitions.
    ///
    /// # Errors
    /// [`AuditError::Refused`] when one is not told: it would be taken for one that holds nothing.
    pub(super) fn ends(&self) -> Result<BTreeMap<i32, Range<i64>>, AuditError> {
        let all: Vec<i32> = (0..self.partitions).collect();
        let mut told = self.reading.borrow().consumer.ends(&all, self.answer)?;
        let ends = all.into_iter().map(|partition| {
            let reason = match told.remove(&partition) {
                Some(Ok(ends)) => return Ok((partition, ends.low..ends.readable_end)),
                Some(Err(reason)) => reason,
                None => "no answer".to_owned(),
            };
            let reason = format!(
                "the brokers do not tell what {}/{partition} holds ({reason}): run audit verify again once they do",
                self.name
            );
            Err(AuditError::Refused { reason })
        });
        ends.collect()
    }

    /// Reads these offsets of a partition.
    pub(super) fn read(
        &self,
        context: &Context<'_>,
        partition: i32,
        offsets: &Range<i64>,
        take: &mut dyn FnMut(&MessageBatch),
    ) -> Result<(), AuditError> {
        let mut reading = self.reading.borrow_mut();
        // What was fetched ahead of an earlier stretch of this partition would be taken for this one's: another consumer
        // has nothing of it.
        if !reading.begun.insert(partition) {
            let consumer = self.reader.consumer(self.topic_id.as_deref())?;
            *reading = Reading { consumer, begun: BTreeSet::from([partition]) };
        }
        let consumer = &reading.consumer;
        consumer.read_from(partition, StartAt::Offset(offsets.start), None)?;
        let mut heard = Instant::now();
        loop {
            if context.shutdown.is_requested() {
                return Err(AuditError::NotCompared);
            }
            let failed = |reason: String| AuditError::Refused { reason };
            match consumer.next(WAIT) {
                Some(Fetched::Messages(batch)) => {
                    heard = Instant::now();
                    let ours = batch.iter().filter(|message| message.partition == partition);
                    let last = ours.map(|message| message.offset).last();
                    take(&batch);
                    consumer.recycle(batch);
                    if last.is_some_and(|last| last + 1 >= offsets.end) {
                        return Ok(());
                    }
                }
                Some(Fetched::PartitionEnd { partition: ended, offset }) if ended == partition => {
                    heard = Instant::now();
                    if offset >= offsets.end {
                        return Ok(());
                    }
                }
                // What was there when it was asked for is deleted meanwhile: those lines are gone from Kafka.
                Some(Fetched::OffsetGone { partition: gone, .. }) if gone == partition => return Ok(()),
                Some(Fetched::Unreadable { partition: of, offset, reason, .. }) if of == partition => {
                    return Err(failed(format!(
                        "the batch of {}/{partition} from offset {offset} on cannot be read ({reason}), so nothing was compared \
                         with it: once it is deleted (kafka-delete-records), run audit verify again",
                        self.name
                    )));
                }
                Some(Fetched::TopicChanged) => {
                    return Err(failed(format!(
                        "topic {} was made anew while it was read: run audit verify again",
                        self.name
                    )));
                }
                _ if heard.elapsed() > SILENCE => {
                    let seconds = SILENCE.as_secs();
                    return Err(failed(format!(
                        "the broker has sent nothing of {}/{partition} for {seconds} s: run audit verify again once it answers",
                        self.name
                    )));
                }
                _ => {}
            }
        }
    }
}
