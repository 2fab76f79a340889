//! Beginning to read a partition where the trail ends, and telling what is gone.
//!
//! A partition without a leader must not hold the others up: whoever gives no answer is asked again
//! later, while the rest are read.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Write as _;
use std::time::{Duration, Instant};

use super::error::TrackerError;
use super::session::{Session, now_text};
use crate::doors::health::HealthEvent;
use crate::doors::kafka::{Ends, StartAt, TopicInfo};
use crate::words::record::{Gap, GapKind, write_gap};

/// How long a broker may take to tell the ends of a partition.
pub(super) const ENDS_ANSWER: Duration = Duration::from_secs(1);

/// How long after a question without an answer the next is asked.
const ASK_AGAIN: Duration = Duration::from_secs(3);

/// How often an end before our position is asked for again, and how long after: right after a
/// change of leaders it may lie back for a moment.
const TRUNCATION_CHECKS: (u32, Duration) = (6, Duration::from_millis(500));

/// Which partitions are read, and which are still to be begun.
#[derive(Debug)]
pub(super) struct Beginnings {
    pub(super) begun: BTreeSet<i32>,
    waiting: VecDeque<i32>,
    next: Instant,
    /// How often a partition's end was found before our position.
    checks: BTreeMap<i32, u32>,
    /// The last reason that was told.
    trouble: String,
}

impl Beginnings {
    pub(super) fn new(partitions: impl IntoIterator<Item = i32>, now: Instant) -> Self {
        let waiting = partitions.into_iter().collect();
        Self { begun: BTreeSet::new(), waiting, next: now, checks: BTreeMap::new(), trouble: String::new() }
    }

    /// Whether every partition is being read.
    pub(super) fn are_done(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Begins a partition anew, or for the first time, as soon as possible.
    pub(super) fn again(&mut self, partition: i32, now: Instant) {
        if !self.waiting.contains(&partition) {
            self.waiting.push_back(partition);
            self.next = now;
        }
    }

    /// Whether a partition is known already.
    pub(super) fn knows(&self, partition: i32) -> bool {
        self.begun.contains(&partition) || self.waiting.contains(&partition)
    }
}

/// What is said once every partition is being read for the first time.
pub(super) struct Announcement {
    pub(super) topic: TopicInfo,
    pub(super) cluster_id: Option<String>,
    /// Lines that the trail had.
    pub(super) lines: u64,
}

impl Session<'_> {
    /// Asks for the ends of the partitions that wait, and begins those that get an answer.
    pub(super) fn begin_waiting(&mut self) -> Result<(), TrackerError> {
        let now = Instant::now();
        if self.beginnings.are_done() || now < self.beginnings.next {
            return Ok(());
        }
        for _ in 0..self.beginnings.waiting.len() {
            let Some(partition) = self.beginnings.waiting.pop_front() else { break };
            if self.shutdown.is_requested() {
                self.beginnings.waiting.push_back(partition);
                break;
            }
            match self.consumer.ends(partition, ENDS_ANSWER) {
                Ok(ends) if self.is_credible(partition, ends) => self.begin(partition, ends)?,
                Ok(_) => {
                    self.beginnings.waiting.push_back(partition);
                    self.beginnings.next = Instant::now() + TRUNCATION_CHECKS.1;
                }
                Err(error) => {
                    self.beginnings.waiting.push_back(partition);
                    self.beginnings.next = Instant::now() + ASK_AGAIN;
                    let reason = error.to_string();
                    if reason != self.beginnings.trouble {
                        self.beginnings.trouble.clone_from(&reason);
                        self.log.write(&HealthEvent::KafkaTrouble { partition: Some(partition), reason });
                    }
                    break;
                }
            }
        }
        if self.beginnings.are_done() {
            self.announce();
        }
        Ok(())
    }

    fn is_credible(&mut self, partition: i32, ends: Ends) -> bool {
        if self.position.next(partition).is_none_or(|next| next <= ends.readable_end) {
            return true;
        }
        let checks = self.beginnings.checks.entry(partition).or_insert(0);
        *checks += 1;
        *checks > TRUNCATION_CHECKS.0
    }

    fn begin(&mut self, partition: i32, ends: Ends) -> Result<(), TrackerError> {
        self.beginnings.checks.remove(&partition);
        let gap = match self.position.next(partition) {
            None => {
                self.position.begin(partition, ends.low);
                None
            }
            Some(next) if next < ends.low => Some(Gap::new(GapKind::Retention, next, ends.low)),
            // Whether it was cut or made anew, what it holds now was never recorded as such.
            Some(next) if next > ends.readable_end => Some(Gap::new(GapKind::Truncation, next, ends.low)),
            Some(_) => None,
        };
        if let Some(gap) = gap {
            self.position.set(partition, gap.to);
            self.tell_gap(partition, gap)?;
            self.read_to.remove(&partition);
            if let Some(targets) = &mut self.targets {
                targets.lower(partition, ends.readable_end);
            }
        }
        let start = self.position.next(partition).unwrap_or(ends.low);
        self.ends.insert(partition, ends.readable_end);
        self.consumer.read_from(partition, StartAt::Offset(start))?;
        self.beginnings.begun.insert(partition);
        // What the trail has of it may be published at once: it was synced when it was recovered.
        self.mark_submitted();
        Ok(())
    }

    fn tell_gap(&mut self, partition: i32, gap: Gap) -> Result<(), TrackerError> {
        let mut piece = self.appender.empty_piece();
        write_gap(&mut piece, &now_text(), &self.config.topic, partition, &gap);
        self.submit(piece)?;
        self.tally.gaps += 1;
        self.log.write(&HealthEvent::AuditGap { topic: self.config.topic.clone(), partition, gap });
        Ok(())
    }

    /// Says, once, that reading has begun: in the log, and in two lines for whoever watches.
    fn announce(&mut self) {
        let Some(Announcement { topic, cluster_id, lines }) = self.announcement.take() else { return };
        let (made, partitions) = (if topic.created { ", made" } else { "" }, topic.partitions);
        let noun = if partitions == 1 { "partition" } else { "partitions" };
        let from = match lines {
            0 => "new, from the beginning of the topic".to_owned(),
            lines => format!("{lines} lines, going on after them"),
        };
        let text = format!(
            "tracker {} on {}: topic {} ({partitions} {noun}{made}), group {}\ntrail {}: {from}",
            env!("CARGO_PKG_VERSION"),
            self.config.client.brokers,
            topic.name,
            self.config.group,
            crate::doors::audit::trail_path(&self.config.dir).display(),
        );
        // A closed standard error must not end the tracker.
        drop(writeln!(anstream::stderr(), "{text}"));
        self.log.write(&HealthEvent::Subscribed {
            positions: self.recorded(),
            pid: std::process::id(),
            topic: topic.name,
            group: self.config.group.clone(),
            cluster_id,
            partitions: self.beginnings.begun.iter().copied().collect(),
            from: if lines == 0 { "beginning" } else { "trail" },
        });
    }
}
