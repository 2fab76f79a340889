//! The receiving end of a producer: librdkafka's callbacks and the thread that serves them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::{BaseProducer, ProducerContext};

use super::connect::tidy;
use super::producer::{DeliveryError, ProducerEvent};
use crate::tools::shutdown::Shutdown;

/// How often the listener is asked to look after what it buffers while records are in flight.
const TICK: Duration = Duration::from_millis(20);

/// How often the client's other events are served while nothing is in flight. The crate's poll spins
/// for the last millisecond of each wait, so an idle producer should not sit in it.
const IDLE_TICK: Duration = Duration::from_millis(100);

/// How long nothing may be acknowledged before the listener is told, when the client has heard an
/// error in the meantime.
const STALLED_AFTER: Duration = Duration::from_secs(2);

/// The same when the brokers are only silent.
const SILENT_AFTER: Duration = Duration::from_secs(10);

pub(super) type Listen<T> = Box<dyn FnMut(ProducerEvent<T>) + Send>;

/// What travels with a record through librdkafka.
pub(super) struct Envelope<T> {
    pub(super) token: T,
    pub(super) sent: Instant,
}

/// What the sender, the polling thread and librdkafka's callbacks share.
pub(super) struct Desk<T> {
    listen: Mutex<Listen<T>>,
    in_flight: AtomicUsize,
    delivered: AtomicUsize,
    /// Paired with `changed`: told whenever the first record takes off and the last one lands.
    traffic: Mutex<()>,
    changed: Condvar,
    heard: Mutex<Option<String>>,
}

impl<T> Desk<T> {
    pub(super) fn new(listen: Listen<T>) -> Self {
        Self {
            listen: Mutex::new(listen),
            in_flight: AtomicUsize::new(0),
            delivered: AtomicUsize::new(0),
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

    pub(super) fn take_off(&self) {
        if self.in_flight.fetch_add(1, Ordering::AcqRel) == 0 {
            self.wake();
        }
    }

    pub(super) fn land(&self) {
        if self.in_flight.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.wake();
        }
    }

    /// Makes whoever waits look again.
    pub(super) fn wake(&self) {
        // Taking the lock orders this after a waiter's last look.
        drop(lock(&self.traffic));
        self.changed.notify_all();
    }
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
    type DeliveryOpaque = Box<Envelope<T>>;

    fn delivery(&self, result: &DeliveryResult<'_>, envelope: Box<Envelope<T>>) {
        let Envelope { token, sent } = *envelope;
        match result {
            Ok(message) => {
                self.0.delivered.fetch_add(1, Ordering::AcqRel);
                let (partition, offset) = (message.partition(), message.offset());
                self.0.tell(ProducerEvent::Delivered { token, partition, offset, latency: sent.elapsed() });
            }
            Err((error, _)) => self.0.tell(ProducerEvent::Failed { token, reason: delivery_error(error) }),
        }
        // After the listener has been told, so that nothing in flight means that all is told.
        self.0.land();
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
    pub(super) desk: Arc<Desk<T>>,
    pub(super) stop: Shutdown,
}

impl<T: Send + Sync + 'static> Poller<T> {
    pub(super) fn run(self) {
        let mut last_progress = Instant::now();
        let mut delivered_before = 0;
        let mut is_stalled = false;
        while !self.stop.is_requested() {
            if self.desk.in_flight() > 0 {
                self.client.poll(TICK);
            } else {
                self.desk.wait_while(IDLE_TICK, |desk| desk.in_flight() == 0 && !self.stop.is_requested());
                self.client.poll(Duration::ZERO);
            }
            let delivered = self.desk.delivered.load(Ordering::Acquire);
            let in_flight = self.desk.in_flight();
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
        }
    }
}
