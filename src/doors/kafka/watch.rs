//! Watching a topic from beside, with a client of its own: a consumer that has gone mute cannot say so,
//! and one whose topic is gone may not know it.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::consumer::BaseConsumer;
use rdkafka::error::RDKafkaErrorCode;

use super::connect::creation;
use super::consumer::{Ends, Fetched, Quiet};
use super::raw::admin::{self, NoAnswer, Patience};
use super::settings::{PropertyError, Role, client_config};
use crate::tools::config::ClientSettings;
use crate::tools::shutdown::Shutdown;

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(2);

/// How long one look may take. A stop does not wait for it.
const ANSWER: Duration = Duration::from_secs(2);

/// How long a cluster may say that the topic is not there before it is told: a broker that has just started does not
/// know all topics at once, and one that is made anew is gone for a moment.
const MISSING: Duration = Duration::from_secs(5);

/// A client that had no answer for so long is replaced by a new one. After a broker that was stopped in order, the only
/// one, librdkafka now and then no longer asks anybody, for minutes; a new client begins with the addresses that
/// were given.
const FORSAKEN: Duration = Duration::from_secs(10);

/// A topic as its cluster tells it, every two seconds and when it is asked to look. Nothing is told while the cluster is silent
/// or the topic is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The cluster's own id, if it has one.
    pub cluster_id: Option<String>,
    /// Base64 text of the topic's id, as Kafka's own tools write it; `None` from brokers without such ids.
    pub topic_id: Option<String>,
    /// How many partitions it has.
    pub partitions: i32,
    /// The ends of those that have a leader which answered.
    pub ends: BTreeMap<i32, Ends>,
}

/// Asks about one topic.
pub(super) struct Observer {
    settings: ClientSettings,
    topic: String,
    client: Mutex<Arc<BaseConsumer<Quiet>>>,
}

/// The ends of each partition that was asked about, or why they are not known.
pub(super) type EndsByPartition = BTreeMap<i32, Result<Ends, String>>;

impl Observer {
    pub(super) fn new(settings: &ClientSettings, topic: &str) -> Result<Self, PropertyError> {
        let client = Mutex::new(Arc::new(Self::make(settings)?));
        Ok(Self { settings: settings.clone(), topic: topic.to_owned(), client })
    }

    fn make(settings: &ClientSettings) -> Result<BaseConsumer<Quiet>, PropertyError> {
        let config = client_config(settings, Role::Admin)?;
        config.create_with_context(Quiet).map_err(|error| creation(&error))
    }

    fn client(&self) -> Arc<BaseConsumer<Quiet>> {
        Arc::clone(&self.client.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins anew with the addresses that were given.
    fn renew(&self) -> Result<(), PropertyError> {
        let new = Arc::new(Self::make(&self.settings)?);
        let old = std::mem::replace(&mut *self.client.lock().unwrap_or_else(PoisonError::into_inner), new);
        // Not under the lock: taking leave may take a while.
        drop(old);
        Ok(())
    }

    /// How many partitions the topic has.
    pub(super) fn partitions(&self, timeout: Duration) -> Result<i32, NoAnswer> {
        let described = admin::describe_topic(&self.client(), &self.topic, &Patience::new(timeout, &|| false))?;
        Ok(count(&described.has_leader))
    }

    /// The ends of some partitions. One without a leader does not hold the others up.
    pub(super) fn ends(&self, partitions: &[i32], timeout: Duration) -> Result<EndsByPartition, NoAnswer> {
        let patience = Patience::new(timeout, &|| false);
        let described = admin::describe_topic(&self.client(), &self.topic, &patience)?;
        let mut ends = self.ends_of(partitions, &described.has_leader, &patience)?;
        for &partition in partitions {
            ends.entry(partition).or_insert_with(|| Err("it has no leader".to_owned()));
        }
        Ok(ends)
    }

    fn ends_of(
        &self,
        partitions: &[i32],
        has_leader: &[bool],
        patience: &Patience<'_>,
    ) -> Result<EndsByPartition, NoAnswer> {
        let is_led =
            |partition: &i32| usize::try_from(*partition).ok().and_then(|at| has_leader.get(at)) == Some(&true);
        let led: Vec<i32> = partitions.iter().copied().filter(is_led).collect();
        let ends = admin::list_ends(&self.client(), &self.topic, &led, patience)?;
        let named = ends
            .into_iter()
            .map(|(partition, ends)| (partition, ends.map(|(low, readable_end)| Ends { low, readable_end })));
        Ok(named.collect())
    }

    /// One look at everything.
    fn look(&self, stop: &Shutdown) -> Result<Watch, NoAnswer> {
        let gives_up = || stop.is_requested();
        let patience = Patience::new(ANSWER, &gives_up);
        let described = admin::describe_topic(&self.client(), &self.topic, &patience)?;
        let cluster_id = admin::cluster_id(&self.client(), &patience)?;
        let partitions = count(&described.has_leader);
        let all: Vec<i32> = (0..partitions).collect();
        // An id is worth telling even when no end is known.
        let ends = self.ends_of(&all, &described.has_leader, &patience).unwrap_or_default();
        let ends = ends.into_iter().filter_map(|(partition, ends)| Some((partition, ends.ok()?))).collect();
        Ok(Watch { cluster_id, topic_id: described.id, partitions, ends })
    }
}

/// Looks at once, then again and again and whenever it is nudged, and tells, until a stop is asked for or nobody listens any more.
pub(super) fn watch(observer: &Observer, events: &SyncSender<Fetched>, nudges: &Receiver<()>, stop: &Shutdown) {
    let mut answered = Instant::now();
    let mut absence = Absence::default();
    while !stop.is_requested() {
        match observer.look(stop) {
            Ok(watch) => {
                answered = Instant::now();
                absence.end();
                if events.send(Fetched::Watched(watch)).is_err() {
                    return;
                }
            }
            Err(NoAnswer { code: RDKafkaErrorCode::OperationTimedOut, .. }) => {}
            Err(NoAnswer { code, reason }) => {
                tracing::debug!(topic = observer.topic, reason, "no look at the topic");
                if absence.is_due(code, Instant::now()) && events.send(Fetched::TopicMissing { reason }).is_err() {
                    return;
                }
            }
        }
        if answered.elapsed() >= FORSAKEN {
            answered = Instant::now();
            if let Err(error) = observer.renew() {
                tracing::debug!(topic = observer.topic, %error, "no new client to look with");
            }
        }
        // Whoever drops the consumer drops the other end, and the wait is over.
        if nudges.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}

/// Since when the topic has not been there, and whether that was told.
#[derive(Debug, Default)]
struct Absence {
    since: Option<Instant>,
    is_told: bool,
}

impl Absence {
    /// The topic was seen.
    fn end(&mut self) {
        *self = Self::default();
    }

    /// The cluster said so with this code. True once, when it has said nothing else for [`MISSING`].
    fn is_due(&mut self, code: RDKafkaErrorCode, now: Instant) -> bool {
        use RDKafkaErrorCode as Code;
        if !matches!(code, Code::UnknownTopicOrPartition | Code::TopicAuthorizationFailed) {
            return false;
        }
        let since = *self.since.get_or_insert(now);
        now.duration_since(since) >= MISSING && !std::mem::replace(&mut self.is_told, true)
    }
}

fn count(has_leader: &[bool]) -> i32 {
    i32::try_from(has_leader.len()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_that_is_gone_is_told_once_and_not_at_the_first_look() {
        use RDKafkaErrorCode as Code;
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut absence = Absence::default();
        let mut told = |code, seconds| absence.is_due(code, at(seconds));
        assert!(!told(Code::UnknownTopicOrPartition, 0), "a broker that has just started may not know it yet");
        assert!(!told(Code::OperationTimedOut, 2), "no answer says nothing of the topic");
        assert!(told(Code::UnknownTopicOrPartition, 6));
        assert!(!told(Code::UnknownTopicOrPartition, 8), "once");
        absence.end();
        assert!(!absence.is_due(Code::TopicAuthorizationFailed, at(10)), "it was there meanwhile");
        assert!(absence.is_due(Code::TopicAuthorizationFailed, at(16)), "and again");
    }
}
