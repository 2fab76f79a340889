//! The last orders, for who wants to look at them one by one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Glance;
use super::counts::short;
use super::latest::Told;
use crate::base::message::Message;
use crate::base::money::Sum;
use crate::words::shop::Status;

/// Where a message stands in its topic: partition and offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Spot(pub i32, pub i64);

impl Spot {
    pub(super) fn of(message: &Message<'_>) -> Self {
        Self(message.partition, message.offset)
    }
}

/// As places are written: `1@58`.
impl fmt::Display for Spot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.0, self.1)
    }
}

impl FromStr for Spot {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (partition, offset) = text.split_once('@').ok_or(())?;
        Ok(Self(partition.parse().map_err(|_| ())?, offset.parse().map_err(|_| ())?))
    }
}

/// Where the message stands that this one is told of, as its header `order-source` says.
pub(super) fn source(message: &Message<'_>) -> Option<Spot> {
    let (_, value) = message.headers.into_iter().find(|(name, _)| *name == b"order-source")?;
    let (_, spot) = std::str::from_utf8(value?).ok()?.rsplit_once('/')?;
    spot.parse().ok()
}

/// An order and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Row", into = "Row")]
pub struct RecentOrder {
    /// Empty when the message had none.
    pub order_id: String,
    /// Who bought.
    pub customer_id: String,
    /// Where letters to them go.
    pub email: String,
    /// Whether they get a text message, too.
    pub is_vip: bool,
    /// Where.
    pub region: String,
    /// What, by name.
    pub product: String,
    /// How many pieces.
    pub quantity: i64,
    /// What it brings, or would have.
    pub total: Option<Sum>,
    /// What became of it.
    pub status: Status,
    /// Why it was not confirmed.
    pub reason: Option<String>,
    /// When Kafka took the order, milliseconds since 1970.
    pub ordered_ms: Option<i64>,
    /// When its outcome was written, milliseconds since 1970.
    pub decided_ms: Option<i64>,
    /// Where the order stands in its topic.
    pub source: Option<Spot>,
    /// Where its outcome is told: in `analytics` when it was confirmed, else in `errors`.
    pub told: Spot,
}

/// The same without names, since there are many.
type Row = (
    (String, String, String, bool, String, String),
    (i64, Option<Sum>, char, Option<String>),
    (Option<i64>, Option<i64>, Option<Spot>, Spot),
);

impl From<RecentOrder> for Row {
    fn from(order: RecentOrder) -> Self {
        let status = match order.status {
            Status::Confirmed => 'c',
            Status::OutOfStock => 'o',
            Status::Invalid => 'i',
        };
        (
            (order.order_id, order.customer_id, order.email, order.is_vip, order.region, order.product),
            (order.quantity, order.total, status, order.reason),
            (order.ordered_ms, order.decided_ms, order.source, order.told),
        )
    }
}

impl From<Row> for RecentOrder {
    fn from((who, what, places): Row) -> Self {
        let (order_id, customer_id, email, is_vip, region, product) = who;
        let (quantity, total, status, reason) = what;
        let (ordered_ms, decided_ms, source, told) = places;
        let status = match status {
            'c' => Status::Confirmed,
            'o' => Status::OutOfStock,
            _ => Status::Invalid,
        };
        Self {
            order_id,
            customer_id,
            email,
            is_vip,
            region,
            product,
            quantity,
            total,
            status,
            reason,
            ordered_ms,
            decided_ms,
            source,
            told,
        }
    }
}

impl RecentOrder {
    pub(super) fn new(
        glance: &Glance<'_>,
        status: Status,
        reason: Option<&str>,
        (ordered_ms, decided_ms): (Option<i64>, Option<i64>),
        message: &Message<'_>,
    ) -> Self {
        Self {
            order_id: short(glance.order_id),
            customer_id: short(glance.customer_id),
            email: short(glance.email),
            is_vip: glance.is_vip,
            region: short(glance.region),
            product: short(glance.product),
            quantity: glance.quantity,
            total: glance.total,
            status,
            reason: reason.map(short),
            ordered_ms,
            decided_ms,
            source: source(message),
            told: Spot::of(message),
        }
    }
}

impl Told for RecentOrder {
    fn place(&self) -> (Option<i64>, u8, Spot) {
        let topic = if self.status == Status::Confirmed { 0 } else { 1 };
        (self.decided_ms, topic, self.told)
    }
}
