//! What is learnt of the topic and of the brokers, and what the ledger then wants to be done.

use std::io::Write as _;
use std::time::{Duration, Instant};

use super::error::TrackerError;
use super::session::{Session, now_text};
use crate::doors::audit::trail_path;
use crate::doors::health::HealthEvent;
use crate::doors::kafka::{Fetched, StartAt, TopicInfo, Watch};
use crate::logic::ledger::{Effect, Identity, Sight};
use crate::words::record::{Gap, write_gap};

/// How long the group's coordinator may take to tell what was published, and how often it is asked.
const PUBLISHED: (Duration, u32) = (Duration::from_secs(2), 3);

/// What is said once every partition is being read for the first time.
pub(super) struct Announcement {
    pub(super) topic: TopicInfo,
    /// Lines that the trail had.
    pub(super) lines: u64,
}

/// What this trail had published before this run.
pub(super) enum Published {
    /// It is to be asked for, and was asked for so often in vain.
    Unknown(u32),
    /// It was told to the ledger, or cannot be had.
    Done,
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
            Fetched::Watched(watch) => self.look_at(watch)?,
            Fetched::BrokerLost { reason } => {
                self.broker_lost = Some(Instant::now());
                let brokers = self.config.client.brokers.clone();
                self.log.write(&HealthEvent::BrokerLost { brokers, reason });
            }
            Fetched::BrokerBack => self.broker_is_back(),
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

    /// The topic as the cluster tells it.
    fn look_at(&mut self, watch: Watch) -> Result<(), TrackerError> {
        let Watch { cluster_id, topic_id, partitions, ends } = watch;
        if !(0..partitions).any(|partition| self.config.partitions.accepts(partition)) {
            return Err(TrackerError::NoPartition { topic: self.config.topic.clone(), count: partitions });
        }
        let Some(published) = self.published() else { return Ok(()) };
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

    /// What this trail had published, asked for once; `None` when it is to be asked for again. A copy
    /// of the trail that is older than what it published is noticed by it.
    fn published(&mut self) -> Option<std::collections::BTreeMap<i32, i64>> {
        let Published::Unknown(tries) = self.published else { return Some(Default::default()) };
        match self.consumer.committed(PUBLISHED.0) {
            Ok(committed) => {
                self.published = Published::Done;
                let origin = self.appender.origin();
                let ours = committed.into_iter().filter(|(_, (_, metadata))| is_by(metadata, origin));
                Some(ours.map(|(partition, (next, _))| (partition, next)).collect())
            }
            Err(error) if tries + 1 >= PUBLISHED.1 => {
                self.published = Published::Done;
                self.log.write(&HealthEvent::KafkaTrouble { partition: None, reason: error.to_string() });
                Some(Default::default())
            }
            Err(_) => {
                self.published = Published::Unknown(tries + 1);
                None
            }
        }
    }

    /// Does what the ledger wants.
    pub(super) fn carry_out(&mut self) -> Result<(), TrackerError> {
        while let Some(effect) = self.ledger.next_effect() {
            match effect {
                Effect::TellGap { partition, gap } => self.tell_gap(partition, gap)?,
                Effect::SealNow => {
                    self.submit(Vec::new(), true)?;
                    self.wait_for_seal()?;
                }
                Effect::Read { partition, offset, leader_epoch } => {
                    self.consumer.read_from(partition, StartAt::Offset(offset), leader_epoch)?;
                    // What the trail has of it may be published at once: it was synced when it was recovered.
                    self.mark_submitted();
                }
                Effect::Look => self.consumer.look(),
                Effect::AllBegun => {
                    self.announce();
                    if let (Some(letters), false) = (&mut self.dead_letters, self.was_clean) {
                        let ends = self.ledger.standings().into_iter();
                        letters.may_repeat(
                            ends.filter_map(|(partition, at)| Some((partition, at.readable_end?))).collect(),
                        );
                    }
                    // Kept from now on, also for partitions that have no line yet.
                    self.submit(Vec::new(), true)?;
                }
                Effect::PartitionsAdded(partitions) => self.log.write(&HealthEvent::PartitionsAdded { partitions }),
                Effect::Rebuild { reason } => {
                    // A broker has just told what led to this, and the new consumer does not know that one
                    // was lost: it could not say that it is back.
                    self.broker_is_back();
                    self.log.write(&HealthEvent::ConsumerRebuilt { reason });
                    self.consumer = self.reader.consumer(None)?;
                    self.publisher.forget_answer();
                    self.idle_since = Instant::now();
                }
            }
        }
        Ok(())
    }

    fn tell_gap(&mut self, partition: i32, gap: Gap) -> Result<(), TrackerError> {
        let mut piece = self.appender.empty_piece();
        write_gap(&mut piece, &now_text(), &self.config.topic, partition, &gap);
        self.mark.gaps += 1;
        self.submit(piece, true)?;
        self.tally.gaps += 1;
        self.log.write(&HealthEvent::AuditGap { topic: self.config.topic.clone(), partition, gap });
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

/// What stands beside the group's offsets: who published them, and at how many lines.
pub(super) fn metadata(origin: &str, lines: u64) -> String {
    format!("{origin} {lines}")
}

fn is_by(metadata: &str, origin: &str) -> bool {
    metadata.split(' ').next() == Some(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_offsets_tell_whose_they_are() {
        assert!(is_by(&metadata("ordertrail/orders/12", 7), "ordertrail/orders/12"));
        assert!(!is_by(&metadata("ordertrail/orders/123", 7), "ordertrail/orders/12"));
        assert!(!is_by("", "ordertrail/orders/12"));
    }
}
