//! From the lines of a file back to where the trail stands, and where it must be cut.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::book::Recovered;
use crate::words::record::{EventType, Gap, GapKind, LineHead};
use crate::words::seal::SealedPosition;

/// What is to be said of the next line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is whole and continues its partition.
    Sound,
    /// The trail ends before it.
    Cut,
    /// It is of another topic, named here.
    OtherTopic(String),
}

/// Reads lines one after another, from a seal on or from the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    topic: String,
    trail: Recovered,
    /// Lines that were sound, and what they told.
    pub lines: u64,
    /// Lines of messages that are what was expected.
    pub valid: u64,
    /// Lines of messages that are not.
    pub invalid: u64,
    /// Lines of gaps.
    pub gaps: u64,
    /// Length of the sound lines.
    pub bytes: u64,
}

impl Replay {
    /// Goes on from where a seal stands; from the beginning with [`Recovered::default`].
    pub fn new(topic: &str, sealed: Recovered) -> Self {
        Self { topic: topic.to_owned(), trail: sealed, lines: 0, valid: 0, invalid: 0, gaps: 0, bytes: 0 }
    }

    /// Judges the next line, which has its LF if it is whole.
    pub fn line(&mut self, line: &[u8]) -> Verdict {
        if line.last() != Some(&b'\n') {
            return Verdict::Cut;
        }
        let Ok(head) = LineHead::parse(line) else { return Verdict::Cut };
        if head.kafka_topic != self.topic {
            return Verdict::OtherTopic(head.kafka_topic.into_owned());
        }
        if !self.follows(&head) {
            return Verdict::Cut;
        }
        match head.event_type {
            EventType::Received => self.valid += 1,
            EventType::Invalid => self.invalid += 1,
            EventType::Gap => self.gaps += 1,
        }
        self.lines += 1;
        self.bytes += line.len() as u64;
        Verdict::Sound
    }

    fn follows(&mut self, head: &LineHead<'_>) -> bool {
        let partition = head.kafka_partition;
        let leader_epoch = head.leader_epoch.or(head.audit.as_ref().and_then(|gap| gap.leader_epoch));
        let here = |next| SealedPosition { next, leader_epoch, without_line: false };
        let kind = head.audit.as_ref().map(|gap| gap.kind);
        match self.trail.positions.entry(partition) {
            Entry::Vacant(_) => {}
            Entry::Occupied(at) if head.continues_from() == at.get().next => {}
            // The first line also tells what was gone before the position that it was given.
            Entry::Occupied(at) if at.get().without_line && head.continues_from() == 0 => {}
            // The Go program tells no gaps and may have written a message twice after a crash.
            Entry::Occupied(mut at) if head.kafka_timestamp.is_none() && kind.is_none() => {
                let furthest = head.next_offset().max(at.get().next);
                at.insert(here(furthest));
                return true;
            }
            Entry::Occupied(_) => return false,
        }
        match (&head.audit, kind) {
            (Some(gap), Some(GapKind::TopicRecreated)) => {
                self.trail.identity.topic_id.clone_from(&gap.new);
                self.begin_anew();
            }
            (Some(gap), Some(GapKind::ClusterChanged)) => {
                self.trail.identity.cluster_id.clone_from(&gap.new);
                self.trail.identity.topic_id = None;
                self.begin_anew();
            }
            (_, Some(GapKind::PartitionMissing)) => {
                self.trail.positions.remove(&partition);
                self.trail.rolled_back.remove(&partition);
            }
            (Some(gap), Some(GapKind::FileRolledBack)) => {
                self.trail.rolled_back.extend(gap.tells_of_published().map(|told| (partition, told)));
                self.trail.positions.insert(partition, here(gap.to));
            }
            (gap, _) => {
                let told = gap.as_ref().and_then(Gap::tells_of_published);
                self.trail.rolled_back.extend(told.map(|told| (partition, told)));
                self.trail.positions.insert(partition, here(head.next_offset()));
            }
        }
        true
    }

    fn begin_anew(&mut self) {
        self.trail.positions = BTreeMap::new();
        self.trail.rolled_back = BTreeMap::new();
    }

    /// Where the trail stands after the sound lines.
    pub fn recovered(&self) -> &Recovered {
        &self.trail
    }
}
