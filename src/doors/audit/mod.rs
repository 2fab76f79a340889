//! The audit trail, `tracker.events`: found, recovered, appended to, synced.
//!
//! The file's own tail is the truth of the position in the topic. One cannot append before one has
//! recovered: [`open`] is the only way to a [`Trail`], and it ends at the last whole line.

mod append;
mod keys;
pub mod read;
mod recover;
pub mod verify;

#[cfg(test)]
mod tests;

pub use append::{AppendError, Appender, Durability, Latencies, Progress, Submitted, trail_path};
pub use keys::{KeysError, Rotation, rotate_key, settle_keys};
pub use recover::{Positions, RecoverError, Recovery, Trail, open};
