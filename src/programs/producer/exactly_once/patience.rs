//! How long an exactly-once producer waits for its broker: for ever, and it says so, until a stop is
//! asked for.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::super::lock;
use super::super::report::Report;
use super::super::send::tell_stopping;
use crate::doors::kafka::ProducerEvent;
use crate::tools::shutdown::Shutdown;

/// How long the broker may be silent before that is told, once the client has heard an error.
pub(super) const STALLED_AFTER: Duration = Duration::from_secs(2);

/// The same when it is only silent.
const SILENT_AFTER: Duration = Duration::from_secs(10);

pub(super) struct Patience<'a> {
    flush_timeout: Duration,
    shutdown: &'a Shutdown,
    report: &'a Mutex<Report>,
    /// Until when a stop that was asked for may take.
    deadline: Option<Instant>,
    is_stalled: bool,
}

impl<'a> Patience<'a> {
    pub(super) fn new(flush_timeout: Duration, shutdown: &'a Shutdown, report: &'a Mutex<Report>) -> Self {
        Self { flush_timeout, shutdown, report, deadline: None, is_stalled: false }
    }

    /// Whether to wait on: always, until a stop was asked for and its time is over.
    pub(super) fn goes_on(&mut self, in_flight: usize) -> bool {
        if !self.shutdown.is_requested() {
            return true;
        }
        let (timeout, report) = (self.flush_timeout, self.report);
        let deadline = *self.deadline.get_or_insert_with(|| {
            tell_stopping(in_flight, timeout, report);
            Instant::now() + timeout
        });
        in_flight > 0 && Instant::now() < deadline
    }

    /// The same, and says when the broker is silent for long.
    pub(super) fn waits(&mut self, elapsed: Duration, heard: Option<&str>, in_flight: usize) -> bool {
        let is_long = elapsed >= SILENT_AFTER || (heard.is_some() && elapsed >= STALLED_AFTER);
        if is_long && !self.is_stalled {
            self.is_stalled = true;
            let reason = heard.unwrap_or("no answer").to_owned();
            lock(self.report).hear(ProducerEvent::Stalled { in_flight, reason });
        }
        self.goes_on(in_flight)
    }

    /// Notes that the broker has answered, and says so when its silence was told.
    pub(super) fn answered(&mut self) {
        if std::mem::take(&mut self.is_stalled) {
            lock(self.report).hear(ProducerEvent::Resumed);
        }
    }
}
