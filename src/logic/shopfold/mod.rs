//! The shop in figures: what became of orders, counted from the topics that tell it.
//!
//! [`Figures`] is told each message of `analytics` and `errors` once; whoever reads keeps the positions beside it in
//! one [`Snapshot`], so that what is counted and how far was read never part. However the messages of partitions and
//! topics are mixed, and wherever it is stopped and started again, the figures are the same. They are bounded,
//! whatever the messages say.

mod counts;
mod recent;
mod snapshot;
#[cfg(test)]
mod tests;

pub use counts::{Breakdown, Counted, Minutes, Reasons};
pub use recent::{Recent, RecentOrder};
pub use snapshot::{Snapshot, SnapshotError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::message::{Message, MessageTime};
use crate::base::money::{Money, Sum};
use crate::words::shop::{Order, Status};

/// Confirmed orders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sales {
    /// All of them.
    pub all: Counted,
    /// Those of VIPs.
    pub vip: Counted,
    /// By region of the customer.
    pub regions: Breakdown,
    /// By category of the product.
    pub categories: Breakdown,
    /// By name of the product.
    pub products: Breakdown,
    /// By minute of the order's own timestamp.
    pub minutes: Minutes,
    /// Messages that are no orders.
    pub unreadable: u64,
}

/// Orders that were not confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusals {
    /// All of them.
    pub all: u64,
    /// For which there was not enough.
    pub out_of_stock: u64,
    /// That were no orders, or none that could be decided.
    pub invalid: u64,
    /// Why, numbers left out.
    pub reasons: Reasons,
}

/// What the topics tell, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Of topic `analytics`.
    pub sales: Sales,
    /// Of topic `errors`.
    pub refusals: Refusals,
    /// The last orders, oldest first.
    pub recent: Recent,
}

impl Figures {
    /// Counts a message of topic `analytics`.
    pub fn sale(&mut self, message: &Message<'_>) {
        let Some(order) = Order::read_decided(message.payload) else {
            self.sales.unreadable += 1;
            return;
        };
        let sales = &mut self.sales;
        let one = Counted { orders: 1, pieces: order.quantity.unsigned_abs(), revenue: Sum::from(order.total) };
        sales.all.add(one);
        if order.customer_vip {
            sales.vip.add(one);
        }
        sales.regions.add(&order.customer_region, one);
        sales.categories.add(&order.product_category, one);
        sales.products.add(&order.product_name, one);
        sales.minutes.add(&order.timestamp, one);
        self.recent.push(RecentOrder::new(&Glance::of(&order), Status::Confirmed, None, times(message)));
    }

    /// Counts a message of topic `errors`.
    pub fn refusal(&mut self, message: &Message<'_>) {
        let json: Value = serde_json::from_slice(message.payload.unwrap_or_default()).unwrap_or_default();
        let text = |field: &str| json.get(field).and_then(Value::as_str);
        let reason = text("error_reason").unwrap_or("no reason was told");
        let refusals = &mut self.refusals;
        refusals.all += 1;
        let status = if text("status") == Some(Status::OutOfStock.as_str()) {
            refusals.out_of_stock += 1;
            Status::OutOfStock
        } else {
            refusals.invalid += 1;
            Status::Invalid
        };
        refusals.reasons.add(reason);
        let glance = Glance {
            order_id: text("order_id").unwrap_or_default(),
            customer_id: text("customer_id").unwrap_or_default(),
            region: text("customer_region").unwrap_or_default(),
            product: text("product_name").or_else(|| text("product_id")).unwrap_or_default(),
            quantity: json.get("quantity").and_then(Value::as_i64).unwrap_or_default(),
            total: json
                .get("total")
                .and_then(|total| serde_json::from_value::<Money>(total.clone()).ok())
                .map(Sum::from),
        };
        self.recent.push(RecentOrder::new(&glance, status, Some(reason), times(message)));
    }

    /// Forgets what topic `analytics` told: it is another one now, or is read from its beginning.
    pub fn forget_sales(&mut self) {
        self.sales = Sales::default();
        self.recent.retain(|order| order.status != Status::Confirmed);
    }

    /// Forgets what topic `errors` told.
    pub fn forget_refusals(&mut self) {
        self.refusals = Refusals::default();
        self.recent.retain(|order| order.status == Status::Confirmed);
    }
}

impl Sales {
    /// Those of customers who are no VIPs.
    pub fn not_vip(&self) -> Counted {
        self.all.without(self.vip)
    }
}

/// What is shown of an order.
struct Glance<'a> {
    order_id: &'a str,
    customer_id: &'a str,
    region: &'a str,
    product: &'a str,
    quantity: i64,
    total: Option<Sum>,
}

impl<'a> Glance<'a> {
    fn of(order: &'a Order<'_>) -> Self {
        Self {
            order_id: &order.order_id,
            customer_id: &order.customer_id,
            region: &order.customer_region,
            product: &order.product_name,
            quantity: order.quantity,
            total: Some(Sum::from(order.total)),
        }
    }
}

/// When it was ordered and when it was decided, milliseconds since 1970, as far as the message tells.
fn times(message: &Message<'_>) -> (Option<i64>, Option<i64>) {
    let ordered = message.headers.into_iter().find(|(name, _)| *name == b"order-timestamp-ms");
    let ordered = ordered.and_then(|(_, value)| std::str::from_utf8(value?).ok()?.parse().ok());
    let decided = match message.time {
        MessageTime::Unknown => None,
        MessageTime::Create(at) | MessageTime::LogAppend(at) => Some(at),
    };
    (ordered, decided)
}
