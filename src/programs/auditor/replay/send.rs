//! Sending, and hearing every delivery.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::exact;
use crate::doors::kafka::{Cluster, HearingError, Producer, ProducerEvent, SendError};
use crate::programs::auditor::context::Context;
use crate::programs::auditor::error::AuditError;
use crate::programs::auditor::progress::{Progress, Unit};
use crate::programs::auditor::search::{search, tell};
use crate::programs::auditor::selection::Selection;
use crate::programs::auditor::trails::Trails;
use crate::tools::shown::grouped;
use crate::words::record::AuditLine;

/// How long deliveries are waited for after a stop was asked for.
const FLUSH: Duration = Duration::from_secs(15);

/// How often the bar moves while deliveries are waited for.
const LOOK: Duration = Duration::from_millis(100);

/// How many messages of the listener may wait to be told.
const WAITING_WORDS: usize = 20;

/// What is sent, and how.
pub(in crate::programs::auditor) struct Sending<'a> {
    pub(in crate::programs::auditor) trails: &'a Trails,
    pub(in crate::programs::auditor) selection: &'a Selection,
    pub(in crate::programs::auditor) topic: &'a str,
    /// Messages a second; `None` is as fast as delivery allows.
    pub(in crate::programs::auditor) rate: Option<f64>,
    /// Whether each keeps its time.
    pub(in crate::programs::auditor) keeps_times: bool,
    /// How many there are.
    pub(in crate::programs::auditor) messages: u64,
}

/// How it went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::programs::auditor) struct Outcome {
    pub(in crate::programs::auditor) sent: u64,
    pub(in crate::programs::auditor) delivered: u64,
    pub(in crate::programs::auditor) failed: u64,
    /// Whether a stop was asked for before all were sent.
    pub(in crate::programs::auditor) stopped: bool,
    /// Whether the client failed for good, its deliveries could not be heard, or the trail could not be read on; it has
    /// been told.
    pub(in crate::programs::auditor) broken: bool,
}

/// Where the message stood in its topic.
type Place = (i32, i64);

/// What the listener counts.
#[derive(Default)]
struct Heard {
    delivered: AtomicU64,
}

/// Sends everything, and waits until the fate of each is known.
///
/// # Errors
/// [`AuditError`]: of making the client.
pub(in crate::programs::auditor) fn send(
    context: &Context<'_>,
    cluster: &Cluster,
    sending: &Sending<'_>,
) -> Result<Outcome, AuditError> {
    let heard = Arc::new(Heard::default());
    let (words, to_tell) = sync_channel(WAITING_WORDS);
    let producer = cluster.producer(sending.topic, listener(Arc::clone(&heard), words))?;
    let progress = Progress::new(sending.messages, Unit::Messages, context.shows_progress());
    let mut outcome = Outcome::default();
    let sent = send_all(context, sending, &producer, &progress, &heard, &to_tell, &mut outcome);
    let drained = drain(context, &producer, &progress, &heard, &to_tell);
    progress.clear();
    outcome.delivered = heard.delivered.load(Ordering::Acquire);
    outcome.failed = outcome.sent - outcome.delivered;
    if let Err(error) = sent {
        outcome.broken = true;
        tell(&[error.to_string()]);
    }
    if let Err(error) = drained {
        outcome.broken = true;
        tell(&[format!("{error}: look into {} before anything is sent again", sending.topic)]);
    }
    Ok(outcome)
}

fn listener(heard: Arc<Heard>, words: SyncSender<String>) -> impl FnMut(ProducerEvent<Place>) + Send {
    move |event| {
        let word = match event {
            ProducerEvent::Delivered { .. } => {
                heard.delivered.fetch_add(1, Ordering::AcqRel);
                return;
            }
            ProducerEvent::Failed { token, reason } => not_delivered(token, &reason.to_string()),
            ProducerEvent::Stalled { in_flight, reason } => {
                format!("waiting for the broker ({reason}), {} in flight", grouped(in_flight as u64))
            }
            ProducerEvent::Resumed => "the broker answers again".to_owned(),
            ProducerEvent::Tick => return,
        };
        // When more fail than can be told, the count at the end tells the rest.
        drop(words.try_send(word));
    }
}

fn not_delivered((partition, offset): Place, reason: &str) -> String {
    format!("{partition}/{offset} was not delivered: {reason}")
}

fn send_all(
    context: &Context<'_>,
    sending: &Sending<'_>,
    producer: &Producer<Place>,
    progress: &Progress,
    heard: &Heard,
    to_tell: &Receiver<String>,
    outcome: &mut Outcome,
) -> Result<(), AuditError> {
    let quiet = Context { is_quiet: true, ..context.clone() };
    let started = Instant::now();
    let searched = search(&quiet, sending.trails, sending.selection, |_, found| {
        let go_on = Ok(ControlFlow::Continue(()));
        let Ok(line) = AuditLine::parse(found.line) else { return go_on };
        let Ok(message) = exact(&line) else { return go_on };
        if let Some(rate) = sending.rate {
            let due = started + Duration::from_secs_f64(outcome.sent as f64 / rate);
            while Instant::now() < due && !context.shutdown.is_requested() {
                show(progress, heard, to_tell);
                context.shutdown.wait_timeout(due.saturating_duration_since(Instant::now()).min(LOOK));
            }
        }
        if context.shutdown.is_requested() {
            return Ok(ControlFlow::Break(()));
        }
        // The client takes 0 for "now"; whoever sends such messages was asked.
        let time = message.timestamp_ms.filter(|_| sending.keeps_times).map(|time| time.max(1));
        let place = (message.partition, message.offset);
        match producer.send(&message.record(time), place, context.shutdown) {
            Ok(()) => outcome.sent += 1,
            Err(SendError::Refused { token, reason }) => {
                outcome.sent += 1;
                progress.suspend(|| tell(&[not_delivered(token, &reason.to_string())]));
            }
            Err(SendError::Stopped { .. }) => return Ok(ControlFlow::Break(())),
            Err(SendError::Fatal { reason, .. }) => {
                outcome.broken = true;
                progress.suspend(|| tell(&[format!("the producer has failed for good: {reason}")]));
                return Ok(ControlFlow::Break(()));
            }
        }
        show(progress, heard, to_tell);
        go_on
    })?;
    // A stop while one is sent ends the search from here.
    outcome.stopped = searched.stopped || searched.had_enough;
    Ok(())
}

/// Moves the bar, and tells what the listener has to say.
fn show(progress: &Progress, heard: &Heard, to_tell: &Receiver<String>) {
    progress.reach(heard.delivered.load(Ordering::Acquire));
    while let Ok(word) = to_tell.try_recv() {
        progress.suspend(|| tell(&[word]));
    }
}

/// Waits until the fate of every message is known; once a stop is asked for, only so long. An error when it will never be.
fn drain(
    context: &Context<'_>,
    producer: &Producer<Place>,
    progress: &Progress,
    heard: &Heard,
    to_tell: &Receiver<String>,
) -> Result<(), HearingError> {
    let mut deadline = None;
    while producer.flush(LOOK)? > 0 {
        show(progress, heard, to_tell);
        if context.shutdown.is_requested() {
            let deadline = *deadline.get_or_insert_with(|| {
                let in_flight = grouped(producer.in_flight().unwrap_or_default() as u64);
                progress.suspend(|| {
                    tell(&[format!("stopping: {in_flight} in flight, waiting up to {} s", FLUSH.as_secs())])
                });
                Instant::now() + FLUSH
            });
            if Instant::now() >= deadline {
                producer.give_up()?;
                break;
            }
        }
    }
    show(progress, heard, to_tell);
    Ok(())
}
