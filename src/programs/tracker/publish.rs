//! When the group's offsets are published, and which: only what is on the disk. Pure.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How often at most.
const INTERVAL: Duration = Duration::from_secs(1);

/// Decides when to publish.
#[derive(Debug)]
pub(super) struct Publisher {
    submitted_bytes: u64,
    waiting: Option<(u64, Vec<(i32, i64)>)>,
    published: Vec<(i32, i64)>,
    next: Instant,
    failing: bool,
    unanswered: u32,
}

impl Publisher {
    pub(super) fn new(now: Instant) -> Self {
        Self { submitted_bytes: 0, waiting: None, published: Vec::new(), next: now, failing: false, unanswered: 0 }
    }

    /// So many bytes were handed to the trail in all.
    pub(super) fn submitted(&mut self, bytes: u64) {
        self.submitted_bytes = bytes;
    }

    /// The positions to publish now, if any: those whose lines are among the `synced_bytes`.
    pub(super) fn due(
        &mut self,
        now: Instant,
        synced_bytes: u64,
        positions: &BTreeMap<i32, i64>,
    ) -> Option<Vec<(i32, i64)>> {
        if self.waiting.is_none() && now >= self.next {
            let positions: Vec<_> = positions.iter().map(|(&partition, &next)| (partition, next)).collect();
            if positions == self.published {
                return None;
            }
            self.next = now + INTERVAL;
            self.waiting = Some((self.submitted_bytes, positions));
        }
        let (_, positions) = self.waiting.take_if(|(bytes, _)| *bytes <= synced_bytes)?;
        self.published.clone_from(&positions);
        self.unanswered += 1;
        Some(positions)
    }

    /// How many answers are still to come.
    pub(super) fn unanswered(&self) -> u32 {
        self.unanswered
    }

    /// The broker's answer. Gives the reason of a failure once, not every second again.
    pub(super) fn answered(&mut self, answer: Result<(), String>) -> Option<String> {
        self.unanswered = self.unanswered.saturating_sub(1);
        match answer {
            Ok(()) => {
                self.failing = false;
                None
            }
            Err(reason) => {
                // Tried again with the next interval.
                self.published.clear();
                (!std::mem::replace(&mut self.failing, true)).then_some(reason)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_published_before_it_is_on_the_disk() {
        let start = Instant::now();
        let mut publisher = Publisher::new(start);
        let at = |next| BTreeMap::from([(0, next)]);
        publisher.submitted(100);
        assert_eq!(publisher.due(start, 99, &at(5)), None);
        publisher.submitted(200);
        // Positions have moved on meanwhile; only the old ones are synced.
        assert_eq!(publisher.due(start, 150, &at(9)), Some(vec![(0, 5)]));
        assert_eq!(publisher.due(start + INTERVAL / 2, 200, &at(9)), None, "at most once a second");
        assert_eq!(publisher.due(start + INTERVAL, 200, &at(9)), Some(vec![(0, 9)]));
        assert_eq!(publisher.due(start + INTERVAL * 9, 200, &at(9)), None, "nothing new");
    }

    #[test]
    fn a_failure_is_told_once_and_tried_again() {
        let start = Instant::now();
        let mut publisher = Publisher::new(start);
        let at = BTreeMap::from([(0, 5)]);
        assert!(publisher.due(start, 0, &at).is_some());
        assert_eq!(publisher.answered(Err("no".into())), Some("no".into()));
        assert!(publisher.due(start + INTERVAL, 0, &at).is_some());
        assert_eq!(publisher.answered(Err("no".into())), None);
        assert_eq!(publisher.answered(Ok(())), None);
        assert_eq!(publisher.answered(Err("no".into())), Some("no".into()));
    }
}
