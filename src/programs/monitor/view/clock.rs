//! Moments as people read them: the local zone, or UTC when they ask for it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Turns moments into text.
pub(super) struct Clock {
    local: TimeZone,
}

impl Clock {
    /// In the zone of this machine.
    pub(super) fn local() -> Self {
        Self { local: TimeZone::system() }
    }

    #[cfg(test)]
    pub(super) fn utc() -> Self {
        Self { local: TimeZone::UTC }
    }

    fn format(&self, time_ms: i64, is_utc: bool, pattern: &str) -> String {
        let Ok(time) = Timestamp::from_millisecond(time_ms) else { return "–".to_owned() };
        let zone = if is_utc { TimeZone::UTC } else { self.local.clone() };
        time.to_zoned(zone).strftime(pattern).to_string()
    }

    /// `09:41:05`.
    pub(super) fn time(&self, time_ms: Option<i64>, is_utc: bool) -> String {
        time_ms.map_or_else(|| "--:--:--".to_owned(), |time_ms| self.format(time_ms, is_utc, "%H:%M:%S"))
    }

    /// `09:41`, or with seconds.
    pub(super) fn short(&self, time_ms: i64, with_seconds: bool, is_utc: bool) -> String {
        self.format(time_ms, is_utc, if with_seconds { "%H:%M:%S" } else { "%H:%M" })
    }

    /// `09:41:05.118`.
    pub(super) fn precise(&self, time_ms: i64, is_utc: bool) -> String {
        self.format(time_ms, is_utc, "%H:%M:%S%.3f")
    }

    /// `2026-11-21 09:41:05 UTC`.
    pub(super) fn date_time(&self, time_ms: i64, is_utc: bool) -> String {
        self.format(time_ms, is_utc, "%Y-%m-%d %H:%M:%S %Z")
    }

    /// `2026-11-21 09:41:05.118 UTC`.
    pub(super) fn full(&self, time_ms: i64, is_utc: bool) -> String {
        self.format(time_ms, is_utc, "%Y-%m-%d %H:%M:%S%.3f %Z")
    }
}
