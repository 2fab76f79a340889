//! An order as it is made, before anybody has decided it.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::catalogue::{Customer, Product};
use crate::base::money::Money;

/// A message of topic `orders`, keyed by `order_id`. Its fields stand in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewOrder<'a> {
    /// `ORD-` and a UUID.
    pub order_id: String,
    /// Who buys.
    pub customer_id: &'a str,
    /// Where mail goes.
    pub customer_email: &'a str,
    /// Whether a message to the telephone comes on top.
    pub customer_vip: bool,
    /// For analytics.
    pub customer_region: &'a str,
    /// What.
    pub product_id: &'a str,
    /// For people.
    pub product_name: &'a str,
    /// For analytics.
    pub product_category: &'a str,
    /// Of one piece.
    pub price: Money,
    /// How many pieces.
    pub quantity: i64,
    /// `price` times `quantity`, to the cent.
    pub total: Money,
    /// When, RFC 3339 in UTC, to the millisecond.
    pub timestamp: String,
    /// Nobody has decided it yet.
    pub status: &'static str,
}

impl<'a> NewOrder<'a> {
    /// An order of `quantity` pieces of a product, which has this id. `None` when the total is out of range.
    pub fn new(
        id: Uuid,
        at: Timestamp,
        customer: &'a Customer,
        (product_id, product): (&'a str, &'a Product),
        quantity: i64,
    ) -> Option<Self> {
        Some(Self {
            order_id: format!("ORD-{id}"),
            customer_id: &customer.id,
            customer_email: &customer.email,
            customer_vip: customer.vip,
            customer_region: &customer.region,
            product_id,
            product_name: &product.name,
            product_category: &product.category,
            price: product.price,
            quantity,
            total: product.price.checked_multiply(quantity)?.round_to_cents(),
            timestamp: format!("{at:.3}"),
            status: "pending",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::order::FIELDS;
    use super::super::{Catalogue, Order};
    use super::*;

    #[test]
    fn every_order_of_the_catalogue_is_one() {
        let catalogue = Catalogue::built_in().expect("our own");
        for customer in &catalogue.customers {
            for (id, product) in &catalogue.products {
                let order = NewOrder::new(Uuid::nil(), Timestamp::UNIX_EPOCH, customer, (id, product), 3);
                let json = serde_json::to_string(&order.expect("in range")).expect("it is JSON");
                let read = Order::read_decided(Some(json.as_bytes())).expect("it is an order");
                assert_eq!((read.product_id.as_ref(), read.quantity), (id.as_str(), 3));
                assert_eq!(read.timestamp, "1970-01-01T00:00:00.000Z");
                let mut last = 0;
                for field in FIELDS {
                    let at = json.find(&format!("\"{field}\":")).expect("each field is there");
                    assert!(at >= last, "{field} stands in its place");
                    last = at;
                }
            }
        }
    }
}
