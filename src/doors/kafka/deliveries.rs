//! The receiving end of a producer: what is in flight, and who is told what becomes of it.
//!
//! Reports come by the batch and are told by the batch: one look at the clock and one lock for all of it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::ProducerContext;

use super::connect::tidy;
use super::producer::{DeliveryError, ProducerEvent};
use super::raw::produce::OwnedHeaders;
use super::raw::reports::Fate;

pub(super) type Listen<T> = Box<dyn FnMut(ProducerEvent<T>) + Send>;

/// What waits here for the report of its record.
struct Aloft<T> {
    token: T,
    sent: Instant,
    bytes: usize,
}

/// All that is in flight. A record travels with the number of its place here, so that sending one takes
/// no memory that another has not given back.
pub(super) struct Places<T> {
    places: Vec<Option<Aloft<T>>>,
    free: Vec<usize>,
    /// Headers of records that have landed: their memory makes new ones without being asked for again.
    pub(super) spare_headers: Vec<OwnedHeaders>,
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
    /// `None` after it has panicked.
    listen: Mutex<Option<Listen<T>>>,
    pub(super) places: Mutex<Places<T>>,
    in_flight: AtomicUsize,
    bytes_in_flight: AtomicUsize,
    pub(super) delivered: AtomicUsize,
    /// How many times records have landed.
    landings: AtomicUsize,
    /// Paired with `changed`: told whenever the first record takes off and whenever some land.
    traffic: Mutex<()>,
    changed: Condvar,
    /// The last that librdkafka said of its brokers.
    pub(super) heard: Mutex<Option<String>>,
    /// Whether the listener has panicked: nobody tells it anything any more.
    is_deaf: AtomicBool,
}

impl<T> Desk<T> {
    pub(super) fn new(listen: Listen<T>) -> Self {
        Self {
            listen: Mutex::new(Some(listen)),
            places: Mutex::new(Places { places: Vec::new(), free: Vec::new(), spare_headers: Vec::new() }),
            in_flight: AtomicUsize::new(0),
            bytes_in_flight: AtomicUsize::new(0),
            delivered: AtomicUsize::new(0),
            landings: AtomicUsize::new(0),
            traffic: Mutex::new(()),
            changed: Condvar::new(),
            heard: Mutex::new(None),
            is_deaf: AtomicBool::new(false),
        }
    }

    pub(super) fn tell(&self, event: ProducerEvent<T>) {
        if let Some(listen) = lock(&self.listen).as_mut() {
            listen(event);
        }
    }

    /// The listener has panicked, and so many records leave of which it was told. It is dropped, so that who waits at the
    /// other end of a channel hears of it, too.
    pub(super) fn turn_deaf(&self, count: usize, bytes: usize) {
        let both = lock(&self.traffic);
        // Before nothing is in flight any more, which would mean that all is told.
        self.is_deaf.store(true, Ordering::Release);
        self.count_out(count, bytes);
        drop(both);
        drop(lock(&self.listen).take());
        self.changed.notify_all();
    }

    /// Whether the listener has panicked: what is in flight stays there.
    pub(super) fn is_deaf(&self) -> bool {
        self.is_deaf.load(Ordering::Acquire)
    }

    /// How many stay in flight for ever, when that is so.
    pub(super) fn stranded(&self) -> Option<usize> {
        self.is_deaf().then(|| {
            let _both = lock(&self.traffic);
            self.in_flight()
        })
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
    pub(super) fn wait_while(&self, timeout: Duration, busy: impl Fn(&Self) -> bool) {
        let guard = lock(&self.traffic);
        let waited = self.changed.wait_timeout_while(guard, timeout, |()| busy(self));
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits at most `timeout` until nothing is in flight, or the listener has panicked.
    pub(super) fn wait_landed(&self, timeout: Duration) {
        self.wait_while(timeout, |desk| desk.in_flight() > 0 && !desk.is_deaf());
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
    pub(super) fn settle(&self, fates: &mut Vec<Fate>, landed: &mut Vec<Landed<T>>) {
        if fates.is_empty() || self.is_deaf() {
            return fates.clear();
        }
        let mut places = lock(&self.places);
        landed.extend(fates.drain(..).filter_map(|fate| {
            let aloft = places.take(fate.opaque)?;
            Some(Landed { aloft, outcome: fate.outcome })
        }));
        drop(places);
        let delivered = landed.iter().filter(|landed| landed.outcome.is_ok()).count();
        self.delivered.fetch_add(delivered, Ordering::AcqRel);
        let now = Instant::now();
        // They leave after the listener has been told, so that nothing in flight means that all is told; after a panic
        // those that it was told of.
        let mut told = Told { desk: self, count: 0, bytes: 0 };
        let mut listen = lock(&self.listen);
        let Some(listen) = listen.as_mut() else { return landed.clear() };
        for Landed { aloft: Aloft { token, sent, bytes }, outcome } in landed.drain(..) {
            told.count += 1;
            told.bytes += bytes;
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
    }

    fn leave(&self, count: usize, bytes: usize) {
        self.count_out(count, bytes);
        self.wake();
    }

    fn count_out(&self, count: usize, bytes: usize) {
        self.bytes_in_flight.fetch_sub(bytes, Ordering::AcqRel);
        self.in_flight.fetch_sub(count, Ordering::AcqRel);
        self.landings.fetch_add(1, Ordering::AcqRel);
    }

    /// Makes whoever waits look again.
    pub(super) fn wake(&self) {
        // Taking the lock orders this after a waiter's last look.
        drop(lock(&self.traffic));
        self.changed.notify_all();
    }
}

/// Records that the listener was told of.
struct Told<'a, T> {
    desk: &'a Desk<T>,
    count: usize,
    bytes: usize,
}

impl<T> Drop for Told<'_, T> {
    fn drop(&mut self) {
        match std::thread::panicking() {
            true => self.desk.turn_deaf(self.count, self.bytes),
            false => self.desk.leave(self.count, self.bytes),
        }
    }
}

/// A record whose report is here.
pub(super) struct Landed<T> {
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

#[cfg(test)]
mod tests {
    use super::super::poller::Ear;
    use super::*;

    #[test]
    fn a_listener_that_panics_makes_deaf_and_was_told_of_those_that_left() {
        let (tell, reports) = std::sync::mpsc::sync_channel(9);
        let mut told = 0;
        let listen = move |_: ProducerEvent<u32>| {
            told += 1;
            assert!(told < 3, "on purpose");
            tell.try_send(told).expect("there is room");
        };
        let desk = Arc::new(Desk::new(Box::new(listen)));
        let fates = |range: std::ops::Range<u32>| -> Vec<Fate> {
            let fate = |n| Fate { opaque: desk.take_off(n, 10).0, outcome: Ok((0, i64::from(n))) };
            range.map(fate).collect()
        };
        let (mut first, mut second) = (fates(0..5), fates(5..9));
        let thread = std::thread::scope(|scope| {
            let hears = scope.spawn(|| {
                let _ear = Ear(Arc::clone(&desk));
                desk.settle(&mut first, &mut Vec::new());
            });
            hears.join()
        });
        assert!(thread.is_err() && desk.is_deaf());
        assert_eq!((desk.in_flight(), desk.bytes_in_flight()), (6, 60), "two, and the one that it panicked at");
        // What comes when the client is dropped, where a panic would end the process.
        desk.settle(&mut second, &mut Vec::new());
        assert_eq!((second.len(), desk.in_flight()), (0, 6));
        assert_eq!(reports.iter().collect::<Vec<_>>(), [1, 2], "and then that no more will come");
    }
}
