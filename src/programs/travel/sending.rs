//! Sending events, one after the other, each of whose delivery is heard before anything else is done.

use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::value::RawValue;

use super::{Travel, TravelError};
use crate::base::message::{Headers, push_header};
use crate::doors::kafka::{Cluster, Producer, ProducerEvent, Record, SendError};
use crate::tools::dice::Dice;
use crate::tools::shown::safe;
use crate::tools::stderr::remark;
use crate::words::travel::write_event;

/// Who sends, in the headers.
const SOURCE: &[u8] = b"travel";

/// How long one wait takes before a stop is looked for.
const LOOK: Duration = Duration::from_millis(100);

/// How long a delivery is waited for after a stop was asked for.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(15);

/// Puts events into the topic.
pub(super) struct Sender {
    producer: Producer<()>,
    reports: Receiver<Result<(i32, i64), String>>,
    dice: Dice,
}

impl Sender {
    pub(super) fn open(travel: &Travel<'_>, cluster: &Cluster) -> Result<Self, TravelError> {
        // One event is on its way at a time.
        let (tell, reports) = sync_channel(1);
        let producer = cluster.producer(&travel.topic, move |event: ProducerEvent<()>| {
            let report = match event {
                ProducerEvent::Delivered { partition, offset, .. } => Ok((partition, offset)),
                ProducerEvent::Failed { reason, .. } => Err(reason.to_string()),
                ProducerEvent::Stalled { reason, .. } => {
                    remark(format_args!("waiting for the broker ({}); trying on", safe(&reason)));
                    return;
                }
                ProducerEvent::Resumed => {
                    remark(format_args!("the broker is back"));
                    return;
                }
                ProducerEvent::Tick => return,
            };
            // Whoever gave up listening has said so.
            drop(tell.try_send(report));
        })?;
        Ok(Self { producer, reports, dice: Dice::new(None) })
    }

    /// Sends an event and waits for its place in the topic.
    pub(super) fn send(
        &mut self,
        travel: &Travel<'_>,
        (id, etat, details): (&str, &str, &RawValue),
    ) -> Result<(i32, i64), TravelError> {
        let undelivered =
            |reason: String| TravelError::Undelivered { reason: format!("{etat} was not delivered: {reason}") };
        let value = write_event(id, etat, details);
        let headers = self.headers(etat);
        let record = Record {
            key: Some(id.as_bytes()),
            payload: Some(value.as_bytes()),
            headers: Headers::from_block(&headers),
            ..Record::default()
        };
        match self.producer.send(&record, (), travel.context.shutdown) {
            Ok(()) => {}
            Err(SendError::Refused { reason, .. }) => return Err(undelivered(reason.to_string())),
            Err(SendError::Stopped { .. }) => return Err(undelivered("a stop was asked for".to_owned())),
            Err(SendError::Fatal { reason, .. }) => {
                return Err(TravelError::Failed { reason: format!("the producer has failed for good: {reason}") });
            }
        }
        let mut deadline = None;
        loop {
            match self.reports.recv_timeout(LOOK) {
                Ok(report) => return report.map_err(undelivered),
                // The one that reports has gone.
                Err(RecvTimeoutError::Disconnected) => return Err(undelivered(self.unheard(id))),
                Err(RecvTimeoutError::Timeout) if travel.context.shutdown.is_requested() => {
                    let deadline = *deadline.get_or_insert_with(|| {
                        let seconds = FLUSH_TIMEOUT.as_secs();
                        remark(format_args!(
                            "stopping: one in flight, waiting up to {seconds} s (Ctrl-C again forces)"
                        ));
                        Instant::now() + FLUSH_TIMEOUT
                    });
                    if Instant::now() >= deadline {
                        drop(self.producer.give_up());
                        return Err(undelivered("not acknowledged in time".to_owned()));
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Why nothing was heard of a delivery, and what to do about it.
    fn unheard(&self, id: &str) -> String {
        let reason = self.producer.in_flight().map_or_else(|error| error.to_string(), |_| "nobody reports".to_owned());
        format!("{reason}; see travel show {} before it is sent again", safe(id))
    }

    fn headers(&mut self, etat: &str) -> Vec<u8> {
        let mut headers = Vec::new();
        let mut push = |name: &str, value: &[u8]| push_header(&mut headers, name.as_bytes(), Some(value));
        push("content-type", b"application/json");
        push("ce_id", self.dice.uuid().hyphenated().to_string().as_bytes());
        push("ce_source", SOURCE);
        push("ce_type", format!("demande-voyage.{}", etat.to_lowercase()).as_bytes());
        push("ce_specversion", b"1.0");
        push("ce_time", format!("{:.3}", Timestamp::now()).as_bytes());
        headers
    }
}
