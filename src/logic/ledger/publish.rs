//! When the group's offsets are published, and which: only what is on the disk. Pure. What is published beside them, the
//! last checkpoint, is a reason to publish, too: the lines before a long silence are sealed after their offsets went out.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Moment;

/// How often at most.
const INTERVAL: Duration = Duration::from_secs(1);

/// How often the same offsets are published again: a group that publishes nothing for a week is forgotten.
const REPEAT: Duration = Duration::from_secs(3600);

/// Which failure in a row is told.
const TOLD_FAILURE: u32 = 2;

/// The next offset of each partition, all of whose lines before it are among the first so many bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    bytes: u64,
    positions: BTreeMap<i32, i64>,
}

/// What was published last.
#[derive(Debug)]
struct Said {
    at: Moment,
    positions: BTreeMap<i32, i64>,
    /// Of how many lines the checkpoint beside them was.
    signed_lines: u64,
}

/// Decides when the group's offsets are published, and which.
#[derive(Debug)]
pub struct Publisher {
    /// The last piece that was handed over.
    submitted: Mark,
    /// Waits for its bytes to be synced.
    waiting: Option<Mark>,
    published: Option<Said>,
    next: Moment,
    /// How many answers in a row were failures.
    failures: u32,
}

impl Publisher {
    /// Begins with nothing handed over.
    pub fn new(now: Moment) -> Self {
        let submitted = Mark { bytes: 0, positions: BTreeMap::new() };
        Self { submitted, waiting: None, published: None, next: now, failures: 0 }
    }

    /// So many bytes were handed to the trail in all; with them the trail stands at `positions`. Called
    /// only then: while a piece is still being filled or waits for room, positions run ahead of it.
    pub fn submitted(&mut self, bytes: u64, positions: BTreeMap<i32, i64>) {
        self.submitted = Mark { bytes, positions };
    }

    /// The positions to publish now, if any: those whose lines are among the `synced_bytes`. `signed_lines`: of how
    /// many lines the last checkpoint is, which goes with them.
    pub fn due(&mut self, now: Moment, synced_bytes: u64, signed_lines: u64) -> Option<Vec<(i32, i64)>> {
        if self.waiting.is_none() && now >= self.next {
            let known = self.published.as_ref().is_some_and(|said| {
                said.positions == self.submitted.positions
                    && said.signed_lines == signed_lines
                    && now.saturating_sub(said.at) < REPEAT
            });
            if known || self.submitted.positions.is_empty() {
                return None;
            }
            self.next = now + INTERVAL;
            self.waiting = Some(self.submitted.clone());
        }
        let mark = self.waiting.take_if(|mark| mark.bytes <= synced_bytes)?;
        let positions = mark.positions.iter().map(|(&partition, &next)| (partition, next)).collect();
        self.published = Some(Said { at: now, positions: mark.positions, signed_lines });
        Some(positions)
    }

    /// Whoever was asked is gone, and the positions may be of a topic that is no more: nothing is
    /// published before new ones are handed over.
    pub fn begin_anew(&mut self) {
        let bytes = self.submitted.bytes;
        self.submitted = Mark { bytes, positions: BTreeMap::new() };
        self.waiting = None;
        self.published = None;
    }

    /// The broker's answer. Gives the reason of a failure once, not every second again, and not of the first: the
    /// coordinator of a group on a fresh broker, or one that moves, refuses one and takes the next.
    pub fn answered(&mut self, answer: Result<(), String>) -> Option<String> {
        match answer {
            Ok(()) => {
                self.failures = 0;
                None
            }
            Err(reason) => {
                // Tried again with the next interval.
                self.published = None;
                self.failures = self.failures.saturating_add(1);
                (self.failures == TOLD_FAILURE).then_some(reason)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(next: i64) -> BTreeMap<i32, i64> {
        BTreeMap::from([(0, next)])
    }

    #[test]
    fn nothing_is_published_before_it_is_on_the_disk() {
        let start = Moment::from_secs(100);
        let mut publisher = Publisher::new(start);
        assert_eq!(publisher.due(start, 0, 0), None, "nothing was handed over");
        publisher.submitted(100, at(5));
        assert_eq!(publisher.due(start, 99, 0), None);
        publisher.submitted(200, at(9));
        // Positions have moved on meanwhile; only the old ones are synced.
        assert_eq!(publisher.due(start, 150, 0), Some(vec![(0, 5)]));
        assert_eq!(publisher.due(start + INTERVAL / 2, 200, 0), None, "at most once a second");
        assert_eq!(publisher.due(start + INTERVAL, 200, 0), Some(vec![(0, 9)]));
        assert_eq!(publisher.due(start + INTERVAL * 9, 200, 0), None, "nothing new");
        assert_eq!(publisher.due(start + INTERVAL + REPEAT, 200, 0), Some(vec![(0, 9)]), "kept alive");
        let later = start + INTERVAL * 2 + REPEAT;
        assert_eq!(publisher.due(later, 200, 9), Some(vec![(0, 9)]), "with a checkpoint of more lines");
        assert_eq!(publisher.due(later + INTERVAL, 200, 9), None);
    }

    #[test]
    fn a_failure_is_told_when_it_comes_again_and_then_once() {
        let start = Moment::from_secs(100);
        let mut publisher = Publisher::new(start);
        publisher.submitted(0, at(5));
        assert!(publisher.due(start, 0, 0).is_some());
        assert_eq!(publisher.answered(Err("no".into())), None, "a fresh coordinator refuses the first");
        assert!(publisher.due(start + INTERVAL, 0, 0).is_some(), "tried again");
        assert_eq!(publisher.answered(Err("no".into())), Some("no".into()));
        assert_eq!(publisher.answered(Err("no".into())), None);
        assert_eq!(publisher.answered(Ok(())), None);
        assert_eq!(publisher.answered(Err("no".into())), None);
        assert_eq!(publisher.answered(Err("no".into())), Some("no".into()));
    }
}
