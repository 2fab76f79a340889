//! How far to read before stopping. Pure.

use std::collections::BTreeMap;

/// The offset that each partition must reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Targets {
    open: BTreeMap<i32, i64>,
}

impl Targets {
    /// One past the last offset to read, by partition.
    pub(super) fn new(ends: BTreeMap<i32, i64>) -> Self {
        Self { open: ends }
    }

    /// A partition has been read up to `next`, by a message or because there is nothing more before
    /// it: markers at the end of a partition are never delivered.
    pub(super) fn reached(&mut self, partition: i32, next: i64) {
        if self.open.get(&partition).is_some_and(|&end| next >= end) {
            self.open.remove(&partition);
        }
    }

    /// A partition has become shorter: more than this cannot be read of it.
    pub(super) fn lower(&mut self, partition: i32, end: i64) {
        if let Some(target) = self.open.get_mut(&partition) {
            *target = end.min(*target);
        }
    }

    /// There is no partition of this number any more, nor of a higher one.
    pub(super) fn forget_from(&mut self, partition: i32) {
        self.open.retain(|&number, _| number < partition);
    }

    /// Whether all are reached.
    pub(super) fn is_done(&self) -> bool {
        self.open.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_was_queued_before_the_last_messages_does_not_count() {
        let mut targets = Targets::new(BTreeMap::from([(0, 110), (1, 0)]));
        targets.reached(1, 0);
        targets.reached(0, 100);
        assert!(!targets.is_done());
        targets.reached(0, 110);
        assert!(targets.is_done());
        assert!(Targets::default().is_done());
    }
}
