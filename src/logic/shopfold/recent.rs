//! The last orders, for who wants to look at them one by one.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::Glance;
use super::counts::short;
use crate::base::money::Sum;
use crate::words::shop::Status;

/// So many are remembered.
pub(super) const MOST_RECENT: usize = 20_000;

/// An order and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Row", into = "Row")]
pub struct RecentOrder {
    /// Empty when the message had none.
    pub order_id: String,
    /// Who bought.
    pub customer_id: String,
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
}

/// The same without names, since there are many.
type Row = ((String, String, String, String), i64, Option<Sum>, char, Option<String>, Option<i64>, Option<i64>);

impl From<RecentOrder> for Row {
    fn from(order: RecentOrder) -> Self {
        let status = match order.status {
            Status::Confirmed => 'c',
            Status::OutOfStock => 'o',
            Status::Invalid => 'i',
        };
        let texts = (order.order_id, order.customer_id, order.region, order.product);
        (texts, order.quantity, order.total, status, order.reason, order.ordered_ms, order.decided_ms)
    }
}

impl From<Row> for RecentOrder {
    fn from((texts, quantity, total, status, reason, ordered_ms, decided_ms): Row) -> Self {
        let (order_id, customer_id, region, product) = texts;
        let status = match status {
            'c' => Status::Confirmed,
            'o' => Status::OutOfStock,
            _ => Status::Invalid,
        };
        Self { order_id, customer_id, region, product, quantity, total, status, reason, ordered_ms, decided_ms }
    }
}

impl RecentOrder {
    pub(super) fn new(
        glance: &Glance<'_>,
        status: Status,
        reason: Option<&str>,
        (ordered_ms, decided_ms): (Option<i64>, Option<i64>),
    ) -> Self {
        Self {
            order_id: short(glance.order_id),
            customer_id: short(glance.customer_id),
            region: short(glance.region),
            product: short(glance.product),
            quantity: glance.quantity,
            total: glance.total,
            status,
            reason: reason.map(short),
            ordered_ms,
            decided_ms,
        }
    }
}

/// The last orders, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent(VecDeque<RecentOrder>);

impl Recent {
    pub(super) fn push(&mut self, order: RecentOrder) {
        if self.0.len() >= MOST_RECENT {
            self.0.pop_front();
        }
        self.0.push_back(order);
    }

    pub(super) fn retain(&mut self, keep: impl FnMut(&RecentOrder) -> bool) {
        self.0.retain(keep);
    }

    /// Oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &RecentOrder> + ExactSizeIterator {
        self.0.iter()
    }
}
