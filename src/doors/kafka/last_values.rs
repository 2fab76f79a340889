//! Reading back the last value of a key from a compacted topic of one partition.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};
use thiserror::Error;

use super::cluster::Cluster;
use super::connect::{creation, tidy};
use super::consumer::Quiet;
use super::parting::part;
use super::raw::admin::{Patience, list_all_ends, list_ends};
use super::raw::{ConsumerQueue, RawEvent};
use super::settings::{PropertyError, Role, client_config};
use super::unreadable::{EndError, is_unreadable};

/// How many offsets before the end are looked at first, then next. Mostly the value is among the last.
const LOOKS: [i64; 6] = [256, 2_048, 16_384, 131_072, 1_048_576, i64::MAX];

/// How long the broker keeps an answer back when there is nothing new, in milliseconds. Each reading ends with such an
/// answer, which says that the end is reached, and meanwhile the broker answers nothing else of the connection: at the
/// hundred milliseconds of those who read on, that was most of a restart.
const EMPTY_ANSWER_MS: &str = "5";

/// How long one wait takes before a stop is looked for.
const SLICE: Duration = Duration::from_millis(100);

/// After a batch that cannot be read it is tried again in so many of those.
const PAUSE_SLICES: u32 = 5;

/// Up to where a topic is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// To the very end, waiting for transactions that are still open: what whoever has fenced a
    /// predecessor must know of it.
    Everything,
    /// What can be read now.
    Readable,
}

/// Why the last value is not known.
#[derive(Debug, Error)]
pub enum ReadBackError {
    /// A property is wrong: exit code 2.
    #[error(transparent)]
    Property(#[from] PropertyError),
    /// The broker did not answer, or not in time; asking again may help.
    #[error("topic {topic} could not be read back: {reason}")]
    NoAnswer {
        /// The topic.
        topic: String,
        /// What was said.
        reason: String,
    },
    /// A batch of it cannot be read, and that has lasted. Kafka deletes no records of a compacted topic, so what helps is
    /// not what helps with others.
    #[error(
        "topic {topic} cannot be read back: the batch of partition {partition} from offset {offset} on is damaged \
         ({reason}); bring back a sound copy of it (another replica, a backup), or begin anew with another topic"
    )]
    Damaged {
        /// The topic.
        topic: String,
        /// Its partition.
        partition: i32,
        /// The first offset of the batch.
        offset: i64,
        /// What is wrong with it.
        reason: String,
    },
    /// The caller did not want to wait any longer.
    #[error("given up while reading topic {topic} back")]
    GaveUp {
        /// The topic.
        topic: String,
    },
}

impl From<EndError> for ReadBackError {
    fn from(EndError { topic, partition, offset, reason }: EndError) -> Self {
        Self::Damaged { topic, partition, offset, reason }
    }
}

/// A compacted topic of one partition.
pub struct LastValues {
    client: Client,
    topic: String,
}

/// Reads only what was committed.
struct Client {
    committed: Arc<BaseConsumer<Quiet>>,
    queue: ConsumerQueue<Quiet>,
}

impl Drop for Client {
    /// Nobody waits for the goodbyes of a client that only read: they take a tenth of a second.
    fn drop(&mut self) {
        let committed = Arc::clone(&self.committed);
        part(false, move || {
            // The fields are dropped right after this began: the last one says goodbye, and that is to be this one.
            while Arc::strong_count(&committed) > 1 {
                std::thread::yield_now();
            }
            drop(committed);
        });
    }
}

impl Cluster {
    /// A reader of the last values in `topic`, which has one partition.
    ///
    /// # Errors
    /// [`ReadBackError`] when the clients cannot be made.
    pub fn last_values(&self, topic: &str) -> Result<LastValues, ReadBackError> {
        let mut config = client_config(&self.settings, Role::Consumer)?;
        // librdkafka reads only as a member of a group, whose offsets nobody publishes here.
        config.set("group.id", "ordertrail-last-values");
        config.set("fetch.wait.max.ms", EMPTY_ANSWER_MS);
        let committed: BaseConsumer<Quiet> = config.create_with_context(Quiet).map_err(|error| creation(&error))?;
        let committed = Arc::new(committed);
        let failed = || ReadBackError::NoAnswer { topic: topic.to_owned(), reason: "it has no queue".to_owned() };
        let queue = ConsumerQueue::new(Arc::clone(&committed)).ok_or_else(failed)?;
        Ok(LastValues { client: Client { committed, queue }, topic: topic.to_owned() })
    }
}

/// What is made of the records of a topic that is read from its end backwards.
pub trait Gather {
    /// A record. They come in pieces, the newest piece first, and within a piece the oldest first; a piece may come more
    /// than once.
    fn take(&mut self, offset: i64, key: &[u8], value: Option<&[u8]>);

    /// Whether no older ones are needed. Asked after each piece.
    fn is_enough(&mut self) -> bool;
}

/// The last value of one key.
struct Last<'k> {
    key: &'k [u8],
    found: Option<Option<Vec<u8>>>,
}

impl Gather for Last<'_> {
    fn take(&mut self, _offset: i64, key: &[u8], value: Option<&[u8]>) {
        if key == self.key {
            self.found = Some(value.map(<[u8]>::to_vec));
        }
    }

    fn is_enough(&mut self) -> bool {
        self.found.is_some()
    }
}

impl LastValues {
    /// The last committed value of `key`. `None` when there is none, or it was deleted. Waits at most
    /// `timeout`, and only while `goes_on` says true, which is asked often.
    ///
    /// # Errors
    /// [`ReadBackError`].
    pub fn get(
        &self,
        key: &[u8],
        reach: Reach,
        timeout: Duration,
        goes_on: impl FnMut() -> bool,
    ) -> Result<Option<Vec<u8>>, ReadBackError> {
        let mut last = Last { key, found: None };
        self.read_back(&mut last, reach, timeout, goes_on)?;
        Ok(last.found.flatten())
    }

    /// One past the last offset that can be read.
    ///
    /// # Errors
    /// [`ReadBackError`] when there is no answer within `timeout`.
    pub fn end(&self, timeout: Duration) -> Result<i64, ReadBackError> {
        self.ends(Reach::Readable, &Patience::new(timeout, &|| false)).map(|(_, end)| end)
    }

    /// The first offset, and one past the last.
    fn ends(&self, reach: Reach, patience: &Patience<'_>) -> Result<(i64, i64), ReadBackError> {
        self.know_the_leader(patience)?;
        let ends = match reach {
            Reach::Everything => list_all_ends(&self.client.committed, &self.topic, &[0], patience),
            Reach::Readable => list_ends(&self.client.committed, &self.topic, &[0], patience),
        };
        let mut ends = ends.map_err(|error| self.no_answer(error.reason))?;
        let ends = ends.remove(&0).unwrap_or_else(|| Err("it is not in the answer".to_owned()));
        ends.map_err(|reason| self.no_answer(reason))
    }

    /// Waits until the client knows who leads the topic. A new client that is asked for ends first may have no
    /// connection yet: librdkafka then looks for the leader once, in vain, and next after three seconds.
    fn know_the_leader(&self, patience: &Patience<'_>) -> Result<(), ReadBackError> {
        while let Err(error) = self.client.committed.fetch_metadata(Some(&self.topic), SLICE) {
            if patience.is_over() {
                return Err(self.no_answer(error.to_string()));
            }
        }
        Ok(())
    }

    /// The same reader for another topic of one partition: it needs no other connection.
    #[must_use]
    pub fn turned_to(self, topic: &str) -> Self {
        Self { topic: topic.to_owned(), ..self }
    }

    /// Gives committed records to `gather` until it has enough, or the topic's beginning is reached. However long the
    /// topic is, only as much of its end is read as is needed, or eight times that. Waits at most `timeout`, and only
    /// while `goes_on` says true, which is asked often.
    ///
    /// # Errors
    /// [`ReadBackError`].
    pub fn read_back(
        &self,
        gather: &mut dyn Gather,
        reach: Reach,
        timeout: Duration,
        goes_on: impl FnMut() -> bool,
    ) -> Result<(), ReadBackError> {
        let deadline = Instant::now() + timeout;
        let goes_on = RefCell::new(goes_on);
        let ends = self.ends(reach, &Patience::new(timeout, &|| !(goes_on.borrow_mut())()));
        let mut goes_on = goes_on.into_inner();
        let (low, high) = match ends {
            Err(_) if !goes_on() => return Err(ReadBackError::GaveUp { topic: self.topic.clone() }),
            ends => ends?,
        };
        let mut reading = Reading { of: self, gather, deadline, goes_on: &mut goes_on };
        let mut end = high;
        for look in LOOKS {
            if end <= low {
                break;
            }
            let start = high.saturating_sub(look).max(low);
            reading.read_patiently(start..end)?;
            if reading.gather.is_enough() {
                break;
            }
            end = start;
        }
        Ok(())
    }

    fn no_answer(&self, reason: String) -> ReadBackError {
        ReadBackError::NoAnswer { topic: self.topic.clone(), reason }
    }
}

/// Reading a topic back once.
struct Reading<'r> {
    of: &'r LastValues,
    gather: &'r mut dyn Gather,
    deadline: Instant,
    /// Whether the caller still wants it.
    goes_on: &'r mut dyn FnMut() -> bool,
}

impl Reading<'_> {
    /// Reads the records at some offsets, also when that takes several trials: a batch that was damaged on its way, or
    /// in the copy of one broker, is whole another time, and one that somebody deletes is in nobody's way.
    fn read_patiently(&mut self, offsets: Range<i64>) -> Result<(), ReadBackError> {
        loop {
            let damaged = match self.read(offsets.clone()) {
                Err(error @ ReadBackError::Damaged { .. }) => error,
                other => return other,
            };
            for _ in 0..PAUSE_SLICES {
                if !(self.goes_on)() {
                    return Err(ReadBackError::GaveUp { topic: self.of.topic.clone() });
                }
                if Instant::now() >= self.deadline {
                    return Err(damaged);
                }
                // Nothing is assigned, so whatever comes is of no use.
                self.of.client.queue.poll(SLICE, |_| {});
            }
        }
    }

    /// Reads the records at some offsets.
    fn read(&mut self, offsets: Range<i64>) -> Result<(), ReadBackError> {
        let mut list = TopicPartitionList::with_capacity(1);
        let placed = list.add_partition_offset(&self.of.topic, 0, Offset::Offset(offsets.start));
        let assigned = placed.and_then(|()| self.of.client.committed.incremental_assign(&list));
        assigned.map_err(|error| self.of.no_answer(error.to_string()))?;
        let read = self.read_assigned(offsets.end);
        if let Err(error) = self.of.client.committed.incremental_unassign(&list) {
            tracing::debug!(%error, topic = self.of.topic, "not unassigned");
        }
        read
    }

    fn read_assigned(&mut self, end: i64) -> Result<(), ReadBackError> {
        let mut failed = None;
        let mut next = 0;
        while next < end {
            self.of.client.queue.poll(SLICE, |event| match event {
                RawEvent::Message(message) => {
                    next = message.offset() + 1;
                    if let Some(key) = message.key().filter(|_| next <= end) {
                        self.gather.take(message.offset(), key, message.payload());
                    }
                }
                // After the last record there may be marks of transactions, which nobody is shown.
                RawEvent::PartitionEnd { offset, .. } => next = next.max(offset),
                RawEvent::Error { partition: Some(partition), offset: Some(offset), code, reason, .. }
                    if is_unreadable(code, reason) =>
                {
                    let (topic, reason) = (self.of.topic.clone(), tidy(reason));
                    failed = Some(ReadBackError::Damaged { topic, partition, offset, reason });
                }
                RawEvent::Error { partition: Some(_), code, reason, .. } => {
                    let reason = if reason.is_empty() { code.to_string() } else { tidy(reason) };
                    failed = Some(self.of.no_answer(reason));
                }
                _ => {}
            });
            if let Some(error) = failed {
                return Err(error);
            }
            if !(self.goes_on)() {
                return Err(ReadBackError::GaveUp { topic: self.of.topic.clone() });
            }
            if next < end && Instant::now() >= self.deadline {
                return Err(self.of.no_answer("not all of it could be read in time".to_owned()));
            }
        }
        Ok(())
    }
}
