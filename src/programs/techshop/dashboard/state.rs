//! What all pages are made of: figures, stock, what Kafka says, and what a page may look up.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use super::super::names::Names;
use crate::base::message::{Message, MessageTime};
use crate::doors::kafka::{Cluster, TopicInfo};
use crate::doors::web::Dictionary;
use crate::logic::lag;
use crate::logic::shopfold::{Figures, RecentOrder, Spot};
use crate::tools::moment::now_ms;
use crate::words::shop::{Catalogue, StockLevel};

/// How long a message that a page asks for may take to be found.
const PATIENCE: Duration = Duration::from_secs(3);

/// So many messages that were looked up are remembered.
const MOST_REMEMBERED: usize = 64;

/// Whoever looks up a message publishes nothing; a consumer needs a group all the same.
pub(super) const GROUP: &str = "techshop-dashboard";

/// A message that was looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Name and value of each header, as text.
    pub(super) headers: Vec<(String, String)>,
    /// As it is.
    pub(super) payload: Vec<u8>,
    /// When it was written, milliseconds since 1970.
    pub(super) at_ms: Option<i64>,
}

/// What the pages are made of. Threads write into it, pages read.
pub(super) struct State {
    /// What the shop's topics tell.
    pub(super) figures: Arc<RwLock<Figures>>,
    /// Stock as it was when the dashboard began; products that changed since are in the figures.
    pub(super) levels: RwLock<BTreeMap<String, StockLevel<'static>>>,
    /// What Kafka says of itself.
    pub(super) watch: Mutex<lag::Watch>,
    /// Names, categories and opening stock.
    pub(super) catalogue: Catalogue,
    /// The shop's topics.
    pub(super) names: Names,
    /// Words of the templates.
    pub(super) dictionary: Arc<Dictionary>,
    /// Whether addresses are shown whole.
    pub(super) is_unmasked: bool,
    /// Since when it runs, milliseconds since 1970.
    pub(super) since_ms: i64,
    cluster: OnceLock<Arc<Cluster>>,
    remembered: Mutex<VecDeque<(String, Spot, Found)>>,
    counted_ms: Mutex<Option<i64>>,
}

impl State {
    pub(super) fn new(catalogue: Catalogue, names: Names, dictionary: Dictionary, is_unmasked: bool) -> Self {
        Self {
            figures: Arc::default(),
            levels: RwLock::default(),
            watch: Mutex::default(),
            catalogue,
            names,
            dictionary: Arc::new(dictionary),
            is_unmasked,
            since_ms: now_ms(),
            cluster: OnceLock::new(),
            remembered: Mutex::default(),
            counted_ms: Mutex::default(),
        }
    }

    /// What the topics tell, as counted up to now.
    pub(super) fn figures(&self) -> RwLockReadGuard<'_, Figures> {
        self.figures.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where looks at the cluster are told.
    pub(super) fn watch(&self) -> MutexGuard<'_, lag::Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on messages can be looked up.
    pub(super) fn connected(&self, cluster: Arc<Cluster>) {
        // Only one is ever given.
        drop(self.cluster.set(cluster));
    }

    /// All that is there was counted at this moment.
    pub(super) fn counted(&self) {
        *self.counted_ms.lock().unwrap_or_else(PoisonError::into_inner) = Some(now_ms());
    }

    /// When all that was there was last counted, milliseconds since 1970.
    pub(super) fn counted_ms(&self) -> Option<i64> {
        *self.counted_ms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The message of a topic that tells what became of an order.
    pub(super) fn topic_of(&self, order: &RecentOrder) -> &str {
        match order.status {
            crate::words::shop::Status::Confirmed => &self.names.analytics,
            _ => &self.names.errors,
        }
    }

    /// A message that was looked up before.
    pub(super) fn remembered(&self, topic: &str, spot: Spot) -> Option<Found> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let found = remembered.iter().find(|(name, at, _)| name == topic && *at == spot);
        found.map(|(_, _, found)| found.clone())
    }

    /// Looks a message up, for a few seconds at most; `None` when it is not there any more, or Kafka does not answer.
    pub(super) fn look_up(&self, topic: &str, spot: Spot) -> Option<Found> {
        if let Some(found) = self.remembered(topic, spot) {
            return Some(found);
        }
        let found = self.fetch(topic, spot)?;
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= MOST_REMEMBERED {
            remembered.pop_front();
        }
        remembered.push_back((topic.to_owned(), spot, found.clone()));
        Some(found)
    }

    fn fetch(&self, topic: &str, Spot(partition, offset): Spot) -> Option<Found> {
        let cluster = self.cluster.get()?;
        let topic = TopicInfo { name: topic.to_owned(), partitions: partition + 1, created: false };
        let found = cluster.message_at(&topic, GROUP, partition, offset, PATIENCE);
        let batch = found.inspect_err(|error| tracing::debug!(%error, "a message was not found")).ok().flatten()?;
        batch.iter().find(|message| message.offset == offset).map(|message| read(&message))
    }
}

fn read(message: &Message<'_>) -> Found {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = message.headers.into_iter();
    Found {
        headers: headers.map(|(name, value)| (text(name), text(value.unwrap_or_default()))).collect(),
        payload: message.payload.unwrap_or_default().to_vec(),
        at_ms: match message.time {
            MessageTime::Unknown => None,
            MessageTime::Create(at) | MessageTime::LogAppend(at) => Some(at),
        },
    }
}
