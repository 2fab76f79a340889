//! Publishing each signed checkpoint to a topic, where whoever could change the trail cannot change it.

use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use super::error::TrackerError;
use crate::base::message::{Headers, push_header};
use crate::doors::audit::Appender;
use crate::doors::health::{HealthEvent, HealthLog};
use crate::doors::kafka::{Cluster, Producer, ProducerEvent, Record, SendError, TopicShape};
use crate::tools::shutdown::Shutdown;

/// How many checkpoints may be under way. More are left out: each says more than the one before.
const MOST_IN_FLIGHT: usize = 64;

/// How many failures may wait to be told.
const WAITING_FAILURES: usize = 4;

/// The anchor topic of one tracker.
pub(super) struct Anchors {
    producer: Producer<()>,
    topic: String,
    failures: Receiver<String>,
    /// Told once, until one arrives again.
    is_failing: bool,
}

impl Anchors {
    /// Makes the topic when it is missing, and a producer for it.
    pub(super) fn open(
        cluster: &Cluster,
        topic: &str,
        limit: Option<Duration>,
        shutdown: &Shutdown,
        log: &HealthLog,
    ) -> Result<Self, TrackerError> {
        let shape = TopicShape { partitions: 1, replication_factor: None };
        cluster.ensure_topic(topic, shape, limit, shutdown, |reason| {
            log.write(&HealthEvent::KafkaTrouble { partition: None, reason: reason.to_owned() });
        })?;
        let (failing, failures) = sync_channel(WAITING_FAILURES);
        let producer = cluster.producer(topic, move |event| {
            if let ProducerEvent::Failed { reason, .. } = event {
                // A full channel means that failures are being told already.
                drop(failing.try_send(reason.to_string()));
            }
        })?;
        Ok(Self { producer, topic: topic.to_owned(), failures, is_failing: false })
    }

    /// Sends the checkpoints that were signed since the last call.
    pub(super) fn publish(&mut self, appender: &Appender, shutdown: &Shutdown) {
        while let Some(note) = appender.take_checkpoint() {
            self.send(appender.origin(), &note, shutdown);
        }
    }

    fn send(&mut self, origin: &str, note: &str, shutdown: &Shutdown) {
        if self.producer.in_flight() >= MOST_IN_FLIGHT {
            return;
        }
        let mut headers = Vec::new();
        push_header(&mut headers, b"content-type", Some(b"text/plain; charset=utf-8"));
        let headers = Headers::from_block(&headers);
        let (key, payload) = (Some(origin.as_bytes()), Some(note.as_bytes()));
        let record = Record { key, payload, headers, ..Record::default() };
        match self.producer.send(&record, (), shutdown) {
            Ok(()) | Err(SendError::Stopped { .. }) => {}
            Err(SendError::Refused { reason, .. }) => tracing::warn!(%reason, "a checkpoint was refused"),
            Err(SendError::Fatal { reason, .. }) => tracing::warn!(%reason, "no more checkpoints can be sent"),
        }
    }

    /// Sends the last ones and waits for them, at most `timeout`.
    pub(super) fn finish(
        mut self,
        origin: &str,
        notes: impl Iterator<Item = String>,
        timeout: Duration,
    ) -> Option<HealthEvent> {
        for note in notes {
            self.send(origin, &note, &Shutdown::new());
        }
        let left = self.producer.flush(timeout);
        let late = || HealthEvent::AnchorFailed {
            topic: self.topic.clone(),
            reason: format!("{left} checkpoints were not acknowledged in time"),
        };
        (left > 0).then(late)
    }

    /// A failure that is to be told.
    pub(super) fn failure(&mut self) -> Option<HealthEvent> {
        let reason = self.failures.try_recv().ok()?;
        let told = std::mem::replace(&mut self.is_failing, true);
        (!told).then(|| HealthEvent::AnchorFailed { topic: self.topic.clone(), reason })
    }
}
