//! What people run: each room puts doors together.

pub mod auditor;
pub mod monitor;
pub mod producer;
pub mod supply;
pub mod techshop;
pub mod tracker;
pub mod travel;
