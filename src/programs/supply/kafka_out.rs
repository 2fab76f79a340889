//! The Kafka lane: what is in the outbox, in its order. A row leaves it only when Kafka has acknowledged it, so the
//! topic is whole after every outage, whatever HTTP has done meanwhile.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use super::events;
use super::outgoing::{acknowledged, body, refused_by_kafka};
use super::rows::{OUTBOX, OutboxRow, Road, key_number, number_key, parsed};
use super::service::{Service, now_ms, seconds};
use crate::base::message::{Headers, push_header};
use crate::doors::health::events::topic_wait;
use crate::doors::kafka::{
    Cluster, ConnectError, DeliveryError, KeptTopic, Patience, Producer, ProducerEvent, Record, SendError, TopicInfo,
    TopicShape,
};
use crate::doors::store::{Reading as _, Side, StoreError};
use crate::services::runtime::connect;
use crate::tools::failpoint::failpoint;
use crate::words::supply::time_text;

/// So many rows are with the client; the rest is on the disk.
const MOST_IN_FLIGHT: usize = 1_000;

/// Acknowledgements are written so many together, or after so long.
const TOGETHER: usize = 256;
const AT_THE_LATEST: Duration = Duration::from_millis(50);

/// A look at what is new.
const LOOK: Duration = Duration::from_millis(5);

/// Before a lane that broke is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// What is still with the client at the end may take so long.
const FLUSH: Duration = Duration::from_secs(3);

/// What became of a record.
type Report = (u64, Result<(i32, i64), DeliveryError>);

/// Why a lane broke.
#[derive(Debug)]
pub(super) enum Broken {
    /// Kafka: it begins anew.
    Kafka(String),
    /// The store: nobody can go on without it.
    Store(StoreError),
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Broken {
    pub(super) fn kafka(reason: impl ToString) -> Self {
        Self::Kafka(reason.to_string())
    }
}

/// Sends until a stop is asked for.
///
/// # Errors
/// [`StoreError`] when the store has ended, or cannot be read.
pub(super) fn run(service: &Service) -> Result<(), StoreError> {
    // After a lane that broke a connection proves nothing, until Kafka has taken something.
    let mut is_doubted = false;
    while !service.shutdown.is_requested() {
        let ended = lane(service, is_doubted);
        is_doubted = ended.is_err();
        match ended {
            Ok(()) => {}
            Err(Broken::Store(error)) => return Err(error),
            Err(Broken::Kafka(_)) if service.shutdown.is_requested() => {}
            Err(Broken::Kafka(reason)) => service.tell(&events::kafka_out(&reason)),
        }
        service.roads.is_connected.store(false, Ordering::Release);
        service.roads.oldest_held_ms.store(0, Ordering::Release);
        service.shutdown.wait_timeout(PAUSE);
    }
    Ok(())
}

/// The cluster with a topic of ours in it, waited for as long as it takes. One of the lanes says that it waits.
pub(super) fn cluster(service: &Service, topic: &str, is_telling: bool) -> Result<(Cluster, TopicInfo), Broken> {
    let cluster = connect(&service.settings, Patience::Forever, &service.shutdown, |event| {
        if is_telling {
            service.tell(event);
        }
    })
    .map_err(|error| Broken::Kafka(refused(service, &error)))?;
    let shape = TopicShape { partitions: 3, replication_factor: None };
    let topic = cluster
        .ensure_kept_topic(topic, KeptTopic { shape, largest_bytes: None }, None, &service.shutdown, |reason| {
            service.tell(&topic_wait(topic, reason));
        })
        .map_err(Broken::kafka)?;
    Ok((cluster, topic))
}

/// What is said of a connection that was not made; wrong credentials end the service.
fn refused(service: &Service, error: &ConnectError) -> String {
    let reason = error.to_string();
    if matches!(error, ConnectError::Refused { .. } | ConnectError::Tls { .. }) {
        *service.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.clone());
        service.shutdown.request();
    }
    reason
}

fn lane(service: &Service, is_doubted: bool) -> Result<(), Broken> {
    let (cluster, topic) = cluster(service, &service.wishes.topic_out, true)?;
    // Twice as much as can be in flight, so that the client's thread never waits for us.
    let (tell, reports) = sync_channel(2 * MOST_IN_FLIGHT);
    let listen = move |event: ProducerEvent<u64>| {
        let report: Report = match event {
            ProducerEvent::Delivered { token, partition, offset, .. } => (token, Ok((partition, offset))),
            ProducerEvent::Failed { token, reason } => (token, Err(reason)),
            _ => return,
        };
        // A lane that has ended reads its rows again.
        drop(tell.send(report));
    };
    let producer = cluster.producer(&topic.name, listen).map_err(Broken::kafka)?;
    service.outbox_grew()?;
    service.roads.is_connected.store(!is_doubted, Ordering::Release);
    let mut lane =
        Lane { service, producer, reports, held: BTreeMap::new(), read: 0, settled: Vec::new(), since: None };
    while !service.shutdown.is_requested() {
        lane.fill()?;
        if lane.held.is_empty() && lane.settled.is_empty() {
            // There is nothing that it could be doubted for.
            service.roads.is_connected.store(true, Ordering::Release);
        }
        lane.hear(LOOK)?;
        lane.show_oldest();
    }
    let is_silent = service.roads.is_kafka_silent.load(Ordering::Acquire);
    let flushed = lane.producer.flush(if is_silent { Duration::ZERO } else { FLUSH });
    // What was heard counts, whatever was not: that is sent again at the next start.
    while flushed.is_ok() && !lane.held.is_empty() && lane.hear(LOOK)? {}
    lane.settle()
}

struct Lane<'a> {
    service: &'a Service,
    producer: Producer<u64>,
    reports: Receiver<Report>,
    /// What is with the client, and since when.
    held: BTreeMap<u64, u64>,
    /// Rows up to here have been read.
    read: u64,
    settled: Vec<Report>,
    /// Since when there is something settled that is not written.
    since: Option<Instant>,
}

impl Lane<'_> {
    /// Hands rows to the client as long as there is room.
    fn fill(&mut self) -> Result<(), Broken> {
        let room = MOST_IN_FLIGHT.saturating_sub(self.held.len());
        // Read before the view: what is committed behind it must not be passed over.
        let up_to = self.service.roads.sent_up_to.load(Ordering::Acquire);
        if room == 0 || self.read >= up_to {
            return Ok(());
        }
        let view = self.service.store.view()?;
        let rows = view.range(OUTBOX, (Excluded(&number_key(self.read)), Unbounded), Side::First, room)?;
        if rows.is_empty() {
            self.read = up_to;
        }
        for (key, value) in rows {
            let seq = key_number(&key);
            let row: OutboxRow = parsed(&value)?;
            self.read = seq;
            let Some(text) = body(&view, &row)? else { continue };
            if row.is_refused_by_kafka {
                self.service.refuse(seq);
                continue;
            }
            let headers = headers(self.service, &row);
            let record = Record {
                key: Some(row.order_number.as_bytes()),
                payload: Some(text.as_bytes()),
                headers: Headers::from_block(&headers),
                ..Record::default()
            };
            self.held.insert(seq, self.service.clock_ms().max(1));
            // Sending may wait; the other lane has to see since when.
            self.show_oldest();
            match self.producer.send(&record, seq, &self.service.shutdown) {
                Ok(()) => {}
                Err(SendError::Refused { reason, .. }) => self.settled.push((seq, Err(reason))),
                Err(SendError::Stopped { .. }) => {
                    self.held.remove(&seq);
                    return Ok(());
                }
                Err(error @ SendError::Fatal { .. }) => return Err(Broken::kafka(error)),
            }
        }
        Ok(())
    }

    /// Hears what became of records, and writes it when it is time; whether anything came.
    fn hear(&mut self, timeout: Duration) -> Result<bool, Broken> {
        let mut has_come = false;
        match self.reports.recv_timeout(timeout) {
            Ok(report) => {
                has_come = true;
                self.settled.push(report);
                self.settled.extend(self.reports.try_iter().take(TOGETHER));
            }
            Err(RecvTimeoutError::Timeout) => {}
            // The one that told was dropped.
            Err(RecvTimeoutError::Disconnected) => {
                self.settle()?;
                self.producer.in_flight().map_err(Broken::kafka)?;
            }
        }
        if self.settled.is_empty() {
            return Ok(has_come);
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        if self.settled.len() >= TOGETHER || since.elapsed() >= AT_THE_LATEST {
            self.settle()?;
        }
        Ok(has_come)
    }

    /// Writes what is known.
    fn settle(&mut self) -> Result<(), Broken> {
        self.since = None;
        let settled = std::mem::take(&mut self.settled);
        if settled.is_empty() {
            return Ok(());
        }
        let mut broken = None;
        for (seq, outcome) in &settled {
            self.held.remove(seq);
            match outcome {
                Ok(_) => {
                    self.service.roads.is_connected.store(true, Ordering::Release);
                    self.service.roads.has_acknowledged.store(true, Ordering::Release);
                }
                Err(DeliveryError::TooLarge) => self.service.refuse(*seq),
                // About the topic or us, not about this row: it stays, and the lane begins anew.
                Err(reason) => {
                    // The peer can have it in the meantime.
                    self.service.refuse(*seq);
                    broken = Some(Broken::kafka(reason));
                }
            }
        }
        failpoint("acknowledged-not-removed");
        let written = self.service.store.commit(move |change| {
            let mut accepted = Vec::new();
            for (seq, outcome) in settled {
                match outcome {
                    Ok(place) => accepted.extend(acknowledged(change, seq, place)?),
                    Err(reason @ DeliveryError::TooLarge) => refused_by_kafka(change, seq, &reason.to_string())?,
                    Err(_) => {}
                }
            }
            Ok(accepted)
        });
        let accepted = written?;
        self.service.figures.delivered.add(&[("path", Road::Kafka.text())], accepted.len() as u64);
        let now = now_ms();
        for accepted_ms in accepted {
            self.service.figures.delivery.observe(seconds(now - accepted_ms));
        }
        broken.map_or(Ok(()), Err)
    }

    fn show_oldest(&self) {
        let oldest = self.held.first_key_value().map_or(0, |(_, since)| *since);
        self.service.roads.oldest_held_ms.store(oldest, Ordering::Release);
    }
}

/// The headers of a record: CloudEvents, whose id is the identity of the thing, so that readers see copies.
fn headers(service: &Service, row: &OutboxRow) -> Vec<u8> {
    let kind = format!("supply.{}", service.role.sends());
    let (id, time_ms) = identity(row);
    let time = time_text(time_ms);
    let mut block = Vec::new();
    for (name, value) in [
        ("content-type", "application/json"),
        ("ce_specversion", "1.0"),
        ("ce_id", id.as_str()),
        ("ce_source", service.role.name()),
        ("ce_type", kind.as_str()),
        ("ce_time", time.as_str()),
    ] {
        push_header(&mut block, name.as_bytes(), Some(value.as_bytes()));
    }
    block
}

/// The identity of what a row sends: an order's number, an update's id; and when it was made.
pub(super) fn identity(row: &OutboxRow) -> (String, i64) {
    match row.update {
        None => (row.order_number.clone(), row.accepted_ms),
        Some((timestamp_ms, id)) => (id.to_string(), timestamp_ms),
    }
}
