//! Batches that cannot be read: what is said of them by all who meet one, and which partitions wait before one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::error::RDKafkaErrorCode;
use thiserror::Error;

/// So long whoever reads to an end bears it that only such partitions are left.
const PATIENCE: Duration = Duration::from_secs(30);

/// What librdkafka's words for a batch that it cannot unpack begin with.
const UNPACKING: &str = "Decompression ";

/// Whether the error says that a batch cannot be read. Memory that is missing for another thing is no fault of a batch.
pub(super) fn is_unreadable(code: RDKafkaErrorCode, reason: &str) -> bool {
    use RDKafkaErrorCode as Code;
    match code {
        Code::BadCompression | Code::BadMessage | Code::NotImplemented | Code::MessageSizeTooLarge => true,
        Code::CriticalSystemResource => reason.starts_with(UNPACKING),
        _ => false,
    }
}

/// Whether librdkafka fetches the same batch again. After a wrong checksum, or a format that it does not know, it looks
/// for the next batch in the same answer, and may read on behind the one that nobody has seen.
pub(super) fn stays_before(code: RDKafkaErrorCode, reason: &str) -> bool {
    code == RDKafkaErrorCode::MessageSizeTooLarge || reason.starts_with(UNPACKING)
}

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
pub struct UnreadableBatches(BTreeMap<i32, UnreadableBatch>);

/// A batch that cannot be read, and that its partition waits before.
#[derive(Debug)]
pub struct UnreadableBatch {
    /// Its first offset.
    pub offset: i64,
    /// What is wrong with it.
    pub reason: String,
    /// When it was first heard of.
    pub since: Instant,
    /// Where reading stood then.
    stands_at: i64,
}

impl UnreadableBatch {
    fn lasts(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= PATIENCE
    }
}

impl UnreadableBatches {
    /// The batch from `offset` on cannot be read, and its partition stands at `stands_at`; whether that is news, however
    /// often it is tried.
    pub fn hear(&mut self, partition: i32, (offset, stands_at): (i64, i64), reason: &str, now: Instant) -> bool {
        if self.0.get(&partition).is_some_and(|known| known.stands_at == stands_at) {
            return false;
        }
        self.0.insert(partition, UnreadableBatch { offset, reason: reason.to_owned(), since: now, stands_at });
        true
    }

    /// Forgets those whose partitions went on, and gives them. `next` tells where a partition stands; `None` while it is
    /// not being read: such a one has not gone on.
    pub fn gone_on(&mut self, next: impl Fn(i32) -> Option<i64>) -> BTreeMap<i32, UnreadableBatch> {
        let (waiting, gone_on) = std::mem::take(&mut self.0)
            .into_iter()
            .partition(|(partition, batch)| next(*partition).is_none_or(|next| next == batch.stands_at));
        self.0 = waiting;
        gone_on
    }

    /// Forgets all: what does not go on is heard of again.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The partitions that wait, and before what.
    pub fn waiting(&self) -> &BTreeMap<i32, UnreadableBatch> {
        &self.0
    }

    /// Whether this partition has waited so for [`PATIENCE`].
    pub fn lasts(&self, partition: i32, now: Instant) -> bool {
        self.0.get(&partition).is_some_and(|batch| batch.lasts(now))
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
            let lasting = self.0.get(&partition).filter(|batch| batch.stands_at == stands_at && batch.lasts(now));
            let Some(UnreadableBatch { offset, reason, .. }) = lasting else { return Ok(false) };
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
        let mut waiting = UnreadableBatches::default();
        assert!(waiting.hear(1, (5, 4), "bad", start));
        assert!(!waiting.hear(1, (5, 4), "bad", start), "it is tried again and again");
        assert!(waiting.waiting().contains_key(&1) && !waiting.waiting().contains_key(&0));
        assert!(waiting.gone_on(|_| Some(4)).is_empty());
        assert!(waiting.gone_on(|_| None).is_empty(), "it is not being read");
        let gone_on = waiting.gone_on(|_| Some(8));
        assert!(gone_on.get(&1).is_some_and(|batch| batch.offset == 5 && batch.since == start), "{gone_on:?}");
        assert!(waiting.waiting().is_empty());
        assert!(waiting.hear(1, (9, 8), "bad", start), "the next one is another");
    }

    #[test]
    fn whoever_reads_to_the_end_reads_all_else_first_and_then_waits_for_a_while() {
        let start = Instant::now();
        let mut waiting = UnreadableBatches::default();
        let end = |waiting: &UnreadableBatches, behind: &[(i32, i64)], after| {
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
