//! The order: its shape, how it is read and checked, and the demo's menu.
//!
//! [`read()`] is the only judge of what is an order. [`warnings`] tells which sums of a valid order
//! do not add up. [`demo_order`] makes the orders that the producer generates.
//!
//! ```
//! use ordertrail::words::order::read;
//!
//! let reason = read("{}").err().map(|reason| reason.to_string());
//! assert_eq!(reason.as_deref(), Some("missing field `order_id` at column 2"));
//! ```

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::base::money::Money;

mod check;
mod menu;
mod place;
mod read;
mod shape;

pub use check::{Warning, warnings};
pub use menu::{DemoIds, demo_order};
pub use read::{MAX_DEPTH, NotAnOrder, Position, Reader, read};

/// An enriched order: it carries everything that a consumer needs, so that no other service has
/// to be asked.
///
/// Serialized, the fields stand in this order. Texts borrow from the payload that was read unless
/// they hold escapes. To read one use [`read()`], which also judges depth and an empty `order_id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order<'a> {
    /// A UUID in our own orders; in others' any text that is not empty.
    #[serde(borrow)]
    pub order_id: Cow<'a, str>,
    /// Counted from 1 by the producer that made it.
    #[serde(deserialize_with = "shape::whole_number")]
    pub sequence: i64,
    /// "pending" when new.
    #[serde(borrow)]
    pub status: Cow<'a, str>,
    /// What was ordered.
    #[serde(borrow, deserialize_with = "shape::objects")]
    pub items: Vec<Item<'a>>,
    /// The sum of the items' `total_price`.
    pub sub_total: Money,
    /// In money, not percent.
    pub tax: Money,
    /// Added after tax.
    pub shipping_fee: Money,
    /// `sub_total` + `tax` + `shipping_fee`.
    pub total: Money,
    /// ISO 4217 code; "EUR" in ours.
    #[serde(borrow)]
    pub currency: Cow<'a, str>,
    /// "`credit_card`" in ours.
    #[serde(borrow)]
    pub payment_method: Cow<'a, str>,
    /// One line of text.
    #[serde(borrow)]
    pub shipping_address: Cow<'a, str>,
    /// About the event that carries the order.
    #[serde(borrow, deserialize_with = "shape::object")]
    pub metadata: Metadata<'a>,
    /// Who ordered.
    #[serde(borrow, deserialize_with = "shape::object")]
    pub customer_info: CustomerInfo<'a>,
    /// What the stock looked like when the order was made.
    #[serde(borrow, deserialize_with = "shape::objects")]
    pub inventory_status: Vec<InventoryStatus<'a>>,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item<'a> {
    /// The article's key.
    #[serde(borrow)]
    pub item_id: Cow<'a, str>,
    /// The article's name for people.
    #[serde(borrow)]
    pub item_name: Cow<'a, str>,
    /// How many pieces.
    #[serde(deserialize_with = "shape::whole_number")]
    pub quantity: i64,
    /// For one piece.
    pub unit_price: Money,
    /// `quantity` × `unit_price`.
    pub total_price: Money,
}

/// About the event that carries an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metadata<'a> {
    /// When the event was made: RFC 3339, UTC in ours.
    #[serde(borrow)]
    pub timestamp: Cow<'a, str>,
    /// Of the order's shape: "1.1".
    #[serde(borrow)]
    pub version: Cow<'a, str>,
    /// "order.created".
    #[serde(borrow)]
    pub event_type: Cow<'a, str>,
    /// The service that made the event: "producer-service".
    #[serde(borrow)]
    pub source: Cow<'a, str>,
    /// A UUID shared by all events of one business transaction.
    #[serde(borrow)]
    pub correlation_id: Cow<'a, str>,
}

/// Who ordered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomerInfo<'a> {
    /// The customer's key.
    #[serde(borrow)]
    pub customer_id: Cow<'a, str>,
    /// For people.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// E-mail address.
    #[serde(borrow)]
    pub email: Cow<'a, str>,
    /// Telephone number, as the customer wrote it.
    #[serde(borrow)]
    pub phone: Cow<'a, str>,
    /// Postal address in one line.
    #[serde(borrow)]
    pub address: Cow<'a, str>,
    /// "silver" in ours.
    #[serde(borrow)]
    pub loyalty_level: Cow<'a, str>,
}

/// The stock of one article when the order was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InventoryStatus<'a> {
    /// The article's key.
    #[serde(borrow)]
    pub item_id: Cow<'a, str>,
    /// The article's name for people.
    #[serde(borrow)]
    pub item_name: Cow<'a, str>,
    /// Pieces that can still be ordered.
    #[serde(deserialize_with = "shape::whole_number")]
    pub available_qty: i64,
    /// Pieces held back for orders.
    #[serde(deserialize_with = "shape::whole_number")]
    pub reserved_qty: i64,
    /// For one piece.
    pub unit_price: Money,
    /// Whether any piece can be had.
    #[serde(deserialize_with = "shape::flag")]
    pub in_stock: bool,
    /// Where the pieces lie.
    #[serde(borrow)]
    pub warehouse: Cow<'a, str>,
}
