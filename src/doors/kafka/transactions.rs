//! Sending in transactions: all records of one, or none, and one sender of a name at a time.
//!
//! [`Transactions::open`] fences whoever used the same transactional id before: from then on the
//! predecessor can neither send nor commit, and its open transaction is aborted. What was committed
//! can then be read back for good (see [`super::LastValues`]).
//!
//! **The taint rule.** After a commit that was slow or had to be asked for twice, a request of it may
//! still be on its way and could end a *later* transaction. Such a producer says so
//! ([`TransactionalProducer::is_tainted`]) and must be replaced before the next transaction begins:
//! opening another one raises the epoch, which makes the late request harmless.

use std::ffi::CString;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer as _};

use super::cluster::Cluster;
use super::connect::creation;
use super::consumer::Consumer;
use super::deliveries::delivery_error;
use super::flight::{Flight, Landing, Missing, is_final, serve};
use super::parting::part;
use super::producer::{DeliveryError, Record};
use super::raw::memory::keep_large_pieces;
use super::raw::produce::{Topic, produce};
use super::raw::transactions::{self as raw, Refusal};
use super::settings::{PropertyError, Role, client_config};
use super::transaction_error::{TransactionError, judge, refusal};
use crate::tools::shutdown::Shutdown;

/// How long one question takes at most before a stop is looked for.
const SLICE: Duration = Duration::from_millis(100);

/// While the predecessor's transaction is being ended, librdkafka asks again only after half a second.
/// So often a new producer, which asks at once, is tried instead.
const QUICK_TRIES: u32 = 6;

/// How long each of those may take.
const QUICK_TRY: Duration = Duration::from_millis(60);

/// How long later tries may take before a stop is looked for.
const PATIENT_TRY: Duration = Duration::from_millis(500);

/// How long a new client waits for a first answer. Until it has one, librdkafka looks for its
/// coordinator only every half second.
const FIRST_ANSWER: Duration = Duration::from_millis(500);

/// A commit that takes longer taints its producer.
const PROMPT: Duration = Duration::from_secs(1);

/// A client that has lost its brokers, or its coordinator, and had no answer for so long is given up for a new one. librdkafka that is
/// answered by a broker just started, which does not know itself yet, now and then asks nobody any more for
/// minutes; a new client begins with the addresses that were given.
const FORSAKEN: Duration = Duration::from_secs(20);

/// How long a full local queue is waited for before it is tried again.
const QUEUE_FULL_WAIT: Duration = Duration::from_millis(1);

/// Where a record came to lie: partition and offset.
pub type RecordPlace = (i32, i64);

/// What a producer is told of its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hears {
    /// Where each came to lie.
    Each,
    /// Only those that did not arrive.
    Failures,
}

/// Makes producers with one transactional id, each of which fences the one before.
#[derive(Clone, Debug)]
pub struct Transactions {
    config: ClientConfig,
    topic: String,
    id: String,
    hears: Hears,
}

impl Cluster {
    /// A maker of producers with the transactional id `id`, mainly for `topic`.
    ///
    /// # Errors
    /// [`PropertyError`].
    pub fn transactions(&self, topic: &str, id: &str) -> Result<Transactions, PropertyError> {
        let mut config = client_config(&self.settings, Role::Transactions)?;
        keep_large_pieces();
        self.fit_batches(&mut config, topic);
        Ok(Transactions::new(config, topic, id, Hears::Each))
    }
}

impl Transactions {
    pub(super) fn new(mut config: ClientConfig, topic: &str, id: &str, hears: Hears) -> Self {
        config.set("transactional.id", id);
        Self { config, topic: topic.to_owned(), id: id.to_owned(), hears }
    }

    /// A producer that alone has the id now. Waits for as long as it takes: `goes_on` is asked often,
    /// with the last that was heard of the brokers, and ends the wait by saying false.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub fn open(
        &self,
        mut goes_on: impl FnMut(Option<&str>) -> bool,
    ) -> Result<TransactionalProducer, TransactionError> {
        let mut tries = 0;
        'anew: loop {
            let mut producer = self.create()?;
            let created = Instant::now();
            while producer.client().client().fetch_metadata(Some(&self.topic), FIRST_ANSWER).is_err() {
                if !goes_on(producer.flight.heard().as_deref()) {
                    return Err(TransactionError::GaveUp);
                }
                if created.elapsed() >= FORSAKEN {
                    producer.lets_go = true;
                    continue 'anew;
                }
            }
            loop {
                let is_quick = tries < QUICK_TRIES;
                tries += 1;
                let refusal = match producer.client().init_transactions(if is_quick { QUICK_TRY } else { PATIENT_TRY })
                {
                    Ok(()) => return Ok(producer),
                    Err(error) => refusal(error),
                };
                if !goes_on(producer.flight.heard().as_deref()) {
                    return Err(TransactionError::GaveUp);
                }
                match refusal.code {
                    RDKafkaErrorCode::ConcurrentTransactions | RDKafkaErrorCode::OperationTimedOut
                        if is_quick || created.elapsed() >= FORSAKEN =>
                    {
                        producer.lets_go = true;
                        break;
                    }
                    _ if refusal.is_retriable => {}
                    _ => return Err(producer.error(refusal)),
                }
            }
        }
    }

    fn create(&self) -> Result<TransactionalProducer, TransactionError> {
        let flight = Arc::new(Flight::new(self.hears));
        let client = self.config.create_with_context(Landing(Arc::clone(&flight)));
        let client: Arc<BaseProducer<Landing>> = Arc::new(client.map_err(|error| creation(&error))?);
        let stop = Shutdown::new();
        let (serving, seen, until) = (Arc::clone(&client), Arc::clone(&flight), stop.clone());
        let thread = std::thread::Builder::new()
            .name("landings".into())
            .spawn(move || serve(&serving, &seen, &until))
            .map_err(|error| TransactionError::Fatal { reason: error.to_string() })?;
        let id = self.id.clone();
        let (thread, topics) = (Some(thread), Vec::new());
        Ok(TransactionalProducer { topics, client, flight, stop, thread, id, is_tainted: false, lets_go: false })
    }
}

/// Sends records in transactions, one transaction after the other.
pub struct TransactionalProducer {
    /// Those that were sent to, looked up once.
    topics: Vec<(String, Topic<Landing>)>,
    client: Arc<BaseProducer<Landing>>,
    flight: Arc<Flight>,
    stop: Shutdown,
    thread: Option<JoinHandle<()>>,
    id: String,
    is_tainted: bool,
    /// Its end is not waited for.
    lets_go: bool,
}

impl TransactionalProducer {
    fn client(&self) -> &BaseProducer<Landing> {
        &self.client
    }

    /// Whether it must be replaced before the next transaction: see the module's taint rule.
    pub fn is_tainted(&self) -> bool {
        self.is_tainted
    }

    /// Begins a transaction. Never waits for the broker.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub fn begin(&mut self) -> Result<(), TransactionError> {
        self.flight.begin();
        self.client.begin_transaction().map_err(|error| self.error(refusal(error)))
    }

    /// Adds a record to the transaction, waiting while the local queue is full for as long as
    /// `goes_on` wants to.
    ///
    /// # Errors
    /// [`TransactionError::Undelivered`] when this record can never be sent, and others.
    pub fn send(
        &mut self,
        topic: &str,
        record: &Record<'_>,
        mut goes_on: impl FnMut() -> bool,
    ) -> Result<(), TransactionError> {
        let known = self.topics.iter().position(|(name, _)| name == topic);
        let known = match known {
            Some(known) => known,
            None => self.look_up(topic)?,
        };
        let Some((_, topic)) = self.topics.get(known) else { return Err(no_topic(topic)) };
        let index = self.flight.take_off();
        let mut was_empty = false;
        while let Err((code, _)) = produce(&self.client, topic, record, None, index) {
            let full = code == RDKafkaErrorCode::QueueFull;
            if !full || was_empty {
                self.flight.stay();
                let error = KafkaError::MessageProduction(code);
                let reason = if full { DeliveryError::TooLarge } else { delivery_error(&error) };
                return Err(self.fatal().unwrap_or_else(|| match full || is_final(&error) {
                    true => TransactionError::Undelivered { index, reason },
                    false => TransactionError::RequiresAbort { reason: reason.to_string() },
                }));
            }
            // Too large for an empty queue is too large for ever.
            was_empty = self.client.in_flight_count() == 0;
            if !goes_on() {
                self.flight.stay();
                return Err(TransactionError::GaveUp);
            }
            std::thread::park_timeout(QUEUE_FULL_WAIT);
        }
        Ok(())
    }

    fn look_up(&mut self, topic: &str) -> Result<usize, TransactionError> {
        let name = CString::new(topic).map_err(|_| no_topic(topic))?;
        let found = Topic::new(Arc::clone(&self.client), &name).ok_or_else(|| no_topic(topic))?;
        self.topics.push((topic.to_owned(), found));
        Ok(self.topics.len() - 1)
    }

    /// Publishes `positions` (partition, next offset) of what `consumer` reads as its group's offsets, with
    /// `metadata` beside each, if and when the transaction is committed. Waits for as long as `goes_on` wants to.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub fn send_offsets(
        &mut self,
        consumer: &Consumer,
        positions: &[(i32, i64)],
        metadata: &str,
        mut goes_on: impl FnMut(Option<&str>) -> bool,
    ) -> Result<(), TransactionError> {
        let Some((group, offsets)) = consumer.for_transaction(positions, metadata) else {
            return Err(TransactionError::Fatal { reason: "the consumer has no group".to_owned() });
        };
        while let Err(error) = self.client.send_offsets_to_transaction(&offsets, &group, SLICE) {
            let refusal = refusal(error);
            if !refusal.is_retriable {
                return Err(self.error(refusal));
            }
            if !goes_on(self.flight.heard().as_deref()) {
                self.is_tainted = true;
                return Err(TransactionError::GaveUp);
            }
        }
        Ok(())
    }

    /// Commits the transaction and tells where each of its records lies, in the order of sending (nothing when it
    /// is from [`Cluster::processing`]). Waits
    /// for as long as it takes: `goes_on` is asked often, with how long it has taken and the last that
    /// was heard of the brokers, and ends the wait by saying false.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub fn commit(
        &mut self,
        mut goes_on: impl FnMut(Duration, Option<&str>) -> bool,
    ) -> Result<Vec<RecordPlace>, TransactionError> {
        let asked = Instant::now();
        while !raw::flush(&self.client, SLICE) {
            if let Some(fatal) = self.fatal() {
                return Err(fatal);
            }
            let heard = self.flight.heard();
            if !goes_on(asked.elapsed(), heard.as_deref()) {
                self.is_tainted = true;
                return Err(TransactionError::GaveUp);
            }
            if let Some(reason) = heard.filter(|_| asked.elapsed() >= FORSAKEN) {
                (self.is_tainted, self.lets_go) = (true, true);
                return Err(TransactionError::RequiresAbort { reason });
            }
        }
        let places = self.flight.places().map_err(|missing| {
            // One error of the whole client makes every record miss.
            self.fatal().unwrap_or_else(|| match missing {
                Missing::Refused(index, reason) => TransactionError::Undelivered { index, reason },
                Missing::Passing(reason) => TransactionError::RequiresAbort { reason: reason.to_string() },
            })
        })?;
        let committing = Instant::now();
        while let Err(refusal) = raw::commit(&self.client, SLICE) {
            self.is_tainted = true;
            if !refusal.is_retriable {
                return Err(self.error(refusal));
            }
            if !goes_on(asked.elapsed(), self.flight.heard().as_deref()) {
                return Err(TransactionError::GaveUp);
            }
        }
        self.is_tainted |= committing.elapsed() > PROMPT;
        Ok(places)
    }

    /// Where the records of the last transaction lie, if all of them have arrived at the broker. That
    /// says nothing of whether it was committed.
    pub fn landed(&self) -> Option<Vec<RecordPlace>> {
        self.flight.places().ok()
    }

    /// Aborts the transaction: none of its records will be seen. One that cannot be aborted is aborted
    /// by the next [`Transactions::open`], or by the broker after `transaction.timeout.ms`.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub fn abort(&mut self, timeout: Duration) -> Result<(), TransactionError> {
        self.client.abort_transaction(timeout).map_err(|error| {
            self.is_tainted = true;
            self.error(refusal(error))
        })
    }

    fn fatal(&self) -> Option<TransactionError> {
        let (code, reason) = self.client.client().fatal_error()?;
        let refusal = Refusal { code, reason, is_retriable: false, requires_abort: false };
        Some(self.error(refusal))
    }

    fn error(&self, refusal: Refusal) -> TransactionError {
        judge(&self.id, refusal)
    }
}

fn no_topic(topic: &str) -> TransactionError {
    TransactionError::Fatal { reason: format!("{topic:?} is no name for a topic") }
}

impl Drop for TransactionalProducer {
    fn drop(&mut self) {
        self.topics.clear();
        self.stop.request();
        self.flight.wake();
        let (client, thread) = (Arc::clone(&self.client), self.thread.take());
        part(!self.lets_go, move || {
            // A thread that panicked has said so already.
            drop(thread.map(JoinHandle::join));
            drop(client);
        });
    }
}
