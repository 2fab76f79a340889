//! A topic that is read from kept positions, whatever happens to it.
//!
//! An [`Inlet`] goes on by itself after anything that can be gone on after: partitions that are added, messages
//! that retention took, a log that was cut, a topic made anew, a consumer gone mute. What was lost is told. Whoever
//! reads says with [`Inlet::take`] what it has taken, and is given nothing twice.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use super::batch::MessageBatch;
use super::cluster::Cluster;
use super::consumer::{ConsumeError, Consumer, Fetched, StartAt};
use super::inflow::Inflow;
use super::reader::Reader;
use super::topics::TopicInfo;
use super::unreadable::{EndError, UnreadableBatches};
use super::watch::Watch;
use crate::base::message::Message;
use crate::base::position::{Position, Positions};

/// How long the topic's id may take to be told at the start, and the ends after something was lost.
const ANSWER: Duration = Duration::from_secs(2);

/// A consumer that delivers nothing for so long, though there is something, is replaced.
const MUTE: Duration = Duration::from_secs(5);

/// Each replacement in vain is borne twice as long as the one before, up to this.
const MOST_MUTE: Duration = Duration::from_secs(80);

/// A partition that a consumer has given up is read by another one after so long.
const READ_AGAIN: Duration = Duration::from_secs(30);

/// A topic that is being read.
pub struct Inlet {
    reader: Reader,
    topic: String,
    consumer: Consumer,
    positions: Positions,
    /// Partitions whose reading was begun.
    read: BTreeSet<i32>,
    /// One past the last readable offset, as last heard.
    ends: BTreeMap<i32, i64>,
    told: VecDeque<Inflow>,
    is_lost: bool,
    /// Since when nothing was delivered though something is there.
    mute_since: Option<Instant>,
    mute_for: Duration,
    /// Partitions that wait before a batch that cannot be read.
    unreadable: UnreadableBatches,
    /// Since when the consumer delivers nothing more of one of them.
    given_up_since: Option<Instant>,
}

impl Cluster {
    /// Reads `topic` from `positions`; a partition without one from its beginning. Offsets are published, when
    /// they are, as those of `group`.
    ///
    /// # Errors
    /// [`ConsumeError`] when no consumer can be made.
    pub fn inlet(&self, topic: &TopicInfo, group: &str, positions: Positions) -> Result<Inlet, ConsumeError> {
        let id = self.topic_id(&topic.name, ANSWER).ok().flatten();
        let reader = self.small_reader(topic, group);
        let consumer = reader.consumer(id.as_deref().or(positions.topic_id.as_deref()))?;
        Inlet::new(reader, topic, consumer, positions, id)
    }

    /// Reads `topic` from where `group` has published that it is; see [`Inlet::metadata`].
    ///
    /// # Errors
    /// [`ConsumeError`], also when the group's offsets are not told in time.
    pub fn inlet_of_group(&self, topic: &TopicInfo, group: &str, timeout: Duration) -> Result<Inlet, ConsumeError> {
        let id = self.topic_id(&topic.name, ANSWER).ok().flatten();
        let reader = self.small_reader(topic, group);
        let consumer = reader.consumer(id.as_deref())?;
        let mut positions = Positions::default();
        for (partition, (next, metadata)) in consumer.committed(timeout)? {
            // Another program's, or none: such an offset is believed as any group's is.
            positions.topic_id = positions.topic_id.or_else(|| Some(metadata).filter(|id| !id.is_empty()));
            positions.partitions.insert(partition, Position { next, leader_epoch: None });
        }
        Inlet::new(reader, topic, consumer, positions, id)
    }
}

impl Inlet {
    fn new(
        reader: Reader,
        topic: &TopicInfo,
        consumer: Consumer,
        positions: Positions,
        id: Option<String>,
    ) -> Result<Self, ConsumeError> {
        let mut inlet = Self {
            reader,
            topic: topic.name.clone(),
            consumer,
            positions,
            read: BTreeSet::new(),
            ends: BTreeMap::new(),
            told: VecDeque::new(),
            is_lost: false,
            mute_since: None,
            mute_for: MUTE,
            unreadable: UnreadableBatches::default(),
            given_up_since: None,
        };
        if let Some(id) = id {
            inlet.meet(id);
        }
        inlet.read_up_to(topic.partitions)?;
        Ok(inlet)
    }

    /// The next thing, waiting at most `timeout`. `None` when there is nothing yet.
    ///
    /// # Errors
    /// [`ConsumeError`] when a new consumer is needed and cannot be made.
    pub fn next(&mut self, timeout: Duration) -> Result<Option<Inflow>, ConsumeError> {
        if let Some(told) = self.told.pop_front() {
            return Ok(Some(told));
        }
        let Some(fetched) = self.consumer.next(timeout) else { return Ok(None) };
        match fetched {
            Fetched::Messages(batch) => {
                (self.mute_since, self.mute_for) = (None, MUTE);
                return Ok(Some(Inflow::Messages(batch)));
            }
            Fetched::PartitionEnd { partition, offset } => {
                // Behind the last message there may be marks of transactions, which nobody is shown.
                let position = self.positions.partitions.entry(partition).or_default();
                position.next = position.next.max(offset);
                let end = self.ends.entry(partition).or_insert(offset);
                *end = offset.max(*end);
            }
            Fetched::OffsetGone { partition, parted_at } => self.gone(partition, parted_at)?,
            Fetched::TopicChanged => self.renew_topic()?,
            Fetched::Watched(watch) => self.watched(watch)?,
            Fetched::Statistics(statistics) => {
                for partition in statistics.partitions {
                    if let Some(end) = partition.readable_end {
                        self.ends.insert(partition.partition, end);
                    }
                }
            }
            Fetched::BrokerLost { reason } => {
                self.is_lost = true;
                self.told.push_back(Inflow::BrokerLost { reason });
            }
            Fetched::BrokerBack => self.back(),
            Fetched::TopicMissing { reason } => {
                self.told.push_back(Inflow::Trouble { reason: format!("{}: {reason}", self.topic) });
            }
            Fetched::Committed(answer) => {
                if let Err(reason) = answer {
                    let reason = format!("the group's offsets were not published: {reason}");
                    self.told.push_back(Inflow::Trouble { reason });
                }
            }
            Fetched::Unreadable { partition, offset, reason, is_given_up } => {
                self.given_up_since = self.given_up_since.or_else(|| is_given_up.then(Instant::now));
                let stands_at = self.positions.next(partition);
                if self.unreadable.hear(partition, (offset, stands_at), &reason, Instant::now()) {
                    self.told.push_back(Inflow::Unreadable { partition, offset, reason });
                }
            }
            Fetched::Trouble { partition, reason } => {
                let place = partition.map(|partition| format!("{}/{partition}: ", self.topic)).unwrap_or_default();
                self.told.push_back(Inflow::Trouble { reason: format!("{place}{reason}") });
            }
        }
        Ok(self.told.pop_front())
    }

    /// Whether a message is due; from then on it counts as read.
    pub fn take(&mut self, message: &Message<'_>) -> bool {
        let is_due = message.offset >= self.positions.next(message.partition);
        if is_due {
            self.positions.take(message.partition, message.offset, message.leader_epoch);
        }
        is_due
    }

    /// Gives a batch back, so that its memory is used again.
    pub fn recycle(&self, batch: MessageBatch) {
        self.consumer.recycle(batch);
    }

    /// The topic's name.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Where it goes on.
    pub fn positions(&self) -> &Positions {
        &self.positions
    }

    /// What goes beside each published offset: the topic's id, so that one made anew is noticed.
    pub fn metadata(&self) -> &str {
        self.positions.topic_id.as_deref().unwrap_or_default()
    }

    /// By partition, the next offset and one past the last readable one, as last heard.
    pub fn ends(&self) -> Vec<(i32, i64, i64)> {
        let next = |partition| self.positions.next(partition);
        self.ends.iter().map(|(&partition, &end)| (partition, next(partition), end.max(next(partition)))).collect()
    }

    /// How many offsets are still to be read, as last heard.
    pub fn lag(&self) -> i64 {
        self.ends().iter().map(|(_, next, end)| end - next).sum()
    }

    /// Whether every partition was read up to its end, as last heard; not while nobody knows which there are.
    ///
    /// # Errors
    /// [`EndError`], see [`Inlet::has_read`].
    pub fn is_at_end(&self) -> Result<bool, EndError> {
        let is_known = !self.read.is_empty() && self.read.iter().all(|partition| self.ends.contains_key(partition));
        if is_known { self.has_read(self.ends.iter().map(|(&partition, &end)| (partition, end))) } else { Ok(false) }
    }

    /// Whether these are read: each partition up to the offset before the one that is given with it.
    ///
    /// # Errors
    /// [`EndError`] when what is left of them cannot be read, and has not become readable for half a minute.
    pub fn has_read(&self, ends: impl IntoIterator<Item = (i32, i64)>) -> Result<bool, EndError> {
        let at = ends.into_iter().map(|(partition, end)| (partition, self.positions.next(partition), end));
        let behind = at.filter(|(_, next, end)| next < end).map(|(partition, next, _)| (partition, next));
        self.unreadable.is_none_behind(&self.topic, behind, Instant::now())
    }

    /// Whether all of these are at their ends.
    ///
    /// # Errors
    /// [`EndError`] when what is left of them cannot be read.
    pub fn are_at_end<'a>(inlets: impl IntoIterator<Item = &'a Self>) -> Result<bool, EndError> {
        let mut first = Ok(true);
        for inlet in inlets {
            match inlet.is_at_end() {
                Ok(true) => {}
                // All else is read before anybody gives up.
                Ok(false) => return Ok(false),
                Err(error) => first = first.and(Err(error)),
            }
        }
        first
    }

    /// Whether no broker can be reached.
    pub fn is_without_broker(&self) -> bool {
        self.is_lost
    }

    /// Looks at the topic now: [`Inflow::Ends`] tells when it was seen.
    pub fn look(&self) {
        self.consumer.look();
    }

    /// Publishes the positions as the group's offsets.
    pub fn commit(&self) {
        self.consumer.commit(&self.positions.offsets(), self.metadata());
    }

    /// How many answers to [`Inlet::commit`] are awaited.
    pub fn uncommitted(&self) -> u32 {
        self.consumer.unanswered()
    }

    /// The consumer, for publishing offsets in a transaction.
    pub fn consumer(&self) -> &Consumer {
        &self.consumer
    }

    fn back(&mut self) {
        if std::mem::take(&mut self.is_lost) {
            // Whoever hears this goes on: what does not is told again.
            self.unreadable.clear();
            self.told.push_back(Inflow::BrokerBack);
        }
    }

    /// The topic that is read has this id.
    fn meet(&mut self, id: String) {
        if self.positions.topic_id.as_ref().is_some_and(|known| *known != id) {
            self.positions = Positions::default();
            self.told.push_back(Inflow::NewTopic);
        }
        self.consumer.expect(&id);
        self.positions.topic_id = Some(id);
    }

    fn read_up_to(&mut self, partitions: i32) -> Result<(), ConsumeError> {
        for partition in 0..partitions {
            if self.read.insert(partition) {
                self.read_on(partition)?;
            }
        }
        Ok(())
    }

    /// Reads a partition from where it stands.
    fn read_on(&self, partition: i32) -> Result<(), ConsumeError> {
        match self.positions.partitions.get(&partition) {
            Some(at) => self.consumer.read_from(partition, StartAt::Offset(at.next), at.leader_epoch),
            None => self.consumer.read_from(partition, StartAt::Beginning, None),
        }
    }

    fn watched(&mut self, watch: Watch) -> Result<(), ConsumeError> {
        self.back();
        for (partition, ends) in &watch.ends {
            self.ends.insert(*partition, ends.readable_end);
        }
        match (watch.topic_id, &self.positions.topic_id) {
            (Some(id), Some(known)) if id != *known => self.renew_topic()?,
            (Some(id), None) => self.meet(id),
            _ => {}
        }
        // One that is no more has no end, and would be waited for without end.
        self.read.retain(|partition| *partition < watch.partitions);
        self.ends.retain(|partition, _| *partition < watch.partitions);
        self.read_up_to(watch.partitions)?;
        self.told.push_back(Inflow::Ends);
        let gone_on = self.unreadable.gone_on(|partition| Some(self.positions.next(partition)));
        if !gone_on.is_empty() && self.unreadable.waiting().is_empty() {
            self.told.push_back(Inflow::Readable);
        }
        if self.given_up_since.is_some_and(|since| since.elapsed() >= READ_AGAIN) {
            return self.renew();
        }
        if self.lag() == 0 {
            self.mute_since = None;
        } else if self.mute_since.get_or_insert_with(Instant::now).elapsed() >= self.mute_for {
            self.mute_for = (self.mute_for * 2).min(MOST_MUTE);
            self.told.push_back(Inflow::Trouble {
                reason: "nothing was delivered though there is something; reading anew".to_owned(),
            });
            self.renew()?;
        }
        Ok(())
    }

    /// Another consumer in the place of this one, from where it stands.
    fn renew(&mut self) -> Result<(), ConsumeError> {
        (self.mute_since, self.given_up_since) = (None, None);
        self.consumer = self.reader.consumer(self.positions.topic_id.as_deref())?;
        self.read.iter().try_for_each(|partition| self.read_on(*partition))
    }

    fn renew_topic(&mut self) -> Result<(), ConsumeError> {
        self.positions = Positions::default();
        self.ends.clear();
        // It may have fewer partitions. The first look of the new consumer tells which there are.
        self.read.clear();
        self.told.push_back(Inflow::NewTopic);
        self.renew()
    }

    /// The position is outside of what is there.
    fn gone(&mut self, partition: i32, parted_at: Option<i64>) -> Result<(), ConsumeError> {
        let from = self.positions.next(partition);
        let ends = self.consumer.ends(&[partition], ANSWER).ok().and_then(|mut ends| ends.remove(&partition)?.ok());
        let Some(ends) = ends else {
            // Asked again from the same place, the broker will say the same when it can tell the ends, too.
            return self.read_on(partition);
        };
        let position = self.positions.partitions.entry(partition).or_default();
        if from < ends.low {
            *position = Position { next: ends.low, leader_epoch: None };
            self.told.push_back(Inflow::Lost { partition, from, to: ends.low });
        } else {
            let to = parted_at.unwrap_or(ends.readable_end).clamp(ends.low, ends.readable_end);
            *position = Position { next: to, leader_epoch: None };
            self.told.push_back(Inflow::Cut { partition, from, to });
        }
        self.read_on(partition)
    }
}
