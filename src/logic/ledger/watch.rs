//! What is seen of the topic from outside, and what follows from it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::book::{Effect, Ledger};
use super::partition::{Partition, Stage};
use super::{Identity, Moment};
use crate::words::record::{Gap, GapKind};

/// A consumer that delivers nothing at all for so long, while there is something, is mute.
pub(super) const MUTE: Duration = Duration::from_secs(5);

/// So many looks may see a log that ends before our position, as it may for a moment after a change of
/// leaders; then the consumer should have said what became of it.
const SHORT: u32 = 3;

/// The longest that the silence of one consumer after another is borne.
const LONGEST_PATIENCE: Duration = Duration::from_secs(600);

/// A partition that stands still for so many times longer, while others move, is one that the consumer
/// forgot.
const FORGOTTEN: u32 = 6;

/// The topic, as the brokers describe it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// Which cluster and topic.
    pub identity: Identity,
    /// How many partitions it has.
    pub partitions: i32,
    /// By partition, the oldest offset and one past the last that can be read; those without an
    /// answer are missing.
    pub ends: BTreeMap<i32, (i64, i64)>,
    /// What this trail had published, by partition; empty while that is not known.
    pub published: BTreeMap<i32, i64>,
}

impl Ledger {
    /// The topic was looked at. `accepts` says which partitions are ours; `idle`: for how long the
    /// consumer has had nothing to deliver although it was asked.
    pub fn see(&mut self, sight: &Sight, accepts: impl Fn(i32) -> bool, idle: Duration, at: Moment) {
        if sight.identity.topic_id.as_ref().is_some_and(|topic| self.former.contains(topic)) {
            return;
        }
        if !self.greeted {
            self.greet(sight, &accepts, at);
        } else if let Some(reason) = self.is_another(&sight.identity) {
            self.rebuild(reason);
            return;
        }
        self.learn(&sight.identity);
        self.add_new(sight.partitions, &accepts, at);
        for (&partition, &(low, readable_end)) in &sight.ends {
            self.ends_known(partition, low, readable_end, at);
        }
        self.say_when_all_are_begun();
        if let Some(reason) = self.mute(idle, at) {
            self.rebuild(reason);
        }
    }

    /// The consumer says that the topic under it is another one now.
    pub fn topic_changed(&mut self) {
        self.rebuild("the topic was made anew".to_owned());
    }

    pub(super) fn rebuild(&mut self, reason: String) {
        self.greeted = false;
        for known in self.partitions.values_mut() {
            known.stage = Stage::Apart;
            known.behind = None;
        }
        self.effects.push_back(Effect::Rebuild { reason });
    }

    /// Nothing was taken from the consumer for a while, for reasons of ours: that is not its silence.
    pub fn held_up(&mut self) {
        for known in self.partitions.values_mut() {
            known.behind = None;
        }
    }

    fn is_another(&self, seen: &Identity) -> Option<String> {
        let differs = |ours: &Option<String>, theirs: &Option<String>| matches!((ours, theirs), (Some(ours), Some(theirs)) if ours != theirs);
        if differs(&self.identity.cluster_id, &seen.cluster_id) {
            return Some("the brokers are another cluster".to_owned());
        }
        differs(&self.identity.topic_id, &seen.topic_id).then(|| "the topic was made anew".to_owned())
    }

    fn greet(&mut self, sight: &Sight, accepts: &impl Fn(i32) -> bool, at: Moment) {
        self.greeted = true;
        let Identity { cluster_id, topic_id } = sight.identity.clone();
        let changed =
            |ours: &Option<String>, theirs: &Option<String>| ours.is_some() && theirs.is_some() && ours != theirs;
        if changed(&self.identity.cluster_id, &cluster_id) {
            self.another(GapKind::ClusterChanged, self.identity.cluster_id.clone(), cluster_id.clone());
            self.identity.topic_id = None;
        } else if changed(&self.identity.topic_id, &topic_id) {
            self.another(GapKind::TopicRecreated, self.identity.topic_id.clone(), topic_id.clone());
        } else {
            for (partition, &committed) in &sight.published {
                // Also one without a line: all that it had may have been rolled back.
                if accepts(*partition) && *partition < sight.partitions {
                    self.partitions.entry(*partition).or_insert_with(Partition::new).published = Some(committed);
                }
            }
        }
        let before = self.identity.clone();
        self.identity.cluster_id = cluster_id.or(self.identity.cluster_id.take());
        self.identity.topic_id = topic_id.or(self.identity.topic_id.take());
        if self.identity != before {
            self.effects.push_back(Effect::SealNow);
            self.former.extend(before.topic_id.filter(|topic| self.identity.topic_id.as_ref() != Some(topic)));
        }
        self.miss(sight.partitions, accepts);
        for (&number, known) in &mut self.partitions {
            known.stage = if accepts(number) { Stage::Waiting { look: at + MUTE } } else { Stage::Apart };
        }
    }

    /// Ids that were not known when the topic was first seen, as while brokers are being upgraded.
    fn learn(&mut self, seen: &Identity) {
        let Identity { cluster_id, topic_id } = &mut self.identity;
        let before = (cluster_id.clone(), topic_id.clone());
        if cluster_id.is_none() {
            cluster_id.clone_from(&seen.cluster_id);
        }
        if topic_id.is_none() {
            topic_id.clone_from(&seen.topic_id);
        }
        if (&before.0, &before.1) != (&*cluster_id, &*topic_id) {
            self.effects.push_back(Effect::SealNow);
        }
    }

    /// All partitions begin anew. One line tells it, for the first that had a position.
    fn another(&mut self, kind: GapKind, old: Option<String>, new: Option<String>) {
        let positions: BTreeMap<i32, i64> =
            self.partitions.iter().filter_map(|(&number, known)| Some((number, known.next?))).collect();
        self.partitions.values_mut().for_each(Partition::reset);
        self.rolled_back.clear();
        if let Some((&partition, &from)) = positions.first_key_value() {
            self.tell(partition, Gap { old, new, positions, ..Gap::new(kind, from, 0) });
        }
    }

    /// Tells of partitions that the topic has no more.
    fn miss(&mut self, partitions: i32, accepts: &impl Fn(i32) -> bool) {
        let gone = |number: i32, known: &Partition| number >= partitions && accepts(number) && known.next.is_some();
        let missing: Vec<(i32, i64)> = self
            .partitions
            .iter()
            .filter(|(number, known)| gone(**number, known))
            .filter_map(|(&number, known)| Some((number, known.next?)))
            .collect();
        for (number, next) in missing {
            self.partitions.remove(&number);
            self.rolled_back.remove(&number);
            self.tell(number, Gap::new(GapKind::PartitionMissing, next, 0));
        }
        // Of those without a position nothing can be missed.
        self.partitions.retain(|&number, known| number < partitions || known.next.is_some());
        if let Some(targets) = &mut self.targets {
            targets.forget_from(partitions);
        }
    }

    fn add_new(&mut self, partitions: i32, accepts: &impl Fn(i32) -> bool, at: Moment) {
        let mut added = Vec::new();
        for number in (0..partitions).filter(|&number| accepts(number)) {
            let known = self.partitions.entry(number).or_insert_with(Partition::new);
            if known.stage == Stage::Apart {
                known.stage = Stage::Waiting { look: at + MUTE };
                added.push(number);
            }
        }
        if self.all_begun && !added.is_empty() && !self.is_fresh() {
            self.effects.push_back(Effect::PartitionsAdded(added));
        }
    }

    /// Whether nothing is being read yet: then no partition is an addition.
    fn is_fresh(&self) -> bool {
        !self.partitions.values().any(|known| known.stage == Stage::Reading)
    }

    /// Why the consumer must be believed to be mute, if it must.
    fn mute(&mut self, idle: Duration, at: Moment) -> Option<String> {
        for (number, known) in &mut self.partitions {
            known.short = match (known.stage, known.next, known.end) {
                (Stage::Reading, Some(next), Some(end)) if end < next => known.short + 1,
                _ => 0,
            };
            if known.short > SHORT {
                known.short = 0;
                let (next, end) = (known.next.unwrap_or(0), known.end.unwrap_or(0));
                return Some(format!(
                    "the log of partition {number} ends at {end}, before {next}, and the consumer does not say so"
                ));
            }
            let (Stage::Reading, Some(reached), Some(end)) = (known.stage, known.reached(), known.end) else {
                continue;
            };
            match known.behind {
                _ if end <= reached => known.behind = None,
                Some((since, stood_at)) if stood_at == reached => {
                    let silence = at.saturating_sub(since);
                    let patience = known.patience;
                    if (silence >= patience && idle >= patience) || silence >= patience * FORGOTTEN {
                        known.patience = (patience * 2).min(LONGEST_PATIENCE);
                        let seconds = silence.as_secs();
                        let reason = format!(
                            "nothing came from partition {number} for {seconds} s, though it can be read from {reached} to {end}"
                        );
                        return Some(reason);
                    }
                }
                _ => known.behind = Some((at, reached)),
            }
        }
        None
    }
}
