//! A service in figures.

use std::sync::Arc;

use crate::doors::health::{Count, Counts, Level, Levels, Seconds, ServiceMeters};
use crate::logic::supply::BreakerState;

/// The figures of a service, by the names under which Prometheus has them without `supply_`.
pub(super) struct SupplyFigures {
    pub(super) meters: Arc<ServiceMeters>,
    pub(super) accepted: Count,
    pub(super) received: Counts,
    pub(super) duplicates: Counts,
    pub(super) conflicts: Count,
    pub(super) rejected: Counts,
    pub(super) outbox_rows: Levels,
    pub(super) outbox_oldest_seconds: Level,
    pub(super) delivered: Counts,
    pub(super) delivery: Seconds,
    pub(super) confirmed: Seconds,
    pub(super) swept: Counts,
    pub(super) late: Count,
    pub(super) breaker_state: Levels,
    pub(super) breaker_transitions: Counts,
    pub(super) quarantined: Level,
    pub(super) commit: Seconds,
    pub(super) told: Counts,
    pub(super) dead_letters: Level,
    pub(super) daily_log_lost: Count,
}

impl SupplyFigures {
    pub(super) fn new() -> Self {
        let meters = ServiceMeters::beginning_with("supply");
        Self {
            accepted: meters.count("accepted", "Orders accepted here"),
            received: meters.counts("received", "Orders and updates received for the first time"),
            duplicates: meters.counts("duplicates", "Copies, which changed nothing"),
            conflicts: meters.count("conflicts", "Orders whose number was another one's"),
            rejected: meters.counts("rejected", "What was not taken"),
            outbox_rows: meters.levels("outbox_rows", "What waits in each lane"),
            outbox_oldest_seconds: meters.level("outbox_oldest_seconds", "How long the oldest of it waits"),
            delivered: meters.counts("delivered", "Acknowledged by Kafka, or taken by the peer"),
            delivery: meters.seconds("delivery_seconds", "From acceptance to Kafka's acknowledgement"),
            confirmed: meters.seconds("confirmed_seconds", "From an order to the first word that came back"),
            swept: meters.counts("swept", "Orders asked after"),
            late: meters.count("late_updates", "Updates that came after a further one"),
            breaker_state: meters.levels("breaker_state", "0 closed, 1 half open, 2 open"),
            breaker_transitions: meters.counts("breaker_transitions", "How many times that has changed"),
            quarantined: meters.level("quarantine_rows", "What is kept that could not be taken"),
            commit: meters.short_seconds("commit_seconds", "Commits of the store, each with its sync"),
            told: meters.counts("subscriber_updates", "What became of updates for subscribers"),
            dead_letters: meters.level("dead_letter_rows", "Updates kept that subscribers were not told of"),
            daily_log_lost: meters.count("daily_log_lost", "Lines of the daily log that could not be written"),
            meters: Arc::new(meters),
        }
    }

    /// The breaker of a destination went from one state to another, or stayed.
    pub(super) fn breaker_went(&self, destination: &str, from: BreakerState, to: BreakerState) {
        if from != to {
            let labels = [("destination", destination), ("from", from.text()), ("to", to.text())];
            self.breaker_transitions.add(&labels, 1);
        }
    }
}
