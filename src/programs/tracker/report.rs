//! The tracker's figures: counted, and put into a report.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::doors::audit::{Latencies, Progress};
use crate::doors::health::{MetricsReport, PartitionReport, Percentiles, VitalSigns};
use crate::logic::ledger::Standing;

/// What was recorded since the start of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lines written for messages.
    pub received: u64,
    /// Of these, what was expected.
    pub valid: u64,
    /// Of these, what was not.
    pub invalid: u64,
    /// Gap lines.
    pub gaps: u64,
}

impl Tally {
    /// The last line of a run with `--until-end`, for scripts.
    pub(super) fn line(self) -> String {
        let Self { received, valid, invalid, gaps } = self;
        format!("received={received} valid={valid} invalid={invalid} gaps={gaps}")
    }
}

/// Makes reports; remembers the one before, for the rate of the interval.
pub(super) struct Reporter {
    started: Instant,
    last: (Instant, u64),
    /// What the newest segment held when the run began.
    start_bytes: u64,
}

impl Reporter {
    pub(super) fn new(now: Instant, start_bytes: u64) -> Self {
        Self { started: now, last: (now, 0), start_bytes }
    }

    pub(super) fn uptime(&self, now: Instant) -> Duration {
        now.duration_since(self.started)
    }

    /// The report of now. `interval`: whether it ends the interval that rates are told of.
    pub(super) fn report(
        &mut self,
        now: Instant,
        interval: bool,
        tally: Tally,
        progress: &Progress,
        signs: VitalSigns,
    ) -> MetricsReport {
        let uptime_seconds = self.uptime(now).as_secs_f64();
        let (since, received) = self.last;
        let new = tally.received.saturating_sub(received);
        if interval {
            self.last = (now, tally.received);
        }
        MetricsReport {
            uptime_seconds,
            messages_received: tally.received,
            messages_processed: tally.valid,
            messages_failed: tally.invalid,
            success_rate_percent: success_percent(tally),
            messages_per_second: rate(tally.received, uptime_seconds),
            interval_messages_per_second: rate(new, now.duration_since(since).as_secs_f64()),
            gaps: tally.gaps,
            bytes_written: progress.written_bytes - self.start_bytes,
            sealed_lines: Some(progress.sealed_lines),
            unsealed_bytes: Some(progress.written_bytes.saturating_sub(progress.sealed_bytes)),
            rotations: progress.rotations,
            syncs: progress.syncs,
            process_cpu_percent: signs.cpu_percent,
            process_memory_bytes: signs.memory_bytes,
            host_load_1m: signs.load_1m,
            disk_free_bytes: signs.disk_free_bytes,
            ..MetricsReport::default()
        }
    }
}

/// The report of a tracker that has not begun to record: its counts are 0, and what the trail holds is not known here.
pub(super) fn idle(uptime: Duration, signs: VitalSigns) -> MetricsReport {
    MetricsReport {
        uptime_seconds: uptime.as_secs_f64(),
        success_rate_percent: success_percent(Tally::default()),
        messages_per_second: rate(0, 0.0),
        interval_messages_per_second: rate(0, 0.0),
        process_cpu_percent: signs.cpu_percent,
        process_memory_bytes: signs.memory_bytes,
        host_load_1m: signs.load_1m,
        disk_free_bytes: signs.disk_free_bytes,
        ..MetricsReport::default()
    }
}

/// Where a partition stands. After its last message there may be markers that nobody can read, which
/// are no lag.
pub(super) fn standing(at: Standing) -> PartitionReport {
    let Standing { next, readable_end, reached } = at;
    let readable_end = readable_end.map(|end| end.max(reached));
    PartitionReport { next, readable_end, lag: readable_end.map(|end| end - reached) }
}

/// Where a partition stands in the file, which may end before what was read: what a full disk has not taken still waits.
pub(super) fn as_written(at: Standing, written: Option<i64>) -> Standing {
    match written {
        Some(next) if next < at.next => Standing { next, reached: next, ..at },
        _ => at,
    }
}

/// Readable and not yet read, over all partitions; `None` while an end is not known, or no partition is being read.
pub(super) fn lag(standings: &BTreeMap<String, PartitionReport>) -> Option<i64> {
    if standings.is_empty() {
        return None;
    }
    standings.values().map(|at| at.lag).sum()
}

/// Adds how long writes and syncs took.
pub(super) fn add_latencies(report: &mut MetricsReport, latencies: &Latencies) {
    let percentiles = |times: &hdrhistogram::Histogram<u32>| {
        let milliseconds = |microseconds: u64| Duration::from_micros(microseconds).as_secs_f64() * 1_000.0;
        let rounded = |microseconds: u64| (milliseconds(microseconds) * 1_000.0).round() / 1_000.0;
        Percentiles {
            p50: rounded(times.value_at_quantile(0.5)),
            p99: rounded(times.value_at_quantile(0.99)),
            max: rounded(times.max()),
        }
    };
    report.write_ms = percentiles(&latencies.write_us);
    report.sync_ms = percentiles(&latencies.sync_us);
}

/// Two places, cut and not rounded: 100.00 means not one failure. With nothing received, 100.00 as
/// the original says.
fn success_percent(tally: Tally) -> String {
    let hundredths = u128::from(tally.valid) * 10_000;
    let hundredths = hundredths.checked_div(u128::from(tally.received)).unwrap_or(10_000);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn rate(count: u64, seconds: f64) -> String {
    // Counts of messages are far below where a double loses units.
    #[allow(clippy::cast_precision_loss)]
    let rate = if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
    format!("{rate:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_is_cut_never_rounded_up() {
        let percent = |received, valid| success_percent(Tally { received, valid, ..Tally::default() });
        assert_eq!(percent(0, 0), "100.00");
        assert_eq!(percent(3, 3), "100.00");
        assert_eq!(percent(1_000_000, 999_999), "99.99");
        assert_eq!(percent(3, 2), "66.66");
        assert_eq!(percent(3, 0), "0.00");
    }

    #[test]
    fn lag_is_unknown_until_every_end_is_known_and_markers_are_none() {
        let of = |standings: &[PartitionReport]| {
            lag(&standings.iter().enumerate().map(|(number, at)| (number.to_string(), *at)).collect())
        };
        let at = |next, readable_end, reached| standing(Standing { next, readable_end, reached });
        assert_eq!(of(&[at(5, Some(9), 5), at(7, None, 7)]), None);
        assert_eq!(of(&[at(5, Some(9), 5), at(7, Some(6), 7)]), Some(4));
        assert_eq!(of(&[at(23, Some(24), 24)]), Some(0));
    }
    #[test]
    fn what_a_full_disk_has_not_taken_still_waits() {
        let read = Standing { next: 90, readable_end: Some(100), reached: 100 };
        let report = |written| standing(as_written(read, written));
        assert_eq!(report(Some(90)).lag, Some(0), "markers behind the last message are no lag");
        assert_eq!(report(Some(30)), PartitionReport { next: 30, readable_end: Some(100), lag: Some(70) });
        assert_eq!(report(None).lag, Some(0));
        assert_eq!(lag(&BTreeMap::new()), None, "0 would be a promise");
    }
}
