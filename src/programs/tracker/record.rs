//! From a batch to the trail: what is due is decided and written down in the order in which it came.
//!
//! Judging messages and writing their lines is most of the work, and may be spread over threads: what is
//! decided about a batch, and where the trail stands after it, travels with the batch, and pieces are
//! handed to the trail in the order of their batches.

use std::collections::BTreeMap;
use std::io;
use std::time::Instant;

use super::config::TrackerConfig;
use super::encode::{Encoder, Encoding};
use super::error::TrackerError;
use super::limit::invalid as invalid_line;
use super::session::{IDLE, Session, now_text};
use super::written::Stood;
use crate::doors::audit::Submitted;
use crate::doors::kafka::MessageBatch;
use crate::logic::ledger::{Decision, Identity, Ledger};
use crate::tools::in_order::{Gone, InOrder};
use crate::words::seal::SealedPosition;

/// A batch of fewer bytes is not worth the way to another thread and back, unless it must wait anyway.
const SMALL_BYTES: usize = 64 << 10;

/// Cores that the threads which fetch, hash and write are left.
const OTHER_CORES: usize = 2;

/// More threads would wait for the one that fetches.
const MOST_THREADS: usize = 3;

/// How many threads are worth it on a machine of so many cores; 0: the main one does it.
pub(super) fn threads_for(cores: usize) -> usize {
    cores.saturating_sub(OTHER_CORES).min(MOST_THREADS)
}

/// Where the trail stands after a batch.
#[derive(Debug, Default)]
pub(super) struct Stand {
    identity: Identity,
    positions: BTreeMap<i32, SealedPosition>,
    rolled_back: BTreeMap<i32, i64>,
    /// What may be published once it is synced.
    recorded: BTreeMap<i32, i64>,
}

impl Stand {
    fn of(ledger: &Ledger) -> Self {
        Self {
            identity: ledger.identity().clone(),
            positions: ledger.positions(),
            rolled_back: ledger.rolled_back().clone(),
            recorded: ledger.recorded(),
        }
    }
}

struct UnderWay {
    encoding: Encoding,
    stand: Stand,
}

/// Everybody who encodes.
pub(super) struct Encoders {
    own: Encoder,
    others: InOrder<UnderWay>,
    /// Memory of those that are done.
    spare: Vec<Encoding>,
}

impl Encoders {
    /// Starts the threads, if there are to be any.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(super) fn start(config: &TrackerConfig) -> io::Result<Self> {
        let encoder = || Encoder::new(&config.topic, config.payload);
        let others = InOrder::start(config.encoders, "encode", || {
            let mut encoder = encoder();
            move |job: &mut UnderWay| encoder.encode(&mut job.encoding)
        })?;
        Ok(Self { own: encoder(), others, spare: Vec::new() })
    }

    /// How many batches are decided and not handed to the trail yet.
    pub(super) fn under_way(&self) -> usize {
        self.others.under_way()
    }
}

impl Session<'_> {
    /// Writes the lines of what is due, at once or on another thread: see [`Session::settle`].
    pub(super) fn record(&mut self, batch: MessageBatch) -> Result<(), TrackerError> {
        let mut encoding = self.encoders.spare.pop().unwrap_or_default();
        for message in batch.iter() {
            let decision = self.ledger.message(message.partition, message.offset, message.leader_epoch);
            encoding.due.push(match decision {
                Decision::Append { gap_before } => Some(gap_before),
                Decision::Skip => None,
            });
        }
        let is_small = batch.bytes() < SMALL_BYTES && self.encoders.under_way() == 0;
        encoding.batch = batch;
        encoding.timestamp = now_text();
        encoding.lines = self.appender.empty_piece();
        let mut job = UnderWay { encoding, stand: Stand::of(&self.ledger) };
        if self.encoders.others.is_empty() || is_small {
            self.encoders.own.encode(&mut job.encoding);
            return self.finish(job);
        }
        if self.encoders.others.is_full() {
            self.settle_oldest()?;
        }
        Ok(self.encoders.others.give(job)?)
    }

    /// Hands over everything that is under way, before anything else is told or learnt.
    pub(super) fn settle(&mut self) -> Result<(), TrackerError> {
        while self.encoders.under_way() > 0 {
            self.settle_oldest()?;
        }
        Ok(())
    }

    /// Hands over the oldest batch that is under way, if there is one.
    pub(super) fn settle_oldest(&mut self) -> Result<(), TrackerError> {
        self.encoders.others.take()?.map_or(Ok(()), |job| self.finish(job))
    }

    /// Counts and tells what was found, and hands the lines to the trail.
    fn finish(&mut self, job: UnderWay) -> Result<(), TrackerError> {
        let UnderWay { mut encoding, stand } = job;
        let (now, invalid) = (Instant::now(), encoding.invalid.len() as u64);
        self.tally.received += encoding.valid + invalid;
        self.tally.valid += encoding.valid;
        self.tally.invalid += invalid;
        self.mark.valid += encoding.valid;
        self.mark.invalid += invalid;
        if invalid > 0 || self.printer.is_on() {
            self.tell(now, &encoding)?;
        }
        self.wait_for_letters()?;
        let lines = std::mem::take(&mut encoding.lines);
        if !lines.is_empty() {
            self.submit_at(lines, stand, false)?;
        }
        self.consumer.recycle(std::mem::take(&mut encoding.batch));
        encoding.due.clear();
        encoding.invalid.clear();
        self.encoders.spare.push(encoding);
        Ok(())
    }

    /// Shows the orders, and tells of each message that is not what was expected.
    fn tell(&mut self, now: Instant, encoding: &Encoding) -> Result<(), TrackerError> {
        let mut invalid = encoding.invalid.iter().peekable();
        for (index, message, _) in encoding.due() {
            let Some(found) = invalid.next_if(|found| found.index == index) else {
                self.printer.order(now, &message, self.shutdown);
                continue;
            };
            if let Some(letters) = &self.dead_letters {
                letters.send(&encoding.timestamp, &message, found.failure, &found.reason, self.shutdown)?;
            }
            if let Some(event) = self.invalid.tell(now, invalid_line(&self.config.topic, &message, &found.reason)) {
                self.log.write(&event);
            }
        }
        Ok(())
    }

    /// Waits until the dead letters of a batch have arrived, before its lines are written.
    fn wait_for_letters(&mut self) -> Result<(), TrackerError> {
        let mut waited = false;
        while let Some(letters) = &self.dead_letters {
            if letters.in_flight(IDLE)? == 0 {
                break;
            }
            waited = true;
            if self.shutdown.is_requested() {
                let timeout = self.config.drain_timeout;
                let deadline = *self.stop_deadline.get_or_insert_with(|| Instant::now() + timeout);
                if Instant::now() >= deadline {
                    return Err(letters.unfinished());
                }
            }
            self.look_after(Instant::now())?;
        }
        if waited {
            self.was_held_up();
        }
        Ok(())
    }

    /// Hands a piece to the trail that stands with it where the ledger stands, see [`Session::submit_at`].
    pub(super) fn submit(&mut self, piece: Vec<u8>, urgent: bool) -> Result<(), TrackerError> {
        debug_assert_eq!(self.encoders.under_way(), 0, "what was decided before comes before");
        self.submit_at(piece, Stand::of(&self.ledger), urgent)
    }

    /// Hands a piece to the trail, looking after everything else while the disk is slow or full.
    /// `urgent`: it is sealed as soon as it is synced.
    fn submit_at(&mut self, mut piece: Vec<u8>, stand: Stand, urgent: bool) -> Result<(), TrackerError> {
        let Stand { identity, positions, rolled_back, recorded } = stand;
        self.mark.identity = identity;
        self.mark.positions = positions;
        self.mark.rolled_back = rolled_back;
        let mut waited = false;
        loop {
            match self.appender.submit(piece, &self.mark, urgent)? {
                Submitted::Taken(bytes) => {
                    self.submitted_bytes = bytes;
                    self.stands_at(recorded);
                    break;
                }
                Submitted::NoRoom(back) => piece = back,
            }
            waited = true;
            self.appender.wait_for_room(IDLE);
            self.look_after(Instant::now())?;
        }
        if waited {
            self.was_held_up();
        }
        Ok(())
    }
}

impl Session<'_> {
    /// With everything that was handed over so far the trail stands there.
    pub(super) fn stands_at(&mut self, positions: BTreeMap<i32, i64>) {
        let stood = Stood { positions: positions.clone(), tally: self.tally };
        self.written.submitted(self.submitted_bytes, stood);
        self.publisher.submitted(self.submitted_bytes, positions);
    }
}

impl From<Gone> for TrackerError {
    fn from(gone: Gone) -> Self {
        Self::Thread { source: gone }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_cores_are_for_the_other_threads_and_three_threads_are_enough() {
        assert_eq!([1, 2, 3, 4, 5, 64].map(threads_for), [0, 0, 1, 2, 3, 3]);
    }
}
