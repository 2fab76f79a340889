//! One look at a whole cluster: brokers, topics, partitions, groups, members, positions.
//!
//! What does not answer in time is told in the [`Round`], and holds nothing else up for longer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use thiserror::Error;

use super::connect::{creation, tidy};
use super::raw::admin::{NoAnswer, Patience, Question};
use super::raw::census::{self, RawCluster, RawGroup};
use super::raw::configs::{TopicConfig, ask_configs, read_configs};
use super::raw::offsets::{self, Edge, Offsets};
use super::settings::{PropertyError, Role, client_config};
use crate::logic::lag::{Broker, Committed, Group, Partition, Round, Silence, Silent, Topic};
use crate::tools::config::ClientSettings;
use crate::tools::shutdown::Shutdown;

/// A client that had no answer for so long is replaced by a new one, which begins with the addresses that were
/// given: librdkafka now and then asks nobody any more after an outage.
const FORSAKEN: Duration = Duration::from_secs(10);

/// How long the first try for the list of topics may take; each further one takes twice as long, so that a stop is
/// heard and a slow cluster still answers.
const FIRST_TRY: Duration = Duration::from_millis(500);

/// How long the cluster's own id and its controller are waited for.
const ABOUT_ITSELF: Duration = Duration::from_secs(1);

/// How topics are kept seldom changes: it is asked for when there are new ones, and so often.
const SETTINGS_EVERY: Duration = Duration::from_secs(60);

/// So many groups are asked about at once.
const GROUPS_AT_ONCE: usize = 200;

/// After an outage: the default knocks again only every ten seconds.
const RECONNECT: (&str, &str) = ("reconnect.backoff.max.ms", "1000");

/// Why a look saw nothing.
#[derive(Debug, Error)]
pub enum CensusError {
    /// A property is wrong.
    #[error(transparent)]
    Property(#[from] PropertyError),
    /// Nobody answered; the text says what was heard instead.
    #[error("{reason}")]
    NoAnswer {
        /// What was heard.
        reason: String,
    },
    /// A stop was asked for.
    #[error("stopped")]
    Stopped,
}

/// Hears why brokers do not answer.
#[derive(Debug, Default)]
struct Ear {
    reason: Mutex<Option<String>>,
}

impl ClientContext for Ear {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", ?level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = Some(tidy(reason));
        }
    }
}

impl ConsumerContext for Ear {}

/// Looks at a cluster. Nothing is changed by it: no member, no position, no topic.
pub struct Census {
    settings: ClientSettings,
    client: BaseConsumer<Ear>,
    answered: Instant,
    /// As it was last told.
    cluster_id: Option<String>,
    policies: BTreeMap<String, String>,
    policies_at: Option<Instant>,
}

impl Census {
    /// Ready to look; no broker is waited for.
    ///
    /// # Errors
    /// [`PropertyError`] when a client with these settings cannot be made.
    pub fn open(settings: &ClientSettings) -> Result<Self, PropertyError> {
        Ok(Self {
            settings: settings.clone(),
            client: make(settings)?,
            answered: Instant::now(),
            cluster_id: None,
            policies: BTreeMap::new(),
            policies_at: None,
        })
    }

    /// One look, which takes at most about `limit` for each of its three steps. What groups have published is asked
    /// for before the ends.
    ///
    /// # Errors
    /// [`CensusError`] when not even the brokers and topics were told.
    pub fn round(&mut self, limit: Duration, stop: &Shutdown) -> Result<Round, CensusError> {
        let outcome = self.look(limit, stop);
        match &outcome {
            Ok(_) => self.answered = Instant::now(),
            Err(_) if self.answered.elapsed() >= FORSAKEN && !stop.is_requested() => {
                self.answered = Instant::now();
                self.client = make(&self.settings)?;
            }
            Err(_) => {}
        }
        outcome.map_err(|failure| match failure {
            NoAnswer { code: RDKafkaErrorCode::OperationTimedOut, .. } if stop.is_requested() => CensusError::Stopped,
            NoAnswer { reason, .. } => CensusError::NoAnswer { reason: self.heard().unwrap_or(reason) },
        })
    }

    fn look(&mut self, limit: Duration, stop: &Shutdown) -> Result<Round, NoAnswer> {
        let gives_up = || stop.is_requested();
        let patience = Patience::new(limit, &gives_up);
        let mut silences = Vec::new();
        let brief = Patience::new(limit.min(ABOUT_ITSELF), &gives_up);
        let cluster = census::ask_cluster(&self.client, &brief)?;
        let list = census::ask_groups(&self.client, &patience)?;
        let (brokers, mut topics) = self.topics(&patience, stop)?;
        // librdkafka asks the controller alone, which may be the one that just died: the others still answer.
        let RawCluster { id, controller } =
            cluster.answer(&brief).map(|answer| census::read_cluster(&answer)).unwrap_or_default();
        self.cluster_id = id.or(self.cluster_id.take());
        let listed = self.groups(&list, &patience, &mut silences);

        let patience = Patience::new(limit, &gives_up);
        let groups = self.ask_about(listed, &patience, &mut silences);
        // From here on it is later than what was published.
        let patience = Patience::new(limit, &gives_up);
        self.edges(&mut topics, &patience, &mut silences);
        self.policies(&mut topics, &patience, &mut silences);
        if stop.is_requested() {
            return Err(NoAnswer::new(RDKafkaErrorCode::OperationTimedOut));
        }
        Ok(Round { cluster_id: self.cluster_id.clone(), controller, brokers, topics, groups, silences })
    }

    /// The brokers that are up, and all topics with their partitions, without offsets; of whichever broker answers.
    fn topics(&self, patience: &Patience<'_>, stop: &Shutdown) -> Result<(Vec<Broker>, Vec<Topic>), NoAnswer> {
        let mut attempt = FIRST_TRY;
        let metadata = loop {
            match self.client.fetch_metadata(None, attempt.min(patience.left())) {
                Ok(metadata) => break metadata,
                Err(error) if patience.left().is_zero() || stop.is_requested() => {
                    let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::OperationTimedOut);
                    return Err(NoAnswer::new(code));
                }
                Err(_) => {
                    attempt *= 2;
                    // A refused connection fails at once; do not spin.
                    stop.wait_timeout(Duration::from_millis(50));
                }
            }
        };
        let mut topics: Vec<Topic> =
            metadata.topics().iter().filter(|topic| topic.error().is_none()).map(topic).collect();
        topics.sort_by(|one, other| one.name.cmp(&other.name));
        let mut brokers: Vec<Broker> = metadata.brokers().iter().map(broker).collect();
        brokers.sort_by_key(|broker| broker.id);
        Ok((brokers, topics))
    }

    fn groups(&self, list: &Question, patience: &Patience<'_>, silences: &mut Vec<Silence>) -> Vec<Group> {
        let (listed, errors) = match list.answer(patience) {
            Ok(answer) => census::read_groups(&answer),
            Err(failure) => (Vec::new(), vec![failure.reason]),
        };
        silences.extend(errors.into_iter().map(|reason| Silence { who: Silent::GroupList, reason }));
        let mut groups: Vec<Group> = listed
            .into_iter()
            .map(|one| Group { group: one.group, state: one.state, kind: one.kind, members: None, committed: None })
            .collect();
        groups.sort_by(|one, other| one.group.cmp(&other.group));
        // A group that moves between two brokers is listed by both.
        groups.dedup_by(|one, other| one.group == other.group);
        groups
    }

    /// The groups with their members and what they have published.
    fn ask_about(&self, mut groups: Vec<Group>, patience: &Patience<'_>, silences: &mut Vec<Silence>) -> Vec<Group> {
        for part in groups.chunks_mut(GROUPS_AT_ONCE) {
            let names: Vec<&str> = part.iter().map(|group| group.group.as_str()).collect();
            let committed: Vec<_> =
                names.iter().map(|name| census::ask_committed(&self.client, name, patience)).collect();
            let members = census::ask_members(&self.client, &names, patience);
            let committed: Vec<Result<Vec<Committed>, String>> = committed
                .into_iter()
                .map(|question| {
                    let answer = question.and_then(|question| question.answer(patience));
                    answer.map_err(|failure| failure.reason).and_then(|answer| census::read_committed(&answer))
                })
                .collect();
            let members = members.and_then(|question| question.answer(patience));
            let mut members = match members {
                Ok(answer) => Ok(census::read_members(&answer)),
                Err(failure) => Err(failure.reason),
            };
            for (group, committed) in part.iter_mut().zip(committed) {
                let described = match &mut members {
                    Ok(all) => all.remove(&group.group).unwrap_or_else(|| Err("it is not in the answer".to_owned())),
                    Err(reason) => Err(reason.clone()),
                };
                let reason = fill(group, committed, described);
                let who = || Silent::Group(group.group.clone());
                silences.extend(reason.map(|reason| Silence { who: who(), reason }));
            }
        }
        groups
    }

    /// Where each partition begins and ends. The end is asked for before the last stable one, so that what lies
    /// between was in an open transaction.
    fn edges(&self, topics: &mut [Topic], patience: &Patience<'_>, silences: &mut Vec<Silence>) {
        let first = self.ask_edges(topics, Edge::First, patience);
        let end = self.ask_edges(topics, Edge::End, patience);
        let mut end = end.and_then(|question| read_edges(question, patience));
        let stable = self.ask_edges(topics, Edge::StableEnd, patience);
        let mut stable = stable.and_then(|question| read_edges(question, patience));
        let mut first = first.and_then(|question| read_edges(question, patience));
        let mut mute = 0;
        let mut reason = String::new();
        for topic in topics.iter_mut() {
            for one in topic.partitions.iter_mut().filter(|one| one.leader.is_some()) {
                let key = (topic.name.clone(), one.partition);
                let take = |all: &mut Result<Offsets, NoAnswer>| match all {
                    Ok(all) => all.remove(&key).unwrap_or_else(|| Err("it is not in the answer".to_owned())),
                    Err(failure) => Err(failure.reason.clone()),
                };
                (one.first, one.stable_end) = (take(&mut first).ok(), take(&mut stable).ok());
                match take(&mut end) {
                    Ok(end) => one.end = Some(end),
                    Err(why) => (mute, reason) = (mute + 1, why),
                }
            }
        }
        if mute > 0 {
            silences.push(Silence { who: Silent::Leaders(mute), reason });
        }
    }

    fn ask_edges(&self, topics: &[Topic], edge: Edge, patience: &Patience<'_>) -> Result<Option<Question>, NoAnswer> {
        // One without a leader would hold all others up.
        let led = topics.iter().flat_map(|topic| {
            let led = topic.partitions.iter().filter(|one| one.leader.is_some());
            led.map(|one| (topic.name.as_str(), one.partition))
        });
        let led: Vec<(&str, i32)> = led.collect();
        if led.is_empty() {
            return Ok(None);
        }
        offsets::ask_edges(&self.client, &led, edge, patience).map(Some)
    }

    /// Says of each topic whether it is compacted.
    fn policies(&mut self, topics: &mut [Topic], patience: &Patience<'_>, silences: &mut Vec<Silence>) {
        let names: Vec<&str> = topics.iter().map(|topic| topic.name.as_str()).collect();
        let there: BTreeSet<&str> = names.iter().copied().collect();
        // One that went may come back as another one.
        self.policies.retain(|name, _| there.contains(name.as_str()));
        let is_due = self.policies_at.is_none_or(|at| at.elapsed() >= SETTINGS_EVERY);
        if !names.is_empty() && (is_due || names.iter().any(|name| !self.policies.contains_key(*name))) {
            let asked = ask_configs(&self.client, &names, patience);
            match asked.and_then(|question| question.answer(patience)) {
                Ok(answer) => {
                    let told = read_configs(&answer).into_iter();
                    let policy = |(topic, config): (_, Result<TopicConfig, _>)| {
                        Some((topic, config.ok()?.remove("cleanup.policy")?))
                    };
                    self.policies = told.filter_map(policy).collect();
                    self.policies_at = Some(Instant::now());
                }
                Err(failure) => silences.push(Silence { who: Silent::TopicSettings, reason: failure.reason }),
            }
        }
        for topic in topics {
            topic.is_compacted = self.policies.get(&topic.name).map(|policy| policy.contains("compact"));
        }
    }

    /// Why brokers do not answer, as the client heard it.
    fn heard(&self) -> Option<String> {
        // Not with a timeout of zero: the crate's poll then ends at the first log line.
        while self.client.poll(Duration::from_millis(10)).is_some() {}
        self.client.context().reason.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn make(settings: &ClientSettings) -> Result<BaseConsumer<Ear>, PropertyError> {
    let mut config = client_config(settings, Role::Admin)?;
    let (name, value) = RECONNECT;
    if !settings.properties.contains_key(name) {
        config.set(name, value);
    }
    config.create_with_context(Ear::default()).map_err(|error| creation(&error))
}

fn broker(broker: &rdkafka::metadata::MetadataBroker) -> Broker {
    let port = u16::try_from(broker.port()).unwrap_or(0);
    Broker { id: broker.id(), host: broker.host().to_owned(), port }
}

fn topic(topic: &rdkafka::metadata::MetadataTopic) -> Topic {
    let partition = |one: &rdkafka::metadata::MetadataPartition| Partition {
        partition: one.id(),
        leader: (one.leader() >= 0).then_some(one.leader()),
        replicas: one.replicas().to_vec(),
        isr: one.isr().to_vec(),
        ..Partition::default()
    };
    let mut partitions: Vec<Partition> = topic.partitions().iter().map(partition).collect();
    partitions.sort_by_key(|one| one.partition);
    Topic { name: topic.name().to_owned(), is_compacted: None, partitions }
}

fn read_edges(question: Option<Question>, patience: &Patience<'_>) -> Result<Offsets, NoAnswer> {
    match question {
        Some(question) => question.answer(patience).map(|answer| offsets::read_edges(&answer)),
        None => Ok(Offsets::new()),
    }
}

/// Adds to a group what its coordinator told, and says why something of it was not told.
fn fill(
    group: &mut Group,
    committed: Result<Vec<Committed>, String>,
    described: Result<RawGroup, String>,
) -> Option<String> {
    let mut reason = None;
    match committed {
        Ok(committed) => group.committed = Some(committed),
        Err(why) => reason = Some(why),
    }
    match described {
        Ok(described) => {
            group.state = described.state.or(group.state.take());
            group.kind = described.kind.or(group.kind.take());
            group.members = Some(described.members);
        }
        Err(why) => reason = Some(why),
    }
    reason
}
