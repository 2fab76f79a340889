//! `--exactly-once`: killed anywhere and started again with the same slot, every order of the slot is
//! in the topic exactly once for who reads what is committed.
//!
//! Orders travel in transactions, and with them, in the same transaction, the slot's progress: the
//! number of the last order, and its line in the file. Starting fences the predecessor with the same
//! slot, which settles whatever it had under way, and then the last committed progress is the truth.
//! Every doubt is settled the same way: a new producer, and the progress read again.

use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::args::{ExactlyOnceConfig, ProducerConfig, Source};
use super::label::IdLength;
use super::lock;
use super::orders::{LinePolicy, Orders};
use super::pace::Pace;
use super::report::{Report, Ticket};
use super::send::Ending;
use crate::base::message::Headers;
use crate::doors::kafka::{
    Cluster, DeliveryError, LastValues, ProducerEvent, Reach, ReadBackError, Record, RecordPlace, TransactionError,
    TransactionalProducer, Transactions,
};
use crate::tools::dice::Dice;
use crate::tools::shutdown::Shutdown;

mod batch;
mod interruption;
mod patience;
mod slot;

use batch::{Filled, Filler, Pending};
pub(super) use interruption::Interruption;
use patience::{Patience, STALLED_AFTER};
use slot::{Done, Slot};

/// How long the progress may take to be read before it is asked for anew, by a new client: one that saw its broker die
/// now and then asks nobody any more for minutes.
const READ_BACK: Duration = Duration::from_secs(10);

/// How long one that was fenced looks for the sign of its successor.
const SUCCESSOR: Duration = Duration::from_secs(3);

/// Between two such looks.
const LOOK: Duration = Duration::from_millis(50);

/// How long an abort may take before a new producer does it instead.
const ABORT: Duration = Duration::from_secs(1);

/// An exactly-once run.
pub(super) struct ExactlyOnce<'a> {
    config: &'a ProducerConfig,
    shutdown: &'a Shutdown,
    report: &'a Mutex<Report>,
    intake: std::sync::Arc<super::report::Intake>,
    slot_name: &'a str,
    progress_topic: &'a str,
    slot: Slot,
    transactions: Transactions,
    cluster: &'a Cluster,
    /// The reader of the progress, as long as it answers.
    memory: Option<LastValues>,
    /// Tells this run from others of the slot.
    instance: Uuid,
    /// As last committed.
    done: Done,
    patience: Patience<'a>,
}

impl<'a> ExactlyOnce<'a> {
    pub(super) fn new(
        config: &'a ProducerConfig,
        once: &'a ExactlyOnceConfig,
        shutdown: &'a Shutdown,
        report: &'a Mutex<Report>,
        cluster: &'a Cluster,
    ) -> Result<Self, Interruption> {
        let ExactlyOnceConfig { slot: slot_name, progress_topic } = once;
        let slot = Slot::new(&config.topic, slot_name);
        let transactions = cluster.transactions(&config.topic, &slot.transactional_id())?;
        let intake = lock(report).intake();
        Ok(Self {
            config,
            shutdown,
            report,
            intake,
            slot_name,
            progress_topic,
            slot,
            transactions,
            cluster,
            memory: None,
            instance: Uuid::new_v4(),
            done: Done::default(),
            patience: Patience::new(config.flush_timeout, shutdown, report),
        })
    }

    /// Takes the slot over, and says how many orders it has sent already.
    pub(super) fn take_over(&mut self) -> Result<(TransactionalProducer, u64), Interruption> {
        let producer = self.replace(&mut Vec::new(), None)?;
        if let (Some(file), Some(ours)) = (&self.done.file, self.file())
            && *file != ours
        {
            let (slot, topic) = (self.slot_name.to_owned(), self.config.topic.clone());
            return Err(Interruption::OtherFile { slot, topic, file: file.clone(), line: self.done.line });
        }
        Ok((producer, self.done.sequence))
    }

    /// The name of the file that is sent: the same wherever it lies.
    fn file(&self) -> Option<String> {
        match &self.config.source {
            Source::Menu => None,
            Source::StandardInput(_) => Some("-".to_owned()),
            Source::File(path, _) => Some(path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()),
        }
    }

    /// Sends until the source or the slot's total is at its end, or a stop is asked for; also tells
    /// what ended it before its time, if anything did.
    pub(super) fn send_all(
        &mut self,
        mut producer: TransactionalProducer,
        mut orders: Orders,
        order_lines: Option<IdLength>,
    ) -> (Ending, Option<Interruption>) {
        orders.resume(self.slot.namespace(), self.done.sequence, self.done.line, self.shutdown);
        let mut filler = Filler {
            config: self.config,
            shutdown: self.shutdown,
            report: self.report,
            order_lines,
            orders,
            dice: Dice::new(self.config.seed),
            pace: Pace::new(self.config.interval, Instant::now()),
            sequence: self.done.sequence,
            is_strict: matches!(
                self.config.source,
                Source::File(_, LinePolicy::Strict) | Source::StandardInput(LinePolicy::Strict)
            ),
            skipped_lines: 0,
        };
        let mut batch = Vec::new();
        loop {
            let filled = filler.fill(&mut batch);
            self.intake.file_bytes.store(filler.orders.bytes_taken(), Ordering::Relaxed);
            self.intake.sent.fetch_add(batch.len() as u64, Ordering::Relaxed);
            let mut ending = Ending { skipped_lines: filler.skipped_lines, failed: matches!(filled, Filled::Failed) };
            if !batch.is_empty() {
                producer = match self.deliver(producer, &mut batch) {
                    Ok(producer) => producer,
                    Err(interruption) => {
                        let (mut report, left) = (lock(self.report), batch.len() as u64);
                        if matches!(interruption, Interruption::Stopped) {
                            report.never_heard(left);
                        } else {
                            report.not_delivered(left);
                            ending.failed = true;
                        }
                        return (ending, Some(interruption));
                    }
                };
            }
            lock(self.report).hear(ProducerEvent::Tick);
            match filled {
                Filled::More => {}
                Filled::End | Filled::Failed => return (ending, None),
            }
        }
    }

    /// Commits a batch, however often it takes, and leaves it empty. Gives the producer for the next.
    fn deliver(
        &mut self,
        mut producer: TransactionalProducer,
        batch: &mut Vec<Pending>,
    ) -> Result<TransactionalProducer, Interruption> {
        if producer.is_tainted() {
            producer = self.replace(batch, Some(producer))?;
        }
        loop {
            let error = match self.commit(&mut producer, batch) {
                Ok(places) => {
                    self.delivered(batch, &places);
                    return Ok(producer);
                }
                Err(error) => error,
            };
            tracing::debug!(%error, "a transaction did not go well");
            match error {
                TransactionError::Undelivered { index, reason: reason @ DeliveryError::TooLarge }
                    if index < batch.len() =>
                {
                    let order = batch.remove(index);
                    lock(self.report).failed(order.place, &reason);
                }
                TransactionError::Undelivered { reason, .. } => {
                    drop(producer.abort(ABORT));
                    return Err(Interruption::Refused { reason });
                }
                TransactionError::GaveUp => {
                    drop(producer.abort(ABORT));
                    return Err(Interruption::Stopped);
                }
                error @ (TransactionError::NotAuthorized { .. } | TransactionError::Property(_)) => {
                    return Err(error.into());
                }
                TransactionError::Fenced { .. } => {
                    self.look_for_successor(batch.len())?;
                    producer = self.replace(batch, Some(producer))?;
                    if batch.is_empty() {
                        return Ok(producer);
                    }
                    continue;
                }
                TransactionError::RequiresAbort { .. } | TransactionError::Fatal { .. } => {}
            }
            if producer.is_tainted() || producer.abort(ABORT).is_err() {
                producer = self.replace(batch, Some(producer))?;
                if batch.is_empty() {
                    return Ok(producer);
                }
            }
        }
    }

    /// One transaction: the orders, and how far the slot has come with them.
    fn commit(
        &mut self,
        producer: &mut TransactionalProducer,
        batch: &[Pending],
    ) -> Result<Vec<RecordPlace>, TransactionError> {
        let progress = self.progress_after(batch);
        producer.begin()?;
        for order in batch {
            let headers = Headers::from_block(&order.headers);
            let (key, payload) = (order.key.as_deref(), Some(order.payload.as_slice()));
            let record = Record { key, payload, headers, ..Record::default() };
            producer.send(&self.config.topic, &record, || self.patience.goes_on(batch.len()))?;
        }
        self.commit_with_progress(producer, progress, batch.len())
    }

    fn commit_with_progress(
        &mut self,
        producer: &mut TransactionalProducer,
        progress: Done,
        in_flight: usize,
    ) -> Result<Vec<RecordPlace>, TransactionError> {
        let json = progress.to_json().map_err(|error| TransactionError::Fatal { reason: error.to_string() })?;
        let key = self.slot.key();
        let record = Record { key: Some(key.as_bytes()), payload: Some(&json), ..Record::default() };
        producer.send(self.progress_topic, &record, || self.patience.goes_on(in_flight))?;
        let places = producer.commit(|elapsed, heard| self.patience.waits(elapsed, heard, in_flight))?;
        self.done = progress;
        self.patience.answered();
        Ok(places)
    }

    fn progress_after(&self, batch: &[Pending]) -> Done {
        let mut done = Done { instance: self.instance, ..self.done.clone() };
        if let Some(last) = batch.last() {
            done.sequence = last.sequence;
            if let super::label::Place::Line(line) = last.place {
                (done.line, done.file) = (line, self.file());
            }
        }
        done
    }

    fn delivered(&mut self, batch: &mut Vec<Pending>, places: &[RecordPlace]) {
        let mut report = lock(self.report);
        let mut places = places.iter();
        for Pending { place, label, taken, .. } in batch.drain(..) {
            // The one more is that of the progress.
            let (partition, offset) = places.next().copied().unwrap_or((-1, -1));
            let token = Ticket { place, label };
            report.hear(ProducerEvent::Delivered { token, partition, offset, latency: taken.elapsed() });
        }
    }

    /// A new producer in the place of one that is in doubt, or the first. Reads how far the slot has
    /// come, and empties `batch` when it turns out to have been committed.
    fn replace(
        &mut self,
        batch: &mut Vec<Pending>,
        doubtful: Option<TransactionalProducer>,
    ) -> Result<TransactionalProducer, Interruption> {
        let is_first = doubtful.is_none();
        let landed = doubtful.as_ref().and_then(TransactionalProducer::landed);
        drop(doubtful);
        // Whatever made the producer doubtful may have left the reader mute.
        self.memory = None;
        loop {
            if !is_first {
                // Whoever came after us keeps the slot.
                self.expect_no_successor(batch.len())?;
            }
            let waiting = Instant::now();
            let opened = self.transactions.open(|heard| self.patience.waits(waiting.elapsed(), heard, batch.len()));
            let mut producer = match opened {
                Ok(producer) => producer,
                Err(TransactionError::GaveUp) => return Err(Interruption::Stopped),
                Err(TransactionError::Fatal { .. } | TransactionError::Fenced { .. }) if !is_first => {
                    self.shutdown.wait_timeout(LOOK);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            self.done = self.read_back(Reach::Everything, batch.len())?.unwrap_or_default();
            if batch.last().is_some_and(|last| last.sequence <= self.done.sequence) {
                self.delivered(batch, landed.as_deref().unwrap_or_default());
            }
            // From here on, one that was fenced can see by whom.
            let claim = self.progress_after(&[]);
            let claimed = producer.begin().and_then(|()| self.commit_with_progress(&mut producer, claim, batch.len()));
            match claimed {
                Ok(_) if producer.is_tainted() => {}
                Ok(_) => return Ok(producer),
                Err(TransactionError::GaveUp) => return Err(Interruption::Stopped),
                Err(TransactionError::Fenced { .. }) => self.look_for_successor(batch.len())?,
                Err(error @ TransactionError::NotAuthorized { .. }) => return Err(error.into()),
                Err(TransactionError::Undelivered { reason, .. }) => return Err(Interruption::Refused { reason }),
                Err(error) => tracing::debug!(%error, "the slot could not be claimed yet"),
            }
        }
    }

    /// The slot's progress; waits for the broker.
    fn read_back(&mut self, reach: Reach, in_flight: usize) -> Result<Option<Done>, Interruption> {
        let waiting = Instant::now();
        let mut heard = None;
        let key = self.slot.key();
        loop {
            if !self.patience.waits(waiting.elapsed(), heard.as_deref(), in_flight) {
                return Err(Interruption::Stopped);
            }
            let timeout = if heard.is_none() { READ_BACK } else { STALLED_AFTER };
            let memory = match self.memory.take() {
                Some(memory) => memory,
                None => self.cluster.last_values(self.progress_topic)?,
            };
            let got = memory.get(key.as_bytes(), reach, timeout, || self.patience.goes_on(in_flight));
            if got.is_ok() {
                self.memory = Some(memory);
            }
            match got {
                Ok(None) => return Ok(None),
                Ok(Some(json)) => {
                    let (slot, progress) = (self.slot_name.to_owned(), self.progress_topic.to_owned());
                    let unreadable = |reason: serde_json::Error| Interruption::Progress {
                        slot,
                        progress,
                        reason: reason.to_string(),
                    };
                    return Done::read(&json).map(Some).map_err(unreadable);
                }
                Err(ReadBackError::GaveUp { .. }) => return Err(Interruption::Stopped),
                Err(ReadBackError::NoAnswer { reason, .. }) => {
                    heard = Some(reason);
                    self.shutdown.wait_timeout(LOOK);
                }
                Err(error @ (ReadBackError::Property(_) | ReadBackError::Damaged { .. })) => return Err(error.into()),
            }
        }
    }

    fn expect_no_successor(&mut self, in_flight: usize) -> Result<(), Interruption> {
        match self.read_back(Reach::Readable, in_flight)? {
            Some(found) if found.instance != self.instance && found.instance != self.done.instance => {
                let (slot, topic) = (self.slot_name.to_owned(), self.config.topic.clone());
                Err(Interruption::TakenOver { slot, topic })
            }
            _ => Ok(()),
        }
    }

    /// After being fenced: by a successor, who soon says so, or by a broker that found our
    /// transaction open for too long, and then nobody does.
    fn look_for_successor(&mut self, in_flight: usize) -> Result<(), Interruption> {
        let looking = Instant::now();
        while looking.elapsed() < SUCCESSOR {
            self.expect_no_successor(in_flight)?;
            if self.shutdown.wait_timeout(LOOK) && !self.patience.goes_on(in_flight) {
                break;
            }
        }
        Ok(())
    }
}
