//! Topics: there, made, and how many partitions they have.

use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::types::RDKafkaRespErr;
use thiserror::Error;

use super::cluster::Cluster;
use super::connect::serve_events;
use super::raw::admin::{self, Patience};
use super::settings::{Role, client_config};
use crate::tools::shutdown::Shutdown;

/// How long one question may take; also how long a stop may wait for it.
const ATTEMPT: Duration = Duration::from_secs(3);

/// For events that nobody waits for. The crate's poll needs some time to see more than one.
const HERE_ALREADY: Duration = Duration::from_millis(1);

/// What a topic of last values is made with: old values go soon, so that the last are found soon.
const COMPACTED: &[(&str, &str)] =
    &[("cleanup.policy", "compact"), ("segment.bytes", "67108864"), ("min.cleanable.dirty.ratio", "0.1")];

/// What a topic that must keep everything is made with, whatever the broker does with others.
const KEPT: &[(&str, &str)] = &[("cleanup.policy", "delete"), ("retention.ms", "-1"), ("retention.bytes", "-1")];

/// The shape of a topic that is to be made when it is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicShape {
    /// How many partitions, at least 1.
    pub partitions: i32,
    /// How many copies; `None` leaves it to the broker.
    pub replication_factor: Option<i32>,
}

/// A topic that keeps everything, as it is to be made when it is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptTopic {
    /// Partitions and copies.
    pub shape: TopicShape,
    /// The largest message that it takes; `None` leaves it to the broker.
    pub largest_bytes: Option<usize>,
}

/// A topic as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicInfo {
    /// Its name.
    pub name: String,
    /// How many partitions it has.
    pub partitions: i32,
    /// Whether this call made it.
    pub created: bool,
}

/// Why a topic cannot be used.
#[derive(Debug, Error)]
pub enum TopicError {
    /// The broker refused to make it, or to show it.
    #[error("topic {topic}: {reason}")]
    Refused {
        /// Its name.
        topic: String,
        /// What the broker said, with the next step where there is one.
        reason: String,
    },
    /// The broker went away while it was asked.
    #[error("topic {topic}: the broker did not answer ({reason})")]
    NoAnswer {
        /// Its name.
        topic: String,
        /// What the client heard.
        reason: String,
    },
    /// A stop was asked for while waiting.
    #[error("stopped while waiting for topic {topic}")]
    Stopped {
        /// Its name.
        topic: String,
    },
    /// It is not there, and nobody asked to make it.
    #[error("there is no topic {topic}")]
    Missing {
        /// Its name.
        topic: String,
    },
}

impl Cluster {
    /// The topic as it is.
    ///
    /// # Errors
    /// [`TopicError`]: missing, refused, or no answer within `timeout`.
    pub fn topic(&self, topic: &str, timeout: Duration) -> Result<TopicInfo, TopicError> {
        let no_answer = |reason: String| TopicError::NoAnswer { topic: topic.to_owned(), reason };
        let metadata =
            self.client.client().fetch_metadata(Some(topic), timeout).map_err(|error| no_answer(error.to_string()))?;
        // Errors that nobody reads would stay in the queue.
        serve_events(&self.client, HERE_ALREADY);
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let found = found.ok_or_else(|| no_answer("the answer does not name it".to_owned()))?;
        match found.error() {
            None if found.partitions().is_empty() => Err(TopicError::Missing { topic: topic.to_owned() }),
            None => {
                let partitions = i32::try_from(found.partitions().len()).unwrap_or(i32::MAX);
                Ok(TopicInfo { name: topic.to_owned(), partitions, created: false })
            }
            Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) => {
                Err(TopicError::Missing { topic: topic.to_owned() })
            }
            Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) => {
                Err(no_answer("it has no leader yet".to_owned()))
            }
            Some(code) => Err(refused(topic, code.into())),
        }
    }

    /// The topic's own id: base64 text, as Kafka's own tools write it. `None` from brokers without
    /// such ids (older than 2.8). A topic that was deleted and made anew has another one.
    ///
    /// # Errors
    /// [`TopicError`]: missing, refused, or no answer within `timeout`.
    pub fn topic_id(&self, topic: &str, timeout: Duration) -> Result<Option<String>, TopicError> {
        let patience = Patience::new(timeout, &|| false);
        match admin::describe_topic(&self.client, topic, &patience) {
            Ok(described) => Ok(described.id),
            Err(error) if error.code == RDKafkaErrorCode::UnknownTopicOrPartition => {
                Err(TopicError::Missing { topic: topic.to_owned() })
            }
            Err(error) if is_final(error.code) => Err(refused(topic, error.code)),
            Err(error) => Err(TopicError::NoAnswer { topic: topic.to_owned(), reason: error.reason }),
        }
    }

    /// The topic, made with `shape` when it is missing. Waits while the broker is slow or away,
    /// until a stop is asked for or `limit` (if any) has passed.
    ///
    /// # Errors
    /// [`TopicError`]: refused, or no answer in time.
    pub fn ensure_topic(
        &self,
        topic: &str,
        shape: TopicShape,
        limit: Option<Duration>,
        shutdown: &Shutdown,
        waiting: impl FnMut(&str),
    ) -> Result<TopicInfo, TopicError> {
        self.ensure(topic, (shape, &[]), limit, shutdown, waiting)
    }

    /// The same for a topic of one partition that keeps everything. One that is there already is taken
    /// as it is.
    ///
    /// # Errors
    /// [`TopicError`]: refused, or no answer in time.
    pub fn ensure_kept(
        &self,
        topic: &str,
        limit: Option<Duration>,
        shutdown: &Shutdown,
        waiting: impl FnMut(&str),
    ) -> Result<TopicInfo, TopicError> {
        let shape = TopicShape { partitions: 1, replication_factor: None };
        self.ensure_kept_topic(topic, KeptTopic { shape, largest_bytes: None }, limit, shutdown, waiting)
    }

    /// The same for a topic like `kept`.
    ///
    /// # Errors
    /// [`TopicError`]: refused, or no answer in time.
    pub fn ensure_kept_topic(
        &self,
        topic: &str,
        kept: KeptTopic,
        limit: Option<Duration>,
        shutdown: &Shutdown,
        waiting: impl FnMut(&str),
    ) -> Result<TopicInfo, TopicError> {
        let largest_bytes = kept.largest_bytes.map(|bytes| bytes.to_string());
        let mut config = KEPT.to_vec();
        config.extend(largest_bytes.as_deref().map(|bytes| ("max.message.bytes", bytes)));
        self.ensure(topic, (kept.shape, &config), limit, shutdown, waiting)
    }

    /// The topic of one partition in which only the last value of each key counts, made when it is missing.
    /// One that is there already is taken as it is.
    ///
    /// # Errors
    /// [`TopicError`]: refused, or no answer in time.
    pub fn ensure_compacted(
        &self,
        topic: &str,
        replication_factor: Option<i32>,
        limit: Option<Duration>,
        shutdown: &Shutdown,
        waiting: impl FnMut(&str),
    ) -> Result<TopicInfo, TopicError> {
        let shape = TopicShape { partitions: 1, replication_factor };
        self.ensure(topic, (shape, COMPACTED), limit, shutdown, waiting)
    }

    /// The same, but one that is there already must be like that, as far as its settings may be read:
    /// another would forget.
    ///
    /// # Errors
    /// [`TopicError`]: refused, or no answer in time.
    pub fn ensure_last_values(
        &self,
        topic: &str,
        replication_factor: Option<i32>,
        limit: Option<Duration>,
        shutdown: &Shutdown,
        waiting: impl FnMut(&str),
    ) -> Result<TopicInfo, TopicError> {
        let found = self.ensure_compacted(topic, replication_factor, limit, shutdown, waiting)?;
        let refused = |reason: String| Err(TopicError::Refused { topic: topic.to_owned(), reason });
        if found.partitions != 1 {
            return refused(format!("it must have one partition, it has {}", found.partitions));
        }
        match self.topic_setting(topic, "cleanup.policy") {
            Ok(policy) if policy != "compact" => {
                refused(format!("it must keep the last values: set its cleanup.policy to compact, it is {policy}"))
            }
            Ok(_) => Ok(found),
            Err(reason) => {
                tracing::debug!(topic, reason, "the topic's cleanup.policy is not known");
                Ok(found)
            }
        }
    }

    fn ensure(
        &self,
        topic: &str,
        (shape, config): (TopicShape, &[(&str, &str)]),
        limit: Option<Duration>,
        shutdown: &Shutdown,
        mut waiting: impl FnMut(&str),
    ) -> Result<TopicInfo, TopicError> {
        let started = Instant::now();
        let mut created = false;
        let mut told = String::new();
        loop {
            let last = match self.topic(topic, ATTEMPT) {
                Ok(found) => return Ok(TopicInfo { created, ..found }),
                Err(error @ TopicError::Refused { .. }) => return Err(error),
                Err(TopicError::Missing { .. }) if !created => match self.create_topic(topic, shape, config) {
                    Ok(_) => {
                        created = true;
                        continue;
                    }
                    Err(error @ TopicError::Refused { .. }) => return Err(error),
                    Err(error) => error,
                },
                // Just made: the news has not reached every broker yet.
                Err(error) => error,
            };
            if shutdown.is_requested() {
                return Err(TopicError::Stopped { topic: topic.to_owned() });
            }
            if limit.is_some_and(|limit| started.elapsed() >= limit) {
                return Err(last);
            }
            let reason = last.to_string();
            if reason != told {
                waiting(&reason);
                told = reason;
            }
            shutdown.wait_timeout(Duration::from_millis(50));
        }
    }

    /// Makes a topic with `config`, properties of a topic with their values. False when it was there
    /// already, which an answer to [`Self::topic`] may not have told yet; then nothing was changed.
    ///
    /// # Errors
    /// [`TopicError`]: refused, or no answer.
    pub fn create_topic(&self, topic: &str, shape: TopicShape, config: &[(&str, &str)]) -> Result<bool, TopicError> {
        let broken = |reason: String| TopicError::Refused { topic: topic.to_owned(), reason };
        let admin: AdminClient<DefaultClientContext> = client_config(&self.settings, Role::Admin)
            .map_err(|error| broken(error.to_string()))?
            .create()
            .map_err(|error| broken(error.to_string()))?;
        let replication = TopicReplication::Fixed(shape.replication_factor.unwrap_or(-1));
        let new = NewTopic::new(topic, shape.partitions, replication);
        let new = config.iter().fold(new, |new, (name, value)| new.set(name, value));
        let options = AdminOptions::new().request_timeout(Some(ATTEMPT)).operation_timeout(Some(ATTEMPT));
        let runtime =
            tokio::runtime::Builder::new_current_thread().build().map_err(|error| broken(error.to_string()))?;
        let answer = runtime.block_on(admin.create_topics([&new], &options));
        match answer.as_ref().map(|results| results.first()) {
            Ok(None | Some(Ok(_))) => Ok(true),
            Ok(Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists)))) => Ok(false),
            Ok(Some(Err((_, code)))) if is_passing(*code) => {
                Err(TopicError::NoAnswer { topic: topic.to_owned(), reason: code.to_string() })
            }
            Ok(Some(Err((_, code)))) => Err(refused(topic, *code)),
            Err(error) => Err(TopicError::NoAnswer { topic: topic.to_owned(), reason: error.to_string() }),
        }
    }
}

fn is_final(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(code, Code::InvalidTopic | Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed)
}

fn is_passing(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::RequestTimedOut
            | Code::OperationTimedOut
            | Code::BrokerTransportFailure
            | Code::NotController
            | Code::NetworkException
            | Code::AllBrokersDown
    )
}

fn refused(topic: &str, code: RDKafkaErrorCode) -> TopicError {
    use RDKafkaErrorCode as Code;
    let reason = match code {
        Code::InvalidTopic => "this is no name for a topic: letters, digits, '.', '_' and '-', at most 249".to_owned(),
        Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed => {
            "not authorised: ask for read, write and create on it, or name another with --topic".to_owned()
        }
        Code::InvalidReplicationFactor => "the cluster has too few brokers for this --replication-factor".to_owned(),
        other => other.to_string(),
    };
    TopicError::Refused { topic: topic.to_owned(), reason }
}
