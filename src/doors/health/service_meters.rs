//! The figures of a service for Prometheus, beside the lag of its group under kafka_exporter's names.

use std::sync::atomic::{AtomicI64, AtomicU64};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::meters::{CONTENT_TYPE, GroupPartition, TopicPartition};

/// Something that is counted. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Count(Counter<u64, AtomicU64>);

impl Count {
    /// So many more.
    pub fn add(&self, more: u64) {
        self.0.inc_by(more);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

/// Something that goes up and down. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Level(Gauge<i64, AtomicI64>);

impl Level {
    /// Is so much now.
    pub fn set(&self, value: i64) {
        self.0.set(value);
    }
}

/// Names and values that tell one figure of a family from the others.
type Labels = Vec<(String, String)>;

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Things that are counted apart. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Counts(Family<Labels, Counter<u64, AtomicU64>>);

impl Counts {
    /// So many more of these.
    pub fn add(&self, pairs: &[(&str, &str)], more: u64) {
        self.0.get_or_create(&labels(pairs)).inc_by(more);
    }
}

/// Things that go up and down. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Levels(Family<Labels, Gauge<i64, AtomicI64>>);

impl Levels {
    /// Is so much now.
    pub fn set(&self, pairs: &[(&str, &str)], value: i64) {
        self.0.get_or_create(&labels(pairs)).set(value);
    }
}

/// How long something takes. Clones share it.
#[derive(Clone, Debug)]
pub struct Seconds(Histogram);

impl Seconds {
    /// It took so long.
    pub fn observe(&self, seconds: f64) {
        self.0.observe(seconds);
    }
}

/// The figures of one service.
pub struct ServiceMeters {
    prefix: String,
    registry: Mutex<Registry>,
    started: Instant,
    uptime: Gauge<f64, AtomicU64>,
    lag: Family<GroupPartition, Gauge<i64, AtomicI64>>,
    group_offset: Family<GroupPartition, Gauge<i64, AtomicI64>>,
    end: Family<TopicPartition, Gauge<i64, AtomicI64>>,
}

impl ServiceMeters {
    /// Figures whose names begin with `ordertrail_<name>_`.
    pub fn new(name: &str) -> Self {
        Self::beginning_with(&format!("ordertrail_{name}"))
    }

    /// Figures whose names begin with `<prefix>_`: where two services have the same figures. The time since the start
    /// runs from now on.
    pub fn beginning_with(prefix: &str) -> Self {
        let mut registry = Registry::default();
        let (lag, group_offset, end) = (Family::default(), Family::default(), Family::default());
        let mut register = |name: &str, help: &str, metric: &Family<GroupPartition, Gauge<i64, AtomicI64>>| {
            registry.register(name, help, metric.clone());
        };
        register("kafka_consumergroup_lag", "Readable messages that the group has not read", &lag);
        register("kafka_consumergroup_current_offset", "Next offset of the group", &group_offset);
        let help = "End of the partition";
        let ends: &Family<TopicPartition, Gauge<i64, AtomicI64>> = &end;
        registry.register("kafka_topic_partition_current_offset", help, ends.clone());
        let uptime: Gauge<f64, AtomicU64> = Gauge::default();
        let name = format!("{prefix}_uptime");
        registry.register_with_unit(name, "Since the start", Unit::Seconds, uptime.clone());
        let (prefix, started, registry) = (prefix.to_owned(), Instant::now(), Mutex::new(registry));
        Self { prefix, registry, started, uptime, lag, group_offset, end }
    }

    /// A new count; `_total` is added to its name.
    pub fn count(&self, name: &str, help: &str) -> Count {
        let count = Count::default();
        self.lock().register(format!("{}_{name}", self.prefix), help, count.0.clone());
        count
    }

    /// A new level.
    pub fn level(&self, name: &str, help: &str) -> Level {
        let level = Level::default();
        self.lock().register(format!("{}_{name}", self.prefix), help, level.0.clone());
        level
    }

    /// New counts, told apart by labels; `_total` is added to the name.
    pub fn counts(&self, name: &str, help: &str) -> Counts {
        let counts = Counts::default();
        self.lock().register(format!("{}_{name}", self.prefix), help, counts.0.clone());
        counts
    }

    /// New levels, told apart by labels.
    pub fn levels(&self, name: &str, help: &str) -> Levels {
        let levels = Levels::default();
        self.lock().register(format!("{}_{name}", self.prefix), help, levels.0.clone());
        levels
    }

    /// A new span of time, from a millisecond to half an hour; `_seconds` should end its name.
    pub fn seconds(&self, name: &str, help: &str) -> Seconds {
        let seconds = Seconds(Histogram::new(exponential_buckets(0.001, 4.0, 12)));
        self.lock().register(format!("{}_{name}", self.prefix), help, seconds.0.clone());
        seconds
    }

    /// A new short span of time, from a quarter of a millisecond, doubled 15 times, to 8 seconds.
    pub fn short_seconds(&self, name: &str, help: &str) -> Seconds {
        let seconds = Seconds(Histogram::new(exponential_buckets(0.000_25, 2.0, 16)));
        self.lock().register(format!("{}_{name}", self.prefix), help, seconds.0.clone());
        seconds
    }

    /// How far `group` has come in `topic`: partition, next offset, end.
    pub fn progress(&self, group: &str, topic: &str, partitions: &[(i32, i64, i64)]) {
        for &(partition, next, end) in partitions {
            let (topic, partition) = (topic.to_owned(), partition.to_string());
            let of_topic = TopicPartition { topic: topic.clone(), partition: partition.clone() };
            let of_group = GroupPartition { consumergroup: group.to_owned(), topic, partition };
            self.lag.get_or_create(&of_group).set(end - next);
            self.group_offset.get_or_create(&of_group).set(next);
            self.end.get_or_create(&of_topic).set(end);
        }
    }

    /// Whoever reads the topics is another process now: what was told of their progress is not true any more.
    pub fn forget_progress(&self) {
        self.lag.clear();
        self.group_offset.clear();
        self.end.clear();
    }

    /// The content type and the text for Prometheus.
    pub fn text(&self) -> (&'static str, String) {
        self.uptime.set(self.started.elapsed().as_secs_f64());
        let mut text = String::new();
        let encoded = encode(&mut text, &self.lock());
        debug_assert!(encoded.is_ok(), "writing into a string does not fail");
        (CONTENT_TYPE, text)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_levels_and_lag_are_told() {
        let meters = ServiceMeters::new("techshop_process");
        meters.count("orders", "Orders decided").add(3);
        meters.level("stock", "Pieces").set(-1);
        meters.progress("g", "orders", &[(0, 7, 9)]);
        let (_, text) = meters.text();
        for line in [
            "ordertrail_techshop_process_orders_total 3",
            "ordertrail_techshop_process_stock -1",
            "kafka_consumergroup_lag{consumergroup=\"g\",topic=\"orders\",partition=\"0\"} 2",
            "ordertrail_techshop_process_uptime_seconds 0.",
        ] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
    }
}
