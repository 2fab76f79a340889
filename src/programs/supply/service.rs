//! What all parts of a service share: its store, its figures, its logs, and what it knows of the roads.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::args::ServiceArgs;
use super::ending::Endings;
use super::events;
use super::figures::SupplyFigures;
use super::intake::{TakenOrder, TakenUpdate, Verdict};
use super::role::Role;
use super::rows::{OUTBOX, OutboxRow, Road, key_number, parsed};
use super::subscribers::SubscriberRow;
use crate::doors::health::{DailyLog, ServiceEvent, ServiceLog};
use crate::doors::http::{Callback, CallbackHosts, Peer};
use crate::doors::store::{Reading as _, Side, Store, StoreError};
use crate::logic::supply::BreakerState;
use crate::tools::config::{ClientSettings, CommonArgs};
use crate::tools::durable::free_bytes;
use crate::tools::printer::Printer;
use crate::tools::shutdown::Shutdown;
use crate::words::record::Level;
use crate::words::supply::Status;

/// With less room than this on the disk no new orders are accepted, in bytes.
const LEAST_FREE: u64 = 64 << 20;

/// What was asked for by flags.
pub(super) struct Wishes {
    pub(super) dir: PathBuf,
    pub(super) interval: Duration,
    pub(super) count: Option<u64>,
    pub(super) kafka_timeout: Duration,
    pub(super) confirm_timeout: Duration,
    pub(super) outbox_limit: u64,
    pub(super) topic_out: String,
    pub(super) topic_in: String,
    pub(super) hosts: Vec<String>,
    pub(super) subscribers: CallbackHosts,
    pub(super) subscriber_patience: Duration,
}

impl Wishes {
    pub(super) fn new(flags: &ServiceArgs, role: Role, common: &CommonArgs) -> Self {
        Self {
            dir: flags.dir.clone(),
            interval: flags.interval,
            count: flags.count,
            kafka_timeout: flags.kafka_timeout,
            confirm_timeout: flags.confirm_timeout,
            outbox_limit: flags.outbox_limit,
            topic_out: role.topic_out(common),
            topic_in: role.topic_in(common),
            hosts: flags.hosts.hosts.clone(),
            subscribers: flags.callback_hosts(),
            subscriber_patience: flags.subscriber_patience,
        }
    }
}

/// What is known of the roads, for whoever asks.
#[derive(Default)]
pub(super) struct Roads {
    /// Whether the sending lane has a producer.
    pub(super) is_connected: AtomicBool,
    /// Since when the oldest record waits for its acknowledgement; 0: none does.
    pub(super) oldest_held_ms: AtomicU64,
    /// Whether anything was acknowledged since this was last looked at.
    pub(super) has_acknowledged: AtomicBool,
    /// Whether Kafka is silent: HTTP is taken.
    pub(super) is_kafka_silent: AtomicBool,
    /// Rows that Kafka refuses for themselves, for the HTTP lane to take.
    pub(super) refused: Mutex<Vec<u64>>,
    /// Whether the receiving lane reads.
    pub(super) is_reading: AtomicBool,
    /// What the breaker of the peer does.
    pub(super) breaker: Mutex<Option<BreakerState>>,
    /// The last row that may be in the outbox.
    pub(super) sent_up_to: AtomicU64,
    /// So many rows wait, and since when the oldest does; as of the last look.
    pub(super) waiting: AtomicU64,
    pub(super) waiting_since_ms: AtomicI64,
}

/// A service at work.
pub(super) struct Service {
    pub(super) role: Role,
    pub(super) wishes: Wishes,
    pub(super) settings: ClientSettings,
    pub(super) store: Store,
    pub(super) peer: Peer,
    pub(super) roads: Roads,
    pub(super) figures: SupplyFigures,
    pub(super) log: ServiceLog,
    pub(super) printer: Printer,
    pub(super) endings: Endings,
    /// So many callers wait for the receipt of their order.
    pub(super) waiters: AtomicUsize,
    pub(super) daily: DailyLog,
    /// So many lines of it were lost since it could be written.
    pub(super) daily_lost: AtomicU64,
    pub(super) shutdown: Shutdown,
    pub(super) began: Instant,
    /// Why Kafka will never take us, when that is so.
    pub(super) refused: Mutex<Option<String>>,
}

impl Service {
    /// Milliseconds since the start, of a clock that only goes forward.
    pub(super) fn clock_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// What an interval is in the rows.
    pub(super) fn interval_ms(&self) -> i64 {
        i64::try_from(self.wishes.interval.as_millis()).unwrap_or(i64::MAX)
    }

    /// Whether a subscriber may be called now: it subscribed perhaps when other hosts were allowed.
    pub(super) fn is_allowed(&self, one: &SubscriberRow) -> bool {
        Callback::read(&one.callback_url).is_ok_and(|at| self.wishes.subscribers.allows(&at.host))
    }

    /// Writes a line of the daily log.
    pub(super) fn note(&self, level: Level, context: &str, message: &str, more: &Value) {
        match self.daily.write(level, context, message, more) {
            Ok(()) if self.daily_lost.load(Ordering::Relaxed) > 0 => {
                let lost = self.daily_lost.swap(0, Ordering::AcqRel);
                // Whoever else wrote at the same time may have told it.
                if lost > 0 {
                    self.log.write(&events::daily_log_back(lost));
                }
            }
            Ok(()) => {}
            Err(error) => {
                self.figures.daily_log_lost.add(1);
                // Told once until it can be written again, and not in the log that it is about.
                if self.daily_lost.fetch_add(1, Ordering::AcqRel) == 0 {
                    self.log.write(&events::daily_log_lost(error));
                }
            }
        }
    }

    /// Tells of the service as a whole: in the daily log, and on standard error.
    pub(super) fn tell(&self, event: &ServiceEvent) {
        self.tell_in("service", event);
    }

    /// The same; `context` is which part of the service says it.
    pub(super) fn tell_in(&self, context: &str, event: &ServiceEvent) {
        self.note(event.level(), context, event.message(), &event.details());
        self.log.write(event);
    }

    /// A line for people who look on.
    fn show(&self, number: &str, what: &str, road: Road) {
        let time = Timestamp::now().strftime("%H:%M:%S").to_string();
        let what = crate::tools::shown::safe(what);
        self.printer.line(&format!("{time}  {number:<14}  {what}  ({})", road.text()));
    }

    /// Why no new order may be accepted now, if that is so.
    pub(super) fn is_full(&self) -> Option<String> {
        let counted = self.store.view().and_then(|view| view.count(OUTBOX));
        let waiting = counted.unwrap_or_else(|_| self.roads.waiting.load(Ordering::Relaxed));
        if waiting >= self.wishes.outbox_limit {
            return Some(format!("{waiting} things wait to be sent, which is the limit (--outbox-limit)"));
        }
        self.no_room()
    }

    /// Why nothing at all may be taken now, if that is so: what is written already needs the rest to go out.
    pub(super) fn no_room(&self) -> Option<String> {
        let free = free_bytes(&self.wishes.dir).filter(|free| *free < LEAST_FREE)?;
        Some(format!("{} MiB are free on the disk, which is too little", free >> 20))
    }

    /// Wakes whoever sends: there may be something new in the outbox.
    pub(super) fn outbox_grew(&self) -> Result<(), StoreError> {
        use std::ops::Bound::Unbounded;
        let view = self.store.view()?;
        let last = view.range(OUTBOX, (Unbounded, Unbounded), Side::Last, 1)?;
        if let Some((key, _)) = last.first() {
            self.roads.sent_up_to.fetch_max(key_number(key), Ordering::AcqRel);
        }
        Ok(())
    }

    /// Counts what waits.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn count_waiting(&self) -> Result<(), StoreError> {
        use std::ops::Bound::Unbounded;
        let view = self.store.view()?;
        self.roads.waiting.store(view.count(OUTBOX)?, Ordering::Relaxed);
        let first = view.range(OUTBOX, (Unbounded, Unbounded), Side::First, 1)?;
        let since =
            first.first().map(|(_, value)| parsed::<OutboxRow>(value)).transpose()?.map_or(0, |row| row.accepted_ms);
        self.roads.waiting_since_ms.store(since, Ordering::Relaxed);
        Ok(())
    }

    /// How long the oldest thing waits that was not sent yet.
    pub(super) fn oldest_waiting_ms(&self) -> i64 {
        match self.roads.waiting_since_ms.load(Ordering::Relaxed) {
            0 => 0,
            since => (now_ms() - since).max(0),
        }
    }

    /// Kafka will never take this row.
    pub(super) fn refuse(&self, seq: u64) {
        self.roads.refused.lock().unwrap_or_else(PoisonError::into_inner).push(seq);
    }

    /// What the breaker of the peer does.
    pub(super) fn breaker(&self) -> BreakerState {
        self.roads.breaker.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or(BreakerState::Closed)
    }

    /// Says and counts what became of an order.
    pub(super) fn order_taken(&self, taken: &TakenOrder, road: Road) {
        let number = taken.order_number.as_str();
        let more = json!({"orderNumber": number, "path": road.text()});
        self.judged("order", &taken.verdict, road, &more);
        if taken.verdict == Verdict::New {
            self.show(
                number,
                if self.role == Role::WagonLits { "NEW         ordered" } else { "PROCESSING  received" },
                road,
            );
            self.note(Level::Info, "orders", "order accepted", &more);
        }
    }

    /// Says and counts what became of an update.
    pub(super) fn update_taken(&self, taken: &TakenUpdate, number: &str, message: &str, road: Road) {
        let more = json!({"orderNumber": number, "path": road.text(), "status": taken.status.text()});
        self.judged("update", &taken.verdict, road, &more);
        if taken.verdict == Verdict::New {
            self.show(number, &format!("{:<10}  {message}", taken.status.text()), road);
            self.note(Level::Info, "updates", message, &more);
            if taken.is_late {
                self.figures.late.add(1);
            }
            if let Some(after_ms) = taken.confirmed_after_ms {
                self.figures.confirmed.observe(seconds(after_ms));
            }
        }
    }

    /// Says that an order was moved here.
    pub(super) fn stepped(&self, number: &str, status: Status, message: &str) {
        self.show(number, &format!("{:<10}  {message}", status.text()), Road::Own);
        self.note(Level::Info, "updates", message, &json!({"orderNumber": number, "path": "own"}));
    }

    fn judged(&self, kind: &str, verdict: &Verdict, road: Road, more: &Value) {
        let labels = [("kind", kind), ("path", road.text())];
        let odd = |reason: &str, detail: &str| {
            self.figures.rejected.add(&[("reason", reason)], 1);
            self.note(Level::Warn, "quarantine", &format!("{kind} not taken: {detail}"), more);
        };
        match verdict {
            Verdict::New if road == Road::Own => self.figures.accepted.add(1),
            Verdict::New => self.figures.received.add(&labels, 1),
            Verdict::Known => self.figures.duplicates.add(&labels, 1),
            Verdict::Conflict { known, given } => {
                self.figures.conflicts.add(1);
                odd("conflict", &format!("another one has its number ({known}, not {given})"));
            }
            Verdict::KeyReused => odd("key_reused", "its key stands for something else"),
            Verdict::UnknownOrder => odd("unknown_order", "there is no such order"),
            Verdict::Invalid(reason) => odd("invalid", reason),
        }
    }
}

/// Milliseconds since 1970-01-01 UTC.
pub(super) fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// Milliseconds as seconds.
#[allow(clippy::cast_precision_loss, reason = "a span of time that is shown")]
pub(super) fn seconds(ms: i64) -> f64 {
    ms as f64 / 1_000.0
}
