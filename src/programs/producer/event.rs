//! What key and headers of an order are made of.

use super::args::KeyField;
use crate::words::order::Order;

/// Some texts of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event<'a> {
    pub(super) order_id: &'a str,
    pub(super) customer_id: &'a str,
    /// The order's own time.
    pub(super) timestamp: &'a str,
    pub(super) correlation_id: &'a str,
}

impl<'a> Event<'a> {
    /// Those of `order`.
    pub(super) fn of(order: &'a Order<'_>) -> Self {
        Self {
            order_id: &order.order_id,
            customer_id: &order.customer_info.customer_id,
            timestamp: &order.metadata.timestamp,
            correlation_id: &order.metadata.correlation_id,
        }
    }

    /// What becomes the Kafka key.
    pub(super) fn key(&self, field: KeyField) -> Option<&'a [u8]> {
        match field {
            KeyField::OrderId => Some(self.order_id.as_bytes()),
            KeyField::CustomerId => Some(self.customer_id.as_bytes()),
            KeyField::None => None,
        }
    }
}
