//! Sending: from the source to the client, and the wait for what is in flight.

use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::args::ProducerConfig;
use super::event::Event;
use super::headers::push_headers;
use super::label::{self, IdLength, Place};
use super::lock;
use super::orders::{LinePolicy, Next, Orders, doubts};
use super::pace::Pace;
use super::report::{Report, Ticket, quantity};
use super::{Source, report};
use crate::base::message::Headers;
use crate::doors::kafka::{HearingError, Producer, Record, SendError};
use crate::tools::dice::Dice;
use crate::tools::shutdown::Shutdown;
use crate::words::order::Order;

/// How often a stop is looked for while deliveries are waited for.
const LOOK: Duration = Duration::from_millis(100);

/// How the sending ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ending {
    /// Lines that were no orders and were passed over.
    pub(super) skipped_lines: u64,
    /// Something was wrong, and has been told: a bad line with `--strict`, a file that could not be
    /// read on, a producer that failed for good.
    pub(super) failed: bool,
}

/// What came of one order.
enum Sent {
    /// The client has it, or it was refused and counted.
    Settled,
    /// A stop was asked for before the client could take it.
    Stopped,
    /// The client takes nothing more.
    Fatal(String),
}

/// The sending half of a run.
pub(super) struct Sender<'a> {
    config: &'a ProducerConfig,
    shutdown: &'a Shutdown,
    report: &'a Mutex<Report>,
    intake: std::sync::Arc<report::Intake>,
    producer: &'a Producer<Ticket>,
    order_lines: Option<IdLength>,
    dice: Dice,
    /// The headers of one order after the other.
    headers: Vec<u8>,
}

impl<'a> Sender<'a> {
    pub(super) fn new(
        config: &'a ProducerConfig,
        shutdown: &'a Shutdown,
        report: &'a Mutex<Report>,
        producer: &'a Producer<Ticket>,
        order_lines: Option<IdLength>,
    ) -> Self {
        let intake = lock(report).intake();
        Self {
            config,
            shutdown,
            report,
            intake,
            producer,
            order_lines,
            dice: Dice::new(config.seed),
            headers: Vec::new(),
        }
    }

    /// Sends until the source or the count is at its end, or a stop is asked for.
    pub(super) fn send_all(&mut self, mut orders: Orders) -> Ending {
        let is_strict = matches!(
            self.config.source,
            Source::File(_, LinePolicy::Strict) | Source::StandardInput(LinePolicy::Strict)
        );
        let mut pace = Pace::new(self.config.interval, Instant::now());
        let mut ending = Ending::default();
        let mut left = self.config.count.unwrap_or(u64::MAX);
        while left > 0 && !self.shutdown.is_requested() {
            if let Some(wait) = pace.wait(Instant::now) {
                self.shutdown.wait_timeout(wait);
                continue;
            }
            // Drawn here, since the source and the headers share the dice.
            let sent = match orders.next(&mut self.dice, self.shutdown) {
                Next::Generated(demo) => {
                    let label = self.order_lines.map(|id_length| label::order(&demo.order(), id_length));
                    let ticket = Ticket { place: Place::Sequence(demo.sequence()), label };
                    self.send(demo.payload(), Some(&demo.event()), ticket)
                }
                Next::Line { number, payload, order } => self.send_line(number, payload, order.as_deref()),
                Next::Bad { number, reason } => {
                    let text = if is_strict { "stopped at" } else { "skipped" };
                    lock(self.report).message(&format!("{text} line {number}: {reason}"));
                    if is_strict {
                        return Ending { failed: true, ..ending };
                    }
                    ending.skipped_lines += 1;
                    continue;
                }
                Next::Blank | Next::NotYet => continue,
                Next::Broken(error) => {
                    lock(self.report).message(&format!("cannot read on: {error}"));
                    return Ending { failed: true, ..ending };
                }
                Next::End => return ending,
            };
            self.intake.file_bytes.store(orders.bytes_taken(), Ordering::Relaxed);
            match sent {
                Sent::Settled => {
                    orders.taken();
                    pace.advance();
                    left -= 1;
                }
                Sent::Stopped => return ending,
                Sent::Fatal(reason) => {
                    lock(self.report).message(&format!("the producer has failed for good: {reason}"));
                    return Ending { failed: true, ..ending };
                }
            }
        }
        ending
    }

    fn send_line(&mut self, number: u64, payload: &[u8], order: Option<&Order<'_>>) -> Sent {
        let place = Place::Line(number);
        if let Some(doubts) = order.and_then(doubts) {
            lock(self.report).remark(&format!("{place} is sent, but its sums do not add up: {doubts}"));
        }
        let label = self.order_lines.map(|id_length| match order {
            Some(order) => label::order(order, id_length),
            None => label::raw(number, payload.len()),
        });
        self.send(payload, order.map(Event::of).as_ref(), Ticket { place, label })
    }

    fn send(&mut self, payload: &[u8], event: Option<&Event<'_>>, ticket: Ticket) -> Sent {
        self.headers.clear();
        push_headers(&mut self.headers, event, &mut self.dice, Timestamp::now);
        let key = event.and_then(|event| event.key(self.config.key));
        let headers = Headers::from_block(&self.headers);
        let record = Record { key, payload: Some(payload), headers, ..Record::default() };
        match self.producer.send(&record, ticket, self.shutdown) {
            Ok(()) => {
                self.intake.sent.fetch_add(1, Ordering::Relaxed);
                Sent::Settled
            }
            Err(SendError::Refused { token, reason }) => {
                self.intake.sent.fetch_add(1, Ordering::Relaxed);
                lock(self.report).failed(token.place, &reason);
                Sent::Settled
            }
            Err(SendError::Stopped { .. }) => Sent::Stopped,
            Err(SendError::Fatal { reason, .. }) => Sent::Fatal(reason),
        }
    }
}

/// Waits until the fate of every order is known: for ever, or `flush_timeout` long once a stop is
/// asked for. What is in flight then is given up and counted as failed. False when the listener has panicked, which is told.
pub(super) fn drain(
    producer: &Producer<Ticket>,
    shutdown: &Shutdown,
    flush_timeout: Duration,
    report: &Mutex<Report>,
) -> bool {
    let mut deadline = None;
    loop {
        let mut wait = LOOK;
        if shutdown.is_requested() {
            let deadline = *deadline.get_or_insert_with(|| {
                tell_stopping(producer.in_flight().unwrap_or_default(), flush_timeout, report);
                Instant::now() + flush_timeout
            });
            wait = wait.min(deadline.saturating_duration_since(Instant::now()));
        }
        match producer.flush(wait) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(_) => break,
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            break;
        }
    }
    match producer.give_up() {
        Ok(0) => true,
        Ok(never_heard) => {
            lock(report).never_heard(never_heard as u64);
            true
        }
        Err(error) => {
            let HearingError::Panicked { in_flight } = error;
            let in_flight = in_flight as u64;
            let mut report = lock(report);
            let orders = quantity(in_flight, "order");
            report.message(&format!("{error} ({orders}): look into the topic before they are sent again"));
            report.not_delivered(in_flight);
            false
        }
    }
}

pub(super) fn tell_stopping(in_flight: usize, flush_timeout: Duration, report: &Mutex<Report>) {
    let mut report = lock(report);
    // Nobody asked for it: the reader of standard output has gone, and the end is a quiet one.
    if report.stdout_is_closed() {
        return;
    }
    let seconds = flush_timeout.as_secs_f64();
    let what = if in_flight == 0 {
        "stopping".to_owned()
    } else {
        format!("stopping: {in_flight} in flight, waiting up to {seconds} s (Ctrl-C again forces)")
    };
    report.message(&what);
}
