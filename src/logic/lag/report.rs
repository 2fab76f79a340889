//! The last look for machines: one object, whose shape docs/formats.md fixes. Unknown is null.

use serde::Serialize;

use super::round::{Group, Reading, Round};

/// The last look for machines.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The brokers that are up, by id.
    pub brokers: Vec<ReportedBroker>,
    /// All topics, by name.
    pub topics: Vec<ReportedTopic>,
    /// All consumer groups, by name.
    pub groups: Vec<ReportedGroup>,
}

/// A broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportedBroker {
    /// Its number.
    pub id: i32,
    /// Where clients reach it.
    pub host: String,
    /// The port there.
    pub port: u16,
    /// Whether it is the controller; `None` when looks named different ones.
    pub controller: Option<bool>,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReportedTopic {
    /// Its name.
    pub name: String,
    /// Its partitions, by number.
    pub partitions: Vec<ReportedPartition>,
    /// The sum of end − first; `None` when one of them is unknown.
    pub messages: Option<i64>,
    /// Messages that came, a second.
    pub rate: Option<f64>,
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportedPartition {
    /// Its number.
    pub partition: i32,
    /// The broker that leads it.
    pub leader: Option<i32>,
    /// The brokers that should have it.
    pub replicas: Vec<i32>,
    /// Those of them that are in sync.
    pub isr: Vec<i32>,
    /// The first offset that is still there.
    pub first: Option<i64>,
    /// The offset that the next message gets.
    pub end: Option<i64>,
}

/// A consumer group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportedGroup {
    /// Its name.
    pub group: String,
    /// As Kafka spells it.
    pub state: Option<String>,
    /// `Classic` or `Consumer`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Who reads in it.
    pub members: Option<Vec<ReportedMember>>,
    /// The sum of those lags that are known; `None` when none is.
    pub lag: Option<i64>,
    /// What it has published or reads, by topic and number.
    pub partitions: Option<Vec<ReportedLag>>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportedMember {
    /// The id that the coordinator gave it.
    pub id: String,
    /// The name that it gave itself.
    pub client: String,
    /// From where it came.
    pub host: String,
}

/// How far a group is behind in one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportedLag {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The next offset that it would read.
    pub committed: Option<i64>,
    /// The offset that the next message gets.
    pub end: Option<i64>,
    /// end − committed.
    pub lag: Option<i64>,
    /// The id of the member that reads it.
    pub member: Option<String>,
}

impl Report {
    /// Of a round, with the rate of each of its topics and the controller on which all looks agree.
    pub(super) fn of(round: &Round, controller: Option<i32>, rate: impl Fn(&str) -> Option<f64>) -> Self {
        let brokers = round.brokers.iter().map(|broker| ReportedBroker {
            id: broker.id,
            host: broker.host.clone(),
            port: broker.port,
            controller: controller.map(|id| id == broker.id),
        });
        let topics = round.topics.iter().map(|topic| ReportedTopic {
            name: topic.name.clone(),
            messages: topic.partitions.iter().map(|one| Some(one.end? - one.first?)).sum(),
            rate: rate(&topic.name),
            partitions: topic
                .partitions
                .iter()
                .map(|one| ReportedPartition {
                    partition: one.partition,
                    leader: one.leader,
                    replicas: one.replicas.clone(),
                    isr: one.isr.clone(),
                    first: one.first,
                    end: one.end,
                })
                .collect(),
        });
        let ends = round.partitions();
        let end = |topic: &str, partition| ends.get(&(topic, partition)).and_then(|one| one.end);
        let groups = round.groups.iter().map(|group| ReportedGroup::of(group, &end)).collect();
        Self { brokers: brokers.collect(), topics: topics.collect(), groups }
    }
}

impl ReportedGroup {
    fn of(group: &Group, end: &dyn Fn(&str, i32) -> Option<i64>) -> Self {
        let members: Option<Vec<ReportedMember>> = group.members.as_ref().map(|members| {
            let told = |one: &super::Member| ReportedMember {
                id: one.id.clone(),
                client: one.client.clone(),
                host: one.host.clone(),
            };
            members.iter().map(told).collect()
        });
        let partitions = group.committed.as_ref().map(|_| {
            let told = |((topic, partition), Reading { committed, member }): ((&str, i32), Reading)| {
                let end = end(topic, partition);
                let id = member.and_then(|at| members.as_ref()?.get(at)).map(|member| member.id.clone());
                let lag = end.zip(committed).map(|(end, committed)| end - committed);
                ReportedLag { topic: topic.to_owned(), partition, committed, end, lag, member: id }
            };
            group.places().into_iter().map(told).collect::<Vec<_>>()
        });
        let known = partitions.iter().flatten().filter_map(|one| one.lag);
        let lag = known.reduce(i64::saturating_add);
        Self {
            group: group.group.clone(),
            state: group.state.clone(),
            kind: group.kind.clone(),
            members,
            lag,
            partitions,
        }
    }
}
