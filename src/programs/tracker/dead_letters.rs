//! Sending invalid messages to the dead-letter topic as well.
//!
//! A letter is delivered before the line of its message is written: after a crash between the two
//! the message is due again, and so is its letter. None is lost; one may be sent twice, and then
//! has the same `id`, and says that it may be a repetition.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use uuid::Uuid;

use super::error::TrackerError;
use crate::base::message::{Headers, Message, push_header};
use crate::doors::health::{HealthEvent, HealthLog, Vitals};
use crate::doors::kafka::{Cluster, Producer, ProducerEvent, Record, SendError, TopicShape};
use crate::logic::ledger::Identity;
use crate::tools::shutdown::Shutdown;
use crate::words::record::{DeadLetter, FailureReason, Sender};

/// How many failures may wait to be told; more are not told one by one.
const WAITING_FAILURES: usize = 64;

/// Where a letter's message stands.
type Place = (i32, i64);

/// The dead-letter topic of one tracker.
pub(super) struct DeadLetters {
    producer: Producer<Place>,
    failures: Receiver<HealthEvent>,
    failing: SyncSender<HealthEvent>,
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
        let (failing, failures) = sync_channel(WAITING_FAILURES);
        let (listener, of_topic) = (failing.clone(), topic.to_owned());
        let producer = cluster.producer(topic, move |event| {
            if let ProducerEvent::Failed { token, reason } = event {
                // A full channel means that failures are being told already.
                drop(listener.try_send(failed(&of_topic, token, reason.to_string())));
            }
        })?;
        let sender = Sender { topic: source.to_owned(), group: group.to_owned(), host: Vitals::host_name() };
        let (incarnation, repeats_before) = (Identity::default(), BTreeMap::new());
        Ok(Self { producer, failures, failing, topic: topic.to_owned(), sender, incarnation, repeats_before })
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
                drop(self.failing.try_send(failed(&self.topic, token, reason.to_string())));
                Ok(())
            }
            Err(SendError::Stopped { .. }) => Err(TrackerError::DeadLetters { topic: self.topic.clone() }),
            Err(SendError::Fatal { reason, .. }) => {
                Err(TrackerError::DeadLettersFailed { topic: self.topic.clone(), reason })
            }
        }
    }

    /// Waits at most `timeout` for the letters under way; how many still are.
    pub(super) fn in_flight(&self, timeout: Duration) -> usize {
        self.producer.flush(timeout)
    }

    /// A failure that was not told yet.
    pub(super) fn failure(&self) -> Option<HealthEvent> {
        self.failures.try_recv().ok()
    }

    /// Why waiting for them had to end.
    pub(super) fn unfinished(&self) -> TrackerError {
        TrackerError::DeadLetters { topic: self.topic.clone() }
    }
}

fn failed(topic: &str, (partition, offset): Place, reason: String) -> HealthEvent {
    HealthEvent::DeadLetterFailed { topic: topic.to_owned(), partition, offset, reason }
}
