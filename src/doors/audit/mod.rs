//! The audit trail, `tracker.events`: found, recovered, appended to, synced, sealed, rotated.
//!
//! The file's own tail is the truth of the position in the topic. One cannot append before one has
//! recovered: [`open`] is the only way to a [`Trail`], and it ends at the last whole line.

mod append;
mod file_ends;
mod history;
mod key_exposure;
mod keys;
mod paths;
pub mod read;
mod reader;
mod recover;
mod seal_work;
mod sealer;
mod shared;
mod stored;
mod stored_keys;
pub mod verify;
mod work;

#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

pub use append::{AppendOptions, Appender, Finished, Submitted};
pub use history::{Held, History};
pub use key_exposure::{KeyExposure, key_exposure};
pub use keys::{KeysError, Rotation, rotate_key, settle_keys};
pub use paths::{
    checkpoints_path, index_path, key_path, lock_path, public_key_path, seal_path, segment_path, segments_path,
    trail_path,
};
pub use recover::{RecoverError, Recovery, Trail, Unsealed, open};
pub use sealer::Mark;
pub use shared::{AppendError, Latencies, Progress};
