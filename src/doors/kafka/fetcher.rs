//! The thread of a consumer that fetches: it polls librdkafka and hands batches over.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerContext;
use rdkafka::error::RDKafkaErrorCode;

use super::batch::MessageBatch;
use super::budget::Budget;
use super::connect::tidy;
use super::consumer::Fetched;
use super::incarnation::Incarnation;
use super::loss::Loss;
use super::raw::{ConsumerQueue, LogLine, LogQueue, RawEvent};
use super::statistics;
use super::unreadable::{is_unreadable, stays_before};
use crate::tools::shutdown::Shutdown;

/// How long the fetching thread waits for one event before it looks whether to stop.
const POLL: Duration = Duration::from_millis(100);

/// The level of lines for debugging, as syslog counts.
const DEBUG_LEVEL: i32 = 7;

/// Polls librdkafka and sends batches on.
pub(super) struct Fetcher<C: ConsumerContext + 'static> {
    queue: ConsumerQueue<C>,
    log: Log<C>,
    events: SyncSender<Fetched>,
    recycled: Receiver<MessageBatch>,
    budget: Arc<Budget>,
    stop: Shutdown,
    collected: Collected,
}

/// What librdkafka logs, and what is learnt from it.
pub(super) struct Log<C: ConsumerContext + 'static> {
    pub(super) queue: LogQueue<C>,
    pub(super) incarnation: Incarnation,
    /// Whether somebody asked for its lines for debugging; otherwise they are only for us.
    pub(super) is_told: bool,
}

/// What was polled and is not sent on yet, in its order.
struct Collected {
    topic: String,
    batch: MessageBatch,
    ready: VecDeque<Fetched>,
    /// The topic is another one: nothing that was read counts any more.
    topic_changed: bool,
    /// Partitions of which nothing is delivered any more: there may be a batch missing before it.
    given_up: BTreeSet<i32>,
    loss: Loss,
}

impl<C: ConsumerContext + 'static> Fetcher<C> {
    pub(super) fn new(
        queue: ConsumerQueue<C>,
        log: Log<C>,
        topic: String,
        (events, recycled): (SyncSender<Fetched>, Receiver<MessageBatch>),
        stop: Shutdown,
    ) -> Self {
        let collected = Collected {
            topic,
            batch: MessageBatch::default(),
            ready: VecDeque::new(),
            topic_changed: false,
            given_up: BTreeSet::new(),
            loss: Loss::default(),
        };
        Self { queue, log, events, recycled, budget: Arc::default(), stop, collected }
    }

    /// Runs until a stop is asked for or nobody listens any more.
    pub(super) fn run(mut self) {
        while !self.stop.is_requested() {
            let Self { queue, collected, .. } = &mut self;
            if queue.poll(POLL, |event| collected.take(event)) {
                // What is there already comes along; what is not is not waited for.
                while !collected.batch.is_full() && queue.poll(Duration::ZERO, |event| collected.take(event)) {}
            }
            self.collected.close_batch(|| self.recycled.try_recv().unwrap_or_default());
            // After the messages: those of another topic come later than the line that tells of it.
            if self.log.tells_of_change() {
                self.collected.change_topic();
            }
            if let Some(reason) = self.collected.loss.due(Instant::now()) {
                self.collected.ready.push_back(Fetched::BrokerLost { reason });
            }
            while let Some(next) = self.collected.ready.pop_front() {
                if !self.send(next) {
                    return;
                }
            }
        }
    }

    /// Hands over what was read, once there is room for it; false when nobody wants it any more.
    fn send(&self, mut next: Fetched) -> bool {
        if let Fetched::Messages(batch) = &mut next {
            let Some(held) = self.budget.hold(batch.bytes(), &self.stop) else { return false };
            batch.holds(held);
        }
        self.events.send(next).is_ok()
    }
}

impl<C: ConsumerContext + 'static> Log<C> {
    fn tells_of_change(&mut self) -> bool {
        let mut is_changed = false;
        let Self { queue, incarnation, is_told } = self;
        queue.drain(|LogLine { level, facility, text }| {
            is_changed |= incarnation.is_changed_by(text);
            if level < DEBUG_LEVEL || *is_told {
                tracing::debug!(target: "librdkafka", level, facility, text);
            }
        });
        is_changed
    }
}

impl Collected {
    fn take(&mut self, event: RawEvent<'_>) {
        let told = match event {
            RawEvent::Message(_) | RawEvent::PartitionEnd { .. } if self.topic_changed => return,
            RawEvent::Message(message) => {
                if !self.given_up.contains(&message.partition()) {
                    self.batch.push(&message);
                }
                return;
            }
            RawEvent::PartitionEnd { partition, .. } if self.given_up.contains(&partition) => return,
            RawEvent::PartitionEnd { partition, offset } => Fetched::PartitionEnd { partition, offset },
            RawEvent::Committed(answer) => Fetched::Committed(answer.map_err(|code| code.to_string())),
            RawEvent::Statistics(json) => match statistics::read(json, &self.topic) {
                Some(statistics) => {
                    if statistics.brokers_up > 0 && self.loss.back() {
                        self.ready.push_back(Fetched::BrokerBack);
                    }
                    Fetched::Statistics(statistics)
                }
                None => return,
            },
            RawEvent::Error { partition: Some(partition), .. } if self.given_up.contains(&partition) => return,
            RawEvent::Error { partition: Some(partition), offset: Some(offset), code, reason, .. }
                if is_unreadable(code, reason) =>
            {
                let is_given_up = !stays_before(code, reason);
                if is_given_up {
                    self.given_up.insert(partition);
                }
                Fetched::Unreadable { partition, offset, reason: tidy(reason), is_given_up }
            }
            RawEvent::Error { partition, code, fatal, reason, .. } => {
                match self.error(partition, code, fatal, reason) {
                    Some(told) => told,
                    None => return,
                }
            }
            RawEvent::Other => return,
        };
        // Messages that came before stay before.
        self.close_batch(MessageBatch::default);
        self.ready.push_back(told);
    }

    fn error(&mut self, partition: Option<i32>, code: RDKafkaErrorCode, fatal: bool, reason: &str) -> Option<Fetched> {
        use RDKafkaErrorCode as Code;
        match (code, partition) {
            (Code::AutoOffsetReset, Some(_)) if self.topic_changed => None,
            (Code::AutoOffsetReset, Some(partition)) => {
                Some(Fetched::OffsetGone { partition, parted_at: parted_at(reason) })
            }
            (Code::AllBrokersDown, _) => {
                self.loss.lost(Instant::now());
                None
            }
            (Code::BrokerTransportFailure | Code::Resolve | Code::OperationTimedOut, _) if !fatal => {
                self.loss.heard(tidy(reason), Instant::now());
                None
            }
            _ => {
                let reason = if reason.is_empty() { code.to_string() } else { tidy(reason) };
                Some(Fetched::Trouble { partition, reason })
            }
        }
    }

    /// Lets go of what was read and tells, once, that the topic is another one.
    fn change_topic(&mut self) {
        if std::mem::replace(&mut self.topic_changed, true) {
            return;
        }
        self.ready.retain(|event| {
            !matches!(event, Fetched::Messages(_) | Fetched::PartitionEnd { .. } | Fetched::OffsetGone { .. })
        });
        self.ready.push_back(Fetched::TopicChanged);
    }

    fn close_batch(&mut self, empty: impl FnOnce() -> MessageBatch) {
        if !self.batch.is_empty() {
            self.ready.push_back(Fetched::Messages(std::mem::replace(&mut self.batch, empty())));
        }
    }
}

/// Where the broker's log parted from the one that was read: "Partition log truncation detected at
/// offset 10 (leader epoch 0): broker end offset is 5 (offset leader epoch 0). Reset to INVALID.: …".
fn parted_at(reason: &str) -> Option<i64> {
    let (_, told) = reason.split_once("log truncation detected at ")?;
    let (_, offset) = told.split_once("broker end offset is ")?;
    let digits = offset.split(|character: char| !character.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected() -> Collected {
        Collected {
            topic: "orders".to_owned(),
            batch: MessageBatch::default(),
            ready: VecDeque::new(),
            topic_changed: false,
            given_up: BTreeSet::new(),
            loss: Loss::default(),
        }
    }

    fn error(code: RDKafkaErrorCode, reason: &str) -> RawEvent<'_> {
        RawEvent::Error { partition: Some(1), offset: Some(7), code, fatal: false, reason }
    }

    #[test]
    fn a_batch_that_cannot_be_unpacked_is_told_each_time_that_it_is_tried() {
        let mut collected = collected();
        let unpacking = "Decompression (codec 0x3) of message at 7 of 80 bytes failed: Local: Invalid compressed data";
        for code in [RDKafkaErrorCode::BadCompression, RDKafkaErrorCode::CriticalSystemResource] {
            collected.take(error(code, unpacking));
        }
        collected.take(RawEvent::PartitionEnd { partition: 1, offset: 9 });
        let told: Vec<Fetched> = collected.ready.drain(..).collect();
        assert!(
            matches!(
                told.as_slice(),
                [
                    Fetched::Unreadable { partition: 1, offset: 7, is_given_up: false, .. },
                    Fetched::Unreadable { .. },
                    Fetched::PartitionEnd { partition: 1, offset: 9 },
                ]
            ),
            "{told:?}"
        );
        collected.take(error(RDKafkaErrorCode::CriticalSystemResource, "no thread"));
        assert!(matches!(collected.ready.pop_front(), Some(Fetched::Trouble { partition: Some(1), .. })));
    }

    /// librdkafka goes on behind a batch whose checksum is wrong, and the messages in it would be taken for offsets
    /// that hold none.
    #[test]
    fn behind_a_damaged_batch_nothing_more_of_its_partition_is_delivered() {
        let mut collected = collected();
        collected.take(error(RDKafkaErrorCode::BadMessage, "MessageSet at offset 7 (80 bytes) failed CRC32C check"));
        collected.take(RawEvent::PartitionEnd { partition: 1, offset: 9 });
        collected.take(error(RDKafkaErrorCode::AutoOffsetReset, "out of range"));
        collected.take(RawEvent::PartitionEnd { partition: 0, offset: 3 });
        let told: Vec<Fetched> = collected.ready.drain(..).collect();
        assert!(
            matches!(
                told.as_slice(),
                [
                    Fetched::Unreadable { partition: 1, offset: 7, is_given_up: true, .. },
                    Fetched::PartitionEnd { partition: 0, offset: 3 },
                ]
            ),
            "{told:?}"
        );
    }

    #[test]
    fn where_the_logs_parted_is_read_from_librdkafkas_words() {
        let told = "Partition log truncation detected at offset 10 (leader epoch 0): broker end offset is 5 (offset \
                    leader epoch 0). Reset to INVALID.: Local: Partition log truncation detected (broker 1)";
        assert_eq!(parted_at(told), Some(5));
        let nothing_common = "No epoch found less or equal to offset 10 (leader epoch 3): broker end offset is -1 \
                              (offset leader epoch -1). Reset using configured policy.";
        assert_eq!(parted_at(nothing_common), None);
        assert_eq!(parted_at("fetch failed due to requested offset not available on the broker"), None);
        assert_eq!(parted_at("Partition log truncation detected at 1: broker end offset is -1"), None);
    }
}
