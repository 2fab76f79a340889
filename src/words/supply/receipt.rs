//! The answer to an order.

use serde::{Deserialize, Serialize};

use super::fields::time_ms;
use super::update::{Status, Update};

/// The receipt of an order. It is the order's first update in another shape: answer, message and sweep all come to
/// one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// `DM-…`, made once for an order.
    pub confirmation_id: String,
    /// Of which order.
    pub order_number: String,
    /// When it was taken, as in RFC 3339.
    pub received: String,
    /// Always `PROCESSING`.
    pub status: Status,
    /// When it should be there, as in RFC 3339.
    pub estimated_delivery: String,
    /// In words.
    pub message: String,
}

impl Receipt {
    /// The update that it is; none when its time makes no sense.
    pub fn update(&self) -> Option<Update> {
        Some(Update {
            order_number: self.order_number.clone(),
            timestamp_ms: time_ms(&self.received)?,
            status: self.status,
            message: self.message.clone(),
            seq: Some(1),
        })
    }
}
