//! Recording, from the first message to the last.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::anchor::Anchors;
use super::config::TrackerConfig;
use super::dead_letters::DeadLetters;
use super::error::TrackerError;
use super::learn::Announcement;
use super::limit::LineLimit;
use super::print::Printer;
use super::published::Published;
use super::record::Encoders;
use super::report::{Reporter, Tally, add_latencies, as_written, lag, standing};
use super::status::{Status, gravest};
use super::unreadable::Unreadable;
use super::written::Written;
use crate::doors::audit::{Appender, History, Mark};
use crate::doors::health::{HealthEvent, HealthLog, PartitionReport, Vitals};
use crate::doors::kafka::{Consumer, Fetched, Reader};
use crate::logic::ledger::{Ledger, Moment, Publisher, Standing};
use crate::tools::durable::free_bytes;
use crate::tools::shutdown::Shutdown;

/// How long to wait for something to read before looking after everything else.
pub(super) const IDLE: Duration = Duration::from_millis(50);

/// How long a broker may take to tell the ends of the partitions.
const ENDS_ANSWER: Duration = Duration::from_secs(1);

/// How often the ends are asked for while the disk is full: nobody reads then, and so nobody tells them.
const ENDS_INTERVAL: Duration = Duration::from_secs(10);

/// How often the figures behind `/metrics` are renewed.
pub(super) const STATUS_INTERVAL: Duration = Duration::from_secs(1);

/// Everything that recording needs, and where it stands.
pub(super) struct Session<'a> {
    pub(super) config: &'a TrackerConfig,
    pub(super) log: &'a HealthLog,
    pub(super) shutdown: &'a Shutdown,
    pub(super) status: &'a Status,
    /// Makes another consumer when this one is of no use any more.
    pub(super) reader: Reader,
    pub(super) consumer: Consumer,
    pub(super) appender: Appender,
    pub(super) ledger: Ledger,
    pub(super) encoders: Encoders,
    /// Where the trail stands with everything that was handed to it.
    pub(super) mark: Mark,
    pub(super) printer: Printer,
    pub(super) publisher: Publisher,
    pub(super) reporter: Reporter,
    pub(super) invalid: LineLimit,
    pub(super) vitals: Vitals,
    pub(super) dead_letters: Option<DeadLetters>,
    pub(super) anchors: Option<Anchors>,
    pub(super) tally: Tally,
    pub(super) published: Published,
    /// What the trail was when this run began.
    pub(super) history: History,
    /// Whether the tracker before this one stopped as asked, or there was none.
    pub(super) was_clean: bool,
    /// When the consumer last had something, or was last not asked for long.
    pub(super) idle_since: Instant,
    pub(super) started: Instant,
    pub(super) announcement: Option<Announcement>,
    /// Handed to the trail in this run.
    pub(super) submitted_bytes: u64,
    pub(super) written: Written,
    /// Until when a stop that was asked for may take.
    pub(super) stop_deadline: Option<Instant>,
    pub(super) broker_lost: Option<Instant>,
    pub(super) topic_missing: Option<Instant>,
    pub(super) unreadable: Unreadable,
    pub(super) disk_full: Option<Instant>,
    pub(super) next_metrics: Instant,
    pub(super) next_status: Instant,
    /// When the ends are asked for again while the disk is full.
    pub(super) next_ends: Instant,
}

impl Session<'_> {
    /// Waits at most a moment for something to read and deals with it, then looks after the rest.
    pub(super) fn step(&mut self) -> Result<(), TrackerError> {
        self.ledger.tick(self.moment());
        self.carry_out()?;
        // What is under way is not to wait for what may never come.
        let patience = if self.encoders.under_way() == 0 { IDLE } else { Duration::ZERO };
        match self.consumer.next(patience) {
            Some(Fetched::Messages(batch)) => {
                self.idle_since = Instant::now();
                self.record(batch)?;
            }
            Some(other) => {
                self.settle()?;
                self.learn(other)?;
            }
            None => self.settle_oldest()?,
        }
        self.carry_out()?;
        self.look_after(Instant::now())
    }

    /// How long the tracker has been running: the ledger's clock.
    pub(super) fn moment(&self) -> Moment {
        self.started.elapsed()
    }

    /// Waits until everything that was handed over is sealed.
    /// False when a stop was asked for first: then nothing more is to be read.
    pub(super) fn wait_for_seal(&mut self) -> Result<bool, TrackerError> {
        while !self.appender.is_sealed() {
            if self.shutdown.is_requested() {
                self.stop_deadline = Some(Instant::now());
                return Ok(false);
            }
            self.appender.wait_for_seal(IDLE);
            self.look_after(Instant::now())?;
        }
        self.was_held_up();
        Ok(true)
    }

    /// The consumer was not asked for a while: its silence says nothing.
    pub(super) fn was_held_up(&mut self) {
        self.idle_since = Instant::now();
        self.ledger.held_up();
    }

    /// Waits until what was handed over is on the disk, or cannot be.
    pub(super) fn wait_for_disk(&self) {
        loop {
            let progress = self.appender.progress();
            if progress.synced_bytes >= self.submitted_bytes || progress.failed.is_some() {
                return;
            }
            self.appender.wait_for_room(IDLE);
        }
    }

    /// Everything that is due by the clock.
    pub(super) fn look_after(&mut self, now: Instant) -> Result<(), TrackerError> {
        let progress = self.appender.progress();
        match (progress.full_since, self.disk_full) {
            (Some(since), None) => {
                self.disk_full = Some(since);
                let free_bytes = free_bytes(&self.config.dir);
                self.log.write(&HealthEvent::DiskFull { free_bytes });
            }
            (None, Some(since)) => {
                self.disk_full = None;
                self.log.write(&HealthEvent::DiskOk { paused_seconds: since.elapsed().as_secs_f64() });
            }
            _ => {}
        }
        if let Some(failed) = progress.failed {
            return Err(failed.into());
        }
        if matches!(self.published, Published::Done)
            && let Some(positions) = self.publisher.due(self.moment(), progress.synced_bytes, progress.signed_lines)
        {
            self.consumer.commit(&positions, &self.published_text());
        }
        if let Some(anchors) = &mut self.anchors {
            anchors.publish(&self.appender, self.shutdown);
            if let Some(event) = anchors.failure() {
                self.log.write(&event);
            }
        }
        while let Some(event) = self.dead_letters.as_ref().and_then(DeadLetters::failure) {
            self.log.write(&event);
        }
        self.printer.look_at_the_clock(now);
        if let Some(event) = self.invalid.overdue(now) {
            self.log.write(&event);
        }
        self.written.reach(progress.written_bytes);
        if self.disk_full.is_some() && now >= self.next_ends {
            self.next_ends = now + ENDS_INTERVAL;
            self.hear_ends(ENDS_ANSWER);
        }
        if now >= self.next_metrics {
            self.next_metrics = now + self.config.metrics_interval;
            self.report(now, true);
        } else if now >= self.next_status {
            self.report(now, false);
        }
        Ok(())
    }

    /// Renews the figures behind `/metrics`, and writes them to the log when `line` is asked for.
    pub(super) fn report(&mut self, now: Instant, line: bool) {
        self.next_status = now + STATUS_INTERVAL;
        let mut signs = if line { self.vitals.read(&self.config.dir) } else { self.status.last_signs() };
        // An interval may be minutes, and a disk full within it.
        signs.disk_free_bytes = free_bytes(&self.config.dir);
        let progress = self.appender.progress();
        self.written.reach(progress.written_bytes);
        let mut report = self.reporter.report(now, line, self.written.now().tally, &progress, signs);
        for event in self.unreadable.gone_on(&self.ledger.standings(), now) {
            self.log.write(&event);
        }
        let standings = self.standings();
        report.lag = lag(&standings);
        report.partitions = standings;
        if line {
            add_latencies(&mut report, &self.appender.take_latencies());
            self.status.set(&report, signs, self.trouble());
            self.log.write(&HealthEvent::Metrics(Box::new(report)));
        } else {
            self.status.renew(&mut report, self.trouble());
        }
    }

    /// Why the tracker is not ready, when it is not.
    fn trouble(&self) -> Option<String> {
        let seconds = |since: Instant| since.elapsed().as_secs();
        let full = self.disk_full.map(|since| format!("the disk is full for {} s", seconds(since)));
        let away = self.broker_lost.map(|since| format!("no broker for {} s", seconds(since)));
        let topic = &self.config.topic;
        let missing = self.topic_missing.map(|since| format!("topic {topic} is not there for {} s", seconds(since)));
        let starting = (!self.ledger.is_begun()).then(|| "not all partitions are being read yet".to_owned());
        let unreadable = self.unreadable.trouble(Instant::now());
        gravest(self.shutdown.is_requested(), [full, away, missing, unreadable, starting])
    }

    fn standings(&self) -> BTreeMap<String, PartitionReport> {
        let written = &self.written.now().positions;
        let named = |(partition, at): (i32, Standing)| {
            (partition.to_string(), standing(as_written(at, written.get(&partition).copied())))
        };
        self.ledger.standings().into_iter().map(named).collect()
    }

    /// What can be read now is what is to be read before stopping. A partition whose end the broker
    /// does not tell before the deadline is not waited for.
    pub(super) fn note_targets(&mut self, deadline: Instant) {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut ends = if left.is_zero() { BTreeMap::new() } else { self.hear_ends(left.min(ENDS_ANSWER)) };
        // Before a batch that cannot be read a stop would wait in vain.
        ends.retain(|&partition, _| !self.unreadable.is_waiting(partition));
        self.ledger.aim_at(ends);
    }

    /// Asks for the readable ends, and tells the ledger of those that the broker knows.
    fn hear_ends(&mut self, timeout: Duration) -> BTreeMap<i32, i64> {
        let partitions: Vec<i32> = self.ledger.recorded().into_keys().collect();
        let found = self.consumer.ends(&partitions, timeout).unwrap_or_default();
        let ends = found.into_iter().filter_map(|(partition, ends)| Some((partition, ends.ok()?.readable_end)));
        let ends: BTreeMap<i32, i64> = ends.collect();
        for (&partition, &end) in &ends {
            self.ledger.end_heard(partition, Some(end));
        }
        ends
    }

    /// Readable and not yet read.
    pub(super) fn lag(&self) -> Option<i64> {
        lag(&self.standings())
    }
}

/// Now, as it stands in the files.
pub(super) fn now_text() -> String {
    format!("{:.3}", Timestamp::now())
}
