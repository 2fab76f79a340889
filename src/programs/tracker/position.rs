//! Which message is due: the decision on which "exactly once" rests. Pure.

use std::collections::BTreeMap;

/// What to do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Its line is there already.
    Skip,
    /// It is due; so many offsets before it hold no message for anybody.
    Append { gap_before: i64 },
}

/// The next offset of each partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    next: BTreeMap<i32, i64>,
    /// What was gone from a partition before its first line.
    gone_before: BTreeMap<i32, i64>,
}

impl Position {
    /// From what the trail says.
    pub(super) fn new(next: BTreeMap<i32, i64>) -> Self {
        Self { next, gone_before: BTreeMap::new() }
    }

    /// The next offset of a partition, if it is known.
    pub(super) fn next(&self, partition: i32) -> Option<i64> {
        self.next.get(&partition).copied()
    }

    /// All of them, by partition.
    pub(super) fn all(&self) -> &BTreeMap<i32, i64> {
        &self.next
    }

    /// Begins a partition that has no line yet at the oldest offset there is. That those before it
    /// are gone is told by its first line.
    pub(super) fn begin(&mut self, partition: i32, low: i64) {
        self.next.insert(partition, low);
        self.gone_before.insert(partition, low);
    }

    /// Sets where a partition goes on after a gap line.
    pub(super) fn set(&mut self, partition: i32, next: i64) {
        // The gap line tells what is gone.
        self.gone_before.remove(&partition);
        self.next.insert(partition, next);
    }

    /// Decides about a message, and moves past it when it is due. Kafka gives the offsets of a
    /// partition in order; those before the position are its repetition, those after it were
    /// skipped because nobody can have them.
    pub(super) fn decide(&mut self, partition: i32, offset: i64) -> Decision {
        let next = self.next.entry(partition).or_insert(offset);
        if offset < *next {
            return Decision::Skip;
        }
        let gone_before = self.gone_before.remove(&partition).unwrap_or(0);
        let gap_before = offset - *next + gone_before;
        *next = offset + 1;
        Decision::Append { gap_before }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_is_repeated_each_offset_is_due_once_and_in_order(
            holes in proptest::collection::btree_set(0_i64..200, 0..50),
            restarts in proptest::collection::vec((0_i64..200, 0_i64..200), 0..20)
        ) {
            let mut position = Position::new(BTreeMap::from([(0, 0)]));
            let mut written = Vec::new();
            let mut read = |from: i64, to: i64| {
                for offset in from..to {
                    if holes.contains(&offset) { continue; }
                    if let Decision::Append { gap_before } = position.decide(0, offset) {
                        written.push((offset, gap_before));
                    }
                }
            };
            let mut reached = 0;
            for (back, to) in restarts {
                // Reading never begins after the position; it may begin before it.
                read(reached.min(back), to);
                reached = reached.max(to);
            }
            read(reached.min(100), 200);
            let expected: Vec<i64> = (0..200).filter(|offset| !holes.contains(offset)).collect();
            prop_assert_eq!(written.iter().map(|&(offset, _)| offset).collect::<Vec<_>>(), expected);
            let mut next = 0;
            for (offset, gap_before) in written {
                prop_assert_eq!(offset, next + gap_before);
                next = offset + 1;
            }
        }
    }
}
