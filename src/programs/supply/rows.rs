//! What the store holds: tables, keys, and rows as JSON.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::doors::store::{Change, Reading, StoreError, Table};
use crate::logic::supply::Entry;
use crate::words::supply::{Receipt, Status, Update};

/// Counters and the like, by name.
pub(super) const META: Table = Table("meta");
/// Orders by their number.
pub(super) const ORDERS: Table = Table("orders");
/// The numbers of orders in the order of their arrival.
pub(super) const ARRIVALS: Table = Table("arrivals");
/// What is watched of orders that are not closed, by number.
pub(super) const OPEN: Table = Table("open");
/// Updates by order, time and id: a range is a history.
pub(super) const UPDATES: Table = Table("updates");
/// What the keys of callers stand for.
pub(super) const KEYS: Table = Table("idempotency");
/// What Kafka has not acknowledged yet, in the order of its making.
pub(super) const OUTBOX: Table = Table("outbox");
/// Where to go on in a topic, by its name.
pub(super) const POSITIONS: Table = Table("positions");
/// The next step of each order that is being delivered, by when it is due.
pub(super) const STEPS: Table = Table("steps");
/// Who asked to be told, by callback.
pub(super) const SUBSCRIBERS: Table = Table("subscribers");
/// What is owed to subscribers: by subscriber, then in the order of its making.
pub(super) const NOTES: Table = Table("subscriber_outbox");
/// What subscribers were not told of, by number.
pub(super) const DEAD_LETTERS: Table = Table("dead_letters");
/// What could not be taken, by number.
pub(super) const QUARANTINE: Table = Table("quarantine");
/// The same by the order that it is about.
pub(super) const QUARANTINE_BY_ORDER: Table = Table("quarantine_by_order");
/// What is kept of an order already: by order, reason and digest.
pub(super) const QUARANTINE_DIGESTS: Table = Table("quarantine_digests");

/// All of them.
pub(super) const TABLES: [Table; 15] = [
    META,
    ORDERS,
    ARRIVALS,
    OPEN,
    UPDATES,
    KEYS,
    OUTBOX,
    POSITIONS,
    STEPS,
    SUBSCRIBERS,
    NOTES,
    DEAD_LETTERS,
    QUARANTINE,
    QUARANTINE_BY_ORDER,
    QUARANTINE_DIGESTS,
];

/// By which road something came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Road {
    /// Made here, or handed in by a caller.
    Own,
    /// From the topic.
    Kafka,
    /// By a call.
    Http,
    /// Asked for.
    Sweep,
}

impl Road {
    /// As it is written.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Kafka => "kafka",
            Self::Http => "http",
            Self::Sweep => "sweep",
        }
    }
}

/// How many copies came by each road.
pub(super) type Copies = BTreeMap<Road, u64>;

/// Where something went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delivery {
    /// Partition and offset, once Kafka has acknowledged it.
    pub(super) kafka: Option<(i32, i64)>,
    /// What the peer answered last.
    pub(super) http: Option<u16>,
    /// How many calls were made.
    pub(super) attempts: u64,
    /// Why the last one failed.
    pub(super) last_error: Option<String>,
}

/// An order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct OrderRow {
    /// As it came, or was made.
    pub(super) body: String,
    pub(super) fingerprint: String,
    pub(super) accepted_ms: i64,
    /// Its place among all arrivals.
    pub(super) arrival: u64,
    pub(super) first: Road,
    pub(super) copies: Copies,
    pub(super) receipt: Option<Receipt>,
    pub(super) is_closed: bool,
    pub(super) delivery: Delivery,
}

/// An update.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct UpdateRow {
    /// As it came, or was made.
    pub(super) body: String,
    pub(super) id: Uuid,
    pub(super) timestamp_ms: i64,
    pub(super) status: Status,
    pub(super) message: String,
    pub(super) seq: Option<u64>,
    pub(super) first: Road,
    pub(super) copies: Copies,
    pub(super) delivery: Delivery,
}

impl UpdateRow {
    pub(super) fn new(update: &Update, body: String, road: Road) -> Self {
        Self {
            body,
            id: update.id(),
            timestamp_ms: update.timestamp_ms,
            status: update.status,
            message: update.message.clone(),
            seq: update.seq,
            first: road,
            copies: Copies::new(),
            delivery: Delivery::default(),
        }
    }

    pub(super) fn entry(&self) -> Entry {
        Entry { id: self.id, timestamp_ms: self.timestamp_ms, status: self.status, seq: self.seq }
    }
}

/// What a row of the outbox sends: an order, or an update of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OutboxRow {
    pub(super) order_number: String,
    /// The key of the update; an order has none.
    pub(super) update: Option<(i64, Uuid)>,
    pub(super) accepted_ms: i64,
    /// What the peer answered, once it did.
    pub(super) http: Option<u16>,
    /// Kafka will never take it.
    pub(super) is_refused_by_kafka: bool,
}

/// What is watched of an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct OpenRow {
    pub(super) accepted_ms: i64,
    pub(super) news_ms: Option<i64>,
    pub(super) has_hole: bool,
    pub(super) asked_ms: Option<i64>,
    /// Since when nobody answers questions about it.
    pub(super) unanswered_since_ms: Option<i64>,
}

/// What a caller's key stands for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KeyRow {
    pub(super) fingerprint: String,
    pub(super) order_number: String,
}

/// What could not be taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct QuarantineRow {
    /// `invalid`, `conflict`, `key_reused`, `unknown_order`, `too_many`.
    pub(super) why: String,
    pub(super) detail: String,
    pub(super) road: Road,
    /// Partition and offset, or nothing.
    pub(super) place: Option<String>,
    pub(super) order_number: Option<String>,
    pub(super) at_ms: i64,
    /// The exact bytes, in base64; of very many the first.
    pub(super) body_b64: String,
    /// Their SHA-256 in hexadecimal digits; rows of older stores have none.
    #[serde(default)]
    pub(super) sha256: String,
}

/// The key of a number that is counted up.
pub(super) fn number_key(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

/// The number of such a key.
pub(super) fn key_number(key: &[u8]) -> u64 {
    key.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// What all keys of an order's own rows begin with; numbers of orders hold no zero byte.
pub(super) fn of_order(order_number: &str) -> Vec<u8> {
    let mut key = order_number.as_bytes().to_vec();
    key.push(0);
    key
}

/// The key of an update.
pub(super) fn update_key(order_number: &str, timestamp_ms: i64, id: Uuid) -> Vec<u8> {
    let mut key = of_order(order_number);
    key.extend_from_slice(&ordered(timestamp_ms));
    key.extend_from_slice(id.as_bytes());
    key
}

/// The key of something that is due.
pub(super) fn due_key(due_ms: i64, order_number: &str) -> Vec<u8> {
    let mut key = ordered(due_ms).to_vec();
    key.extend_from_slice(order_number.as_bytes());
    key
}

/// Bytes that stand in the order of the numbers, those below zero first.
pub(super) fn ordered(number: i64) -> [u8; 8] {
    (number.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

/// Reads a row.
///
/// # Errors
/// [`StoreError`], also when the row makes no sense.
pub(super) fn row<T: DeserializeOwned>(from: &impl Reading, table: Table, key: &[u8]) -> Result<Option<T>, StoreError> {
    from.get(table, key)?.map(|bytes| parsed(&bytes)).transpose()
}

/// A row's bytes as what they are.
///
/// # Errors
/// [`StoreError::Damaged`].
pub(super) fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// Writes a row.
///
/// # Errors
/// [`StoreError`].
pub(super) fn put<T: Serialize>(into: &Change<'_>, table: Table, key: &[u8], row: &T) -> Result<(), StoreError> {
    let bytes = serde_json::to_vec(row).map_err(|error| StoreError::Damaged(error.to_string()))?;
    into.put(table, key, &bytes)
}

/// The next number of a counter, from `first` on.
///
/// # Errors
/// [`StoreError`].
pub(super) fn next_number(change: &Change<'_>, counter: &str, first: u64) -> Result<u64, StoreError> {
    let number = row::<u64>(change, META, counter.as_bytes())?.unwrap_or(first);
    put(change, META, counter.as_bytes(), &(number + 1))?;
    Ok(number)
}

/// All updates of an order by their time.
///
/// # Errors
/// [`StoreError`].
pub(super) fn updates(from: &impl Reading, order_number: &str) -> Result<Vec<UpdateRow>, StoreError> {
    let rows = from.beginning(UPDATES, &of_order(order_number), MOST_UPDATES)?;
    rows.iter().map(|(_, value)| parsed(value)).collect()
}

/// No order has more updates than are looked at; stores of older versions may have so many.
pub(super) const MOST_UPDATES: usize = 10_000;
