//! The values that everything else is made of. Pure: no clock, no I/O.

pub mod characters;
pub mod language;
pub mod message;
pub mod money;
pub mod position;
pub mod tree;
