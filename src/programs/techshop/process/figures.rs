//! What `process` counts and measures.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hdrhistogram::Histogram;

use crate::base::message::MessageTime;
use crate::doors::health::{Count, Level, ServiceLog, ServiceMeters};
use crate::doors::kafka::Inlet;
use crate::logic::shop::{Shop, Verdict};
use crate::programs::techshop::events::{Decided, process_metrics};

/// How often lag and quantiles are told to whoever asks for figures.
const SHOWN: Duration = Duration::from_secs(1);

/// How often they are written to the log, when there was something to do.
const LOGGED: Duration = Duration::from_secs(30);

/// Longer than this is an outage, not a latency.
const LONGEST_MS: u64 = 3_600_000;

/// Counts for ever, latencies of the last interval.
pub(super) struct Figures {
    log: ServiceLog,
    meters: std::sync::Arc<ServiceMeters>,
    verdicts: [Count; 5],
    transactions: Count,
    remembered: Level,
    quantiles: [(f64, Level); 3],
    /// From the order's Kafka timestamp to its commit, ms.
    latency_ms: Option<Histogram<u64>>,
    /// What the open transaction decides, by verdict.
    undecided: [u64; 5],
    /// Its messages' times, ms.
    waiting: Vec<i64>,
    shown: Instant,
    logged: Instant,
    logged_decisions: u64,
}

impl Figures {
    pub(super) fn new(log: ServiceLog, meters: std::sync::Arc<ServiceMeters>) -> Self {
        let verdict = |name: &str, help: &str| meters.count(name, help);
        let verdicts = [
            verdict("orders_confirmed", "Orders confirmed"),
            verdict("orders_out_of_stock", "Orders refused because the stock was too small"),
            verdict("messages_invalid", "Messages that are no order that can be decided, or no restock"),
            verdict("copies", "Orders that were decided before, byte for byte"),
            verdict("restocks", "Restocks applied"),
        ];
        let quantile = |quantile: f64, name: &str| {
            let help = "From an order's Kafka timestamp to its committed outcome, of the last 30 s, milliseconds";
            (quantile, meters.level(name, help))
        };
        let quantiles = [
            quantile(0.5, "validation_p50_milliseconds"),
            quantile(0.95, "validation_p95_milliseconds"),
            quantile(0.99, "validation_p99_milliseconds"),
        ];
        let transactions = meters.count("transactions", "Transactions committed");
        let remembered = meters.level("remembered_order_numbers", "Order numbers that are remembered");
        let now = Instant::now();
        Self {
            log,
            meters,
            verdicts,
            transactions,
            remembered,
            quantiles,
            latency_ms: Histogram::new_with_max(LONGEST_MS, 2).ok(),
            undecided: [0; 5],
            waiting: Vec::new(),
            shown: now,
            logged: now,
            logged_decisions: 0,
        }
    }

    /// A message was decided, and will count when its transaction is committed.
    pub(super) fn decided(&mut self, verdict: Verdict, time: MessageTime) {
        let index = match verdict {
            Verdict::Confirmed => 0,
            Verdict::OutOfStock => 1,
            Verdict::Invalid => 2,
            Verdict::Copy => 3,
            Verdict::Restocked => 4,
        };
        if let Some(undecided) = self.undecided.get_mut(index) {
            *undecided += 1;
        }
        if let MessageTime::Create(milliseconds) | MessageTime::LogAppend(milliseconds) = time {
            self.waiting.push(milliseconds);
        }
    }

    /// The transaction was committed.
    pub(super) fn committed(&mut self) {
        self.transactions.add(1);
        for (count, decided) in self.verdicts.iter().zip(std::mem::take(&mut self.undecided)) {
            count.add(decided);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        for time in self.waiting.drain(..) {
            let late = u64::try_from(i128::try_from(now).unwrap_or_default() - i128::from(time)).unwrap_or(0);
            if let Some(latency_ms) = &mut self.latency_ms {
                latency_ms.saturating_record(late);
            }
        }
    }

    /// Shows and logs when it is time.
    pub(super) fn tick(&mut self, group: &str, orders: &Inlet, restocks: &Inlet, shop: &Shop) {
        if self.shown.elapsed() < SHOWN {
            return;
        }
        self.shown = Instant::now();
        for inlet in [orders, restocks] {
            self.meters.progress(group, inlet.topic(), &inlet.ends());
        }
        self.remembered.set(i64::try_from(shop.remembered()).unwrap_or(i64::MAX));
        self.show_quantiles();
        if self.logged.elapsed() >= LOGGED {
            self.log(orders);
        }
    }

    fn show_quantiles(&self) {
        for (quantile, level) in &self.quantiles {
            let value = self.latency(*quantile);
            level.set(i64::try_from(value).unwrap_or(i64::MAX));
        }
    }

    fn log(&mut self, orders: &Inlet) {
        self.logged = Instant::now();
        let [confirmed, out_of_stock, invalid, copies, restocks] = &self.verdicts;
        let decisions = self.decisions();
        if decisions == self.logged_decisions {
            return;
        }
        let counts = [confirmed, out_of_stock, invalid, copies, restocks].map(Count::get);
        let [confirmed, out_of_stock, invalid, copies, restocks] = counts;
        self.log.write(&process_metrics(&Decided {
            confirmed,
            out_of_stock,
            invalid,
            copies,
            restocks,
            transactions: self.transactions.get(),
            lag: orders.lag(),
            validation_p50_ms: self.latency(0.5),
            validation_p99_ms: self.latency(0.99),
        }));
        self.logged_decisions = decisions;
        if let Some(latency_ms) = &mut self.latency_ms {
            latency_ms.reset();
        }
    }

    fn latency(&self, quantile: f64) -> u64 {
        self.latency_ms.as_ref().map_or(0, |latency_ms| latency_ms.value_at_quantile(quantile))
    }

    /// How many messages were decided so far.
    pub(super) fn decisions(&self) -> u64 {
        self.verdicts.iter().map(Count::get).sum()
    }

    /// Another one decides, or nobody: what was open is void, and what was measured is over.
    pub(super) fn stand_by(&mut self) {
        self.undecided = [0; 5];
        self.waiting.clear();
        if let Some(latency_ms) = &mut self.latency_ms {
            latency_ms.reset();
        }
        // Levels stay as they were set, and nobody sets them while this one stands by.
        self.show_quantiles();
        self.meters.forget_progress();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process that was slow is fenced for it; an alert on what it measured would go on until its restart.
    #[test]
    fn one_that_was_fenced_tells_no_figures_of_before() {
        let meters = std::sync::Arc::new(ServiceMeters::new("techshop_process"));
        let mut figures = Figures::new(ServiceLog::new("techshop-process"), meters.clone());
        figures.decided(Verdict::Confirmed, MessageTime::Create(0));
        figures.committed();
        figures.show_quantiles();
        meters.progress("g", "shop-orders", &[(0, 7, 9)]);
        let p99 = |text: &str| {
            let line = "ordertrail_techshop_process_validation_p99_milliseconds ";
            text.lines().find_map(|told| told.strip_prefix(line)?.parse::<i64>().ok())
        };
        assert!(p99(&meters.text().1) > Some(100), "{}", meters.text().1);
        figures.stand_by();
        let (_, text) = meters.text();
        assert_eq!(p99(&text), Some(0), "{text}");
        assert!(!text.contains("kafka_consumergroup_lag{"), "{text}");
        assert!(text.contains("orders_confirmed_total 1"), "counts go on:\n{text}");
    }
}
