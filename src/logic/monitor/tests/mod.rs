//! What the figures say, from lines that were fed one by one.

mod log;
mod plots;
mod tallies;
mod verdicts;

use serde_json::{Value, json};

use super::*;
use crate::words::record::{HealthLine, Level, SERVICE};

/// A moment with nothing special about it.
pub(super) const NOW: i64 = 1_795_253_667_250;

/// A model of files that can be read, and were read from their beginning.
pub(super) fn model() -> Model {
    let mut model = Model::new();
    model.set_events_file(FileState::Readable { bytes: 1 });
    model.set_log_file(FileState::Readable { bytes: 1 });
    model.set_totals(Totals { is_exact: true, is_gap_offsets_exact: true, ..Totals::default() });
    model.set_filled_since(i64::MIN);
    model
}

pub(super) fn event(ago_ms: i64, kind: EventKind, offset: i64) -> EventSeen {
    EventSeen { time_ms: Some(NOW - ago_ms), kind, partition: 1, offset }
}

/// A message every two seconds for so many seconds, up to now; the last one half a second old.
pub(super) fn with_messages(mut model: Model, seconds: i64) -> Model {
    for number in 0..seconds / 2 {
        model.see(&event(500 + 2_000 * number, EventKind::Valid, 1_000_000 - number), true, NOW);
    }
    model
}

pub(super) fn hear(model: &mut Model, ago_ms: i64, level: Level, event: &str, metadata: Value, error: Option<&str>) {
    let timestamp = jiff::Timestamp::from_millisecond(NOW - ago_ms).unwrap().to_string();
    let metadata = metadata.as_object().cloned().unwrap();
    model.hear(&HealthLine {
        timestamp: timestamp.into(),
        level,
        message: "in words".into(),
        service: SERVICE.into(),
        error: error.map(Into::into),
        metadata,
        event: event.into(),
    });
}

pub(super) fn told(model: &mut Model, ago_ms: i64, event: &str, metadata: Value) {
    hear(model, ago_ms, Level::Info, event, metadata, None);
}

/// A run that began an hour ago and told metrics every 30 s, the last ones so long ago.
pub(super) fn with_run(mut model: Model, last_ago_ms: i64) -> Model {
    told(
        &mut model,
        3_600_000,
        "tracker.started",
        json!({"pid": 4121, "topic": "orders", "brokers": "localhost:9092"}),
    );
    for number in (0..10).rev() {
        let ago_ms = last_ago_ms + 30_000 * number;
        let uptime = (3_600_000 - ago_ms) as f64 / 1_000.0;
        told(
            &mut model,
            ago_ms,
            "tracker.metrics",
            json!({"uptime_seconds": uptime, "messages_received": 1_800, "lag": 0}),
        );
    }
    model
}

/// A healthy tracker with a message every two seconds.
pub(super) fn healthy() -> Model {
    with_run(with_messages(model(), 3_600), 12_000)
}
