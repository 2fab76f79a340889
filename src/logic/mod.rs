//! What is decided, apart from what is done. Pure: no clock, no I/O; time comes in as a number.

pub mod lag;
pub mod ledger;
pub mod letters;
pub mod monitor;
pub mod shop;
pub mod shopfold;
pub mod supply;
pub mod travel;
