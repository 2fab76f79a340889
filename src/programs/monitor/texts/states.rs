//! The words, thresholds and shapes of states.

use super::words::Texts;
use crate::logic::monitor::{ErrorState, QualityWord, Sign, SuccessState, ThroughputState, Trend};
use crate::words::record::Level;

impl Texts {
    /// EXCELLENT, GOOD, CRITICAL.
    pub fn success_state(&self, state: SuccessState) -> &'static str {
        match state {
            SuccessState::Excellent => self.excellent,
            SuccessState::Good => self.good,
            SuccessState::Critical => self.critical,
        }
    }

    /// NORMAL, LOW, STOPPED.
    pub fn throughput_state(&self, state: ThroughputState) -> &'static str {
        match state {
            ThroughputState::Normal => self.normal,
            ThroughputState::Low => self.low_throughput,
            ThroughputState::Stopped => self.no_throughput,
        }
    }

    /// NONE, RECENT, ACTIVE.
    pub fn error_state(&self, state: ErrorState) -> &'static str {
        match state {
            ErrorState::None => self.no_errors,
            ErrorState::Recent => self.recent_errors,
            ErrorState::Active => self.active_errors,
        }
    }

    /// EXCELLENT, GOOD, FAIR, POOR.
    pub fn quality_word(&self, word: QualityWord) -> &'static str {
        match word {
            QualityWord::Excellent => self.excellent,
            QualityWord::Good => self.good,
            QualityWord::Fair => self.fair,
            QualityWord::Poor => self.poor,
        }
    }

    /// grows, falls, steady, idle.
    pub fn trend(&self, trend: Trend) -> &'static str {
        match trend {
            Trend::Growing => self.grows,
            Trend::Shrinking => self.falls,
            Trend::Steady => self.steady,
            Trend::Idle => self.idle,
        }
    }

    /// `INFO`, `WARN`, `ERR`: the same in both.
    pub fn level(&self, level: Level) -> &'static str {
        match level {
            Level::Info => "INFO",
            Level::Warn => "WARN",
            Level::Error => "ERR",
        }
    }

    /// From where on a share is EXCELLENT or GOOD, for the end of its row.
    pub fn success_threshold(&self, state: Option<SuccessState>) -> &'static str {
        match state {
            Some(SuccessState::Critical) => "< 80",
            Some(SuccessState::Good) => "≥ 80",
            _ => "≥ 95",
        }
    }

    /// From where on a throughput is NORMAL or LOW.
    pub fn throughput_threshold(&self, state: Option<ThroughputState>) -> &'static str {
        match state {
            Some(ThroughputState::Stopped) => self.choose("< 0.1", "< 0,1"),
            Some(ThroughputState::Low) => self.choose("≥ 0.1", "≥ 0,1"),
            _ => self.choose("≥ 0.3", "≥ 0,3"),
        }
    }

    /// How long ago the newest error is.
    pub fn error_threshold(&self, state: Option<ErrorState>, is_wide: bool) -> &'static str {
        match (state, is_wide) {
            (Some(ErrorState::Active), false) => "< 1 m",
            (Some(ErrorState::Active), true) => "< 1 min",
            (Some(ErrorState::Recent), false) => "> 1 m",
            (Some(ErrorState::Recent), true) => "> 1 min",
            (_, false) => "> 5 m",
            (_, true) => "> 5 min",
        }
    }
}

/// The shape that goes with a word; with `is_ascii` a letter in its place.
pub fn shape(sign: Sign, is_ascii: bool) -> &'static str {
    match (sign, is_ascii) {
        (Sign::Good, false) => "●",
        (Sign::Warn, false) => "▲",
        (Sign::Bad, false) => "■",
        (Sign::Pending, false) => "…",
        (Sign::Neutral, false) => "○",
        (Sign::Good, true) => "[ok]",
        (Sign::Warn, true) => "[!]",
        (Sign::Bad, true) => "[!!]",
        (Sign::Pending, true) => "[..]",
        (Sign::Neutral, true) => "[o]",
    }
}

/// The shape of a trend; with `is_ascii` a sign in its place.
pub fn trend_shape(trend: Trend, is_ascii: bool) -> &'static str {
    match (trend, is_ascii) {
        (Trend::Growing, false) => "▲",
        (Trend::Shrinking, false) => "▼",
        (Trend::Idle, false) => "·",
        (Trend::Growing, true) => "^",
        (Trend::Shrinking, true) => "v",
        (Trend::Idle, true) => ".",
        (Trend::Steady, _) => "=",
    }
}
