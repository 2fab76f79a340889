//! Where the lag is going.

use super::figures::{Age, Lag, Trend};
use super::metrics::Metrics;

/// How many figures the slope is of.
const POINTS: usize = 5;

/// The lag and its trend, from the metrics of one run, the oldest first; `None` while it is not told.
pub(super) fn lag<'a>(metrics: impl DoubleEndedIterator<Item = &'a Metrics>, age: Age) -> Option<Lag> {
    let told: Vec<(&Metrics, u64)> = metrics.filter_map(|line| Some((line, line.lag?))).collect();
    let (newest, messages) = *told.last()?;
    if newest.at_ms != age.at_ms {
        // The newest line does not know it: what an older one said is no figure of now.
        return None;
    }
    let last = told.get(told.len().saturating_sub(POINTS)..).unwrap_or_default();
    let per_second = slope(last);
    let trend = per_second.map(|per_second| trend(last, per_second));
    let to_zero_ms = match (trend, per_second) {
        (Some(Trend::Shrinking), Some(per_second)) => Some((messages as f64 * 1_000.0 / -per_second).round() as i64),
        _ => None,
    };
    let history = told.iter().map(|(_, lag)| *lag).collect();
    Some(Lag { messages, trend, per_second, to_zero_ms, history, age })
}

/// The slope of the straight line that lies closest, in messages a second; `None` of fewer than two points.
fn slope(points: &[(&Metrics, u64)]) -> Option<f64> {
    let count = points.len() as f64;
    let first_ms = points.first()?.0.at_ms;
    let seconds = |line: &Metrics| (line.at_ms - first_ms) as f64 / 1_000.0;
    let mean_time = points.iter().map(|(line, _)| seconds(line)).sum::<f64>() / count;
    let mean_lag = points.iter().map(|(_, lag)| *lag as f64).sum::<f64>() / count;
    let spread: f64 = points.iter().map(|(line, _)| (seconds(line) - mean_time).powi(2)).sum();
    let together: f64 = points.iter().map(|(line, lag)| (seconds(line) - mean_time) * (*lag as f64 - mean_lag)).sum();
    (spread > 0.0).then(|| together / spread)
}

fn trend(points: &[(&Metrics, u64)], per_second: f64) -> Trend {
    let (Some((first, _)), Some((last, _))) = (points.first(), points.last()) else { return Trend::Steady };
    let seconds = (last.at_ms - first.at_ms) as f64 / 1_000.0;
    let received = last.received.zip(first.received).map(|(last, first)| last.saturating_sub(first));
    let mean = points.iter().map(|(_, lag)| *lag as f64).sum::<f64>() / points.len() as f64;
    let a_second_of_messages = received.map_or(0.0, |received| received as f64 / seconds.max(1.0));
    // A fetch more or less, and a lag that only breathes, are no trend.
    let noise = a_second_of_messages.max(mean * 0.05).max(1.0);
    match per_second * seconds {
        change if change > noise => Trend::Growing,
        change if change < -noise => Trend::Shrinking,
        _ if received == Some(0) => Trend::Idle,
        _ => Trend::Steady,
    }
}
