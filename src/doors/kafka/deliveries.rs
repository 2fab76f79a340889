//! The receiving end of a producer: what is in flight, and the thread that hears what becomes of it.
//!
//! Reports come by the batch and are told by the batch: one look at the clock and one lock for all of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::{BaseProducer, Producer as _, ProducerContext};

use super::connect::tidy;
use super::producer::{DeliveryError, ProducerEvent};
use super::raw::produce::OwnedHeaders;
use super::raw::reports::{Fate, ReportQueue};
use crate::tools::shutdown::Shutdown;

/// How often the listener is asked to look after what it buffers while records are in flight.
const TICK: Duration = Duration::from_millis(20);

/// How often the client's other events are served while nothing is in flight.
const IDLE_TICK: Duration = Duration::from_millis(100);

/// How long nothing may be acknowledged before the listener is told, when the client has heard an
/// error in the meantime.
const STALLED_AFTER: Duration = Duration::from_secs(2);

/// The same when the brokers are only silent.
const SILENT_AFTER: Duration = Duration::from_secs(10);

/// How often a new producer is helped to its producer id, which records wait for: twenty ticks are nearly
/// the half second after which librdkafka asks again by itself.
const MOST_KNOCKS: u32 = 20;

/// How long one such question may take.
const KNOCK: Duration = Duration::from_millis(25);

pub(super) type Listen<T> = Box<dyn FnMut(ProducerEvent<T>) + Send>;

/// What waits here for the report of its record.
struct Aloft<T> {
    token: T,
    sent: Instant,
    bytes: usize,
}

/// All that is in flight. A record travels with the number of its place here, so that sending one takes
/// no memory that another has not given back.
struct Places<T> {
    places: Vec<Option<Aloft<T>>>,
    free: Vec<usize>,
    /// Headers of records that have landed: their memory makes new ones without being asked for again.
    spare_headers: Vec<OwnedHeaders>,
}

impl<T> Places<T> {
    fn put(&mut self, aloft: Aloft<T>) -> usize {
        match self.free.pop() {
            Some(index) => {
                if let Some(place) = self.places.get_mut(index) {
                    *place = Some(aloft);
                }
                index
            }
            None => {
                self.places.push(Some(aloft));
                self.places.len() - 1
            }
        }
    }

    fn take(&mut self, index: usize) -> Option<Aloft<T>> {
        let aloft = self.places.get_mut(index)?.take()?;
        self.free.push(index);
        Some(aloft)
    }
}

/// What the sender, the polling thread and librdkafka's callbacks share.
pub(super) struct Desk<T> {
    listen: Mutex<Listen<T>>,
    places: Mutex<Places<T>>,
    in_flight: AtomicUsize,
    bytes_in_flight: AtomicUsize,
    delivered: AtomicUsize,
    /// How many times records have landed.
    landings: AtomicUsize,
    /// Paired with `changed`: told whenever the first record takes off and whenever some land.
    traffic: Mutex<()>,
    changed: Condvar,
    heard: Mutex<Option<String>>,
}

impl<T> Desk<T> {
    pub(super) fn new(listen: Listen<T>) -> Self {
        Self {
            listen: Mutex::new(listen),
            places: Mutex::new(Places { places: Vec::new(), free: Vec::new(), spare_headers: Vec::new() }),
            in_flight: AtomicUsize::new(0),
            bytes_in_flight: AtomicUsize::new(0),
            delivered: AtomicUsize::new(0),
            landings: AtomicUsize::new(0),
            traffic: Mutex::new(()),
            changed: Condvar::new(),
            heard: Mutex::new(None),
        }
    }

    pub(super) fn tell(&self, event: ProducerEvent<T>) {
        lock(&self.listen)(event);
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }

    /// The bytes of the records in flight, about.
    pub(super) fn bytes_in_flight(&self) -> usize {
        self.bytes_in_flight.load(Ordering::Acquire)
    }

    /// How many times records have landed; see [`Desk::wait_landing`].
    pub(super) fn landings(&self) -> usize {
        self.landings.load(Ordering::Acquire)
    }

    /// Waits at most `timeout` while `busy` holds, which is asked at each change.
    fn wait_while(&self, timeout: Duration, busy: impl Fn(&Self) -> bool) {
        let guard = lock(&self.traffic);
        let waited = self.changed.wait_timeout_while(guard, timeout, |()| busy(self));
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits at most `timeout` until nothing is in flight.
    pub(super) fn wait_landed(&self, timeout: Duration) {
        self.wait_while(timeout, |desk| desk.in_flight() > 0);
    }

    /// Waits at most `timeout` until records have landed since `seen` was asked for.
    pub(super) fn wait_landing(&self, seen: usize, timeout: Duration) {
        self.wait_while(timeout, |desk| desk.landings() == seen);
    }

    /// Notes that a record is about to be sent, and gives the number to send with it; also the headers of
    /// one that has landed, to be used again.
    pub(super) fn take_off(&self, token: T, bytes: usize) -> (usize, Option<OwnedHeaders>) {
        let aloft = Aloft { token, sent: Instant::now(), bytes };
        let mut places = lock(&self.places);
        let index = places.put(aloft);
        let spare = places.spare_headers.pop();
        drop(places);
        self.bytes_in_flight.fetch_add(bytes, Ordering::AcqRel);
        if self.in_flight.fetch_add(1, Ordering::AcqRel) == 0 {
            self.wake();
        }
        (index, spare)
    }

    /// Notes that a record was not taken after all, and gives its token back.
    pub(super) fn stay(&self, index: usize) -> Option<T> {
        let aloft = lock(&self.places).take(index)?;
        self.leave(1, aloft.bytes);
        Some(aloft.token)
    }

    /// Tells the listener what became of some records. Both vectors are empty afterwards; `landed` only
    /// lends its memory.
    fn settle(&self, fates: &mut Vec<Fate>, landed: &mut Vec<Landed<T>>) {
        if fates.is_empty() {
            return;
        }
        let mut places = lock(&self.places);
        landed.extend(fates.drain(..).filter_map(|fate| {
            let aloft = places.take(fate.opaque)?;
            Some(Landed { aloft, outcome: fate.outcome })
        }));
        drop(places);
        let count = landed.len();
        let bytes = landed.iter().map(|landed| landed.aloft.bytes).sum();
        let delivered = landed.iter().filter(|landed| landed.outcome.is_ok()).count();
        self.delivered.fetch_add(delivered, Ordering::AcqRel);
        let now = Instant::now();
        let mut listen = lock(&self.listen);
        for Landed { aloft: Aloft { token, sent, .. }, outcome } in landed.drain(..) {
            listen(match outcome {
                Ok((partition, offset)) => {
                    let latency = now.saturating_duration_since(sent);
                    ProducerEvent::Delivered { token, partition, offset, latency }
                }
                Err(code) => {
                    let reason = delivery_error(&KafkaError::MessageProduction(code));
                    ProducerEvent::Failed { token, reason }
                }
            });
        }
        drop(listen);
        // After the listener has been told, so that nothing in flight means that all is told.
        self.leave(count, bytes);
    }

    fn leave(&self, count: usize, bytes: usize) {
        self.bytes_in_flight.fetch_sub(bytes, Ordering::AcqRel);
        self.in_flight.fetch_sub(count, Ordering::AcqRel);
        self.landings.fetch_add(1, Ordering::AcqRel);
        self.wake();
    }

    /// Makes whoever waits look again.
    pub(super) fn wake(&self) {
        // Taking the lock orders this after a waiter's last look.
        drop(lock(&self.traffic));
        self.changed.notify_all();
    }
}

/// A record whose report is here.
struct Landed<T> {
    aloft: Aloft<T>,
    outcome: Result<(i32, i64), RDKafkaErrorCode>,
}

pub(super) fn lock<V: ?Sized>(mutex: &Mutex<V>) -> MutexGuard<'_, V> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// librdkafka's callbacks.
pub(super) struct Reports<T>(pub(super) Arc<Desk<T>>);

impl<T: Send + Sync + 'static> ClientContext for Reports<T> {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", ?level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let mut heard = lock(&self.0.heard);
        // "1/1 brokers are down" says less than the reason before it.
        if heard.is_none() || error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            *heard = Some(tidy(reason));
        }
    }
}

impl<T: Send + Sync + 'static> ProducerContext for Reports<T> {
    type DeliveryOpaque = usize;

    /// Comes only for what the crate still finds when the client is dropped.
    fn delivery(&self, result: &DeliveryResult<'_>, index: usize) {
        let outcome = match result {
            Ok(message) => Ok((message.partition(), message.offset())),
            Err((error, _)) => Err(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown)),
        };
        self.0.settle(&mut vec![Fate { opaque: index, outcome }], &mut Vec::new());
    }
}

pub(super) fn delivery_error(error: &KafkaError) -> DeliveryError {
    use RDKafkaErrorCode as Code;
    match error.rdkafka_error_code() {
        Some(Code::MessageSizeTooLarge | Code::InvalidMessageSize) => DeliveryError::TooLarge,
        Some(Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed) => DeliveryError::NotAuthorized,
        Some(Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition) => DeliveryError::NoTopic,
        Some(Code::PurgeQueue | Code::PurgeInflight) => DeliveryError::GivenUp,
        Some(code) => DeliveryError::Refused { reason: code.to_string() },
        None => DeliveryError::Refused { reason: error.to_string() },
    }
}

/// The thread that serves librdkafka's reports.
pub(super) struct Poller<T: Send + Sync + 'static> {
    pub(super) client: Arc<BaseProducer<Reports<T>>>,
    pub(super) topic: String,
    pub(super) queue: ReportQueue<Reports<T>>,
    pub(super) desk: Arc<Desk<T>>,
    pub(super) stop: Shutdown,
}

impl<T: Send + Sync + 'static> Poller<T> {
    pub(super) fn run(self) {
        let mut last_progress = Instant::now();
        let mut delivered_before = 0;
        let mut is_stalled = false;
        let mut knocks = 0;
        let mut memory = Memory { fates: Vec::new(), landed: Vec::new(), spare: Vec::new() };
        while !self.stop.is_requested() {
            self.serve(&mut memory);
            let delivered = self.desk.delivered.load(Ordering::Acquire);
            let in_flight = self.desk.in_flight();
            if delivered == 0 && in_flight > 0 && knocks < MOST_KNOCKS {
                knocks += 1;
                self.knock();
            }
            let idle_for = last_progress.elapsed();
            if delivered != delivered_before || in_flight == 0 {
                if delivered != delivered_before && std::mem::take(&mut is_stalled) {
                    self.desk.tell(ProducerEvent::Resumed);
                }
                last_progress = Instant::now();
                delivered_before = delivered;
                lock(&self.desk.heard).take();
            } else if !is_stalled && idle_for >= STALLED_AFTER {
                let reason = lock(&self.desk.heard).clone();
                if reason.is_some() || idle_for >= SILENT_AFTER {
                    is_stalled = true;
                    let reason = reason.unwrap_or_else(|| "no answer".to_owned());
                    self.desk.tell(ProducerEvent::Stalled { in_flight, reason });
                }
            }
            self.desk.tell(ProducerEvent::Tick);
            self.wait_for_traffic(IDLE_TICK);
        }
    }

    /// Asks about the topic, whose answer makes librdkafka ask for a producer id if it still has none. Its
    /// first question is lost when it closes the connection that it began with before the answer is here.
    fn knock(&self) {
        if let Err(error) = self.client.client().fetch_metadata(Some(&self.topic), KNOCK) {
            tracing::debug!(%error, "no answer while the first records wait");
        }
    }

    /// Waits at most `timeout` while nothing is in flight.
    fn wait_for_traffic(&self, timeout: Duration) {
        self.desk.wait_while(timeout, |desk| desk.in_flight() == 0 && !self.stop.is_requested());
    }

    /// Hears what there is for the length of a tick.
    fn serve(&self, Memory { fates, landed, spare }: &mut Memory<T>) {
        let end = Instant::now() + TICK;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let is_idle = self.desk.in_flight() == 0;
            let came = self.queue.poll(if is_idle { Duration::ZERO } else { left }, fates, spare);
            if !spare.is_empty() {
                lock(&self.desk.places).spare_headers.append(spare);
            }
            self.desk.settle(fates, landed);
            if left.is_zero() || self.stop.is_requested() {
                return;
            }
            if is_idle && !came {
                self.wait_for_traffic(left);
            }
        }
    }
}

/// What a polling thread uses again and again.
struct Memory<T> {
    fates: Vec<Fate>,
    landed: Vec<Landed<T>>,
    spare: Vec<OwnedHeaders>,
}
