//! What the tracker says of partitions that wait before a batch that cannot be read. Nothing is passed over: they go on
//! when it can be read, or when somebody has deleted it, which the trail then tells as a gap.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::doors::health::HealthEvent;
use crate::doors::kafka::{UnreadableBatch, UnreadableBatches};
use crate::logic::ledger::Standing;

/// The partitions of one topic that wait so.
pub(super) struct Unreadable {
    topic: String,
    batches: UnreadableBatches,
}

impl Unreadable {
    pub(super) fn new(topic: &str) -> Self {
        Self { topic: topic.to_owned(), batches: UnreadableBatches::default() }
    }

    /// The batch from `offset` on cannot be read, and its partition stands at `stands_at`. Told once, however often it
    /// is tried.
    pub(super) fn hear(
        &mut self,
        partition: i32,
        (offset, stands_at): (i64, i64),
        reason: String,
        now: Instant,
    ) -> Option<HealthEvent> {
        let is_news = self.batches.hear(partition, (offset, stands_at), &reason, now);
        let topic = self.topic.clone();
        is_news.then_some(HealthEvent::BatchUnreadable { topic, partition, offset, reason })
    }

    /// Whether this partition waits so.
    pub(super) fn is_waiting(&self, partition: i32) -> bool {
        self.batches.waiting().contains_key(&partition)
    }

    /// Forgets the partitions that went on, and tells of each.
    pub(super) fn gone_on(&mut self, standings: &BTreeMap<i32, Standing>, now: Instant) -> Vec<HealthEvent> {
        let gone_on = self.batches.gone_on(|partition| standings.get(&partition).map(|at| at.next));
        let told = gone_on.into_iter().map(|(partition, UnreadableBatch { offset, since, .. })| {
            let waited_seconds = now.saturating_duration_since(since).as_secs_f64();
            HealthEvent::BatchPassed { topic: self.topic.clone(), partition, offset, waited_seconds }
        });
        told.collect()
    }

    /// Why the tracker is not ready: for the partition that waits longest.
    pub(super) fn trouble(&self, now: Instant) -> Option<String> {
        let waiting = self.batches.waiting();
        let (partition, UnreadableBatch { offset, reason, since, .. }) =
            waiting.iter().min_by_key(|(_, batch)| batch.since)?;
        let seconds = now.saturating_duration_since(*since).as_secs();
        let others = match waiting.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        Some(format!(
            "the batch of partition {partition} from offset {offset} on cannot be read for {seconds} s{others}: {reason}"
        ))
    }

    /// The same, when nothing else is left to be read and it has lasted.
    pub(super) fn is_all_that_is_left(&self, standings: &BTreeMap<i32, Standing>, now: Instant) -> Option<String> {
        let is_read = |at: &Standing| at.readable_end.is_some_and(|end| at.reached >= end);
        let is_left = |(&partition, at): (&i32, &Standing)| is_read(at) || self.batches.lasts(partition, now);
        self.trouble(now).filter(|_| standings.iter().all(is_left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(30);

    fn standings(next: [i64; 2]) -> BTreeMap<i32, Standing> {
        let at = |next| Standing { next, readable_end: Some(10), reached: next };
        BTreeMap::from([(0, at(next[0])), (1, at(next[1]))])
    }

    #[test]
    fn a_batch_is_told_once_until_its_partition_goes_on() {
        let start = Instant::now();
        let second = |count| start + Duration::from_secs(count);
        let mut unreadable = Unreadable::new("orders");
        let hear = |unreadable: &mut Unreadable, at| unreadable.hear(1, (5, at), "bad".to_owned(), start);
        assert!(matches!(hear(&mut unreadable, 4), Some(HealthEvent::BatchUnreadable { partition: 1, offset: 5, .. })));
        assert!(hear(&mut unreadable, 4).is_none(), "it is tried again and again");
        assert!(unreadable.is_waiting(1) && !unreadable.is_waiting(0));
        assert!(unreadable.gone_on(&standings([9, 4]), second(3)).is_empty());
        assert!(unreadable.gone_on(&BTreeMap::new(), second(3)).is_empty(), "its consumer is being made anew");
        let trouble = unreadable.trouble(second(3)).expect("it waits");
        assert!(trouble.contains("partition 1 from offset 5 on cannot be read for 3 s: bad"), "{trouble}");

        let told = unreadable.gone_on(&standings([9, 8]), second(7));
        assert!(
            matches!(told.as_slice(), [HealthEvent::BatchPassed { partition: 1, offset: 5, waited_seconds, .. }] if *waited_seconds == 7.0),
            "{told:?}"
        );
        assert_eq!(unreadable.trouble(second(8)), None);
        assert!(hear(&mut unreadable, 8).is_some(), "the next one is another");
    }

    #[test]
    fn a_run_that_ends_by_itself_reads_all_else_first_and_then_waits_for_a_while() {
        let start = Instant::now();
        let mut unreadable = Unreadable::new("orders");
        let left = |unreadable: &Unreadable, next, at| unreadable.is_all_that_is_left(&standings(next), start + at);
        assert_eq!(left(&unreadable, [10, 10], LONG), None);
        drop(unreadable.hear(1, (5, 4), "bad".to_owned(), start));
        assert_eq!(left(&unreadable, [9, 4], LONG), None, "partition 0 is still being read");
        assert_eq!(left(&unreadable, [10, 4], LONG / 2), None);
        assert!(left(&unreadable, [10, 4], LONG).is_some());
    }
}
