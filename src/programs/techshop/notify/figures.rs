//! The figures of `notify` and `errors` for Prometheus, and what is said of them.

use std::collections::BTreeMap;

use crate::doors::health::{Count, Level, ServiceEvent, ServiceMeters};
use crate::logic::letters::{Channel, Kind};
use crate::programs::techshop::events;

/// What is counted.
pub(super) struct Figures {
    sent: BTreeMap<(Channel, Kind), Count>,
    retries: Count,
    dead_letters: Count,
    waiting: Level,
}

impl Figures {
    pub(super) fn new(meters: &ServiceMeters, kinds: &[(Channel, Kind)]) -> Self {
        let count = |&(channel, kind): &(Channel, Kind)| {
            let name = format!("{}_{}_sent", channel.as_str(), kind.as_str());
            ((channel, kind), meters.count(&name, "Letters of this channel and kind that were handed over"))
        };
        Self {
            sent: kinds.iter().map(count).collect(),
            retries: meters.count("retries", "Tries that failed and are repeated"),
            dead_letters: meters.count("dead_letters", "Letters that were given up"),
            waiting: meters.level("waiting", "Messages whose letters are under way"),
        }
    }

    pub(super) fn sent(&self, channel: Channel, kind: Kind) {
        if let Some(count) = self.sent.get(&(channel, kind)) {
            count.add(1);
        }
    }

    pub(super) fn retried(&self) {
        self.retries.add(1);
    }

    pub(super) fn given_up(&self) {
        self.dead_letters.add(1);
    }

    pub(super) fn waiting(&self, messages: usize) {
        self.waiting.set(messages.try_into().unwrap_or(i64::MAX));
    }

    /// How many were handed over, in all.
    pub(super) fn all_sent(&self) -> u64 {
        self.sent.values().map(Count::get).sum()
    }

    /// How many were given up.
    pub(super) fn all_given_up(&self) -> u64 {
        self.dead_letters.get()
    }

    /// For the log, while so many messages wait.
    pub(super) fn event(&self, waiting: usize) -> ServiceEvent {
        let sent = self.sent.iter().filter(|(_, count)| count.get() > 0);
        let sent: BTreeMap<String, u64> = sent
            .map(|((channel, kind), count)| (format!("{}_{}", channel.as_str(), kind.as_str()), count.get()))
            .collect();
        events::letters(&sent, self.retries.get(), self.dead_letters.get(), waiting)
    }
}
