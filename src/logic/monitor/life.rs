//! What `tracker.log` told: who runs, since when, how it goes and what is in its way.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::figures::Standby;
use super::log_line::{LogKind, LogTally};
use super::metrics::{Metrics, count, milliseconds, real};
use crate::words::record::{HealthLine, Level};

/// Metrics that are kept, for the small curve of the lag.
const MOST_METRICS: usize = 32;
/// What librdkafka says of each partition of a topic that is gone, seconds before it is sure that it is.
const NO_TOPIC: &str = "Unknown topic or partition";
/// How often a tracker tells metrics, as long as its log does not say.
pub(super) const DEFAULT_INTERVAL_MS: i64 = 30_000;

/// How far a run has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Phase {
    /// No line said so.
    #[default]
    Unknown,
    Running,
    Stopping,
    Stopped {
        at_ms: i64,
        uptime_ms: Option<i64>,
    },
    Failed {
        at_ms: i64,
        error: Option<String>,
    },
}

/// No broker, since when.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct BrokerLost {
    pub(super) since_ms: i64,
    pub(super) brokers: Option<String>,
    pub(super) error: Option<String>,
}

/// No topic, since when.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TopicMissing {
    pub(super) since_ms: i64,
    pub(super) topic: Option<String>,
    pub(super) error: Option<String>,
}

/// A run that does not read yet, since when.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Starting {
    pub(super) since_ms: i64,
    /// What it last said is in its way.
    pub(super) error: Option<String>,
}

/// A partition that waits before a batch that cannot be read, since when.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct BatchUnreadable {
    pub(super) since_ms: i64,
    pub(super) offset: Option<i64>,
    pub(super) error: Option<String>,
}

/// No room, since when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DiskFull {
    pub(super) since_ms: i64,
    pub(super) free_bytes: Option<u64>,
}

/// A message or a gap of which an ERROR line tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ErrorTold {
    pub(super) at_ms: i64,
    /// The Go program's lines have no partition.
    pub(super) partition: Option<i32>,
    pub(super) offset: Option<i64>,
    /// Where reading goes on, behind a gap.
    pub(super) to: Option<i64>,
}

/// What the log told, up to its last line.
#[derive(Clone, Debug, Default)]
pub(super) struct Life {
    pub(super) tally: LogTally,
    pub(super) phase: Phase,
    /// The newest line of the one that runs.
    pub(super) heard_ms: Option<i64>,
    pub(super) started_ms: Option<i64>,
    pub(super) pid: Option<u32>,
    pub(super) version: Option<String>,
    pub(super) brokers: Option<String>,
    pub(super) topic: Option<String>,
    pub(super) group: Option<String>,
    /// Of this run, the oldest first.
    pub(super) metrics: VecDeque<Metrics>,
    interval_ms: Option<i64>,
    pub(super) standby: Option<Standby>,
    pub(super) starting: Option<Starting>,
    pub(super) broker_lost: Option<BrokerLost>,
    pub(super) topic_missing: Option<TopicMissing>,
    /// A partition said so, and it may be that only one broker does not know it.
    pub(super) topic_doubted: Option<TopicMissing>,
    /// By partition.
    pub(super) unreadable: BTreeMap<i32, BatchUnreadable>,
    pub(super) disk_full: Option<DiskFull>,
    pub(super) newest_invalid: Option<ErrorTold>,
    pub(super) newest_gap: Option<ErrorTold>,
    /// The newest ERROR line of another kind.
    pub(super) newest_other_error_ms: Option<i64>,
}

impl Life {
    pub(super) fn hear(&mut self, line: &HealthLine<'_>) {
        self.tally.add(line);
        let Ok(time) = line.timestamp.parse::<Timestamp>() else { return };
        let at_ms = time.as_millisecond();
        let kind = LogKind::of(line);
        if kind == LogKind::Standby {
            // Written by another one: it says nothing about the one that runs.
            self.standby =
                Some(Standby { pid: pid(&line.metadata), holder: text(&line.metadata, "holder"), since_ms: at_ms });
            return;
        }
        self.heard_ms = self.heard_ms.max(Some(at_ms));
        self.note_error(kind, at_ms, line);
        self.note_life(kind, at_ms, line);
    }

    /// How often the run tells metrics, in milliseconds.
    pub(super) fn interval_ms(&self) -> i64 {
        self.interval_ms.unwrap_or(DEFAULT_INTERVAL_MS)
    }

    /// The newest metrics of the run, and the ones before.
    pub(super) fn newest_metrics(&self) -> Option<(&Metrics, Option<&Metrics>)> {
        let before = self.metrics.len().checked_sub(2).and_then(|at| self.metrics.get(at));
        self.metrics.back().map(|newest| (newest, before))
    }

    fn note_error(&mut self, kind: LogKind, at_ms: i64, line: &HealthLine<'_>) {
        let metadata = &line.metadata;
        let whole = |key: &str| metadata.get(key).and_then(Value::as_i64);
        let (partition, _) = place(metadata);
        let told = |offset: &str| ErrorTold { at_ms, partition, offset: whole(offset), to: whole("to") };
        match kind {
            LogKind::MessageInvalid => self.newest_invalid = Some(told("kafka_offset")),
            LogKind::AuditGap => self.newest_gap = Some(told("from")),
            _ if line.level == Level::Error => {
                self.newest_other_error_ms = self.newest_other_error_ms.max(Some(at_ms));
            }
            _ => {}
        }
    }

    fn note_life(&mut self, kind: LogKind, at_ms: i64, line: &HealthLine<'_>) {
        let metadata = &line.metadata;
        match kind {
            LogKind::Started => {
                self.begin_run(Some(at_ms), pid(metadata));
                self.learn(metadata);
                self.starting = Some(Starting { since_ms: at_ms, error: None });
                self.interval_ms = metadata.get("metrics_interval_seconds").and_then(real).map(milliseconds);
            }
            LogKind::Subscribed => {
                self.learn(metadata);
                self.starting = None;
                self.run_goes_on();
            }
            LogKind::KafkaTrouble => self.hear_trouble(at_ms, line),
            LogKind::Metrics => self.hear_metrics(Metrics::of(at_ms, metadata)),
            LogKind::BrokerLost => {
                let brokers = text(metadata, "brokers");
                let error = line.error.as_deref().map(str::to_owned);
                // Told again while it is away: it has been away since the first time.
                let since_ms = self.broker_lost.as_ref().map_or(at_ms, |lost| lost.since_ms);
                self.broker_lost = Some(BrokerLost { since_ms, brokers, error });
                self.run_goes_on();
            }
            LogKind::BrokerBack => self.broker_lost = None,
            LogKind::TopicMissing => {
                let (topic, error) = (text(metadata, "topic"), line.error.as_deref().map(str::to_owned));
                let since_ms = self.topic_doubted.take().map_or(at_ms, |doubted| doubted.since_ms);
                self.topic_missing = Some(TopicMissing { since_ms, topic, error });
                self.run_goes_on();
            }
            LogKind::TopicBack => (self.topic_missing, self.topic_doubted) = (None, None),
            LogKind::BatchUnreadable => {
                let (partition, offset) = place(metadata);
                let error = line.error.as_deref().map(str::to_owned);
                if let Some(partition) = partition {
                    self.unreadable.insert(partition, BatchUnreadable { since_ms: at_ms, offset, error });
                }
                self.run_goes_on();
            }
            LogKind::BatchPassed => {
                if let (Some(partition), _) = place(metadata) {
                    self.unreadable.remove(&partition);
                }
            }
            LogKind::DiskFull => {
                let since_ms = self.disk_full.map_or(at_ms, |full| full.since_ms);
                let free_bytes = metadata.get("free_bytes").and_then(count);
                self.disk_full = Some(DiskFull { since_ms, free_bytes });
                self.run_goes_on();
            }
            LogKind::DiskOk => self.disk_full = None,
            LogKind::Stopping => self.phase = Phase::Stopping,
            LogKind::Stopped => {
                let uptime_ms = metadata.get("uptime_seconds").and_then(real).map(milliseconds);
                self.end_run(Phase::Stopped { at_ms, uptime_ms });
            }
            LogKind::Failed => {
                let error = line.error.as_deref().unwrap_or(&line.message).to_owned();
                self.end_run(Phase::Failed { at_ms, error: Some(error) });
            }
            _ => {}
        }
    }

    fn hear_trouble(&mut self, at_ms: i64, line: &HealthLine<'_>) {
        let error = line.error.as_deref().map(str::to_owned);
        if let Some(starting) = &mut self.starting {
            starting.error = error;
        } else if error.as_ref().is_some_and(|error| error.contains(NO_TOPIC)) && self.topic_missing.is_none() {
            let topic = self.topic.clone();
            self.topic_doubted.get_or_insert(TopicMissing { since_ms: at_ms, topic, error });
        }
    }

    fn begin_run(&mut self, started_ms: Option<i64>, pid: Option<u32>) {
        self.phase = Phase::Running;
        self.started_ms = started_ms;
        self.pid = pid;
        self.metrics.clear();
        self.interval_ms = None;
        self.forget_obstacles();
        // The one that waited may be the one that runs now.
        if self.standby.as_ref().is_some_and(|standby| standby.pid.is_none() || standby.pid == pid) {
            self.standby = None;
        }
    }

    /// A line that only a run writes; its beginning may lie before what was read.
    fn run_goes_on(&mut self) {
        if self.phase == Phase::Unknown {
            self.phase = Phase::Running;
        }
    }

    fn end_run(&mut self, phase: Phase) {
        self.phase = phase;
        self.forget_obstacles();
    }

    /// What was in the way of one run is not in that of the next.
    fn forget_obstacles(&mut self) {
        self.starting = None;
        self.broker_lost = None;
        (self.topic_missing, self.topic_doubted) = (None, None);
        self.unreadable.clear();
        self.disk_full = None;
    }

    fn learn(&mut self, metadata: &Map<String, Value>) {
        self.pid = pid(metadata).or(self.pid);
        for (known, key) in [
            (&mut self.version, "version"),
            (&mut self.brokers, "brokers"),
            (&mut self.topic, "topic"),
            (&mut self.group, "group"),
        ] {
            *known = text(metadata, key).or(known.take());
        }
    }

    fn hear_metrics(&mut self, metrics: Metrics) {
        let is_of_other_run = self.metrics.back().is_some_and(|last| metrics.uptime_ms < last.uptime_ms);
        if is_of_other_run || matches!(self.phase, Phase::Stopped { .. } | Phase::Failed { .. }) {
            // Its first line was not read, or is lost.
            self.begin_run(None, None);
        }
        self.run_goes_on();
        if metrics.received.is_some_and(|received| received > 0) {
            self.starting = None;
        }
        if self.started_ms.is_none() {
            self.started_ms = metrics.uptime_ms.map(|uptime_ms| metrics.at_ms.saturating_sub(uptime_ms));
        }
        if let (Some(last), Phase::Running) = (self.metrics.back(), &self.phase) {
            // The last line of a run comes when it comes.
            let distance_ms = metrics.at_ms.saturating_sub(last.at_ms);
            self.interval_ms = (distance_ms > 0).then_some(distance_ms).or(self.interval_ms);
        }
        if self.metrics.len() >= MOST_METRICS {
            self.metrics.pop_front();
        }
        self.metrics.push_back(metrics);
    }
}

fn text(metadata: &Map<String, Value>, key: &str) -> Option<String> {
    match metadata.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The partition and the offset that a line names.
fn place(metadata: &Map<String, Value>) -> (Option<i32>, Option<i64>) {
    let whole = |key: &str| metadata.get(key).and_then(Value::as_i64);
    (whole("kafka_partition").and_then(|number| i32::try_from(number).ok()), whole("kafka_offset"))
}

fn pid(metadata: &Map<String, Value>) -> Option<u32> {
    metadata.get("pid").and_then(count).and_then(|pid| u32::try_from(pid).ok())
}
