//! What is learnt of the topic and of the brokers, and what the ledger then wants to be done.

use std::io::Write as _;
use std::time::Instant;

use super::error::TrackerError;
use super::session::{Session, now_text};
use crate::doors::audit::trail_path;
use crate::doors::health::HealthEvent;
use crate::doors::kafka::{Fetched, StartAt, TopicInfo, Watch};
use crate::logic::ledger::{Effect, Identity, Sight};
use crate::words::record::write_gap;

/// What is said once every partition is being read for the first time.
pub(super) struct Announcement {
    pub(super) topic: TopicInfo,
    /// Lines that the trail had.
    pub(super) lines: u64,
}

impl Session<'_> {
    /// Everything that a consumer tells and that is no message.
    pub(super) fn learn(&mut self, fetched: Fetched) -> Result<(), TrackerError> {
        let at = self.moment();
        match fetched {
            Fetched::Messages(_) => {}
            Fetched::PartitionEnd { partition, offset } => {
                self.idle_since = Instant::now();
                self.ledger.partition_end(partition, offset);
            }
            Fetched::OffsetGone { partition, parted_at } => self.ledger.gone(partition, parted_at, at),
            Fetched::TopicChanged => self.ledger.topic_changed(),
            Fetched::Watched(watch) => {
                // A cluster that answers is there, whoever asked it. A consumer that was made anew meanwhile
                // never lost it, and will not say that it is back.
                self.broker_is_back();
                self.topic_is_back();
                self.look_at(watch)?;
            }
            Fetched::BrokerLost { reason } => {
                self.broker_lost = Some(Instant::now());
                let brokers = self.config.client.brokers.clone();
                self.log.write(&HealthEvent::BrokerLost { brokers, reason });
            }
            Fetched::BrokerBack => self.broker_is_back(),
            Fetched::TopicMissing { reason } => {
                // Who says so is there.
                self.broker_is_back();
                self.topic_is_missing(reason);
            }
            Fetched::Statistics(statistics) => {
                for partition in statistics.partitions {
                    self.ledger.end_heard(partition.partition, partition.readable_end);
                }
            }
            Fetched::Committed(answer) => {
                if let Some(reason) = self.publisher.answered(answer) {
                    self.log.write(&HealthEvent::CommitFailed { reason });
                }
            }
            Fetched::Unreadable { partition, offset, reason, .. } => self.unreadable_heard(partition, offset, reason),
            // Each partition says so again every half a minute; it is told as what it is.
            Fetched::Trouble { partition: Some(_), .. } if self.topic_missing.is_some() => {}
            Fetched::Trouble { partition, reason } => {
                self.log.write(&HealthEvent::KafkaTrouble { partition, reason });
            }
        }
        Ok(())
    }

    fn broker_is_back(&mut self) {
        if let Some(since) = self.broker_lost.take() {
            let brokers = self.config.client.brokers.clone();
            let away_seconds = since.elapsed().as_secs_f64();
            self.log.write(&HealthEvent::BrokerBack { brokers, away_seconds });
        }
    }

    fn unreadable_heard(&mut self, partition: i32, offset: i64, reason: String) {
        let now = Instant::now();
        // A consumer that says so is not mute.
        self.idle_since = now;
        // Of a partition that is not being read it is told again once it is.
        let Some(stands_at) = self.ledger.recorded().remove(&partition) else { return };
        if let Some(event) = self.unreadable.hear(partition, (offset, stands_at), reason, now) {
            self.log.write(&event);
        }
    }

    /// Told once, however many consumers notice it one after another.
    fn topic_is_missing(&mut self, reason: String) {
        if self.topic_missing.is_none() {
            self.topic_missing = Some(Instant::now());
            self.log.write(&HealthEvent::TopicMissing { topic: self.config.topic.clone(), reason });
        }
    }

    fn topic_is_back(&mut self) {
        if let Some(since) = self.topic_missing.take() {
            let (topic, away_seconds) = (self.config.topic.clone(), since.elapsed().as_secs_f64());
            self.log.write(&HealthEvent::TopicBack { topic, away_seconds });
        }
    }

    /// The topic as the cluster tells it.
    fn look_at(&mut self, watch: Watch) -> Result<(), TrackerError> {
        let Watch { cluster_id, topic_id, partitions, ends } = watch;
        let is_ours = (0..partitions).any(|partition| self.config.partitions.accepts(partition));
        if !is_ours && self.ledger.positions().is_empty() {
            return Err(TrackerError::NoPartition { topic: self.config.topic.clone(), count: partitions });
        }
        let published = self.take_published(topic_id.as_deref())?;
        let identity = Identity { cluster_id, topic_id };
        let ends = ends.into_iter().map(|(partition, ends)| (partition, (ends.low, ends.readable_end))).collect();
        let sight = Sight { identity, partitions, ends, published };
        let (idle, at) = (self.idle_since.elapsed(), self.moment());
        let filter = &self.config.partitions;
        self.ledger.see(&sight, |partition| filter.accepts(partition), idle, at);
        if let Some(topic_id) = &self.ledger.identity().topic_id {
            self.consumer.expect(topic_id);
        }
        if let Some(letters) = &mut self.dead_letters {
            letters.read_from(self.ledger.identity());
        }
        Ok(())
    }

    /// Does what the ledger wants. What it tells of gaps comes first and in one piece: the ledger stands
    /// behind all of it already, and a seal that says so must not be there before the last of them.
    pub(super) fn carry_out(&mut self) -> Result<(), TrackerError> {
        if !self.ledger.has_effects() {
            return Ok(());
        }
        self.settle()?;
        let effects: Vec<Effect> = std::iter::from_fn(|| self.ledger.next_effect()).collect();
        self.tell_gaps(&effects)?;
        for effect in effects {
            match effect {
                Effect::TellGap { .. } => {}
                Effect::SealNow => {
                    self.submit(Vec::new(), true)?;
                    if !self.wait_for_seal()? {
                        return Ok(());
                    }
                }
                Effect::Read { partition, offset, leader_epoch } => self.read_from(partition, offset, leader_epoch)?,
                Effect::Look => self.consumer.look(),
                Effect::AllBegun => {
                    self.announce();
                    // Kept from now on, also for partitions that have no line yet.
                    self.submit(Vec::new(), true)?;
                }
                Effect::PartitionsAdded(partitions) => self.log.write(&HealthEvent::PartitionsAdded { partitions }),
                Effect::Rebuild { reason } => {
                    self.log.write(&HealthEvent::ConsumerRebuilt { reason });
                    self.consumer = self.reader.consumer(None)?;
                    self.publisher.begin_anew();
                    self.was_held_up();
                }
            }
        }
        Ok(())
    }

    fn tell_gaps(&mut self, effects: &[Effect]) -> Result<(), TrackerError> {
        let gaps = || {
            effects.iter().filter_map(|effect| match effect {
                Effect::TellGap { partition, gap } => Some((*partition, gap)),
                _ => None,
            })
        };
        if gaps().next().is_none() {
            return Ok(());
        }
        let mut piece = self.appender.empty_piece();
        for (partition, gap) in gaps() {
            write_gap(&mut piece, &now_text(), &self.config.topic, partition, gap);
            self.mark.gaps += 1;
            self.tally.gaps += 1;
        }
        self.submit(piece, true)?;
        for (partition, gap) in gaps() {
            let (topic, gap) = (self.config.topic.clone(), gap.clone());
            self.log.write(&HealthEvent::AuditGap { topic, partition, gap });
        }
        Ok(())
    }

    fn read_from(&mut self, partition: i32, offset: i64, leader_epoch: Option<i32>) -> Result<(), TrackerError> {
        self.consumer.read_from(partition, StartAt::Offset(offset), leader_epoch)?;
        if let (Some(letters), false) = (&mut self.dead_letters, self.was_clean) {
            let standing = self.ledger.standings().remove(&partition);
            letters.may_repeat(partition, standing.and_then(|at| at.readable_end));
        }
        // What the trail has of it may be published at once: it was synced when it was recovered.
        self.stands_at(self.ledger.recorded());
        Ok(())
    }

    /// Says, once, that reading has begun: in the log, and in two lines for whoever watches.
    fn announce(&mut self) {
        let Some(Announcement { topic, lines }) = self.announcement.take() else { return };
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
            trail_path(&self.config.dir).display(),
        );
        // A closed standard error must not end the tracker.
        drop(writeln!(anstream::stderr(), "{text}"));
        let Identity { cluster_id, topic_id } = self.ledger.identity().clone();
        let positions = self.ledger.recorded();
        self.log.write(&HealthEvent::Subscribed {
            pid: std::process::id(),
            topic: topic.name,
            group: self.config.group.clone(),
            cluster_id,
            topic_id,
            partitions: positions.keys().copied().collect(),
            positions,
            from: if lines == 0 { "beginning" } else { "trail" },
        });
    }
}
