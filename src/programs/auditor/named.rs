//! Files that a person names: read as a whole, so never without a bound, and never from what has no end.

use std::io;
use std::path::{Path, PathBuf};

use super::error::AuditError;
use crate::tools::regular::{read_bounded, read_regular};

/// A public key; with each later one it takes some hundred bytes more.
pub(super) const MOST_KEY_BYTES: u64 = 1 << 20;

/// A proof: two hashes for each doubling of the trail, and a checkpoint.
pub(super) const MOST_PROOF_BYTES: u64 = 1 << 20;

/// Checkpoints: a week of one each second.
pub(super) const MOST_ANCHORS_BYTES: u64 = 256 << 20;

/// A line: that of a message of some 700 MB, spelled in the longest way.
pub(super) const MOST_LINE_BYTES: u64 = 4 << 30;

/// All of a file of up to `most_bytes`.
///
/// # Errors
/// [`AuditError::NamedInput`]: it cannot be read, is longer, or is a pipe, a device or a folder.
pub(super) fn read(path: &Path, most_bytes: u64) -> Result<Vec<u8>, AuditError> {
    read_regular(path, most_bytes).map_err(|source| AuditError::NamedInput {
        path: path.to_owned(),
        source,
        most_bytes,
    })
}

/// All of standard input, which is to have up to `most_bytes`.
///
/// # Errors
/// [`AuditError::NamedInput`]: it cannot be read, or is longer.
pub(super) fn read_input(most_bytes: u64) -> Result<Vec<u8>, AuditError> {
    let path = PathBuf::from("standard input");
    read_bounded(io::stdin().lock(), most_bytes).map_err(|source| AuditError::NamedInput { path, source, most_bytes })
}
