//! Publishing each signed checkpoint to a topic, where whoever could change the trail cannot change it.

use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::TrackerError;
use crate::base::message::{Headers, push_header};
use crate::doors::audit::Appender;
use crate::doors::health::{HealthEvent, HealthLog};
use crate::doors::kafka::{Cluster, HearingError, Producer, ProducerEvent, Record, SendError};
use crate::tools::shutdown::Shutdown;

/// How many checkpoints may be under way. Of more only the newest is kept: it says more than the others.
const MOST_IN_FLIGHT: usize = 64;

/// How long to wait, in the end, before looking whether the last one can be sent.
const ROOM_WAIT: Duration = Duration::from_millis(50);

/// What is told of the fate of checkpoints: one failure until one arrives again.
#[derive(Debug, Default)]
struct Telling {
    is_failing: bool,
    untold: Option<String>,
}

impl Telling {
    fn failed(&mut self, reason: String) {
        if !std::mem::replace(&mut self.is_failing, true) {
            self.untold = Some(reason);
        }
    }

    fn hear(&mut self, event: ProducerEvent<()>) {
        match event {
            ProducerEvent::Delivered { .. } | ProducerEvent::Resumed => self.is_failing = false,
            ProducerEvent::Failed { reason, .. } => self.failed(reason.to_string()),
            // Where messages are kept for ever nothing would be heard but this.
            ProducerEvent::Stalled { in_flight, reason } => {
                self.failed(format!("{in_flight} checkpoints are not acknowledged and tried again: {reason}"));
            }
            ProducerEvent::Tick => {}
        }
    }

    /// The reason of a failure that is to be told.
    fn take(&mut self) -> Option<String> {
        self.untold.take()
    }
}

/// The newest checkpoint, while it cannot be sent.
#[derive(Debug, Default)]
struct Newest(Option<String>);

impl Newest {
    /// A newer one takes its place.
    fn put(&mut self, note: String) {
        self.0 = Some(note);
    }

    /// One that could not be sent after all comes back, unless there is a newer one.
    fn put_back(&mut self, note: String) {
        self.0.get_or_insert(note);
    }

    /// What is to be sent now, when `in_flight` are under way.
    fn take(&mut self, in_flight: usize) -> Option<String> {
        if in_flight < MOST_IN_FLIGHT { self.0.take() } else { None }
    }
}

/// The anchor topic of one tracker.
pub(super) struct Anchors {
    producer: Producer<()>,
    topic: String,
    telling: Arc<Mutex<Telling>>,
    newest: Newest,
    /// Requested from the start: whoever waits with it does not wait.
    at_once: Shutdown,
}

fn lock(telling: &Mutex<Telling>) -> MutexGuard<'_, Telling> {
    telling.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Anchors {
    /// Makes the topic when it is missing, so that it keeps everything, and a producer for it.
    pub(super) fn open(
        cluster: &Cluster,
        topic: &str,
        limit: Option<Duration>,
        shutdown: &Shutdown,
        log: &HealthLog,
    ) -> Result<Self, TrackerError> {
        cluster.ensure_kept(topic, limit, shutdown, |reason| {
            log.write(&HealthEvent::KafkaTrouble { partition: None, reason: reason.to_owned() });
        })?;
        let telling = Arc::new(Mutex::new(Telling::default()));
        let heard = Arc::clone(&telling);
        let producer = cluster.producer(topic, move |event| lock(&heard).hear(event))?;
        let at_once = Shutdown::new();
        at_once.request();
        Ok(Self { producer, topic: topic.to_owned(), telling, newest: Newest::default(), at_once })
    }

    /// Sends the checkpoints that were signed since the last call, and the one that waits.
    pub(super) fn publish(&mut self, appender: &Appender, shutdown: &Shutdown) {
        while let Some(note) = appender.take_checkpoint() {
            self.newest.put(note);
            self.send(appender.origin(), shutdown);
        }
        self.send(appender.origin(), shutdown);
    }

    /// Sends the one that waits, if there is room. Never waits for room itself: the trail would wait too.
    fn send(&mut self, origin: &str, shutdown: &Shutdown) {
        let in_flight = match self.producer.in_flight() {
            Ok(in_flight) => in_flight,
            Err(error) => return self.failed_for_good(error),
        };
        let Some(note) = self.newest.take(in_flight) else { return };
        let mut headers = Vec::new();
        push_header(&mut headers, b"content-type", Some(b"text/plain; charset=utf-8"));
        let headers = Headers::from_block(&headers);
        let (key, payload) = (Some(origin.as_bytes()), Some(note.as_bytes()));
        let record = Record { key, payload, headers, ..Record::default() };
        // The empty queue is soon found to have room or to be too small.
        let patience = if in_flight == 0 { shutdown } else { &self.at_once };
        match self.producer.send(&record, (), patience) {
            Ok(()) => {}
            Err(SendError::Stopped { .. }) => self.newest.put_back(note),
            Err(SendError::Refused { reason, .. }) => lock(&self.telling).failed(reason.to_string()),
            Err(SendError::Fatal { reason, .. }) => self.failed_for_good(reason),
        }
    }

    fn failed_for_good(&mut self, reason: impl Display) {
        self.newest = Newest::default();
        let reason = format!("none can be sent any more until the tracker is started again: {reason}");
        lock(&self.telling).failed(reason);
    }

    /// Sends the last ones and waits for them, at most `timeout`. A failure that is to be told.
    pub(super) fn finish(
        mut self,
        origin: &str,
        notes: impl Iterator<Item = String>,
        timeout: Duration,
    ) -> Option<HealthEvent> {
        let (deadline, patient) = (Instant::now() + timeout, Shutdown::new());
        let time_left = || deadline.saturating_duration_since(Instant::now());
        for note in notes {
            self.newest.put(note);
            self.send(origin, &patient);
        }
        while self.newest.0.is_some() && !time_left().is_zero() {
            // Whoever sends hears what is wrong, too.
            drop(self.producer.flush(ROOM_WAIT.min(time_left())));
            self.send(origin, &patient);
        }
        let flushed = self.producer.flush(time_left());
        let left = flushed.unwrap_or_else(|error| {
            let HearingError::Panicked { in_flight } = error;
            self.failed_for_good(error);
            in_flight
        });
        let left = left + usize::from(self.newest.0.is_some());
        let untold = lock(&self.telling).take();
        let late = format!("{left} checkpoints were not acknowledged before the end");
        let reason = match (left, untold) {
            (0, untold) => untold?,
            (_, None) => late,
            (_, Some(untold)) => format!("{late}: {untold}"),
        };
        Some(HealthEvent::AnchorFailed { topic: self.topic, reason })
    }

    /// A failure that is to be told.
    pub(super) fn failure(&mut self) -> Option<HealthEvent> {
        let reason = lock(&self.telling).take()?;
        Some(HealthEvent::AnchorFailed { topic: self.topic.clone(), reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doors::kafka::DeliveryError;

    fn delivered() -> ProducerEvent<()> {
        ProducerEvent::Delivered { token: (), partition: 0, offset: 0, latency: Duration::ZERO }
    }

    fn failed() -> ProducerEvent<()> {
        ProducerEvent::Failed { token: (), reason: DeliveryError::NoTopic }
    }

    fn stalled() -> ProducerEvent<()> {
        ProducerEvent::Stalled { in_flight: 3, reason: "no leader".to_owned() }
    }

    fn told(telling: &mut Telling, events: impl IntoIterator<Item = ProducerEvent<()>>) -> usize {
        let mut count = 0;
        for event in events {
            telling.hear(event);
            count += usize::from(telling.take().is_some());
        }
        count
    }

    #[test]
    fn a_failure_is_told_once_until_a_checkpoint_arrives() {
        let mut telling = Telling::default();
        assert_eq!(told(&mut telling, [failed(), failed(), stalled(), failed()]), 1);
        assert_eq!(told(&mut telling, [delivered(), delivered(), ProducerEvent::Tick]), 0);
        assert_eq!(told(&mut telling, [failed(), failed()]), 1);
    }

    #[test]
    fn each_stall_is_told_once() {
        let mut telling = Telling::default();
        let stall = || [stalled(), ProducerEvent::Tick, delivered(), ProducerEvent::Resumed];
        assert_eq!(told(&mut telling, stall().into_iter().chain(stall())), 2);
    }

    #[test]
    fn what_cannot_be_sent_for_good_is_told_once() {
        let mut telling = Telling::default();
        let count = (0..60).filter(|_| {
            telling.failed("fenced".to_owned());
            telling.take().is_some()
        });
        assert_eq!(count.count(), 1);
    }

    #[test]
    fn a_failure_that_was_not_told_yet_is_told_though_a_checkpoint_arrived() {
        let mut telling = Telling::default();
        telling.hear(stalled());
        telling.hear(delivered());
        assert_eq!(telling.take().as_deref(), Some("3 checkpoints are not acknowledged and tried again: no leader"));
    }

    #[test]
    fn of_what_waits_for_room_only_the_newest_is_kept() {
        let mut newest = Newest::default();
        newest.put("1".to_owned());
        assert_eq!(newest.take(MOST_IN_FLIGHT), None);
        newest.put("2".to_owned());
        newest.put_back("1".to_owned());
        assert_eq!(newest.take(MOST_IN_FLIGHT - 1).as_deref(), Some("2"));
        assert_eq!(newest.take(0), None);
        newest.put_back("2".to_owned());
        assert_eq!(newest.take(0).as_deref(), Some("2"));
    }
}
