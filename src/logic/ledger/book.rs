//! The ledger: the decision about each message, and the orders that follow from what is learnt.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Identity;
use super::partition::{Partition, Stage};
use super::target::Targets;
use super::watch::MUTE;
use crate::words::record::Gap;
use crate::words::seal::SealedPosition;

/// What to do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Its line is there already, or it is not of the log that is being read.
    Skip,
    /// It is due; so many offsets before it hold no message for anybody.
    Append {
        /// What the line's `gap_before` says.
        gap_before: i64,
    },
}

/// What the ledger wants to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write the line of a gap, before any later message, and say so in the log.
    TellGap {
        /// The partition that the line names.
        partition: i32,
        /// What is missing.
        gap: Gap,
    },
    /// Seal everything that was written, and wait for it: what comes next is of a log that the seal
    /// does not name yet, and a start after a crash must not take the two for one.
    SealNow,
    /// Read a partition from here on.
    Read {
        /// Which.
        partition: i32,
        /// The first offset to deliver.
        offset: i64,
        /// The epoch of the line before it, for the broker to compare.
        leader_epoch: Option<i32>,
    },
    /// Look at the topic again, at once.
    Look,
    /// Every partition is being read for the first time.
    AllBegun,
    /// The topic has grown.
    PartitionsAdded(Vec<i32>),
    /// Throw the consumer away and make another.
    Rebuild {
        /// Why, for people.
        reason: String,
    },
}

/// What a trail said about itself when it was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// What its lines are of.
    pub identity: Identity,
    /// Where each partition goes on.
    pub positions: BTreeMap<i32, SealedPosition>,
    /// Up to which published offset it was told that the file, or the log, reaches less far, by partition.
    pub rolled_back: BTreeMap<i32, i64>,
}

/// Where a partition stands, for reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The next offset to write.
    pub next: i64,
    /// One past the last that can be read, if known.
    pub readable_end: Option<i64>,
    /// How far everything is read, markers included.
    pub reached: i64,
}

/// Decides what becomes of each message, and what to do about everything else.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub(super) identity: Identity,
    pub(super) partitions: BTreeMap<i32, Partition>,
    pub(super) rolled_back: BTreeMap<i32, i64>,
    pub(super) effects: VecDeque<Effect>,
    pub(super) targets: Option<Targets>,
    /// Whether the topic was seen since the consumer was made.
    pub(super) greeted: bool,
    pub(super) all_begun: bool,
    /// Ids of topics that were told to be no more: a broker that lags may still name them.
    pub(super) former: BTreeSet<String>,
}

impl Ledger {
    /// From what the trail says.
    pub fn new(recovered: Recovered) -> Self {
        let Recovered { identity, positions, rolled_back } = recovered;
        let partitions = positions.iter().map(|(&number, at)| (number, Partition::recovered(at))).collect();
        Self {
            identity,
            partitions,
            rolled_back,
            effects: VecDeque::new(),
            targets: None,
            greeted: false,
            all_begun: false,
            former: BTreeSet::new(),
        }
    }

    /// The next thing to be done, if any.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// Whether anything is to be done.
    pub fn has_effects(&self) -> bool {
        !self.effects.is_empty()
    }

    /// Decides about a message, and moves past it when it is due. Kafka gives the offsets of a
    /// partition in order; those before the position are its repetition, those after it were
    /// skipped because nobody can have them.
    pub fn message(&mut self, partition: i32, offset: i64, leader_epoch: Option<i32>) -> Decision {
        let Some(known) = self.partitions.get_mut(&partition) else { return Decision::Skip };
        let (Stage::Reading, Some(next)) = (known.stage, known.next) else { return Decision::Skip };
        if offset < next {
            return Decision::Skip;
        }
        // Within one log the epoch never falls. If it does, this is not the log that our lines are of, and
        // more of it is on its way: none of that may be taken for what is read next.
        if let (Some(ours), Some(theirs)) = (known.leader_epoch, leader_epoch)
            && theirs < ours
        {
            known.doubts += 1;
            self.rebuild(format!(
                "offset {offset} of partition {partition} is of epoch {theirs}, and the line before it of epoch {ours}"
            ));
            return Decision::Skip;
        }
        let gap_before = offset - next + std::mem::take(&mut known.gone_before);
        known.next = Some(offset + 1);
        known.leader_epoch = leader_epoch.or(known.leader_epoch);
        known.without_line = false;
        known.doubts = 0;
        known.compared = false;
        known.patience = MUTE;
        self.passed(partition, offset + 1);
        Decision::Append { gap_before }
    }

    /// A partition was read up to `next`, the next offset to come.
    pub fn partition_end(&mut self, partition: i32, next: i64) {
        if let Some(known) = self.partitions.get_mut(&partition)
            && known.stage == Stage::Reading
        {
            known.read_to = Some(next);
            // It was read from where we stand: the log and ours agree.
            if known.next.is_some_and(|ours| next >= ours) {
                known.doubts = 0;
                known.compared = false;
            }
            known.patience = MUTE;
            self.passed(partition, next);
        }
    }

    /// One past the last offset that can be read now.
    pub fn end_heard(&mut self, partition: i32, readable_end: Option<i64>) {
        if let (Some(known), Some(_)) = (self.partitions.get_mut(&partition), readable_end) {
            known.end = readable_end;
        }
    }

    fn passed(&mut self, partition: i32, next: i64) {
        if let Some(targets) = &mut self.targets {
            targets.reached(partition, next);
        }
    }

    pub(super) fn tell(&mut self, partition: i32, gap: Gap) {
        if let Some(told) = gap.tells_of_published() {
            self.rolled_back.insert(partition, told);
        }
        self.effects.push_back(Effect::TellGap { partition, gap });
    }

    /// What the lines are of.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Where each partition stands, as a seal keeps it.
    pub fn positions(&self) -> BTreeMap<i32, SealedPosition> {
        self.partitions.iter().filter_map(|(&number, known)| Some((number, known.position()?))).collect()
    }

    /// Up to which published offset a roll-back was told, by partition.
    pub fn rolled_back(&self) -> &BTreeMap<i32, i64> {
        &self.rolled_back
    }

    fn reading(&self) -> impl Iterator<Item = (i32, &Partition, i64)> {
        let reading = self.partitions.iter().filter(|(_, known)| known.stage == Stage::Reading);
        reading.filter_map(|(&number, known)| Some((number, known, known.next?)))
    }

    /// The next offset of each partition that is being read: what may be published once it is synced.
    pub fn recorded(&self) -> BTreeMap<i32, i64> {
        self.reading().map(|(number, _, next)| (number, next)).collect()
    }

    /// Where each partition that is being read stands.
    pub fn standings(&self) -> BTreeMap<i32, Standing> {
        let standing = |known: &Partition, next| Standing {
            next,
            readable_end: known.end,
            reached: known.read_to.map_or(next, |to| next.max(to)),
        };
        self.reading().map(|(number, known, next)| (number, standing(known, next))).collect()
    }

    /// Whether every partition that is ours is being read.
    pub fn is_begun(&self) -> bool {
        self.greeted && self.partitions.values().all(Partition::is_settled)
    }

    /// What could be read when each partition was last looked at is what is to be read before stopping.
    pub fn aim_at_known_ends(&mut self) {
        let ends = self.reading().filter_map(|(number, known, _)| Some((number, known.end?))).collect();
        self.aim_at(ends);
    }

    /// These ends are to be reached before stopping.
    pub fn aim_at(&mut self, ends: BTreeMap<i32, i64>) {
        let mut targets = Targets::new(ends);
        for (&number, known) in &self.partitions {
            if let Some(reached) = known.reached() {
                targets.reached(number, reached);
            }
        }
        self.targets = Some(targets);
    }

    /// Whether it is known what must be read before stopping.
    pub fn has_aim(&self) -> bool {
        self.targets.is_some()
    }

    /// Whether all that was to be read is read.
    pub fn is_done(&self) -> bool {
        self.is_begun() && self.targets.as_ref().is_some_and(Targets::is_done)
    }
}
