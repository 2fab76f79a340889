//! The decider of the shop: what becomes of each order, against one stock.
//!
//! [`Shop`] is told messages and says what is to be sent ([`Effects`]). Everything that it knows can be made again
//! from what it sends to `stock` and `order-numbers`, so a transaction that holds effects, state and positions
//! together is all that exactly-once needs. No clock and no I/O; the same messages in the same order give the same
//! effects.

mod effects;
mod numbers;
mod state;

pub use effects::{Effect, Effects, Output};
pub use numbers::Block;
pub use state::{BlockRecord, PositionRecord, StateError};

use std::collections::{BTreeMap, HashMap};

use crate::base::message::Message;
use crate::words::shop::{
    Catalogue, Invalid, Operation, Order, Reading, Restock, RestockError, Status, StockChange, StockLevel,
    write_invalid, write_outcome,
};
use effects::Provenance;
use numbers::{Numbers, digest};

/// What an outcome has beyond the message that it is of: a reason, headers, a longer status.
const OUTCOME_EXTRA_BYTES: usize = 2048;

/// So much of a foreign id is repeated in a reason.
const SHOWN_ID_CHARACTERS: usize = 80;

/// A stock beyond this is not added to.
const MOST_STOCK: i64 = i64::MAX / 4;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Sold.
    Confirmed,
    /// Not enough was there.
    OutOfStock,
    /// No order, or none that can be decided.
    Invalid,
    /// An order that was decided before, byte for byte: nothing is said again.
    Copy,
    /// A restock was applied.
    Restocked,
}

/// One product.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Level {
    product_id: String,
    stock: i64,
    opening: i64,
    sold: i64,
    restocked: i64,
    /// Since the last [`Shop::close`].
    is_changed: bool,
}

/// All that the decider knows.
#[derive(Debug)]
pub struct Shop {
    levels: Vec<Level>,
    index: HashMap<String, usize>,
    numbers: Numbers,
    /// Whose level is written next though nothing changed it.
    turn: usize,
    largest_output_bytes: usize,
}

/// What a shop is opened with.
#[derive(Debug)]
pub struct Opening<'c> {
    /// Products that were never seen get their opening stock from it.
    pub catalogue: &'c Catalogue,
    /// Each product's level, as it was last written.
    pub levels: Vec<StockLevel<'static>>,
    /// The order numbers that are remembered, oldest first.
    pub blocks: Vec<Block>,
    /// The number of the next block.
    pub next_block: u64,
    /// How many order numbers are remembered.
    pub remember: usize,
    /// No output may be larger.
    pub largest_output_bytes: usize,
}

impl Shop {
    /// The shop as it was, with the products that are new.
    pub fn open(opening: Opening<'_>) -> Self {
        let Opening { catalogue, levels, blocks, next_block, remember, largest_output_bytes } = opening;
        let mut known: BTreeMap<String, Level> = BTreeMap::new();
        for StockLevel { product_id, stock, opening, sold, restocked } in levels {
            let product_id = product_id.into_owned();
            let level = Level { product_id: product_id.clone(), stock, opening, sold, restocked, is_changed: false };
            known.insert(product_id, level);
        }
        for (product_id, product) in &catalogue.products {
            known.entry(product_id.clone()).or_insert_with(|| Level {
                product_id: product_id.clone(),
                stock: product.stock,
                opening: product.stock,
                sold: 0,
                restocked: 0,
                is_changed: true,
            });
        }
        let levels: Vec<Level> = known.into_values().collect();
        let index = levels.iter().enumerate().map(|(index, level)| (level.product_id.clone(), index)).collect();
        let numbers = Numbers::restore(blocks, next_block, remember);
        Self { levels, index, numbers, turn: 0, largest_output_bytes }
    }

    /// Decides a message of an orders topic.
    pub fn order(&mut self, topic: &str, message: &Message<'_>, effects: &mut Effects) -> Verdict {
        let told = effects.provenance(topic, message);
        let order = match Order::read(message.payload) {
            Reading::Order(order) => order,
            Reading::Unfit(members, unfit) => {
                return self.refuse(&Invalid::unfit(&members, &unfit), topic, message, effects, told);
            }
            Reading::Unreadable(unreadable) => {
                return self.refuse(&Invalid::Unreadable(&unreadable), topic, message, effects, told);
            }
        };
        let refuse = |reason: &str, effects: &mut Effects| {
            self.refuse(&Invalid::refused(&order, reason), topic, message, effects, told.clone())
        };
        let payload = message.payload.unwrap_or_default();
        let number = digest(&[b"order", order.order_id.as_bytes()]);
        let content = digest(&[payload]);
        match self.numbers.content_of(number) {
            Some(before) if before == content => return Verdict::Copy,
            Some(_) => return refuse("order number used before, with other content", effects),
            None => {}
        }
        let Some(&index) = self.index.get(order.product_id.as_ref()) else {
            return refuse(&unknown_product(&order.product_id), effects);
        };
        if payload.len() + 2 * order.order_id.len() + OUTCOME_EXTRA_BYTES > self.largest_output_bytes {
            return refuse("it is too large for the topics of outcomes", effects);
        }
        let Some(level) = self.levels.get_mut(index) else { return Verdict::Copy };
        self.numbers.add(number, content);
        let key = order.order_id.as_bytes();
        if level.stock < order.quantity {
            let reason = format!("not enough stock: {} available, {} asked for", level.stock, order.quantity);
            let value = effects.value(|json| write_outcome(json, &order, Status::OutOfStock, Some(&reason)));
            effects.push(Output::Errors, Some(key), value, told);
            return Verdict::OutOfStock;
        }
        let value = effects.value(|json| write_outcome(json, &order, Status::Confirmed, None));
        let key = effects.push(Output::Notifications, Some(key), value.clone(), told.clone());
        effects.push_again(Output::Analytics, key, value, told.clone());
        let old_stock = level.stock;
        level.stock -= order.quantity;
        level.sold += order.quantity;
        level.is_changed = true;
        level.tell(effects, old_stock, (Operation::Sale, order.quantity), &order.timestamp, told);
        Verdict::Confirmed
    }

    /// Applies a message of the restocks topic.
    pub fn restock(&mut self, topic: &str, message: &Message<'_>, effects: &mut Effects) -> Verdict {
        let told = effects.provenance(topic, message);
        let restock = match Restock::read(message.payload) {
            Ok(restock) => restock,
            Err(error) => return self.refuse_restock(&error, topic, message, effects, told),
        };
        let wrong = |reason: String| RestockError::Shape { reason };
        let number = digest(&[b"restock", restock.restock_id.as_bytes()]);
        let content = digest(&[message.payload.unwrap_or_default()]);
        match self.numbers.content_of(number) {
            Some(before) if before == content => return Verdict::Copy,
            Some(_) => {
                let error = wrong("restock_id used before, with other content".to_owned());
                return self.refuse_restock(&error, topic, message, effects, told);
            }
            None => {}
        }
        let level = self.index.get(&restock.product_id).and_then(|index| self.levels.get_mut(*index));
        let level = match level {
            Some(level) if level.stock <= MOST_STOCK => level,
            Some(_) => {
                let error = wrong("there is more than enough of it".to_owned());
                return self.refuse_restock(&error, topic, message, effects, told);
            }
            None => {
                let error = wrong(unknown_product(&restock.product_id));
                return self.refuse_restock(&error, topic, message, effects, told);
            }
        };
        self.numbers.add(number, content);
        let old_stock = level.stock;
        level.stock += restock.quantity;
        level.restocked += restock.quantity;
        level.is_changed = true;
        level.tell(effects, old_stock, (Operation::Restock, restock.quantity), &restock.timestamp, told);
        Verdict::Restocked
    }

    fn refuse(
        &self,
        invalid: &Invalid<'_, '_>,
        topic: &str,
        message: &Message<'_>,
        effects: &mut Effects,
        told: Provenance,
    ) -> Verdict {
        let limit_bytes = self.largest_output_bytes.saturating_sub(OUTCOME_EXTRA_BYTES);
        let id = invalid.order_id();
        let key = id.as_deref().map(str::as_bytes).or(message.key).filter(|key| key.len() <= limit_bytes / 4);
        let value = effects.value(|json| write_invalid(json, invalid, message, topic, limit_bytes * 3 / 4));
        effects.push(Output::Errors, key, value, told);
        Verdict::Invalid
    }

    fn refuse_restock(
        &self,
        error: &RestockError,
        topic: &str,
        message: &Message<'_>,
        effects: &mut Effects,
        told: Provenance,
    ) -> Verdict {
        self.refuse(&Invalid::Restock(error), topic, message, effects, told)
    }

    /// What the messages since the last time changed, for the changelogs; `position` gets what goes with it. Always
    /// at least one product's level, another one each time: so the last ones of all stand near the end of the
    /// changelog however long it is, and reading them back takes no longer as it grows.
    pub fn close(&mut self, position: &mut PositionRecord, effects: &mut Effects) {
        self.turn = (self.turn + 1) % self.levels.len().max(1);
        for (index, level) in self.levels.iter_mut().enumerate() {
            if std::mem::take(&mut level.is_changed) || index == self.turn {
                let value = effects.value(|json| level.write(json));
                effects.push(Output::Stock, Some(level.product_id.as_bytes()), value, Provenance::default());
            }
        }
        self.numbers.close(effects);
        position.products = self.levels.len();
        (position.first_block, position.next_block) = self.numbers.block_range();
        let value = effects.value(|json| position.write(json));
        effects.push(Output::OrderNumbers, Some(PositionRecord::KEY), value, Provenance::default());
    }

    /// A sign of life: one product's level, as [`Shop::close`] writes it.
    pub fn beat(&mut self, effects: &mut Effects) {
        self.turn = (self.turn + 1) % self.levels.len().max(1);
        if let Some(level) = self.levels.get(self.turn) {
            let value = effects.value(|json| level.write(json));
            effects.push(Output::Stock, Some(level.product_id.as_bytes()), value, Provenance::default());
        }
    }

    /// Product and pieces of each.
    pub fn stock(&self) -> impl Iterator<Item = (&str, i64)> {
        self.levels.iter().map(|level| (level.product_id.as_str(), level.stock))
    }

    /// How many order numbers are remembered.
    pub fn remembered(&self) -> usize {
        self.numbers.len()
    }
}

impl Level {
    fn write(&self, json: &mut Vec<u8>) {
        let &Self { ref product_id, stock, opening, sold, restocked, .. } = self;
        StockLevel { product_id: product_id.into(), stock, opening, sold, restocked }.write(json);
    }

    /// Tells of a change of this product's stock.
    fn tell(
        &self,
        effects: &mut Effects,
        old_stock: i64,
        (operation, quantity): (Operation, i64),
        timestamp: &str,
        told: Provenance,
    ) {
        let (product_id, new_stock) = (self.product_id.as_str(), self.stock);
        let change = StockChange { product_id, old_stock, new_stock, operation, quantity, timestamp };
        let value = effects.value(|json| change.write(json));
        effects.push(Output::Inventory, Some(product_id.as_bytes()), value, told);
    }
}

fn unknown_product(product_id: &str) -> String {
    let shown: String = product_id.chars().take(SHOWN_ID_CHARACTERS).collect();
    format!("unknown product {shown:?}")
}

#[cfg(test)]
mod tests;
