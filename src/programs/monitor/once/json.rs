//! The summary as one JSON object. What is not known is `null`.

use serde::Serialize;

use super::{as_of, machine_texts, seconds};
use crate::logic::monitor::{Alive, Counted, Figures, Percent, Standby};
use crate::programs::monitor::texts::Place;

/// The keys, in this order; people's scripts branch on them.
#[derive(Serialize)]
struct Summary {
    verdict: &'static str,
    reason: Option<String>,
    advice: Option<String>,
    score: Option<u32>,
    received: Option<u64>,
    valid: Option<u64>,
    invalid: Option<u64>,
    gaps: Option<u64>,
    gap_offsets: Option<u64>,
    unreadable: Option<u64>,
    /// Whether these counts are all; else they are lower bounds.
    is_exact: Option<bool>,
    success_percent: Option<f64>,
    success_percent_15_min: Option<f64>,
    messages_per_second: Option<f64>,
    last_message_age_seconds: Option<f64>,
    last_invalid_age_seconds: Option<f64>,
    errors: Option<u64>,
    last_error_age_seconds: Option<f64>,
    lag: Option<u64>,
    lag_per_second: Option<f64>,
    run: Option<Run>,
    tracker: Tracker,
    partitions: Option<Vec<Partition>>,
    as_of: Option<String>,
}

#[derive(Serialize)]
struct Run {
    received: u64,
    valid: Option<u64>,
    invalid: Option<u64>,
    success_percent: Option<f64>,
    messages_per_second: Option<f64>,
    age_seconds: f64,
}

#[derive(Serialize)]
struct Tracker {
    state: Option<&'static str>,
    up_seconds: Option<f64>,
    heard_age_seconds: Option<f64>,
    interval_seconds: f64,
    pid: Option<u32>,
    version: Option<String>,
    brokers: Option<String>,
    topic: Option<String>,
    group: Option<String>,
    standby: Option<Waiting>,
    write_ms_p99: Option<f64>,
    sync_ms_p99: Option<f64>,
    cpu_percent: Option<f64>,
    memory_bytes: Option<u64>,
    disk_free_bytes: Option<u64>,
    disk_left_seconds: Option<f64>,
    sealed_lines: Option<u64>,
    sealed_age_seconds: Option<f64>,
    checkpoint: Option<u64>,
}

#[derive(Serialize)]
struct Waiting {
    pid: Option<u32>,
    holder: Option<String>,
}

#[derive(Serialize)]
struct Partition {
    partition: i32,
    next: Option<i64>,
    readable_end: Option<i64>,
    lag: Option<u64>,
    messages_per_second: Option<f64>,
}

/// One line, with its LF.
pub(super) fn object(figures: &Figures, place: Place<'_>) -> String {
    let mut text = serde_json::to_string(&summary(figures, place)).unwrap_or_else(|error| {
        // Numbers and texts always serialise.
        debug_assert!(false, "{error}");
        String::from("{}")
    });
    text.push('\n');
    text
}

fn summary(figures: &Figures, place: Place<'_>) -> Summary {
    let spoken = machine_texts().verdict(figures, place);
    let counts = figures.counts;
    let count = |counted: Option<Counted>| counted.map(|counted| counted.count);
    let age = |age_ms: Option<i64>| age_ms.map(seconds);
    Summary {
        verdict: spoken.word,
        reason: Some(spoken.reason).filter(|reason| !reason.is_empty()),
        advice: Some(spoken.advice).filter(|advice| !advice.is_empty()),
        score: figures.quality.map(|quality| quality.score),
        received: count(counts.map(|counts| counts.received)),
        valid: count(counts.map(|counts| counts.valid)),
        invalid: count(counts.map(|counts| counts.invalid)),
        gaps: count(counts.map(|counts| counts.gaps)),
        gap_offsets: counts
            .map(|counts| counts.gap_offsets)
            .filter(|offsets| offsets.is_exact)
            .map(|offsets| offsets.count),
        unreadable: count(counts.map(|counts| counts.unreadable)),
        is_exact: counts.map(|counts| counts.received.is_exact),
        success_percent: figures.success.whole.map(percent),
        success_percent_15_min: figures.success.last_15_min.map(percent),
        messages_per_second: figures.throughput.per_second.map(hundredths),
        last_message_age_seconds: age(figures.last_message_age_ms),
        last_invalid_age_seconds: age(figures.last_invalid_age_ms),
        errors: count(figures.errors.count),
        last_error_age_seconds: age(figures.errors.newest_age_ms),
        lag: figures.lag.as_ref().map(|lag| lag.messages),
        lag_per_second: figures.lag.as_ref().and_then(|lag| lag.per_second).map(hundredths),
        run: figures.run.map(|run| Run {
            received: run.received,
            valid: run.valid,
            invalid: run.invalid,
            success_percent: run.success.map(percent),
            messages_per_second: run.mean_per_second,
            age_seconds: seconds(run.age.age_ms),
        }),
        tracker: tracker(figures),
        partitions: (counts.is_some() || !figures.partitions.is_empty()).then(|| partitions(figures)),
        as_of: as_of(figures),
    }
}

fn tracker(figures: &Figures) -> Tracker {
    let tracker = &figures.tracker;
    let state = match tracker.alive {
        Alive::Unknown => None,
        Alive::Running => Some("running"),
        Alive::Stopping => Some("stopping"),
        Alive::Silent => Some("silent"),
        Alive::Stopped => Some("stopped"),
        Alive::Failed => Some("failed"),
    };
    let waiting = |standby: &Standby| Waiting { pid: standby.pid, holder: standby.holder.clone() };
    Tracker {
        state,
        up_seconds: tracker.up_ms.map(seconds),
        heard_age_seconds: tracker.heard_age_ms.map(seconds),
        interval_seconds: seconds(tracker.interval_ms),
        pid: tracker.pid,
        version: tracker.version.clone(),
        brokers: tracker.brokers.clone(),
        topic: tracker.topic.clone(),
        group: tracker.group.clone(),
        standby: tracker.standby.as_ref().map(waiting),
        write_ms_p99: figures.latency.and_then(|latency| latency.write_p99_ms),
        sync_ms_p99: figures.latency.and_then(|latency| latency.sync_p99_ms),
        cpu_percent: figures.resources.and_then(|resources| resources.cpu_percent),
        memory_bytes: figures.resources.and_then(|resources| resources.memory_bytes),
        disk_free_bytes: figures.disk.map(|disk| disk.free_bytes),
        disk_left_seconds: figures.disk.and_then(|disk| disk.left_ms).map(seconds),
        sealed_lines: figures.sealed.map(|sealed| sealed.lines),
        sealed_age_seconds: figures.sealed.map(|sealed| seconds(sealed.age.age_ms)),
        checkpoint: figures.sealed.and_then(|sealed| sealed.checkpoint),
    }
}

fn partitions(figures: &Figures) -> Vec<Partition> {
    let known = figures.partitions.iter();
    known
        .map(|known| Partition {
            partition: known.partition,
            next: known.next,
            readable_end: known.readable_end,
            lag: known.lag,
            messages_per_second: known.per_second.map(hundredths),
        })
        .collect()
}

fn percent(percent: Percent) -> f64 {
    f64::from(percent.hundredths()) / 100.0
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
