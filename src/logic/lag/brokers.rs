//! Brokers: who is up, who is missing and since when, who is the controller.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::figures::{BrokerFigures, Role};
use super::round::Round;
use super::trace::{ROUNDS_OF_A_TREND, WINDOW_MS};

/// A broker that keeps no partition is missed for so long after it went; then it was meant to go.
const MISSED_MS: i64 = 15 * 60_000;

#[derive(Clone, Debug, Default)]
struct Seen {
    place: Option<(String, u16)>,
    down_since_ms: Option<i64>,
}

/// All brokers that were heard of.
#[derive(Clone, Debug, Default)]
pub(super) struct Brokers {
    seen: BTreeMap<i32, Seen>,
    controllers: VecDeque<(i64, i32)>,
}

impl Brokers {
    pub(super) fn observe(&mut self, round: &Round, at_ms: i64) {
        for broker in &round.brokers {
            let place = Some((broker.host.clone(), broker.port));
            self.seen.insert(broker.id, Seen { place, down_since_ms: None });
        }
        let partitions = round.topics.iter().flat_map(|topic| &topic.partitions);
        let needed: BTreeSet<i32> = partitions.flat_map(|one| one.replicas.iter().copied()).collect();
        for id in &needed {
            self.seen.entry(*id).or_default();
        }
        let up: BTreeSet<i32> = round.brokers.iter().map(|broker| broker.id).collect();
        self.seen.retain(|id, seen| {
            if !up.contains(id) {
                seen.down_since_ms.get_or_insert(at_ms);
            }
            needed.contains(id) || seen.down_since_ms.is_none_or(|since_ms| at_ms - since_ms < MISSED_MS)
        });
        // One that was not told in time is still the one that it was.
        self.controllers.extend(round.controller.map(|id| (at_ms, id)));
        self.controllers.retain(|(then_ms, _)| (at_ms - WINDOW_MS..=at_ms).contains(then_ms));
    }

    /// The controller on which all looks agree. A KRaft cluster hides its own and names any broker, another one each
    /// time, so that one look of several brokers proves nothing.
    pub(super) fn controller(&self) -> Option<i32> {
        let (_, named) = self.controllers.back()?;
        let is_alone = self.seen.len() == 1;
        let is_proved = is_alone || self.controllers.len() >= ROUNDS_OF_A_TREND;
        let all_agree = self.controllers.iter().all(|(_, other)| other == named);
        (is_proved && all_agree).then_some(*named)
    }

    pub(super) fn figures(&self, round: &Round) -> Vec<BrokerFigures> {
        let controller = self.controller();
        let figures = |(id, seen): (&i32, &Seen)| {
            let partitions = || round.topics.iter().flat_map(|topic| &topic.partitions);
            BrokerFigures {
                id: *id,
                host: seen.place.as_ref().map(|(host, _)| host.clone()),
                port: seen.place.as_ref().map(|(_, port)| *port),
                role: if controller == Some(*id) { Role::Controller } else { Role::Broker },
                down_since_ms: seen.down_since_ms,
                leads: partitions().filter(|one| one.leader == Some(*id)).count(),
                replicas: partitions().filter(|one| one.replicas.contains(id)).count(),
                in_sync: partitions().filter(|one| one.isr.contains(id)).count(),
            }
        };
        self.seen.iter().map(figures).collect()
    }
}
