//! Travel requests, rebuilt from their events.
//!
//! Kafka refuses no append, so who reads has to judge: [`Board::fold`] is told each record of the topic, in each
//! partition's order, and gives it a verdict. It is total and pure, so reading live and reading again come to the same.
//! [`LIFE`] and what follows from it is the one table of what is allowed. A [`Board`] may be kept as a text with how far
//! was read for it ([`Origin`]), which only saves time.

mod board;
mod digest;
mod kept;
mod life;
mod request;
mod snapshot;
#[cfg(test)]
mod tests;
mod why;

pub use board::{Board, Listed, Told};
pub use kept::{Entry, Kept};
pub use life::{LIFE, Outcome, Place, allowed, fold_version, outcome, rows};
pub use request::{Counts, Happened, Last, Request, Spot};
pub use snapshot::{Origin, Reach, SnapshotError};
pub use why::{delay_mark, why};
