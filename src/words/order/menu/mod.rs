//! The demo's menu: ten customers who always order the same.

use std::borrow::Cow;

use jiff::Timestamp;
use uuid::Uuid;

use super::{CustomerInfo, InventoryStatus, Item, Metadata, Order};
use crate::base::money::Money;

#[cfg(test)]
mod tests;

const TAX_PERCENT: i64 = 20;
const SHIPPING_FEE_CENTS: i64 = 250;
/// Pieces of every article that the demo's stock begins with.
const STOCK_QUANTITY: i64 = 100;

/// What one customer always orders.
struct Habit {
    customer_id: &'static str,
    customer_name: &'static str,
    email: &'static str,
    item_id: &'static str,
    item_name: &'static str,
    quantity: i64,
    unit_price_cents: i64,
}

macro_rules! habit {
    ($customer:literal, $item:literal, $quantity:literal, $unit_price_cents:literal) => {
        Habit {
            customer_id: $customer,
            customer_name: concat!("Client ", $customer),
            email: concat!($customer, "@example.com"),
            item_id: concat!("item-", $item),
            item_name: $item,
            quantity: $quantity,
            unit_price_cents: $unit_price_cents,
        }
    };
}

const MENU: [Habit; 10] = [
    habit!("client01", "espresso", 2, 250),
    habit!("client02", "cappuccino", 3, 320),
    habit!("client03", "latte", 4, 350),
    habit!("client04", "macchiato", 5, 300),
    habit!("client05", "flat white", 6, 330),
    habit!("client06", "mocha", 7, 400),
    habit!("client07", "americano", 8, 280),
    habit!("client08", "chai latte", 9, 380),
    habit!("client09", "matcha", 10, 450),
    habit!("client10", "smoothie fraise", 11, 550),
];

/// The two random parts of a demo order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoIds {
    /// Becomes `order_id`.
    pub order_id: Uuid,
    /// Becomes `metadata.correlation_id`.
    pub correlation_id: Uuid,
}

/// The demo's order with this sequence number: `sequence % 10` picks the customer, 0 the first.
///
/// The clock and the dice are the caller's; the timestamp is written with milliseconds.
#[must_use]
pub fn demo_order(sequence: i64, ids: DemoIds, timestamp: Timestamp) -> Order<'static> {
    // In 0..10, also for a negative sequence.
    let habit = &MENU[sequence.rem_euclid(MENU.len() as i64) as usize];
    let unit_price = Money::from_cents(habit.unit_price_cents);
    let sub_total_cents = habit.quantity * habit.unit_price_cents;
    let sub_total = Money::from_cents(sub_total_cents);
    // Half a cent is rounded up: nothing here is negative.
    let tax_cents = (sub_total_cents * TAX_PERCENT + 50) / 100;
    let address = format!("{sequence} Rue de la Paix, 75000 Paris");
    Order {
        order_id: Cow::Owned(ids.order_id.to_string()),
        sequence,
        status: Cow::Borrowed("pending"),
        items: vec![Item {
            item_id: Cow::Borrowed(habit.item_id),
            item_name: Cow::Borrowed(habit.item_name),
            quantity: habit.quantity,
            unit_price,
            total_price: sub_total,
        }],
        sub_total,
        tax: Money::from_cents(tax_cents),
        shipping_fee: Money::from_cents(SHIPPING_FEE_CENTS),
        total: Money::from_cents(sub_total_cents + tax_cents + SHIPPING_FEE_CENTS),
        currency: Cow::Borrowed("EUR"),
        payment_method: Cow::Borrowed("credit_card"),
        shipping_address: Cow::Owned(address.clone()),
        metadata: Metadata {
            timestamp: Cow::Owned(format!("{timestamp:.3}")),
            version: Cow::Borrowed("1.1"),
            event_type: Cow::Borrowed("order.created"),
            source: Cow::Borrowed("producer-service"),
            correlation_id: Cow::Owned(ids.correlation_id.to_string()),
        },
        customer_info: CustomerInfo {
            customer_id: Cow::Borrowed(habit.customer_id),
            name: Cow::Borrowed(habit.customer_name),
            email: Cow::Borrowed(habit.email),
            phone: Cow::Borrowed("+33 6 00 00 00 00"),
            address: Cow::Owned(address),
            loyalty_level: Cow::Borrowed("silver"),
        },
        inventory_status: vec![InventoryStatus {
            item_id: Cow::Borrowed(habit.item_id),
            item_name: Cow::Borrowed(habit.item_name),
            available_qty: STOCK_QUANTITY - habit.quantity,
            reserved_qty: habit.quantity,
            unit_price,
            in_stock: true,
            warehouse: Cow::Borrowed("PARIS-01"),
        }],
    }
}
