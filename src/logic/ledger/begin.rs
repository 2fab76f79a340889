//! Beginning to read a partition where the trail ends, and finding out what is gone.
//!
//! A partition without a leader must not hold the others up: whichever has no known ends waits, while
//! the rest are read.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Moment;
use super::book::{Effect, Ledger};
use super::partition::Stage;
use crate::words::record::{Gap, GapKind};

/// How often a log that does not reach our position is looked at again before that is believed, and
/// how long after: right after a change of leaders its end may lie back for a moment.
const DOUBTS: (u32, Duration) = (6, Duration::from_millis(500));

/// How long after a look without an answer the next one is asked for.
const LOOK_AGAIN: Duration = Duration::from_secs(3);

impl Ledger {
    /// The ends of a partition that waits to be begun: the oldest offset that is there, and one past
    /// the last that can be read.
    pub(super) fn ends_known(&mut self, partition: i32, low: i64, readable_end: i64, at: Moment) {
        let Some(known) = self.partitions.get_mut(&partition) else { return };
        known.end = Some(readable_end);
        if !matches!(known.stage, Stage::Waiting { .. }) {
            return;
        }
        if let Some(next) = known.next
            && next > readable_end
        {
            known.doubts += 1;
            if known.doubts <= DOUBTS.0 {
                known.stage = Stage::Waiting { look: at + DOUBTS.1 };
                return;
            }
            if known.leader_epoch.is_some() && !known.compared {
                // The broker can tell where its log parts from ours: it answers with `gone`.
                known.compared = true;
                self.read(partition);
                return;
            }
            self.truncated(partition, next, low, None);
        }
        self.begin(partition, low, readable_end);
    }

    fn begin(&mut self, partition: i32, low: i64, readable_end: i64) {
        let Some(known) = self.partitions.get_mut(&partition) else { return };
        let next = known.next;
        match next {
            None => {
                known.next = Some(low);
                known.gone_before = low;
                known.without_line = true;
            }
            Some(next) if next < low => {
                // Of which epoch the last message before `low` was, nobody knows any more.
                known.go_on_at(low, None);
                self.tell(partition, Gap::new(GapKind::Retention, next, low));
            }
            Some(_) if known.doubts > DOUBTS.0 => {
                // In range, and yet the broker refuses to read from here, again and again.
                let next = next.unwrap_or(low);
                self.truncated(partition, next, low, None);
            }
            Some(_) => {}
        }
        let published = self.partitions.get_mut(&partition).and_then(|known| known.published.take());
        if let Some(committed) = published {
            self.compare_with_published(partition, committed, next.unwrap_or(low));
        }
        if let Some(targets) = &mut self.targets {
            targets.lower(partition, readable_end);
        }
        self.read(partition);
    }

    /// What this trail had published, learnt only after reading had begun.
    pub fn published(&mut self, published: &BTreeMap<i32, i64>) {
        for (&partition, &committed) in published {
            if let Some(recovered) = self.partitions.get(&partition).and_then(|known| known.recovered) {
                self.compare_with_published(partition, committed, recovered);
            }
        }
    }

    /// Tells a roll-back, once: the file stood before what it had published.
    fn compare_with_published(&mut self, partition: i32, committed: i64, stood_at: i64) {
        let told = self.rolled_back.get(&partition).copied().unwrap_or(-1);
        let Some(known) = self.partitions.get_mut(&partition) else { return };
        let Some(from) = known.next.filter(|_| committed > stood_at && committed > told) else { return };
        // It is the partition's first line, if it had none, and speaks for what is gone before it.
        known.without_line = false;
        known.gone_before = 0;
        let leader_epoch = known.leader_epoch;
        let gap = Gap::new(GapKind::FileRolledBack, from, from);
        self.tell(partition, Gap { committed: Some(committed), leader_epoch, ..gap });
    }

    fn truncated(&mut self, partition: i32, next: i64, to: i64, leader_epoch: Option<i32>) {
        if let Some(known) = self.partitions.get_mut(&partition) {
            known.go_on_at(to, leader_epoch);
            // That more was published than is there now has this reason, and is no roll-back.
            known.published = None;
        }
        self.tell(partition, Gap { leader_epoch, ..Gap::new(GapKind::Truncation, next, to) });
    }

    fn read(&mut self, partition: i32) {
        let Some(known) = self.partitions.get_mut(&partition) else { return };
        let Some(offset) = known.next else { return };
        known.stage = Stage::Reading;
        known.behind = None;
        let leader_epoch = known.leader_epoch;
        self.effects.push_back(Effect::Read { partition, offset, leader_epoch });
        self.say_when_all_are_begun();
    }

    pub(super) fn say_when_all_are_begun(&mut self) {
        if !self.all_begun && self.is_begun() {
            self.all_begun = true;
            self.effects.push_back(Effect::AllBegun);
        }
    }

    /// The position is outside of what the broker has, and reading of this partition has stopped.
    /// `parted_at`: where the broker's log parts from ours, if it could tell.
    pub fn gone(&mut self, partition: i32, parted_at: Option<i64>, at: Moment) {
        let Some(known) = self.partitions.get(&partition) else { return };
        let (Stage::Reading, Some(next)) = (known.stage, known.next) else { return };
        if let Some(parted_at) = parted_at.filter(|&parted_at| parted_at < next) {
            // What stands before it is of our epoch or an earlier one, what comes after it of a later one.
            let leader_epoch = known.leader_epoch;
            self.truncated(partition, next, parted_at, leader_epoch);
        }
        self.doubt(partition, at);
    }

    /// Something does not fit: the partition is begun anew, from its position.
    pub(super) fn doubt(&mut self, partition: i32, at: Moment) {
        let Some(known) = self.partitions.get_mut(&partition) else { return };
        known.doubts += 1;
        let pause = if known.doubts <= 1 { Duration::ZERO } else { DOUBTS.1 };
        known.stage = Stage::Waiting { look: at + pause };
    }

    /// Asks for a look at the topic when a partition is due to be begun.
    pub fn tick(&mut self, at: Moment) {
        let mut due = false;
        for known in self.partitions.values_mut() {
            if let Stage::Waiting { look } = &mut known.stage
                && at >= *look
            {
                due = true;
                *look = at + LOOK_AGAIN;
            }
        }
        if due {
            self.effects.push_back(Effect::Look);
        }
    }
}
