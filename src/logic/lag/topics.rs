//! Topics: what is in them, how fast they grow, and what is to be said of them.

use std::collections::{BTreeMap, BTreeSet};

use super::figures::{TopicFigures, TopicNote};
use super::past::{BUCKET_MS, Past};
use super::round::{Partition, Round, Topic};
use super::trace::Trace;

/// How long a topic that went is still told of.
pub(super) const TOLD_GONE_MS: i64 = 15 * 60_000;

/// A transaction that hides records for less is the ordinary way of things.
const OPEN_FOR_MS: i64 = 4_000;

/// Where Kafka keeps its transactions; made with the first of them.
const TRANSACTIONS: &str = "__transaction_state";

/// One partition over time.
#[derive(Clone, Debug, Default)]
struct Ends {
    end: Trace,
    stable: Trace,
}

/// One topic over time.
#[derive(Clone, Debug, Default)]
struct Seen {
    last: Topic,
    partitions: BTreeMap<i32, Ends>,
    past: Past,
    is_transactional: bool,
    gone_since_ms: Option<i64>,
}

/// All topics that were seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Topics {
    seen: BTreeMap<String, Seen>,
    leaderless: BTreeMap<(String, i32), i64>,
}

impl Topics {
    pub(super) fn observe(&mut self, round: &Round, at_ms: i64) {
        let there: BTreeSet<&str> = round.topics.iter().map(|topic| topic.name.as_str()).collect();
        self.seen.retain(|name, seen| {
            if !there.contains(name.as_str()) {
                seen.gone_since_ms.get_or_insert(at_ms);
            }
            seen.gone_since_ms.is_none_or(|since_ms| at_ms - since_ms < TOLD_GONE_MS)
        });
        let leaderless = round.topics.iter().flat_map(|topic| {
            let without = topic.partitions.iter().filter(|one| one.leader.is_none());
            without.map(|one| (topic.name.clone(), one.partition))
        });
        let before = std::mem::take(&mut self.leaderless);
        self.leaderless =
            leaderless.map(|place| (place.clone(), before.get(&place).copied().unwrap_or(at_ms))).collect();
        for topic in &round.topics {
            let seen = self.seen.entry(topic.name.clone()).or_default();
            if seen.gone_since_ms.is_some() {
                // It is another one of the same name.
                *seen = Seen::default();
            }
            seen.observe(topic, at_ms);
        }
    }

    /// Partitions without a leader, `orders/2`, and since when.
    pub(super) fn leaderless(&self) -> Vec<(String, i64)> {
        self.leaderless.iter().map(|((topic, partition), since)| (format!("{topic}/{partition}"), *since)).collect()
    }

    /// Messages that come into a topic, a second.
    pub(super) fn in_per_second(&self, topic: &str) -> Option<f64> {
        self.seen.get(topic)?.in_per_second()
    }

    /// Messages that come into a partition, a second.
    pub(super) fn in_of_partition(&self, topic: &str, partition: i32) -> Option<f64> {
        self.ends(topic, partition)?.end.growth_per_second()
    }

    /// For how long nothing has come into a partition.
    pub(super) fn quiet_ms(&self, topic: &str, partition: i32) -> i64 {
        self.ends(topic, partition).map_or(0, |ends| ends.end.unchanged_ms())
    }

    /// The offsets of a partition that a transaction hides which is open for longer than is ordinary.
    pub(super) fn hidden(&self, topic: &str, partition: i32) -> i64 {
        self.ends(topic, partition).map_or(0, Ends::hidden)
    }

    fn ends(&self, topic: &str, partition: i32) -> Option<&Ends> {
        self.seen.get(topic)?.partitions.get(&partition)
    }

    /// Whether it was there and is not any more.
    pub(super) fn is_gone(&self, topic: &str) -> bool {
        self.seen.get(topic).is_none_or(|seen| seen.gone_since_ms.is_some())
    }

    /// What is shown of each. `readers` says how many groups read it; `marked` are topics in which a marker was met.
    pub(super) fn figures(
        &self,
        readers: &BTreeMap<&str, usize>,
        marked: &BTreeSet<&str>,
        now_ms: i64,
    ) -> Vec<TopicFigures> {
        // Where no transaction ever was there are no markers; where there was one, any topic may hold some.
        let may_be_marked = self.seen.contains_key(TRANSACTIONS);
        let figures = |(name, seen): (&String, &Seen)| {
            let groups = readers.get(name.as_str()).copied().unwrap_or(0);
            let figures = seen.figures(groups, marked.contains(name.as_str()), now_ms);
            TopicFigures { is_at_most: figures.is_at_most || (may_be_marked && figures.messages != Some(0)), ..figures }
        };
        self.seen.iter().map(figures).collect()
    }
}

impl Ends {
    fn hidden(&self) -> i64 {
        let hidden = self.end.last().zip(self.stable.last()).map_or(0, |(end, stable)| end - stable);
        if hidden > 0 && self.stable.unchanged_ms() >= OPEN_FOR_MS { hidden } else { 0 }
    }
}

impl Seen {
    fn observe(&mut self, topic: &Topic, at_ms: i64) {
        let mut came = None;
        for one in &topic.partitions {
            let ends = self.partitions.entry(one.partition).or_default();
            if let Some(end) = one.end {
                *came.get_or_insert(0) += ends.end.push_growing(at_ms, end);
            }
            if let Some(stable) = one.stable_end {
                ends.stable.push_growing(at_ms, stable);
            }
            // The end was asked for first: records below it that are not stable now are in an open transaction.
            self.is_transactional |= one.end.zip(one.stable_end).is_some_and(|(end, stable)| stable < end);
        }
        self.partitions.retain(|number, _| topic.partitions.iter().any(|one| one.partition == *number));
        if let Some(came) = came {
            self.past.add(at_ms, came as f64 * 1_000.0 / BUCKET_MS as f64);
        }
        let is_compacted = topic.is_compacted.or(self.last.is_compacted);
        self.last = Topic { is_compacted, ..topic.clone() };
    }

    fn in_per_second(&self) -> Option<f64> {
        let rates = self.partitions.values().filter_map(|ends| ends.end.growth_per_second());
        rates.reduce(|sum, rate| sum + rate)
    }

    fn figures(&self, groups: usize, has_markers: bool, now_ms: i64) -> TopicFigures {
        let topic = &self.last;
        let is_gone = self.gone_since_ms.is_some();
        let sum = |of: &dyn Fn(&Partition) -> Option<i64>| topic.partitions.iter().map(of).sum::<Option<i64>>();
        let messages = sum(&|one| Some(one.end? - one.first?)).filter(|_| !is_gone);
        let is_transactional = self.is_transactional || has_markers;
        TopicFigures {
            name: topic.name.clone(),
            is_internal: topic.is_internal(),
            partitions: topic.partitions.len(),
            replication_factor: topic.partitions.iter().map(|one| one.replicas.len()).max().unwrap_or(0),
            in_sync: topic.partitions.iter().map(|one| one.isr.len()).min().unwrap_or(0),
            first: sum(&|one| one.first).filter(|_| !is_gone),
            end: sum(&|one| one.end).filter(|_| !is_gone),
            messages,
            is_at_most: messages != Some(0) && (is_transactional || topic.is_compacted == Some(true)),
            in_per_second: self.in_per_second().filter(|_| !is_gone),
            history: self.past.finished(now_ms),
            groups,
            note: self.note(is_transactional, messages),
        }
    }

    fn note(&self, is_transactional: bool, messages: Option<i64>) -> Option<TopicNote> {
        if let Some(since_ms) = self.gone_since_ms {
            return Some(TopicNote::Deleted { since_ms });
        }
        let count = |is: &dyn Fn(&Partition) -> bool| self.last.partitions.iter().filter(|one| is(one)).count();
        let hidden = self.partitions.values().map(Ends::hidden).sum();
        match (count(&|one| one.leader.is_none()), count(&is_under_replicated)) {
            (partitions @ 1.., _) => Some(TopicNote::NoLeader { partitions }),
            (_, partitions @ 1..) => Some(TopicNote::UnderReplicated { partitions }),
            _ if hidden > 0 => Some(TopicNote::OpenTransaction { hidden }),
            _ if self.last.is_compacted == Some(true) => Some(TopicNote::Compacted),
            _ if messages == Some(0) => Some(TopicNote::Empty),
            _ if is_transactional => Some(TopicNote::Transactional),
            _ => None,
        }
    }
}

impl TopicFigures {
    /// Whether it went while it was watched.
    pub fn is_deleted(&self) -> bool {
        matches!(self.note, Some(TopicNote::Deleted { .. }))
    }
}

/// Whether fewer replicas are in sync than there should be.
pub(super) fn is_under_replicated(one: &Partition) -> bool {
    one.isr.len() < one.replicas.len()
}
