//! Batches that cannot be read: what is said of them by all who meet one, and which partitions wait before one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use thiserror::Error;

/// So long whoever reads to an end bears it that only such partitions are left.
const PATIENCE: Duration = Duration::from_secs(30);

/// The words of [`Inflow::Unreadable`](super::Inflow::Unreadable), with the next step.
pub fn unreadable(topic: &str, partition: i32, offset: i64, reason: &str) -> String {
    format!(
        "{topic}/{partition}: the batch from offset {offset} on cannot be read ({reason}); the partition waits there, \
         nothing is passed over, and it goes on when the batch is deleted (kafka-delete-records)"
    )
}

/// Why the end of a topic is not reached: nothing else of it is left to be read, and that has lasted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "{topic}/{partition} cannot be read to its end: the batch from offset {offset} on is damaged or too large ({reason}); \
     delete it (kafka-delete-records), and run this again"
)]
pub struct EndError {
    /// The topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// The first offset of the batch.
    pub offset: i64,
    /// What is wrong with it.
    pub reason: String,
}

/// The partitions of one topic that wait before such a batch.
#[derive(Debug, Default)]
pub(super) struct Waiting(BTreeMap<i32, Batch>);

#[derive(Debug)]
struct Batch {
    offset: i64,
    reason: String,
    /// Where reading stood when it was heard of.
    stands_at: i64,
    since: Instant,
}

impl Waiting {
    /// The batch from `offset` on cannot be read, and its partition stands at `stands_at`; whether that is news.
    pub(super) fn hear(&mut self, partition: i32, (offset, stands_at): (i64, i64), reason: &str, now: Instant) -> bool {
        if self.0.get(&partition).is_some_and(|known| known.stands_at == stands_at) {
            return false;
        }
        self.0.insert(partition, Batch { offset, reason: reason.to_owned(), stands_at, since: now });
        true
    }

    /// Forgets those that went on; whether there were any, and none is left.
    pub(super) fn all_gone_on(&mut self, next: impl Fn(i32) -> i64) -> bool {
        let has_waited = !self.0.is_empty();
        self.0.retain(|partition, batch| next(*partition) == batch.stands_at);
        has_waited && self.0.is_empty()
    }

    /// Forgets all: what does not go on is heard of again.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether all of `behind` (partition, where it stands), which were not read to their ends, are none.
    ///
    /// # Errors
    /// [`EndError`] of the first, when they wait so and have for [`PATIENCE`].
    pub(super) fn is_none_behind(
        &self,
        topic: &str,
        behind: impl IntoIterator<Item = (i32, i64)>,
        now: Instant,
    ) -> Result<bool, EndError> {
        let mut first = None;
        for (partition, stands_at) in behind {
            let batch = self.0.get(&partition).filter(|batch| batch.stands_at == stands_at);
            let lasting = batch.filter(|batch| now.saturating_duration_since(batch.since) >= PATIENCE);
            let Some(Batch { offset, reason, .. }) = lasting else { return Ok(false) };
            first.get_or_insert((partition, *offset, reason));
        }
        first.map_or(Ok(true), |(partition, offset, reason)| {
            Err(EndError { topic: topic.to_owned(), partition, offset, reason: reason.clone() })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_told_once_until_its_partition_goes_on() {
        let start = Instant::now();
        let mut waiting = Waiting::default();
        assert!(!waiting.all_gone_on(|_| 4), "none has waited");
        assert!(waiting.hear(1, (5, 4), "bad", start));
        assert!(!waiting.hear(1, (5, 4), "bad", start), "it is tried again and again");
        assert!(!waiting.all_gone_on(|_| 4));
        assert!(waiting.all_gone_on(|_| 8));
        assert!(waiting.hear(1, (9, 8), "bad", start), "the next one is another");
    }

    #[test]
    fn whoever_reads_to_the_end_reads_all_else_first_and_then_waits_for_a_while() {
        let start = Instant::now();
        let mut waiting = Waiting::default();
        let end = |waiting: &Waiting, behind: &[(i32, i64)], after| {
            waiting.is_none_behind("orders", behind.iter().copied(), start + after)
        };
        assert_eq!((end(&waiting, &[], PATIENCE), end(&waiting, &[(1, 4)], PATIENCE)), (Ok(true), Ok(false)));
        assert!(waiting.hear(1, (5, 4), "bad", start));
        assert_eq!(end(&waiting, &[(0, 9), (1, 4)], PATIENCE), Ok(false), "partition 0 is still being read");
        assert_eq!(end(&waiting, &[(1, 4)], PATIENCE / 2), Ok(false));
        assert_eq!(end(&waiting, &[(1, 7)], PATIENCE), Ok(false), "it has just gone on");
        let error = end(&waiting, &[(1, 4)], PATIENCE).expect_err("it lasts");
        assert_eq!((error.partition, error.offset), (1, 5));
        let text = error.to_string();
        assert!(
            text.contains("orders/1") && text.contains("offset 5 ") && text.contains("kafka-delete-records"),
            "{text}"
        );
    }
}
