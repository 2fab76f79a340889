//! The two threads of a consumer: one fetches, one looks for new partitions.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;

use super::batch::MessageBatch;
use super::connect::tidy;
use super::consumer::Fetched;
use super::raw::{ConsumerQueue, RawEvent};
use super::statistics;
use super::topics::TopicInfo;
use crate::tools::shutdown::Shutdown;

/// How long the fetching thread waits for one event before it looks whether to stop.
const POLL: Duration = Duration::from_millis(100);

/// How often the number of partitions is asked for.
const PARTITION_CHECK: Duration = Duration::from_secs(10);

/// How long that question may take; also how long stopping may wait for it.
const PARTITION_ANSWER: Duration = Duration::from_secs(1);

/// Polls librdkafka and sends batches on.
pub(super) struct Fetcher<C: ConsumerContext + 'static> {
    queue: ConsumerQueue<C>,
    events: SyncSender<Fetched>,
    recycled: Receiver<MessageBatch>,
    stop: Shutdown,
    collected: Collected,
}

/// What was polled and is not sent on yet, in its order.
struct Collected {
    topic: String,
    batch: MessageBatch,
    ready: VecDeque<Fetched>,
    broker_lost: bool,
    last_reason: String,
}

impl<C: ConsumerContext + 'static> Fetcher<C> {
    pub(super) fn new(
        queue: ConsumerQueue<C>,
        topic: String,
        events: SyncSender<Fetched>,
        recycled: Receiver<MessageBatch>,
        stop: Shutdown,
    ) -> Self {
        let collected = Collected {
            topic,
            batch: MessageBatch::default(),
            ready: VecDeque::new(),
            broker_lost: false,
            last_reason: "no answer".to_owned(),
        };
        Self { queue, events, recycled, stop, collected }
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
            while let Some(next) = self.collected.ready.pop_front() {
                if self.events.send(next).is_err() {
                    return;
                }
            }
        }
    }
}

impl Collected {
    fn take(&mut self, event: RawEvent<'_>) {
        let told = match event {
            RawEvent::Message(message) => {
                self.batch.push(&message);
                return;
            }
            RawEvent::PartitionEnd { partition, offset } => Fetched::PartitionEnd { partition, offset },
            RawEvent::Committed(answer) => Fetched::Committed(answer.map_err(|code| code.to_string())),
            RawEvent::Statistics(json) => match statistics::read(json, &self.topic) {
                Some(statistics) => {
                    if self.broker_lost && statistics.brokers_up > 0 {
                        self.broker_lost = false;
                        self.ready.push_back(Fetched::BrokerBack);
                    }
                    Fetched::Statistics(statistics)
                }
                None => return,
            },
            RawEvent::Error { partition, code, fatal, reason } => match self.error(partition, code, fatal, reason) {
                Some(told) => told,
                None => return,
            },
            RawEvent::Other => return,
        };
        // Messages that came before stay before.
        self.close_batch(MessageBatch::default);
        self.ready.push_back(told);
    }

    fn error(&mut self, partition: Option<i32>, code: RDKafkaErrorCode, fatal: bool, reason: &str) -> Option<Fetched> {
        use RDKafkaErrorCode as Code;
        match (code, partition) {
            (Code::AutoOffsetReset, Some(partition)) => Some(Fetched::OffsetGone { partition }),
            (Code::AllBrokersDown, _) if self.broker_lost => None,
            (Code::AllBrokersDown, _) => {
                self.broker_lost = true;
                Some(Fetched::BrokerLost { reason: self.last_reason.clone() })
            }
            (Code::BrokerTransportFailure | Code::Resolve | Code::OperationTimedOut, _) if !fatal => {
                self.last_reason = tidy(reason);
                None
            }
            _ => {
                let reason = if reason.is_empty() { code.to_string() } else { tidy(reason) };
                self.last_reason.clone_from(&reason);
                Some(Fetched::Trouble { partition, reason })
            }
        }
    }

    fn close_batch(&mut self, empty: impl FnOnce() -> MessageBatch) {
        if !self.batch.is_empty() {
            self.ready.push_back(Fetched::Messages(std::mem::replace(&mut self.batch, empty())));
        }
    }
}

/// Tells of partitions that were added to the topic, until a stop is asked for.
pub(super) fn watch_partitions<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    topic: &TopicInfo,
    events: &SyncSender<Fetched>,
    stop: &Shutdown,
) {
    let mut known = topic.partitions;
    while !stop.wait_timeout(PARTITION_CHECK) {
        let Ok(metadata) = client.fetch_metadata(Some(&topic.name), PARTITION_ANSWER) else { continue };
        let Some(found) = metadata.topics().iter().find(|found| found.name() == topic.name) else { continue };
        let count = i32::try_from(found.partitions().len()).unwrap_or(i32::MAX);
        if found.error().is_none() && count > known {
            let added = (known..count).collect();
            known = count;
            if events.send(Fetched::NewPartitions(added)).is_err() {
                return;
            }
        }
    }
}
