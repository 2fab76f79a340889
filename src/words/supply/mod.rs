//! What two services exchange: orders of material, what becomes of them, and receipts. Each is read with reasons and
//! has an identity that is the same by whatever road it comes.

mod fields;
mod order;
mod receipt;
#[cfg(test)]
mod tests;
mod update;

pub use fields::{Fault, Refusal, time_ms, time_text};
pub use order::{Material, Priority, SupplyOrder, valid_number};
pub use receipt::Receipt;
pub use update::{Status, Update};

/// The schema of an order, for programs.
pub const ORDER_SCHEMA: &str = include_str!("order.schema.json");

/// The schema of an update, for programs.
pub const UPDATE_SCHEMA: &str = include_str!("update.schema.json");
