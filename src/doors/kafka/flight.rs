//! The records of one transaction between sending and landing.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::{BaseProducer, ProducerContext};

use super::connect::tidy;
use super::deliveries::{delivery_error, lock};
use super::producer::DeliveryError;
use super::transactions::Hears;
use crate::tools::shutdown::Shutdown;

/// How long one wait for delivery reports takes while some are due.
const TICK: Duration = Duration::from_millis(20);

/// How often other events are served while none are due.
const IDLE_TICK: Duration = Duration::from_millis(100);

/// Why a record did not land.
#[derive(Clone, Debug)]
struct Miss {
    reason: DeliveryError,
    /// Sent again it would miss again.
    is_final: bool,
}

#[derive(Default)]
struct Records {
    /// What is known of each, in the order of sending; of those that failed alone where only failures are heard.
    fates: Vec<Option<Result<(i32, i64), Miss>>>,
    in_flight: usize,
}

/// Why a transaction's records are not all in the log.
pub(super) enum Missing {
    /// This one never will be.
    Refused(usize, DeliveryError),
    /// They may be when they are sent again.
    Passing(DeliveryError),
}

/// What the sender and librdkafka's callbacks share.
pub(super) struct Flight {
    hears: Hears,
    records: Mutex<Records>,
    /// The first record took off, or the end.
    changed: Condvar,
    heard: Mutex<Option<String>>,
}

impl Flight {
    pub(super) fn new(hears: Hears) -> Self {
        Self { hears, records: Mutex::default(), changed: Condvar::new(), heard: Mutex::default() }
    }

    /// Forgets the transaction before.
    pub(super) fn begin(&self) {
        *lock(&self.records) = Records::default();
        lock(&self.heard).take();
    }

    /// Notes that one more record is sent, and gives its number in the transaction.
    pub(super) fn take_off(&self) -> usize {
        if self.hears == Hears::Failures {
            return 0;
        }
        let mut records = lock(&self.records);
        records.fates.push(None);
        records.in_flight += 1;
        if records.in_flight == 1 {
            self.changed.notify_all();
        }
        records.fates.len() - 1
    }

    /// Notes that the last record was not taken after all.
    pub(super) fn stay(&self) {
        if self.hears == Hears::Failures {
            return;
        }
        let mut records = lock(&self.records);
        records.fates.pop();
        records.in_flight = records.in_flight.saturating_sub(1);
    }

    fn land(&self, index: usize, fate: Result<(i32, i64), Miss>) {
        let mut records = lock(&self.records);
        if self.hears == Hears::Failures {
            records.fates.push(Some(fate));
            return;
        }
        if let Some(known @ None) = records.fates.get_mut(index) {
            *known = Some(fate);
            records.in_flight = records.in_flight.saturating_sub(1);
        }
    }

    /// Where all records landed, or why not.
    pub(super) fn places(&self) -> Result<Vec<(i32, i64)>, Missing> {
        let records = lock(&self.records);
        let mut places = Vec::with_capacity(records.fates.len());
        let mut passing = None;
        for (index, fate) in records.fates.iter().enumerate() {
            match fate {
                Some(Ok(place)) => places.push(*place),
                Some(Err(Miss { reason, is_final: true })) => return Err(Missing::Refused(index, reason.clone())),
                Some(Err(Miss { reason, .. })) => passing = Some(reason.clone()),
                None => passing = Some(DeliveryError::GivenUp),
            }
        }
        passing.map_or(Ok(places), |reason| Err(Missing::Passing(reason)))
    }

    /// The last that the client heard of its brokers during the transaction.
    pub(super) fn heard(&self) -> Option<String> {
        lock(&self.heard).clone()
    }

    /// Makes whoever waits look again.
    pub(super) fn wake(&self) {
        drop(lock(&self.records));
        self.changed.notify_all();
    }

    /// Waits a moment for a record to take off; whether one has.
    fn wait_for_traffic(&self, stop: &Shutdown) -> bool {
        let is_idle = |records: &mut Records| records.in_flight == 0 && !stop.is_requested();
        let waited = self.changed.wait_timeout_while(lock(&self.records), IDLE_TICK, is_idle);
        waited.unwrap_or_else(PoisonError::into_inner).0.in_flight > 0
    }
}

/// librdkafka's callbacks.
pub(super) struct Landing(pub(super) Arc<Flight>);

impl ClientContext for Landing {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", ?level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let mut heard = lock(&self.0.heard);
        // "1/1 brokers are down" says less than the reason before it.
        if heard.is_none() || error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            *heard = Some(tidy(reason));
        }
    }
}

impl ProducerContext for Landing {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, index: usize) {
        let fate = match result {
            Ok(message) => Ok((message.partition(), message.offset())),
            Err((error, _)) => Err(Miss { reason: delivery_error(error), is_final: is_final(error) }),
        };
        self.0.land(index, fate);
    }
}

/// Whether the broker will refuse the record however often it comes.
pub(super) fn is_final(error: &KafkaError) -> bool {
    use RDKafkaErrorCode as Code;
    let refusals = [Code::InvalidRecord, Code::InvalidTimestamp, Code::InvalidTopic, Code::PolicyViolation];
    match delivery_error(error) {
        DeliveryError::TooLarge | DeliveryError::NotAuthorized | DeliveryError::NoTopic => true,
        DeliveryError::GivenUp => false,
        DeliveryError::Refused { .. } => error.rdkafka_error_code().is_some_and(|code| refusals.contains(&code)),
    }
}

/// Serves delivery reports until a stop is asked for. librdkafka's flush and commit rely on it.
pub(super) fn serve(client: &BaseProducer<Landing>, flight: &Flight, stop: &Shutdown) {
    while !stop.is_requested() {
        if flight.hears == Hears::Failures {
            // Hardly ever there is one, and it may be a little late; the crate's poll costs as much as the rest while
            // a transaction is filled.
            stop.wait_timeout(TICK);
            client.poll(Duration::ZERO);
            continue;
        }
        let wait = if flight.wait_for_traffic(stop) { TICK } else { Duration::ZERO };
        client.poll(wait);
    }
}
