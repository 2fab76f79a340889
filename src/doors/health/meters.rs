//! The tracker's figures for Prometheus, in the OpenMetrics text format.
//!
//! Lag has the names of kafka_exporter, what a client does has OpenTelemetry's messaging names, so
//! that existing dashboards work; what nobody else has starts with `ordertrail_`.

use std::sync::atomic::{AtomicI64, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::report::{MetricsReport, Percentiles};

/// The content type of [`Meters::text`].
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct GroupPartition {
    pub(super) consumergroup: String,
    pub(super) topic: String,
    pub(super) partition: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct TopicPartition {
    pub(super) topic: String,
    pub(super) partition: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Topic {
    topic: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Messaging {
    messaging_system: String,
    messaging_operation_name: String,
    messaging_destination_name: String,
    messaging_consumer_group_name: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Quantile {
    quantile: String,
}

/// A figure that is not there before it is known: a plain gauge would say 0, which is an alarm. Clones share it.
#[derive(Clone, Debug, Default)]
struct Measured(Arc<Mutex<Option<i64>>>);

impl Measured {
    fn set(&self, value: Option<u64>) {
        let value = value.map(|value| i64::try_from(value).unwrap_or(i64::MAX));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = value;
    }
}

impl EncodeMetric for Measured {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        let value = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        value.map_or(Ok(()), |value| encoder.encode_gauge(&value))
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }

    fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

/// All figures, set from the same report that `tracker.log` gets.
pub struct Meters {
    registry: Registry,
    started: Instant,
    topic: String,
    group: String,
    consumed: Family<Messaging, Counter<u64, AtomicU64>>,
    invalid: Counter<u64, AtomicU64>,
    gaps: Counter<u64, AtomicU64>,
    written_bytes: Counter<u64, AtomicU64>,
    syncs: Counter<u64, AtomicU64>,
    write_seconds: Family<Quantile, Gauge<f64, AtomicU64>>,
    sync_seconds: Family<Quantile, Gauge<f64, AtomicU64>>,
    lag: Family<GroupPartition, Gauge<i64, AtomicI64>>,
    group_offset: Family<GroupPartition, Gauge<i64, AtomicI64>>,
    end: Family<TopicPartition, Gauge<i64, AtomicI64>>,
    partitions: Family<Topic, Gauge<i64, AtomicI64>>,
    ready: Gauge<i64, AtomicI64>,
    uptime: Gauge<f64, AtomicU64>,
    memory: Measured,
    disk_free: Measured,
}

impl Meters {
    /// Figures of one topic and group: counters are 0, and what was not measured yet is not there. The time since
    /// the start runs from now on.
    pub fn new(topic: &str, group: &str) -> Self {
        let mut meters = Self {
            registry: Registry::default(),
            started: Instant::now(),
            topic: topic.to_owned(),
            group: group.to_owned(),
            consumed: Family::default(),
            invalid: Counter::default(),
            gaps: Counter::default(),
            written_bytes: Counter::default(),
            syncs: Counter::default(),
            write_seconds: Family::default(),
            sync_seconds: Family::default(),
            lag: Family::default(),
            group_offset: Family::default(),
            end: Family::default(),
            partitions: Family::default(),
            ready: Gauge::default(),
            uptime: Gauge::default(),
            memory: Measured::default(),
            disk_free: Measured::default(),
        };
        meters.register_kafka();
        meters.register_own();
        // A counter that is born above 0 has not risen, for whoever asks Prometheus.
        drop(meters.consumed.get_or_create(&meters.messaging()));
        meters
    }

    fn messaging(&self) -> Messaging {
        Messaging {
            messaging_system: "kafka".into(),
            messaging_operation_name: "poll".into(),
            messaging_destination_name: self.topic.clone(),
            messaging_consumer_group_name: self.group.clone(),
        }
    }

    fn register_kafka(&mut self) {
        let registry = &mut self.registry;
        let mut register = |name: &str, help: &str, metric| registry.register(name, help, metric);
        register("kafka_consumergroup_lag", "Readable messages that the group has not read", self.lag.clone());
        register("kafka_consumergroup_current_offset", "Next offset of the group", self.group_offset.clone());
        self.registry.register("kafka_topic_partition_current_offset", "End of the partition", self.end.clone());
        self.registry.register("kafka_topic_partitions", "Partitions of the topic", self.partitions.clone());
        let help = "Messages recorded in the trail";
        self.registry.register("messaging_client_consumed_messages", help, self.consumed.clone());
    }

    fn register_own(&mut self) {
        let registry = self.registry.sub_registry_with_prefix("ordertrail_tracker");
        registry.register("ready", "1 while /readyz says so, 0 while the tracker waits", self.ready.clone());
        registry.register("invalid_messages", "Messages that are not what was expected", self.invalid.clone());
        registry.register("gaps", "Gap lines written", self.gaps.clone());
        registry.register_with_unit(
            "trail_written",
            "Bytes added to the trail",
            Unit::Bytes,
            self.written_bytes.clone(),
        );
        registry.register("trail_syncs", "Syncs of the trail", self.syncs.clone());
        let help = "Time of one write, by quantile, of the last interval";
        registry.register_with_unit("trail_write", help, Unit::Seconds, self.write_seconds.clone());
        let help = "Time of one fdatasync, by quantile, of the last interval";
        registry.register_with_unit("trail_sync", help, Unit::Seconds, self.sync_seconds.clone());
        registry.register_with_unit("uptime", "Since the start", Unit::Seconds, self.uptime.clone());
        registry.register_with_unit("memory_resident", "Memory of the process", Unit::Bytes, self.memory.clone());
        registry.register_with_unit("disk_free", "Room where the trail is", Unit::Bytes, self.disk_free.clone());
    }

    /// Takes over the figures of a report.
    pub fn set(&self, report: &MetricsReport) {
        raise(&self.consumed.get_or_create(&self.messaging()), report.messages_received);
        raise(&self.invalid, report.messages_failed);
        raise(&self.gaps, report.gaps);
        raise(&self.written_bytes, report.bytes_written);
        raise(&self.syncs, report.syncs);
        set_quantiles(&self.write_seconds, report.write_ms);
        set_quantiles(&self.sync_seconds, report.sync_ms);
        for (partition, at) in &report.partitions {
            let of_group = GroupPartition {
                consumergroup: self.group.clone(),
                topic: self.topic.clone(),
                partition: partition.clone(),
            };
            self.group_offset.get_or_create(&of_group).set(at.next);
            if let (Some(lag), Some(end)) = (at.lag, at.readable_end) {
                self.lag.get_or_create(&of_group).set(lag);
                let of_topic = TopicPartition { topic: self.topic.clone(), partition: partition.clone() };
                self.end.get_or_create(&of_topic).set(end);
            }
        }
        let count = i64::try_from(report.partitions.len()).unwrap_or(i64::MAX);
        self.partitions.get_or_create(&Topic { topic: self.topic.clone() }).set(count);
        self.set_signs(report.process_memory_bytes, report.disk_free_bytes);
    }

    /// What the system says of the process and of its disk, in bytes; what it does not tell is not there.
    pub fn set_signs(&self, memory_bytes: Option<u64>, disk_free_bytes: Option<u64>) {
        self.memory.set(memory_bytes);
        self.disk_free.set(disk_free_bytes);
    }

    /// Whether `/readyz` says that it is ready: what it waits for stands there, and that it waits here.
    pub fn set_ready(&self, is_ready: bool) {
        self.ready.set(i64::from(is_ready));
    }

    /// The content type and the text for Prometheus.
    pub fn text(&self) -> (&'static str, String) {
        // As of the question, not of the last report: there may have been none yet.
        self.uptime.set(self.started.elapsed().as_secs_f64());
        let mut text = String::new();
        let encoded = encode(&mut text, &self.registry);
        debug_assert!(encoded.is_ok(), "writing into a string does not fail");
        (CONTENT_TYPE, text)
    }
}

/// Quantiles of what was measured; where nothing was, there are none.
fn set_quantiles(family: &Family<Quantile, Gauge<f64, AtomicU64>>, times: Percentiles) {
    if !times.is_measured() {
        return family.clear();
    }
    for (quantile, milliseconds) in [("0.5", times.p50), ("0.99", times.p99), ("1", times.max)] {
        family.get_or_create(&Quantile { quantile: quantile.into() }).set(milliseconds / 1_000.0);
    }
}

fn raise(counter: &Counter<u64, AtomicU64>, to: u64) {
    counter.inc_by(to.saturating_sub(counter.get()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doors::health::PartitionReport;

    #[test]
    fn names_are_the_ones_that_dashboards_know() {
        let meters = Meters::new("orders", "g");
        let at = PartitionReport { next: 7, readable_end: Some(9), lag: Some(2) };
        let report =
            MetricsReport { messages_received: 7, partitions: [("0".to_owned(), at)].into(), ..Default::default() };
        meters.set(&report);
        meters.set(&report);
        let (_, text) = meters.text();
        for line in [
            "kafka_consumergroup_lag{consumergroup=\"g\",topic=\"orders\",partition=\"0\"} 2",
            "kafka_consumergroup_current_offset{consumergroup=\"g\",topic=\"orders\",partition=\"0\"} 7",
            "kafka_topic_partition_current_offset{topic=\"orders\",partition=\"0\"} 9",
            "kafka_topic_partitions{topic=\"orders\"} 1",
            "ordertrail_tracker_invalid_messages_total 0",
            "# EOF",
        ] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
        assert!(text.contains("messaging_client_consumed_messages_total{messaging_system=\"kafka\""), "{text}");
        assert!(text.contains("} 7\n"), "counted once, not twice:\n{text}");
    }
    #[test]
    fn what_was_not_measured_is_not_there_instead_of_0() {
        let meters = Meters::new("orders", "g");
        let samples = |text: &str| text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
        let is_told = |name: &str| {
            let told: Vec<String> = samples(&meters.text().1);
            told.iter().any(|line| line.starts_with(name))
        };
        let measured = [
            "ordertrail_tracker_disk_free_bytes",
            "ordertrail_tracker_memory_resident_bytes",
            "ordertrail_tracker_trail_sync_seconds",
            "ordertrail_tracker_trail_write_seconds",
            "kafka_consumergroup_lag",
        ];
        assert_eq!(measured.map(&is_told), [false; 5]);
        meters.set(&MetricsReport::default());
        assert_eq!(measured.map(&is_told), [false; 5], "a report without them");
        let times = Percentiles { p50: 1.0, p99: 2.0, max: 3.0 };
        meters.set(&MetricsReport {
            write_ms: times,
            sync_ms: times,
            process_memory_bytes: Some(1),
            disk_free_bytes: Some(0),
            ..MetricsReport::default()
        });
        assert_eq!(measured.map(&is_told), [true, true, true, true, false], "a disk that is full says 0");
    }
}
