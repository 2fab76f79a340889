//! Making consumers: the first one, and each that takes the place of one that went mute.

use std::cell::Cell;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::BaseConsumer;

use super::cluster::Cluster;
use super::connect::creation;
use super::consumer::{ConsumeError, Consumer, Quiet};
use super::fetcher::{Fetcher, Log};
use super::incarnation::{DEBUG_CONTEXT, Incarnation};
use super::raw::{ConsumerQueue, LogQueue};
use super::settings::{Role, client_config};
use super::topics::TopicInfo;
use super::watch::{Observer, watch};
use crate::tools::config::{ClientSettings, Property};
use crate::tools::shutdown::Shutdown;

/// How many things that were read or learnt may wait for whoever reads.
const WAITING: usize = 8;

/// What is fetched ahead by a small one; its user's own words win.
const SMALL: [(&str, &str); 2] = [("queued.max.messages.kbytes", "4096"), ("queued.min.messages", "5000")];

/// Everything that a consumer of one topic is made from. It needs no connection and outlives the
/// [`Cluster`] it came from, so that a consumer can be dropped and made anew at any time.
#[derive(Clone, Debug)]
pub struct Reader {
    settings: ClientSettings,
    topic: String,
    group: String,
}

impl Cluster {
    /// A maker of consumers of `topic` that publish their offsets as those of `group`.
    pub fn reader(&self, topic: &TopicInfo, group: &str) -> Reader {
        Reader { settings: self.settings.clone(), topic: topic.name.clone(), group: group.to_owned() }
    }

    /// The same with less memory for what is fetched ahead: for who reads several topics, or does more with each
    /// message than keep it.
    pub(super) fn small_reader(&self, topic: &TopicInfo, group: &str) -> Reader {
        let mut reader = self.reader(topic, group);
        for (name, value) in SMALL {
            let property = || Property { value: value.to_owned(), origin: "a default".to_owned() };
            reader.settings.properties.entry(name.to_owned()).or_insert_with(property);
        }
        reader
    }

    /// A consumer of `topic`, whatever its id: see [`Reader::consumer`].
    ///
    /// # Errors
    /// [`ConsumeError`] when the client cannot be made.
    pub fn consumer(&self, topic: &TopicInfo, group: &str) -> Result<Consumer, ConsumeError> {
        self.reader(topic, group).consumer(None)
    }
}

impl Reader {
    /// A consumer. Nothing is read until [`Consumer::read_from`] says from where. With a `topic_id`
    /// (see [`Cluster::topic_id`]), only messages of the topic that has this id are ever delivered;
    /// without one, only those of the first that is met. See [`super::Fetched::TopicChanged`].
    ///
    /// # Errors
    /// [`ConsumeError`] when the client or its threads cannot be made.
    pub fn consumer(&self, topic_id: Option<&str>) -> Result<Consumer, ConsumeError> {
        let start = |reason: String| ConsumeError::Start { reason };
        let mut config = client_config(&self.settings, Role::Consumer)?;
        config.set("group.id", &self.group);
        let asked = config.get("debug").filter(|contexts| !contexts.is_empty()).map(str::to_owned);
        config.set("debug", asked.as_deref().map_or(DEBUG_CONTEXT.to_owned(), |all| format!("{all},{DEBUG_CONTEXT}")));
        config.set_log_level(RDKafkaLogLevel::Debug);
        let client: BaseConsumer<Quiet> = config.create_with_context(Quiet).map_err(|error| creation(&error))?;
        let client = Arc::new(client);
        let log = LogQueue::new(Arc::clone(&client)).ok_or_else(|| start("it has no log".to_owned()))?;
        let queue = ConsumerQueue::new(Arc::clone(&client)).ok_or_else(|| start("it has no queue".to_owned()))?;
        let observer = Arc::new(Observer::new(&self.settings, &self.topic)?);
        let (events, fetched) = sync_channel(WAITING);
        // All that can wait, the one that is filled and the one that is read.
        let (empty, recycled) = sync_channel(WAITING + 2);
        let (nudge, nudges) = sync_channel(1);
        let stop = Shutdown::new();
        let expected = Arc::new(Mutex::new(topic_id.map(str::to_owned)));
        let incarnation = Incarnation::new(&self.topic, Arc::clone(&expected));
        let log = Log { queue: log, incarnation, is_told: asked.is_some() };
        let fetcher = Fetcher::new(queue, log, self.topic.clone(), (events.clone(), recycled), stop.clone());
        let mut threads = Vec::new();
        let spawned = std::thread::Builder::new().name("fetch".into()).spawn(move || fetcher.run());
        threads.push(spawned.map_err(|error| start(error.to_string()))?);
        let (watched, until) = (Arc::clone(&observer), stop.clone());
        let spawned =
            std::thread::Builder::new().name("watch".into()).spawn(move || watch(&watched, &events, &nudges, &until));
        match spawned {
            Ok(thread) => threads.push(thread),
            Err(error) => {
                stop.request();
                return Err(start(error.to_string()));
            }
        }
        Ok(Consumer {
            client: Some(client),
            observer: Some(observer),
            topic: self.topic.clone(),
            fetched: Some(fetched),
            nudge: Some(nudge),
            expected,
            empty,
            stop,
            threads,
            unanswered: Cell::new(0),
        })
    }
}
