//! When the loss of all brokers is told, and with which reason. Pure.
//!
//! librdkafka says that all brokers are down, and why the last of them was lost, in two events, in either order. The reason
//! is what a person looks for, and it is told once: so it is waited for, for a moment, and nothing else is taken for it.

use std::time::{Duration, Instant};

/// How long the reason may come after the loss.
const EXPLAINING: Duration = Duration::from_millis(500);

/// How long before the loss a reason may have come: an older one is that of another trouble.
const FRESH: Duration = Duration::from_secs(10);

/// Whether all brokers are lost.
#[derive(Debug, Default)]
pub(super) struct Loss {
    since: Option<Instant>,
    is_told: bool,
    reason: Option<(Instant, String)>,
}

impl Loss {
    /// Why a connection to a broker ended or could not be had.
    pub(super) fn heard(&mut self, reason: String, now: Instant) {
        self.reason = Some((now, reason));
    }

    /// All brokers are down.
    pub(super) fn lost(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    /// The reason of a loss that is to be told now.
    pub(super) fn due(&mut self, now: Instant) -> Option<String> {
        let since = self.since.filter(|_| !self.is_told)?;
        let fresh = self.reason.as_ref().filter(|(at, _)| *at + FRESH >= since).map(|(_, reason)| reason.clone());
        let is_over = now.saturating_duration_since(since) >= EXPLAINING;
        let reason = fresh.or_else(|| is_over.then(|| "no answer".to_owned()))?;
        self.is_told = true;
        Some(reason)
    }

    /// A broker has a connection: true when the loss before it was told.
    pub(super) fn back(&mut self) -> bool {
        let was_told = self.since.is_some() && self.is_told;
        if self.since.is_some() {
            *self = Self::default();
        }
        was_told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_that_comes_after_the_loss_is_waited_for() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut loss = Loss::default();
        loss.lost(at(0));
        assert_eq!(loss.due(at(100)), None);
        loss.heard("connection refused".into(), at(150));
        assert_eq!(loss.due(at(200)).as_deref(), Some("connection refused"));
        loss.lost(at(300));
        loss.heard("timed out".into(), at(300));
        assert_eq!(loss.due(at(900)), None, "told once");
        assert!(loss.back());
        assert!(!loss.back());
    }

    #[test]
    fn a_reason_of_long_ago_is_not_taken_for_it() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut loss = Loss::default();
        loss.heard("timed out".into(), at(0));
        loss.lost(at(60));
        assert_eq!(loss.due(at(60)), None);
        assert_eq!(loss.due(at(61)).as_deref(), Some("no answer"));
        assert!(loss.back());
        loss.lost(at(70));
        assert_eq!(loss.due(at(71)).as_deref(), Some("no answer"), "forgotten when the broker came back");
    }

    #[test]
    fn a_loss_that_ended_before_it_was_told_was_none() {
        let start = Instant::now();
        let mut loss = Loss::default();
        loss.lost(start);
        assert!(!loss.back());
        assert_eq!(loss.due(start + EXPLAINING), None);
    }
}
