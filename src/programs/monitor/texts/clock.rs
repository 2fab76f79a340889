//! Times of day, in the zone of this machine or in UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Writes moments, given in milliseconds since 1970-01-01 UTC, in one zone.
#[derive(Clone, Debug)]
pub struct Clock {
    local: TimeZone,
    is_utc: bool,
    /// Whether a time of day says its zone: who reads it may be in another one.
    names_zone: bool,
}

impl Clock {
    /// In the zone of this machine, or in UTC.
    pub fn of_machine(is_utc: bool) -> Self {
        Self::in_zone(TimeZone::system(), is_utc)
    }

    /// In this zone, or in UTC.
    pub fn in_zone(local: TimeZone, is_utc: bool) -> Self {
        Self { local, is_utc, names_zone: false }
    }

    /// In UTC, and says so.
    pub fn naming_utc() -> Self {
        Self { local: TimeZone::UTC, is_utc: true, names_zone: true }
    }

    /// Whether it shows UTC.
    pub fn is_utc(&self) -> bool {
        self.is_utc
    }

    /// Changes between the zone and UTC.
    pub fn toggle(&mut self) {
        self.is_utc = !self.is_utc;
    }

    /// `09:41:07`.
    pub fn second(&self, time_ms: i64) -> String {
        self.written(time_ms, "%H:%M:%S")
    }

    /// `09:41`.
    pub fn minute(&self, time_ms: i64) -> String {
        self.written(time_ms, "%H:%M")
    }

    /// `09:41:07.118`.
    pub fn millisecond(&self, time_ms: i64) -> String {
        self.written(time_ms, "%H:%M:%S%.3f")
    }

    /// `2026-11-21`.
    pub fn day(&self, time_ms: i64) -> String {
        self.written(time_ms, "%Y-%m-%d")
    }

    /// `2026-11-21 09:41:07 UTC`: with the zone.
    pub fn full(&self, time_ms: i64) -> String {
        self.written(time_ms, "%Y-%m-%d %H:%M:%S %Z")
    }

    /// `2026-11-21 09:41:07.118 UTC`.
    pub fn full_millisecond(&self, time_ms: i64) -> String {
        self.written(time_ms, "%Y-%m-%d %H:%M:%S%.3f %Z")
    }

    /// `09:41:07` of today, else with the day before it.
    pub fn when(&self, time_ms: i64, now_ms: i64) -> String {
        match (self.day(time_ms) == self.day(now_ms), self.names_zone) {
            (true, false) => self.second(time_ms),
            (true, true) => self.written(time_ms, "%H:%M:%S %Z"),
            (false, false) => self.written(time_ms, "%Y-%m-%d %H:%M:%S"),
            (false, true) => self.full(time_ms),
        }
    }

    fn written(&self, time_ms: i64, format: &str) -> String {
        let zone = if self.is_utc { TimeZone::UTC } else { self.local.clone() };
        match Timestamp::from_millisecond(time_ms) {
            Ok(time) => time.to_zoned(zone).strftime(format).to_string(),
            // Beyond the calendar there is no time to write.
            Err(_) => "–".to_owned(),
        }
    }
}
