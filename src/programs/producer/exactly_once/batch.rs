//! The orders of one transaction, kept until it is committed: what was aborted is sent again as it was.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::super::args::ProducerConfig;
use super::super::event::Event;
use super::super::headers::push_headers;
use super::super::label::{self, IdLength, Place};
use super::super::lock;
use super::super::orders::{Next, Orders, doubts};
use super::super::pace::Pace;
use super::super::report::Report;
use crate::tools::dice::Dice;
use crate::tools::shutdown::Shutdown;

/// The most orders of a transaction.
const MOST_ORDERS: usize = 500;

/// A transaction is full when its orders have so many bytes. One larger order makes a larger one.
const FULL_BYTES: usize = 8 * 1024 * 1024;

/// Enough for all headers of one of our orders.
const HEADERS_BYTES: usize = 384;

/// How long the first order of a transaction waits for more of them.
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// One order that is not committed yet.
pub(super) struct Pending {
    /// Counted from 1 over all runs of the slot.
    pub(super) sequence: u64,
    pub(super) place: Place,
    pub(super) key: Option<Vec<u8>>,
    pub(super) payload: Vec<u8>,
    /// Packed.
    pub(super) headers: Vec<u8>,
    pub(super) label: Option<String>,
    pub(super) taken: Instant,
}

/// What is to be known after a transaction was filled.
pub(super) enum Filled {
    /// More may come.
    More,
    /// The source or the count is at its end, or a stop was asked for.
    End,
    /// A bad line with `--strict`, or a file that cannot be read on; it has been told.
    Failed,
}

/// Takes orders from a source, in time.
pub(super) struct Filler<'a> {
    pub(super) config: &'a ProducerConfig,
    pub(super) shutdown: &'a Shutdown,
    pub(super) report: &'a Mutex<Report>,
    pub(super) order_lines: Option<IdLength>,
    pub(super) orders: Orders,
    pub(super) dice: Dice,
    pub(super) pace: Pace,
    /// The number of the last order that was taken.
    pub(super) sequence: u64,
    pub(super) is_strict: bool,
    pub(super) skipped_lines: u64,
}

impl Filler<'_> {
    /// Fills `batch`, which is empty, with what is due now or soon.
    pub(super) fn fill(&mut self, batch: &mut Vec<Pending>) -> Filled {
        let mut bytes = 0;
        loop {
            let is_at_count = self.config.count.is_some_and(|count| self.sequence >= count);
            if is_at_count || self.shutdown.is_requested() {
                return Filled::End;
            }
            let now = Instant::now();
            let until = batch.first().map(|first| first.taken + LONGEST_WAIT);
            if batch.len() >= MOST_ORDERS || bytes >= FULL_BYTES || until.is_some_and(|until| now >= until) {
                return Filled::More;
            }
            if let Some(wait) = self.pace.wait(|| now) {
                if until.is_some_and(|until| now + wait >= until) {
                    return Filled::More;
                }
                self.shutdown.wait_timeout(wait);
                continue;
            }
            let next = self.orders.next_before(&mut self.dice, self.shutdown, until);
            let (payload, event, place, label) = match &next {
                Next::Generated(demo) => {
                    let label = self.order_lines.map(|length| label::order(&demo.order(), length));
                    (demo.payload(), Some(demo.event()), Place::Sequence(demo.sequence()), label)
                }
                Next::Line { number, payload, order } => {
                    let (place, order) = (Place::Line(*number), order.as_deref());
                    if let Some(doubts) = order.and_then(doubts) {
                        lock(self.report).remark(&format!("{place} is sent, but its sums do not add up: {doubts}"));
                    }
                    let label = self.order_lines.map(|length| match order {
                        Some(order) => label::order(order, length),
                        None => label::raw(*number, payload.len()),
                    });
                    (*payload, order.map(Event::of), place, label)
                }
                Next::Bad { number, reason } => {
                    let text = if self.is_strict { "stopped at" } else { "skipped" };
                    lock(self.report).message(&format!("{text} line {number}: {reason}"));
                    if self.is_strict {
                        return Filled::Failed;
                    }
                    self.skipped_lines += 1;
                    continue;
                }
                Next::Blank => continue,
                Next::NotYet => return Filled::More,
                Next::Broken(error) => {
                    lock(self.report).message(&format!("cannot read on: {error}"));
                    return Filled::Failed;
                }
                Next::End => return Filled::End,
            };
            self.sequence += 1;
            let mut headers = Vec::with_capacity(HEADERS_BYTES);
            push_headers(&mut headers, event.as_ref(), &mut self.dice, Timestamp::now);
            batch.push(Pending {
                sequence: self.sequence,
                place,
                key: event.and_then(|event| event.key(self.config.key)).map(<[u8]>::to_vec),
                payload: payload.to_vec(),
                headers,
                label,
                taken: now,
            });
            bytes += payload.len();
            self.orders.taken();
            self.pace.advance();
        }
    }
}
