//! Sending invalid messages to the dead-letter topic as well.
//!
//! A letter is delivered before the line of its message is written: after a crash between the two
//! the message is due again, and so is its letter. None is lost; one may be sent twice, and then
//! has the same `id`, and says that it may be a repetition.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::error::TrackerError;
use super::limit::LineLimit;
use crate::base::message::{Headers, Message, push_header};
use crate::doors::health::{HealthEvent, HealthLog, Vitals};
use crate::doors::kafka::{Cluster, HearingError, Producer, ProducerEvent, Record, SendError, TopicShape};
use crate::logic::ledger::Identity;
use crate::tools::shutdown::Shutdown;
use crate::words::record::{DeadLetter, FailureReason, Sender};

/// Where a letter's message stands.
type Place = (i32, i64);

/// Letters that could not be sent, told to whoever writes the log. Clones share them: the producer's thread hears of most.
#[derive(Clone)]
struct Failures(Arc<Mutex<Heard>>);

struct Heard {
    limit: LineLimit,
    /// At most as many as the limit lets through.
    due: VecDeque<HealthEvent>,
}

impl Failures {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Heard { limit: LineLimit::new(Instant::now()), due: VecDeque::new() })))
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, topic: &str, (partition, offset): Place, reason: String) {
        let topic = topic.to_owned();
        let event = HealthEvent::DeadLetterFailed { topic, partition, offset, suppressed: 0, reason };
        let mut heard = self.lock();
        let due = heard.limit.tell(Instant::now(), event);
        heard.due.extend(due);
    }
}

/// The dead-letter topic of one tracker.
pub(super) struct DeadLetters {
    producer: Producer<Place>,
    failures: Failures,
    topic: String,
    sender: Sender,
    /// Which cluster and topic the messages are of.
    incarnation: Identity,
    /// By partition: letters for messages before this offset may have been sent by a killed predecessor.
    repeats_before: BTreeMap<i32, i64>,
}

impl DeadLetters {
    /// Makes the topic when it is missing, and a producer for it.
    pub(super) fn open(
        cluster: &Cluster,
        topic: &str,
        (source, group): (&str, &str),
        limit: Option<Duration>,
        shutdown: &Shutdown,
        log: &HealthLog,
    ) -> Result<Self, TrackerError> {
        let shape = TopicShape { partitions: 1, replication_factor: None };
        cluster.ensure_topic(topic, shape, limit, shutdown, |reason| {
            log.write(&HealthEvent::KafkaTrouble { partition: None, reason: reason.to_owned() });
        })?;
        let failures = Failures::new();
        let (listener, of_topic) = (failures.clone(), topic.to_owned());
        let producer = cluster.producer(topic, move |event| {
            if let ProducerEvent::Failed { token, reason } = event {
                listener.add(&of_topic, token, reason.to_string());
            }
        })?;
        let sender = Sender { topic: source.to_owned(), group: group.to_owned(), host: Vitals::host_name() };
        let (incarnation, repeats_before) = (Identity::default(), BTreeMap::new());
        Ok(Self { producer, failures, topic: topic.to_owned(), sender, incarnation, repeats_before })
    }

    /// The messages from now on are of this cluster and topic.
    pub(super) fn read_from(&mut self, incarnation: &Identity) {
        self.incarnation.clone_from(incarnation);
    }

    /// The tracker before this one did not stop as asked: it may have sent letters for what was there,
    /// up to `end`.
    pub(super) fn may_repeat(&mut self, partition: i32, end: Option<i64>) {
        self.repeats_before.entry(partition).or_insert(end.unwrap_or(i64::MAX));
    }

    /// Sends the letter of a message; [`Self::in_flight`] tells when it has arrived.
    pub(super) fn send(
        &self,
        timestamp: &str,
        message: &Message<'_>,
        failure: FailureReason,
        reason: &str,
        shutdown: &Shutdown,
    ) -> Result<(), TrackerError> {
        let place = (message.partition, message.offset);
        let Identity { cluster_id, topic_id } = &self.incarnation;
        let known = |id: &Option<String>| id.clone().unwrap_or_default();
        let (cluster, topic) = (known(cluster_id), known(topic_id));
        let name = format!("{cluster}/{}/{topic}/{}@{}", self.sender.topic, place.0, place.1);
        let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string();
        let letter = DeadLetter {
            possible_repeat: self.repeats_before.get(&place.0).is_some_and(|&end| place.1 < end),
            ..DeadLetter::new(id, timestamp, &self.sender, message, failure, reason)
        };
        // Texts and numbers always serialise into memory.
        let payload = serde_json::to_vec(&letter).unwrap_or_default();
        let mut headers = Vec::new();
        push_header(&mut headers, b"content-type", Some(b"application/json"));
        let headers = Headers::from_block(&headers);
        let record = Record { key: message.key, payload: Some(&payload), headers, ..Record::default() };
        match self.producer.send(&record, place, shutdown) {
            Ok(()) => Ok(()),
            Err(SendError::Refused { token, reason }) => {
                self.failures.add(&self.topic, token, reason.to_string());
                Ok(())
            }
            Err(SendError::Stopped { .. }) => Err(TrackerError::DeadLetters { topic: self.topic.clone() }),
            Err(SendError::Fatal { reason, .. }) => {
                Err(TrackerError::DeadLettersFailed { topic: self.topic.clone(), reason })
            }
        }
    }

    /// Waits at most `timeout` for the letters under way; how many still are.
    ///
    /// # Errors
    /// [`TrackerError::DeadLettersFailed`] when nobody can be told of them any more.
    pub(super) fn in_flight(&self, timeout: Duration) -> Result<usize, TrackerError> {
        let failed = |error: HearingError| TrackerError::DeadLettersFailed {
            topic: self.topic.clone(),
            reason: error.to_string(),
        };
        self.producer.flush(timeout).map_err(failed)
    }

    /// A failure that is due to be told.
    pub(super) fn failure(&self) -> Option<HealthEvent> {
        let mut heard = self.failures.lock();
        heard.due.pop_front().or_else(|| heard.limit.overdue(Instant::now()))
    }

    /// What was not told yet, at the end.
    pub(super) fn untold(&self) -> Vec<HealthEvent> {
        let mut heard = self.failures.lock();
        let rest = heard.limit.rest();
        heard.due.drain(..).chain(rest).collect()
    }

    /// Why waiting for them had to end.
    pub(super) fn unfinished(&self) -> TrackerError {
        TrackerError::DeadLetters { topic: self.topic.clone() }
    }
}
