//! Recording, from the first message to the last.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::begin::{Announcement, Beginnings, ENDS_ANSWER};
use super::config::TrackerConfig;
use super::dead_letters::DeadLetters;
use super::error::TrackerError;
use super::invalid::InvalidLimit;
use super::judge::judge;
use super::position::{Decision, Position};
use super::print::Printer;
use super::publish::Publisher;
use super::report::{Reporter, Tally, add_latencies, lag, standing};
use super::status::Status;
use super::target::Targets;
use crate::doors::audit::{Appender, Submitted};
use crate::doors::health::{HealthEvent, HealthLog, PartitionReport, Vitals};
use crate::doors::kafka::{Consumer, Fetched, MessageBatch};
use crate::tools::durable::free_bytes;
use crate::tools::shutdown::Shutdown;
use crate::words::record::{Received, Verdict, write_message};

/// How long to wait for something to read before looking after everything else.
const IDLE: Duration = Duration::from_millis(50);

/// How often the figures behind `/metrics` are renewed.
const STATUS_INTERVAL: Duration = Duration::from_secs(1);

/// Everything that recording needs, and where it stands.
pub(super) struct Session<'a> {
    pub(super) config: &'a TrackerConfig,
    pub(super) log: &'a HealthLog,
    pub(super) shutdown: &'a Shutdown,
    pub(super) status: &'a Status,
    pub(super) consumer: Consumer,
    pub(super) appender: Appender,
    pub(super) position: Position,
    pub(super) printer: Printer,
    pub(super) publisher: Publisher,
    pub(super) reporter: Reporter,
    pub(super) invalid: InvalidLimit,
    pub(super) vitals: Vitals,
    pub(super) dead_letters: Option<DeadLetters>,
    pub(super) tally: Tally,
    /// One past the last that can be read, by partition, as last heard.
    pub(super) ends: BTreeMap<i32, i64>,
    /// What must be read before stopping, once that is known.
    pub(super) targets: Option<Targets>,
    /// The next offset at which a partition was found to end; after the last message there may be markers.
    pub(super) read_to: BTreeMap<i32, i64>,
    pub(super) beginnings: Beginnings,
    pub(super) announcement: Option<Announcement>,
    /// Handed to the trail in this run.
    pub(super) submitted_bytes: u64,
    /// Until when a stop that was asked for may take.
    pub(super) stop_deadline: Option<Instant>,
    pub(super) broker_lost: Option<Instant>,
    pub(super) disk_full: Option<Instant>,
    pub(super) next_metrics: Instant,
    pub(super) next_status: Instant,
}

impl Session<'_> {
    /// Waits at most a moment for something to read and deals with it, then looks after the rest.
    pub(super) fn step(&mut self) -> Result<(), TrackerError> {
        self.begin_waiting()?;
        if let Some(fetched) = self.consumer.next(IDLE) {
            self.take(fetched)?;
        }
        self.look_after(Instant::now())
    }

    fn take(&mut self, fetched: Fetched) -> Result<(), TrackerError> {
        match fetched {
            Fetched::Messages(batch) => {
                self.record(&batch)?;
                self.consumer.recycle(batch);
            }
            Fetched::PartitionEnd { partition, offset } => {
                self.read_to.insert(partition, offset);
                self.reached(partition, offset);
            }
            Fetched::OffsetGone { partition, .. } => self.beginnings.again(partition, Instant::now()),
            Fetched::Watched(watch) => self.add((0..watch.partitions).collect()),
            Fetched::TopicChanged => {
                let reason = "the topic is another one now: restart the tracker".to_owned();
                self.log.write(&HealthEvent::KafkaTrouble { partition: None, reason });
            }
            Fetched::BrokerLost { reason } => {
                self.broker_lost = Some(Instant::now());
                let brokers = self.config.client.brokers.clone();
                self.log.write(&HealthEvent::BrokerLost { brokers, reason });
            }
            Fetched::BrokerBack => {
                if let Some(since) = self.broker_lost.take() {
                    let brokers = self.config.client.brokers.clone();
                    let away_seconds = since.elapsed().as_secs_f64();
                    self.log.write(&HealthEvent::BrokerBack { brokers, away_seconds });
                }
            }
            Fetched::Statistics(statistics) => {
                let known = statistics.partitions.iter().filter_map(|at| Some((at.partition, at.readable_end?)));
                self.ends.extend(known);
            }
            Fetched::Committed(answer) => {
                if let Some(reason) = self.publisher.answered(answer) {
                    self.log.write(&HealthEvent::CommitFailed { reason });
                }
            }
            Fetched::Trouble { partition, reason } => {
                self.log.write(&HealthEvent::KafkaTrouble { partition, reason });
            }
        }
        Ok(())
    }

    fn add(&mut self, mut partitions: Vec<i32>) {
        partitions.retain(|&partition| self.config.partitions.accepts(partition) && !self.beginnings.knows(partition));
        if partitions.is_empty() {
            return;
        }
        self.log.write(&HealthEvent::PartitionsAdded { partitions: partitions.clone() });
        for partition in partitions {
            self.beginnings.again(partition, Instant::now());
        }
    }

    /// Writes the lines of what is due.
    fn record(&mut self, batch: &MessageBatch) -> Result<(), TrackerError> {
        let now = Instant::now();
        let timestamp = now_text();
        let mut piece = self.appender.empty_piece();
        for message in batch.iter() {
            let decision = self.position.decide(message.partition, message.offset);
            let Decision::Append { gap_before } = decision else { continue };
            let judged = judge(message.payload, self.config.payload);
            let topic = self.config.topic.as_str();
            let received = Received { timestamp: &timestamp, topic, message: &message, text: judged.text, gap_before };
            write_message(&mut piece, &received, &judged.verdict);
            self.tally.received += 1;
            match &judged.verdict {
                Verdict::Order { .. } | Verdict::Accepted => self.tally.valid += 1,
                Verdict::Invalid { reason } => {
                    self.tally.invalid += 1;
                    if let Some(letters) = &self.dead_letters {
                        letters.send(&timestamp, &message, judged.failure, reason, self.shutdown)?;
                    }
                    if let Some(event) = self.invalid.tell(now, topic, &message, reason) {
                        self.log.write(&event);
                    }
                }
            }
            if let Some(order) = &judged.order {
                self.printer.order(now, &message, order, self.shutdown);
            }
            self.reached(message.partition, message.offset + 1);
        }
        self.wait_for_letters()?;
        if piece.is_empty() { Ok(()) } else { self.submit(piece) }
    }

    /// Waits until the dead letters of a batch have arrived, before its lines are written.
    fn wait_for_letters(&mut self) -> Result<(), TrackerError> {
        while let Some(letters) = &self.dead_letters {
            if letters.in_flight(IDLE) == 0 {
                break;
            }
            if self.shutdown.is_requested() {
                let timeout = self.config.drain_timeout;
                let deadline = *self.stop_deadline.get_or_insert_with(|| Instant::now() + timeout);
                if Instant::now() >= deadline {
                    return Err(letters.unfinished());
                }
            }
            self.look_after(Instant::now())?;
        }
        Ok(())
    }

    /// Hands a piece to the trail, looking after everything else while the disk is slow or full.
    pub(super) fn submit(&mut self, mut piece: Vec<u8>) -> Result<(), TrackerError> {
        loop {
            match self.appender.submit(piece)? {
                Submitted::Taken(bytes) => {
                    self.submitted_bytes = bytes;
                    self.mark_submitted();
                    return Ok(());
                }
                Submitted::NoRoom(back) => piece = back,
            }
            self.appender.wait_for_room(IDLE);
            self.look_after(Instant::now())?;
        }
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

    fn reached(&mut self, partition: i32, next: i64) {
        if let Some(targets) = &mut self.targets {
            targets.reached(partition, next);
        }
    }

    /// Everything that is due by the clock.
    fn look_after(&mut self, now: Instant) -> Result<(), TrackerError> {
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
        if let Some(positions) = self.publisher.due(now, progress.synced_bytes) {
            self.consumer.commit(&positions, "");
        }
        while let Some(event) = self.dead_letters.as_ref().and_then(DeadLetters::failure) {
            self.log.write(&event);
        }
        self.printer.look_at_the_clock(now, self.shutdown);
        if let Some(event) = self.invalid.overdue(now) {
            self.log.write(&event);
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
        let signs = if line { self.vitals.read(&self.config.dir) } else { self.status.last_signs() };
        let progress = self.appender.progress();
        let mut report = self.reporter.report(now, line, self.tally, &progress, signs);
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
        let away = self.broker_lost.map(|since| format!("no broker for {} s", since.elapsed().as_secs()));
        let full = self.disk_full.map(|since| format!("the disk is full for {} s", since.elapsed().as_secs()));
        let starting = (!self.beginnings.are_done()).then(|| "not all partitions are being read yet".to_owned());
        full.or(away).or(starting)
    }

    /// The next offset of each partition that this run records.
    pub(super) fn recorded(&self) -> BTreeMap<i32, i64> {
        let begun = &self.beginnings.begun;
        self.position.all().iter().filter(|(partition, _)| begun.contains(partition)).map(|(&p, &n)| (p, n)).collect()
    }

    /// With the bytes handed over so far, the trail stands where the positions do.
    pub(super) fn mark_submitted(&mut self) {
        self.publisher.submitted(self.submitted_bytes, self.recorded());
    }

    fn standings(&self) -> BTreeMap<String, PartitionReport> {
        let standing = |partition: i32, next: i64| {
            let read_to = self.read_to.get(&partition).copied();
            (partition.to_string(), standing(next, self.ends.get(&partition).copied(), read_to))
        };
        self.recorded().into_iter().map(|(partition, next)| standing(partition, next)).collect()
    }

    /// What could be read when each partition was begun is what is to be read before stopping.
    pub(super) fn aim_at_known_ends(&mut self) {
        self.aim_at(self.ends.clone());
    }

    /// What can be read now is what is to be read before stopping. A partition whose end the broker
    /// does not tell before the deadline is not waited for.
    pub(super) fn note_targets(&mut self, deadline: Instant) {
        let mut ends = BTreeMap::new();
        let partitions: Vec<i32> = self.recorded().into_keys().collect();
        let left = deadline.saturating_duration_since(Instant::now());
        let found = self.consumer.ends(&partitions, left.min(ENDS_ANSWER)).unwrap_or_default();
        for (partition, found) in found.into_iter().filter_map(|(partition, found)| Some((partition, found.ok()?))) {
            self.ends.insert(partition, found.readable_end);
            ends.insert(partition, found.readable_end);
        }
        self.aim_at(ends);
    }

    fn aim_at(&mut self, ends: BTreeMap<i32, i64>) {
        let mut targets = Targets::new(ends);
        for (&partition, &next) in self.position.all() {
            targets.reached(partition, next);
        }
        self.targets = Some(targets);
    }

    /// Whether all that was to be read is read.
    pub(super) fn is_done(&self) -> bool {
        self.beginnings.are_done() && self.targets.as_ref().is_some_and(Targets::is_done)
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
