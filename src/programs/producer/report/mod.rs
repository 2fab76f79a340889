//! What a run tells people and scripts: a line an order, messages, and the last line.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use indicatif::HumanCount;
use jiff::Timestamp;

use super::label::{self, Place};
use super::printer::{PIECE_BYTES, Patience, Piece, Printer};
use super::progress::{Progress, Reached};
use crate::doors::kafka::{DeliveryError, ProducerEvent};
use crate::services::output::is_quiet_end;
use crate::tools::shutdown::Shutdown;

/// What one order's line may take more than a full piece has left.
const LINE_BYTES: usize = 256;

/// Where a run prints, and what it knows of the other side.
pub struct Terminal {
    /// Order lines and the last line.
    pub stdout: Box<dyn Write + Send>,
    /// Messages.
    pub stderr: Box<dyn Write + Send>,
    /// Whether order lines may be dimmed in parts.
    pub color: bool,
    /// Whether a person watches standard output.
    pub stdout_is_terminal: bool,
    /// Whether standard output is a file, which needs no reader.
    pub stdout_is_file: bool,
    /// Whether a person watches standard error: then a long run shows a progress bar.
    pub stderr_is_terminal: bool,
}

impl Terminal {
    /// The standard output and standard error of this process.
    pub fn of_process() -> Self {
        let color = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
        Self {
            stdout: Box::new(io::stdout()),
            stderr: Box::new(io::stderr()),
            color,
            stdout_is_terminal: io::stdout().is_terminal(),
            stdout_is_file: is_file(&io::stdout()),
            stderr_is_terminal: io::stderr().is_terminal(),
        }
    }
}

fn is_file(stdout: &io::Stdout) -> bool {
    // A copy of the descriptor, since asking a `File` for its kind is the safe way to.
    let copy = stdout.as_fd().try_clone_to_owned();
    copy.and_then(|copy| File::from(copy).metadata()).is_ok_and(|metadata| metadata.is_file())
}

/// What travels with an order until its fate is known.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) place: Place,
    /// The middle of the order's line; `None` when no lines are printed.
    pub(super) label: Option<String>,
}

/// What the sender counts while the listener runs.
#[derive(Debug, Default)]
pub(super) struct Intake {
    /// Orders that were handed to the client.
    pub(super) sent: AtomicU64,
    /// Bytes of the file that were read.
    pub(super) file_bytes: AtomicU64,
}

/// How the orders have fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) delivered: u64,
    pub(super) failed: u64,
    /// Of the failed ones: not acknowledged before the end.
    pub(super) given_up: u64,
}

/// Prints everything that a run has to say. Shared by the sender and the listener.
pub(super) struct Report {
    printer: Printer,
    /// Order lines are collected to a full piece, and for at most 20 ms.
    piece: Piece,
    /// The bar and the order lines share a terminal.
    shares_terminal: bool,
    stderr: Box<dyn Write + Send>,
    color: bool,
    quiet: bool,
    topic: String,
    brokers: String,
    progress: Option<Progress>,
    intake: Arc<Intake>,
    counts: Counts,
    latency_us: Option<Histogram<u64>>,
    started: Instant,
}

impl Report {
    pub(super) fn new(terminal: Terminal, topic: &str, brokers: &str, quiet: bool, shutdown: &Shutdown) -> Self {
        let patience = if terminal.stdout_is_file { Patience::FILE } else { Patience::READER };
        Self {
            printer: Printer::new(terminal.stdout, patience, shutdown),
            piece: Piece::default(),
            shares_terminal: terminal.stdout_is_terminal,
            stderr: terminal.stderr,
            color: terminal.color,
            quiet,
            topic: topic.to_owned(),
            brokers: brokers.to_owned(),
            progress: None,
            intake: Arc::default(),
            counts: Counts::default(),
            // Up to an hour, three digits; it only fails for bounds that make no sense.
            latency_us: Histogram::new_with_bounds(1, 3_600_000_000, 3).ok(),
            started: Instant::now(),
        }
    }

    /// Notes that sending begins, with a progress bar if there is one to show.
    pub(super) fn start(&mut self, progress: Option<Progress>) {
        // A pipe that is full must not hold the bar's lock.
        let shared = progress.as_ref().filter(|_| self.shares_terminal);
        self.printer.set_bar(shared.map(Progress::handle));
        self.progress = progress;
        self.started = Instant::now();
    }

    pub(super) fn intake(&self) -> Arc<Intake> {
        Arc::clone(&self.intake)
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// Why standard output could not be written, unless its reader has simply gone.
    pub(super) fn stdout_error(&self) -> Option<Arc<io::Error>> {
        self.printer.end().filter(|error| !is_quiet_end(error))
    }

    /// Whether the reader of standard output has gone.
    pub(super) fn stdout_is_closed(&self) -> bool {
        self.printer.end().is_some()
    }

    /// Takes what the producer tells.
    pub(super) fn hear(&mut self, event: ProducerEvent<Ticket>) {
        match event {
            ProducerEvent::Delivered { token, partition, offset, latency } => {
                self.counts.delivered += 1;
                if let Some(histogram) = &mut self.latency_us {
                    histogram.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
                }
                if let Some(label) = token.label {
                    self.order_line(&label, partition, offset, latency);
                }
            }
            ProducerEvent::Failed { token, reason } => self.failed(token.place, &reason),
            ProducerEvent::Stalled { in_flight, reason } => {
                let (brokers, waiting) = (self.brokers.clone(), HumanCount(in_flight as u64));
                self.message(&format!("{brokers} does not answer ({reason}): {waiting} in flight wait for it"));
            }
            ProducerEvent::Resumed => {
                let brokers = self.brokers.clone();
                self.message(&format!("{brokers} answers again"));
            }
            ProducerEvent::Tick => self.tick(),
        }
    }

    /// Counts an order that will not be in the topic, and says why.
    pub(super) fn failed(&mut self, place: Place, reason: &DeliveryError) {
        self.counts.failed += 1;
        if *reason == DeliveryError::GivenUp {
            // Told once for all of them at the end.
            self.counts.given_up += 1;
        } else {
            self.message(&format!("{place} was not delivered: {reason}"));
        }
    }

    /// Counts orders whose fate nobody will tell.
    pub(super) fn never_heard(&mut self, count: u64) {
        self.counts.failed += count;
        self.counts.given_up += count;
    }

    /// Counts orders that will not be in the topic, for a reason that is told apart.
    pub(super) fn not_delivered(&mut self, count: u64) {
        self.counts.failed += count;
    }

    fn order_line(&mut self, label: &str, partition: i32, offset: i64, latency: Duration) {
        let time = label::time_of_day(Timestamp::now());
        let place = format!("{}/{partition}@{offset}", self.topic);
        let latency = label::latency(latency);
        let (dim, normal) = if self.color { ("\u{1b}[2m", "\u{1b}[0m") } else { ("", "") };
        let bytes = &mut self.piece.bytes;
        let written = writeln!(bytes, " {time} {label}   {place:<12} {dim}{latency:>8}{normal}");
        debug_assert!(written.is_ok(), "writing into memory does not fail");
        self.piece.orders += 1;
        if self.piece.bytes.len() + LINE_BYTES > PIECE_BYTES {
            self.hand_over();
        }
    }

    /// Gives the printer what was collected.
    fn hand_over(&mut self) {
        if !self.piece.bytes.is_empty() {
            self.printer.print(std::mem::take(&mut self.piece));
        }
    }

    /// Waits for the lines of the orders to be printed, as long as somebody reads them.
    pub(super) fn settle(&mut self) {
        self.hand_over();
        self.printer.settle();
    }

    fn tick(&mut self) {
        self.hand_over();
        if let Some(progress) = &mut self.progress {
            let settled = self.counts.delivered + self.counts.failed;
            let in_flight = self.intake.sent.load(Ordering::Relaxed).saturating_sub(settled);
            let file_bytes = self.intake.file_bytes.load(Ordering::Relaxed);
            progress.update(Instant::now(), Reached { settled, in_flight, file_bytes });
        }
    }

    /// A line on standard error that a person should see in any case.
    pub(super) fn message(&mut self, text: &str) {
        self.hand_over();
        self.printer.catch_up();
        let stderr = &mut self.stderr;
        let mut print = || writeln!(stderr, "{text}").and_then(|()| stderr.flush());
        let printed = match &self.progress {
            Some(progress) => progress.suspend(&mut print),
            None => print(),
        };
        if let Err(error) = printed {
            // Nowhere is left to say so.
            tracing::debug!(%error, text, "standard error is closed");
        }
    }

    /// A line on standard error that `--quiet` leaves out.
    pub(super) fn remark(&mut self, text: &str) {
        if !self.quiet {
            self.message(text);
        }
    }

    /// What the run came to, for people.
    pub(super) fn summary(&mut self, skipped_lines: u64, flush_timeout: Duration) {
        if let Some(progress) = self.progress.take() {
            self.printer.set_bar(None);
            progress.clear();
        }
        let Counts { delivered, failed, given_up } = self.counts;
        if skipped_lines > 0 {
            self.message(&format!("{} skipped: no orders", quantity(skipped_lines, "line")));
        }
        if delivered > 0 {
            let seconds = self.started.elapsed().as_secs_f64();
            let rate = HumanCount((delivered as f64 / seconds.max(0.001)).round() as u64);
            let percentile = |quantile| {
                let microseconds = self.latency_us.as_ref().map_or(0, |us| us.value_at_quantile(quantile));
                label::latency(Duration::from_micros(microseconds))
            };
            let (median, slow) = (percentile(0.5), percentile(0.99));
            let orders = quantity(delivered, "order");
            self.remark(&format!("{orders} in {seconds:.1} s, {rate}/s, acknowledged p50 {median}, p99 {slow}"));
        }
        if failed > 0 {
            let what =
                if failed == 1 { "1 order was".to_owned() } else { format!("{} orders were", HumanCount(failed)) };
            let silence = format!("broker {} did not answer in {} s", self.brokers, flush_timeout.as_secs_f64());
            let why = match given_up {
                0 => String::new(),
                all if all == failed => format!(": {silence}"),
                some => format!(", {} of them because {silence}", HumanCount(some)),
            };
            self.message(&format!("{what} not delivered{why}"));
        }
    }

    /// The last line, whose shape scripts rely on.
    pub(super) fn last_line(&mut self) {
        let sent = self.intake.sent.load(Ordering::Relaxed);
        let Counts { delivered, failed, .. } = self.counts;
        self.hand_over();
        self.printer.last_line(&format!("sent={sent} delivered={delivered} failed={failed}"));
    }
}

/// `1 order`, `10,000 orders`.
pub(super) fn quantity(count: u64, what: &str) -> String {
    format!("{} {what}{}", HumanCount(count), if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;
