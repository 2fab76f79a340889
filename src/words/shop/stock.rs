//! Stock: what is there, what changes it, and the messages that tell of it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::order::{MOST_QUANTITY, Unreadable};

/// What changed a stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// An order was confirmed.
    Sale,
    /// Somebody brought more.
    Restock,
}

/// A message of topic `inventory`, keyed by `product_id`: one for each sale and restock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockChange<'a> {
    /// Of what.
    pub product_id: &'a str,
    /// Pieces before.
    pub old_stock: i64,
    /// Pieces after.
    pub new_stock: i64,
    /// Sold or brought.
    pub operation: Operation,
    /// How many pieces, above zero.
    pub quantity: i64,
    /// The order's or the restock's, as it came.
    pub timestamp: &'a str,
}

/// A record of topic `stock`, keyed by `product_id`: the last one of a product is its stock. Always
/// `stock = opening - sold + restocked`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockLevel<'a> {
    /// Of what.
    #[serde(borrow)]
    pub product_id: std::borrow::Cow<'a, str>,
    /// Pieces that are there; never below zero.
    pub stock: i64,
    /// Pieces that the catalogue gave it when it was new.
    pub opening: i64,
    /// Pieces sold since.
    pub sold: i64,
    /// Pieces brought since.
    pub restocked: i64,
}

impl StockChange<'_> {
    /// Adds the message's payload to `json`.
    pub fn write(&self, json: &mut Vec<u8>) {
        write(json, self);
    }
}

impl StockLevel<'_> {
    /// Adds the record's payload to `json`.
    pub fn write(&self, json: &mut Vec<u8>) {
        write(json, self);
    }
}

fn write(json: &mut Vec<u8>, value: &impl Serialize) {
    // Texts and numbers cannot fail to serialise into memory.
    let written = serde_json::to_writer(json, value);
    debug_assert!(written.is_ok(), "{written:?}");
}

/// A message of topic `restocks`: pieces that were brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restock {
    /// Tells it from any other; the same one again brings nothing.
    pub restock_id: String,
    /// Of what.
    pub product_id: String,
    /// How many pieces, from 1 to [`MOST_QUANTITY`].
    pub quantity: i64,
    /// When, ISO 8601.
    pub timestamp: String,
}

/// Why a message of topic `restocks` is none.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RestockError {
    /// Nothing with fields.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Fields that are missing or wrong.
    #[error("it is no restock: {reason}")]
    Shape {
        /// What the reader said.
        reason: String,
    },
    /// So many are not brought at once.
    #[error("field quantity must be a whole number from 1 to {MOST_QUANTITY}")]
    Quantity,
}

impl Restock {
    /// Reads a message's payload.
    ///
    /// # Errors
    /// [`RestockError`].
    pub fn read(payload: Option<&[u8]>) -> Result<Self, RestockError> {
        let payload = payload.ok_or(Unreadable::Tombstone)?;
        let text = simdutf8::basic::from_utf8(payload).map_err(|_| Unreadable::NotUtf8)?;
        let shape = |error: serde_json::Error| RestockError::Shape { reason: error.to_string() };
        let restock: Self = serde_json::from_str(text).map_err(shape)?;
        if !(1..=MOST_QUANTITY).contains(&restock.quantity) {
            return Err(RestockError::Quantity);
        }
        if restock.restock_id.is_empty() {
            return Err(RestockError::Shape { reason: "field restock_id is empty".to_owned() });
        }
        Ok(restock)
    }
}
