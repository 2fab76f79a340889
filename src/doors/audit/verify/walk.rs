//! Whether the lines of each partition follow one another. Pure.
//!
//! What a line makes of positions, epochs and `rolled_back` is what the ledger and its `Replay` make of
//! it. `Replay` itself ends at the first line that does not follow and takes each line's text; here lines
//! were read by threads before, and after a damaged one as much as possible is still judged.

use std::collections::BTreeMap;

use super::line::{Content, LineFacts, MessageFacts};
use crate::words::record::{Gap, GapKind};
use crate::words::seal::SealedPosition;

/// Where a partition stands that has a line of the topic that is there now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    /// The next offset; `None` after a line that could not be read: then any offset may follow.
    next: Option<i64>,
    /// Of the last line that told one.
    leader_epoch: Option<i32>,
    /// Whether the last message told none: a tracker that has restarted since does not know it any more.
    is_epoch_open: bool,
}

/// How many lines are what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) valid: u64,
    pub(super) invalid: u64,
    pub(super) gaps: u64,
}

/// The partitions of a trail on the way through its lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Walk {
    standings: BTreeMap<i32, Standing>,
    /// Whether a line could not be read, so that partitions may have lines that nobody saw.
    is_unsure: bool,
    /// Up to which published offset a line accounts for it; `None` where none can since the partition went.
    rolled_back: BTreeMap<i32, Option<i64>>,
    /// Whether lines are not here that may have told more of that.
    is_rolled_back_open: bool,
    counts: Counts,
    /// Lines of the Go program whose offset had been there.
    repeated: u64,
}

impl Walk {
    /// From where `positions` says that archived lines end.
    pub(super) fn from_positions(positions: &BTreeMap<i32, SealedPosition>) -> Self {
        let mut walk = Self::default();
        walk.go_on_at(positions);
        walk
    }

    /// Takes `positions` for those of the lines so far, and keeps what was counted.
    pub(super) fn go_on_at(&mut self, positions: &BTreeMap<i32, SealedPosition>) {
        let standing = |position: &SealedPosition| Standing {
            next: Some(position.next),
            leader_epoch: position.leader_epoch,
            is_epoch_open: false,
        };
        let with_line = positions.iter().filter(|(_, position)| !position.without_line);
        self.standings = with_line.map(|(partition, position)| (*partition, standing(position))).collect();
        self.is_unsure = false;
        self.rolled_back.clear();
        self.is_rolled_back_open = true;
    }

    /// How many lines were what.
    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// The partitions that have lines of the topic that is there now.
    pub(super) fn partitions(&self) -> usize {
        self.standings.len()
    }

    /// How many lines of the Go program came a second time.
    pub(super) fn repeated(&self) -> u64 {
        self.repeated
    }

    /// Goes past a line, and says what does not follow. `may_be_go` for those that the Go program
    /// may have written.
    pub(super) fn pass(&mut self, facts: &LineFacts, may_be_go: bool) -> Option<String> {
        match &facts.content {
            Some(Content::Message(message)) => {
                let count = if message.is_valid { &mut self.counts.valid } else { &mut self.counts.invalid };
                *count += 1;
                self.pass_message(*message, may_be_go)
            }
            Some(Content::Gap { partition, gap }) => {
                self.counts.gaps += 1;
                self.pass_gap(*partition, gap)
            }
            None => {
                self.standings.values_mut().for_each(|standing| standing.next = None);
                self.is_unsure = true;
                self.rolled_back.clear();
                self.is_rolled_back_open = true;
                None
            }
        }
    }

    /// Where the first message line of a partition goes on from: it tells all that was gone before it.
    fn beginning(&self) -> Option<i64> {
        (!self.is_unsure).then_some(0)
    }

    fn pass_message(&mut self, message: MessageFacts, may_be_go: bool) -> Option<String> {
        let MessageFacts { partition, offset, gap_before, leader_epoch, is_plain, .. } = message;
        let after = offset.saturating_add(1);
        let before = self.standings.get(&partition).copied();
        let known_next = before.map_or(self.beginning(), |standing| standing.next);
        let leader_epoch_now = leader_epoch.or(before.and_then(|standing| standing.leader_epoch));
        let is_epoch_open = leader_epoch.is_none();
        let mut next = after;
        let mut wrong = None;
        if let Some(due) = known_next {
            let is_go = is_plain && may_be_go;
            if is_go {
                if offset < due {
                    self.repeated += 1;
                    next = due;
                }
            } else if offset.checked_sub(gap_before) != Some(due) {
                let told = if gap_before == 0 { String::new() } else { format!(" with gap_before {gap_before}") };
                wrong = Some(format!("it has offset {offset}{told} of partition {partition}, where {due} was due"));
            }
        }
        self.standings.insert(partition, Standing { next: Some(next), leader_epoch: leader_epoch_now, is_epoch_open });
        wrong
    }

    fn pass_gap(&mut self, partition: i32, gap: &Gap) -> Option<String> {
        // As a first line it may begin anywhere: where reading began is told by no line.
        let due = self.standings.get(&partition).and_then(|standing| standing.next);
        let wrong = due
            .filter(|due| *due != gap.from)
            .map(|due| format!("its gap of partition {partition} begins at offset {}, where {due} was due", gap.from))
            .or_else(|| if gap.kind.is_of_all_partitions() { self.wrong_positions(partition, gap) } else { None });
        if let Some(told) = gap.tells_of_published() {
            self.rolled_back.insert(partition, Some(told));
        }
        match gap.kind {
            GapKind::TopicRecreated | GapKind::ClusterChanged => {
                self.standings.clear();
                self.rolled_back.clear();
                (self.is_unsure, self.is_rolled_back_open) = (false, false);
            }
            GapKind::PartitionMissing => {
                self.standings.remove(&partition);
                self.rolled_back.insert(partition, None);
            }
            GapKind::Retention | GapKind::Truncation | GapKind::FileRolledBack => {
                let leader_epoch = gap.leader_epoch;
                self.standings.insert(partition, Standing { next: Some(gap.to), leader_epoch, is_epoch_open: false });
            }
        }
        wrong
    }

    /// Whether the positions that a gap of all partitions tells are those of the lines before it, and it
    /// stands at the lowest. Partitions that have no line may be among them.
    fn wrong_positions(&self, partition: i32, gap: &Gap) -> Option<String> {
        if gap.positions.first_key_value() != Some((&partition, &gap.from)) {
            return Some("it does not stand at the lowest partition of its positions".to_owned());
        }
        self.standings.iter().find_map(|(partition, standing)| {
            let due = standing.next?;
            match gap.positions.get(partition) {
                Some(told) if *told == due => None,
                Some(told) => Some(format!("it says that partition {partition} stood at {told}, where {due} was due")),
                None => Some(format!("it does not tell where partition {partition} stood")),
            }
        })
    }

    /// What of `positions`, which a seal or a closed segment tells, is not so.
    pub(super) fn contradicts(&self, positions: &BTreeMap<i32, SealedPosition>) -> Option<String> {
        let wrong = |(partition, told): (&i32, &SealedPosition)| self.contradicts_one(*partition, told);
        if let Some(wrong) = positions.iter().find_map(wrong) {
            return Some(wrong);
        }
        let untold = self.standings.keys().find(|partition| !positions.contains_key(partition))?;
        (!self.is_unsure).then(|| format!("it does not tell the position of partition {untold}"))
    }

    fn contradicts_one(&self, partition: i32, told: &SealedPosition) -> Option<String> {
        let Some(standing) = self.standings.get(&partition) else {
            let is_good = self.is_unsure || (told.without_line && told.next >= 0 && told.leader_epoch.is_none());
            return (!is_good)
                .then(|| format!("partition {partition} has no line, and it says what its last one tells"));
        };
        if told.without_line {
            let what = || format!("it says that partition {partition} has no line, and there is one");
            return (!self.is_unsure).then(what);
        }
        if let Some(due) = standing.next.filter(|due| *due != told.next) {
            return Some(format!("partition {partition} stands at {due}, and it says {}", told.next));
        }
        let is_open = standing.next.is_none() || (standing.is_epoch_open && told.leader_epoch.is_none());
        (told.leader_epoch != standing.leader_epoch && !is_open)
            .then(|| format!("the leader epoch of partition {partition} is another one"))
    }

    /// What of `told`, by a seal, is not so. Of lines that are not here it may tell more.
    pub(super) fn contradicts_rolled_back(&self, told: &BTreeMap<i32, i64>) -> Option<String> {
        let is_wrong = self.rolled_back.iter().any(|(partition, due)| told.get(partition) != due.as_ref());
        let is_more = told.keys().any(|partition| !self.rolled_back.contains_key(partition));
        (is_wrong || (is_more && !self.is_rolled_back_open))
            .then(|| "rolled_back is not what the lines tell".to_owned())
    }
}
