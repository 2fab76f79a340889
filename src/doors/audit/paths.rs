//! The names of the trail's files.

use std::path::{Path, PathBuf};

use crate::tools::durable::beside;

/// The newest segment in a folder.
pub fn trail_path(folder: &Path) -> PathBuf {
    folder.join("tracker.events")
}

/// A file beside the newest segment; `what` is the last part of its name.
pub(super) fn side_path(folder: &Path, what: &str) -> PathBuf {
    beside(&trail_path(folder), &format!(".{what}"))
}

/// A closed segment, by the number of its first line.
pub fn segment_path(folder: &Path, first_line: u64) -> PathBuf {
    side_path(folder, &first_line.to_string())
}

/// Held by the tracker that writes.
pub fn lock_path(folder: &Path) -> PathBuf {
    side_path(folder, "lock")
}

/// How far the lines are sealed.
pub fn seal_path(folder: &Path) -> PathBuf {
    side_path(folder, "seal")
}

/// What was signed.
pub fn checkpoints_path(folder: &Path) -> PathBuf {
    side_path(folder, "checkpoints")
}

/// One line for each closed segment.
pub fn segments_path(folder: &Path) -> PathBuf {
    side_path(folder, "segments")
}

/// Where to look for an offset or a time.
pub fn index_path(folder: &Path) -> PathBuf {
    side_path(folder, "index")
}

/// The private key.
pub fn key_path(folder: &Path) -> PathBuf {
    side_path(folder, "key")
}

/// The public key.
pub fn public_key_path(folder: &Path) -> PathBuf {
    side_path(folder, "pub")
}
