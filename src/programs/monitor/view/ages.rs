//! Of when the figures are, once they are not of now any more.

use super::header::is_stale;
use crate::logic::monitor::Figures;

/// Of when the figures are that are not of now: `as of 09:39:03`.
pub(super) struct Ages {
    /// What was counted in the trail.
    pub(super) messages: Option<String>,
    /// What the trail tells of the last minutes.
    pub(super) trail: Option<String>,
    /// What the newest metrics tell.
    pub(super) metrics: Option<String>,
}

impl Ages {
    pub(super) fn of(figures: &Figures, written: impl Fn(i64) -> String) -> Self {
        let newest_ms = figures.last_message_age_ms.map(|age_ms| figures.as_of_ms.saturating_sub(age_ms));
        let lost_ms = figures.trail_as_of_ms.filter(|_| figures.events_file.is_lost());
        let told = [
            figures.lag.as_ref().map(|lag| lag.age),
            figures.latency.map(|latency| latency.age),
            figures.resources.map(|resources| resources.age),
            figures.disk.map(|disk| disk.age),
        ];
        let metrics = told.into_iter().flatten().find(|age| age.is_stale);
        Self {
            // Of a dead tracker's trail the newest message says how far it goes.
            messages: lost_ms.or(newest_ms.filter(|_| is_stale(figures))).map(&written),
            trail: lost_ms.map(&written),
            metrics: metrics.map(|age| written(age.at_ms)),
        }
    }
}
