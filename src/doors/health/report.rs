//! The figures of one `tracker.metrics` line.

use std::collections::BTreeMap;

use serde::Serialize;

/// The figures of one `tracker.metrics` line.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MetricsReport {
    /// Since the start of this process.
    pub uptime_seconds: f64,
    /// Lines written for messages.
    pub messages_received: u64,
    /// Of these, what was expected.
    pub messages_processed: u64,
    /// Of these, what was not.
    pub messages_failed: u64,
    /// Two places, cut: `100.00` means not one failure.
    pub success_rate_percent: String,
    /// Two places, since the start.
    pub messages_per_second: String,
    /// Two places, since the line before.
    pub interval_messages_per_second: String,
    /// Gap lines since the start.
    pub gaps: u64,
    /// Readable and not yet read, all partitions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag: Option<i64>,
    /// By partition number.
    pub partitions: BTreeMap<String, PartitionReport>,
    /// Since the start.
    pub bytes_written: u64,
    /// Since the start.
    pub syncs: u64,
    /// Lines that are sealed, over all segments. `None` before recording begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sealed_lines: Option<u64>,
    /// Bytes that are written and not yet sealed. `None` before recording begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsealed_bytes: Option<u64>,
    /// Segments that were closed since the start.
    pub rotations: u64,
    /// One write of a piece.
    #[serde(flatten, with = "write_percentiles")]
    pub write_ms: Percentiles,
    /// One fdatasync.
    #[serde(flatten, with = "sync_percentiles")]
    pub sync_ms: Percentiles,
    /// Of one core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process_cpu_percent: Option<f64>,
    /// Resident.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process_memory_bytes: Option<u64>,
    /// The system's load average.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_load_1m: Option<f64>,
    /// Where the trail is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_free_bytes: Option<u64>,
}

/// Where a partition stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PartitionReport {
    /// The next offset to write.
    pub next: i64,
    /// One past the last that can be read, as the last fetch told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readable_end: Option<i64>,
    /// The difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag: Option<i64>,
}

/// Milliseconds, three places.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Percentiles {
    /// Half were at most this long.
    pub p50: f64,
    /// All but one in a hundred were.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

impl Percentiles {
    /// Whether there was something to measure: nothing that is written or synced takes no time.
    pub fn is_measured(self) -> bool {
        self.max > 0.0
    }
}

macro_rules! percentile_keys {
    ($module:ident, $prefix:literal) => {
        mod $module {
            use serde::ser::{SerializeMap as _, Serializer};

            pub(super) fn serialize<S: Serializer>(
                value: &super::Percentiles,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(3))?;
                map.serialize_entry(concat!($prefix, "_p50"), &value.p50)?;
                map.serialize_entry(concat!($prefix, "_p99"), &value.p99)?;
                map.serialize_entry(concat!($prefix, "_max"), &value.max)?;
                map.end()
            }
        }
    };
}
percentile_keys!(write_percentiles, "write_ms");
percentile_keys!(sync_percentiles, "sync_ms");
