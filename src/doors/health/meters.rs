//! The tracker's figures for Prometheus, in the OpenMetrics text format.
//!
//! Lag has the names of kafka_exporter, what a client does has OpenTelemetry's messaging names, so
//! that existing dashboards work; what nobody else has starts with `ordertrail_`.

use std::sync::atomic::{AtomicI64, AtomicU64};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::report::MetricsReport;

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

/// All figures, set from the same report that `tracker.log` gets.
pub struct Meters {
    registry: Registry,
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
    uptime: Gauge<f64, AtomicU64>,
    memory: Gauge<i64, AtomicI64>,
    disk_free: Gauge<i64, AtomicI64>,
}

impl Meters {
    /// Figures of one topic and group, all zero.
    pub fn new(topic: &str, group: &str) -> Self {
        let mut meters = Self {
            registry: Registry::default(),
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
            uptime: Gauge::default(),
            memory: Gauge::default(),
            disk_free: Gauge::default(),
        };
        meters.register_kafka();
        meters.register_own();
        meters
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
        let messaging = Messaging {
            messaging_system: "kafka".into(),
            messaging_operation_name: "poll".into(),
            messaging_destination_name: self.topic.clone(),
            messaging_consumer_group_name: self.group.clone(),
        };
        raise(&self.consumed.get_or_create(&messaging), report.messages_received);
        raise(&self.invalid, report.messages_failed);
        raise(&self.gaps, report.gaps);
        raise(&self.written_bytes, report.bytes_written);
        raise(&self.syncs, report.syncs);
        for (family, times) in [(&self.write_seconds, report.write_ms), (&self.sync_seconds, report.sync_ms)] {
            for (quantile, milliseconds) in [("0.5", times.p50), ("0.99", times.p99), ("1", times.max)] {
                family.get_or_create(&Quantile { quantile: quantile.into() }).set(milliseconds / 1_000.0);
            }
        }
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
        self.uptime.set(report.uptime_seconds);
        let signed = |bytes: Option<u64>| bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
        if let Some(bytes) = signed(report.process_memory_bytes) {
            self.memory.set(bytes);
        }
        if let Some(bytes) = signed(report.disk_free_bytes) {
            self.disk_free.set(bytes);
        }
    }

    /// The content type and the text for Prometheus.
    pub fn text(&self) -> (&'static str, String) {
        let mut text = String::new();
        let encoded = encode(&mut text, &self.registry);
        debug_assert!(encoded.is_ok(), "writing into a string does not fail");
        (CONTENT_TYPE, text)
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
}
