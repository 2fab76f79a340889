//! What people run: each room puts doors together.

pub mod producer;
pub mod tracker;
