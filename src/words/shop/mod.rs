//! The shop's words: its orders and what became of them, the catalogue, stock and the messages about it.
//! Each message's shape is defined here and nowhere else.

mod catalogue;
mod new_order;
mod order;
mod outcome;
mod stock;

pub use catalogue::{Catalogue, CatalogueError, Customer, Product};
pub use new_order::NewOrder;
pub use order::{MOST_QUANTITY, Members, Order, Reading, Unfit, Unreadable};
pub use outcome::{Invalid, Source, Status, write_invalid, write_outcome};
pub use stock::{Operation, Restock, RestockError, StockChange, StockLevel};
