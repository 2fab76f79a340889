//! What was done with is told in one transaction: results, dead letters, and the group's offsets. All of it, or
//! nothing, and only by one instance of a group at a time.
//!
//! Every doubt is settled in one way: a new producer, which ends whatever the one before had under way, and then a
//! look at the group's offsets, which say what of it was committed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::kept::{Kept, Told};
use crate::base::message::Headers;
use crate::doors::health::ServiceLog;
use crate::doors::kafka::{
    Cluster, DeliveryError, Inlet, Record, TransactionError, TransactionalProducer, Transactions,
};
use crate::logic::letters::Settled;
use crate::programs::techshop::{TechshopError, events};
use crate::tools::shutdown::Shutdown;

/// How long an abort may take before a new producer does it instead.
const ABORT: Duration = Duration::from_secs(1);

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// How long the group's offsets may take to be told.
const ANSWER: Duration = Duration::from_secs(5);

/// How long a broker is waited for once a stop was asked for.
const GOODBYE: Duration = Duration::from_secs(10);

/// Who waits for longer says so.
const LONG_WAIT: Duration = Duration::from_secs(5);

/// One that was fenced sooner was fenced by a successor: the broker itself fences only a transaction that has been
/// open for ten seconds.
const SUCCESSOR: Duration = Duration::from_secs(8);

/// Where things are told.
#[derive(Clone, Debug)]
pub(super) struct Topics {
    /// What became of each letter.
    pub(super) results: String,
    /// What was given up.
    pub(super) dead_letters: String,
}

/// Tells what was done with.
pub(super) struct Commits<'a> {
    transactions: Transactions,
    producer: Option<TransactionalProducer>,
    topics: Topics,
    group: String,
    log: ServiceLog,
    shutdown: &'a Shutdown,
    /// Done with and not committed yet.
    batch: Vec<Settled<Kept>>,
    /// As last committed.
    offsets: BTreeMap<i32, i64>,
    /// When it was last seen that nobody has taken over.
    confirmed: Instant,
}

impl<'a> Commits<'a> {
    /// Takes over from whoever told of this group before.
    pub(super) fn open(
        cluster: &Cluster,
        group: &str,
        id: &str,
        topics: Topics,
        log: ServiceLog,
        shutdown: &'a Shutdown,
    ) -> Result<Self, TechshopError> {
        let transactions = cluster.transactions(&topics.results, id).map_err(TransactionError::Property)?;
        let mut commits = Self {
            transactions,
            producer: None,
            topics,
            group: group.to_owned(),
            log,
            shutdown,
            batch: Vec::new(),
            offsets: BTreeMap::new(),
            confirmed: Instant::now(),
        };
        commits.producer = Some(commits.new_producer()?);
        Ok(commits)
    }

    /// The offsets that the group begins with.
    pub(super) fn begin_at(&mut self, offsets: &[(i32, i64)]) {
        self.offsets = offsets.iter().copied().collect();
    }

    /// Adds what is to be told with the next commit.
    pub(super) fn add(&mut self, settled: Vec<Settled<Kept>>) {
        self.batch.extend(settled);
    }

    /// How many messages are to be told of.
    pub(super) fn len(&self) -> usize {
        self.batch.len()
    }

    /// Whether a commit at `offsets` would change anything.
    pub(super) fn would_change(&self, offsets: &[(i32, i64)]) -> bool {
        !self.batch.is_empty() || offsets.iter().any(|(partition, next)| self.offsets.get(partition) != Some(next))
    }

    /// How long ago it was seen that nobody has taken over.
    pub(super) fn unconfirmed(&self) -> Duration {
        self.confirmed.elapsed()
    }

    /// Commits what was added, with the group at `offsets`, however often it takes.
    pub(super) fn commit(&mut self, inlet: &Inlet, offsets: &[(i32, i64)]) -> Result<(), TechshopError> {
        if self.producer.as_ref().is_none_or(TransactionalProducer::is_tainted) {
            self.replace(inlet)?;
        }
        loop {
            let begun = Instant::now();
            let error = match self.attempt(inlet, offsets) {
                Ok(()) => break,
                Err(error) => error,
            };
            tracing::debug!(%error, "a transaction did not go well");
            match error {
                TransactionError::Fenced { .. } if begun.elapsed() < SUCCESSOR => return Err(self.fenced()),
                TransactionError::Undelivered { index, reason: DeliveryError::TooLarge } => self.shorten(index)?,
                error @ (TransactionError::NotAuthorized { .. }
                | TransactionError::Property(_)
                | TransactionError::Undelivered { .. }
                | TransactionError::GaveUp) => return Err(error.into()),
                TransactionError::Fenced { .. }
                | TransactionError::RequiresAbort { .. }
                | TransactionError::Fatal { .. } => {}
            }
            let is_good = self.producer.as_mut().is_some_and(|one| !one.is_tainted() && one.abort(ABORT).is_ok());
            if !is_good {
                self.replace(inlet)?;
                if !self.would_change(offsets) {
                    return Ok(());
                }
            }
            self.shutdown.wait_timeout(PAUSE);
        }
        self.batch.clear();
        self.begin_at(offsets);
        self.confirmed = Instant::now();
        Ok(())
    }

    fn attempt(&mut self, inlet: &Inlet, offsets: &[(i32, i64)]) -> Result<(), TransactionError> {
        let Some(producer) = &mut self.producer else {
            return Err(TransactionError::Fatal { reason: "there is no producer".to_owned() });
        };
        let began = Instant::now();
        let (shutdown, log) = (self.shutdown, self.log);
        let mut has_told = false;
        let mut goes_on = |heard: Option<&str>| {
            if began.elapsed() >= LONG_WAIT && !std::mem::replace(&mut has_told, true) {
                log.write(&events::commit_wait(heard));
            }
            !(shutdown.is_requested() && began.elapsed() >= GOODBYE)
        };
        producer.begin()?;
        for told in self.batch.iter().flat_map(|settled| settled.kept.told()) {
            let (topic, payload) = match told {
                Told::Result { json, .. } => (&self.topics.results, Some(json.as_slice())),
                Told::DeadLetter { payload, .. } => (&self.topics.dead_letters, payload.as_deref()),
            };
            let (key, headers) = (told.key(), Headers::from_block(told.headers()));
            let record = Record { key, payload, headers, ..Record::default() };
            producer.send(topic, &record, || goes_on(None))?;
        }
        producer.send_offsets(inlet.consumer(), offsets, inlet.metadata(), &mut goes_on)?;
        producer.commit(|_, heard| goes_on(heard)).map(drop)
    }

    /// A dead letter whose headers make it larger than a message may be is kept without its payload, which still
    /// stands where its source says.
    fn shorten(&mut self, index: usize) -> Result<(), TechshopError> {
        let told = self.batch.iter_mut().flat_map(|settled| settled.kept.told_mut()).nth(index);
        let has_shrunk = match told {
            Some(Told::DeadLetter { payload, .. }) => payload.take().is_some(),
            _ => false,
        };
        if has_shrunk {
            return Ok(());
        }
        let Topics { results, dead_letters } = &self.topics;
        let reason = format!("a record for {results} or {dead_letters} is too large: raise their max.message.bytes");
        Err(TechshopError::Failed { reason })
    }

    /// A new producer in the place of one that is in doubt. Forgets what turns out to have been committed.
    fn replace(&mut self, inlet: &Inlet) -> Result<(), TechshopError> {
        self.producer = None;
        self.producer = Some(self.new_producer()?);
        let committed = loop {
            match inlet.consumer().committed(ANSWER) {
                Ok(committed) => break committed,
                Err(error) => {
                    self.log.write(&events::offsets_wait(&self.group, error));
                    if self.shutdown.wait_timeout(PAUSE) {
                        return Err(TransactionError::GaveUp.into());
                    }
                }
            }
        };
        // Offsets of another topic of the same name say nothing.
        let is_this = |metadata: &str| metadata.is_empty() || metadata == inlet.metadata();
        let committed = committed.into_iter().filter(|(_, (_, metadata))| is_this(metadata));
        self.offsets = committed.map(|(partition, (next, _))| (partition, next)).collect();
        let is_committed =
            |(partition, offset): (i32, i64)| self.offsets.get(&partition).is_some_and(|next| offset < *next);
        self.batch.retain(|settled| !settled.place.is_some_and(is_committed));
        Ok(())
    }

    fn new_producer(&self) -> Result<TransactionalProducer, TechshopError> {
        let began = Instant::now();
        let mut has_told = false;
        loop {
            let opened = self.transactions.open(|heard| {
                if began.elapsed() >= LONG_WAIT && !std::mem::replace(&mut has_told, true) {
                    self.log.write(&events::takeover_wait(&self.group, heard));
                }
                !self.shutdown.is_requested()
            });
            match opened {
                Err(error @ (TransactionError::Fatal { .. } | TransactionError::Fenced { .. })) => {
                    tracing::debug!(%error, "no producer yet");
                    if self.shutdown.wait_timeout(PAUSE) {
                        return Err(TransactionError::GaveUp.into());
                    }
                }
                other => return Ok(other?),
            }
        }
    }

    fn fenced(&self) -> TechshopError {
        TechshopError::Failed {
            reason: format!(
                "another instance of group {group} has taken over: let that one run, or stop it and start this one \
                 again (what it has not committed is done by whoever runs)",
                group = self.group
            ),
        }
    }
}
