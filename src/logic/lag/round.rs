//! What one look at a cluster saw.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// What one look at a cluster saw. Committed offsets were asked for before the ends, so that no lag is negative
/// unless the topic itself was cut or made anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Round {
    /// The cluster's own id, if it has one.
    pub cluster_id: Option<String>,
    /// The broker that the cluster named as its controller. A KRaft cluster names any of its brokers.
    pub controller: Option<i32>,
    /// The brokers that are up, by id.
    pub brokers: Vec<Broker>,
    /// All topics, by name.
    pub topics: Vec<Topic>,
    /// All consumer groups, by name.
    pub groups: Vec<Group>,
    /// Whoever did not answer; what is known of them is missing above.
    pub silences: Vec<Silence>,
}

/// A broker that is up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Broker {
    /// Its number.
    pub id: i32,
    /// Where clients reach it.
    pub host: String,
    /// The port there.
    pub port: u16,
}

/// A topic and its partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Whether old values of a key are thrown away, which leaves holes; `None` if it was not told.
    pub is_compacted: Option<bool>,
    /// Its partitions, by number.
    pub partitions: Vec<Partition>,
}

impl Topic {
    /// Whether Kafka keeps its own records in it.
    pub fn is_internal(&self) -> bool {
        matches!(self.name.as_str(), "__consumer_offsets" | "__transaction_state" | "__share_group_state")
    }
}

/// A partition: who has it, and from where to where it reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Partition {
    /// Its number.
    pub partition: i32,
    /// The broker that leads it; `None` while it has no leader.
    pub leader: Option<i32>,
    /// The brokers that should have it.
    pub replicas: Vec<i32>,
    /// Those of them that are in sync.
    pub isr: Vec<i32>,
    /// The first offset that is still there.
    pub first: Option<i64>,
    /// The offset that the next message gets.
    pub end: Option<i64>,
    /// Up to where committed readers see; before `end` while a transaction is open.
    pub stable_end: Option<i64>,
}

/// A consumer group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Its name.
    pub group: String,
    /// As Kafka spells it: `Stable`, `Empty`, `PreparingRebalance`, …
    pub state: Option<String>,
    /// As Kafka spells it: `Classic` or `Consumer`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Who reads in it; `None` if its coordinator did not say.
    pub members: Option<Vec<Member>>,
    /// What it has published; `None` if its coordinator did not say.
    pub committed: Option<Vec<Committed>>,
}

/// Somebody who reads in a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Member {
    /// The id that the coordinator gave it.
    pub id: String,
    /// The name that it gave itself.
    pub client: String,
    /// From where it came, as Kafka writes it: `/127.0.0.1`.
    pub host: String,
    /// The partitions that it reads.
    pub assigned: Vec<(String, i32)>,
}

/// The position that a group has published for a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Committed {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The next offset that it would read.
    pub offset: i64,
}

/// Somebody did not answer, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Silence {
    /// Who.
    pub who: Silent,
    /// What was heard instead.
    pub reason: String,
}

/// Who did not answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Silent {
    /// Whoever lists the groups; some are missing.
    GroupList,
    /// The coordinator of a group.
    Group(String),
    /// The leaders of so many partitions.
    Leaders(usize),
    /// Whoever knows how topics are kept.
    TopicSettings,
}

/// How a group reads a partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// The position that it has published.
    pub(super) committed: Option<i64>,
    /// Who reads, by the place in the group's `members`.
    pub(super) member: Option<usize>,
}

impl Round {
    /// The end of each partition, by its topic and number.
    pub(super) fn partitions(&self) -> BTreeMap<(&str, i32), &Partition> {
        let all = self.topics.iter().flat_map(|topic| topic.partitions.iter().map(move |one| (topic, one)));
        all.map(|(topic, one)| ((topic.name.as_str(), one.partition), one)).collect()
    }
}

impl Group {
    /// Every partition that it has published a position of, or that a member reads, by topic and number.
    pub(super) fn places(&self) -> BTreeMap<(&str, i32), Reading> {
        let mut all: BTreeMap<(&str, i32), Reading> = BTreeMap::new();
        for one in self.committed.iter().flatten() {
            all.entry((one.topic.as_str(), one.partition)).or_default().committed = Some(one.offset);
        }
        for (index, member) in self.members.iter().flatten().enumerate() {
            for (topic, partition) in &member.assigned {
                all.entry((topic.as_str(), *partition)).or_default().member = Some(index);
            }
        }
        all
    }

    /// The topics that it reads.
    pub(super) fn topics(&self) -> BTreeSet<&str> {
        self.places().into_keys().map(|(topic, _)| topic).collect()
    }
}
