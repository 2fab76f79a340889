//! The figures of one `tracker.metrics` line, ours or the Go program's, as far as they are there.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// One `tracker.metrics` line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Metrics {
    /// The line's own time, milliseconds since 1970-01-01 UTC.
    pub(super) at_ms: i64,
    pub(super) uptime_ms: Option<i64>,
    pub(super) received: Option<u64>,
    pub(super) processed: Option<u64>,
    pub(super) failed: Option<u64>,
    pub(super) mean_per_second: Option<f64>,
    pub(super) lag: Option<u64>,
    pub(super) partitions: BTreeMap<i32, PartitionMetrics>,
    pub(super) bytes_written: Option<u64>,
    pub(super) syncs: Option<u64>,
    /// Half, 99 of 100, the longest.
    pub(super) write_ms: [Option<f64>; 3],
    pub(super) sync_ms: [Option<f64>; 3],
    pub(super) cpu_percent: Option<f64>,
    pub(super) memory_bytes: Option<u64>,
    pub(super) host_load_1m: Option<f64>,
    pub(super) disk_free_bytes: Option<u64>,
}

/// Where a partition stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PartitionMetrics {
    pub(super) next: Option<i64>,
    pub(super) readable_end: Option<i64>,
    pub(super) lag: Option<u64>,
}

impl Metrics {
    pub(super) fn of(at_ms: i64, metadata: &Map<String, Value>) -> Self {
        let real = |key: &str| metadata.get(key).and_then(real);
        let count = |key: &str| metadata.get(key).and_then(count);
        let percentiles = |name: &str| ["p50", "p99", "max"].map(|part| real(&format!("{name}_{part}")));
        Self {
            at_ms,
            uptime_ms: real("uptime_seconds").map(milliseconds),
            received: count("messages_received"),
            processed: count("messages_processed"),
            failed: count("messages_failed"),
            mean_per_second: real("messages_per_second"),
            lag: count("lag"),
            partitions: partitions(metadata.get("partitions")),
            bytes_written: count("bytes_written"),
            syncs: count("syncs"),
            write_ms: percentiles("write_ms"),
            sync_ms: percentiles("sync_ms"),
            cpu_percent: real("process_cpu_percent"),
            memory_bytes: count("process_memory_bytes"),
            host_load_1m: real("host_load_1m"),
            disk_free_bytes: count("disk_free_bytes"),
        }
    }

    /// How much a figure that only grows has grown a second since an earlier line.
    pub(super) fn growth_per_second(&self, before: &Self, figure: fn(&Self) -> Option<u64>) -> Option<f64> {
        let grown = figure(self)?.checked_sub(figure(before)?)?;
        per_second(grown as f64, self.at_ms - before.at_ms)
    }

    /// Messages of a partition a second since an earlier line.
    pub(super) fn partition_per_second(&self, before: &Self, partition: i32) -> Option<f64> {
        let next = |metrics: &Self| metrics.partitions.get(&partition)?.next;
        // After a topic was made anew its offsets begin again.
        let grown = next(self)?.checked_sub(next(before)?).filter(|grown| *grown >= 0)?;
        per_second(grown as f64, self.at_ms - before.at_ms)
    }
}

fn per_second(amount: f64, span_ms: i64) -> Option<f64> {
    (span_ms > 0).then(|| amount * 1_000.0 / span_ms as f64)
}

/// Seconds as a number of the log, in milliseconds.
pub(super) fn milliseconds(seconds: f64) -> i64 {
    (seconds * 1_000.0).round() as i64
}

/// A number, or a text that is one: the rates are texts. Not one that no reader could show.
pub(super) fn real(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

/// A whole number that is not negative. Some writers spell it with a decimal point.
pub(super) fn count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| real(value).map(|number| number as u64))
}

fn partitions(value: Option<&Value>) -> BTreeMap<i32, PartitionMetrics> {
    let known = value.and_then(Value::as_object).into_iter().flatten();
    known
        .filter_map(|(number, figures)| {
            let figure = PartitionMetrics {
                next: figures.get("next").and_then(Value::as_i64),
                readable_end: figures.get("readable_end").and_then(Value::as_i64),
                lag: figures.get("lag").and_then(count),
            };
            Some((number.parse().ok()?, figure))
        })
        .collect()
}
