//! Whether the lines of each partition follow one another. Pure.

use std::collections::BTreeMap;

use super::line::{Content, LineFacts, MessageFacts};
use crate::words::record::Gap;
use crate::words::seal::SealedPosition;

/// Where a partition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    /// The next offset; `None` after a line that could not be read: then any offset may follow.
    next: Option<i64>,
    /// Of the last line that told one.
    leader_epoch: Option<i32>,
    /// Whether the last line told none, so that nobody can say which a seal should have.
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
    rolled_back: BTreeMap<i32, i64>,
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
            is_epoch_open: position.leader_epoch.is_none(),
        };
        self.standings = positions.iter().map(|(partition, position)| (*partition, standing(position))).collect();
    }

    /// How many lines were what.
    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// The partitions that had lines.
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
                None
            }
        }
    }

    fn pass_message(&mut self, message: MessageFacts, may_be_go: bool) -> Option<String> {
        let MessageFacts { partition, offset, gap_before, leader_epoch, is_plain, .. } = message;
        let after = offset.saturating_add(1);
        let before = self.standings.get(&partition).copied();
        let known_next = before.map_or(Some(0), |standing| standing.next);
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
        let due = self.standings.get(&partition).map_or(Some(0), |standing| standing.next);
        let wrong = due
            .filter(|due| *due != gap.from)
            .map(|due| format!("its gap of partition {partition} begins at offset {}, where {due} was due", gap.from))
            .or_else(|| self.wrong_positions(gap));
        if gap.kind.is_of_all_partitions() {
            self.standings.clear();
            self.rolled_back.clear();
        } else {
            let epoch = self.standings.get(&partition).and_then(|standing| standing.leader_epoch);
            let standing = Standing { next: Some(gap.to), leader_epoch: epoch, is_epoch_open: true };
            self.standings.insert(partition, standing);
        }
        if let Some(told) = gap.tells_of_published() {
            self.rolled_back.insert(partition, told);
        }
        wrong
    }

    /// Whether the positions that a gap tells of are those of the lines before it.
    fn wrong_positions(&self, gap: &Gap) -> Option<String> {
        gap.positions.iter().find_map(|(partition, told)| {
            let due = self.standings.get(partition)?.next?;
            (due != *told).then(|| format!("it says that partition {partition} stood at {told}, where {due} was due"))
        })
    }

    /// What of `positions`, which a seal or a closed segment tells, is not so.
    pub(super) fn contradicts(&self, positions: &BTreeMap<i32, SealedPosition>) -> Option<String> {
        for (partition, told) in positions {
            let standing = self.standings.get(partition);
            let due = standing.map_or(Some(0), |standing| standing.next);
            if due.is_some_and(|due| due != told.next) {
                let due = due.unwrap_or_default();
                return Some(format!("partition {partition} stands at {due}, and it says {}", told.next));
            }
            let is_same = told.leader_epoch == standing.and_then(|standing| standing.leader_epoch);
            let is_open = standing.is_some_and(|standing| standing.is_epoch_open) && told.leader_epoch.is_none();
            if !is_same && !is_open {
                return Some(format!("the leader epoch of partition {partition} is another one"));
            }
        }
        // One that is at 0 has no line of this topic yet.
        let untold = |(partition, standing): (&i32, &Standing)| {
            (!positions.contains_key(partition) && standing.next != Some(0)).then_some(*partition)
        };
        let untold = self.standings.iter().find_map(untold)?;
        Some(format!("it does not tell the position of partition {untold}"))
    }

    /// What of `told`, by a seal, is not so. When lines were archived, more may be told than is here.
    pub(super) fn contradicts_rolled_back(&self, told: &BTreeMap<i32, i64>, is_all_here: bool) -> Option<String> {
        let is_missing = self.rolled_back.iter().any(|(partition, committed)| told.get(partition) != Some(committed));
        let is_more = is_all_here && told.len() > self.rolled_back.len();
        (is_missing || is_more).then(|| "rolled_back is not what the lines tell".to_owned())
    }
}
