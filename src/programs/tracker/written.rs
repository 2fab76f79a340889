//! What is in the file, as opposed to what was handed to the trail: on a full disk the two part.

use std::collections::{BTreeMap, VecDeque};

use super::report::Tally;

/// Where the file stands after a piece.
#[derive(Clone, Debug, Default)]
pub(super) struct Stood {
    /// The next offset of each partition.
    pub(super) positions: BTreeMap<i32, i64>,
    /// What was counted up to there.
    pub(super) tally: Tally,
}

/// Follows the pieces from being handed over to being written.
#[derive(Debug, Default)]
pub(super) struct Written {
    now: Stood,
    /// With how many bytes each of these is true, the fewest first.
    waiting: VecDeque<(u64, Stood)>,
}

impl Written {
    /// With so many bytes handed over in all, the file will stand there.
    pub(super) fn submitted(&mut self, bytes: u64, stood: Stood) {
        self.waiting.push_back((bytes, stood));
    }

    /// So many bytes are in the file.
    pub(super) fn reach(&mut self, written_bytes: u64) {
        while let Some((_, stood)) = self.waiting.pop_front_if(|(bytes, _)| *bytes <= written_bytes) {
            self.now = stood;
        }
    }

    /// Where the file stands.
    pub(super) fn now(&self) -> &Stood {
        &self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stood(next: i64) -> Stood {
        let received = u64::try_from(next).unwrap_or(0);
        Stood { positions: BTreeMap::from([(0, next)]), tally: Tally { received, ..Tally::default() } }
    }

    #[test]
    fn what_a_full_disk_has_not_taken_is_not_counted() {
        let mut written = Written::default();
        for (bytes, next) in [(100, 5), (200, 9), (200, 9), (300, 14)] {
            written.submitted(bytes, stood(next));
        }
        written.reach(99);
        assert_eq!(written.now().tally.received, 0);
        written.reach(299);
        assert_eq!((written.now().tally.received, written.now().positions.get(&0)), (9, Some(&9)));
        written.reach(299);
        assert_eq!(written.now().tally.received, 9, "as long as it is full");
        written.reach(300);
        assert_eq!(written.now().positions, stood(14).positions);
        assert!(written.waiting.is_empty());
    }
}
