//! What changed the stock: pieces sold and brought, by product, and the last changes one by one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::counts::{MOST_NAMES, short};
use super::latest::{Latest, Told};
use super::recent::{Spot, source};
use crate::base::message::Message;
use crate::words::shop::{Operation, StockChange};

/// A product's changes in short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Pieces that are there after the last change.
    pub stock: i64,
    /// Pieces sold.
    pub sold: i64,
    /// Pieces brought.
    pub restocked: i64,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// Of what.
    pub product_id: String,
    /// Pieces before.
    pub old_stock: i64,
    /// Pieces after.
    pub new_stock: i64,
    /// Sold or brought.
    pub operation: Operation,
    /// Where the order or the restock stands in its own topic.
    pub source: Option<Spot>,
    /// Where the change is told.
    pub told: Spot,
    /// When it was written, milliseconds since 1970.
    pub at_ms: Option<i64>,
}

impl Told for Move {
    fn place(&self) -> (Option<i64>, u8, Spot) {
        (self.at_ms, 0, self.told)
    }
}

/// What topic `inventory` tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moves {
    products: BTreeMap<String, Moved>,
    recent: Latest<Move>,
    /// Messages that tell no change.
    pub unreadable: u64,
}

impl Moves {
    pub(super) fn add(&mut self, message: &Message<'_>) {
        let Ok(change) = serde_json::from_slice::<StockChange<'_>>(message.payload.unwrap_or_default()) else {
            self.unreadable += 1;
            return;
        };
        let product_id = short(change.product_id);
        if self.products.len() < MOST_NAMES || self.products.contains_key(&product_id) {
            let moved = self.products.entry(product_id.clone()).or_default();
            moved.stock = change.new_stock;
            let pieces = match change.operation {
                Operation::Sale => &mut moved.sold,
                Operation::Restock => &mut moved.restocked,
            };
            *pieces = pieces.saturating_add(change.quantity);
        }
        self.recent.push(Move {
            product_id,
            old_stock: change.old_stock,
            new_stock: change.new_stock,
            operation: change.operation,
            source: source(message),
            told: Spot::of(message),
            at_ms: super::written_ms(message),
        });
    }

    /// By product id, those that changed at all.
    pub fn products(&self) -> &BTreeMap<String, Moved> {
        &self.products
    }

    /// The last changes, oldest first.
    pub fn recent(&self) -> impl DoubleEndedIterator<Item = &Move> + ExactSizeIterator {
        self.recent.iter()
    }
}
