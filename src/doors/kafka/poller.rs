//! The thread of a producer that hears what becomes of its records, and tells it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rdkafka::producer::{BaseProducer, Producer as _};

use super::deliveries::{Desk, Landed, Reports, lock};
use super::producer::ProducerEvent;
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

/// Held by the thread that tells the listener; a panic of either makes the desk deaf.
pub(super) struct Ear<T>(pub(super) Arc<Desk<T>>);

impl<T> Drop for Ear<T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.turn_deaf(0, 0);
        }
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
        let _ear = Ear(Arc::clone(&self.desk));
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
