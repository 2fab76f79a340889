//! Sending, with every delivery report heard.
//!
//! Idempotent and `acks=all`: within one run no record is written twice or out of its partition's
//! order, and librdkafka gives up a record only when the broker refuses it for good. A thread of its own
//! polls librdkafka and tells each record's fate to a listener; whoever sends never sees a record
//! vanish. The reports that wait are bounded by librdkafka's own queue, which counts a record until
//! its report was heard: a slow listener slows the sending.

use std::ffi::CString;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer as _, PurgeConfig};
use thiserror::Error;

use super::cluster::Cluster;
use super::deliveries::{Desk, Listen, Reports, delivery_error};
use super::poller::Poller;
use super::raw::memory::keep_large_pieces;
use super::raw::produce::{Topic, produce};
use super::raw::reports::ReportQueue;
use super::raw::transactions::flush;
use super::settings::{PropertyError, Role, client_config, has_depth, linger_for_bulk};
use crate::base::message::Headers;
use crate::tools::shutdown::Shutdown;

/// How often a stop is looked for while the local queue is full. Records that leave it end the wait at once.
const LOOK: Duration = Duration::from_millis(20);

/// So many bytes may wait for each partition before a sender has to. One batch of a megabyte is on its way at a
/// time (librdkafka allows an idempotent producer no more), the next ones are being filled; more only makes
/// orders late, and the processor's caches too small for them.
const WAITING_BYTES: usize = 4 * 1024 * 1024;

/// So many partitions count for that.
const MOST_PARTITIONS: usize = 8;

/// How long a new producer waits for a first answer, which saves the first records half a second.
const WARM_UP: Duration = Duration::from_secs(2);

/// How long the listener may take to be told the last reports that are here.
const TELLING: Duration = Duration::from_millis(20);

/// Why nothing is sent any more when the listener has panicked; it has said so itself.
const DEAF: &str = "the thread that hears of deliveries panicked";

/// How often a wait for all reports looks whether they can be heard at all.
const SLICE: Duration = Duration::from_millis(100);

/// How long to wait for the reports of records that were given up.
const GIVE_UP_WAIT: Duration = Duration::from_secs(1);

/// What is to be sent. The client copies it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Record<'a> {
    /// Where to; `None` lets the key decide.
    pub partition: Option<i32>,
    /// Its time, milliseconds since 1970-01-01 UTC; `None`, or 0, is the time of the sending, since
    /// librdkafka cannot send 0.
    pub timestamp_ms: Option<i64>,
    /// Decides the partition unless that is given; `None` spreads.
    pub key: Option<&'a [u8]>,
    /// The bytes of the message; `None` is a tombstone.
    pub payload: Option<&'a [u8]>,
    /// In their order; a name may be any bytes but NUL.
    pub headers: Headers<'a>,
}

impl Record<'_> {
    /// What it takes while it waits, about.
    fn bytes(&self) -> usize {
        let part = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
        part(self.key) + part(self.payload) + self.headers.packed_bytes()
    }
}

/// What the listener is told. `T` is the token that was sent with the record.
#[derive(Debug)]
pub enum ProducerEvent<T> {
    /// The record is in the topic, on all in-sync replicas.
    Delivered {
        /// As it was given to [`Producer::send`].
        token: T,
        /// Its partition.
        partition: i32,
        /// Its offset there.
        offset: i64,
        /// From [`Producer::send`] to this report.
        latency: Duration,
    },
    /// The record will not be in the topic.
    Failed {
        /// As it was given to [`Producer::send`].
        token: T,
        /// Why.
        reason: DeliveryError,
    },
    /// Nothing has been acknowledged for some seconds; the client goes on trying by itself.
    Stalled {
        /// How many records wait.
        in_flight: usize,
        /// The last that the client heard of its brokers.
        reason: String,
    },
    /// After [`ProducerEvent::Stalled`]: records are being acknowledged again.
    Resumed,
    /// Comes every 20 ms, or 100 ms while nothing is in flight, for whoever buffers or draws.
    Tick,
}

/// Why one record was not delivered.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DeliveryError {
    /// Beyond a limit of the topic, of the broker or of this client.
    #[error(
        "too large: raise the topic's max.message.bytes, or this client's -X message.max.bytes; \
         if small ones fail too, lower -X batch.size"
    )]
    TooLarge,
    /// The broker does not let us write.
    #[error("not authorised to write to the topic")]
    NotAuthorized,
    /// The topic has gone.
    #[error("the topic is not there any more")]
    NoTopic,
    /// The end came first: see [`Producer::give_up`].
    #[error("not acknowledged in time")]
    GivenUp,
    /// Another final refusal.
    #[error("{reason}")]
    Refused {
        /// What the broker or the client said.
        reason: String,
    },
}

/// Why there is no producer.
#[derive(Debug, Error)]
pub enum ProduceError {
    /// A property is wrong: exit code 2.
    #[error(transparent)]
    Property(#[from] PropertyError),
    /// The client or its thread could not be made: exit code 1.
    #[error("the producer could not be started: {reason}")]
    Start {
        /// What was said.
        reason: String,
    },
}

/// Why a record was not taken. The token comes back: nothing was sent.
#[derive(Debug, Error)]
pub enum SendError<T> {
    /// This record can never be sent; others can.
    #[error("{reason}")]
    Refused {
        /// As it was given.
        token: T,
        /// Why.
        reason: DeliveryError,
    },
    /// A stop was asked for while the local queue was full.
    #[error("stopped while the local queue was full")]
    Stopped {
        /// As it was given.
        token: T,
    },
    /// The client has failed for good; it takes nothing more.
    #[error("the producer has failed for good: {reason}")]
    Fatal {
        /// As it was given.
        token: T,
        /// What librdkafka said, or that the listener panicked.
        reason: String,
    },
}

/// Why it will never be told what became of records.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum HearingError {
    /// The listener has panicked, which standard error has. Make another producer, or end.
    #[error(
        "the thread that hears of deliveries panicked (standard error says where): what became of what was under way \
         is not known"
    )]
    Panicked {
        /// How many records were in flight, without the one at which it panicked.
        in_flight: usize,
    },
}

/// Sends to one topic.
pub struct Producer<T: Send + Sync + 'static> {
    // Shared with the polling thread.
    client: Arc<BaseProducer<Reports<T>>>,
    topic: Topic<Reports<T>>,
    desk: Arc<Desk<T>>,
    /// How many bytes may be in flight before a sender waits.
    most_bytes: usize,
    stop: Shutdown,
    thread: Option<JoinHandle<()>>,
}

impl Cluster {
    /// A producer for `topic`. `listen` is told the fate of every record, on a thread of the
    /// producer's own, where it may block.
    ///
    /// # Errors
    /// [`ProduceError`] when the client cannot be made.
    pub fn producer<T: Send + Sync + 'static>(
        &self,
        topic: &str,
        listen: impl FnMut(ProducerEvent<T>) + Send + 'static,
    ) -> Result<Producer<T>, ProduceError> {
        self.make_producer(topic, false, Box::new(listen))
    }

    /// The same for who has more to send than can be sent at once: a record may wait a little longer for a
    /// batch to be filled.
    ///
    /// # Errors
    /// [`ProduceError`] when the client cannot be made.
    pub fn bulk_producer<T: Send + Sync + 'static>(
        &self,
        topic: &str,
        listen: impl FnMut(ProducerEvent<T>) + Send + 'static,
    ) -> Result<Producer<T>, ProduceError> {
        self.make_producer(topic, true, Box::new(listen))
    }

    fn make_producer<T: Send + Sync + 'static>(
        &self,
        topic: &str,
        is_bulk: bool,
        listen: Listen<T>,
    ) -> Result<Producer<T>, ProduceError> {
        let start = |reason: String| ProduceError::Start { reason };
        let name = CString::new(topic).map_err(|error| start(error.to_string()))?;
        let desk = Arc::new(Desk::new(listen));
        let mut config = client_config(&self.settings, Role::Producer)?;
        keep_large_pieces();
        self.fit_batches(&mut config, topic);
        if is_bulk {
            linger_for_bulk(&mut config, &self.settings);
        }
        let client: BaseProducer<Reports<T>> =
            config.create_with_context(Reports(Arc::clone(&desk))).map_err(|error| match error {
                // Each property is good, but not with the others.
                KafkaError::ClientCreation(reason) => PropertyError::Combination { reason }.into(),
                other => start(other.to_string()),
            })?;
        // The answer makes librdkafka ask for its producer id at once. Without it, it looks for a broker
        // every 500 ms, and the first records wait that long. No answer is no error: they wait, then.
        let partitions = match client.client().fetch_metadata(Some(topic), WARM_UP) {
            Ok(metadata) => metadata.topics().first().map_or(1, |topic| topic.partitions().len()),
            Err(error) => {
                tracing::debug!(%error, "no answer to a new producer yet");
                MOST_PARTITIONS
            }
        };
        let most_bytes =
            if has_depth(&self.settings) { usize::MAX } else { WAITING_BYTES * partitions.clamp(1, MOST_PARTITIONS) };
        let client = Arc::new(client);
        let no_topic = || start(format!("{topic:?} is no name for a topic"));
        let handle = Topic::new(Arc::clone(&client), &name).ok_or_else(no_topic)?;
        let no_queue = || start("librdkafka has no queue for its reports".to_owned());
        let queue = ReportQueue::new(Arc::clone(&client)).ok_or_else(no_queue)?;
        let stop = Shutdown::new();
        let (client_of_poller, desk_of_poller) = (Arc::clone(&client), Arc::clone(&desk));
        let topic = topic.to_owned();
        let poller = Poller { client: client_of_poller, topic, queue, desk: desk_of_poller, stop: stop.clone() };
        let thread = std::thread::Builder::new()
            .name("deliveries".into())
            .spawn(move || poller.run())
            .map_err(|error| start(error.to_string()))?;
        Ok(Producer { client, topic: handle, desk, most_bytes, stop, thread: Some(thread) })
    }
}

impl<T: Send + Sync + 'static> Producer<T> {
    /// Hands a record to the client, waiting while its local queue is full. Its fate is told to the
    /// listener unless this fails.
    ///
    /// # Errors
    /// [`SendError`]: the record was not taken, and the listener hears nothing of it.
    pub fn send(&self, record: &Record<'_>, token: T, shutdown: &Shutdown) -> Result<(), SendError<T>> {
        if self.wait_for_room(shutdown) {
            return Err(SendError::Stopped { token });
        }
        if self.desk.is_deaf() {
            return Err(SendError::Fatal { token, reason: DEAF.to_owned() });
        }
        let topic = &self.topic;
        // Counted before it is sent, since its report may come before `send` returns.
        let (index, mut spare) = self.desk.take_off(token, record.bytes());
        // True once the queue was seen empty although it is too full for this record.
        let mut was_empty = false;
        loop {
            let landings = self.desk.landings();
            let Err((code, _)) = produce(&self.client, topic, record, spare.take(), index) else {
                return Ok(());
            };
            let full = code == RDKafkaErrorCode::QueueFull;
            let is_stopped = full && !was_empty && shutdown.is_requested();
            let is_deaf = self.desk.is_deaf();
            if !full || was_empty || is_stopped || is_deaf {
                // One that has a report all the same has been told.
                let Some(token) = self.desk.stay(index) else { return Ok(()) };
                if is_stopped {
                    return Err(SendError::Stopped { token });
                }
                if is_deaf {
                    return Err(SendError::Fatal { token, reason: DEAF.to_owned() });
                }
                let reason =
                    if full { DeliveryError::TooLarge } else { delivery_error(&KafkaError::MessageProduction(code)) };
                return Err(self.refusal(token, reason));
            }
            was_empty = self.client.in_flight_count() == 0;
            if !was_empty {
                self.desk.wait_landing(landings, LOOK);
            }
        }
    }

    /// Waits until few enough bytes are in flight; true when a stop is asked for before they are.
    fn wait_for_room(&self, shutdown: &Shutdown) -> bool {
        loop {
            let landings = self.desk.landings();
            if self.desk.bytes_in_flight() < self.most_bytes || self.desk.is_deaf() {
                return false;
            }
            if shutdown.is_requested() {
                return true;
            }
            self.desk.wait_landing(landings, LOOK);
        }
    }

    fn refusal(&self, token: T, reason: DeliveryError) -> SendError<T> {
        match self.client.client().fatal_error() {
            Some((_, reason)) => SendError::Fatal { token, reason },
            None => SendError::Refused { token, reason },
        }
    }

    /// How many records have been taken whose fate is not known yet.
    ///
    /// # Errors
    /// [`HearingError`]: they stay in flight, since nobody can be told of them any more.
    pub fn in_flight(&self) -> Result<usize, HearingError> {
        // In this order: whoever panics makes deaf before what it was told of leaves.
        let in_flight = self.desk.in_flight();
        self.desk.stranded().map_or(Ok(in_flight), |in_flight| Err(HearingError::Panicked { in_flight }))
    }

    /// Sends what waits for its batch to be filled, and waits at most `timeout` until every record's fate
    /// has been told. Returns how many are still in flight.
    ///
    /// # Errors
    /// [`HearingError`], at once: waiting on would be for nothing.
    pub fn flush(&self, timeout: Duration) -> Result<usize, HearingError> {
        let began = Instant::now();
        let left = || timeout.saturating_sub(began.elapsed());
        // It returns when all reports are here, which is a little before they have been told.
        while self.in_flight()? > 0 && !flush(&self.client, left().min(SLICE)) && !left().is_zero() {}
        self.desk.wait_landed(left().max(TELLING));
        self.in_flight()
    }

    /// Gives up what is in flight: the listener hears [`DeliveryError::GivenUp`] of each. A record
    /// that was on its way may be in the topic all the same. Returns how many records never got
    /// a report, which is 0 unless the client hangs.
    ///
    /// # Errors
    /// [`HearingError`].
    pub fn give_up(&self) -> Result<usize, HearingError> {
        self.client.purge(PurgeConfig::default().queue().inflight());
        self.flush(GIVE_UP_WAIT)
    }
}

impl<T: Send + Sync + 'static> Drop for Producer<T> {
    fn drop(&mut self) {
        self.stop.request();
        self.desk.wake();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so already.
            drop(thread.join());
        }
    }
}
