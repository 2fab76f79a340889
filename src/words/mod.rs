//! What an order is, and what a line of each file is. Pure: no clock, no I/O.

pub mod order;
pub mod record;
pub mod seal;
pub mod shop;
pub mod supply;
pub mod travel;
