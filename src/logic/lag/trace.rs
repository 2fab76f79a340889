//! One number as the last looks saw it, and how fast it moves.

use std::collections::VecDeque;

use super::figures::{ToZero, Trend};

/// Over how long rates and trends are taken, in milliseconds. Two looks say nothing: they flicker.
pub const WINDOW_MS: i64 = 60_000;

/// Fewer looks make no trend.
pub const ROUNDS_OF_A_TREND: usize = 5;

/// A lag that moves by less a second is steady.
const STEADY_PER_SECOND: f64 = 0.5;

/// So is one that moves by less of what comes in.
const STEADY_SHARE: f64 = 0.01;

/// A slope is believed from so many times its error on.
const SURE: f64 = 3.0;

/// What the looks of the last minute saw of one number, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Trace {
    points: VecDeque<(i64, i64)>,
}

impl Trace {
    pub(super) fn push(&mut self, at_ms: i64, value: i64) {
        // A clock that was set back: what was before has no place on it.
        if self.points.back().is_some_and(|(last_ms, _)| *last_ms >= at_ms) {
            self.points.clear();
        }
        self.points.push_back((at_ms, value));
        while self.points.front().is_some_and(|(first_ms, _)| *first_ms < at_ms - WINDOW_MS) {
            self.points.pop_front();
        }
    }

    /// The same for a number that only grows; one that falls is another one of the same name. Tells by how much it
    /// grew since the look before.
    pub(super) fn push_growing(&mut self, at_ms: i64, value: i64) -> i64 {
        let before = self.points.back().map(|(_, before)| *before);
        if before.is_some_and(|before| before > value) {
            self.points.clear();
        }
        self.push(at_ms, value);
        before.map_or(0, |before| (value - before).max(0))
    }

    pub(super) fn last(&self) -> Option<i64> {
        self.points.back().map(|(_, value)| *value)
    }

    /// How far apart the first look and the last are.
    pub(super) fn span_ms(&self) -> i64 {
        self.points.front().zip(self.points.back()).map_or(0, |(first, last)| last.0 - first.0)
    }

    /// How long it has been as it is, as far as is known.
    pub(super) fn unchanged_ms(&self) -> i64 {
        let Some((last_ms, value)) = self.points.back() else { return 0 };
        let since = self.points.iter().rev().take_while(|(_, one)| one == value).last();
        since.map_or(0, |(since_ms, _)| last_ms - since_ms)
    }

    /// By how much it grew a second, from the first look to the last.
    pub(super) fn growth_per_second(&self) -> Option<f64> {
        let (first, last) = self.points.front().zip(self.points.back())?;
        let span_ms = last.0 - first.0;
        (span_ms > 0).then(|| last.1.saturating_sub(first.1) as f64 * 1_000.0 / span_ms as f64)
    }

    /// The straight line that lies closest; `None` of too few looks.
    pub(super) fn slope(&self) -> Option<Slope> {
        if self.points.len() < ROUNDS_OF_A_TREND {
            return None;
        }
        // Counted from the first point, so that no sum loses small differences between large numbers.
        let (first_ms, first) = *self.points.front()?;
        let count = self.points.len() as f64;
        let seconds = |at_ms: i64| (at_ms - first_ms) as f64 / 1_000.0;
        let mean_time = self.points.iter().map(|(at_ms, _)| seconds(*at_ms)).sum::<f64>() / count;
        let mean = self.points.iter().map(|(_, value)| value.saturating_sub(first) as f64).sum::<f64>() / count;
        let (mut together, mut spread, mut height) = (0.0, 0.0, 0.0);
        for (at_ms, value) in &self.points {
            let (time, value) = (seconds(*at_ms) - mean_time, value.saturating_sub(first) as f64 - mean);
            together += time * value;
            spread += time * time;
            height += value * value;
        }
        if spread <= 0.0 {
            return None;
        }
        let per_second = together / spread;
        let rest = (height - per_second * together).max(0.0);
        Some(Slope { per_second, error: (rest / (count - 2.0) / spread).sqrt() })
    }

    pub(super) fn clear(&mut self) {
        self.points.clear();
    }
}

/// A straight line through what looks saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Slope {
    pub(super) per_second: f64,
    /// By how much it may well be wrong: the lag of a reader that commits now and then is a saw, through which a line
    /// lies a little askew.
    pub(super) error: f64,
}

/// Where a lag of this slope is going when so much comes in.
pub(super) fn trend(slope: Option<Slope>, in_per_second: Option<f64>) -> Trend {
    let Some(Slope { per_second, error }) = slope else { return Trend::Unknown };
    let band = STEADY_PER_SECOND.max(in_per_second.unwrap_or(0.0) * STEADY_SHARE).max(error * SURE);
    match per_second {
        slope if slope > band => Trend::Grows,
        slope if slope < -band => Trend::Falls,
        _ => Trend::Steady,
    }
}

/// When a lag will be gone that goes like this.
pub(super) fn to_zero(lag: Option<i64>, slope: Option<Slope>, trend: Trend) -> ToZero {
    match (lag, slope, trend) {
        (None, _, _) => ToZero::Unknown,
        (Some(..=0), _, _) => ToZero::Done,
        (_, _, Trend::Grows) => ToZero::Never,
        (Some(lag), Some(slope), Trend::Falls) => ToZero::Seconds(lag as f64 / -slope.per_second),
        _ => ToZero::Unknown,
    }
}
