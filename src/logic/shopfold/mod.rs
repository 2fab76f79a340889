//! The shop in figures: what became of orders, counted from the topics that tell it.
//!
//! [`Figures`] is told each message of `analytics` and `errors` once; whoever reads keeps the positions beside it in
//! one [`Snapshot`], so that what is counted and how far was read never part. However the messages of partitions and
//! topics are mixed, and wherever it is stopped and started again, the figures are the same. They are bounded,
//! whatever the messages say.

mod counts;
mod latency;
mod latest;
mod moves;
mod recent;
mod sent;
mod snapshot;
#[cfg(test)]
mod tests;

pub use counts::{Breakdown, Counted, Minutes, Reasons};
pub use latency::{Histogram, Latencies};
pub use latest::{Latest, Told};
pub use moves::{Move, Moved, Moves};
pub use recent::{RecentOrder, Spot};
pub use sent::{Sent, SentKind, SentOne};
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
    /// How long decisions took.
    pub latencies: Latencies,
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
    /// Those for which there was not enough, by id of the product.
    pub wanting: Breakdown,
    /// By minute of the order's own timestamp, else of when Kafka took it.
    pub minutes: Minutes,
    /// How long decisions took.
    pub latencies: Latencies,
}

/// What the topics tell, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Of topic `analytics`.
    pub sales: Sales,
    /// Of topic `errors`.
    pub refusals: Refusals,
    /// The last orders, oldest first.
    pub recent: Latest<RecentOrder>,
    /// Of topic `inventory`.
    pub moves: Moves,
    /// Of topic `notification-results`.
    pub sent: Sent,
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
        let times = timed(&mut sales.latencies, message);
        self.recent.push(RecentOrder::new(&Glance::of(&order), Status::Confirmed, None, times, message));
    }

    /// Counts a message of topic `inventory`.
    pub fn moved(&mut self, message: &Message<'_>) {
        self.moves.add(message);
    }

    /// Counts a message of topic `notification-results`.
    pub fn sent(&mut self, message: &Message<'_>) {
        self.sent.add(message);
    }

    /// Counts a message of topic `errors`.
    pub fn refusal(&mut self, message: &Message<'_>) {
        let json: Value = serde_json::from_slice(message.payload.unwrap_or_default()).unwrap_or_default();
        let text = |field: &str| json.get(field).and_then(Value::as_str);
        let reason = text("error_reason").unwrap_or("no reason was told");
        let one = Counted { orders: 1, ..Counted::default() };
        let refusals = &mut self.refusals;
        let times = timed(&mut refusals.latencies, message);
        refusals.all += 1;
        let status = if text("status") == Some(Status::OutOfStock.as_str()) {
            refusals.out_of_stock += 1;
            refusals.wanting.add(text("product_id").unwrap_or_default(), one);
            Status::OutOfStock
        } else {
            refusals.invalid += 1;
            Status::Invalid
        };
        refusals.reasons.add(reason);
        match text("timestamp") {
            Some(timestamp) => refusals.minutes.add(timestamp, one),
            None => refusals.minutes.add_ms(times.0.or(times.1), one),
        }
        let glance = Glance {
            order_id: text("order_id").unwrap_or_default(),
            customer_id: text("customer_id").unwrap_or_default(),
            email: text("customer_email").unwrap_or_default(),
            is_vip: json.get("customer_vip").and_then(Value::as_bool).unwrap_or_default(),
            region: text("customer_region").unwrap_or_default(),
            product: text("product_name").or_else(|| text("product_id")).unwrap_or_default(),
            quantity: json.get("quantity").and_then(Value::as_i64).unwrap_or_default(),
            total: json
                .get("total")
                .and_then(|total| serde_json::from_value::<Money>(total.clone()).ok())
                .map(Sum::from),
        };
        self.recent.push(RecentOrder::new(&glance, status, Some(reason), times, message));
    }

    /// Forgets what topic `analytics` told: it is another one now, or is read from its beginning.
    pub fn forget_sales(&mut self) {
        self.sales = Sales::default();
        self.recent.retain(|order| order.status != Status::Confirmed);
    }

    /// Forgets what topic `inventory` told.
    pub fn forget_moves(&mut self) {
        self.moves = Moves::default();
    }

    /// Forgets what topic `notification-results` told.
    pub fn forget_sent(&mut self) {
        self.sent = Sent::default();
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
    email: &'a str,
    is_vip: bool,
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
            email: &order.customer_email,
            is_vip: order.customer_vip,
            region: &order.customer_region,
            product: &order.product_name,
            quantity: order.quantity,
            total: Some(Sum::from(order.total)),
        }
    }
}

/// When the order was taken and when it was decided, as far as the message tells; counted.
fn timed(latencies: &mut Latencies, message: &Message<'_>) -> (Option<i64>, Option<i64>) {
    let times = (ordered_ms(message), written_ms(message));
    if let (Some(ordered_ms), Some(decided_ms)) = times {
        latencies.add(ordered_ms, decided_ms);
    }
    times
}

/// When Kafka took the order that the message tells of, milliseconds since 1970.
fn ordered_ms(message: &Message<'_>) -> Option<i64> {
    let (_, value) = message.headers.into_iter().find(|(name, _)| *name == b"order-timestamp-ms")?;
    std::str::from_utf8(value?).ok()?.parse().ok()
}

/// When the message itself was written, milliseconds since 1970.
fn written_ms(message: &Message<'_>) -> Option<i64> {
    match message.time {
        MessageTime::Unknown => None,
        MessageTime::Create(at) | MessageTime::LogAppend(at) => Some(at),
    }
}
