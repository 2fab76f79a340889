//! Everything the tracker says about itself: one variant for each kind of line of `tracker.log`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::report::MetricsReport;
use crate::words::record::{Gap, Level};

/// One thing that happened; `docs/formats.md` says when each is written.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // The fields are the metadata keys that docs/formats.md explains.
pub enum HealthEvent {
    Started {
        pid: u32,
        events_file: PathBuf,
        log_file: PathBuf,
        brokers: String,
        topic: String,
        group: String,
        metrics_interval_seconds: f64,
    },
    Standby {
        pid: u32,
        holder: String,
    },
    Recovered {
        lines: u64,
        unsealed_lines: u64,
        bytes: u64,
        cut_bytes: u64,
        kept_in: Option<PathBuf>,
        positions: BTreeMap<i32, i64>,
        seconds: f64,
    },
    RolledBack {
        published_lines: u64,
        from_line: u64,
    },
    KeyExposed {
        key_file: PathBuf,
        /// Nine bits.
        mode: u32,
        reason: String,
    },
    Subscribed {
        positions: BTreeMap<i32, i64>,
        pid: u32,
        topic: String,
        group: String,
        cluster_id: Option<String>,
        topic_id: Option<String>,
        partitions: Vec<i32>,
        from: &'static str,
    },
    Metrics(Box<MetricsReport>),
    MessageInvalid {
        topic: String,
        partition: i32,
        offset: i64,
        size_bytes: usize,
        raw_message: String,
        suppressed: u64,
        error: String,
    },
    AuditGap {
        topic: String,
        partition: i32,
        gap: Gap,
    },
    BrokerLost {
        brokers: String,
        reason: String,
    },
    BrokerBack {
        brokers: String,
        away_seconds: f64,
    },
    TopicMissing {
        topic: String,
        reason: String,
    },
    TopicBack {
        topic: String,
        away_seconds: f64,
    },
    BatchUnreadable {
        topic: String,
        partition: i32,
        offset: i64,
        reason: String,
    },
    BatchPassed {
        topic: String,
        partition: i32,
        offset: i64,
        waited_seconds: f64,
    },
    KafkaTrouble {
        partition: Option<i32>,
        reason: String,
    },
    DeadLetterFailed {
        topic: String,
        partition: i32,
        offset: i64,
        suppressed: u64,
        reason: String,
    },
    CommitFailed {
        reason: String,
    },
    ConsumerRebuilt {
        reason: String,
    },
    AnchorFailed {
        topic: String,
        reason: String,
    },
    PartitionsAdded {
        partitions: Vec<i32>,
    },
    DiskFull {
        free_bytes: Option<u64>,
    },
    DiskOk {
        paused_seconds: f64,
    },
    Stopping {
        reason: &'static str,
    },
    Stopped {
        received: u64,
        processed: u64,
        failed: u64,
        gaps: u64,
        uptime_seconds: f64,
        lag: Option<i64>,
    },
    Failed {
        exit_code: u8,
        reason: String,
    },
}

impl HealthEvent {
    /// The stable key for machines.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Started { .. } => "tracker.started",
            Self::Standby { .. } => "tracker.standby",
            Self::Recovered { .. } => "audit.recovered",
            Self::RolledBack { .. } => "audit.rolled_back",
            Self::KeyExposed { .. } => "key.exposed",
            Self::Subscribed { .. } => "tracker.subscribed",
            Self::Metrics(_) => "tracker.metrics",
            Self::MessageInvalid { .. } => "message.invalid",
            Self::AuditGap { .. } => "audit.gap",
            Self::BrokerLost { .. } => "broker.lost",
            Self::BrokerBack { .. } => "broker.back",
            Self::TopicMissing { .. } => "topic.missing",
            Self::TopicBack { .. } => "topic.back",
            Self::BatchUnreadable { .. } => "batch.unreadable",
            Self::BatchPassed { .. } => "batch.passed",
            Self::KafkaTrouble { .. } => "kafka.trouble",
            Self::DeadLetterFailed { .. } => "dead_letter.failed",
            Self::CommitFailed { .. } => "commit.failed",
            Self::ConsumerRebuilt { .. } => "consumer.rebuilt",
            Self::AnchorFailed { .. } => "anchor.failed",
            Self::PartitionsAdded { .. } => "partitions.added",
            Self::DiskFull { .. } => "disk.full",
            Self::DiskOk { .. } => "disk.ok",
            Self::Stopping { .. } => "tracker.stopping",
            Self::Stopped { .. } => "tracker.stopped",
            Self::Failed { .. } => "tracker.failed",
        }
    }

    /// How much somebody should care.
    pub fn level(&self) -> Level {
        match self {
            Self::MessageInvalid { .. } | Self::AuditGap { .. } | Self::Failed { .. } => Level::Error,
            // A broker comes back by itself; a topic does not, nor does what a trail once was, nor a batch.
            Self::TopicMissing { .. } | Self::RolledBack { .. } | Self::BatchUnreadable { .. } => Level::Error,
            Self::BrokerLost { .. }
            | Self::KeyExposed { .. }
            | Self::KafkaTrouble { .. }
            | Self::DeadLetterFailed { .. }
            | Self::CommitFailed { .. }
            | Self::ConsumerRebuilt { .. }
            | Self::AnchorFailed { .. }
            | Self::DiskFull { .. } => Level::Warn,
            Self::Recovered { kept_in: Some(_), .. } => Level::Warn,
            _ => Level::Info,
        }
    }

    /// Whether somebody who watches the process should hear of it at once, without reading the log.
    pub fn is_news(&self) -> bool {
        match self {
            Self::Recovered { cut_bytes, .. } => *cut_bytes > 0,
            Self::Standby { .. }
            | Self::KeyExposed { .. }
            | Self::AuditGap { .. }
            | Self::RolledBack { .. }
            | Self::BrokerLost { .. }
            | Self::BrokerBack { .. }
            | Self::TopicMissing { .. }
            | Self::TopicBack { .. }
            | Self::BatchUnreadable { .. }
            | Self::BatchPassed { .. }
            | Self::PartitionsAdded { .. }
            | Self::DiskFull { .. }
            | Self::DiskOk { .. }
            | Self::Stopping { reason: "signal" } => true,
            _ => false,
        }
    }

    /// The cause, when there is one.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::MessageInvalid { error, .. } => Some(error),
            Self::BrokerLost { reason, .. }
            | Self::KeyExposed { reason, .. }
            | Self::TopicMissing { reason, .. }
            | Self::BatchUnreadable { reason, .. }
            | Self::KafkaTrouble { reason, .. }
            | Self::DeadLetterFailed { reason, .. }
            | Self::CommitFailed { reason }
            | Self::ConsumerRebuilt { reason }
            | Self::AnchorFailed { reason, .. }
            | Self::Failed { reason, .. } => Some(reason),
            _ => None,
        }
    }

    /// Figures and names.
    pub fn metadata(&self) -> Map<String, Value> {
        let value = match self {
            Self::Started { pid, events_file, log_file, brokers, topic, group, metrics_interval_seconds } => json!({
                "version": env!("CARGO_PKG_VERSION"), "pid": pid, "events_file": events_file,
                "log_file": log_file, "brokers": brokers, "topic": topic, "group": group,
                "metrics_interval_seconds": rounded(*metrics_interval_seconds),
            }),
            Self::Standby { pid, holder } => json!({"pid": pid, "holder": holder}),
            Self::Recovered { lines, unsealed_lines, bytes, cut_bytes, kept_in, positions, seconds } => json!({
                "lines": lines, "unsealed_lines": unsealed_lines, "bytes": bytes, "cut_bytes": cut_bytes, "kept_in": kept_in,
                "positions": positions, "seconds": rounded(*seconds),
            }),
            Self::RolledBack { published_lines, from_line } => {
                json!({"published_lines": published_lines, "from_line": from_line})
            }
            Self::KeyExposed { key_file, mode, .. } => json!({"key_file": key_file, "mode": format!("{mode:03o}")}),
            Self::Subscribed { positions, pid, topic, group, cluster_id, topic_id, partitions, from } => json!({
                "pid": pid, "topic": topic, "group": group, "cluster_id": cluster_id, "topic_id": topic_id,
                "partitions": partitions, "from": from, "positions": positions,
            }),
            // A report of plain figures always serialises.
            Self::Metrics(report) => serde_json::to_value(report).unwrap_or_default(),
            Self::MessageInvalid { topic, partition, offset, size_bytes, raw_message, suppressed, .. } => json!({
                "kafka_topic": topic, "kafka_partition": partition, "kafka_offset": offset,
                "message_size": size_bytes, "raw_message": raw_message, "suppressed": suppressed,
            }),
            Self::AuditGap { topic, partition, gap } => {
                // Plain figures and names always serialise.
                let mut value = serde_json::to_value(gap).unwrap_or_default();
                value["kafka_topic"] = json!(topic);
                value["kafka_partition"] = json!(partition);
                value
            }
            Self::BrokerLost { brokers, .. } => json!({"brokers": brokers}),
            Self::BrokerBack { brokers, away_seconds } => {
                json!({"brokers": brokers, "away_seconds": rounded(*away_seconds)})
            }
            Self::TopicMissing { topic, .. } => json!({"topic": topic}),
            Self::TopicBack { topic, away_seconds } => {
                json!({"topic": topic, "away_seconds": rounded(*away_seconds)})
            }
            Self::BatchUnreadable { topic, partition, offset, .. } => {
                json!({"kafka_topic": topic, "kafka_partition": partition, "kafka_offset": offset})
            }
            Self::BatchPassed { topic, partition, offset, waited_seconds } => json!({
                "kafka_topic": topic, "kafka_partition": partition, "kafka_offset": offset,
                "waited_seconds": rounded(*waited_seconds),
            }),
            Self::KafkaTrouble { partition, .. } => json!({"kafka_partition": partition}),
            Self::DeadLetterFailed { topic, partition, offset, suppressed, .. } => json!({
                "dead_letter_topic": topic, "kafka_partition": partition, "kafka_offset": offset,
                "suppressed": suppressed,
            }),
            Self::CommitFailed { .. } | Self::ConsumerRebuilt { .. } => Value::Null,
            Self::Failed { exit_code, .. } => json!({"exit_code": exit_code}),
            Self::AnchorFailed { topic, .. } => json!({"anchor_topic": topic}),
            Self::PartitionsAdded { partitions } => json!({"partitions": partitions}),
            Self::DiskFull { free_bytes } => json!({"free_bytes": free_bytes}),
            Self::DiskOk { paused_seconds } => json!({"paused_seconds": rounded(*paused_seconds)}),
            Self::Stopping { reason } => json!({"reason": reason}),
            Self::Stopped { received, processed, failed, gaps, uptime_seconds, lag } => json!({
                "total_messages_received": received, "total_messages_processed": processed,
                "total_messages_failed": failed, "total_gaps": gaps,
                "uptime_seconds": uptime_seconds, "lag": lag,
            }),
        };
        match value {
            Value::Object(mut map) => {
                // What is not known is left out, as docs/formats.md promises.
                map.retain(|_, value| !value.is_null());
                map
            }
            _ => Map::new(),
        }
    }
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No supervisor need be asked, and `start.sh` keeps it nowhere.
    #[test]
    fn the_log_has_the_exit_code() {
        let failed = HealthEvent::Failed { exit_code: 74, reason: "fdatasync: Input/output error".into() };
        assert_eq!(Value::Object(failed.metadata()), json!({"exit_code": 74}));
    }
}
